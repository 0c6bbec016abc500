/*
 * chartfiles.h: a chart's files, in memory, from a folder or from a packed chart.
 *
 * Follows Helm 4's loaders: a folder's .helmignore counts and symbolic links are followed (with a note); an archive's first
 * folder goes and .helmignore does not count. Byte order marks are taken off. Everything lives in the context's arena.
 * Strangers make charts: runs in a job child, on one thread. A packed subchart is one file here (chart.h unpacks it).
 */
#ifndef GOTK_HELM_CHARTFILES_H
#define GOTK_HELM_CHARTFILES_H

#include "libgotk/base/buf.h"
#include "libgotk/base/ctx.h"
#include "libgotk/base/str.h"
#include "libgotk/base/vec.h"
#include "libgotk/helm/notes.h"

#define CHARTFILES_FILE_MAX  ((int64_t)5 << 20)   /* bytes of one file */
#define CHARTFILES_CHART_MAX ((int64_t)100 << 20) /* bytes of all files of an archive */

#define CHARTFILES_NO_GZIP "gzip: invalid header" /* the message for bytes that are no gzip file */

struct chart_file {
    const char *name; /* relative to the chart's folder */
    struct strv data;
    int64_t modified_ns; /* since 1970; 0: not known. A release stores it. */
    bool mapped;         /* data is a file's, in pages of its own */
};

VEC_NAMED(chart_files, struct chart_file);

/*
 * The files of the folder, or of the packed chart, at `path`, in Helm's order. Errors have Helm's words: "stat PATH: no such file or
 * directory", "double-star (**) syntax is not supported", "chart file \"x\" is larger than the maximum file size 5242880",
 * "file 'x' does not appear to be a gzipped archive; got 'text/plain; charset=utf-8'", and "unable to load chart
 * archive": helm says only so much; chartfiles_unpack's reason is a "hint: " line behind it.
 */
int chartfiles_read(struct ctx *cx, const char *path, struct notes *notes,
                    struct chart_files *ret) MUST_CHECK;

/*
 * The files of a packed chart in memory (helm's LoadArchiveFiles): ERR_INVALID "gzip: invalid header", "chart illegally
 * contains absolute paths", "chart yaml not in base directory", "no files in chart archive"...; ERR_LIMIT "decompressed chart is
 * larger than the maximum size 104857600".
 */
int chartfiles_unpack(struct ctx *cx, struct strv archive, struct chart_files *ret) MUST_CHECK;

/* One file, with Go's errors: "open PATH: no such file or directory". */
int chartfiles_read_file(struct ctx *cx, const char *path, size_t max, struct buf *ret) MUST_CHECK;
/* filepath.Abs: the path from the root, cleaned as text. */
const char *chartfiles_absolute(struct arena *a, const char *path);

/* Nobody reads the text for a while: when it is mapped, its memory goes back, and who reads it has it read again. */
void chartfiles_rest(struct strv data, bool mapped);

/* The file of that name; NULL when there is none. */
const struct chart_file *chartfiles_find(const struct chart_files *files, const char *name);

#endif
