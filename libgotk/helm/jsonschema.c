/*
 * jsonschema.c: JSON Schema from outside; the contract is in jsonschema.h, the parts in jsonschema_parts.h.
 */
#include "libgotk/helm/jsonschema.h"

#include "libgotk/helm/jsonschema_parts.h"

#include <string.h>

#define TEXT_MAX (16u << 20) /* what goes beyond is left out */

struct jsonschema {
    const struct schema *s;
};

int jsonschema_compile(struct ctx *cx, const struct doc *schema, const struct jsonschema_options *options,
                       struct jsonschema **ret)
{
    struct arena *a = cx->arena;
    const char *url = options && options->url ? options->url : SCHEMA_URL;
    struct compiler *k = schema_compiler(cx, options, ARENA_NEW(a, uint64_t));
    struct jsonschema *compiled = ARENA_NEW(a, struct jsonschema);
    map_set(&k->docs, url, schema ? doc_copy(a, schema) : doc_null(a));
    compiled->s = schema_enqueue(k, url, "", NULL);
    int rc = schema_compile_all(k);
    if (rc == 0)
        *ret = compiled;
    return rc;
}

int jsonschema_validate(struct ctx *cx, const struct jsonschema *schema, const struct doc *instance,
                        struct jsonschema_error **ret_error)
{
    uint64_t steps = 0;
    struct schema_run run = { .cx = cx, .steps = &steps };
    struct item *item;
    int rc = schema_item(cx, instance, &item);
    if (rc < 0)
        return rc;
    struct jsonschema_error *error = schema_check(&run, schema->s, NULL, item);
    if (run.rc < 0)
        return run.rc;
    *ret_error = error;
    return 0;
}

/* A passing reference leaves its line to its cause. */
static void print(struct buf *out, const struct jsonschema_error *e, int indent)
{
    if (!e->passing) {
        if (indent > 0)
            buf_fmt(out, "\n%*s- ", (indent - 1) * 2, "");
        if (e->at)
            buf_fmt(out, "at %s: ", schema_single_quoted(out->arena, e->at));
        buf_str(out, e->message);
        indent++;
    }
    for (const struct jsonschema_error *cause = e->causes; cause && !out->overflow; cause = cause->next)
        print(out, cause, indent);
}

const char *jsonschema_error_text(struct ctx *cx, const struct jsonschema_error *error)
{
    struct buf out = buf_new(cx->arena, TEXT_MAX);
    print(&out, error, 0);
    return buf_text(&out);
}
