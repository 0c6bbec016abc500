/*
 * jsonschema_keywords.c: the keywords of JSON Schema: one row each, in the order the library reads them.
 *
 * A row tells from which draft to which the keyword holds, the vocabulary it belongs to, where schemas lie below it, and
 * how it is read into which member of struct schema. A keyword whose meaning changed has a row per meaning. Where schemas
 * lie is told from `since` on for good: later drafts go on looking there. A keyword of the wrong type is passed over:
 * the meta-schema has had its say. One thread.
 */
#include "libgotk/helm/jsonschema_parts.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define EVER 9999 /* the last draft */

/* Where schemas lie below a keyword. */
enum below { NOWHERE = 0, HERE = 1, MEMBERS = 2, ELEMENTS = 4 };

struct keyword {
    const char *name;
    int since, until;
    const char *vocab; /* NULL: of all dialects */
    unsigned below;
    int (*read)(struct compiling *c, const struct keyword *row, void *field);
    size_t field;
};

static struct arena *arena_of(const struct compiling *c)
{
    return c->k->cx->arena;
}

static struct schema *enqueue(struct compiling *c, const char *ptr, const struct doc *node)
{
    return schema_enqueue(c->k, c->s->url, ptr, node);
}

/* The schema under a keyword; NULL without the keyword. */
static struct schema *schema_under(struct compiling *c, const char *name)
{
    const struct doc *d = doc_find(c->object, name);
    return d ? enqueue(c, schema_ptr_add(arena_of(c), c->s->ptr, name), d) : NULL;
}

static int read_schema(struct compiling *c, const struct keyword *row, void *field)
{
    *(struct schema **)field = schema_under(c, row->name);
    return 0;
}

static int read_reference(struct compiling *c, const struct keyword *row, void *field)
{
    struct ctx *cx = c->k->cx;
    const char *text = doc_text_at(c->object, row->name), *ptr, *url = c->s->url;
    struct schema_url to = { 0 };
    struct root *r = c->root;
    if (!text)
        return 0;
    if (schema_url_join(cx, c->resource->id, text, &to) < 0)
        return err_code(cx);
    const struct resource *res = map_find(strcmp(to.url, r->url) == 0 ? &r->by_ptr : &r->by_id,
                                          strcmp(to.url, r->url) == 0 ? "" : to.url);
    if (!res) {
        if (schema_root(c->k, to.url, &r) < 0)
            return err_code(cx);
        res = schema_root_resource(r, "");
        url = r->url;
    }
    if (schema_root_fragment(cx, r, res, to.fragment, &ptr) < 0)
        return err_code(cx);
    *(struct schema **)field = schema_enqueue(c->k, url, ptr, NULL);
    return 0;
}

static int read_list(struct compiling *c, const struct keyword *row, void *field)
{
    struct arena *a = arena_of(c);
    const struct doc *array = doc_find(c->object, row->name);
    struct schema_list *list = field;
    if (doc_kind(array) != DOC_ARRAY)
        return 0;
    const char *ptr = schema_ptr_add(a, c->s->ptr, row->name);
    list->at = ARENA_ARRAY(a, struct schema *, doc_len(array) + 1);
    doc_each (d, array) {
        list->at[list->count] = enqueue(c, str_fmt(a, "%s/%zu", ptr, list->count), d);
        list->count++;
    }
    return 0;
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct schema_member *)a)->key, ((const struct schema_member *)b)->key);
}

static struct strings read_texts(struct arena *a, const struct doc *array)
{
    struct strings texts = { ARENA_ARRAY(a, const char *, doc_len(array) + 1), 0 };
    doc_each (d, array)
        if (doc_text(d))
            texts.at[texts.count++] = doc_text(d);
    return texts;
}

