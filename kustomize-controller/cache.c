/*
 * cache.c: shared unpacked artifacts; the contract is in cache.h.
 *
 * A list of trees behind one mutex. A tree is made by the first worker that wants it; others wait on the condition
 * variable, looking at their cancel flag every 100 ms. A tree that could not be made is handed to those who waited as the
 * same error, and forgotten; those for whom it would be wrong (another URL, the maker was cancelled) try by themselves.
 * Process memory (mem.h): trees outlive reconciles.
 */
#include "kustomize-controller/cache.h"

#include "libgotk/artifact/extract.h"
#include "libgotk/artifact/fetch.h"
#include "libgotk/base/fs.h"
#include "libgotk/base/mem.h"
#include "libgotk/base/str.h"
#include "libgotk/base/thread.h"

#include <pthread.h>

#define IDLE_MS           60000
#define WAIT_SLICE_MS     100
#define UNPACK_TIMEOUT_MS 300000
#define UNPACK_MEMORY     ((size_t)256 << 20)
#define UNPACK_FILE_MAX   ((size_t)1 << 30)

enum tree_state { TREE_MAKING, TREE_READY, TREE_FAILED };

struct tree {
    struct tree *next;
    struct tree_cache *cache;
    char *digest;
    char *url; /* where its maker looks for it */
    char *path;
    enum tree_state state;
    int users;
    int64_t idle_since_ms;
    int error_code; /* TREE_FAILED */
    char *error;
};

struct tree_cache {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct tree *trees;
    char *folder;
    int64_t retries;
    unsigned next_number; /* of the next tree's folder: a failed tree's name is never used again */
};

/* ---- the child: unpacking ---------------------------------------------------------------------------------------- */

static int unpack_in_child(struct ctx *cx, struct job_side *side UNUSED, const struct doc *input,
                           struct buf *ret_output UNUSED)
{
    return artifact_extract(cx, doc_text_at(input, "archive"), doc_text_at(input, "target"), NULL);
}

const struct job unpack_job = { .name = "unpack artifact", .run = unpack_in_child };

static int unpack(struct ctx *cx, const char *archive, const char *target)
{
    struct doc *input = doc_object(cx->arena);
    doc_set_text(cx->arena, input, "archive", archive);
    doc_set_text(cx->arena, input, "target", target);
    const struct job_limits limits = {
        .memory_max = UNPACK_MEMORY,
        .timeout_ms = UNPACK_TIMEOUT_MS,
        .file_max = UNPACK_FILE_MAX,
        .read_dirs = (const char *const[]){ archive, NULL },
        .write_dirs = (const char *const[]){ target, NULL },
    };
    struct buf output = buf_new(cx->arena, 1024);
    return job_run(cx, &unpack_job, &limits, input, NULL, NULL, &output);
}

/* ---- making and removing a tree, without the lock ----------------------------------------------------------------- */

static int make_tree(struct ctx *cx, struct tree_cache *cache, const struct artifact *artifact,
                     const char *path)
{
    const char *archive = str_fmt(cx->arena, "%s.tar.gz", path);
    const struct artifact_fetch fetch = { artifact->url, artifact->digest, cache->retries };
    if (artifact_download(cx, &fetch, archive) < 0)
        return cx->err.code;
    int rc = fs_mkdirs(cx, path, 0700);
    if (rc == 0)
        rc = unpack(cx, archive, path);
    fs_remove_tree_deferred((void *)(uintptr_t)archive);
    if (rc < 0)
        fs_remove_tree_deferred((void *)(uintptr_t)path);
    return rc;
}

static void free_tree(struct tree *t)
{
    mem_free(t->digest);
    mem_free(t->url);
    mem_free(t->path);
    mem_free(t->error);
    mem_free(t);
}

/* ---- the list, under the lock ------------------------------------------------------------------------------------- */

static struct tree *find_tree(struct tree_cache *cache, const char *digest)
{
    for (struct tree *t = cache->trees; t; t = t->next)
        if (str_eq(t->digest, digest))
            return t;
    return NULL;
}

static struct tree *add_tree(struct tree_cache *cache, const struct artifact *artifact)
{
    struct tree *t = mem_alloc(sizeof(*t));
    CLEANUP(arena_cleanup) struct arena *scratch = arena_new(8192);
    *t = (struct tree){
        .next = cache->trees,
        .cache = cache,
        .digest = mem_strdup(str_or(artifact->digest, "")),
        .url = mem_strdup(str_or(artifact->url, "")),
        .path = mem_strdup(str_fmt(scratch, "%s/%u", cache->folder, cache->next_number++)),
    };
    cache->trees = t;
    return t;
}

static void unlink_tree(struct tree_cache *cache, const struct tree *gone)
{
    for (struct tree **p = &cache->trees; *p; p = &(*p)->next)
        if (*p == gone) {
            *p = gone->next;
            return;
        }
}

