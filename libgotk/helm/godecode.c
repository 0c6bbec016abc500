/*
 * godecode.c: encoding/json's decoder over documents; the contract is in godecode.h.
 */
#include "libgotk/helm/godecode.h"

#include "libgotk/base/buf.h"
#include "libgotk/base/gotime.h"
#include "libgotk/base/quote.h"
#include "libgotk/base/rune.h"
#include "libgotk/base/vec.h"
#include "libgotk/doc/yml.h"

#include <string.h>

#define YAML_RULES (YML_11 | YML_LAST_WINS | YML_GO_ERRORS | YML_FIRST | YML_SOURCE)
#define RFC3339    "2006-01-02T15:04:05Z07:00"

/* Where decoding is, for messages: "Dependency" and "dependencies.name". */
struct place {
    const struct godecode_struct *type;
    const char *path;
};

static int decode_struct(struct ctx *cx, const struct doc *d, struct place at, struct doc *into);

/* -- errors ------------------------------------------------------------------------------------------------------- */

static int wrong_type(struct ctx *cx, const struct doc *d, struct place at, const char *go_type)
{
    if (!at.path)
        return err_fail(cx, ERR_INVALID, "json: cannot unmarshal %s into Go value of type %s",
                        doc_kind_name(d), go_type);
    return err_fail(cx, ERR_INVALID, "json: cannot unmarshal %s into Go struct field %s.%s of type %s",
                    doc_kind_name(d), at.type->name, at.path, go_type);
}

static const char *struct_type(struct arena *a, const struct godecode_struct *type)
{
    return str_fmt(a, "%s.%s", type->package, type->name);
}

static const char *list_type(struct arena *a, const struct godecode_field *f)
{
    if (f->want == GODECODE_STRUCTS)
        return str_fmt(a, "[]*%s", struct_type(a, f->inner));
    return f->want == GODECODE_TEXTS ? "[]string" : "[]interface {}";
}

/* -- values ------------------------------------------------------------------------------------------------------- */

const char *godecode_clean(struct arena *a, const char *text)
{
    size_t width, n = strlen(text);
    struct buf out = buf_new(a, n * 3 + 1);
    for (size_t i = 0; i < n; i += width) {
        char utf8[4];
        uint32_t rune = rune_decode(text + i, n - i, &width);
        if ((unsigned char)text[i] == 0xC0 && (unsigned char)text[i + 1] == 0x80)
            width = 2; /* a NUL (doc.h) */
        else if (rune_is_space(rune))
            buf_char(&out, ' ');
        else if (rune_is_print(rune))
            buf_add(&out, utf8, rune_encode(rune, utf8));
    }
    return buf_text(&out);
}

static int decode_text(struct ctx *cx, const struct doc *d, struct place at, bool clean, struct doc **ret)
{
    const char *text = yml_as_text(cx->arena, d);
    if (!text)
        return wrong_type(cx, d, at, "string");
    *ret = doc_string(cx->arena, clean ? godecode_clean(cx->arena, text) : text);
    return 0;
}

/* What Go's parser of RFC 3339 stumbles over. */
static int bad_time(struct ctx *cx, const char *text)
{
    static const struct {
        const char *name;
        size_t digits; /* 0: the name itself */
    } parts[] = { { "2006", 4 }, { "-", 0 }, { "01", 2 }, { "-", 0 }, { "02", 2 }, { "T", 0 },
                  { "15", 2 },   { ":", 0 }, { "04", 2 }, { ":", 0 }, { "05", 2 } };
    const char *p = text;
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        size_t n = parts[i].digits ? parts[i].digits : 1;
        bool good = parts[i].digits ? strspn(p, "0123456789") >= n : *p == *parts[i].name;
        if (!good)
            return err_fail(cx, ERR_INVALID, "parsing time %s as \"" RFC3339 "\": cannot parse %s as \"%s\"",
                            quote_go(cx->arena, text, strlen(text)), quote_go(cx->arena, p, strlen(p)),
                            parts[i].name);
        p += n;
    }
    int month = (text[5] - '0') * 10 + text[6] - '0';
    return err_fail(cx, ERR_INVALID, "parsing time %s: %s out of range",
                    quote_go(cx->arena, text, strlen(text)), month < 1 || month > 12 ? "month" : "day");
}

