/*
 * fn_regex.c: Sprig's regular expressions, on base/regex.h.
 *
 * Functions without "must" panic on a bad expression in Go, with a longer text; `regexMatch` takes it for no match.
 */
#include "helm-controller/template/fn.h"
#include "libgotk/base/quote.h"
#include "libgotk/base/regex.h"

/* With NULs as escapes: the compiler takes a C string. */
static const char *pattern_text(struct exec *x, struct value pattern)
{
    struct buf out = fn_buf(x);
    for (size_t i = 0; i < pattern.len; i++)
        if (pattern.s[i])
            buf_char(&out, pattern.s[i]);
        else
            buf_str(&out, "\\x00");
    return buf_text(&out);
}

static int compile(struct exec *x, struct value pattern, struct regex **ret)
{
    return regex_compile(x->cx, pattern_text(x, pattern), 0, ret);
}

/* As regexp.MustCompile panics. */
static int compile_or_panic(struct exec *x, struct value pattern, struct regex **ret)
{
    if (compile(x, pattern, ret) >= 0)
        return 0;
    const char *message = err_message(x->cx);
    if (quote_can_back(pattern.s, pattern.len))
        return fn_fail(x, "regexp: Compile(`%.*s`): %s", (int)pattern.len, pattern.s, message);
    return fn_fail(x, "regexp: Compile(%s): %s", quote_go(x->cx->arena, pattern.s, pattern.len), message);
}

/* How a function compiles. */
typedef int (*compile_fn)(struct exec *x, struct value pattern, struct regex **ret);

static struct regex_search start(struct exec *x, const struct regex *re, struct value text)
{
    return regex_search(x->cx->arena, re, text.s, text.len);
}

FN(fn_must_regex_match)
{
    struct regex *re;
    struct regex_span span;
    if (compile(x, args[0], &re) < 0)
        return err_code(x->cx);
    int found = regex_match(x->cx, re, args[1].s, args[1].len, 0, &span, 1);
    *ret = v_bool(found > 0);
    return found < 0 ? found : 0;
}

FN(fn_regex_match)
{
    if (fn_must_regex_match(x, args, n, ret) >= 0)
        return 0;
    err_clear(x->cx);
    *ret = v_bool(false);
    return 0;
}

static int find(struct exec *x, const struct value *args, compile_fn compiler, struct value *ret)
{
    struct regex *re;
    struct regex_span span;
    if (compiler(x, args[0], &re) < 0)
        return err_code(x->cx);
    int found = regex_match(x->cx, re, args[1].s, args[1].len, 0, &span, 1);
    *ret = found > 0 ? v_str(args[1].s + span.start, span.end - span.start) : v_str("", 0);
    return found < 0 ? found : 0;
}

static int find_all(struct exec *x, const struct value *args, compile_fn compiler, struct value *ret)
{
    struct regex *re;
    struct regex_span span;
    struct vlist *l = vlist_new(x->cx->arena, 0);
    int64_t limit = args[2].i;
    int found = 0;
    if (compiler(x, args[0], &re) < 0)
        return err_code(x->cx);
    struct regex_search m = start(x, re, args[1]);
    while ((limit < 0 || (int64_t)l->len < limit) && (found = regex_next(x->cx, &m, &span, 1)) > 0)
        vlist_push(x->cx->arena, l, v_str(args[1].s + span.start, span.end - span.start));
    *ret = v_list(V_STRINGS, l->len ? l : NULL);
    return found < 0 ? found : 0;
}

static int replace_all(struct exec *x, const struct value *args, compile_fn compiler, struct value *ret)
{
    struct regex *re;
    struct strv text;
    if (compiler(x, args[0], &re) < 0 ||
        regex_replace(x->cx, re, args[1].s, args[1].len, v_view(args[2]), EXEC_OUTPUT_MAX, &text) < 0)
        return err_code(x->cx);
    *ret = v_str(text.p, text.n);
    return 0;
}

