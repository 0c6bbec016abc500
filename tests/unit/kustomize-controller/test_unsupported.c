/* Spec fields that are not carried out yet are refused by name, all others are not. */
#include "kustomize-controller/unsupported.h"
#include "libgotk/base/str.h"
#include "libgotk/doc/json.h"
#include "tests/unit/lib/unit.h"

#include <string.h>

static void decode(struct ctx *cx, const char *spec, struct kustomization *ret)
{
    const char *text = str_fmt(cx->arena,
                               "{\"metadata\":{\"name\":\"a\"},\"spec\":{\"interval\":\"1m\",\"prune\":true,"
                               "\"sourceRef\":{\"kind\":\"GitRepository\",\"name\":\"a\"}%s%s}}",
                               *spec ? "," : "", spec);
    struct doc *d;
    assert_ok(cx, json_parse(cx, text, strlen(text), "test", &d));
    assert_ok(cx, decode_struct(cx, d, kustomization_fields, "", ret));
}

static const struct {
    const char *spec;
    const char *field; /* NULL: carried out */
} rows[] = {
    { "", NULL },
    { "\"wait\":false,\"healthChecks\":[],\"healthCheckExprs\":[],\"dependsOn\":[],\"ignore\":[],"
      "\"serviceAccountName\":\"\"",
      NULL },
    { "\"force\":true,\"suspend\":true,\"timeout\":\"1m\",\"postBuild\":{\"substitute\":{\"a\":\"b\"}}",
      NULL },
    { "\"wait\":true,\"healthChecks\":[{\"kind\":\"Deployment\",\"name\":\"a\"}]", NULL },
    { "\"healthCheckExprs\":[{\"apiVersion\":\"v1\",\"kind\":\"A\",\"current\":\"true\"}]",
      "spec.healthCheckExprs " },
    { "\"dependsOn\":[{\"name\":\"b\",\"readyExpr\":\"\"}]", NULL },
    { "\"dependsOn\":[{\"name\":\"b\"},{\"name\":\"c\",\"readyExpr\":\"true\"}]",
      "spec.dependsOn.readyExpr " },
    { "\"decryption\":{\"provider\":\"sops\"}", "spec.decryption " },
    { "\"serviceAccountName\":\"a\",\"kubeConfig\":{\"secretRef\":{\"name\":\"a\"}}", NULL },
    { "\"ignore\":[{\"paths\":[\"/spec/replicas\"]}]", NULL },
    { "\"decryption\":{\"provider\":\"sops\"},\"dependsOn\":[{\"name\":\"b\",\"readyExpr\":\"true\"}]",
      "spec.dependsOn.readyExpr " },
};

static void names_the_first_field(void **state)
{
    struct ctx *cx = unit_cx(state);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kustomization ks;
        decode(cx, rows[i].spec, &ks);
        int rc = unsupported_check(cx, &ks);
        if (rows[i].field)
            assert_error(cx, ERR_UNSUPPORTED, rows[i].field);
        else
            assert_ok(cx, rc);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { UNIT_TEST(names_the_first_field) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
