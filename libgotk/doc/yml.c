/*
 * yml.c: the YAML reader: libyaml's events to documents; the contract is in yml.h.
 *
 * Events are turned into nodes as they come; an alias becomes a deep copy of what its anchor holds, counted the way go-yaml
 * counts, so that a few lines cannot grow into gigabytes ("billion laughs"). Plain scalars are resolved in yml_scalar.c.
 * Rejected: libyaml's document API (no limit on aliases, recursion of its own), and sharing anchored nodes (trees are
 * edited in place). Any thread; the parser dies with the call.
 */
#include "libgotk/doc/yml.h"

#include "libgotk/base/map.h"
#include "libgotk/base/str.h"
#include "libgotk/doc/node.h"
#include "libgotk/doc/yml_gosyntax.h"
#include "libgotk/doc/yml_reader.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

/* Mappings with more keys than this look them up in a map. */
#define FEW_KEYS 24
/* So many texts in double quotes may hold \', and so many tags a comma, each of which costs another look from the start. */
#define RETRIES_MAX 64

/* go-yaml's bounds: how many nodes may come from aliases, as a share of all. */
#define ALIASES_FREE 100
#define NODES_FREE   1000
#define NODES_LOW    400000.0
#define NODES_HIGH   4000000.0

/* What a key turned out to be. */
struct key {
    const char *text;
    int line;
    int column;
    bool merge;
    bool null; /* with YML_GO_ERRORS: found wrong when the whole document was read */
    bool bare; /* with YML_BARE_KEYS: no string */
};

/* A mapping being read. */
struct members {
    struct reader *r;
    cJSON *mapping;
    size_t count;
    struct map index; /* key to node, once there are many */
};

static void close_reader(struct reader *r)
{
    yaml_event_delete(&r->event);
    yaml_parser_delete(&r->parser);
}

int yml_reader_fail(struct reader *r, yaml_mark_t at, const char *what)
{
    if (r->rules & YML_GO_ERRORS)
        return err_fail(r->cx, ERR_INVALID, "yaml: %s", what);
    return err_fail(r->cx, ERR_INVALID, "%s:%zu:%zu: %s", r->name, at.line + 1, at.column + 1, what);
}

/* The byte at a mark, whose column counts characters; NULL when there is none. */
static const char *byte_at(const struct reader *r, yaml_mark_t mark)
{
    const char *p = r->text, *end = r->text + r->len;
    for (size_t line = 0; line < mark.line && p; line++) {
        p = memchr(p, '\n', (size_t)(end - p));
        p = p ? p + 1 : NULL;
    }
    for (size_t column = 0; p && p < end && column < mark.column; column++)
        p += str_utf8_len(p, (size_t)(end - p)) > 1 ? str_utf8_len(p, (size_t)(end - p)) : 1;
    return p && p < end ? p : NULL;
}

/* True for an empty list or map in brackets. */
static bool is_empty_flow(const struct reader *r, const char *p)
{
    const char *end = r->text + r->len;
    char close = *p == '{' ? '}' : *p == '[' ? ']' : 0;
    do
        p++;
    while (p < end && (*p == ' ' || *p == '\t'));
    return close && p < end && *p == close;
}

/* True when the value of a key is expected at `p`: a colon is the last thing before it. */
static bool is_value_place(const struct reader *r, const char *p)
{
    while (p > r->text && (p[-1] == ' ' || p[-1] == '\n' || p[-1] == '\r' || p[-1] == '\t'))
        p--;
    return p > r->text && p[-1] == ':';
}

/* go-yaml's scanner forgets that an empty collection where a key should be could be one: its parser is what complains. */
static bool is_forgotten_key(const struct reader *r)
{
    const yaml_parser_t *p = &r->parser;
    if (p->error != YAML_SCANNER_ERROR || !p->problem ||
        strcmp(p->problem, "could not find expected ':'") != 0)
        return false;
    const char *at = byte_at(r, p->context_mark);
    return at && is_empty_flow(r, at) && !is_value_place(r, at);
}

