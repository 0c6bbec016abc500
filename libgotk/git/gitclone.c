/*
 * gitclone.c: one fetch with libgit2; see gitclone.h.
 *
 * The repository is made bare and given a folder for the files afterwards, so that no .git is among them. Attributes are not
 * applied (no line-ending conversion), as in go-git: an artifact holds the bytes that were committed.
 */
#include "libgotk/git/gitclone.h"

#include "libgotk/base/fs.h"
#include "libgotk/base/gotime.h"
#include "libgotk/base/str.h"
#include "libgotk/base/vec.h"
#include "libgotk/git/gitcache.h"
#include "libgotk/git/gitsubmodule.h"
#include "libgotk/git/gittransport.h"

#include <git2/checkout.h>
#include <git2/commit.h>
#include <git2/common.h>
#include <git2/config.h>
#include <git2/errors.h>
#include <git2/global.h>
#include <git2/graph.h>
#include <git2/object.h>
#include <git2/odb.h>
#include <git2/oid.h>
#include <git2/repository.h>
#include <git2/revparse.h>
#include <git2/revwalk.h>

/* How much of a pack is mapped at a time: a job's memory counts mappings too. */
#define MAP_WINDOW ((size_t)4 << 20)
#define MAP_LIMIT  ((size_t)32 << 20)

/* All that one clone knows. */
struct clone {
    const struct gitclone_request *req;
    const char *url; /* masked */
    struct gittransport transport;
    git_repository *repo;
    struct gitref_list list;
    struct gitref_choice choice;
    struct gitcache cache;       /* dir is NULL: every object goes into the request's git_dir */
    struct gitcache_tips wanted; /* what is to be fetched */
    bool warm;                   /* the cache brought something along */
    struct gitclone_used *used;  /* of the request's limits */
    bool refused;                /* the request's own verification failed */
};

void gitclone_init(void)
{
    git_libgit2_init();
    for (int level = GIT_CONFIG_LEVEL_PROGRAMDATA; level <= GIT_CONFIG_LEVEL_GLOBAL; level++)
        git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, "");
    git_libgit2_opts(GIT_OPT_SET_TEMPLATE_PATH, "");
    git_libgit2_opts(GIT_OPT_SET_MWINDOW_SIZE, MAP_WINDOW);
    git_libgit2_opts(GIT_OPT_SET_MWINDOW_MAPPED_LIMIT, MAP_LIMIT);
    git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
    git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 1); /* gitcache.h relies on it */
}

/* The error of a libgit2 call: what our own callbacks left in cx, else libgit2's message. */
static int git_failed(struct ctx *cx, const char *what)
{
    const git_error *e = git_error_last();
    if (cx->err.code < 0)
        return cx->err.code;
    if (ctx_check(cx) < 0)
        return cx->err.code;
    return err_fail(cx, ERR_INVALID, "%s: %s", what,
                    e && e->message ? url_mask(cx->arena, e->message) : "unknown");
}

static void cleanup_commit(git_commit **commit)
{
    git_commit_free(*commit);
}

static void cleanup_remote(git_remote **remote)
{
    git_remote_free(*remote);
}

static int check_limit(struct ctx *cx, const char *what, int64_t n, int64_t limit)
{
    if (!limit || n <= limit)
        return 0;
    return err_fail(cx, ERR_LIMIT, "the repository is too large: more than %lld %s", (long long)limit, what);
}

static int on_progress(const git_indexer_progress *stats, void *payload)
{
    struct clone *c = CONTAINER_OF(payload, struct clone, transport);
    struct ctx *cx = c->transport.cx;
    if (ctx_check(cx) < 0 ||
        check_limit(cx, "bytes of packs", c->used->received + (int64_t)stats->received_bytes,
                    c->req->limits.received) < 0)
        return -1;
    if (!c->cache.dir || stats->received_bytes <= (size_t)c->cache.max)
        return 0;
    c->cache.too_large = true;
    err_fail(cx, ERR_LIMIT, "more than the %lld bytes of --git-cache-max-size", (long long)c->cache.max);
    return -1;
}

