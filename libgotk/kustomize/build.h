/*
 * build.h: what `kustomize build` does, on a tree that nobody may leave and nobody changes.
 *
 * The whole engine behind one call: load the kustomization of a folder and everything it names, run generators and
 * transformers in upstream's order, resolve names, return the resources in output order. Nothing is written: a folder's
 * kustomization can be given in memory (options.kustomization), because trees are shared between builds. Runs in a
 * confined job child; what lies on other hosts comes through options.fetch. Any thread, no process-wide state.
 */
#ifndef GOTK_KUSTOMIZE_BUILD_H
#define GOTK_KUSTOMIZE_BUILD_H

#include "libgotk/base/buf.h"
#include "libgotk/doc/doc.h"

struct kustomize_options {
    const char *root; /* absolute folder; symbolic links are resolved inside it, nothing outside is read */
    const char *dir;  /* the folder to build, relative to root ("." for root itself) */
    const struct doc *kustomization; /* used in place of dir's own kustomization file; NULL: read the file */
    /* Fetches an http(s) URL named as a resource; fails with a message that names URL and status. NULL: remote
     * resources are refused. */
    int (*fetch)(struct ctx *cx, void *user, const char *url, struct buf *ret_text);
    void *user;
};

/* Builds and returns the resources as a DOC_ARRAY in cx->arena, in output order. ERR_INVALID names file, line, field and
 * the way of kustomizations that led there ("overlays/prod -> base"). */
int kustomize_build(struct ctx *cx, const struct kustomize_options *options,
                    struct doc **ret_resources) MUST_CHECK;

/* Appends the resources as `kustomize build` prints them: YAML documents joined by "---". */
void kustomize_print(struct buf *out, const struct doc *resources);

#endif
