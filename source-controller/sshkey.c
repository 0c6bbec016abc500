/*
 * sshkey.c: from wire forms to OpenSSL's keys and back; see sshkey.h.
 *
 * A kind of key is one row: its name, how its numbers are read, and the formats its signatures may have.
 */
#include "source-controller/sshkey.h"

#include "libgotk/base/hash.h"
#include "libgotk/base/str.h"
#include "libgotk/base/vec.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#define KEYS_MAX     10000
#define RSA_BITS_MIN 1024
#define RSA_BITS_MAX 16384

/* What a signature calls itself, and the digest it is made over (NULL: none, as Ed25519). */
struct format {
    const char *name;
    const char *digest;
};

struct sshkey_kind {
    const char *name;
    int (*load)(struct ctx *cx, const struct sshkey_kind *kind, struct sshwire *w, struct sshkey *ret);
    const char *group; /* OpenSSL's name of the curve */
    const char *curve; /* SSH's */
    struct format formats[2];
    bool der;      /* OpenSSL wants the two numbers of a signature in DER */
    bool security; /* in a security key: application, flags and counter are signed too */
};

static int no_key(struct ctx *cx)
{
    ERR_clear_error();
    return err_fail(cx, ERR_INVALID, "ssh: no key found");
}

static void free_pkey(void *pkey)
{
    EVP_PKEY_free(pkey);
}

static int keep(struct ctx *cx, EVP_PKEY *pkey, struct sshkey *ret)
{
    if (!pkey)
        return no_key(cx);
    arena_defer(cx->arena, free_pkey, pkey);
    ret->pkey = pkey;
    return 0;
}

static int load_ed25519(struct ctx *cx, const struct sshkey_kind *kind UNUSED, struct sshwire *w,
                        struct sshkey *ret)
{
    struct sshwire_bytes point;
    if (!sshwire_string(w, &point) || point.n != 32)
        return no_key(cx);
    return keep(cx, EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, point.p, point.n), ret);
}

/* A public key of OpenSSL's type `type` from parameters; NULL when they make no key. Takes the builder. */
static EVP_PKEY *build_key(const char *type, OSSL_PARAM_BLD *builder)
{
    EVP_PKEY *pkey = NULL;
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    if (params && ctx && EVP_PKEY_fromdata_init(ctx) == 1 &&
        EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
        pkey = NULL;
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(builder);
    return pkey;
}

/* OpenSSL checks that the point is on the curve. */
static int load_ecdsa(struct ctx *cx, const struct sshkey_kind *kind, struct sshwire *w, struct sshkey *ret)
{
    struct sshwire_bytes point;
    const char *curve;
    if (!sshwire_text(cx->arena, w, &curve) || !str_eq(curve, kind->curve) || !sshwire_string(w, &point) ||
        point.n == 0)
        return no_key(cx);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, kind->group, 0);
    OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point.p, point.n);
    return keep(cx, build_key("EC", builder), ret);
}

static int load_rsa(struct ctx *cx, const struct sshkey_kind *kind UNUSED, struct sshwire *w,
                    struct sshkey *ret)
{
    struct sshwire_bytes e, n;
    if (!sshwire_mpint(w, &e) || !sshwire_mpint(w, &n) || e.n == 0 || e.n > 4 || n.n < RSA_BITS_MIN / 8 ||
        n.n > RSA_BITS_MAX / 8)
        return no_key(cx);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    BIGNUM *exponent = BN_bin2bn(e.p, (int)e.n, NULL), *modulus = BN_bin2bn(n.p, (int)n.n, NULL);
    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, exponent);
    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus);
    EVP_PKEY *pkey = build_key("RSA", builder);
    BN_free(exponent);
    BN_free(modulus);
    return keep(cx, pkey, ret);
}

static int load_nothing(struct ctx *cx UNUSED, const struct sshkey_kind *kind UNUSED, struct sshwire *w,
                        struct sshkey *ret UNUSED)
{
    w->left = 0;
    return 0;
}