/* Members that are schemas, or lists of names where `lists` says so; only those lists where `schemas` is false. */
static void read_members_as(struct compiling *c, const char *name, struct schema_members *m, bool schemas,
                            bool lists)
{
    struct arena *a = arena_of(c);
    const struct doc *object = doc_find(c->object, name);
    if (doc_kind(object) != DOC_OBJECT)
        return;
    const char *ptr = schema_ptr_add(a, c->s->ptr, name);
    m->at = ARENA_ARRAY(a, struct schema_member, doc_len(object) + 1);
    doc_each (d, object) {
        struct schema_member *member = &m->at[m->count];
        member->key = doc_key(d);
        if (lists && doc_kind(d) == DOC_ARRAY)
            member->required = read_texts(a, d);
        else if (schemas)
            member->schema = enqueue(c, schema_ptr_add(a, ptr, member->key), d);
        else
            continue;
        m->count++;
    }
}

static int read_properties(struct compiling *c, const struct keyword *row, void *field)
{
    struct schema_members *m = field;
    read_members_as(c, row->name, m, true, false);
    if (m->count > 1)
        qsort(m->at, m->count, sizeof(*m->at), by_key);
    return 0;
}

static int read_members(struct compiling *c, const struct keyword *row, void *field)
{
    read_members_as(c, row->name, field, true, false);
    return 0;
}

static int read_dependencies(struct compiling *c, const struct keyword *row, void *field)
{
    read_members_as(c, row->name, field, true, true);
    return 0;
}

static int read_dependent_required(struct compiling *c, const struct keyword *row, void *field)
{
    read_members_as(c, row->name, field, false, true);
    return 0;
}

static int compile_regex(struct compiling *c, const char *keyword, const char *text, const struct regex **ret)
{
    struct ctx *cx = c->k->cx;
    struct regex *re;
    int rc = regex_compile(cx, text, 0, &re);
    if (rc < 0) {
        const char *at = schema_location(cx->arena, c->s->url, schema_ptr_add(cx->arena, c->s->ptr, keyword));
        return err_wrap(cx, "invalid regex %s at %s", schema_quoted(cx->arena, text),
                        schema_quoted(cx->arena, at));
    }
    *ret = re;
    return 0;
}

static int read_patterns(struct compiling *c, const struct keyword *row, void *field)
{
    struct schema_members *m = field;
    int rc = 0;
    read_members_as(c, row->name, m, true, false);
    for (size_t i = 0; i < m->count && rc == 0; i++)
        rc = compile_regex(c, row->name, m->at[i].key, &m->at[i].regex);
    return rc;
}

static int read_pattern(struct compiling *c, const struct keyword *row, void *field)
{
    c->s->pattern_text = doc_text_at(c->object, row->name);
    return c->s->pattern_text ? compile_regex(c, row->name, c->s->pattern_text, field) : 0;
}

static int read_additional(struct compiling *c, const struct keyword *row, void *field)
{
    struct schema_additional *additional = field;
    const struct doc *d = doc_find(c->object, row->name);
    additional->set = d != NULL;
    additional->allowed = doc_is_true(d, false);
    if (d && doc_kind(d) != DOC_BOOL)
        additional->schema = schema_under(c, row->name);
    return 0;
}

/* additionalItems count beside a list of items alone. */
static int read_additional_items(struct compiling *c, const struct keyword *row, void *field)
{
    return doc_kind(doc_find(c->object, "items")) == DOC_ARRAY ? read_additional(c, row, field) : 0;
}

static int read_items(struct compiling *c, const struct keyword *row, void *field)
{
    if (doc_kind(doc_find(c->object, row->name)) == DOC_ARRAY)
        return read_list(c, row, &c->s->item_list);
    return read_schema(c, row, field);
}

static int read_types(struct compiling *c, const struct keyword *row, void *field)
{
    static const char *const names[] = {
        "null", "boolean", "number", "integer", "string", "array", "object"
    };
    const struct doc *d = doc_find(c->object, row->name);
    unsigned *types = field;
    struct strings texts = { 0 };
    const char *one = doc_text(d);
    if (doc_kind(d) == DOC_ARRAY)
        texts = read_texts(arena_of(c), d);
    else if (one)
        texts = (struct strings){ &one, 1 };
    for (size_t i = 0; i < texts.count; i++)
        for (size_t t = 0; t < sizeof(names) / sizeof(names[0]); t++)
            if (strcmp(texts.at[i], names[t]) == 0)
                *types |= 1u << t;
    return 0;
}

