/* A small plugin in C that uses everything that the host offers. Its gate denies what the configuration names. */
#include <stdlib.h>
#include <string.h>

#include "audithook.h"

#define STR(text) {(const uint8_t *)(text), sizeof(text) - 1}

struct ah_instance {
    const ah_host *host;
    ah_symbol path, counter, emitted;
    const ah_event *retained;
    uint8_t config[64];
    uint64_t config_len;
};

struct ah_attachment {
    ah_instance *instance;
    uint8_t with[64];
    uint64_t with_len;
};

static ah_str str(const char *text) {
    ah_str result = {(const uint8_t *)text, strlen(text)};
    return result;
}

static int32_t create(const ah_host *host, ah_str config, ah_reply *reply, ah_instance **out) {
    ah_instance *instance;
    if (config.len > sizeof instance->config) {
        host->set_reason(host->ctx, reply, str("the configuration is too long"));
        return AH_BAD_ARG;
    }
    instance = calloc(1, sizeof *instance);
    if (instance == NULL) return AH_NOMEM;
    instance->host = host;
    instance->path = host->intern(host->ctx, str("path"));
    instance->counter = host->intern(host->ctx, str("good.judged"));
    instance->emitted = host->intern(host->ctx, str("good.emitted"));
    memcpy(instance->config, config.ptr, config.len);
    instance->config_len = config.len;
    host->log(host->ctx, AH_LOG_INFO, str("created\n\x1b[31m"));
    *out = instance;
    return AH_OK;
}

static void destroy(ah_instance *instance) {
    const ah_host *host = instance->host;
    if (instance->retained != NULL) host->event_release(host->ctx, instance->retained);
    host->log(host->ctx, AH_LOG_INFO, str("destroyed"));
    free(instance);
}

static int32_t attach(ah_instance *instance, const ah_attach *request, ah_reply *reply, ah_attachment **out) {
    ah_attachment *attachment;
    if (request->with.len > sizeof attachment->with) {
        instance->host->set_reason(instance->host->ctx, reply, str("`with` is too long"));
        return AH_BAD_ARG;
    }
    attachment = calloc(1, sizeof *attachment);
    if (attachment == NULL) return AH_NOMEM;
    attachment->instance = instance;
    memcpy(attachment->with, request->with.ptr, request->with.len);
    attachment->with_len = request->with.len;
    *out = attachment;
    return AH_OK;
}

static void detach(ah_instance *instance, ah_attachment *attachment) {
    instance->host->log(instance->host->ctx, AH_LOG_DEBUG, str("detached"));
    free(attachment);
}

static const ah_value *argument(const ah_event *event, ah_symbol name) {
    uint32_t index;
    for (index = 0; index < event->n_args; index++) {
        if (AH_ARG(event, index)->name == name) return AH_ARG(event, index);
    }
    return NULL;
}

static int32_t gate(ah_attachment *attachment, const ah_event *event, ah_reply *reply) {
    const ah_host *host = attachment->instance->host;
    const ah_value *path = argument(event, attachment->instance->path);
    host->counter_add(host->ctx, attachment->instance->counter, 1);
    if (path == NULL || path->tag != AH_TAG_PATH) {
        host->set_reason(host->ctx, reply, str("no path"));
        return AH_BAD_ARG;
    }
    if (path->len >= 4 && memcmp(path->as.ptr + path->len - 4, ".pem", 4) == 0) {
        host->set_reason(host->ctx, reply, str("keys stay where they are"));
        return AH_DENY;
    }
    reply->cookie = path->len;
    return AH_ALLOW;
}

static int32_t after(ah_attachment *attachment, const ah_event *event, const ah_outcome *outcome, uint64_t cookie) {
    (void)attachment;
    (void)event;
    return outcome->error == (int32_t)cookie ? AH_OK : AH_ERROR;
}

/* Keeps the first event; emits one with its path at the second. */
static int32_t observe(ah_attachment *attachment, const ah_event *event) {
    ah_instance *instance = attachment->instance;
    const ah_host *host = instance->host;
    const ah_value *path;
    if (instance->retained == NULL) {
        instance->retained = host->event_retain(host->ctx, event);
        return instance->retained != NULL ? AH_OK : AH_NOMEM;
    }
    path = argument(instance->retained, instance->path);
    if (path == NULL) return AH_ERROR;
    return host->emit(host->ctx, instance->emitted, path, 1) == AH_WARN ? AH_OK : AH_ERROR;
}

static int32_t render(ah_instance *instance, uint32_t format, const ah_sink *sink) {
    ah_str config;
    int32_t status;
    if (format != AH_REPORT_TEXT) return AH_UNSUPPORTED;
    config.ptr = instance->config;
    config.len = instance->config_len;
    status = sink->write(sink->ctx, str("good: \x1b[1m"));
    if (status != AH_OK) return status;
    status = sink->write(sink->ctx, config);
    if (status != AH_OK) return status;
    return sink->write(sink->ctx, str("\n"));
}

static const void *get_interface(ah_str id) {
    static const ah_report report = {sizeof(ah_report), 0, render};
    if (id.len == sizeof AH_INTERFACE_REPORT - 1 && memcmp(id.ptr, AH_INTERFACE_REPORT, id.len) == 0) return &report;
    return NULL;
}

static const ah_hook hooks[] = {
    {sizeof(ah_hook), AH_GATE | AH_AFTER, STR("no-keys"), STR("Keeps keys."), {NULL, 0}, AH_HOOK_PURE, AH_DENY, 0, gate, after, NULL},
    {sizeof(ah_hook), 1u << 30, STR("of a later version"), STR(""), {NULL, 0}, 0, 0, 0, NULL, NULL, NULL},
    {sizeof(ah_hook), AH_OBSERVER, STR("keep"), STR("Keeps an event."), {NULL, 0}, 0, AH_ALLOW, 0, NULL, NULL, observe},
};

static const ah_plugin plugin = {
    sizeof(ah_plugin), AH_PLUGIN_MAGIC, AH_ABI_MAJOR, AH_ABI_MINOR, 0, 0, AH_PLUGIN_IN_TARGET,
    STR("org.example.good"), STR("good"), STR("1.2.3"), STR("A plugin in C."), STR("MIT"), {NULL, 0}, {NULL, 0},
    hooks, sizeof hooks / sizeof hooks[0], sizeof(ah_hook), create, destroy, attach, detach, get_interface,
};

AH_EXPORT const ah_plugin *audithook_plugin_entry(uint32_t host_abi_major) {
    return host_abi_major == AH_ABI_MAJOR ? &plugin : NULL;
}
