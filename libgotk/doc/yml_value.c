/*
 * yml_value.c: what the scalars of YAML stand for, by their tags and by how they look; see yml_reader.h.
 *
 * Texts are resolved in yml_scalar.c; here they become nodes. Any thread.
 */
#include "libgotk/base/base64.h"
#include "libgotk/base/str.h"
#include "libgotk/doc/node.h"
#include "libgotk/doc/number.h"
#include "libgotk/doc/yml.h"
#include "libgotk/doc/yml_reader.h"
#include "libgotk/doc/yml_scalar.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The tag of a scalar in its short form, "" for none and for "!". */
static const char *tag_of(struct reader *r, const yaml_char_t *tag)
{
    const char *s = (const char *)tag;
    if (!s || strcmp(s, "!") == 0)
        return "";
    if (str_starts(s, TAG_PREFIX))
        return str_fmt(r->cx->arena, "!!%s", s + strlen(TAG_PREFIX));
    return s;
}

static int fill_text(struct reader *r, cJSON *n, char *text)
{
    r->type = YML_STRING;
    n->type = cJSON_String;
    n->valuestring = text;
    return 0;
}

/* A copy of the text (without NUL bytes), or one made before. */
static char *keep_text(struct reader *r, const char *text, size_t len)
{
    unsigned hash = 2166136261u;
    if (len > SHARED_MAX)
        return str_ndup(r->cx->arena, text, len);
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)text[i]) * 16777619u;
    char **slot = &r->shared[(hash ^ hash >> 16) % SHARED_MANY];
    if (!*slot || strcmp(*slot, text) != 0)
        *slot = str_ndup(r->cx->arena, text, len);
    return *slot;
}

/* A NUL byte is kept as doc_nstring keeps it. */
static char *keep_bytes(struct reader *r, const char *text, size_t len)
{
    if (memchr(text, 0, len))
        return node_of(doc_nstring(r->cx->arena, text, len))->valuestring;
    return keep_text(r, text, len);
}

/* Bytes that are no UTF-8 become U+FFFD one by one, as Go's JSON encoder makes them. */
static int fill_binary(struct reader *r, cJSON *n, const char *text)
{
    char *data;
    size_t len;
    if (base64_decode(r->cx, text, &data, &len) < 0)
        return yml_reader_fail(r, r->event.start_mark,
                               r->rules & YML_GO_ERRORS
                                   ? "!!binary value contains invalid base64 data"
                                   : "a value tagged !!binary holds invalid base64 data");
    struct buf out = buf_new(r->cx->arena, 3 * len + 1);
    for (size_t i = 0; i < len;) {
        size_t width = 1;
        while (width <= 4 && i + width <= len && !str_is_utf8(data + i, width))
            width++;
        bool valid = width <= 4 && i + width <= len;
        buf_add(&out, valid ? data + i : "\xEF\xBF\xBD", valid ? width : 3);
        i += valid ? width : 1;
    }
    return fill_text(r, n, keep_bytes(r, buf_text(&out), out.len));
}

static int fill_value(struct reader *r, cJSON *n, const struct yml_value *v, const char *text)
{
    r->type = v->type;
    if (v->type == YML_FLOAT && !isfinite(v->real) && r->rules & YML_GO_ERRORS) {
        const char *number = isnan(v->real) ? "NaN" : v->real > 0 ? "+Inf" : "-Inf";
        n->type = cJSON_NULL;
        r->later = r->later ? r->later : str_fmt(r->cx->arena, "json: unsupported value: %s", number);
        return 0;
    }
    if (v->type == YML_FLOAT && !isfinite(v->real))
        return yml_reader_fail(
            r, r->event.start_mark,
            "infinity and not-a-number have no JSON form; quote the text to mean a string");
    if (v->type == YML_INT || v->type == YML_FLOAT) {
        n->type = cJSON_Number;
        n->valuestring = yml_literal(r->cx->arena, v);
        return 0;
    }
    if (v->type == YML_BOOL || v->type == YML_NULL) {
        n->type = v->type == YML_NULL ? cJSON_NULL : v->truth ? cJSON_True : cJSON_False;
        return 0;
    }
    n->type = cJSON_String;
    text = v->type == YML_TIME && !(r->rules & YML_11) ? v->time : text;
    n->valuestring = keep_text(r, text, strlen(text));
    return 0;
}

