/*
 * jwt.h: JSON Web Tokens that we sign (RFC 7519), as apps and workloads prove to a token service who they are.
 *
 * RS256 only, which is what those services ask for. Any thread; no state. The key never reaches a message.
 */
#ifndef GOTK_NET_JWT_H
#define GOTK_NET_JWT_H

#include "libgotk/doc/doc.h"

/* Signs the claims with an RSA private key in PEM (PKCS #1 or #8, not encrypted). ERR_INVALID when it is none. */
int jwt_sign(struct ctx *cx, const char *key_pem, const struct doc *claims,
             const char **ret_token) MUST_CHECK;

#endif
