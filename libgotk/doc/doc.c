/*
 * doc.c: trees of values in an arena; the contract is in doc.h, the layout of a node in node.h.
 *
 * Only the node struct and the linking convention are cJSON's. Rejected: cJSON's own lookups (they ignore case), its
 * numbers (doubles) and its allocation hooks (process-wide). Trees are walked by recursion: readers bound the depth.
 * Any thread; a tree belongs to one of them while it changes.
 */
#include "libgotk/doc/doc.h"

#include "libgotk/base/str.h"
#include "libgotk/doc/node.h"
#include "libgotk/doc/number.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Objects up to this size are compared by looking keys up one by one; larger ones are sorted first. */
#define SMALL_OBJECT 16

#define TYPE_MASK 0xFF

/* Texts below this size always fit what an arena has in reserve. */
#define LARGE_TEXT ((size_t)1 << 20)

cJSON *node_new(struct arena *a, int type)
{
    cJSON *n = ARENA_NEW(a, cJSON);
    n->type = type;
    return n;
}

enum doc_kind doc_kind(const struct doc *d)
{
    switch (d ? node_of(d)->type & TYPE_MASK : cJSON_NULL) {
    case cJSON_True:
    case cJSON_False:
        return DOC_BOOL;
    case cJSON_Number:
        return DOC_NUMBER;
    case cJSON_String:
        return DOC_STRING;
    case cJSON_Array:
        return DOC_ARRAY;
    case cJSON_Object:
        return DOC_OBJECT;
    default:
        return DOC_NULL;
    }
}

const char *doc_kind_name(const struct doc *d)
{
    static const char *const names[] = {
        [DOC_NULL] = "null",     [DOC_BOOL] = "bool",   [DOC_NUMBER] = "number",
        [DOC_STRING] = "string", [DOC_ARRAY] = "array", [DOC_OBJECT] = "object",
    };
    return names[doc_kind(d)];
}

struct doc *doc_object(struct arena *a)
{
    return node_doc(node_new(a, cJSON_Object));
}

struct doc *doc_array(struct arena *a)
{
    return node_doc(node_new(a, cJSON_Array));
}

struct doc *doc_null(struct arena *a)
{
    return node_doc(node_new(a, cJSON_NULL));
}

struct doc *doc_bool(struct arena *a, bool value)
{
    return node_doc(node_new(a, value ? cJSON_True : cJSON_False));
}

struct doc *doc_int(struct arena *a, int64_t value)
{
    cJSON *n = node_new(a, cJSON_Number);
    n->valuestring = str_fmt(a, "%lld", (long long)value);
    return node_doc(n);
}

struct doc *doc_number(struct arena *a, const char *literal)
{
    cJSON *n = node_new(a, cJSON_Number);
    n->valuestring = str_dup(a, literal);
    return node_doc(n);
}

struct doc *doc_double(struct arena *a, double value)
{
    cJSON *n = node_new(a, cJSON_Number);
    n->valuestring = number_print(a, value);
    return node_doc(n);
}

struct doc *doc_double_as_written(struct arena *a, double value)
{
    struct doc *d = doc_double(a, value);
    doc_set_source(a, d, number_print_g(a, value));
    return d;
}

struct doc *doc_double_in_full(struct arena *a, double value)
{
    struct doc *d = doc_double(a, value);
    doc_set_source(a, d, number_print_f(a, value));
    return d;
}

struct doc *doc_string(struct arena *a, const char *s)
{
    cJSON *n = node_new(a, cJSON_String);
    n->valuestring = str_dup(a, s);
    return node_doc(n);
}

struct doc *doc_nstring(struct arena *a, const char *s, size_t n)
{
    cJSON *node = node_new(a, cJSON_String);
    node->valuestring = n && memchr(s, 0, n) ? str_without_nuls(a, s, n) : str_ndup(a, s, n);
    return node_doc(node);
}

struct doc *doc_fmt(struct arena *a, const char *fmt, ...)
{
    cJSON *n = node_new(a, cJSON_String);
    va_list args;
    va_start(args, fmt);
    n->valuestring = str_vfmt(a, fmt, args);
    va_end(args);
    return node_doc(n);
}

