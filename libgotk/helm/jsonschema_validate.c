/*
 * jsonschema_validate.c: a value against a compiled schema: the tree of what is wrong.
 *
 * Every schema that looks at a value is one frame on the C stack, linked to the frames it was reached by, since dynamic
 * references and circles are found along that chain. What a schema has looked at is kept as bits that are taken away
 * (unevaluated*). A frame that is only asked yes or no ("not", "if") is quiet: it makes no messages. A limit that is
 * passed sticks to the run and ends all loops. The memory of frames that found nothing is given back at once.
 */
#include "libgotk/helm/jsonschema_parts.h"

#include <string.h>

#define POINTER_MAX (1u << 20)
#define CHECK_EVERY 4096 /* steps between two looks at the deadline */

/* --- unevaluated members and elements --- */

static size_t words_for(size_t count)
{
    return (count + 63) / 64;
}

/* Whether anybody will ask what of `v` the schema has not looked at. */
static bool is_asked(const struct item *v, const struct schema *s, bool caller_asks)
{
    if (v->type == TYPE_OBJECT)
        return !s->all_members_seen && (caller_asks || s->unevaluated_properties);
    return v->type == TYPE_ARRAY && !s->all_elements_seen && (caller_asks || s->unevaluated_items);
}

static struct uneval uneval_from(struct arena *a, const struct item *v, const struct schema *s,
                                 bool caller_asks)
{
    size_t from = v->type == TYPE_ARRAY ? s->elements_seen : 0;
    struct uneval u = { NULL, 0 };
    if (from >= v->count || !is_asked(v, s, caller_asks))
        return u;
    u.bits = ARENA_ARRAY(a, uint64_t, words_for(v->count));
    for (size_t i = from; i < v->count; i++)
        u.bits[i / 64] |= (uint64_t)1 << i % 64;
    u.left = v->count - from;
    return u;
}

static bool uneval_has(const struct uneval *u, size_t i)
{
    return u->left && u->bits[i / 64] >> i % 64 & 1;
}

void frame_seen(struct frame *f, size_t i)
{
    if (!uneval_has(&f->uneval, i))
        return;
    f->uneval.bits[i / 64] &= ~((uint64_t)1 << i % 64);
    f->uneval.left--;
}

/* Keeps what the other has not seen either. */
static void uneval_merge(struct uneval *u, const struct uneval *other, size_t count)
{
    size_t left = 0;
    for (size_t i = 0; u->left && i < words_for(count); i++) {
        u->bits[i] &= other->left ? other->bits[i] : 0;
        left += (size_t)__builtin_popcountll(u->bits[i]);
    }
    u->left = left;
}

/* --- errors and limits --- */

static void add_place(struct buf *out, const struct place *at)
{
    if (!at)
        return;
    add_place(out, at->up);
    if (at->key)
        buf_str(out, schema_ptr_add(out->arena, "", at->key));
    else
        buf_fmt(out, "/%zu", at->index);
}

static const char *pointer_to(const struct frame *f)
{
    struct buf out = buf_new(f->run->cx->arena, POINTER_MAX);
    add_place(&out, f->at);
    return buf_text(&out);
}

struct jsonschema_error *frame_error(const struct frame *f, enum problem problem, const struct facts *facts,
                                     struct jsonschema_error *causes)
{
    struct jsonschema_error *e = ARENA_NEW(f->run->cx->arena, struct jsonschema_error);
    if (f->quiet)
        return e;
    e->at = pointer_to(f);
    e->message = schema_words(f->run->cx->arena, problem, facts);
    e->group = problem == PROBLEM_GROUP;
    e->causes = causes;
    return e;
}

void frame_add(struct frame *f, struct jsonschema_error *e)
{
    if (!e)
        return;
    if (!f->count++)
        f->tail = &f->errors;
    *f->tail = e;
    f->tail = &e->next;
}

