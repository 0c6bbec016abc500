/*
 * gitauth.c: decodes credentials for Git over HTTP; see gitauth.h.
 *
 * The rule that a bearerToken key, even an empty one, keeps username and password of the Secret from being used is
 * upstream's; so is that userinfo of the URL fills in whatever the Secret leaves open.
 */
#include "source-controller/gitauth.h"

#include "libgotk/base/base64.h"
#include "libgotk/base/str.h"

#include <string.h>

const struct field gitauth_fields[] = {
    FIELD(struct gitauth, user, "username", 0),      FIELD(struct gitauth, password, "password", 0),
    FIELD(struct gitauth, bearer, "bearerToken", 0), FIELD(struct gitauth, ca_pem, "ca", 0),
    FIELD(struct gitauth, cert_pem, "cert", 0),      FIELD(struct gitauth, key_pem, "key", 0),
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

int gitauth_decode(struct ctx *cx, const struct url *url, const struct doc *secret, struct gitauth *ret)
{
    struct gitauth auth = { 0 };
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
