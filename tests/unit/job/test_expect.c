/*
 * test_expect.c: what a job tells of the size of its output beforehand, true or not.
 */
#include "libgotk/job/job.h"
#include "tests/unit/lib/unit.h"

#include <string.h>

#define SIZE ((size_t)5 << 20)

/* Says that `told` bytes will come, then makes SIZE. */
static int flood(struct ctx *cx, struct job_side *side, const struct doc *input, struct buf *output)
{
    int64_t told = 0;
    doc_get_int(input, &told);
    if (job_expect(cx, side, (size_t)told) < 0)
        return err_code(cx);
    memset(buf_room(output, SIZE), 'o', SIZE);
    buf_grown(output, SIZE);
    return 0;
}

static const struct job flood_job = { .name = "flooding", .run = flood };
static const struct job *const jobs[] = { &flood_job };

static size_t memory_of(struct ctx *cx, int64_t told)
{
    struct buf out;
    size_t before = arena_used(cx->arena);
    assert_ok(cx, job_run(cx, &flood_job, NULL, doc_int(cx->arena, told), NULL, NULL, &out));
    assert_int_equal(out.len, SIZE);
    assert_true(buf_text(&out)[0] == 'o' && buf_text(&out)[SIZE - 1] == 'o');
    return arena_used(cx->arena) - before;
}

static void expected_output_is_received_in_one_place(void **state)
{
    struct ctx *cx = unit_cx(state);
    assert_true(memory_of(cx, (int64_t)SIZE) < SIZE + 4096);
}

static void a_wrong_number_does_no_harm(void **state)
{
    struct ctx *cx = unit_cx(state);
    const int64_t told[] = { 0, 1, (int64_t)SIZE - 1, (int64_t)SIZE * 2, INT64_MAX, -1 };
    for (size_t i = 0; i < ARRAY_LEN(told); i++)
        memory_of(cx, told[i]);
}

static int start(void **state UNUSED)
{
    struct ctx cx = { .arena = arena_new(1 << 20) };
    int rc = job_init(&cx, jobs, ARRAY_LEN(jobs), JOB_SANDBOX_ON);
    arena_free(cx.arena);
    return rc;
}

static int stop(void **state UNUSED)
{
    job_exit();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(expected_output_is_received_in_one_place),
        UNIT_TEST(a_wrong_number_does_no_harm),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
