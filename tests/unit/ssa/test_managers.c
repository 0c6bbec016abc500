/* The clean-up patch: stale keys, and field managers taken over. */
#include "libgotk/doc/patch.h"
#include "libgotk/ssa/managers.h"
#include "tests/unit/ssa/ssa_docs.h"

static const struct {
    const char *live;
    const char *patch; /* NULL: nothing to clean */
} rows[] = {
    { "{'metadata':{'managedFields':[{'manager':'kustomize-controller','operation':'Apply','fieldsV1':{'f:a':{}}}]}}",
      NULL },
    { "{'metadata':{'managedFields':[{'manager':'kubectl-edit','operation':'Update','subresource':'status','fieldsV1':{'f:a':{}}}]}}",
      NULL },
    { "{'metadata':{'managedFields':[{'manager':'other','operation':'Apply','fieldsV1':{'f:a':{}}}]}}",
      NULL },
    { "{'metadata':{'annotations':{'kubectl.kubernetes.io/last-applied-configuration':'x','keep':'y'},'labels':{'fluxcd.io/sync-gc-mark':'z'}}}",
      "[{'op':'remove','path':'/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration'},"
      "{'op':'remove','path':'/metadata/labels/fluxcd.io~1sync-gc-mark'}]" },
    { "{'metadata':{'managedFields':[{'manager':'kubectl-edit','operation':'Update','fieldsV1':{'f:a':{}}},{'manager':'hpa','operation':'Update','fieldsV1':{'f:r':{}}}]}}",
      "[{'op':'replace','path':'/metadata/managedFields','value':[{'manager':'hpa','operation':'Update','fieldsV1':{'f:r':{}}},"
      "{'manager':'kustomize-controller','operation':'Apply','fieldsV1':{'f:a':{}}}]}]" },
    { "{'metadata':{'managedFields':[{'manager':'kubectl-client-side-apply','operation':'Update','fieldsV1':{'f:d':{'f:x':{}}}},"
      "{'manager':'kustomize-controller','operation':'Apply','fieldsV1':{'f:d':{'.':{},'f:y':{}}}},"
      "{'manager':'mine-old','operation':'Apply','fieldsV1':{'f:z':{}}}]}}",
      "[{'op':'replace','path':'/metadata/managedFields','value':[{'manager':'kustomize-controller','operation':'Apply',"
      "'fieldsV1':{'f:d':{'.':{},'f:y':{},'f:x':{}},'f:z':{}}}]}]" },
};

static void cleans_up_by_one_patch(void **state)
{
    struct ctx *cx = unit_cx(state);
    static const char *const overridden[] = { "mine" };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct doc *patch =
            managers_cleanup(cx->arena, json_of(cx, rows[i].live), "kustomize-controller", overridden, 1);
        struct doc *wanted = rows[i].patch ? json_of(cx, rows[i].patch) : NULL;
        if (!patch != !wanted || (patch && !doc_equal(patch, wanted)))
            fail_msg("row %zu: %s", i, patch ? json_text(cx->arena, patch, JSON_COMPACT) : "no patch");
    }
}

static void migrates_every_entry(void **state)
{
    struct ctx *cx = unit_cx(state);
    const struct doc *live =
        json_of(cx, "{'metadata':{'managedFields':[{'manager':'a','apiVersion':'x/v1'},"
                    "{'manager':'b','apiVersion':'x/v1beta1','subresource':'status'}]}}");
    const struct doc *wanted = json_of(cx, "[{'op':'replace','path':'/metadata/managedFields','value':["
                                           "{'manager':'a','apiVersion':'x/v1'},"
                                           "{'manager':'b','apiVersion':'x/v1','subresource':'status'}]}]");
    assert_true(doc_equal(managers_migrate(cx->arena, live, "x/v1"), wanted));
    assert_null(managers_migrate(cx->arena, json_of(cx, "{'metadata':{}}"), "x/v1"));
    assert_null(managers_migrate(
        cx->arena, json_of(cx, "{'metadata':{'managedFields':[{'apiVersion':'x/v1'}]}}"), "x/v1"));
}

static void a_patch_is_for_one_version(void **state)
{
    struct ctx *cx = unit_cx(state);
    const struct doc *live =
        json_of(cx, "{'metadata':{'resourceVersion':'7','managedFields':[{'apiVersion':'x/v1'}]}}");
    struct doc *patch = managers_migrate(cx->arena, live, "x/v2");
    managers_only_of(cx->arena, patch, live);
    assert_true(doc_equal(doc_last(patch),
                          json_of(cx, "{'op':'replace','path':'/metadata/resourceVersion','value':'7'}")));
}

int main(void)
{
    const struct CMUnitTest tests[] = { UNIT_TEST(cleans_up_by_one_patch), UNIT_TEST(migrates_every_entry),
                                        UNIT_TEST(a_patch_is_for_one_version) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
