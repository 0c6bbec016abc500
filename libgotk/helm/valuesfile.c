/*
 * valuesfile.c: values as YAML; the contract is in valuesfile.h.
 *
 * Documents are told apart by their lines before YAML is read, as Kubernetes' reader does: lines in messages count from
 * the document's start, and what stands behind "---" must be a comment.
 */
#include "libgotk/helm/valuesfile.h"

#include "libgotk/base/map.h"
#include "libgotk/doc/yml.h"

#include <string.h>

#define YAML_RULES (YML_11 | YML_LAST_WINS | YML_GO_ERRORS | YML_FIRST | YML_DEEP)

/* Both tables may be large: keys are looked up in a map. */
static void merge_tables(struct arena *a, struct doc *into, const struct doc *from)
{
    struct map olds = map_new(a);
    doc_each (member, into)
        map_set(&olds, doc_key(member), member);
    doc_each (member, from) {
        struct doc *old = map_find(&olds, doc_key(member));
        if (doc_kind(old) == DOC_OBJECT && doc_kind(member) == DOC_OBJECT)
            merge_tables(a, old, member);
        else if (old)
            doc_replace(a, into, old, doc_copy(a, member));
        else
            doc_add(a, into, doc_key(member), doc_copy(a, member));
    }
}

/* One document: a table, or nothing. The first is taken as it is. */
static int add_document(struct ctx *cx, struct strv text, const char *name, struct doc **into)
{
    struct doc *d;
    if (yml_parse_as(cx, text.p, text.n, name, YAML_RULES, &d) < 0) {
        err_wrap(cx, "error converting YAML to JSON");
        return err_wrap(cx, "cannot unmarshal yaml document");
    }
    if (doc_kind(d) != DOC_OBJECT && doc_kind(d) != DOC_NULL)
        return err_fail(cx, ERR_INVALID,
                        "cannot unmarshal yaml document: error unmarshaling JSON: while decoding JSON: json: "
                        "cannot unmarshal %s into Go value of type map[string]interface {}",
                        doc_kind_name(d));
    if (doc_kind(d) == DOC_OBJECT && !doc_first(*into))
        *into = d;
    else
        merge_tables(cx->arena, *into, d);
    return ctx_check(cx);
}

/* The line that starts at `p`, without its end. */
static struct strv line_at(const char *p, const char *end)
{
    const char *stop = memchr(p, '\n', (size_t)(end - p));
    return (struct strv){ p, (size_t)((stop ? stop : end) - p) };
}

/* What stands behind "---" on the line, without white space around it. */
static const char *behind_separator(struct arena *a, struct strv line)
{
    return str_trim(a, str_ndup(a, line.p + 3, line.n - 3));
}

/* The bytes as Kubernetes' reader passes them on: each line, the last one too, ends with "\n" where "\r\n" may have been.
 * Of UTF-16 it makes something else, as there. */
static struct strv whole_lines(struct arena *a, struct strv text)
{
    if (!text.n || (text.p[text.n - 1] == '\n' && !memmem(text.p, text.n, "\r\n", 2)))
        return text;
    char *out = arena_alloc_raw(a, text.n + 2), *w = out;
    const char *end = text.p + text.n, *next;
    for (const char *p = text.p; p < end; p = next) {
        struct strv line = line_at(p, end);
        next = p + line.n + (p + line.n < end);
        line.n -= line.n && next > p + line.n && line.p[line.n - 1] == '\r';
        w = mempcpy(w, line.p, line.n);
        *w++ = '\n';
    }
    *w = '\0';
    return (struct strv){ out, (size_t)(w - out) };
}

int valuesfile_parse(struct ctx *cx, struct strv text, const char *name, struct doc **ret)
{
    text = whole_lines(cx->arena, text);
    struct doc *values = doc_object(cx->arena);
    const char *end = text.p + text.n, *start = text.p, *next;
    for (const char *p = text.p; p < end; p = next) {
        struct strv line = line_at(p, end);
        next = p + line.n + (p + line.n < end);
        if (line.n < 3 || memcmp(line.p, "---", 3) != 0)
            continue;
        const char *rest = behind_separator(cx->arena, line);
        if (*rest && *rest != '#')
            return err_fail(cx, ERR_INVALID,
                            "error reading yaml document: invalid Yaml document separator: %s", rest);
        if (p == start) /* belongs to the document that follows */
            continue;
        if (add_document(cx, (struct strv){ start, (size_t)(p - start) }, name, &values) < 0)
            return err_code(cx);
        start = next;
    }
    if (start < end && add_document(cx, (struct strv){ start, (size_t)(end - start) }, name, &values) < 0)
        return err_code(cx);
    *ret = values;
    return 0;
}
