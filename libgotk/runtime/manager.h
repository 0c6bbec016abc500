/*
 * manager.h: a controller binary: flags, signals, servers, leader election, reflectors, queues, workers, shutdown.
 *
 * main() of a binary is `return manager_main(argc, argv, &program)`. The main thread becomes the loop thread (libuv): it
 * owns the queues, timers and signals and never blocks. Start: flags, the job helper (before any thread), log, gates, API
 * client, servers for metrics and probes, the program's setup, reflectors, then - as leader - the program's lead and the
 * workers. SIGTERM and SIGINT end it gracefully: no new reconciles, running ones are cancelled and may write their status,
 * the lease is released, within ten seconds. A lost lease ends it at once with exit code 1.
 */
#ifndef GOTK_RUNTIME_MANAGER_H
#define GOTK_RUNTIME_MANAGER_H

#include "libgotk/job/job.h"
#include "libgotk/runtime/controller.h"
#include "libgotk/runtime/features.h"
#include "libgotk/runtime/metrics.h"
#include "libgotk/runtime/options.h"
#include "libgotk/runtime/tool.h"

struct loop;
struct progress;
struct tokencache;

/* What a binary consists of. All tables are static; arrays of pointers end with NULL. */
struct program {
    const char *name;  /* "kustomize-controller": user agent, lease, events */
    const char *title; /* one sentence for --help */
    const struct controller *const *controllers;
    const struct flag *flags; /* own rows, besides the shared ones of options.h */
    size_t flag_count;
    const struct feature *features; /* ends with a row without a name; NULL: none */
    const struct job *const *jobs;
    const struct command *const *commands;
    /* Checks flags and opens what reconciles need (storage, caches); before any reflector starts. May be NULL. */
    int (*setup)(struct ctx *cx, struct manager *m);
    /* We lead: starts what only the leader may do (the artifact server); workers start after it. May be NULL. */
    int (*lead)(struct ctx *cx, struct manager *m);
    /* No worker runs any more: ends what still asks for reconciles, for the queues go next. May be NULL. */
    void (*halt)(struct manager *m);
    /* The last thing before the process ends, when no worker runs any more. May be NULL. */
    void (*teardown)(struct manager *m);
    void *user; /* the program's own state, for manager_user */
};

/* Runs the binary; returns its exit code. */
int manager_main(int argc, char **argv, const struct program *program);

/* What setup, lead, map functions and stories ask for; any thread. */
struct kube *manager_kube(struct manager *m);
const struct options *manager_options(const struct manager *m);
const struct program *manager_program(const struct manager *m);
struct metrics *manager_metrics(struct manager *m);
struct tokencache *manager_tokens(struct manager *m);
struct events *manager_events(struct manager *m);
void *manager_user(const struct manager *m);

/* The namespace the process runs in (RUNTIME_NAMESPACE, else that of its configuration); "" when unknown. */
const char *manager_namespace(const struct manager *m);

/* True when the feature gate is on. */
bool manager_feature(const struct manager *m, const char *name);

/* What is known of a kind that some controller here reconciles or watches; NULL for any other. */
struct store *manager_store(struct manager *m, const char *api_version, const char *kind);

/* Has an object of one of our kinds reconciled now. */
void manager_enqueue(struct manager *m, const struct controller *c, const char *ns, const char *name,
                     enum queue_priority priority);

/* Lets a parked reconcile go on: what it waits for may have happened. Others are left alone. */
void manager_wake(struct manager *m, const struct controller *c, const char *ns, const char *name);

/* True once the process is ending: results no longer matter, only what must be kept. */
bool manager_stopping(const struct manager *m);

/* False once the lease is lost: another process writes to our objects now. */
bool manager_may_write(const struct manager *m);

/* For worker.c: the loop to post to, and the thread that shows progress. */
struct loop *manager_loop(struct manager *m);
struct progress *manager_progress(struct manager *m);

#endif