bool frame_stopped(const struct frame *f)
{
    return f->run->rc < 0 || (f->quiet && f->count > 0);
}

void frame_step(const struct frame *f, size_t steps)
{
    struct schema_run *run = f->run;
    uint64_t before = *run->steps / CHECK_EVERY;
    *run->steps += steps;
    if (run->rc < 0)
        return;
    if (*run->steps > JSONSCHEMA_STEPS_MAX)
        run->rc = err_fail(run->cx, ERR_LIMIT, "the schema takes more than %d steps", JSONSCHEMA_STEPS_MAX);
    else if (*run->steps / CHECK_EVERY != before || arena_exhausted(run->cx->arena))
        run->rc = ctx_check(run->cx);
}

#define FACTS(...) (&(const struct facts){ __VA_ARGS__ })
static const struct facts no_facts;

/* --- dialects of schemas that are validated --- */

/* Where a schema being validated opens a resource, it must fit the meta-schema of that resource's dialect. */
static void follow_dialect(struct frame *f)
{
    struct schema_run *run = f->run;
    if (!run->root || f->s != f->meta || run->rc < 0)
        return;
    const struct resource *res = map_find(&run->root->by_ptr, pointer_to(f));
    if (!res)
        return;
    int rc = schema_meta(run->k, &res->dialect, &f->meta);
    if (rc < 0)
        run->rc = rc;
    else
        f->s = f->meta;
}

/* --- references --- */

/* The frame above that already has this schema look at this value. */
static const struct scope *find_cycle(const struct frame *f)
{
    for (const struct scope *up = f->scope.up; up && up->vid == f->scope.vid; up = up->up) {
        frame_step(f, 1);
        if (up->s == f->scope.s)
            return up;
    }
    return NULL;
}

/* The keywords that lead to a scope. */
static const char *keywords_to(const struct frame *f, const struct scope *sc)
{
    struct arena *a = f->run->cx->arena;
    const char *path = "";
    for (; sc->up; sc = sc->up) {
        if (sc->keyword) {
            path = str_fmt(a, "/%s%s", sc->keyword, path);
            continue;
        }
        const char *location = schema_location(a, sc->s->url, sc->s->ptr);
        size_t parent = strlen(schema_location(a, sc->up->s->url, sc->up->s->ptr));
        path = str_fmt(a, "%s%s", parent < strlen(location) ? location + parent : "", path);
    }
    return path;
}

static struct jsonschema_error *cycle_error(const struct frame *f, const struct scope *seen)
{
    const char *at = schema_location(f->run->cx->arena, f->s->url, f->s->ptr);
    return frame_error(f, PROBLEM_CYCLE,
                       FACTS(.name = at, .text = keywords_to(f, &f->scope), .more = keywords_to(f, seen)),
                       NULL);
}

static struct jsonschema_error *check_reference(struct frame *f, const struct schema *s, const char *keyword)
{
    struct jsonschema_error *e = frame_check_self(f, s, keyword, false);
    if (!e)
        return NULL;
    struct jsonschema_error *causes = e->group ? e->causes : e;
    struct jsonschema_error *reference = frame_error(f, PROBLEM_REFERENCE, &no_facts, causes);
    reference->passing = causes && !causes->next;
    return reference;
}

static const struct schema *find_recursive_anchor(const struct frame *f, const struct schema *s)
{
    for (const struct scope *sc = &f->scope; sc; sc = sc->up) {
        frame_step(f, 1);
        if (sc->s->resource->recursive_anchor)
            s = sc->s;
    }
    return s;
}

static const struct schema *find_dynamic_anchor(const struct frame *f, const char *name,
                                                const struct schema *s)
{
    for (const struct scope *sc = &f->scope; sc; sc = sc->up) {
        const struct map *anchors = &sc->s->resource->dynamic_anchors;
        const struct schema *found = anchors->len ? map_find(anchors, name) : NULL;
        frame_step(f, 1);
        if (found)
            s = found;
    }
    return s;
}

