/*
 * managers.c: the clean-up patch; the contract is in managers.h.
 *
 * A managedFields entry's fieldsV1 is a tree of path elements, so the union of two field sets is a deep merge of their
 * trees.
 */
#include "libgotk/ssa/managers.h"

#include "libgotk/base/str.h"
#include "libgotk/doc/patch.h"

/* Left over by kubectl apply and by older Flux versions. */
static const char *const stale_annotations[] = {
    "kubectl.kubernetes.io/last-applied-configuration",
    "kustomize.toolkit.fluxcd.io/checksum",
    "fluxcd.io/sync-checksum",
};
static const char *const stale_labels[] = { "fluxcd.io/sync-gc-mark" };

/* Managers whose fields become ours: name by prefix, and the operation. */
struct rule {
    const char *prefix;
    const char *operation;
};
static const struct rule rules[] = {
    { "kubectl", "Apply" },
    { "kubectl", "Update" },
    { "before-first-apply", "Update" },
    { "kustomize-controller", "Update" },
};

static void append_operation(struct arena *a, struct doc *patch, const char *op, const char *path,
                             struct doc *value)
{
    struct doc *operation = doc_object(a);
    doc_set_text(a, operation, "op", op);
    doc_set_text(a, operation, "path", path);
    if (value)
        doc_set(a, operation, "value", value);
    doc_append(patch, operation);
}

static void remove_keys(struct arena *a, struct doc *patch, const struct doc *live, const char *map,
                        const char *const *keys, size_t count)
{
    const char *base = str_fmt(a, "/metadata/%s", map);
    for (size_t i = 0; i < count; i++)
        if (doc_path(live, "metadata", map, keys[i]))
            append_operation(a, patch, "remove", patch_pointer_join(a, base, keys[i]), NULL);
}

static bool is_taken_over(const struct doc *entry, const char *const *overridden, size_t count)
{
    const char *manager = doc_text_at(entry, "manager"), *operation = doc_text_at(entry, "operation");
    if (!str_empty(doc_text_at(entry, "subresource")))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(rules); i++)
        if (str_starts(manager, rules[i].prefix) && str_eq(operation, rules[i].operation))
            return true;
    for (size_t i = 0; i < count; i++)
        if (str_starts(manager, overridden[i]))
            return true;
    return false;
}

static bool is_own(const struct doc *entry, const char *own)
{
    return str_eq(doc_text_at(entry, "manager"), own) && str_eq(doc_text_at(entry, "operation"), "Apply") &&
           str_empty(doc_text_at(entry, "subresource"));
}

static void unite_fields(struct arena *a, struct doc *into, const struct doc *from)
{
    doc_each (field, from) {
        struct doc *mine = doc_find(into, doc_key(field));
        if (mine && doc_kind(mine) == DOC_OBJECT && doc_kind(field) == DOC_OBJECT)
            unite_fields(a, mine, field);
        else if (!mine)
            doc_set(a, into, doc_key(field), doc_copy(a, field));
    }
}

static void take_over(struct arena *a, struct doc **mine, const struct doc *entry, const char *own)
{
    if (*mine) {
        unite_fields(a, doc_ensure(a, *mine, "fieldsV1"), doc_find(entry, "fieldsV1"));
        return;
    }
    *mine = doc_copy(a, entry);
    doc_set_text(a, *mine, "manager", own);
    doc_set_text(a, *mine, "operation", "Apply");
}

/* The new managedFields: kept entries in order, ours last; NULL when no other manager is to be taken over. */
static struct doc *managed_fields(struct arena *a, const struct doc *live, const char *own,
                                  const char *const *overridden, size_t count)
{
    struct doc *kept = doc_array(a), *mine = NULL;
    bool taken = false;
    doc_each (entry, doc_path(live, "metadata", "managedFields"))
        if (is_own(entry, own))
            mine = doc_copy(a, entry);
    doc_each (entry, doc_path(live, "metadata", "managedFields")) {
        if (is_own(entry, own))
            continue;
        if (is_taken_over(entry, overridden, count)) {
            take_over(a, &mine, entry, own);
            taken = true;
        } else {
            doc_append(kept, doc_copy(a, entry));
        }
    }
    if (!taken)
        return NULL;
    doc_append(kept, mine);
    return kept;
}

struct doc *managers_cleanup(struct arena *a, const struct doc *live, const char *own,
                             const char *const *overridden, size_t overridden_count)
{
    struct doc *patch = doc_array(a);
    remove_keys(a, patch, live, "annotations", stale_annotations, ARRAY_LEN(stale_annotations));
    remove_keys(a, patch, live, "labels", stale_labels, ARRAY_LEN(stale_labels));
    struct doc *fields = managed_fields(a, live, own, overridden, overridden_count);
    if (fields)
        append_operation(a, patch, "replace", "/metadata/managedFields", fields);
    return doc_len(patch) ? patch : NULL;
}

struct doc *managers_migrate(struct arena *a, const struct doc *live, const char *api_version)
{
    const struct doc *entries = doc_path(live, "metadata", "managedFields");
    struct doc *patch = doc_array(a), *migrated = doc_array(a);
    bool changed = false;
    doc_each (entry, entries) {
        struct doc *copy = doc_copy(a, entry);
        changed = changed || !str_eq(doc_text_at(entry, "apiVersion"), api_version);
        doc_set_text(a, copy, "apiVersion", api_version);
        doc_append(migrated, copy);
    }
    if (!changed)
        return NULL;
    append_operation(a, patch, "replace", "/metadata/managedFields", migrated);
    return patch;
}

void managers_only_of(struct arena *a, struct doc *patch, const struct doc *live)
{
    const char *version = doc_text_at(live, "metadata", "resourceVersion");
    if (version)
        append_operation(a, patch, "replace", "/metadata/resourceVersion", doc_string(a, version));
}
