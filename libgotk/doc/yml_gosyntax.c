/*
 * yml_gosyntax.c: values in Go's syntax; the contract is in yml_gosyntax.h.
 */
#include "libgotk/doc/yml_gosyntax.h"

#include "libgotk/base/buf.h"
#include "libgotk/base/quote.h"

#include <string.h>

#define TEXT_MAX 4096

static void add_value(struct buf *out, const struct doc *d);

static void add_text(struct buf *out, const char *s)
{
    quote_to(out, s, strlen(s), false);
}

static void add_map(struct buf *out, const struct doc *d)
{
    struct doc **sorted = doc_sorted(out->arena, d);
    buf_str(out, "map[interface {}]interface {}{");
    for (size_t i = 0; sorted[i] && !out->overflow; i++) {
        buf_str(out, i ? ", " : "");
        add_text(out, doc_key(sorted[i]));
        buf_char(out, ':');
        add_value(out, sorted[i]);
    }
    buf_char(out, '}');
}

static void add_list(struct buf *out, const struct doc *d)
{
    const struct doc *first = doc_first(d);
    buf_str(out, "[]interface {}{");
    doc_each (item, d) {
        buf_str(out, item == first ? "" : ", ");
        add_value(out, item);
        if (out->overflow)
            break;
    }
    buf_char(out, '}');
}

static void add_value(struct buf *out, const struct doc *d)
{
    switch (doc_kind(d)) {
    case DOC_OBJECT:
        add_map(out, d);
        break;
    case DOC_ARRAY:
        add_list(out, d);
        break;
    case DOC_STRING:
        add_text(out, doc_text(d));
        break;
    case DOC_NUMBER:
        buf_str(out, doc_literal(d));
        break;
    case DOC_BOOL:
        buf_str(out, doc_is_true(d, false) ? "true" : "false");
        break;
    default:
        buf_str(out, "interface {}(nil)");
    }
}

const char *yml_go_syntax(struct arena *a, const struct doc *d)
{
    struct buf out = buf_new(a, TEXT_MAX);
    add_value(&out, d);
    return buf_text(&out);
}
