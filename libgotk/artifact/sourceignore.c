/*
 * sourceignore.c: the patterns of a source; the contract is in sourceignore.h.
 *
 * The .sourceignore files are read in one walk before the list is made, because a single pattern anywhere in the tree
 * replaces the defaults. Links are resolved inside the tree. Runs in a job child, on one thread.
 */
#include "libgotk/artifact/sourceignore.h"

#include "libgotk/base/fs.h"
#include "libgotk/base/str.h"
#include "libgotk/base/vec.h"

#include <string.h>

#define IGNORE_FILE ".sourceignore"
#define FILE_MAX    ((size_t)1 << 20)

static const char *const version_control[] = { ".git/", ".gitignore", ".gitmodules", ".gitattributes" };

static const char *const defaults[] = {
    /* images and archives */
    "*.jpg",
    "*.jpeg",
    "*.gif",
    "*.png",
    "*.wmv",
    "*.flv",
    "*.tar.gz",
    "*.zip",
    /* continuous integration */
    ".github/",
    ".circleci/",
    ".travis.yml",
    ".gitlab-ci.yml",
    "appveyor.yml",
    ".drone.yml",
    "cloudbuild.yaml",
    "codeship-services.yml",
    "codeship-steps.yml",
    /* tools */
    "**/.goreleaser.yml",
    "**/.sops.yaml",
    "**/.flux.yaml",
};

/* A .sourceignore and the folder it counts for. */
struct found {
    const char *base;
    const char *text;
};

struct search {
    int root;
    VEC(struct found) files;
};

static int read_file(struct ctx *cx, struct search *s, const char *dir)
{
    bool top = str_eq(dir, ".");
    const char *path = top ? IGNORE_FILE : str_fmt(cx->arena, "%s/" IGNORE_FILE, dir);
    struct buf text;
    if (fs_read_at(cx, s->root, path, FILE_MAX, &text) < 0) {
        bool absent = err_code(cx) == ERR_NOT_FOUND || err_code(cx) == ERR_INVALID; /* or no file */
        if (!absent)
            return err_reason(cx, "SourceIgnoreError");
        err_clear(cx);
        return 0;
    }
    vec_push(cx->arena, &s->files,
             (struct found){ .base = top ? "" : str_dup(cx->arena, dir), .text = buf_text(&text) });
    return 0;
}

/* Reads the file of each folder, before those of the folders in it; .git is not looked into. */
static int visit(struct ctx *cx, void *user, const struct fs_entry *e)
{
    if (!S_ISDIR(e->stat->st_mode))
        return FS_WALK_ON;
    if (str_eq(e->name, ".git"))
        return FS_WALK_SKIP;
    return read_file(cx, user, e->path);
}

static void add_list(struct ignore *ig, const char *const *patterns, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ignore_add(ig, "", patterns[i]);
}

static size_t add_users(struct ignore *ig, const struct search *s, const char *spec_ignore)
{
    size_t n = 0;
    for (size_t i = 0; i < s->files.len; i++)
        n += ignore_add_text(ig, s->files.at[i].base, s->files.at[i].text);
    return n + (spec_ignore ? ignore_add_text(ig, "", spec_ignore) : 0);
}

int sourceignore_load(struct ctx *cx, const char *dir, const char *spec_ignore, struct ignore **ret)
{
    CLEANUP(cleanup_fd) int root = -1;
    struct search s = { 0 };
    if (fs_open_dir(cx, dir, &root) < 0)
        return cx->err.code;
    s.root = root;
    if (fs_walk(cx, dir, visit, &s) < 0)
        return cx->err.code;
    struct ignore *ig = ignore_new(cx->arena);
    add_list(ig, version_control, ARRAY_LEN(version_control));
    if (!add_users(ig, &s, spec_ignore))
        add_list(ig, defaults, ARRAY_LEN(defaults));
    *ret = ig;
    return 0;
}
