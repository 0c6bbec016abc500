/*
 * gitfetch.h: from a repository's URL to an archive, in a confined child.
 *
 * One job does all that touches a stranger's data: list references, fetch, check out, apply ignore rules, pack. The child may
 * write in two folders only and has no cluster access; the parent takes over one file and checks that it is one
 * (storage.h). Rejected: a job per stage, which would hand half-made trees from child to child.
 */
#ifndef GOTK_SOURCE_GITFETCH_H
#define GOTK_SOURCE_GITFETCH_H

#include "libgotk/git/gitclone.h"
#include "libgotk/job/job.h"
#include "source-controller/gitinclude.h"
#include "source-controller/gitverify.h"

struct gitfetch_request {
    /* git_dir is made here; tree_dir too when it is NULL; what is in cache_dir goes when it is harmful */
    struct gitclone_request clone;
    int64_t timeout_ns;          /* of all of it; 0: one minute */
    const char *ignore;          /* spec.ignore; NULL: not set */
    const char *verify;          /* a mode of gitverify.h; NULL: signatures do not matter */
    struct gitinclude *includes; /* put among the files */
    size_t include_count;
    const char *archive_dir; /* where to put the archive; NULL: make none, the files stay in tree_dir */
    /* Is asked {"revision": ...} before a fetch begins, and {"publicKeys": true} for keys (gitverify_keys_fields) when
     * signatures matter; NULL: is not. */
    job_answer_fn on_question;
    void *user;
};

struct gitfetch_result {
    struct gitclone_result clone;
    struct gitverify_result verified;
    bool archived;       /* the child says that it made the archive */
    const char *archive; /* then its path, in archive_dir: not to be trusted to be a regular file */
};

/* The row for job_init. */
extern const struct job gitfetch_job;

/* Whether what a child said of its work has the form it must have: a commit's hash, a revision that ends in it, an archive
 * when one was wanted, "unchanged" only from req's last revision. ERR_INTERNAL otherwise. gitfetch_run checks its answer. */
int gitfetch_check(struct ctx *cx, const struct gitfetch_request *req,
                   const struct gitfetch_result *result) MUST_CHECK;

/* The CPU time that a fetch of this timeout may use: all of it, and at most INT_MAX. */
int gitfetch_cpu_seconds(int64_t timeout_ns);

/* Runs the job. Errors are those of gitclone_run and of the packer (reason "SourceIgnoreError" for a .sourceignore that
 * cannot be read, "ArchiveOperationFailed" for the rest), of gitverify_run, and of gitsparse_check (reason "GitOperationFailed": the message
 * is whole) and gitinclude_copy. */
int gitfetch_run(struct ctx *cx, const struct gitfetch_request *req, struct gitfetch_result *ret) MUST_CHECK;

#endif
