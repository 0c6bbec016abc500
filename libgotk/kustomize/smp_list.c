/*
 * smp_list.c: see smp_walk.h: lists that merge by key. The steps are kyaml's, in its order, because their side effects
 * are visible: collect the key values of patch and target, merge element by element, then lay the target's elements
 * over the merged ones. Lists are handled as vectors of nodes and written back once.
 */
#include "libgotk/base/map.h"
#include "libgotk/base/str.h"
#include "libgotk/base/vec.h"
#include "libgotk/kustomize/smp_walk.h"

#include <string.h>

VEC_NAMED(nodes, struct doc *);

/* The values of one element's keys; as many as there are keys, "" where the element has none. */
struct tuple {
    const char **values;
};
VEC_NAMED(tuples, struct tuple);

struct keys {
    const char **names;
    size_t count;
};

struct list_merge {
    const struct smp *s;
    struct arena *a; /* scratch: nodes of the documents are made in the context's */
    struct openapi_at elements;
    struct keys keys;
};

static struct nodes nodes_of(struct arena *a, const struct doc *list)
{
    struct nodes result = { 0 };
    doc_each (element, list)
        vec_push(a, &result, element);
    return result;
}

static bool is_nothing(const struct doc *d)
{
    return doc_kind(d) == DOC_NULL || (doc_kind(d) == DOC_OBJECT && !doc_len(d));
}

/* The field's node when the element has it, with this value unless `value` is "". */
static const struct doc *match_field(const struct doc *element, const char *name, const char *value)
{
    if (!name[0])
        return !strcmp(resource_written(element), value) ? element : NULL;
    const struct doc *field = doc_find(element, name);
    return field && (!value[0] || !strcmp(resource_written(field), value)) ? field : NULL;
}

/* As upstream, keys without a value count as matched when the key before them did. */
static bool element_matches(const struct doc *element, struct keys keys, const char *const *values,
                            size_t count)
{
    const struct doc *found = NULL;
    for (size_t i = 0; i < keys.count; i++) {
        if (i < count)
            found = match_field(element, keys.names[i], values[i]);
        if (!found)
            return false;
    }
    return true;
}

/* A list of plain values that holds a list or a map, or the other way round: upstream compares elements, and cannot. */
static int check_element(const struct list_merge *m, const struct doc *element, struct keys keys)
{
    bool plain = !keys.names[0][0];
    enum doc_kind kind = doc_kind(element);
    bool scalar = kind != DOC_OBJECT && kind != DOC_ARRAY;
    if (plain ? scalar : kind == DOC_OBJECT)
        return 0;
    const char *got = kind == DOC_OBJECT ? "MappingNode" : kind == DOC_ARRAY ? "SequenceNode" : "ScalarNode";
    if (plain)
        return err_fail(
            m->s->cx, ERR_INVALID,
            "wrong node kind: expected ScalarNode but got %s: a list that merges by its values holds "
            "something that is no plain value (line %d)",
            got, doc_line(element));
    return err_fail(m->s->cx, ERR_INVALID,
                    "wrong node kind: expected MappingNode but got %s: a list that merges by '%s' holds "
                    "something that is no map (line %d)",
                    got, keys.names[0], doc_line(element));
}

/* Puts `element` (NULL: nothing) in the place of every matching element; appends it when none matched. */
static int set_element(const struct list_merge *m, struct nodes *list, struct doc *element, struct keys keys,
                       const char *const *values, size_t count)
{
    size_t kept = 0;
    bool matched = false;
    bool maps_only = keys.names[0][0] && count && values[0][0];
    for (size_t i = 0; i < list->len; i++) {
        struct doc *old = list->at[i];
        if (is_nothing(old))
            continue;
        if (maps_only && doc_kind(old) != DOC_OBJECT) {
            list->at[kept++] = old;
        } else if (count && check_element(m, old, keys) < 0) {
            return err_code(m->s->cx);
        } else if (!element_matches(old, keys, values, count)) {
            if (count)
                list->at[kept++] = old;
        } else {
            matched = true;
            if (element)
                list->at[kept++] = element;
        }
    }
    list->len = kept;
    if (element && doc_kind(element) != DOC_NULL && !matched)
        vec_push(m->a, list, element);
    return 0;
}

/* The first element whose keys have exactly these values. */
static struct doc *find_element(const struct doc *list, struct keys keys, const char *const *values)
{
    doc_each (element, list) {
        if (!keys.names[0][0]) {
            if (!strcmp(resource_written(element), values[0]))
                return element;
            continue;
        }
        bool all = doc_kind(element) == DOC_OBJECT;
        for (size_t i = 0; all && i < keys.count; i++) {
            const struct doc *field = doc_find(element, keys.names[i]);
            all = field && !strcmp(resource_written(field), values[i]);
        }
        if (all)
            return element;
    }
    return NULL;
}

static bool field_is_empty(const struct doc *d)
{
    enum doc_kind kind = doc_kind(d);
    return kind == DOC_NULL || ((kind == DOC_OBJECT || kind == DOC_ARRAY) && !doc_len(d));
}

