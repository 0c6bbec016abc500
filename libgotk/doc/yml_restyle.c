/*
 * yml_restyle.c: a YAML text with some of its values changed and everything else as it was written: see yml_restyle in
 * yml.h. The events of the text are walked along with both documents. Without comments they go straight into libyaml's
 * emitter, which lays out as go-yaml v3 does; its parser loses comments, so with any the new values are cut into the text.
 * What is not plainly the same shape is given up, and the result is read again before it counts. Any thread. Rejected:
 * keeping styles and comments in every document, for the sake of texts inside texts.
 */
#include "libgotk/base/str.h"
#include "libgotk/doc/json.h"
#include "libgotk/doc/yml_scalar.h"

#include <string.h>
#include <yaml.h>

struct restyle {
    struct arena *a;
    yaml_parser_t parser;
    yaml_emitter_t emitter;
    yaml_event_t event;
    const char *text;
    size_t copied; /* up to here the text is in `out`, when cutting */
    bool cut;
    struct buf *out;
};

static void restyle_close(struct restyle *r)
{
    yaml_event_delete(&r->event);
    yaml_parser_delete(&r->parser);
    yaml_emitter_delete(&r->emitter);
}

static int write_out(void *user, unsigned char *data, size_t n)
{
    buf_add(user, data, n);
    return 1;
}

static bool next(struct restyle *r)
{
    yaml_event_delete(&r->event);
    return yaml_parser_parse(&r->parser, &r->event);
}

/* Hands the present event on as it is. */
static bool pass(struct restyle *r)
{
    if (r->cut)
        return true;
    bool good = yaml_emitter_emit(&r->emitter, &r->event);
    memset(&r->event, 0, sizeof(r->event)); /* the emitter owns it now */
    return good;
}

static const char *scalar_text(const struct doc *d)
{
    if (doc_kind(d) == DOC_BOOL)
        return doc_is_true(d, false) ? "true" : "false";
    return doc_kind(d) == DOC_NUMBER ? doc_literal(d) : doc_text(d);
}

/* Quotes stay; a string that would be read as something else gets some. */
static yaml_scalar_style_t style_of(const struct restyle *r, const struct doc *to)
{
    yaml_scalar_style_t style = r->event.data.scalar.style;
    if (style != YAML_PLAIN_SCALAR_STYLE)
        return style;
    bool plain = doc_kind(to) != DOC_STRING || yml_resolve(doc_text(to), YML_CORE).type == YML_STRING;
    return plain ? YAML_PLAIN_SCALAR_STYLE : YAML_DOUBLE_QUOTED_SCALAR_STYLE;
}

static const char *written(struct restyle *r, const char *text, yaml_scalar_style_t style)
{
    if (style == YAML_SINGLE_QUOTED_SCALAR_STYLE)
        return str_fmt(r->a, "'%s'", str_replace(r->a, text, "'", "''"));
    if (style == YAML_DOUBLE_QUOTED_SCALAR_STYLE)
        return json_text(r->a, doc_string(r->a, text), JSON_COMPACT);
    return style == YAML_PLAIN_SCALAR_STYLE ? text : NULL;
}

/* libyaml's marks count characters. */
static size_t byte_of(const char *text, size_t characters)
{
    const char *p = text;
    for (; *p; p++) {
        bool starts = ((unsigned char)*p & 0xC0) != 0x80;
        if (starts && !characters--)
            break;
    }
    return (size_t)(p - text);
}

static bool put_scalar(struct restyle *r, const struct doc *to)
{
    const char *text = scalar_text(to);
    yaml_scalar_style_t style = style_of(r, to);
    if (!text || strchr(text, '\n'))
        return false;
    if (r->cut) {
        const char *fresh = written(r, text, style);
        buf_add(r->out, r->text + r->copied, byte_of(r->text, r->event.start_mark.index) - r->copied);
        buf_str(r->out, str_or(fresh, ""));
        r->copied = byte_of(r->text, r->event.end_mark.index);
        return fresh;
    }
    yaml_event_delete(&r->event);
    return yaml_scalar_event_initialize(&r->event, NULL, NULL, (const yaml_char_t *)text, (int)strlen(text),
                                        1, 1, style) &&
           pass(r);
}

