/*
 * node.c: printing a template's nodes back; the contract is in node.h.
 */
#include "helm-controller/template/node.h"

#include "libgotk/base/quote.h"
#include "libgotk/base/rune.h"

#include <string.h>

#define TEXT_MAX (1 << 20)

static void print_view(struct buf *out, struct strv s)
{
    buf_add(out, s.p, s.n);
}

static void print_pipe(struct buf *out, const struct node *n)
{
    for (size_t i = 0; i < n->decls.len; i++) {
        buf_str(out, i ? ", " : "");
        node_print(out, n->decls.at[i]);
    }
    if (n->decls.len)
        buf_str(out, n->assigns ? " = " : " := ");
    for (size_t i = 0; i < n->nodes.len; i++) {
        buf_str(out, i ? " | " : "");
        node_print(out, n->nodes.at[i]);
    }
}

/* An operand; a pipeline needs its parentheses. */
static void print_operand(struct buf *out, const struct node *n)
{
    buf_str(out, n->kind == NODE_PIPE ? "(" : "");
    node_print(out, n);
    buf_str(out, n->kind == NODE_PIPE ? ")" : "");
}

static void print_command(struct buf *out, const struct node *n)
{
    for (size_t i = 0; i < n->nodes.len; i++) {
        buf_str(out, i ? " " : "");
        print_operand(out, n->nodes.at[i]);
    }
}

static void print_names(struct buf *out, const struct name_list *names, bool leading_dot)
{
    for (size_t i = 0; i < names->len; i++) {
        buf_str(out, i || leading_dot ? "." : "");
        print_view(out, names->at[i]);
    }
}

static void print_control(struct buf *out, const struct node *n, const char *word)
{
    buf_fmt(out, "{{%s ", word);
    node_print(out, n->pipe);
    buf_str(out, "}}");
    node_print(out, n->branches[0]);
    if (n->branches[1]) {
        buf_str(out, "{{else}}");
        node_print(out, n->branches[1]);
    }
    buf_str(out, "{{end}}");
}

static void print_template(struct buf *out, const struct node *n)
{
    buf_str(out, "{{template ");
    quote_to(out, n->target.p, n->target.n, false);
    if (n->pipe) {
        buf_char(out, ' ');
        node_print(out, n->pipe);
    }
    buf_str(out, "}}");
}

static void print_action(struct buf *out, const struct node *n)
{
    buf_str(out, "{{");
    node_print(out, n->pipe);
    buf_str(out, "}}");
}

/* What has no parts. */
static const char *fixed_text(const struct node *n)
{
    switch (n->kind) {
    case NODE_BREAK:
        return "{{break}}";
    case NODE_CONTINUE:
        return "{{continue}}";
    case NODE_END:
        return "{{end}}";
    case NODE_ELSE:
        return "{{else}}";
    case NODE_DOT:
        return ".";
    case NODE_NIL:
        return "nil";
    default:
        return n->is_true ? "true" : "false";
    }
}

void node_print(struct buf *out, const struct node *n)
{
    switch (n->kind) {
    case NODE_TEXT:
    case NODE_IDENTIFIER:
        print_view(out, n->text);
        return;
    case NODE_STRING:
    case NODE_NUMBER:
        print_view(out, n->as_written);
        return;
    case NODE_LIST:
        for (size_t i = 0; i < n->nodes.len; i++)
            node_print(out, n->nodes.at[i]);
        return;
    case NODE_IF:
        print_control(out, n, "if");
        return;
    case NODE_RANGE:
        print_control(out, n, "range");
        return;
    case NODE_WITH:
        print_control(out, n, "with");
        return;
    case NODE_CHAIN:
        print_operand(out, n->base);
        print_names(out, &n->names, true);
        return;
    case NODE_FIELD:
    case NODE_VARIABLE:
        print_names(out, &n->names, n->kind == NODE_FIELD);
        return;
    case NODE_ACTION:
        print_action(out, n);
        return;
    case NODE_TEMPLATE:
        print_template(out, n);
        return;
    case NODE_PIPE:
        print_pipe(out, n);
        return;
    case NODE_COMMAND:
        print_command(out, n);
        return;
    default:
        buf_str(out, fixed_text(n));
    }
}

const char *node_text(struct arena *a, const struct node *n)
{
    struct buf out = buf_new(a, TEXT_MAX);
    node_print(&out, n);
    return buf_text(&out);
}

static bool is_white(struct strv s)
{
    size_t width;
    for (size_t i = 0; i < s.n; i += width)
        if (!rune_is_space(rune_decode(s.p + i, s.n - i, &width)))
            return false;
    return true;
}

bool node_is_empty(const struct node *n)
{
    if (n->kind == NODE_TEXT)
        return is_white(n->text);
    if (n->kind != NODE_LIST)
        return false;
    for (size_t i = 0; i < n->nodes.len; i++)
        if (!node_is_empty(n->nodes.at[i]))
            return false;
    return true;
}
