/*
 * proof.c: digests and look-up; the contract is in proof.h.
 */
#include "libgotk/ssa/proof.h"

#include "libgotk/base/hash.h"
#include "libgotk/base/str.h"
#include "libgotk/doc/json.h"

#include <stdlib.h>
#include <string.h>

/* Half of a SHA-256 is plenty: nobody gains by making two of his own manifests look alike. */
static void digest_of(const char *text, size_t n, unsigned char ret[PROOF_DIGEST_SIZE])
{
    unsigned char whole[32];
    hash_sha256(text, n, whole);
    memcpy(ret, whole, PROOF_DIGEST_SIZE);
}

static void digest_of_doc(struct arena *a, const struct doc *d, unsigned char ret[PROOF_DIGEST_SIZE])
{
    struct arena_mark mark = arena_mark(a);
    const char *text = json_text(a, d, JSON_SORTED);
    digest_of(text, strlen(text), ret);
    arena_release(a, mark);
}

void proof_id(struct arena *a, const struct kube_ref *ref, unsigned char ret_id[PROOF_DIGEST_SIZE])
{
    struct arena_mark mark = arena_mark(a);
    const char *slash = strchr(str_or(ref->api_version, ""), '/');
    int group_len = slash ? (int)(slash - ref->api_version) : 0;
    const char *text = str_fmt(a, "%.*s/%s/%s/%s", group_len, str_or(ref->api_version, ""),
                               str_or(ref->kind, ""), str_or(ref->ns, ""), str_or(ref->name, ""));
    digest_of(text, strlen(text), ret_id);
    arena_release(a, mark);
}

void proof_wanted(struct arena *a, const struct doc *manifest, unsigned char ret[PROOF_DIGEST_SIZE])
{
    digest_of_doc(a, manifest, ret);
}

/* A shallow copy that shares its children's text would need doc's inside; the print of each member is as good. */
void proof_result(struct arena *a, const struct doc *object, unsigned char ret[PROOF_DIGEST_SIZE])
{
    struct arena_mark mark = arena_mark(a);
    const struct doc *metadata = doc_find(object, "metadata");
    struct buf text = buf_new(a, (size_t)64 << 20);
    json_print(&text, doc_find(metadata, "labels"), JSON_SORTED);
    json_print(&text, doc_find(metadata, "annotations"), JSON_SORTED);
    doc_each (member, object) {
        if (str_eq(doc_key(member), "metadata") || str_eq(doc_key(member), "status"))
            continue;
        buf_fmt(&text, "\n%s:", doc_key(member));
        json_print(&text, member, JSON_SORTED);
    }
    digest_of(buf_text(&text), text.len, ret);
    arena_release(a, mark);
}

static int compare(const void *a, const void *b)
{
    const struct proof_object *x = a, *y = b;
    return memcmp(x->id, y->id, PROOF_DIGEST_SIZE);
}

const struct proof_object *proof_find(const struct proof *p, const unsigned char id[PROOF_DIGEST_SIZE])
{
    struct proof_object key = { 0 };
    if (!p || !p->len)
        return NULL;
    memcpy(key.id, id, PROOF_DIGEST_SIZE);
    return bsearch(&key, p->at, p->len, sizeof(key), compare);
}

void proof_sort(struct proof *p)
{
    if (p->len)
        qsort(p->at, p->len, sizeof(*p->at), compare);
}

bool proof_is_transient(const struct doc *manifest)
{
    return str_eq(doc_text_at(manifest, "kind"), "Job") &&
           str_starts(str_or(doc_text_at(manifest, "apiVersion"), ""), "batch/") &&
           doc_kind(doc_path(manifest, "spec", "ttlSecondsAfterFinished")) == DOC_NUMBER;
}

bool proof_stands(struct tracker *t, const struct kube_ref *ref, const struct proof_object *entry,
                  bool patient)
{
    struct tracker_mark now;
    if (entry->untouched)
        return true;
    enum tracker_view view = t ? tracker_look(t, ref, &now) : TRACKER_UNSURE;
    if (view == TRACKER_ABSENT)
        return entry->transient && patient;
    return view == TRACKER_PRESENT && tracker_stands(&entry->mark, &now);
}
