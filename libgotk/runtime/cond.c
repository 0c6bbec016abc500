/*
 * cond.c: conditions as members of a status document; the rules are in cond.h.
 *
 * An array has a handful of entries, so everything is a linear search and an insertion sort.
 */
#include "libgotk/runtime/cond.h"

#include "libgotk/base/gotime.h"
#include "libgotk/base/str.h"

#include <string.h>

#define MESSAGE_MAX 32768

static const char *const status_names[] = {
    [COND_UNKNOWN] = "Unknown",
    [COND_TRUE] = "True",
    [COND_FALSE] = "False",
};

/* Types that come first, in this order. */
static const char *const leading_types[] = { COND_STALLED, COND_RECONCILING, COND_READY };

const char *cond_status_name(enum cond_status status)
{
    return status_names[status];
}

static struct doc *entry_of(const struct doc *status, const char *type)
{
    doc_each (entry, doc_find(status, "conditions"))
        if (str_eq(doc_text_at(entry, "type"), type))
            return entry;
    return NULL;
}

static const char *text_of(const struct doc *entry, const char *key)
{
    return str_or(doc_text(doc_find(entry, key)), "");
}

static enum cond_status status_of(const struct doc *entry)
{
    const char *name = text_of(entry, "status");
    return str_eq(name, "True") ? COND_TRUE : str_eq(name, "False") ? COND_FALSE : COND_UNKNOWN;
}

static struct cond read_entry(const struct doc *entry)
{
    struct cond c = {
        .type = text_of(entry, "type"),
        .status = status_of(entry),
        .reason = text_of(entry, "reason"),
        .message = text_of(entry, "message"),
        .last_transition_time = text_of(entry, "lastTransitionTime"),
    };
    doc_get_int(doc_find(entry, "observedGeneration"), &c.observed_generation);
    return c;
}

bool cond_find(const struct doc *status, const char *type, struct cond *ret)
{
    const struct doc *entry = entry_of(status, type);
    if (entry)
        *ret = read_entry(entry);
    return entry;
}

bool cond_has(const struct doc *status, const char *type)
{
    return entry_of(status, type);
}

bool cond_is(const struct doc *status, const char *type, enum cond_status wanted)
{
    struct cond c;
    return cond_find(status, type, &c) && c.status == wanted;
}

const char *cond_reason(const struct doc *status, const char *type)
{
    return text_of(entry_of(status, type), "reason");
}

const char *cond_message(const struct doc *status, const char *type)
{
    return text_of(entry_of(status, type), "message");
}

static size_t rank_of(const char *type)
{
    for (size_t i = 0; i < ARRAY_LEN(leading_types); i++)
        if (str_eq(type, leading_types[i]))
            return i;
    return ARRAY_LEN(leading_types);
}

static bool comes_before(const struct doc *a, const struct doc *b)
{
    struct cond x = read_entry(a);
    struct cond y = read_entry(b);
    size_t rank = rank_of(x.type);
    if (rank != rank_of(y.type) || rank < ARRAY_LEN(leading_types))
        return rank < rank_of(y.type);
    if (x.observed_generation != y.observed_generation)
        return x.observed_generation > y.observed_generation;
    return strcmp(x.type, y.type) < 0;
}

/* Puts an entry that is in no array where the order wants it. */
static void insert_sorted(struct doc *conditions, struct doc *entry)
{
    size_t place = 0;
    doc_each (other, conditions) {
        if (comes_before(entry, other))
            break;
        place++;
    }
    doc_insert(conditions, place, entry);
}

/* The array, made when absent. */
static struct doc *conditions_of(struct cond_target *to)
{
    struct doc *conditions = doc_find(to->status, "conditions");
    if (doc_kind(conditions) == DOC_ARRAY)
        return conditions;
    conditions = doc_array(to->arena);
    doc_set(to->arena, to->status, "conditions", conditions);
    return conditions;
}

static bool says_the_same(const struct cond *a, const struct cond *b)
{
    return a->status == b->status && str_eq(a->reason, b->reason) && str_eq(a->message, b->message);
}

/* A message of at most MESSAGE_MAX bytes, not cut inside a character. */
static const char *cut(struct arena *a, const char *message)
{
    size_t n = strlen(message);
    if (n <= MESSAGE_MAX)
        return message;
    for (n = MESSAGE_MAX - 3; n > 0 && ((unsigned char)message[n] & 0xc0) == 0x80; n--)
        ;
    return str_fmt(a, "%.*s...", (int)n, message);
}