static int on_sideband(const char *text, int len, void *payload)
{
    struct gittransport *t = payload;
    (void)text;
    (void)len;
    return ctx_check(t->cx) < 0 ? -1 : 0;
}

static void set_callbacks(struct clone *c, git_remote_callbacks *callbacks)
{
    callbacks->transport = gittransport_new;
    callbacks->transfer_progress = on_progress;
    callbacks->sideband_progress = on_sideband;
    callbacks->payload = &c->transport;
}

/* "refs/heads/main" when the server says where HEAD points. */
static const char *default_branch(struct ctx *cx, git_remote *remote)
{
    git_buf name = { 0 };
    if (git_remote_default_branch(&name, remote) < 0)
        return NULL;
    const char *copy = str_ndup(cx->arena, name.ptr, name.size);
    git_buf_dispose(&name);
    return copy;
}

static int copy_list(struct ctx *cx, git_remote *remote, struct gitref_list *ret)
{
    const git_remote_head **heads;
    size_t count;
    if (git_remote_ls(&heads, &count, remote) < 0)
        return git_failed(cx, "cannot list references");
    struct gitref_head *at = ARENA_ARRAY(cx->arena, struct gitref_head, count + 1);
    for (size_t i = 0; i < count; i++) {
        char *hash = arena_alloc(cx->arena, GIT_OID_SHA1_HEXSIZE + 1);
        git_oid_tostr(hash, GIT_OID_SHA1_HEXSIZE + 1, &heads[i]->oid);
        at[i] = (struct gitref_head){ str_dup(cx->arena, heads[i]->name), hash };
    }
    *ret = (struct gitref_list){ at, count, default_branch(cx, remote) };
    return ctx_check(cx);
}

/* Reads the list of references: one request, no file. The transport keeps the answer for the fetch. */
static int list_references(struct ctx *cx, struct clone *c)
{
    CLEANUP(cleanup_remote) git_remote *remote = NULL;
    git_remote_callbacks callbacks;
    git_remote_init_callbacks(&callbacks, GIT_REMOTE_CALLBACKS_VERSION);
    set_callbacks(c, &callbacks);
    if (git_remote_create_detached(&remote, c->transport.base) < 0)
        return git_failed(cx, "cannot use the url");
    if (git_remote_connect(remote, GIT_DIRECTION_FETCH, &callbacks, NULL, NULL) < 0)
        return git_failed(cx, "cannot connect");
    return copy_list(cx, remote, &c->list);
}

/* A fresh repository; with a cache its packs are the cache's. */
static int open_repository(struct ctx *cx, struct clone *c)
{
    git_repository_init_options options;
    git_repository_init_options_init(&options, GIT_REPOSITORY_INIT_OPTIONS_VERSION);
    options.flags = GIT_REPOSITORY_INIT_BARE | GIT_REPOSITORY_INIT_MKPATH;
    if (git_repository_init_ext(&c->repo, c->req->git_dir, &options) < 0)
        return git_failed(cx, "cannot make a repository");
    if (!c->cache.dir)
        return 0;
    git_repository_free(c->repo);
    c->repo = NULL;
    if (gitcache_attach(cx, &c->cache, c->req->git_dir) < 0)
        return cx->err.code;
    if (git_repository_open_bare(&c->repo, c->req->git_dir) < 0)
        return git_failed(cx, "cannot open the repository");
    return 0;
}

/* What the choice means in terms of the server's list. */
static void list_wanted(struct arena *a, struct clone *c)
{
    for (size_t i = 0; i < c->list.len; i++) {
        const struct gitref_head *head = &c->list.at[i];
        bool wanted = str_eq(head->name, c->choice.fetch) ||
                      (!c->choice.fetch && !c->choice.tie_count && str_starts(head->name, "refs/heads/"));
        for (size_t k = 0; k < c->choice.tie_count; k++)
            wanted = wanted || str_eq(head->name, c->choice.ties[k].reference);
        if (wanted)
            vec_push(a, &c->wanted, (struct gitcache_tip){ head->name, head->hash });
    }
}

