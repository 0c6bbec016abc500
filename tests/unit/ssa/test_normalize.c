/* Corrections of manifests before they are applied, one row per rule. */
#include "libgotk/ssa/normalize.h"
#include "tests/unit/ssa/ssa_docs.h"

static const struct {
    const char *before;
    const char *after;
} rows[] = {
    { "{'apiVersion':'v1','kind':'Service','metadata':{'name':'a','creationTimestamp':null},'spec':{'ports':[{'port':1},{'port':2,'protocol':'UDP'}]},'status':{}}",
      "{'apiVersion':'v1','kind':'Service','metadata':{'name':'a'},'spec':{'ports':[{'port':1,'protocol':'TCP'},{'port':2,'protocol':'UDP'}]}}" },
    { "{'apiVersion':'apps/v1','kind':'Deployment','metadata':{'name':'a'},'spec':{'template':{'spec':{'containers':[{'ports':[{'containerPort':1}]}],'initContainers':[{'ports':[{'containerPort':2}]}]}}}}",
      "{'apiVersion':'apps/v1','kind':'Deployment','metadata':{'name':'a'},'spec':{'template':{'spec':{'containers':[{'ports':[{'containerPort':1,'protocol':'TCP'}]}],'initContainers':[{'ports':[{'containerPort':2}]}]}}}}" },
    { "{'apiVersion':'batch/v1','kind':'CronJob','metadata':{'name':'a'},'spec':{'jobTemplate':{'spec':{'template':{'spec':{'containers':[{'ports':[{'containerPort':1}]}]}}}}}}",
      "{'apiVersion':'batch/v1','kind':'CronJob','metadata':{'name':'a'},'spec':{'jobTemplate':{'spec':{'template':{'spec':{'containers':[{'ports':[{'containerPort':1,'protocol':'TCP'}]}]}}}}}}" },
    { "{'apiVersion':'v1','kind':'Secret','metadata':{'name':'a'},'data':{'k':'b2xk','l':'eA=='},'stringData':{'k':'new'}}",
      "{'apiVersion':'v1','kind':'Secret','metadata':{'name':'a'},'data':{'k':'bmV3','l':'eA=='}}" },
    { "{'apiVersion':'v1','kind':'Secret','metadata':{'name':'a'},'stringData':{'k':null}}",
      "{'apiVersion':'v1','kind':'Secret','metadata':{'name':'a'},'data':{'k':''}}" },
    { "{'apiVersion':'v1','kind':'ConfigMap','metadata':{'name':'a','managedFields':[]}}",
      "{'apiVersion':'v1','kind':'ConfigMap','metadata':{'name':'a'}}" },
    { "{'apiVersion':'v1','kind':'Secret','metadata':{'name':'a'},'stringData':{'k':1}}",
      "{'apiVersion':'v1','kind':'Secret','metadata':{'name':'a'},'stringData':{'k':1}}" },
    { "{'apiVersion':'rbac.authorization.k8s.io/v1','kind':'ClusterRole','metadata':{'name':'a','creationTimestamp':null},'status':{}}",
      "{'apiVersion':'rbac.authorization.k8s.io/v1','kind':'ClusterRole','metadata':{'name':'a','creationTimestamp':null},'status':{}}" },
    { "{'apiVersion':'apiextensions.k8s.io/v1','kind':'CustomResourceDefinition','metadata':{'name':'a'},'spec':{'conversion':{'webhook':{'clientConfig':{'caBundle':'Cg==','url':'u'}}}},'status':{'x':1}}",
      "{'apiVersion':'apiextensions.k8s.io/v1','kind':'CustomResourceDefinition','metadata':{'name':'a'},'spec':{'conversion':{'webhook':{'clientConfig':{'url':'u'}}}},'status':{'x':1}}" },
    { "{'apiVersion':'v1','kind':'Pod','metadata':{'name':'a'},'spec':{'containers':'nonsense'}}",
      "{'apiVersion':'v1','kind':'Pod','metadata':{'name':'a'},'spec':{'containers':'nonsense'}}" },
};

static void corrects_by_kind(void **state)
{
    struct ctx *cx = unit_cx(state);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct doc *object = json_of(cx, rows[i].before);
        assert_ok(cx, normalize_object(cx, object));
        if (!doc_equal(object, json_of(cx, rows[i].after)))
            fail_msg("row %zu: %s", i, json_text(cx->arena, object, JSON_COMPACT));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { UNIT_TEST(corrects_by_kind) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
