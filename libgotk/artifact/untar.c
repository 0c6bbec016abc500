/*
 * untar.c: libarchive behind one small interface; the contract is in untar.h. Runs in a job child or a worker.
 *
 * Rejected: the library's other formats (zip, cpio, ...), which are not switched on, and its disk writer.
 */
#include "libgotk/artifact/untar.h"

#include "libgotk/base/str.h"

#include <archive.h>
#include <archive_entry.h>

#define BLOCK       65536
#define SECONDS_MAX 9223372036

struct untar {
    struct archive *archive;
};

static void close_archive(void *ptr)
{
    archive_read_free(ptr);
}

static int fail(struct ctx *cx, const struct untar *u)
{
    return err_fail(cx, ERR_INVALID, "%s", str_or(archive_error_string(u->archive), "unreadable"));
}

static struct untar *new_untar(struct ctx *cx)
{
    struct untar *u = ARENA_NEW(cx->arena, struct untar);
    u->archive = archive_read_new();
    arena_defer(cx->arena, close_archive, u->archive);
    archive_read_support_format_tar(u->archive);
    archive_read_support_filter_gzip(u->archive);
    return u;
}

static int check_filter(struct ctx *cx, const struct untar *u)
{
    if (archive_filter_count(u->archive) == 2 && archive_filter_code(u->archive, 0) == ARCHIVE_FILTER_GZIP)
        return 0;
    return err_fail(cx, ERR_INVALID, "not compressed by gzip, or more than once");
}

int untar_open(struct ctx *cx, const char *path, struct untar **ret)
{
    struct untar *u = new_untar(cx);
    if (archive_read_open_filename(u->archive, path, BLOCK) != ARCHIVE_OK)
        return fail(cx, u);
    *ret = u;
    return check_filter(cx, u);
}

int untar_open_bytes(struct ctx *cx, const void *data, size_t n, struct untar **ret)
{
    struct untar *u = new_untar(cx);
    if (archive_read_open_memory(u->archive, data, n) != ARCHIVE_OK)
        return fail(cx, u);
    *ret = u;
    return check_filter(cx, u);
}

static enum untar_kind kind_of(struct archive_entry *entry)
{
    if (archive_entry_hardlink(entry) || archive_entry_symlink(entry))
        return UNTAR_OTHER;
    if (archive_entry_filetype(entry) == AE_IFDIR)
        return UNTAR_DIR;
    return archive_entry_filetype(entry) == AE_IFREG ? UNTAR_FILE : UNTAR_OTHER;
}

/* Within what 64 bits hold: years 1678 to 2262. */
static int64_t modified_of(struct archive_entry *entry)
{
    int64_t seconds = archive_entry_mtime(entry);
    return seconds > -SECONDS_MAX && seconds < SECONDS_MAX
               ? seconds * 1000000000 + archive_entry_mtime_nsec(entry)
               : 0;
}

int untar_next(struct ctx *cx, struct untar *u, struct untar_entry *ret)
{
    struct archive_entry *entry;
    int rc = archive_read_next_header(u->archive, &entry);
    if (ctx_check(cx) < 0)
        return err_code(cx);
    if (rc == ARCHIVE_EOF)
        return 0;
    if (rc < ARCHIVE_WARN)
        return fail(cx, u);
    *ret = (struct untar_entry){
        .name = str_or(archive_entry_pathname(entry), ""),
        .kind = kind_of(entry),
        .mode = archive_entry_perm(entry),
        .size = archive_entry_size(entry),
        .modified_ns = modified_of(entry),
    };
    return 1;
}

ssize_t untar_read(struct ctx *cx, struct untar *u, void *block, size_t n)
{
    la_ssize_t got = archive_read_data(u->archive, block, n);
    return got < 0 ? fail(cx, u) : got;
}
