/*
 * jsonschema_values.c: the keywords that look into objects, arrays, strings and numbers.
 *
 * In the library's order, which is that of the messages; members come sorted by key. See jsonschema_validate.c.
 */
#include "libgotk/base/rune.h"
#include "libgotk/helm/jsonschema_parts.h"

#include <stdlib.h>
#include <string.h>

#define REGEX_STEPS 8 /* what a match costs, beside its text */
#define INDEXES_MAX (1u << 20)

static struct arena *arena_of(const struct frame *f)
{
    return f->run->cx->arena;
}

static bool matches(const struct frame *f, const struct regex *re, const char *text)
{
    struct regex_span span;
    struct strv s = str_with_nuls(arena_of(f), text);
    frame_step(f, REGEX_STEPS + s.n / 16);
    if (f->run->rc < 0)
        return false;
    int rc = regex_match(f->run->cx, re, s.p, s.n, 0, &span, 1);
    if (rc < 0)
        f->run->rc = rc;
    return rc > 0;
}

static void check_range(struct frame *f, size_t got, struct schema_count min, enum problem too_few,
                        struct schema_count max, enum problem too_many)
{
    int64_t n = (int64_t)got;
    if (min.set && n < min.value)
        FRAME_ADD(f, too_few, .got = n, .want = min.value);
    if (max.set && n > max.value)
        FRAME_ADD(f, too_many, .got = n, .want = max.value);
}

/* --- objects --- */

static struct strings missing_of(const struct frame *f, const struct strings *required)
{
    struct strings missing = { NULL, 0 };
    frame_step(f, required->count);
    for (size_t i = 0; i < required->count; i++) {
        if (schema_item_find(f->v, required->at[i]))
            continue;
        if (!missing.at)
            missing.at = ARENA_ARRAY(arena_of(f), const char *, required->count);
        missing.at[missing.count++] = required->at[i];
    }
    return missing;
}

static void check_required(struct frame *f)
{
    struct strings missing = missing_of(f, &f->s->required);
    if (missing.count)
        FRAME_ADD(f, missing.count == 1 ? PROBLEM_REQUIRED_ONE : PROBLEM_REQUIRED, .names = missing);
}

/* Members that ask for other members, or for a schema. */
static void check_dependencies(struct frame *f, const struct schema_members *m)
{
    for (size_t i = 0; i < m->count && f->run->rc >= 0; i++) {
        const struct schema_member *d = &m->at[i];
        if (!schema_item_find(f->v, d->key))
            continue;
        struct strings missing = missing_of(f, &d->required);
        if (d->schema)
            frame_add(f, frame_check_self(f, d->schema, NULL, false));
        else if (missing.count)
            FRAME_ADD(f, PROBLEM_DEPENDENCY, .names = missing, .name = d->key);
    }
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct schema_member *)a)->key, ((const struct schema_member *)b)->key);
}

static const struct schema_member *find_property(const struct schema *s, const char *key)
{
    struct schema_member wanted = { .key = key };
    return bsearch(&wanted, s->properties.at, s->properties.count, sizeof(wanted), by_key);
}

/* The schemas for the i-th member; false when there is none. */
static bool check_named(struct frame *f, size_t i)
{
    const struct schema *s = f->s;
    const char *key = f->v->at[i].key;
    const struct schema_member *property = s->properties.count ? find_property(s, key) : NULL;
    bool evaluated = property != NULL;
    if (property)
        frame_add(f, frame_check_child(f, property->schema, i, i));
    for (size_t p = 0; p < s->pattern_properties.count && f->run->rc >= 0; p++) {
        if (!matches(f, s->pattern_properties.at[p].regex, key))
            continue;
        evaluated = true;
        frame_add(f, frame_check_child(f, s->pattern_properties.at[p].schema, i, i));
    }
    return evaluated;
}

static void check_members(struct frame *f)
{
    const struct schema_additional *additional = &f->s->additional_properties;
    struct strings unknown = { NULL, 0 };
    if (additional->set && !additional->allowed && !additional->schema)
        unknown.at = ARENA_ARRAY(arena_of(f), const char *, f->v->count + 1);
    for (size_t i = 0; i < f->v->count; i++) {
        if (frame_stopped(f))
            return;
        bool evaluated = check_named(f, i);
        if (!evaluated && additional->schema)
            frame_add(f, frame_check_child(f, additional->schema, i, i));
        else if (!evaluated && unknown.at)
            unknown.at[unknown.count++] = f->v->at[i].key;
        if (evaluated || additional->set)
            frame_seen(f, i);
    }
    if (unknown.count)
        FRAME_ADD(f, PROBLEM_ADDITIONAL_PROPERTIES, .names = unknown);
}

/* Names are values of their own, with the place of a whole document. */
static void check_property_names(struct frame *f)
{
    for (size_t i = 0; i < f->v->count && f->run->rc >= 0; i++) {
        struct item name = { .type = TYPE_STRING, .text = f->v->at[i].key };
        frame_step(f, 1);
        struct jsonschema_error *e = schema_check(f->run, f->s->property_names, f->meta, &name);
        if (!e)
            continue;
        e->at = "";
        e->message = schema_words(arena_of(f), PROBLEM_PROPERTY_NAME, &(struct facts){ .name = name.text });
        frame_add(f, e);
    }
}

void frame_check_object(struct frame *f)
{
    const struct schema *s = f->s;
    check_range(f, f->v->count, s->min_properties, PROBLEM_MIN_PROPERTIES, s->max_properties,
                PROBLEM_MAX_PROPERTIES);
    check_required(f);
    if (frame_stopped(f))
        return;
    check_dependencies(f, &s->dependencies);
    check_members(f);
    if (frame_stopped(f))
        return;
    if (s->property_names)
        check_property_names(f);
    check_dependencies(f, &s->dependent_schemas);
    check_dependencies(f, &s->dependent_required);
}