/* go-yaml counts lines from 0, and of what its scanner finds from 1; the first one it does not name. */
static int fail_as_go(struct reader *r)
{
    const yaml_parser_t *p = &r->parser;
    size_t line =
        p->problem_mark.line ? p->problem_mark.line + (p->error == YAML_SCANNER_ERROR) : p->context_mark.line;
    const char *problem = p->problem ? p->problem : "unknown problem parsing YAML content";
    if (is_forgotten_key(r)) {
        problem = "did not find expected key";
        line = p->context_mark.line;
    }
    if (p->error == YAML_READER_ERROR || line == 0)
        return err_fail(r->cx, ERR_INVALID, "yaml: %s", problem);
    return err_fail(r->cx, ERR_INVALID, "yaml: line %zu: %s", line, problem);
}

/* The reader of bytes knows an offset only: lines are counted here. */
static int fail_encoding(struct reader *r)
{
    const yaml_parser_t *p = &r->parser;
    size_t line = 1, start = 0;
    for (size_t i = 0; i < p->problem_offset && i < r->len; i++) {
        if (r->text[i] == '\n') {
            line++;
            start = i + 1;
        }
    }
    return err_fail(r->cx, ERR_INVALID, "%s:%zu:%zu: %s (byte 0x%02X); the file must be UTF-8 text", r->name,
                    line, p->problem_offset - start + 1, p->problem, (unsigned)p->problem_value & 0xFFFFFF);
}

static int fail_syntax(struct reader *r)
{
    const yaml_parser_t *p = &r->parser;
    const char *problem = p->problem ? p->problem : "the YAML is malformed";
    r->malformed = true;
    if (r->rules & YML_GO_ERRORS)
        return fail_as_go(r);
    if (p->error == YAML_READER_ERROR)
        return fail_encoding(r);
    if (!p->context)
        return yml_reader_fail(r, p->problem_mark, problem);
    return yml_reader_fail(r, p->problem_mark,
                           str_fmt(r->cx->arena, "%s %s that starts at line %zu, column %zu", problem,
                                   p->context, p->context_mark.line + 1, p->context_mark.column + 1));
}

static const char *event_tag(const yaml_event_t *e)
{
    switch (e->type) {
    case YAML_SCALAR_EVENT:
        return (const char *)e->data.scalar.tag;
    case YAML_SEQUENCE_START_EVENT:
        return (const char *)e->data.sequence_start.tag;
    case YAML_MAPPING_START_EVENT:
        return (const char *)e->data.mapping_start.tag;
    default:
        return NULL;
    }
}

/* A comma behind a tag ends it for libyaml, between brackets; for go-yaml it is a part of the tag. */
static int check_tag(struct reader *r)
{
    const char *tag = event_tag(&r->event);
    bool verbatim = false;
    const char *comma = tag ? yml_dialect_tag_comma(&r->dialect, r->event.start_mark.index, &verbatim) : NULL;
    if (!comma)
        return 0;
    r->malformed = true;
    if (verbatim)
        return yml_reader_fail(r, r->event.start_mark, "did not find expected whitespace or line break");
    r->stop = r->stop ? r->stop : comma;
    return yml_reader_fail(r, r->event.start_mark, "too many tags hold a comma");
}

/* Between braces and brackets a question mark ends a plain text for go-yaml, and then starts a key where none can be. */
static int check_question(struct reader *r)
{
    const yaml_event_t *e = &r->event;
    if (!r->flow || e->type != YAML_SCALAR_EVENT || !yml_value_is_plain(r) || e->data.scalar.length < 2 ||
        !memchr(e->data.scalar.value + 1, '?', e->data.scalar.length - 1))
        return 0;
    r->malformed = true;
    return yml_reader_fail(r, e->start_mark,
                           r->flow == '}' ? "did not find expected ',' or '}'"
                                          : "did not find expected ',' or ']'");
}

