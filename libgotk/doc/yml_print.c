/*
 * yml_print.c: the YAML printer: the layout of documents and the order of keys; the contract is in yml.h.
 *
 * Writes what sigs.k8s.io/yaml's JSONToYAML does with the JSON of the document: block style, sequences not indented under
 * their key, keys in go-yaml's "natural" order. Strings are in yml_text.c. Rejected: libyaml's emitter (see there). The
 * tree is only read: it may be a published snapshot. Any thread.
 */
#include "libgotk/base/rune.h"
#include "libgotk/base/str.h"
#include "libgotk/doc/node.h"
#include "libgotk/doc/number.h"
#include "libgotk/doc/unicode.h"
#include "libgotk/doc/yml_emit.h"
#include "libgotk/doc/yml_scalar.h"

#include <stdlib.h>
#include <string.h>

#define STEP        2
#define FEW_KEYS    32
#define SCRATCH_MAX ((size_t)256 << 20)
/* Whole numbers up to this many characters are printed as they are. */
#define SHORT_INT 18

/* What a node stands in. */
enum context { IN_ROOT, IN_SEQUENCE, IN_MAPPING };

static struct arena *scratch_of(struct emitter *e)
{
    if (!e->scratch)
        e->scratch = arena_new(SCRATCH_MAX);
    return e->scratch;
}

/* The run of digits at `s` as a number that wraps around like Go's int64, starting from `seed`. */
static const char *read_run(const char *s, int64_t seed, int64_t *ret)
{
    uint64_t value = (uint64_t)seed;
    int width;
    for (; *s; s += width) {
        uint32_t c = unicode_decode(s, &width);
        if (!rune_is_digit(c))
            break;
        value = value * 10 + (uint64_t)c - '0';
    }
    *ret = (int64_t)value;
    return s;
}

/* True when the digits right before `at` hold one that is not 0: then a leading 0 behind them counts. */
static bool after_counting_digit(const char *start, const char *at)
{
    int width;
    while (at > start) {
        do
            at--;
        while (at > start && ((unsigned char)*at & 0xC0) == 0x80);
        uint32_t c = unicode_decode(at, &width);
        if (!rune_is_digit(c))
            return false;
        if (c != '0')
            return true;
    }
    return false;
}

/* Compares from the first difference on, where neither is a letter: runs of digits by value, then by length. */
static int compare_runs(const char *start, const char *a, const char *b, uint32_t ca, uint32_t cb)
{
    int64_t seed = (ca == '0' || cb == '0') && after_counting_digit(start, a), left, right;
    ptrdiff_t left_end = read_run(a, seed, &left) - a, right_end = read_run(b, seed, &right) - b;
    if (left != right)
        return left < right ? -1 : 1;
    if (left_end != right_end)
        return left_end < right_end ? -1 : 1;
    return ca < cb ? -1 : 1;
}

/* Whether what both keys share ends with a digit. */
static bool share_digit(const char *key, size_t same)
{
    return same > 0 && key[same - 1] >= '0' && key[same - 1] <= '9';
}

/* go-yaml's order of keys: letters by code point, anything else before letters, digits as numbers. Version 3 has letters
 * first behind a digit. */
static int compare_keys(const char *a, const char *b, bool pretty)
{
    size_t same = 0;
    while (a[same] && a[same] == b[same])
        same++;
    if (!a[same] && !b[same])
        return 0;
    while (same && ((unsigned char)a[same] & 0xC0) == 0x80)
        same--;
    if (!a[same] || !b[same])
        return a[same] ? 1 : -1;
    int width;
    uint32_t ca = unicode_decode(a + same, &width), cb = unicode_decode(b + same, &width);
    bool left = rune_is_letter(ca), right = rune_is_letter(cb);
    if (left && right)
        return ca < cb ? -1 : 1;
    if (left || right)
        return right != (pretty && share_digit(a, same)) ? -1 : 1;
    return compare_runs(a, a + same, b + same, ca, cb);
}

/* A merge sort of our own: the order is not transitive (0644 < 0b1 < 1e3 < 0644), which qsort() may answer differently
 * on every system. */
static void sort_keys(cJSON **at, cJSON **spare, size_t count, bool pretty)
{
    size_t half = count / 2, left = 0, right = half;
    if (count < 2)
        return;
    sort_keys(at, spare, half, pretty);
    sort_keys(at + half, spare, count - half, pretty);
    memcpy(spare, at, half * sizeof(*at));
    for (size_t to = 0; left < half; to++) {
        bool take_right = right < count && compare_keys(at[right]->string, spare[left]->string, pretty) < 0;
        at[to] = take_right ? at[right++] : spare[left++];
    }
}

