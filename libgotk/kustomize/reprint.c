/*
 * reprint.c: see reprint.h. Which texts go-yaml v3 writes as a block decides; the rules are those of its emitter and
 * scanner (v3.0.3). One build, one thread.
 */
#include "libgotk/kustomize/reprint.h"

#include "libgotk/base/buf.h"
#include "libgotk/base/str.h"
#include "libgotk/doc/yml.h"

#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || !c;
}

/* Two bytes of UTF-8 from U+0080 to U+009F, which go-yaml does not read as they are; U+0085 is a line break. */
static bool is_c1(const char *s)
{
    return (unsigned char)s[0] == 0xC2 && (unsigned char)s[1] < 0xA0 && (unsigned char)s[1] != 0x85;
}

static bool is_unreadable(const char *s)
{
    for (; *s; s++)
        if (*s == 0x7F || is_c1(s))
            return true;
    return false;
}

/* True for a character that go-yaml v3 only writes in double quotes: `s` is at its first byte. */
static bool is_special(const char *s)
{
    const unsigned char *u = (const unsigned char *)s;
    if (u[0] < 0x80)
        return (u[0] < 0x20 && u[0] != '\n' && u[0] != '\t') || u[0] == 0x7F;
    if (u[0] == 0xC2)
        return u[1] < 0xA0;
    if (u[0] == 0xEF)
        return (u[1] == 0xBB && u[2] == 0xBF) || (u[1] == 0xBF && u[2] >= 0xBE);
    return u[0] >= 0xF0 || u[0] == 0xC0;
}

/* True when go-yaml v3 can write a text as a block. */
static bool fits_block(const char *s)
{
    size_t len = strlen(s);
    if (!len || s[len - 1] == ' ' || strstr(s, " \n"))
        return false;
    for (const char *p = s; *p; p++)
        if (((unsigned char)*p & 0xC0) != 0x80 && is_special(p))
            return false;
    return true;
}

/* What go-yaml v3 writes for a folded block, without its indentation: each line break that would be folded away is
 * written twice, and some that would not be. */
static const char *write_folded(struct arena *a, const char *s)
{
    struct buf out = buf_new(a, 2 * strlen(s) + 1);
    bool breaks = true;
    bool leading_spaces = true;
    bool doubles = !is_blank(s[strspn(s, "\n")]);
    for (; *s; s++) {
        if (*s == '\n') {
            buf_str(&out, !breaks && !leading_spaces && doubles ? "\n\n" : "\n");
            breaks = true;
            continue;
        }
        if (breaks)
            leading_spaces = is_blank(*s);
        breaks = false;
        buf_add(&out, s, 1);
    }
    return buf_text(&out);
}

/* Reads a folded block: `keep` all line breaks at its end, or the first. */
static const char *read_folded(struct arena *a, const char *s, bool keep)
{
    struct buf out = buf_new(a, strlen(s) + 1);
    bool leading_blank = false;
    size_t breaks = strspn(s, "\n"); /* since the last line */
    bool first = true;
    for (s += breaks; *s; s += breaks) {
        size_t len = strcspn(s, "\n");
        bool folds = !first && !leading_blank && !is_blank(*s);
        if (folds && breaks == 1)
            buf_str(&out, " ");
        for (size_t i = folds ? 1 : 0; i < breaks; i++)
            buf_str(&out, "\n");
        leading_blank = is_blank(*s);
        first = false;
        buf_add(&out, s, len);
        s += len;
        breaks = strspn(s, "\n");
    }
    for (size_t i = 0; i < (keep ? breaks : breaks > 0); i++)
        buf_str(&out, "\n");
    return buf_text(&out);
}

static const char *fold_again(struct arena *a, const char *s)
{
    size_t len = strlen(s);
    bool keep = len && s[len - 1] == '\n' && (len == 1 || s[len - 2] == '\n');
    return read_folded(a, write_folded(a, s), keep);
}

/* Where a text stands on its way. */
struct way {
    bool as_json;   /* it becomes JSON that go-yaml reads */
    bool unprinted; /* it is not written as YAML before, so that no text is a block */
    bool in_flow;   /* between braces or brackets, where no text is one either, and nothing at all is '' */
};

/* A scalar that has taken a text of another type cannot be printed. Unlike upstream's, the message does not hold it. */
static int check_tag(struct ctx *cx, const struct doc *d)
{
    enum doc_tag tag = doc_tag(d);
    if (tag != DOC_TAG_NONE && !resource_fits(tag, doc_text(d)))
        return err_fail(
            cx, ERR_INVALID,
            "cannot decode !!str as another type: a field that held a number, a time, a bool or null "
            "was given a text of another type, by a replacement (the text is not shown: it may be secret)");
    return 0;
}

