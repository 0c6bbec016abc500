/*
 * manifest.h: what a chart's templates printed, as manifests and hooks in the order Helm installs them.
 *
 * Rendered files are split into documents, of each document the head is read (apiVersion, kind, name, annotations), hooks are
 * told from manifests, and both are sorted by kind. Texts are borrowed from the files, byte for byte. Everything else lives
 * in the context's arena. One thread.
 */
#ifndef GOTK_HELM_MANIFEST_H
#define GOTK_HELM_MANIFEST_H

#include "libgotk/base/ctx.h"
#include "libgotk/base/str.h"
#include "libgotk/base/vec.h"
#include "libgotk/helm/notes.h"

/* One rendered file. */
struct manifest_file {
    const char *name; /* CHART/templates/FILE */
    struct strv text;
};

VEC_NAMED(manifest_files, struct manifest_file);

struct manifest {
    const char *name; /* of its file */
    struct strv text;
    const char *api_version; /* "" when the document has none, as kind */
    const char *kind;
};

struct manifest_hook {
    const char *path; /* of its file */
    struct strv text;
    const char *name; /* metadata.name; "" when absent */
    const char *kind;
    int64_t weight;
    struct str_list events;              /* "pre-install", ..., "test" */
    struct str_list delete_policies;     /* as written, lower-case; none: before-hook-creation */
    struct str_list output_log_policies; /* as written, lower-case */
};

struct manifests {
    VEC(struct manifest) plain;
    VEC(struct manifest_hook) hooks;
};

VEC_NAMED(manifest_docs, struct strv);

/*
 * Splits a stream of YAML documents as Helm 4.2.3 and later do: a line that starts with "---" ends a document, whatever follows
 * it; documents of white space alone are left out, others lose what is in front.
 */
void manifest_split(struct arena *a, struct strv text, struct manifest_docs *ret);

/*
 * Sorts rendered files into manifests and hooks. Partials and files of white space are left out; so are hooks of an event that
 * Helm does not know, with a note. ERR_INVALID "YAML parse error on FILE: error converting YAML to JSON: yaml: line 3: ...".
 */
int manifest_sort(struct ctx *cx, const struct manifest_files *files, struct notes *notes,
                  struct manifests *ret) MUST_CHECK;

/* True when the hook is run for this event. */
bool manifest_hook_has(const struct manifest_hook *hook, const char *event);

/* The order in which kinds are installed, as a number; kinds that are not in the list come last, by name. Below, at or above
 * 0 as `a` comes before, with or after `b`. */
int manifest_compare_kinds(const char *a, const char *b);

/* White space as Go's unicode.IsSpace, taken off the front, or off both ends. */
struct strv manifest_trim_left(struct strv text);
struct strv manifest_trim(struct strv text);

#endif
