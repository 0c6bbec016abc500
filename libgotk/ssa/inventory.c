/*
 * inventory.c: inventory ids and set operations; the contract is in inventory.h.
 *
 * Sets are compared through a hash map: an inventory of 5,000 objects is diffed in linear time.
 */
#include "libgotk/ssa/inventory.h"

#include "libgotk/base/map.h"
#include "libgotk/base/str.h"
#include "libgotk/ssa/subject.h"

#include <string.h>

#define RBAC_GROUP "rbac.authorization.k8s.io"

char *inventory_id(struct arena *a, const struct doc *object)
{
    const char *group = subject_group(a, doc_text_at(object, "apiVersion"));
    const char *name = str_or(doc_text_at(object, "metadata", "name"), "");
    if (str_eq(group, RBAC_GROUP))
        name = str_replace(a, name, ":", "__");
    return str_fmt(a, "%s_%s_%s_%s", str_or(doc_text_at(object, "metadata", "namespace"), ""), name, group,
                   str_or(doc_text_at(object, "kind"), ""));
}

/* Splits an id into namespace, name, group, kind: the name may hold underscores, the others may not. */
static bool split_id(struct arena *a, const char *id, const char *ret_parts[4])
{
    const char *ns_end = strchr(id, '_'), *kind = strrchr(id, '_');
    if (!ns_end || ns_end == kind)
        return false;
    const char *group = memrchr(id, '_', (size_t)(kind - id));
    if (!group || group <= ns_end)
        return false;
    ret_parts[0] = str_ndup(a, id, (size_t)(ns_end - id));
    ret_parts[1] = str_replace(a, str_ndup(a, ns_end + 1, (size_t)(group - ns_end - 1)), "__", ":");
    ret_parts[2] = str_ndup(a, group + 1, (size_t)(kind - group - 1));
    ret_parts[3] = str_dup(a, kind + 1);
    return *ret_parts[1] && *ret_parts[3];
}

int inventory_object(struct ctx *cx, const struct inventory_entry *entry, struct doc **ret_object)
{
    const char *parts[4];
    struct arena *a = cx->arena;
    if (!split_id(a, str_or(entry->id, ""), parts))
        return err_fail(cx, ERR_INVALID, "unable to parse stored object metadata: %s",
                        str_or(entry->id, "(no id)"));
    struct doc *object = doc_object(a), *meta = doc_object(a);
    const char *api = *parts[2] ? str_fmt(a, "%s/%s", parts[2], entry->v) : entry->v;
    doc_set_text(a, object, "apiVersion", api);
    doc_set_text(a, object, "kind", parts[3]);
    doc_set(a, object, "metadata", meta);
    doc_set_text(a, meta, "name", parts[1]);
    doc_set_text(a, meta, "namespace", *parts[0] ? parts[0] : NULL);
    *ret_object = object;
    return 0;
}

static struct map ids_of(struct arena *a, const struct inventory *inv)
{
    struct map ids = map_new(a);
    for (size_t i = 0; inv && i < inv->entries_count; i++)
        map_set(&ids, inv->entries[i].id, &inv->entries[i]);
    return ids;
}

struct inventory *inventory_of_changes(struct arena *a, const struct changes *set)
{
    struct inventory *inv = ARENA_NEW(a, struct inventory);
    inv->entries = ARENA_ARRAY(a, struct inventory_entry, set->len);
    for (size_t i = 0; i < set->len; i++)
        inv->entries[inv->entries_count++] = (struct inventory_entry){
            .id = set->at[i].id,
            .v = subject_version(set->at[i].api_version),
        };
    return inv;
}

struct inventory *inventory_stale(struct arena *a, const struct inventory *old, const struct inventory *now)
{
    struct inventory *stale = ARENA_NEW(a, struct inventory);
    struct map ids = ids_of(a, now);
    stale->entries = ARENA_ARRAY(a, struct inventory_entry, old ? old->entries_count : 0);
    for (size_t i = 0; old && i < old->entries_count; i++)
        if (!map_has(&ids, old->entries[i].id))
            stale->entries[stale->entries_count++] = old->entries[i];
    return stale;
}

void inventory_append(struct arena *a, struct inventory *into, const struct inventory_entry *entries,
                      size_t count)
{
    struct map ids = ids_of(a, into);
    struct inventory_entry *grown = ARENA_ARRAY(a, struct inventory_entry, into->entries_count + count);
    memcpy(grown, into->entries, into->entries_count * sizeof(*grown));
    into->entries = grown;
    for (size_t i = 0; i < count; i++)
        if (!map_has(&ids, entries[i].id))
            into->entries[into->entries_count++] = entries[i];
}
