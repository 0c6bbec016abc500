/*
 * pgpsig.h: detached OpenPGP signatures, as Git makes them with gpg, by librnp.
 *
 * Runs in the job child that read the signature from a repository; keys are armored key rings of a Secret. The library is
 * loaded there, at the first signature: linked into the controller it and what it brings (a second cryptography library,
 * the C++ runtime, SQLite) would cost each process 6 MB for good, measured, whether anybody signs or not.
 */
#ifndef GOTK_SOURCE_PGPSIG_H
#define GOTK_SOURCE_PGPSIG_H

#include "libgotk/base/ctx.h"

#include <stddef.h>

/* Checks `armored` over `n` bytes of data with the keys of `count` armored key rings, and gives the id (16 upper-case hex
 * digits) of the primary key that made it. A ring that cannot be read is skipped when another can. ERR_INVALID in the
 * words of fluxcd/pkg/git/signature; ERR_UNSUPPORTED when the library is not installed. */
int pgpsig_verify(struct ctx *cx, const char *armored, const void *data, size_t n, const char *const *rings,
                  size_t count, const char **ret_key_id) MUST_CHECK;

/* The folders and files a confined job must be able to read for that, NULL-terminated; those that are there. */
const char *const *pgpsig_needs(struct arena *a);

#endif
