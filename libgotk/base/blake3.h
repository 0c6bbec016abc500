/*
 * blake3.h: the BLAKE3 digest of 32 bytes.
 *
 * By hand because Flux offers it for artifacts and neither OpenSSL nor a library in Debian 12 has it. Portable code
 * without SIMD: about 300 MB/s, which is more than gzip leaves to do. A struct belongs to one thread.
 */
#ifndef GOTK_BASE_BLAKE3_H
#define GOTK_BASE_BLAKE3_H

#include <stddef.h>
#include <stdint.h>

#define BLAKE3_SIZE      32
#define BLAKE3_DEPTH_MAX 54 /* subtrees of 2^64 bytes */

struct blake3 {
    uint32_t stack[BLAKE3_DEPTH_MAX][8]; /* chaining values of finished subtrees, largest first */
    size_t depth;
    uint64_t chunk;          /* number of the chunk being read */
    uint32_t cv[8];          /* chaining value within that chunk */
    size_t blocks;           /* blocks of it already compressed */
    unsigned char block[64]; /* bytes not yet compressed; the last block waits for blake3_final */
    size_t block_len;
};

/* Starts an empty digest. */
void blake3_init(struct blake3 *b);

/* Adds bytes. */
void blake3_update(struct blake3 *b, const void *data, size_t n);

/* Writes the digest of all bytes so far; the struct may be used on. */
void blake3_final(const struct blake3 *b, unsigned char out[BLAKE3_SIZE]);

#endif
