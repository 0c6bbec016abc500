/*
 * clusters.h: clients of other clusters, and which of them can be reached.
 *
 * One client per configuration, shared by all reconciles that use it, so that what is known of a cluster's kinds and the
 * connections to it outlive a reconcile. Those not used for a while are closed, and beyond a maximum the ones used longest
 * ago. A cluster that does not answer must not hold workers: one worker at a time asks it whether it is there, with a short
 * timeout; the others are told to come back, or what the last one learnt. Behind one leaf lock, never held during a request.
 * Rejected: a client per reconcile, as upstream has it, which asks for all kinds anew each time.
 */
#ifndef GOTK_KUBE_CLUSTERS_H
#define GOTK_KUBE_CLUSTERS_H

#include "libgotk/kube/client.h"

struct clusters;
struct cluster;

/* How long a cluster that could not be reached is not asked again. */
#define CLUSTERS_DOWN_MS 10000

/* Opens a cache of at most `max` clients that nobody uses at the moment; requests are made and observed as those of `own`,
 * which must outlive it. The caller owns *ret (clusters_close). */
struct clusters *clusters_open(struct kube *own, size_t max);

/* Closes all clients; nobody may use one any more. NULL is allowed. */
void clusters_close(struct clusters *c);

/* The client of the cluster in `config`, in use until cx->arena is reset. Errors as kube_open. */
int clusters_acquire(struct ctx *cx, struct clusters *c, const struct kube_config *config,
                     struct cluster **ret_cluster) MUST_CHECK;

/* Its client; derive from it to act on behalf of others. */
struct kube *clusters_kube(struct cluster *cluster);

/* Makes sure that the cluster answers: 0 when it does (or did within a minute), 1 when another worker is asking it now: call
 * again a little later. When it does not answer, the error, and for CLUSTERS_DOWN_MS the same error at once. */
int clusters_reach(struct ctx *cx, struct cluster *cluster) MUST_CHECK;

#endif
