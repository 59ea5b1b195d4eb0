/*
 * audithook.h: the contract between audithook and its plugins, version 1.0.
 *
 * A plugin is a shared library that exports one function, `audithook_plugin_entry`. It offers hooks: gates that
 * may veto an operation, afters that see how it ended, observers that hold nothing up. All that a plugin needs
 * from the host comes in a table of functions at `create`; it links no symbol of the host. This file needs C99 or
 * C++11 and the standard headers only.
 *
 * HOW THE CONTRACT GROWS
 *
 *  1. A different major version is refused. A plugin whose `abi_min_minor` is above the host's minor is refused.
 *  2. `struct_size` is the first field of every struct that may grow: the size where its writer was compiled. Fields are
 *     only appended; never inserted, reordered or given another meaning. A reader looks at no field that lies
 *     beyond `struct_size` (see AH_HAS) and ignores fields that it does not know; a writer sets reserved fields to 0.
 *  3. A struct that may grow is never embedded by value, and an array of such structs carries a stride.
 *     ah_str and ah_value never grow within a major version.
 *  4. Enumerations are fixed-width integers. A number that the reader does not know is legal; what it reads as
 *     is said where it stands.
 *  5. New abilities are interfaces, fetched by a string id ("audithook.report/1"). An id never changes its meaning;
 *     the next revision has the next number, and both may be offered. Third parties use reversed domain names
 *     ("com.example.thing/1"). Reserved: every id that starts with "audithook."; 1.0 defines "audithook.report/1",
 *     "audithook.command/1", "audithook.events/1", "audithook.fields/1" and "audithook.state/1".
 *  6. Schemas of events version apart (ah_event.schema). The version of the ABI is not the version of the product.
 *
 * RULES FOR EVERY FUNCTION
 *
 *  Memory    Nothing that one side allocates is freed by the other. Pointers that are handed over are borrowed: they
 *            are valid until the function returns unless the function says more.
 *  Nulls     A pointer may be NULL only where that is said. An ah_str of (NULL, 0) is legal everywhere: it is empty.
 *  Text      Pointer and length, never terminated by NUL. UTF-8 where it is called UTF-8; any bytes elsewhere.
 *  Threads   [any-thread]    from any thread, at the same time as itself and as every other function.
 *            [create-thread] by the host alone, never two such calls at a time for one instance. Not always the same thread.
 *            [may-block]     may take long. A function without this tag must answer at once: an operation waits for it.
 *  Errors    A function that returns int32_t returns 0 or a positive number for good, a negative error otherwise.
 *  Unwinding Neither panics, exceptions nor longjmp cross the boundary, in either direction.
 *  fork      With placement "target" the process may fork at any time: the child goes on with the same instances and
 *            without the plugin's threads. Gates are asked in a vfork child, too, about the program that it starts: it has
 *            its parent's memory, and the thread that made it waits. Nothing is called in a signal handler.
 *  Loading   A library is never unloaded and never loaded twice; `create` may be called any number of times.
 */
#ifndef AUDITHOOK_H
#define AUDITHOOK_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define AH_ABI_MAJOR 1
#define AH_ABI_MINOR 0

/* Export the entry and hide everything else (-fvisibility=hidden). */
#if defined(__GNUC__) || defined(__clang__)
#define AH_EXPORT __attribute__((visibility("default")))
#else
#define AH_EXPORT
#endif

/* Whether the struct behind `pointer` reaches to the end of `field`: for data fields. */
#define AH_REACHES(type, pointer, field) \
    ((pointer)->struct_size >= offsetof(type, field) + sizeof((pointer)->field))

/* Whether the host (or an interface) offers this function: ask before each call of a function that you can do without. */
#define AH_HAS(type, pointer, field) (AH_REACHES(type, pointer, field) && (pointer)->field)

/* ---- Answers -------------------------------------------------------------------------------------------------- */

