/*
 * fn_certs.c: Sprig's keys and certificates, by OpenSSL: of the same shape as Go's, for keys are never the same twice.
 */
#include "helm-controller/template/fn.h"
#include "helm-controller/template/fn_elsewhere.h"
#include "helm-controller/template/object.h"
#include "helm-controller/template/times.h"
#include "libgotk/base/base64.h"
#include "libgotk/base/goaddr.h"
#include "libgotk/base/quote.h"

#include <openssl/bn.h>
#include <openssl/dsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>

struct certificate {
    struct strv cert;
    struct strv key;
};

static void free_key(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}

static void free_x509(X509 **cert)
{
    X509_free(*cert);
}

static void free_bio(BIO **bio)
{
    BIO_free(*bio);
}

static void free_names(GENERAL_NAMES **names)
{
    GENERAL_NAMES_free(*names);
}

static struct value cert_text(const void *data)
{
    const struct certificate *c = data;
    return v_str(c->cert.p, c->cert.n);
}

static struct value key_text(const void *data)
{
    const struct certificate *c = data;
    return v_str(c->key.p, c->key.n);
}

static const struct object_field fields[] = {
    { "Cert", cert_text, false, NULL },
    { "Key", key_text, false, NULL },
};

static const struct object_type certificate_type = {
    .name = "sprig.certificate",
    .kind = K_STRUCT,
    .fields = fields,
    .fields_count = ARRAY_LEN(fields),
};

static struct value certificate_value(struct exec *x, struct strv cert, struct strv key)
{
    struct certificate *c = ARENA_NEW(x->cx->arena, struct certificate);
    struct object *o = ARENA_NEW(x->cx->arena, struct object);
    *c = (struct certificate){ cert, key };
    *o = (struct object){ &certificate_type, c };
    return v_object(o);
}

static struct strv take_bio(struct exec *x, BIO *bio)
{
    char *data;
    long n = BIO_get_mem_data(bio, &data);
    return (struct strv){ str_ndup(x->cx->arena, data, (size_t)n), (size_t)n };
}

/* The key as PEM in the form Go writes for its kind. */
static struct strv print_key(struct exec *x, EVP_PKEY *key)
{
    CLEANUP(free_bio) BIO *bio = BIO_new(BIO_s_mem());
    bool old_form = EVP_PKEY_base_id(key) != EVP_PKEY_ED25519;
    ASSERT(bio && (old_form ? PEM_write_bio_PrivateKey_traditional(bio, key, NULL, NULL, 0, NULL, NULL)
                            : PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL)) == 1);
    return take_bio(x, bio);
}

static EVP_PKEY *make_dsa(void)
{
    EVP_PKEY *params = NULL, *key = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_DSA, NULL);
    ASSERT(ctx && EVP_PKEY_paramgen_init(ctx) == 1 && EVP_PKEY_CTX_set_dsa_paramgen_bits(ctx, 2048) == 1 &&
           EVP_PKEY_CTX_set_dsa_paramgen_q_bits(ctx, 256) == 1 && EVP_PKEY_paramgen(ctx, &params) == 1);
    EVP_PKEY_CTX_free(ctx);
    ctx = EVP_PKEY_CTX_new(params, NULL);
    ASSERT(ctx && EVP_PKEY_keygen_init(ctx) == 1 && EVP_PKEY_keygen(ctx, &key) == 1);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(params);
    return key;
}

static bool is_text(struct value v, const char *s)
{
    return v.len == strlen(s) && memcmp(v.s, s, v.len) == 0;
}

FN(fn_gen_private_key)
{
    CLEANUP(free_key) EVP_PKEY *key = NULL;
    struct value type = args[0];
    if (type.len == 0 || is_text(type, "rsa"))
        key = EVP_RSA_gen(4096);
    else if (is_text(type, "dsa"))
        key = make_dsa();
    else if (is_text(type, "ecdsa"))
        key = EVP_EC_gen("P-256");
    else if (is_text(type, "ed25519"))
        key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    else {
        *ret = fn_joined(x, "Unknown type ", v_view(type));
        return 0;
    }
    ASSERT(key);
    struct strv text = print_key(x, key);
    *ret = v_str(text.p, text.n);
    return 0;
}

