/*
 * fn_strings.c: Sprig's plain string functions: trimming, searching, joining, quoting, indenting. Lengths are bytes.
 */
#include "helm-controller/template/fn.h"
#include "helm-controller/template/gofmt.h"
#include "helm-controller/template/literal.h"
#include "libgotk/base/quote.h"
#include "libgotk/base/rune.h"

#include <stdlib.h>

static struct value part(struct value s, size_t from, size_t to)
{
    return v_str(s.s + from, to - from);
}

/* Without the code points at both ends that `in` accepts. */
static struct value trim_by(struct value s, bool (*in)(uint32_t rune, struct value set), struct value set)
{
    size_t from = 0, to = s.len, width;
    while (from < to && in(rune_decode(s.s + from, to - from, &width), set))
        from += width;
    while (to > from && in(rune_decode_last(s.s + from, to - from, &width), set))
        to -= width;
    return part(s, from, to);
}

static bool in_space(uint32_t rune, struct value set UNUSED)
{
    return rune_is_space(rune);
}

static bool in_set(uint32_t rune, struct value set)
{
    size_t width;
    for (size_t i = 0; i < set.len; i += width)
        if (rune_decode(set.s + i, set.len - i, &width) == rune)
            return true;
    return false;
}

FN(fn_trim)
{
    *ret = trim_by(args[0], in_space, args[0]);
    return 0;
}

FN(fn_trim_all)
{
    *ret = trim_by(args[1], in_set, args[0]);
    return 0;
}

static bool has_prefix(struct value s, struct value prefix)
{
    return s.len >= prefix.len && memcmp(s.s, prefix.s, prefix.len) == 0;
}

static bool has_suffix(struct value s, struct value suffix)
{
    return s.len >= suffix.len && memcmp(s.s + s.len - suffix.len, suffix.s, suffix.len) == 0;
}

FN(fn_trim_suffix)
{
    *ret = has_suffix(args[1], args[0]) ? part(args[1], 0, args[1].len - args[0].len) : args[1];
    return 0;
}

FN(fn_trim_prefix)
{
    *ret = has_prefix(args[1], args[0]) ? part(args[1], args[0].len, args[1].len) : args[1];
    return 0;
}

FN(fn_has_prefix)
{
    *ret = v_bool(has_prefix(args[1], args[0]));
    return 0;
}

FN(fn_has_suffix)
{
    *ret = v_bool(has_suffix(args[1], args[0]));
    return 0;
}

/* Where `what` first is at or behind `from`; NULL when it is not. */
static const char *find(struct value s, size_t from, struct value what)
{
    return from > s.len ? NULL : memmem(s.s + from, s.len - from, what.s, what.len);
}

FN(fn_contains)
{
    *ret = v_bool(args[0].len == 0 || find(args[1], 0, args[0]));
    return 0;
}

FN(fn_repeat)
{
    struct buf out = fn_buf(x);
    if (args[0].i < 0)
        return fn_fail(x, "strings: negative Repeat count");
    int64_t bytes;
    if (__builtin_mul_overflow(args[0].i, (int64_t)args[1].len, &bytes))
        return fn_fail(x, "strings: Repeat output length overflow");
    if (bytes > (int64_t)EXEC_OUTPUT_MAX)
        return err_fail(x->cx, ERR_LIMIT, "the result is larger than %u bytes", EXEC_OUTPUT_MAX);
    for (int64_t i = 0; i < args[0].i && args[1].len; i++)
        buf_add(&out, args[1].s, args[1].len);
    return fn_take(x, &out, ret);
}

static int out_of_bounds(struct exec *x, int64_t from, int64_t to, size_t len)
{
    if (to < 0)
        return fn_fail(x, "runtime error: slice bounds out of range [:%ld]", to);
    if (to > (int64_t)len)
        return fn_fail(x, "runtime error: slice bounds out of range [:%ld] with length %zu", to, len);
    return fn_fail(x, "runtime error: slice bounds out of range [%ld:%ld]", from, to);
}

FN(fn_substr)
{
    struct value s = args[2];
    int64_t from = args[0].i, to = args[1].i, len = s.len;
    if (from < 0)
        from = 0;
    else if (to < 0 || to > len)
        to = len;
    if (to < 0 || to > len || from > to)
        return out_of_bounds(x, from, to, s.len);
    *ret = part(s, (size_t)from, (size_t)to);
    return 0;
}

