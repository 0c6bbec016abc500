/*
 * envsubst.c: see envsubst.h: the reader. It follows the scanner of Flux's envsubst package token by token, since its odd
 * corners (where a backslash escapes, when a brace is missing) are visible, but expands while it reads. A missing
 * variable is only reported when the rest of the text is well-formed, as a parser in front would do it.
 */
#include "libgotk/kustomize/envsubst.h"

#include "libgotk/base/str.h"
#include "libgotk/base/vec.h"

#include <string.h>

#define ARGUMENT_MAX ((size_t)16 << 20)
#define DEPTH_MAX    64

enum token { TOKEN_ILLEGAL, TOKEN_END, TOKEN_TEXT, TOKEN_OPEN, TOKEN_CLOSE };

enum mode { MODE_OPEN = 1, MODE_CLOSE = 2, MODE_TEXT = 4, MODE_DOLLAR = 8, MODE_BACKSLASH = 16 };

/* Whether the byte `c` can be the `place`-th (from 1) of a token. */
typedef bool (*accept_fn)(unsigned char c, size_t place);

struct reader {
    struct ctx *cx;
    const struct map *vars;
    bool strict;
    const char *text;
    const char *p;
    struct buf token;
    const char *missing; /* the first variable that was not set */
    int depth;
};

VEC_NAMED(args, const char *);

static bool accept_any(unsigned char c, size_t place)
{
    (void)c;
    (void)place;
    return true;
}

/* Bytes of longer UTF-8 sequences count as letters. */
static bool accept_name(unsigned char c, size_t place)
{
    (void)place;
    return c >= 0x80 || c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z');
}

static bool accept_argument(unsigned char c, size_t place)
{
    (void)place;
    return c != '}';
}

static bool accept_position(unsigned char c, size_t place)
{
    (void)place;
    return c != ':' && c != '}';
}

static bool accept_pattern(unsigned char c, size_t place)
{
    (void)place;
    return c != '/';
}

static bool accept_slash(unsigned char c, size_t place)
{
    (void)place;
    return c == '/';
}

static bool accept_colon(unsigned char c, size_t place)
{
    (void)place;
    return c == ':';
}

static bool accept_one_colon(unsigned char c, size_t place)
{
    return place == 1 && c == ':';
}

static bool accept_hashes(unsigned char c, size_t place)
{
    return place < 3 && c == '#';
}

static bool accept_one_hash(unsigned char c, size_t place)
{
    return place == 1 && c == '#';
}

static bool accept_percents(unsigned char c, size_t place)
{
    return place < 3 && c == '%';
}

static bool accept_casing(unsigned char c, size_t place)
{
    return place < 3 && (c == ',' || c == '^');
}

static bool accept_default(unsigned char c, size_t place)
{
    return place == 1 ? c == ':' : place == 2 && (c == '=' || c == '-' || c == '?' || c == '+');
}

static bool accept_one_equal(unsigned char c, size_t place)
{
    return place == 1 && c == '=';
}

static bool accept_replace(unsigned char c, size_t place)
{
    return place == 1 ? c == '/' : place == 2 && (c == '/' || c == '#' || c == '%');
}

static bool escapes(const struct reader *r, unsigned mode)
{
    if ((mode & MODE_DOLLAR) && r->p[0] == '$' && r->p[1] == '$')
        return true;
    return (mode & MODE_BACKSLASH) && r->p[0] == '\\' && (r->p[1] == '/' || r->p[1] == '\\');
}

static bool opens(const struct reader *r, unsigned mode)
{
    return (mode & MODE_OPEN) && r->p[0] == '$' && r->p[1] == '{';
}

/* Takes the next byte of a text token, or the two of an escape, into the token; false when it ends before. */
static bool take_text(struct reader *r, accept_fn accept, unsigned mode)
{
    if (!r->p[0] || opens(r, mode))
        return false;
    if (escapes(r, mode)) {
        buf_char(&r->token, r->p[1]);
        r->p += 2;
        return true;
    }
    if (!accept((unsigned char)r->p[0], r->token.len + 1))
        return false;
    buf_char(&r->token, r->p[0]);
    r->p++;
    return true;
}

