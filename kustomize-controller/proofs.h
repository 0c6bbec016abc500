/*
 * proofs.h: what is kept of each Kustomization's last success, so that an interval without news asks nobody.
 *
 * A proof has the digest of all inputs (artifact, spec, variables) and the proofs of all objects (ssa/proof.h). It is made by
 * a run that went well and dropped by one that failed. While a run is on its way its objects may change without that being
 * drift; afterwards the tracker's events are held against what the run left. Memory: about 100 bytes an object.
 * Workers and reflector threads, behind one leaf lock.
 */
#ifndef GOTK_KUSTOMIZE_PROOFS_H
#define GOTK_KUSTOMIZE_PROOFS_H

#include "libgotk/api/meta.h"
#include "libgotk/ssa/proof.h"

struct proofs;

/* A proof as a run reads and leaves it. */
struct kept_proof {
    unsigned char inputs[PROOF_DIGEST_SIZE]; /* all zero: the inputs cannot be known (a remote base) */
    struct proof objects;                    /* sorted */
    int64_t checked_ms; /* when the last run that dry-ran every object began, as ctx_now_ms counts */
    int64_t due_ms;     /* when the next interval run is due */
};

/* A table without proofs; the caller owns it (proofs_close; NULL is allowed). */
struct proofs *proofs_open(void);
void proofs_close(struct proofs *p);

/* A run of the Kustomization begins: events of its objects are no drift until it ends. True with the proof copied into
 * `a` when there is one. */
bool proofs_begin(struct proofs *p, struct arena *a, const struct meta *owner, struct kept_proof *ret);

/* The run ended well and leaves this proof. */
void proofs_keep(struct proofs *p, const struct meta *owner, const struct kept_proof *proof);

/* The run ended without having done anything: the proof is as it was. */
void proofs_rest(struct proofs *p, const struct meta *owner);

/* The run ended otherwise: there is no proof any more. */
void proofs_drop(struct proofs *p, const struct meta *owner);

/* The Kustomization is gone. */
void proofs_forget(struct proofs *p, const struct meta *owner);

/* True when what the tracker says of an object (mark NULL: it is gone) is not what the proof of its Kustomization says; false
 * too when there is no proof or a run is on its way. */
bool proofs_contradicts(struct proofs *p, const char *ns, const char *name, const struct kube_ref *ref,
                        const struct tracker_mark *mark);

/* Milliseconds until the next correction of drift may run: 0 now, and then it is counted. Ten may run at once, further ones
 * once a minute: somebody who insists is met at a human pace, not in a race. */
int64_t proofs_spend(struct proofs *p, const struct meta *owner, int64_t now_ms);

#endif