/* A gate returns a verdict, from weak to strong, or an error. Every other function returns 0 or an error. */
#define AH_ALLOW 0
#define AH_WARN 1
#define AH_DENY 2
#define AH_KILL 3

#define AH_OK 0

/*
 * Errors are not verdicts: the policy's `on-error` says what becomes of the operation. Any other number is an error
 * too. -3, -8 and -9 (timed out, poisoned, quarantined) are states that the host keeps; a plugin must not return them.
 */
#define AH_ERROR (-1)       /* failed; say why with set_reason */
#define AH_PANIC (-2)       /* a panic or exception was caught: the host does not enter this instance again */
#define AH_BAD_ARG (-4)     /* an argument, a configuration or an index is missing or cannot be read */
#define AH_UNSUPPORTED (-5) /* not offered */
#define AH_AGAIN (-6)       /* not now */
#define AH_NOMEM (-7)       /* out of memory, or beyond a limit */

/* ---- Values and events ---------------------------------------------------------------------------------------- */

/* Bytes that somebody else owns. `ptr` may be NULL when `len` is 0. Never grows. */
typedef struct ah_str {
    const uint8_t *ptr;
    uint64_t len;
} ah_str;

/* The number of an interned name: of an event or of an argument. Names are interned once, at create or attach
 * (ah_host.intern); a number means the same for the whole life of the process. */
typedef uint32_t ah_symbol;
#define AH_NO_SYMBOL UINT32_MAX

/* What a value holds. An unknown tag reads as a value that cannot be decoded. */
#define AH_TAG_NULL 0  /* nothing */
#define AH_TAG_BOOL 1  /* as.u is 0 or 1 */
#define AH_TAG_I64 2   /* as.i */
#define AH_TAG_U64 3   /* as.u */
#define AH_TAG_F64 4   /* as.f */
#define AH_TAG_STR 5   /* as.ptr, len: text, not promised to be UTF-8 */
#define AH_TAG_BYTES 6 /* as.ptr, len */
#define AH_TAG_PATH 7  /* as.ptr, len: a path, any bytes but NUL */
#define AH_TAG_ADDR 8  /* as.ptr, len: a struct sockaddr as the kernel has it, at any alignment */
#define AH_TAG_FD 9    /* as.u: a file descriptor of the process that raised the event, as uint32_t */
#define AH_TAG_LIST 10 /* as.items, len: so many values */
#define AH_TAG_MAP 11  /* as.items, len: so many values, each key followed by its value; len is even */

#define AH_VALUE_TRUNCATED 1 /* cut to fit the record */
#define AH_VALUE_SECRET 2    /* secret: recorded as its length only */

/* One argument, or one element. 24 bytes for ever. What it points to lives as long as the event. */
typedef struct ah_value {
    uint16_t tag;   /* one of AH_TAG */
    uint16_t flags; /* bits of AH_VALUE */
    ah_symbol name; /* of an argument; AH_NO_SYMBOL for an element */
    union {
        uint64_t u;
        int64_t i;
        double f;
        const uint8_t *ptr;
        const struct ah_value *items;
    } as;
    uint64_t len;
} ah_value;

#define AH_EVENT_NESTED 1    /* raised while a hook was running */
#define AH_EVENT_TRUNCATED 2 /* some argument was cut to fit */
#define AH_EVENT_STARTUP 4   /* the interpreter was still starting: exempt from the policy */
#define AH_EVENT_REPLAY 8    /* replayed from a journal */
#define AH_EVENT_DRY_RUN 16  /* the policy's mode is `warn`: nothing is refused */

/* Who raised an event. An unknown source reads as testimony. */
#define AH_SOURCE_APP 0     /* the Rust API, a plugin or the command line */
#define AH_SOURCE_CPYTHON 1 /* the audit hook inside an interpreter: testimony */
#define AH_SOURCE_LIBC 2    /* an interposed function of libc: testimony */
#define AH_SOURCE_KERNEL 3  /* the kernel: held */

