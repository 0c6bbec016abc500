/*
 * chartfiles.c: folders and packed charts; the contract is in chartfiles.h.
 *
 * A walk goes by paths, not by open folders, because links may lead out of the chart: what a child may read is the
 * sandbox's affair. Links that form a net end at the system's limit of links in a path, and at ENTRIES_MAX.
 */
#include "libgotk/helm/chartfiles.h"

#include "libgotk/artifact/untar.h"
#include "libgotk/base/fs.h"
#include "libgotk/base/gopath.h"
#include "libgotk/base/quote.h"
#include "libgotk/helm/helmignore.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define BOM         "\xEF\xBB\xBF"
#define ENTRIES_MAX 200000
#define DEPTH_MAX   512
#define ARCHIVE_MAX ((size_t)1 << 30)
#define FIRST_BLOCK 65536
#define MAPPED_MIN  ((size_t)16 << 10)

static struct strv view(const char *s)
{
    return (struct strv){ s, strlen(s) };
}

static struct strv without_bom(struct strv s)
{
    bool has = s.n >= 3 && memcmp(s.p, BOM, 3) == 0;
    return has ? (struct strv){ s.p + 3, s.n - 3 } : s;
}

void chartfiles_rest(struct strv data, bool mapped)
{
    size_t before = (uintptr_t)data.p % (size_t)sysconf(_SC_PAGESIZE);
    if (mapped)
        (void)madvise((void *)((uintptr_t)data.p - before), before + data.n, MADV_DONTNEED);
}

const struct chart_file *chartfiles_find(const struct chart_files *files, const char *name)
{
    for (size_t i = 0; i < files->len; i++)
        if (strcmp(files->at[i].name, name) == 0)
            return &files->at[i];
    return NULL;
}

int chartfiles_read_file(struct ctx *cx, const char *path, size_t max, struct buf *ret)
{
    if (fs_read_file(cx, path, max, ret) >= 0)
        return 0;
    return access(path, R_OK) < 0 ? err_path(cx, "open", path) : err_code(cx);
}

const char *chartfiles_absolute(struct arena *a, const char *path)
{
    char here[PATH_MAX];
    if (*path != '/' && getcwd(here, sizeof(here)))
        path = str_fmt(a, "%s/%s", here, path);
    return gopath_clean(a, view(path)).p;
}

/* -- archives --------------------------------------------------------------------------------------------------- */

/* One unpacking. */
struct unpacking {
    struct untar *archive;
    struct chart_files files;
    int64_t left; /* bytes that may still come */
    size_t entries;
};

static int refuse(struct ctx *cx, const char *why)
{
    return err_fail(cx, ERR_INVALID, "%s", why);
}

static bool has_drive(const char *name)
{
    return ((*name | 0x20) >= 'a' && (*name | 0x20) <= 'z') && name[1] == ':' && name[2] == '/';
}

/* The name of an entry below the chart's folder. Archives from Windows have backslashes. */
static int chart_name(struct ctx *cx, const char *given, const char **ret)
{
    char delimiter = strchr(given, '\\') ? '\\' : '/';
    const char *first = strchr(given, delimiter);
    char *rest = str_dup(cx->arena, first ? first + 1 : "");
    for (char *c = rest; *c; c++)
        *c = *c == delimiter ? '/' : *c;
    if (*rest == '/')
        return refuse(cx, "chart illegally contains absolute paths");
    const char *name = gopath_clean(cx->arena, view(rest)).p;
    if (strcmp(name, ".") == 0)
        return err_fail(cx, ERR_INVALID, "chart illegally contains content outside the base directory: %s",
                        quote_go(cx->arena, given, strlen(given)));
    if (str_starts(name, ".."))
        return refuse(cx, "chart illegally references parent directory");
    if (has_drive(name))
        return refuse(cx, "chart contains illegally named files");
    if (strncmp(given, "Chart.yaml", strlen("Chart.yaml")) == 0 &&
        (given[10] == delimiter || given[10] == '\0'))
        return refuse(cx, "chart yaml not in base directory");
    *ret = name;
    return 0;
}

static int check_size(struct ctx *cx, const struct unpacking *u, const struct untar_entry *entry)
{
    if (entry->kind == UNTAR_FILE && entry->size > u->left)
        return err_fail(cx, ERR_LIMIT, "decompressed chart is larger than the maximum size %lld",
                        (long long)CHARTFILES_CHART_MAX);
    if (entry->kind == UNTAR_FILE && entry->size > CHARTFILES_FILE_MAX)
        return err_fail(cx, ERR_LIMIT, "decompressed chart file %s is larger than the maximum file size %lld",
                        quote_go(cx->arena, entry->name, strlen(entry->name)),
                        (long long)CHARTFILES_FILE_MAX);
    return entry->size < 0 ? refuse(cx, "archive/tar: invalid tar header") : 0;
}

