/*
 * ktarget.h: one kustomization file on its way to resources.
 *
 * A target is a folder with its checked kustomization file. ktarget_accumulate runs it: resources, generators,
 * components, transformers, validators, and hands the result up. What has to wait for the very end (hashes, name
 * references, variables, order) is build.c's. One build, one thread.
 */
#ifndef GOTK_KUSTOMIZE_KTARGET_H
#define GOTK_KUSTOMIZE_KTARGET_H

#include "libgotk/kustomize/kload.h"
#include "libgotk/kustomize/openapi.h"
#include "libgotk/kustomize/origin.h"
#include "libgotk/kustomize/resmap.h"
#include "libgotk/kustomize/tconfig.h"

/* What all targets of one build share. */
struct ktarget_build {
    const struct kustomize_options *options;
    const struct tconfig *defaults;
    struct openapi *openapi; /* the build's own schema; NULL: only what is built in */
    bool openapi_set;        /* the first kustomization that names a schema decides */
    bool track_origin;       /* the top level asked for build metadata */
};

struct ktarget {
    struct ktarget_build *build;
    const struct kload *load;
    struct doc *file;      /* the kustomization, checked */
    const char *file_name; /* e.g. "kustomization.yaml" */
    struct origin origin;
};

/* A variable, and the kustomization file and line that declare it. */
struct var {
    const struct doc *d;
    const char *place;
};

VEC_NAMED(vars, struct var);

/* What a kustomization and all it includes come to. */
struct ktarget_result {
    struct resmap map;
    const struct tconfig *config; /* NULL: nothing yet */
    struct vars vars;             /* variables declared so far */
};

/* An empty result. */
struct ktarget_result ktarget_result_new(struct arena *a);

/* Reads the kustomization file in the loader's folder; at the top, options->file may stand for it. */
int ktarget_load(struct ctx *cx, struct ktarget_build *build, const struct kload *l,
                 struct ktarget *ret) MUST_CHECK;

/* Adds everything the target stands for to *result (a component works on what is there already). */
int ktarget_accumulate(struct ctx *cx, struct ktarget *t, struct ktarget_result *result) MUST_CHECK;

/* Reads `paths` (a list of files, folders, URLs, or with `inline_too` resources as text) into *result. */
int ktarget_accumulate_paths(struct ctx *cx, struct ktarget *t, const struct doc *paths, bool inline_too,
                             struct ktarget_result *result) MUST_CHECK;

#endif
