/* The tables of kustomize's unit tests whose rows ask one part of the engine. */
#include "libgotk/base/str.h"
#include "libgotk/doc/json.h"
#include "libgotk/doc/yml.h"
#include "libgotk/kustomize/fieldpath.h"
#include "libgotk/kustomize/fieldspec.h"
#include "libgotk/kustomize/generators.h"
#include "libgotk/kustomize/kload.h"
#include "libgotk/kustomize/reprint.h"
#include "libgotk/kustomize/selector.h"
#include "libgotk/kustomize/smp.h"
#include "libgotk/kustomize/transform.h"
#include "tests/unit/lib/rows.h"

#include <string.h>

#define OUTPUT_MAX ((size_t)16 << 20)

static struct doc *read_section(struct ctx *cx, const struct rows_row *row, const char *section)
{
    struct doc *d = NULL;
    const char *text = rows_text(row, section);
    assert_non_null(text);
    assert_ok(cx, yml_parse_as(cx, text, strlen(text), section, YML_CORE | YML_SOURCE, &d));
    return d;
}

static const char *printed(struct ctx *cx, const struct doc *d)
{
    struct buf out = buf_new(cx->arena, OUTPUT_MAX);
    if (d)
        yml_print(&out, d);
    return buf_text(&out);
}

static bool merges(struct ctx *cx, const struct rows_row *row)
{
    struct doc *patch = NULL;
    struct doc *result = NULL;
    const char *text = rows_text(row, "patch");
    int rc = yml_parse_as(cx, text, strlen(text), "patch", YML_CORE | YML_SOURCE | YML_BARE_KEYS, &patch);
    if (rc >= 0)
        rc = smp_apply(cx, NULL, read_section(cx, row, "object"), patch, &result);
    if (rc >= 0 && result)
        rc = reprint_json(cx, result);
    return rows_agree(cx, row, rc, rc < 0 ? NULL : printed(cx, result));
}

static int set_e(struct ctx *cx, void *user UNUSED, struct doc *parent, struct doc *node)
{
    return transform_set_text(cx, parent, node, "e");
}

static bool walks(struct ctx *cx, const struct rows_row *row)
{
    struct doc *d = read_section(cx, row, "object");
    struct doc *specs = doc_array(cx->arena);
    const char *leaf = rows_word(cx, row, "leaf");
    doc_append(specs, read_section(cx, row, "spec"));
    struct fieldspecs list = fieldspec_list(cx->arena, specs);
    enum fieldspec_leaf kind = !strcmp(leaf, "scalar") ? FIELDSPEC_SCALAR
                               : !strcmp(leaf, "map")  ? FIELDSPEC_MAP
                                                       : FIELDSPEC_NO_CREATE;
    int rc = fieldspec_apply_all(cx, &list, d, kind, set_e, NULL);
    return rows_agree(cx, row, rc, printed(cx, d));
}

static bool hashes(struct ctx *cx, const struct rows_row *row)
{
    struct doc *d = read_section(cx, row, "object");
    const char *hash = "";
    int rc = generators_hash(cx, d, &hash);
    return rows_agree(cx, row, rc, str_fmt(cx->arena, "%s\n", hash));
}

static int create_of(const char *word)
{
    static const struct {
        const char *word;
        int kind;
    } known[] = { { "scalar", DOC_STRING }, { "map", DOC_OBJECT }, { "list", DOC_ARRAY } };
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (!strcmp(known[i].word, word))
            return known[i].kind;
    return -1;
}

static const char **read_parts(struct ctx *cx, const char *json)
{
    struct doc *list = NULL;
    VEC(const char *) parts = { 0 };
    assert_ok(cx, json_parse(cx, json, strlen(json), "path", &list));
    doc_each (part, list)
        vec_push(cx->arena, &parts, doc_text(part));
    vec_push(cx->arena, &parts, NULL);
    return parts.at;
}

static bool matches(struct ctx *cx, const struct rows_row *row)
{
    struct fieldpath_hits hits = { 0 };
    struct doc *d = read_section(cx, row, "object");
    struct buf out = buf_new(cx->arena, OUTPUT_MAX);
    int rc = fieldpath_match(cx, d, read_parts(cx, rows_word(cx, row, "path")),
                             create_of(rows_word(cx, row, "create")), &hits);
    buf_str(&out, hits.len ? "[" : "null");
    for (size_t i = 0; i < hits.len; i++) {
        buf_str(&out, i ? "," : "");
        json_print(&out, hits.at[i].node, JSON_GO);
    }
    buf_fmt(&out, "%s\n%s", hits.len ? "]" : "", printed(cx, d));
    return rows_agree(cx, row, rc, buf_text(&out));
}