FN(fn_trunc)
{
    int64_t count = args[0].i, len = args[1].len;
    *ret = args[1];
    if (count < 0 && len + count > 0)
        *ret = part(args[1], (size_t)(len + count), args[1].len);
    else if (count >= 0 && len > count)
        *ret = part(args[1], 0, (size_t)count);
    return 0;
}

FN(fn_quote)
{
    struct buf out = fn_buf(x);
    for (size_t i = 0; i < n; i++) {
        if (args[i].type == V_NIL)
            continue;
        struct strv text = fn_text(x, args[i]);
        buf_str(&out, out.len ? " " : "");
        quote_to(&out, text.p, text.n, false);
    }
    return fn_take(x, &out, ret);
}

FN(fn_squote)
{
    struct buf out = fn_buf(x);
    for (size_t i = 0; i < n; i++) {
        if (args[i].type == V_NIL)
            continue;
        buf_str(&out, out.len ? " '" : "'");
        gofmt_value(&out, args[i]);
        buf_char(&out, '\'');
    }
    return fn_take(x, &out, ret);
}

FN(fn_cat)
{
    struct buf out = fn_buf(x);
    bool first = true;
    for (size_t i = 0; i < n; i++) {
        if (args[i].type == V_NIL)
            continue;
        buf_str(&out, first ? "" : " ");
        gofmt_value(&out, args[i]);
        first = false;
    }
    return fn_take(x, &out, ret);
}

static int indent_to(struct exec *x, struct buf *out, int64_t spaces, struct value s)
{
    if (spaces < 0)
        return fn_fail(x, "strings: negative Repeat count");
    if (spaces > (int64_t)EXEC_OUTPUT_MAX)
        return err_fail(x->cx, ERR_LIMIT, "the result is larger than %u bytes", EXEC_OUTPUT_MAX);
    char *pad = arena_alloc_raw(x->cx->arena, (size_t)spaces + 1);
    memset(pad, ' ', (size_t)spaces);
    buf_add(out, pad, (size_t)spaces);
    for (size_t i = 0; i < s.len;) {
        const char *end = memchr(s.s + i, '\n', s.len - i);
        size_t line = end ? (size_t)(end - s.s) + 1 - i : s.len - i;
        buf_add(out, s.s + i, line);
        if (end)
            buf_add(out, pad, (size_t)spaces);
        i += line;
    }
    return 0;
}

FN(fn_indent)
{
    struct buf out = fn_buf(x);
    return indent_to(x, &out, args[0].i, args[1]) < 0 ? err_code(x->cx) : fn_take(x, &out, ret);
}

FN(fn_nindent)
{
    struct buf out = fn_buf(x);
    buf_char(&out, '\n');
    return indent_to(x, &out, args[0].i, args[1]) < 0 ? err_code(x->cx) : fn_take(x, &out, ret);
}

/* An empty text to be replaced stands before every code point and at the end. */
static int replace_nothing(struct exec *x, struct value with, struct value s, struct value *ret)
{
    struct buf out = fn_buf(x);
    size_t width;
    buf_add(&out, with.s, with.len);
    for (size_t i = 0; i < s.len; i += width) {
        rune_decode(s.s + i, s.len - i, &width);
        buf_add(&out, s.s + i, width);
        buf_add(&out, with.s, with.len);
    }
    return fn_take(x, &out, ret);
}

FN(fn_replace)
{
    struct buf out = fn_buf(x);
    struct value old = args[0], with = args[1], s = args[2];
    size_t from = 0;
    if (old.len == 0)
        return replace_nothing(x, with, s, ret);
    for (const char *at; (at = find(s, from, old)); from = (size_t)(at - s.s) + old.len) {
        buf_add(&out, s.s + from, (size_t)(at - s.s) - from);
        buf_add(&out, with.s, with.len);
    }
    buf_add(&out, s.s + from, s.len - from);
    return fn_take(x, &out, ret);
}

FN(fn_plural)
{
    *ret = args[2].i == 1 ? args[0] : args[1];
    return 0;
}

FN(fn_to_string)
{
    struct strv text = fn_text(x, args[0]);
    *ret = v_str(text.p, text.n);
    return 0;
}

