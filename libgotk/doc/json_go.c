/*
 * json_go.c: JSON text as Go's json.Decoder reads it with UseNumber: json_read_go of json.h.
 *
 * For texts whose reader people know by Go's words, a chart's values.schema.json. Recursive descent over json_scan.h. One
 * thread, the context's arena.
 */
#include "libgotk/base/map.h"
#include "libgotk/doc/json.h"
#include "libgotk/doc/json_scan.h"
#include "libgotk/doc/node.h"

struct reader {
    struct json_scan scan;
    int depth;
    unsigned read;
};

static int read_value(struct reader *r, struct doc **ret);

/* Behind an opening bracket: true when it is closed at once. */
static int read_empty(struct reader *r, char close, bool *ret)
{
    int rc = json_scan_space(&r->scan);
    *ret = rc == 0 && *r->scan.p == close;
    r->scan.p += *ret;
    return rc;
}

static int read_array(struct reader *r, struct doc *array)
{
    bool done;
    int rc = read_empty(r, ']', &done);
    while (rc == 0 && !done) {
        struct doc *item = NULL;
        rc = read_value(r, &item);
        if (rc == 0)
            rc = json_scan_space(&r->scan);
        if (rc < 0)
            break;
        doc_append(array, item);
        if (*r->scan.p != ',' && *r->scan.p != ']')
            return json_scan_invalid(&r->scan, "after array element");
        done = *r->scan.p++ == ']';
    }
    return rc;
}

static int read_key(struct reader *r, const char **ret)
{
    struct strv key;
    int rc = json_scan_space(&r->scan);
    if (rc < 0)
        return rc;
    if (*r->scan.p != '"')
        return json_scan_invalid(&r->scan, "looking for beginning of object key string");
    r->scan.p++;
    rc = json_scan_string(&r->scan, &key);
    if (rc == 0)
        rc = json_scan_space(&r->scan);
    if (rc < 0)
        return rc;
    if (*r->scan.p++ != ':') {
        r->scan.p--;
        return json_scan_invalid(&r->scan, "after object key");
    }
    *ret = doc_text(doc_nstring(r->scan.cx->arena, key.p, key.n)); /* with a NUL as documents keep it */
    return 0;
}

/* The later of equal keys wins. */
static void set_member(struct reader *r, struct doc *object, struct map *keys, const char *key,
                       struct doc *value)
{
    cJSON *there = map_find(keys, key), *n = node_of(value);
    if (there)
        doc_detach(object, node_doc(there));
    n->string = str_dup(r->scan.cx->arena, key);
    node_link(node_of(object), n);
    map_set(keys, key, n);
}

static int read_object(struct reader *r, struct doc *object)
{
    struct map keys = map_new(r->scan.cx->arena);
    bool done;
    int rc = read_empty(r, '}', &done);
    while (rc == 0 && !done) {
        const char *key = NULL;
        struct doc *value = NULL;
        rc = read_key(r, &key);
        if (rc == 0)
            rc = read_value(r, &value);
        if (rc == 0)
            rc = json_scan_space(&r->scan);
        if (rc < 0)
            break;
        set_member(r, object, &keys, key, value);
        if (*r->scan.p != ',' && *r->scan.p != '}')
            return json_scan_invalid(&r->scan, "after object key:value pair");
        done = *r->scan.p++ == '}';
    }
    return rc;
}

static int read_nested(struct reader *r, struct doc **ret)
{
    bool array = *r->scan.p++ == '[';
    if (++r->depth > NODE_DEPTH_MAX)
        return err_fail(r->scan.cx, ERR_LIMIT, "the document nests deeper than %d levels", NODE_DEPTH_MAX);
    struct doc *d = array ? doc_array(r->scan.cx->arena) : doc_object(r->scan.cx->arena);
    int rc = array ? read_array(r, d) : read_object(r, d);
    r->depth--;
    if (rc == 0)
        *ret = d;
    return rc;
}

static int read_number(struct reader *r, struct doc **ret)
{
    const char *text;
    int rc = json_scan_number(&r->scan, &text);
    if (rc == 0)
        *ret = doc_number(r->scan.cx->arena, text);
    return rc;
}

static int read_plain(struct reader *r, struct doc **ret)
{
    struct arena *a = r->scan.cx->arena;
    struct strv text = { "", 0 };
    int rc;
    switch (*r->scan.p) {
    case '"':
        r->scan.p++;
        rc = json_scan_string(&r->scan, &text);
        if (rc == 0)
            *ret = doc_nstring(a, text.p, text.n);
        return rc;
    case 't':
        *ret = doc_bool(a, true);
        return json_scan_word(&r->scan, "true");
    case 'f':
        *ret = doc_bool(a, false);
        return json_scan_word(&r->scan, "false");
    case 'n':
        *ret = doc_null(a);
        return json_scan_word(&r->scan, "null");
    default:
        return json_scan_at_number(&r->scan) ? read_number(r, ret)
                                             : json_scan_invalid(&r->scan, "looking for beginning of value");
    }
}

static int read_value(struct reader *r, struct doc **ret)
{
    int rc = json_scan_space(&r->scan);
    if (rc == 0 && (++r->read % 1024 == 0 || arena_exhausted(r->scan.cx->arena)))
        rc = ctx_check(r->scan.cx);
    if (rc < 0)
        return rc;
    return *r->scan.p == '{' || *r->scan.p == '[' ? read_nested(r, ret) : read_plain(r, ret);
}

int json_read_go(struct ctx *cx, const char *text, size_t len, struct doc **ret)
{
    struct reader r = { .scan = { cx, text, text + len, true } };
    struct doc *d = NULL;
    if (json_scan_space(&r.scan) < 0)
        return err_fail(cx, ERR_INVALID, "EOF");
    int rc = read_value(&r, &d);
    if (rc < 0)
        return rc;
    if (json_scan_space(&r.scan) == 0)
        return err_fail(cx, ERR_INVALID, "invalid character after top-level value");
    err_clear(cx);
    *ret = d;
    return 0;
}