static void check_dynamic_references(struct frame *f)
{
    const struct schema *recursive = f->s->recursive_ref, *dynamic = f->s->dynamic_ref;
    const char *name = f->s->dynamic_ref_anchor;
    if (recursive && recursive->recursive_anchor)
        recursive = find_recursive_anchor(f, recursive);
    if (recursive)
        frame_add(f, check_reference(f, recursive, "$recursiveRef"));
    if (dynamic && name && str_eq(dynamic->dynamic_anchor, name))
        dynamic = find_dynamic_anchor(f, name, dynamic);
    if (dynamic)
        frame_add(f, check_reference(f, dynamic, "$dynamicRef"));
}

/* --- schemas about schemas --- */

/* Errors of several schemas about one value, in order. */
struct cause_list {
    struct jsonschema_error *first;
    struct jsonschema_error **tail;
};

static void add_cause(struct cause_list *c, struct jsonschema_error *e)
{
    if (!c->first)
        c->tail = &c->first;
    *c->tail = e;
    c->tail = &e->next;
}

static void check_all_of(struct frame *f)
{
    struct cause_list causes = { NULL, NULL };
    const struct schema_list *all = &f->s->all_of;
    for (size_t i = 0; i < all->count && f->run->rc >= 0; i++) {
        struct jsonschema_error *e = frame_check_self(f, all->at[i], NULL, false);
        if (e)
            add_cause(&causes, e);
        if (e && f->quiet)
            break;
    }
    if (causes.first)
        frame_add(f, frame_error(f, PROBLEM_ALL_OF, &no_facts, causes.first));
}

/* All are asked where it matters what they have looked at. */
static void check_any_of(struct frame *f)
{
    struct cause_list causes = { NULL, NULL };
    const struct schema_list *any = &f->s->any_of;
    bool matched = !any->count;
    for (size_t i = 0; i < any->count && f->run->rc >= 0; i++) {
        struct jsonschema_error *e = frame_check_self(f, any->at[i], NULL, false);
        if (e) {
            add_cause(&causes, e);
            continue;
        }
        matched = true;
        if (!f->uneval.left)
            break;
    }
    if (!matched)
        frame_add(f, frame_error(f, PROBLEM_ANY_OF, &no_facts, causes.first));
}

static void check_one_of(struct frame *f)
{
    struct cause_list causes = { NULL, NULL };
    const struct schema_list *one = &f->s->one_of;
    size_t matched = SIZE_MAX;
    for (size_t i = 0; i < one->count && f->run->rc >= 0; i++) {
        struct jsonschema_error *e = frame_check_self(f, one->at[i], NULL, matched != SIZE_MAX);
        if (e && matched == SIZE_MAX) {
            add_cause(&causes, e);
        } else if (!e && matched != SIZE_MAX) {
            FRAME_ADD(f, PROBLEM_TWO_OF, .got = (int64_t)matched, .want = (int64_t)i);
            break;
        } else if (!e) {
            matched = i;
        }
    }
    if (one->count && matched == SIZE_MAX)
        frame_add(f, frame_error(f, PROBLEM_NONE_OF, &no_facts, causes.first));
}

static void check_conditions(struct frame *f)
{
    const struct schema *s = f->s;
    if (s->negated && !frame_check_self(f, s->negated, NULL, true))
        frame_add(f, frame_error(f, PROBLEM_NOT, &no_facts, NULL));
    check_all_of(f);
    check_any_of(f);
    check_one_of(f);
    if (!s->condition)
        return;
    const struct schema *next = frame_check_self(f, s->condition, NULL, true) ? s->otherwise : s->then;
    if (next)
        frame_add(f, frame_check_self(f, next, NULL, false));
}

