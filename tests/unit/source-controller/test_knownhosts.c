/* known_hosts: which lines are for a host, which algorithms are asked for, and what is said of a key that does not fit. */
#include "libgotk/base/base64.h"
#include "libgotk/base/str.h"
#include "source-controller/knownhosts.h"
#include "tests/unit/lib/unit.h"

#define ED25519 "AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl" /* github.com's */
#define OTHER   "AAAAC3NzaC1lZDI1NTE5AAAAIAfuCHKVTjquxvt6CM6tdG4SLp1Btn/nOeHHE5UOzRdf" /* gitlab.com's */
#define ECDSA                                                                                                \
    "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBEmKSENjQEezOmxkZMy7opKgwFB9nkt5YRrYMjNuG5N87uRgg6" \
    "CLrbo5wAdT/y6v0mKV0U2w0WZ2YB/++Tpockg="
#define RSA "AAAAB3NzaC1yc2EAAAADAQABAAAAQQ==" /* as much of one as is looked at */

static struct knownhosts *parse(struct ctx *cx, const char *text)
{
    struct knownhosts *k = NULL;
    assert_ok(cx, knownhosts_parse(cx, text, &k));
    return k;
}

static int check(struct ctx *cx, const char *text, const char *host, int port, const char *key)
{
    const struct knownhosts_host to = { host, port, "known_hosts of secret 'x'" };
    char *blob = NULL;
    size_t len = 0;
    assert_ok(cx, base64_decode(cx, key, &blob, &len));
    return knownhosts_check(cx, parse(cx, text), &to, blob, len);
}

static void lines_and_hosts(void **state)
{
    static const struct {
        const char *patterns;
        const char *host;
        int port;
        bool known;
    } cases[] = {
        { "github.com", "github.com", 22, true },
        { "GitHub.com", "github.com", 22, true },
        { "github.com", "github.com", 2222, false },
        { "github.com", "gist.github.com", 22, false },
        { "[github.com]:22", "github.com", 22, true },
        { "[github.com]:2222", "github.com", 2222, true },
        { "[github.com]:2222", "github.com", 22, false },
        { "github.com:2222", "github.com", 2222, true },
        { "a,github.com,b", "github.com", 22, true },
        { "*.github.com", "gist.github.com", 22, true },
        { "*.github.com", "github.com", 22, false },
        { "*", "anything.example", 22, true },
        { "g?thub.*", "github.com", 22, true },
        { "*,!github.com", "github.com", 22, false },
        { "!gitlab.com,*", "github.com", 22, true },
        { "192.0.2.1", "192.0.2.1", 22, true },
        { "2001:db8::1", "2001:db8::1", 22, true },
        { "[2001:db8::1]:2222", "2001:db8::1", 2222, true },
        { "[2001:db8::1]:2222", "2001:db8::1", 22, false },
        { "a**b*c*d*e*f*g*h*i*j*k", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 22, false },
        { "|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg=", "192.168.1.61", 22, true },
        { "|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg=", "192.168.1.62", 22, false },
        { "|2|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg=", "192.168.1.61", 22, false },
        { "|1|???|3988QV0VE8wmZL7suNrYQLITLCg=", "192.168.1.61", 22, false },
    };
    struct ctx *cx = unit_cx(state);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *text = str_fmt(cx->arena, "%s ssh-ed25519 " ED25519 " comment\r\n", cases[i].patterns);
        int rc = check(cx, text, cases[i].host, cases[i].port, ED25519);
        if ((rc == 0) != cases[i].known)
            fail_msg("%s for %s:%d gave %d", cases[i].patterns, cases[i].host, cases[i].port, rc);
        err_clear(cx);
    }
}

