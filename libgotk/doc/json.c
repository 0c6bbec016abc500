/*
 * json.c: the JSON reader; the contract is in json.h, the printer in json_print.c.
 *
 * One pass over the bytes with a table of character classes; a string without escapes is copied once, keys are shared
 * through a small cache because a list of objects repeats the same few hundred. Rejected: cJSON's parser (numbers become
 * doubles, duplicate keys and positions are lost, NUL ends a string) and a tokenizer apart (a second pass). Runs on any
 * thread; lists of many megabytes are read here, so the loop checks the context every few thousand nodes.
 */
#include "libgotk/doc/json.h"

#include "libgotk/base/str.h"
#include "libgotk/doc/node.h"
#include "libgotk/doc/number.h"

#include <stdlib.h>
#include <string.h>

#define KEY_CACHE   512
#define KEY_LONGEST 64
/* Objects with more members than this look for duplicates by sorting. */
#define MANY_KEYS 32

struct reader {
    struct ctx *cx;
    const char *name;
    const char *p; /* the next byte */
    const char *end;
    const char *line_start;
    int line;
    int depth;
    unsigned nodes;
    struct {
        char *key;
        size_t len;
    } keys[KEY_CACHE];
};

/* What a byte means inside a string: 0: copied as it is. */
enum { PLAIN = 0, QUOTE, ESCAPE, CONTROL, HIGH };

/* clang-format off */
static const unsigned char class_of[256] = {
    [0 ... 31] = CONTROL, ['"'] = QUOTE, ['\\'] = ESCAPE, [128 ... 255] = HIGH,
};
/* clang-format on */

static int column_of(const struct reader *r, const char *at)
{
    size_t column = (size_t)(at - r->line_start) + 1;
    return column > INT32_MAX ? INT32_MAX : (int)column;
}

static int fail_at(struct reader *r, const char *at, const char *what)
{
    return err_fail(r->cx, ERR_INVALID, "%s:%d:%d: %s", r->name, r->line, column_of(r, at), what);
}

/* Fails on the byte at r->p, naming it. */
static int fail_here(struct reader *r, const char *expected)
{
    unsigned char c = r->p < r->end ? (unsigned char)*r->p : 0;
    const char *what;
    if (r->p == r->end)
        what = str_fmt(r->cx->arena, "expected %s, but the text ends", expected);
    else if (c > ' ' && c < 127)
        what = str_fmt(r->cx->arena, "expected %s, got '%c'", expected, c);
    else
        what = str_fmt(r->cx->arena, "expected %s, got byte 0x%02X", expected, c);
    return fail_at(r, r->p, what);
}