static cJSON *first_child(const cJSON *n)
{
    return n->type & NODE_SHARED ? NULL : n->child;
}

/* The text of a node, with what it was written as behind it. */
static char *copy_value(struct arena *a, const cJSON *from)
{
    if (!(from->type & NODE_SOURCE))
        return str_dup(a, from->valuestring);
    size_t len = strlen(from->valuestring) + 1;
    len += strlen(from->valuestring + len) + 1;
    return memcpy(arena_alloc_raw(a, len), from->valuestring, len);
}

static cJSON *copy_node(struct arena *a, const cJSON *from)
{
    cJSON *n = arena_alloc_raw(a, sizeof(*n));
    *n = *from;
    n->next = n->prev = n->child = NULL;
    n->valuestring = copy_value(a, from);
    n->string = NULL;
    n->type &= ~NODE_SHARED;
    for (const cJSON *child = first_child(from); child; child = child->next) {
        cJSON *copy = copy_node(a, child);
        copy->string = str_dup(a, child->string);
        node_link(n, copy);
    }
    return n;
}

struct doc *doc_copy(struct arena *a, const struct doc *d)
{
    return d ? node_doc(copy_node(a, node_of(d))) : NULL;
}

int node_room(struct ctx *cx, size_t n)
{
    if (n < LARGE_TEXT || arena_used(cx->arena) + n <= arena_max(cx->arena))
        return 0;
    return err_fail(cx, ERR_LIMIT, "the document needs more than the %zu MiB of memory this work may use",
                    arena_max(cx->arena) >> 20);
}

static int copy_here(struct ctx *cx, const cJSON *from, unsigned *count, cJSON **ret)
{
    int rc = node_check(cx, count);
    if (rc < 0)
        return rc;
    cJSON *n = arena_alloc_raw(cx->arena, sizeof(*n));
    *n = *from;
    n->next = n->prev = n->child = NULL;
    n->type &= ~NODE_SHARED;
    for (const cJSON *child = first_child(from); child; child = child->next) {
        cJSON *copy = NULL;
        rc = copy_here(cx, child, count, &copy);
        if (rc < 0)
            return rc;
        node_link(n, copy);
    }
    *ret = n;
    return 0;
}

int node_copy_here(struct ctx *cx, const cJSON *from, cJSON **ret)
{
    unsigned count = 0;
    return copy_here(cx, from, &count, ret);
}

static bool is_object(const struct doc *d)
{
    return doc_kind(d) == DOC_OBJECT;
}

static cJSON *find_child(const cJSON *object, const char *key)
{
    cJSON *child = object->child;
    while (child && (*child->string != *key || strcmp(child->string, key) != 0))
        child = child->next;
    return child;
}

struct doc *doc_find(const struct doc *d, const char *key)
{
    return is_object(d) ? node_doc(find_child(node_of(d), key)) : NULL;
}

struct doc *doc_find_path(const struct doc *d, const char *const *keys)
{
    struct doc *at = node_doc(node_of(d));
    for (; *keys && at; keys++)
        at = doc_find(at, *keys);
    return at;
}

const char *doc_text(const struct doc *d)
{
    return doc_kind(d) == DOC_STRING ? node_of(d)->valuestring : NULL;
}

const char *doc_literal(const struct doc *d)
{
    return doc_kind(d) == DOC_NUMBER ? node_of(d)->valuestring : NULL;
}

bool doc_get_int(const struct doc *d, int64_t *ret_value)
{
    return str_to_int64(doc_literal(d), ret_value);
}

bool doc_is_true(const struct doc *d, bool fallback)
{
    return doc_kind(d) == DOC_BOOL ? node_of(d)->type & cJSON_True : fallback;
}

static cJSON *ring_before(cJSON *n)
{
    cJSON *at = n;
    while (at->child != n)
        at = at->child;
    return at;
}

