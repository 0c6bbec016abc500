/*
 * gitsubmodule.h: spec.recurseSubmodules: the repositories a commit links to, checked out in their places.
 *
 * Runs in the child of a fetch, after its files were written. A .gitmodules is a stranger's: its addresses may be http,
 * https or ssh, or relative to the repository's own; places must be links (commits) of the tree and cannot lead out of
 * it. Passwords, tokens and client certificates go to the host of spec.url only, where go-git sends them to whatever
 * host is named, so that who may push could collect them; an SSH key is used for each host in known_hosts. Nested ten deep, as go-git. Rejected: libgit2's git_submodule, which
 * wants a work tree with a .git and writes configuration.
 */
#ifndef GOTK_GIT_GITSUBMODULE_H
#define GOTK_GIT_GITSUBMODULE_H

#include "libgotk/git/gitclone.h"

struct git_commit;

#define GITSUBMODULE_DEPTH 10

/* The address a submodule is fetched from, given its repository's: relative ones are resolved, "git@host:path" becomes
 * an ssh URL. ERR_INVALID for a path of the machine or anything that is no such URL. */
int gitsubmodule_url(struct ctx *cx, const char *base, const char *url, const char **ret) MUST_CHECK;

/* Whom to be towards a submodule: as towards the repository on the same host, nobody elsewhere. ERR_INVALID for an ssh
 * address when there is no key. */
int gitsubmodule_auth(struct ctx *cx, const char *base, const char *url, const struct gitauth *auth,
                      struct gitauth *ret) MUST_CHECK;

/* Fetches the submodules of `commit`, whose files are in top->tree_dir. Fails as gitclone_run, "submodule '<path>': ". */
int gitsubmodule_update(struct ctx *cx, const struct gitclone_request *top,
                        struct git_commit *commit) MUST_CHECK;

#endif
