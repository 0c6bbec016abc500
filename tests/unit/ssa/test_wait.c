/* What a set of objects means together, what is said of it when waiting ended, and why. */
#include "libgotk/ssa/explain.h"
#include "libgotk/ssa/pods.h"
#include "libgotk/ssa/wait.h"
#include "tests/unit/ssa/ssa_docs.h"

/* A set of Deployments a, b, c with these codes. */
static struct wait_set set_of(struct ctx *cx, const enum kstatus_code *codes, size_t n)
{
    static const char *const names[] = { "a", "b", "c" };
    struct wait_set set = wait_set_new(cx->arena, 60000);
    for (size_t i = 0; i < n; i++) {
        wait_add(cx->arena, &set, "apps", "Deployment", "ns", names[i]);
        set.at[i].code = codes[i];
    }
    return set;
}

#define C KSTATUS_CURRENT
#define P KSTATUS_IN_PROGRESS
#define F KSTATUS_FAILED
#define N KSTATUS_NOT_FOUND
#define U KSTATUS_UNKNOWN

static const struct {
    enum kstatus_code codes[3];
    enum wait_verdict fast;
    enum wait_verdict slow; /* with the gate DisableFailFastBehavior */
} verdicts[] = {
    { { C, C, C }, WAIT_HEALTHY, WAIT_HEALTHY }, { { C, P, C }, WAIT_GOES_ON, WAIT_GOES_ON },
    { { C, F, P }, WAIT_FAILED, WAIT_GOES_ON },  { { C, F, C }, WAIT_FAILED, WAIT_FAILED },
    { { F, F, F }, WAIT_FAILED, WAIT_FAILED },   { { F, N, C }, WAIT_FAILED, WAIT_GOES_ON },
    { { N, C, C }, WAIT_GOES_ON, WAIT_GOES_ON }, { { U, C, C }, WAIT_GOES_ON, WAIT_GOES_ON },
    { { U, F, C }, WAIT_FAILED, WAIT_GOES_ON },
};

static void all_objects_decide(void **state)
{
    struct ctx *cx = unit_cx(state);
    for (size_t i = 0; i < ARRAY_LEN(verdicts); i++) {
        struct wait_set set = set_of(cx, verdicts[i].codes, 3);
        if (wait_verdict(&set, true) != verdicts[i].fast || wait_verdict(&set, false) != verdicts[i].slow)
            fail_msg("row %zu", i);
    }
    struct wait_set none = wait_set_new(cx->arena, 60000);
    assert_int_equal(wait_verdict(&none, true), WAIT_HEALTHY);
}

static void failures_are_worded_as_upstream_does(void **state)
{
    struct ctx *cx = unit_cx(state);
    const enum kstatus_code codes[] = { F, U, C };
    struct wait_set set = set_of(cx, codes, 3);
    set.at[1].status.error = "cannot reach it";
    assert_string_equal(wait_failure(cx->arena, &set, false),
                        "failed early due to stalled resources: [Deployment/ns/a status: 'Failed']");
    assert_string_equal(wait_failure(cx->arena, &set, true),
                        "timeout waiting for: [Deployment/ns/a status: 'Failed', Deployment/ns/b status: "
                        "'Unknown': cannot reach it]");
    wait_add(cx->arena, &set, "", "Namespace", NULL, "ns");
    set.at[3].code = N;
    assert_non_null(strstr(wait_failure(cx->arena, &set, true), ", Namespace/ns status: 'NotFound']"));
}

static void an_object_without_a_place_ends_the_wait(void **state)
{
    struct ctx *cx = unit_cx(state);
    const enum kstatus_code codes[] = { U, C };
    struct wait_set set = set_of(cx, codes, 2);
    set.at[0].placeless = true;
    assert_int_equal(wait_verdict(&set, false), WAIT_FAILED);
    assert_string_equal(wait_failure(cx->arena, &set, false),
                        "failed early due to stalled resources: [can't determine status for Deployment/ns/a, "
                        "can't determine status for Deployment/ns/b]");
    assert_true(wait_blames(&set, &set.at[0], false));
    assert_false(wait_blames(&set, &set.at[1], false));
}

static void objects_are_found_by_identity(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct wait_set set = wait_set_new(cx->arena, 60000);
    wait_add(cx->arena, &set, "", "ConfigMap", "ns", "a");
    wait_add(cx->arena, &set, "", "ConfigMap", "ns", "b");
    wait_add(cx->arena, &set, "", "Secret", "ns", "b");
    wait_add(cx->arena, &set, "", "ConfigMap", "ns", "a");
    assert_int_equal(set.len, 3);
    wait_drop(&set, wait_find(&set, "", "ConfigMap", "ns", "a"));
    assert_null(wait_find(&set, "", "ConfigMap", "ns", "a"));
    assert_string_equal(wait_find(&set, "", "Secret", "ns", "b")->subject, "Secret/ns/b");
    assert_string_equal(wait_find(&set, "", "ConfigMap", "ns", "b")->subject, "ConfigMap/ns/b");
    assert_null(wait_find(&set, "apps", "Secret", "ns", "b"));
    set.at[0].code = KSTATUS_CURRENT;
    set.at[0].due = set.at[1].due = false;
    wait_due_again(&set);
    assert_false(set.at[0].due);
    assert_true(set.at[1].due);
}

