/*
 * tls.c: trust stores, checks of certificates and keys; the contract is in tls.h.
 *
 * Any thread. Two process-wide values: the system's roots, read once, and a small table of finished trust
 * stores keyed by the CA text itself, behind one leaf lock. Rejected: handing PEM to curl for every
 * connection, because parsing 140 roots costs more than the handshake, and a hash as key, because comparing a
 * few kilobytes is as fast and never wrong.
 */
#include "libgotk/net/tls.h"

#include "libgotk/base/fs.h"
#include "libgotk/base/hash.h"
#include "libgotk/base/map.h"
#include "libgotk/base/mem.h"
#include "libgotk/base/str.h"

#include <dirent.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <pthread.h>

#define CA_MAX      ((size_t)8 << 20)
#define STORE_SLOTS 32

/* As Go's crypto/x509 looks for them: the first file that can be read, and every file of all folders. */
static const char *const root_files[] = {
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
};
static const char root_dirs[] = "/etc/ssl/certs:/etc/pki/tls/certs";

struct store_slot {
    char *ca;
    size_t ca_len;
    bool only;
    X509_STORE *store;
    uint64_t last_used;
};

static pthread_once_t roots_once = PTHREAD_ONCE_INIT;
static STACK_OF(X509) * system_roots;

static pthread_mutex_t slots_lock = PTHREAD_MUTEX_INITIALIZER;
static struct store_slot slots[STORE_SLOTS];
static uint64_t slots_clock;

static const struct {
    long result;
    const char *text;
} verify_texts[] = {
    { X509_V_OK, "x509: certificate is valid" },
    { X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, "x509: certificate signed by unknown authority" },
    { X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, "x509: certificate signed by unknown authority" },
    { X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, "x509: certificate signed by unknown authority" },
    { X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, "x509: certificate signed by unknown authority" },
    { X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
      "x509: certificate signed by unknown authority (the server's certificate is self-signed)" },
    { X509_V_ERR_CERT_HAS_EXPIRED, "x509: certificate has expired or is not yet valid: it has expired" },
    { X509_V_ERR_CERT_NOT_YET_VALID,
      "x509: certificate has expired or is not yet valid: it is not yet valid" },
    { X509_V_ERR_CERT_REVOKED, "x509: certificate is revoked" },
    { X509_V_ERR_INVALID_CA, "x509: the issuer's certificate is not a certificate authority" },
    { X509_V_ERR_INVALID_PURPOSE, "x509: certificate specifies an incompatible key usage" },
    { X509_V_ERR_CERT_SIGNATURE_FAILURE, "x509: certificate signed by unknown authority (bad signature)" },
    { TLS_NO_NAMES, "x509: certificate relies on legacy Common Name field, use SANs instead" },
    { X509_V_ERR_HOSTNAME_MISMATCH, "x509: certificate is not valid for this host name" },
    { X509_V_ERR_IP_ADDRESS_MISMATCH, "x509: certificate is not valid for this IP address" },
    { X509_V_ERR_CA_KEY_TOO_SMALL, "x509: the issuer's key is too small" },
    { X509_V_ERR_EE_KEY_TOO_SMALL, "x509: the certificate's key is too small" },
    { X509_V_ERR_CA_MD_TOO_WEAK, "x509: the issuer's signature algorithm is too weak" },
};

const char *tls_verify_text(long verify_result)
{
    for (size_t i = 0; i < ARRAY_LEN(verify_texts); i++)
        if (verify_texts[i].result == verify_result)
            return verify_texts[i].text;
    return X509_verify_cert_error_string(verify_result);
}

/* False when `seen` (may be NULL) holds these bytes already: the system's folders name most roots three
 * times. */
static bool is_new(struct map *seen, const unsigned char *der, long size)
{
    if (!seen)
        return true;
    const char *digest = hash_sha256_hex(seen->arena, der, (size_t)size);
    bool known = map_has(seen, digest);
    map_set(seen, digest, NULL);
    return !known;
}

/* Adds every certificate of a PEM text to `certs`; what does not parse is skipped, as Go does. Returns how
 * many. */
