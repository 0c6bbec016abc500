/*
 * hash.h: message digests and their text forms (base64 is in base64.h, included here).
 *
 * Streaming digests over OpenSSL's EVP, and BLAKE3 by blake3.h, because Flux registers five algorithms for artifacts:
 * sha256, sha384, sha512, blake3 and sha1. A hash lives in an arena and belongs to one thread.
 */
#ifndef GOTK_BASE_HASH_H
#define GOTK_BASE_HASH_H

#include "libgotk/base/base64.h"
#include "libgotk/base/ctx.h"

#include <stddef.h>
#include <stdint.h>

#define HASH_SIZE_MAX 64 /* bytes of the longest digest */

struct hash;

/*
 * Starts a digest by name: "sha256", "sha384", "sha512", "sha1" or "blake3". ERR_UNSUPPORTED names the known ones for
 * any other text. The result lives in cx's arena.
 */
int hash_new(struct ctx *cx, const char *algorithm, struct hash **ret) MUST_CHECK;

/* Adds bytes; not after hash_final or hash_hex. */
void hash_update(struct hash *h, const void *data, size_t n);

/* Adds a string with its NUL, which keeps it apart from the next; NULL counts as "". */
void hash_update_text(struct hash *h, const char *s);

/* Ends the digest: writes its bytes to `out` and returns how many. Once. */
size_t hash_final(struct hash *h, unsigned char out[HASH_SIZE_MAX]);

/* Ends the digest and returns it in lower-case hex. Once. */
char *hash_hex(struct hash *h, struct arena *a);

/* The SHA-256 of `n` bytes in lower-case hex (64 characters). */
char *hash_sha256_hex(struct arena *a, const void *data, size_t n);

/* The SHA-512 of `n` bytes in lower-case hex (128 characters). */
char *hash_sha512_hex(struct arena *a, const void *data, size_t n);

/* The SHA-256 of `n` bytes. */
void hash_sha256(const void *data, size_t n, unsigned char out[32]);

/* The SHA-1 of `n` bytes in lower-case hex: names of Git objects and some Kubernetes names, never security. */
char *hash_sha1_hex(struct arena *a, const void *data, size_t n);

/* The 32-bit FNV-1a hash of `n` bytes, as Go's hash/fnv New32a. */
uint32_t hash_fnv32a(const void *data, size_t n);

/* HMAC with "sha256", "sha1", "sha384" or "sha512" of `n` bytes in lower-case hex; ERR_UNSUPPORTED for another name. */
int hash_hmac_hex(struct ctx *cx, const char *algorithm, const void *key, size_t key_len, const void *data,
                  size_t n, const char **ret_hex) MUST_CHECK;

/* Bytes to lower-case hex. */
char *hash_to_hex(struct arena *a, const void *data, size_t n);

/* Hex of either case to bytes in cx's arena (followed by a NUL that is not counted); ERR_INVALID for other text. */
int hash_from_hex(struct ctx *cx, const char *hex, unsigned char **ret_data, size_t *ret_len) MUST_CHECK;

#endif
