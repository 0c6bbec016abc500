/*
 * sshsig.h: signatures of ssh-keygen -Y sign, as Git makes them: an armored block over a digest of the data.
 *
 * The format is OpenSSH's PROTOCOL.sshsig, version 1, namespace "git", SHA-256 or SHA-512. Keys are those of
 * authorized_keys texts. Runs in the job child that read the signature from a repository. Rejected: running ssh-keygen,
 * which a job may not.
 */
#ifndef GOTK_SOURCE_SSHSIG_H
#define GOTK_SOURCE_SSHSIG_H

#include "libgotk/base/ctx.h"

#include <stddef.h>

/* Checks `armored` over `n` bytes of data with the keys of `count` texts, and gives the fingerprint of the key that made
 * it. A text that cannot be read is skipped when another can. ERR_INVALID in the words of fluxcd/pkg/git/signature. */
int sshsig_verify(struct ctx *cx, const char *armored, const void *data, size_t n, const char *const *keys,
                  size_t count, const char **ret_fingerprint) MUST_CHECK;

#endif