static git_strarray refspecs(struct arena *a, const struct gitref_choice *choice)
{
    size_t n = choice->tie_count ? choice->tie_count : 1;
    git_strarray specs = { ARENA_ARRAY(a, char *, n), n };
    for (size_t i = 0; i < choice->tie_count; i++)
        specs.strings[i] = str_fmt(a, "+%s:refs/gotk/%zu", choice->ties[i].reference, i);
    if (!choice->tie_count && choice->fetch)
        specs.strings[0] = str_fmt(a, "+%s:refs/gotk/0", choice->fetch);
    else if (!choice->tie_count)
        specs.strings[0] = str_dup(a, "+refs/heads/*:refs/gotk/*");
    return specs;
}

static int fetch_wanted(struct ctx *cx, struct clone *c)
{
    if (gitcache_has(&c->cache, &c->wanted))
        return 0;
    CLEANUP(cleanup_remote) git_remote *remote = NULL;
    git_fetch_options options;
    git_strarray specs = refspecs(cx->arena, &c->choice);
    git_fetch_options_init(&options, GIT_FETCH_OPTIONS_VERSION);
    set_callbacks(c, &options.callbacks);
    options.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE;
    options.depth = c->choice.shallow && !c->cache.full ? 1 : GIT_FETCH_DEPTH_FULL;
    if (git_remote_create_anonymous(&remote, c->repo, c->transport.base) < 0)
        return git_failed(cx, "cannot use the url");
    int rc = git_remote_download(remote, &specs, &options);
    c->used->received += (int64_t)git_remote_stats(remote)->received_bytes;
    return rc < 0 ? git_failed(cx, "cannot fetch") : 0;
}

/* Not every server gives out a commit by its id; one that is on a branch can be had with its history. */
static int fetch(struct ctx *cx, struct clone *c)
{
    if (fetch_wanted(cx, c) >= 0)
        return 0;
    if (!c->choice.by_id || ctx_done(cx) || cx->err.code == ERR_LIMIT)
        return cx->err.code;
    err_clear(cx);
    c->choice.fetch = NULL;
    c->choice.shallow = false;
    return fetch_wanted(cx, c);
}

static void cleanup_walk(git_revwalk **walk)
{
    git_revwalk_free(*walk);
}

/* Fails when a cache that ought to hold all history of its tips does not. */
static int check_history(struct ctx *cx, const struct clone *c)
{
    CLEANUP(cleanup_walk) git_revwalk *walk = NULL;
    git_oid oid;
    int rc = git_revwalk_new(&walk, c->repo);
    for (size_t i = 0; rc >= 0 && i < c->wanted.len; i++)
        if ((rc = git_oid_fromstr(&oid, c->wanted.at[i].hash)) >= 0)
            rc = git_revwalk_push(walk, &oid);
    while (rc >= 0)
        rc = ctx_check(cx) < 0 ? cx->err.code : git_revwalk_next(&oid, walk);
    return rc == GIT_ITEROVER ? 0 : git_failed(cx, "the history has gaps");
}

static int not_there(struct ctx *cx, const struct clone *c, const char *hash)
{
    if (c->warm && !c->choice.shallow && check_history(cx, c) < 0)
        return cx->err.code;
    return err_fail(cx, ERR_NOT_FOUND, "unable to resolve commit object for '%s': object not found%s", hash,
                    c->choice.reference ? "" : " (on no branch of the repository)");
}

static int find_commit(struct ctx *cx, struct clone *c, const char *hash, git_commit **ret)
{
    git_oid oid;
    git_commit *commit = NULL;
    if (git_oid_fromstr(&oid, hash) < 0 || git_commit_lookup(&commit, c->repo, &oid) < 0)
        return not_there(cx, c, hash);
    *ret = commit;
    return 0;
}