FN(fn_to_string_list)
{
    *ret = v_list(V_STRINGS, fn_to_strings(x, args[0]));
    return 0;
}

FN(fn_join)
{
    struct buf out = fn_buf(x);
    const struct vlist *l = fn_to_strings(x, args[1]);
    for (size_t i = 0; i < l->len; i++) {
        if (i)
            buf_add(&out, args[0].s, args[0].len);
        buf_add(&out, l->at[i].s, l->at[i].len);
    }
    return fn_take(x, &out, ret);
}

/* Every code point alone, the last one with all that is left when there is a limit. */
static struct vlist *explode(struct exec *x, struct value s, int64_t limit)
{
    struct vlist *l = vlist_new(x->cx->arena, 0);
    size_t width, i = 0;
    for (; i < s.len && (limit < 0 || (int64_t)l->len < limit - 1); i += width) {
        uint32_t rune = rune_decode(s.s + i, s.len - i, &width);
        bool bad = rune == RUNE_ERROR && width == 1;
        vlist_push(x->cx->arena, l, bad ? v_text("\xEF\xBF\xBD") : part(s, i, i + width));
    }
    if (i < s.len)
        vlist_push(x->cx->arena, l, part(s, i, s.len));
    return l;
}

/* As strings.SplitN: at most `limit` parts unless it is negative. */
static struct vlist *split(struct exec *x, struct value s, struct value sep, int64_t limit)
{
    size_t from = 0;
    if (limit == 0)
        return vlist_new(x->cx->arena, 0);
    if (sep.len == 0)
        return explode(x, s, limit);
    struct vlist *l = vlist_new(x->cx->arena, 0);
    for (const char *at; (limit < 0 || (int64_t)l->len < limit - 1) && (at = find(s, from, sep));) {
        vlist_push(x->cx->arena, l, part(s, from, (size_t)(at - s.s)));
        from = (size_t)(at - s.s) + sep.len;
    }
    vlist_push(x->cx->arena, l, part(s, from, s.len));
    return l;
}

static struct value numbered(struct exec *x, const struct vlist *parts)
{
    struct vmap *m = vmap_new(x->cx->arena);
    for (size_t i = 0; i < parts->len; i++)
        vmap_set_text(m, str_fmt(x->cx->arena, "_%zu", i), parts->at[i]);
    return (struct value){ .type = V_STRMAP, .map = m };
}

FN(fn_split)
{
    *ret = numbered(x, split(x, args[1], args[0], -1));
    return 0;
}

FN(fn_splitn)
{
    *ret = numbered(x, split(x, args[2], args[0], args[1].i));
    return 0;
}

FN(fn_split_list)
{
    *ret = v_list(V_STRINGS, split(x, args[1], args[0], -1));
    return 0;
}

FN(fn_atoi)
{
    int64_t i = 0;
    enum literal_result result = literal_int(v_view(args[0]), 10, &i);
    *ret = v_int(result == LITERAL_SYNTAX ? 0 : i);
    return 0;
}

static const struct function rows[] = {
    { "trim", "s", fn_trim },
    { "trimall", "ss", fn_trim_all },
    { "trimAll", "ss", fn_trim_all },
    { "trimSuffix", "ss", fn_trim_suffix },
    { "trimPrefix", "ss", fn_trim_prefix },
    { "hasPrefix", "ss", fn_has_prefix },
    { "hasSuffix", "ss", fn_has_suffix },
    { "contains", "ss", fn_contains },
    { "repeat", "is", fn_repeat },
    { "substr", "iis", fn_substr },
    { "trunc", "is", fn_trunc },
    { "quote", "a*", fn_quote },
    { "squote", "a*", fn_squote },
    { "cat", "a*", fn_cat },
    { "indent", "is", fn_indent },
    { "nindent", "is", fn_nindent },
    { "replace", "sss", fn_replace },
    { "plural", "ssi", fn_plural },
    { "toString", "a", fn_to_string },
    { "toStrings", "a", fn_to_string_list },
    { "join", "sa", fn_join },
    { "split", "ss", fn_split },
    { "splitn", "sis", fn_splitn },
    { "splitList", "ss", fn_split_list },
    { "atoi", "s", fn_atoi },
};
const struct function_table fn_strings = { rows, ARRAY_LEN(rows) };