static int replace_literally(struct exec *x, const struct value *args, compile_fn compiler, struct value *ret)
{
    struct regex *re;
    struct regex_span span;
    struct buf out = fn_buf(x);
    size_t from = 0;
    int found;
    if (compiler(x, args[0], &re) < 0)
        return err_code(x->cx);
    struct regex_search m = start(x, re, args[1]);
    while ((found = regex_next(x->cx, &m, &span, 1)) > 0) {
        buf_add(&out, args[1].s + from, span.start - from);
        buf_add(&out, args[2].s, args[2].len);
        from = span.end;
    }
    buf_add(&out, args[1].s + from, args[1].len - from);
    return found < 0 ? found : fn_take(x, &out, ret);
}

/* The texts between matches: at most `limit`, the last one with all that is left. */
static int split(struct exec *x, const struct value *args, compile_fn compiler, struct value *ret)
{
    struct regex *re;
    struct regex_span span;
    struct vlist *l = vlist_new(x->cx->arena, 0);
    struct value s = args[1];
    int64_t limit = args[2].i;
    size_t from = 0, end = 0;
    int found = 0;
    if (compiler(x, args[0], &re) < 0)
        return err_code(x->cx);
    *ret = v_list(V_STRINGS, limit == 0 ? NULL : l);
    if (limit == 0)
        return 0;
    if (args[0].len > 0 && s.len == 0) {
        vlist_push(x->cx->arena, l, v_str("", 0));
        return 0;
    }
    struct regex_search m = start(x, re, s);
    while ((limit < 0 || (int64_t)l->len < limit - 1) && (found = regex_next(x->cx, &m, &span, 1)) > 0) {
        end = span.start;
        if (span.end != 0)
            vlist_push(x->cx->arena, l, v_str(s.s + from, end - from));
        from = span.end;
    }
    if (end != s.len)
        vlist_push(x->cx->arena, l, v_str(s.s + from, s.len - from));
    return found < 0 ? found : 0;
}

#define BOTH(name, function)                                                                                 \
    FN(fn_##name)                                                                                            \
    {                                                                                                        \
        return function(x, args, compile_or_panic, ret);                                                     \
    }                                                                                                        \
    FN(fn_must_##name)                                                                                       \
    {                                                                                                        \
        return function(x, args, compile, ret);                                                              \
    }
BOTH(regex_find, find)
BOTH(regex_find_all, find_all)
BOTH(regex_replace_all, replace_all)
BOTH(regex_replace_literally, replace_literally)
BOTH(regex_split, split)

FN(fn_regex_quote_meta)
{
    struct buf out = fn_buf(x);
    for (size_t i = 0; i < args[0].len; i++) {
        char c = args[0].s[i];
        if (c && strchr("\\.+*?()|[]{}^$", c))
            buf_char(&out, '\\');
        buf_char(&out, c);
    }
    return fn_take(x, &out, ret);
}

static const struct function rows[] = {
    { "regexMatch", "ss", fn_regex_match },
    { "mustRegexMatch", "ss", fn_must_regex_match },
    { "regexFind", "ss", fn_regex_find },
    { "mustRegexFind", "ss", fn_must_regex_find },
    { "regexFindAll", "ssi", fn_regex_find_all },
    { "mustRegexFindAll", "ssi", fn_must_regex_find_all },
    { "regexReplaceAll", "sss", fn_regex_replace_all },
    { "mustRegexReplaceAll", "sss", fn_must_regex_replace_all },
    { "regexReplaceAllLiteral", "sss", fn_regex_replace_literally },
    { "mustRegexReplaceAllLiteral", "sss", fn_must_regex_replace_literally },
    { "regexSplit", "ssi", fn_regex_split },
    { "mustRegexSplit", "ssi", fn_must_regex_split },
    { "regexQuoteMeta", "s", fn_regex_quote_meta },
};
const struct function_table fn_regex = { rows, ARRAY_LEN(rows) };
