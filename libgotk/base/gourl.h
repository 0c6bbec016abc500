/*
 * gourl.h: URLs as Go's net/url reads and writes them.
 *
 * For what charts see of them: urlParse and urlJoin, the references and formats of their schemas. Rejected: net/url.h, which serves HTTP requests and
 * refuses what Go accepts. Results live in the context's arena. One thread.
 */
#ifndef GOTK_BASE_GOURL_H
#define GOTK_BASE_GOURL_H

#include "libgotk/base/buf.h"
#include "libgotk/base/ctx.h"
#include "libgotk/base/str.h"

struct gourl {
    struct strv scheme;
    struct strv opaque;
    bool has_user;
    bool has_password;
    struct strv user;
    struct strv password;
    struct strv host; /* with its port */
    struct strv path;
    struct strv raw_path; /* as it was written, where that is not how gourl_print would write the path */
    struct strv query;
    bool force_query; /* a '?' with nothing behind it */
    bool omit_host;   /* a scheme, and a path right behind it */
    struct strv fragment;
};

/* url.Parse. ERR_INVALID `parse "...": ...` with Go's words. */
int gourl_parse(struct ctx *cx, struct strv text, struct gourl *ret) MUST_CHECK;
/* URL.Hostname: the host without port and brackets. */
struct strv gourl_hostname(const struct gourl *u);
/* Userinfo.String. */
struct strv gourl_userinfo(struct arena *a, const struct gourl *u);
/* URL.ResolveReference: `ref` as seen from `base`. */
struct gourl gourl_resolve(struct arena *a, const struct gourl *base, const struct gourl *ref);
/* url.PathUnescape. ERR_INVALID "invalid URL escape ...". */
int gourl_unescape(struct ctx *cx, struct strv text, struct strv *ret) MUST_CHECK;
/* url.PathEscape, but for slashes, appended. */
void gourl_escape_path(struct buf *out, const char *path);
/* URL.String. */
struct strv gourl_print(struct arena *a, const struct gourl *u);

#endif