static int read_item(struct compiling *c, const struct keyword *row, void *field)
{
    const struct doc *d = doc_find(c->object, row->name);
    return d ? schema_item(c->k->cx, d, field) : 0;
}

static int read_choices(struct compiling *c, const struct keyword *row, void *field)
{
    return doc_kind(doc_find(c->object, row->name)) == DOC_ARRAY ? read_item(c, row, field) : 0;
}

static const char *number_under(struct compiling *c, const char *name)
{
    const char *literal = doc_literal(doc_find(c->object, name));
    return literal && schema_number_fits(literal) ? literal : NULL;
}

static int read_number(struct compiling *c, const struct keyword *row, void *field)
{
    *(const char **)field = number_under(c, row->name);
    return 0;
}

/* In draft 4 a boolean that makes the limit beside it exclusive. */
static int read_exclusive(struct compiling *c, const struct keyword *row, void *field)
{
    struct schema *s = c->s;
    if (!doc_is_true(doc_find(c->object, row->name), false))
        return read_number(c, row, field);
    const char **limit = strcmp(row->name, "exclusiveMaximum") == 0 ? &s->maximum : &s->minimum;
    *(const char **)field = *limit;
    *limit = NULL;
    return 0;
}

static int read_count(struct compiling *c, const struct keyword *row, void *field)
{
    const char *literal = number_under(c, row->name);
    struct schema_count *count = field;
    count->set = literal && schema_number_is_integer(literal);
    count->value = count->set ? schema_number_int(literal) : 0;
    return 0;
}

static int read_contains_count(struct compiling *c, const struct keyword *row, void *field)
{
    return c->s->contains ? read_count(c, row, field) : 0;
}

static int read_bool(struct compiling *c, const struct keyword *row, void *field)
{
    *(bool *)field = doc_is_true(doc_find(c->object, row->name), false);
    return 0;
}

static int read_required(struct compiling *c, const struct keyword *row, void *field)
{
    const struct doc *d = doc_find(c->object, row->name);
    if (doc_kind(d) == DOC_ARRAY)
        *(struct strings *)field = read_texts(arena_of(c), d);
    return 0;
}

static int read_format(struct compiling *c, const struct keyword *row, void *field)
{
    const char *name = doc_text_at(c->object, row->name);
    bool asserted =
        c->k->assert_format || c->s->draft < 2019 ||
        schema_has_vocab(&c->resource->dialect, c->s->draft == 2019 ? "format" : "format-assertion");
    if (name && asserted)
        *(const struct format **)field = schema_format(name);
    return 0;
}

static int read_if(struct compiling *c, const struct keyword *row, void *field)
{
    const struct doc *d = doc_find(c->object, row->name);
    struct schema *condition = schema_under(c, row->name);
    *(struct schema **)field = condition;
    if (condition && doc_is_true(d, true))
        c->s->then = schema_under(c, "then");
    if (condition && (doc_kind(d) != DOC_BOOL || !doc_is_true(d, true)))
        c->s->otherwise = schema_under(c, "else");
    return 0;
}

static int read_text(struct compiling *c, const struct keyword *row, void *field)
{
    *(const char **)field = doc_text_at(c->object, row->name);
    return 0;
}

static int read_dynamic_reference(struct compiling *c, const struct keyword *row, void *field)
{
    struct schema_url to;
    int rc = read_reference(c, row, field);
    const char *text = doc_text_at(c->object, row->name);
    if (rc < 0 || !text)
        return rc;
    rc = schema_url_split(c->k->cx, text, &to);
    if (rc == 0 && *to.fragment && *to.fragment != '/')
        c->s->dynamic_ref_anchor = to.fragment;
    return rc;
}