/* A scalar with one of the core tags must be of that type; an int may be a float. */
static int fill_tagged(struct reader *r, cJSON *n, const char *tag, const char *text)
{
    struct yml_value v = yml_resolve_tagged(text, r->rules, strcmp(tag, "!!timestamp") == 0);
    if (strcmp(tag, "!!float") == 0 && v.type == YML_INT && v.magnitude <= INT64_MAX) {
        v.type = YML_FLOAT;
        v.real = v.negative ? -(double)v.magnitude : (double)v.magnitude;
    }
    if (strcmp(tag, yml_type_tag(v.type)) != 0 && r->rules & YML_GO_ERRORS)
        return err_fail(r->cx, ERR_INVALID, "yaml: cannot decode %s `%s` as a %s", yml_type_tag(v.type), text,
                        tag);
    if (strcmp(tag, yml_type_tag(v.type)) != 0)
        return yml_reader_fail(r, r->event.start_mark,
                               str_fmt(r->cx->arena, "a %s cannot be read as %s", yml_type_tag(v.type), tag));
    return fill_value(r, n, &v, text);
}

static bool is_core_tag(const char *tag)
{
    static const char *const tags[] = { "!!null", "!!bool", "!!int", "!!float", "!!timestamp" };
    for (size_t i = 0; i < ARRAY_LEN(tags); i++)
        if (strcmp(tags[i], tag) == 0)
            return true;
    return false;
}

/* True for scalars that may be something else than a string. */
bool yml_value_is_plain(const struct reader *r)
{
    return r->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

/* What libyaml leaves as "!" is an empty text, not null. */
static bool is_bare_tag(const struct reader *r)
{
    const char *tag = (const char *)r->event.data.scalar.tag;
    return r->rules & YML_GO_ERRORS && tag && strcmp(tag, "!") == 0 && r->event.data.scalar.length == 0;
}

static int resolve_scalar(struct reader *r, cJSON *n)
{
    const char *text = (const char *)r->event.data.scalar.value;
    size_t len = r->event.data.scalar.length;
    if (r->rules & YML_GO_ERRORS && r->event.data.scalar.style == YAML_DOUBLE_QUOTED_SCALAR_STYLE &&
        yml_dialect_slash_in(&r->dialect, r->event.start_mark.index, r->event.end_mark.index))
        return yml_reader_fail(r, r->event.start_mark, "found unknown escape character");
    const char *tag = tag_of(r, r->event.data.scalar.tag);
    bool has_nul = memchr(text, 0, len) != NULL;
    if (is_core_tag(tag) && !has_nul)
        return fill_tagged(r, n, tag, text);
    if (strcmp(tag, "!!binary") == 0)
        return fill_binary(r, n, text);
    if (*tag || !yml_value_is_plain(r) || has_nul || is_bare_tag(r))
        return fill_text(r, n, keep_bytes(r, text, len));
    struct yml_value v = yml_resolve(text, r->rules);
    return fill_value(r, n, &v, text);
}

/* Remembers quotes, and behind the value of other plain scalars than strings the text they were written as. */
static void keep_source(struct reader *r, cJSON *n)
{
    const char *text = (const char *)r->event.data.scalar.value;
    const char *value = n->valuestring ? n->valuestring : "";
    if (!yml_value_is_plain(r)) {
        bool literal = r->event.data.scalar.style == YAML_LITERAL_SCALAR_STYLE;
        bool folded = r->event.data.scalar.style == YAML_FOLDED_SCALAR_STYLE;
        n->type |= NODE_QUOTED | (literal ? NODE_LITERAL : 0) | (folded ? NODE_FOLDED : 0);
    }
    bool tagged = r->event.data.scalar.tag;
    if (tagged ? r->type == YML_STRING && !strcmp(value, text)
               : r->type == YML_STRING || !yml_value_is_plain(r))
        return;
    doc_set_source(r->cx->arena, node_doc(n), text);
    if (tagged && r->type == YML_FLOAT) /* which its text need not be */
        doc_set_tag(node_doc(n), DOC_TAG_FLOAT);
}

int yml_value_fill(struct reader *r, cJSON *n)
{
    int rc = resolve_scalar(r, n);
    if (rc >= 0 && r->rules & YML_SOURCE)
        keep_source(r, n);
    return rc;
}

/* The string the scalar read last becomes as a key; NULL when it cannot be one. go-yaml v3 keeps what was written,
 * sigs.k8s.io/yaml prints the number or bool. */
const char *yml_value_key(struct reader *r, const cJSON *n, const char *written)
{
    bool printed = r->rules & YML_11;
    switch (r->type) {
    case YML_NULL:
        return r->rules & YML_BARE_KEYS ? str_dup(r->cx->arena, written) : NULL;
    case YML_STRING:
        return n->valuestring;
    case YML_BOOL:
        return printed ? (n->type & cJSON_True ? "true" : "false") : str_dup(r->cx->arena, written);
    case YML_INT:
        return printed ? n->valuestring : str_dup(r->cx->arena, written);
    case YML_FLOAT:
        return printed ? number_print_g32(r->cx->arena, strtod(n->valuestring, NULL))
                       : str_dup(r->cx->arena, written);
    default:
        return str_dup(r->cx->arena, written);
    }
}