static int decode_time(struct ctx *cx, const struct doc *d, struct doc **ret)
{
    int64_t ns;
    if (!doc_text(d))
        return err_fail(cx, ERR_INVALID, "Time.UnmarshalJSON: input is not a JSON string");
    if (!gotime_parse_rfc3339(doc_text(d), &ns))
        return bad_time(cx, doc_text(d));
    *ret = doc_string(cx->arena, doc_text(d));
    return 0;
}

/* One element of a list, over the one that was there before: a null leaves a text, but ends a struct. */
static int decode_element(struct ctx *cx, const struct doc *d, struct place at,
                          const struct godecode_field *f, struct doc *old, struct doc **ret)
{
    struct arena *a = cx->arena;
    if (doc_kind(d) == DOC_NULL) {
        *ret = f->want != GODECODE_TEXTS ? doc_null(a) : old ? doc_copy(a, old) : doc_string(a, "");
        return 0;
    }
    if (f->want == GODECODE_TEXTS)
        return decode_text(cx, d, at, true, ret);
    if (f->want == GODECODE_ANYTHING) {
        *ret = doc_copy(a, d);
        return 0;
    }
    if (doc_kind(d) != DOC_OBJECT)
        return wrong_type(cx, d, at, struct_type(a, f->inner));
    *ret = doc_kind(old) == DOC_OBJECT ? doc_copy(a, old) : doc_object(a);
    at.type = f->inner;
    return decode_struct(cx, d, at, *ret);
}

static int decode_list(struct ctx *cx, const struct doc *d, struct place at, const struct godecode_field *f,
                       const struct doc *old, struct doc **ret)
{
    if (doc_kind(d) != DOC_ARRAY)
        return wrong_type(cx, d, at, list_type(cx->arena, f));
    struct doc *list = doc_array(cx->arena), *old_item = doc_first(old);
    doc_each (item, d) {
        struct doc *element = NULL;
        if (decode_element(cx, item, at, f, old_item, &element) < 0)
            return err_code(cx);
        doc_append(list, element);
        old_item = old_item ? doc_next(old_item) : NULL;
    }
    *ret = list;
    return 0;
}

static int decode_text_map(struct ctx *cx, const struct doc *d, struct place at, const struct doc *old,
                           struct doc **ret)
{
    if (doc_kind(d) != DOC_OBJECT)
        return wrong_type(cx, d, at, "map[string]string");
    bool empty = doc_kind(old) != DOC_OBJECT;
    struct doc *map = empty ? doc_object(cx->arena) : doc_copy(cx->arena, old);
    struct doc **sorted = doc_sorted(cx->arena, d);
    for (size_t i = 0; sorted[i]; i++) {
        struct doc *text = doc_string(cx->arena, "");
        if (doc_kind(sorted[i]) != DOC_NULL && decode_text(cx, sorted[i], at, false, &text) < 0)
            return err_code(cx);
        (empty ? doc_add : doc_set)(cx->arena, map, doc_key(sorted[i]), text);
    }
    *ret = map;
    return 0;
}

/* -- structs ------------------------------------------------------------------------------------------------------ */

static int decode_field(struct ctx *cx, const struct doc *d, struct place at, const struct godecode_field *f,
                        const struct doc *old, struct doc **ret)
{
    switch (f->want) {
    case GODECODE_TEXT:
    case GODECODE_CLEAN_TEXT:
        return decode_text(cx, d, at, f->want == GODECODE_CLEAN_TEXT, ret);
    case GODECODE_BOOL:
        *ret = doc_bool(cx->arena, doc_is_true(d, false));
        return doc_kind(d) == DOC_BOOL ? 0 : wrong_type(cx, d, at, "bool");
    case GODECODE_TEXT_MAP:
        return decode_text_map(cx, d, at, old, ret);
    case GODECODE_TIME:
        return decode_time(cx, d, ret);
    default:
        return decode_list(cx, d, at, f, old, ret);
    }
}

