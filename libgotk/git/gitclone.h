/*
 * gitclone.h: lists a remote, decides, fetches and checks out: all that touches libgit2.
 *
 * Runs in a confined child, which alone parses what a server sends. One connection does it all: the list of
 * references of its first request decides whether there is anything to fetch, and what earlier fetches left in the object's
 * cache (gitcache.h) is not fetched again. Rejected: wanting a pinned commit by its id, which servers that share objects
 * between forks give out though it is on no branch of the repository. Only what is linked in by the program comes along: SSH
 * and the verification of signatures are functions of the request, so that a controller without them carries no
 * library for them.
 */
#ifndef GOTK_GIT_GITCLONE_H
#define GOTK_GIT_GITCLONE_H

#include "libgotk/git/gitauth.h"
#include "libgotk/git/gitref.h"
#include "libgotk/git/gitsparse.h"

struct git_repository;

/* A commit that was fetched, for who verifies it. */
struct gitclone_subject {
    struct git_repository *repo;
    const char *commit;    /* hash */
    const char *reference; /* full name; NULL: none */
    const char *tag;       /* what a tag's reference stands at: the hash of a tag object, or of the commit */
};

/* How much a repository may bring with all its submodules; zero: no limit but the job's. */
struct gitclone_limits {
    int64_t received; /* bytes over the network */
    int64_t files;    /* that are written */
    int64_t written;  /* bytes in them */
    const char *time; /* what sets the time it may take, for messages; NULL: spec.timeout */
};

/* How much of that has come. */
struct gitclone_used {
    int64_t received;
    int64_t files;
    int64_t written;
};

struct gitclone_request {
    const char *url; /* as in spec.url */
    struct git_ref ref;
    const char *name;   /* instead of `ref`, as gitref_choose_any takes it; NULL: `ref` counts */
    const char **known; /* commits that are there already: to be found, not fetched */
    size_t known_count;
    struct gitauth auth;
    const char *proxy;         /* NULL: as the environment says */
    const char *last_revision; /* stop when it still stands; NULL: fetch in any case */
    const char *git_dir;       /* where the objects go, if any; need not exist */
    const char *tree_dir;      /* where the files go; empty, or made here */
    struct gitsparse sparse;   /* which files; all zeros: all of them */
    int64_t submodules;        /* how deep to go into submodules; 0: not at all */
    const char *cache_dir;     /* an existing folder for gitcache.h; NULL: fetch all that is needed */
    int64_t cache_max;         /* bytes it may hold */
    const struct gittransport_ssh *ssh; /* how ssh:// addresses are spoken to; NULL: not at all */
    struct gitclone_limits limits;
    struct gitclone_used *used; /* of the limits, by whose submodule it is; NULL: nothing yet */
    /* Called before anything is fetched, with the revision that will be; may be NULL. */
    int (*found)(struct ctx *cx, void *user, const char *revision);
    /* Decides on a fetched commit before any of its files is written; its errors stay as they are. May be NULL. */
    int (*verify)(struct ctx *cx, void *user, const struct gitclone_subject *subject);
    void *user;
};

struct gitclone_result {
    bool unchanged; /* last_revision stands, or it is a known commit: the fields after revision are empty */
    bool empty;     /* the repository has no commit, and a branch was asked for */
    const char *revision;
    const char *commit;
    const char *subject; /* first line of the commit's message, shortened as Flux does */
};

/* Sets libgit2 up; once per process, before any thread and before children are forked. */
void gitclone_init(void);

/* Does it. Messages begin as those of Flux: "unable to clone '<url>': ...", with credentials in the URL masked. Fails with
 * the codes of gitref.h and http.h; ERR_INVALID for what a repository holds and Git refuses; as the request's `verify`. */
int gitclone_run(struct ctx *cx, const struct gitclone_request *req, struct gitclone_result *ret) MUST_CHECK;

#endif
