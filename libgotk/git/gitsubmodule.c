/*
 * gitsubmodule.c: reads .gitmodules and fetches what it names; see gitsubmodule.h.
 */
#include "libgotk/git/gitsubmodule.h"

#include "libgotk/base/fs.h"
#include "libgotk/base/str.h"
#include "libgotk/git/gitmodules.h"

#include <git2/blob.h>
#include <git2/commit.h>
#include <git2/oid.h>
#include <git2/tree.h>

#define FILE_NAME ".gitmodules"
#define FILE_MAX  ((size_t)1 << 20)

static void cleanup_tree(git_tree **tree)
{
    git_tree_free(*tree);
}

static void cleanup_entry(git_tree_entry **entry)
{
    git_tree_entry_free(*entry);
}

static void cleanup_blob(git_blob **blob)
{
    git_blob_free(*blob);
}

/* Appends the components of `path`, "." left out and ".." taking one back, but never more than there are. */
static void walk(struct buf *to, const char *path)
{
    while (*path) {
        size_t n = strcspn(path, "/");
        if (n == 2 && memcmp(path, "..", 2) == 0)
            buf_cut(to, to->len && strrchr(to->data, '/') ? (size_t)(strrchr(to->data, '/') - to->data) : 0);
        else if (n && !(n == 1 && *path == '.'))
            buf_fmt(to, "/%.*s", (int)n, path);
        path += n + (path[n] == '/');
    }
}

static int relative_url(struct ctx *cx, const char *base, const char *path, const char **ret)
{
    struct buf joined = buf_new(cx->arena, FILE_MAX);
    struct url u;
    if (url_parse(cx, base, &u) < 0)
        return cx->err.code;
    walk(&joined, u.path);
    walk(&joined, path);
    u.path = buf_text(&joined);
    u.query = u.fragment = NULL;
    *ret = url_print(cx->arena, &u, true);
    return buf_ok(cx, &joined, "the address");
}

/* "git@host:path", without a slash before the colon. */
static const char *scp_form(struct arena *a, const char *url)
{
    const char *colon = strchr(url, ':');
    if (!colon || memchr(url, '/', (size_t)(colon - url)))
        return NULL;
    return str_fmt(a, "ssh://%.*s/%s", (int)(colon - url), url, colon + 1 + strspn(colon + 1, "/"));
}

int gitsubmodule_url(struct ctx *cx, const char *base, const char *url, const char **ret)
{
    struct url u;
    if (*url == '/')
        return err_fail(cx, ERR_INVALID, "its address is a path of this machine, not a URL");
    if (!strstr(url, "://")) {
        *ret = scp_form(cx->arena, url);
        return *ret ? 0 : relative_url(cx, base, url, ret);
    }
    if (url_parse(cx, url, &u) < 0)
        return cx->err.code;
    if (!str_eq(u.scheme, "http") && !str_eq(u.scheme, "https") && !str_eq(u.scheme, "ssh"))
        return err_fail(cx, ERR_INVALID, "its address '%s' is none of http, https or ssh",
                        url_mask(cx->arena, url));
    *ret = url;
    return 0;
}

/* A key gives nothing away, and known_hosts names the hosts it is for. */
static int auth_by_key(struct ctx *cx, const struct url *to, const struct gitauth *auth, struct gitauth *ret)
{
    if (!auth->identity)
        return err_fail(
            cx, ERR_INVALID,
            "its address is one of ssh, for which spec.secretRef of a repository by http has no key");
    *ret = *auth;
    ret->user = str_or(to->user, "git");
    return 0;
}

int gitsubmodule_auth(struct ctx *cx, const char *base, const char *url, const struct gitauth *auth,
                      struct gitauth *ret)
{
    struct url from, to;
    if (url_parse(cx, base, &from) < 0 || url_parse(cx, url, &to) < 0)
        return cx->err.code;
    if (str_eq(to.scheme, "ssh"))
        return auth_by_key(cx, &to, auth, ret);
    if (url_same_origin(&from, &to)) {
        *ret = *auth;
        return 0;
    }
    *ret = (struct gitauth){
        .user = to.user,
        .password = to.password,
        .ca_pem = auth->ca_pem,
        .hint = "a submodule on another host than spec.url is not sent the credentials",
    };
    return 0;
}