static void check_unevaluated(struct frame *f)
{
    const struct schema *s =
        f->v->type == TYPE_OBJECT ? f->s->unevaluated_properties : f->s->unevaluated_items;
    if (!s || (f->v->type != TYPE_OBJECT && f->v->type != TYPE_ARRAY))
        return;
    for (size_t i = 0; i < f->v->count && f->run->rc >= 0; i++)
        if (uneval_has(&f->uneval, i))
            frame_add(f, frame_check_child(f, s, i, i));
    f->uneval.left = 0;
}

/* --- one schema, one value --- */

static struct jsonschema_error *check_type(const struct frame *f)
{
    const struct item *v = f->v;
    unsigned types = f->s->types;
    bool whole = types & TYPE_INTEGER && v->type == TYPE_NUMBER && schema_number_is_integer(v->text);
    if (!types || types & v->type || whole)
        return NULL;
    static const char *const names[] = {
        [TYPE_NULL] = "null",     [TYPE_BOOLEAN] = "boolean", [TYPE_NUMBER] = "number",
        [TYPE_STRING] = "string", [TYPE_ARRAY] = "array",     [TYPE_OBJECT] = "object",
    };
    return frame_error(f, PROBLEM_TYPE, FACTS(.text = names[v->type], .types = types), NULL);
}

static bool is_nested(const struct item *v)
{
    return v->type == TYPE_ARRAY || v->type == TYPE_OBJECT;
}

static struct jsonschema_error *check_constant(const struct frame *f)
{
    const struct item *c = f->s->constant;
    if (!c)
        return NULL;
    frame_step(f, c->weight);
    if (schema_item_equal(f->v, c))
        return NULL;
    return frame_error(f, is_nested(c) ? PROBLEM_CONST_NESTED : PROBLEM_CONST, FACTS(.value = c), NULL);
}

static struct jsonschema_error *check_choices(const struct frame *f)
{
    const struct item *choices = f->s->choices;
    unsigned types = 0;
    if (!choices)
        return NULL;
    frame_step(f, choices->weight);
    for (size_t i = 0; i < choices->count; i++)
        types |= choices->at[i].type;
    for (size_t i = 0; types & f->v->type && i < choices->count; i++)
        if (schema_item_equal(f->v, &choices->at[i]))
            return NULL;
    bool nested = types & (TYPE_ARRAY | TYPE_OBJECT);
    enum problem plain = choices->count == 1 ? PROBLEM_ENUM_ONE : PROBLEM_ENUM;
    return frame_error(f, nested ? PROBLEM_ENUM_NESTED : plain, FACTS(.values = choices), NULL);
}

static struct jsonschema_error *check_format(const struct frame *f)
{
    struct ctx *cx = f->run->cx;
    const struct format *format = f->s->format;
    if (!format || f->v->type != TYPE_STRING)
        return NULL;
    struct strv text = str_with_nuls(cx->arena, f->v->text);
    frame_step(f, f->v->weight);
    err_clear(cx);
    const char *why = format->check(cx, text);
    if (why && err_code(cx) == ERR_LIMIT)
        f->run->rc = ERR_LIMIT;
    else
        err_clear(cx);
    if (!why)
        return NULL;
    return frame_error(f, PROBLEM_FORMAT, FACTS(.name = f->v->text, .text = format->name, .more = why), NULL);
}

/* What ends the look at a value at once. */
static struct jsonschema_error *check_at_once(struct frame *f)
{
    struct jsonschema_error *e = check_type(f);
    if (!e)
        e = check_constant(f);
    if (!e)
        e = check_choices(f);
    return e ? e : check_format(f);
}

static void check_by_type(struct frame *f)
{
    switch (f->v->type) {
    case TYPE_OBJECT:
        return frame_check_object(f);
    case TYPE_ARRAY:
        return frame_check_array(f);
    case TYPE_STRING:
        return frame_check_string(f);
    case TYPE_NUMBER:
        return frame_check_number(f);
    default:
        return;
    }
}

