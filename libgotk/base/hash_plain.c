/*
 * hash_plain.c: SHA-1, SHA-256, SHA-512 and FNV-1a of bytes at hand, and hex; the contract is in hash.h.
 *
 * Apart from hash.c because of what that brings along: the algorithms OpenSSL finds by name start the whole library (a
 * millisecond, and four megabytes where it is linked in), and a command that builds a kustomization needs one. So these
 * are asked for directly, by the functions OpenSSL calls deprecated since it has providers, not since they are wrong.
 * Rejected: a SHA-256 of our own, which would not use the processor's instructions for it. Any thread, no state.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "libgotk/base/hash.h"

#include <openssl/sha.h>
#include <string.h>

void hash_sha256(const void *data, size_t n, unsigned char out[32])
{
    SHA256_CTX state;
    ASSERT(SHA256_Init(&state) == 1 && SHA256_Update(&state, data, n) == 1 && SHA256_Final(out, &state) == 1);
}

char *hash_sha256_hex(struct arena *a, const void *data, size_t n)
{
    unsigned char out[32];
    hash_sha256(data, n, out);
    return hash_to_hex(a, out, sizeof(out));
}

char *hash_sha1_hex(struct arena *a, const void *data, size_t n)
{
    unsigned char out[SHA_DIGEST_LENGTH];
    SHA_CTX state;
    ASSERT(SHA1_Init(&state) == 1 && SHA1_Update(&state, data, n) == 1 && SHA1_Final(out, &state) == 1);
    return hash_to_hex(a, out, sizeof(out));
}

char *hash_sha512_hex(struct arena *a, const void *data, size_t n)
{
    unsigned char out[SHA512_DIGEST_LENGTH];
    SHA512_CTX state;
    ASSERT(SHA512_Init(&state) == 1 && SHA512_Update(&state, data, n) == 1 && SHA512_Final(out, &state) == 1);
    return hash_to_hex(a, out, sizeof(out));
}

uint32_t hash_fnv32a(const void *data, size_t n)
{
    const unsigned char *p = data;
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < n; i++)
        h = (h ^ p[i]) * 16777619u;
    return h;
}

char *hash_to_hex(struct arena *a, const void *data, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *p = data;
    char *hex = arena_alloc_raw(a, 2 * n + 1);
    for (size_t i = 0; i < n; i++) {
        hex[2 * i] = digits[p[i] >> 4];
        hex[2 * i + 1] = digits[p[i] & 15];
    }
    hex[2 * n] = '\0';
    return hex;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int hash_from_hex(struct ctx *cx, const char *hex, unsigned char **ret_data, size_t *ret_len)
{
    size_t n = strlen(hex);
    unsigned char *out = arena_alloc(cx->arena, n / 2 + 1);
    for (size_t i = 0; i < n; i++) {
        int digit = hex_digit(hex[i]);
        if (digit < 0)
            return err_fail(cx, ERR_INVALID, "illegal hex digit at input byte %zu", i);
        out[i / 2] = (unsigned char)(out[i / 2] << 4 | digit);
    }
    if (n % 2)
        return err_fail(cx, ERR_INVALID, "odd number of hex digits: %zu", n);
    *ret_data = out;
    *ret_len = n / 2;
    return 0;
}
