/*
 * fn_urls.c: Sprig's urlParse and urlJoin.
 */
#include "helm-controller/template/fn.h"
#include "libgotk/base/gourl.h"

static void set(struct vmap *m, const char *key, struct strv s)
{
    vmap_set_text(m, key, v_str(s.p, s.n));
}

FN(fn_url_parse)
{
    struct gourl u;
    struct vmap *m = vmap_new(x->cx->arena);
    if (gourl_parse(x->cx, v_view(args[0]), &u) < 0)
        return err_wrap(x->cx, "unable to parse url");
    set(m, "scheme", u.scheme);
    set(m, "host", u.host);
    set(m, "hostname", gourl_hostname(&u));
    set(m, "path", u.path);
    set(m, "query", u.query);
    set(m, "opaque", u.opaque);
    set(m, "fragment", u.fragment);
    set(m, "userinfo", u.has_user ? gourl_userinfo(x->cx->arena, &u) : (struct strv){ "", 0 });
    *ret = v_map(m);
    return 0;
}

static int text_under(struct exec *x, const struct vmap *m, const char *key, struct strv *ret)
{
    struct value v;
    *ret = (struct strv){ "", 0 };
    if (!vmap_get(m, (struct strv){ key, strlen(key) }, &v))
        return 0;
    if (v.type == V_NIL)
        return fn_fail(x, FN_NIL_POINTER);
    if (v.type != V_STRING)
        return fn_fail(x, "unable to parse %s key, must be of type string, but %s found", key,
                       value_kind_name(v));
    *ret = v_view(v);
    return 0;
}

/* The user of a URL that holds nothing else. */
static int take_user(struct exec *x, struct strv info, struct gourl *u)
{
    struct gourl parsed;
    struct buf text = fn_buf(x);
    buf_str(&text, "proto://");
    buf_add(&text, info.p, info.n);
    buf_str(&text, "@host");
    if (gourl_parse(x->cx, (struct strv){ buf_text(&text), text.len }, &parsed) < 0)
        return err_wrap(x->cx, "unable to parse userinfo in dict");
    u->has_user = parsed.has_user;
    u->has_password = parsed.has_password;
    u->user = parsed.user;
    u->password = parsed.password;
    return 0;
}

FN(fn_url_join)
{
    struct gourl u = { .user = { "", 0 }, .password = { "", 0 } };
    struct strv info;
    const struct {
        const char *key;
        struct strv *at;
    } parts[] = {
        { "scheme", &u.scheme }, { "host", &u.host },         { "path", &u.path },   { "query", &u.query },
        { "opaque", &u.opaque }, { "fragment", &u.fragment }, { "userinfo", &info },
    };
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        if (text_under(x, args[0].map, parts[i].key, parts[i].at) < 0)
            return err_code(x->cx);
    if (info.n && take_user(x, info, &u) < 0)
        return err_code(x->cx);
    struct strv text = gourl_print(x->cx->arena, &u);
    *ret = v_str(text.p, text.n);
    return 0;
}

static const struct function rows[] = {
    { "urlParse", "s", fn_url_parse },
    { "urlJoin", "d", fn_url_join },
};
const struct function_table fn_urls = { rows, ARRAY_LEN(rows) };
