/*
 * proofs.c: the table of proofs; the contract is in proofs.h.
 */
#include "kustomize-controller/proofs.h"

#include "libgotk/base/mem.h"
#include "libgotk/base/str.h"
#include "libgotk/base/table.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define BURST     10
#define REFILL_MS 60000

struct entry {
    struct table_node node;
    bool running;
    bool valid;              /* `proof` is one */
    struct kept_proof proof; /* objects.at is ours */
    int corrections;         /* of drift, in the present burst */
    int64_t corrected_ms;    /* when that number was last brought up to date */
    char key[];
};

struct proofs {
    pthread_mutex_t lock;
    struct table entries;
};

struct proofs *proofs_open(void)
{
    struct proofs *p = mem_alloc(sizeof(*p));
    pthread_mutex_init(&p->lock, NULL);
    return p;
}

static void free_entry(struct table_node *node)
{
    struct entry *e = CONTAINER_OF(node, struct entry, node);
    mem_free(e->proof.objects.at);
    mem_free(e);
}

void proofs_close(struct proofs *p)
{
    if (!p)
        return;
    table_done(&p->entries, free_entry);
    pthread_mutex_destroy(&p->lock);
    mem_free(p);
}

/* --- under the lock --- */

static struct entry *find(const struct proofs *p, const char *ns, const char *name)
{
    char key[600];
    if (snprintf(key, sizeof(key), "%s/%s", str_or(ns, ""), name) >= (int)sizeof(key))
        return NULL; /* names of the API server are shorter */
    struct table_node *node = table_find(&p->entries, key);
    return node ? CONTAINER_OF(node, struct entry, node) : NULL;
}

static struct entry *find_or_add(struct proofs *p, const struct meta *owner)
{
    struct entry *e = find(p, owner->ns, owner->name);
    if (e)
        return e;
    size_t size = strlen(str_or(owner->ns, "")) + strlen(owner->name) + 2;
    e = mem_alloc(sizeof(*e) + size);
    snprintf(e->key, size, "%s/%s", str_or(owner->ns, ""), owner->name);
    e->node.key = e->key;
    table_add(&p->entries, &e->node);
    return e;
}

static void set_proof(struct entry *e, const struct kept_proof *proof)
{
    size_t size = proof->objects.len * sizeof(struct proof_object);
    mem_free(e->proof.objects.at);
    e->proof = *proof;
    e->proof.objects.at = mem_alloc_raw(size ? size : 1);
    if (size)
        memcpy(e->proof.objects.at, proof->objects.at, size);
    e->valid = true;
}

static void drop_proof(struct entry *e)
{
    mem_free(e->proof.objects.at);
    e->proof = (struct kept_proof){ 0 };
    e->valid = false;
}

/* --- what others call --- */

bool proofs_begin(struct proofs *p, struct arena *a, const struct meta *owner, struct kept_proof *ret)
{
    pthread_mutex_lock(&p->lock);
    struct entry *e = find_or_add(p, owner);
    bool valid = e->valid;
    e->running = true;
    if (valid) {
        *ret = e->proof;
        ret->objects.at = ARENA_ARRAY(a, struct proof_object, e->proof.objects.len);
        memcpy(ret->objects.at, e->proof.objects.at, ret->objects.len * sizeof(struct proof_object));
    }
    pthread_mutex_unlock(&p->lock);
    return valid;
}

void proofs_keep(struct proofs *p, const struct meta *owner, const struct kept_proof *proof)
{
    pthread_mutex_lock(&p->lock);
    struct entry *e = find_or_add(p, owner);
    set_proof(e, proof);
    e->running = false;
    pthread_mutex_unlock(&p->lock);
}

void proofs_rest(struct proofs *p, const struct meta *owner)
{
    pthread_mutex_lock(&p->lock);
    find_or_add(p, owner)->running = false;
    pthread_mutex_unlock(&p->lock);
}

void proofs_drop(struct proofs *p, const struct meta *owner)
{
    pthread_mutex_lock(&p->lock);
    struct entry *e = find(p, owner->ns, owner->name);
    if (e) {
        drop_proof(e);
        e->running = false;
    }
    pthread_mutex_unlock(&p->lock);
}

void proofs_forget(struct proofs *p, const struct meta *owner)
{
    pthread_mutex_lock(&p->lock);
    struct entry *e = find(p, owner->ns, owner->name);
    if (e) {
        table_remove(&p->entries, &e->node);
        free_entry(&e->node);
    }
    pthread_mutex_unlock(&p->lock);
}

static bool contradicts(const struct entry *e, const unsigned char *id, const struct tracker_mark *mark)
{
    const struct proof_object *object = proof_find(&e->proof.objects, id);
    if (!object || object->untouched || (!mark && object->transient))
        return false;
    return !mark || !tracker_stands(&object->mark, mark);
}

bool proofs_contradicts(struct proofs *p, const char *ns, const char *name, const struct kube_ref *ref,
                        const struct tracker_mark *mark)
{
    CLEANUP(arena_cleanup) struct arena *a = arena_new((size_t)64 << 10);
    unsigned char id[PROOF_DIGEST_SIZE];
    proof_id(a, ref, id);
    pthread_mutex_lock(&p->lock);
    const struct entry *e = find(p, ns, name);
    bool contradicted = e && e->valid && !e->running && contradicts(e, id, mark);
    pthread_mutex_unlock(&p->lock);
    return contradicted;
}

static int64_t spend(struct entry *e, int64_t now_ms)
{
    int64_t refilled = (now_ms - e->corrected_ms) / REFILL_MS;
    e->corrections = refilled >= e->corrections ? 0 : e->corrections - (int)refilled;
    e->corrected_ms = e->corrections ? e->corrected_ms + refilled * REFILL_MS : now_ms;
    if (e->corrections >= BURST)
        return e->corrected_ms + REFILL_MS - now_ms;
    e->corrections++;
    return 0;
}

int64_t proofs_spend(struct proofs *p, const struct meta *owner, int64_t now_ms)
{
    pthread_mutex_lock(&p->lock);
    int64_t wait_ms = spend(find_or_add(p, owner), now_ms);
    pthread_mutex_unlock(&p->lock);
    return wait_ms;
}
