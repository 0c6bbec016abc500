/* Digests, hex and base64: published vectors, and what Go's packages answer for odd inputs. */
#include "tests/unit/lib/unit.h"

#include "libgotk/base/blake3.h"
#include "libgotk/base/hash.h"
#include "libgotk/base/str.h"

#include <string.h>

static const struct {
    const char *algorithm, *hex;
} of_abc[] = {
    { "sha1", "a9993e364706816aba3e25717850c26c9cd0d89d" },
    { "sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
    { "sha384", "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
                "8086072ba1e7cc2358baeca134c825a7" },
    { "sha512", "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f" },
    { "blake3", "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85" },
};

static void every_algorithm_streams(void **state)
{
    struct ctx *cx = unit_cx(state);
    for (size_t i = 0; i < ARRAY_LEN(of_abc); i++) {
        struct hash *h;
        assert_ok(cx, hash_new(cx, of_abc[i].algorithm, &h));
        hash_update(h, "a", 1);
        hash_update(h, "", 0);
        hash_update(h, "bc", 2);
        assert_string_equal(hash_hex(h, cx->arena), of_abc[i].hex);
    }
    struct hash *h;
    assert_true(hash_new(cx, "md5", &h) < 0);
    assert_error(cx, ERR_UNSUPPORTED, "'md5' is not one of sha256, sha384, sha512, sha1, blake3");
}

static void one_shot_digests(void **state)
{
    struct arena *a = unit_cx(state)->arena;
    assert_string_equal(hash_sha256_hex(a, "abc", 3), of_abc[1].hex);
    assert_string_equal(hash_sha1_hex(a, "abc", 3), of_abc[0].hex);
    assert_int_equal(hash_fnv32a("hello", 5), 0x4f9f2cab);
    assert_int_equal(hash_fnv32a("", 0), 0x811c9dc5);
}

/* Bytes are i % 251, as in the published test vectors. */
static const struct {
    size_t n;
    const char *hex;
} blake3_vectors[] = {
    { 0, "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262" },
    { 1, "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213" },
    { 63, "e9bc37a594daad83be9470df7f7b3798297c3d834ce80ba85d6e207627b7db7b" },
    { 64, "4eed7141ea4a5cd4b788606bd23f46e212af9cacebacdc7d1f4c6dc7f2511b98" },
    { 65, "de1e5fa0be70df6d2be8fffd0e99ceaa8eb6e8c93a63f2d8d1c30ecb6b263dee" },
    { 1023, "10108970eeda3eb932baac1428c7a2163b0e924c9a9e25b35bba72b28f70bd11" },
    { 1024, "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7" },
    { 1025, "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444" },
    { 2048, "e776b6028c7cd22a4d0ba182a8bf62205d2ef576467e838ed6f2529b85fba24a" },
    { 2049, "5f4d72f40d7a5f82b15ca2b2e44b1de3c2ef86c426c95c1af0b6879522563030" },
    { 3073, "7124b49501012f81cc7f11ca069ec9226cecb8a2c850cfe644e327d22d3e1cd3" },
    { 4096, "015094013f57a5277b59d8475c0501042c0b642e531b0a1c8f58d2163229e969" },
    { 5120, "9cadc15fed8b5d854562b26a9536d9707cadeda9b143978f319ab34230535833" },
    { 7168, "61da957ec2499a95d6b8023e2b0e604ec7f6b50e80a9678b89d2628e99ada77a" },
    { 31744, "62b6960e1a44bcc1eb1a611a8d6235b6b4b78f32e7abc4fb4c6cdcce94895c47" },
    { 102400, "bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085" },
};

static void blake3_matches_its_vectors_in_any_portions(void **state)
{
    struct arena *a = unit_cx(state)->arena;
    unsigned char *data = arena_alloc(a, 102400);
    for (size_t i = 0; i < 102400; i++)
        data[i] = (unsigned char)(i % 251);
    static const size_t portions[] = { 1, 7, 64, 1000, 102400 };
    for (size_t i = 0; i < ARRAY_LEN(blake3_vectors); i++)
        for (size_t p = 0; p < ARRAY_LEN(portions); p++) {
            struct blake3 b;
            unsigned char out[BLAKE3_SIZE];
            blake3_init(&b);
            for (size_t at = 0, left = blake3_vectors[i].n; left;) {
                size_t n = portions[p] < left ? portions[p] : left;
                blake3_update(&b, data + at, n);
                at += n;
                left -= n;
            }
            blake3_final(&b, out);
            assert_string_equal(hash_to_hex(a, out, sizeof(out)), blake3_vectors[i].hex);
        }
}

static void hmac_of_rfc_4231(void **state)
{
    struct ctx *cx = unit_cx(state);
    const char *hex;
    assert_ok(cx, hash_hmac_hex(cx, "sha256", "Jefe", 4, "what do ya want for nothing?", 28, &hex));
    assert_string_equal(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    assert_true(hash_hmac_hex(cx, "blake3", "k", 1, "d", 1, &hex) < 0);
    assert_error(cx, ERR_UNSUPPORTED, "HMAC is not defined for blake3");
}

static void hex_goes_both_ways(void **state)
{
    struct ctx *cx = unit_cx(state);
    unsigned char *data;
    size_t n;
    assert_string_equal(hash_to_hex(cx->arena, "\x00\xff\x1a", 3), "00ff1a");
    assert_ok(cx, hash_from_hex(cx, "00fF1A", &data, &n));
    assert_int_equal(n, 3);
    assert_memory_equal(data, "\x00\xff\x1a", 4);
    assert_true(hash_from_hex(cx, "0g", &data, &n) < 0);
    assert_error(cx, ERR_INVALID, "illegal hex digit at input byte 1");
    assert_true(hash_from_hex(cx, "abc", &data, &n) < 0);
    assert_error(cx, ERR_INVALID, "odd number of hex digits: 3");
}

/* A negative number is the byte at which Go refuses, minus one. */
static const struct {
    const char *in, *standard;
    int standard_fails;
    const char *url;
    int url_fails;
} base64s[] = {
    { "", "", 0, "", 0 },
    { "Zg==", "f", 0, NULL, -3 },
    { "Zm8=", "fo", 0, NULL, -4 },
    { "Zm9v", "foo", 0, "foo", 0 },
    { "Zm9vYg==", "foob", 0, NULL, -7 },
    { "Z", NULL, -1, NULL, -1 },
    { "Zg", NULL, -1, "f", 0 },
    { "Zm8", NULL, -1, "fo", 0 },
    { "Zg=", NULL, -4, NULL, -3 },
    { "Zg==x", NULL, -5, NULL, -3 },
    { "Zg==\n", "f", 0, NULL, -3 },
    { "Zm\n9v\r\n", "foo", 0, "foo", 0 },
    { "====", NULL, -1, NULL, -1 },
    { "Z===", NULL, -2, NULL, -2 },
    { "Zm9v\nZg=\n=", "foof", 0, NULL, -8 },
    { "Zm9v!", NULL, -5, NULL, -5 },
    { "Zm9-", NULL, -4, "fo~", 0 },
    { "Zm9v_w", NULL, -5, "foo\xff", 0 },
    { "AA==AA==", NULL, -5, NULL, -3 },
    { "Zh==", "f", 0, NULL, -3 },
    { "Zg=a", NULL, -3, NULL, -3 },
    { "Zm9v\n\nY\n", NULL, -8, NULL, -8 },
};

static void check_decoded(struct ctx *cx, int rc, const char *data, size_t n, const char *want, int fails)
{
    if (fails) {
        assert_int_equal(rc, ERR_INVALID);
        assert_string_equal(err_message(cx),
                            str_fmt(cx->arena, "illegal base64 data at input byte %d", -fails - 1));
        return;
    }
    assert_ok(cx, rc);
    assert_int_equal(n, strlen(want));
    assert_string_equal(data, want);
}

static void decodes_base64_as_go(void **state)
{
    struct ctx *cx = unit_cx(state);
    for (size_t i = 0; i < ARRAY_LEN(base64s); i++) {
        char *data = NULL;
        size_t n = 0;
        int rc = base64_decode(cx, base64s[i].in, &data, &n);
        check_decoded(cx, rc, data, n, base64s[i].standard, base64s[i].standard_fails);
        rc = base64_decode_url(cx, base64s[i].in, &data, &n);
        check_decoded(cx, rc, data, n, base64s[i].url, base64s[i].url_fails);
    }
}

static void encodes_base64_of_every_length(void **state)
{
    static const char *const standard[] = { "", "+w==", "+/8=", "+/+/", "+/+/AA==" };
    static const char *const url[] = { "", "-w", "-_8", "-_-_", "-_-_AA" };
    struct ctx *cx = unit_cx(state);
    for (size_t n = 0; n < ARRAY_LEN(standard); n++) {
        assert_string_equal(base64_encode(cx->arena, "\xfb\xff\xbf\0", n), standard[n]);
        assert_string_equal(base64_encode_url(cx->arena, "\xfb\xff\xbf\0", n), url[n]);
    }
    for (size_t n = 0; n < 100; n++) {
        char *data, *text = arena_alloc(cx->arena, n + 1);
        size_t len;
        memset(text, (int)(n * 7 % 255), n);
        assert_ok(cx, base64_decode(cx, base64_encode(cx->arena, text, n), &data, &len));
        assert_int_equal(len, n);
        assert_memory_equal(data, text, n + 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(every_algorithm_streams),
        UNIT_TEST(one_shot_digests),
        UNIT_TEST(blake3_matches_its_vectors_in_any_portions),
        UNIT_TEST(hmac_of_rfc_4231),
        UNIT_TEST(hex_goes_both_ways),
        UNIT_TEST(decodes_base64_as_go),
        UNIT_TEST(encodes_base64_of_every_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
