/*
 * jsonschema_url.c: URLs with JSON pointers behind them: joining, splitting, following.
 *
 * URLs are Go's (base/gourl.h), because ids and references are compared as Go writes them. Any thread, no state.
 */
#include "libgotk/base/gourl.h"
#include "libgotk/helm/jsonschema_parts.h"

#include <string.h>

#define TEXT_MAX (1u << 20)

static struct strv view(const char *s)
{
    return (struct strv){ s, strlen(s) };
}

/* ERR_INVALID "error in parsing "URL": why". */
static int bad_url(struct ctx *cx, const char *url)
{
    const char *why = err_message(cx);
    return err_fail(cx, ERR_INVALID, "error in parsing %s: %s", schema_quoted(cx->arena, url), why);
}

const char *schema_url_bare(struct arena *a, const char *url)
{
    const char *hash = strchr(url, '#');
    return hash ? str_ndup(a, url, (size_t)(hash - url)) : url;
}

int schema_url_split(struct ctx *cx, const char *url, struct schema_url *ret)
{
    struct strv fragment = { "", 0 };
    const char *hash = strchr(url, '#');
    if (hash && gourl_unescape(cx, view(hash + 1), &fragment) < 0)
        return bad_url(cx, url);
    ret->url = schema_url_bare(cx->arena, url);
    ret->fragment = str_ndup(cx->arena, fragment.p, fragment.n);
    return 0;
}

int schema_url_join(struct ctx *cx, const char *base, const char *ref, struct schema_url *ret)
{
    struct gourl from, to;
    struct schema_url parts;
    if (gourl_parse(cx, view(base), &from) < 0)
        return bad_url(cx, base);
    if (schema_url_split(cx, ref, &parts) < 0)
        return err_code(cx);
    if (gourl_parse(cx, view(parts.url), &to) < 0)
        return bad_url(cx, parts.url);
    struct gourl resolved = gourl_resolve(cx->arena, &from, &to);
    if (!to.scheme.n && from.opaque.n)
        resolved.opaque = from.opaque;
    struct strv text = gourl_print(cx->arena, &resolved);
    ret->url = str_ndup(cx->arena, text.p, text.n);
    ret->fragment = parts.fragment;
    return 0;
}

static void add_escaped(struct buf *out, const char *token)
{
    for (; *token; token++) {
        if (*token == '~' || *token == '/')
            buf_str(out, *token == '~' ? "~0" : "~1");
        else
            buf_char(out, *token);
    }
}

const char *schema_ptr_add(struct arena *a, const char *ptr, const char *token)
{
    struct buf out = buf_new(a, 2 * (strlen(ptr) + strlen(token)) + 2);
    buf_str(&out, ptr);
    buf_char(&out, '/');
    add_escaped(&out, token);
    return buf_text(&out);
}

const char *schema_location(struct arena *a, const char *url, const char *ptr)
{
    struct buf out = buf_new(a, TEXT_MAX);
    buf_str(&out, url);
    buf_char(&out, '#');
    gourl_escape_path(&out, ptr);
    return buf_text(&out);
}

/* A token with ~0 and ~1 undone; NULL when there is another tilde. */
static const char *unescape(struct arena *a, const char *token, size_t n)
{
    char *out = arena_alloc(a, n + 1), *w = out;
    for (size_t i = 0; i < n; i++) {
        char c = token[i];
        if (c == '~') {
            if (++i == n || (token[i] != '0' && token[i] != '1'))
                return NULL;
            c = token[i] == '0' ? '~' : '/';
        }
        *w++ = c;
    }
    return out;
}

/* An index as Go's Atoi reads it: a sign and zeros in front are fine. */
static const struct doc *element(const struct doc *array, const char *token)
{
    const char *digits = token + (*token == '+' || *token == '-');
    size_t n = strlen(digits), index = 0;
    if (n == 0 || strspn(digits, "0123456789") != n)
        return NULL;
    for (; *digits; digits++)
        index = index < 1u << 30 ? index * 10 + (size_t)(*digits - '0') : index;
    return *token == '-' && index ? NULL : doc_at(array, index);
}

int schema_lookup(struct ctx *cx, const char *url, const char *ptr, const struct doc *d,
                  const struct doc **ret)
{
    for (const char *p = ptr, *end; *p == '/'; p = end) {
        end = strchrnul(p + 1, '/');
        const char *token = unescape(cx->arena, p + 1, (size_t)(end - p) - 1);
        const char *where = schema_quoted(cx->arena, schema_location(cx->arena, url, ptr));
        if (!token)
            return err_fail(cx, ERR_INVALID, "invalid json-pointer %s", where);
        d = doc_kind(d) == DOC_ARRAY ? element(d, token) : doc_find(d, token);
        if (!d)
            return err_fail(cx, ERR_INVALID, "json-pointer in %s not found", where);
    }
    *ret = d;
    return 0;
}