/* A cache may hold more than the branches of today: a pinned commit must be on one of these, as if they alone had been
 * fetched. */
static int check_reachable(struct ctx *cx, struct clone *c)
{
    git_oid commit;
    git_oid *tips = ARENA_ARRAY(cx->arena, git_oid, c->wanted.len + 1);
    if (!c->warm || c->choice.shallow)
        return 0;
    for (size_t i = 0; i < c->wanted.len; i++)
        if (git_oid_fromstr(&tips[i], c->wanted.at[i].hash) < 0)
            return git_failed(cx, "cannot read a hash");
    if (git_oid_fromstr(&commit, c->choice.hash) < 0)
        return git_failed(cx, "cannot read a hash");
    int rc = git_graph_reachable_from_any(c->repo, &commit, tips, c->wanted.len);
    if (rc < 0)
        return git_failed(cx, "cannot walk the history");
    return rc ? 0 : not_there(cx, c, c->choice.hash);
}

/* Among tags of equal version the latest committed wins; of those the first listed. */
static int settle_ties(struct ctx *cx, struct clone *c)
{
    git_time_t latest = 0;
    for (size_t i = 0; i < c->choice.tie_count; i++) {
        const struct gitref_tie *tie = &c->choice.ties[i];
        CLEANUP(cleanup_commit) git_commit *commit = NULL;
        if (find_commit(cx, c, tie->hash, &commit) < 0)
            return err_wrap(cx, "tag '%s'", tie->reference);
        if (i > 0 && git_commit_time(commit) <= latest)
            continue;
        latest = git_commit_time(commit);
        c->choice.reference = tie->reference;
        c->choice.hash = tie->hash;
    }
    return 0;
}

/* The size of a blob, of which a small pack can hold one a thousand times. */
static int64_t size_of(const struct clone *c, const git_oid *id)
{
    git_odb *odb = NULL;
    git_object_t type;
    size_t size = 0;
    if (git_repository_odb(&odb, c->repo) < 0 || git_odb_read_header(&size, &type, odb, id) < 0)
        size = 0;
    git_odb_free(odb);
    return (int64_t)size;
}

/* libgit2 calls this once per file it writes; a checkout of a large tree must end when the work is cancelled. */
static int on_file(git_checkout_notify_t why, const char *path, const git_diff_file *baseline,
                   const git_diff_file *target, const git_diff_file *workdir, void *payload)
{
    struct clone *c = payload;
    struct ctx *cx = c->transport.cx;
    (void)why, (void)path, (void)baseline, (void)workdir;
    if (c->req->limits.written && target)
        c->used->written += size_of(c, &target->id);
    if (ctx_check(cx) < 0 || check_limit(cx, "files", ++c->used->files, c->req->limits.files) < 0 ||
        check_limit(cx, "bytes in files", c->used->written, c->req->limits.written) < 0)
        return -1;
    return 0;
}

static int check_out(struct ctx *cx, struct clone *c, git_commit *commit)
{
    git_checkout_options options;
    size_t count;
    char **paths = gitsparse_paths(cx->arena, &c->req->sparse, &count);
    if (fs_mkdirs(cx, c->req->tree_dir, 0700) < 0)
        return cx->err.code;
    if (git_repository_set_workdir(c->repo, c->req->tree_dir, 0) < 0)
        return git_failed(cx, "cannot use the folder for the files");
    git_checkout_options_init(&options, GIT_CHECKOUT_OPTIONS_VERSION);
    options.checkout_strategy = GIT_CHECKOUT_FORCE | GIT_CHECKOUT_DONT_UPDATE_INDEX | GIT_CHECKOUT_NO_REFRESH;
    if (count)
        options.checkout_strategy |= GIT_CHECKOUT_DISABLE_PATHSPEC_MATCH;
    options.paths = (git_strarray){ paths, count };
    options.disable_filters = 1;
    options.notify_flags = GIT_CHECKOUT_NOTIFY_UPDATED;
    options.notify_cb = on_file;
    options.notify_payload = c;
    if (git_checkout_tree(c->repo, (const git_object *)commit, &options) < 0)
        return git_failed(cx, str_fmt(cx->arena, "unable to checkout commit '%s'", c->choice.hash));
    return 0;
}

