/*
 * base64.h: RFC 4648 as Go's encoding/base64 reads and writes it.
 *
 * Pure functions, any thread. The standard alphabet always with padding (Secrets, certificates), the URL alphabet always
 * without (tokens). Decoding skips line breaks and is strict about everything else, as Go is. Rejected: OpenSSL's
 * EVP_DecodeBlock, which takes trailing rubbish and counts padding as data.
 */
#ifndef GOTK_BASE_BASE64_H
#define GOTK_BASE_BASE64_H

#include "libgotk/base/ctx.h"

#include <stddef.h>

/* Bytes to the standard alphabet with padding. */
char *base64_encode(struct arena *a, const void *data, size_t n);

/* Bytes to the URL alphabet without padding, as in JSON Web Tokens. */
char *base64_encode_url(struct arena *a, const void *data, size_t n);

/*
 * Standard alphabet with padding to bytes in cx's arena (followed by a NUL that is not counted). ERR_INVALID "illegal
 * base64 data at input byte N", which never shows the data.
 */
int base64_decode(struct ctx *cx, const char *text, char **ret_data, size_t *ret_len) MUST_CHECK;

/* As base64_decode for the URL alphabet without padding. */
int base64_decode_url(struct ctx *cx, const char *text, char **ret_data, size_t *ret_len) MUST_CHECK;

#endif