/* -- reading --------------------------------------------------------------------------------------------------- */

/* The first PEM block of a text: its type and bytes; false when there is none. */
static bool read_pem(struct exec *x, struct strv text, const char **ret_type, struct strv *ret)
{
    CLEANUP(free_bio) BIO *bio = BIO_new_mem_buf(text.p, (int)text.n);
    char *name = NULL, *header = NULL;
    unsigned char *data = NULL;
    long len = 0;
    bool found = bio && PEM_read_bio(bio, &name, &header, &data, &len) == 1;
    if (found) {
        *ret_type = str_dup(x->cx->arena, name);
        *ret = (struct strv){ str_ndup(x->cx->arena, (char *)data, (size_t)len), (size_t)len };
    }
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_free(data);
    ERR_clear_error();
    return found;
}

/* How Go words a key of a kind that cannot be read. */
static const struct {
    const char *type;
    int id;
    const char *failure;
} key_types[] = {
    { "PRIVATE KEY", EVP_PKEY_NONE, "decoding PEM as PKCS#8" },
    { "RSA PRIVATE KEY", EVP_PKEY_RSA, "parsing RSA private key from PEM" },
    { "EC PRIVATE KEY", EVP_PKEY_EC, "parsing EC private key from PEM" },
    { "DSA PRIVATE KEY", EVP_PKEY_DSA, "parsing DSA private key from PEM" },
};

static int read_key(struct exec *x, struct strv text, EVP_PKEY **ret)
{
    const char *type;
    struct strv der;
    if (!read_pem(x, text, &type, &der))
        return fn_fail(x, "no PEM data in input");
    for (size_t i = 0; i < ARRAY_LEN(key_types); i++) {
        if (strcmp(type, key_types[i].type) != 0)
            continue;
        const unsigned char *p = (const unsigned char *)der.p;
        *ret = key_types[i].id ? d2i_PrivateKey(key_types[i].id, NULL, &p, (long)der.n)
                               : d2i_AutoPrivateKey(NULL, &p, (long)der.n);
        ERR_clear_error();
        return *ret ? 0 : fn_fail(x, "%s: asn1: structure error", key_types[i].failure);
    }
    if (!str_ends(type, " PRIVATE KEY"))
        return fn_fail(x, "no private key data in PEM block of type %s", type);
    return fn_fail(x, "invalid private key type %.*s", (int)(strlen(type) - strlen(" PRIVATE KEY")), type);
}

static int read_certificate(struct exec *x, struct strv text, const char *what, X509 **ret)
{
    const char *type;
    struct strv der;
    if (!read_pem(x, text, &type, &der))
        return fn_fail(x, "unable to decode certificate");
    const unsigned char *p = (const unsigned char *)der.p;
    *ret = d2i_X509(NULL, &p, (long)der.n);
    ERR_clear_error();
    return *ret ? 0 : fn_fail(x, "error parsing certificate: %s: x509: malformed certificate", what);
}

FN(fn_build_custom_cert)
{
    CLEANUP(free_x509) X509 *cert = NULL;
    CLEANUP(free_key) EVP_PKEY *key = NULL;
    char *texts[2];
    size_t lens[2];
    for (int i = 0; i < 2; i++)
        if (base64_decode(x->cx, fn_terminated(x, args[i]), &texts[i], &lens[i]) < 0)
            return fn_fail(x, "unable to decode base64 %s", i == 0 ? "certificate" : "private key");
    struct strv cert_pem = { texts[0], lens[0] }, key_pem = { texts[1], lens[1] };
    if (read_certificate(x, cert_pem, "decodedCert.Bytes", &cert) < 0)
        return err_code(x->cx);
    if (read_key(x, key_pem, &key) < 0)
        return err_wrap(x->cx, "error parsing private key");
    *ret = certificate_value(x, cert_pem, key_pem);
    return 0;
}

