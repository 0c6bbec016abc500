/*
 * tconfig.c: see tconfig.h. Merging keeps the first of equal specs and sorts by the legacy order of kinds, so that the
 * order in which fields are visited does not depend on the order of files.
 */
#include "libgotk/kustomize/tconfig.h"

#include "libgotk/base/str.h"
#include "libgotk/kustomize/kschema.h"
#include "libgotk/kustomize/tables.h"

#include <stdlib.h>
#include <string.h>

/* Beside the bits of lists, in what is unmade. */
#define REFS_UNMADE (1u << TCONFIG_LISTS)

/* JSON member and the name upstream's messages use. */
static const struct {
    const char *field;
    const char *title;
} list_names[TCONFIG_LISTS] = {
    [TCONFIG_NAME_PREFIX] = { "namePrefix", "NamePrefix" },
    [TCONFIG_NAME_SUFFIX] = { "nameSuffix", "NameSuffix" },
    [TCONFIG_NAMESPACE] = { "namespace", "NameSpace" },
    [TCONFIG_COMMON_LABELS] = { "commonLabels", "CommonLabels" },
    [TCONFIG_LABELS] = { "labels", "Labels" },
    [TCONFIG_TEMPLATE_LABELS] = { "templateLabels", "TemplateLabels" },
    [TCONFIG_COMMON_ANNOTATIONS] = { "commonAnnotations", "CommonAnnotations" },
    [TCONFIG_VAR_REFERENCE] = { "varReference", "VarReference" },
    [TCONFIG_IMAGES] = { "images", "Images" },
    [TCONFIG_REPLICAS] = { "replicas", "Replicas" },
};

static const struct namerefs *all_refs(struct arena *a, const struct tconfig *t);

static int merge_ref(struct ctx *cx, struct tconfig *t, const struct nameref *ref)
{
    for (size_t i = 0; i < t->refs.len; i++)
        if (gvk_equal(t->refs.at[i].target, ref->target))
            return fieldspec_merge_all(cx, &t->refs.at[i].referrers, &ref->referrers);
    struct nameref copy = { .target = ref->target };
    if (fieldspec_merge_all(cx, &copy.referrers, &ref->referrers) < 0)
        return err_code(cx);
    vec_push(cx->arena, &t->refs, copy);
    return 0;
}

int tconfig_add_ref(struct ctx *cx, struct tconfig *t, struct gvk target, struct fieldspec referrer)
{
    struct nameref ref = { .target = target };
    vec_push(cx->arena, &ref.referrers, referrer);
    return merge_ref(cx, t, &ref);
}

static int merge_into(struct ctx *cx, struct tconfig *t, const struct tconfig *from)
{
    for (size_t i = 0; i < TCONFIG_LISTS; i++)
        if (fieldspec_merge_all(cx, &t->lists[i], tconfig_list(cx->arena, from, i)) < 0)
            return err_wrap(cx, "failed to merge %s fieldSpec", list_names[i].title);
    const struct namerefs *refs = all_refs(cx->arena, from);
    for (size_t i = 0; i < refs->len; i++)
        if (merge_ref(cx, t, &refs->at[i]) < 0)
            return err_wrap(cx, "failed to merge NameReference fieldSpec");
    return 0;
}

struct sortable_ref {
    struct nameref ref;
    int rank;
    size_t place;
};

static int compare_refs(const void *a, const void *b)
{
    const struct sortable_ref *left = a;
    const struct sortable_ref *right = b;
    int order = left->rank - right->rank;
    if (!order)
        order = gvk_compare_text(left->ref.target, right->ref.target);
    if (order)
        return order;
    return left->place < right->place ? -1 : 1;
}

/* Sorts the targets; referrers are sorted only where upstream does, which is nowhere. */
static void sort_refs(struct arena *a, struct namerefs *refs)
{
    struct sortable_ref *all = ARENA_ARRAY(a, struct sortable_ref, refs->len + 1);
    for (size_t i = 0; i < refs->len; i++)
        all[i] = (struct sortable_ref){ .ref = refs->at[i],
                                        .rank = gvk_rank(refs->at[i].target.kind),
                                        .place = i };
    qsort(all, refs->len, sizeof(all[0]), compare_refs);
    for (size_t i = 0; i < refs->len; i++)
        refs->at[i] = all[i].ref;
}

static void sort_all(struct arena *a, struct tconfig *t)
{
    for (size_t i = 0; i < TCONFIG_LISTS; i++)
        fieldspec_sort(a, &t->lists[i]);
    sort_refs(a, &t->refs);
}

