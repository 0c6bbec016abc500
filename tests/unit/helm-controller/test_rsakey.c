/* New RSA keys: OpenSSL finds nothing wrong with them, and they sign. */
#include "helm-controller/template/rsakey.h"
#include "tests/unit/lib/unit.h"

#include <openssl/rsa.h>

static void keys_are_whole(void **state)
{
    static const int sizes[] = { 2048, 2048, 2048, 4096 };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        EVP_PKEY *key = rsakey_new(sizes[i]);
        EVP_PKEY_CTX *check = EVP_PKEY_CTX_new(key, NULL);
        assert_int_equal(EVP_PKEY_get_bits(key), sizes[i]);
        assert_int_equal(EVP_PKEY_check(check), 1);
        EVP_PKEY_CTX_free(check);
        EVP_PKEY_free(key);
    }
}

static void keys_sign(void **state)
{
    unsigned char mark[256];
    size_t n = sizeof(mark);
    EVP_PKEY *key = rsakey_new(2048);
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    (void)state;
    assert_int_equal(EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, key), 1);
    assert_int_equal(EVP_DigestSign(md, mark, &n, (const unsigned char *)"text", 4), 1);
    assert_int_equal(EVP_MD_CTX_reset(md), 1);
    assert_int_equal(EVP_DigestVerifyInit(md, NULL, EVP_sha256(), NULL, key), 1);
    assert_int_equal(EVP_DigestVerify(md, mark, n, (const unsigned char *)"text", 4), 1);
    EVP_MD_CTX_free(md);
    EVP_PKEY_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(keys_are_whole),
        UNIT_TEST(keys_sign),
    };
    return cmocka_run_group_tests_name("rsakey", tests, NULL, NULL);
}
