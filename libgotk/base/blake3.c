/*
 * blake3.c: BLAKE3 in its plain (unkeyed) mode, after the published specification; the contract is in blake3.h.
 *
 * Input is cut into chunks of 1 KiB, each a chain of 64-byte blocks; chunks are the leaves of a binary tree whose
 * finished left halves wait on a stack. No state beyond the struct; any thread.
 */
#include "libgotk/base/blake3.h"

#include <string.h>

#define BLOCK           64
#define BLOCKS_IN_CHUNK 16

enum flags { CHUNK_START = 1, CHUNK_END = 2, PARENT = 4, ROOT = 8 };

static const uint32_t iv[8] = { 0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A,
                                0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19 };
static const unsigned char permutation[16] = { 2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8 };

/* One call of the compression function, not yet made: its result is a chaining value or the root's bytes. */
struct node {
    uint32_t cv[8];
    uint32_t words[16];
    uint64_t counter;
    uint32_t len;
    uint32_t flags;
};

static uint32_t rotate(uint32_t v, int bits)
{
    return v >> bits | v << (32 - bits);
}

static void mix(uint32_t *s, size_t a, size_t b, size_t c, size_t d, uint32_t x, uint32_t y)
{
    s[a] += s[b] + x;
    s[d] = rotate(s[d] ^ s[a], 16);
    s[c] += s[d];
    s[b] = rotate(s[b] ^ s[c], 12);
    s[a] += s[b] + y;
    s[d] = rotate(s[d] ^ s[a], 8);
    s[c] += s[d];
    s[b] = rotate(s[b] ^ s[c], 7);
}

static void mix_round(uint32_t *s, const uint32_t *m)
{
    for (size_t i = 0; i < 4; i++)
        mix(s, i, i + 4, i + 8, i + 12, m[2 * i], m[2 * i + 1]);
    for (size_t i = 0; i < 4; i++)
        mix(s, i, (i + 1) % 4 + 4, (i + 2) % 4 + 8, (i + 3) % 4 + 12, m[8 + 2 * i], m[9 + 2 * i]);
}

static void compress(const struct node *n, uint32_t out[8])
{
    uint32_t s[16], m[16], next[16];
    memcpy(s, n->cv, 32);
    memcpy(s + 8, iv, 16);
    s[12] = (uint32_t)n->counter;
    s[13] = (uint32_t)(n->counter >> 32);
    s[14] = n->len;
    s[15] = n->flags;
    memcpy(m, n->words, sizeof(m));
    for (int round = 0; round < 7; round++) {
        mix_round(s, m);
        for (size_t i = 0; i < 16; i++)
            next[i] = m[permutation[i]];
        memcpy(m, next, sizeof(m));
    }
    for (size_t i = 0; i < 8; i++)
        out[i] = s[i] ^ s[i + 8];
}

static void start_chunk(struct blake3 *b)
{
    memcpy(b->cv, iv, sizeof(b->cv));
    b->blocks = 0;
    b->block_len = 0;
}

void blake3_init(struct blake3 *b)
{
    memset(b, 0, sizeof(*b));
    start_chunk(b);
}

/* The node of the block being read. */
static struct node block_node(const struct blake3 *b, uint32_t flags)
{
    struct node n = { .counter = b->chunk, .len = (uint32_t)b->block_len, .flags = flags };
    unsigned char padded[BLOCK] = { 0 };
    memcpy(padded, b->block, b->block_len);
    memcpy(n.cv, b->cv, sizeof(n.cv));
    for (size_t i = 0; i < 16; i++)
        n.words[i] = (uint32_t)padded[4 * i] | (uint32_t)padded[4 * i + 1] << 8 |
                     (uint32_t)padded[4 * i + 2] << 16 | (uint32_t)padded[4 * i + 3] << 24;
    n.flags |= b->blocks == 0 ? (uint32_t)CHUNK_START : 0;
    return n;
}

static struct node parent_node(const uint32_t left[8], const uint32_t right[8])
{
    struct node n = { .len = BLOCK, .flags = PARENT };
    memcpy(n.cv, iv, sizeof(n.cv));
    memcpy(n.words, left, 32);
    memcpy(n.words + 8, right, 32);
    return n;
}

/* A finished chunk joins every subtree of its own size that waits: one for each trailing zero of the chunk count. */
static void finish_chunk(struct blake3 *b)
{
    struct node last = block_node(b, CHUNK_END);
    uint32_t cv[8];
    compress(&last, cv);
    b->chunk++;
    for (uint64_t total = b->chunk; (total & 1) == 0; total >>= 1) {
        struct node parent = parent_node(b->stack[--b->depth], cv);
        compress(&parent, cv);
    }
    memcpy(b->stack[b->depth++], cv, sizeof(cv));
    start_chunk(b);
}

/* The block is full and more bytes follow. */
static void finish_block(struct blake3 *b)
{
    if (b->blocks == BLOCKS_IN_CHUNK - 1) {
        finish_chunk(b);
        return;
    }
    struct node n = block_node(b, 0);
    compress(&n, b->cv);
    b->blocks++;
    b->block_len = 0;
}

void blake3_update(struct blake3 *b, const void *data, size_t n)
{
    for (const unsigned char *p = data; n;) {
        if (b->block_len == BLOCK)
            finish_block(b);
        size_t take = BLOCK - b->block_len < n ? BLOCK - b->block_len : n;
        memcpy(b->block + b->block_len, p, take);
        b->block_len += take;
        p += take;
        n -= take;
    }
}

void blake3_final(const struct blake3 *b, unsigned char out[BLAKE3_SIZE])
{
    struct node n = block_node(b, CHUNK_END);
    uint32_t cv[8];
    for (size_t i = b->depth; i > 0; i--) {
        compress(&n, cv);
        n = parent_node(b->stack[i - 1], cv);
    }
    n.flags |= ROOT;
    n.counter = 0;
    compress(&n, cv);
    for (size_t i = 0; i < BLAKE3_SIZE; i++)
        out[i] = (unsigned char)(cv[i / 4] >> (8 * (i % 4)));
}
