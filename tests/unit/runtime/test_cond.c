/*
 * test_cond.c: setting, ordering and summarizing conditions.
 */
#include "libgotk/base/str.h"
#include "libgotk/doc/json.h"
#include "libgotk/runtime/cond.h"
#include "tests/unit/lib/unit.h"

#include <string.h>

static struct cond_target target(struct ctx *cx, const char *json)
{
    struct doc *status;
    assert_ok(cx, json_parse(cx, json, strlen(json), "status", &status));
    return (struct cond_target){ .arena = cx->arena, .status = status, .generation = 3 };
}

/* "type=status/reason ..." in order. */
static const char *outline(struct ctx *cx, const struct doc *status)
{
    struct buf out = buf_new(cx->arena, 4096);
    doc_each (entry, doc_find(status, "conditions"))
        buf_fmt(&out, "%s%s=%s/%s", out.len ? " " : "", doc_text_at(entry, "type"),
                doc_text_at(entry, "status"), doc_text_at(entry, "reason"));
    return buf_text(&out);
}

#define OLD "2020-01-01T00:00:00Z"
#define ENTRY(type, status, reason, message)                                                                 \
    "{\"type\":\"" type "\",\"status\":\"" status "\",\"reason\":\"" reason "\",\"message\":\"" message      \
    "\",\"observedGeneration\":2,\"lastTransitionTime\":\"" OLD "\"}"

static void a_condition_is_made(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct cond_target to = target(cx, "{}");
    struct cond c;
    cond_set(&to, COND_READY, COND_TRUE, "Succeeded", "Applied revision: %s", "main@sha1:1");
    assert_true(cond_find(to.status, COND_READY, &c));
    assert_int_equal(c.status, COND_TRUE);
    assert_string_equal(c.message, "Applied revision: main@sha1:1");
    assert_int_equal(c.observed_generation, 3);
    assert_int_equal(strlen(c.last_transition_time), strlen(OLD));
    assert_false(cond_find(to.status, "Healthy", &c));
}

static void the_transition_time_moves_only_with_a_change(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct cond_target to = target(cx, "{\"conditions\":[" ENTRY("Ready", "True", "R", "m") "]}");
    struct cond c;
    cond_set(&to, COND_READY, COND_TRUE, "R", "m");
    assert_true(cond_find(to.status, COND_READY, &c));
    assert_string_equal(c.last_transition_time, OLD);
    assert_int_equal(c.observed_generation, 3);
    cond_set(&to, COND_READY, COND_TRUE, "R", "other");
    assert_true(cond_find(to.status, COND_READY, &c));
    assert_string_not_equal(c.last_transition_time, OLD);
}

static void conditions_are_sorted(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct cond_target to = target(
        cx, "{\"conditions\":[" ENTRY("Zebra", "True", "z", "") "," ENTRY("Alpha", "True", "a", "") "]}");
    cond_set(&to, "Middle", COND_TRUE, "m", "x");
    cond_set(&to, COND_READY, COND_FALSE, "r", "x");
    cond_reconciling(&to, "p", "x");
    assert_string_equal(outline(cx, to.status),
                        "Reconciling=True/p Ready=False/r Middle=True/m Zebra=True/z Alpha=True/a");
    cond_set(&to, "Zebra", COND_FALSE, "z2", "x");
    assert_string_equal(outline(cx, to.status),
                        "Reconciling=True/p Ready=False/r Middle=True/m Zebra=False/z2 Alpha=True/a");
}

static void reconciling_and_stalled_exclude_each_other(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct cond_target to = target(cx, "{}");
    cond_reconciling(&to, "Progressing", "busy");
    cond_stalled(&to, "URLInvalid", "no such scheme");
    assert_string_equal(outline(cx, to.status), "Stalled=True/URLInvalid");
    cond_reconciling(&to, "Progressing", "busy");
    assert_string_equal(outline(cx, to.status), "Reconciling=True/Progressing");
    cond_remove(&to, COND_RECONCILING);
    cond_remove(&to, COND_RECONCILING);
    assert_string_equal(outline(cx, to.status), "");
}

static void long_messages_are_cut_between_characters(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct cond_target to = target(cx, "{}");
    struct buf text = buf_new(cx->arena, 100000);
    buf_char(&text, 'x');
    for (int i = 0; i < 20000; i++)
        buf_str(&text, "\xc3\xa9");
    cond_set(&to, COND_READY, COND_FALSE, "r", "%s", buf_text(&text));
    const char *message = cond_message(to.status, COND_READY);
    assert_true(strlen(message) <= 32768 && strlen(message) > 32760);
    assert_true(str_ends(message, "\xc3\xa9..."));
    assert_true(str_is_utf8(message, strlen(message)));
}