static void set_revision(struct ctx *cx, const struct clone *c, struct gitclone_result *ret)
{
    ret->commit = c->choice.hash;
    ret->revision = gitref_revision(cx->arena, c->choice.reference, c->choice.hash, c->choice.absolute);
}

/* The first line of a message, at most 50 characters of it and then "...", as Flux shows it. */
static const char *subject_of(struct arena *a, const char *message)
{
    size_t n = strcspn(str_or(message, ""), "\n");
    size_t end = 0;
    for (int characters = 0; end < n; characters++) {
        size_t len = str_utf8_len(message + end, n - end);
        if (characters == 50)
            return str_fmt(a, "%.*s...", (int)end, message);
        end += len ? len : 1;
    }
    return str_is_utf8(str_or(message, ""), n) ? str_ndup(a, str_or(message, ""), n) : "";
}

static int verify(struct ctx *cx, struct clone *c)
{
    const char *reference = c->choice.reference;
    const struct gitclone_subject subject = {
        .repo = c->repo,
        .commit = c->choice.hash,
        .reference = reference,
        .tag = reference ? gitref_hash(&c->list, reference) : NULL,
    };
    if (!c->req->verify)
        return 0;
    c->refused = c->req->verify(cx, c->req->user, &subject) < 0;
    return c->refused ? cx->err.code : 0;
}

/* What was fetched is kept, whatever comes of it. */
static int keep_cache(struct ctx *cx, struct clone *c)
{
    return c->cache.dir ? gitcache_keep(cx, &c->cache, &c->wanted, c->req->git_dir) : 0;
}

/* From here on nothing that fails is the cache's fault. */
static int leave_cache(struct ctx *cx, struct clone *c)
{
    if (c->cache.dir && gitcache_trim(cx, &c->cache) < 0)
        return cx->err.code;
    c->cache.dir = NULL;
    return 0;
}

static int update_submodules(struct ctx *cx, const struct clone *c, git_commit *commit)
{
    struct gitclone_request top = *c->req;
    top.used = c->used;
    return top.submodules > 0 ? gitsubmodule_update(cx, &top, commit) : 0;
}

static int fetch_and_check_out(struct ctx *cx, struct clone *c, struct gitclone_result *ret)
{
    CLEANUP(cleanup_commit) git_commit *commit = NULL;
    if (open_repository(cx, c) < 0 || fetch(cx, c) < 0 || settle_ties(cx, c) < 0 || keep_cache(cx, c) < 0 ||
        find_commit(cx, c, c->choice.hash, &commit) < 0 || check_reachable(cx, c) < 0 || verify(cx, c) < 0 ||
        check_out(cx, c, commit) < 0 || leave_cache(cx, c) < 0 || update_submodules(cx, c, commit) < 0)
        return cx->err.code;
    ret->subject = subject_of(cx->arena, git_commit_message(commit));
    set_revision(cx, c, ret);
    return 0;
}

/* True when a failure may come from what the cache held, or from the volume it is on. */
static bool cache_is_suspect(const struct ctx *cx, const struct clone *c)
{
    int code = cx->err.code;
    if (!c->cache.dir || c->refused)
        return false;
    if (c->cache.too_large || strstr(err_message(cx), "No space left"))
        return true;
    bool missing = code == ERR_NOT_FOUND && c->choice.shallow;
    return c->warm && (code == ERR_INVALID || code == ERR_IO || missing);
}

/* Once more, from nothing and without the cache. */
static int start_over(struct ctx *cx, struct clone *c, struct gitclone_result *ret)
{
    err_clear(cx);
    gitcache_drop(cx, &c->cache);
    c->cache = (struct gitcache){ 0 };
    c->warm = false;
    git_repository_free(c->repo);
    c->repo = NULL;
    gittransport_reset(&c->transport);
    if (fs_remove_tree(cx, c->req->git_dir) < 0 || fs_remove_tree(cx, c->req->tree_dir) < 0)
        return cx->err.code;
    return fetch_and_check_out(cx, c, ret);
}