/* Go folds the Kelvin sign and the long s into ASCII, too. */
static bool is_folded(const char *key, const char *name)
{
    for (; *name; name++) {
        if (strncmp(key, "\u212A", 3) == 0 && *name == 'k')
            key += 3;
        else if (strncmp(key, "\u017F", 2) == 0 && *name == 's')
            key += 2;
        else if ((*key >= 'A' && *key <= 'Z' ? *key | 0x20 : *key) ==
                 (*name >= 'A' && *name <= 'Z' ? *name | 0x20 : *name))
            key++;
        else
            return false;
    }
    return !*key;
}

static const struct godecode_field *find_field(const struct godecode_struct *type, const char *key)
{
    for (size_t i = 0; i < type->count; i++)
        if (is_folded(key, type->fields[i].name))
            return &type->fields[i];
    return NULL;
}

static bool is_by_reference(const struct godecode_field *f)
{
    return f->want == GODECODE_TEXTS || f->want == GODECODE_TEXT_MAP || f->want == GODECODE_ANYTHING ||
           f->want == GODECODE_STRUCTS;
}

static int decode_struct(struct ctx *cx, const struct doc *d, struct place at, struct doc *into)
{
    struct doc **sorted = doc_sorted(cx->arena, d);
    for (size_t i = 0; sorted[i]; i++) {
        const struct godecode_field *f = find_field(at.type, doc_key(sorted[i]));
        struct doc *value = NULL;
        if (!f)
            continue;
        if (doc_kind(sorted[i]) == DOC_NULL) {
            if (is_by_reference(f))
                doc_remove(into, f->name);
            continue;
        }
        struct place inside = { at.type, at.path ? str_fmt(cx->arena, "%s.%s", at.path, f->name) : f->name };
        if (decode_field(cx, sorted[i], inside, f, doc_find(into, f->name), &value) < 0)
            return err_code(cx);
        doc_set(cx->arena, into, f->name, value);
    }
    return ctx_check(cx);
}

int godecode_yaml(struct ctx *cx, const char *text, size_t len, const struct godecode_struct *type,
                  struct doc *into, bool *ret_null)
{
    struct doc *d;
    struct place top = { type, NULL };
    if (yml_parse_as(cx, text, len, type->name, YAML_RULES, &d) < 0)
        return err_wrap(cx, "error converting YAML to JSON");
    *ret_null = doc_kind(d) == DOC_NULL;
    if (*ret_null)
        return 0;
    int rc = doc_kind(d) == DOC_OBJECT ? decode_struct(cx, d, top, into)
                                       : wrong_type(cx, d, top, struct_type(cx->arena, type));
    return rc < 0 ? err_wrap(cx, "error unmarshaling JSON: while decoding JSON") : 0;
}

/* -- printing ----------------------------------------------------------------------------------------------------- */

static bool is_empty(const struct doc *d)
{
    switch (doc_kind(d)) {
    case DOC_STRING:
        return str_empty(doc_text(d));
    case DOC_BOOL:
        return !doc_is_true(d, false);
    case DOC_ARRAY:
    case DOC_OBJECT:
        return !doc_first(d);
    default:
        return true;
    }
}

static struct doc *zero_of(struct arena *a, const struct godecode_field *f)
{
    if (f->want == GODECODE_TIME)
        return doc_string(a, "0001-01-01T00:00:00Z");
    return is_by_reference(f) ? doc_null(a) : doc_string(a, "");
}

static struct doc *ordered_list(struct arena *a, const struct godecode_struct *inner, const struct doc *list)
{
    struct doc *out = doc_array(a);
    doc_each (item, list)
        doc_append(out, doc_kind(item) == DOC_OBJECT ? godecode_ordered(a, inner, item) : doc_null(a));
    return out;
}

struct doc *godecode_ordered(struct arena *a, const struct godecode_struct *type, const struct doc *d)
{
    struct doc *out = doc_object(a);
    for (size_t i = 0; i < type->count; i++) {
        const struct godecode_field *f = &type->fields[i];
        const struct doc *value = doc_find(d, f->name);
        if (!f->keep && is_empty(value))
            continue;
        struct doc *printed = !value     ? zero_of(a, f)
                              : f->inner ? ordered_list(a, f->inner, value)
                                         : doc_copy(a, value);
        doc_set(a, out, f->name, printed);
    }
    return out;
}
