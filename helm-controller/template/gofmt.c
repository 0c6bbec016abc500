/*
 * gofmt.c: Print, Println and Printf; the contract is in gofmt.h. Values are in gofmt_value.c, numbers in gofmt_number.c.
 */
#include "helm-controller/template/gofmt.h"

#include "helm-controller/template/gofmt_parts.h"
#include "helm-controller/template/object.h"
#include "libgotk/base/rune.h"

#define FIELD_LIMIT 1000000 /* widths and precisions beyond are taken for mistakes, as in Go */

void gofmt_value(struct buf *out, struct value v)
{
    struct verb verb = { .out = out };
    gofmt_argument(&verb, v, 'v');
}

void gofmt_followed(struct buf *out, struct value v)
{
    struct verb verb = { .out = out, .indirect = true };
    gofmt_argument(&verb, v, 'v');
}

void gofmt_print(struct buf *out, struct value v)
{
    if (v.type == V_OBJECT && v.object->type->print && (v.addressable || !v.object->type->by_pointer))
        v.object->type->print(out, v.object->data);
    else if (v.type == V_INVALID)
        buf_str(out, "<no value>");
    else if (v.type == V_STRING)
        buf_add(out, v.s, v.len);
    else
        gofmt_followed(out, v);
}

void gofmt_sprint(struct buf *out, const struct value *args, size_t n)
{
    bool before = false;
    for (size_t i = 0; i < n; i++) {
        bool is_string = args[i].type == V_STRING;
        if (i > 0 && !is_string && !before)
            buf_char(out, ' ');
        gofmt_value(out, args[i]);
        before = is_string;
    }
}

void gofmt_sprintln(struct buf *out, const struct value *args, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        buf_str(out, i ? " " : "");
        gofmt_value(out, args[i]);
    }
    buf_char(out, '\n');
}

/* A format being read. */
struct format {
    struct strv text;
    size_t i;
    const struct value *args;
    size_t n;
    size_t next;      /* argument */
    bool reordered;   /* [n] was used */
    bool good_number; /* of the argument */
    bool after_index; /* [n] stands right before */
};

static bool at(const struct format *f, char c)
{
    return f->i < f->text.n && f->text.p[f->i] == c;
}

static bool read_flag(struct verb *v, char c)
{
    switch (c) {
    case '#':
        return v->sharp = true;
    case '0':
        return v->zero = true;
    case '+':
        return v->plus = true;
    case '-':
        return v->minus = true;
    case ' ':
        return v->space = true;
    default:
        return false;
    }
}

/* Decimal digits up to `end`; false when there are none, or too many, which eat the whole format. */
static bool read_number(const char *text, size_t *i, size_t end, int *ret)
{
    size_t from = *i;
    int number = 0;
    for (; *i < end && text[*i] >= '0' && text[*i] <= '9'; (*i)++) {
        if (number > FIELD_LIMIT) {
            *i = end;
            *ret = 0;
            return false;
        }
        number = number * 10 + (text[*i] - '0');
    }
    *ret = number;
    return *i > from;
}

/* [n]: the next argument is the n-th. */
static void read_index(struct format *f)
{
    f->after_index = false;
    if (!at(f, '['))
        return;
    f->reordered = true;
    size_t left = f->text.n - f->i;
    const char *start = f->text.p + f->i, *close = left < 3 ? NULL : memchr(start + 1, ']', left - 1);
    if (!close) {
        f->good_number = false;
        f->i++;
        return;
    }
    size_t end = (size_t)(close - start), i = 1;
    int number = 0;
    bool ok = read_number(start, &i, end, &number) && i == end;
    f->i += end + 1;
    f->after_index = ok;
    if (ok && number >= 1 && (size_t)number <= f->n)
        f->next = (size_t)number - 1;
    else
        f->good_number = false;
}

/* A width or precision given by an argument ('*'). */
static bool take_int(struct format *f, int *ret)
{
    *ret = 0;
    if (f->next >= f->n)
        return false;
    struct value v = f->args[f->next++];
    bool is_int = value_kind(v) == K_INT || (value_kind(v) == K_UINT && v.u <= INT64_MAX);
    if (!is_int || v.i > FIELD_LIMIT || v.i < -FIELD_LIMIT)
        return false;
    *ret = (int)v.i;
    return true;
}