static int fetch_with_cache(struct ctx *cx, struct clone *c, struct gitclone_result *ret)
{
    list_wanted(cx->arena, c);
    if (c->req->cache_dir &&
        gitcache_open(cx, c->req->cache_dir, c->req->cache_max, !c->choice.shallow, &c->cache) < 0)
        return cx->err.code;
    c->warm = c->cache.tips.len > 0;
    if (fetch_and_check_out(cx, c, ret) >= 0)
        return 0;
    return cache_is_suspect(cx, c) ? start_over(cx, c, ret) : cx->err.code;
}

/* A repository without any commit: an answer of its own for branches, an error for whatever else was asked for. */
static int nothing_there(struct ctx *cx, const struct git_ref *ref, struct gitclone_result *ret)
{
    if (!str_empty(ref->commit) || !str_empty(ref->name) || !str_empty(ref->tag) || !str_empty(ref->semver))
        return err_fail(cx, ERR_NOT_FOUND, "remote repository is empty");
    ret->empty = true;
    return 0;
}

static int choose(struct ctx *cx, struct clone *c)
{
    return c->req->name ? gitref_choose_any(cx, c->req->name, &c->list, &c->choice)
                        : gitref_choose(cx, &c->req->ref, &c->list, &c->choice);
}

static bool is_known(const struct clone *c)
{
    for (size_t i = 0; i < c->req->known_count; i++)
        if (str_eq(c->req->known[i], c->choice.hash))
            return true;
    return false;
}

static int run(struct ctx *cx, struct clone *c, struct gitclone_result *ret)
{
    if (gittransport_init(cx, c->req->url, &c->req->auth, c->req->proxy, &c->transport) < 0)
        return cx->err.code;
    c->transport.ssh = c->req->ssh;
    if (list_references(cx, c) < 0)
        return cx->err.code;
    if (c->list.len == 0)
        return nothing_there(cx, &c->req->ref, ret);
    if (choose(cx, c) < 0)
        return cx->err.code;
    if (c->choice.hash) {
        set_revision(cx, c, ret);
        ret->unchanged = gitref_same_revision(cx->arena, ret->revision, c->req->last_revision) || is_known(c);
    }
    if (ret->unchanged)
        return 0;
    if (ret->revision && c->req->found && c->req->found(cx, c->req->user, ret->revision) < 0)
        return cx->err.code;
    return fetch_with_cache(cx, c, ret);
}

/* A timeout says what it was waiting for. */
static int explain_timeout(struct ctx *cx, const struct clone *c, int64_t started_ms)
{
    const char *took = gotime_print_duration(cx->arena, (ctx_now_ms() - started_ms) * GOTIME_MS);
    return err_fail(cx, ERR_TIMEOUT, "%s (gave up after %s and %zu bytes received; %s sets the limit)",
                    err_message(cx), took, c->transport.received,
                    str_or(c->req->limits.time, "spec.timeout"));
}

int gitclone_run(struct ctx *cx, const struct gitclone_request *req, struct gitclone_result *ret)
{
    struct gitclone_used mine = { 0 };
    struct clone c = { .req = req,
                       .url = url_mask(cx->arena, req->url),
                       .used = req->used ? req->used : &mine };
    struct gitclone_result result = { 0 };
    int64_t started_ms = ctx_now_ms();
    int rc = run(cx, &c, &result);
    git_repository_free(c.repo);
    gittransport_close(&c.transport);
    if (rc >= 0) {
        *ret = result;
        return 0;
    }
    if (c.refused)
        return rc;
    if (cx->err.code == ERR_TIMEOUT)
        explain_timeout(cx, &c, started_ms);
    return err_wrap(cx, "unable to clone '%s'", c.url);
}
