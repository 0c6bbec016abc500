/*
 * fn_paths.c: Go's path functions. On Linux those for file names are the same.
 */
#include "helm-controller/template/fn.h"

static struct strv without_trailing_slashes(struct strv s)
{
    while (s.n > 0 && s.p[s.n - 1] == '/')
        s.n--;
    return s;
}

FN(fn_base)
{
    struct strv s = without_trailing_slashes(v_view(args[0]));
    const char *slash = memrchr(s.p, '/', s.n);
    if (args[0].len == 0)
        *ret = v_text(".");
    else if (s.n == 0)
        *ret = v_text("/");
    else
        *ret = slash ? v_str(slash + 1, s.n - (size_t)(slash + 1 - s.p)) : v_str(s.p, s.n);
    return 0;
}

/* Takes the last element off `out`, but none of what is before `floor`. */
static void pop(struct buf *out, size_t floor)
{
    size_t len = out->len;
    while (len > floor && out->data[len - 1] != '/')
        len--;
    buf_cut(out, len > floor ? len - 1 : floor);
}

static bool is_element(struct strv s, size_t i, const char *what)
{
    size_t n = strlen(what);
    return s.n - i >= n && memcmp(s.p + i, what, n) == 0 && (s.n - i == n || s.p[i + n] == '/');
}

/* path.Clean */
static int clean(struct exec *x, struct strv s, struct value *ret)
{
    struct buf out = fn_buf(x);
    bool rooted = s.n > 0 && s.p[0] == '/';
    size_t floor = rooted;
    buf_str(&out, rooted ? "/" : "");
    for (size_t i = rooted; i < s.n;) {
        if (s.p[i] == '/') {
            i++;
        } else if (is_element(s, i, ".")) {
            i++;
        } else if (is_element(s, i, "..")) {
            i += 2;
            if (out.len > floor) {
                pop(&out, floor);
            } else if (!rooted) {
                buf_str(&out, out.len ? "/.." : "..");
                floor = out.len;
            }
        } else {
            if (out.len != (size_t)rooted)
                buf_char(&out, '/');
            for (; i < s.n && s.p[i] != '/'; i++)
                buf_char(&out, s.p[i]);
        }
    }
    if (out.len == 0)
        buf_char(&out, '.');
    return fn_take(x, &out, ret);
}

FN(fn_clean)
{
    return clean(x, v_view(args[0]), ret);
}

FN(fn_dir)
{
    const char *slash = memrchr(args[0].s, '/', args[0].len);
    return clean(x, (struct strv){ args[0].s, slash ? (size_t)(slash + 1 - args[0].s) : 0 }, ret);
}

FN(fn_ext)
{
    *ret = v_str("", 0);
    for (size_t i = args[0].len; i > 0 && args[0].s[i - 1] != '/'; i--) {
        if (args[0].s[i - 1] != '.')
            continue;
        *ret = v_str(args[0].s + i - 1, args[0].len - i + 1);
        break;
    }
    return 0;
}

FN(fn_is_abs)
{
    *ret = v_bool(args[0].len > 0 && args[0].s[0] == '/');
    return 0;
}

static const struct function rows[] = {
    { "base", "s", fn_base },      { "osBase", "s", fn_base }, { "dir", "s", fn_dir },
    { "osDir", "s", fn_dir },      { "clean", "s", fn_clean }, { "osClean", "s", fn_clean },
    { "ext", "s", fn_ext },        { "osExt", "s", fn_ext },   { "isAbs", "s", fn_is_abs },
    { "osIsAbs", "s", fn_is_abs },
};
const struct function_table fn_paths = { rows, ARRAY_LEN(rows) };
