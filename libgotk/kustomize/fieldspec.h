/*
 * fieldspec.h: kustomize's field specs: "this field of these kinds".
 *
 * A field spec names a path ("spec/template/metadata/labels") and the kinds it holds for; fieldspec_apply calls back
 * for every node the path leads to, entering lists on the way and creating maps when the spec says so. Lists of specs
 * are merged as upstream merges them. Any thread. Rejected: JSON pointers, which cannot say "every element".
 */
#ifndef GOTK_KUSTOMIZE_FIELDSPEC_H
#define GOTK_KUSTOMIZE_FIELDSPEC_H

#include "libgotk/base/ctx.h"
#include "libgotk/kustomize/resource.h"

struct fieldspec {
    struct gvk gvk; /* "" matches any; the members may be NULL in static rows: "" then */
    const char *path;
    bool create;
    const char *
        *parts; /* the path split, NULL-terminated, by the first object it is applied to; NULL until then */
};

VEC_NAMED(fieldspecs, struct fieldspec);

/* Called with the node at the end of the path; `parent` is the map or list that holds it (NULL at the root). To put
 * another node in its place use doc_replace(a, parent, node, ...). */
typedef int (*fieldspec_set)(struct ctx *cx, void *user, struct doc *parent, struct doc *node);

/* What fieldspec_apply makes of a missing last field. */
enum fieldspec_leaf { FIELDSPEC_NO_CREATE, FIELDSPEC_SCALAR, FIELDSPEC_MAP };

/* Calls `set` for each node of `d` that `fs` leads to; nothing when the kind differs. Errors are wrapped with
 * "considering field '...' of object ...". */
int fieldspec_apply(struct ctx *cx, const struct fieldspec *fs, struct doc *d, enum fieldspec_leaf leaf,
                    fieldspec_set set, void *user) MUST_CHECK;

/* As fieldspec_apply for a list of specs, in order. */
int fieldspec_apply_all(struct ctx *cx, const struct fieldspecs *list, struct doc *d,
                        enum fieldspec_leaf leaf, fieldspec_set set, void *user) MUST_CHECK;

/* The path split; NULL-terminated. Split when it is first asked for, as most specs of a build never meet an object of their kind,
 * and kept with the spec, whose memory has to be of `a` too. */
const char *const *fieldspec_parts(struct arena *a, const struct fieldspec *fs);

/* A spec from a static row: NULL members become "". */
struct fieldspec fieldspec_normal(struct fieldspec row);

/* Appends `fs` unless an equal one is there; ERR_INVALID "conflicting fieldspecs" when that one differs in create. */
int fieldspec_merge(struct ctx *cx, struct fieldspecs *list, struct fieldspec fs) MUST_CHECK;

/* Merges all of `from` into `list`. */
int fieldspec_merge_all(struct ctx *cx, struct fieldspecs *list, const struct fieldspecs *from) MUST_CHECK;

/* Sorts by the legacy order of kinds; equal kinds keep their order. */
void fieldspec_sort(struct arena *a, struct fieldspecs *list);

/* Splits a path at `sep`, honouring "\" before it; a leading empty part is dropped. NULL-terminated, in `a`. */
const char **fieldspec_split(struct arena *a, const char *path, char sep, size_t *ret_count);

/* The specs in a document list of {path, group, version, kind, create}. */
struct fieldspecs fieldspec_list(struct arena *a, const struct doc *list);

#endif
