/* Credentials for Git over HTTP: data keys, precedence, what is refused, and that no value gets into a message. */
#include "libgotk/base/base64.h"
#include "libgotk/base/str.h"
#include "libgotk/git/gitauth.h"
#include "tests/unit/lib/unit.h"

/* A Secret from "key=value" words; NULL ends them. */
static struct doc *secret(struct ctx *cx, const char *const *words)
{
    struct arena *a = cx->arena;
    struct doc *d = doc_object(a);
    struct doc *data = doc_object(a);
    for (; *words; words++) {
        const char *equals = strchr(*words, '=');
        const char *key = str_ndup(a, *words, (size_t)(equals - *words));
        doc_set_text(a, data, key, base64_encode(a, equals + 1, strlen(equals + 1)));
    }
    doc_set_text(a, doc_ensure(a, d, "metadata"), "namespace", "apps");
    doc_set_text(a, doc_ensure(a, d, "metadata"), "name", "creds");
    doc_set(a, d, "data", data);
    return d;
}

#define SECRET(cx, ...) secret((cx), (const char *const[]){ __VA_ARGS__, NULL })

static struct gitauth decode(struct ctx *cx, const char *address, const struct doc *from)
{
    struct url url;
    struct gitauth auth = { 0 };
    assert_ok(cx, url_parse(cx, address, &url));
    assert_ok(cx, gitauth_decode(cx, &url, from, &auth));
    return auth;
}

static void refused(struct ctx *cx, const char *address, const struct doc *from, const char *part)
{
    struct url url;
    struct gitauth auth = { .user = "untouched" };
    assert_ok(cx, url_parse(cx, address, &url));
    assert_int_equal(gitauth_decode(cx, &url, from, &auth), ERR_INVALID);
    assert_null(strstr(err_message(cx), "hunter2"));
    assert_error(cx, ERR_INVALID, part);
    assert_string_equal(auth.user, "untouched");
}

static void username_and_password(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct gitauth auth = decode(cx, "https://h/r", SECRET(cx, "username=git", "password=hunter2"));
    assert_string_equal(auth.user, "git");
    assert_string_equal(auth.password, "hunter2");
    assert_null(auth.bearer);
    assert_string_equal(auth.hint, "with the username and password of secret 'creds'");
}

static void a_bearer_token_suppresses_the_password_of_the_secret(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct gitauth auth =
        decode(cx, "https://h/r", SECRET(cx, "bearerToken=t", "username=git", "password=hunter2"));
    assert_string_equal(auth.bearer, "t");
    assert_null(auth.user);
    assert_null(auth.password);
    auth = decode(cx, "https://h/r", SECRET(cx, "bearerToken=", "username=git", "password=hunter2"));
    assert_string_equal(auth.bearer, "");
    assert_null(auth.user);
}

static void the_url_fills_what_the_secret_leaves_open(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct gitauth auth = decode(cx, "https://me:hunter2@h/r", NULL);
    assert_string_equal(auth.user, "me");
    assert_string_equal(auth.password, "hunter2");
    auth = decode(cx, "https://me:hunter2@h/r", SECRET(cx, "username=git"));
    assert_string_equal(auth.user, "git");
    assert_string_equal(auth.password, "hunter2");
    refused(cx, "https://me:hunter2@h/r", SECRET(cx, "bearerToken=t"), "cannot be set at the same time");
}

static void authorities_and_client_certificates(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct gitauth auth = decode(cx, "https://h/r", SECRET(cx, "caFile=old"));
    assert_string_equal(auth.ca_pem, "old");
    auth = decode(cx, "https://h/r", SECRET(cx, "caFile=old", "ca.crt=new", "tls.crt=c", "tls.key=k"));
    assert_string_equal(auth.ca_pem, "new");
    assert_string_equal(auth.cert_pem, "c");
    assert_string_equal(auth.key_pem, "k");
}

static void half_a_login_is_refused(void **state)
{
    struct ctx *cx = unit_cx(state);
    refused(cx, "https://h/r", SECRET(cx, "password=hunter2"),
            "invalid 'https' auth option: 'password' requires 'username' to be set");
}

static void app_data_needs_its_provider(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct url url;
    struct gitauth auth;
    assert_ok(cx, url_parse(cx, "https://h/r", &url));
    assert_int_equal(gitauth_decode(cx, &url, SECRET(cx, "githubAppID=1"), &auth), ERR_INVALID);
    assert_string_equal(err_reason_of(cx), "InvalidProviderConfiguration");
    assert_error(cx, ERR_INVALID,
                 "secretRef 'apps/creds' has github app data but provider is not set to github");
}

static void broken_values_name_their_key(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct doc *d = SECRET(cx, "username=git");
    doc_set_text(cx->arena, doc_find(d, "data"), "password", "hunter2!");
    refused(cx, "https://h/r", d, "key 'password' of the secret: illegal base64");
    doc_set_text(cx->arena, doc_find(d, "data"), "password", "YQBi");
    refused(cx, "https://h/r", d, "key 'password' of the secret holds a NUL byte");
    refused(cx, "https://h/r", SECRET(cx, "username=git", "password=hunter2\n"),
            "key 'password' of the secret holds a line break");
    refused(cx, "https://h/r", SECRET(cx, "bearerToken=hunter2\r\n"),
            "key 'bearerToken' of the secret holds a line break");
}

