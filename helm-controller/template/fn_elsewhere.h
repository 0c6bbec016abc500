/*
 * fn_elsewhere.h: the rows of the functions that need all of OpenSSL or libxcrypt.
 *
 * helm-controller is two executables (libgotk/runtime/companion.h). The small one has these functions by name only: a chart that
 * calls one is rendered by the other (helm-controller/elsewhere.h). ROW(name, parameters, function).
 */
#ifndef GOTK_HELM_TEMPLATE_FN_ELSEWHERE_H
#define GOTK_HELM_TEMPLATE_FN_ELSEWHERE_H

#define FN_CERTS_ROWS(ROW)                                                                                   \
    ROW("genPrivateKey", "s", fn_gen_private_key)                                                            \
    ROW("buildCustomCert", "ss", fn_build_custom_cert)                                                       \
    ROW("genCA", "si", fn_gen_ca)                                                                            \
    ROW("genCAWithKey", "sis", fn_gen_ca_with_key)                                                           \
    ROW("genSelfSignedCert", "slli", fn_gen_self_signed)                                                     \
    ROW("genSelfSignedCertWithKey", "sllis", fn_gen_self_signed_with_key)                                    \
    ROW("genSignedCert", "sllic", fn_gen_signed)                                                             \
    ROW("genSignedCertWithKey", "sllics", fn_gen_signed_with_key)

#define FN_CRYPTO_ROWS(ROW)                                                                                  \
    ROW("bcrypt", "s", fn_bcrypt)                                                                            \
    ROW("htpasswd", "ss", fn_htpasswd)                                                                       \
    ROW("derivePassword", "ussss", fn_derive_password)                                                       \
    ROW("encryptAES", "ss", fn_encrypt_aes)                                                                  \
    ROW("decryptAES", "ss", fn_decrypt_aes)

#endif
