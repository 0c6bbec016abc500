/*
 * extract.c: unpacking under suspicion; the contract is in extract.h.
 *
 * libarchive reads the archive; this file decides what becomes of each entry. Every file is opened below the target's
 * descriptor without following links, so that no order of entries leads outside. Rejected: libarchive's own disk writer,
 * whose "secure" flags are a list to keep up with.
 */
#include "libgotk/artifact/extract.h"

#include "libgotk/base/fs.h"
#include "libgotk/base/str.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <string.h>

#define MAX_BYTES   ((int64_t)4 << 30)
#define MAX_ENTRIES 1000000
#define MAX_DEPTH   256
#define MAX_NAME    4096
#define BLOCK       65536

/* One unpacking. */
struct extract {
    struct archive *archive;
    const char *path; /* of the archive, for messages */
    int root;         /* descriptor of the target */
    struct artifact_limits limits;
    int64_t bytes;
    int64_t entries;
};

static void close_archive(struct archive **a)
{
    archive_read_free(*a);
}

static int fail_archive(struct ctx *cx, const struct extract *x)
{
    return err_fail(cx, ERR_INVALID,
                    "failed to extract archive (check whether file size exceeds max download size): %s",
                    str_or(archive_error_string(x->archive), "unreadable"));
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
        la_ssize_t n = archive_read_data(x->archive, block, sizeof(block));
        if (n == 0)
            return 0;
        if (n < 0)
            return fail_archive(cx, x);
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

static int extract_entry(struct ctx *cx, struct extract *x, struct archive_entry *entry)
{
    const char *given = archive_entry_pathname(entry), *name = clean_name(cx, given);
    if (!name)
        return err_fail(cx, ERR_INVALID,
                        "failed to extract archive: the name '%.200s' leads outside of it or is too long",
                        str_or(given, ""));
    bool plain = !archive_entry_hardlink(entry) && !archive_entry_symlink(entry);
    if (!*name || !plain)
        return 0;
    if (archive_entry_filetype(entry) == AE_IFDIR)
        return fs_mkdirs_at(cx, x->root, name, 0700);
    if (archive_entry_filetype(entry) == AE_IFREG)
        return extract_file(cx, x, name, archive_entry_perm(entry));
    return 0;
}

static int extract_all(struct ctx *cx, struct extract *x)
{
    struct archive_entry *entry;
    for (int rc; (rc = archive_read_next_header(x->archive, &entry)) != ARCHIVE_EOF;) {
        struct arena_mark mark = arena_mark(cx->arena);
        if (rc < ARCHIVE_WARN)
            return fail_archive(cx, x);
        if (++x->entries > x->limits.max_entries)
            return fail_limit(cx, "entries", x->limits.max_entries);
        if (ctx_check(cx) < 0 || extract_entry(cx, x, entry) < 0)
            return cx->err.code;
        arena_release(cx->arena, mark);
    }
    return 0;
}

/* Exactly one compression, and that is gzip: the library would undo as many as it finds. */
static int check_filter(struct ctx *cx, const struct extract *x)
{
    if (archive_filter_count(x->archive) == 2 && archive_filter_code(x->archive, 0) == ARCHIVE_FILTER_GZIP)
        return 0;
    return err_fail(cx, ERR_INVALID,
                    "failed to extract archive (check whether file size exceeds max download size): not "
                    "compressed by gzip, or more than once");
}

int artifact_extract(struct ctx *cx, const char *path, const char *target,
                     const struct artifact_limits *limits)
{
    CLEANUP(cleanup_fd) int root = -1;
    CLEANUP(close_archive) struct archive *archive = archive_read_new();
    struct extract x = { .archive = archive, .path = path, .limits = { MAX_BYTES, MAX_ENTRIES } };
    if (limits && limits->max_bytes)
        x.limits.max_bytes = limits->max_bytes;
    if (limits && limits->max_entries)
        x.limits.max_entries = limits->max_entries;
    if (fs_open_dir(cx, target, &root) < 0)
        return cx->err.code;
    x.root = root;
    archive_read_support_format_tar(archive);
    archive_read_support_filter_gzip(archive);
    if (archive_read_open_filename(archive, path, BLOCK) != ARCHIVE_OK)
        return fail_archive(cx, &x);
    return check_filter(cx, &x) < 0 ? cx->err.code : extract_all(cx, &x);
}
