/*
 * gojson.c: the JSON reader of templates; the contract is in gojson.h.
 *
 * Recursive descent over json_scan.h. Values out of range are told only when the whole text is well-formed.
 */
#include "helm-controller/template/gojson.h"

#include "libgotk/doc/json_scan.h"

#include <math.h>
#include <stdlib.h>

#define DEPTH_MAX 10000

struct scanner {
    struct json_scan scan;
    int depth;
    const char *out_of_range; /* the first number that is no float64 */
};

const char *gojson_kind(struct value v)
{
    switch (v.type) {
    case V_BOOL:
        return "bool";
    case V_STRING:
        return "string";
    case V_LIST:
        return "array";
    case V_MAP:
        return "object";
    default:
        return "number";
    }
}

static int read_number(struct scanner *s, struct value *ret)
{
    const char *text;
    if (json_scan_number(&s->scan, &text) < 0)
        return err_code(s->scan.cx);
    *ret = v_float(strtod(text, NULL));
    if (!isinf(ret->f))
        return 0;
    if (s->depth > 0)
        *ret = (struct value){ .type = V_NIL };
    s->out_of_range = s->out_of_range ? s->out_of_range : text;
    return 0;
}

static int read_word(struct scanner *s, const char *word, struct value v, struct value *ret)
{
    *ret = v;
    return json_scan_word(&s->scan, word);
}

static int read_value(struct scanner *s, struct value *ret);

/* Behind the '['. */
static int read_array(struct scanner *s, struct value *ret)
{
    struct vlist *l = vlist_new(s->scan.cx->arena, 0);
    *ret = v_list(V_LIST, l);
    if (json_scan_space(&s->scan) < 0)
        return err_code(s->scan.cx);
    if (*s->scan.p == ']') {
        s->scan.p++;
        return 0;
    }
    for (;;) {
        struct value item = { 0 };
        if (read_value(s, &item) < 0 || json_scan_space(&s->scan) < 0)
            return err_code(s->scan.cx);
        vlist_push(s->scan.cx->arena, l, item);
        if (*s->scan.p != ',' && *s->scan.p != ']')
            return json_scan_invalid(&s->scan, "after array element");
        if (*s->scan.p++ == ']')
            return 0;
    }
}

static int read_member(struct scanner *s, struct vmap *m)
{
    struct strv key;
    struct value v;
    if (json_scan_space(&s->scan) < 0)
        return err_code(s->scan.cx);
    if (*s->scan.p != '"')
        return json_scan_invalid(&s->scan, "looking for beginning of object key string");
    s->scan.p++;
    if (json_scan_string(&s->scan, &key) < 0 || json_scan_space(&s->scan) < 0)
        return err_code(s->scan.cx);
    if (*s->scan.p != ':')
        return json_scan_invalid(&s->scan, "after object key");
    s->scan.p++;
    if (read_value(s, &v) < 0)
        return err_code(s->scan.cx);
    vmap_set(m, key, v);
    return 0;
}

/* Behind the '{'. */
static int read_object(struct scanner *s, struct value *ret)
{
    struct vmap *m = vmap_new(s->scan.cx->arena);
    *ret = v_map(m);
    if (json_scan_space(&s->scan) < 0)
        return err_code(s->scan.cx);
    if (*s->scan.p == '}') {
        s->scan.p++;
        return 0;
    }
    for (;;) {
        if (read_member(s, m) < 0 || json_scan_space(&s->scan) < 0)
            return err_code(s->scan.cx);
        if (*s->scan.p != ',' && *s->scan.p != '}')
            return json_scan_invalid(&s->scan, "after object key:value pair");
        if (*s->scan.p++ == '}')
            return 0;
    }
}

static int read_nested(struct scanner *s, bool array, struct value *ret)
{
    s->scan.p++;
    if (++s->depth > DEPTH_MAX)
        return err_fail(s->scan.cx, ERR_INVALID, "exceeded max depth");
    int rc = array ? read_array(s, ret) : read_object(s, ret);
    s->depth--;
    return rc;
}

static int read_value(struct scanner *s, struct value *ret)
{
    struct strv text;
    if (json_scan_space(&s->scan) < 0)
        return err_code(s->scan.cx);
    switch (*s->scan.p) {
    case '{':
    case '[':
        return read_nested(s, *s->scan.p == '[', ret);
    case '"':
        s->scan.p++;
        if (json_scan_string(&s->scan, &text) < 0)
            return err_code(s->scan.cx);
        *ret = v_str(text.p, text.n);
        return 0;
    case 't':
        return read_word(s, "true", v_bool(true), ret);
    case 'f':
        return read_word(s, "false", v_bool(false), ret);
    case 'n':
        return read_word(s, "null", (struct value){ .type = V_NIL }, ret);
    default:
        if (json_scan_at_number(&s->scan))
            return read_number(s, ret);
        return json_scan_invalid(&s->scan, "looking for beginning of value");
    }
}

int gojson_parse(struct ctx *cx, struct strv text, struct value *ret)
{
    struct scanner s = { .scan = { cx, text.p, text.p + text.n, false } };
    struct value v = { 0 };
    if (read_value(&s, &v) < 0)
        return err_code(cx);
    if (json_scan_space(&s.scan) >= 0)
        return json_scan_invalid(&s.scan, "after top-level value");
    err_clear(cx);
    if (v.type == V_NIL && s.out_of_range)
        v = v_float(INFINITY); /* alone it stays a number */
    *ret = v;
    if (s.out_of_range)
        return err_fail(cx, ERR_INVALID, "json: cannot unmarshal number %s into Go value of type float64",
                        s.out_of_range);
    return 0;
}
