/*
 * rsakey.h: new RSA keys, quickly.
 *
 * OpenSSL 3 makes its keys by a method of FIPS 186 that takes two and a half times as long as the same primes do: most of the
 * time goes into greatest common divisors in constant time. Here the primes are OpenSSL's (BN_generate_prime_ex), of its
 * random numbers and with its tests, and the rest of the key follows from them. Rejected: EVP_RSA_gen, because charts
 * make several keys, and helm takes less time for them.
 */
#ifndef GOTK_HELM_TEMPLATE_RSAKEY_H
#define GOTK_HELM_TEMPLATE_RSAKEY_H

#include <openssl/evp.h>

/* A key of `bits` (even, at least 512), whose public exponent is 65537. The caller frees it by EVP_PKEY_free; out of memory ends
 * the program. */
EVP_PKEY *rsakey_new(int bits);

#endif
