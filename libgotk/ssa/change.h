/*
 * change.h: what happened to each object of one apply or prune.
 *
 * A change set is an ordered list of entries in an arena; its text goes into events and error messages, its entries
 * into the inventory. Follows fluxcd/pkg/ssa's ChangeSet. One thread.
 */
#ifndef GOTK_SSA_CHANGE_H
#define GOTK_SSA_CHANGE_H

#include "libgotk/base/buf.h"
#include "libgotk/base/vec.h"
#include "libgotk/doc/doc.h"

enum change_action {
    CHANGE_UNKNOWN,
    CHANGE_CREATED,
    CHANGE_CONFIGURED,
    CHANGE_UNCHANGED,
    CHANGE_DELETED,
    CHANGE_SKIPPED,
};

struct change {
    const char *subject;     /* Kind/namespace/name */
    const char *id;          /* inventory id: namespace_name_group_kind */
    const char *api_version; /* of the object as applied */
    enum change_action action;
};

VEC_NAMED(changes, struct change);

/* Appends an entry for the object; its strings are copied into `a`. */
void change_add(struct arena *a, struct changes *set, const struct doc *object, enum change_action action);

/* "created", "configured", "unchanged", "deleted", "skipped", "unknown". */
const char *change_action_name(enum change_action action);

/* True for an action that changed the cluster: created, configured, deleted. */
bool change_is_real(enum change_action action);

/* Lines "<subject> <action>" without a trailing newline: all entries, or only the real changes. "" for none. */
const char *change_text(struct arena *a, const struct changes *set, bool only_real);

#endif
