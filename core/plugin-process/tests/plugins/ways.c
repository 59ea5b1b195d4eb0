/* A plugin whose hook does what the event's first argument says, well or badly: "crash", "read /etc/passwd". A gate denies
 * if that was possible. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audithook.h"

#define STR(text) {(const uint8_t *)(text), sizeof(text) - 1}

struct ah_instance {
    const ah_host *host;
    uint64_t count;
    ah_symbol counter;
};

struct ah_attachment {
    ah_instance *instance;
};

static ah_str str(const char *text) {
    ah_str result = {(const uint8_t *)text, strlen(text)};
    return result;
}

static void hang(void) {
    volatile int forever = 1;
    while (forever) {
    }
}

static int32_t create(const ah_host *host, ah_str config, ah_reply *reply, ah_instance **out) {
    ah_instance *instance;
    if (memmem(config.ptr, config.len, "refuse", 6) != NULL) {
        host->set_reason(host->ctx, reply, str("not this one"));
        return AH_BAD_ARG;
    }
    if (memmem(config.ptr, config.len, "abort", 5) != NULL) abort();
    instance = calloc(1, sizeof *instance);
    if (instance == NULL) return AH_NOMEM;
    instance->host = host;
    instance->counter = host->intern(host->ctx, str("ways.gone"));
    *out = instance;
    return AH_OK;
}

static void destroy(ah_instance *instance) {
    free(instance);
}

static int32_t attach(ah_instance *instance, const ah_attach *request, ah_reply *reply, ah_attachment **out) {
    ah_attachment *attachment = calloc(1, sizeof *attachment);
    (void)request;
    (void)reply;
    if (attachment == NULL) return AH_NOMEM;
    attachment->instance = instance;
    *out = attachment;
    return AH_OK;
}

static void detach(ah_instance *instance, ah_attachment *attachment) {
    (void)instance;
    free(attachment);
}

/* Whether it was possible; a negative number of the ABI is an error. */
static int32_t go(ah_instance *instance, char *way) {
    const ah_host *host = instance->host;
    char *rest = strchr(way, ' ');
    int fd;
    pid_t pid;
    if (rest != NULL) *rest++ = 0;
    __atomic_fetch_add(&instance->count, 1, __ATOMIC_RELAXED);
    host->counter_add(host->ctx, instance->counter, 1);
    if (strcmp(way, "crash") == 0) *(volatile int *)8 = 1;
    if (strcmp(way, "abort") == 0) {
        fprintf(stderr, "first line\nI cannot go on\n");
        abort();
    }
    if (strcmp(way, "exit") == 0) exit(7);
    if (strcmp(way, "hang") == 0) hang();
    if (strcmp(way, "stop") == 0) raise(SIGSTOP);
    if (strcmp(way, "panic") == 0) return AH_PANIC;
    if (strcmp(way, "hog") == 0) {
        for (;;) {
            char *block = malloc(1 << 20);
            if (block == NULL) return AH_NOMEM;
            memset(block, 1, 1 << 20);
        }
    }
    if (strcmp(way, "close") == 0) {
        for (fd = 3; fd < 64; fd++) close(fd);
        hang();
    }
    if (strcmp(way, "nonsense") == 0) {
        char bytes[64];
        memset(bytes, 0xff, sizeof bytes);
        for (fd = 3; fd < 64; fd++)
            if (send(fd, bytes, sizeof bytes, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) continue;
        hang();
    }
    if (strcmp(way, "chatter") == 0)
        for (;;) host->log(host->ctx, AH_LOG_DEBUG, str("and"));
    if (strcmp(way, "log") == 0) host->log(host->ctx, AH_LOG_INFO, str("a line\nand no other"));
    if (strcmp(way, "emit") == 0) return host->emit(host->ctx, host->intern(host->ctx, str(rest)), NULL, 0) >= 0;
    if (strcmp(way, "read") == 0 || strcmp(way, "write") == 0) {
        fd = open(rest, *way == 'r' ? O_RDONLY : O_WRONLY | O_CREAT, 0600);
        if (fd < 0) return 0;
        close(fd);
        return 1;
    }
    if (strcmp(way, "socket") == 0) {
        fd = socket(AF_INET, SOCK_STREAM, 0);
        if (fd < 0) return 0;
        close(fd);
        return 1;
    }
    if (strcmp(way, "fork") == 0) {
        pid = fork();
        if (pid == 0) _exit(0);
        if (pid < 0) return 0;
        waitpid(pid, NULL, 0);
        return 1;
    }
    if (strcmp(way, "exec") == 0) {
        execl("/bin/true", "true", (char *)NULL);
        return errno != EPERM && errno != EACCES;
    }
    if (strcmp(way, "ptrace") == 0) return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0;
    if (strcmp(way, "signal") == 0) return kill(atoi(rest), 0) == 0;
    return 0;
}

static int32_t gate(ah_attachment *attachment, const ah_event *event, ah_reply *reply) {
    char way[256];
    int32_t possible;
    const ah_value *argument = AH_ARG(event, 0);
    if (event->n_args < 1 || argument->tag != AH_TAG_STR || argument->len >= sizeof way) return AH_BAD_ARG;
    memcpy(way, argument->as.ptr, argument->len);
    way[argument->len] = 0;
    possible = go(attachment->instance, way);
    if (possible < 0) return possible;
    reply->cookie = 4711;
    if (!possible) return AH_ALLOW;
    attachment->instance->host->set_reason(attachment->instance->host->ctx, reply, str("it was possible"));
    return AH_DENY;
}

static int32_t after(ah_attachment *attachment, const ah_event *event, const ah_outcome *outcome, uint64_t cookie) {
    (void)attachment;
    (void)event;
    return outcome->error == 2 && cookie == 4711 ? AH_OK : AH_ERROR;
}

static int32_t observe(ah_attachment *attachment, const ah_event *event) {
    ah_reply reply = {sizeof(ah_reply), 0, 0, NULL};
    int32_t verdict = gate(attachment, event, &reply);
    return verdict < 0 ? verdict : AH_OK;
}

static int32_t render(ah_instance *instance, uint32_t format, const ah_sink *sink) {
    char text[64];
    if (format != AH_REPORT_TEXT) return AH_UNSUPPORTED;
    snprintf(text, sizeof text, "%llu ways\n", (unsigned long long)instance->count);
    return sink->write(sink->ctx, str(text));
}

static const void *get_interface(ah_str id) {
    static const ah_report report = {sizeof(ah_report), 0, render};
    if (id.len == sizeof AH_INTERFACE_REPORT - 1 && memcmp(id.ptr, AH_INTERFACE_REPORT, id.len) == 0) return &report;
    return NULL;
}

static const ah_hook hooks[] = {
    {sizeof(ah_hook), AH_GATE | AH_AFTER, STR("act"), STR("Acts."), {NULL, 0}, 0, AH_DENY, 0, gate, after, NULL},
    {sizeof(ah_hook), AH_GATE, STR("judge"), STR("Acts, and does not look back."), {NULL, 0}, 0, AH_DENY, 0, gate, NULL, NULL},
    {sizeof(ah_hook), AH_OBSERVER, STR("see"), STR("Acts, too."), {NULL, 0}, 0, AH_ALLOW, 0, NULL, NULL, observe},
};

static const ah_plugin plugin = {
    sizeof(ah_plugin), AH_PLUGIN_MAGIC, AH_ABI_MAJOR, AH_ABI_MINOR, 0, 0, 0,
    STR("org.example.ways"), STR("ways"), STR("1.0.0"), STR("Ways to go."), STR("MIT"), {NULL, 0}, {NULL, 0},
    hooks, sizeof hooks / sizeof hooks[0], sizeof(ah_hook), create, destroy, attach, detach, get_interface,
};

AH_EXPORT const ah_plugin *audithook_plugin_entry(uint32_t host_abi_major) {
    return host_abi_major == AH_ABI_MAJOR ? &plugin : NULL;
}
