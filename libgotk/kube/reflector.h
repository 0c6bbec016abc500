/*
 * reflector.h: the inside of a reflector, shared by watch.c (its thread), relist.c (lists) and feed.c (watch
 * streams).
 */
#ifndef GOTK_KUBE_REFLECTOR_H
#define GOTK_KUBE_REFLECTOR_H

#include "libgotk/base/buf.h"
#include "libgotk/kube/list.h"
#include "libgotk/kube/watch.h"

#include <pthread.h>
#include <stdatomic.h>

#define VERSION_MAX 256

struct reflector {
    struct arena *arena; /* this struct and the strings of the options */
    struct kube *k;
    struct reflector_options o;
    struct store *store;
    struct cancel cancel;
    struct cancel synced; /* fired once the first list has ended */
    atomic_bool fresh;    /* nothing failed since the last list or event */
    pthread_t thread;

    /* The thread's own. */
    struct list_query query;
    char version[VERSION_MAX]; /* the last resourceVersion seen; "": a list is needed */
    size_t page;               /* items per list request; 0: all */
    int failures;              /* in a row */
    bool absent;               /* the last failure was that the kind does not exist */
};

/* Lists everything into the store, reports what changed and what vanished, and sets the version. */
int relist(struct ctx *cx, struct reflector *r) MUST_CHECK;

/* The kind does not exist (yet): those who wait for its first list get an empty one. What a list brought earlier stays, for
 * a server that has just started knows its custom kinds a little later. */
void relist_nothing(struct ctx *cx, struct reflector *r);

/* Takes in one object the server sent: stores it and reports ADDED or MODIFIED, if it is news. */
void relist_take(struct ctx *cx, struct reflector *r, struct doc *object);

/* Takes the object out of the store and reports DELETED, if it was there. */
void relist_drop(struct ctx *cx, struct reflector *r, const char *ns, const char *name);

/* Remembers a resourceVersion; one that does not fit means the next thing is a list. */
void relist_set_version(struct reflector *r, const char *version);

/* Watches from the version until the server ends it, taking events in as they come. 0 after an orderly end.
 * ERR_GONE: the version is too old. */
int feed_watch(struct ctx *cx, struct reflector *r) MUST_CHECK;

/* The stream of a watch being cut into lines. */
struct feed {
    struct reflector *r;
    struct arena *arena; /* of the unfinished line alone */
    struct buf pending;
    size_t events;
};

/* Starts with an empty line; feed_close gives the memory back. */
void feed_open(struct feed *f, struct reflector *r);
void feed_close(struct feed *f);

/* Takes in a piece of the stream (http.h's on_data; user is a struct feed). Fails with the error of an ERROR
 * event, or ERR_INVALID for what is no event. */
int feed_data(struct ctx *cx, void *user, const char *data, size_t n);

#endif
