/*
 * sshkey.h: SSH public keys: the lines of an authorized_keys text, and checking a raw signature with one.
 *
 * Ed25519, ECDSA (P-256, P-384, P-521), RSA with SHA-2, and the first two in a security key (FIDO), which is what OpenSSH
 * signs with; done by OpenSSL. Runs in the job child that also reads the signature. Rejected: libssh's keys, whose
 * interface signs and verifies SSHSIG in newer releases only.
 */
#ifndef GOTK_SOURCE_SSHKEY_H
#define GOTK_SOURCE_SSHKEY_H

#include "source-controller/sshwire.h"

struct evp_pkey_st;
struct sshkey_kind;

/* One public key; lives in the arena it was read with. */
struct sshkey {
    const struct sshkey_kind *kind;
    struct sshwire_bytes blob; /* as in the base64 of its line */
    struct evp_pkey_st *pkey;  /* NULL: of a kind that signs nothing here (DSA) */
    const char *application;   /* of a security key: "ssh:" */
};

/* Reads one key from its wire form. ERR_INVALID when it is none, or of no known kind. */
int sshkey_parse(struct ctx *cx, struct sshwire_bytes blob, struct sshkey *ret) MUST_CHECK;

/* Reads the lines of an authorized_keys text; options in front of a key are skipped, empty lines and comments too. One
 * line that holds no key fails the whole, with upstream's words: "unable to parse authorized key: ssh: no key found". */
int sshkey_parse_lines(struct ctx *cx, const char *text, struct sshkey **ret_keys,
                       size_t *ret_count) MUST_CHECK;

/* "SHA256:..." as ssh-keygen -l shows it. */
const char *sshkey_fingerprint(struct arena *a, const struct sshkey *key);

/* Checks a signature in wire form (format, bytes) over `data`. ERR_INVALID when it is none of this key over it. */
int sshkey_verify(struct ctx *cx, const struct sshkey *key, struct sshwire_bytes signature, const void *data,
                  size_t n) MUST_CHECK;

#endif
