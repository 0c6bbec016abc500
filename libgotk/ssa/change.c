/*
 * change.c: change sets; the contract is in change.h.
 */
#include "libgotk/ssa/change.h"

#include "libgotk/base/str.h"
#include "libgotk/ssa/inventory.h"
#include "libgotk/ssa/subject.h"

#define TEXT_MAX ((size_t)4 << 20)

static const char *const action_names[] = {
    [CHANGE_UNKNOWN] = "unknown",     [CHANGE_CREATED] = "created", [CHANGE_CONFIGURED] = "configured",
    [CHANGE_UNCHANGED] = "unchanged", [CHANGE_DELETED] = "deleted", [CHANGE_SKIPPED] = "skipped",
};

void change_add(struct arena *a, struct changes *set, const struct doc *object, enum change_action action)
{
    struct change entry = {
        .subject = subject_name(a, object),
        .id = inventory_id(a, object),
        .api_version = str_dup(a, doc_text_at(object, "apiVersion")),
        .action = action,
    };
    vec_push(a, set, entry);
}

const char *change_action_name(enum change_action action)
{
    return action_names[action];
}

bool change_is_real(enum change_action action)
{
    return action == CHANGE_CREATED || action == CHANGE_CONFIGURED || action == CHANGE_DELETED;
}

const char *change_text(struct arena *a, const struct changes *set, bool only_real)
{
    struct buf text = buf_new(a, TEXT_MAX);
    for (size_t i = 0; i < set->len; i++) {
        const struct change *c = &set->at[i];
        if (!only_real || change_is_real(c->action))
            buf_fmt(&text, "%s%s %s", text.len ? "\n" : "", c->subject, change_action_name(c->action));
    }
    return buf_text(&text);
}