/* Moves to the next event. */
static int advance(struct reader *r)
{
    int rc = node_check(r->cx, &r->events);
    if (rc < 0)
        return rc;
    yaml_event_delete(&r->event);
    if (!yaml_parser_parse(&r->parser, &r->event))
        return fail_syntax(r);
    if (r->stand_in && r->event.type == YAML_SCALAR_EVENT)
        yml_dialect_show_marks((char *)r->event.data.scalar.value, r->event.data.scalar.length, r->stand_in);
    rc = check_tag(r);
    return rc < 0 ? rc : check_question(r);
}

/* go-yaml's rule: the larger the document, the smaller the share of it that may come from aliases. */
static int count_nodes(struct reader *r, size_t nodes, bool aliased)
{
    r->nodes += nodes;
    r->aliased += aliased ? nodes : 0;
    if (r->aliased <= ALIASES_FREE || r->nodes <= NODES_FREE)
        return 0;
    double allowed = 0.99, all = (double)r->nodes;
    if (all >= NODES_HIGH)
        allowed = 0.10;
    else if (all > NODES_LOW)
        allowed -= 0.89 * ((all - NODES_LOW) / (NODES_HIGH - NODES_LOW));
    if ((double)r->aliased / all > allowed)
        return yml_reader_fail(r, r->event.start_mark,
                               &"the document contains excessive aliasing"[r->rules & YML_GO_ERRORS ? 4 : 0]);
    return 0;
}

static struct anchor *add_anchor(struct reader *r, const yaml_char_t *name, cJSON *n)
{
    if (!name)
        return NULL;
    struct anchor *a = ARENA_NEW(r->cx->arena, struct anchor);
    *a = (struct anchor){ .node = n, .open = true };
    map_set(&r->anchors, (const char *)name, a);
    return a;
}

static int read_node(struct reader *r, cJSON **ret);

/* Reads a scalar; *ret_key (may be NULL) becomes its text as a key. */
static int read_scalar(struct reader *r, cJSON *n, const char **ret_key)
{
    struct anchor *a = add_anchor(r, r->event.data.scalar.anchor, n);
    int rc = node_room(r->cx, 2 * r->event.data.scalar.length);
    if (rc >= 0)
        rc = yml_value_fill(r, n);
    if (rc < 0)
        return rc;
    if (a || ret_key) {
        const char *key = yml_value_key(r, n, (const char *)r->event.data.scalar.value);
        if (ret_key)
            *ret_key = key;
        if (a)
            *a = (struct anchor){ .node = n, .key = key, .nodes = 1 };
    }
    return advance(r);
}

static int find_anchor(struct reader *r, struct anchor **ret)
{
    const char *name = (const char *)r->event.data.alias.anchor;
    struct anchor *a = map_find(&r->anchors, name);
    r->malformed = !a; /* go-yaml's parser looks, before anything else */
    if (!a)
        return yml_reader_fail(r, r->event.start_mark,
                               str_fmt(r->cx->arena, "unknown anchor '%s' referenced", name));
    if (a->open)
        return yml_reader_fail(r, r->event.start_mark,
                               str_fmt(r->cx->arena, "anchor '%s' value contains itself", name));
    *ret = a;
    return count_nodes(r, a->nodes, true);
}

static int read_alias(struct reader *r, cJSON **ret)
{
    struct anchor *a = NULL;
    int rc = find_anchor(r, &a);
    if (rc < 0 || !a)
        return rc;
    rc = node_copy_here(r->cx, a->node, ret);
    if (rc < 0)
        return rc;
    (*ret)->string = NULL; /* the anchor may be a member, the alias an element */
    return advance(r);
}

static bool is_merge_key(const struct reader *r)
{
    if (r->event.type != YAML_SCALAR_EVENT || strcmp((const char *)r->event.data.scalar.value, "<<") != 0)
        return false;
    const char *tag = (const char *)r->event.data.scalar.tag;
    if (tag && strcmp(tag, "!") != 0)
        return strcmp(tag, TAG_PREFIX "merge") == 0;
    return yml_value_is_plain(r);
}