/* One event, borrowed until the hook returns; event_retain keeps a copy. */
typedef struct ah_event {
    uint32_t struct_size;
    ah_symbol id;        /* the name */
    uint64_t seq;        /* the number that the journal gives; 0 while there is none */
    uint64_t time_ns;    /* CLOCK_MONOTONIC */
    uint32_t pid;        /* the process and thread that raised it */
    uint32_t tid;
    uint32_t flags;      /* bits of AH_EVENT */
    uint16_t schema;     /* the version of the arguments' schema */
    uint8_t source;      /* one of AH_SOURCE */
    uint8_t verdict;     /* for afters and observers: what the gates said together; unknown reads as AH_DENY */
    uint32_t n_args;
    uint32_t arg_stride; /* bytes from one argument to the next: step by it */
    const ah_value *args; /* may be NULL when n_args is 0 */
    const void *call;    /* the host's own */
} ah_event;

/* The argument at `index`, which must be below n_args. */
#define AH_ARG(event, index) \
    ((const ah_value *)(const void *)((const uint8_t *)(event)->args + (size_t)(index) * (event)->arg_stride))

/* Where a gate, and a `create`, `attach` or other function that may fail, says more than its number. */
typedef struct ah_reply {
    uint32_t struct_size;
    uint32_t reserved;
    uint64_t cookie; /* a gate may leave 64 bits for the `after` of the same attachment; 0 at first */
    void *call;      /* the host's own */
} ah_reply;

/* How an operation ended. */
typedef struct ah_outcome {
    uint32_t struct_size;
    int32_t verdict; /* what the gates said together */
    int32_t error;   /* 0, or the operation's errno */
    uint32_t reserved;
} ah_outcome;

/* ---- What the host offers ------------------------------------------------------------------------------------- */

#define AH_LOG_ERROR 1
#define AH_LOG_WARN 2
#define AH_LOG_INFO 3
#define AH_LOG_DEBUG 4
#define AH_LOG_TRACE 5 /* an unknown level reads as this one */

/*
 * The host's table, given at `create`. Hand `ctx` back as the first argument of every function. Each function may be
 * NULL, and a host of an older minor version may end before it: ask AH_HAS(ah_host, host, log).
 *
 * The table stays readable until the process ends, so that a thread that outlives its instance does no harm; after
 * `destroy` returned, the functions that concern the instance do nothing and return AH_UNSUPPORTED, AH_NO_SYMBOL or NULL.
 */
typedef struct ah_host {
    uint32_t struct_size;
    uint16_t abi_major;
    uint16_t abi_minor;
    void *ctx;

    /* Writes a line of UTF-8 (else shown lossily) to the host's log under the plugin's name. [any-thread] */
    void (*log)(void *ctx, uint32_t level, ah_str text);

    /* The number of a name (UTF-8, 1 to 256 bytes); AH_NO_SYMBOL when it is not one or the table is full. [any-thread] */
    ah_symbol (*intern)(void *ctx, ah_str name);

    /* The text of a number, into *out: UTF-8, valid until the process ends. AH_BAD_ARG for an unknown number. [any-thread] */
    int32_t (*text)(void *ctx, ah_symbol symbol, ah_str *out);

    /*
     * Raises an event with `n_args` named arguments and returns the verdict, which the caller must obey. Raised inside
     * a hook it reaches observers only, never this plugin. `args` may be NULL when n_args is 0.
     * AH_BAD_ARG for an unknown id, AH_UNSUPPORTED where there is no bus. [any-thread] [may-block]
     */
    int32_t (*emit)(void *ctx, ah_symbol id, const ah_value *args, uint32_t n_args);

    /*
     * Says why: copies at most 1024 bytes of UTF-8 into the reply; the last call wins. `reply` is the very pointer that
     * the running function was given. [any-thread]
     */
    int32_t (*set_reason)(void *ctx, ah_reply *reply, ah_str text);

    /*
     * A copy of the event that outlives the hook, NULL when memory is short. It reads like any event. Retaining a retained
     * event counts it up and returns the same pointer. Release each as often as it was retained, from any thread, even after
     * `destroy` returned. [any-thread]
     */
    const ah_event *(*event_retain)(void *ctx, const ah_event *event);
    void (*event_release)(void *ctx, const ah_event *event);

    /* CLOCK_MONOTONIC in nanoseconds. [any-thread] */
    uint64_t (*now_ns)(void *ctx);

    /* Adds to a counter of this instance, made at its first use, at most 64 (what is beyond is not counted); the host shows
     * them with the plugin. [any-thread] */
    void (*counter_add)(void *ctx, ah_symbol counter, uint64_t delta);

    /* The host's interface of this id, NULL when there is none; valid until `destroy` returns. [any-thread] */
    const void *(*get_interface)(void *ctx, ah_str id);
} ah_host;

