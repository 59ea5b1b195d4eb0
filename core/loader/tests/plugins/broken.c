/* A plugin that is broken in the way that its compilation names, and otherwise good. */
#include <string.h>

#include "audithook.h"

#ifndef MAGIC
#define MAGIC AH_PLUGIN_MAGIC
#endif
#ifndef SIZE
#define SIZE sizeof(ah_plugin)
#endif
#ifndef MAJOR
#define MAJOR AH_ABI_MAJOR
#endif
#ifndef MINOR
#define MINOR AH_ABI_MINOR
#endif
#ifndef MIN_MINOR
#define MIN_MINOR 0
#endif
#ifndef NAME
#define NAME "broken"
#endif
#ifndef HOOKS
#define HOOKS hooks
#endif
#ifndef N_HOOKS
#define N_HOOKS 2
#endif
#ifndef STRIDE
#define STRIDE sizeof(ah_hook)
#endif
#ifndef HOOK_SIZE
#define HOOK_SIZE sizeof(ah_hook)
#endif
#ifndef HOOK_NAME
#define HOOK_NAME "other"
#endif
#ifndef GATE
#define GATE gate
#endif
#ifndef CREATE
#define CREATE create
#endif
#ifndef DETACH
#define DETACH detach
#endif
#ifndef VERSION
#define VERSION STR("1")
#endif
#ifndef INSTANCE
#define INSTANCE (ah_instance *)&it
#endif
#ifndef ATTACHMENT
#define ATTACHMENT (ah_attachment *)&it
#endif
#ifndef ANSWER
#define ANSWER AH_OK
#endif
#ifndef INTERFACE
#define INTERFACE NULL
#endif

#define STR(text) {(const uint8_t *)(text), sizeof(text) - 1}

#ifdef UNDEFINED_SYMBOL
extern void a_function_that_nobody_has(void);
#endif

static int it;

static int32_t create(const ah_host *host, ah_str config, ah_reply *reply, ah_instance **out) {
    (void)host;
    (void)config;
    (void)reply;
#ifdef UNDEFINED_SYMBOL
    a_function_that_nobody_has();
#endif
    *out = INSTANCE;
    return ANSWER;
}

static void destroy(ah_instance *instance) { (void)instance; }

static int32_t attach(ah_instance *instance, const ah_attach *request, ah_reply *reply, ah_attachment **out) {
    (void)instance;
    (void)request;
    (void)reply;
    *out = ATTACHMENT;
    return AH_OK;
}

static void detach(ah_instance *instance, ah_attachment *attachment) {
    (void)instance;
    (void)attachment;
}

static int32_t gate(ah_attachment *attachment, const ah_event *event, ah_reply *reply) {
    (void)attachment;
    (void)event;
    (void)reply;
    return AH_ALLOW;
}

static int32_t render(ah_instance *instance, uint32_t format, const ah_sink *sink) {
    static const uint8_t megabyte[1 << 20];
    ah_str piece = {megabyte, sizeof megabyte};
    int pieces;
    (void)instance;
    if (format == AH_REPORT_JSON) {
        piece.len = 1;
        return sink->write(sink->ctx, piece);
    }
    for (pieces = 0; pieces < 1000; pieces++) {
        /* Deaf to the error: the host must bear it. */
        (void)sink->write(sink->ctx, piece);
    }
    return AH_OK;
}

static const ah_report report = {sizeof(ah_report), 0, render};
static const ah_report short_report = {8, 0, render};

static const void *get_interface(ah_str id) {
    (void)&report;
    (void)&short_report;
    if (id.len != sizeof AH_INTERFACE_REPORT - 1 || memcmp(id.ptr, AH_INTERFACE_REPORT, id.len) != 0) return NULL;
    return INTERFACE;
}

static const ah_hook hooks[] = {
    {HOOK_SIZE, AH_GATE, STR("check"), STR(""), {NULL, 0}, 0, AH_DENY, 0, GATE, NULL, NULL},
    {sizeof(ah_hook), AH_GATE, STR(HOOK_NAME), STR(""), {NULL, 0}, 0, AH_DENY, 0, gate, NULL, NULL},
};

static const ah_plugin plugin = {
    SIZE, MAGIC, MAJOR, MINOR, MIN_MINOR, 0, 0,
    STR("org.example.broken"), STR(NAME), VERSION, STR(""), STR("MIT"), {NULL, 0}, {NULL, 0},
    HOOKS, N_HOOKS, STRIDE, CREATE, destroy, attach, DETACH, get_interface,
};

#ifndef NO_ENTRY
AH_EXPORT const ah_plugin *audithook_plugin_entry(uint32_t host_abi_major) {
    (void)host_abi_major;
    (void)&hooks;
#ifdef OFFERS_NOTHING
    (void)&plugin;
    return NULL;
#else
    return &plugin;
#endif
}
#else
const void *another_function(void) { return &plugin; }
#endif
