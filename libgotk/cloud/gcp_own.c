/*
 * gcp_own.c: the controller's own token at Google; the contract is in gcp.h.
 *
 * The file of credentials is the operator's; its kinds are rows. Kinds that run programs or chain further accounts are
 * refused by name.
 */
#include "libgotk/cloud/gcp.h"

#include "libgotk/base/gotime.h"
#include "libgotk/base/str.h"
#include "libgotk/cloud/ask.h"
#include "libgotk/doc/json.h"
#include "libgotk/net/jwt.h"

#include <string.h>
#include <unistd.h>

#define VARIABLE  "GOOGLE_APPLICATION_CREDENTIALS"
#define USUAL     "/.config/gcloud/application_default_credentials.json"
#define TOKEN_URL "https://oauth2.googleapis.com/token"
#define JWT_LIFE  3600
#define MACHINE   "instance/service-accounts/default/token?scopes=" GCP_PLATFORM "," GCP_EMAIL
#define GRANT_JWT "urn:ietf:params:oauth:grant-type:jwt-bearer"

static int ask_token(struct ctx *cx, const struct cloud *c, const char *url, const char *const *form,
                     struct cloud_token *ret)
{
    const struct cloud_ask ask = {
        .method = "POST",
        .url = url,
        .body = cloud_form(cx->arena, form),
        .proxy = c->req.proxy,
    };
    struct doc *answer;
    return cloud_ask(cx, &ask, &answer) < 0 ? err_code(cx) : gcp_read_token(cx, answer, ret);
}

/* A Google service account's key: a token that says who we are, signed by it. */
static int by_key(struct ctx *cx, const struct cloud *c, const struct doc *file, struct cloud_token *ret)
{
    struct doc *claims = doc_object(cx->arena);
    const char *url = str_or(doc_text_at(file, "token_uri"), TOKEN_URL), *assertion;
    int64_t now = gotime_now();
    doc_set_text(cx->arena, claims, "iss", str_or(doc_text_at(file, "client_email"), ""));
    doc_set_text(cx->arena, claims, "scope", GCP_PLATFORM " " GCP_EMAIL);
    doc_set_text(cx->arena, claims, "aud", url);
    doc_set_int(cx->arena, claims, "iat", now);
    doc_set_int(cx->arena, claims, "exp", now + JWT_LIFE);
    if (jwt_sign(cx, str_or(doc_text_at(file, "private_key"), ""), claims, &assertion) < 0)
        return err_code(cx);
    const char *const form[] = { "grant_type", GRANT_JWT, "assertion", assertion, NULL };
    return ask_token(cx, c, url, form, ret);
}

/* A person's, as `gcloud auth application-default login` leaves it. */
static int by_refresh(struct ctx *cx, const struct cloud *c, const struct doc *file, struct cloud_token *ret)
{
    const char *const form[] = { "grant_type",
                                 "refresh_token",
                                 "client_id",
                                 doc_text_at(file, "client_id"),
                                 "client_secret",
                                 doc_text_at(file, "client_secret"),
                                 "refresh_token",
                                 doc_text_at(file, "refresh_token"),
                                 NULL };
    return ask_token(cx, c, TOKEN_URL, form, ret);
}

/* The token in a file: as it is, or a member of a JSON document. */
static int read_subject(struct ctx *cx, const struct doc *source, const char **ret)
{
    const char *path = doc_text_at(source, "file"), *member, *text;
    struct doc *d;
    if (!path)
        return err_fail(cx, ERR_UNSUPPORTED, VARIABLE ": only a credential_source with a file is supported");
    if (cloud_read_file(cx, VARIABLE ": credential_source", path, &text) < 0)
        return err_code(cx);
    *ret = text;
    if (!str_eq(doc_text_at(source, "format", "type"), "json"))
        return 0;
    member = str_or(doc_text_at(source, "format", "subject_token_field_name"), "");
    if (json_parse(cx, text, strlen(text), path, &d) < 0)
        return err_code(cx);
    *ret = doc_text_at(d, member);
    return *ret ? 0 : err_fail(cx, ERR_INVALID, "%s has no text at '%s'", path, member);
}

/* Workload identity federation of the controller's pod. */
static int by_federation(struct ctx *cx, const struct cloud *c, const struct doc *file,
                         struct cloud_token *ret)
{
    struct gcp_exchange x = {
        .url = doc_text_at(file, "token_url"),
        .audience = doc_text_at(file, "audience"),
        .token_type = doc_text_at(file, "subject_token_type"),
        .impersonate = doc_text_at(file, "service_account_impersonation_url"),
        .proxy = c->req.proxy,
    };
    if (!x.url || !x.audience || !x.token_type)
        return err_fail(cx, ERR_INVALID,
                        VARIABLE ": token_url, audience and subject_token_type must be set in the file");
    return read_subject(cx, doc_find(file, "credential_source"), &x.token) < 0 ? err_code(cx)
                                                                               : gcp_exchange(cx, &x, ret);
}

static const struct {
    const char *type;
    int (*get)(struct ctx *cx, const struct cloud *c, const struct doc *file, struct cloud_token *ret);
} kinds[] = {
    { "service_account", by_key },
    { "authorized_user", by_refresh },
    { "external_account", by_federation },
};

static int by_file(struct ctx *cx, const struct cloud *c, const char *path, struct cloud_token *ret)
{
    const char *text, *type;
    struct doc *file;
    if (cloud_read_file(cx, VARIABLE, path, &text) < 0 || json_parse(cx, text, strlen(text), path, &file) < 0)
        return err_code(cx);
    type = str_or(doc_text_at(file, "type"), "");
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (str_eq(type, kinds[i].type))
            return kinds[i].get(cx, c, file, ret);
    return err_fail(cx, ERR_UNSUPPORTED,
                    VARIABLE ": credentials of type '%s' are not supported: use service_account, "
                             "authorized_user or external_account",
                    type);
}

static int by_machine(struct ctx *cx, struct cloud_token *ret)
{
    struct doc *answer;
    if (gcp_metadata(cx, MACHINE, CLOUD_JSON, &answer) < 0)
        return err_wrap(cx, "no credentials are configured for this controller, and the machine has none");
    return gcp_read_token(cx, answer, ret);
}

int gcp_own(struct ctx *cx, const struct cloud *c, const struct cloud_aim *aim UNUSED,
            struct cloud_token *ret)
{
    const char *path = cloud_env(VARIABLE), *home = cloud_env("HOME");
    const char *usual = str_fmt(cx->arena, "%s" USUAL, str_or(home, ""));
    if (!path && home && access(usual, R_OK) == 0)
        path = usual;
    return path ? by_file(cx, c, path, ret) : by_machine(cx, ret);
}