void doc_unshare(struct doc *d)
{
    cJSON *n = node_of(d);
    if (!d || !(n->type & NODE_SHARED))
        return;
    ring_before(n)->child = n->child;
    n->child = NULL;
    n->type &= ~NODE_SHARED;
}

void doc_share(struct doc *peer, struct doc *d)
{
    cJSON *p = node_of(peer), *n = node_of(d);
    if (!(p->type & NODE_SHARED)) {
        p->type |= NODE_SHARED;
        p->child = p;
    }
    n->type |= NODE_SHARED;
    n->child = p->child;
    p->child = n;
}

/* `n` joins the ring of `old` in its place, and gives all of it its value; a map or list leaves them as they are. */
static void take_over_ring(cJSON *old, cJSON *n)
{
    if (old->child != old && doc_kind(node_doc(n)) != DOC_OBJECT && doc_kind(node_doc(n)) != DOC_ARRAY &&
        !(n->type & NODE_SHARED)) {
        doc_share(node_doc(old), node_doc(n));
        for (cJSON *peer = n->child; peer != n; peer = peer->child) {
            peer->type = n->type;
            peer->valuestring = n->valuestring;
        }
    }
    doc_unshare(node_doc(old));
}

/* Puts `n` where `old` was in the list of parent's children; `old` is left alone with its links. */
static void swap_in(cJSON *parent, cJSON *old, cJSON *n)
{
    if (old->type & NODE_SHARED)
        take_over_ring(old, n);
    n->string = old->string;
    n->type = (n->type & ~NODE_BARE_KEY) | (old->type & NODE_BARE_KEY);
    n->next = old->next;
    n->prev = old->prev == old ? n : old->prev;
    if (n->next)
        n->next->prev = n;
    else
        parent->child->prev = n;
    if (parent->child == old)
        parent->child = n;
    else
        n->prev->next = n;
    old->next = old->prev = NULL;
    old->string = NULL;
}

void doc_set(struct arena *a, struct doc *object, const char *key, struct doc *value)
{
    ASSERT(is_object(object));
    cJSON *parent = node_of(object), *old = find_child(parent, key), *n = node_of(value);
    if (old == n)
        return;
    if (old) {
        swap_in(parent, old, n);
        return;
    }
    doc_add(a, object, key, value);
}

void doc_add(struct arena *a, struct doc *object, const char *key, struct doc *value)
{
    cJSON *n = node_of(value);
    n->string = str_dup(a, key);
    node_link(node_of(object), n);
}

struct doc *doc_ensure(struct arena *a, struct doc *object, const char *key)
{
    struct doc *d = doc_find(object, key);
    if (is_object(d))
        return d;
    d = doc_object(a);
    doc_set(a, object, key, d);
    return d;
}

void doc_detach(struct doc *parent, struct doc *child)
{
    cJSON *p = node_of(parent), *n = node_of(child);
    cJSON *next = n->next, *last = p->child->prev;
    if (p->child == n)
        p->child = next;
    else
        n->prev->next = next;
    if (next)
        next->prev = n->prev;
    if (p->child)
        p->child->prev = last == n ? n->prev : last;
    n->next = n->prev = NULL;
    n->string = NULL;
}

bool doc_remove(struct doc *object, const char *key)
{
    struct doc *child = doc_find(object, key);
    if (child)
        doc_detach(object, child);
    return child != NULL;
}

void doc_rename(struct arena *a, struct doc *object, const char *from, const char *to)
{
    struct doc *child = doc_find(object, from);
    if (!child || strcmp(from, to) == 0)
        return;
    doc_remove(object, to);
    node_of(child)->string = str_dup(a, to);
}

void doc_append(struct doc *array, struct doc *value)
{
    ASSERT(doc_kind(array) == DOC_ARRAY);
    node_of(value)->string = NULL;
    node_link(node_of(array), node_of(value));
}

void doc_insert(struct doc *array, size_t index, struct doc *value)
{
    cJSON *parent = node_of(array), *n = node_of(value), *after = node_of(doc_at(array, index));
    if (!after) {
        doc_append(array, value);
        return;
    }
    n->string = NULL;
    n->next = after;
    n->prev = after->prev;
    after->prev = n;
    if (parent->child == after)
        parent->child = n;
    else
        n->prev->next = n;
}

