/*
 * eventlimit.h: which Kubernetes Events are worth a request: identical ones are counted, talkative objects cut short.
 *
 * As client-go's recorder: the same event again raises the count of the first, and one object may create 25 Events at once,
 * then one every five minutes. Remembered by hashes in two fixed tables (64 KiB), the least recently seen entry
 * making room. One thread; the time is an argument.
 */
#ifndef GOTK_RUNTIME_EVENTLIMIT_H
#define GOTK_RUNTIME_EVENTLIMIT_H

#include "libgotk/doc/doc.h"

struct eventlimit;

/* Which event, and which object. */
struct eventlimit_key {
    uint64_t event;
    uint64_t object;
};

/* What is known of an event. */
struct eventlimit_seen {
    uint64_t key;
    int64_t at_ms;
    int64_t count;      /* how often it came, this time included */
    int64_t created_ns; /* wall clock: part of the name of the Event that was created; 0: there is none yet */
};

/* Empty tables the caller owns (eventlimit_close). */
struct eventlimit *eventlimit_open(void);
void eventlimit_close(struct eventlimit *l);

/* The hashes of an event about `involved`. */
struct eventlimit_key eventlimit_key(const struct doc *involved, const char *type, const char *reason,
                                     const char *message);

/* Counts the event and returns what is known of it: count 1 means it is to be created, more that its count is to be
 * raised. NULL: the object has said too much. Valid until the next call. */
struct eventlimit_seen *eventlimit_look(struct eventlimit *l, const struct eventlimit_key *key,
                                        int64_t now_ms);

/* The event has been created at this time; later ones count from there. */
void eventlimit_created(struct eventlimit_seen *seen, int64_t created_ns);

#endif