/* --- arrays --- */

/* Elements from `from` on, all under one schema. The library counts their places from 0 again. */
static void check_elements(struct frame *f, const struct schema *s, size_t from)
{
    for (size_t i = from; s && i < f->v->count && f->run->rc >= 0; i++)
        frame_add(f, frame_check_child(f, s, i, i - from));
}

static void check_items(struct frame *f)
{
    const struct schema *s = f->s;
    const struct schema_additional *additional = &s->additional_items;
    size_t listed = s->item_list.count < f->v->count ? s->item_list.count : f->v->count;
    for (size_t i = 0; i < listed && f->run->rc >= 0; i++)
        frame_add(f, frame_check_child(f, s->item_list.at[i], i, i));
    check_elements(f, s->items, listed);
    if (additional->set && !additional->allowed && !additional->schema && listed < f->v->count)
        FRAME_ADD(f, PROBLEM_ADDITIONAL_ITEMS, .got = (int64_t)(f->v->count - listed));
    check_elements(f, additional->schema, listed);
}

/* The elements that `contains` is about. */
struct contained {
    struct buf indexes;
    size_t count;
    struct jsonschema_error *errors; /* of the others */
};

static struct contained find_contained(struct frame *f)
{
    struct contained c = { .indexes = buf_new(arena_of(f), INDEXES_MAX) };
    struct jsonschema_error **tail = &c.errors;
    for (size_t i = 0; i < f->v->count && f->run->rc >= 0; i++) {
        struct jsonschema_error *e = frame_check_child(f, f->s->contains, i, i);
        if (e) {
            *tail = e;
            tail = &e->next;
            continue;
        }
        buf_fmt(&c.indexes, "%s%zu", c.count++ ? " " : "", i);
        if (f->s->draft >= 2020)
            frame_seen(f, i);
    }
    return c;
}

static void check_contains(struct frame *f)
{
    const struct schema *s = f->s;
    struct contained c = find_contained(f);
    int64_t n = (int64_t)c.count;
    struct facts min = { .got = n, .want = s->min_contains.value, .indexes = buf_text(&c.indexes) };
    if (s->min_contains.set && n < min.want)
        frame_add(f, frame_error(f, n ? PROBLEM_MIN_CONTAINS : PROBLEM_MIN_CONTAINS_NONE, &min, c.errors));
    else if (!s->min_contains.set && n == 0)
        frame_add(f, frame_error(f, PROBLEM_CONTAINS, &min, c.errors));
    if (s->max_contains.set && n > s->max_contains.value)
        FRAME_ADD(f, PROBLEM_MAX_CONTAINS, .got = n, .want = s->max_contains.value, .indexes = min.indexes);
}

void frame_check_array(struct frame *f)
{
    const struct schema *s = f->s;
    size_t first, second;
    check_range(f, f->v->count, s->min_items, PROBLEM_MIN_ITEMS, s->max_items, PROBLEM_MAX_ITEMS);
    if (s->unique_items && schema_item_twins(arena_of(f), f->v, f->run->steps, &first, &second))
        FRAME_ADD(f, PROBLEM_UNIQUE, .got = (int64_t)first, .want = (int64_t)second);
    frame_step(f, 1);
    check_items(f);
    if (s->contains)
        check_contains(f);
}

/* --- strings and numbers --- */

void frame_check_string(struct frame *f)
{
    const struct schema *s = f->s;
    frame_step(f, f->v->weight);
    if (s->min_length.set || s->max_length.set) {
        struct strv text = str_with_nuls(arena_of(f), f->v->text);
        check_range(f, rune_count(text.p, text.n), s->min_length, PROBLEM_MIN_LENGTH, s->max_length,
                    PROBLEM_MAX_LENGTH);
    }
    if (!s->pattern || matches(f, s->pattern, f->v->text))
        return;
    struct strings wanted = { ARENA_NEW(arena_of(f), const char *), 1 };
    wanted.at[0] = s->pattern_text;
    FRAME_ADD(f, PROBLEM_PATTERN, .name = f->v->text, .names = wanted);
}

static void check_limit(struct frame *f, const char *limit, int wrong, int wrong_too, enum problem problem)
{
    if (!limit)
        return;
    int sign = schema_number_compare(f->v->text, limit);
    if (sign == wrong || sign == wrong_too)
        FRAME_ADD(f, problem, .got_number = f->v->text, .want_number = limit);
}

void frame_check_number(struct frame *f)
{
    const struct schema *s = f->s;
    bool whole, limits = s->minimum || s->maximum || s->exclusive_minimum || s->exclusive_maximum;
    if ((limits || s->multiple_of) && !schema_number_fits(f->v->text)) {
        f->run->rc = err_fail(f->run->cx, ERR_INVALID,
                              "unable to validate schema: the number %s is too large", f->v->text);
        return;
    }
    check_limit(f, s->minimum, -1, -1, PROBLEM_MINIMUM);
    check_limit(f, s->maximum, 1, 1, PROBLEM_MAXIMUM);
    check_limit(f, s->exclusive_minimum, -1, 0, PROBLEM_EXCLUSIVE_MINIMUM);
    check_limit(f, s->exclusive_maximum, 1, 0, PROBLEM_EXCLUSIVE_MAXIMUM);
    if (!s->multiple_of || f->run->rc < 0)
        return;
    int rc = schema_number_divides(f->run->cx, f->v->text, s->multiple_of, &whole);
    if (rc < 0)
        f->run->rc = rc;
    else if (!whole)
        FRAME_ADD(f, PROBLEM_MULTIPLE_OF, .got_number = f->v->text, .want_number = s->multiple_of);
}
