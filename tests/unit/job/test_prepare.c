/* What a job prepares: every child finds it done, the controller is spared it. */
#include "libgotk/base/str.h"
#include "libgotk/job/job.h"
#include "tests/unit/lib/unit.h"

static int prepared;

static void prepare(void)
{
    prepared++;
}

static int tell(struct ctx *cx, struct job_side *side, const struct doc *input, struct buf *ret_output)
{
    (void)cx, (void)side, (void)input;
    buf_fmt(ret_output, "%d", prepared);
    prepared = 7; /* dies with this child */
    return 0;
}

static const struct job told = { .name = "told", .run = tell, .prepare = prepare };
static const struct job *const jobs[] = { &told };

static const char *ask(struct ctx *cx)
{
    struct buf out = buf_new(cx->arena, 100);
    assert_ok(cx, job_run(cx, &told, NULL, doc_object(cx->arena), NULL, NULL, &out));
    return buf_text(&out);
}

static void children_find_it_done(void **state)
{
    struct ctx *cx = unit_cx(state);
    prepared = 0;
    assert_ok(cx, job_init(cx, jobs, ARRAY_LEN(jobs), JOB_SANDBOX_ON));
    assert_string_equal(ask(cx), "1");
    assert_string_equal(ask(cx), "1");
    assert_int_equal(prepared, 0);
    job_exit();
}

static void without_the_sandbox_too(void **state)
{
    struct ctx *cx = unit_cx(state);
    prepared = 0;
    assert_ok(cx, job_init(cx, jobs, ARRAY_LEN(jobs), JOB_SANDBOX_OFF));
    assert_string_equal(ask(cx), "1");
    job_exit();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(children_find_it_done),
        UNIT_TEST(without_the_sandbox_too),
    };
    return cmocka_run_group_tests_name("prepare", tests, NULL, NULL);
}