/* ---- What a plugin offers ------------------------------------------------------------------------------------- */

typedef struct ah_instance ah_instance;     /* the plugin's own: what `create` makes */
typedef struct ah_attachment ah_attachment; /* the plugin's own: what `attach` makes */

/* What a hook may be attached as: bits. GATE and AFTER together are an `around`. A host ignores bits that it does not
 * know, and a hook that has none that it knows. */
#define AH_GATE 1
#define AH_AFTER 2
#define AH_OBSERVER 4

/* The same event always gets the same answer, and nothing else happens. */
#define AH_HOOK_PURE 1

/* One function that a policy can name: `call = "plugin.function"`. */
typedef struct ah_hook {
    uint32_t struct_size;
    uint32_t kinds;     /* AH_GATE | AH_AFTER | AH_OBSERVER */
    ah_str name;        /* of the function: 1 to 64 of a-z 0-9 - _ , a letter first; unique in the plugin */
    ah_str summary;     /* one line of UTF-8 */
    ah_str with_schema; /* the JSON Schema of `with`; may be empty */
    uint64_t flags;     /* bits of AH_HOOK */
    int32_t on_failure; /* the verdict that the author means an error to have; the policy's `on-error` decides */
    uint32_t reserved;

    /*
     * Judges an event: a verdict, or an error. Not NULL with AH_GATE. [any-thread]
     */
    int32_t (*gate)(ah_attachment *attachment, const ah_event *event, ah_reply *reply);

    /*
     * The operation ended. Attached together with a gate it runs exactly once for each call of that gate, with what the
     * gate left in the reply's cookie; alone, the cookie is 0. Not NULL with AH_AFTER. [any-thread]
     */
    int32_t (*after)(ah_attachment *attachment, const ah_event *event, const ah_outcome *outcome, uint64_t cookie);

    /* Sees an event and its verdict. Not NULL with AH_OBSERVER. [any-thread] */
    int32_t (*observe)(ah_attachment *attachment, const ah_event *event);
} ah_hook;

/* One `[[hook]]` that calls this plugin. Two with different `with` are two attachments. */
typedef struct ah_attach {
    uint32_t struct_size;
    uint32_t hook; /* the place in ah_plugin.hooks */
    ah_str name;   /* the hook's name in the policy, as messages show it; may be empty. UTF-8 */
    ah_str on;     /* the names and globs of events, separated by one space; may be empty. UTF-8 */
    ah_str with;   /* a JSON object; `{}` when the policy gives none */
} ah_attach;

/* May run inside the program that is watched: no threads, no output, nothing that a fork breaks. */
#define AH_PLUGIN_IN_TARGET 1
/* Starts threads of its own. */
#define AH_PLUGIN_OWN_THREADS 2

#define AH_PLUGIN_MAGIC UINT32_C(0x47504841) /* "AHPG" in memory */