static bool redo_node(struct restyle *r, const struct doc *from, const struct doc *to);

static bool redo_scalar(struct restyle *r, const struct doc *from, const struct doc *to)
{
    bool scalars = doc_kind(from) < DOC_ARRAY && doc_kind(to) < DOC_ARRAY;
    if (!scalars || r->event.data.scalar.anchor || r->event.data.scalar.tag)
        return false;
    return doc_equal(from, to) ? pass(r) : put_scalar(r, to);
}

static bool redo_list(struct restyle *r, const struct doc *from, const struct doc *to)
{
    const struct doc *a = doc_first(from);
    const struct doc *b = doc_first(to);
    if (r->event.data.sequence_start.anchor || doc_kind(from) != DOC_ARRAY || doc_kind(to) != DOC_ARRAY ||
        !pass(r))
        return false;
    for (; next(r); a = doc_next(a), b = doc_next(b)) {
        if (r->event.type == YAML_SEQUENCE_END_EVENT)
            return !a && !b && pass(r);
        if (!a || !b || !redo_node(r, a, b))
            return false;
    }
    return false;
}

static bool redo_key(struct restyle *r, const struct doc *a, const struct doc *b)
{
    return a && b && r->event.type == YAML_SCALAR_EVENT && !r->event.data.scalar.anchor &&
           str_eq(doc_key(a), doc_key(b)) && str_eq(doc_key(a), (const char *)r->event.data.scalar.value) &&
           pass(r);
}

static bool redo_map(struct restyle *r, const struct doc *from, const struct doc *to)
{
    const struct doc *a = doc_first(from);
    const struct doc *b = doc_first(to);
    if (r->event.data.mapping_start.anchor || doc_kind(from) != DOC_OBJECT || doc_kind(to) != DOC_OBJECT ||
        !pass(r))
        return false;
    for (; next(r); a = doc_next(a), b = doc_next(b)) {
        if (r->event.type == YAML_MAPPING_END_EVENT)
            return !a && !b && pass(r);
        if (!redo_key(r, a, b) || !next(r) || !redo_node(r, a, b))
            return false;
    }
    return false;
}

static bool redo_node(struct restyle *r, const struct doc *from, const struct doc *to)
{
    switch (r->event.type) {
    case YAML_SCALAR_EVENT:
        return redo_scalar(r, from, to);
    case YAML_SEQUENCE_START_EVENT:
        return redo_list(r, from, to);
    case YAML_MAPPING_START_EVENT:
        return redo_map(r, from, to);
    default:
        return false;
    }
}

static bool redo(struct restyle *r, const struct doc *from, const struct doc *to)
{
    bool good = next(r) && pass(r) && next(r) && r->event.type == YAML_DOCUMENT_START_EVENT &&
                r->event.data.document_start.implicit && pass(r) && next(r) && redo_node(r, from, to) &&
                next(r) && r->event.type == YAML_DOCUMENT_END_EVENT && pass(r) && next(r) &&
                r->event.type == YAML_STREAM_END_EVENT && pass(r);
    if (good && r->cut)
        buf_str(r->out, r->text + r->copied);
    return good;
}

const char *yml_restyle(struct ctx *cx, const char *text, const struct doc *from, const struct doc *to)
{
    struct doc *again = NULL;
    struct buf out = buf_new(cx->arena, 2 * strlen(text) + ((size_t)1 << 20));
    struct restyle r = { .a = cx->arena, .text = text, .cut = strchr(text, '#'), .out = &out };
    if (!yaml_parser_initialize(&r.parser) || !yaml_emitter_initialize(&r.emitter))
        return NULL;
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, strlen(text));
    yaml_emitter_set_output(&r.emitter, write_out, &out);
    yaml_emitter_set_width(&r.emitter, -1);
    yaml_emitter_set_unicode(&r.emitter, 1);
    bool good = redo(&r, from, to);
    restyle_close(&r);
    if (good && yml_parse(cx, buf_text(&out), out.len, "value", &again) < 0)
        err_clear(cx);
    return again && doc_equal(again, to) ? buf_text(&out) : NULL;
}
