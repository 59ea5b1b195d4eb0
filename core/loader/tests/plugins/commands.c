/* A plugin in C whose commands answer in every way that there is, well and badly. */
#include <stdlib.h>
#include <string.h>

#include "audithook.h"

#define STR(text) {(const uint8_t *)(text), sizeof(text) - 1}
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

struct ah_instance {
    const ah_host *host;
    uint64_t open; /* answers that are not closed */
};

static ah_str str(const char *text) {
    ah_str result = {(const uint8_t *)text, strlen(text)};
    return result;
}

static int32_t create(const ah_host *host, ah_str config, ah_reply *reply, ah_instance **out) {
    (void)config;
    (void)reply;
    *out = calloc(1, sizeof **out);
    if (*out == NULL) return AH_NOMEM;
    (*out)->host = host;
    return AH_OK;
}

static void destroy(ah_instance *instance) {
    instance->host->log(instance->host->ctx, AH_LOG_INFO, str(instance->open == 0 ? "all closed" : "left open"));
    free(instance);
}

/* ---- sum: a value ---- */

static int32_t sum_status(void *ctx) { return ctx != NULL; }

static int32_t sum(ah_instance *instance, const ah_call *call, ah_reply *reply, ah_answer *answer) {
    const ah_value *numbers = AH_ARG(call, 0), *no = AH_ARG(call, 1);
    int64_t total = 0;
    uint64_t index;
    for (index = 0; index < numbers->len; index++) total += numbers->as.items[index].as.i;
    if (total == 13) {
        instance->host->set_reason(instance->host->ctx, reply, str("13 brings bad luck"));
        return AH_BAD_ARG;
    }
    answer->kind = AH_ANSWER_VALUE;
    answer->value.tag = AH_TAG_I64;
    answer->value.name = AH_NO_SYMBOL;
    answer->value.as.i = total;
    answer->status = sum_status;
    answer->ctx = no->as.u ? instance : NULL;
    return AH_OK;
}

/* ---- repeat: bytes ---- */

typedef struct repeated {
    ah_instance *instance;
    ah_str text;
    uint64_t left, fail_at;
} repeated;

static int32_t repeat_next(void *ctx, ah_reply *reply, ah_str *piece) {
    repeated *all = ctx;
    if (all->left == 0) return 0;
    if (all->left == all->fail_at) {
        all->instance->host->set_reason(all->instance->host->ctx, reply, str("told to fail"));
        return AH_ERROR;
    }
    all->left--;
    *piece = all->text;
    return 1;
}

static void repeat_close(void *ctx) {
    repeated *all = ctx;
    all->instance->open--;
    free((void *)(uintptr_t)all->text.ptr);
    free(all);
}

static int32_t repeat(ah_instance *instance, const ah_call *call, ah_reply *reply, ah_answer *answer) {
    const ah_value *text = AH_ARG(call, 0), *times = AH_ARG(call, 1), *fail_at = AH_ARG(call, 2);
    repeated *all = calloc(1, sizeof *all);
    uint8_t *copy = malloc(text->len + 1);
    (void)reply;
    if (all == NULL || copy == NULL) {
        free(all);
        free(copy);
        return AH_NOMEM;
    }
    memcpy(copy, text->as.ptr, text->len);
    all->instance = instance;
    all->text.ptr = copy;
    all->text.len = text->len;
    all->left = times->as.u;
    all->fail_at = fail_at->tag == AH_TAG_U64 ? fail_at->as.u : 0;
    instance->open++;
    answer->kind = AH_ANSWER_BYTES;
    answer->bytes.ctx = all;
    answer->bytes.next = repeat_next;
    answer->bytes.close = repeat_close;
    return AH_OK;
}

/* ---- copy: from what is piped in, with progress, until nobody waits ---- */

typedef struct copied {
    ah_call call; /* what it points to lives until the answer is closed; the struct itself does not */
    uint64_t done;
} copied;

static int32_t copy_next(void *ctx, ah_reply *reply, ah_str *piece) {
    copied *all = ctx;
    int32_t got;
    if (all->call.cancelled(all->call.ctx)) return AH_AGAIN;
    got = all->call.input->next(all->call.input->ctx, reply, piece);
    if (got == 1) {
        all->done += piece->len;
        all->call.progress(all->call.ctx, all->done, 0, str("bytes"));
    }
    return got;
}

