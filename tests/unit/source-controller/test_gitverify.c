/* spec.verify: modes, when it is due, what a child's result must look like, and a tag that leads elsewhere. */
#include "libgotk/base/str.h"
#include "source-controller/gitverify.h"
#include "tests/unit/lib/unit.h"

#include <git2/commit.h>
#include <git2/odb.h>
#include <git2/oid.h>
#include <git2/repository.h>
#include <git2/signature.h>
#include <git2/tag.h>
#include <git2/tree.h>

#define COMMIT "0123456789abcdef0123456789abcdef01234567"

static const struct {
    const char *mode;
    const char *observed;
    bool due;
} modes[] = {
    { "HEAD", NULL, true },
    { "HEAD", "HEAD", false },
    { "HEAD", "Tag", true },
    { "HEAD", "TagAndHEAD", false },
    { "head", "HEAD", false },
    { "Tag", "HEAD", true },
    { "Tag", "TagAndHEAD", false },
    { "TagAndHEAD", "HEAD", true },
    { "TagAndHEAD", "Tag", true },
    { "Tag", NULL, true },
    { "TagAndHEAD", "TagAndHEAD", false },
    { "Tag", "Tag", false },
};

static void more_than_was_verified_is_due(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(modes); i++)
        assert_int_equal(gitverify_is_due(gitverify_mode(modes[i].mode), modes[i].observed), modes[i].due);
}

static void a_result_has_the_form_its_mode_asks_for(void **state)
{
    const struct gitverify_result head = { .commit = COMMIT, .commit_key = "SHA256:x" };
    const struct gitverify_result tag = { .tag = "v1@" COMMIT, .tag_key = "0123456789ABCDEF" };
    struct gitverify_result both = tag;
    (void)state;
    both.commit = COMMIT;
    both.commit_key = "k";
    assert_true(gitverify_makes_sense("HEAD", COMMIT, &head) && gitverify_makes_sense("Tag", COMMIT, &tag));
    assert_true(gitverify_makes_sense("TagAndHEAD", COMMIT, &both));
    assert_false(gitverify_makes_sense("TagAndHEAD", COMMIT, &head));
    assert_false(gitverify_makes_sense("TagAndHEAD", COMMIT, &tag));
    assert_false(gitverify_makes_sense("Tag", COMMIT, &head) || gitverify_makes_sense("HEAD", COMMIT, &tag));
    assert_false(gitverify_makes_sense("HEAD", "another", &head));
    both.commit_key = "a b";
    assert_false(gitverify_makes_sense("HEAD", COMMIT, &both));
    both.commit_key = "";
    assert_false(gitverify_makes_sense("HEAD", COMMIT, &both));
    both.tag = "v1\nREADY";
    assert_false(gitverify_makes_sense("Tag", COMMIT, &both));
}

/* A repository of two commits and a tag object with an armor that leads to the first. */
static void make_repository(struct ctx *cx, git_repository **repo, git_oid commits[2], git_oid *tag)
{
    git_signature *who;
    git_treebuilder *builder;
    git_tree *tree;
    git_oid tree_id;
    git_odb *odb;
    char hash[41];
    assert_int_equal(git_repository_init(repo, unit_tmpdir(cx), 1), 0);
    assert_int_equal(git_signature_new(&who, "rig", "rig@example.com", 1700000000, 0), 0);
    assert_int_equal(git_treebuilder_new(&builder, *repo, NULL), 0);
    assert_int_equal(git_treebuilder_write(&tree_id, builder), 0);
    assert_int_equal(git_tree_lookup(&tree, *repo, &tree_id), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(
            git_commit_create(&commits[i], *repo, NULL, who, who, NULL, i ? "two" : "one", tree, 0, NULL), 0);
    git_oid_tostr(hash, sizeof(hash), &commits[0]);
    const char *text =
        str_fmt(cx->arena,
                "object %s\ntype commit\ntag v1\ntagger rig <r@e> 1700000000 +0000\n\nrelease\n"
                "-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----\n",
                hash);
    assert_int_equal(git_repository_odb(&odb, *repo), 0);
    assert_int_equal(git_odb_write(tag, odb, text, strlen(text), GIT_OBJECT_TAG), 0);
    git_odb_free(odb);
    git_tree_free(tree);
    git_treebuilder_free(builder);
    git_signature_free(who);
}

static void run_tag(struct ctx *cx, git_repository *repo, const git_oid *commit, const git_oid *tag,
                    const char *reason, const char *message)
{
    static const char *keys[] = { "" };
    const struct gitverify_keys given = { .ssh = keys, .ssh_count = 1 };
    char hash[41], tag_hash[41];
    struct gitverify_result result;
    git_oid_tostr(hash, sizeof(hash), commit);
    git_oid_tostr(tag_hash, sizeof(tag_hash), tag);
    const struct gitclone_subject subject = { repo, hash, "refs/tags/v1", tag_hash };
    assert_true(gitverify_run(cx, "Tag", &given, &subject, &result) < 0);
    assert_string_equal(err_reason_of(cx), reason);
    assert_error(cx, ERR_INVALID, message);
}

static void a_tag_must_lead_to_the_commit_itself(void **state)
{
    struct ctx *cx = unit_cx(state);
    git_repository *repo;
    git_oid commits[2], tag;
    gitclone_init();
    make_repository(cx, &repo, commits, &tag);
    run_tag(cx, repo, &commits[0], &tag, "InvalidTagSignature", "unable to unarmor SSH signature");
    run_tag(cx, repo, &commits[1], &tag, "InvalidTagSignature", "not to commit");
    run_tag(cx, repo, &commits[0], &commits[0], "InvalidGitObject",
            "signature of tag 'v1' since it is not signed");
    git_repository_free(repo);
}

static void a_reference_that_is_no_tag_is_refused(void **state)
{
    struct ctx *cx = unit_cx(state);
    const struct gitverify_keys none = { 0 };
    struct gitverify_result result;
    static const char *const references[] = { NULL, "refs/heads/main", "refs/pull/1/head" };
    for (size_t i = 0; i < ARRAY_LEN(references); i++) {
        const struct gitclone_subject subject = { NULL, COMMIT, references[i], NULL };
        assert_true(gitverify_run(cx, "TagAndHEAD", &none, &subject, &result) < 0);
        assert_string_equal(err_reason_of(cx), "InvalidVerificationMode");
        err_clear(cx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(more_than_was_verified_is_due),
        UNIT_TEST(a_result_has_the_form_its_mode_asks_for),
        UNIT_TEST(a_tag_must_lead_to_the_commit_itself),
        UNIT_TEST(a_reference_that_is_no_tag_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
