/*
 * xml.c: a recursive reader of elements and text; the contract is in xml.h. Any thread.
 */
#include "libgotk/doc/xml.h"

#include "libgotk/base/buf.h"
#include "libgotk/base/str.h"

#include <string.h>

#define DEPTH_MAX 64

struct reader {
    struct ctx *cx;
    const char *name;
    const char *start;
    const char *at;
    const char *end;
    int depth;
};

static int fail(struct reader *r, const char *what)
{
    int line = 1;
    for (const char *p = r->start; p < r->at; p++)
        line += *p == '\n';
    return err_fail(r->cx, ERR_INVALID, "%s:%d: %s", r->name, line, what);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_space(struct reader *r)
{
    while (r->at < r->end && is_space(*r->at))
        r->at++;
}

static bool starts(const struct reader *r, const char *text)
{
    size_t n = strlen(text);
    return (size_t)(r->end - r->at) >= n && memcmp(r->at, text, n) == 0;
}

/* Behind the next `text`. */
static int skip_past(struct reader *r, const char *text, const char *what)
{
    const char *found = memmem(r->at, (size_t)(r->end - r->at), text, strlen(text));
    if (!found)
        return fail(r, what);
    r->at = found + strlen(text);
    return 0;
}

/* Comments, processing instructions and white space; a document type is none of these. */
static int skip_misc(struct reader *r)
{
    for (;;) {
        skip_space(r);
        int rc = 1;
        if (starts(r, "<!--"))
            rc = skip_past(r, "-->", "a comment does not end");
        else if (starts(r, "<?"))
            rc = skip_past(r, "?>", "a processing instruction does not end");
        if (rc != 0)
            return rc < 0 ? rc : 0;
    }
}

/* ---- text -------------------------------------------------------------------------------------------------------- */

static int add_code(struct reader *r, struct buf *out, const char *digits, int base)
{
    char *end;
    unsigned long code = strtoul(digits, &end, base);
    if (end == digits || *end || code == 0 || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
        return fail(r, "a character reference names no character");
    if (code < 0x80) {
        buf_char(out, (char)code);
    } else if (code < 0x800) {
        buf_char(out, (char)(0xC0 | code >> 6));
        buf_char(out, (char)(0x80 | (code & 0x3F)));
    } else {
        if (code >= 0x10000) {
            buf_char(out, (char)(0xF0 | code >> 18));
            buf_char(out, (char)(0x80 | (code >> 12 & 0x3F)));
        } else {
            buf_char(out, (char)(0xE0 | code >> 12));
        }
        buf_char(out, (char)(0x80 | (code >> 6 & 0x3F)));
        buf_char(out, (char)(0x80 | (code & 0x3F)));
    }
    return 0;
}

/* "&amp;", "&#10;", "&#xA;": the reader stands on the ampersand. */
static int read_entity(struct reader *r, struct buf *out)
{
    static const struct {
        const char *name;
        char is;
    } known[] = { { "amp", '&' }, { "lt", '<' }, { "gt", '>' }, { "quot", '"' }, { "apos", '\'' } };
    const char *from = r->at + 1;
    const char *semicolon = memchr(from, ';', (size_t)(r->end - from));
    if (!semicolon || semicolon - from > 10)
        return fail(r, "an ampersand starts no entity");
    const char *name = str_ndup(r->cx->arena, from, (size_t)(semicolon - from));
    if (name[0] == '#' && add_code(r, out, name + (name[1] == 'x' ? 2 : 1), name[1] == 'x' ? 16 : 10) < 0)
        return err_code(r->cx);
    size_t i = 0;
    while (name[0] != '#' && i < ARRAY_LEN(known) && !str_eq(known[i].name, name))
        i++;
    if (i == ARRAY_LEN(known))
        return fail(r, "an entity is unknown");
    if (name[0] != '#')
        buf_char(out, known[i].is);
    r->at = semicolon + 1;
    return 0;
}

/* Text up to the next tag, CDATA sections included. */
static int read_text(struct reader *r, struct buf *out)
{
    while (r->at < r->end) {
        if (starts(r, "<![CDATA[")) {
            const char *from = r->at += strlen("<![CDATA[");
            if (skip_past(r, "]]>", "a CDATA section does not end") < 0)
                return err_code(r->cx);
            buf_add(out, from, (size_t)(r->at - from) - strlen("]]>"));
        } else if (starts(r, "<!--")) {
            if (skip_past(r, "-->", "a comment does not end") < 0)
                return err_code(r->cx);
        } else if (*r->at == '<') {
            return 0;
        } else if (*r->at == '&') {
            if (read_entity(r, out) < 0)
                return err_code(r->cx);
        } else {
            buf_char(out, *r->at++);
        }
    }
    return fail(r, "an element does not end");
}

/* ---- elements ---------------------------------------------------------------------------------------------------- */

static bool is_name(char c)
{
    return !is_space(c) && !strchr("<>/=\"'&", c);
}

/* A name without its prefix. */
static int read_name(struct reader *r, const char **ret)
{
    const char *from = r->at, *colon;
    while (r->at < r->end && *r->at && is_name(*r->at))
        r->at++;
    colon = memchr(from, ':', (size_t)(r->at - from));
    if (colon)
        from = colon + 1;
    if (from == r->at)
        return fail(r, "a name is missing");
    *ret = str_ndup(r->cx->arena, from, (size_t)(r->at - from));
    return 0;
}

/* Attributes, up to and with ">" or "/>". */
static int skip_attributes(struct reader *r, bool *ret_empty)
{
    const char *name;
    for (;;) {
        skip_space(r);
        *ret_empty = starts(r, "/>");
        if (*ret_empty || starts(r, ">")) {
            r->at += *ret_empty ? 2 : 1;
            return 0;
        }
        if (read_name(r, &name) < 0)
            return err_code(r->cx);
        skip_space(r);
        if (!starts(r, "="))
            return fail(r, "an attribute has no value");
        r->at++;
        skip_space(r);
        if (!starts(r, "\"") && !starts(r, "'"))
            return fail(r, "an attribute's value is not in quotes");
        const char quote[] = { *r->at++, 0 };
        if (skip_past(r, quote, "an attribute's value does not end") < 0)
            return err_code(r->cx);
    }
}

/* The second of a name makes an array. */
static void add_child(struct arena *a, struct doc *object, const char *name, struct doc *value)
{
    struct doc *before = doc_find(object, name);
    if (!before) {
        doc_set(a, object, name, value);
        return;
    }
    if (doc_kind(before) != DOC_ARRAY) {
        struct doc *list = doc_array(a);
        doc_append(list, doc_copy(a, before));
        doc_set(a, object, name, list);
        before = list;
    }
    doc_append(before, value);
}

static int read_element(struct reader *r, const char **ret_name, struct doc **ret);

/* What is between the tags, up to and with the end tag. */
static int read_content(struct reader *r, const char *name, struct doc **ret)
{
    struct arena *a = r->cx->arena;
    struct buf text = buf_new(a, (size_t)(r->end - r->at) + 1);
    struct doc *object = NULL, *child = NULL;
    const char *other = NULL;
    for (;;) {
        if (read_text(r, &text) < 0)
            return err_code(r->cx);
        if (starts(r, "</"))
            break;
        if (read_element(r, &other, &child) < 0)
            return err_code(r->cx);
        object = object ? object : doc_object(a);
        add_child(a, object, other, child);
    }
    r->at += 2;
    if (read_name(r, &other) < 0)
        return err_code(r->cx);
    skip_space(r);
    if (!str_eq(other, name) || !starts(r, ">"))
        return fail(r, "an end tag fits no start tag");
    r->at++;
    *ret = object ? object : doc_nstring(a, buf_text(&text), text.len);
    return 0;
}

static int read_element(struct reader *r, const char **ret_name, struct doc **ret)
{
    bool empty;
    if (!starts(r, "<") || starts(r, "<!") || starts(r, "<?"))
        return fail(r, starts(r, "<!DOCTYPE") ? "document types are not taken" : "an element is expected");
    r->at++;
    if (r->depth++ >= DEPTH_MAX)
        return err_fail(r->cx, ERR_LIMIT, "%s: elements nest deeper than %d", r->name, DEPTH_MAX);
    if (read_name(r, ret_name) < 0 || skip_attributes(r, &empty) < 0)
        return err_code(r->cx);
    *ret = doc_string(r->cx->arena, "");
    if (!empty && read_content(r, *ret_name, ret) < 0)
        return err_code(r->cx);
    r->depth--;
    return 0;
}

int xml_parse(struct ctx *cx, const char *text, size_t len, const char *name, struct doc **ret_doc)
{
    struct reader r = { .cx = cx, .name = name, .start = text, .at = text, .end = text + len };
    struct doc *root = NULL;
    const char *root_name = NULL;
    if (!str_is_utf8(text, len) || memchr(text, 0, len))
        return fail(&r, "it is no text in UTF-8");
    if (skip_misc(&r) < 0 || read_element(&r, &root_name, &root) < 0 || skip_misc(&r) < 0)
        return err_code(cx);
    if (r.at != r.end)
        return fail(&r, "something follows the document");
    *ret_doc = doc_object(cx->arena);
    doc_set(cx->arena, *ret_doc, root_name, root);
    return 0;
}
