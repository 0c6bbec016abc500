/*
 * lease.h: leader election on a coordination.k8s.io/v1 Lease, wire-compatible with client-go's.
 *
 * A thread takes the lease when nobody has renewed it for its duration (by our clock, from when we saw it
 * change, so that clocks need not agree), renews it every retry period, and reports it lost when no renewal
 * worked for the renew deadline. Losing it must end the process: another one is leader by then. Rejected:
 * taking it back after a loss.
 */
#ifndef GOTK_KUBE_LEASE_H
#define GOTK_KUBE_LEASE_H

#include "libgotk/kube/client.h"

struct lease;
struct log_scope;

struct lease_options {
    const char *ns;
    const char *name;          /* "kustomize-controller-leader-election" */
    const char *identity;      /* NULL: lease_identity() */
    int64_t duration_ms;       /* 0: 35 s, Flux's --leader-election-lease-duration */
    int64_t renew_deadline_ms; /* 0: 30 s */
    int64_t retry_period_ms;   /* 0: 5 s */
    bool keep_on_stop;         /* do not release the lease in lease_stop: others wait until it expires */

    /* Called on the lease's thread; must not block (renewals wait for them). on_lost is not called by
     * lease_stop. */
    void (*on_acquired)(void *user);
    void (*on_lost)(void *user);
    /* Another holder was seen, at the start too; "" when it was released. May be NULL. */
    void (*on_leader)(void *user, const char *identity);
    void *user;
    const struct log_scope *log; /* outlives the lease; may be NULL */
};

/* Starts the election's thread; strings are copied, `k` must outlive it. The caller owns *ret_lease
 * (lease_stop). ERR_INVALID unless duration > renew deadline > retry period x 1.2; ERR_IO when no thread can
 * be made. */
int lease_start(struct ctx *cx, struct kube *k, const struct lease_options *options,
                struct lease **ret_lease) MUST_CHECK;

/* True while we hold the lease. Any thread. */
bool lease_is_leader(const struct lease *l);

/* Ends the thread and, when we hold the lease, releases it (within 5 s) so that another process need not wait
 * for it to expire. Call only when no work of ours goes on. NULL is allowed. */
void lease_stop(struct lease *l);

/* "<hostname>_<uuid>", as client-go names itself; lives in `a`. */
char *lease_identity(struct arena *a);

#endif