static struct jsonschema_error *check_rest(struct frame *f)
{
    check_by_type(f);
    if (!frame_stopped(f)) {
        if (f->s->draft >= 2019)
            check_dynamic_references(f);
        check_conditions(f);
        if (f->s->draft >= 2019)
            check_unevaluated(f);
    }
    if (f->count < 2)
        return f->errors;
    return frame_error(f, PROBLEM_GROUP, &no_facts, f->errors);
}

static struct jsonschema_error *check(struct frame *f)
{
    const struct schema *s = f->s;
    if (s->is_bool)
        return s->accepts ? NULL : frame_error(f, PROBLEM_FALSE, &no_facts, NULL);
    const struct scope *seen = find_cycle(f);
    if (seen)
        return cycle_error(f, seen);
    struct jsonschema_error *e = check_at_once(f);
    if (e)
        return e;
    if (s->ref)
        e = check_reference(f, s->ref, "$ref");
    if (s->ref && s->draft < 2019)
        return e;
    frame_add(f, e);
    return check_rest(f);
}

/* A frame below another one. Nothing of it stays when it found nothing. */
static struct jsonschema_error *check_below(struct frame *f, bool caller_asks, struct uneval *ret_uneval)
{
    struct schema_run *run = f->run;
    struct arena *a = run->cx->arena;
    frame_step(f, 1);
    if (++run->depth > JSONSCHEMA_DEPTH_MAX && run->rc >= 0)
        run->rc = err_fail(run->cx, ERR_LIMIT, "the schema goes deeper than %d levels", JSONSCHEMA_DEPTH_MAX);
    struct jsonschema_error *e = NULL;
    f->uneval = uneval_from(a, f->v, f->s, caller_asks);
    struct arena_mark mark = arena_mark(a);
    size_t metas = run->k ? run->k->metas->queue.len : 0;
    follow_dialect(f);
    if (run->rc >= 0)
        e = check(f);
    if (!e && run->rc >= 0 && (!run->k || run->k->metas->queue.len == metas))
        arena_release(a, mark);
    run->depth--;
    *ret_uneval = f->uneval;
    return e;
}

struct jsonschema_error *frame_check_self(struct frame *f, const struct schema *s, const char *keyword,
                                          bool quiet)
{
    struct uneval uneval;
    struct frame sub = { .run = f->run,
                         .s = s,
                         .meta = f->meta,
                         .v = f->v,
                         .at = f->at,
                         .scope = { s, keyword, f->scope.vid, &f->scope },
                         .quiet = f->quiet || quiet };
    struct jsonschema_error *e = check_below(&sub, f->uneval.left > 0, &uneval);
    if (!e)
        uneval_merge(&f->uneval, &uneval, f->v->count);
    return e;
}

struct jsonschema_error *frame_check_child(struct frame *f, const struct schema *s, size_t i, size_t told)
{
    struct uneval uneval;
    const struct item *v = &f->v->at[i];
    struct place at = { f->at, v->key, told };
    struct frame sub = { .run = f->run,
                         .s = s,
                         .meta = f->meta,
                         .v = v,
                         .at = &at,
                         .scope = { s, NULL, f->scope.vid + 1, &f->scope },
                         .quiet = f->quiet };
    return check_below(&sub, false, &uneval);
}

struct jsonschema_error *schema_check(struct schema_run *run, const struct schema *s,
                                      const struct schema *meta, const struct item *v)
{
    struct arena *a = run->cx->arena;
    struct frame f = { .run = run, .s = s, .meta = meta, .v = v, .scope = { s, NULL, 0, NULL } };
    f.uneval = uneval_from(a, v, s, false);
    struct jsonschema_error *e = check(&f);
    if (!e || run->rc < 0)
        return NULL;
    struct jsonschema_error *head = ARENA_NEW(a, struct jsonschema_error);
    const char *location = schema_location(a, s->url, s->ptr);
    head->message = schema_words(a, PROBLEM_SCHEMA, FACTS(.name = location));
    head->causes = e->group ? e->causes : e;
    return head;
}
