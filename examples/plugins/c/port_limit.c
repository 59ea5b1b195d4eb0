/*
 * Refuses connections to ports above a limit: a plugin of audithook.
 *
 * A gate (`port-limit.check` in hooks.toml) and two commands (`audithook port-limit allows 443`, `audithook port-limit
 * ports`). Everything that it needs is in audithook.h:
 *
 *     cc -std=c99 -O2 -fPIC -shared -fvisibility=hidden -o libport_limit.so port_limit.c
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audithook.h"

#define STR(text) {(const uint8_t *)(text), sizeof(text) - 1}
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

struct ah_instance {
    const ah_host *host;
    ah_symbol port; /* what `port` is called between host and plugin */
    uint64_t highest;
};

/* The one attachment needs nothing that the instance does not have. */
struct ah_attachment {
    ah_instance *instance;
};

/* Says why to whoever asked. */
static void say(const ah_host *host, ah_reply *reply, const char *text) {
    ah_str reason = {(const uint8_t *)text, strlen(text)};
    if (AH_HAS(ah_host, host, set_reason)) host->set_reason(host->ctx, reply, reason);
}

/* Reads `{}` or `{"highest": N}`; anything else is refused. Texts have no NUL at their end: the copy gets one. */
static int read_config(ah_str config, uint64_t *highest) {
    char text[128], rest;
    unsigned long number;
    if (config.len >= sizeof text) return 0;
    if (config.len != 0) memcpy(text, config.ptr, config.len);
    text[config.len] = 0;
    if (config.len == 0 || strcmp(text, "{}") == 0) return 1;
    if (sscanf(text, " { \"highest\" : %5lu } %c", &number, &rest) != 1 || number > 65535) return 0;
    *highest = number;
    return strchr(text, '}') != NULL;
}

static int32_t create(const ah_host *host, ah_str config, ah_reply *reply, ah_instance **out) {
    static const ah_str port = STR("port");
    ah_instance *instance = calloc(1, sizeof *instance);
    if (instance == NULL) return AH_NOMEM;
    instance->host = host;
    instance->highest = 1024;
    instance->port = AH_HAS(ah_host, host, intern) ? host->intern(host->ctx, port) : AH_NO_SYMBOL;
    if (!read_config(config, &instance->highest)) {
        say(host, reply, "`config` takes `highest`, a port");
        free(instance);
        return AH_BAD_ARG;
    }
    *out = instance;
    return AH_OK;
}

static void destroy(ah_instance *instance) { free(instance); }

static int32_t attach(ah_instance *instance, const ah_attach *attach, ah_reply *reply, ah_attachment **out) {
    (void)attach;
    (void)reply;
    *out = malloc(sizeof **out);
    if (*out == NULL) return AH_NOMEM;
    (*out)->instance = instance;
    return AH_OK;
}

static void detach(ah_instance *instance, ah_attachment *attachment) {
    (void)instance;
    free(attachment);
}

/* ---- The gate: called from any thread, several at once, while the operation waits. It changes nothing. ---- */

static int32_t check(ah_attachment *attachment, const ah_event *event, ah_reply *reply) {
    const ah_instance *instance = attachment->instance;
    uint32_t index;
    for (index = 0; index < event->n_args; index++) {
        const ah_value *argument = AH_ARG(event, index);
        char reason[64];
        if (argument->name != instance->port) continue;
        /* What an argument is, its tag says; what a gate needs and cannot read is an error, not a verdict. */
        if (argument->tag != AH_TAG_U64 && argument->tag != AH_TAG_I64) return AH_BAD_ARG;
        if (argument->as.u <= instance->highest) return AH_ALLOW;
        snprintf(reason, sizeof reason, "port %llu is too high", (unsigned long long)argument->as.u);
        say(instance->host, reply, reason);
        return AH_DENY;
    }
    return AH_ALLOW; /* a unix socket, or none of ours */
}

/* ---- allows PORT: a value ---- */

static int32_t allows(ah_instance *instance, const ah_call *call, ah_reply *reply, ah_answer *answer) {
    (void)reply;
    answer->kind = AH_ANSWER_VALUE;
    answer->value.tag = AH_TAG_BOOL;
    answer->value.name = AH_NO_SYMBOL;
    answer->value.as.u = AH_ARG(call, 0)->as.u <= instance->highest;
    return AH_OK;
}

/* ---- ports: a stream of bytes, pulled line by line ---- */

typedef struct ports {
    uint64_t next, highest;
    char line[8];
} ports;

static int32_t next_port(void *ctx, ah_reply *reply, ah_str *piece) {
    ports *all = ctx;
    (void)reply;
    if (all->next > all->highest) return 0;
    piece->len = (uint64_t)snprintf(all->line, sizeof all->line, "%u\n", (unsigned)all->next++);
    piece->ptr = (const uint8_t *)all->line;
    return 1;
}

static int32_t list_ports(ah_instance *instance, const ah_call *call, ah_reply *reply, ah_answer *answer) {
    ports *all = calloc(1, sizeof *all);
    (void)call;
    (void)reply;
    if (all == NULL) return AH_NOMEM;
    all->next = 1;
    all->highest = instance->highest;
    answer->kind = AH_ANSWER_BYTES;
    answer->bytes.ctx = all;
    answer->bytes.next = next_port;
    answer->bytes.close = free;
    return AH_OK;
}

/* ---- What it is: constant tables, of which the host makes the command line, --help and checks ---- */

static const ah_hook hooks[] = {{
    sizeof(ah_hook), AH_GATE, STR("check"), STR("Judges the port of a connection."), {NULL, 0}, 0, AH_DENY, 0, check, NULL, NULL,
}};

static const ah_param allows_params[] = {{
    sizeof(ah_param), AH_PARAM_U64, AH_PARAM_POSITIONAL | AH_PARAM_REQUIRED, 0, STR("port"), STR("The port."), STR("PORT"),
    {NULL, 0}, NULL, 0, 0,
}};

static const ah_command commands[] = {
    {sizeof(ah_command), 0, STR("allows"), STR("Whether a port would be let through."), {NULL, 0}, allows_params,
     COUNT(allows_params), sizeof(ah_param), allows},
    {sizeof(ah_command), 0, STR("ports"), STR("Every port that is let through, one a line."), {NULL, 0}, NULL, 0,
     sizeof(ah_param), list_ports},
};
static const ah_commands offered = {sizeof(ah_commands), COUNT(commands), commands, sizeof(ah_command), 0};

static const void *get_interface(ah_str id) {
    static const ah_str command = STR(AH_INTERFACE_COMMAND);
    return id.len == command.len && memcmp(id.ptr, command.ptr, id.len) == 0 ? &offered : NULL;
}

static const ah_plugin plugin = {
    sizeof(ah_plugin), AH_PLUGIN_MAGIC, AH_ABI_MAJOR, AH_ABI_MINOR, 0, 0, 0,
    STR("org.example.port-limit"), STR("port-limit"), STR("0.1.0"), STR("Refuses connections to ports above a limit."),
    STR("MIT OR Apache-2.0"), {NULL, 0},
    STR("{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{\"highest\":{\"type\":\"integer\","
        "\"minimum\":0,\"maximum\":65535,\"default\":1024,\"description\":\"The highest port that may be connected to.\"}}}"),
    hooks, COUNT(hooks), sizeof(ah_hook), create, destroy, attach, detach, get_interface,
};

AH_EXPORT const ah_plugin *audithook_plugin_entry(uint32_t host_abi_major) {
    return host_abi_major == AH_ABI_MAJOR ? &plugin : NULL;
}
