/*
 * kload.h: the files of a build: one folder per kustomization, all inside one root, or inside a clone of a repository.
 *
 * A loader stands in a folder and remembers who sent it there, which is how cycles are found and how messages can say
 * "overlays/prod -> base". Paths are shown relative to the root. Everything is opened by openat2 below the root's
 * descriptor. One build, one thread.
 */
#ifndef GOTK_KUSTOMIZE_KLOAD_H
#define GOTK_KUSTOMIZE_KLOAD_H

#include "libgotk/base/buf.h"
#include "libgotk/kustomize/build.h"

struct kload {
    const struct kload *parent;
    const struct kustomize_options *options;
    const char *root; /* the root's real path; in a clone, the clone's */
    int rootfd;
    const char *dir; /* of this loader, relative to the root, links resolved; "." for the root itself */
    const struct repospec *repo; /* what the root is a clone of; NULL: the build's own root */
    bool root_only;              /* files must lie in or below dir */
};

/* A loader for options->dir; the root's descriptor closes with the arena. */
int kload_open(struct ctx *cx, const struct kustomize_options *options, struct kload **ret) MUST_CHECK;

/* A loader for the folder `path`, as a base or component is named in a kustomization of `from`: a Git repository is
 * cloned. */
int kload_enter(struct ctx *cx, const struct kload *from, const char *path, struct kload **ret) MUST_CHECK;

/* Reads a file or http(s) URL as named in a kustomization of `from`, at most 64 MiB. */
int kload_read(struct ctx *cx, const struct kload *from, const char *path, struct buf *ret_text) MUST_CHECK;

/* True when the file can be opened. */
bool kload_exists(struct ctx *cx, const struct kload *from, const char *path);

/* How to show a file of this loader's folder: relative to the root; in a clone with the repository in front. */
const char *kload_show(struct arena *a, const struct kload *from, const char *path);

/* "overlays/prod -> base": the folders that led here. */
const char *kload_trail(struct arena *a, const struct kload *from);

/* True for http:// and https:// URLs, which are tried as files first. */
bool kload_is_remote(const char *path);

/* How to show the loader's folder itself. */
const char *kload_name(struct arena *a, const struct kload *l);

/* What a folder without a kustomization file holds instead, for messages: " (it holds a.yaml, b)", or "". */
const char *kload_names(struct ctx *cx, const struct kload *l);

/* Joins and cleans two paths without looking at the disk; a result that leaves the root starts with "..". */
const char *kload_join(struct arena *a, const char *dir, const char *path);

#endif
