/*
 * build.h: kustomize build, as a library without a cluster.
 *
 * kustomize_build reads a kustomization and everything it leads to, and gives the resources kustomize 5.8.1 would print,
 * in its order. Nothing outside `root` is ever read, links included; what is remote comes through the caller's `fetch` and
 * `clone`, so that the build itself can run in a confined child without a network. One call, one thread; everything lives in
 * cx->arena. What this version does not offer is refused by name, never ignored.
 */
#ifndef GOTK_KUSTOMIZE_BUILD_H
#define GOTK_KUSTOMIZE_BUILD_H

#include "libgotk/base/buf.h"
#include "libgotk/doc/doc.h"

struct repospec;

enum kustomize_reorder {
    KUSTOMIZE_REORDER_NONE,        /* the order of the kustomization files: what Flux does */
    KUSTOMIZE_REORDER_LEGACY,      /* namespaces first, webhooks last */
    KUSTOMIZE_REORDER_UNSPECIFIED, /* nobody asked: the same, the default of `kustomize build` */
};

struct kustomize_options {
    const char *root; /* absolute folder that nothing may leave */
    const char
        *dir; /* the folder to build: relative to root, absolute inside it, or a Git repository's URL */
    bool allow_remote; /* files and Git repositories named by URL may be fetched */
    /* Appends the body behind a URL to *ret_body; errors carry the HTTP status in cx->err.http_status. */
    int (*fetch)(struct ctx *cx, void *user, const char *url, struct buf *ret_body);
    /* Gives the folder (absolute, no links in it) that the repository's files are in until the build ends. */
    int (*clone)(struct ctx *cx, void *user, const struct repospec *spec, const char **ret_dir);
    /* Told about deprecated fields and options that do not count, one line each without a newline; may be NULL. */
    void (*warn)(void *user, const char *line);
    void *user;
    enum kustomize_reorder reorder;
    bool
        root_only; /* files must lie in or below the kustomization that names them (--load-restrictor's default) */
    /* The kustomization of `dir` itself, in the place of its file (kustomize_generate); NULL: the file is read. */
    const struct doc *file;
    bool
        schema_alone; /* an own schema (openapi.path) stands instead of the built-in one, as for `kustomize build`; false:
                        * beside it, as in Flux */
    bool managed_by; /* add the label app.kubernetes.io/managed-by (--enable-managedby-label) */
};

/* Builds options->dir. *ret_resources is an array of documents in output order. Messages read as upstream's, with the
 * file, line and column where there is one. ERR_INVALID for wrong input, ERR_NOT_FOUND, ERR_DENIED for what leaves the
 * root, ERR_UNSUPPORTED for what this version does not offer. */
int kustomize_build(struct ctx *cx, const struct kustomize_options *options,
                    struct doc **ret_resources) MUST_CHECK;

/* Appends the resources as `kustomize build` prints them: YAML documents joined by "---". */
void kustomize_print(struct buf *out, const struct doc *resources);

/* Appends one of them, and the "---" before it unless it is the first. */
void kustomize_print_one(struct buf *out, const struct doc *resource, bool first);

#endif
