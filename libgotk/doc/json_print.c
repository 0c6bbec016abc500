/*
 * json_print.c: the JSON printer; the contract is in json.h.
 *
 * Escapes and indents as Go's encoding/json does, because digests and the API server's answers depend on the bytes. Number
 * literals go out as they came in. Sorting happens on arrays of pointers beside the tree, which is never changed: it may be
 * a published snapshot. Any thread.
 */
#include "libgotk/base/str.h"
#include "libgotk/doc/json.h"
#include "libgotk/doc/node.h"

#include <string.h>

/* Objects up to this size are sorted on the stack. */
#define FEW_KEYS      32
#define TEXT_MAX      ((size_t)64 << 20)
#define SCRATCH_MAX   ((size_t)256 << 20)
#define INDENT_SPACES 2

struct printer {
    struct buf *out;
    int style;
    int level;
    struct arena *scratch; /* for sorting large objects; made when first needed */
};

/* The length of the valid UTF-8 sequence at `p` (a byte >= 0x80), or 0; Go's rules. */
static size_t sequence_at(const char *p)
{
    for (size_t n = 2; n <= 4; n++) {
        if (((unsigned char)p[n - 1] & 0xC0) != 0x80)
            return 0;
        if (str_is_utf8(p, n))
            return n;
    }
    return 0;
}

/* Prints what stands at `p` (>= 0x80) and returns how many bytes that was. */
static size_t print_high(struct buf *out, const char *p)
{
    if (memcmp(p, NODE_NUL, 2) == 0) {
        buf_add(out, "\\u0000", 6);
        return 2;
    }
    size_t n = sequence_at(p);
    if (n == 0)
        buf_add(out, "\\ufffd", 6);
    else if (n == 3 && (memcmp(p, "\xE2\x80\xA8", 3) == 0 || memcmp(p, "\xE2\x80\xA9", 3) == 0))
        buf_fmt(out, "\\u202%x", (unsigned char)p[2] & 0xF);
    else
        buf_add(out, p, n);
    return n ? n : 1;
}

static void print_low(struct buf *out, char c)
{
    static const char letters[] = "\"\\bfnrt", values[] = "\"\\\b\f\n\r\t";
    const char *hit = memchr(values, c, sizeof(values) - 1);
    if (hit)
        buf_add(out, (const char[]){ '\\', letters[hit - values] }, 2);
    else
        buf_fmt(out, "\\u%04x", (unsigned char)c);
}

static bool needs_escape(char c, int style)
{
    if ((unsigned char)c < 0x20 || c == '"' || c == '\\')
        return true;
    return style & JSON_HTML_ESCAPE && (c == '<' || c == '>' || c == '&');
}

static void print_string(struct printer *pr, const char *s)
{
    struct buf *out = pr->out;
    const char *from = s;
    buf_char(out, '"');
    while (*s) {
        bool high = (unsigned char)*s >= 0x80;
        if (!high && !needs_escape(*s, pr->style)) {
            s++;
            continue;
        }
        buf_add(out, from, (size_t)(s - from));
        if (high)
            s += print_high(out, s);
        else
            print_low(out, *s++);
        from = s;
    }
    buf_add(out, from, (size_t)(s - from));
    buf_char(out, '"');
}

static void new_line(struct printer *pr)
{
    if (pr->style & JSON_INDENT)
        buf_fmt(pr->out, "\n%*s", pr->level * INDENT_SPACES, "");
}

static void print_node(struct printer *pr, const cJSON *n);

/* Prints one child with what stands before it. */
static void print_child(struct printer *pr, const cJSON *child, bool first)
{
    if (!first)
        buf_char(pr->out, ',');
    new_line(pr);
    if (child->string) {
        print_string(pr, child->string);
        buf_str(pr->out, pr->style & JSON_INDENT ? ": " : ":");
    }
    print_node(pr, child);
}

static void print_sorted(struct printer *pr, const cJSON *object)
{
    cJSON *few[FEW_KEYS], **at = few;
    size_t count = doc_len(node_doc(object));
    if (count > FEW_KEYS) {
        if (!pr->scratch)
            pr->scratch = arena_new(SCRATCH_MAX);
        at = ARENA_ARRAY(pr->scratch, cJSON *, count);
    }
    node_sort(object, at, count);
    for (size_t i = 0; i < count; i++)
        print_child(pr, at[i], i == 0);
}

static void print_children(struct printer *pr, const cJSON *n, bool object)
{
    buf_char(pr->out, object ? '{' : '[');
    pr->level++;
    if (object && pr->style & JSON_SORTED)
        print_sorted(pr, n);
    else
        for (const cJSON *child = n->child; child; child = child->next)
            print_child(pr, child, child == n->child);
    pr->level--;
    if (n->child)
        new_line(pr);
    buf_char(pr->out, object ? '}' : ']');
}

static void print_node(struct printer *pr, const cJSON *n)
{
    switch (doc_kind(node_doc(n))) {
    case DOC_STRING:
        print_string(pr, n->valuestring);
        break;
    case DOC_NUMBER:
        buf_str(pr->out, n->valuestring);
        break;
    case DOC_BOOL:
        buf_str(pr->out, doc_is_true(node_doc(n), false) ? "true" : "false");
        break;
    case DOC_OBJECT:
        print_children(pr, n, true);
        break;
    case DOC_ARRAY:
        print_children(pr, n, false);
        break;
    default:
        buf_str(pr->out, "null");
        break;
    }
}

void json_print(struct buf *out, const struct doc *d, int style)
{
    struct printer pr = { .out = out, .style = style };
    if (d)
        print_node(&pr, node_of(d));
    else
        buf_str(out, "null");
    arena_free(pr.scratch);
}

char *json_text(struct arena *a, const struct doc *d, int style)
{
    struct buf out = buf_new(a, TEXT_MAX);
    json_print(&out, d, style);
    return out.data ? out.data : str_dup(a, "");
}
