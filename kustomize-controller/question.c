/*
 * question.c: see question.h. Any thread, no state.
 */
#include "kustomize-controller/question.h"

#include "libgotk/base/str.h"
#include "libgotk/doc/decode.h"

static const struct field repospec_fields[] = {
    FIELD(struct repospec, host, "host", FIELD_REQUIRED),
    FIELD(struct repospec, repo, "repo", FIELD_REQUIRED),
    FIELD(struct repospec, ref, "ref", 0),
    FIELD(struct repospec, timeout_ms, "timeout", FIELD_REQUIRED),
    FIELD(struct repospec, submodules, "submodules", 0),
    FIELD_END,
};

struct doc *question_of_file(struct arena *a, const char *url)
{
    struct doc *question = doc_object(a);
    doc_set_text(a, question, "url", url);
    return question;
}

struct doc *question_of_repository(struct arena *a, const struct repospec *spec)
{
    struct doc *question = doc_object(a);
    doc_set(a, question, "repository", encode_struct(a, repospec_fields, spec));
    return question;
}

int question_repository(struct ctx *cx, const struct doc *repository, struct repospec *ret)
{
    struct repospec spec = { 0 };
    if (decode_struct(cx, repository, repospec_fields, "", &spec) < 0)
        return err_code(cx);
    spec.ref = str_or(spec.ref, "");
    if (spec.timeout_ms <= 0)
        return err_fail(cx, ERR_INVALID, "the build gave a repository no time");
    *ret = spec;
    return 0;
}
