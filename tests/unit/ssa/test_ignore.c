/* Rules for ignored drift: which objects, which fields, and what is applied all the same. */
#include "libgotk/ssa/ignore.h"

#include "libgotk/base/str.h"
#include "tests/unit/ssa/ssa_docs.h"

static struct ignore_rules *rules_of(struct ctx *cx, const char *text)
{
    struct ignore_rules *rules = NULL;
    assert_ok(cx, ignore_compile(cx, json_of(cx, text), &rules));
    return rules;
}

#define WEB                                                                                                  \
    "'apiVersion':'apps/v1','kind':'Deployment','metadata':{'name':'web','namespace':'shop',"                \
    "'resourceVersion':'7','labels':{'app':'web'},'annotations':{'scale':'auto'}}"

static const struct {
    const char *target;
    bool selected;
} targets[] = {
    { "{}", true },
    { "{'kind':'Deployment'}", true },
    { "{'kind':'Deploy'}", false },
    { "{'kind':'Deploy.*'}", true },
    { "{'kind':'Service|Deployment'}", true },
    { "{'group':'apps','version':'v1','name':'w.b','namespace':'shop'}", true },
    { "{'group':'app'}", false },
    { "{'version':'v2'}", false },
    { "{'name':'we'}", false },
    { "{'namespace':'other'}", false },
    { "{'labelSelector':'app=web'}", true },
    { "{'labelSelector':'app in (web, api),!legacy'}", true },
    { "{'labelSelector':'app=api'}", false },
    { "{'annotationSelector':'scale'}", true },
    { "{'annotationSelector':'!scale'}", false },
};

static void rules_select_objects(void **state)
{
    struct ctx *cx = unit_cx(state);
    for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
        const char *list =
            str_fmt(cx->arena, "[{'paths':['/spec/replicas'],'target':%s}]", targets[i].target);
        struct doc *dry_run = json_of(cx, "{" WEB ",'spec':{'replicas':1}}");
        ignore_strip(cx->arena, rules_of(cx, list), dry_run, dry_run);
        if (!doc_path(dry_run, "spec", "replicas") != targets[i].selected)
            fail_msg("target %s", targets[i].target);
    }
}

static void labels_may_come_later(void **state)
{
    struct ctx *cx = unit_cx(state);
    const struct doc *web = json_of(cx, "{" WEB "}");
    assert_true(ignore_may_select(rules_of(cx, "[{'paths':[],'target':{'labelSelector':'x=y'}}]"), web));
    assert_false(ignore_may_select(rules_of(cx, "[{'paths':[],'target':{'kind':'Service'}}]"), web));
    assert_false(ignore_may_select(rules_of(cx, "[]"), web));
}

static const struct {
    const char *target;
    const char *error;
} broken[] = {
    { "{'name':'('}", "failed to create ignore rule selector: invalid name regex: error parsing regexp" },
    { "{'group':'(?=x)'}",
      "failed to create ignore rule selector: invalid group regex: error parsing regexp" },
    { "{'labelSelector':'a in b'}", "failed to create ignore rule selector: invalid label selector: " },
    { "{'annotationSelector':'=x'}", "failed to create ignore rule selector: invalid annotation selector: " },
};

static void a_broken_selector_is_an_error(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct ignore_rules *rules;
    for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
        const char *list = str_fmt(cx->arena, "[{'paths':[],'target':%s}]", broken[i].target);
        assert_int_equal(ignore_compile(cx, json_of(cx, list), &rules), ERR_INVALID);
        assert_error(cx, ERR_INVALID, broken[i].error);
    }
}

static const struct {
    const char *paths;
    const char *live; /* of spec */
    const char *dry_run;
    bool drift;
} drifts[] = {
    { "'/spec/replicas'", "{'replicas':5,'paused':true}", "{'replicas':1,'paused':true}", false },
    { "'/spec/replicas'", "{'replicas':5,'paused':true}", "{'replicas':1,'paused':false}", true },
    { "'/spec/replicas'", "{'paused':true}", "{'replicas':1,'paused':true}", false },
    { "'/spec/nothing/here','/spec/replicas'", "{'replicas':5}", "{'replicas':1}", false },
    { "'/spec/list/0/image'", "{'list':[{'image':'b'}]}", "{'list':[{'image':'a'}]}", false },
    { "'/spec/list/3/image'", "{'list':[{'image':'b'}]}", "{'list':[{'image':'a'}]}", true },
    { "'/spec/a~1b~0c'", "{'a/b~c':1}", "{'a/b~c':2}", false },
    { "''", "{'replicas':5}", "{'replicas':1}", true },
};

