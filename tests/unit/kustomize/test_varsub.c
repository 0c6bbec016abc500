/* Substitution in one resource: types follow the text, names are checked, objects can opt out. */
#include "libgotk/base/str.h"
#include "libgotk/doc/json.h"
#include "libgotk/kustomize/varsub.h"
#include "tests/unit/lib/unit.h"

#include <string.h>

static struct doc *parse(struct ctx *cx, const char *json)
{
    struct doc *d = NULL;
    assert_ok(cx, json_parse(cx, json, strlen(json), "test", &d));
    return d;
}

static const char *substitute(struct ctx *cx, const char *json, const struct map *vars, bool strict)
{
    struct doc *d = NULL;
    if (varsub_resource(cx, parse(cx, json), vars, strict, &d) < 0)
        return NULL;
    return d ? json_text(cx->arena, d, JSON_SORTED) : "untouched";
}

static void values_decide_their_type(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct map vars = map_new(cx->arena);
    map_set(&vars, "n", (char[]){ "5" });
    map_set(&vars, "s", (char[]){ "a\nb" });
    map_set(&vars, "yes", (char[]){ "yes" });
    assert_string_equal(
        substitute(cx, "{\"a\":\"${n}\",\"b\":\"x${n}\",\"c\":\"${s}\",\"d\":\"${yes}\"}", &vars, true),
        "{\"a\":5,\"b\":\"x5\",\"c\":\"ab\",\"d\":true}");
    assert_string_equal(substitute(cx, "{\"a\":\"$${n} $n\",\"b\":null}", &vars, true),
                        "{\"a\":\"${n} $n\",\"b\":null}");
    assert_string_equal(substitute(cx, "{\"k${n}\":1}", &vars, true), "{\"k5\":1}");
}

static void objects_can_opt_out(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct map vars = map_new(cx->arena);
    assert_string_equal(
        substitute(
            cx,
            "{\"metadata\":{\"labels\":{\"kustomize.toolkit.fluxcd.io/substitute\":\"disabled\"}},\"a\":\"${x}\"}",
            &vars, true),
        "untouched");
    assert_string_equal(
        substitute(
            cx,
            "{\"metadata\":{\"annotations\":{\"kustomize.toolkit.fluxcd.io/substitute\":\"off\"}},\"a\":\"${x}\"}",
            &vars, false),
        "{\"a\":null,\"metadata\":{\"annotations\":{\"kustomize.toolkit.fluxcd.io/substitute\":\"off\"}}}");
}

static void failures_name_the_variable_and_no_value(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct map vars = map_new(cx->arena);
    map_set(&vars, "secret", (char[]){ "hunter2: [" });
    assert_null(substitute(cx, "{\"a\":\"${missing}\"}", &vars, true));
    assert_error(cx, ERR_INVALID,
                 "envsubst error: variable substitution failed: variable not set (strict mode): \"missing\"");
    assert_null(substitute(cx, "{\"a\":\"${secret}\"}", &vars, true));
    assert_null(strstr(err_message(cx), "hunter2"));
    assert_error(cx, ERR_INVALID, "envsubst error: YAMLToJSON: ");
    map_set(&vars, "a-b", (char[]){ "x" });
    assert_null(substitute(cx, "{\"a\":\"b\"}", &vars, true));
    assert_error(cx, ERR_INVALID, "envsubst error: 'a-b' var name is invalid, must match '^[_[:alpha:]]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(values_decide_their_type),
        UNIT_TEST(objects_can_opt_out),
        UNIT_TEST(failures_name_the_variable_and_no_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
