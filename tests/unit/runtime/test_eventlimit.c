/*
 * test_eventlimit.c: counting identical events, cutting talkative objects short.
 */
#include "libgotk/base/str.h"
#include "libgotk/doc/json.h"
#include "libgotk/runtime/eventlimit.h"
#include "tests/unit/lib/unit.h"

#include <string.h>

static struct eventlimit_key key(struct ctx *cx, const char *name, const char *message)
{
    struct doc *involved = doc_object(cx->arena);
    doc_set_text(cx->arena, involved, "kind", "Kustomization");
    doc_set_text(cx->arena, involved, "name", name);
    doc_set_text(cx->arena, involved, "resourceVersion", message);
    return eventlimit_key(involved, "Normal", "Progressing", message);
}

static void identical_events_are_counted(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct eventlimit *l = eventlimit_open();
    struct eventlimit_key a = key(cx, "app", "applied");
    struct eventlimit_key b = key(cx, "app", "pruned");
    assert_true(a.object == b.object && a.event != b.event);
    struct eventlimit_seen *seen = eventlimit_look(l, &a, 1);
    assert_int_equal(seen->count, 1);
    seen = eventlimit_look(l, &a, 2);
    assert_int_equal(seen->count, 1); /* the first could not be created */
    eventlimit_created(seen, 77);
    assert_int_equal(eventlimit_look(l, &b, 3)->count, 1);
    seen = eventlimit_look(l, &a, 4);
    assert_int_equal(seen->count, 2);
    assert_int_equal(seen->created_ns, 77);
    eventlimit_created(seen, 99); /* it had expired and was made again */
    assert_int_equal(eventlimit_look(l, &a, 5)->count, 2);
    eventlimit_close(l);
}

static void a_talkative_object_is_cut_short(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct eventlimit *l = eventlimit_open();
    int64_t now = 1000;
    for (int i = 0; i < 25; i++) {
        struct eventlimit_key k = key(cx, "noisy", str_fmt(cx->arena, "%d", i));
        assert_non_null(eventlimit_look(l, &k, now));
    }
    struct eventlimit_key more = key(cx, "noisy", "more");
    struct eventlimit_key quiet = key(cx, "quiet", "more");
    assert_null(eventlimit_look(l, &more, now));
    assert_non_null(eventlimit_look(l, &quiet, now));
    assert_null(eventlimit_look(l, &more, now + 299000));
    assert_non_null(eventlimit_look(l, &more, now + 301000));
    assert_null(eventlimit_look(l, &more, now + 302000));
    eventlimit_close(l);
}

static void many_objects_fit(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct eventlimit *l = eventlimit_open();
    for (int i = 0; i < 3000; i++) {
        struct eventlimit_key k = key(cx, str_fmt(cx->arena, "app-%d", i), "x");
        struct eventlimit_seen *seen = eventlimit_look(l, &k, i + 1);
        assert_int_equal(seen->count, 1);
        eventlimit_created(seen, i + 1);
    }
    struct eventlimit_key recent = key(cx, "app-2999", "x");
    struct eventlimit_key old = key(cx, "app-0", "x");
    assert_int_equal(eventlimit_look(l, &recent, 4000)->count, 2);
    assert_int_equal(eventlimit_look(l, &old, 4001)->count, 1);
    eventlimit_close(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(identical_events_are_counted),
        UNIT_TEST(a_talkative_object_is_cut_short),
        UNIT_TEST(many_objects_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
