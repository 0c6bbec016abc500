/*
 * ready.c: object states between stages; the contract is in ready.h.
 */
#include "libgotk/ssa/ready.h"

#include "libgotk/base/str.h"

static const char *const state_names[] = {
    [READY_CURRENT] = "Current",         [READY_IN_PROGRESS] = "InProgress", [READY_FAILED] = "Failed",
    [READY_TERMINATING] = "Terminating", [READY_NOT_FOUND] = "NotFound",
};

static bool has_condition(const struct doc *live, const char *type, const char *status)
{
    doc_each (condition, doc_path(live, "status", "conditions"))
        if (str_eq(doc_text_at(condition, "type"), type) && str_eq(doc_text_at(condition, "status"), status))
            return true;
    return false;
}

/* A CRD serves once its names are accepted and it is established. */
static enum ready_state crd_state(const struct doc *live)
{
    if (has_condition(live, "NamesAccepted", "False") || has_condition(live, "Established", "False"))
        return has_condition(live, "NamesAccepted", "False") ? READY_FAILED : READY_IN_PROGRESS;
    return has_condition(live, "Established", "True") ? READY_CURRENT : READY_IN_PROGRESS;
}

/* Custom resources: a status that lags behind the spec, or says so itself. */
static enum ready_state generic_state(const struct doc *live)
{
    int64_t generation = 0, observed = 0;
    if (doc_get_int(doc_path(live, "metadata", "generation"), &generation) &&
        doc_get_int(doc_path(live, "status", "observedGeneration"), &observed) && generation != observed)
        return READY_IN_PROGRESS;
    if (has_condition(live, "Stalled", "True"))
        return READY_FAILED;
    if (has_condition(live, "Reconciling", "True") || has_condition(live, "Ready", "False") ||
        has_condition(live, "Ready", "Unknown"))
        return READY_IN_PROGRESS;
    return READY_CURRENT;
}

enum ready_state ready_state_of(const struct doc *live)
{
    if (!live)
        return READY_NOT_FOUND;
    if (doc_text_at(live, "metadata", "deletionTimestamp"))
        return READY_TERMINATING;
    if (str_eq(doc_text_at(live, "kind"), "CustomResourceDefinition"))
        return crd_state(live);
    return generic_state(live);
}

const char *ready_state_name(enum ready_state state)
{
    return state_names[state];
}