/* The plugin: static storage, constant. */
typedef struct ah_plugin {
    uint32_t struct_size;
    uint32_t magic;         /* AH_PLUGIN_MAGIC */
    uint16_t abi_major;     /* AH_ABI_MAJOR where it was compiled */
    uint16_t abi_minor;     /* AH_ABI_MINOR where it was compiled */
    uint16_t abi_min_minor; /* the oldest minor version of a host that it can live with */
    uint16_t reserved;
    uint64_t flags;         /* bits of AH_PLUGIN */
    ah_str id;              /* a reversed domain name, at most 256 bytes: "org.example.port-limit" */
    ah_str name;            /* the word in `[plugin.NAME]`: 1 to 64 of a-z 0-9 - _ , a letter first */
    ah_str version;         /* of the plugin, at most 64 bytes */
    ah_str summary;         /* one line, at most 1024 bytes */
    ah_str license;         /* an SPDX expression, at most 256 bytes */
    ah_str sdk;             /* what it was made with, at most 256 bytes; may be empty */
    ah_str config_schema;   /* the JSON Schema of `config`; may be empty */
    const ah_hook *hooks;   /* at most 256; may be NULL when n_hooks is 0 */
    uint32_t n_hooks;
    uint32_t hook_stride;   /* sizeof(ah_hook) where it was compiled */

    /*
     * Makes an instance from `config`, a JSON object (`{}` when the policy gives none). 0 and *out, or an error with its
     * reason in the reply: AH_BAD_ARG refuses the configuration. `host` is never NULL. [create-thread] [may-block]
     */
    int32_t (*create)(const ah_host *host, ah_str config, ah_reply *reply, ah_instance **out);

    /* Ends an instance. Every attachment was detached before, and no call is under way. [create-thread] [may-block] */
    void (*destroy)(ah_instance *instance);

    /*
     * Attaches one hook: the returned attachment is handed to its functions. 0 and *out, or an error with its reason:
     * AH_BAD_ARG refuses `with`. NULL when there are no hooks. [create-thread] [may-block]
     */
    int32_t (*attach)(ah_instance *instance, const ah_attach *attach, ah_reply *reply, ah_attachment **out);

    /* Ends an attachment. No call on it is under way. NULL when there are no hooks. [create-thread] [may-block] */
    void (*detach)(ah_instance *instance, ah_attachment *attachment);

    /*
     * The plugin's interface of this id, NULL when it has none: a constant table in static storage, whose functions take the
     * instance. Asked without an instance too, to describe the plugin. NULL when the plugin has no interfaces. [any-thread]
     */
    const void *(*get_interface)(ah_str id);
} ah_plugin;

/*
 * The one exported function: a plugin for a host of this major version, NULL when there is none. It returns the address of
 * static storage, always the same, which it may fill in at the first call; it starts no thread and prints nothing.
 * [any-thread]
 */
AH_EXPORT const ah_plugin *audithook_plugin_entry(uint32_t host_abi_major);

typedef const ah_plugin *(*ah_plugin_entry_fn)(uint32_t host_abi_major);
#define AH_PLUGIN_ENTRY "audithook_plugin_entry"

/* ---- Interface audithook.report/1: what a plugin has to say at the end of a run ------------------------------- */

#define AH_INTERFACE_REPORT "audithook.report/1"

#define AH_REPORT_TEXT 0 /* lines of UTF-8 for people: no control characters but \n, no colour */
#define AH_REPORT_JSON 1 /* one JSON value */

/* Where a report goes. */
typedef struct ah_sink {
    uint32_t struct_size;
    uint32_t reserved;
    void *ctx;
    /* Takes the next piece. An error (AH_NOMEM beyond 16 MiB) ends the report: return it. Only while `render` runs, from
     * the thread that it runs in. */
    int32_t (*write)(void *ctx, ah_str piece);
} ah_sink;

