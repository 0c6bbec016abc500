/* Manifests and hooks of rendered files: splitting, heads, order. Texts of errors were recorded from Helm 4.2.4. */
#include "libgotk/helm/manifest.h"

#include "libgotk/base/buf.h"
#include "tests/unit/lib/unit.h"

#include <string.h>

static struct strv view(const char *s)
{
    return (struct strv){ s, strlen(s) };
}

static int sort_text(struct ctx *cx, const char *text, struct notes *log, struct manifests *ret)
{
    struct manifest_files files = { 0 };
    struct manifest_file file = { "c/templates/x.yaml", view(text) };
    vec_push(cx->arena, &files, file);
    return manifest_sort(cx, &files, log, ret);
}

/* The documents of a text, with a bar behind each. */
static const char *split(struct ctx *cx, const char *text)
{
    struct manifest_docs docs;
    struct buf out = buf_new(cx->arena, 1 << 20);
    manifest_split(cx->arena, view(text), &docs);
    for (size_t i = 0; i < docs.len; i++)
        buf_fmt(&out, "%.*s|", (int)docs.at[i].n, docs.at[i].p);
    return buf_text(&out);
}

static void splits(void **state)
{
    struct ctx *cx = unit_cx(state);
    assert_string_equal(split(cx, ""), "");
    assert_string_equal(split(cx, " \n\t\n"), "");
    assert_string_equal(split(cx, "a: 1"), "a: 1|");
    assert_string_equal(split(cx, "---\na: 1\n---\n\n---  \nb: 2\n"), "a: 1\n|b: 2\n|");
    assert_string_equal(split(cx, "a: 1\n---b: 2\n"), "a: 1\n|b: 2\n|");
    assert_string_equal(split(cx, "a: 1\n--- # note\nb: 2"), "a: 1\n|# note\nb: 2|");
    assert_string_equal(split(cx, "a: |\n  x\n ---\n--\n"), "a: |\n  x\n ---\n--\n|");
    assert_string_equal(split(cx, "a: 1\n------\nb: 2"), "a: 1\n|---\nb: 2|");
    assert_string_equal(split(cx, "\xC2\xA0\na: 1\r\n---\r\nb: 2\n"), "a: 1\r\n|b: 2\n|");
    assert_string_equal(split(cx, "a: 1\n---"), "a: 1\n|");
}

/* The kinds in order, as words. */
static const char *kinds(struct ctx *cx, const char *text)
{
    struct manifests m;
    struct buf out = buf_new(cx->arena, 1 << 20);
    assert_ok(cx, sort_text(cx, text, NULL, &m));
    for (size_t i = 0; i < m.plain.len; i++)
        buf_fmt(&out, "%s%s", i ? " " : "", m.plain.at[i].kind);
    return buf_text(&out);
}

static void sorts_by_kind(void **state)
{
    struct ctx *cx = unit_cx(state);
    assert_string_equal(
        kinds(
            cx,
            "kind: Zoo\n---\nkind: Ingress\n---\nkind: Bar\n---\nkind: Namespace\n---\nkind: PriorityClass"),
        "PriorityClass Namespace Ingress Bar Zoo");
    assert_string_equal(
        kinds(cx, "KIND: Role\nkind: Pod\nKind: Secret\n---\nkind: ConfigMap\n---\nkind: Deployment"),
        "ConfigMap Pod Deployment");
    assert_string_equal(
        kinds(cx, "kind: true\n---\nkind: 0x10\n---\nkind: 1e3\n---\nkind: null\n---\nkind: 0"),
        " 0 1000 16 true");
}

/* Documents of one kind stay in their order. */
static void keeps_order_of_equals(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct manifests m;
    struct buf text = buf_new(cx->arena, 1 << 20);
    for (int i = 0; i < 40; i++)
        buf_fmt(&text, "kind: Secret\nn: %d\n---\nkind: Pod\nn: %d\n---\n", i, i);
    assert_ok(cx, sort_text(cx, buf_text(&text), NULL, &m));
    assert_int_equal(m.plain.len, 80);
    for (size_t i = 0; i < 40; i++)
        assert_string_equal(str_ndup(cx->arena, m.plain.at[i].text.p, m.plain.at[i].text.n),
                            str_fmt(cx->arena, "kind: Secret\nn: %zu\n", i));
}