/* Reads one token. The text of the last one is in r->token. */
static enum token scan(struct reader *r, accept_fn accept, unsigned mode)
{
    r->token = buf_new(r->cx->arena, ARGUMENT_MAX);
    if (!r->p[0])
        return TOKEN_END;
    if (opens(r, mode)) {
        r->p += 2;
        return TOKEN_OPEN;
    }
    if ((mode & MODE_CLOSE) && r->p[0] == '}') {
        r->p++;
        return TOKEN_CLOSE;
    }
    if (!(mode & MODE_TEXT) || !take_text(r, accept, mode))
        return TOKEN_ILLEGAL;
    while (take_text(r, accept, mode))
        continue;
    return TOKEN_TEXT;
}

static const char *token_text(const struct reader *r)
{
    return buf_text(&r->token);
}

static int fail(const struct reader *r, const char *what)
{
    int line = 1;
    for (const char *p = r->text; p < r->p; p++)
        line += *p == '\n';
    return err_fail(r->cx, ERR_INVALID, "%s (line %d of the object)", what, line);
}

static int expand_braced(struct reader *r, struct buf *out);

/* One argument: a text, or one nested expression. */
static int read_argument(struct reader *r, accept_fn accept, unsigned escape, struct args *args)
{
    struct buf value = buf_new(r->cx->arena, ARGUMENT_MAX);
    switch (scan(r, accept, MODE_TEXT | MODE_OPEN | escape)) {
    case TOKEN_OPEN:
        if (expand_braced(r, &value) < 0)
            return err_code(r->cx);
        break;
    case TOKEN_TEXT:
        buf_str(&value, token_text(r));
        break;
    default:
        return fail(r, "unable to parse substitution within function");
    }
    vec_push(r->cx->arena, args, buf_text(&value));
    return 0;
}

static int close_brace(struct reader *r)
{
    return scan(r, accept_any, MODE_CLOSE) == TOKEN_CLOSE ? 0 : fail(r, "bad substitution");
}

/* Reads the operator itself. */
static int read_operator(struct reader *r, accept_fn accept, const char *what, const char **ret_op)
{
    if (scan(r, accept, MODE_TEXT) != TOKEN_TEXT)
        return fail(r, what);
    *ret_op = token_text(r);
    return 0;
}

static int read_default(struct reader *r, const char **ret_op, struct args *args)
{
    accept_fn accept = r->p[0] == '=' ? accept_one_equal : accept_default;
    if (read_operator(r, accept, "unable to parse default function", ret_op) < 0)
        return err_code(r->cx);
    while (r->p[0] != '}')
        if (read_argument(r, accept_argument, 0, args) < 0)
            return err_code(r->cx);
    return close_brace(r);
}

static int read_substring(struct reader *r, const char **ret_op, struct args *args)
{
    if (read_operator(r, accept_one_colon, "bad substitution", ret_op) < 0 ||
        read_argument(r, accept_position, 0, args) < 0)
        return err_code(r->cx);
    switch (scan(r, accept_colon, MODE_TEXT | MODE_CLOSE)) {
    case TOKEN_CLOSE:
        return 0;
    case TOKEN_TEXT:
        break;
    default:
        return fail(r, "bad substitution");
    }
    return read_argument(r, accept_argument, 0, args) < 0 ? err_code(r->cx) : close_brace(r);
}

static int read_colon(struct reader *r, const char **ret_op, struct args *args)
{
    bool is_default = r->p[1] && strchr("=-?+", r->p[1]);
    if (!r->p[1])
        return fail(r, "bad substitution");
    return is_default ? read_default(r, ret_op, args) : read_substring(r, ret_op, args);
}

static int read_casing(struct reader *r, const char **ret_op, struct args *args)
{
    (void)args;
    return read_operator(r, accept_casing, "bad substitution", ret_op) < 0 ? err_code(r->cx) : close_brace(r);
}