typedef struct ah_report {
    uint32_t struct_size;
    uint32_t reserved;
    /* Writes the report as it stands now. An empty report means: nothing to say. AH_UNSUPPORTED for an unknown format.
     * May be called at any time and more than once, while hooks run. [any-thread] [may-block] */
    int32_t (*render)(ah_instance *instance, uint32_t format, const ah_sink *sink);
} ah_report;

/* ---- Interface audithook.command/1: what a plugin does when it is asked ---------------------------------------- */

#define AH_INTERFACE_COMMAND "audithook.command/1"

/* What a parameter takes. On the command line it is text; the plugin gets a value of the tag that stands here. A command
 * with a parameter of a type that the host does not know is not offered by that host. */
#define AH_PARAM_FLAG 1     /* a switch without a value: AH_TAG_BOOL, never null */
#define AH_PARAM_STR 2      /* AH_TAG_STR: UTF-8 */
#define AH_PARAM_BYTES 3    /* AH_TAG_BYTES: as the command line has them */
#define AH_PARAM_PATH 4     /* AH_TAG_PATH */
#define AH_PARAM_I64 5      /* AH_TAG_I64 */
#define AH_PARAM_U64 6      /* AH_TAG_U64 */
#define AH_PARAM_F64 7      /* AH_TAG_F64: never NaN */
#define AH_PARAM_SIZE 8     /* AH_TAG_U64: bytes; typed as 4096, 64KiB, 1.5MB */
#define AH_PARAM_DURATION 9 /* AH_TAG_U64: nanoseconds; typed as 250ms, 1.5s, 2m */

/* Bits of a parameter. A host ignores bits that it does not know. */
#define AH_PARAM_POSITIONAL 1 /* given by its place, not by its name; in the order of the descriptors */
#define AH_PARAM_REQUIRED 2   /* must be given; not for a flag, nor with a default */
#define AH_PARAM_REPEATED 4   /* may be given several times: AH_TAG_LIST, empty when it is not given. The last positional only */

/* One parameter of a command. */
typedef struct ah_param {
    uint32_t struct_size;
    uint32_t type;         /* one of AH_PARAM_FLAG … */
    uint32_t flags;        /* AH_PARAM_POSITIONAL … */
    uint32_t letter;       /* `s` for `-s`: an ASCII letter or digit; 0 for none */
    ah_str name;           /* `seed` for `--seed`: 1 to 64 of a-z 0-9 - _ , a letter first; unique in the command */
    ah_str summary;        /* one line of UTF-8 */
    ah_str value_name;     /* what help shows for the value: `N`; may be empty */
    ah_str default_value;  /* as it would be typed; empty for none */
    const ah_str *choices; /* the only texts that are taken, for AH_PARAM_STR; may be NULL when n_choices is 0 */
    uint32_t n_choices;    /* at most 256 */
    uint32_t reserved;
} ah_param;

/*
 * A stream of bytes, pulled piece by piece by who reads it: who is not asked does not work, and nothing heaps up. Never grows.
 */
typedef struct ah_stream {
    void *ctx;
    /*
     * The next piece: 1 and *piece, which is readable until the next call on this stream and may be empty; 0 at the end; an
     * error with its reason in the reply, after which nothing more comes. By one thread at a time. [may-block]
     */
    int32_t (*next)(void *ctx, ah_reply *reply, ah_str *piece);
    /* Ends the stream, read to its end or not: exactly once, and nothing after it. May be NULL. */
    void (*close)(void *ctx);
} ah_stream;

