/*
 * gitmodules.c: a reader of git-config's format; see gitmodules.h.
 *
 * One pass with a cursor; a value may be quoted in parts, go on after a backslash at the end of its line, and ends at a
 * comment.
 */
#include "libgotk/git/gitmodules.h"

#include "libgotk/base/buf.h"
#include "libgotk/base/str.h"
#include "libgotk/base/vec.h"

#include <ctype.h>
#include <string.h>

#define COUNT_MAX 1000
#define VALUE_MAX ((size_t)64 << 10)

VEC_NAMED(modules, struct gitmodule);

struct reader {
    struct ctx *cx;
    const char *p;
    int line;
    struct modules modules;
    struct gitmodule *current; /* whose section this is; NULL: of none */
};

static int bad(struct reader *r, const char *what)
{
    return err_fail(r->cx, ERR_INVALID, ".gitmodules: line %d: %s", r->line, what);
}

static void skip_blanks(struct reader *r)
{
    r->p += strspn(r->p, " \t\r");
}

static void skip_line(struct reader *r)
{
    r->p += strcspn(r->p, "\n");
}

/* The section of that name; opened again when it was there before. */
static int enter(struct reader *r, const char *name)
{
    for (size_t i = 0; i < r->modules.len; i++) {
        r->current = &r->modules.at[i];
        if (str_eq(r->current->name, name))
            return 0;
    }
    if (r->modules.len == COUNT_MAX)
        return err_fail(r->cx, ERR_LIMIT, ".gitmodules: more than %d submodules", COUNT_MAX);
    vec_push(r->cx->arena, &r->modules, (struct gitmodule){ .name = name });
    r->current = &r->modules.at[r->modules.len - 1];
    return 0;
}

/* The text in double quotes at the cursor, which stands behind the first; a backslash takes the next character as is. */
static int read_quoted(struct reader *r, const char **ret)
{
    struct buf name = buf_new(r->cx->arena, VALUE_MAX);
    for (; *r->p != '"'; r->p++) {
        if (*r->p == '\\' && r->p[1])
            r->p++;
        if (*r->p == '\0' || *r->p == '\n')
            return bad(r, "a quoted name does not end");
        buf_char(&name, *r->p);
    }
    r->p++;
    *ret = buf_text(&name);
    return buf_ok(r->cx, &name, "the name of a submodule");
}

/* "[section]" or "[section "name"]"; the cursor stands behind the bracket. */
static int read_section(struct reader *r)
{
    size_t n = strcspn(r->p, " \t\"]\n");
    const char *section = str_ndup(r->cx->arena, r->p, n);
    const char *name = NULL;
    r->p += n;
    skip_blanks(r);
    if (*r->p == '"') {
        r->p++;
        if (read_quoted(r, &name) < 0)
            return r->cx->err.code;
    }
    if (*r->p != ']')
        return bad(r, "a section does not end with ']'");
    r->p++;
    r->current = NULL;
    return name && str_eq_fold(section, "submodule") ? enter(r, name) : 0;
}

/* The character an escape stands for; 0 for the end of a line, -1 for none. */
static int unescape(char c)
{
    static const char from[] = "ntb\\\"\n", to[] = "\n\t\b\\\"";
    const char *at = c ? strchr(from, c) : NULL;
    return at ? to[at - from] : -1;
}

/* Reads one character of a value; false at its end. *keep: the length up to here counts. */
static int read_character(struct reader *r, struct buf *value, bool *quoted, bool *more)
{
    char c = *r->p;
    *more = c != '\0' && c != '\n' && (*quoted || (c != '#' && c != ';'));
    if (!*more)
        return *quoted ? bad(r, "a quoted value does not end") : 0;
    r->p++;
    if (c == '"') {
        *quoted = !*quoted;
    } else if (c == '\\') {
        int escaped = unescape(*r->p);
        if (escaped < 0)
            return bad(r, "an escape that is none");
        r->line += escaped == 0;
        r->p++;
        if (escaped)
            buf_char(value, (char)escaped);
    } else {
        buf_char(value, c);
    }
    return 0;
}

/* Up to the end of the line or a comment; blanks around it are not part of it unless quoted. */
static int read_value(struct reader *r, const char **ret)
{
    struct buf value = buf_new(r->cx->arena, VALUE_MAX);
    bool quoted = false, more = true;
    size_t end = 0;
    skip_blanks(r);
    while (more) {
        bool was_quoted = quoted;
        if (read_character(r, &value, &quoted, &more) < 0)
            return r->cx->err.code;
        if (was_quoted || (value.len && !strchr(" \t\r", value.data[value.len - 1])))
            end = value.len;
    }
    buf_cut(&value, end);
    *ret = buf_text(&value);
    return buf_ok(r->cx, &value, "a value of .gitmodules");
}

static int read_entry(struct reader *r)
{
    const char *start = r->p, *value = "";
    while (isalnum((unsigned char)*r->p) || *r->p == '-')
        r->p++;
    const char *key = str_ndup(r->cx->arena, start, (size_t)(r->p - start));
    skip_blanks(r);
    if (!*key)
        return bad(r, "neither a section nor a value");
    if (*r->p == '=') {
        r->p++;
        if (read_value(r, &value) < 0)
            return r->cx->err.code;
    }
    skip_line(r);
    if (r->current && str_eq_fold(key, "path"))
        r->current->path = value;
    if (r->current && str_eq_fold(key, "url"))
        r->current->url = value;
    return 0;
}

static int read_item(struct reader *r)
{
    skip_blanks(r);
    switch (*r->p) {
    case '\0':
        return 0;
    case '\n':
        r->line++;
        r->p++;
        return 0;
    case '#':
    case ';':
        skip_line(r);
        return 0;
    case '[':
        r->p++;
        return read_section(r);
    default:
        return read_entry(r);
    }
}

int gitmodules_parse(struct ctx *cx, const char *text, struct gitmodule **ret, size_t *ret_count)
{
    struct reader r = { .cx = cx, .p = text, .line = 1 };
    size_t n = 0;
    while (*r.p)
        if (ctx_check(cx) < 0 || read_item(&r) < 0)
            return cx->err.code;
    for (size_t i = 0; i < r.modules.len; i++)
        if (!str_empty(r.modules.at[i].path) && !str_empty(r.modules.at[i].url))
            r.modules.at[n++] = r.modules.at[i];
    *ret = r.modules.at;
    *ret_count = n;
    return 0;
}
