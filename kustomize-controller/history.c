/*
 * history.c: upsert of run outcomes; the contract is in history.h.
 */
#include "kustomize-controller/history.h"

#include "libgotk/base/gotime.h"
#include "libgotk/base/str.h"

#define HISTORY_MAX 5

static bool is_same(const struct doc *entry, const struct history_outcome *outcome)
{
    return str_eq(doc_text_at(entry, "digest"), outcome->digest) &&
           str_eq(doc_text_at(entry, "lastReconciledStatus"), outcome->status);
}

static struct doc *find_same(const struct doc *history, const struct history_outcome *outcome)
{
    doc_each (entry, history)
        if (is_same(entry, outcome))
            return entry;
    return NULL;
}

static struct doc *new_entry(struct arena *a, const struct doc *same, const struct history_outcome *outcome)
{
    const char *finished = gotime_rfc3339(a, outcome->finished_ns / GOTIME_SECOND);
    int64_t count = 0;
    doc_get_int(doc_find(same, "totalReconciliations"), &count);
    struct doc *entry = doc_object(a), *metadata = doc_object(a);
    doc_set_text(a, metadata, "revision", outcome->revision);
    doc_set_text(a, metadata, "originRevision", outcome->origin_revision);
    doc_set_text(a, entry, "digest", outcome->digest);
    doc_set_text(a, entry, "firstReconciled", str_or(doc_text_at(same, "firstReconciled"), finished));
    doc_set_text(a, entry, "lastReconciled", finished);
    doc_set_text(a, entry, "lastReconciledDuration", outcome->took);
    doc_set_text(a, entry, "lastReconciledStatus", outcome->status);
    doc_set_int(a, entry, "totalReconciliations", count + 1);
    doc_set(a, entry, "metadata", metadata);
    return entry;
}

struct doc *history_upsert(struct arena *a, const struct doc *old, const struct history_outcome *outcome)
{
    struct doc *history = doc_array(a), *same = find_same(old, outcome);
    doc_append(history, new_entry(a, same, outcome));
    doc_each (entry, old)
        if (entry != same && doc_len(history) < HISTORY_MAX)
            doc_append(history, doc_copy(a, entry));
    return history;
}
