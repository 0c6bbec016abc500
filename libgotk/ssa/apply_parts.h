/*
 * apply_parts.h: what the chapters of a staged apply share: apply.c (the story), apply_proof.c (what need not be asked),
 * apply_dryrun.c (the dry-run and what a refusal leads to), apply_create.c (what is made without one), apply_wait.c (what it
 * waits for).
 */
#ifndef GOTK_SSA_APPLY_PARTS_H
#define GOTK_SSA_APPLY_PARTS_H

#include "libgotk/ssa/apply.h"
#include "libgotk/ssa/subject.h"
#include "libgotk/ssa/wait.h"

/* One object on its way through a stage. */
struct item {
    struct doc *wanted;
    const char *name;        /* Kind/namespace/name, for messages */
    struct doc *live;        /* NULL: not there, or unread */
    struct err unread;       /* why the GET failed, when otherwise than by "not found" */
    const struct doc *after; /* what the dry-run or apply says it becomes */
    enum change_action action;
    bool patched;      /* the live object's metadata was: it must be applied */
    const char *error; /* NULL: fine so far */
    int error_code;

    /* What is known without asking (apply_proof.c). */
    const struct proof_object *known;        /* of an earlier apply; NULL: nothing */
    unsigned char digest[PROOF_DIGEST_SIZE]; /* of wanted */
    bool stands;                             /* the live object is as `known` saw it */
    bool absent;  /* the tracker knows no such object: one without our label may be there all the same */
    bool look;    /* the dry-run made it necessary to read the live object after all */
    bool ruled;   /* an ignore rule may be for it: without its live object nothing is known */
    bool settled; /* nothing needs to be asked or done */
    bool applied; /* `after` is what was stored */
    bool going;   /* it was deleted, and is waited for to be gone: then it is made anew */
};

/* All one apply knows. */
struct apply {
    struct arena *arena; /* of what outlasts a part: the one it was opened in */
    struct kube *kube;
    const struct apply_options *options;
    struct changes *changes;
    struct item *items; /* of the present stage, sorted */
    size_t count;
    struct item *daring; /* the one to be made without a dry-run; NULL: none */

    /* Where it is, for as long as it takes. */
    const struct doc *objects;
    enum ssa_stage stage;
    size_t part;           /* of the stage: the index in a table of apply.c */
    bool settled;          /* no item of the stage needs anything */
    struct wait_set await; /* what it waits for to be current, and until when it waits for anything */
};

/* apply.c */

/* How many requests may run at once. */
size_t apply_parallel(const struct apply *ap);

/* The call that applies an object. */
struct kube_call apply_call(const struct apply *ap, const struct doc *object, bool dry_run);

/* Reads the live objects of those items that `wanted` is true for; failures other than "not found" are kept in them. */
int apply_read(struct ctx *cx, struct apply *ap, bool (*wanted)(const struct item *it)) MUST_CHECK;

/* "<group>/<name>", the key of a marker. */
const char *apply_marker(struct ctx *cx, const struct apply *ap, const char *name);

/* Marks what markers on the manifest or the live object keep us away from. */
void apply_mark_skipped(struct ctx *cx, struct apply *ap);

/* The error in cx becomes the item's, without a Secret's values. */
void apply_fail_item(struct ctx *cx, struct item *it);

/* True when somebody whose fields are to be taken over wrote between the look at an object and its apply. */
bool apply_left_unclean(struct ctx *cx, const struct apply *ap, const struct item *it);

/* apply_proof.c */

/* Fills in what is known of each item, and settles those that need nothing. */
void apply_recall(struct ctx *cx, struct apply *ap);

/* Adds an entry for an item that went well to the proof. */
void apply_record(struct ctx *cx, const struct apply *ap, const struct item *it);

/* True when the dry-run of an item answered what it answered when it was last verified, and the object stands. */
bool apply_proves_unchanged(struct ctx *cx, const struct item *it);

/* apply_dryrun.c */

/* True for an item whose live object has to be read after all. */
bool apply_needs_look(const struct item *it);

/* Dry-runs all items that still want it: neither settled, skipped, daring nor tried before; what is refused is explained in
 * the item, or on its way to be recreated. */
int apply_dry_run(struct ctx *cx, struct apply *ap) MUST_CHECK;

/* Dry-runs an item again whose object is gone. */
void apply_recreate(struct ctx *cx, struct apply *ap, struct item *it);

/* apply_create.c */

/* Makes the first object of the stage daring where nothing seems to be in its place: the others are tried before it. */
void apply_dare(struct apply *ap);

/* An apply_next: makes the daring object, if the others may be applied and nothing is in its place; else dry-runs it. */
int apply_create_daring(struct ctx *cx, struct apply *ap) MUST_CHECK;

/* apply_wait.c */

/* An apply_next: APPLY_DONE once no item is going any more. What does not go in time is explained in the item. */
int apply_await_departures(struct ctx *cx, struct apply *ap) MUST_CHECK;

/* Begins to wait for the objects of the stage, each named by the document it is known by, to be current. */
void apply_rely_on(struct ctx *cx, struct apply *ap, const struct item *it, const struct doc *identity);

/* An apply_next: APPLY_DONE once all that was named by apply_rely_on is current. */
int apply_await_stage(struct ctx *cx, struct apply *ap) MUST_CHECK;

#endif