/* The text of .gitmodules; *ret is NULL when the commit has none. */
static int read_modules(struct ctx *cx, git_commit *commit, const git_tree *tree, const char **ret)
{
    CLEANUP(cleanup_blob) git_blob *blob = NULL;
    const git_tree_entry *entry = git_tree_entry_byname(tree, FILE_NAME);
    *ret = NULL;
    if (!entry || (git_tree_entry_filemode(entry) != GIT_FILEMODE_BLOB &&
                   git_tree_entry_filemode(entry) != GIT_FILEMODE_BLOB_EXECUTABLE))
        return 0;
    if (git_blob_lookup(&blob, git_commit_owner(commit), git_tree_entry_id(entry)) < 0)
        return err_fail(cx, ERR_INVALID, FILE_NAME " cannot be read");
    if (git_blob_rawsize(blob) > (git_object_size_t)FILE_MAX)
        return err_fail(cx, ERR_LIMIT, FILE_NAME " is larger than %zu bytes", FILE_MAX);
    *ret = str_ndup(cx->arena, git_blob_rawcontent(blob), (size_t)git_blob_rawsize(blob));
    return 0;
}

/* The folder of a submodule, below the tree and behind no symbolic link. */
static int make_place(struct ctx *cx, const char *tree_dir, const char *path)
{
    CLEANUP(cleanup_fd) int root = -1;
    if (fs_open_dir(cx, tree_dir, &root) < 0)
        return cx->err.code;
    return fs_mkdirs_at(cx, root, path, 0700);
}

static int fetch_one(struct ctx *cx, const struct gitclone_request *top, const struct gitmodule *m,
                     const git_oid *oid, size_t number)
{
    char *hash = arena_alloc(cx->arena, GIT_OID_SHA1_HEXSIZE + 1);
    struct gitclone_request req = {
        .ref.commit = hash,
        .proxy = top->proxy,
        .ssh = top->ssh,
        .limits = top->limits,
        .used = top->used,
        .git_dir = str_fmt(cx->arena, "%s-%zu", top->git_dir, number),
        .tree_dir = str_fmt(cx->arena, "%s/%s", top->tree_dir, m->path),
        .submodules = top->submodules - 1,
    };
    struct gitclone_result ignored;
    git_oid_tostr(hash, GIT_OID_SHA1_HEXSIZE + 1, oid);
    if (gitsubmodule_url(cx, top->url, m->url, &req.url) < 0 ||
        gitsubmodule_auth(cx, top->url, req.url, &top->auth, &req.auth) < 0 ||
        make_place(cx, top->tree_dir, m->path) < 0)
        return cx->err.code;
    return gitclone_run(cx, &req, &ignored);
}

/* An entry whose path is no link of the tree is stale, and ignored as git does. */
static int update_one(struct ctx *cx, const struct gitclone_request *top, const git_tree *tree,
                      const struct gitmodule *m, size_t number)
{
    CLEANUP(cleanup_entry) git_tree_entry *entry = NULL;
    if (git_tree_entry_bypath(&entry, tree, m->path) < 0 ||
        git_tree_entry_filemode(entry) != GIT_FILEMODE_COMMIT ||
        !gitsparse_covers(cx->arena, &top->sparse, m->path))
        return 0;
    if (fetch_one(cx, top, m, git_tree_entry_id(entry), number) < 0)
        return err_wrap(cx, "submodule '%s'", m->path);
    return 0;
}

int gitsubmodule_update(struct ctx *cx, const struct gitclone_request *top, git_commit *commit)
{
    CLEANUP(cleanup_tree) git_tree *tree = NULL;
    struct gitmodule *modules;
    size_t count;
    const char *text;
    if (git_commit_tree(&tree, commit) < 0)
        return err_fail(cx, ERR_INVALID, "cannot read the commit's tree");
    if (read_modules(cx, commit, tree, &text) < 0)
        return cx->err.code;
    if (!text)
        return 0;
    if (gitmodules_parse(cx, text, &modules, &count) < 0)
        return cx->err.code;
    for (size_t i = 0; i < count; i++)
        if (ctx_check(cx) < 0 || update_one(cx, top, tree, &modules[i], i) < 0)
            return cx->err.code;
    return 0;
}
