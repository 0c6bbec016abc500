/*
 * rsakey.c: RSA keys from OpenSSL's primes; the contract is in rsakey.h.
 */
#include "helm-controller/template/rsakey.h"

#include "libgotk/base/attr.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>

#include <stdbool.h>

#define EXPONENT 65537 /* a prime */

enum { N, E, D, P, Q, DP, DQ, QINV, PARTS };

static const char *const names[PARTS] = {
    [N] = OSSL_PKEY_PARAM_RSA_N,          [E] = OSSL_PKEY_PARAM_RSA_E,
    [D] = OSSL_PKEY_PARAM_RSA_D,          [P] = OSSL_PKEY_PARAM_RSA_FACTOR1,
    [Q] = OSSL_PKEY_PARAM_RSA_FACTOR2,    [DP] = OSSL_PKEY_PARAM_RSA_EXPONENT1,
    [DQ] = OSSL_PKEY_PARAM_RSA_EXPONENT2, [QINV] = OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
};

/* A prime with its two highest bits set, which is not one more than a multiple of the exponent. */
static void make_prime(BIGNUM *prime, int bits)
{
    do
        ASSERT(BN_generate_prime_ex(prime, bits, 0, NULL, NULL, NULL) == 1);
    while (BN_mod_word(prime, EXPONENT) == 1);
}

/* Primes near each other would make the key weak. */
static bool far_apart(const BIGNUM *p, const BIGNUM *q, BIGNUM *scratch)
{
    ASSERT(BN_sub(scratch, p, q) == 1);
    return BN_num_bits(scratch) > BN_num_bits(p) - 100;
}

static void make_primes(BIGNUM *p, BIGNUM *q, int bits, BIGNUM *scratch)
{
    make_prime(p, bits / 2);
    do
        make_prime(q, bits / 2);
    while (!far_apart(p, q, scratch));
    if (BN_cmp(p, q) < 0)
        BN_swap(p, q);
}

/* What follows from p and q; d is the exponent's inverse modulo lcm(p - 1, q - 1). */
static void derive(BIGNUM *part[PARTS], BN_CTX *cx)
{
    BN_CTX_start(cx);
    BIGNUM *p1 = BN_CTX_get(cx), *q1 = BN_CTX_get(cx), *gcd = BN_CTX_get(cx), *lcm = BN_CTX_get(cx);
    ASSERT(lcm && BN_set_word(part[E], EXPONENT) && BN_mul(part[N], part[P], part[Q], cx));
    ASSERT(BN_sub(p1, part[P], BN_value_one()) && BN_sub(q1, part[Q], BN_value_one()));
    ASSERT(BN_gcd(gcd, p1, q1, cx) && BN_mul(lcm, p1, q1, cx) && BN_div(lcm, NULL, lcm, gcd, cx));
    BN_set_flags(lcm, BN_FLG_CONSTTIME);
    ASSERT(BN_mod_inverse(part[D], part[E], lcm, cx));
    BN_set_flags(part[D], BN_FLG_CONSTTIME);
    BN_set_flags(part[P], BN_FLG_CONSTTIME);
    ASSERT(BN_mod(part[DP], part[D], p1, cx) && BN_mod(part[DQ], part[D], q1, cx));
    ASSERT(BN_mod_inverse(part[QINV], part[Q], part[P], cx));
    BN_CTX_end(cx);
}

static EVP_PKEY *put_together(BIGNUM *const part[PARTS])
{
    EVP_PKEY *key = NULL;
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *maker = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    ASSERT(builder && maker);
    for (int i = 0; i < PARTS; i++)
        ASSERT(OSSL_PARAM_BLD_push_BN(builder, names[i], part[i]) == 1);
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
    ASSERT(params && EVP_PKEY_fromdata_init(maker) == 1);
    ASSERT(EVP_PKEY_fromdata(maker, &key, EVP_PKEY_KEYPAIR, params) == 1);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(builder);
    EVP_PKEY_CTX_free(maker);
    return key;
}

EVP_PKEY *rsakey_new(int bits)
{
    BIGNUM *part[PARTS];
    BN_CTX *cx = BN_CTX_secure_new();
    ASSERT(cx);
    for (int i = 0; i < PARTS; i++)
        ASSERT((part[i] = BN_new()));
    make_primes(part[P], part[Q], bits, part[N]);
    derive(part, cx);
    EVP_PKEY *key = put_together(part);
    for (int i = 0; i < PARTS; i++)
        BN_clear_free(part[i]);
    BN_CTX_free(cx);
    return key;
}
