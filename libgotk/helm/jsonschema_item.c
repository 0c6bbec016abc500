/*
 * jsonschema_item.c: documents as the validator sees them.
 *
 * Made once for a value, however many schemas look at it: members sorted for binary search, one order for all messages.
 * Equality is by value and exact. Any thread; items live in the context's arena.
 */
#include "libgotk/helm/jsonschema_parts.h"

#include <stdlib.h>
#include <string.h>

/* Bytes of a text that are looked at in one step. */
#define BYTES_PER_STEP 64
/* Up to so many elements the library compares each with each, which decides the pair it names. */
#define FEW_ELEMENTS 20

struct making {
    struct ctx *cx;
    int depth;
    unsigned made;
};

static int make(struct making *m, const struct doc *d, struct item *ret);

static int by_key(const void *a, const void *b)
{
    const struct item *left = a, *right = b;
    return strcmp(left->key, right->key);
}

static int make_children(struct making *m, const struct doc *d, struct item *ret)
{
    size_t i = 0;
    ret->count = doc_len(d);
    ret->at = ARENA_ARRAY(m->cx->arena, struct item, ret->count + 1);
    if (++m->depth > SCHEMA_NESTED)
        return err_fail(m->cx, ERR_LIMIT, "a document nests deeper than %d levels", SCHEMA_NESTED);
    doc_each (child, d) {
        ret->at[i].key = doc_key(child);
        int rc = make(m, child, &ret->at[i]);
        if (rc < 0)
            return rc;
        ret->weight += ret->at[i++].weight;
    }
    m->depth--;
    if (ret->type == TYPE_OBJECT && ret->count > 1)
        qsort(ret->at, ret->count, sizeof(*ret->at), by_key);
    return 0;
}

static int make(struct making *m, const struct doc *d, struct item *ret)
{
    static const enum schema_type types[] = {
        [DOC_NULL] = TYPE_NULL,     [DOC_BOOL] = TYPE_BOOLEAN, [DOC_NUMBER] = TYPE_NUMBER,
        [DOC_STRING] = TYPE_STRING, [DOC_ARRAY] = TYPE_ARRAY,  [DOC_OBJECT] = TYPE_OBJECT,
    };
    ret->type = types[doc_kind(d)];
    ret->weight = 1;
    if (++m->made % 1024 == 0 || arena_exhausted(m->cx->arena)) {
        int rc = ctx_check(m->cx);
        if (rc < 0)
            return rc;
    }
    switch (ret->type) {
    case TYPE_BOOLEAN:
        ret->truth = doc_is_true(d, false);
        return 0;
    case TYPE_NUMBER:
        ret->text = doc_literal(d);
        return 0;
    case TYPE_STRING:
        ret->text = doc_text(d);
        ret->weight += strlen(ret->text) / BYTES_PER_STEP;
        return 0;
    case TYPE_ARRAY:
    case TYPE_OBJECT:
        return make_children(m, d, ret);
    default:
        return 0;
    }
}

int schema_item(struct ctx *cx, const struct doc *d, struct item **ret)
{
    struct making m = { .cx = cx };
    struct item *item = ARENA_NEW(cx->arena, struct item);
    int rc = make(&m, d, item);
    if (rc == 0)
        *ret = item;
    return rc;
}

const struct item *schema_item_find(const struct item *object, const char *key)
{
    struct item wanted = { .key = key };
    return bsearch(&wanted, object->at, object->count, sizeof(wanted), by_key);
}

static bool children_equal(const struct item *a, const struct item *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        if (a->type == TYPE_OBJECT && strcmp(a->at[i].key, b->at[i].key) != 0)
            return false;
        if (!schema_item_equal(&a->at[i], &b->at[i]))
            return false;
    }
    return true;
}

static size_t digits_of(const char *s)
{
    return strspn(s, "0123456789");
}

/* Whether a whole text is a decimal number. */
static bool is_decimal(const char *s)
{
    s += *s == '-' || *s == '+';
    size_t whole = digits_of(s), fraction = s[whole] == '.' ? digits_of(s + whole + 1) : 0;
    s += whole + (s[whole] == '.') + fraction;
    if (whole + fraction == 0)
        return false;
    if (*s == 'e' || *s == 'E') {
        s += s[1] == '-' || s[1] == '+' ? 2 : 1;
        if (!digits_of(s))
            return false;
        s += digits_of(s);
    }
    return !*s;
}