/* The i-th part of "a,b,c". */
static const char *part_of(struct ctx *cx, const char *cell, size_t i)
{
    size_t n = 0;
    char **parts = str_split(cx->arena, cell, ',', &n);
    assert_true(i < n);
    return parts[i];
}

static struct doc *selector_doc(struct ctx *cx, const char *cell)
{
    static const char *const fields[] = { "group", "version", "kind", "name", "namespace" };
    struct doc *d = doc_object(cx->arena);
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        doc_set_text(cx->arena, d, fields[i], part_of(cx, cell, i));
    return d;
}

static bool selects(struct ctx *cx, const struct rows_lines *all, size_t i)
{
    char **cells = all->at[i].cells;
    struct selector *s = NULL;
    struct gvk g = { part_of(cx, cells[1], 0), part_of(cx, cells[1], 1), part_of(cx, cells[1], 2) };
    struct resid id = resid_new(g, part_of(cx, cells[1], 3), part_of(cx, cells[1], 4));
    assert_ok(cx, selector_new(cx, selector_doc(cx, cells[0]), &s));
    bool want = !strcmp(cells[2], "true") && !strcmp(cells[3], "true") && !strcmp(cells[4], "true");
    return rows_same(&all->at[i], want ? "fits" : "no", selector_matches_id(s, &id) ? "fits" : "no");
}

static struct resid id_of(struct ctx *cx, const char *cell)
{
    struct gvk g = gvk_parse(cx->arena, part_of(cx, cell, 1), part_of(cx, cell, 0));
    return resid_new(g, part_of(cx, cell, 2), part_of(cx, cell, 3));
}

static bool identifies(struct ctx *cx, const struct rows_lines *all, size_t i)
{
    const struct rows_line *line = &all->at[i];
    struct resid id = id_of(cx, line->cells[0]);
    struct buf equal = buf_new(cx->arena, OUTPUT_MAX);
    for (size_t j = 0; j < all->len; j++) {
        struct resid other = id_of(cx, all->at[j].cells[0]);
        if (resid_equal(&id, &other))
            buf_fmt(&equal, "%s%zu", equal.len ? " " : "", j);
    }
    return rows_same(line, line->cells[1], resid_text(cx->arena, &id)) &&
           rows_same(line, line->cells[2], resid_namespace(&id)) &&
           rows_same(line, line->cells[3], id.cluster ? "true" : "false") &&
           rows_same(line, line->cells[4], buf_text(&equal));
}

static bool splits(struct ctx *cx, const struct rows_lines *all, size_t i)
{
    const struct rows_line *line = &all->at[i];
    size_t n = 0;
    const char **parts = line->cells[0][0] == '/' ? fieldspec_split(cx->arena, line->cells[1], '/', &n)
                                                  : fieldpath_split(cx->arena, line->cells[1]);
    struct doc *list = doc_array(cx->arena);
    for (; *parts; parts++)
        doc_append_text(cx->arena, list, *parts);
    return rows_same(line, line->cells[2], json_text(cx->arena, list, JSON_GO));
}

static void strategic_merges(void **state UNUSED)
{
    rows_check("kustomize/smp.rows", 142, merges);
}

static struct doc *pod_with_variables(struct ctx *cx, int first, int count)
{
    struct doc *pod = NULL, *env = doc_array(cx->arena);
    const char *text = "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: c}]}}";
    assert_ok(cx, yml_parse(cx, text, strlen(text), "pod", &pod));
    for (int i = first; i < first + count; i++) {
        struct doc *variable = doc_object(cx->arena);
        doc_set_text(cx->arena, variable, "name", str_fmt(cx->arena, "V%d", i));
        doc_append(env, variable);
    }
    doc_set(cx->arena, doc_first(doc_path(pod, "spec", "containers")), "env", env);
    return pod;
}

/* Three times the maximum of an arena ends the process, in the one of the merge too. */
static void long_lists_take_memory_for_their_elements_only(void **state UNUSED)
{
    CLEANUP(arena_cleanup) struct arena *arena = arena_new((size_t)4 << 20);
    struct ctx cx = { .arena = arena };
    struct doc *result = NULL;
    struct doc *pod = pod_with_variables(&cx, 0, 2000), *patch = pod_with_variables(&cx, 1000, 2000);
    size_t before = arena_used(arena);
    assert_ok(&cx, smp_apply(&cx, NULL, pod, patch, &result));
    assert_int_equal(doc_len(doc_path(doc_first(doc_path(result, "spec", "containers")), "env")), 3000);
    assert_true(arena_used(arena) - before < ((size_t)4 << 20));
}

