/* SSH signatures: those of the real ssh-keygen for each kind of key, security keys, each way of being broken, key lists. */
#include "libgotk/base/fs.h"
#include "libgotk/base/hash.h"
#include "libgotk/base/str.h"
#include "source-controller/sshkey.h"
#include "source-controller/sshsig.h"
#include "tests/unit/lib/unit.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>

#define GOLDEN   "tests/golden/sshsig/"
#define FILE_MAX ((size_t)64 << 10)

static const char *file(struct ctx *cx, const char *name)
{
    struct buf text;
    assert_ok(cx, fs_read_file(cx, str_fmt(cx->arena, GOLDEN "%s", name), FILE_MAX, &text));
    return buf_text(&text);
}

static int verify(struct ctx *cx, const char *armored, const char *keys, const char **ret)
{
    const char *payload = file(cx, "payload");
    return sshsig_verify(cx, armored, payload, strlen(payload), &keys, 1, ret);
}

static void each_kind_of_key_verifies(void **state)
{
    static const char *const kinds[] = { "ed25519", "ecdsa-256", "ecdsa-384", "ecdsa-521", "rsa-2048" };
    struct ctx *cx = unit_cx(state);
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        const char *key = file(cx, str_fmt(cx->arena, "%s.pub", kinds[i])), *got = NULL;
        assert_ok(cx, verify(cx, file(cx, str_fmt(cx->arena, "%s.sig", kinds[i])), key, &got));
        assert_true(str_starts(got, "SHA256:") && strlen(got) == 50);
    }
}

static void a_changed_payload_does_not_verify(void **state)
{
    static const char *const kinds[] = { "ed25519", "ecdsa-256", "ecdsa-384", "ecdsa-521", "rsa-2048" };
    struct ctx *cx = unit_cx(state);
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        const char *key = file(cx, str_fmt(cx->arena, "%s.pub", kinds[i])), *got;
        const char *armored = file(cx, str_fmt(cx->arena, "%s.sig", kinds[i]));
        assert_true(sshsig_verify(cx, armored, "other", 5, &key, 1, &got) < 0);
        assert_error(cx, ERR_INVALID, "no matching key\nssh: signature did not verify");
    }
}

static void both_digests_are_known(void **state)
{
    struct ctx *cx = unit_cx(state);
    const char *got;
    assert_ok(cx, verify(cx, file(cx, "sha256.sig"), file(cx, "ed25519.pub"), &got));
}

static void another_namespace_is_refused(void **state)
{
    struct ctx *cx = unit_cx(state);
    const char *got;
    assert_true(verify(cx, file(cx, "namespace.sig"), file(cx, "ed25519.pub"), &got) < 0);
    assert_error(cx, ERR_INVALID, "no matching key\nnamespace does not match");
}

static void causes_are_told_once(void **state)
{
    struct ctx *cx = unit_cx(state);
    const char *got;
    const char *keys = str_fmt(cx->arena, "%s%s%s", file(cx, "ecdsa-256.pub"), file(cx, "rsa-2048.pub"),
                               file(cx, "ecdsa-384.pub"));
    assert_true(verify(cx, file(cx, "ed25519.sig"), keys, &got) < 0);
    assert_true(str_ends(err_message(cx), "any of the given authorized keys: no matching key\n"
                                          "public key does not match"));
    err_clear(cx);
}

/* Every byte of a signature changed in turn, and every shorter one: refused, and nothing is read beyond it. */
static void broken_signatures_are_refused(void **state)
{
    struct ctx *cx = unit_cx(state);
    const char *armored = file(cx, "ecdsa-256.sig"), *key = file(cx, "ecdsa-256.pub"), *got;
    const char *begin = strchr(armored, '\n'), *end = strstr(armored, "\n-----END");
    char *data;
    size_t n;
    assert_ok(cx, base64_decode(cx, str_ndup(cx->arena, begin + 1, (size_t)(end - begin - 1)), &data, &n));
    for (size_t i = 0; i < 2 * n; i++) {
        struct arena_mark mark = arena_mark(cx->arena);
        char *broken = str_ndup(cx->arena, data, n);
        broken[i % n] = (char)(broken[i % n] ^ (i < n ? 1 : 0));
        const char *text = base64_encode(cx->arena, broken, i < n ? n : i - n);
        const char *again =
            str_fmt(cx->arena, "-----BEGIN SSH SIGNATURE-----\n%s\n-----END SSH SIGNATURE-----\n", text);
        assert_true(verify(cx, again, key, &got) < 0);
        err_clear(cx);
        arena_release(cx->arena, mark);
    }
}

static void armor_that_is_none_is_refused(void **state)
{
    static const char *const texts[] = {
        "-----BEGIN SSH SIGNATURE-----",
        "-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----",
        "-----BEGIN SSH SIGNATURE-----\n****\n-----END SSH SIGNATURE-----",
        "-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----",
        "-----BEGIN SSH SIGNATURE-----\nU1NIU0lHAAAAAg==\n-----END SSH SIGNATURE-----",
    };
    struct ctx *cx = unit_cx(state);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        const char *got;
        assert_true(verify(cx, texts[i], file(cx, "ed25519.pub"), &got) < 0);
        assert_error(cx, ERR_INVALID, "unable to unarmor SSH signature: ");
    }
}

