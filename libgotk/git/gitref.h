/*
 * gitref.h: which commit of a repository a spec.ref means, from the list of its references.
 *
 * Pure functions on what a server advertises; what needs a pack (the date of a tag's commit) is left open in the choice.
 * Order and names follow fluxcd/pkg/git's clone strategies: commit, name, tag, semver, branch. Rejected: upstream's clone
 * before the choice for semver and commits; the list of references is enough to see that nothing changed.
 */
#ifndef GOTK_GIT_GITREF_H
#define GOTK_GIT_GITREF_H

#include "libgotk/api/source.h"

/* One reference as advertised; an annotated tag comes again as "refs/tags/x^{}" with the commit it stands for. */
struct gitref_head {
    const char *name;
    const char *hash; /* 40 hex digits */
};

struct gitref_list {
    const struct gitref_head *at;
    size_t len;
    const char *default_branch; /* "refs/heads/main" when HEAD says so; NULL: unknown */
};

/* A tag whose commit's date decides, because its version equals that of others. */
struct gitref_tie {
    const char *reference;
    const char *hash;
};

struct gitref_choice {
    const char *reference;   /* full name for the revision; NULL: a bare commit */
    const char *hash;        /* the commit */
    bool absolute;           /* the revision shows the full reference (spec.ref.name) */
    const char *fetch;       /* the reference to fetch, or with by_id the commit; NULL: all branches */
    bool by_id;              /* the server may refuse; a commit of a branch can be had with all branches */
    bool shallow;            /* the newest commit of it is enough */
    struct gitref_tie *ties; /* more than one: fetch all of these, the latest committed wins */
    size_t tie_count;
};

/* Decides. Fails with ERR_NOT_FOUND (no such reference, with what there is instead), ERR_INVALID (a range or name that is
 * none). Not for an empty list. */
int gitref_choose(struct ctx *cx, const struct git_ref *ref, const struct gitref_list *list,
                  struct gitref_choice *ret) MUST_CHECK;

/* Decides for a name as `git fetch URL NAME` takes it: a commit of 40 hex digits, a full reference, a tag, a branch; "" is
 * what HEAD stands at. A commit that nothing stands at is to be fetched by its id. ERR_NOT_FOUND with the nearest name. */
int gitref_choose_any(struct ctx *cx, const char *name, const struct gitref_list *list,
                      struct gitref_choice *ret) MUST_CHECK;

/* True for the full name of a commit: 40 hex digits in lower case. */
bool gitref_is_hash(const char *s);

/* What the list says the reference of that full name stands at (a tag object for an annotated tag); NULL: not listed. */
const char *gitref_hash(const struct gitref_list *list, const char *name);

/* "main@sha1:<hash>", "refs/heads/main@sha1:<hash>" when absolute, "sha1:<hash>" without a reference. */
char *gitref_revision(struct arena *a, const char *reference, const char *hash, bool absolute);

/* True when two revisions name the same, in today's spelling or that of Flux before 2.0 ("main/<hash>"). */
bool gitref_same_revision(struct arena *a, const char *one, const char *other);

#endif