/* A copy whose lists can grow without touching the original's. */
static struct tconfig *copy_config(struct arena *a, const struct tconfig *from)
{
    struct tconfig *t = ARENA_NEW(a, struct tconfig);
    for (size_t i = 0; from && i < TCONFIG_LISTS; i++) {
        const struct fieldspecs *list = tconfig_list(a, from, i);
        for (size_t j = 0; j < list->len; j++)
            vec_push(a, &t->lists[i], list->at[j]);
    }
    const struct namerefs *refs = from ? all_refs(a, from) : &t->refs;
    for (size_t i = 0; from && i < refs->len; i++) {
        struct nameref ref = { .target = refs->at[i].target };
        for (size_t j = 0; j < refs->at[i].referrers.len; j++)
            vec_push(a, &ref.referrers, refs->at[i].referrers.at[j]);
        vec_push(a, &t->refs, ref);
    }
    return t;
}

/* Merging into nothing is not copying: a spec for one kind hides a later one for all kinds with the same path. */
int tconfig_merge(struct ctx *cx, const struct tconfig *left, const struct tconfig *right,
                  const struct tconfig **ret)
{
    if (!right || left == right || (!left && right->normal)) {
        *ret = right ? right : left;
        return 0;
    }
    struct tconfig *t = copy_config(cx->arena, left);
    if (merge_into(cx, t, right) < 0)
        return err_code(cx);
    sort_all(cx->arena, t);
    *ret = t;
    return 0;
}

/* The list of referrers of `target`, made at the end when there is none. */
static struct fieldspecs *referrers_of(struct arena *a, struct namerefs *refs, struct gvk target)
{
    for (size_t i = refs->len; i > 0; i--) /* rows of one target stand together */
        if (gvk_equal(refs->at[i - 1].target, target))
            return &refs->at[i - 1].referrers;
    struct nameref ref = { .target = target };
    vec_push(a, refs, ref);
    return &refs->at[refs->len - 1].referrers;
}

/* There are hundreds of them at each start: not by way of a format. */
static const char *join_path(struct arena *a, const char *head, const char *tail)
{
    size_t n = strlen(head), m = strlen(tail) + 1;
    char *path = arena_alloc_raw(a, n + 1 + m);
    char *slash = mempcpy(path, head, n);
    *slash = '/';
    memcpy(slash + 1, tail, m);
    return path;
}

/* What of the reference table is made: references from objects of kind `from`, or from all when it is NULL. */
struct making {
    struct arena *a;
    const struct gvk *from;
    struct namerefs *refs;
};

static bool is_part(const char *part, const char *wanted)
{
    return !wanted || (*part == *wanted && !strcmp(part, wanted));
}

/* As gvk_selected, for a static row; most are of another kind. */
static bool is_wanted(const struct making *m, const struct gvk *row)
{
    return !m->from || (is_part(m->from->kind, row->kind) && is_part(m->from->group, row->group) &&
                        is_part(m->from->version, row->version));
}

static void add_referrer(const struct making *m, const struct tables_reference *row,
                         const struct gvk *referrer, const char *path)
{
    struct gvk target = { .group = row->target_group, .version = row->target_version, .kind = row->target };
    struct fieldspec fs = { .gvk = *referrer, .path = path };
    struct fieldspecs *list = referrers_of(m->a, m->refs, gvk_normal(target));
    vec_push(m->a, list, fieldspec_normal(fs));
}

/* A row of the reference table stands for one field, or for the same field of every kind that holds a pod. */
static void expand_reference(const struct making *m, const struct tables_reference *row)
{
    const struct gvk own = { .group = row->group, .version = row->version, .kind = row->kind };
    if (!row->pods && is_wanted(m, &own))
        add_referrer(m, row, &own, row->path);
    for (size_t i = 0; row->pods && i < tables_pod_home_count; i++) {
        const struct tables_pod_home *home = &tables_pod_homes[i];
        const struct gvk kind = { .version = row->pods == TABLES_PODS_MOUNTING ? home->version : NULL,
                                  .kind = home->kind };
        if (home->sets & row->pods && is_wanted(m, &kind))
            add_referrer(m, row, &kind, join_path(m->a, home->prefix, row->path));
    }
}

static struct namerefs built_in_refs(struct arena *a, const struct gvk *from)
{
    struct namerefs refs = { 0 };
    const struct making making = { .a = a, .from = from, .refs = &refs };
    for (size_t i = 0; i < tables_reference_count; i++)
        expand_reference(&making, &tables_references[i]);
    sort_refs(a, &refs);
    return refs;
}

static const struct namerefs *all_refs(struct arena *a, const struct tconfig *t)
{
    struct tconfig *memo = (struct tconfig *)(uintptr_t)t;
    if (t->unmade & REFS_UNMADE)
        memo->refs = built_in_refs(a, NULL);
    memo->unmade &= ~REFS_UNMADE;
    return &memo->refs;
}

struct namerefs tconfig_refs_from(struct arena *a, const struct tconfig *t, struct gvk referrer)
{
    return t->unmade & REFS_UNMADE ? built_in_refs(a, &referrer) : t->refs;
}