static void read_width(struct format *f, struct verb *v)
{
    if (!at(f, '*')) {
        v->has_width = read_number(f->text.p, &f->i, f->text.n, &v->width);
        if (f->after_index && v->has_width)
            f->good_number = false;
        return;
    }
    f->i++;
    v->has_width = take_int(f, &v->width);
    if (!v->has_width)
        buf_str(v->out, "%!(BADWIDTH)");
    if (v->width < 0) {
        v->width = -v->width;
        v->minus = true;
        v->zero = false;
    }
    f->after_index = false;
}

static void read_precision(struct format *f, struct verb *v)
{
    if (f->i + 1 >= f->text.n || !at(f, '.'))
        return;
    f->i++;
    if (f->after_index)
        f->good_number = false;
    read_index(f);
    v->has_precision = true;
    if (!at(f, '*')) {
        if (!read_number(f->text.p, &f->i, f->text.n, &v->precision))
            v->precision = 0;
        return;
    }
    f->i++;
    v->has_precision = take_int(f, &v->precision);
    if (v->precision < 0) {
        v->precision = 0;
        v->has_precision = false;
    }
    if (!v->has_precision)
        buf_str(v->out, "%!(BADPREC)");
    f->after_index = false;
}

static void complain(struct verb *v, uint32_t letter, const char *what)
{
    char utf8[4];
    buf_str(v->out, "%!");
    buf_add(v->out, utf8, rune_encode(letter, utf8));
    buf_str(v->out, what);
}

static void print_argument(struct format *f, struct verb *v, uint32_t letter)
{
    if (letter == 'v' || letter == 'w') {
        v->sharp_v = v->sharp;
        v->plus_v = v->plus;
        v->sharp = v->plus = false;
    }
    gofmt_argument(v, f->args[f->next++], letter);
}

/* Behind a '%'; false when the format ends without a verb. */
static bool read_verb(struct format *f, struct buf *out)
{
    struct verb v = { .out = out };
    size_t width;
    while (f->i < f->text.n && read_flag(&v, f->text.p[f->i]))
        f->i++;
    f->good_number = true;
    char c = f->i < f->text.n ? f->text.p[f->i] : '\0';
    if (c >= 'a' && c <= 'z' && f->next < f->n) {
        f->i++;
        f->after_index = false;
        print_argument(f, &v, (unsigned char)c);
        return true;
    }
    read_index(f);
    read_width(f, &v);
    read_precision(f, &v);
    if (!f->after_index)
        read_index(f);
    if (f->i >= f->text.n) {
        buf_str(out, "%!(NOVERB)");
        return false;
    }
    uint32_t letter = rune_decode(f->text.p + f->i, f->text.n - f->i, &width);
    f->i += width;
    if (letter == '%')
        buf_char(out, '%');
    else if (!f->good_number)
        complain(&v, letter, "(BADINDEX)");
    else if (f->next >= f->n)
        complain(&v, letter, "(MISSING)");
    else
        print_argument(f, &v, letter);
    return true;
}

static void print_extra(struct format *f, struct buf *out)
{
    buf_str(out, "%!(EXTRA ");
    for (size_t i = f->next; i < f->n; i++) {
        bool nil = f->args[i].type == V_NIL || f->args[i].type == V_INVALID;
        buf_str(out, i > f->next ? ", " : "");
        if (!nil)
            buf_fmt(out, "%s=", value_type_name(f->args[i]));
        gofmt_value(out, f->args[i]);
    }
    buf_char(out, ')');
}

void gofmt_sprintf(struct buf *out, struct strv format, const struct value *args, size_t n)
{
    struct format f = { .text = format, .args = args, .n = n };
    while (f.i < format.n) {
        const char *from = format.p + f.i, *percent = memchr(from, '%', format.n - f.i);
        size_t plain = percent ? (size_t)(percent - from) : format.n - f.i;
        buf_add(out, from, plain);
        f.i += plain;
        if (!percent)
            break;
        f.i++;
        if (!read_verb(&f, out))
            break;
    }
    if (!f.reordered && f.next < n)
        print_extra(&f, out);
}
