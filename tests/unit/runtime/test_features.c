/*
 * test_features.c: feature gates from the command line.
 */
#include "libgotk/runtime/features.h"
#include "tests/unit/lib/unit.h"

static const struct feature rows[] = {
    { "StrictPostBuildSubstitutions", true, "" },
    { "ExternalArtifact", false, "" },
    { NULL, false, NULL },
};

static void gates_have_defaults(void **state)
{
    struct ctx *cx = unit_cx(state);
    const struct features *f;
    assert_ok(cx, features_parse(cx, rows, NULL, 0, &f));
    assert_true(features_on(f, "StrictPostBuildSubstitutions"));
    assert_false(features_on(f, "ExternalArtifact"));
}

static void gates_are_switched(void **state)
{
    struct ctx *cx = unit_cx(state);
    const struct features *f;
    const char *const words[] = { "ExternalArtifact=true", "", " StrictPostBuildSubstitutions = False" };
    assert_ok(cx, features_parse(cx, rows, words, ARRAY_LEN(words), &f));
    assert_false(features_on(f, "StrictPostBuildSubstitutions"));
    assert_true(features_on(f, "ExternalArtifact"));
}

static void mistakes_are_named(void **state)
{
    static const struct {
        const char *word;
        const char *message;
    } mistakes[] = {
        { "ExternalArtefact=true",
          "feature-gate 'ExternalArtefact' not supported (did you mean 'ExternalArtifact'?)" },
        { "Nonsense=true", "feature-gate 'Nonsense' not supported" },
        { "ExternalArtifact", "write Name=true or Name=false" },
        { "ExternalArtifact=yes", "'yes' is neither true nor false" },
    };
    struct ctx *cx = unit_cx(state);
    const struct features *f;
    for (size_t i = 0; i < ARRAY_LEN(mistakes); i++) {
        int rc = features_parse(cx, rows, &mistakes[i].word, 1, &f);
        assert_error(cx, rc, mistakes[i].message);
    }
}

static void a_program_may_have_none(void **state)
{
    struct ctx *cx = unit_cx(state);
    const struct features *f;
    const char *word = "Any=true";
    assert_ok(cx, features_parse(cx, NULL, NULL, 0, &f));
    assert_int_equal(features_parse(cx, NULL, &word, 1, &f), ERR_INVALID);
    assert_error(cx, ERR_INVALID, "feature-gate 'Any' not supported");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(gates_have_defaults),
        UNIT_TEST(gates_are_switched),
        UNIT_TEST(mistakes_are_named),
        UNIT_TEST(a_program_may_have_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