static int fail_merge(struct reader *r, const struct key *key)
{
    if (r->rules & YML_GO_ERRORS)
        return err_fail(r->cx, ERR_INVALID, "yaml: map merge requires map or sequence of maps as the value");
    return err_fail(r->cx, ERR_INVALID, "%s:%d:%d: map merge requires map or sequence of maps as the value",
                    r->name, key->line, key->column);
}

static int fail_key(struct reader *r, yaml_mark_t at)
{
    return yml_reader_fail(r, at,
                           "a key of a mapping must be a string, number or bool; quote it to mean a string");
}

/* A key that is a list or a table, or an alias of one. */
static int fail_composite_key(struct reader *r, yaml_mark_t at)
{
    cJSON *n = NULL;
    if (!(r->rules & YML_GO_ERRORS))
        return fail_key(r, at);
    int rc = read_node(r, &n);
    return rc < 0 ? rc
                  : yml_reader_fail(r, at,
                                    str_fmt(r->cx->arena, "invalid map key: %s",
                                            yml_go_syntax(r->cx->arena, node_doc(n))));
}

/* A null, which is found out later where go-yaml's messages are wanted. */
static int take_null_key(struct reader *r, struct key *key, yaml_mark_t at)
{
    if (!(r->rules & YML_GO_ERRORS))
        return fail_key(r, at);
    key->null = true;
    key->text = "";
    return 0;
}

/* The member of such a key, which is left out. */
static void note_null_key(struct reader *r, const cJSON *n)
{
    const char *text = doc_kind(node_doc(n)) == DOC_NULL ? "<nil>" : yml_go_syntax(r->cx->arena, node_doc(n));
    r->later = str_fmt(r->cx->arena, "unsupported map key of type: %%!s(<nil>), key: <nil>, value: %s", text);
}

/* At the top level, numbers and bools are strings. */
static bool is_bare(const struct reader *r, bool string, bool null)
{
    return r->rules & YML_BARE_KEYS && (null || (r->depth > 1 && !string));
}

static int read_key_alias(struct reader *r, struct key *ret, yaml_mark_t at)
{
    struct anchor *a = NULL;
    int rc = find_anchor(r, &a);
    if (rc < 0)
        return rc;
    ret->text = a->key;
    if (!a->key && doc_kind(node_doc(a->node)) != DOC_NULL)
        return fail_composite_key(r, at);
    if (!a->key && (rc = take_null_key(r, ret, at)) < 0)
        return rc;
    ret->bare =
        is_bare(r, doc_kind(node_doc(a->node)) == DOC_STRING, doc_kind(node_doc(a->node)) == DOC_NULL);
    return advance(r);
}

static int read_key(struct reader *r, struct key *ret)
{
    yaml_mark_t at = r->event.start_mark;
    *ret = (struct key){ .line = (int)at.line + 1, .column = (int)at.column + 1, .merge = is_merge_key(r) };
    if (r->event.type == YAML_ALIAS_EVENT)
        return read_key_alias(r, ret, at);
    if (r->event.type != YAML_SCALAR_EVENT)
        return fail_composite_key(r, at);
    cJSON key = { .type = cJSON_NULL }; /* forgotten, unless an alias may ask for it */
    cJSON *n = r->event.data.scalar.anchor ? node_new(r->cx->arena, cJSON_NULL) : &key;
    int rc = read_scalar(r, n, &ret->text);
    if (rc < 0)
        return rc;
    if (!ret->text)
        return take_null_key(r, ret, at);
    ret->bare = is_bare(r, r->type == YML_STRING, r->type == YML_NULL);
    return 0;
}