static const struct sshkey_kind kinds[] = {
    { "ssh-ed25519", load_ed25519, NULL, NULL, { { "ssh-ed25519", NULL } }, false, false },
    { "ecdsa-sha2-nistp256",
      load_ecdsa,
      "P-256",
      "nistp256",
      { { "ecdsa-sha2-nistp256", "SHA256" } },
      true,
      false },
    { "ecdsa-sha2-nistp384",
      load_ecdsa,
      "P-384",
      "nistp384",
      { { "ecdsa-sha2-nistp384", "SHA384" } },
      true,
      false },
    { "ecdsa-sha2-nistp521",
      load_ecdsa,
      "P-521",
      "nistp521",
      { { "ecdsa-sha2-nistp521", "SHA512" } },
      true,
      false },
    { "ssh-rsa",
      load_rsa,
      NULL,
      NULL,
      { { "rsa-sha2-512", "SHA512" }, { "rsa-sha2-256", "SHA256" } },
      false,
      false },
    { "sk-ssh-ed25519@openssh.com",
      load_ed25519,
      NULL,
      NULL,
      { { "sk-ssh-ed25519@openssh.com", NULL } },
      false,
      true },
    { "sk-ecdsa-sha2-nistp256@openssh.com",
      load_ecdsa,
      "P-256",
      "nistp256",
      { { "sk-ecdsa-sha2-nistp256@openssh.com", "SHA256" } },
      true,
      true },
    { "ssh-dss", load_nothing, NULL, NULL, { { NULL, NULL } }, false, false },
};

static const struct sshkey_kind *find_kind(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (str_eq(kinds[i].name, name))
            return &kinds[i];
    return NULL;
}

int sshkey_parse(struct ctx *cx, struct sshwire_bytes blob, struct sshkey *ret)
{
    struct sshwire w = { blob.p, blob.n };
    struct sshkey key = { .blob = blob };
    const char *name;
    if (!sshwire_text(cx->arena, &w, &name))
        return no_key(cx);
    key.kind = find_kind(name);
    if (!key.kind)
        return no_key(cx);
    if (key.kind->load(cx, key.kind, &w, &key) < 0)
        return cx->err.code;
    if (key.kind->security && !sshwire_text(cx->arena, &w, &key.application))
        return no_key(cx);
    if (w.left)
        return no_key(cx);
    *ret = key;
    return 0;
}

/* The key whose base64 is the first word of `text`; false when there is none. */
static bool parse_word(struct ctx *cx, const char *text, struct sshkey *ret)
{
    const char *word = text + strspn(text, " \t");
    char *data;
    size_t len;
    word = str_ndup(cx->arena, word, strcspn(word, " \t"));
    if (!*word || base64_decode(cx, word, &data, &len) < 0 ||
        sshkey_parse(cx, (struct sshwire_bytes){ (const unsigned char *)data, len }, ret) < 0) {
        err_clear(cx);
        return false;
    }
    return true;
}

/* Past the options of a line: up to the first blank that is not in double quotes. */
static const char *skip_options(const char *line)
{
    bool quoted = false;
    for (; *line && (quoted || (*line != ' ' && *line != '\t')); line++)
        if (*line == '"' && line[-1] != '\\')
            quoted = !quoted;
    return line + strspn(line, " \t");
}

/* "[options] type base64 [comment]". */
static int parse_line(struct ctx *cx, const char *line, struct sshkey *ret)
{
    if (parse_word(cx, line + strcspn(line, " \t"), ret))
        return 0;
    const char *rest = *line == '"' ? "" : skip_options(line);
    if (parse_word(cx, rest + strcspn(rest, " \t"), ret))
        return 0;
    return no_key(cx);
}

int sshkey_parse_lines(struct ctx *cx, const char *text, struct sshkey **ret_keys, size_t *ret_count)
{
    VEC(struct sshkey) keys = { 0 };
    size_t count;
    char **lines = str_split(cx->arena, text, '\n', &count);
    for (size_t i = 0; i < count; i++) {
        const char *line = str_trim(cx->arena, lines[i]);
        struct sshkey key;
        if (!*line || *line == '#')
            continue;
        if (ctx_check(cx) < 0)
            return cx->err.code;
        if (keys.len == KEYS_MAX)
            return err_fail(cx, ERR_LIMIT, "more than %d SSH keys", KEYS_MAX);
        if (parse_line(cx, line, &key) < 0)
            return err_wrap(cx, "unable to parse authorized key");
        vec_push(cx->arena, &keys, key);
    }
    *ret_keys = keys.at;
    *ret_count = keys.len;
    return 0;
}