/* -- making ---------------------------------------------------------------------------------------------------- */

/* What a certificate is to say. */
struct request {
    struct strv name;
    struct value ips;
    struct value dns;
    int64_t days;
    bool ca;
    const struct certificate *signer; /* NULL: self-signed */
    X509 *issuer;
    EVP_PKEY *issuer_key;
};

/* IPv4 has 4 bytes, within IPv6 too. */
static bool read_ip(struct exec *x, struct strv text, unsigned char ret[16], int *ret_len)
{
    static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
    bool four;
    if (goaddr_wrong(x->cx->arena, text, &four) ||
        inet_pton(four ? AF_INET : AF_INET6, str_ndup(x->cx->arena, text.p, text.n), ret) != 1)
        return false;
    bool is_mapped = !four && memcmp(ret, mapped, sizeof(mapped)) == 0;
    if (is_mapped)
        memmove(ret, ret + sizeof(mapped), 4);
    *ret_len = four || is_mapped ? 4 : 16;
    return true;
}

static void add_name(GENERAL_NAMES *names, int type, const void *data, size_t n)
{
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_STRING *text = ASN1_STRING_type_new(type == GEN_DNS ? V_ASN1_IA5STRING : V_ASN1_OCTET_STRING);
    ASSERT(name && text && ASN1_STRING_set(text, data, (int)n));
    GENERAL_NAME_set0_value(name, type, text);
    ASSERT(sk_GENERAL_NAME_push(names, name));
}

static int add_ips(struct exec *x, const struct request *r, GENERAL_NAMES *names)
{
    unsigned char ip[16];
    int n = 0;
    for (size_t i = 0; i < value_len(r->ips); i++) {
        struct value v = r->ips.list->at[i];
        struct strv text = fn_text(x, v);
        if (v.type != V_STRING)
            return fn_fail(x, "error parsing ip: %.*s is not a string", (int)text.n, text.p);
        if (!read_ip(x, text, ip, &n))
            return fn_fail(x, "error parsing ip: %s", fn_shown(x, v));
        add_name(names, GEN_IPADD, ip, (size_t)n);
    }
    return 0;
}

static int add_dns(struct exec *x, const struct request *r, GENERAL_NAMES *names)
{
    for (size_t i = 0; i < value_len(r->dns); i++) {
        struct value v = r->dns.list->at[i];
        struct strv text = fn_text(x, v);
        if (v.type != V_STRING)
            return fn_fail(x, "error processing alternate dns name: %.*s is not a string", (int)text.n,
                           text.p);
        add_name(names, GEN_DNS, text.p, text.n);
    }
    return 0;
}

/* What Go says of a name that is not ASCII, as late as Go. */
static int check_dns(struct exec *x, const struct request *r)
{
    for (size_t i = 0; i < value_len(r->dns); i++) {
        struct strv text = fn_text(x, r->dns.list->at[i]);
        for (size_t j = 0; j < text.n; j++)
            if ((unsigned char)text.p[j] >= 0x80)
                return fn_fail(x, "error creating certificate: x509: %s cannot be encoded as an IA5String",
                               quote_go(x->cx->arena, text.p, text.n));
    }
    return 0;
}

static void add_extension(X509 *cert, X509V3_CTX *ctx, int nid, const char *value)
{
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, ctx, nid, value);
    ASSERT(e && X509_add_ext(cert, e, -1) == 1);
    X509_EXTENSION_free(e);
}

static void add_extensions(const struct request *r, GENERAL_NAMES *names, X509 *cert)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, r->issuer ? r->issuer : cert, cert, NULL, NULL, 0);
    add_extension(cert, &ctx, NID_key_usage,
                  r->ca ? "critical,digitalSignature,keyEncipherment,keyCertSign"
                        : "critical,digitalSignature,keyEncipherment");
    add_extension(cert, &ctx, NID_ext_key_usage, "serverAuth,clientAuth");
    add_extension(cert, &ctx, NID_basic_constraints, r->ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
    if (r->ca)
        add_extension(cert, &ctx, NID_subject_key_identifier, "hash");
    if (r->issuer && X509_get0_subject_key_id(r->issuer))
        add_extension(cert, &ctx, NID_authority_key_identifier, "keyid");
    if (sk_GENERAL_NAME_num(names) > 0)
        ASSERT(X509_add1_ext_i2d(cert, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT) == 1);
}