static void an_unreadable_list_beside_a_good_one_is_skipped(void **state)
{
    struct ctx *cx = unit_cx(state);
    const char *const lists[] = { "rubbish", file(cx, "ed25519.pub") };
    const char *payload = file(cx, "payload"), *armored = file(cx, "ed25519.sig"), *got;
    assert_ok(cx, sshsig_verify(cx, armored, payload, strlen(payload), lists, 2, &got));
    assert_true(sshsig_verify(cx, armored, payload, strlen(payload), lists, 1, &got) < 0);
    assert_error(cx, ERR_INVALID,
                 "unable to parse authorized keys: unable to parse authorized key: ssh: no key found");
}

#define ED "AAAAC3NzaC1lZDI1NTE5AAAAI"
#define PT "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static const struct {
    const char *text;
    int count; /* -1: refused */
} lists[] = {
    { "", 0 },
    { "\n  # nothing\n\t\r\n", 0 },
    { "ssh-ed25519 " ED PT "\n", 1 },
    { "ssh-ed25519 " ED PT " a comment\r\n  ssh-ed25519 " ED PT, 2 },
    { "from=\"a b\",command=\"echo \\\"x\\\"\" ssh-ed25519 " ED PT " c", 1 },
    { "no-pty ssh-ed25519 " ED PT, 1 },
    { "ssh-dss AAAAB3NzaC1kc3MAAAAA", 1 },
    { "ssh-ed25519 " ED PT "\nrubbish", -1 },
    { "rubbish", -1 },
    { "ssh-ed25519", -1 },
    { "ssh-ed25519 AAAA", -1 },
    { "ssh-ed25519 " ED "AAAA", -1 },
    { "ssh-foo AAAAB3NzaC1mb28=", -1 },
    { "from=\"open ssh-ed25519 " ED PT, -1 },
    { "\" ssh-ed25519x " ED "x", -1 },
};

static void lists_of_keys_are_read(void **state)
{
    struct ctx *cx = unit_cx(state);
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        struct sshkey *keys;
        size_t n = 0;
        int rc = sshkey_parse_lines(cx, lists[i].text, &keys, &n);
        if (lists[i].count < 0) {
            assert_true(rc < 0);
            assert_error(cx, ERR_INVALID, "unable to parse authorized key: ssh: no key found");
        } else {
            assert_ok(cx, rc);
            assert_int_equal(n, lists[i].count);
        }
    }
}

static void put_text(struct buf *to, const char *text)
{
    sshwire_put(to, text, strlen(text));
}

/* A security key and its signature over `data` as the specification says, without the device. */
static void a_security_key_verifies(void **state)
{
    struct ctx *cx = unit_cx(state);
    EVP_PKEY *pair = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    unsigned char point[32], raw[64], signed_data[32 + 5 + 32];
    size_t n = sizeof(point), raw_n = sizeof(raw);
    struct buf blob = buf_new(cx->arena, FILE_MAX), signature = buf_new(cx->arena, FILE_MAX);
    struct sshkey key;
    assert_int_equal(EVP_PKEY_get_raw_public_key(pair, point, &n), 1);
    put_text(&blob, "sk-ssh-ed25519@openssh.com");
    sshwire_put(&blob, point, n);
    put_text(&blob, "ssh:");
    assert_ok(cx, sshkey_parse(cx, (struct sshwire_bytes){ (unsigned char *)blob.data, blob.len }, &key));

    hash_sha256("ssh:", 4, signed_data);
    memcpy(signed_data + 32, "\1\0\0\0\7", 5);
    hash_sha256("data", 4, signed_data + 37);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit(ctx, NULL, NULL, NULL, pair), 1);
    assert_int_equal(EVP_DigestSign(ctx, raw, &raw_n, signed_data, sizeof(signed_data)), 1);
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(pair);
    put_text(&signature, "sk-ssh-ed25519@openssh.com");
    sshwire_put(&signature, raw, raw_n);
    buf_add(&signature, "\1\0\0\0\7", 5);
    struct sshwire_bytes wire = { (unsigned char *)signature.data, signature.len };
    assert_ok(cx, sshkey_verify(cx, &key, wire, "data", 4));
    assert_true(sshkey_verify(cx, &key, wire, "date", 4) < 0);
    err_clear(cx);
    wire.n--;
    assert_true(sshkey_verify(cx, &key, wire, "data", 4) < 0);
    assert_error(cx, ERR_INVALID, "cannot be read");
}

/* RSA with SHA-1 and a signature that names another kind of key. */
static void foreign_formats_are_refused(void **state)
{
    static const char *const names[] = { "ssh-rsa", "ssh-ed25519", "" };
    struct ctx *cx = unit_cx(state);
    struct sshkey *keys;
    size_t count;
    assert_ok(cx, sshkey_parse_lines(cx, file(cx, "rsa-2048.pub"), &keys, &count));
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct buf signature = buf_new(cx->arena, FILE_MAX);
        put_text(&signature, names[i]);
        put_text(&signature, "whatever");
        struct sshwire_bytes wire = { (unsigned char *)signature.data, signature.len };
        assert_true(sshkey_verify(cx, keys, wire, "data", 4) < 0);
        assert_error(cx, ERR_INVALID, "for key type ssh-rsa");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(each_kind_of_key_verifies),     UNIT_TEST(a_changed_payload_does_not_verify),
        UNIT_TEST(both_digests_are_known),        UNIT_TEST(another_namespace_is_refused),
        UNIT_TEST(causes_are_told_once),          UNIT_TEST(broken_signatures_are_refused),
        UNIT_TEST(armor_that_is_none_is_refused), UNIT_TEST(an_unreadable_list_beside_a_good_one_is_skipped),
        UNIT_TEST(lists_of_keys_are_read),        UNIT_TEST(a_security_key_verifies),
        UNIT_TEST(foreign_formats_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