#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE
/* The Arrow C data and C stream interfaces, as Apache Arrow publishes them (arrow.apache.org/docs/format). They never grow. */
#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE
#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4
struct ArrowSchema {
    const char *format;
    const char *name;
    const char *metadata;
    int64_t flags;
    int64_t n_children;
    struct ArrowSchema **children;
    struct ArrowSchema *dictionary;
    void (*release)(struct ArrowSchema *);
    void *private_data;
};
struct ArrowArray {
    int64_t length;
    int64_t null_count;
    int64_t offset;
    int64_t n_buffers;
    int64_t n_children;
    const void **buffers;
    struct ArrowArray **children;
    struct ArrowArray *dictionary;
    void (*release)(struct ArrowArray *);
    void *private_data;
};
#endif
struct ArrowArrayStream {
    int (*get_schema)(struct ArrowArrayStream *, struct ArrowSchema *out);
    int (*get_next)(struct ArrowArrayStream *, struct ArrowArray *out);
    const char *(*get_last_error)(struct ArrowArrayStream *);
    void (*release)(struct ArrowArrayStream *);
    void *private_data;
};
#endif

/* One call of a command, borrowed until `call` returns; `ctx` with its functions and `input` until the answer is closed. */
typedef struct ah_call {
    uint32_t struct_size;
    uint32_t n_args;        /* as many as the command has parameters */
    const ah_value *args;   /* in the parameters' order; AH_TAG_NULL where nothing was given. May be NULL when n_args is 0 */
    uint32_t arg_stride;    /* bytes from one argument to the next: step by it */
    uint32_t reserved;
    const ah_stream *input; /* what is piped in; NULL when nothing is. The host closes it */
    void *ctx;              /* the first argument of what follows; each may be NULL */
    /* How far it is: `done` of `total` (0 when that is unknown) of whatever `unit` (UTF-8, may be empty) says. [any-thread] */
    void (*progress)(void *ctx, uint64_t done, uint64_t total, ah_str unit);
    /* Not 0 when nobody waits for the answer any more: return AH_AGAIN soon. [any-thread] */
    int32_t (*cancelled)(void *ctx);
} ah_call;

#define AH_ANSWER_NONE 0  /* nothing to say */
#define AH_ANSWER_VALUE 1 /* one value */
#define AH_ANSWER_BYTES 2 /* a stream of bytes */
#define AH_ANSWER_TABLE 3 /* a table: an Arrow C stream of record batches (its schema is a struct) */

/* What a command answers: filled in by `call`. An unknown kind reads as an error. */
typedef struct ah_answer {
    uint32_t struct_size;           /* the host's */
    uint32_t kind;                  /* one of AH_ANSWER; AH_ANSWER_NONE at first */
    ah_value value;                 /* AH_ANSWER_VALUE: what it points to is readable until `close` */
    ah_stream bytes;                /* AH_ANSWER_BYTES */
    struct ArrowArrayStream *table; /* AH_ANSWER_TABLE: the plugin fills in what this points to, which the host gave. The host
                                       releases it */
    void *ctx;                      /* the first argument of what follows; each may be NULL */
    /* The exit status, 0 to 255, asked for once all was read: 0 good, 1 the answer is no, others as the help says. */
    int32_t (*status)(void *ctx);
    /* Nothing of the answer is read any more: exactly once, after `bytes.close` and the table's release. */
    void (*close)(void *ctx);
} ah_answer;

/* Without a verb: `audithook permutations 1 2 3`. At most one command of a plugin. */
#define AH_COMMAND_DEFAULT 1
/* It reads what is piped in. */
#define AH_COMMAND_READS_INPUT 2

/* `audithook PLUGIN COMMAND …`. */
typedef struct ah_command {
    uint32_t struct_size;
    uint32_t flags;         /* bits of AH_COMMAND */
    ah_str name;            /* 1 to 64 of a-z 0-9 - _ , a letter first; unique in the plugin */
    ah_str summary;         /* one line of UTF-8 */
    ah_str help;            /* what `--help` says beyond that: lines of UTF-8; may be empty */
    const ah_param *params; /* at most 64; may be NULL when n_params is 0 */
    uint32_t n_params;
    uint32_t param_stride;  /* sizeof(ah_param) where it was compiled */

    /*
     * Does it: 0 and *answer, or an error with its reason: AH_BAD_ARG says that the arguments make no sense together. An
     * answer that is a stream or table goes on working as it is read. What the command does to the world it raises on the
     * bus first (ah_host.emit), and obeys. [any-thread] [may-block]
     */
    int32_t (*call)(ah_instance *instance, const ah_call *call, ah_reply *reply, ah_answer *answer);
} ah_command;