/* The library's words for a broken archive as Go's. */
static int as_go(struct ctx *cx)
{
    static const char *const words[][2] = {
        { "truncated gzip input", "unexpected EOF" },
        { "Truncated tar archive", "unexpected EOF" },
        { "Unrecognized archive format", "archive/tar: invalid tar header" },
        { "Damaged tar archive", "archive/tar: invalid tar header" },
    };
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (str_starts(err_message(cx), words[i][0]))
            return refuse(cx, words[i][1]);
    return err_code(cx);
}

/* What is there of `size` bytes: memory is only taken for what comes. */
static int read_entry(struct ctx *cx, struct untar *archive, size_t size, struct buf *out)
{
    while (out->len < size) {
        size_t want = out->len ? out->len : FIRST_BLOCK;
        want = want < size - out->len ? want : size - out->len;
        char *room = buf_room(out, want);
        if (!room)
            return buf_ok(cx, out, "the chart");
        ssize_t n = untar_read(cx, archive, room, want);
        if (n < 0)
            return as_go(cx);
        if (ctx_check(cx) < 0)
            return err_code(cx);
        if (n == 0)
            return refuse(cx, "unexpected EOF");
        buf_grown(out, (size_t)n);
    }
    return 0;
}

static int unpack_file(struct ctx *cx, struct unpacking *u, const struct untar_entry *entry)
{
    const char *name;
    if (chart_name(cx, entry->name, &name) < 0 || check_size(cx, u, entry) < 0)
        return err_code(cx);
    struct buf data = buf_new(cx->arena, (size_t)CHARTFILES_FILE_MAX);
    if (entry->kind == UNTAR_FILE && read_entry(cx, u->archive, (size_t)entry->size, &data) < 0)
        return err_code(cx);
    u->left -= (int64_t)data.len;
    if (u->left <= 0)
        return err_fail(cx, ERR_LIMIT, "decompressed chart is larger than the maximum size %lld",
                        (long long)CHARTFILES_CHART_MAX);
    struct chart_file file = { name, without_bom((struct strv){ buf_text(&data), data.len }),
                               entry->modified_ns, false };
    vec_push(cx->arena, &u->files, file);
    return 0;
}

/* What Go's gzip reader finds wrong with the first bytes. */
static int check_gzip(struct ctx *cx, struct strv archive)
{
    if (archive.n < 10)
        return refuse(cx, archive.n ? "unexpected EOF" : "EOF");
    if (memcmp(archive.p, "\x1F\x8B\x08", 3) != 0)
        return refuse(cx, CHARTFILES_NO_GZIP);
    return 0;
}

int chartfiles_unpack(struct ctx *cx, struct strv archive, struct chart_files *ret)
{
    struct unpacking u = { .left = CHARTFILES_CHART_MAX };
    struct untar_entry entry;
    int rc;
    if (check_gzip(cx, archive) < 0)
        return err_code(cx);
    if (untar_open_bytes(cx, archive.p, archive.n, &u.archive) < 0)
        return as_go(cx);
    while ((rc = untar_next(cx, u.archive, &entry)) > 0) {
        if (++u.entries > ENTRIES_MAX)
            return err_fail(cx, ERR_LIMIT, "the chart has more than %d entries", ENTRIES_MAX);
        if (entry.kind != UNTAR_DIR && unpack_file(cx, &u, &entry) < 0)
            return err_code(cx);
    }
    if (rc < 0)
        return as_go(cx);
    if (!u.files.len)
        return refuse(cx, "no files in chart archive");
    *ret = u.files;
    return 0;
}

/* -- folders ---------------------------------------------------------------------------------------------------- */

/* One walk. */
struct walk {
    const char *top; /* the folder, absolute, with a slash behind it */
    struct helmignore rules;
    struct notes *notes;
    struct chart_files files;
    size_t entries;
};

static int walk(struct ctx *cx, struct walk *w, const char *path, const struct stat *st, const char *real,
                int depth);

static void unmap(void *text)
{
    const struct strv *s = text;
    munmap((void *)(uintptr_t)s->p, s->n);
}

/* Large files are mapped: most of them nobody reads, like definitions that are not printed, so that their start is looked at
 * without the pages around it. False when this one cannot be; one that ends with a page would have no NUL behind it. */
