/*
 * yml_restyle.c: a YAML text with some of its values changed and everything else as it was written: see yml_restyle in
 * yml.h. The events of the text are walked along with both documents. Without comments they go straight into libyaml's
 * emitter, which lays out as go-yaml v3 does; its parser loses comments, so with any the new values are cut into the text.
 * There, what is not plainly the same shape, or has more members, is given up; without comments, new elements and values are
 * written as their own documents say, too. The result is read again before it counts. Any thread. Rejected: keeping styles and comments in
 * every document, for the sake of texts inside texts.
 */
#include "libgotk/base/str.h"
#include "libgotk/doc/json.h"
#include "libgotk/doc/yml_scalar.h"

#include <string.h>
#include <yaml.h>

#define TEXT_MAX ((size_t)1 << 20) /* of a new member */

struct restyle {
    struct arena *a;
    yaml_parser_t parser;
    yaml_emitter_t emitter;
    yaml_event_t event;
    const char *text;
    size_t copied; /* up to here the text is in `out`, when cutting */
    size_t ended;  /* where the last value ended, in characters */
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
    if (r->event.type != YAML_NO_EVENT && r->event.start_mark.index != r->event.end_mark.index)
        r->ended = r->event.end_mark.index;
    yaml_event_delete(&r->event);
    return yaml_parser_parse(&r->parser, &r->event);
}

