/*
 * sshsig.c: unarmors, reads and checks an SSH signature; see sshsig.h.
 *
 * The causes of keys that do not fit are told once each, as upstream joins them: line by line.
 */
#include "source-controller/sshsig.h"

#include "libgotk/base/hash.h"
#include "libgotk/base/str.h"
#include "libgotk/base/vec.h"
#include "source-controller/sshkey.h"

#define BEGIN     "-----BEGIN SSH SIGNATURE-----"
#define END       "-----END SSH SIGNATURE-----"
#define MAGIC     "SSHSIG"
#define NAMESPACE "git"
#define ARMOR_MAX ((size_t)64 << 10)

struct signature {
    struct sshwire_bytes key;
    const char *name_space;
    const char *hash;
    struct sshwire_bytes raw;
};

/* The bytes between the armor's lines. */
static int unarmor(struct ctx *cx, const char *armored, struct sshwire *ret)
{
    const char *start = armored + strlen(BEGIN);
    const char *end = strstr(armored, "\n" END);
    char *data;
    size_t len;
    if (!str_starts(armored, BEGIN) || !end || end < start)
        return err_fail(cx, ERR_INVALID, "invalid PEM block");
    if ((size_t)(end - start) > ARMOR_MAX)
        return err_fail(cx, ERR_LIMIT, "larger than %zu bytes", ARMOR_MAX);
    if (base64_decode(cx, str_trim(cx->arena, str_ndup(cx->arena, start, (size_t)(end - start))), &data,
                      &len) < 0)
        return err_fail(cx, ERR_INVALID, "invalid PEM block");
    *ret = (struct sshwire){ (const unsigned char *)data, len };
    return 0;
}

static int read_signature(struct ctx *cx, struct sshwire *w, struct signature *ret)
{
    struct arena *a = cx->arena;
    struct sshwire_bytes reserved;
    uint32_t version;
    if (w->left < strlen(MAGIC) || memcmp(w->p, MAGIC, strlen(MAGIC)) != 0)
        return err_fail(cx, ERR_INVALID, "invalid magic preamble");
    *w = (struct sshwire){ w->p + strlen(MAGIC), w->left - strlen(MAGIC) };
    if (!sshwire_uint32(w, &version))
        return err_fail(cx, ERR_INVALID, "ends too early");
    if (version != 1)
        return err_fail(cx, ERR_INVALID, "unsupported signature version %u: expected 1", version);
    if (!sshwire_string(w, &ret->key) || !sshwire_text(a, w, &ret->name_space) ||
        !sshwire_string(w, &reserved) || !sshwire_text(a, w, &ret->hash) || !sshwire_string(w, &ret->raw) ||
        w->left)
        return err_fail(cx, ERR_INVALID, "ends too early or too late");
    if (!str_eq(ret->hash, "sha256") && !str_eq(ret->hash, "sha512"))
        return err_fail(cx, ERR_INVALID,
                        "unsupported hash algorithm \"%s\": must be \"sha256\" or \"sha512\"", ret->hash);
    return 0;
}

/* What was signed: the preamble, the namespace, nothing, the digest's name, the digest. */
static int signed_data(struct ctx *cx, const char *algorithm, const void *data, size_t n, struct buf *ret)
{
    unsigned char digest[HASH_SIZE_MAX];
    struct hash *hash;
    if (hash_new(cx, algorithm, &hash) < 0)
        return cx->err.code;
    hash_update(hash, data, n);
    size_t size = hash_final(hash, digest);
    *ret = buf_new(cx->arena, ARMOR_MAX);
    buf_str(ret, MAGIC);
    sshwire_put(ret, NAMESPACE, strlen(NAMESPACE));
    sshwire_put(ret, "", 0);
    sshwire_put(ret, algorithm, strlen(algorithm));
    sshwire_put(ret, digest, size);
    return buf_ok(cx, ret, "the signed data");
}

static int try_key(struct ctx *cx, const struct signature *s, const struct buf *data,
                   const struct sshkey *key)
{
    if (key->blob.n != s->key.n || memcmp(key->blob.p, s->key.p, s->key.n) != 0)
        return err_fail(cx, ERR_INVALID, "public key does not match");
    if (!str_eq(s->name_space, NAMESPACE))
        return err_fail(cx, ERR_INVALID, "namespace does not match");
    return sshkey_verify(cx, key, s->raw, data->data, data->len);
}

VEC_NAMED(causes, const char *);

/* Keeps the error's text unless it was told already. */
static void note(struct ctx *cx, struct causes *causes)
{
    bool known = false;
    for (size_t i = 0; i < causes->len; i++)
        known = known || str_eq(causes->at[i], err_message(cx));
    if (!known)
        vec_push(cx->arena, causes, err_message(cx));
    err_clear(cx);
}

/* The key of one text that made the signature; NULL when none did. */
static const struct sshkey *find_signer(struct ctx *cx, const struct signature *s, const struct buf *data,
                                        const struct sshkey *keys, size_t count, struct causes *causes)
{
    for (size_t i = 0; i < count; i++) {
        if (try_key(cx, s, data, &keys[i]) >= 0)
            return &keys[i];
        note(cx, causes);
    }
    return NULL;
}

static int no_match(struct ctx *cx, const struct causes *causes)
{
    return err_fail(cx, ERR_INVALID,
                    "unable to verify payload with any of the given authorized keys: no matching key%s%s",
                    causes->len ? "\n" : "", str_join(cx->arena, causes->at, causes->len, "\n"));
}

static int verify(struct ctx *cx, const struct signature *s, const struct buf *data, const char *const *texts,
                  size_t count, const char **ret_fingerprint)
{
    struct causes causes = { 0 };
    const char *unreadable = NULL;
    bool tried = false;
    for (size_t i = 0; i < count; i++) {
        struct sshkey *keys;
        size_t n;
        if (sshkey_parse_lines(cx, texts[i], &keys, &n) < 0) {
            unreadable = str_or(unreadable, err_message(cx));
            err_clear(cx);
            continue;
        }
        tried = true;
        const struct sshkey *signer = find_signer(cx, s, data, keys, n, &causes);
        if (signer) {
            *ret_fingerprint = sshkey_fingerprint(cx->arena, signer);
            return 0;
        }
    }
    if (!tried && unreadable)
        return err_fail(cx, ERR_INVALID, "unable to parse authorized keys: %s", unreadable);
    return no_match(cx, &causes);
}

int sshsig_verify(struct ctx *cx, const char *armored, const void *data, size_t n, const char *const *keys,
                  size_t count, const char **ret_fingerprint)
{
    struct signature s = { 0 };
    struct sshwire w;
    struct buf wrapped = { 0 };
    if (unarmor(cx, str_trim(cx->arena, armored), &w) < 0 || read_signature(cx, &w, &s) < 0)
        return err_wrap(cx, "unable to unarmor SSH signature");
    if (signed_data(cx, s.hash, data, n, &wrapped) < 0)
        return cx->err.code;
    return verify(cx, &s, &wrapped, keys, count, ret_fingerprint);
}