static bool map_file(struct ctx *cx, const char *path, size_t size, struct strv *ret)
{
    CLEANUP(cleanup_fd) int fd = -1;
    char start[3];
    if (size < MAPPED_MIN || size % (size_t)sysconf(_SC_PAGESIZE) == 0)
        return false;
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    void *p = fd < 0 ? MAP_FAILED : mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (p == MAP_FAILED)
        return false;
    struct strv *text = ARENA_NEW(cx->arena, struct strv);
    *text = (struct strv){ p, size };
    arena_defer(cx->arena, unmap, text);
    *ret = pread(fd, start, 3, 0) == 3 && memcmp(start, BOM, 3) != 0 ? *text : without_bom(*text);
    return true;
}

static int read_text(struct ctx *cx, const char *path, size_t size, struct chart_file *file)
{
    struct buf data;
    file->mapped = map_file(cx, path, size, &file->data);
    if (file->mapped)
        return 0;
    if (chartfiles_read_file(cx, path, (size_t)CHARTFILES_FILE_MAX, &data) < 0)
        return err_code(cx);
    file->data = without_bom((struct strv){ buf_text(&data), data.len });
    return 0;
}

static int read_file(struct ctx *cx, struct walk *w, const char *path, const char *name,
                     const struct stat *st, const char *real)
{
    struct chart_file file = { .name = name };
    if (!S_ISREG(st->st_mode))
        return err_fail(cx, ERR_INVALID, "cannot load irregular file %s as it has file mode type bits set",
                        path);
    if (st->st_size > CHARTFILES_FILE_MAX) {
        struct strv base = gopath_base(view(real));
        return err_fail(cx, ERR_LIMIT, "chart file %s is larger than the maximum file size %lld",
                        quote_go(cx->arena, base.p, base.n), (long long)CHARTFILES_FILE_MAX);
    }
    if (!arena_has_room(cx->arena, (size_t)st->st_size))
        return err_fail(cx, ERR_LIMIT, "the chart needs more memory than it may have");
    if (read_text(cx, path, (size_t)st->st_size, &file) < 0)
        return err_wrap(cx, "error reading %s", name);
    file.name = str_dup(cx->arena, name);
    file.modified_ns = (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
    vec_push(cx->arena, &w->files, file);
    return 0;
}

static int walk_children(struct ctx *cx, struct walk *w, const char *path, int depth)
{
    const char **names;
    size_t n;
    if (access(path, R_OK | X_OK) < 0)
        return err_path(cx, "open", path);
    if (fs_list(cx, path, &names, &n) < 0)
        return err_code(cx);
    for (size_t i = 0; i < n; i++) {
        struct stat st;
        const char *child = str_fmt(cx->arena, "%s%s%s", path, str_ends(path, "/") ? "" : "/", names[i]);
        if (lstat(child, &st) < 0)
            return err_path(cx, "lstat", child);
        if (walk(cx, w, child, &st, child, depth + 1) < 0)
            return err_code(cx);
    }
    return 0;
}

/* The first part of a path that is not there, for the message. */
static const char *missing_part(struct arena *a, const char *link)
{
    char target[PATH_MAX];
    struct stat st;
    ssize_t n = readlink(link, target, sizeof(target) - 1);
    if (n < 0)
        return link;
    target[n] = '\0';
    const char *dir = str_ndup(a, link, (size_t)(strrchr(link, '/') + 1 - link));
    const char *path = gopath_clean(a, view(*target == '/' ? target : str_fmt(a, "%s%s", dir, target))).p;
    for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        const char *part = str_ndup(a, path, (size_t)(slash - path));
        if (lstat(part, &st) < 0)
            return part;
    }
    return path;
}

static int walk_link(struct ctx *cx, struct walk *w, const char *path, int depth)
{
    struct stat st;
    char real[PATH_MAX];
    if (!realpath(path, real)) {
        int number = errno;
        const char *part = missing_part(cx->arena, path);
        errno = number;
        if (number == ELOOP)
            err_fail(cx, ERR_INVALID, "EvalSymlinks: too many links");
        else
            err_path(cx, "lstat", part);
        return err_wrap(cx, "error evaluating symlink %s", path);
    }
    notes_add(cx, w->notes, NOTES_INFO,
              "found symbolic link in path. Contents of linked file included and used", "path", path,
              "resolved", real, NULL);
    if (lstat(real, &st) < 0)
        return err_path(cx, "lstat", real);
    return walk(cx, w, path, &st, str_dup(cx->arena, real), depth);
}