static void print_node(struct emitter *e, const cJSON *n, int indent, enum context in);

static void print_member(struct emitter *e, const cJSON *n, int indent)
{
    yml_indent(e, indent);
    if (yml_is_simple_key(n->string)) {
        yml_string(e, n->string, indent + STEP, YML_PLACE_KEY);
        yml_marker(e, ":", false, false);
    } else {
        yml_marker(e, "?", true, true);
        yml_string(e, n->string, indent + STEP, YML_PLACE_VALUE);
        yml_indent(e, indent);
        yml_marker(e, ":", true, true);
    }
    print_node(e, n, indent, IN_MAPPING);
}

static void print_sorted(struct emitter *e, const cJSON *object, int indent)
{
    cJSON *few[FEW_KEYS + FEW_KEYS / 2], **at = few;
    size_t count = doc_len(node_doc(object)), filled = 0;
    if (count > FEW_KEYS)
        at = ARENA_ARRAY(scratch_of(e), cJSON *, count + count / 2);
    for (cJSON *n = object->child; n; n = n->next)
        at[filled++] = n;
    sort_keys(at, at + filled, filled, e->pretty);
    for (size_t i = 0; i < filled; i++)
        print_member(e, at[i], indent);
}

static void print_mapping(struct emitter *e, const cJSON *n, int indent)
{
    if (!n->child) {
        yml_bare(e, "{}");
        return;
    }
    indent = indent < 0 ? 0 : indent + STEP;
    if (!e->ordered && !(n->type & NODE_ORDERED)) {
        print_sorted(e, n, indent);
        return;
    }
    for (const cJSON *child = n->child; child; child = child->next)
        print_member(e, child, indent);
}

static void print_sequence(struct emitter *e, const cJSON *n, int indent, enum context in)
{
    if (!n->child) {
        yml_bare(e, "[]");
        return;
    }
    if (indent < 0)
        indent = 0;
    else if (in != IN_MAPPING || e->fresh || e->pretty)
        indent += STEP;
    for (const cJSON *child = n->child; child; child = child->next) {
        yml_indent(e, indent);
        yml_marker(e, "-", true, true);
        print_node(e, child, indent, IN_SEQUENCE);
    }
}

/* go-yaml reads the literal and prints the number it got; what does not fit a float64 stays text. */
static void print_number(struct emitter *e, const char *literal)
{
    size_t n = strlen(literal);
    if (e->pretty || (n <= SHORT_INT && strspn(literal, "0123456789") == n)) {
        yml_bare(e, literal);
        return;
    }
    struct yml_value v = yml_resolve(literal, YML_11);
    if (v.type == YML_INT)
        yml_bare(e, yml_literal(scratch_of(e), &v));
    else
        yml_bare(e, v.type == YML_FLOAT ? number_print_g(scratch_of(e), v.real) : literal);
}

static void print_node(struct emitter *e, const cJSON *n, int indent, enum context in)
{
    switch (doc_kind(node_doc(n))) {
    case DOC_STRING:
        yml_string(e, n->valuestring, indent < 0 ? STEP : indent + STEP, YML_PLACE_VALUE);
        break;
    case DOC_NUMBER:
        print_number(e, n->valuestring);
        break;
    case DOC_BOOL:
        yml_bare(e, doc_is_true(node_doc(n), false) ? "true" : "false");
        break;
    case DOC_OBJECT:
        print_mapping(e, n, indent);
        break;
    case DOC_ARRAY:
        print_sequence(e, n, indent, in);
        break;
    default:
        yml_bare(e, "null");
        break;
    }
}

static void print(struct buf *out, const struct doc *d, bool ordered, bool pretty)
{
    struct emitter e = { .out = out, .ordered = ordered, .pretty = pretty, .space = true, .fresh = true };
    if (d)
        print_node(&e, node_of(d), -1, IN_ROOT);
    else
        yml_bare(&e, "null");
    yml_indent(&e, 0);
    arena_free(e.scratch);
}

void yml_print(struct buf *out, const struct doc *d)
{
    print(out, d, false, false);
}

void yml_print_ordered(struct buf *out, const struct doc *d)
{
    print(out, d, true, false);
}

void yml_print_pretty(struct buf *out, const struct doc *d)
{
    print(out, d, false, true);
}