/* Hands the present event on as it is. */
static bool pass(struct restyle *r)
{
    if (r->cut)
        return true;
    if (r->event.type == YAML_SCALAR_EVENT && !r->event.data.scalar.tag) /* whatever quotes it gets */
        r->event.data.scalar.plain_implicit = r->event.data.scalar.quoted_implicit = 1;
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

/* Quotes stay; a string of several lines becomes a block, and one that would be read as something else gets quotes. */
static yaml_scalar_style_t style_of(const struct restyle *r, const struct doc *to, yaml_scalar_style_t before)
{
    if (before != YAML_PLAIN_SCALAR_STYLE || doc_kind(to) != DOC_STRING)
        return before;
    if (strchr(doc_text(to), '\n') && !r->emitter.flow_level)
        return YAML_LITERAL_SCALAR_STYLE;
    bool plain = !strchr(doc_text(to), '\n') && yml_resolve(doc_text(to), YML_CORE).type == YML_STRING;
    if (plain && r->cut && yml_is_quoted(doc_text(to)) && yml_resolve(doc_text(to), YML_11).type != YML_BOOL)
        return YAML_SINGLE_QUOTED_SCALAR_STYLE; /* the emitter would see it */
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

static bool emit_text(struct restyle *r, const char *text, yaml_scalar_style_t style)
{
    yaml_event_delete(&r->event);
    return yaml_scalar_event_initialize(&r->event, NULL, NULL, (const yaml_char_t *)text, (int)strlen(text),
                                        1, 1, style) &&
           pass(r);
}

static bool emit(struct restyle *r, const struct doc *d);

static bool emit_map(struct restyle *r, const struct doc *d)
{
    bool flow = doc_quoted(d) || !doc_len(d);
    yaml_event_delete(&r->event);
    bool good = yaml_mapping_start_event_initialize(
                    &r->event, NULL, NULL, 1, flow ? YAML_FLOW_MAPPING_STYLE : YAML_BLOCK_MAPPING_STYLE) &&
                pass(r);
    doc_each (member, d)
        good = good && emit_text(r, doc_key(member), YAML_PLAIN_SCALAR_STYLE) && emit(r, member);
    return good && yaml_mapping_end_event_initialize(&r->event) && pass(r);
}

static bool emit_list(struct restyle *r, const struct doc *d)
{
    bool flow = doc_quoted(d) || !doc_len(d);
    yaml_event_delete(&r->event);
    bool good = yaml_sequence_start_event_initialize(
                    &r->event, NULL, NULL, 1, flow ? YAML_FLOW_SEQUENCE_STYLE : YAML_BLOCK_SEQUENCE_STYLE) &&
                pass(r);
    doc_each (element, d)
        good = good && emit(r, element);
    return good && yaml_sequence_end_event_initialize(&r->event) && pass(r);
}

/* Writes what the text does not have. */
static bool emit(struct restyle *r, const struct doc *d)
{
    if (doc_kind(d) == DOC_OBJECT)
        return emit_map(r, d);
    if (doc_kind(d) == DOC_ARRAY)
        return emit_list(r, d);
    static const yaml_scalar_style_t styles[] = {
        [DOC_STYLE_PLAIN] = YAML_PLAIN_SCALAR_STYLE,
        [DOC_STYLE_QUOTED] = YAML_DOUBLE_QUOTED_SCALAR_STYLE,
        [DOC_STYLE_LITERAL] = YAML_LITERAL_SCALAR_STYLE,
        [DOC_STYLE_FOLDED] = YAML_FOLDED_SCALAR_STYLE,
    };
    const char *text = doc_source(d) ? doc_source(d) : doc_kind(d) == DOC_NULL ? "null" : scalar_text(d);
    return emit_text(r, text, style_of(r, d, styles[doc_style(d)]));
}

static bool emit_rest(struct restyle *r, const struct doc *d, bool keyed)
{
    yaml_event_t end = r->event;
    memset(&r->event, 0, sizeof(r->event));
    for (; d; d = doc_next(d))
        if (r->cut || (keyed && !emit_text(r, doc_key(d), YAML_PLAIN_SCALAR_STYLE)) || !emit(r, d))
            return false;
    r->event = end;
    return pass(r);
}

static bool open_emitter(struct restyle *r)
{
    if (!yaml_emitter_initialize(&r->emitter))
        return false;
    yaml_emitter_set_output(&r->emitter, write_out, r->out);
    yaml_emitter_set_width(&r->emitter, -1);
    yaml_emitter_set_unicode(&r->emitter, 1);
    return true;
}

/* A member as a text of its own; NULL when it cannot be one. */
static const char *member_text(struct arena *a, const struct doc *member)
{
    struct buf out = buf_new(a, TEXT_MAX);
    struct restyle r = { .a = a, .out = &out };
    if (!open_emitter(&r))
        return NULL;
    bool good = yaml_stream_start_event_initialize(&r.event, YAML_UTF8_ENCODING) && pass(&r) &&
                yaml_document_start_event_initialize(&r.event, NULL, NULL, NULL, 1) && pass(&r) &&
                yaml_mapping_start_event_initialize(&r.event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE) &&
                pass(&r) && emit_text(&r, doc_key(member), YAML_PLAIN_SCALAR_STYLE) && emit(&r, member) &&
                yaml_mapping_end_event_initialize(&r.event) && pass(&r) &&
                yaml_document_end_event_initialize(&r.event, 1) && pass(&r) &&
                yaml_stream_end_event_initialize(&r.event) && pass(&r);
    yaml_event_delete(&r.event);
    yaml_emitter_delete(&r.emitter);
    return good ? buf_text(&out) : NULL;
}

/* Where the next line starts; the end of the text if there is none. */
static size_t line_behind(const char *text, size_t at)
{
    if (at && text[at - 1] == '\n')
        return at;
    at += strcspn(text + at, "\n");
    return at + (text[at] == '\n');
}

/* Cuts new members in below the line on which the last value of a map ends. */
static bool cut_rest(struct restyle *r, const struct doc *d, size_t indent)
{
    size_t at = line_behind(r->text, byte_of(r->text, r->ended));
    if (!d)
        return true;
    if (at < r->copied)
        return false;
    buf_add(r->out, r->text + r->copied, at - r->copied);
    buf_str(r->out, at && r->text[at - 1] == '\n' ? "" : "\n");
    r->copied = at;
    for (; d; d = doc_next(d)) {
        const char *line = member_text(r->a, d);
        for (size_t n = line ? strcspn(line, "\n") : 0; n; n = strcspn(line, "\n")) {
            buf_fmt(r->out, "%*s%.*s\n", (int)indent, "", (int)n, line);
            line += n + (line[n] == '\n');
        }
        if (!line)
            return false;
    }
    return true;
}

/* Writes a value in the place of the one that starts here. */
static bool emit_instead(struct restyle *r, const struct doc *to)
{
    int depth = 0;
    bool good = !r->cut;
    do {
        depth += r->event.type == YAML_MAPPING_START_EVENT || r->event.type == YAML_SEQUENCE_START_EVENT;
        depth -= r->event.type == YAML_MAPPING_END_EVENT || r->event.type == YAML_SEQUENCE_END_EVENT;
        good = good && (!depth || next(r));
    } while (good && depth);
    return good && emit(r, to);
}

static bool put_scalar(struct restyle *r, const struct doc *to)
{
    const char *text = scalar_text(to);
    yaml_scalar_style_t style = style_of(r, to, r->event.data.scalar.style);
    if (!text || (r->cut && strchr(text, '\n')))
        return false;
    if (r->cut) {
        const char *fresh = written(r, text, style);
        buf_add(r->out, r->text + r->copied, byte_of(r->text, r->event.start_mark.index) - r->copied);
        buf_str(r->out, str_or(fresh, ""));
        r->copied = byte_of(r->text, r->event.end_mark.index);
        return fresh;
    }
    return emit_text(r, text, style);
}

static bool redo_node(struct restyle *r, const struct doc *from, const struct doc *to);

static bool redo_scalar(struct restyle *r, const struct doc *from, const struct doc *to)
{
    bool scalars = doc_kind(from) < DOC_ARRAY && doc_kind(to) < DOC_ARRAY;
    bool same = doc_equal(from, to);
    if (!scalars || r->event.data.scalar.anchor || (r->event.data.scalar.tag && !same))
        return false;
    return same ? pass(r) : put_scalar(r, to);
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
            return !a && emit_rest(r, b, false);
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
    size_t indent = 0;
    bool flow = r->event.data.mapping_start.style == YAML_FLOW_MAPPING_STYLE;
    if (r->event.data.mapping_start.anchor || doc_kind(from) != DOC_OBJECT || doc_kind(to) != DOC_OBJECT ||
        !pass(r))
        return false;
    for (; next(r); a = doc_next(a), b = doc_next(b)) {
        if (r->event.type == YAML_MAPPING_END_EVENT && r->cut)
            return !a && (!b || !flow) && cut_rest(r, b, indent);
        if (r->event.type == YAML_MAPPING_END_EVENT)
            return !a && emit_rest(r, b, true);
        indent = r->event.start_mark.column;
        if (!redo_key(r, a, b) || !next(r) || !redo_node(r, a, b))
            return false;
    }
    return false;
}

/* Whether `to` is `from` with other values, and perhaps more behind them. */
static bool is_grown(const struct doc *from, const struct doc *to)
{
    const struct doc *b = doc_first(to);
    if (doc_kind(from) < DOC_ARRAY && doc_kind(to) < DOC_ARRAY)
        return true;
    for (const struct doc *a = doc_first(from); a; a = doc_next(a), b = doc_next(b))
        if (!b || !str_eq(str_or(doc_key(a), ""), str_or(doc_key(b), "")))
            return false;
    return doc_kind(from) == doc_kind(to);
}

static bool redo_node(struct restyle *r, const struct doc *from, const struct doc *to)
{
    if (!is_grown(from, to))
        return emit_instead(r, to);
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
    if (!yaml_parser_initialize(&r.parser) || !open_emitter(&r))
        return NULL;
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, strlen(text));
    bool good = redo(&r, from, to);
    restyle_close(&r);
    if (good && yml_parse(cx, buf_text(&out), out.len, "value", &again) < 0)
        err_clear(cx);
    return again && doc_equal(again, to) ? buf_text(&out) : NULL;
}
