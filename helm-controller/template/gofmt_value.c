/*
 * gofmt_value.c: values under a verb; see gofmt_parts.h. Maps print sorted by key.
 */
#include "helm-controller/template/gofmt_parts.h"
#include "helm-controller/template/object.h"
#include "helm-controller/template/times.h"
#include "libgotk/base/gotime.h"
#include "libgotk/base/quote.h"
#include "libgotk/base/rune.h"

#include <string.h>

#define DEPTH_MAX 100000 /* what is a part of itself has no end */

static void print_value(struct verb *v, struct value value, uint32_t letter, int depth);

static void str(struct verb *v, const char *s)
{
    buf_str(v->out, s);
}

static void letter_to(struct verb *v, uint32_t letter)
{
    char utf8[4];
    buf_add(v->out, utf8, rune_encode(letter, utf8));
}

/* %!d(string=x) */
static void bad_verb(struct verb *v, struct value value, uint32_t letter)
{
    v->erroring = true;
    str(v, "%!");
    letter_to(v, letter);
    buf_char(v->out, '(');
    if (value.type == V_NIL || value.type == V_INVALID) {
        str(v, "<nil>");
    } else {
        buf_fmt(v->out, "%s=", value_type_name(value));
        gofmt_argument(v, value, 'v');
    }
    buf_char(v->out, ')');
    v->erroring = false;
}

static void print_bool(struct verb *v, struct value value, uint32_t letter)
{
    if (letter != 't' && letter != 'v')
        bad_verb(v, value, letter);
    else
        gofmt_pad(v, value.b ? "true" : "false", value.b ? 4 : 5);
}

/* Unsigned numbers as Go source. */
static void print_0x(struct verb *v, uint64_t u)
{
    bool sharp = v->sharp;
    v->sharp = true;
    gofmt_integer(v, u, 16, false, 'v');
    v->sharp = sharp;
}

static void print_rune(struct verb *v, uint64_t u, bool quoted)
{
    uint32_t rune = u > RUNE_MAX ? RUNE_ERROR : (uint32_t)u;
    struct buf text = buf_new(v->out->arena, 16);
    char utf8[4];
    if (quoted)
        quote_rune_to(&text, rune, v->plus);
    else
        buf_add(&text, utf8, rune_encode(rune, utf8));
    gofmt_pad(v, text.data, text.len);
}

static void print_integer(struct verb *v, struct value value, bool is_signed, uint32_t letter)
{
    static const struct {
        char letter;
        unsigned base;
    } bases[] = { { 'v', 10 }, { 'd', 10 }, { 'b', 2 }, { 'o', 8 }, { 'O', 8 }, { 'x', 16 }, { 'X', 16 } };
    if (letter == 'v' && v->sharp_v && !is_signed) {
        print_0x(v, value.u);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(bases); i++) {
        if ((unsigned char)bases[i].letter == letter) {
            gofmt_integer(v, value.u, bases[i].base, is_signed, letter);
            return;
        }
    }
    if (letter == 'c' || letter == 'q')
        print_rune(v, value.u, letter == 'q');
    else if (letter == 'U')
        gofmt_unicode(v, value.u);
    else
        bad_verb(v, value, letter);
}

/* False when no float has such a verb. */
static bool print_real(struct verb *v, double f, uint32_t letter)
{
    if (letter == 'v')
        gofmt_real(v, f, 'g', -1);
    else if (letter < 0x80 && letter && strchr("bgGxX", (int)letter))
        gofmt_real(v, f, (char)letter, -1);
    else if (letter < 0x80 && letter && strchr("feEF", (int)letter))
        gofmt_real(v, f, letter == 'F' ? 'f' : (char)letter, 6);
    else
        return false;
    return true;
}

static void print_complex(struct verb *v, struct value value, uint32_t letter)
{
    bool plus = v->plus;
    if (letter >= 0x80 || !letter || !strchr("vbgGxXfFeE", (int)letter)) {
        bad_verb(v, value, letter);
        return;
    }
    buf_char(v->out, '(');
    print_real(v, value.c->re, letter);
    v->plus = true;
    print_real(v, value.c->im, letter);
    str(v, "i)");
    v->plus = plus;
}

