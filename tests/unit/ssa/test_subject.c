/* Names in messages, order of kinds, stages. */
#include "libgotk/ssa/subject.h"
#include "tests/unit/ssa/ssa_docs.h"

static void names_objects_as_flux_does(void **state)
{
    struct ctx *cx = unit_cx(state);
    assert_string_equal(
        subject_name(cx->arena, json_of(cx, "{'kind':'ConfigMap','metadata':{'name':'a','namespace':'n'}}")),
        "ConfigMap/n/a");
    assert_string_equal(
        subject_name(cx->arena, json_of(cx, "{'kind':'Namespace','metadata':{'name':'a','namespace':''}}")),
        "Namespace/a");
}

static void sorts_by_rank_then_group_kind_namespace_name(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct doc *all = json_of(
        cx,
        "[{'apiVersion':'admissionregistration.k8s.io/v1','kind':'ValidatingWebhookConfiguration','metadata':{'name':'w'}},"
        "{'apiVersion':'v1','kind':'Pod','metadata':{'name':'p','namespace':'n'}},"
        "{'apiVersion':'example.com/v1','kind':'Pod','metadata':{'name':'p','namespace':'n'}},"
        "{'apiVersion':'v1','kind':'ConfigMap','metadata':{'name':'b','namespace':'n'}},"
        "{'apiVersion':'v1','kind':'ConfigMap','metadata':{'name':'a','namespace':'n'}},"
        "{'apiVersion':'v1','kind':'ConfigMap','metadata':{'name':'z','namespace':'m'}},"
        "{'apiVersion':'v1','kind':'Namespace','metadata':{'name':'n'}},"
        "{'apiVersion':'apiextensions.k8s.io/v1','kind':'CustomResourceDefinition','metadata':{'name':'c'}}]");
    static const char *const wanted[] = {
        "CustomResourceDefinition/c",
        "Namespace/n",
        "ConfigMap/m/z",
        "ConfigMap/n/a",
        "ConfigMap/n/b",
        "Pod/n/p",
        "Pod/n/p",
        "ValidatingWebhookConfiguration/w",
    };
    struct doc *list[8];
    for (size_t i = 0; i < 8; i++)
        list[i] = doc_at(all, i);
    subject_sort(cx->arena, list, 8);
    for (size_t i = 0; i < 8; i++)
        assert_string_equal(subject_name(cx->arena, list[i]), wanted[i]);
    assert_string_equal(doc_text_at(list[5], "apiVersion"), "v1");
}

static void knows_the_stage_of_each_kind(void **state)
{
    struct ctx *cx = unit_cx(state);
    static const char *const custom[] = { "example.com/Tenant", "Pod" };
    static const struct {
        const char *object;
        enum ssa_stage stage;
    } rows[] = {
        { "{'apiVersion':'v1','kind':'Namespace'}", SSA_STAGE_DEFINITIONS },
        { "{'apiVersion':'example.com/v1','kind':'Namespace'}", SSA_STAGE_REST },
        { "{'apiVersion':'apiextensions.k8s.io/v1','kind':'CustomResourceDefinition'}",
          SSA_STAGE_DEFINITIONS },
        { "{'apiVersion':'rbac.authorization.k8s.io/v1','kind':'ClusterRole'}", SSA_STAGE_DEFINITIONS },
        { "{'apiVersion':'storage.k8s.io/v1','kind':'StorageClass'}", SSA_STAGE_CLASSES },
        { "{'apiVersion':'example.com/v1','kind':'Firstclass'}", SSA_STAGE_REST },
        { "{'apiVersion':'example.com/v2','kind':'Tenant'}", SSA_STAGE_CUSTOM },
        { "{'apiVersion':'v1','kind':'Pod'}", SSA_STAGE_CUSTOM },
        { "{'apiVersion':'v1','kind':'Secret'}", SSA_STAGE_REST },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_int_equal(subject_stage(cx->arena, json_of(cx, rows[i].object), custom, 2), rows[i].stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(names_objects_as_flux_does),
        UNIT_TEST(sorts_by_rank_then_group_kind_namespace_name),
        UNIT_TEST(knows_the_stage_of_each_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
