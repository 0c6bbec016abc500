/*
 * yml_text.c: how the YAML printer writes strings: the style, the escapes and the folding of go-yaml v2.
 *
 * Byte equality with `kustomize build` hangs on this file: the rules are go-yaml's, down to folding at the first single
 * space behind column 80. Rejected: libyaml's emitter, which quotes, indents and folds differently from its Go port.
 * Any thread.
 */
#include "libgotk/base/str.h"
#include "libgotk/doc/node.h"
#include "libgotk/doc/unicode.h"
#include "libgotk/doc/yml_emit.h"
#include "libgotk/doc/yml_scalar.h"

#include <string.h>

#define WIDTH       80
#define KEY_MAX     128
#define INDENT_HINT '2'

/* What a string contains, as far as the styles care. */
struct traits {
    bool plain;  /* may stand without quotes */
    bool single; /* may stand in single quotes */
    bool block;  /* may be a literal block */
    bool multiline;
    bool ascii; /* printable, and nothing else */
    bool marks; /* there is a ':' or '#' */
};

enum style { STYLE_PLAIN, STYLE_SINGLE, STYLE_DOUBLE, STYLE_LITERAL };

void yml_put(struct emitter *e, char c)
{
    buf_char(e->out, c);
    e->column++;
}

void yml_break(struct emitter *e)
{
    buf_char(e->out, '\n');
    e->column = 0;
}

void yml_indent(struct emitter *e, int indent)
{
    if (!e->fresh || e->column > indent || (e->column == indent && !e->space))
        yml_break(e);
    while (e->column < indent)
        yml_put(e, ' ');
    e->space = true;
    e->fresh = true;
}

static void separate(struct emitter *e)
{
    if (!e->space)
        yml_put(e, ' ');
}

void yml_marker(struct emitter *e, const char *marker, bool apart, bool opens)
{
    if (apart)
        separate(e);
    while (*marker)
        yml_put(e, *marker++);
    e->space = false;
    e->fresh = e->fresh && opens;
}

static bool is_break(uint32_t c)
{
    return c == '\n' || c == '\r' || c == 0x85 || c == 0x2028 || c == 0x2029;
}

static bool is_blank(uint32_t c)
{
    return c == ' ' || c == '\t';
}

/* Characters that go out as they are: not tabs, and nothing outside the basic plane. */
static bool is_printable(uint32_t c)
{
    return c == '\n' || (c >= 0x20 && c <= 0x7E) || (c >= 0xA0 && c <= 0xD7FF) ||
           (c >= 0xE000 && c <= 0xFFFD && c != 0xFEFF);
}

/* True when `c` at the start of a string means something to YAML. */
static bool is_leading_indicator(char c, bool then_blank)
{
    if (c == '?' || c == ':' || c == '-')
        return then_blank;
    return c && strchr("#,[]{}&*!|>'\"%@`", c);
}

static bool has_indicator(const char *s, bool marks)
{
    if (strncmp(s, "---", 3) == 0 || strncmp(s, "...", 3) == 0)
        return true;
    if (is_leading_indicator(s[0], !s[1] || is_blank((unsigned char)s[1])))
        return true;
    for (const char *p = s[0] ? s + 1 : s; marks && (p = strpbrk(p, ":#")) != NULL; p++) {
        if (*p == ':' && (!p[1] || is_blank((unsigned char)p[1])))
            return true;
        if (*p == '#' && is_blank((unsigned char)p[-1]))
            return true;
    }
    return false;
}

/* `tabs`: a block may hold them, as in go-yaml v3. */
static struct traits look_at(const char *s, bool tabs)
{
    struct traits t = { .plain = true, .single = true, .block = *s, .ascii = true };
    bool after_space = false, after_break = false, after_blank = true, first = true;
    int width;
    for (; *s; s += width) {
        uint32_t c = unicode_decode(s, &width);
        bool last = !s[width], space = c == ' ', line_break = is_break(c);
        if (!is_printable(c) || (line_break && after_space))
            t.plain = t.single = false;
        if ((!is_printable(c) && !(tabs && c == '\t')) || (line_break && after_space))
            t.block = false;
        if (space && last)
            t.block = false;
        if (space && after_break)
            t.plain = t.single = false;
        if (line_break || (space && (first || last)) || (c == '#' && after_blank && !first))
            t.plain = false;
        t.multiline |= line_break;
        t.ascii &= c >= ' ' && c <= '~';
        t.marks |= c == ':' || c == '#';
        after_space = space;
        after_break = line_break;
        after_blank = is_blank(c) || line_break || c == 0;
        first = false;
    }
    return t;
}