static void set_serial(X509 *cert)
{
    BIGNUM *serial = BN_new();
    ASSERT(serial && BN_rand(serial, 128, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY));
    ASSERT(BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(cert)));
    BN_free(serial);
}

/* Go counts in 64 bits of nanoseconds: 292 years, then it begins anew. OpenSSL adds to no time before 1900. */
static void set_validity(struct exec *x, X509 *cert, int64_t days)
{
    static const char layout[] = "20060102150405Z";
    struct buf text = buf_new(x->cx->arena, 64);
    const struct moment end = times_add(times_now(), (int64_t)((uint64_t)days * (86400ULL * 1000000000)));
    layout_format(&text, &end, (struct strv){ layout, strlen(layout) });
    ASSERT(X509_gmtime_adj(X509_getm_notBefore(cert), 0));
    ASSERT(ASN1_TIME_set_string_X509(X509_getm_notAfter(cert), buf_text(&text)));
}

static bool is_printable(struct strv s)
{
    static const char characters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 '()+,-./:=?";
    for (size_t i = 0; i < s.n; i++)
        if (!s.p[i] || !strchr(characters, s.p[i]))
            return false;
    return true;
}

/* Of any length, as for Go: types that are not MBSTRING's have no limits in OpenSSL. */
static int set_common_name(struct exec *x, X509_NAME *subject, struct strv name)
{
    if (name.n == 0)
        return 0;
    if (!str_is_utf8(name.p, name.n))
        return fn_fail(x, "error creating certificate: asn1: string not valid UTF-8");
    ASSERT(X509_NAME_add_entry_by_NID(subject, NID_commonName,
                                      is_printable(name) ? V_ASN1_PRINTABLESTRING : V_ASN1_UTF8STRING,
                                      (const unsigned char *)name.p, (int)name.n, -1, 0) == 1);
    return 0;
}

static int sign(struct exec *x, const struct request *r, EVP_PKEY *key, X509 *cert)
{
    EVP_PKEY *signer = r->issuer_key ? r->issuer_key : key;
    if (X509_sign(cert, signer, EVP_PKEY_base_id(signer) == EVP_PKEY_ED25519 ? NULL : EVP_sha256()) != 0)
        return 0;
    ERR_clear_error();
    return fn_fail(x, "error creating certificate: x509: the key cannot sign");
}

/* Go has no certificates of DSA keys. */
static int check_keys(struct exec *x, const struct request *r, EVP_PKEY *key)
{
    if (EVP_PKEY_base_id(r->issuer_key ? r->issuer_key : key) == EVP_PKEY_DSA)
        return fn_fail(
            x, "error creating certificate: x509: certificate private key does not implement crypto.Signer");
    if (EVP_PKEY_base_id(key) == EVP_PKEY_DSA)
        return fn_fail(x, "error creating certificate: x509: unsupported public key type: *dsa.PublicKey");
    return 0;
}

static int fill(struct exec *x, const struct request *r, EVP_PKEY *key, GENERAL_NAMES *names, X509 *cert)
{
    X509_NAME *subject = X509_get_subject_name(cert);
    if (check_keys(x, r, key) < 0)
        return err_code(x->cx);
    ASSERT(X509_set_version(cert, X509_VERSION_3) == 1 && X509_set_pubkey(cert, key) == 1);
    set_serial(cert);
    set_validity(x, cert, r->days);
    if (set_common_name(x, subject, r->name) < 0)
        return err_code(x->cx);
    ASSERT(X509_set_issuer_name(cert, r->issuer ? X509_get_subject_name(r->issuer) : subject) == 1);
    if (r->issuer && X509_check_private_key(r->issuer, r->issuer_key) != 1) {
        ERR_clear_error();
        return fn_fail(
            x, "error creating certificate: x509: provided PrivateKey doesn't match parent's PublicKey");
    }
    if (check_dns(x, r) < 0)
        return err_code(x->cx);
    add_extensions(r, names, cert);
    return sign(x, r, key, cert);
}

