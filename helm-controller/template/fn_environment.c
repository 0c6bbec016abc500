/*
 * fn_environment.c: env and expandenv, for templates that the user wrote on the command line.
 *
 * Charts do not see them: what renders charts for others has secrets in its environment. References are those of Go's
 * os.Expand: $NAME, ${NAME}, $1, and one character of *#$@!?-.
 */
#include "helm-controller/template/fn.h"

#include <ctype.h>
#include <stdlib.h>

static const char *variable(struct exec *x, struct strv name)
{
    return str_or(getenv(str_ndup(x->cx->arena, name.p, name.n)), "");
}

FN(fn_env)
{
    *ret = v_text(str_dup(x->cx->arena, variable(x, v_view(args[0]))));
    return 0;
}

static bool is_special(char c)
{
    return isdigit((unsigned char)c) || (c && strchr("*#$@!?-", c));
}

/* How many bytes a reference behind its '$' takes, and the name in it, which is "" for one in bad syntax. */
static size_t take_reference(struct strv s, struct strv *ret_name)
{
    *ret_name = (struct strv){ s.p, 0 };
    if (s.n && *s.p == '{') {
        const char *end = memchr(s.p, '}', s.n);
        if (!end)
            return 1; /* "${" alone goes */
        *ret_name = (struct strv){ s.p + 1, (size_t)(end - s.p - 1) };
        return (size_t)(end - s.p) + 1;
    }
    if (s.n && is_special(*s.p))
        ret_name->n = 1;
    while (!(ret_name->n && is_special(*s.p)) && ret_name->n < s.n &&
           (isalnum((unsigned char)s.p[ret_name->n]) || s.p[ret_name->n] == '_'))
        ret_name->n++;
    return ret_name->n;
}

FN(fn_expand_env)
{
    struct buf out = fn_buf(x);
    struct strv s = v_view(args[0]), name;
    while (s.n) {
        const char *dollar = memchr(s.p, '$', s.n);
        size_t before = dollar ? (size_t)(dollar - s.p) : s.n;
        buf_add(&out, s.p, before);
        s = (struct strv){ s.p + before + (dollar != NULL), s.n - before - (dollar != NULL) };
        if (!dollar)
            break;
        size_t used = take_reference(s, &name);
        if (name.n)
            buf_str(&out, variable(x, name));
        else if (!used)
            buf_char(&out, '$'); /* of nothing that could be a name */
        s = (struct strv){ s.p + used, s.n - used };
    }
    return fn_take(x, &out, ret);
}

static const struct function rows[] = { { "env", "s", fn_env }, { "expandenv", "s", fn_expand_env } };
const struct function_table fn_environment = { rows, ARRAY_LEN(rows) };
