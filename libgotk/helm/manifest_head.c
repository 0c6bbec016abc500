/*
 * manifest_head.c: apiVersion, kind, name and annotations of a document, as sigs.k8s.io/yaml decodes them into a struct.
 *
 * The whole document is parsed, for YAML that is wrong anywhere is an error. Keys match whatever their case, the later
 * wins in the order of their bytes; scalars become texts; anything else fails in encoding/json's words.
 */
#include "libgotk/doc/doc.h"
#include "libgotk/doc/yml.h"
#include "libgotk/helm/manifest_parts.h"

#define RULES (YML_11 | YML_LAST_WINS | YML_FIRST | YML_GO_ERRORS | YML_DEEP)
#define METADATA_TYPE                                                                                        \
    "struct { Name string \"json:\\\"name\\\"\"; Annotations map[string]string \"json:\\\"annotations\\\"\" }"

static const char *json_kind(const struct doc *d)
{
    switch (doc_kind(d)) {
    case DOC_OBJECT:
        return "object";
    case DOC_ARRAY:
        return "array";
    case DOC_BOOL:
        return "bool";
    case DOC_NUMBER:
        return "number";
    default:
        return "string";
    }
}

static int mismatch(struct ctx *cx, const struct doc *d, const char *where, const char *type)
{
    return err_fail(
        cx, ERR_INVALID,
        "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal %s into Go %s of type %s",
        json_kind(d), where, type);
}

/* A scalar as a text; NULL for a list or a table. */
static const char *scalar_text(const struct doc *d)
{
    switch (doc_kind(d)) {
    case DOC_STRING:
        return doc_text(d);
    case DOC_NUMBER:
        return doc_literal(d);
    case DOC_BOOL:
        return doc_is_true(d, false) ? "true" : "false";
    case DOC_NULL:
        return "";
    default:
        return NULL;
    }
}

/* What null leaves as it was. */
static int take_text(struct ctx *cx, const struct doc *d, const char *where, const char **field)
{
    const char *text = scalar_text(d);
    if (!text)
        return mismatch(cx, d, where, "string");
    if (doc_kind(d) != DOC_NULL)
        *field = text;
    return 0;
}

static int take_annotations(struct ctx *cx, const struct doc *d, struct map *notes)
{
    if (doc_kind(d) == DOC_NULL)
        return 0;
    if (doc_kind(d) != DOC_OBJECT)
        return mismatch(cx, d, "struct field .metadata.annotations", "map[string]string");
    struct doc **members = doc_sorted(cx->arena, d);
    for (size_t i = 0; members[i]; i++) {
        const char *text = "";
        if (take_text(cx, members[i], "struct field .metadata.annotations", &text) < 0)
            return err_code(cx);
        if (str_starts(doc_key(members[i]), "helm.sh/"))
            map_set(notes, doc_key(members[i]), str_dup(notes->arena, text));
    }
    return 0;
}

static int take_metadata(struct ctx *cx, const struct doc *d, struct manifest_head *ret)
{
    if (doc_kind(d) == DOC_NULL)
        return 0;
    if (doc_kind(d) != DOC_OBJECT)
        return mismatch(cx, d, "struct field SimpleHead.metadata", METADATA_TYPE);
    struct doc **members = doc_sorted(cx->arena, d);
    for (size_t i = 0; members[i]; i++) {
        const char *key = doc_key(members[i]);
        int rc = 0;
        if (str_eq_fold(key, "name"))
            rc = take_text(cx, members[i], "struct field .metadata.name", &ret->name);
        else if (str_eq_fold(key, "annotations"))
            rc = take_annotations(cx, members[i], &ret->notes);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int take_member(struct ctx *cx, const struct doc *d, struct manifest_head *ret)
{
    const char *key = doc_key(d);
    if (str_eq_fold(key, "apiVersion"))
        return take_text(cx, d, "struct field SimpleHead.apiVersion", &ret->api_version);
    if (str_eq_fold(key, "kind"))
        return take_text(cx, d, "struct field SimpleHead.kind", &ret->kind);
    return str_eq_fold(key, "metadata") ? take_metadata(cx, d, ret) : 0;
}

static int take_document(struct ctx *cx, const struct doc *d, struct manifest_head *ret)
{
    if (doc_kind(d) == DOC_NULL)
        return 0;
    if (doc_kind(d) != DOC_OBJECT)
        return mismatch(cx, d, "value", "util.SimpleHead");
    struct doc **members = doc_sorted(cx->arena, d);
    for (size_t i = 0; members[i]; i++)
        if (take_member(cx, members[i], ret) < 0)
            return err_code(cx);
    return 0;
}

static int read_head(struct ctx *cx, struct strv text, struct manifest_head *ret)
{
    struct doc *d;
    if (yml_parse_as(cx, text.p, text.n, "manifest", RULES, &d) < 0)
        return err_wrap(cx, "error converting YAML to JSON");
    return take_document(cx, d, ret);
}

int manifest_head_read(struct ctx *cx, struct arena *scratch, struct strv text, struct manifest_head *ret)
{
    struct arena *a = cx->arena;
    struct ctx parsing = *cx;
    struct manifest_head head = { "", "", "", map_new(a) };
    parsing.arena = scratch;
    if (read_head(&parsing, text, &head) < 0)
        return err_take(cx, err_code(&parsing), str_dup(a, err_message(&parsing)));
    *ret = (struct manifest_head){ str_dup(a, head.api_version), str_dup(a, head.kind), str_dup(a, head.name),
                                   head.notes };
    arena_reset(scratch);
    return 0;
}

const char *manifest_head_note(const struct manifest_head *head, const char *name)
{
    return map_find(&head->notes, name);
}