static struct tuple tuple_of(const struct list_merge *m, const struct doc *element)
{
    struct tuple t = { .values = ARENA_ARRAY(m->a, const char *, m->keys.count) };
    for (size_t i = 0; i < m->keys.count; i++) {
        const char *name = m->keys.names[i];
        const struct doc *field = name[0] ? doc_find(element, name) : element;
        t.values[i] = name[0] && field_is_empty(field) ? "" : resource_written(field);
    }
    return t;
}

/* The distinct key tuples of both lists, the patch's first. */
static struct tuples collect_tuples(const struct list_merge *m, const struct doc *target,
                                    const struct doc *patch)
{
    struct tuples result = { 0 };
    struct map seen = map_new(m->a);
    const struct doc *lists[] = { patch, target };
    for (size_t l = 0; l < ARRAY_LEN(lists); l++) {
        doc_each (element, lists[l]) {
            struct tuple t = tuple_of(m, element);
            const char *key = str_join(m->a, t.values, m->keys.count, "\n");
            if (map_has(&seen, key))
                continue;
            map_set(&seen, key, NULL);
            vec_push(m->a, &result, t);
        }
    }
    return result;
}

/* True when the tuples agree somewhere and differ only where one of them is empty; then *ret holds both together. */
static bool tuples_agree(const struct list_merge *m, struct tuple x, struct tuple y, struct tuple *ret)
{
    bool common = false;
    const char **merged = ARENA_ARRAY(m->a, const char *, m->keys.count);
    for (size_t i = 0; i < m->keys.count; i++) {
        bool same = !strcmp(x.values[i], y.values[i]);
        if (!same && x.values[i][0] && y.values[i][0])
            return false;
        common = common || same;
        merged[i] = x.values[i][0] ? x.values[i] : y.values[i];
    }
    ret->values = merged;
    return common;
}

static void join_tuples(const struct list_merge *m, struct tuples *all)
{
    for (size_t i = 0; i < all->len; i++) {
        struct tuple mine = all->at[i];
        for (size_t j = 0; j < all->len; j++) {
            struct tuple merged = { 0 };
            if (!tuples_agree(m, mine, all->at[j], &merged))
                continue;
            all->at[i] = merged;
            all->at[j] = merged;
        }
    }
}

/* The keys that have a value in at least one tuple; all of them when none has. */
static struct keys keys_in_use(const struct list_merge *m, const struct tuples *all, size_t from, size_t to)
{
    struct keys used = { .names = ARENA_ARRAY(m->a, const char *, m->keys.count) };
    for (size_t k = 0; k < m->keys.count; k++) {
        bool valued = false;
        for (size_t i = from; i < to && !valued; i++)
            valued = all->at[i].values[k][0] != '\0';
        if (valued)
            used.names[used.count++] = m->keys.names[k];
    }
    return used.count ? used : m->keys;
}

/* The tuple's values for `keys`, a part of all keys in their order. */
static const char **values_for(const struct list_merge *m, struct tuple t, struct keys keys)
{
    const char **values = ARENA_ARRAY(m->a, const char *, keys.count);
    size_t n = 0;
    for (size_t k = 0; k < m->keys.count && n < keys.count; k++)
        if (!strcmp(m->keys.names[k], keys.names[n]))
            values[n++] = t.values[k];
    return values;
}

/* A key that came from the other side is written into the element; one that is its own key loses its type. */
static void fill_keys(const struct list_merge *m, struct doc *element, struct keys keys,
                      const char *const *values)
{
    if (!keys.names[0][0] && doc_kind(element) != DOC_OBJECT && doc_kind(element) != DOC_ARRAY)
        doc_set_tag(element, DOC_TAG_ANY);
    struct arena *a = m->s->cx->arena;
    for (size_t i = 0; i < keys.count; i++) {
        if (doc_kind(element) != DOC_OBJECT || doc_find(element, keys.names[i]) || !values[i][0])
            continue;
        int64_t number = 0;
        bool is_number = str_to_int64(values[i], &number);
        doc_set(a, element, keys.names[i], is_number ? doc_number(a, values[i]) : doc_string(a, values[i]));
    }
}

/* Merges the elements of one tuple: into `items`, or out of `rest` when nothing is left of them. */
static int merge_tuple(const struct list_merge *m, const struct tuples *all, size_t index, struct keys keys,
                       struct doc *target, struct doc *patch, struct nodes *items, struct nodes *rest)
{
    struct keys own = keys_in_use(m, all, index, index + 1);
    const char **lookup = values_for(m, all->at[index], own);
    const char **values = values_for(m, all->at[index], keys);
    struct doc *result = NULL;
    bool keep_null = false;
    if (smp_merge_node(m->s, find_element(target, own, lookup), find_element(patch, own, lookup), m->elements,
                       &result, &keep_null) < 0)
        return err_code(m->s->cx);
    if (!result || is_nothing(result)) {
        return set_element(m, rest, NULL, keys, values, keys.count);
    }
    fill_keys(m, result, keys, values);
    return set_element(m, items, result, keys, values, keys.count);
}

