/*
 * build.h: from an unpacked artifact to the objects to apply, in a confined child.
 *
 * One job does it all: overlay the spec, run the kustomize engine, substitute variables, drop what is no object of the
 * cluster. The child sees the artifact's tree read-only and no network; what a kustomization names by URL is fetched by
 * the parent on request, within limits.
 */
#ifndef GOTK_KUSTOMIZE_CONTROLLER_BUILD_H
#define GOTK_KUSTOMIZE_CONTROLLER_BUILD_H

#include "libgotk/api/kustomization.h"
#include "libgotk/job/job.h"
#include "libgotk/kustomize/build.h"

/* What a build may fetch by URL: its questions (question.h) are answered here. */
struct build_remote {
    job_answer_fn answer;
    void *user;
    const char *dir; /* the folder that answers lie in, readable by the child; NULL: none */
};

struct build_input {
    const char *root;       /* the artifact's unpacked tree */
    const char *dir;        /* the folder in it, relative or absolute */
    const struct doc *spec; /* the Kustomization's spec; NULL: as `kustomize build` does it */
    struct doc *vars;       /* substitution variables; NULL: no substitution */
    const char *vars_error; /* why the variables could not be had; NULL: they could */
    bool substitute_always; /* substitute although there are no variables (substituteStrategy Always) */
    bool strict;            /* an unset variable is an error */
    const struct build_remote *remote; /* resources named by URL may be fetched; NULL: they may not */
    enum kustomize_reorder reorder;
    bool root_only;  /* files must lie in or below the kustomization that names them */
    bool managed_by; /* add the label that names kustomize */
    bool warn;       /* tell of deprecated fields, on standard error */
    bool want_yaml;  /* give the YAML and nothing else */
    bool want_files; /* give it as one file per object */
};

struct build_output {
    const char *yaml;        /* want_yaml: as `kustomize build` prints it */
    const struct doc *files; /* want_files: texts by file name, as `kustomize build -o DIR`; NULL otherwise */
    const char *digest;      /* "sha256:..." of it, as status.history shows */
    struct doc *objects;     /* what is to be applied: a DOC_ARRAY; Lists expanded, kustomizations dropped */
    bool remote; /* something was fetched from elsewhere: the same input may build to something else */
};

/* The row for job_init. */
extern const struct job build_job;

/* What a Kustomization says of its build; `spec` is the same as its document. Root, folder and variables are left to the
 * caller. */
struct build_input build_input_of(const struct kustomization *ks, const struct doc *spec);

/* Builds in a child; everything in *ret lives in cx->arena. Errors are the engine's own. */
int build_run(struct ctx *cx, const struct build_input *input, struct build_output *ret) MUST_CHECK;

/* The reason of an answer that says that the build starts anew in another executable: the child then keeps to itself what it
 * would have warned of. */
#define BUILD_ELSEWHERE "BuildElsewhere"

/* What a build asked of its parent. */
struct build_questions {
    const struct build_remote *remote; /* NULL: nothing may be fetched */
    bool fetched;                      /* something was asked for */
};

/* Answers one question of a build; a job_answer_fn whose user is a struct build_questions. What is not allowed, the child
 * should not have asked for, and is refused with ERR_DENIED. */
int build_answer(struct ctx *cx, void *user, const struct doc *request, struct doc **ret_answer) MUST_CHECK;

/* Whether what a child handed back has the form it must have: a digest, and objects that each say what they are.
 * ERR_INTERNAL otherwise. build_run checks its output. */
int build_check(struct ctx *cx, const struct doc *output) MUST_CHECK;

#endif