static bool numbers_equal(const char *a, const char *b)
{
    return schema_number_fits(a) && schema_number_fits(b) && schema_number_compare(a, b) == 0;
}

/* The library takes a text for a number when what it compares with is one: 1 and "1" are equal, "1" and 1 are not. */
static bool number_equals_text(const char *number, const char *text)
{
    return is_decimal(text) && numbers_equal(number, *text == '+' ? text + 1 : text);
}

bool schema_item_equal(const struct item *a, const struct item *b)
{
    if (a->type == TYPE_NUMBER && b->type == TYPE_STRING)
        return number_equals_text(a->text, b->text);
    if (a->type != b->type)
        return false;
    switch (a->type) {
    case TYPE_BOOLEAN:
        return a->truth == b->truth;
    case TYPE_NUMBER:
        return numbers_equal(a->text, b->text);
    case TYPE_STRING:
        return strcmp(a->text, b->text) == 0;
    case TYPE_ARRAY:
    case TYPE_OBJECT:
        return children_equal(a, b);
    default:
        return true;
    }
}

static uint64_t mix(uint64_t h, const char *text)
{
    for (; *text; text++)
        h = (h ^ (unsigned char)*text) * 1099511628211u;
    return h;
}

static uint64_t hash_of(const struct item *v, uint64_t *steps)
{
    uint64_t h = 14695981039346656037u + (uint64_t)v->type;
    (*steps)++;
    switch (v->type) {
    case TYPE_BOOLEAN:
        return h * 3 + v->truth;
    case TYPE_NUMBER:
        return h ^ schema_number_hash(v->text);
    case TYPE_STRING:
        return mix(h, v->text);
    default:
        for (size_t i = 0; i < v->count; i++)
            h = (mix(h, v->at[i].key ? v->at[i].key : "") ^ hash_of(&v->at[i], steps)) * 1099511628211u;
        return h;
    }
}

struct hashed {
    uint64_t hash;
    size_t index;
};

static int by_hash(const void *a, const void *b)
{
    const struct hashed *left = a, *right = b;
    if (left->hash != right->hash)
        return left->hash < right->hash ? -1 : 1;
    return left->index < right->index ? -1 : left->index > right->index;
}

/* Twins among elements of one hash, sorted by index: the pair whose second comes first. */
static bool twins_of_hash(const struct item *array, const struct hashed *from, const struct hashed *end,
                          uint64_t *steps, size_t *ret_first, size_t *ret_second)
{
    for (const struct hashed *second = from + 1; second < end; second++) {
        for (const struct hashed *first = from; first < second; first++) {
            *steps += array->at[second->index].weight;
            if (*steps > JSONSCHEMA_STEPS_MAX)
                return false;
            if (!schema_item_equal(&array->at[second->index], &array->at[first->index]))
                continue;
            *ret_first = first->index;
            *ret_second = second->index;
            return true;
        }
    }
    return false;
}

static bool twins_of_many(struct arena *a, const struct item *array, uint64_t *steps, size_t *ret_first,
                          size_t *ret_second)
{
    struct hashed *all = ARENA_ARRAY(a, struct hashed, array->count);
    size_t best = SIZE_MAX;
    for (size_t i = 0; i < array->count; i++)
        all[i] = (struct hashed){ hash_of(&array->at[i], steps), i };
    qsort(all, array->count, sizeof(*all), by_hash);
    for (size_t i = 0, end; i < array->count; i = end) {
        size_t first, second;
        for (end = i + 1; end < array->count && all[end].hash == all[i].hash;)
            end++;
        if (!twins_of_hash(array, all + i, all + end, steps, &first, &second) || second >= best)
            continue;
        best = *ret_second = second;
        *ret_first = first;
    }
    return best != SIZE_MAX;
}

bool schema_item_twins(struct arena *a, const struct item *array, uint64_t *steps, size_t *ret_first,
                       size_t *ret_second)
{
    if (array->count > FEW_ELEMENTS)
        return twins_of_many(a, array, steps, ret_first, ret_second);
    for (size_t i = 1; i < array->count; i++) {
        for (size_t j = 0; j < i; j++) {
            *steps += array->at[i].weight;
            if (!schema_item_equal(&array->at[i], &array->at[j]))
                continue;
            *ret_first = j;
            *ret_second = i;
            return true;
        }
    }
    return false;
}
