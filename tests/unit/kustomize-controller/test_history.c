/* Upsert of run outcomes: counted up and moved to the front, or added; five at most. */
#include "kustomize-controller/history.h"
#include "libgotk/base/str.h"
#include "tests/unit/lib/unit.h"

static struct doc *upsert(struct ctx *cx, const struct doc *old, const char *digest, const char *status,
                          int64_t at_s)
{
    struct history_outcome outcome = { .digest = digest,
                                       .status = status,
                                       .took = "1.5s",
                                       .finished_ns = at_s * 1000000000,
                                       .revision = "main@sha1:1" };
    return history_upsert(cx->arena, old, &outcome);
}

static int64_t total(const struct doc *entry)
{
    int64_t n = -1;
    doc_get_int(doc_find(entry, "totalReconciliations"), &n);
    return n;
}

static void counts_the_same_outcome_up(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct doc *h = upsert(cx, NULL, "sha256:a", "ReconciliationSucceeded", 1000);
    h = upsert(cx, h, "sha256:b", "ReconciliationSucceeded", 2000);
    h = upsert(cx, h, "sha256:a", "ReconciliationSucceeded", 3000);
    assert_int_equal(doc_len(h), 2);
    assert_string_equal(doc_text_at(doc_at(h, 0), "digest"), "sha256:a");
    assert_int_equal(total(doc_at(h, 0)), 2);
    assert_string_equal(doc_text_at(doc_at(h, 0), "firstReconciled"), "1970-01-01T00:16:40Z");
    assert_string_equal(doc_text_at(doc_at(h, 0), "lastReconciled"), "1970-01-01T00:50:00Z");
    assert_string_equal(doc_text_at(doc_at(h, 0), "lastReconciledDuration"), "1.5s");
    assert_string_equal(doc_text_at(doc_at(h, 0), "metadata", "revision"), "main@sha1:1");
    assert_null(doc_path(doc_at(h, 0), "metadata", "originRevision"));
}

static void the_same_build_with_another_outcome_is_a_new_entry(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct doc *h = upsert(cx, NULL, "sha256:a", "PruneFailed", 1000);
    h = upsert(cx, h, "sha256:a", "ReconciliationSucceeded", 2000);
    assert_int_equal(doc_len(h), 2);
    assert_int_equal(total(doc_at(h, 0)), 1);
    assert_string_equal(doc_text_at(doc_at(h, 1), "lastReconciledStatus"), "PruneFailed");
}

static void keeps_the_last_five(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct doc *h = NULL;
    for (int i = 0; i < 9; i++)
        h = upsert(cx, h, str_fmt(cx->arena, "sha256:%d", i), "ReconciliationSucceeded", 1000 + i);
    assert_int_equal(doc_len(h), 5);
    assert_string_equal(doc_text_at(doc_at(h, 0), "digest"), "sha256:8");
    assert_string_equal(doc_text_at(doc_at(h, 4), "digest"), "sha256:4");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(counts_the_same_outcome_up),
        UNIT_TEST(the_same_build_with_another_outcome_is_a_new_entry),
        UNIT_TEST(keeps_the_last_five),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