static void hints_tell_what_to_look_at(void **state)
{
    struct ctx *cx = unit_cx(state);
    assert_non_null(strstr(decode(cx, "https://h/r", NULL).hint, "set spec.secretRef"));
    assert_non_null(
        strstr(decode(cx, "https://h/r", SECRET(cx, "token=x")).hint, "has neither username and password"));
}

#define OPENSSH(body) "-----BEGIN OPENSSH PRIVATE KEY-----\n" body "\n-----END OPENSSH PRIVATE KEY-----\n"

/* openssh-key-v1, cipher "none" and cipher "aes256-ctr": what is told apart here without reading the key. */
#define UNLOCKED OPENSSH("b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAAB")
#define LOCKED   OPENSSH("b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0")

static void a_key_for_ssh(void **state)
{
    struct ctx *cx = unit_cx(state);
    const struct doc *from = SECRET(cx, "identity=" UNLOCKED, "known_hosts=h ssh-rsa x", "username=ignored");
    struct gitauth auth = decode(cx, "ssh://h/r", from);
    assert_string_equal(auth.user, "git");
    assert_string_equal(auth.identity, UNLOCKED);
    assert_string_equal(auth.known_hosts, "h ssh-rsa x");
    assert_null(auth.password);
    assert_string_equal(auth.hint, "secret 'creds'");
    assert_string_equal(decode(cx, "ssh://me:pw@h/r", from).user, "me");
}

static void what_ssh_needs(void **state)
{
    struct ctx *cx = unit_cx(state);
    refused(cx, "ssh://h/r", NULL, "invalid 'ssh' auth option: 'identity' is required");
    refused(cx, "ssh://h/r", SECRET(cx, "known_hosts=x"),
            "invalid 'ssh' auth option: 'identity' is required");
    refused(cx, "ssh://h/r", SECRET(cx, "identity=" UNLOCKED),
            "invalid 'ssh' auth option: 'known_hosts' is required");
}

static void encrypted_keys_need_a_passphrase(void **state)
{
    static const char *const keys[] = {
        LOCKED,
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nx\n-----END ENCRYPTED PRIVATE KEY-----\n",
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0\n\nx\n",
    };
    struct ctx *cx = unit_cx(state);
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        const char *identity = str_fmt(cx->arena, "identity=%s", keys[i]);
        struct url url;
        struct gitauth auth;
        assert_ok(cx, url_parse(cx, "ssh://h/r", &url));
        assert_int_equal(gitauth_decode(cx, &url, SECRET(cx, identity, "known_hosts=x"), &auth), ERR_INVALID);
        assert_string_equal(err_reason_of(cx), "AuthenticationFailed");
        assert_error(
            cx, ERR_INVALID,
            "SSH identity key is encrypted but no 'password' field was provided in the secret 'apps/creds'");
        auth = decode(cx, "ssh://h/r", SECRET(cx, identity, "known_hosts=x", "password=hunter2"));
        assert_string_equal(auth.password, "hunter2");
    }
}

static void proxies(void **state)
{
    struct ctx *cx = unit_cx(state);
    const char *url = NULL;
    assert_ok(cx, gitauth_proxy(cx, SECRET(cx, "address=http://h:3128"), &url));
    assert_string_equal(url, "http://h:3128");
    assert_ok(cx, gitauth_proxy(cx, SECRET(cx, "address=socks5://a:b@h:1"), &url));
    assert_string_equal(url, "socks5h://a:b@h:1");
    const struct doc *login = SECRET(cx, "address=https://a:b@h", "username=me too", "password=hunter2@:/");
    assert_ok(cx, gitauth_proxy(cx, login, &url));
    struct url parts;
    assert_ok(cx, url_parse(cx, url, &parts));
    assert_string_equal(parts.user, "me too");
    assert_string_equal(parts.password, "hunter2@:/");
    assert_int_equal(gitauth_proxy(cx, SECRET(cx, "address=http://hunter2 x@h"), &url), ERR_INVALID);
    assert_null(strstr(err_message(cx), "hunter2"));
    assert_error(cx, ERR_INVALID, "secret 'apps/creds': failed to parse proxy address");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(username_and_password),
        UNIT_TEST(a_bearer_token_suppresses_the_password_of_the_secret),
        UNIT_TEST(the_url_fills_what_the_secret_leaves_open),
        UNIT_TEST(authorities_and_client_certificates),
        UNIT_TEST(half_a_login_is_refused),
        UNIT_TEST(app_data_needs_its_provider),
        UNIT_TEST(broken_values_name_their_key),
        UNIT_TEST(hints_tell_what_to_look_at),
        UNIT_TEST(a_key_for_ssh),
        UNIT_TEST(what_ssh_needs),
        UNIT_TEST(encrypted_keys_need_a_passphrase),
        UNIT_TEST(proxies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