static size_t add_pem(STACK_OF(X509) * certs, struct map *seen, const char *pem, size_t len)
{
    size_t added = 0;
    char *name, *header;
    unsigned char *data;
    long size;
    BIO *in = BIO_new_mem_buf(pem, (int)len);
    ASSERT(in);
    while (PEM_read_bio(in, &name, &header, &data, &size)) {
        const unsigned char *der = data;
        bool wanted = strcmp(name, PEM_STRING_X509) == 0 && is_new(seen, data, size);
        X509 *cert = wanted ? d2i_X509(NULL, &der, size) : NULL;
        added += cert && sk_X509_push(certs, cert);
        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_free(data);
    }
    BIO_free(in);
    ERR_clear_error();
    return added;
}

/* Adds the certificates of one file; false when it cannot be read. */
static bool add_file(struct map *seen, STACK_OF(X509) * certs, const char *path)
{
    CLEANUP(arena_cleanup) struct arena *scratch = arena_new(CA_MAX * 2);
    struct ctx cx = { .arena = scratch };
    struct buf pem;
    if (fs_read_file(&cx, path, CA_MAX, &pem) < 0)
        return false;
    add_pem(certs, seen, buf_text(&pem), pem.len);
    return true;
}

/* True for a link to a neighbour: the neighbour is read itself. */
static bool is_link_to_sibling(const char *path)
{
    char target[PATH_MAX];
    ssize_t n = readlink(path, target, sizeof(target));
    return n > 0 && !memchr(target, '/', (size_t)n);
}

static void add_dir(struct map *seen, STACK_OF(X509) * certs, const char *path)
{
    DIR *dir = opendir(path);
    if (!dir)
        return;
    for (const struct dirent *e; (e = readdir(dir)) != NULL;) {
        const char *file = str_fmt(seen->arena, "%s/%s", path, e->d_name);
        if (e->d_name[0] != '.' && !is_link_to_sibling(file))
            add_file(seen, certs, file);
    }
    closedir(dir);
}

static void load_roots(void)
{
    CLEANUP(arena_cleanup) struct arena *scratch = arena_new((size_t)64 << 20);
    struct map seen = map_new(scratch);
    const char *file = getenv("SSL_CERT_FILE"), *dirs = getenv("SSL_CERT_DIR");
    system_roots = sk_X509_new_null();
    ASSERT(system_roots);
    if (!str_empty(file))
        add_file(&seen, system_roots, file);
    for (size_t i = 0; str_empty(file) && i < ARRAY_LEN(root_files); i++)
        if (add_file(&seen, system_roots, root_files[i]))
            break;
    size_t count;
    char **list = str_split(scratch, str_or(dirs, root_dirs), ':', &count);
    for (size_t i = 0; i < count; i++)
        if (*list[i])
            add_dir(&seen, system_roots, list[i]);
}

static void add_all(X509_STORE *store, const STACK_OF(X509) * certs)
{
    for (int i = 0; i < sk_X509_num(certs); i++)
        X509_STORE_add_cert(store, sk_X509_value(certs, i)); /* a certificate that is there already is fine */
    ERR_clear_error();
}

/* A new store of the given authorities and, unless `only`, the system's; NULL when `ca` holds no certificate.
 */
static X509_STORE *build_store(struct strv ca, bool only)
{
    STACK_OF(X509) *own = sk_X509_new_null();
    X509_STORE *store = X509_STORE_new();
    ASSERT(own && store);
    bool usable = !ca.n || add_pem(own, NULL, ca.p, ca.n) > 0;
    if (usable) {
        add_all(store, own);
        if (!only)
            add_all(store, system_roots);
        X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST);
    } else {
        X509_STORE_free(store);
        store = NULL;
    }
    sk_X509_pop_free(own, X509_free);
    return store;
}

static bool slot_matches(const struct store_slot *s, struct strv ca, bool only)
{
    return s->store && s->only == only && s->ca_len == ca.n && (!ca.n || memcmp(s->ca, ca.p, ca.n) == 0);
}

/* The cached store with one more reference, or NULL. */
static X509_STORE *find_store(struct strv ca, bool only)
{
    X509_STORE *store = NULL;
    pthread_mutex_lock(&slots_lock);
    for (size_t i = 0; i < STORE_SLOTS && !store; i++) {
        if (!slot_matches(&slots[i], ca, only))
            continue;
        slots[i].last_used = ++slots_clock;
        store = slots[i].store;
        X509_STORE_up_ref(store);
    }
    pthread_mutex_unlock(&slots_lock);
    return store;
}

