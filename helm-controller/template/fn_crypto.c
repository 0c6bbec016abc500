/*
 * fn_crypto.c: passwords and AES, by OpenSSL and libxcrypt.
 */
#include "helm-controller/template/fn.h"
#include "helm-controller/template/fn_elsewhere.h"
#include "libgotk/base/base64.h"
#include "libgotk/base/random.h"

#include <crypt.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <string.h>

#define BCRYPT_MAX    72
#define BCRYPT_COST   10
#define AES_BLOCK     16
#define AES_KEY       32
#define SCRYPT_MEMORY ((uint64_t)128 << 20)

/* The bcrypt hash of a password, or the text Sprig has for one that is too long. */
static const char *bcrypt_of(struct exec *x, struct value password)
{
    char salt[64], random[16];
    struct crypt_data *data = arena_alloc(x->cx->arena, sizeof(*data));
    if (password.len > BCRYPT_MAX)
        return "failed to encrypt string with bcrypt: bcrypt: password length exceeds 72 bytes";
    if (memchr(password.s, '\0', password.len)) /* libxcrypt would hash what is before it */
        return "failed to encrypt string with bcrypt: a password that holds a NUL is not supported here";
    random_bytes(random, sizeof(random));
    const char *setting = crypt_gensalt_rn("$2a$", BCRYPT_COST, random, sizeof(random), salt, sizeof(salt));
    const char *hash = setting ? crypt_r(str_ndup(x->cx->arena, password.s, password.len), salt, data) : NULL;
    return hash && hash[0] == '$' ? hash : "failed to encrypt string with bcrypt: not supported here";
}

FN(fn_bcrypt)
{
    *ret = v_text(bcrypt_of(x, args[0]));
    return 0;
}

static void append_hash(struct exec *x, struct value user, const char *hash, struct value *ret)
{
    struct buf out = fn_buf(x);
    buf_add(&out, user.s, user.len);
    buf_fmt(&out, ":%s", hash);
    *ret = v_str(buf_text(&out), out.len);
}

FN(fn_htpasswd)
{
    struct value user = args[0];
    if (memchr(user.s, ':', user.len))
        *ret = fn_joined(x, "invalid username: ", v_view(user));
    else
        append_hash(x, user, bcrypt_of(x, args[1]), ret);
    return 0;
}

/* -- derivePassword ---------------------------------------------------------------------------------------- */

#define SEED "com.lyndir.masterpassword"

static const struct {
    const char *type;
    const char *const *templates;
} password_types[] = {
    { "maximum", (const char *const[]){ "anoxxxxxxxxxxxxxxxxx", "axxxxxxxxxxxxxxxxxno", NULL } },
    { "long", (const char *const[]){ "CvcvnoCvcvCvcv", "CvcvCvcvnoCvcv",
                                     "CvcvCvcvCvcvno", "CvccnoCvcvCvcv",
                                     "CvccCvcvnoCvcv", "CvccCvcvCvcvno",
                                     "CvcvnoCvccCvcv", "CvcvCvccnoCvcv",
                                     "CvcvCvccCvcvno", "CvcvnoCvcvCvcc",
                                     "CvcvCvcvnoCvcc", "CvcvCvcvCvccno",
                                     "CvccnoCvccCvcv", "CvccCvccnoCvcv",
                                     "CvccCvccCvcvno", "CvcvnoCvccCvcc",
                                     "CvcvCvccnoCvcc", "CvcvCvccCvccno",
                                     "CvccnoCvcvCvcc", "CvccCvcvnoCvcc",
                                     "CvccCvcvCvccno", NULL } },
    { "medium", (const char *const[]){ "CvcnoCvc", "CvcCvcno", NULL } },
    { "short", (const char *const[]){ "Cvcn", NULL } },
    { "basic", (const char *const[]){ "aaanaaan", "aannaaan", "aaannaaa", NULL } },
    { "pin", (const char *const[]){ "nnnn", NULL } },
};

static const char *const template_characters[128] = {
    ['V'] = "AEIOU",
    ['C'] = "BCDFGHJKLMNPQRSTVWXYZ",
    ['v'] = "aeiou",
    ['c'] = "bcdfghjklmnpqrstvwxyz",
    ['A'] = "AEIOUBCDFGHJKLMNPQRSTVWXYZ",
    ['a'] = "AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz",
    ['n'] = "0123456789",
    ['o'] = "@&%?,=[]_:-+*$#!'^~;()/.",
    ['x'] = "AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()",
};

static void add_be32(struct buf *out, uint64_t n)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        buf_char(out, (char)(n >> shift));
}

static const char *const *templates_of(struct value type)
{
    for (size_t i = 0; i < ARRAY_LEN(password_types); i++)
        if (strlen(password_types[i].type) == type.len &&
            memcmp(password_types[i].type, type.s, type.len) == 0)
            return password_types[i].templates;
    return NULL;
}