static struct doc *make_entry(struct arena *a, const struct cond *c)
{
    struct doc *entry = doc_object(a);
    doc_set_text(a, entry, "type", c->type);
    doc_set_text(a, entry, "status", cond_status_name(c->status));
    doc_set_int(a, entry, "observedGeneration", c->observed_generation);
    doc_set_text(a, entry, "lastTransitionTime", c->last_transition_time);
    doc_set_text(a, entry, "reason", c->reason);
    doc_set_text(a, entry, "message", c->message);
    return entry;
}

static void put(struct cond_target *to, struct cond c)
{
    struct doc *conditions = conditions_of(to);
    struct doc *old = entry_of(to->status, c.type);
    c.observed_generation = to->generation;
    c.last_transition_time = gotime_rfc3339(to->arena, gotime_now());
    if (old) {
        struct cond before = read_entry(old);
        if (says_the_same(&before, &c))
            c.last_transition_time = before.last_transition_time;
    }
    struct doc *entry = make_entry(to->arena, &c);
    if (old)
        doc_detach(conditions, old);
    insert_sorted(conditions, entry);
}

static void vput(struct cond_target *to, const char *type, enum cond_status status, const char *reason,
                 const char *fmt, va_list args)
{
    const char *message = cut(to->arena, str_vfmt(to->arena, fmt, args));
    put(to, (struct cond){ .type = type, .status = status, .reason = reason, .message = message });
}

void cond_set(struct cond_target *to, const char *type, enum cond_status status, const char *reason,
              const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vput(to, type, status, reason, fmt, args);
    va_end(args);
}

void cond_remove(struct cond_target *to, const char *type)
{
    struct doc *entry = entry_of(to->status, type);
    if (entry)
        doc_detach(doc_find(to->status, "conditions"), entry);
}

void cond_reconciling(struct cond_target *to, const char *reason, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vput(to, COND_RECONCILING, COND_TRUE, reason, fmt, args);
    va_end(args);
    cond_remove(to, COND_STALLED);
}

void cond_stalled(struct cond_target *to, const char *reason, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vput(to, COND_STALLED, COND_TRUE, reason, fmt, args);
    va_end(args);
    cond_remove(to, COND_RECONCILING);
}

void cond_progress(struct cond_target *to, bool drift, const char *reason, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    const char *message = str_vfmt(to->arena, fmt, args);
    va_end(args);
    cond_reconciling(to, reason, "%s", message);
    if (drift || !cond_has(to->status, COND_READY) || cond_is(to->status, COND_READY, COND_UNKNOWN))
        cond_set(to, COND_READY, COND_UNKNOWN, reason, "%s", message);
}

/* 0 is worst; see cond_summarize. */
static int group_of(const struct cond *c, bool negative)
{
    switch (c->status) {
    case COND_TRUE:
        return negative ? 0 : 2;
    case COND_FALSE:
        return negative ? 3 : 1;
    default:
        return 4;
    }
}

static enum cond_status ready_of_group(int group)
{
    static const enum cond_status by_group[] = { COND_FALSE, COND_FALSE, COND_TRUE, COND_TRUE, COND_UNKNOWN };
    return by_group[group];
}

/* The first condition in table order of the worst group; false when none of the table is there. */
static bool worst_of(const struct doc *status, const struct cond_summary *summary, struct cond *ret,
                     int *ret_group)
{
    int worst = 5;
    for (size_t i = 0; i < summary->count; i++) {
        struct cond c;
        if (!cond_find(status, summary->rules[i].type, &c))
            continue;
        int group = group_of(&c, summary->rules[i].polarity == COND_NEGATIVE);
        if (group < worst) {
            worst = group;
            *ret = c;
        }
    }
    *ret_group = worst;
    return worst < 5;
}

/* The first bipolar condition that is False. */
static bool failed_bipolar(const struct doc *status, const struct cond_summary *summary, struct cond *ret)
{
    for (size_t i = 0; i < summary->count; i++)
        if (summary->rules[i].polarity == COND_BIPOLAR && cond_find(status, summary->rules[i].type, ret) &&
            ret->status == COND_FALSE)
            return true;
    return false;
}

void cond_summarize(struct cond_target *to, const struct cond_summary *summary)
{
    struct cond c;
    int group;
    if (failed_bipolar(to->status, summary, &c))
        cond_set(to, COND_READY, COND_FALSE, c.reason, "%s", c.message);
    else if (worst_of(to->status, summary, &c, &group))
        cond_set(to, COND_READY, ready_of_group(group), c.reason, "%s", c.message);
}

void cond_settle(struct arena *a, struct doc *status, const struct doc *published)
{
    doc_each (entry, doc_find(status, "conditions")) {
        struct cond now = read_entry(entry);
        struct cond before;
        if (cond_find(published, now.type, &before) && says_the_same(&now, &before) &&
            !str_empty(before.last_transition_time))
            doc_set_text(a, entry, "lastTransitionTime", before.last_transition_time);
    }
}