bool doc_remove_at(struct doc *array, size_t index)
{
    struct doc *child = doc_at(array, index);
    if (child)
        doc_detach(array, child);
    return child != NULL;
}

void doc_replace(struct arena *a UNUSED, struct doc *parent, struct doc *old, struct doc *value)
{
    if (old != value)
        swap_in(node_of(parent), node_of(old), node_of(value));
}

struct doc *doc_first(const struct doc *d)
{
    return d ? node_doc(first_child(node_of(d))) : NULL;
}

struct doc *doc_last(const struct doc *d)
{
    const cJSON *first = d ? first_child(node_of(d)) : NULL;
    return first ? node_doc(first->prev) : NULL;
}

struct doc *doc_next(const struct doc *child)
{
    return node_doc(node_of(child)->next);
}

const char *doc_key(const struct doc *child)
{
    return node_of(child)->string;
}

size_t doc_len(const struct doc *d)
{
    size_t len = 0;
    for (const cJSON *child = d ? first_child(node_of(d)) : NULL; child; child = child->next)
        len++;
    return len;
}

struct doc *doc_at(const struct doc *array, size_t index)
{
    struct doc *child = doc_first(array);
    while (child && index--)
        child = doc_next(child);
    return child;
}

static int by_key(const void *left, const void *right)
{
    return strcmp((*(cJSON *const *)left)->string, (*(cJSON *const *)right)->string);
}

void node_sort(const cJSON *object, cJSON **at, size_t count)
{
    bool sorted = true;
    size_t i = 0;
    for (cJSON *child = object->child; child; child = child->next, i++) {
        at[i] = child;
        if (i && strcmp(at[i - 1]->string, child->string) > 0)
            sorted = false;
    }
    if (!sorted)
        qsort(at, count, sizeof(*at), by_key);
}

struct doc **doc_sorted(struct arena *a, const struct doc *object)
{
    size_t count = is_object(object) ? doc_len(object) : 0;
    cJSON **at = ARENA_ARRAY(a, cJSON *, count + 1);
    if (count)
        node_sort(node_of(object), at, count);
    return (struct doc **)at;
}

static bool equal_sorted(const struct doc *a, const struct doc *b, size_t count)
{
    CLEANUP(arena_cleanup) struct arena *scratch = arena_new(4 * (count + 1) * sizeof(void *));
    struct doc **left = doc_sorted(scratch, a), **right = doc_sorted(scratch, b);
    for (size_t i = 0; i < count; i++)
        if (strcmp(doc_key(left[i]), doc_key(right[i])) != 0 || !doc_equal(left[i], right[i]))
            return false;
    return true;
}

static bool equal_objects(const struct doc *a, const struct doc *b)
{
    size_t count = doc_len(a);
    if (count != doc_len(b))
        return false;
    const struct doc *left = doc_first(a), *right = doc_first(b);
    while (left && strcmp(doc_key(left), doc_key(right)) == 0) {
        if (!doc_equal(left, right))
            return false;
        left = doc_next(left);
        right = doc_next(right);
    }
    if (left && count > SMALL_OBJECT)
        return equal_sorted(a, b, count);
    for (; left; left = doc_next(left)) {
        const struct doc *other = doc_find(b, doc_key(left));
        if (!other || !doc_equal(left, other))
            return false;
    }
    return true;
}

static bool equal_arrays(const struct doc *a, const struct doc *b)
{
    const struct doc *left = doc_first(a), *right = doc_first(b);
    while (left && right && doc_equal(left, right)) {
        left = doc_next(left);
        right = doc_next(right);
    }
    return !left && !right;
}