static int32_t copy(ah_instance *instance, const ah_call *call, ah_reply *reply, ah_answer *answer) {
    copied *all;
    if (call->input == NULL) {
        instance->host->set_reason(instance->host->ctx, reply, str("nothing is piped in"));
        return AH_BAD_ARG;
    }
    all = calloc(1, sizeof *all);
    if (all == NULL) return AH_NOMEM;
    all->call = *call;
    answer->kind = AH_ANSWER_BYTES;
    answer->bytes.ctx = all;
    answer->bytes.next = copy_next;
    answer->bytes.close = free;
    return AH_OK;
}

/* ---- table: one column of 64-bit numbers, in batches ---- */

typedef struct counted {
    ah_instance *instance;
    int64_t next, rows, batch;
} counted;

static void release_schema(struct ArrowSchema *schema) {
    int64_t index;
    for (index = 0; index < schema->n_children; index++) {
        schema->children[index]->release(schema->children[index]);
        free(schema->children[index]);
    }
    free(schema->children);
    schema->release = NULL;
}

static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
    struct ArrowSchema *column = calloc(1, sizeof *column);
    (void)stream;
    memset(out, 0, sizeof *out);
    out->format = "+s";
    out->n_children = 1;
    out->children = malloc(sizeof *out->children);
    out->children[0] = column;
    out->release = release_schema;
    column->format = "l";
    column->name = "number";
    column->release = release_schema;
    return 0;
}

static void release_array(struct ArrowArray *array) {
    int64_t index;
    for (index = 0; index < array->n_children; index++) {
        if (array->children[index]->release != NULL) array->children[index]->release(array->children[index]);
        free(array->children[index]);
    }
    free(array->children);
    free(array->private_data);
    free(array->buffers);
    array->release = NULL;
}

static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
    counted *all = stream->private_data;
    int64_t length = all->rows - all->next < all->batch ? all->rows - all->next : all->batch, index, *numbers;
    struct ArrowArray *column;
    memset(out, 0, sizeof *out);
    if (length == 0) return 0;
    numbers = malloc((size_t)length * sizeof *numbers);
    column = calloc(1, sizeof *column);
    for (index = 0; index < length; index++) numbers[index] = all->next++;
    column->length = length;
    column->n_buffers = 2;
    column->buffers = calloc(2, sizeof *column->buffers);
    column->buffers[1] = numbers;
    column->private_data = numbers;
    column->release = release_array;
    out->length = length;
    out->n_buffers = 1;
    out->buffers = calloc(1, sizeof *out->buffers);
    out->n_children = 1;
    out->children = malloc(sizeof *out->children);
    out->children[0] = column;
    out->release = release_array;
    return 0;
}

static const char *get_last_error(struct ArrowArrayStream *stream) {
    (void)stream;
    return NULL;
}

static void release_stream(struct ArrowArrayStream *stream) {
    counted *all = stream->private_data;
    all->instance->open--;
    free(all);
    stream->release = NULL;
}

static int32_t table(ah_instance *instance, const ah_call *call, ah_reply *reply, ah_answer *answer) {
    counted *all = calloc(1, sizeof *all);
    (void)reply;
    if (all == NULL) return AH_NOMEM;
    all->instance = instance;
    all->rows = (int64_t)AH_ARG(call, 0)->as.u;
    all->batch = 4;
    instance->open++;
    answer->kind = AH_ANSWER_TABLE;
    answer->table->get_schema = get_schema;
    answer->table->get_next = get_next;
    answer->table->get_last_error = get_last_error;
    answer->table->release = release_stream;
    answer->table->private_data = all;
    return AH_OK;
}

/* ---- bad: what nobody should answer ---- */