/* The bytes that choose template and characters. */
static void password_seed(struct exec *x, const struct value *args, unsigned char seed[32])
{
    unsigned char key[64];
    struct buf salt = fn_buf(x), message = fn_buf(x);
    buf_str(&salt, SEED);
    add_be32(&salt, args[3].len);
    buf_add(&salt, args[3].s, args[3].len);
    ASSERT(EVP_PBE_scrypt(args[2].s, args[2].len, (unsigned char *)salt.data, salt.len, 32768, 8, 2,
                          SCRYPT_MEMORY, key, sizeof(key)) == 1);
    buf_str(&message, SEED);
    add_be32(&message, args[4].len);
    buf_add(&message, args[4].s, args[4].len);
    add_be32(&message, args[0].u);
    ASSERT(HMAC(EVP_sha256(), key, sizeof(key), (unsigned char *)message.data, message.len, seed, NULL));
}

/* counter, type, password, user, site */
FN(fn_derive_password)
{
    unsigned char seed[32];
    struct buf out = fn_buf(x);
    size_t count = 0;
    const char *const *templates = templates_of(args[1]);
    if (!templates) {
        *ret = fn_joined(x, "cannot find password template ", v_view(args[1]));
        return 0;
    }
    while (templates[count])
        count++;
    ASSERT(count > 0);
    password_seed(x, args, seed);
    const char *chosen = templates[seed[0] % count];
    for (size_t i = 0; chosen[i]; i++) {
        const char *set = template_characters[(unsigned char)chosen[i]];
        size_t choices = strlen(set);
        buf_char(&out, set[seed[i + 1] % choices]);
    }
    return fn_take(x, &out, ret);
}

/* -- AES-256-CBC --------------------------------------------------------------------------------------------- */

static void free_cipher(EVP_CIPHER_CTX **ctx)
{
    EVP_CIPHER_CTX_free(*ctx);
}

/* Whole blocks, no padding by OpenSSL. The key is the password, cut or filled with zeros. */
static void run_cipher(bool encrypt, struct value password, const unsigned char *iv, const unsigned char *in,
                       size_t n, unsigned char *out)
{
    CLEANUP(free_cipher) EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    unsigned char key[AES_KEY] = { 0 };
    int len = 0;
    memcpy(key, password.s, password.len < AES_KEY ? password.len : AES_KEY);
    ASSERT(ctx && EVP_CipherInit_ex(ctx, EVP_aes_256_cbc(), NULL, key, iv, encrypt) == 1);
    EVP_CIPHER_CTX_set_padding(ctx, 0);
    ASSERT(EVP_CipherUpdate(ctx, out, &len, in, (int)n) == 1);
}

FN(fn_encrypt_aes)
{
    size_t len = args[1].len, padding = AES_BLOCK - len % AES_BLOCK;
    *ret = v_str("", 0);
    if (len == 0)
        return 0;
    unsigned char *plain = arena_alloc(x->cx->arena, len + padding),
                  *out = arena_alloc(x->cx->arena, len + padding + AES_BLOCK);
    memcpy(plain, args[1].s, len);
    memset(plain + len, (int)padding, padding);
    random_bytes(out, AES_BLOCK);
    run_cipher(true, args[0], out, plain, len + padding, out + AES_BLOCK);
    *ret = v_text(base64_encode(x->cx->arena, out, len + padding + AES_BLOCK));
    return 0;
}

FN(fn_decrypt_aes)
{
    char *data;
    size_t len;
    *ret = v_str("", 0);
    if (args[1].len == 0)
        return 0;
    if (base64_decode(x->cx, fn_terminated(x, args[1]), &data, &len) < 0)
        return err_code(x->cx);
    if (len < AES_BLOCK)
        return fn_fail(x, "runtime error: slice bounds out of range [:%d] with capacity %u", AES_BLOCK,
                       args[1].len / 4 * 3);
    size_t size = len - AES_BLOCK;
    if (size % AES_BLOCK)
        return fn_fail(x, "crypto/cipher: input not full blocks");
    if (size == 0)
        return fn_fail(x, "runtime error: index out of range [-1]");
    unsigned char *plain = arena_alloc(x->cx->arena, size);
    run_cipher(false, args[0], (unsigned char *)data, (unsigned char *)data + AES_BLOCK, size, plain);
    if (plain[size - 1] > size)
        return fn_fail(x, "runtime error: slice bounds out of range [:%ld]", (long)size - plain[size - 1]);
    *ret = v_str((char *)plain, size - plain[size - 1]);
    return 0;
}

#define ROW(name, params, call) { name, params, call },
static const struct function rows[] = { FN_CRYPTO_ROWS(ROW) };
const struct function_table fn_crypto = { rows, ARRAY_LEN(rows) };
