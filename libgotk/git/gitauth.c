/*
 * gitauth.c: decodes credentials for Git; see gitauth.h.
 *
 * The rule that a bearerToken key, even an empty one, keeps username and password of the Secret from being used is
 * upstream's; so is that userinfo of the URL fills in whatever the Secret leaves open.
 */
#include "libgotk/git/gitauth.h"

#include "libgotk/base/base64.h"
#include "libgotk/base/str.h"

#include <string.h>

#define PROXY_URL_MAX 2048

const struct field gitauth_fields[] = {
    FIELD(struct gitauth, user, "username", 0),      FIELD(struct gitauth, password, "password", 0),
    FIELD(struct gitauth, bearer, "bearerToken", 0), FIELD(struct gitauth, ca_pem, "ca", 0),
    FIELD(struct gitauth, cert_pem, "cert", 0),      FIELD(struct gitauth, key_pem, "key", 0),
    FIELD(struct gitauth, identity, "identity", 0),  FIELD(struct gitauth, known_hosts, "knownHosts", 0),
    FIELD(struct gitauth, kex_algos, "kexAlgos", 0), FIELD(struct gitauth, host_key_algos, "hostKeyAlgos", 0),
    FIELD(struct gitauth, hint, "hint", 0),          FIELD_END,
};

/* The decoded value of a data key; NULL when absent. */
static int secret_value(struct ctx *cx, const struct doc *secret, const char *key, const char **ret)
{
    const char *text = doc_text_at(secret, "data", key);
    char *value = NULL;
    size_t len;
    *ret = NULL;
    if (!text)
        return 0;
    if (base64_decode(cx, text, &value, &len) < 0)
        return err_wrap(cx, "key '%s' of the secret", key);
    if (strlen(value) != len)
        return err_fail(cx, ERR_INVALID, "key '%s' of the secret holds a NUL byte", key);
    *ret = value;
    return 0;
}

/* An authority in ca.crt goes before the older caFile. */
static int read_tls(struct ctx *cx, const struct doc *secret, struct gitauth *ret)
{
    if (secret_value(cx, secret, "ca.crt", &ret->ca_pem) < 0)
        return cx->err.code;
    if (str_empty(ret->ca_pem) && secret_value(cx, secret, "caFile", &ret->ca_pem) < 0)
        return cx->err.code;
    if (secret_value(cx, secret, "tls.crt", &ret->cert_pem) < 0 ||
        secret_value(cx, secret, "tls.key", &ret->key_pem) < 0)
        return cx->err.code;
    return 0;
}

/* The most common slip when a token is put into a Secret: the line break of `echo`. No server takes such a value. */
static int login_value(struct ctx *cx, const struct doc *secret, const char *key, const char **ret)
{
    if (secret_value(cx, secret, key, ret) < 0)
        return cx->err.code;
    if (*ret && strpbrk(*ret, "\r\n"))
        return err_fail(cx, ERR_INVALID,
                        "key '%s' of the secret holds a line break: store the value without it", key);
    return 0;
}

static int read_identity(struct ctx *cx, const struct doc *secret, struct gitauth *ret)
{
    if (login_value(cx, secret, "bearerToken", &ret->bearer) < 0)
        return cx->err.code;
    if (ret->bearer)
        return 0;
    if (login_value(cx, secret, "username", &ret->user) < 0 ||
        login_value(cx, secret, "password", &ret->password) < 0)
        return cx->err.code;
    return 0;
}

static const char *kind_of(const struct gitauth *auth)
{
    if (!str_empty(auth->bearer))
        return "bearer token";
    return str_empty(auth->user) && str_empty(auth->password) ? NULL : "username and password";
}

static const char *hint_for(struct arena *a, const struct doc *secret, const struct gitauth *auth)
{
    const char *name = doc_text_at(secret, "metadata", "name");
    const char *kind = kind_of(auth);
    if (!secret)
        return kind ? "with the credentials in spec.url"
                    : "no credentials were sent: set spec.secretRef if the repository is private";
    if (!kind)
        return str_fmt(a, "secret '%s' has neither username and password nor bearerToken", name);
    return str_fmt(a, "with the %s of secret '%s'", kind, name);
}

static int refuse_app_data(struct ctx *cx, const struct doc *secret)
{
    if (str_empty(doc_text_at(secret, "data", "githubAppID")))
        return 0;
    err_fail(cx, ERR_INVALID, "secretRef '%s/%s' has github app data but provider is not set to github",
             str_or(doc_text_at(secret, "metadata", "namespace"), ""),
             str_or(doc_text_at(secret, "metadata", "name"), ""));
    return err_reason(cx, "InvalidProviderConfiguration");
}

static int check(struct ctx *cx, const struct url *url, const struct gitauth *auth)
{
    if (str_empty(auth->user) && !str_empty(auth->password))
        return err_fail(cx, ERR_INVALID, "invalid '%s' auth option: 'password' requires 'username' to be set",
                        url->scheme);
    if (!str_empty(auth->bearer) && (!str_empty(auth->user) || !str_empty(auth->password)))
        return err_fail(cx, ERR_INVALID, "basic auth and bearer token cannot be set at the same time");
    return 0;
}