const char *sshkey_fingerprint(struct arena *a, const struct sshkey *key)
{
    unsigned char digest[32];
    hash_sha256(key->blob.p, key->blob.n, digest);
    char *text = base64_encode(a, digest, sizeof(digest));
    text[strcspn(text, "=")] = '\0';
    return str_fmt(a, "SHA256:%s", text);
}

/* r and s of an ECDSA signature as OpenSSL takes them. */
static bool to_der(struct arena *a, struct sshwire_bytes *signature)
{
    struct sshwire w = { signature->p, signature->n };
    struct sshwire_bytes r, s;
    unsigned char *der = NULL;
    if (!sshwire_mpint(&w, &r) || !sshwire_mpint(&w, &s) || w.left)
        return false;
    ECDSA_SIG *pair = ECDSA_SIG_new();
    if (ECDSA_SIG_set0(pair, BN_bin2bn(r.p, (int)r.n, NULL), BN_bin2bn(s.p, (int)s.n, NULL)) != 1) {
        ECDSA_SIG_free(pair);
        return false;
    }
    int n = i2d_ECDSA_SIG(pair, &der);
    ECDSA_SIG_free(pair);
    if (n <= 0)
        return false;
    signature->p = (const unsigned char *)str_ndup(a, (const char *)der, (size_t)n);
    signature->n = (size_t)n;
    OPENSSL_free(der);
    return true;
}

static bool check(const struct sshkey *key, const char *digest, struct sshwire_bytes signature,
                  const void *data, size_t n)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = EVP_DigestVerifyInit_ex(ctx, NULL, digest, NULL, NULL, key->pkey, NULL) == 1 &&
              EVP_DigestVerify(ctx, signature.p, signature.n, data, n) == 1;
    EVP_MD_CTX_free(ctx);
    ERR_clear_error();
    return ok;
}

/* What a security key signs: digest of its application, flags, counter, digest of the data. */
static bool wrap_data(struct arena *a, const struct sshkey *key, struct sshwire *w, const void **data,
                      size_t *n)
{
    enum { DIGEST = 32, TAIL = 5 }; /* flags, counter */
    unsigned char *wrapped = arena_alloc(a, DIGEST + TAIL + DIGEST);
    if (w->left != TAIL)
        return false;
    hash_sha256(key->application, strlen(key->application), wrapped);
    memcpy(wrapped + DIGEST, w->p, TAIL);
    hash_sha256(*data, *n, wrapped + DIGEST + TAIL);
    *data = wrapped;
    *n = DIGEST + TAIL + DIGEST;
    w->left = 0;
    return true;
}

/* The row's format of that name; NULL when this kind of key makes no such signatures. */
static const struct format *find_format(const struct sshkey_kind *kind, const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(kind->formats); i++)
        if (kind->formats[i].name && str_eq(kind->formats[i].name, name))
            return &kind->formats[i];
    return NULL;
}

int sshkey_verify(struct ctx *cx, const struct sshkey *key, struct sshwire_bytes signature, const void *data,
                  size_t n)
{
    struct sshwire w = { signature.p, signature.n };
    struct sshwire_bytes raw;
    const char *name;
    if (!sshwire_text(cx->arena, &w, &name) || !sshwire_string(&w, &raw))
        return err_fail(cx, ERR_INVALID, "ssh: signature cannot be read");
    const struct format *format = find_format(key->kind, name);
    if (!format)
        return err_fail(cx, ERR_INVALID, "ssh: signature type %s for key type %s", name, key->kind->name);
    if (key->kind->security && !wrap_data(cx->arena, key, &w, &data, &n))
        return err_fail(cx, ERR_INVALID, "ssh: signature cannot be read");
    if (w.left || (key->kind->der && !to_der(cx->arena, &raw)) || !check(key, format->digest, raw, data, n))
        return err_fail(cx, ERR_INVALID, "ssh: signature did not verify");
    return 0;
}
