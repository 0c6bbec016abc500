/*
 * extract.c: unpacking under suspicion; the contract is in extract.h.
 *
 * untar.h reads the archive; this file decides what becomes of each entry. Every file is opened below the target's
 * descriptor without following links, so that no order of entries leads outside. Rejected: libarchive's own disk writer,
 * whose "secure" flags are a list to keep up with.
 */
#include "libgotk/artifact/extract.h"

#include "libgotk/artifact/untar.h"
#include "libgotk/base/fs.h"
#include "libgotk/base/str.h"

#include <fcntl.h>
#include <string.h>

#define MAX_BYTES   ((int64_t)4 << 30)
#define MAX_ENTRIES 1000000
#define MAX_DEPTH   256
#define MAX_NAME    4096
#define BLOCK       65536

/* One unpacking. */
struct extract {
    struct untar *archive;
    int root; /* descriptor of the target */
    struct artifact_limits limits;
    int64_t bytes;
    int64_t entries;
};

static int fail_archive(struct ctx *cx)
{
    return err_wrap(cx, "failed to extract archive (check whether file size exceeds max download size)");
}

static int fail_limit(struct ctx *cx, const char *what, int64_t limit)
{
    return err_fail(cx, ERR_LIMIT, "failed to extract archive: it holds more than %lld %s", (long long)limit,
                    what);
}

/* A name without "./", doubled slashes and a trailing slash; NULL for one that is empty, absolute or leads upwards. */
static const char *clean_name(struct ctx *cx, const char *name)
{
    size_t count, depth = 0;
    if (str_empty(name) || *name == '/' || strlen(name) > MAX_NAME)
        return NULL;
    char **parts = str_split(cx->arena, name, '/', &count);
    const char **kept = ARENA_ARRAY(cx->arena, const char *, count);
    for (size_t i = 0; i < count; i++) {
        if (str_eq(parts[i], ".."))
            return NULL;
        if (!str_empty(parts[i]) && !str_eq(parts[i], "."))
            kept[depth++] = parts[i];
    }
    return depth > MAX_DEPTH ? NULL : str_join(cx->arena, kept, depth, "/");
}

static int write_blocks(struct ctx *cx, struct extract *x, int fd, const char *name)
{
    char block[BLOCK];
    for (;;) {
        ssize_t n = untar_read(cx, x->archive, block, sizeof(block));
        if (n == 0)
            return 0;
        if (n < 0)
            return fail_archive(cx);
        x->bytes += n;
        if (x->bytes > x->limits.max_bytes)
            return fail_limit(cx, "bytes", x->limits.max_bytes);
        if (fs_write_all(cx, fd, block, (size_t)n, name) < 0 || ctx_check(cx) < 0)
            return cx->err.code;
    }
}

static int extract_file(struct ctx *cx, struct extract *x, const char *name, mode_t mode)
{
    CLEANUP(cleanup_fd) int fd = -1;
    const char *slash = strrchr(name, '/');
    if (slash && fs_mkdirs_at(cx, x->root, str_ndup(cx->arena, name, (size_t)(slash - name)), 0700) < 0)
        return cx->err.code;
    mode_t kept = mode & 0111 ? 0700 : 0600;
    if (fs_open_nolinks(cx, x->root, name, O_WRONLY | O_CREAT | O_TRUNC, kept, &fd) < 0)
        return cx->err.code;
    return write_blocks(cx, x, fd, name);
}

static int extract_entry(struct ctx *cx, struct extract *x, const struct untar_entry *entry)
{
    const char *name = clean_name(cx, entry->name);
    if (!name)
        return err_fail(cx, ERR_INVALID,
                        "failed to extract archive: the name '%.200s' leads outside of it or is too long",
                        entry->name);
    if (!*name || entry->kind == UNTAR_OTHER)
        return 0;
    if (entry->kind == UNTAR_DIR)
        return fs_mkdirs_at(cx, x->root, name, 0700);
    return extract_file(cx, x, name, entry->mode);
}

static int extract_all(struct ctx *cx, struct extract *x)
{
    struct untar_entry entry;
    for (;;) {
        struct arena_mark mark = arena_mark(cx->arena);
        int rc = untar_next(cx, x->archive, &entry);
        if (rc <= 0)
            return rc < 0 ? fail_archive(cx) : 0;
        if (++x->entries > x->limits.max_entries)
            return fail_limit(cx, "entries", x->limits.max_entries);
        if (extract_entry(cx, x, &entry) < 0)
            return cx->err.code;
        arena_release(cx->arena, mark);
    }
}

int artifact_extract(struct ctx *cx, const char *path, const char *target,
                     const struct artifact_limits *limits)
{
    CLEANUP(cleanup_fd) int root = -1;
    struct extract x = { .limits = { MAX_BYTES, MAX_ENTRIES } };
    if (limits && limits->max_bytes)
        x.limits.max_bytes = limits->max_bytes;
    if (limits && limits->max_entries)
        x.limits.max_entries = limits->max_entries;
    if (fs_open_dir(cx, target, &root) < 0)
        return cx->err.code;
    x.root = root;
    if (untar_open(cx, path, &x.archive) < 0)
        return fail_archive(cx);
    return extract_all(cx, &x);
}
