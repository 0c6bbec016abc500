/*
 * fault.c: the errors of an execution, in Go's words and with Go's places.
 *
 * A place is where the node was parsed, LINE from 1, COLUMN in bytes from 0; the name is that of the template that
 * runs. The chain of inner errors is kept beside the text, because Helm reformats it.
 */
#include "helm-controller/template/exec_parts.h"
#include "helm-controller/template/gofmt.h"
#include "libgotk/base/quote.h"

#define FAULT_MAX ((size_t)4 << 20) /* of one message: a chain repeats the texts of its nodes at every link */

static struct fault *fault_new(struct exec *x, const char *text, struct fault *inner)
{
    struct fault *f = ARENA_NEW(x->cx->arena, struct fault);
    *f = (struct fault){ text, inner };
    return f;
}

/* "FILE:LINE:COLUMN" */
static const char *place(struct arena *a, const struct node *n)
{
    uint32_t line = 1, start = 0;
    struct strv text = n->tree->text, file = n->tree->parse_name;
    for (uint32_t i = 0; i < n->pos && i < text.n; i++) {
        if (text.p[i] == '\n') {
            line++;
            start = i + 1;
        }
    }
    return str_fmt(a, "%.*s:%u:%u", (int)file.n, file.p, line, n->pos - start);
}

static int fail_with(struct exec *x, const char *message, struct fault *inner)
{
    struct arena *a = x->cx->arena;
    const struct node *n = x->frame->node;
    struct strv name = x->frame->tree->name;
    struct buf text = buf_new(a, FAULT_MAX);
    buf_fmt(&text, "template: %s: executing %s at <%s>: ", place(a, n), quote_go(a, name.p, name.n),
            node_text(a, n));
    buf_str(&text, message);
    x->fault = fault_new(x, buf_text(&text), inner);
    return err_take(x->cx, ERR_INVALID, x->fault->text);
}

int exec_fail(struct exec *x, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    const char *message = str_vfmt(x->cx->arena, fmt, args);
    va_end(args);
    return fail_with(x, message, NULL);
}

int exec_fail_call(struct exec *x, const char *name)
{
    int code = err_code(x->cx);
    const char *text = err_message(x->cx);
    struct fault *inner = x->fault ? x->fault : fault_new(x, text, NULL);
    int rc = fail_with(x, str_fmt(x->cx->arena, "error calling %s: %s", name, text), inner);
    return code == ERR_INVALID ? rc : err_recode(x->cx, code);
}

const char *exec_text(struct exec *x, struct value v)
{
    struct buf out = buf_new(x->cx->arena, 1 << 20);
    gofmt_followed(&out, v);
    return str_without_nuls(x->cx->arena, buf_text(&out), out.len);
}
