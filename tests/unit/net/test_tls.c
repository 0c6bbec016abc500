/* TLS: checks of what users put into Secrets; the system's roots as SSL_CERT_FILE and SSL_CERT_DIR say; the cache. */
#include "libgotk/base/str.h"
#include "libgotk/net/tls.h"
#include "tests/unit/lib/peer.h"
#include "tests/unit/lib/unit.h"

#include <openssl/x509_vfy.h>
#include <sys/stat.h>

static struct ctx site; /* holds the certificates' folder for all tests */
static const char *dir;

static struct tls with_ca(struct ctx *cx, const char *file)
{
    char *pem = peer_slurp(cx, dir, file);
    return (struct tls){ .ca_pem = pem, .ca_len = strlen(pem) };
}

static void set_pair(struct ctx *cx, struct tls *tls, const char *cert, const char *key)
{
    tls->cert_pem = peer_slurp(cx, dir, cert);
    tls->cert_len = strlen(tls->cert_pem);
    tls->key_pem = peer_slurp(cx, dir, key);
    tls->key_len = strlen(tls->key_pem);
}

static int count_roots(struct ctx *cx, const struct tls *tls)
{
    struct x509_store_st *store = NULL;
    assert_ok(cx, tls_trust(cx, tls, &store));
    int n = sk_X509_OBJECT_num(X509_STORE_get0_objects(store));
    X509_STORE_free(store);
    return n;
}

static void finds_roots_as_go_does(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct tls more = with_ca(cx, "client.pem"), same = with_ca(cx, "ca.pem");
    assert_int_equal(count_roots(cx, NULL),
                     2); /* SSL_CERT_FILE's one, and SSL_CERT_DIR's one, its link not counted */
    assert_int_equal(count_roots(cx, &more), 3);
    assert_int_equal(count_roots(cx, &same), 2);
    more.ca_only = true;
    assert_int_equal(count_roots(cx, &more), 1);
    struct tls none = { .ca_only = true };
    assert_int_equal(count_roots(cx, &none),
                     2); /* without authorities of its own there is nothing to narrow to */
}

static void keeps_parsed_stores(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct tls tls = with_ca(cx, "client.pem");
    struct x509_store_st *first = NULL, *second = NULL;
    assert_ok(cx, tls_trust(cx, &tls, &first));
    tls = with_ca(cx, "client.pem"); /* the same text elsewhere */
    assert_ok(cx, tls_trust(cx, &tls, &second));
    assert_ptr_equal(first, second);
    X509_STORE_free(second);
    for (int i = 0; i < 100; i++) { /* more than the cache holds */
        const char *pem = str_fmt(cx->arena, "%s\n# %d\n", tls.ca_pem, i);
        struct tls other = { .ca_pem = pem, .ca_len = strlen(pem) };
        assert_int_equal(count_roots(cx, &other), 3);
    }
    assert_int_equal(count_roots(cx, &tls), 3);
    X509_STORE_free(first);
}

static void reads_a_file_again_when_it_changes(void **state)
{
    struct ctx *cx = unit_cx(state);
    const char *path = str_fmt(cx->arena, "%s/rotating.pem", dir);
    struct tls tls = { .ca_file = path, .ca_only = true };
    peer_spill(cx, dir, "rotating.pem", "nonsense", 8);
    assert_int_equal(tls_check(cx, &tls), ERR_INVALID);
    assert_error(cx, ERR_INVALID, "holds no certificate");
    const char *two =
        str_fmt(cx->arena, "%s%s", peer_slurp(cx, dir, "ca.pem"), peer_slurp(cx, dir, "ca2.pem"));
    peer_spill(cx, dir, "rotating.pem", two, strlen(two));
    assert_int_equal(count_roots(cx, &tls), 2);
}

static void checks_what_it_is_given(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct tls tls = with_ca(cx, "ca.pem");
    assert_ok(cx, tls_check(cx, &tls));
    set_pair(cx, &tls, "client.pem", "client.key");
    assert_ok(cx, tls_check(cx, &tls));
    set_pair(cx, &tls, "client.pem", "server.key");
    assert_int_equal(tls_check(cx, &tls), ERR_INVALID);
    assert_error(cx, ERR_INVALID, "do not belong together");
    set_pair(cx, &tls, "client.key", "client.key");
    assert_int_equal(tls_check(cx, &tls), ERR_INVALID);
    assert_error(cx, ERR_INVALID, "the client certificate does not parse");
    set_pair(cx, &tls, "client.pem", "locked.key");
    assert_int_equal(tls_check(cx, &tls), ERR_INVALID);
    assert_error(cx, ERR_INVALID, "private key does not parse: unencrypted PEM");
    tls.key_pem = NULL;
    assert_int_equal(tls_check(cx, &tls), ERR_INVALID);
    assert_error(cx, ERR_INVALID, "the private key is missing");
    tls = (struct tls){ .ca_pem = "", .ca_len = 0 };
    assert_int_equal(tls_check(cx, &tls), ERR_INVALID);
    assert_error(cx, ERR_INVALID, "is empty");
    tls = (struct tls){ .ca_file = "/nonexistent.pem" };
    assert_int_equal(tls_check(cx, &tls), ERR_NOT_FOUND);
    assert_error(cx, ERR_NOT_FOUND, "/nonexistent.pem");
}

static void speaks_as_go_about_certificates(void **state)
{
    (void)state;
    assert_string_equal(tls_verify_text(X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY),
                        "x509: certificate signed by unknown authority");
    assert_non_null(strstr(tls_verify_text(X509_V_ERR_CERT_HAS_EXPIRED), "has expired or is not yet valid"));
    assert_non_null(tls_verify_text(9999));
}

/* The roots are read once per process: the environment must be right before the first test. */
static int start(void **state)
{
    (void)state;
    site.arena = arena_new((size_t)16 << 20);
    dir = unit_tmpdir(&site);
    peer_certificates(&site, dir);
    const char *roots = str_fmt(site.arena, "%s/roots", dir),
               *key = str_fmt(site.arena, "%s/locked.key", dir);
    peer_run((const char *const[]){ "/usr/bin/openssl", "pkey", "-in",
                                    str_fmt(site.arena, "%s/client.key", dir), "-aes256", "-passout",
                                    "pass:secret", "-out", key, NULL });
    char *other = peer_slurp(&site, dir, "ca2.pem");
    if (mkdir(roots, 0755) < 0)
        return -1;
    peer_spill(&site, roots, "other.pem", other, strlen(other));
    if (symlink("other.pem", str_fmt(site.arena, "%s/link.pem", roots)) < 0)
        return -1;
    setenv("SSL_CERT_FILE", str_fmt(site.arena, "%s/ca.pem", dir), 1);
    setenv("SSL_CERT_DIR", roots, 1);
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_free(site.arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(finds_roots_as_go_does),
        UNIT_TEST(keeps_parsed_stores),
        UNIT_TEST(reads_a_file_again_when_it_changes),
        UNIT_TEST(checks_what_it_is_given),
        UNIT_TEST(speaks_as_go_about_certificates),
    };
    return cmocka_run_group_tests(tests, start, end);
}