static void ignored_fields_are_no_drift(void **state)
{
    struct ctx *cx = unit_cx(state);
    for (size_t i = 0; i < ARRAY_LEN(drifts); i++) {
        struct ignore_rules *rules = rules_of(cx, str_fmt(cx->arena, "[{'paths':[%s]}]", drifts[i].paths));
        struct doc *live = json_of(cx, str_fmt(cx->arena, "{" WEB ",'spec':%s}", drifts[i].live));
        struct doc *dry_run = json_of(cx, str_fmt(cx->arena, "{" WEB ",'spec':%s}", drifts[i].dry_run));
        if (ignore_drift_found(cx->arena, rules, live, dry_run) != drifts[i].drift)
            fail_msg("row %zu", i);
        assert_true(doc_equal(doc_find(live, "spec"), json_of(cx, drifts[i].live)));
    }
    assert_true(ignore_drift_found(cx->arena, rules_of(cx, "[{'paths':['/spec']}]"), NULL,
                                   json_of(cx, "{" WEB ",'spec':{}}")));
}

#define OWNED_BY(manager, operation, fields)                                                                 \
    "'managedFields':[{'manager':'kustomize-controller','operation':'Apply','fieldsV1':" fields "},"         \
    "{'manager':'" manager "','operation':'" operation "','fieldsV1':" fields "}]"

#define REPLICAS  "{'f:spec':{'f:replicas':{}}}"
#define CONTAINER "{'f:spec':{'f:list':{'k:{\\'name\\':\\'b\\'}':{'f:image':{}}}}}"

static const struct {
    const char *paths;
    const char *managed;
    const char *live; /* of spec */
    const char *dry_run;
    const char *payload;
    const char *corrected;
} payloads[] = {
    /* another manager has applied it: it is no longer ours to send */
    { "'/spec/replicas'", OWNED_BY("vpa", "Apply", REPLICAS), "{'replicas':5}", "{'replicas':1}",
      "{'replicas':1,'x':1}", "{'x':1}" },
    /* a plain update owns nothing against us: what is there is sent */
    { "'/spec/replicas'", OWNED_BY("hpa", "Update", REPLICAS), "{'replicas':5}", "{'replicas':1}",
      "{'replicas':1,'x':1}", "{'replicas':5,'x':1}" },
    { "'/spec/replicas'", "'managedFields':[]", "{'replicas':5}", "{'replicas':1}", "{'replicas':1}",
      "{'replicas':5}" },
    /* no difference: sent as wanted */
    { "'/spec/replicas'", OWNED_BY("vpa", "Apply", REPLICAS), "{'replicas':1}", "{'replicas':1}",
      "{'replicas':1}", "{'replicas':1}" },
    /* removed in the cluster: null; removed from the manifest: what is there stays */
    { "'/spec/replicas'", "'managedFields':[]", "{}", "{'replicas':1}", "{'replicas':1}",
      "{'replicas':null}" },
    { "'/spec/replicas'", "'managedFields':[]", "{'replicas':5}", "{}", "{}", "{'replicas':5}" },
    { "'/spec/a/b'", "'managedFields':[]", "{'a':{'b':5}}", "{}", "{}", "{}" },
    /* list items are known by their keys */
    { "'/spec/list/1/image'", OWNED_BY("ci", "Apply", CONTAINER),
      "{'list':[{'name':'a'},{'name':'b','image':'2'}]}", "{'list':[{'name':'a'},{'name':'b','image':'1'}]}",
      "{'list':[{'name':'a'},{'name':'b','image':'1'}]}", "{'list':[{'name':'a'},{'name':'b'}]}" },
    { "'/spec/list/1/image'", OWNED_BY("ci", "Apply", CONTAINER),
      "{'list':[{'name':'a'},{'name':'c','image':'2'}]}", "{'list':[{'name':'a'},{'name':'c','image':'1'}]}",
      "{'list':[{'name':'a'},{'name':'c','image':'1'}]}",
      "{'list':[{'name':'a'},{'name':'c','image':'2'}]}" },
};

static void the_payload_keeps_what_others_set(void **state)
{
    struct ctx *cx = unit_cx(state);
    for (size_t i = 0; i < ARRAY_LEN(payloads); i++) {
        struct ignore_rules *rules = rules_of(cx, str_fmt(cx->arena, "[{'paths':[%s]}]", payloads[i].paths));
        struct doc *live = json_of(cx, str_fmt(cx->arena, "{'kind':'X','metadata':{%s},'spec':%s}",
                                               payloads[i].managed, payloads[i].live));
        struct doc *dry_run = json_of(cx, str_fmt(cx->arena, "{'spec':%s}", payloads[i].dry_run));
        struct doc *payload = json_of(cx, str_fmt(cx->arena, "{'spec':%s}", payloads[i].payload));
        assert_ok(cx, ignore_correct(cx, rules, live, dry_run, "kustomize-controller", &payload));
        if (!doc_equal(doc_find(payload, "spec"), json_of(cx, payloads[i].corrected)))
            fail_msg("row %zu: %s", i, json_text(cx->arena, payload, JSON_COMPACT));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(rules_select_objects),
        UNIT_TEST(labels_may_come_later),
        UNIT_TEST(a_broken_selector_is_an_error),
        UNIT_TEST(ignored_fields_are_no_drift),
        UNIT_TEST(the_payload_keeps_what_others_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