static int make_certificate(struct exec *x, const struct request *r, EVP_PKEY *key, struct value *ret)
{
    CLEANUP(free_x509) X509 *cert = X509_new();
    CLEANUP(free_bio) BIO *bio = BIO_new(BIO_s_mem());
    CLEANUP(free_names) GENERAL_NAMES *dns = GENERAL_NAMES_new(), *ips = GENERAL_NAMES_new();
    ASSERT(cert && bio && dns && ips);
    if (add_ips(x, r, ips) < 0 || add_dns(x, r, dns) < 0)
        return err_code(x->cx);
    while (sk_GENERAL_NAME_num(ips) > 0)
        ASSERT(sk_GENERAL_NAME_push(dns, sk_GENERAL_NAME_shift(ips)));
    if (fill(x, r, key, dns, cert) < 0)
        return err_code(x->cx);
    ASSERT(PEM_write_bio_X509(bio, cert) == 1);
    *ret = certificate_value(x, take_bio(x, bio), print_key(x, key));
    return 0;
}

/* With a new RSA key, or the one in a PEM text. */
static int make(struct exec *x, struct request r, const struct value *pem, struct value *ret)
{
    CLEANUP(free_key) EVP_PKEY *key = NULL, *issuer_key = NULL;
    CLEANUP(free_x509) X509 *issuer = NULL;
    if (!pem)
        key = EVP_RSA_gen(2048);
    else if (read_key(x, v_view(*pem), &key) < 0)
        return err_wrap(x->cx, "parsing private key");
    ASSERT(key);
    if (r.signer && read_certificate(x, r.signer->cert, "decodedSignerCert.Bytes", &issuer) < 0)
        return err_code(x->cx);
    if (r.signer && read_key(x, r.signer->key, &issuer_key) < 0)
        return err_wrap(x->cx, "error parsing private key");
    r.issuer = issuer;
    r.issuer_key = issuer_key;
    return make_certificate(x, &r, key, ret);
}

static int make_ca(struct exec *x, const struct value *args, const struct value *pem, struct value *ret)
{
    struct request r = { .name = v_view(args[0]), .days = args[1].i, .ca = true };
    return make(x, r, pem, ret);
}

static struct request request_of(const struct value *args)
{
    return (struct request){ .name = v_view(args[0]), .ips = args[1], .dns = args[2], .days = args[3].i };
}

static int make_self_signed(struct exec *x, const struct value *args, const struct value *pem,
                            struct value *ret)
{
    return make(x, request_of(args), pem, ret);
}

static int make_signed(struct exec *x, const struct value *args, const struct value *pem, struct value *ret)
{
    struct request r = request_of(args);
    r.signer = args[4].object->data;
    return make(x, r, pem, ret);
}

FN(fn_gen_ca)
{
    return make_ca(x, args, NULL, ret);
}

FN(fn_gen_ca_with_key)
{
    return make_ca(x, args, &args[2], ret);
}

FN(fn_gen_self_signed)
{
    return make_self_signed(x, args, NULL, ret);
}

FN(fn_gen_self_signed_with_key)
{
    return make_self_signed(x, args, &args[4], ret);
}

FN(fn_gen_signed)
{
    return make_signed(x, args, NULL, ret);
}

FN(fn_gen_signed_with_key)
{
    return make_signed(x, args, &args[5], ret);
}

#define ROW(name, params, call) { name, params, call },
static const struct function rows[] = { FN_CERTS_ROWS(ROW) };
const struct function_table fn_certs = { rows, ARRAY_LEN(rows) };
