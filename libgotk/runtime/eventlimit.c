/*
 * eventlimit.c: two small tables searched from end to end; the contract is in eventlimit.h.
 */
#include "libgotk/runtime/eventlimit.h"

#include "libgotk/base/mem.h"
#include "libgotk/base/str.h"

#define EVENTS    1024
#define OBJECTS   1024
#define BURST     25
#define REFILL_MS (5 * 60 * 1000)

struct bucket {
    uint64_t key;
    int64_t at_ms; /* when it was last looked at */
    double tokens;
};

struct eventlimit {
    struct eventlimit_seen events[EVENTS];
    struct bucket objects[OBJECTS];
};

struct eventlimit *eventlimit_open(void)
{
    return mem_alloc(sizeof(struct eventlimit));
}

void eventlimit_close(struct eventlimit *l)
{
    mem_free(l);
}

static uint64_t hash_text(uint64_t h, const char *s)
{
    for (s = str_or(s, ""); *s; s++)
        h = (h ^ (unsigned char)*s) * 1099511628211u;
    return (h ^ 0xff) * 1099511628211u;
}

struct eventlimit_key eventlimit_key(const struct doc *involved, const char *type, const char *reason,
                                     const char *message)
{
    static const char *const members[] = { "apiVersion", "kind", "namespace", "name", "uid" };
    struct eventlimit_key key = { .object = 14695981039346656037u };
    for (size_t i = 0; i < ARRAY_LEN(members); i++)
        key.object = hash_text(key.object, doc_text(doc_find(involved, members[i])));
    key.event = hash_text(hash_text(hash_text(key.object, type), reason), message);
    return key;
}

/* The object's bucket, the stalest one's place when it has none. */
static struct bucket *bucket_of(struct eventlimit *l, uint64_t key, int64_t now_ms)
{
    struct bucket *stalest = &l->objects[0];
    for (size_t i = 0; i < OBJECTS; i++) {
        if (l->objects[i].key == key)
            return &l->objects[i];
        if (l->objects[i].at_ms < stalest->at_ms)
            stalest = &l->objects[i];
    }
    *stalest = (struct bucket){ .key = key, .at_ms = now_ms, .tokens = BURST };
    return stalest;
}

static bool may_talk(struct eventlimit *l, uint64_t key, int64_t now_ms)
{
    struct bucket *b = bucket_of(l, key, now_ms);
    b->tokens += (double)(now_ms - b->at_ms) / REFILL_MS;
    if (b->tokens > BURST)
        b->tokens = BURST;
    b->at_ms = now_ms;
    if (b->tokens < 1)
        return false;
    b->tokens -= 1;
    return true;
}

static struct eventlimit_seen *seen_of(struct eventlimit *l, uint64_t key)
{
    struct eventlimit_seen *stalest = &l->events[0];
    for (size_t i = 0; i < EVENTS; i++) {
        if (l->events[i].key == key)
            return &l->events[i];
        if (l->events[i].at_ms < stalest->at_ms)
            stalest = &l->events[i];
    }
    *stalest = (struct eventlimit_seen){ .key = key };
    return stalest;
}

struct eventlimit_seen *eventlimit_look(struct eventlimit *l, const struct eventlimit_key *key,
                                        int64_t now_ms)
{
    if (!may_talk(l, key->object, now_ms))
        return NULL;
    struct eventlimit_seen *seen = seen_of(l, key->event);
    seen->count = seen->created_ns ? seen->count + 1 : 1;
    seen->at_ms = now_ms;
    return seen;
}

void eventlimit_created(struct eventlimit_seen *seen, int64_t created_ns)
{
    seen->created_ns = created_ns;
    seen->count = 1;
}
