/*
 * varsub.c: see varsub.h. A resource without a dollar is copied, which is what the round trip would give.
 */
#include "libgotk/kustomize/varsub.h"

#include "libgotk/base/buf.h"
#include "libgotk/base/str.h"
#include "libgotk/doc/yml.h"
#include "libgotk/kustomize/envsubst.h"

#include <string.h>

#define SWITCH   "kustomize.toolkit.fluxcd.io/substitute"
#define NAMES    "^[_[:alpha:]][_[:alpha:][:digit:]]*$"
#define TEXT_MAX ((size_t)64 << 20)

static bool is_letter(char c)
{
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_name(const char *s)
{
    if (!is_letter(*s))
        return false;
    for (s++; *s; s++)
        if (!is_letter(*s) && (*s < '0' || *s > '9'))
            return false;
    return true;
}

int varsub_check_names(struct ctx *cx, const struct map *vars)
{
    size_t cursor = 0;
    for (const struct map_entry *e = map_next(vars, &cursor); e; e = map_next(vars, &cursor))
        if (!is_name(e->key))
            return err_fail(cx, ERR_INVALID, "'%s' var name is invalid, must match '%s'", e->key, NAMES);
    return 0;
}

/* The variables with line breaks taken out; the same map when there are none. */
static struct map one_line(struct arena *a, const struct map *vars)
{
    struct map copy = map_new(a);
    size_t cursor = 0;
    for (const struct map_entry *e = map_next(vars, &cursor); e; e = map_next(vars, &cursor)) {
        char *value = str_dup(a, str_or(e->value, ""));
        if (strchr(value, '\n'))
            value = str_replace(a, value, "\n", "");
        map_set(&copy, e->key, value);
    }
    return copy;
}

static bool is_disabled(const struct doc *resource)
{
    const struct doc *meta = doc_find(resource, "metadata");
    return str_eq(doc_text(doc_find(doc_find(meta, "labels"), SWITCH)), "disabled") ||
           str_eq(doc_text(doc_find(doc_find(meta, "annotations"), SWITCH)), "disabled");
}

static int parse_result(struct ctx *cx, const struct buf *text, struct doc **ret)
{
    struct doc *docs = NULL;
    if (yml_parse_all_as(cx, buf_text(text), text->len, "object", YML_11 | YML_LAST_WINS, &docs) < 0)
        return err_wrap(cx, "envsubst error: YAMLToJSON");
    if (doc_kind(doc_first(docs)) != DOC_OBJECT)
        return err_fail(cx, ERR_INVALID, "UnmarshalJSON: the object is a %s after substitution",
                        doc_kind_name(doc_first(docs)));
    *ret = doc_first(docs);
    return 0;
}

int varsub_resource(struct ctx *cx, const struct doc *resource, const struct map *vars, bool strict,
                    struct doc **ret)
{
    struct buf text = buf_new(cx->arena, TEXT_MAX);
    struct buf out = buf_new(cx->arena, TEXT_MAX);
    if (is_disabled(resource)) {
        *ret = NULL;
        return 0;
    }
    if (varsub_check_names(cx, vars) < 0)
        return err_wrap(cx, "envsubst error");
    yml_print(&text, resource);
    if (buf_ok(cx, &text, "the object") < 0)
        return err_code(cx);
    if (!strchr(buf_text(&text), '$')) {
        *ret = doc_copy(cx->arena, resource);
        return 0;
    }
    struct map values = one_line(cx->arena, vars);
    if (envsubst_expand(cx, buf_text(&text), &values, strict, &out) < 0)
        return err_wrap(cx, "envsubst error: variable substitution failed");
    return parse_result(cx, &out, ret);
}