/* Those of the references that `g` may hold, in their order. */
static const char *references_from(struct ctx *cx, struct namerefs refs, struct gvk g)
{
    struct buf out = buf_new(cx->arena, OUTPUT_MAX);
    for (size_t i = 0; i < refs.len; i++)
        for (size_t j = 0; j < refs.at[i].referrers.len; j++)
            if (gvk_selected(g, refs.at[i].referrers.at[j].gvk))
                buf_fmt(&out, "%s: %s\n", gvk_text(cx->arena, refs.at[i].target),
                        refs.at[i].referrers.at[j].path);
    return buf_text(&out);
}

static void references_made_for_one_kind_are_those_of_all(void **state)
{
    static const struct gvk kinds[] = {
        { "", "v1", "Pod" },
        { "", "v2", "Pod" },
        { "apps", "v1", "Deployment" },
        { "apps", "v1", "StatefulSet" },
        { "x.io", "v1", "StatefulSet" },
        { "batch", "v1", "CronJob" },
        { "networking.k8s.io", "v1", "Ingress" },
        { "rbac.authorization.k8s.io", "v1", "RoleBinding" },
        { "autoscaling", "v2", "HorizontalPodAutoscaler" },
    };
    struct ctx *cx = unit_cx(state);
    const struct tconfig *all = NULL;
    struct tconfig *nothing = NULL;
    assert_ok(cx, tconfig_parse(cx, doc_null(cx->arena), "nothing", &nothing));
    assert_ok(cx, tconfig_merge(cx, tconfig_default(cx->arena), nothing, &all));
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        struct namerefs own = tconfig_refs_from(cx->arena, tconfig_default(cx->arena), kinds[i]);
        const char *text = references_from(cx, own, kinds[i]);
        assert_int_not_equal(strlen(text), 0);
        assert_string_equal(text, references_from(cx, tconfig_refs_from(cx->arena, all, kinds[i]), kinds[i]));
        assert_true(own.len < all->refs.len);
    }
}

static void field_specs(void **state UNUSED)
{
    rows_check("kustomize/fieldspec.rows", 25, walks);
}

static void hashes_of_contents(void **state UNUSED)
{
    rows_check("kustomize/hasher.rows", 34, hashes);
}

static void paths_of_replacements(void **state UNUSED)
{
    rows_check("kustomize/match.rows", 124, matches);
}

static void selectors(void **state UNUSED)
{
    rows_check_lines("kustomize/selectors.tsv", 161, selects);
}

static void identities(void **state UNUSED)
{
    rows_check_lines("kustomize/resid.tsv", 60, identifies);
}

static void splits_of_paths(void **state UNUSED)
{
    rows_check_lines("kustomize/split.tsv", 226, splits);
}

static void paths_are_joined(void **state)
{
    static const char *const rows[][3] = {
        { ".", ".", "." },
        { "a/b", "../c", "a/c" },
        { "a", "../../c", "../c" },
        { ".", "../../c", "../../c" },
        { "..", "../a/..", "../.." },
        { "a", "/b//c/", "b/c" },
        { "a//b/.", "./c/.", "a/b/c" },
        { "a", "..", "." },
        { "a", "...", "a/..." },
        { "a..", "..", "." },
        { "a/b..", "../c", "a/c" },
        { "a", "", "a" },
        { "", "b/../../c", "../c" },
        { ".a", "..b/.c", ".a/..b/.c" },
        { "a", "/", "." },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_string_equal(kload_join(unit_cx(state)->arena, rows[i][0], rows[i][1]), rows[i][2]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strategic_merges),
        cmocka_unit_test(long_lists_take_memory_for_their_elements_only),
        UNIT_TEST(references_made_for_one_kind_are_those_of_all),
        cmocka_unit_test(field_specs),
        cmocka_unit_test(hashes_of_contents),
        cmocka_unit_test(paths_of_replacements),
        cmocka_unit_test(selectors),
        cmocka_unit_test(identities),
        cmocka_unit_test(splits_of_paths),
        UNIT_TEST(paths_are_joined),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
