/*
 * jwt.c: header, claims and an RSA signature by OpenSSL; see jwt.h.
 */
#include "libgotk/net/jwt.h"

#include "libgotk/base/base64.h"
#include "libgotk/base/buf.h"
#include "libgotk/base/str.h"
#include "libgotk/doc/json.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#define HEADER        "{\"alg\":\"RS256\",\"typ\":\"JWT\"}"
#define CLAIMS_MAX    ((size_t)64 << 10)
#define SIGNATURE_MAX 2048

static void cleanup_pkey(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}

/* An encrypted key must not make OpenSSL ask on a terminal. */
static int no_passphrase(char *out, int size, int rwflag, void *user)
{
    (void)out, (void)size, (void)rwflag, (void)user;
    return -1;
}

static int read_key(struct ctx *cx, const char *pem, EVP_PKEY **ret)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
    BIO_free(bio);
    ERR_clear_error();
    if (key && EVP_PKEY_is_a(key, "RSA")) {
        *ret = key;
        return 0;
    }
    EVP_PKEY_free(key);
    return err_fail(cx, ERR_INVALID,
                    "could not parse private key: invalid key: Key must be a PEM encoded PKCS1 or PKCS8 key");
}

static int sign(struct ctx *cx, EVP_PKEY *key, const char *text, const char **ret)
{
    unsigned char signature[SIGNATURE_MAX];
    size_t n = sizeof(signature);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = EVP_DigestSignInit_ex(ctx, NULL, "SHA256", NULL, NULL, key, NULL) == 1 &&
              EVP_DigestSign(ctx, signature, &n, (const unsigned char *)text, strlen(text)) == 1;
    EVP_MD_CTX_free(ctx);
    ERR_clear_error();
    if (!ok)
        return err_fail(cx, ERR_INVALID, "the private key cannot sign");
    *ret = base64_encode_url(cx->arena, signature, n);
    return 0;
}

int jwt_sign(struct ctx *cx, const char *key_pem, const struct doc *claims, const char **ret_token)
{
    CLEANUP(cleanup_pkey) EVP_PKEY *key = NULL;
    struct buf json = buf_new(cx->arena, CLAIMS_MAX);
    const char *signature;
    if (read_key(cx, key_pem, &key) < 0)
        return cx->err.code;
    json_print(&json, claims, JSON_COMPACT);
    if (buf_ok(cx, &json, "the claims of a token") < 0)
        return cx->err.code;
    const char *text = str_fmt(cx->arena, "%s.%s", base64_encode_url(cx->arena, HEADER, strlen(HEADER)),
                               base64_encode_url(cx->arena, json.data, json.len));
    if (sign(cx, key, text, &signature) < 0)
        return cx->err.code;
    *ret_token = str_fmt(cx->arena, "%s.%s", text, signature);
    return 0;
}
