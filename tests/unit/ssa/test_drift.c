/* What counts as drift between a live object and a dry-run. */
#include "libgotk/ssa/drift.h"
#include "tests/unit/ssa/ssa_docs.h"

static const struct {
    const char *live;
    const char *dry_run;
    bool drift;
} rows[] = {
    { "{'metadata':{'resourceVersion':'1'},'data':{'a':'1'}}",
      "{'metadata':{'resourceVersion':'1'},'data':{'a':'1'}}", false },
    { "{'metadata':{'resourceVersion':'1'},'data':{'a':'1'}}",
      "{'metadata':{'resourceVersion':'1'},'data':{'a':'2'}}", true },
    { "{'metadata':{'resourceVersion':'1'},'data':{'a':'1'}}", "{'metadata':{},'data':{'a':'1'}}", true },
    { "{'metadata':{'resourceVersion':'1','labels':{'a':'b'}}}", "{'metadata':{'resourceVersion':'1'}}",
      true },
    { "{'metadata':{'resourceVersion':'1','annotations':{}}}", "{'metadata':{'resourceVersion':'1'}}",
      false },
    { "{'metadata':{'resourceVersion':'1','finalizers':['x'],'generation':2}}",
      "{'metadata':{'resourceVersion':'9'}}", false },
    { "{'metadata':{'resourceVersion':'1'},'status':{'x':1}}", "{'metadata':{'resourceVersion':'1'}}",
      false },
    { "{'metadata':{'resourceVersion':'1'},'spec':{'l':[],'m':{},'n':null}}",
      "{'metadata':{'resourceVersion':'1'}}", true },
    { "{'metadata':{'resourceVersion':'1'},'spec':{'k':1,'l':[],'m':{},'n':null}}",
      "{'metadata':{'resourceVersion':'1'},'spec':{'k':1}}", false },
    { "{'metadata':{'resourceVersion':'1'},'spec':{'k':[1,2]}}",
      "{'metadata':{'resourceVersion':'1'},'spec':{'k':[2,1]}}", true },
    { "{'metadata':{'resourceVersion':'1'},'spec':{'k':[1,2]}}",
      "{'metadata':{'resourceVersion':'1'},'spec':{'k':[1]}}", true },
    { "{'metadata':{'resourceVersion':'1'},'spec':{'a':1,'b':2}}",
      "{'metadata':{'resourceVersion':'1'},'spec':{'b':2,'a':1}}", false },
    { "{'metadata':{'resourceVersion':'1'},'spec':{'a':'1'}}",
      "{'metadata':{'resourceVersion':'1'},'spec':{'a':1}}", true },
};

static void compares_what_counts(void **state)
{
    struct ctx *cx = unit_cx(state);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (drift_found(json_of(cx, rows[i].live), json_of(cx, rows[i].dry_run)) != rows[i].drift)
            fail_msg("row %zu: %s / %s", i, rows[i].live, rows[i].dry_run);
}

static void an_absent_object_is_drift(void **state)
{
    struct ctx *cx = unit_cx(state);
    assert_true(drift_found(NULL, json_of(cx, "{'metadata':{'resourceVersion':'1'}}")));
}

int main(void)
{
    const struct CMUnitTest tests[] = { UNIT_TEST(compares_what_counts),
                                        UNIT_TEST(an_absent_object_is_drift) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