/* Who is told of nothing looks less and less often, but never after the end, nor after the time that time itself decides. */
static void pauses_grow_up_to_a_limit(void **state)
{
    struct ctx *cx = unit_cx(state);
    const enum kstatus_code codes[] = { P, C };
    struct wait_set set = set_of(cx, codes, 2);
    const int64_t pauses[] = { 100, 200, 400, 800, 1600, 2000, 2000 };
    for (size_t i = 0; i < ARRAY_LEN(pauses); i++)
        assert_int_equal(wait_pause(&set, NULL), pauses[i]);
    set.at[0].kindless = true;
    assert_int_equal(wait_pause(&set, NULL), 10000);
    set.at[0].again_ms = ctx_now_ms() + 5000;
    assert_in_range(wait_pause(&set, NULL), 4000, 5000);
    set.until_ms = ctx_now_ms() - 1;
    assert_int_equal(wait_pause(&set, NULL), 1);
    const enum kstatus_code current[] = { C, C };
    set = set_of(cx, current, 2);
    assert_int_equal(wait_pause(&set, NULL), 30000);
    set.untold = true;
    assert_int_equal(wait_pause(&set, NULL), 200);
}

static const struct {
    const char *selector;
    const char *text;
} selectors[] = {
    { "{}", "" },
    { "{'matchLabels':{'a':'b','c':''}}", "a=b,c=" },
    { "{'matchLabels':{'a':'b'},'matchExpressions':[{'key':'t','operator':'In','values':['x','y']},"
      "{'key':'u','operator':'NotIn','values':['z']},{'key':'v','operator':'Exists'},"
      "{'key':'w','operator':'DoesNotExist'}]}",
      "a=b,t in (x,y),u notin (z),v,!w" },
};

static void selectors_become_text(void **state)
{
    struct ctx *cx = unit_cx(state);
    for (size_t i = 0; i < ARRAY_LEN(selectors); i++)
        assert_string_equal(pods_selector(cx->arena, json_of(cx, selectors[i].selector)), selectors[i].text);
}

static const struct {
    const char *status;
    const char *causes;
} containers[] = {
    { "{'containerStatuses':[{'name':'web','ready':true,'state':{'running':{}}}]}", "" },
    { "{'containerStatuses':[{'name':'web','ready':false,'state':{'waiting':{'reason':'ContainerCreating'}}}]}",
      "" },
    { "{'containerStatuses':[{'name':'web','ready':false,'state':{'running':{}}}]}",
      "container web: runs but is not ready" },
    { "{'containerStatuses':[{'name':'web','state':{'waiting':{'reason':'ImagePullBackOff','message':'no\\nsuch image'}}}]}",
      "container web: ImagePullBackOff (no such image)" },
    { "{'initContainerStatuses':[{'name':'init','state':{'terminated':{'exitCode':3,'reason':'Error'}}}],"
      "'containerStatuses':[{'name':'web','state':{'waiting':{'reason':'CrashLoopBackOff'}},"
      "'lastState':{'terminated':{'exitCode':137,'reason':'OOMKilled'}}}]}",
      "container init: ended with exit code 3; container web: CrashLoopBackOff, last ended with exit code 137, "
      "OOMKilled" },
    { "{'initContainerStatuses':[{'name':'init','state':{'terminated':{'exitCode':0,'reason':'Completed'}}}]}",
      "" },
};

static void containers_tell_what_they_wait_for(void **state)
{
    struct ctx *cx = unit_cx(state);
    for (size_t i = 0; i < ARRAY_LEN(containers); i++) {
        struct doc *pod = doc_object(cx->arena);
        doc_set(cx->arena, pod, "status", json_of(cx, containers[i].status));
        assert_string_equal(explain_containers(cx->arena, pod), containers[i].causes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(all_objects_decide),
        UNIT_TEST(failures_are_worded_as_upstream_does),
        UNIT_TEST(an_object_without_a_place_ends_the_wait),
        UNIT_TEST(objects_are_found_by_identity),
        UNIT_TEST(pauses_grow_up_to_a_limit),
        UNIT_TEST(selectors_become_text),
        UNIT_TEST(containers_tell_what_they_wait_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
