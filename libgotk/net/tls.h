/*
 * tls.h: whom a connection trusts and who it says it is.
 *
 * `struct tls` is plain data, PEM in memory as it comes out of a Secret or a kubeconfig; the HTTP client
 * (http.h) uses it. Parsed trust stores are cached per process (a store of 140 system roots takes longer to
 * parse than a handshake) and shared by all threads under one leaf lock. System roots are found as Go finds
 * them: SSL_CERT_FILE or the well-known bundles, then every file in SSL_CERT_DIR or the well-known folders.
 */
#ifndef GOTK_NET_TLS_H
#define GOTK_NET_TLS_H

#include "libgotk/base/ctx.h"

#include <stdbool.h>
#include <stddef.h>

/* A verification result of our own (OpenSSL's X509_V_ERR_APPLICATION_VERIFICATION): no names but the subject's. */
#define TLS_NO_NAMES 50

struct x509_store_st;

/* Trust and identity for a connection. All pointers are borrowed while a request runs; all zeros: system
 * roots only. */
struct tls {
    const char *ca_pem; /* more certificate authorities; NULL: none */
    size_t ca_len;
    const char *ca_file; /* as ca_pem, read again when the file changes; used when ca_pem is NULL */
    bool ca_only; /* trust only ca_pem or ca_file and not the system's roots (kubeconfig, in-cluster) */
    const char *cert_pem; /* client certificate chain; needs key_pem */
    size_t cert_len;
    const char *key_pem;
    size_t key_len;
    bool insecure; /* verify nothing */
    const char *
        server_name; /* verify this name and send it as SNI instead of the URL's host; NULL: the URL's host */
};

/* Fails with ERR_INVALID when a CA holds no certificate, a certificate or key does not parse, one of the two
 * is missing, or key and certificate do not belong together. The message never shows key material. */
int tls_check(struct ctx *cx, const struct tls *tls) MUST_CHECK;

/* The trust store for `tls` (NULL: system roots), from the process-wide cache. The first use of the system's
 * roots reads and parses them all (tens of milliseconds): a network job does that in its
 * `prepare`, and every child has them. The caller owns one reference (X509_STORE_free). Fails with ERR_INVALID
 * when a CA holds no certificate, ERR_NOT_FOUND when ca_file is missing. */
int tls_trust(struct ctx *cx, const struct tls *tls, struct x509_store_st **ret_store) MUST_CHECK;

/* What an X509_V_ERR_* verify result means, in the words of Go's crypto/x509 where they exist, e.g.
 * "x509: certificate signed by unknown authority". Static text. */
const char *tls_verify_text(long verify_result);

#endif