/* Puts a store into the place of the one that was not used for longest. */
static void keep_store(X509_STORE *store, struct strv ca, bool only)
{
    char *copy = ca.n ? memcpy(mem_alloc_raw(ca.n), ca.p, ca.n) : NULL;
    X509_STORE_up_ref(store);
    pthread_mutex_lock(&slots_lock);
    struct store_slot *oldest = &slots[0];
    for (size_t i = 1; i < STORE_SLOTS; i++)
        if (slots[i].last_used < oldest->last_used)
            oldest = &slots[i];
    struct store_slot evicted = *oldest;
    *oldest = (struct store_slot){
        .ca = copy, .ca_len = ca.n, .only = only, .store = store, .last_used = ++slots_clock
    };
    pthread_mutex_unlock(&slots_lock);
    mem_free(evicted.ca);
    X509_STORE_free(evicted.store);
}

/* The authorities to trust beside, or instead of, the system's: NULL when there are none. */
static int find_ca(struct ctx *cx, const struct tls *tls, struct strv *ret)
{
    struct buf file;
    struct strv ca = { 0 };
    if (tls && tls->ca_pem) {
        ca = (struct strv){ tls->ca_pem, tls->ca_len };
    } else if (tls && tls->ca_file) {
        if (fs_read_file(cx, tls->ca_file, CA_MAX, &file) < 0)
            return err_wrap(cx, "failed to read the certificate authorities");
        ca = (struct strv){ buf_text(&file), file.len };
    }
    if (ca.p && !ca.n)
        return err_fail(cx, ERR_INVALID, "the certificate authority is empty: PEM text is expected");
    *ret = ca;
    return 0;
}

int tls_trust(struct ctx *cx, const struct tls *tls, struct x509_store_st **ret_store)
{
    struct strv ca = { 0 };
    if (find_ca(cx, tls, &ca) < 0)
        return cx->err.code;
    bool only = ca.n && tls->ca_only;
    if (!only)
        pthread_once(&roots_once, load_roots);
    X509_STORE *store = find_store(ca, only);
    if (!store) {
        store = build_store(ca, only);
        if (!store)
            return err_fail(cx, ERR_INVALID,
                            "the certificate authority holds no certificate: PEM text with "
                            "'-----BEGIN CERTIFICATE-----' is expected");
        keep_store(store, ca, only);
    }
    *ret_store = store;
    return 0;
}

/* Answers OpenSSL's question for a passphrase: there is none, and nobody to ask. */
static int no_passphrase(char *to, int size, int for_writing, void *user)
{
    (void)to;
    (void)size;
    (void)for_writing;
    (void)user;
    return 0;
}

static void free_bio(BIO **b)
{
    BIO_free(*b);
}

static void free_cert(X509 **c)
{
    X509_free(*c);
}

static void free_key(EVP_PKEY **k)
{
    EVP_PKEY_free(*k);
}

static int check_pair(struct ctx *cx, const struct tls *tls)
{
    CLEANUP(free_bio) BIO *cert_in = BIO_new_mem_buf(tls->cert_pem, (int)tls->cert_len);
    CLEANUP(free_bio) BIO *key_in = BIO_new_mem_buf(tls->key_pem, (int)tls->key_len);
    CLEANUP(free_cert) X509 *cert = PEM_read_bio_X509(cert_in, NULL, no_passphrase, NULL);
    CLEANUP(free_key) EVP_PKEY *key = PEM_read_bio_PrivateKey(key_in, NULL, no_passphrase, NULL);
    bool match = cert && key && X509_check_private_key(cert, key) == 1;
    ERR_clear_error();
    if (!cert)
        return err_fail(cx, ERR_INVALID,
                        "the client certificate does not parse: PEM text with '-----BEGIN CERTIFICATE-----' "
                        "is expected");
    if (!key)
        return err_fail(cx, ERR_INVALID,
                        "the client certificate's private key does not parse: unencrypted PEM text is "
                        "expected");
    if (!match)
        return err_fail(cx, ERR_INVALID, "the client certificate and its private key do not belong together");
    return 0;
}

int tls_check(struct ctx *cx, const struct tls *tls)
{
    struct x509_store_st *store = NULL;
    if (tls_trust(cx, tls, &store) < 0)
        return cx->err.code;
    X509_STORE_free(store);
    if (!tls->cert_pem && !tls->key_pem)
        return 0;
    if (!tls->cert_pem || !tls->key_pem)
        return err_fail(cx, ERR_INVALID,
                        "a client certificate needs both certificate and private key: the %s is missing",
                        tls->cert_pem ? "private key" : "certificate");
    return check_pair(cx, tls);
}
