/*
 * jsonschema.c: JSON Schema from outside; the contract is in jsonschema.h, the parts in jsonschema_parts.h.
 */
#include "libgotk/helm/jsonschema.h"

#include "libgotk/base/bigstack.h"
#include "libgotk/helm/jsonschema_parts.h"

#include <string.h>

#define TEXT_MAX (16u << 20) /* what goes beyond is left out */

struct jsonschema {
    const struct schema *s;
};

/* One call, on a stack that is deep enough. */
struct work {
    struct ctx *cx;
    const struct jsonschema_options *options;
    const struct doc *d; /* the schema, or the value */
    const struct jsonschema *schema;
    struct jsonschema *compiled;
    struct jsonschema_error *error;
    int rc;
};

static void compile(void *arg)
{
    struct work *w = arg;
    struct arena *a = w->cx->arena;
    const char *url = w->options && w->options->url ? w->options->url : SCHEMA_URL;
    struct compiler *k = schema_compiler(w->cx, w->options, ARENA_NEW(a, uint64_t));
    map_set(&k->docs, url, doc_copy(a, w->d));
    w->compiled = ARENA_NEW(a, struct jsonschema);
    w->compiled->s = schema_enqueue(k, url, "", NULL);
    w->rc = schema_compile_all(k);
}

int jsonschema_compile(struct ctx *cx, const struct doc *schema, const struct jsonschema_options *options,
                       struct jsonschema **ret)
{
    struct work w = { .cx = cx, .d = schema ? schema : doc_null(cx->arena), .options = options };
    bigstack_call(compile, &w);
    if (w.rc == 0)
        *ret = w.compiled;
    return w.rc;
}

static void validate(void *arg)
{
    struct work *w = arg;
    uint64_t steps = 0;
    struct schema_run run = { .cx = w->cx, .steps = &steps };
    struct item *item;
    w->rc = schema_item(w->cx, w->d, &item);
    if (w->rc < 0)
        return;
    w->error = schema_check(&run, w->schema->s, NULL, item);
    w->rc = run.rc < 0 ? run.rc : 0;
}

int jsonschema_validate(struct ctx *cx, const struct jsonschema *schema, const struct doc *instance,
                        struct jsonschema_error **ret_error)
{
    struct work w = { .cx = cx, .d = instance, .schema = schema };
    bigstack_call(validate, &w);
    if (w.rc == 0)
        *ret_error = w.error;
    return w.rc;
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