static void progress_shows_in_ready_only_when_something_differs(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct cond_target to = target(cx, "{\"conditions\":[" ENTRY("Ready", "True", "R", "m") "]}");
    cond_progress(&to, false, "Progressing", "reconciliation in progress");
    assert_string_equal(outline(cx, to.status), "Reconciling=True/Progressing Ready=True/R");
    cond_progress(&to, true, "NewRevision", "new revision");
    assert_string_equal(outline(cx, to.status), "Reconciling=True/NewRevision Ready=Unknown/NewRevision");
    cond_progress(&to, false, "Progressing", "building artifact");
    assert_string_equal(outline(cx, to.status), "Reconciling=True/Progressing Ready=Unknown/Progressing");
}

static const struct cond_rule git_rules[] = {
    { "StorageOperationFailed", COND_NEGATIVE }, { "FetchFailed", COND_NEGATIVE },
    { "ArtifactOutdated", COND_NEGATIVE },       { "ArtifactInStorage", COND_POSITIVE },
    { "SourceVerified", COND_BIPOLAR },          { COND_STALLED, COND_NEGATIVE },
    { COND_RECONCILING, COND_NEGATIVE },
};
static const struct cond_summary git = { git_rules, ARRAY_LEN(git_rules) };

static void ready_is_computed(void **state)
{
    static const struct {
        const char *conditions;
        const char *ready;
    } rows[] = {
        { ENTRY("ArtifactInStorage", "True", "Succeeded", "stored"), "True/Succeeded/stored" },
        { ENTRY("ArtifactInStorage", "True", "Succeeded", "stored") "," ENTRY("SourceVerified", "True", "V",
                                                                              "v"),
          "True/Succeeded/stored" },
        { ENTRY("ArtifactInStorage", "True", "Succeeded", "stored") "," ENTRY("SourceVerified", "False", "VE",
                                                                              "bad"),
          "False/VE/bad" },
        { ENTRY("Reconciling", "True", "ProgressingWithRetry", "busy") "," ENTRY("FetchFailed", "True",
                                                                                 "Auth", "401"),
          "False/Auth/401" },
        { ENTRY("Reconciling", "True", "ProgressingWithRetry", "busy") "," ENTRY("ArtifactInStorage", "True",
                                                                                 "S", "s"),
          "False/ProgressingWithRetry/busy" },
        { ENTRY("Stalled", "True", "URLInvalid", "bad") "," ENTRY("FetchFailed", "True", "URLInvalid", "url"),
          "False/URLInvalid/url" },
        { ENTRY("ArtifactInStorage", "False", "Gone", "lost") "," ENTRY("FetchFailed", "False", "x", "x"),
          "False/Gone/lost" },
        { ENTRY("ArtifactInStorage", "Unknown", "Wait", "w"), "Unknown/Wait/w" },
        { ENTRY("FetchFailed", "False", "Fine", "f"), "True/Fine/f" },
    };
    struct ctx *cx = unit_cx(state);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct cond_target to = target(cx, str_fmt(cx->arena, "{\"conditions\":[%s]}", rows[i].conditions));
        struct cond c;
        cond_summarize(&to, &git);
        assert_true(cond_find(to.status, COND_READY, &c));
        assert_string_equal(str_fmt(cx->arena, "%s/%s/%s", cond_status_name(c.status), c.reason, c.message),
                            rows[i].ready);
    }
    struct cond_target none = target(cx, "{\"conditions\":[" ENTRY("Foreign", "True", "x", "y") "]}");
    cond_summarize(&none, &git);
    assert_false(cond_has(none.status, COND_READY));
}

static void what_nobody_saw_leaves_no_trace(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct cond_target published = target(cx, "{\"conditions\":[" ENTRY("Ready", "True", "R", "m") "]}");
    struct cond_target to = published;
    to.status = doc_copy(cx->arena, published.status);
    to.generation = 2;
    cond_set(&to, COND_READY, COND_UNKNOWN, "Progressing", "busy");
    cond_set(&to, COND_READY, COND_TRUE, "R", "m");
    cond_settle(cx->arena, to.status, published.status);
    assert_true(doc_equal(to.status, published.status));
    cond_settle(cx->arena, to.status, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(a_condition_is_made),
        UNIT_TEST(the_transition_time_moves_only_with_a_change),
        UNIT_TEST(conditions_are_sorted),
        UNIT_TEST(reconciling_and_stalled_exclude_each_other),
        UNIT_TEST(long_messages_are_cut_between_characters),
        UNIT_TEST(progress_shows_in_ready_only_when_something_differs),
        UNIT_TEST(ready_is_computed),
        UNIT_TEST(what_nobody_saw_leaves_no_trace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
