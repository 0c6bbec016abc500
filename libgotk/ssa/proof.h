/*
 * proof.h: what an apply saw, kept so that the next one need not look again.
 *
 * Per object: digests of the manifest that was applied and of what the API server made of it, and the tracker's mark of the
 * object at that time. While the mark stands, the object is as it was when it was last verified; while the manifest is the
 * same too, there is nothing to ask. The proof of a Kustomization is the proofs of all its objects. Rejected: keeping the
 * objects themselves (the memory of a cluster cache). Plain values; any thread.
 */
#ifndef GOTK_SSA_PROOF_H
#define GOTK_SSA_PROOF_H

#include "libgotk/base/vec.h"
#include "libgotk/kube/tracker.h"

#define PROOF_DIGEST_SIZE 16

struct proof_object {
    unsigned char id[PROOF_DIGEST_SIZE];     /* of group, kind, namespace and name: proof_id */
    unsigned char wanted[PROOF_DIGEST_SIZE]; /* of the manifest: proof_wanted */
    unsigned char result[PROOF_DIGEST_SIZE]; /* of what a dry-run of it answered: proof_result */
    struct tracker_mark mark;
    uint64_t healthy; /* the resourceVersion, status and all, it was found to be current at; 0: it was not */
    bool skipped;     /* a marker on the manifest or the object keeps us away */
    bool transient;   /* a Job that goes some time after it finished */
    bool untouched;   /* skipped, and whether it is there does not matter: the mark says nothing */
};

VEC_NAMED(proof, struct proof_object);

/* The id of an object by its reference; versions of a group are one. */
void proof_id(struct arena *a, const struct kube_ref *ref, unsigned char ret_id[PROOF_DIGEST_SIZE]);

/* The digest of a manifest: the same for the same fields, whatever their order. */
void proof_wanted(struct arena *a, const struct doc *manifest, unsigned char ret[PROOF_DIGEST_SIZE]);

/* The digest of what counts for drift in an object of the API server: labels, annotations, all outside metadata and
 * status. Equal digests mean no drift; other digests must be compared by drift_found, which knows what counts as equal. */
void proof_result(struct arena *a, const struct doc *object, unsigned char ret[PROOF_DIGEST_SIZE]);

/* The object's entry in a sorted proof; NULL when there is none or `p` is NULL. */
const struct proof_object *proof_find(const struct proof *p, const unsigned char id[PROOF_DIGEST_SIZE]);

/* Brings entries into the order proof_find needs. */
void proof_sort(struct proof *p);

/* True for a Job with ttlSecondsAfterFinished: that it is gone need not mean that somebody took it. */
bool proof_is_transient(const struct doc *manifest);

/* True when the tracker has nothing to say against the entry. With `patient` a transient object may be gone: it comes again
 * at the next interval, as with Flux, and not for ever at once. */
bool proof_stands(struct tracker *t, const struct kube_ref *ref, const struct proof_object *entry,
                  bool patient);

#endif