static void what_is_said(void **state)
{
    struct ctx *cx = unit_cx(state);
    const char *known = "github.com ssh-ed25519 " ED25519 "\n";
    assert_int_equal(check(cx, known, "gitlab.com", 22, OTHER), ERR_DENIED);
    assert_error(cx, ERR_DENIED,
                 "knownhosts: key is unknown (host 'gitlab.com' port 22 presented the ssh-ed25519 key "
                 "SHA256:eUXGGm1YGsMAS7vkcx6JOJdOGHPem5gQp4taiCfCLB8, and known_hosts of secret 'x' has "
                 "no line for this host");
    assert_int_equal(check(cx, known, "github.com", 22, OTHER), ERR_DENIED);
    assert_error(cx, ERR_DENIED, "knownhosts: key mismatch (host 'github.com' port 22 presented");
    assert_int_equal(check(cx, known, "github.com", 22, OTHER), ERR_DENIED);
    assert_error(cx, ERR_DENIED, "has ssh-ed25519 SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU for it");
    const char *revoked = "@revoked * ssh-ed25519 " ED25519 "\ngithub.com ssh-ed25519 " ED25519 "\n";
    assert_int_equal(check(cx, revoked, "github.com", 22, ED25519), ERR_DENIED);
    assert_error(cx, ERR_DENIED, "knownhosts: key is revoked");
    assert_int_equal(check(cx, "@cert-authority * ssh-ed25519 " ED25519, "github.com", 22, ED25519),
                     ERR_DENIED);
    assert_error(cx, ERR_DENIED, "knownhosts: key is unknown");
}

static void several_keys_of_one_type(void **state)
{
    struct ctx *cx = unit_cx(state);
    const char *text = "h ssh-ed25519 " ED25519 "\nh ssh-ed25519 " OTHER "\n";
    assert_int_equal(check(cx, text, "h", 22, ED25519), 0);
    assert_int_equal(check(cx, text, "h", 22, OTHER), 0);
}

static void broken_lines(void **state)
{
    static const struct {
        const char *text;
        const char *message;
    } cases[] = {
        { "github.com", "knownhosts: line 1: missing host pattern" },
        { "# x\ngithub.com ssh-rsa", "knownhosts: line 2: missing key type pattern" },
        { "github.com ssh-rsa ???", "knownhosts: line 1: illegal base64 data" },
        { "github.com ssh-rsa AAAA", "knownhosts: line 1: ssh: short read" },
        { "github.com ssh-rsa AAAAAP8=", "knownhosts: line 1: ssh: short read" },
    };
    struct ctx *cx = unit_cx(state);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct knownhosts *k = NULL;
        assert_int_equal(knownhosts_parse(cx, cases[i].text, &k), ERR_INVALID);
        assert_null(k);
        assert_error(cx, ERR_INVALID, cases[i].message);
    }
    parse(cx, "");
}

static void algorithms(void **state)
{
    static const struct {
        const char *text;
        const char *host;
        const char *wanted;
    } cases[] = {
        { "h ssh-rsa " RSA, "h", "rsa-sha2-512,rsa-sha2-256,ssh-rsa" },
        { "h ssh-rsa " RSA "\nh ecdsa-sha2-nistp256 " ECDSA "\nh ssh-ed25519 " ED25519, "h",
          "ssh-ed25519,ecdsa-sha2-nistp256,rsa-sha2-512,rsa-sha2-256,ssh-rsa" },
        { "other ssh-rsa " RSA "\nh ssh-ed25519 " ED25519, "h", "ssh-ed25519" },
        { "other ssh-rsa " RSA "\nh ssh-ed25519 " ED25519, "third",
          "ssh-ed25519,rsa-sha2-512,rsa-sha2-256,ssh-rsa" },
        { "@revoked h ssh-rsa " RSA, "h", "" },
        { "", "h", "" },
    };
    struct ctx *cx = unit_cx(state);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct knownhosts_host host = { cases[i].host, 22, "x" };
        assert_string_equal(knownhosts_algorithms(cx->arena, parse(cx, cases[i].text), &host),
                            cases[i].wanted);
    }
}

static void types_of_keys(void **state)
{
    struct ctx *cx = unit_cx(state);
    static const struct {
        const char *key;
        size_t len;
        const char *type;
    } rows[] = {
        { "\0\0\0\7ssh-rsa...", 14, "ssh-rsa" },
        { "\0\0\0\7ssh-rs", 10, "unknown" },
        { "\0\0\0\1\0b", 6, "unknown" }, /* a NUL is no name */
        { "\0\0\0\3a b", 7, "unknown" },
        { "\0\0\0\0", 4, "unknown" },
        { "", 0, "unknown" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_string_equal(knownhosts_key_type(cx->arena, rows[i].key, rows[i].len), rows[i].type);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(lines_and_hosts), UNIT_TEST(what_is_said), UNIT_TEST(several_keys_of_one_type),
        UNIT_TEST(broken_lines),    UNIT_TEST(algorithms),   UNIT_TEST(types_of_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