static int fail_duplicate(struct reader *r, const cJSON *earlier, const cJSON *n)
{
    return err_fail(r->cx, ERR_INVALID, "%s:%d:%d: mapping key \"%s\" already defined at line %d", r->name,
                    n->valueint, (int)n->valuedouble, n->string, earlier->valueint);
}

static cJSON *find_member(struct members *m, const char *key)
{
    cJSON *n = m->mapping->child;
    if (m->count <= FEW_KEYS) {
        while (n && (*n->string != *key || strcmp(n->string, key) != 0))
            n = n->next;
        return n;
    }
    if (!m->index.arena) {
        m->index = map_new(m->r->cx->arena);
        for (; n; n = n->next)
            map_set(&m->index, n->string, n);
    }
    return map_find(&m->index, key);
}

static void link_member(struct members *m, cJSON *n)
{
    node_link(m->mapping, n);
    m->count++;
    if (m->index.arena)
        map_set(&m->index, n->string, n);
}

/* Copies the members of `from`; those already there stay, or under YAML 1.1 go. */
static int merge_mapping(struct members *m, const cJSON *from)
{
    for (const cJSON *n = from->child; n; n = n->next) {
        cJSON *own = find_member(m, n->string);
        if (own && !(m->r->rules & YML_11))
            continue;
        if (own)
            doc_detach(node_doc(m->mapping), node_doc(own));
        cJSON *copy = NULL;
        int rc = node_copy_here(m->r->cx, n, &copy);
        if (rc < 0)
            return rc;
        link_member(m, copy);
    }
    return 0;
}

/* Links a member that was just read. */
static int add_member(struct members *m, cJSON *n)
{
    const struct reader *r = m->r;
    cJSON *earlier = find_member(m, n->string);
    if (earlier && r->rules & YML_REPEATS) {
        m->mapping->type |= NODE_REPEATS;
        node_link(m->mapping, n);
        m->count++;
        return 0;
    }
    if (earlier && !(r->rules & YML_LAST_WINS))
        return fail_duplicate(m->r, earlier, n);
    if (earlier)
        doc_detach(node_doc(m->mapping), node_doc(earlier));
    link_member(m, n);
    return 0;
}

/* Merges a mapping, or the mappings of a sequence, of which earlier ones take precedence. */
static int merge(struct members *m, const struct key *key, const cJSON *from)
{
    bool last_first = m->r->rules & YML_11; /* there, what is merged later overrides */
    if (doc_kind(node_doc(from)) == DOC_OBJECT)
        return merge_mapping(m, from);
    bool list = doc_kind(node_doc(from)) == DOC_ARRAY;
    size_t left = list ? doc_len(node_doc(from)) : 0;
    if (!list)
        return fail_merge(m->r, key);
    for (const cJSON *one = last_first && left ? from->child->prev : from->child; left; left--) {
        int rc = doc_kind(node_doc(one)) == DOC_OBJECT ? merge_mapping(m, one) : fail_merge(m->r, key);
        if (rc < 0)
            return rc;
        one = last_first ? one->prev : one->next;
    }
    return 0;
}

static int read_members(struct reader *r, cJSON *mapping)
{
    struct members m = { .r = r, .mapping = mapping };
    cJSON *merged = NULL;
    struct key merge_key = { .line = 0 };
    while (r->event.type != YAML_MAPPING_END_EVENT) {
        struct key key;
        cJSON *n = NULL;
        int rc = read_key(r, &key);
        bool alias = r->event.type == YAML_ALIAS_EVENT && r->rules & YML_GO_ERRORS;
        if (rc >= 0)
            rc = read_node(r, &n);
        if (rc < 0)
            return rc;
        if (key.null) {
            note_null_key(r, n);
            continue;
        }
        n->string = (char *)(uintptr_t)key.text;
        n->type |= key.bare ? NODE_BARE_KEY : 0;
        node_set_position(n, key.line, key.column);
        if (!key.merge)
            rc = add_member(&m, n);
        else if (r->rules & YML_11)
            rc = alias && doc_kind(node_doc(n)) != DOC_OBJECT ? fail_merge(r, &key) : merge(&m, &key, n);
        else if (merged)
            rc = fail_duplicate(r, merged, n);
        if (rc < 0)
            return rc;
        if (key.merge && !merged) {
            merged = n;
            merge_key = key;
        }
    }
    return merged && !(r->rules & YML_11) ? merge(&m, &merge_key, merged) : 0;
}

