/*
 * gitobserved.c: compares and writes the observations in a status; see gitobserved.h.
 */
#include "source-controller/gitobserved.h"

#include "libgotk/base/str.h"

/* spec.verify with a mode that was not verified yet. */
static bool must_verify(const struct git_run *r)
{
    const struct git_verify *verify = r->repo.spec.verify;
    return verify && gitverify_is_due(gitverify_mode(verify->mode), r->repo.status.source_verification_mode);
}

static bool sparse_changed(const struct git_run *r)
{
    const struct gitrepository_spec *spec = &r->repo.spec;
    const struct gitrepository_status *status = &r->repo.status;
    if (spec->sparse_checkout_count != status->observed_sparse_checkout_count)
        return true;
    for (size_t i = 0; i < spec->sparse_checkout_count; i++)
        if (!str_eq(spec->sparse_checkout[i], status->observed_sparse_checkout[i]))
            return true;
    return false;
}

static bool same_include(const struct git_include *a, const struct git_include *b)
{
    return str_eq(a->repository.name, b->repository.name) &&
           str_eq(str_or(a->from_path, ""), str_or(b->from_path, "")) &&
           str_eq(str_or(a->to_path, ""), str_or(b->to_path, ""));
}

static bool includes_changed(const struct git_run *r)
{
    const struct gitrepository_spec *spec = &r->repo.spec;
    const struct gitrepository_status *status = &r->repo.status;
    if (spec->include_count != status->observed_include_count ||
        spec->include_count != status->included_artifacts_count)
        return true;
    for (size_t i = 0; i < spec->include_count; i++) {
        const struct artifact *now = &r->included[i], *then = &status->included_artifacts[i];
        if (!same_include(&spec->include[i], &status->observed_include[i]) ||
            !str_eq(now->revision, then->revision) || !str_eq(now->digest, then->digest))
            return true;
    }
    return false;
}

bool gitobserved_changed(const struct git_run *r)
{
    const struct gitrepository_spec *spec = &r->repo.spec;
    const struct gitrepository_status *status = &r->repo.status;
    return !str_eq(spec->ignore, status->observed_ignore) ||
           spec->recurse_submodules != status->observed_recurse_submodules || sparse_changed(r) ||
           includes_changed(r) || must_verify(r);
}

void gitobserved_write(struct ctx *cx, struct git_run *r, const struct artifact *artifact)
{
    static const char *const names[] = { "artifact", "includedArtifacts", "observedRecurseSubmodules",
                                         "observedInclude", "observedSparseCheckout" };
    const struct gitrepository_spec *spec = &r->repo.spec;
    struct artifact stored = *artifact;
    const struct gitrepository_status observed = {
        .artifact = &stored,
        .included_artifacts = r->included,
        .included_artifacts_count = spec->include_count,
        .observed_recurse_submodules = spec->recurse_submodules,
        .observed_include = spec->include,
        .observed_include_count = spec->include_count,
        .observed_sparse_checkout = spec->sparse_checkout,
        .observed_sparse_checkout_count = spec->sparse_checkout_count,
    };
    const struct doc *all = encode_struct(cx->arena, gitrepository_status_fields, &observed);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const struct doc *value = doc_find(all, names[i]);
        doc_remove(r->run.status, names[i]);
        if (value)
            doc_set(cx->arena, r->run.status, names[i], doc_copy(cx->arena, value));
    }
    doc_remove(r->run.status, "observedIgnore");
    doc_set_text(cx->arena, r->run.status, "observedIgnore", spec->ignore);
}
