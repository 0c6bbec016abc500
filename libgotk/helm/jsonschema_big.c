/*
 * jsonschema_big.c: whether one number is a multiple of another, of however many digits, by OpenSSL's big numbers.
 *
 * Apart from jsonschema_number.c because of what it brings along: see libgotk/base/hash_plain.c. Any thread, no state.
 */
#include "libgotk/helm/jsonschema_big.h"

#include <openssl/bn.h>

int schema_big_divides(struct ctx *cx UNUSED, const char *a, const char *b, bool *ret)
{
    BIGNUM *n = NULL, *by = NULL, *rest = BN_new();
    BN_CTX *work = BN_CTX_new();
    *ret = rest && work && BN_dec2bn(&n, a) && BN_dec2bn(&by, b) && BN_mod(rest, n, by, work) &&
           BN_is_zero(rest);
    BN_CTX_free(work);
    BN_free(rest);
    BN_free(by);
    BN_free(n);
    return 0;
}