static int32_t bad(ah_instance *instance, const ah_call *call, ah_reply *reply, ah_answer *answer) {
    ah_str how = {AH_ARG(call, 0)->as.ptr, AH_ARG(call, 0)->len};
    (void)instance;
    (void)reply;
    switch (how.len == 0 ? 0 : how.ptr[0]) {
    case 'k': answer->kind = 99; return AH_OK;                 /* kind */
    case 'n': answer->kind = AH_ANSWER_BYTES; return AH_OK;    /* next */
    case 't': answer->kind = AH_ANSWER_TABLE; return AH_OK;    /* table */
    case 'u': return 77;                                       /* unknown */
    default: return AH_PANIC;
    }
}

static const ah_str hows[] = {STR("kind"), STR("next"), STR("table"), STR("unknown"), STR("panic")};

#define PARAM(type, flags, letter, name, summary, value, standard, choices, count) \
    {sizeof(ah_param), type, flags, letter, STR(name), STR(summary), STR(value), STR(standard), choices, count, 0}

static const ah_param sum_params[] = {
    PARAM(AH_PARAM_I64, AH_PARAM_POSITIONAL | AH_PARAM_REPEATED, 0, "number", "What to add.", "N", "", NULL, 0),
    PARAM(AH_PARAM_FLAG, 0, 'n', "no", "Answer no.", "", "", NULL, 0),
};
static const ah_param repeat_params[] = {
    PARAM(AH_PARAM_BYTES, AH_PARAM_POSITIONAL | AH_PARAM_REQUIRED, 0, "text", "What to repeat.", "TEXT", "", NULL, 0),
    PARAM(AH_PARAM_U64, 0, 't', "times", "How often.", "N", "2", NULL, 0),
    PARAM(AH_PARAM_U64, 0, 0, "fail-at", "Fail when so many are left.", "N", "", NULL, 0),
};
static const ah_param table_params[] = {
    PARAM(AH_PARAM_U64, AH_PARAM_POSITIONAL, 0, "rows", "How many.", "N", "10", NULL, 0),
};
static const ah_param bad_params[] = {
    PARAM(AH_PARAM_STR, AH_PARAM_POSITIONAL | AH_PARAM_REQUIRED, 0, "how", "In which way.", "", "", hows, COUNT(hows)),
};
static const ah_param later_params[] = {
    PARAM(1u << 20, 0, 0, "later", "Of a type that a later version has.", "", "", NULL, 0),
};

#define COMMAND(name, summary, flags, help, params, count, call) \
    {sizeof(ah_command), flags, STR(name), STR(summary), STR(help), params, count, sizeof(ah_param), call}

static const ah_command commands[] = {
    COMMAND("sum", "Adds numbers.", AH_COMMAND_DEFAULT, "With none the sum is 0.", sum_params, COUNT(sum_params), sum),
    COMMAND("repeat", "Says something again.", 0, "", repeat_params, COUNT(repeat_params), repeat),
    COMMAND("copy", "Says what is piped in.", AH_COMMAND_READS_INPUT, "", NULL, 0, copy),
    COMMAND("table", "Counts.", 0, "", table_params, COUNT(table_params), table),
    COMMAND("bad", "Answers badly.", 0, "", bad_params, COUNT(bad_params), bad),
    COMMAND("later", "Is of a later version.", 0, "", later_params, COUNT(later_params), bad),
};
static const ah_commands offered = {sizeof(ah_commands), COUNT(commands), commands, sizeof(ah_command), 0};

static const void *get_interface(ah_str id) {
    if (id.len == sizeof AH_INTERFACE_COMMAND - 1 && memcmp(id.ptr, AH_INTERFACE_COMMAND, id.len) == 0) return &offered;
    return NULL;
}

static const ah_plugin plugin = {
    sizeof(ah_plugin), AH_PLUGIN_MAGIC, AH_ABI_MAJOR, AH_ABI_MINOR, 0, 0, 0,
    STR("org.audithook.commands"), STR("commands"), STR("1.0.0"), STR("Commands for tests."), STR("MIT"), {NULL, 0}, {NULL, 0},
    NULL, 0, 0, create, destroy, NULL, NULL, get_interface,
};

AH_EXPORT const ah_plugin *audithook_plugin_entry(uint32_t host_abi_major) {
    return host_abi_major == AH_ABI_MAJOR ? &plugin : NULL;
}