/* 1:30 and the like are numbers to YAML 1.1, which go-yaml does not read but quotes. */
static bool is_base60(const char *s)
{
    s += *s == '+' || *s == '-';
    if (*s < '0' || *s > '9')
        return false;
    s += strspn(s, "0123456789_");
    if (*s != ':')
        return false;
    while (*s == ':') {
        size_t digits = strspn(s + 1, "0123456789");
        if (digits < 1 || digits > 2 || (digits == 2 && s[1] > '5'))
            return false;
        s += 1 + digits;
    }
    if (*s == '.')
        s += 1 + strspn(s + 1, "0123456789_");
    return !*s;
}

static bool reads_as_string(const char *s)
{
    return yml_resolve(s, YML_11).type == YML_STRING && !is_base60(s);
}

static enum style style_of(const char *s, const struct traits *t, enum yml_place place)
{
    if (strchr(s, '\n'))
        return t->block && place == YML_PLACE_VALUE ? STYLE_LITERAL : STYLE_DOUBLE;
    if (!reads_as_string(s) || (place == YML_PLACE_KEY && t->multiline))
        return STYLE_DOUBLE;
    if (t->plain && !has_indicator(s, t->marks))
        return STYLE_PLAIN;
    return t->single ? STYLE_SINGLE : STYLE_DOUBLE;
}

/* True when no character of the text means anything to YAML. */
static bool is_one_scalar(const char *s)
{
    if (strchr("-?:,[]{}#&*!|>'\"%@` \t", *s) || strncmp(s, "...", 3) == 0)
        return false;
    for (; *s; s++)
        if ((unsigned char)*s < 0x20 || (unsigned char)*s >= 0x7F || (*s == ':' && (!s[1] || s[1] == ' ')) ||
            (*s == ' ' && (!s[1] || s[1] == '#')))
            return false;
    return true;
}

bool yml_is_no_text(struct ctx *cx, const char *text)
{
    if (!text[0] || strchr(text, '\n'))
        return false;
    if (is_one_scalar(text)) {
        enum yml_type type = yml_resolve(text, YML_11).type;
        return type != YML_STRING && type != YML_TIME;
    }
    struct doc *d = NULL;
    struct err kept = cx->err;
    struct arena_mark mark = arena_mark(cx->arena);
    int rules = YML_11 | YML_LAST_WINS | YML_FIRST | YML_GO_ERRORS;
    bool other = yml_parse_as(cx, text, strlen(text), "text", rules, &d) >= 0 && doc_kind(d) != DOC_STRING;
    arena_release(cx->arena, mark);
    cx->err = kept;
    return other;
}

bool yml_is_quoted(const char *s)
{
    struct traits t = look_at(s, true);
    bool bare = yml_resolve(s, YML_CORE).type == YML_STRING && yml_resolve(s, YML_11).type != YML_BOOL;
    return !bare || is_base60(s) || !t.plain || has_indicator(s, t.marks);
}

/* Copies one character; a line break other than \n stays what it is. */
static void copy_rune(struct emitter *e, const char *s, uint32_t c, int width)
{
    if (c == 0xFFFD && width == 1)
        buf_add(e->out, "\xEF\xBF\xBD", 3);
    else
        buf_add(e->out, s, (size_t)width);
    e->column = is_break(c) ? 0 : e->column + 1;
}

/* Copies text in a plain or single-quoted style, folding it at single spaces behind the width. */
static void copy_folded(struct emitter *e, const char *s, int indent, bool fold, bool quoted)
{
    const char *start = s;
    bool after_space = false, after_break = false;
    int width;
    for (; *s; s += width) {
        uint32_t c = unicode_decode(s, &width);
        bool space = c == ' ', line_break = is_break(c);
        bool inner = !quoted || (s > start && s[1]);
        if (after_break && !space && !line_break)
            yml_indent(e, indent);
        if (space && fold && !after_space && e->column > WIDTH && inner && s[1] != ' ') {
            yml_indent(e, indent);
        } else {
            if (quoted && c == '\'')
                yml_put(e, '\'');
            copy_rune(e, s, c, width);
        }
        if (!space)
            e->fresh = line_break;
        after_space = space || (line_break && after_space);
        after_break = line_break || (space && after_break);
    }
}

/* Most texts are short, and copied as they are. */
static void print_plain(struct emitter *e, const char *s, int indent, bool fold, bool ascii)
{
    size_t n = strlen(s);
    separate(e);
    if (ascii && n <= WIDTH && e->column + (int)n <= WIDTH) {
        buf_add(e->out, s, n);
        e->column += (int)n;
    } else {
        copy_folded(e, s, indent, fold, false);
    }
    e->space = e->fresh = false;
}

