/*
 * fn.c: conversions that many functions need; the contract is in fn.h.
 */
#include "helm-controller/template/fn.h"

#include "helm-controller/template/gofmt.h"
#include "helm-controller/template/literal.h"
#include "helm-controller/template/object.h"

struct buf fn_buf(struct exec *x)
{
    return buf_new(x->cx->arena, EXEC_OUTPUT_MAX);
}

int fn_take(struct exec *x, const struct buf *out, struct value *ret)
{
    *ret = v_str(buf_text(out), out->len);
    return buf_ok(x->cx, out, "what a function makes");
}

const char *fn_terminated(struct exec *x, struct value s)
{
    char *out = str_ndup(x->cx->arena, s.s, s.len);
    for (char *nul; (nul = memchr(out, '\0', s.len));)
        *nul = '\xFF';
    return out;
}

struct value fn_joined(struct exec *x, const char *head, struct strv tail)
{
    size_t len = strlen(head);
    char *out = arena_alloc_raw(x->cx->arena, len + tail.n + 1);
    char *end = mempcpy(mempcpy(out, head, len), tail.p, tail.n);
    *end = '\0';
    return v_str(out, len + tail.n);
}

const char *fn_shown(struct exec *x, struct value s)
{
    return str_without_nuls(x->cx->arena, s.s, s.len);
}

/* Who asks for the text of a value cannot fail: the call that did ends with the error (eval.c). */
static void check_text(struct exec *x, const struct buf *out)
{
    if (buf_ok(x->cx, out, "the text of a value") < 0)
        x->spilt = err_code(x->cx);
}

/* Of what may be large, like a chart with all its files: what growing a buffer leaves behind is given back at once. */
static struct strv container_text(struct exec *x, struct value v)
{
    CLEANUP(arena_cleanup) struct arena *scratch = arena_new(arena_max(x->cx->arena));
    struct buf out = buf_new(scratch, EXEC_OUTPUT_MAX);
    gofmt_value(&out, v);
    check_text(x, &out);
    return (struct strv){ str_ndup(x->cx->arena, buf_text(&out), out.len), out.len };
}

struct strv fn_text(struct exec *x, struct value v)
{
    if (v.type == V_STRING || v.type == V_BYTES)
        return v_view(v);
    if (v.type == V_OBJECT || value_is_map(v) || value_is_list(v))
        return container_text(x, v);
    struct buf out = fn_buf(x);
    gofmt_value(&out, v);
    check_text(x, &out);
    return (struct strv){ buf_text(&out), out.len };
}

bool fn_is_empty(struct value v)
{
    return v.type == V_OBJECT && v.object->type->kind == K_STRUCT ? false : !value_is_true(v);
}

/* As amd64 converts: what does not fit becomes the smallest number. */
static int64_t float_to_int(double f)
{
    return f >= (double)INT64_MIN && f < -(double)INT64_MIN ? (int64_t)f : INT64_MIN;
}

/* Without a decimal part that is all zeros: "1.00" is 1. */
static struct strv without_zero_decimals(struct strv s)
{
    bool zero = false;
    for (size_t i = s.n; i > 0; i--) {
        if (s.p[i - 1] == '.' && zero)
            return (struct strv){ s.p, i - 1 };
        if (s.p[i - 1] != '0')
            break;
        zero = true;
    }
    return s;
}

static int64_t text_to_int(struct strv s)
{
    int64_t i;
    return literal_int(without_zero_decimals(s), 0, &i) == LITERAL_OK ? i : 0;
}

int64_t fn_to_int(struct value v)
{
    switch (v.type) {
    case V_BOOL:
        return v.b;
    case V_INT:
    case V_INT32:
    case V_INT64:
    case V_UINT8:
    case V_UINT32:
    case V_UINT64:
    case V_MONTH:
    case V_WEEKDAY:
        return v.i;
    case V_FLOAT64:
        return float_to_int(v.f);
    case V_STRING:
        return text_to_int(v_view(v));
    default:
        return 0;
    }
}

double fn_to_float(struct value v)
{
    double f;
    switch (v.type) {
    case V_BOOL:
        return v.b;
    case V_INT:
    case V_INT32:
    case V_INT64:
    case V_MONTH:
    case V_WEEKDAY:
        return (double)v.i;
    case V_UINT8:
    case V_UINT32:
    case V_UINT64:
        return (double)v.u;
    case V_FLOAT64:
        return v.f;
    case V_STRING:
        return literal_float(v_view(v), &f) == LITERAL_OK ? f : 0;
    default:
        return 0;
    }
}

struct vlist *fn_to_strings(struct exec *x, struct value v)
{
    struct arena *a = x->cx->arena;
    if (v.type == V_OBJECT && value_kind(v) == K_SLICE && v.object->type->elements)
        v = v.object->type->elements(a, v.object->data);
    struct vlist *l = vlist_new(a, value_len(v));
    if (v.type == V_STRINGS && v.list)
        return v.list;
    if (value_kind(v) == K_SLICE) {
        for (size_t i = 0; i < value_len(v); i++) {
            struct value item = vlist_at(v, i);
            struct strv text = fn_text(x, item);
            if (item.type != V_NIL)
                vlist_push(a, l, v_str(text.p, text.n));
        }
    } else if (v.type != V_NIL) {
        struct strv text = fn_text(x, v);
        vlist_push(a, l, v_str(text.p, text.n));
    }
    return l;
}
