/*
 * test_step.c: going through a step table, and what outcomes mean.
 */
#include "libgotk/base/buf.h"
#include "libgotk/base/str.h"
#include "libgotk/runtime/controller.h"
#include "tests/unit/lib/unit.h"

/* A story whose steps write their names down. */
struct story {
    struct run run;
    struct buf trail;
    int waits; /* how often `wait` returns STEP_WAIT */
    bool fails;
};

static int fetch(struct ctx *cx, void *arg)
{
    struct story *s = arg;
    (void)cx;
    buf_fmt(&s->trail, "fetch(%s) ", cond_message(s->run.status, COND_RECONCILING));
    return STEP_NEXT;
}

static int wait(struct ctx *cx, void *arg)
{
    struct story *s = arg;
    (void)cx;
    buf_fmt(&s->trail, "wait%s ", s->run.resumed ? " again" : "");
    return s->waits-- > 0 ? STEP_WAIT : STEP_NEXT;
}

static int apply(struct ctx *cx, void *arg)
{
    struct story *s = arg;
    buf_fmt(&s->trail, "apply(%s) ", cond_message(s->run.status, COND_RECONCILING));
    return s->fails ? err_fail(cx, ERR_INVALID, "no such kind") : STEP_NEXT;
}

static int stop_early(struct ctx *cx, void *arg)
{
    (void)cx;
    (void)arg;
    return STEP_DONE;
}

static const struct step steps[] = {
    { "Fetching manifests", "ArtifactFailed", fetch, NULL },
    { NULL, "DependencyNotReady", wait, NULL },
    { "Applying", "ReconciliationFailed", apply, NULL },
};

static const struct controller plain = { .name = "test" };
static const struct cond_summary no_rules = { NULL, 0 };
static const struct controller summarized = { .name = "test", .summary = &no_rules };

static struct story *new_story(struct ctx *cx, const struct controller *c)
{
    struct story *s = ARENA_NEW(cx->arena, struct story);
    s->run.controller = c;
    s->run.status = doc_object(cx->arena);
    s->run.conds = (struct cond_target){ cx->arena, s->run.status, 1 };
    s->run.progress = " for revision r1";
    s->trail = buf_new(cx->arena, 4096);
    return s;
}

static void steps_run_in_order_and_say_so(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct story *s = new_story(cx, &plain);
    size_t index = 0;
    assert_int_equal(step_table(cx, &s->run, steps, ARRAY_LEN(steps), &index), STEP_NEXT);
    assert_int_equal(index, ARRAY_LEN(steps));
    assert_string_equal(buf_text(&s->trail),
                        "fetch(Fetching manifests for revision r1) wait apply(Applying for revision r1) ");
    assert_true(cond_is(s->run.status, COND_READY, COND_UNKNOWN));
    assert_string_equal(cond_message(s->run.status, COND_READY), "Reconciliation in progress");
}

static void kinds_with_a_summary_keep_their_ready(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct story *s = new_story(cx, &summarized);
    size_t index = 0;
    assert_int_equal(step_table(cx, &s->run, steps, ARRAY_LEN(steps), &index), STEP_NEXT);
    assert_false(cond_has(s->run.status, COND_READY));
    assert_true(cond_is(s->run.status, COND_RECONCILING, COND_TRUE));
}

static void a_failure_ends_the_table(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct story *s = new_story(cx, &plain);
    size_t index = 0;
    s->fails = true;
    int rc = step_table(cx, &s->run, steps, ARRAY_LEN(steps), &index);
    assert_int_equal(rc, ERR_INVALID);
    assert_int_equal(index, 2);
    assert_error(cx, rc, "no such kind");
}

static void a_waiting_step_is_called_again(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct story *s = new_story(cx, &plain);
    size_t index = 0;
    s->waits = 2;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(step_table(cx, &s->run, steps, ARRAY_LEN(steps), &index), STEP_WAIT);
        assert_int_equal(index, 1);
        s->run.resumed = true;
    }
    assert_int_equal(step_table(cx, &s->run, steps, ARRAY_LEN(steps), &index), STEP_NEXT);
    assert_string_equal(buf_text(&s->trail),
                        "fetch(Fetching manifests for revision r1) wait wait again wait again "
                        "apply(Applying for revision r1) ");
    assert_false(s->run.resumed);
}

static void a_step_may_say_that_all_is_done(void **state)
{
    static const struct step short_cut[] = { { NULL, NULL, stop_early, NULL }, { NULL, NULL, apply, NULL } };
    struct ctx *cx = unit_cx(state);
    struct story *s = new_story(cx, &plain);
    size_t index = 0;
    assert_int_equal(step_table(cx, &s->run, short_cut, 2, &index), STEP_DONE);
    assert_string_equal(buf_text(&s->trail), "");
}

static void a_cancelled_table_stops_before_the_next_step(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct story *s = new_story(cx, &plain);
    struct cancel cancel;
    size_t index = 0;
    cancel_open(&cancel);
    cancel_fire(&cancel);
    cx->cancel = &cancel;
    int rc = step_table(cx, &s->run, steps, ARRAY_LEN(steps), &index);
    assert_int_equal(rc, ERR_CANCELED);
    assert_int_equal(index, 0);
    assert_string_equal(buf_text(&s->trail), "");
    err_clear(cx);
    cx->cancel = NULL;
    cancel_close(&cancel);
}

static void outcomes_have_consequences(void **state)
{
    static const struct {
        int code;
        enum result_requeue requeue;
        enum result_event event;
        bool stalled;
    } rows[] = {
        { 0, RESULT_INTERVAL, RESULT_SILENT, false },
        { ERR_UNSUPPORTED, RESULT_NEVER, RESULT_WARNING, true },
        { ERR_NOT_READY, RESULT_DEPENDENCY, RESULT_INFO, false },
        { ERR_CANCELED, RESULT_NOW, RESULT_SILENT, false },
        { ERR_INTERNAL, RESULT_BACKOFF, RESULT_WARNING, false },
        { ERR_UNAVAILABLE, RESULT_RETRY, RESULT_WARNING, false },
        { ERR_INVALID, RESULT_RETRY, RESULT_WARNING, false },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct result r = result_of(rows[i].code);
        assert_int_equal(r.code, rows[i].code);
        assert_int_equal(r.requeue, rows[i].requeue);
        assert_int_equal(r.event, rows[i].event);
        assert_int_equal(r.stalled, rows[i].stalled);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(steps_run_in_order_and_say_so),   UNIT_TEST(kinds_with_a_summary_keep_their_ready),
        UNIT_TEST(a_failure_ends_the_table),        UNIT_TEST(a_waiting_step_is_called_again),
        UNIT_TEST(a_step_may_say_that_all_is_done), UNIT_TEST(a_cancelled_table_stops_before_the_next_step),
        UNIT_TEST(outcomes_have_consequences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
