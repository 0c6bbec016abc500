/* Marks: what counts as "something happened to the object", and what an older sight of it says. */
#include "libgotk/base/str.h"
#include "libgotk/doc/json.h"
#include "libgotk/kube/tracker.h"
#include "tests/unit/lib/unit.h"

static struct tracker_mark mark(struct ctx *cx, const char *metadata)
{
    struct doc *d = NULL;
    char *text = str_replace(cx->arena, str_fmt(cx->arena, "{'metadata':{%s}}", metadata), "'", "\"");
    assert_ok(cx, json_parse(cx, text, strlen(text), "test", &d));
    return tracker_mark_of(d);
}

#define SPEC_BY(manager, time)                                                                               \
    "{'manager':'" manager "','operation':'Apply','time':'" time "','fieldsV1':{'f:data':{}}}"
#define STATUS_AT(time)                                                                                      \
    "{'manager':'m','operation':'Update','subresource':'status','time':'" time "','fieldsV1':{}}"

static const struct {
    const char *before;
    const char *after;
    bool same;
} rows[] = {
    /* a kind with a generation: its status may be written, its spec may not */
    { "'uid':'u','generation':3,'resourceVersion':'10'", "'uid':'u','generation':3,'resourceVersion':'11'",
      true },
    { "'uid':'u','generation':3,'resourceVersion':'10'", "'uid':'u','generation':4,'resourceVersion':'11'",
      false },
    { "'uid':'u','generation':3,'resourceVersion':'10'", "'uid':'v','generation':3,'resourceVersion':'11'",
      false },
    { "'generation':3,'managedFields':[" SPEC_BY("a", "1") "]",
      "'generation':3,'managedFields':[" SPEC_BY("a", "2") "]", true },
    /* labels and annotations count, their order does not */
    { "'generation':3,'labels':{'a':'1','b':'2'}", "'generation':3,'labels':{'b':'2','a':'1'}", true },
    { "'generation':3,'labels':{'a':'1'}", "'generation':3,'labels':{'a':'2'}", false },
    { "'generation':3,'labels':{'a':'1'}", "'generation':3,'annotations':{'a':'1'}", false },
    { "'generation':3", "'generation':3,'annotations':{'a':'1'}", false },
    { "'generation':3", "'generation':3,'labels':{},'annotations':{}", true },
    { "'generation':3", "'generation':3,'deletionTimestamp':'2026-01-01T00:00:00Z'", false },
    /* no generation: who wrote what, but for the status */
    { "'managedFields':[" SPEC_BY("a", "1") "," STATUS_AT("1") "]",
      "'managedFields':[" SPEC_BY("a", "1") "," STATUS_AT("2") "]", true },
    { "'managedFields':[" SPEC_BY("a", "1") "]", "'managedFields':[" SPEC_BY("a", "2") "]", false },
    { "'managedFields':[" SPEC_BY("a", "1") "]",
      "'managedFields':[" SPEC_BY("a", "1") "," SPEC_BY("kubectl-edit", "1") "]", false },
};

static void moves_with_what_may_be_drift(void **state)
{
    struct ctx *cx = unit_cx(state);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct tracker_mark before = mark(cx, rows[i].before), after = mark(cx, rows[i].after);
        if (tracker_stands(&before, &after) != rows[i].same)
            fail_msg("row %zu: %s / %s", i, rows[i].before, rows[i].after);
    }
}

static void an_older_sight_proves_nothing(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct tracker_mark ours = mark(cx, "'generation':4,'resourceVersion':'11'");
    struct tracker_mark stale = mark(cx, "'generation':3,'resourceVersion':'10'");
    assert_true(tracker_stands(&ours, &stale));
    assert_false(tracker_stands(&stale, &ours));
}

/* An API server may be told to take objects larger than its 1.5 MiB; what a hash leaves out would be drift nobody sees. */
static void the_last_byte_of_a_large_object_counts(void **state)
{
    struct ctx *cx = unit_cx(state);
    char *many = arena_alloc(cx->arena, ((size_t)6 << 20) + 1);
    memset(many, '<', (size_t)6 << 20);
    const char *entry = "'managedFields':[{'manager':'a','fieldsV1':{'f:data':{'f:%s%s':{}}}}]";
    struct tracker_mark one =
        mark(cx, str_replace(cx->arena, str_replace(cx->arena, entry, "%s%s", "MANY1"), "MANY", many));
    struct tracker_mark two =
        mark(cx, str_replace(cx->arena, str_replace(cx->arena, entry, "%s%s", "MANY2"), "MANY", many));
    assert_false(tracker_stands(&one, &two));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(moves_with_what_may_be_drift),
        UNIT_TEST(an_older_sight_proves_nothing),
        UNIT_TEST(the_last_byte_of_a_large_object_counts),
    };
    return cmocka_run_group_tests_name("tracker", tests, NULL, NULL);
}
