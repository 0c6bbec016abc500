/*
 * resource.h: one Kubernetes object on its way through a build, and the names it has had.
 *
 * A resource owns its document (a tree in the build's arena) and everything kustomize must remember about it but must
 * not print: earlier identities, prefixes and suffixes, generator options, origin. Upstream keeps these as annotations;
 * members of a struct are faster and cannot be destroyed by a patch. One thread, one build.
 */
#ifndef GOTK_KUSTOMIZE_RESOURCE_H
#define GOTK_KUSTOMIZE_RESOURCE_H

#include "libgotk/base/vec.h"
#include "libgotk/doc/doc.h"
#include "libgotk/kustomize/gvk.h"

#define RESOURCE_NO_NAMESPACE                                                                                \
    "_non_namespaceable_" /* what kustomize calls the namespace of cluster-scoped kinds */

/* An identity; no string is NULL. */
struct resid {
    struct gvk gvk;
    const char *name;
    const char *ns;
    bool cluster; /* the kind is certainly cluster-scoped */
};

VEC_NAMED(resids, struct resid);
VEC_NAMED(names, const char *);

enum behavior { BEHAVIOR_UNSPECIFIED, BEHAVIOR_CREATE, BEHAVIOR_REPLACE, BEHAVIOR_MERGE };

struct resource {
    struct doc *doc;    /* NULL once a patch has deleted the object */
    struct resid id;    /* as the document says now: resource_refresh keeps it so */
    struct resids past; /* earlier identities, oldest first; group and version follow the present ones */
    struct names prefixes;
    struct names suffixes;
    struct names vars; /* of the variables that read from this object */
    enum behavior behavior;
    bool needs_hash;
    bool generated;         /* upstream notes so in an annotation */
    bool allow_name_change; /* patches only */
    bool allow_kind_change;
    bool helm_generated;
    bool past_nameless; /* was remembered without a name, which upstream does not write down */
    bool lost_past;     /* and then with one, or without a kind or with a comma: upstream cannot read that */
    const char *file;   /* where it was read from, for messages; may be NULL */
    uint32_t mark;      /* scratch of whoever walks the resources */
};

VEC_NAMED(resources, struct resource *);
VEC_NAMED(docs, const struct doc *);

/* A resource around `d` (not copied) with its identity filled in, and the internal annotations a user may have written
 * (needsHashSuffix, previousNames and its sisters) taken over. */
struct resource *resource_new(struct arena *a, struct doc *d, const char *file);

/* A deep copy, history included. */
struct resource *resource_copy(struct arena *a, const struct resource *r);

/* Re-reads the identity after the document changed; true when it differs from before. */
bool resource_refresh(struct arena *a, struct resource *r);

/* Remembers the present identity as a past one. */
void resource_store_past(struct arena *a, struct resource *r);

/* The oldest identity. */
struct resid resource_original(const struct resource *r);

/* The i-th identity: the past ones first, then the present one (i == past.len). */
struct resid resource_id_at(const struct resource *r, size_t i);

/* Writes metadata.name, metadata.namespace (removed when ""), kind; the caller refreshes. */
void resource_set_name(struct arena *a, struct resource *r, const char *name);
void resource_set_namespace(struct arena *a, struct resource *r, const char *ns);
void resource_set_kind(struct arena *a, struct resource *r, const char *kind);

/* The value of an annotation as text; NULL when absent. */
const char *resource_annotation(const struct resource *r, const char *key);

/* metadata.labels or metadata.annotations (or any map) as the object to change, made when absent. */
struct doc *resource_metadata_map(struct arena *a, struct resource *r, const char *field);

/* Upstream keeps what it remembers of an object among the object's annotations: who looks for these finds them in an object
 * that has none of its own. Makes them then; empty ones are not printed. */
void resource_make_notes(struct arena *a, struct resource *r);

/* The text of a scalar node as it stands in YAML: strings as they are, what is read as something else as it was written ("5.0",
 * "True", "2020-01-01"); "" for null, NULL for maps and lists. */
const char *resource_scalar(const struct doc *d);

/* `text` in the quotes of `like` (NULL: in none): without quotes it is whatever YAML takes it for, and so is every text
 * that it is replaced with later. That is how upstream sets names, images and kinds. */
struct doc *resource_untyped(struct arena *a, const struct doc *like, const char *text);

/* A scalar that is put between quotes: printed it is a string, until then it keeps its type. */
struct doc *resource_quoted(struct arena *a, const struct doc *d);

/* A string as upstream adds it: between quotes when it would be read as something else without. */
struct doc *resource_string(struct ctx *cx, const char *text);

/* What a trip through JSON does to a node of `parent`: nothing is as it was written any more; strings are quoted, all of
 * them or only those that would be read as something else. Upstream takes list items and JSON patches that way. */
void resource_pass_json(struct arena *a, struct doc *parent, struct doc *d, bool quote_all);

/* The type of a scalar, that it was first given or that it has; NONE for strings. And whether a scalar of the type `tag` may
 * hold the plain text: a float may be an integer. */
enum doc_tag resource_tag(const struct doc *d);
bool resource_fits(enum doc_tag tag, const char *text);

/* Marks the key of a member that was just added: upstream sets keys without quotes, and cannot print one that is then no
 * string. */
void resource_mark_key(struct doc *member);

/* Labels or annotations of an object as text, null included; none when there are none, so that they cannot be removed
 * whole. */
void resource_stringify(struct arena *a, struct doc *d, const char *field);

/* The text of an annotation's value as it was written: "1.50", "~". */
const char *resource_written(const struct doc *d);

/* The namespace that counts for identity: "default" for none, RESOURCE_NO_NAMESPACE for cluster-scoped kinds. */
const char *resid_namespace(const struct resid *id);

/* True when kind, name and effective namespace agree. */
bool resid_equal(const struct resid *a, const struct resid *b);

/* "Deployment.v1.apps/name.namespace", absent parts as [noNs] and so on: kustomize's spelling in messages. */
const char *resid_text(struct arena *a, const struct resid *id);

/* An identity from its parts (NULL counts as ""). */
struct resid resid_new(struct gvk g, const char *name, const char *ns);

#endif
