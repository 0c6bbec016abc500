/*
 * chartschema.c: values against the schemas of a tree of charts; the contract is in chartschema.h.
 */
#include "libgotk/helm/chartschema.h"

#include "libgotk/base/buf.h"
#include "libgotk/base/str.h"
#include "libgotk/doc/json.h"

#include <string.h>

#define TEXT_MAX   (16u << 20)
#define CHARTS_MAX 1000 /* nested in each other */

/* What is being said, and how deep in the tree. */
struct telling {
    struct ctx *cx;
    struct notes *notes;
    struct buf out;
    int depth;
};

/* The head of the tree names a file nobody has: its line is left out. */
static const char *without_head(const char *text)
{
    const char *line = strchr(text, '\n');
    return line ? line + 1 : text;
}

/* *ret_text is what is wrong with the values, or with the schema; NULL when nothing is. */
static int validate_one(struct telling *t, const struct chartschema *chart, const struct doc *values,
                        const char **ret_text)
{
    struct ctx *cx = t->cx;
    struct jsonschema_options options = { .notes = t->notes };
    struct jsonschema_error *error = NULL;
    struct jsonschema *schema;
    struct doc *d;
    int rc = json_read_go(cx, chart->schema, chart->schema_len, &d);
    if (rc == 0)
        rc = jsonschema_compile(cx, d, &options, &schema);
    if (rc == 0)
        rc = jsonschema_validate(cx, schema, values, &error);
    if (rc == ERR_INVALID) {
        *ret_text = err_message(cx);
        err_clear(cx);
        return 0;
    }
    if (rc < 0)
        return err_wrap(cx, "%s: values.schema.json", chart->name);
    if (error)
        *ret_text = str_fmt(cx->arena, "%s\n", without_head(jsonschema_error_text(cx, error)));
    return 0;
}

/* As %T of Go names what YAML gives. */
static const char *go_type(const struct doc *d)
{
    static const char *const names[] = {
        [DOC_NULL] = "<nil>",           [DOC_BOOL] = "bool",
        [DOC_NUMBER] = "float64",       [DOC_STRING] = "string",
        [DOC_ARRAY] = "[]interface {}", [DOC_OBJECT] = "map[string]interface {}",
    };
    return names[doc_kind(d)];
}

static int validate_tree(struct telling *t, const struct chartschema *chart, const struct doc *values)
{
    const char *text = NULL;
    int rc = chart->schema ? validate_one(t, chart, values, &text) : 0;
    if (text)
        buf_fmt(&t->out, "%s:\n%s", chart->name, text);
    if (rc == 0 && ++t->depth > CHARTS_MAX)
        return err_fail(t->cx, ERR_LIMIT, "charts nest deeper than %d levels", CHARTS_MAX);
    for (size_t i = 0; i < chart->dependency_count && rc == 0; i++) {
        const struct chartschema *sub = &chart->dependencies[i];
        const struct doc *section = doc_find(values, sub->name);
        if (doc_kind(section) == DOC_OBJECT)
            rc = validate_tree(t, sub, section);
        else if (doc_kind(section) != DOC_NULL)
            buf_fmt(&t->out, "%s:\ninvalid type for values: expected object (map), got %s\n", sub->name,
                    go_type(section));
    }
    t->depth--;
    return rc;
}

bool chartschema_exists(const struct chart *chart)
{
    bool exists = chart->schema.p != NULL;
    for (size_t i = 0; i < chart->charts.len && !exists; i++)
        exists = chartschema_exists(chart->charts.at[i]);
    return exists;
}

struct chartschema chartschema_of(struct arena *a, const struct chart *chart)
{
    struct chartschema *subs = ARENA_ARRAY(a, struct chartschema, chart->charts.len + 1);
    for (size_t i = 0; i < chart->charts.len; i++)
        subs[i] = chartschema_of(a, chart->charts.at[i]);
    return (struct chartschema){
        .name = chart->name,
        .schema = chart->schema.p,
        .schema_len = chart->schema.n,
        .dependencies = subs,
        .dependency_count = chart->charts.len,
    };
}

int chartschema_validate(struct ctx *cx, const struct chartschema *chart, const struct doc *values,
                         struct notes *notes)
{
    struct telling t = { .cx = cx, .notes = notes, .out = buf_new(cx->arena, TEXT_MAX) };
    int rc = validate_tree(&t, chart, values);
    if (rc < 0)
        return rc;
    if (t.out.len == 0)
        return 0;
    return err_fail(cx, ERR_INVALID,
                    "values don't meet the specifications of the schema(s) in the following chart(s):\n%s",
                    buf_text(&t.out));
}