static void skip_space(struct reader *r)
{
    for (; r->p < r->end; r->p++) {
        if (*r->p == '\n') {
            r->line++;
            r->line_start = r->p + 1;
        } else if (*r->p != ' ' && *r->p != '\t' && *r->p != '\r') {
            return;
        }
    }
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The value of four hex digits at `p`, or -1. */
static int hex4(const char *p, const char *end)
{
    if (end - p < 4)
        return -1;
    int value = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(p[i]);
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

/* Writes a code point as UTF-8, a NUL as NODE_NUL; returns the end. */
static char *put_rune(char *w, unsigned c)
{
    if (c && c < 0x80) {
        *w++ = (char)c;
    } else if (c < 0x800) {
        *w++ = (char)(0xC0 | (c >> 6));
        *w++ = (char)(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        *w++ = (char)(0xE0 | (c >> 12));
        *w++ = (char)(0x80 | ((c >> 6) & 0x3F));
        *w++ = (char)(0x80 | (c & 0x3F));
    } else {
        *w++ = (char)(0xF0 | (c >> 18));
        *w++ = (char)(0x80 | ((c >> 12) & 0x3F));
        *w++ = (char)(0x80 | ((c >> 6) & 0x3F));
        *w++ = (char)(0x80 | (c & 0x3F));
    }
    return w;
}

/* Reads "uXXXX", and a low surrogate after a high one; half a pair becomes U+FFFD as in Go. NULL: no hex digits. */
static char *put_unicode(const char **p, const char *end, char *w)
{
    int c = hex4(*p + 1, end);
    if (c < 0)
        return NULL;
    *p += 5;
    if (c < 0xD800 || c > 0xDFFF)
        return put_rune(w, (unsigned)c);
    if (c < 0xDC00 && end - *p >= 6 && (*p)[0] == '\\' && (*p)[1] == 'u') {
        int low = hex4(*p + 2, end);
        if (low >= 0xDC00 && low <= 0xDFFF) {
            *p += 6;
            return put_rune(w, 0x10000 + (((unsigned)c - 0xD800) << 10) + ((unsigned)low - 0xDC00));
        }
    }
    return put_rune(w, 0xFFFD);
}

/* Writes what the escape at *p (behind the backslash) stands for and moves past it; NULL when there is no such. */
static char *put_escape(const char **p, const char *end, char *w)
{
    static const char letters[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    if (*p == end)
        return NULL;
    if (**p == 'u')
        return put_unicode(p, end, w);
    const char *hit = memchr(letters, **p, sizeof(letters) - 1);
    if (!hit)
        return NULL;
    *w++ = values[hit - letters];
    (*p)++;
    return w;
}

/* Copies the string from `start` (behind its quote) to `close`, resolving escapes. */
static int unescape(struct reader *r, const char *start, const char *close, char **ret, size_t *ret_len)
{
    char *text = arena_alloc_raw(r->cx->arena, (size_t)(close - start) + 1), *w = text;
    for (const char *p = start; p < close;) {
        const char *slash = memchr(p, '\\', (size_t)(close - p));
        const char *stop = slash ? slash : close;
        w = mempcpy(w, p, (size_t)(stop - p));
        if (!slash)
            break;
        p = slash + 1;
        w = put_escape(&p, close, w);
        if (!w)
            return fail_at(r, slash, "a string has an escape that JSON does not know");
    }
    *w = '\0';
    *ret = text;
    *ret_len = (size_t)(w - text);
    return 0;
}

struct span {
    const char *start;
    const char *close; /* the closing quote */
    bool escaped;
    bool high;
};

/* Finds the end of the string whose quote is at r->p and moves past it. */
static int scan_string(struct reader *r, struct span *ret)
{
    struct span s = { .start = r->p + 1 };
    const char *p = s.start;
    for (; p < r->end; p++) {
        unsigned char class = class_of[(unsigned char)*p];
        if (class == PLAIN)
            continue;
        if (class == QUOTE)
            break;
        if (class == CONTROL)
            return fail_at(r, p, "a string holds a control character; write it as an escape such as \\n");
        s.high |= class == HIGH;
        if (class == ESCAPE) {
            s.escaped = true;
            p++;
        }
    }
    if (p >= r->end)
        return fail_at(r, r->p, "a string is not closed");
    if (s.high && !str_is_utf8(s.start, (size_t)(p - s.start)))
        return fail_at(r, r->p, "a string is not valid UTF-8");
    s.close = p;
    r->p = p + 1;
    *ret = s;
    return node_room(r->cx, (size_t)(p - s.start));
}

static int read_text(struct reader *r, char **ret)
{
    struct span s = { .start = NULL };
    size_t len;
    int rc = scan_string(r, &s);
    if (rc < 0)
        return rc;
    if (s.escaped)
        return unescape(r, s.start, s.close, ret, &len);
    *ret = str_ndup(r->cx->arena, s.start, (size_t)(s.close - s.start));
    return 0;
}

static unsigned hash_key(const char *s, size_t n)
{
    unsigned h = 2166136261u;
    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)s[i]) * 16777619u;
    return h;
}

/* Keys come from the cache when they were seen before. */
static int read_key(struct reader *r, char **ret, unsigned *ret_hash)
{
    struct span s = { .start = NULL };
    int rc = scan_string(r, &s);
    if (rc < 0)
        return rc;
    size_t n = (size_t)(s.close - s.start);
    if (s.escaped) {
        rc = unescape(r, s.start, s.close, ret, &n);
        *ret_hash = rc < 0 ? 0 : hash_key(*ret, n);
        return rc;
    }
    unsigned h = *ret_hash = hash_key(s.start, n);
    char **key = &r->keys[h % KEY_CACHE].key;
    size_t *len = &r->keys[h % KEY_CACHE].len;
    if (*key && *len == n && memcmp(*key, s.start, n) == 0) {
        *ret = *key;
        return 0;
    }
    *ret = str_ndup(r->cx->arena, s.start, n);
    if (n <= KEY_LONGEST) {
        *key = *ret;
        *len = n;
    }
    return 0;
}

static int fail_duplicate(struct reader *r, const cJSON *n)
{
    return err_fail(r->cx, ERR_INVALID, "%s:%d:%d: key \"%s\" is there twice in one object", r->name,
                    n->valueint, (int)n->valuedouble, n->string);
}

/* Called before `n` is linked: looks at the members before it, unless the filter says that its key is new. */
static int refuse_duplicate(struct reader *r, const cJSON *object, const cJSON *n)
{
    for (const cJSON *other = object->child; other; other = other->next)
        if (other->string == n->string || strcmp(other->string, n->string) == 0)
            return fail_duplicate(r, n);
    return 0;
}

static int refuse_duplicates_in(struct reader *r, const cJSON *object, size_t count)
{
    CLEANUP(arena_cleanup) struct arena *scratch = arena_new(2 * (count + 1) * sizeof(void *));
    cJSON **at = ARENA_ARRAY(scratch, cJSON *, count);
    node_sort(object, at, count);
    for (size_t i = 1; i < count; i++)
        if (strcmp(at[i - 1]->string, at[i]->string) == 0)
            return fail_duplicate(r, at[i]->valueint > at[i - 1]->valueint ? at[i] : at[i - 1]);
    return 0;
}

static int read_value(struct reader *r, cJSON **ret);

static int read_member(struct reader *r, cJSON **ret, unsigned *ret_hash)
{
    const char *start = r->p;
    int line = r->line, column = column_of(r, start);
    char *key;
    cJSON *n = NULL;
    if (start == r->end || *start != '"')
        return fail_here(r, "a key in double quotes");
    int rc = read_key(r, &key, ret_hash);
    if (rc < 0)
        return rc;
    skip_space(r);
    if (r->p == r->end || *r->p != ':')
        return fail_here(r, "':' after a key");
    r->p++;
    skip_space(r);
    rc = read_value(r, &n);
    if (!n)
        return rc;
    n->string = key;
    node_set_position(n, line, column);
    *ret = n;
    return 0;
}

/* Moves past ',' (true) or the closing character (false, *ret_rc 0); anything else fails. */
static bool more(struct reader *r, char close, int *ret_rc)
{
    skip_space(r);
    *ret_rc = 0;
    if (r->p < r->end && *r->p == ',') {
        r->p++;
        skip_space(r);
        return true;
    }
    if (r->p < r->end && *r->p == close)
        r->p++;
    else
        *ret_rc = fail_here(r, close == '}' ? "',' or '}' after a member" : "',' or ']' after an element");
    return false;
}

static int read_members(struct reader *r, cJSON *object)
{
    uint64_t seen = 0;
    size_t count = 0;
    int rc;
    do {
        cJSON *n = NULL;
        unsigned hash = 0;
        rc = read_member(r, &n, &hash);
        if (!n)
            return rc;
        uint64_t bit = (uint64_t)1 << (hash >> 26);
        if (seen & bit && count < MANY_KEYS)
            rc = refuse_duplicate(r, object, n);
        if (rc < 0)
            return rc;
        seen |= bit;
        count++;
        node_link(object, n);
    } while (more(r, '}', &rc));
    if (rc == 0 && count > MANY_KEYS)
        rc = refuse_duplicates_in(r, object, count);
    return rc;
}

static int read_elements(struct reader *r, cJSON *array)
{
    int rc;
    do {
        cJSON *n = NULL;
        rc = read_value(r, &n);
        if (!n)
            return rc;
        node_link(array, n);
    } while (more(r, ']', &rc));
    return rc;
}

static int read_nested(struct reader *r, cJSON *n, char close)
{
    if (++r->depth > NODE_DEPTH_MAX)
        return fail_at(r, r->p, "the document nests deeper than 1000 levels");
    r->p++;
    skip_space(r);
    int rc = 0;
    if (r->p < r->end && *r->p == close)
        r->p++;
    else
        rc = close == '}' ? read_members(r, n) : read_elements(r, n);
    r->depth--;
    return rc;
}

static int read_number(struct reader *r, cJSON *n)
{
    size_t len = number_scan(r->p, (size_t)(r->end - r->p));
    if (!len)
        return fail_at(r, r->p, "a number is malformed");
    n->type = cJSON_Number;
    n->valuestring = str_ndup(r->cx->arena, r->p, len);
    r->p += len;
    return 0;
}

static int read_word(struct reader *r, cJSON *n)
{
    static const struct {
        const char *word;
        size_t len;
        int type;
    } words[] = { { "true", 4, cJSON_True }, { "false", 5, cJSON_False }, { "null", 4, cJSON_NULL } };
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if ((size_t)(r->end - r->p) < words[i].len || memcmp(r->p, words[i].word, words[i].len) != 0)
            continue;
        n->type = words[i].type;
        r->p += words[i].len;
        return 0;
    }
    return fail_here(r, "a value");
}

/* Reads the value at r->p into `n`. */
static int fill_value(struct reader *r, cJSON *n)
{
    switch (r->p < r->end ? *r->p : 0) {
    case '"':
        n->type = cJSON_String;
        return read_text(r, &n->valuestring);
    case '{':
        n->type = cJSON_Object;
        return read_nested(r, n, '}');
    case '[':
        n->type = cJSON_Array;
        return read_nested(r, n, ']');
    case '-':
    case '0' ... '9':
        return read_number(r, n);
    default:
        return read_word(r, n);
    }
}

/* Reads the value at r->p; its position is where it starts. *ret stays as it is on failure. */
static int read_value(struct reader *r, cJSON **ret)
{
    int rc = node_check(r->cx, &r->nodes);
    if (rc < 0)
        return rc;
    cJSON *n = node_new(r->cx->arena, cJSON_NULL);
    node_set_position(n, r->line, column_of(r, r->p));
    rc = fill_value(r, n);
    if (rc >= 0)
        *ret = n;
    return rc;
}

int json_parse(struct ctx *cx, const char *text, size_t len, const char *name, struct doc **ret_doc)
{
    struct reader reader = { cx, name, text, text + len, .line_start = text, .line = 1 }, *r = &reader;
    cJSON *n = NULL;
    if (len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
        return fail_at(r, text, "the text starts with a byte order mark; JSON has none");
    skip_space(r);
    int rc = read_value(r, &n);
    if (rc < 0)
        return rc;
    skip_space(r);
    if (r->p < r->end)
        return fail_here(r, "the end of the text after the value");
    rc = ctx_check(cx);
    if (rc < 0)
        return rc;
    *ret_doc = node_doc(n);
    return 0;
}
