/*
 * url.h: URLs in pieces, safe to show.
 *
 * Enough of RFC 3986 for http, https, ssh and file addresses as Git, Helm and Kubernetes users write them.
 * Parts keep their percent-encoding except user and password, which are decoded because they are handed to an
 * authenticator. Any thread; results live in the arena given. Rejected: curl's URL API here, because it
 * normalises what users wrote and its messages do not say which part is wrong.
 */
#ifndef GOTK_NET_URL_H
#define GOTK_NET_URL_H

#include "libgotk/base/ctx.h"

#include <stdbool.h>

/* The parts of a URL; NULL when absent. Host is lower case and without the brackets of an IPv6 address. */
struct url {
    const char *scheme; /* lower case, e.g. "https" */
    const char *user;   /* decoded; secret together with password */
    const char *password;
    const char *host;
    const char *port; /* decimal digits, as written */
    const char *path; /* as written, starts with '/' when there is a host; "" when there is none */
    const char *query;
    const char *fragment;
};

/* Parses an absolute URL into cx->arena. Fails with ERR_INVALID naming the masked URL and the wrong part. */
int url_parse(struct ctx *cx, const char *text, struct url *ret) MUST_CHECK;

/* Writes the parts back as one string; `with_userinfo` false leaves user and password out. */
char *url_print(struct arena *a, const struct url *u, bool with_userinfo);

/* A copy of `text` fit for messages: user and password of every URL in it become "***" (the user name of an
 * ssh URL without password stays), and so do the values of query parameters that carry secrets (token,
 * signature, ...). Works on any text, valid URL or not. */
char *url_mask(struct arena *a, const char *text);

/* Resolves `ref` (absolute, "//host/..", "/path", "path", "?q") against `base`, dot segments removed: RFC
 * 3986, 5.2. Fails with ERR_INVALID when either does not parse. */
int url_join(struct ctx *cx, const char *base, const char *ref, char **ret_url) MUST_CHECK;

/* Percent-encodes everything but unreserved characters: for one path segment or one query value. */
char *url_escape(struct arena *a, const char *text);

/* Decodes %XX; false (ret untouched) on a broken escape or an encoded NUL. */
bool url_unescape(struct arena *a, const char *text, char **ret);

/* The decoded value of the first query parameter `name` ('+' is a space); NULL when absent or broken. */
char *url_query_value(struct arena *a, const char *query, const char *name);

/* True when both have the same scheme, host and port (default ports filled in). */
bool url_same_origin(const struct url *a, const struct url *b);

/* The port as a number, the scheme's default when none is written; 0 when the scheme has none. */
int url_port(const struct url *u);

#endif
