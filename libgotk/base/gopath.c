/*
 * gopath.c: Go's package path; the contract is in gopath.h.
 */
#include "libgotk/base/gopath.h"

#include "libgotk/base/buf.h"

#include <string.h>

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

static size_t add_element(struct buf *out, struct strv s, size_t i, bool rooted)
{
    if (out->len != (size_t)rooted)
        buf_char(out, '/');
    for (; i < s.n && s.p[i] != '/'; i++)
        buf_char(out, s.p[i]);
    return i;
}

struct strv gopath_clean(struct arena *a, struct strv s)
{
    struct buf out = buf_new(a, s.n + 2);
    bool rooted = s.n > 0 && s.p[0] == '/';
    size_t floor = rooted;
    buf_str(&out, rooted ? "/" : "");
    for (size_t i = rooted; i < s.n;) {
        if (s.p[i] == '/' || is_element(s, i, ".")) {
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
            i = add_element(&out, s, i, rooted);
        }
    }
    if (out.len == 0)
        buf_char(&out, '.');
    return (struct strv){ buf_text(&out), out.len };
}

struct strv gopath_base(struct strv s)
{
    bool empty = s.n == 0;
    while (s.n > 0 && s.p[s.n - 1] == '/')
        s.n--;
    const char *slash = s.n ? memrchr(s.p, '/', s.n) : NULL;
    if (s.n == 0)
        return (struct strv){ empty ? "." : "/", 1 };
    return slash ? (struct strv){ slash + 1, s.n - (size_t)(slash + 1 - s.p) } : s;
}

struct strv gopath_ext(struct strv s)
{
    for (size_t i = s.n; i > 0 && s.p[i - 1] != '/'; i--)
        if (s.p[i - 1] == '.')
            return (struct strv){ s.p + i - 1, s.n - i + 1 };
    return (struct strv){ "", 0 };
}