typedef struct ah_commands {
    uint32_t struct_size;
    uint32_t n_commands;        /* at most 64 */
    const ah_command *commands;
    uint32_t command_stride;    /* sizeof(ah_command) where it was compiled */
    uint32_t reserved;
} ah_commands;

/* ---- Interface audithook.events/1: the events that a plugin raises ---------------------------------------------- */

#define AH_INTERFACE_EVENTS "audithook.events/1"

/* One argument of an event, or one derived field. */
typedef struct ah_arg_info {
    uint32_t struct_size;
    uint32_t tag;   /* one of AH_TAG */
    ah_str name;    /* 1 to 256 bytes of UTF-8 */
    ah_str summary; /* one line of UTF-8 */
} ah_arg_info;

/* One event. Its name begins with the plugin's and a dot: "zip.entry". */
typedef struct ah_event_info {
    uint32_t struct_size;
    uint32_t schema;         /* the version of the arguments' schema, from 1 */
    ah_str name;
    ah_str summary;          /* one line of UTF-8 */
    const ah_arg_info *args; /* at most 64; may be NULL when n_args is 0 */
    uint32_t n_args;
    uint32_t arg_stride;     /* sizeof(ah_arg_info) where it was compiled */
} ah_event_info;

typedef struct ah_events {
    uint32_t struct_size;
    uint32_t n_events;           /* at most 256 */
    const ah_event_info *events;
    uint32_t event_stride;       /* sizeof(ah_event_info) where it was compiled */
    uint32_t reserved;
} ah_events;

/* ---- Interface audithook.fields/1: arguments that a plugin derives, for rules and conditions --------------------- */

#define AH_INTERFACE_FIELDS "audithook.fields/1"

/* A field: `PLUGIN.NAME` in a rule, `fields.PLUGIN.NAME` in a condition. */
typedef struct ah_field {
    uint32_t struct_size;
    uint32_t reserved;
    const ah_arg_info *info; /* name (1 to 64 of a-z 0-9 - _ , a letter first), summary and tag of the value */
    ah_str on;               /* the names and globs of events that it can be derived from, separated by one space */
    /*
     * Derives it: 0 and *value, readable until the next `derive` of this instance on the same thread; AH_TAG_NULL when the
     * event has none. [any-thread]
     */
    int32_t (*derive)(ah_instance *instance, const ah_event *event, ah_reply *reply, ah_value *value);
} ah_field;

typedef struct ah_fields {
    uint32_t struct_size;
    uint32_t n_fields;      /* at most 256 */
    const ah_field *fields;
    uint32_t field_stride;  /* sizeof(ah_field) where it was compiled */
    uint32_t reserved;
} ah_fields;

/* ---- Interface audithook.state/1: what a new generation of a plugin takes over from the old --------------------- */

#define AH_INTERFACE_STATE "audithook.state/1"

typedef struct ah_state {
    uint32_t struct_size;
    uint32_t reserved;
    /* Writes the state: any bytes, at most 1 GiB, which carry their own version. No hook runs meanwhile. [create-thread] [may-block] */
    int32_t (*save)(ah_instance *instance, const ah_sink *sink);
    /*
     * Takes over what an instance of the same id saved, right after `create` and before the first hook. An error refuses
     * it, with its reason: the old instance then goes on, and this one is destroyed. [create-thread] [may-block]
     */
    int32_t (*restore)(ah_instance *instance, ah_str state, ah_reply *reply);
} ah_state;

#ifdef __cplusplus
}
#endif

#endif