static int read_elements(struct reader *r, cJSON *sequence)
{
    while (r->event.type != YAML_SEQUENCE_END_EVENT) {
        cJSON *n = NULL;
        int rc = read_node(r, &n);
        if (rc < 0)
            return rc;
        node_link(sequence, n);
    }
    return 0;
}

static int depth_max(const struct reader *r)
{
    return r->rules & YML_DEEP ? NODE_DEPTH_DEEP : NODE_DEPTH_MAX;
}

static int fail_deep(struct reader *r)
{
    yaml_mark_t at = r->event.start_mark;
    const char *line = at.line ? str_fmt(r->cx->arena, "line %zu: ", at.line + 1) : "";
    if (!(r->rules & YML_DEEP))
        return yml_reader_fail(r, at, "the document nests deeper than 1000 levels");
    r->malformed = true; /* where go-yaml stops, too */
    return yml_reader_fail(r, at, str_fmt(r->cx->arena, "%sexceeded max depth of %d", line, NODE_DEPTH_DEEP));
}

/* Reads a mapping or sequence from its start to behind its end. */
static int read_collection(struct reader *r, cJSON *n)
{
    bool mapping = r->event.type == YAML_MAPPING_START_EVENT;
    struct anchor *a =
        add_anchor(r, mapping ? r->event.data.mapping_start.anchor : r->event.data.sequence_start.anchor, n);
    bool flow = mapping ? r->event.data.mapping_start.style == YAML_FLOW_MAPPING_STYLE
                        : r->event.data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;
    size_t before = r->nodes - 1;
    if (++r->depth > depth_max(r))
        return fail_deep(r);
    char outer = r->flow;
    r->flow = !flow ? 0 : mapping ? '}' : ']';
    n->type = (mapping ? cJSON_Object : cJSON_Array) | (flow && r->rules & YML_SOURCE ? NODE_QUOTED : 0);
    int rc = advance(r);
    if (rc >= 0)
        rc = mapping ? read_members(r, n) : read_elements(r, n);
    if (rc < 0)
        return rc;
    r->depth--;
    r->flow = outer;
    if (a) {
        a->nodes = r->nodes - before;
        a->open = false;
    }
    return advance(r);
}

static int read_node(struct reader *r, cJSON **ret)
{
    int rc = count_nodes(r, 1, false);
    if (rc < 0)
        return rc;
    if (r->event.type == YAML_ALIAS_EVENT)
        return read_alias(r, ret);
    cJSON *n = node_new(r->cx->arena, cJSON_NULL);
    node_set_position(n, (int)r->event.start_mark.line + 1, (int)r->event.start_mark.column + 1);
    *ret = n;
    if (r->event.type == YAML_SCALAR_EVENT)
        return read_scalar(r, n, NULL);
    return read_collection(r, n);
}

/* Reads the document whose start is the present event; afterwards the next document or the stream's end is. */
static int read_document(struct reader *r, cJSON **ret)
{
    r->anchors = map_new(r->cx->arena);
    r->nodes = r->aliased = 0;
    int rc = advance(r);
    if (rc >= 0)
        rc = read_node(r, ret);
    return rc < 0 || r->rules & YML_FIRST ? rc : advance(r);
}

static int fail_second(struct reader *r, const cJSON *n)
{
    return err_fail(r->cx, ERR_INVALID, "%s:%d:%d: a second document starts here, but one is expected",
                    r->name, n->valueint, (int)n->valuedouble);
}