static void print_string(struct verb *v, struct value value, uint32_t letter)
{
    switch (letter) {
    case 'v':
        if (v->sharp_v)
            gofmt_quoted(v, value.s, value.len);
        else
            gofmt_string(v, value.s, value.len);
        return;
    case 's':
        gofmt_string(v, value.s, value.len);
        return;
    case 'x':
    case 'X':
        gofmt_hex(v, value.s, value.len, letter == 'X');
        return;
    case 'q':
        gofmt_quoted(v, value.s, value.len);
        return;
    default:
        bad_verb(v, value, letter);
    }
}

/* As Go source: the type, braces, commas. */
static bool open_sharp(struct verb *v, const char *type, bool nil)
{
    str(v, v->type ? v->type : type);
    v->type = NULL;
    str(v, nil ? "(nil)" : "{");
    return !nil;
}

static void print_bytes(struct verb *v, struct value value, uint32_t letter, const char *type)
{
    if (strchr("sxXq", (int)letter) && letter < 0x80) {
        value.type = V_STRING;
        print_string(v, value, letter);
        return;
    }
    if (v->sharp_v && !open_sharp(v, type, !value.s))
        return;
    str(v, v->sharp_v ? "" : "[");
    for (size_t i = 0; i < value.len; i++) {
        str(v, i == 0 ? "" : v->sharp_v ? ", " : " ");
        print_value(v, vlist_at(value, i), letter, 1);
    }
    str(v, v->sharp_v ? "}" : "]");
}

static void print_map(struct verb *v, struct value value, uint32_t letter, int depth)
{
    size_t n;
    const struct vmap_entry **sorted = vmap_sorted(value.map, v->out->arena, &n);
    if (v->sharp_v ? !open_sharp(v, value_type_name(value), !value.map) : false)
        return;
    str(v, v->sharp_v ? "" : "map[");
    for (size_t i = 0; i < n; i++) {
        struct value element = sorted[i]->value;
        str(v, i == 0 ? "" : v->sharp_v ? ", " : " ");
        print_value(v, v_str(sorted[i]->key.p, sorted[i]->key.n), letter, depth + 1);
        buf_char(v->out, ':');
        print_value(v, element, letter, depth + 1);
    }
    str(v, v->sharp_v ? "}" : "]");
}

static void print_list(struct verb *v, struct value value, uint32_t letter, int depth)
{
    size_t n = value_len(value);
    if (v->sharp_v && !open_sharp(v, value_type_name(value), !value.list))
        return;
    str(v, v->sharp_v ? "" : "[");
    for (size_t i = 0; i < n; i++) {
        str(v, i == 0 ? "" : v->sharp_v ? ", " : " ");
        print_value(v, value.list->at[i], letter, depth + 1);
    }
    str(v, v->sharp_v ? "}" : "]");
}

static void print_struct(struct verb *v, const struct object *o, uint32_t letter, int depth)
{
    const char *type = o->type->name[0] == '*' ? o->type->name + 1 : o->type->name;
    str(v, o->type->kind == K_POINTER && !v->indirect ? "&" : "");
    str(v, v->sharp_v ? type : "");
    buf_char(v->out, '{');
    for (size_t i = 0; i < o->type->fields_count; i++) {
        str(v, i == 0 ? "" : v->sharp_v ? ", " : " ");
        if (v->plus_v || v->sharp_v)
            buf_fmt(v->out, "%s:", o->type->fields[i].name);
        print_value(v, o->type->fields[i].get(o->data), letter, depth + 1);
    }
    buf_char(v->out, '}');
}