/* Variables may stand in the same fields of every pod. */
static void expand_variables(struct arena *a, struct fieldspecs *list)
{
    for (size_t i = 0; i < tables_pod_home_count; i++) {
        const struct tables_pod_home *home = &tables_pod_homes[i];
        for (size_t j = 0; (home->sets & TABLES_PODS_WITH_VARS) && j < tables_pod_variable_count; j++) {
            struct fieldspec fs = { .gvk = { .kind = home->kind },
                                    .path = join_path(a, home->prefix, tables_pod_variables[j]) };
            vec_push(a, list, fieldspec_normal(fs));
        }
    }
}

const struct fieldspecs *tconfig_list(struct arena *a, const struct tconfig *t, enum tconfig_list list)
{
    struct tconfig *memo = (struct tconfig *)(uintptr_t)t;
    struct fieldspecs *made = &memo->lists[list];
    if (!(t->unmade & (1u << list)))
        return made;
    memo->unmade &= ~(1u << list);
    for (size_t i = 0; i < tables_field_count; i++)
        if (tables_fields[i].lists & (1u << list))
            vec_push(a, made, fieldspec_normal(tables_fields[i].fs));
    if (list == TCONFIG_VAR_REFERENCE)
        expand_variables(a, made);
    fieldspec_sort(a, made);
    return made;
}

struct tconfig *tconfig_default(struct arena *a)
{
    struct tconfig *t = ARENA_NEW(a, struct tconfig);
    t->unmade = REFS_UNMADE | ((1u << TCONFIG_LISTS) - 1);
    t->normal = true;
    return t;
}

static const struct kschema fieldspec_rows[] = {
    { "path", KSCHEMA_STRING, false, NULL, NULL },    { "group", KSCHEMA_STRING, false, NULL, NULL },
    { "version", KSCHEMA_STRING, false, NULL, NULL }, { "kind", KSCHEMA_STRING, false, NULL, NULL },
    { "create", KSCHEMA_BOOL, false, NULL, NULL },    { NULL, KSCHEMA_END, false, NULL, NULL },
};

static const struct kschema nameref_rows[] = {
    { "kind", KSCHEMA_STRING, false, NULL, NULL },
    { "group", KSCHEMA_STRING, false, NULL, NULL },
    { "version", KSCHEMA_STRING, false, NULL, NULL },
    { "fieldSpecs", KSCHEMA_OBJECTS, false, fieldspec_rows, "FieldSpec" },
    { NULL, KSCHEMA_END, false, NULL, NULL },
};

static const struct kschema config_rows[] = {
    { "namePrefix", KSCHEMA_OBJECTS, false, fieldspec_rows, "FieldSpec" },
    { "nameSuffix", KSCHEMA_OBJECTS, false, fieldspec_rows, "FieldSpec" },
    { "namespace", KSCHEMA_OBJECTS, false, fieldspec_rows, "FieldSpec" },
    { "commonLabels", KSCHEMA_OBJECTS, false, fieldspec_rows, "FieldSpec" },
    { "labels", KSCHEMA_OBJECTS, false, fieldspec_rows, "FieldSpec" },
    { "templateLabels", KSCHEMA_OBJECTS, false, fieldspec_rows, "FieldSpec" },
    { "commonAnnotations", KSCHEMA_OBJECTS, false, fieldspec_rows, "FieldSpec" },
    { "nameReference", KSCHEMA_OBJECTS, false, nameref_rows, "NameBackReferences" },
    { "varReference", KSCHEMA_OBJECTS, false, fieldspec_rows, "FieldSpec" },
    { "images", KSCHEMA_OBJECTS, false, fieldspec_rows, "FieldSpec" },
    { "replicas", KSCHEMA_OBJECTS, false, fieldspec_rows, "FieldSpec" },
    { NULL, KSCHEMA_END, false, NULL, NULL },
};

int tconfig_parse(struct ctx *cx, struct doc *d, const char *file, struct tconfig **ret)
{
    struct tconfig *t = ARENA_NEW(cx->arena, struct tconfig);
    if (doc_kind(d) != DOC_NULL &&
        kschema_check(cx, d, config_rows, KSCHEMA_STRICT, "TransformerConfig", file) < 0)
        return err_wrap(cx, "error unmarshaling JSON: while decoding JSON");
    for (size_t i = 0; i < TCONFIG_LISTS; i++)
        t->lists[i] = fieldspec_list(cx->arena, doc_find(d, list_names[i].field));
    doc_each (row, doc_find(d, "nameReference")) {
        struct nameref ref = { .target = { .group = str_or(doc_text_at(row, "group"), ""),
                                           .version = str_or(doc_text_at(row, "version"), ""),
                                           .kind = str_or(doc_text_at(row, "kind"), "") },
                               .referrers = fieldspec_list(cx->arena, doc_find(row, "fieldSpecs")) };
        vec_push(cx->arena, &t->refs, ref);
    }
    *ret = t;
    return 0;
}