static void reads_hooks(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct manifests m;
    assert_ok(
        cx,
        sort_text(
            cx,
            "kind: Job\nmetadata:\n  name: 1.10\n  annotations:\n    helm.sh/hook: 'Pre-Install, test-success'\n"
            "    helm.sh/hook-weight: -5\n    helm.sh/hook-delete-policy: Hook-Succeeded ,x\n",
            NULL, &m));
    assert_int_equal(m.plain.len, 0);
    assert_int_equal(m.hooks.len, 1);
    const struct manifest_hook *hook = &m.hooks.at[0];
    assert_string_equal(hook->name, "1.1");
    assert_int_equal(hook->weight, -5);
    assert_true(manifest_hook_has(hook, "pre-install") && manifest_hook_has(hook, "test"));
    assert_false(manifest_hook_has(hook, "test-success"));
    assert_int_equal(hook->delete_policies.len, 2);
    assert_string_equal(hook->delete_policies.at[0], "hook-succeeded");
    assert_int_equal(hook->output_log_policies.len, 0);
}

static void drops_unknown_hooks(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct manifests m;
    struct notes log = { 0 };
    assert_ok(cx, sort_text(cx, "metadata: {annotations: {helm.sh/hook: 'test,sometime'}}", &log, &m));
    assert_int_equal(m.plain.len + m.hooks.len, 0);
    assert_int_equal(log.len, 1);
    assert_string_equal(log.at[0].text, "msg=\"skipping unknown hooks\" hookTypes=test,sometime");
}

static const char *failure(struct ctx *cx, const char *text)
{
    struct manifests m;
    err_clear(cx);
    assert_int_equal(sort_text(cx, text, NULL, &m), ERR_INVALID);
    return err_message(cx) + strlen("YAML parse error on c/templates/x.yaml: ");
}

#define JSON "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal "
#define YAML "error converting YAML to JSON: yaml: "

static void tells_what_is_wrong(void **state)
{
    static const char *const rows[][2] = {
        { "[1]", JSON "array into Go value of type util.SimpleHead" },
        { "3", JSON "number into Go value of type util.SimpleHead" },
        { "kind: {a: 1}\napiVersion: [1]",
          JSON "array into Go struct field SimpleHead.apiVersion of type string" },
        { "metadata: x", JSON
          "string into Go struct field SimpleHead.metadata of type struct { Name string \"json:\\\"name\\\"\"; Annotations "
          "map[string]string \"json:\\\"annotations\\\"\" }" },
        { "metadata: {name: [1]}", JSON "array into Go struct field .metadata.name of type string" },
        { "metadata: {annotations: [1]}",
          JSON "array into Go struct field .metadata.annotations of type map[string]string" },
        { "metadata: {annotations: {b: [1], a: {}}}",
          JSON "object into Go struct field .metadata.annotations of type string" },
        { "a:\n- b: c\n  {}\n", YAML "line 2: did not find expected key" },
        { "a:\n  b:\n  []\n", YAML "line 4: could not find expected ':'" },
        { "a: 1\n{b: 1}\n", YAML "line 3: could not find expected ':'" },
        { "a: !!int x", YAML "cannot decode !!str `x` as a !!int" },
        { "<<: 1", YAML "map merge requires map or sequence of maps as the value" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_string_equal(failure(unit_cx(state), rows[i][0]), rows[i][1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(splits),      UNIT_TEST(sorts_by_kind),       UNIT_TEST(keeps_order_of_equals),
        UNIT_TEST(reads_hooks), UNIT_TEST(drops_unknown_hooks), UNIT_TEST(tells_what_is_wrong),
    };
    return cmocka_run_group_tests_name("manifest", tests, NULL, NULL);
}