/* Reads all documents into `docs`, leaving empty ones out. */
static int read_stream(struct reader *r, bool many, cJSON *docs)
{
    int rc = advance(r);
    while (rc >= 0 && r->event.type != YAML_STREAM_END_EVENT) {
        if (r->event.type == YAML_STREAM_START_EVENT) {
            rc = advance(r);
            continue;
        }
        cJSON *n = NULL;
        rc = read_document(r, &n);
        bool filled = rc >= 0 && doc_kind(node_doc(n)) != DOC_NULL;
        if (filled && !many && docs->child)
            return fail_second(r, n);
        if (filled)
            node_link(docs, n);
        if (rc >= 0 && r->rules & YML_FIRST)
            return 0;
    }
    return rc;
}

/* An anchor that is passed by, of nothing. */
static void note_anchor(struct reader *r)
{
    const yaml_char_t *name = r->event.type == YAML_SCALAR_EVENT ? r->event.data.scalar.anchor
                              : r->event.type == YAML_SEQUENCE_START_EVENT
                                  ? r->event.data.sequence_start.anchor
                              : r->event.type == YAML_MAPPING_START_EVENT ? r->event.data.mapping_start.anchor
                                                                          : NULL;
    if (name)
        map_set(&r->anchors, (const char *)name, NULL);
}

/* go-yaml parses a document as a whole before it looks at what it says: what is malformed behind a wrong value comes first. */
static int settle_error(struct reader *r, int rc)
{
    const char *message = err_message(r->cx);
    if (rc >= 0 && r->later)
        return err_fail(r->cx, ERR_INVALID, "%s", r->later);
    if (rc != ERR_INVALID || r->malformed)
        return rc;
    /* libyaml takes the longer for each token the more brackets are open */
    while (r->parser.flow_level <= depth_max(r) && r->event.type != YAML_DOCUMENT_END_EVENT &&
           r->event.type != YAML_STREAM_END_EVENT) {
        const char *name =
            r->event.type == YAML_ALIAS_EVENT ? (const char *)r->event.data.alias.anchor : NULL;
        note_anchor(r);
        if (name && !map_has(&r->anchors, name))
            return yml_reader_fail(r, r->event.start_mark,
                                   str_fmt(r->cx->arena, "unknown anchor '%s' referenced", name));
        if (advance(r) < 0)
            return err_code(r->cx);
    }
    return err_fail(r->cx, rc, "%s", message);
}

/* The backslash that libyaml stopped at, of an escape that go-yaml knows and libyaml does not: \'. */
static const char *unknown_quote(const struct reader *r)
{
    const yaml_parser_t *p = &r->parser;
    if (p->error != YAML_SCANNER_ERROR ||
        strcmp(str_or(p->problem, ""), "found unknown escape character") != 0)
        return NULL;
    const char *at = byte_at(r, p->problem_mark);
    return at && at + 1 < r->text + r->len && at[0] == '\\' && at[1] == '\'' ? at : NULL;
}

/* The flow indicator that libyaml stopped at, of a tag: go-yaml takes it for a part of the tag. */
static const char *tag_indicator(const struct reader *r)
{
    const yaml_parser_t *p = &r->parser;
    if (p->error != YAML_SCANNER_ERROR || !str_eq(p->context, "while scanning a tag") ||
        !str_eq(p->problem, "did not find expected whitespace or line break"))
        return NULL;
    const char *at = byte_at(r, p->problem_mark);
    return at && *at && strchr(",[]", *at) ? at : NULL;
}

/* The colon that libyaml stopped at because a flow indicator follows: for go-yaml it is a part of the text it ends. */
static const char *colon_at_end(const struct reader *r)
{
    const yaml_parser_t *p = &r->parser;
    if (p->error != YAML_SCANNER_ERROR || !str_eq(p->problem, "found unexpected ':'"))
        return NULL;
    const char *at = byte_at(r, p->problem_mark);
    return at && *at == ':' && byte_at(r, p->context_mark) ? at : NULL;
}