static void print_single(struct emitter *e, const char *s, int indent, bool fold)
{
    yml_marker(e, "'", true, false);
    copy_folded(e, s, indent, fold, true);
    yml_marker(e, "'", false, false);
}

static void print_escape(struct emitter *e, uint32_t c)
{
    static const struct {
        uint32_t rune;
        char letter;
    } short_forms[] = {
        { 0x00, '0' },  { 0x07, 'a' }, { 0x08, 'b' }, { 0x09, 't' },   { 0x0A, 'n' },
        { 0x0B, 'v' },  { 0x0C, 'f' }, { 0x0D, 'r' }, { 0x1B, 'e' },   { 0x22, '"' },
        { 0x5C, '\\' }, { 0x85, 'N' }, { 0xA0, '_' }, { 0x2028, 'L' }, { 0x2029, 'P' },
    };
    char text[16];
    for (size_t i = 0; i < ARRAY_LEN(short_forms); i++) {
        if (short_forms[i].rune == c) {
            yml_put(e, '\\');
            yml_put(e, short_forms[i].letter);
            return;
        }
    }
    snprintf(text, sizeof(text), c <= 0xFF ? "\\x%02X" : c <= 0xFFFF ? "\\u%04X" : "\\U%08X", c);
    for (const char *p = text; *p; p++)
        yml_put(e, *p);
}

/* A string that starts with a byte order mark has every character escaped: a slip of go-yaml's, kept for equal bytes. */
static void print_double(struct emitter *e, const char *s, int indent, bool fold)
{
    const char *start = s;
    bool all = strncmp(s, "\xEF\xBB\xBF", 3) == 0;
    bool after_space = false;
    int width;
    yml_marker(e, "\"", true, false);
    for (; *s; s += width) {
        uint32_t c = unicode_decode(s, &width);
        bool space = c == ' ';
        if (all || !is_printable(c) || is_break(c) || c == '"' || c == '\\') {
            print_escape(e, c);
        } else if (space && fold && !after_space && e->column > WIDTH && s > start && s[1]) {
            yml_indent(e, indent);
            if (s[1] == ' ')
                yml_put(e, '\\');
        } else {
            copy_rune(e, s, c, width);
        }
        after_space = space;
    }
    yml_marker(e, "\"", false, false);
}

/* How the end of a block is kept: "-" without a last line break, "+" with more than one, else nothing. */
static const char *chomping(const char *s)
{
    size_t n = strlen(s);
    bool ends[2] = { false, false };
    for (int i = 0; i < 2 && n; i++) {
        int width;
        size_t at = n - 1;
        while (at && ((unsigned char)s[at] & 0xC0) == 0x80)
            at--;
        ends[i] = is_break(unicode_decode(s + at, &width));
        n = at;
        if (i == 0 && ends[0] && n == 0)
            return "+";
    }
    return !ends[0] ? "-" : ends[1] ? "+" : "";
}

static void print_literal(struct emitter *e, const char *s, int indent)
{
    bool after_break = true;
    int width;
    uint32_t first = unicode_decode(s, &width);
    yml_marker(e, "|", true, false);
    if (first == ' ' || is_break(first))
        yml_put(e, INDENT_HINT);
    yml_marker(e, chomping(s), false, false);
    yml_break(e);
    e->space = e->fresh = true;
    for (; *s; s += width) {
        uint32_t c = unicode_decode(s, &width);
        if (after_break && !is_break(c))
            yml_indent(e, indent);
        copy_rune(e, s, c, width);
        e->fresh = after_break = is_break(c);
    }
}

void yml_string(struct emitter *e, const char *s, int indent, enum yml_place place)
{
    struct traits t = look_at(s, e->pretty);
    bool fold = place == YML_PLACE_VALUE && !e->pretty;
    switch (style_of(s, &t, place)) {
    case STYLE_PLAIN:
        print_plain(e, s, indent, fold, t.ascii);
        break;
    case STYLE_SINGLE:
        print_single(e, s, indent, fold);
        break;
    case STYLE_DOUBLE:
        print_double(e, s, indent, fold);
        break;
    case STYLE_LITERAL:
        print_literal(e, s, indent);
        break;
    }
}

void yml_bare(struct emitter *e, const char *s)
{
    separate(e);
    while (*s)
        yml_put(e, *s++);
    e->space = e->fresh = false;
}

bool yml_is_simple_key(const char *s)
{
    size_t n = strlen(s);
    if (!s[strcspn(s, "\n\r\xC0\xC2\xE2")]) /* no line break and no NUL begins so */
        return n <= KEY_MAX;
    for (const char *p = strstr(s, NODE_NUL); p; p = strstr(p + 1, NODE_NUL))
        n--;
    return n <= KEY_MAX && !look_at(s, false).multiline;
}