/* Takes the trees that have been idle for long (and failed ones) out of the list; the caller removes them. */
static struct tree *take_idle(struct tree_cache *cache, int64_t now_ms)
{
    struct tree *taken = NULL;
    for (struct tree *t = cache->trees, *next; t; t = next) {
        next = t->next;
        bool stale = t->state == TREE_READY && now_ms - t->idle_since_ms >= IDLE_MS;
        if (t->users || !(stale || t->state == TREE_FAILED))
            continue;
        unlink_tree(cache, t);
        t->next = taken;
        taken = t;
    }
    return taken;
}

static void remove_trees(struct tree *taken)
{
    for (struct tree *next; taken; taken = next) {
        next = taken->next;
        fs_remove_tree_deferred(taken->path);
        free_tree(taken);
    }
}

static void release(void *user)
{
    struct tree *t = user;
    struct tree_cache *cache = t->cache;
    int64_t now = ctx_now_ms();
    pthread_mutex_lock(&cache->lock);
    t->users--;
    t->idle_since_ms = now;
    struct tree *idle = take_idle(cache, now);
    pthread_mutex_unlock(&cache->lock);
    remove_trees(idle);
}

static void settle(struct ctx *cx, struct tree *t, int rc)
{
    pthread_mutex_lock(&t->cache->lock);
    t->state = rc < 0 ? TREE_FAILED : TREE_READY;
    if (rc < 0) {
        t->error_code = rc;
        t->error = mem_strdup(err_message(cx));
    }
    pthread_cond_broadcast(&t->cache->changed);
    pthread_mutex_unlock(&t->cache->lock);
}

/* Waits for another worker to finish the tree. */
static int wait_for(struct ctx *cx, struct tree *t)
{
    pthread_mutex_lock(&t->cache->lock);
    while (t->state == TREE_MAKING && !ctx_done(cx))
        thread_wait_until(&t->cache->changed, &t->cache->lock, ctx_now_ms() + WAIT_SLICE_MS);
    enum tree_state state = t->state;
    pthread_mutex_unlock(&t->cache->lock);
    if (state == TREE_MAKING)
        return ctx_check(cx);
    return state == TREE_FAILED ? err_fail(cx, t->error_code, "%s", t->error) : 0;
}

/* ---- the interface ------------------------------------------------------------------------------------------------- */

/* The artifact's tree, counted as used; *ret_make: the caller is to make it. */
static struct tree *join_tree(struct ctx *cx, struct tree_cache *cache, const struct artifact *artifact,
                              bool *ret_make)
{
    pthread_mutex_lock(&cache->lock);
    struct tree *t = find_tree(cache, str_or(artifact->digest, ""));
    *ret_make = !t || t->state == TREE_FAILED;
    if (*ret_make)
        t = add_tree(cache, artifact);
    t->users++;
    pthread_mutex_unlock(&cache->lock);
    arena_defer(cx->arena, release, t);
    return t;
}

/* The failure of another's tree says nothing about ours when it was looked for elsewhere, or given up. */
static bool is_others_failure(struct ctx *cx, const struct tree *t, const struct artifact *artifact)
{
    if (ctx_done(cx) || t->state != TREE_FAILED)
        return false;
    return t->error_code == ERR_CANCELED || !str_eq(t->url, str_or(artifact->url, ""));
}

int tree_cache_acquire(struct ctx *cx, struct tree_cache *cache, const struct artifact *artifact,
                       const char **ret_path)
{
    for (;;) {
        bool make;
        struct tree *t = join_tree(cx, cache, artifact, &make);
        int rc = make ? make_tree(cx, cache, artifact, t->path) : wait_for(cx, t);
        if (make)
            settle(cx, t, rc);
        if (rc == 0)
            *ret_path = t->path;
        if (rc == 0 || make || !is_others_failure(cx, t, artifact))
            return rc;
        err_clear(cx);
    }
}

int tree_cache_open(struct ctx *cx, int64_t retries, struct tree_cache **ret_cache)
{
    const char *folder;
    if (fs_tmpdir(cx, "kustomize-controller", &folder) < 0)
        return err_wrap(cx, "tmp dir error");
    struct tree_cache *cache = mem_alloc(sizeof(*cache));
    pthread_mutex_init(&cache->lock, NULL);
    thread_cond_init(&cache->changed);
    cache->folder = mem_strdup(folder);
    cache->retries = retries;
    *ret_cache = cache;
    return 0;
}

void tree_cache_close(struct tree_cache *cache)
{
    if (!cache)
        return;
    remove_trees(cache->trees);
    pthread_cond_destroy(&cache->changed);
    pthread_mutex_destroy(&cache->lock);
    mem_free(cache->folder);
    mem_free(cache);
}
