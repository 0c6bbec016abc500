/*
 * hash.c: digests over OpenSSL and BLAKE3; the contract is in hash.h.
 *
 * SHA-256 of one piece is in hash_plain.c. SHA-1 of one piece goes by OpenSSL's functions of old, as there: the first use of the
 * new ones loads all algorithms.
 *
 * OpenSSL can refuse only for want of memory or of an algorithm its build lacks, which no caller could mend: both are
 * assertions. Any thread; a struct hash belongs to one.
 */
#include "libgotk/base/hash.h"

#include "libgotk/base/blake3.h"
#include "libgotk/base/str.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

struct hash {
    EVP_MD_CTX *evp; /* NULL: BLAKE3 */
    struct blake3 blake3;
};

static const struct {
    const char *name;
    const EVP_MD *(*md)(void); /* NULL: BLAKE3 */
} algorithms[] = {
    { "sha256", EVP_sha256 }, { "sha384", EVP_sha384 }, { "sha512", EVP_sha512 },
    { "sha1", EVP_sha1 },     { "blake3", NULL },
};

static int find(struct ctx *cx, const char *name, size_t *ret_index)
{
    for (size_t i = 0; i < ARRAY_LEN(algorithms); i++) {
        if (!str_eq(algorithms[i].name, name))
            continue;
        *ret_index = i;
        return 0;
    }
    return err_fail(cx, ERR_UNSUPPORTED,
                    "digest algorithm '%s' is not one of sha256, sha384, sha512, sha1, blake3", name);
}

static void free_evp(void *evp)
{
    EVP_MD_CTX_free(evp);
}

int hash_new(struct ctx *cx, const char *algorithm, struct hash **ret)
{
    size_t index = 0;
    if (find(cx, algorithm, &index) < 0)
        return cx->err.code;
    struct hash *h = ARENA_NEW(cx->arena, struct hash);
    if (algorithms[index].md) {
        h->evp = EVP_MD_CTX_new();
        ASSERT(h->evp && EVP_DigestInit_ex(h->evp, algorithms[index].md(), NULL) == 1);
        arena_defer(cx->arena, free_evp, h->evp);
    } else {
        blake3_init(&h->blake3);
    }
    *ret = h;
    return 0;
}

void hash_update(struct hash *h, const void *data, size_t n)
{
    if (h->evp)
        ASSERT(EVP_DigestUpdate(h->evp, data, n) == 1);
    else
        blake3_update(&h->blake3, data, n);
}

void hash_update_text(struct hash *h, const char *s)
{
    hash_update(h, str_or(s, ""), strlen(str_or(s, "")) + 1);
}

size_t hash_final(struct hash *h, unsigned char out[HASH_SIZE_MAX])
{
    unsigned len = BLAKE3_SIZE;
    if (h->evp)
        ASSERT(EVP_DigestFinal_ex(h->evp, out, &len) == 1);
    else
        blake3_final(&h->blake3, out);
    return len;
}

char *hash_hex(struct hash *h, struct arena *a)
{
    unsigned char out[HASH_SIZE_MAX];
    size_t n = hash_final(h, out);
    return hash_to_hex(a, out, n);
}

int hash_hmac_hex(struct ctx *cx, const char *algorithm, const void *key, size_t key_len, const void *data,
                  size_t n, const char **ret_hex)
{
    unsigned char out[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    size_t index = 0;
    if (find(cx, algorithm, &index) < 0)
        return cx->err.code;
    if (!algorithms[index].md)
        return err_fail(cx, ERR_UNSUPPORTED, "HMAC is not defined for %s", algorithm);
    ASSERT(key_len <= INT32_MAX);
    ASSERT(HMAC(algorithms[index].md(), key, (int)key_len, data, n, out, &len));
    *ret_hex = hash_to_hex(cx->arena, out, len);
    return 0;
}
