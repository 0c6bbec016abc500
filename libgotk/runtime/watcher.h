/*
 * watcher.h: the kinds a program watches: one reflector each, and from their events to objects that must be reconciled.
 *
 * Controllers that watch the same kind share its reflector and its store. Predicates and mappings run on the reflector's
 * thread; what they find is posted to the loop. Rejected: running them on the loop thread, which must never parse.
 */
#ifndef GOTK_RUNTIME_WATCHER_H
#define GOTK_RUNTIME_WATCHER_H

#include "libgotk/runtime/manager.h"

struct watchers;

/* Makes one watcher per kind that the controllers (ended by NULL) reconcile or watch, with gates and selectors applied;
 * nothing runs yet. The caller owns *ret (watchers_close). */
struct watchers *watchers_open(struct manager *m, const struct controller *const *controllers);

/* Starts the reflectors. `synced` is called with `user` on a reflector's thread once every kind has been listed. */
int watchers_start(struct ctx *cx, struct watchers *w, void (*synced)(void *user), void *user) MUST_CHECK;

/* The store of a kind; NULL when it is not watched here. */
struct store *watchers_store(struct watchers *w, const char *api_version, const char *kind);

/* Ends the reflectors. */
void watchers_stop(struct watchers *w);

/* Gives the memory back, stores included; NULL is allowed. */
void watchers_close(struct watchers *w);

#endif