static int read_remove(struct reader *r, const char **ret_op, struct args *args)
{
    accept_fn accept = r->p[0] == '#' ? accept_hashes : accept_percents;
    if (read_operator(r, accept, "bad substitution", ret_op) < 0 ||
        read_argument(r, accept_argument, 0, args) < 0)
        return err_code(r->cx);
    return close_brace(r);
}

static int read_replace(struct reader *r, const char **ret_op, struct args *args)
{
    unsigned escape = MODE_DOLLAR | MODE_BACKSLASH;
    if (read_operator(r, accept_replace, "bad substitution", ret_op) < 0 ||
        read_argument(r, accept_pattern, escape, args) < 0)
        return err_code(r->cx);
    if (scan(r, accept_slash, MODE_TEXT) != TOKEN_TEXT)
        return fail(r, "bad substitution");
    if (r->p[0] != '}' && read_argument(r, accept_argument, escape, args) < 0)
        return err_code(r->cx);
    return close_brace(r);
}

/* What follows a name, by its first character. */
static const struct {
    char first;
    int (*read)(struct reader *r, const char **ret_op, struct args *args);
} operators[] = {
    { ':', read_colon },   { '=', read_default }, { ',', read_casing }, { '^', read_casing },
    { '/', read_replace }, { '#', read_remove },  { '%', read_remove },
};

static int read_rest(struct reader *r, const char **ret_op, struct args *args)
{
    for (size_t i = 0; i < ARRAY_LEN(operators); i++)
        if (r->p[0] == operators[i].first)
            return operators[i].read(r, ret_op, args);
    return scan(r, accept_name, MODE_CLOSE) == TOKEN_CLOSE ? 0 : fail(r, "missing closing brace");
}

static void put_value(struct reader *r, const char *name, const char *op, const struct args *args,
                      struct buf *out)
{
    bool known = map_has(r->vars, name);
    if (!known && r->strict && !r->missing && !envsubst_is_default(op))
        r->missing = name;
    const char *value = known ? str_or(map_find(r->vars, name), "") : "";
    buf_str(out, envsubst_apply(r->cx->arena, op, value, args->at, args->len));
}

/* ${#name} */
static int expand_length(struct reader *r, struct buf *out)
{
    struct args none = { 0 };
    if (scan(r, accept_one_hash, MODE_TEXT) != TOKEN_TEXT || scan(r, accept_name, MODE_TEXT) != TOKEN_TEXT)
        return fail(r, "bad substitution");
    const char *name = token_text(r);
    if (close_brace(r) < 0)
        return err_code(r->cx);
    put_value(r, name, "#", &none, out);
    return 0;
}

/* What stands between "${" and "}". */
static int expand_braced(struct reader *r, struct buf *out)
{
    struct args args = { 0 };
    const char *op = "";
    if (++r->depth > DEPTH_MAX)
        return fail(r, "substitutions are nested too deeply");
    if (r->p[0] == '#') {
        r->depth--;
        return expand_length(r, out);
    }
    if (scan(r, accept_name, MODE_TEXT) != TOKEN_TEXT)
        return fail(r, "unable to parse variable name");
    const char *name = token_text(r);
    if (read_rest(r, &op, &args) < 0)
        return err_code(r->cx);
    put_value(r, name, op, &args, out);
    r->depth--;
    return 0;
}

int envsubst_expand(struct ctx *cx, const char *text, const struct map *vars, bool strict, struct buf *out)
{
    struct reader r = { .cx = cx, .vars = vars, .strict = strict, .text = text, .p = text };
    while (r.p[0]) {
        size_t plain = strcspn(r.p, "$");
        buf_add(out, r.p, plain);
        r.p += plain;
        if (opens(&r, MODE_OPEN)) {
            r.p += 2;
            if (expand_braced(&r, out) < 0)
                return err_code(cx);
        } else if (r.p[0]) {
            buf_char(out, '$');
            r.p += escapes(&r, MODE_DOLLAR) ? 2 : 1;
        }
    }
    if (r.missing)
        return err_fail(cx, ERR_INVALID, "variable not set (strict mode): \"%s\"", r.missing);
    return buf_ok(cx, out, "the substituted object");
}
