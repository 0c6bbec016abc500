/* What a build's child hands back or asks for is checked before it is believed. */
#include "kustomize-controller/build.h"
#include "kustomize-controller/clone.h"
#include "kustomize-controller/question.h"
#include "kustomize-controller/remote.h"
#include "libgotk/base/str.h"
#include "libgotk/doc/json.h"
#include "tests/unit/lib/unit.h"

#define DIGEST "\"digest\":\"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\""

static int check(struct ctx *cx, const char *text)
{
    struct doc *d;
    assert_ok(cx, json_parse(cx, text, strlen(text), "output", &d));
    return build_check(cx, d);
}

static void whole_outputs_are_believed(void **state)
{
    struct ctx *cx = unit_cx(state);
    assert_ok(cx, check(cx, "{" DIGEST ",\"objects\":[]}"));
    assert_ok(cx, check(cx, "{" DIGEST ",\"objects\":[{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\","
                            "\"metadata\":{\"name\":\"a\"}}]}"));
}

static void others_are_not(void **state)
{
    static const char *const outputs[] = {
        "[]",
        "null",
        "{" DIGEST "}",
        "{\"objects\":[]}",
        "{\"digest\":\"md5:0\",\"objects\":[]}",
        "{" DIGEST ",\"objects\":{}}",
        "{" DIGEST ",\"objects\":[1]}",
        "{" DIGEST ",\"objects\":[{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\"}]}",
        "{" DIGEST ",\"objects\":[{\"apiVersion\":\"v1\",\"kind\":7,\"metadata\":{\"name\":\"a\"}}]}",
    };
    struct ctx *cx = unit_cx(state);
    for (size_t i = 0; i < ARRAY_LEN(outputs); i++) {
        assert_int_equal(check(cx, outputs[i]), ERR_INTERNAL);
        assert_error(cx, ERR_INTERNAL, "makes no sense");
    }
}

static void the_parent_too_refuses_remote_resources(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct build_questions questions = { 0 };
    struct remote_use use = { 0 };
    struct doc *question = question_of_file(cx->arena, "http://127.0.0.1:1/"), *answer;
    assert_int_equal(build_answer(cx, &questions, question, &answer), ERR_DENIED);
    assert_error(cx, ERR_DENIED, "not allowed");
    assert_true(questions.fetched);
    assert_int_equal(remote_answer(cx, &use, doc_object(cx->arena), &answer), ERR_INVALID);
    assert_error(cx, ERR_INVALID, "without a URL");
}

static void a_clone_is_believed_when_it_makes_sense(void **state)
{
    static const char commit[] = "0123456789abcdef0123456789abcdef01234567";
    static const char *known[] = { "1111111111111111111111111111111111111111", commit };
    static const struct {
        struct clone_result result;
        size_t known;
        bool sane;
    } rows[] = {
        { { commit, false }, 0, true },  { { commit, true }, 2, true },
        { { commit, true }, 1, false },  { { NULL, false }, 0, false },
        { { "main", false }, 0, false }, { { "../../etc/passwd", true }, 2, false },
    };
    struct ctx *cx = unit_cx(state);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct clone_request request = { .known = known, .known_count = rows[i].known };
        assert_int_equal(clone_check(cx, &request, &rows[i].result), rows[i].sane ? 0 : ERR_INTERNAL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(whole_outputs_are_believed),
        UNIT_TEST(others_are_not),
        UNIT_TEST(the_parent_too_refuses_remote_resources),
        UNIT_TEST(a_clone_is_believed_when_it_makes_sense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