/* Where it failed for what only go-yaml can read: there the text is changed, and read again. */
struct stop {
    const char *at; /* NULL: it did not */
    size_t start;   /* of a text that a colon ends */
};

static struct stop stopped_at(const struct reader *r)
{
    struct stop stop = { .at = r->stop ? r->stop : unknown_quote(r) };
    stop.at = stop.at ? stop.at : tag_indicator(r);
    if (!stop.at && (stop.at = colon_at_end(r)))
        stop.start = (size_t)(byte_at(r, r->parser.context_mark) - r->text);
    return stop;
}

/* The text, as libyaml can read what it stopped at. */
static const char *repaired(struct arena *a, const char *text, size_t *len, struct stop stop)
{
    size_t at = (size_t)(stop.at - text);
    if (*stop.at == '\\')
        return yml_dialect_unquote(a, text, len, at);
    if (*stop.at == ':')
        return yml_dialect_quote(a, text, len, stop.start, at + 1);
    return yml_dialect_into_tag(a, text, *len, at);
}

static int parse_once(struct ctx *cx, const char *text, size_t len, const char *stand_in, const char *name,
                      int rules, bool many, cJSON *docs, struct stop *ret_stop)
{
    CLEANUP(close_reader)
    struct reader r = {
        .cx = cx, .name = name, .text = text, .len = len, .rules = rules, .stand_in = stand_in
    };
    bool mark = len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0;
    r.dialect = (struct yml_dialect_cursor){ .text = text, .len = len, .at = mark ? 3 : 0 };
    if (!yaml_parser_initialize(&r.parser))
        return err_fail(cx, ERR_INTERNAL, "%s: the YAML parser could not start: out of memory", name);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, len);
    int rc = read_stream(&r, many, docs);
    if (rules & YML_GO_ERRORS)
        rc = settle_error(&r, rc);
    *ret_stop = rc == ERR_INVALID ? stopped_at(&r) : (struct stop){ 0 };
    return rc < 0 ? rc : ctx_check(cx);
}

static int parse(struct ctx *cx, const char *text, size_t len, const char *name, int rules, bool many,
                 cJSON *docs)
{
    struct stop stop = { 0 };
    const char *stand_in;
    text = yml_dialect_hide_marks(cx->arena, text, &len, many, &stand_in);
    for (int left = RETRIES_MAX;; left--) {
        int rc = parse_once(cx, text, len, stand_in, name, rules, many, docs, &stop);
        if (!stop.at || !left)
            return rc;
        err_clear(cx);
        docs->child = NULL;
        text = repaired(cx->arena, text, &len, stop);
    }
}

int yml_parse_as(struct ctx *cx, const char *text, size_t len, const char *name, int rules,
                 struct doc **ret_doc)
{
    cJSON *docs = node_new(cx->arena, cJSON_Array);
    int rc = parse(cx, text, len, name, rules, false, docs);
    if (rc < 0)
        return rc;
    struct doc *d = doc_first(node_doc(docs));
    if (d)
        doc_detach(node_doc(docs), d);
    *ret_doc = d ? d : doc_null(cx->arena);
    return 0;
}

int yml_parse_all_as(struct ctx *cx, const char *text, size_t len, const char *name, int rules,
                     struct doc **ret_docs)
{
    cJSON *docs = node_new(cx->arena, cJSON_Array);
    int rc = parse(cx, text, len, name, rules, true, docs);
    if (rc < 0)
        return rc;
    *ret_docs = node_doc(docs);
    return 0;
}

int yml_parse(struct ctx *cx, const char *text, size_t len, const char *name, struct doc **ret_doc)
{
    return yml_parse_as(cx, text, len, name, YML_CORE, ret_doc);
}

int yml_parse_all(struct ctx *cx, const char *text, size_t len, const char *name, struct doc **ret_docs)
{
    return yml_parse_all_as(cx, text, len, name, YML_CORE, ret_docs);
}
