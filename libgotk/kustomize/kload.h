/*
 * kload.h: the files of a build: one folder per kustomization, all inside one root.
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
    const char *root; /* the root's real path */
    int rootfd;
    const char *dir; /* of this loader, relative to the root, links resolved; "." for the root itself */
};

/* A loader for options->dir; the root's descriptor closes with the arena. */
int kload_open(struct ctx *cx, const struct kustomize_options *options, struct kload **ret) MUST_CHECK;

/* A loader for the folder `path`, as a base or component is named in a kustomization of `from`. */
int kload_enter(struct ctx *cx, const struct kload *from, const char *path, struct kload **ret) MUST_CHECK;

/* Reads a file or http(s) URL as named in a kustomization of `from`, at most 64 MiB. */
int kload_read(struct ctx *cx, const struct kload *from, const char *path, struct buf *ret_text) MUST_CHECK;

/* True when the file can be opened. */
bool kload_exists(struct ctx *cx, const struct kload *from, const char *path);

/* How to show a file of this loader's folder: relative to the root. */
const char *kload_show(struct arena *a, const struct kload *from, const char *path);

/* "overlays/prod -> base": the folders that led here. */
const char *kload_trail(struct arena *a, const struct kload *from);

/* True for http:// and https:// URLs. */
bool kload_is_remote(const char *path);

/* True for what kustomize would clone as a Git repository. */
bool kload_is_git(const char *path);

/* Joins and cleans two paths without looking at the disk; a result that leaves the root starts with "..". */
const char *kload_join(struct arena *a, const char *dir, const char *path);

#endif