/* One entry: a file is read, a folder entered, a link followed. `real` is where the entry is, `path` how it is called. */
static int walk(struct ctx *cx, struct walk *w, const char *path, const struct stat *st, const char *real,
                int depth)
{
    const char *name = str_starts(path, w->top) ? path + strlen(w->top) : path;
    if (ctx_check(cx) < 0)
        return err_code(cx);
    if (++w->entries > ENTRIES_MAX || depth > DEPTH_MAX)
        return err_fail(cx, ERR_LIMIT, "the chart has more than %d entries, or folders more than %d deep",
                        ENTRIES_MAX, DEPTH_MAX);
    if (S_ISLNK(st->st_mode))
        return walk_link(cx, w, path, depth);
    if (*name && helmignore_match(&w->rules, name, S_ISDIR(st->st_mode)))
        return 0;
    return S_ISDIR(st->st_mode) ? walk_children(cx, w, path, depth) : read_file(cx, w, path, name, st, real);
}

static int read_rules(struct ctx *cx, struct walk *w)
{
    struct buf text;
    const char *path = str_fmt(cx->arena, "%s.helmignore", w->top);
    if (access(path, F_OK) == 0) {
        if (fs_read_file(cx, path, (size_t)CHARTFILES_FILE_MAX, &text) < 0 ||
            helmignore_parse(cx, (struct strv){ buf_text(&text), text.len }, &w->rules) < 0)
            return err_code(cx);
    }
    helmignore_add_defaults(cx, &w->rules);
    return 0;
}

static int read_folder(struct ctx *cx, const char *path, struct notes *notes, struct chart_files *ret)
{
    struct stat st;
    const char *top = chartfiles_absolute(cx->arena, path);
    struct walk w = { .top = str_fmt(cx->arena, "%s%s", top, str_eq(top, "/") ? "" : "/"), .notes = notes };
    if (stat(w.top, &st) < 0)
        return err_path(cx, "lstat", w.top);
    if (read_rules(cx, &w) < 0 || walk(cx, &w, w.top, &st, w.top, 0) < 0)
        return err_code(cx);
    *ret = w.files;
    return 0;
}

/* -- either ----------------------------------------------------------------------------------------------------- */

/* What net/http takes the first bytes for, as far as someone may give them for a chart. */
static const char *content_type(struct strv s)
{
    static const struct {
        const char *start, *type;
    } known[] = {
        { "PK\x03\x04", "application/zip" },
        { "%PDF-", "application/pdf" },
        { "<?xml", "text/xml; charset=utf-8" },
        { "<html", "text/html; charset=utf-8" },
        { "<!DOCTYPE HTML", "text/html; charset=utf-8" },
        { "\x89PNG\r\n\x1A\n", "image/png" },
    };
    size_t n = s.n < 512 ? s.n : 512;
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (n >= strlen(known[i].start) && strncasecmp(s.p, known[i].start, strlen(known[i].start)) == 0)
            return known[i].type;
    /* Helm looks at 512 bytes, whatever the file has: the zeros behind a short one are no text. */
    for (size_t i = 0; i < 512; i++) {
        unsigned char c = i < n ? (unsigned char)s.p[i] : 0;
        if (c <= 0x08 || c == 0x0B || (c >= 0x0E && c <= 0x1A) || (c >= 0x1C && c <= 0x1F))
            return "application/octet-stream";
    }
    return "text/plain; charset=utf-8";
}

static int check_archive(struct ctx *cx, const char *path, struct strv data)
{
    if (data.n >= 3 && memcmp(data.p, "\x1F\x8B\x08", 3) == 0)
        return 0;
    if (str_ends(path, ".yml") || str_ends(path, ".yaml"))
        return err_fail(cx, ERR_INVALID, "file '%s' seems to be a YAML file, but expected a gzipped archive",
                        path);
    return err_fail(cx, ERR_INVALID, "file '%s' does not appear to be a gzipped archive; got '%s'", path,
                    content_type(data));
}

int chartfiles_read(struct ctx *cx, const char *path, struct notes *notes, struct chart_files *ret)
{
    struct stat st;
    struct buf data;
    if (stat(path, &st) < 0)
        return err_path(cx, "stat", path);
    if (S_ISDIR(st.st_mode))
        return read_folder(cx, path, notes, ret);
    if (chartfiles_read_file(cx, path, ARCHIVE_MAX, &data) < 0 ||
        check_archive(cx, path, (struct strv){ buf_text(&data), data.len }) < 0)
        return err_code(cx);
    if (chartfiles_unpack(cx, (struct strv){ buf_text(&data), data.len }, ret) < 0)
        return err_take(cx, err_code(cx),
                        str_fmt(cx->arena, "unable to load chart archive\nhint: %s", err_message(cx)));
    return 0;
}
