/*
 * gitclone.h: lists a remote, decides, fetches and checks out: all that touches libgit2.
 *
 * Runs in a confined child (gitfetch.h), which alone parses what a server sends. One connection does it all: the list of
 * references of its first request decides whether there is anything to fetch, and what earlier fetches left in the object's
 * cache (gitcache.h) is not fetched again. Rejected: wanting a pinned commit by its id, which servers that share objects
 * between forks give out though it is on no branch of the repository.
 */
#ifndef GOTK_SOURCE_GITCLONE_H
#define GOTK_SOURCE_GITCLONE_H

#include "source-controller/gitauth.h"
#include "source-controller/gitref.h"
#include "source-controller/gitsparse.h"
#include "source-controller/gitverify.h"

struct gitclone_request {
    const char *url; /* as in spec.url */
    struct git_ref ref;
    struct gitauth auth;
    const char *proxy;         /* NULL: as the environment says */
    const char *last_revision; /* stop when it still stands; NULL: fetch in any case */
    const char *git_dir;       /* where the objects go, if any; need not exist */
    const char *tree_dir;      /* where the files go; empty, or made here */
    struct gitsparse sparse;   /* which files; all zeros: all of them */
    int64_t submodules;        /* how deep to go into submodules; 0: not at all */
    const char *cache_dir;     /* an existing folder for gitcache.h; NULL: fetch all that is needed */
    int64_t cache_max;         /* bytes it may hold */
    const char *verify;        /* a mode of gitverify.h; NULL: signatures do not matter */
    /* Called before anything is fetched, with the revision that will be; may be NULL. */
    int (*found)(struct ctx *cx, void *user, const char *revision);
    /* Gives the keys to verify with; asked once, after the fetch. Needed when `verify` is set. */
    int (*keys)(struct ctx *cx, void *user, struct gitverify_keys *ret);
    void *user;
};

struct gitclone_result {
    bool unchanged; /* last_revision stands: the fields after revision are empty */
    bool empty;     /* the repository has no commit, and a branch was asked for */
    const char *revision;
    const char *commit;
    const char *subject; /* first line of the commit's message, shortened as Flux does */
    struct gitverify_result verified;
};

/* Sets libgit2 up; once per process, before any thread and before children are forked. */
void gitclone_init(void);

/* Does it. Messages begin as those of Flux: "unable to clone '<url>': ...", with credentials in the URL masked. Fails with
 * the codes of gitref.h and http.h; ERR_INVALID for what a repository holds and Git refuses; as gitverify_run, whose
 * messages stay as they are. */
int gitclone_run(struct ctx *cx, const struct gitclone_request *req, struct gitclone_result *ret) MUST_CHECK;

#endif