#define FIELD(name) offsetof(struct schema, name)

/* clang-format off */
static const struct keyword keywords[] = {
    { "$ref", 4, EVER, "core", NOWHERE, read_reference, FIELD(ref) },
    { "definitions", 4, EVER, NULL, MEMBERS, NULL, 0 },
    { "allOf", 4, EVER, "applicator", ELEMENTS, read_list, FIELD(all_of) },
    { "anyOf", 4, EVER, "applicator", ELEMENTS, read_list, FIELD(any_of) },
    { "oneOf", 4, EVER, "applicator", ELEMENTS, read_list, FIELD(one_of) },
    { "not", 4, EVER, "applicator", HERE, read_schema, FIELD(negated) },
    { "items", 4, 2019, "applicator", HERE | ELEMENTS, read_items, FIELD(items) },
    { "additionalItems", 4, 2019, "applicator", HERE, read_additional_items, FIELD(additional_items) },
    { "properties", 4, EVER, "applicator", MEMBERS, read_properties, FIELD(properties) },
    { "patternProperties", 4, EVER, "applicator", MEMBERS, read_patterns, FIELD(pattern_properties) },
    { "additionalProperties", 4, EVER, "applicator", HERE, read_additional, FIELD(additional_properties) },
    { "dependencies", 4, EVER, "applicator", MEMBERS, read_dependencies, FIELD(dependencies) },
    { "type", 4, EVER, "validation", NOWHERE, read_types, FIELD(types) },
    { "enum", 4, EVER, "validation", NOWHERE, read_choices, FIELD(choices) },
    { "multipleOf", 4, EVER, "validation", NOWHERE, read_number, FIELD(multiple_of) },
    { "maximum", 4, EVER, "validation", NOWHERE, read_number, FIELD(maximum) },
    { "exclusiveMaximum", 4, EVER, "validation", NOWHERE, read_exclusive, FIELD(exclusive_maximum) },
    { "minimum", 4, EVER, "validation", NOWHERE, read_number, FIELD(minimum) },
    { "exclusiveMinimum", 4, EVER, "validation", NOWHERE, read_exclusive, FIELD(exclusive_minimum) },
    { "minLength", 4, EVER, "validation", NOWHERE, read_count, FIELD(min_length) },
    { "maxLength", 4, EVER, "validation", NOWHERE, read_count, FIELD(max_length) },
    { "pattern", 4, EVER, "validation", NOWHERE, read_pattern, FIELD(pattern) },
    { "minItems", 4, EVER, "validation", NOWHERE, read_count, FIELD(min_items) },
    { "maxItems", 4, EVER, "validation", NOWHERE, read_count, FIELD(max_items) },
    { "uniqueItems", 4, EVER, "validation", NOWHERE, read_bool, FIELD(unique_items) },
    { "maxProperties", 4, EVER, "validation", NOWHERE, read_count, FIELD(max_properties) },
    { "minProperties", 4, EVER, "validation", NOWHERE, read_count, FIELD(min_properties) },
    { "required", 4, EVER, "validation", NOWHERE, read_required, FIELD(required) },
    { "format", 4, EVER, NULL, NOWHERE, read_format, FIELD(format) },

    { "contains", 6, EVER, "applicator", HERE, read_schema, FIELD(contains) },
    { "propertyNames", 6, EVER, "applicator", HERE, read_schema, FIELD(property_names) },
    { "const", 6, EVER, "validation", NOWHERE, read_item, FIELD(constant) },

    { "if", 7, EVER, "applicator", HERE, read_if, FIELD(condition) },
    { "then", 7, EVER, NULL, HERE, NULL, 0 },
    { "else", 7, EVER, NULL, HERE, NULL, 0 },

    { "$recursiveRef", 2019, EVER, "core", NOWHERE, read_reference, FIELD(recursive_ref) },
    { "$recursiveAnchor", 2019, EVER, "core", NOWHERE, read_bool, FIELD(recursive_anchor) },
    { "$defs", 2019, EVER, NULL, MEMBERS, NULL, 0 },
    { "minContains", 2019, EVER, "validation", NOWHERE, read_contains_count, FIELD(min_contains) },
    { "maxContains", 2019, EVER, "validation", NOWHERE, read_contains_count, FIELD(max_contains) },
    { "dependentRequired", 2019, EVER, "validation", NOWHERE, read_dependent_required, FIELD(dependent_required) },
    { "dependentSchemas", 2019, EVER, "applicator", MEMBERS, read_members, FIELD(dependent_schemas) },
    { "unevaluatedItems", 2019, 2019, "applicator", HERE, read_schema, FIELD(unevaluated_items) },
    { "unevaluatedItems", 2020, EVER, "unevaluated", NOWHERE, read_schema, FIELD(unevaluated_items) },
    { "unevaluatedProperties", 2019, 2019, "applicator", HERE, read_schema, FIELD(unevaluated_properties) },
    { "unevaluatedProperties", 2020, EVER, "unevaluated", NOWHERE, read_schema, FIELD(unevaluated_properties) },
    { "contentSchema", 2019, EVER, NULL, HERE, NULL, 0 },

    { "$dynamicRef", 2020, EVER, "core", NOWHERE, read_dynamic_reference, FIELD(dynamic_ref) },
    { "$dynamicAnchor", 2020, EVER, "core", NOWHERE, read_text, FIELD(dynamic_anchor) },
    { "prefixItems", 2020, EVER, "applicator", ELEMENTS, read_list, FIELD(item_list) },
    { "items", 2020, EVER, "applicator", NOWHERE, read_schema, FIELD(items) },
};
/* clang-format on */
#define KEYWORDS (sizeof(keywords) / sizeof(keywords[0]))