/* Lays one element of the target over the merged ones: over its like, or behind them. */
static int lay_over(const struct list_merge *m, struct nodes *items, struct doc *element, struct keys keys)
{
    const char **values = ARENA_ARRAY(m->a, const char *, keys.count);
    size_t n = 0;
    if (!keys.names[0][0]) {
        values[0] = resource_written(element);
        return set_element(m, items, element, keys, values, 1);
    }
    if (doc_kind(element) != DOC_NULL && check_element(m, element, keys) < 0)
        return err_code(m->s->cx);
    for (size_t i = 0; i < keys.count; i++) {
        const struct doc *field = doc_find(element, keys.names[i]);
        if (field)
            values[n++] = resource_written(field);
        else
            vec_push(m->a, items, element);
    }
    if (keys.count > 1 && set_element(m, items, NULL, keys, values, n) < 0)
        return err_code(m->s->cx);
    return set_element(m, items, element, keys, values, n);
}

/* Writes the vector back as the list's content; a node that stands in it twice is copied. */
static void write_back(const struct list_merge *m, struct doc *list, struct doc *patch,
                       const struct nodes *items)
{
    struct nodes old = nodes_of(m->a, list);
    for (size_t i = 0; i < old.len; i++)
        doc_detach(list, old.at[i]);
    struct nodes theirs = patch && patch != list ? nodes_of(m->a, patch) : (struct nodes){ 0 };
    for (size_t i = 0; i < theirs.len; i++)
        doc_detach(patch, theirs.at[i]);
    for (size_t i = 0; i < items->len; i++) {
        bool again = false;
        for (size_t j = 0; j < i && !again; j++)
            again = items->at[j] == items->at[i];
        doc_append(list, again ? doc_copy(m->s->cx->arena, items->at[i]) : items->at[i]);
    }
}

static int merge_keyed(const struct list_merge *m, struct doc *list, struct doc *target, struct doc *patch)
{
    struct tuples all = collect_tuples(m, target, patch);
    struct nodes items = { 0 };
    struct nodes rest = nodes_of(m->a, list);
    if (!all.len)
        return 0;
    if (m->keys.count > 1)
        join_tuples(m, &all);
    struct keys keys = keys_in_use(m, &all, 0, all.len);
    for (size_t i = 0; i < all.len; i++) {
        size_t before = rest.len;
        if (merge_tuple(m, &all, i, keys, target, patch, &items, &rest) < 0)
            return err_code(m->s->cx);
        if (rest.len != before)
            write_back(m, list, NULL, &rest); /* the next look at the list must not find it */
    }
    for (size_t i = 0; i < rest.len; i++)
        if (lay_over(m, &items, rest.at[i], keys) < 0)
            return err_code(m->s->cx);
    write_back(m, list, patch, &items);
    return 0;
}

/* Reads and removes an element that only holds $patch. */
static int list_directive(const struct list_merge *m, struct doc *patch, enum smp_directive *ret)
{
    static const char *const names[] = { "$patch" };
    struct doc *found = NULL;
    *ret = SMP_MERGE;
    doc_each (element, patch) {
        if (doc_kind(element) == DOC_OBJECT && doc_find(element, names[0])) {
            found = element;
            break;
        }
    }
    if (!found || doc_len(found) > 1)
        return 0;
    const char *value = resource_written(doc_find(found, names[0]));
    if (smp_directive(m->s->cx, value, ret) < 0)
        return err_code(m->s->cx);
    struct nodes rest = nodes_of(m->a, patch);
    struct keys keys = { .names = (const char **)(uintptr_t)names, .count = 1 };
    if (set_element(m, &rest, NULL, keys, &value, 1) < 0)
        return err_code(m->s->cx);
    write_back(m, patch, NULL, &rest);
    return 0;
}

int smp_merge_list(const struct smp *s, struct doc *target, struct doc *patch, struct openapi_at at,
                   struct doc **ret)
{
    static const char *const scalars[] = { "" };
    struct list_merge m = { .s = s, .a = s->scratch, .elements = openapi_elements(at) };
    enum smp_directive directive = SMP_MERGE;
    bool has_target = doc_kind(target) != DOC_NULL;
    if (!openapi_merges(m.a, at, &m.keys.names, &m.keys.count)) {
        *ret = patch ? patch : target;
        return 0;
    }
    if (has_target && patch && doc_kind(patch) == DOC_NULL)
        return 0;
    if (has_target && patch && list_directive(&m, patch, &directive) < 0)
        return err_code(s->cx);
    if (directive == SMP_DELETE)
        return 0;
    *ret = has_target && directive != SMP_REPLACE ? target : patch;
    if (!m.keys.count)
        m.keys = (struct keys){ .names = (const char **)(uintptr_t)scalars, .count = 1 };
    struct doc *first = *ret; /* upstream replaces the target by the result before it goes on */
    return merge_keyed(&m, *ret, first, patch);
}