/* Between braces or brackets a time with a colon is written in quotes, and then a text. */
static bool is_time_in_quotes(const struct doc *d)
{
    return resource_tag(d) == DOC_TAG_TIME && !doc_quoted(d) && doc_source(d) && strchr(doc_source(d), ':');
}

static int reprint_text(struct ctx *cx, struct doc *parent, struct doc *d, struct way way)
{
    const char *s = doc_text(d);
    enum doc_style style = doc_style(d);
    if (way.as_json && is_unreadable(s))
        return err_fail(cx, ERR_INVALID, "yaml: control characters are not allowed (line %d)", doc_line(d));
    if (check_tag(cx, d) < 0)
        return err_code(cx);
    if (doc_tag(d) == DOC_TAG_FLOAT && yml_tag(s) == DOC_TAG_INT) { /* is written with its tag */
        doc_replace(cx->arena, parent, d, yml_plain(cx->arena, s));
        return 0;
    }
    doc_set_tag(d, DOC_TAG_NONE);
    if (way.in_flow && is_time_in_quotes(d))
        doc_replace(cx->arena, parent, d, doc_string(cx->arena, doc_source(d)));
    if (way.in_flow || way.unprinted || style == DOC_STYLE_QUOTED || !strchr(s, '\n') || !fits_block(s))
        return 0;
    if (s[0] == '\t')
        return err_fail(
            cx, ERR_INVALID,
            "yaml: found a tab character where an indentation space is expected: kustomize cannot "
            "print a text of several lines that starts with a tab (line %d)",
            doc_line(d));
    if (style != DOC_STYLE_FOLDED)
        return 0;
    const char *folded = fold_again(cx->arena, s);
    if (strcmp(folded, s) != 0)
        doc_replace(cx->arena, parent, d, doc_string(cx->arena, folded));
    return 0;
}

/* A map cannot be printed with a key that is there twice, or one that is no string; at the top, all keys but null are. */
static int check_keys(struct ctx *cx, const struct doc *map, bool top)
{
    const struct doc *second = doc_repeated(map);
    if (second)
        return err_fail(
            cx, ERR_INVALID,
            "yaml: unmarshal errors: line %d: mapping key \"%s\" already defined at line %d: remove "
            "one of them",
            doc_line(second), doc_key(second), doc_line(doc_find(map, doc_key(second))));
    doc_each (child, map)
        if (doc_bare_key(child) && (!top || yml_tag(doc_key(child)) == DOC_TAG_NULL) &&
            yml_check_key(cx, doc_key(child)) < 0)
            return doc_line(child) ? err_wrap(cx, "yaml: line %d", doc_line(child)) : err_code(cx);
    return 0;
}

static int reprint_node(struct ctx *cx, struct doc *parent, struct doc *d, struct way way)
{
    struct doc *next = NULL;
    if (doc_kind(d) == DOC_OBJECT && check_keys(cx, d, !parent) < 0)
        return err_code(cx);
    if (!way.as_json) /* the tree is made anew, and its nodes are on their own */
        doc_unshare(d);
    if (doc_kind(d) == DOC_STRING)
        return reprint_text(cx, parent, d, way);
    bool unwritten = doc_kind(d) == DOC_NULL && !doc_quoted(d) && str_eq(doc_source(d), "");
    if (unwritten && way.in_flow && !way.unprinted)
        doc_replace(cx->arena, parent, d, doc_string(cx->arena, ""));
    way.in_flow = way.in_flow || doc_style(d) == DOC_STYLE_QUOTED;
    for (struct doc *child = doc_first(d); child; child = next) {
        next = doc_next(child);
        if (reprint_node(cx, d, child, way) < 0)
            return err_code(cx);
    }
    return 0;
}

int reprint_resource(struct ctx *cx, struct resource *r)
{
    if (reprint_node(cx, NULL, r->doc, (struct way){ .as_json = true }) < 0)
        return err_wrap(cx, "%s%s%s", resid_text(cx->arena, &r->id), r->file ? " from " : "",
                        str_or(r->file, ""));
    return 0;
}

int reprint_json(struct ctx *cx, struct doc *d)
{
    return reprint_node(cx, NULL, d, (struct way){ 0 });
}

int reprint_items(struct ctx *cx, struct doc *list)
{
    return reprint_node(cx, NULL, list, (struct way){ .as_json = true, .unprinted = true });
}