int schema_read_keywords(struct compiling *c)
{
    int draft = c->s->draft;
    for (size_t i = 0; i < KEYWORDS; i++) {
        const struct keyword *row = &keywords[i];
        if (!row->read || draft < row->since || draft > row->until)
            continue;
        /* Up to draft 7 a $ref hides what stands beside it; the library holds to that for keywords of draft 4. */
        if (c->s->ref && draft < 2019 && row->since == 4)
            continue;
        if (!schema_has_vocab(&c->resource->dialect, row->vocab))
            continue;
        int rc = row->read(c, row, (char *)c->s + row->field);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int each_child(struct compiler *k, const struct doc *d, const char *ptr,
                      int (*fn)(struct compiler *k, const struct doc *d, const char *ptr, void *user),
                      void *user)
{
    struct arena *a = k->cx->arena;
    size_t i = 0;
    int rc = 0;
    for (const struct doc *child = doc_first(d); child && rc == 0; child = doc_next(child), i++) {
        const char *key = doc_key(child);
        rc = fn(k, child, key ? schema_ptr_add(a, ptr, key) : str_fmt(a, "%s/%zu", ptr, i), user);
    }
    return rc;
}

int schema_each_below(struct compiler *k, const struct doc *object, const char *ptr, int version,
                      int (*fn)(struct compiler *k, const struct doc *d, const char *ptr, void *user),
                      void *user)
{
    int rc = 0;
    for (size_t i = 0; i < KEYWORDS && rc == 0; i++) {
        const struct keyword *row = &keywords[i];
        const struct doc *d = row->below && version >= row->since ? doc_find(object, row->name) : NULL;
        if (!d)
            continue;
        const char *below = schema_ptr_add(k->cx->arena, ptr, row->name);
        if (row->below & HERE)
            rc = fn(k, d, below, user);
        bool inside = (row->below & MEMBERS && doc_kind(d) == DOC_OBJECT) ||
                      (row->below & ELEMENTS && doc_kind(d) == DOC_ARRAY);
        if (rc == 0 && inside)
            rc = each_child(k, d, below, fn, user);
    }
    return rc;
}