bool doc_equal(const struct doc *a, const struct doc *b)
{
    if (a == b)
        return true;
    if (doc_kind(a) != doc_kind(b))
        return false;
    switch (doc_kind(a)) {
    case DOC_BOOL:
        return doc_is_true(a, false) == doc_is_true(b, false);
    case DOC_NUMBER:
        return number_equal(doc_literal(a), doc_literal(b));
    case DOC_STRING:
        return strcmp(doc_text(a), doc_text(b)) == 0;
    case DOC_ARRAY:
        return equal_arrays(a, b);
    case DOC_OBJECT:
        return equal_objects(a, b);
    default:
        return true;
    }
}

int doc_line(const struct doc *d)
{
    return d ? node_of(d)->valueint : 0;
}

int doc_column(const struct doc *d)
{
    return d ? (int)node_of(d)->valuedouble : 0;
}

bool doc_quoted(const struct doc *d)
{
    return d && node_of(d)->type & NODE_QUOTED;
}

static const int style_bits[] = {
    [DOC_STYLE_PLAIN] = 0,
    [DOC_STYLE_QUOTED] = NODE_QUOTED,
    [DOC_STYLE_LITERAL] = NODE_QUOTED | NODE_LITERAL,
    [DOC_STYLE_FOLDED] = NODE_QUOTED | NODE_FOLDED,
};

enum doc_style doc_style(const struct doc *d)
{
    int bits = d ? node_of(d)->type & NODE_STYLE : 0;
    if (bits & NODE_FOLDED)
        return DOC_STYLE_FOLDED;
    if (bits & NODE_LITERAL)
        return DOC_STYLE_LITERAL;
    return bits ? DOC_STYLE_QUOTED : DOC_STYLE_PLAIN;
}

void doc_set_style(struct doc *d, enum doc_style style)
{
    cJSON *n = node_of(d);
    n->type = (n->type & ~NODE_STYLE) | style_bits[style];
}

enum doc_tag doc_tag(const struct doc *d)
{
    return d ? (enum doc_tag)((node_of(d)->type & NODE_TAG) >> NODE_TAG_SHIFT) : DOC_TAG_NONE;
}

void doc_set_tag(struct doc *d, enum doc_tag tag)
{
    cJSON *n = node_of(d);
    n->type = (n->type & ~NODE_TAG) | (int)tag << NODE_TAG_SHIFT;
}

struct doc *doc_repeated(const struct doc *object)
{
    if (!object || !(node_of(object)->type & NODE_REPEATS))
        return NULL;
    doc_each (child, object)
        if (doc_find(object, doc_key(child)) != child)
            return child;
    return NULL;
}

void doc_set_bare_key(struct doc *child)
{
    node_of(child)->type |= NODE_BARE_KEY;
}

bool doc_bare_key(const struct doc *child)
{
    return node_of(child)->type & NODE_BARE_KEY;
}

void doc_keep_order(struct doc *object)
{
    node_of(object)->type |= NODE_ORDERED;
}

void doc_set_source(struct arena *a, struct doc *d, const char *written)
{
    cJSON *n = node_of(d);
    const char *value = n->valuestring ? n->valuestring : "";
    size_t len = strlen(value) + 1, more = strlen(written) + 1;
    char *both = arena_alloc_raw(a, len + more);
    memcpy(both, value, len);
    memcpy(both + len, written, more);
    n->valuestring = both;
    n->type |= NODE_SOURCE;
}

const char *doc_source(const struct doc *d)
{
    if (!d || !(node_of(d)->type & NODE_SOURCE))
        return NULL;
    return node_of(d)->valuestring + strlen(node_of(d)->valuestring) + 1;
}

void doc_set_position(struct doc *d, int line, int column)
{
    node_set_position(node_of(d), line, column);
}

void doc_set_text(struct arena *a, struct doc *object, const char *key, const char *s)
{
    if (s)
        doc_set(a, object, key, doc_string(a, s));
}

void doc_set_bool(struct arena *a, struct doc *object, const char *key, bool value)
{
    doc_set(a, object, key, doc_bool(a, value));
}

void doc_set_int(struct arena *a, struct doc *object, const char *key, int64_t value)
{
    doc_set(a, object, key, doc_int(a, value));
}

void doc_append_text(struct arena *a, struct doc *array, const char *s)
{
    if (s)
        doc_append(array, doc_string(a, s));
}