/* What has a String method prints by it under the verbs of strings. */
static bool print_by_method(struct verb *v, struct value value, uint32_t letter)
{
    if (v->sharp_v && !v->erroring && value.type == V_OBJECT && value.object->type->go) {
        struct buf text = buf_new(v->out->arena, 1 << 20);
        value.object->type->go(&text, value.object->data);
        gofmt_string(v, text.data, text.len);
        return true;
    }
    bool stringlike = letter < 0x80 && letter && strchr("vsxXq", (int)letter);
    if (v->erroring || v->sharp_v || !stringlike)
        return false;
    struct buf text = buf_new(v->out->arena, 1 << 20);
    if (value.type == V_DURATION)
        buf_str(&text, gotime_print_duration(v->out->arena, value.i));
    else if (value.type == V_MONTH || value.type == V_WEEKDAY)
        times_name(&text, value);
    else if (value.type == V_OBJECT && value.object->data && value.object->type->print &&
             !value.object->type->by_pointer)
        value.object->type->print(&text, value.object->data);
    else
        return false;
    print_string(v, v_str(buf_text(&text), text.len), letter);
    return true;
}

static void print_nil_pointer(struct verb *v, struct value value, uint32_t letter)
{
    if (letter == 'v')
        gofmt_pad(v, "<nil>", 5);
    else if (letter < 0x80 && letter && strchr("bodxX", (int)letter))
        print_integer(v, (struct value){ .type = V_UINT64 }, false, letter);
    else
        bad_verb(v, value, letter);
}

static void print_object(struct verb *v, struct value value, uint32_t letter, int depth)
{
    if (!value.object->data)
        print_nil_pointer(v, value, letter);
    else if (value.object->type->elements) {
        v->type = value_type_name(value);
        print_value(v, value.object->type->elements(v->out->arena, value.object->data), letter, depth);
        v->type = NULL;
    } else if (value.object->type->kind == K_POINTER && depth > 0 && letter < 0x80 &&
               !strchr("vbodxX", (int)letter)) {
        bad_verb(v, value, letter);
    } else {
        print_struct(v, value.object, letter, depth);
    }
}

static void print_value(struct verb *v, struct value value, uint32_t letter, int depth)
{
    if (depth > DEPTH_MAX)
        buf_refuse(v->out, "values are nested deeper than 100000");
    if (v->out->overflow || print_by_method(v, value, letter))
        return;
    switch (value.type) {
    case V_INVALID:
    case V_NIL:
        str(v, v->sharp_v ? "interface {}(nil)" : "<nil>");
        return;
    case V_BOOL:
        print_bool(v, value, letter);
        return;
    case V_UINT8:
    case V_UINT32:
    case V_UINT64:
        print_integer(v, value, false, letter);
        return;
    case V_FLOAT64:
        if (!print_real(v, value.f, letter))
            bad_verb(v, value, letter);
        return;
    case V_COMPLEX:
        print_complex(v, value, letter);
        return;
    case V_STRING:
        print_string(v, value, letter);
        return;
    case V_MAP:
    case V_VALUES:
    case V_STRMAP:
        print_map(v, value, letter, depth);
        return;
    case V_BYTES:
        print_bytes(v, value, letter, depth ? "[]uint8" : "[]byte");
        return;
    case V_OBJECT:
        print_object(v, value, letter, depth);
        return;
    default:
        if (value_is_list(value))
            print_list(v, value, letter, depth);
        else
            print_integer(v, value, true, letter);
    }
}

/* %p: only maps, slices and pointers have an address. */
static void print_pointer(struct verb *v, struct value value)
{
    enum vkind kind = value_kind(value);
    if (kind != K_MAP && kind != K_SLICE && kind != K_POINTER) {
        bad_verb(v, value, 'p');
        return;
    }
    struct verb plain = *v;
    plain.sharp = !v->sharp;
    gofmt_integer(&plain, (uint64_t)(uintptr_t)value.map, 16, false, 'x');
}

void gofmt_argument(struct verb *v, struct value arg, uint32_t letter)
{
    bool nil = arg.type == V_NIL || arg.type == V_INVALID;
    if (nil && (letter == 'T' || letter == 'v'))
        gofmt_pad(v, "<nil>", 5);
    else if (nil)
        bad_verb(v, arg, letter);
    else if (letter == 'T')
        gofmt_string(v, value_type_name(arg), strlen(value_type_name(arg)));
    else if (letter == 'p')
        print_pointer(v, arg);
    else if (letter == 'w' && arg.type != V_BYTES)
        bad_verb(v, arg, letter);
    else
        print_value(v, arg, letter, 0);
}
