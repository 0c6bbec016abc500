/*
 * clones.c: the store of clones; the contract is in clones.h.
 *
 * A list behind one mutex. Two workers that want the same new commit at once fetch it twice, and both trees are kept until
 * they are idle: rarer than what waiting for each other would cost in code. Process memory (mem.h): trees outlive
 * reconciles.
 */
#include "kustomize-controller/clones.h"

#include "kustomize-controller/clone.h"
#include "libgotk/base/fs.h"
#include "libgotk/base/hash.h"
#include "libgotk/base/mem.h"
#include "libgotk/base/str.h"
#include "libgotk/base/vec.h"
#include "libgotk/git/gitref.h"

#include <pthread.h>

#define IDLE_MS  ((int64_t)30 * 60 * 1000)
#define IDLE_MAX 32 /* trees that nobody uses */

struct tree {
    struct tree *next; /* the newest first */
    struct clones *store;
    char *key;    /* tenant, URL and whether with submodules */
    char *commit; /* 40 hex digits */
    char *path;
    int users;
    int64_t idle_since_ms;
};

struct clones {
    pthread_mutex_t lock;
    struct tree *trees;
    char *folder;
    unsigned next_number;
};

static void remove_trees(struct tree *taken)
{
    for (struct tree *next; taken; taken = next) {
        next = taken->next;
        fs_remove_tree_deferred(taken->path);
        mem_free(taken->key);
        mem_free(taken->commit);
        mem_free(taken->path);
        mem_free(taken);
    }
}

static void close_store(void *user)
{
    struct clones *c = user;
    remove_trees(c->trees);
    pthread_mutex_destroy(&c->lock);
    mem_free(c->folder);
    mem_free(c);
}

int clones_open(struct ctx *cx, struct clones **ret)
{
    const char *folder;
    if (fs_tmpdir(cx, "kustomize-bases", &folder) < 0)
        return err_wrap(cx, "tmp dir error");
    struct clones *c = mem_alloc(sizeof(*c));
    *c = (struct clones){ .folder = mem_strdup(folder) };
    pthread_mutex_init(&c->lock, NULL);
    arena_defer(cx->arena, close_store, c);
    *ret = c;
    return 0;
}

int clones_folder(struct ctx *cx, struct clones *c, const char *tenant, const char **ret_dir)
{
    const char *dir =
        str_fmt(cx->arena, "%s/%.16s", c->folder, hash_sha256_hex(cx->arena, tenant, strlen(tenant)));
    if (fs_mkdirs(cx, dir, 0700) < 0)
        return err_code(cx);
    *ret_dir = dir;
    return 0;
}

/* ---- the list, under the lock ------------------------------------------------------------------------------------- */

/* Takes out what has been idle for long, or is one of too many; the caller removes it. */
static struct tree *take_idle(struct clones *c, int64_t now_ms)
{
    struct tree *taken = NULL;
    int idle = 0;
    for (struct tree **p = &c->trees; *p;) {
        struct tree *t = *p;
        bool stale = !t->users && (++idle > IDLE_MAX || now_ms - t->idle_since_ms >= IDLE_MS);
        if (!stale) {
            p = &t->next;
            continue;
        }
        *p = t->next;
        t->next = taken;
        taken = t;
    }
    return taken;
}

static void release(void *user)
{
    struct tree *t = user;
    struct clones *c = t->store;
    int64_t now = ctx_now_ms();
    pthread_mutex_lock(&c->lock);
    t->users--;
    t->idle_since_ms = now;
    struct tree *idle = take_idle(c, now);
    pthread_mutex_unlock(&c->lock);
    remove_trees(idle);
}

static struct tree *find(struct clones *c, const char *key, const char *commit)
{
    for (struct tree *t = c->trees; t; t = t->next)
        if (str_eq(t->key, key) && str_eq(t->commit, commit))
            return t;
    return NULL;
}

/* The tree of a commit, counted as used; NULL when it is not there. */
static struct tree *use(struct clones *c, const char *key, const char *commit)
{
    pthread_mutex_lock(&c->lock);
    struct tree *t = find(c, key, commit);
    if (t)
        t->users++;
    pthread_mutex_unlock(&c->lock);
    return t;
}

/* The commits of a repository that are there. */
static void list_known(struct arena *a, struct clones *c, const char *key, struct clone_request *req)
{
    VEC(const char *) commits = { 0 };
    pthread_mutex_lock(&c->lock);
    for (struct tree *t = c->trees; t; t = t->next)
        if (str_eq(t->key, key))
            vec_push(a, &commits, str_dup(a, t->commit));
    pthread_mutex_unlock(&c->lock);
    req->known = commits.at;
    req->known_count = commits.len;
}

static struct tree *add(struct clones *c, const char *key, const char *commit, const char *path)
{
    struct tree *t = mem_alloc(sizeof(*t));
    *t = (struct tree){
        .store = c, .key = mem_strdup(key), .commit = mem_strdup(commit), .path = mem_strdup(path), .users = 1
    };
    pthread_mutex_lock(&c->lock);
    t->next = c->trees;
    c->trees = t;
    pthread_mutex_unlock(&c->lock);
    return t;
}

/* ---- fetching ------------------------------------------------------------------------------------------------------ */

static int make_folders(struct ctx *cx, struct clones *c, const char *tenant, struct clone_request *req)
{
    const char *folder;
    if (clones_folder(cx, c, tenant, &folder) < 0 || fs_tmpdir(cx, "git-clone", &req->git_dir) < 0)
        return err_code(cx);
    pthread_mutex_lock(&c->lock);
    unsigned number = c->next_number++;
    pthread_mutex_unlock(&c->lock);
    req->parent_dir = str_fmt(cx->arena, "%s/%u", folder, number);
    return fs_mkdirs(cx, req->parent_dir, 0700);
}

/* Asks the server, and fetches what is not known; *ret is counted as used. NULL: what was known is gone meanwhile. */
static int fetch(struct ctx *cx, struct clones *c, const char *tenant, const char *key,
                 const struct clone_request *request, struct tree **ret)
{
    struct clone_request req = *request;
    struct clone_result result;
    if (make_folders(cx, c, tenant, &req) < 0)
        return err_code(cx);
    int rc = clone_run(cx, &req, &result);
    if (rc < 0 || result.known)
        fs_remove_tree_deferred((void *)(uintptr_t)req.parent_dir);
    if (rc < 0)
        return rc;
    *ret = result.known ? use(c, key, result.commit) : add(c, key, result.commit, req.parent_dir);
    return 0;
}

int clones_acquire(struct ctx *cx, struct clones *c, const char *tenant, const struct repospec *spec,
                   struct arena *until, const char **ret_dir)
{
    const char *url = repospec_url(cx->arena, spec);
    const char *key = str_fmt(cx->arena, "%s %d %s", tenant, spec->submodules, url);
    struct clone_request req = {
        .url = url, .name = spec->ref, .timeout_ms = spec->timeout_ms, .submodules = spec->submodules
    };
    struct tree *t = gitref_is_hash(spec->ref) ? use(c, key, spec->ref) : NULL;
    list_known(cx->arena, c, key, &req);
    if (!t && fetch(cx, c, tenant, key, &req, &t) < 0)
        return err_code(cx);
    req.known_count = 0;
    if (!t && fetch(cx, c, tenant, key, &req, &t) < 0)
        return err_code(cx);
    arena_defer(until, release, t);
    *ret_dir = str_fmt(cx->arena, "%s/tree", t->path);
    return 0;
}
