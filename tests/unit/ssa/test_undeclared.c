/* Undeclared fields: whose refusal is answered, and what a path of strict decoding removes. */
#include "libgotk/ssa/undeclared.h"
#include "tests/unit/ssa/ssa_docs.h"

static const char object_text[] =
    "{'metadata':{'labels':{'a.b':'c'}},'spec':{'ports':[{'port':1,'x':2},{'x':3}],'a.b':1,"
    "'a':{'b':2,'c.d[0]':3},'grid':[[{'x':1,'y':2}]]}}";

static const struct {
    const char *path;
    bool found;
    const char *gone; /* what is left of the object's print without it */
} rows[] = {
    { "metadata", true,
      "{'spec':{'ports':[{'port':1,'x':2},{'x':3}],'a.b':1,'a':{'b':2,'c.d[0]':3},'grid':[[{'x':1,'y':2}]]}}" },
    { "metadata.labels.a.b", true,
      "{'metadata':{'labels':{}},'spec':{'ports':[{'port':1,'x':2},{'x':3}],'a.b':1,'a':{'b':2,'c.d[0]':3},'grid':[[{'x':1,'y':2}]]}}" },
    { "spec.ports[1].x", true,
      "{'metadata':{'labels':{'a.b':'c'}},'spec':{'ports':[{'port':1,'x':2},{}],'a.b':1,'a':{'b':2,'c.d[0]':3},'grid':[[{'x':1,'y':2}]]}}" },
    { "spec.grid[0][0].y", true,
      "{'metadata':{'labels':{'a.b':'c'}},'spec':{'ports':[{'port':1,'x':2},{'x':3}],'a.b':1,'a':{'b':2,'c.d[0]':3},'grid':[[{'x':1}]]}}" },
    { "spec.a.c.d[0]", true,
      "{'metadata':{'labels':{'a.b':'c'}},'spec':{'ports':[{'port':1,'x':2},{'x':3}],'a.b':1,'a':{'b':2},'grid':[[{'x':1,'y':2}]]}}" },
    { "spec.ports[2].x", false, object_text },
    { "spec.ports[1]", false, object_text },
    { "spec.ports.x", false, object_text },
    { "spec.ports[", false, object_text },
    { "spec.port", false, object_text },
    { "", false, object_text },
};

static void removes_by_path(void **state)
{
    struct ctx *cx = unit_cx(state);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct doc *object = json_of(cx, object_text);
        assert_int_equal(undeclared_remove(object, rows[i].path), rows[i].found);
        if (!doc_equal(object, json_of(cx, rows[i].gone)))
            fail_msg("%s: %s", rows[i].path, json_text(cx->arena, object, JSON_COMPACT));
    }
}

static const struct {
    const char *api_version, *kind;
    const char *message;
    bool refused;
} calls[] = {
    { "v1", "ConfigMap", ".spec: field not declared in schema", true },
    { "apps/v1", "Deployment", "errors:\n  .a: field not declared in schema", true },
    { "rbac.authorization.k8s.io/v1", "RoleBinding", ".a: field not declared in schema", true },
    { "rbac.authorization.k8s.io/v1", "Role", ".a: field not declared in schema", false },
    { "rbac.authorization.k8s.io/v1", "ClusterRole", ".a: field not declared in schema", false },
    { "apps.example.com/v1", "Deployment", ".a: field not declared in schema", false },
    { "gateway.networking.k8s.io/v1", "Gateway", ".a: field not declared in schema", false },
    { "apiextensions.k8s.io/v1", "CustomResourceDefinition", ".a: field not declared in schema", false },
    { "apps/v1", "Deployment", "field is immutable", false },
};

static void answers_for_kinds_upstream_has_types_for(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
        const struct kube_call call = {
            .ref = { .api_version = calls[i].api_version, .kind = calls[i].kind },
            .code = ERR_INVALID,
            .err = { .code = ERR_INVALID, .message = calls[i].message },
        };
        if (undeclared_refused(&call) != calls[i].refused)
            fail_msg("%s %s: %s", calls[i].api_version, calls[i].kind, calls[i].message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(removes_by_path),
        UNIT_TEST(answers_for_kinds_upstream_has_types_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