/* True when a private key needs a passphrase: told by its outer form, nothing is parsed here that a library would. */
static bool is_encrypted(struct ctx *cx, const char *identity)
{
    static const char begin[] = "-----BEGIN OPENSSH PRIVATE KEY-----";
    static const char unlocked[] = "openssh-key-v1\0\0\0\0\4none";
    const char *body = strstr(identity, begin), *end = strstr(identity, "-----END");
    char *key;
    size_t len;
    if (!body)
        return strstr(identity, "BEGIN ENCRYPTED PRIVATE KEY") || strstr(identity, "Proc-Type: 4,ENCRYPTED");
    body += strlen(begin);
    if (!end || end < body)
        return false;
    const char *text = str_replace(cx->arena, str_ndup(cx->arena, body, (size_t)(end - body)), "\r", "");
    if (base64_decode(cx, text, &key, &len) < 0) {
        err_clear(cx);
        return false;
    }
    return len >= sizeof(unlocked) - 1 && memcmp(key, unlocked, sizeof(unlocked) - 1) != 0;
}

/* The Secret's name as messages of Flux have it: ns/name. */
static const char *full_name(struct arena *a, const struct doc *secret)
{
    return str_fmt(a, "%s/%s", str_or(doc_text_at(secret, "metadata", "namespace"), ""),
                   str_or(doc_text_at(secret, "metadata", "name"), ""));
}

int gitauth_from_key(struct ctx *cx, const struct url *url, const char *identity, const char *known_hosts,
                     const char *passphrase, const char *source, struct gitauth *ret)
{
    if (str_empty(identity))
        return err_fail(cx, ERR_INVALID, "invalid 'ssh' auth option: 'identity' is required");
    if (str_empty(known_hosts))
        return err_fail(cx, ERR_INVALID, "invalid 'ssh' auth option: 'known_hosts' is required");
    *ret = (struct gitauth){ .user = str_or(url->user, "git"),
                             .password = passphrase,
                             .identity = identity,
                             .known_hosts = known_hosts,
                             .hint = source };
    return 0;
}

static int decode_ssh(struct ctx *cx, const struct url *url, const struct doc *secret, struct gitauth *ret)
{
    const char *identity, *known_hosts, *passphrase;
    struct gitauth auth;
    const char *source =
        str_fmt(cx->arena, "secret '%s'", str_or(doc_text_at(secret, "metadata", "name"), ""));
    if (secret_value(cx, secret, "identity", &identity) < 0 ||
        secret_value(cx, secret, "known_hosts", &known_hosts) < 0 ||
        login_value(cx, secret, "password", &passphrase) < 0 ||
        gitauth_from_key(cx, url, identity, known_hosts, passphrase, source, &auth) < 0)
        return cx->err.code;
    if (str_empty(passphrase) && is_encrypted(cx, str_or(identity, ""))) {
        err_fail(cx, ERR_INVALID,
                 "SSH identity key is encrypted but no 'password' field was provided in the secret '%s'",
                 full_name(cx->arena, secret));
        return err_reason(cx, "AuthenticationFailed");
    }
    *ret = auth;
    return 0;
}

int gitauth_decode(struct ctx *cx, const struct url *url, const struct doc *secret, struct gitauth *ret)
{
    struct gitauth auth = { 0 };
    if (str_eq(url->scheme, "ssh"))
        return refuse_app_data(cx, secret) < 0 ? cx->err.code : decode_ssh(cx, url, secret, ret);
    if (refuse_app_data(cx, secret) < 0 || read_tls(cx, secret, &auth) < 0 ||
        read_identity(cx, secret, &auth) < 0)
        return cx->err.code;
    if (str_empty(auth.user))
        auth.user = url->user;
    if (str_empty(auth.password))
        auth.password = url->password;
    if (check(cx, url, &auth) < 0)
        return cx->err.code;
    auth.hint = hint_for(cx->arena, secret, &auth);
    *ret = auth;
    return 0;
}

int gitauth_proxy_url(struct ctx *cx, const char *address, struct url *ret)
{
    static const char *const schemes[] = { "http", "https", "socks5" };
    struct url url;
    bool known = false;
    if (strlen(address) > PROXY_URL_MAX)
        return err_fail(cx, ERR_INVALID, "proxy URL exceeds maximum length of %d characters", PROXY_URL_MAX);
    if (url_parse(cx, address, &url) < 0) /* what cannot be parsed cannot be masked either */
        return err_fail(cx, ERR_INVALID,
                        "failed to parse proxy address: it is no URL such as http://host:3128");
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
        known = known || str_eq(url.scheme, schemes[i]);
    if (!known)
        return err_fail(cx, ERR_INVALID,
                        "proxy URL must use one of the supported schemes (http, https, socks5), got '%s'",
                        url.scheme);
    if (str_eq(url.scheme, "socks5"))
        url.scheme = "socks5h"; /* the proxy looks names up, as with Go */
    *ret = url;
    return 0;
}

int gitauth_proxy(struct ctx *cx, const struct doc *secret, const char **ret_url)
{
    const char *address, *user, *password, *name = full_name(cx->arena, secret);
    struct url url;
    if (secret_value(cx, secret, "address", &address) < 0 || login_value(cx, secret, "username", &user) < 0 ||
        login_value(cx, secret, "password", &password) < 0)
        return err_wrap(cx, "secret '%s'", name);
    if (!address)
        return err_fail(cx, ERR_NOT_FOUND, "secret '%s': key 'address' not found", name);
    if (*address == '\0')
        return err_fail(cx, ERR_INVALID, "secret '%s': proxy address is empty", name);
    if (gitauth_proxy_url(cx, address, &url) < 0)
        return err_wrap(cx, "secret '%s'", name);
    if (user) {
        url.user = user;
        url.password = password;
    }
    *ret_url = url_print(cx->arena, &url, true);
    return 0;
}
