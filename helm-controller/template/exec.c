/*
 * exec.c: walking a template's tree; the contract is in exec.h.
 *
 * What yields values is in eval.c, messages are in fault.c. A walk returns 0, an error (below 0), or that a {{break}} or
 * {{continue}} is on its way to its range. Rejected: compiling to byte code; charts run each template once, and nearly
 * all their time goes into functions.
 */
#include "helm-controller/template/exec.h"

#include "helm-controller/template/exec_parts.h"
#include "helm-controller/template/gofmt.h"
#include "helm-controller/template/object.h"
#include "libgotk/base/quote.h"

#include <string.h>

#define TEMPLATE_DEPTH_MAX 100000 /* as Go */
#define NAME_SMALL         256    /* names up to this length are looked up without a copy in the arena */

enum walked { WALK_ON = 0, WALK_BREAK = 1, WALK_CONTINUE = 2 };

static int walk(struct exec *x, struct value dot, const struct node *n);

struct template_set *template_set_new(struct arena *a, const struct template_set *parent)
{
    struct template_set *set = ARENA_NEW(a, struct template_set);
    *set = (struct template_set){ .arena = a, .parent = parent, .trees = map_new(a) };
    return set;
}

const struct tree *template_set_find(const struct template_set *set, struct strv name)
{
    char small[NAME_SMALL];
    const char *key = small;
    const struct tree *tree = NULL;
    if (memchr(name.p, '\0', name.n)) {
        key = str_without_nuls(set->arena, name.p, name.n);
    } else if (name.n < sizeof(small)) {
        memcpy(small, name.p, name.n);
        small[name.n] = '\0';
    } else {
        key = str_ndup(set->arena, name.p, name.n);
    }
    for (; set && !tree; set = set->parent) {
        tree = map_find(&set->trees, key);
        if (!tree && set->load)
            tree = set->load(set->user, key);
    }
    return tree;
}

void template_set_add(struct template_set *set, const struct tree_vec *trees)
{
    for (size_t i = 0; i < trees->len; i++) {
        struct tree *tree = trees->at[i];
        if (!node_is_empty(tree->root) || !template_set_find(set, tree->name))
            map_set(&set->trees, str_without_nuls(set->arena, tree->name.p, tree->name.n), tree);
    }
}

static int walk_list(struct exec *x, struct value dot, const struct node *list)
{
    int rc = WALK_ON;
    for (size_t i = 0; rc == WALK_ON && i < list->nodes.len; i++)
        rc = walk(x, dot, list->nodes.at[i]);
    return rc;
}

static int walk_action(struct exec *x, struct value dot, const struct node *n)
{
    struct value v;
    if (eval_pipeline(x, dot, n->pipe, &v) < 0)
        return err_code(x->cx);
    if (n->pipe->decls.len)
        return WALK_ON;
    exec_at(x, n);
    gofmt_print(x->out, v);
    if (buf_ok(x->cx, x->out, "what the template prints") >= 0)
        return WALK_ON;
    (void)exec_fail(x, "%s", err_message(x->cx));
    return err_recode(x->cx, ERR_LIMIT);
}

static int walk_if_or_with(struct exec *x, struct value dot, const struct node *n)
{
    struct value v;
    size_t mark = x->frame->vars.len;
    int rc = eval_pipeline(x, dot, n->pipe, &v);
    if (rc < 0)
        return rc;
    if (value_is_true(v))
        rc = walk(x, n->kind == NODE_WITH ? v : dot, n->branches[0]);
    else if (n->branches[1])
        rc = walk(x, dot, n->branches[1]);
    x->frame->vars.len = mark;
    return rc;
}

/* Sets the variables of a range that has them: the element alone, or the index and the element. */
static int set_range_variables(struct exec *x, const struct node *pipe, struct value index,
                               struct value element)
{
    size_t n = pipe->decls.len, top = x->frame->vars.len;
    if (n == 0)
        return 0;
    if (!pipe->assigns) {
        x->frame->vars.at[top - 1].value = element;
        if (n > 1)
            x->frame->vars.at[top - 2].value = index;
        return 0;
    }
    if (n > 1 && eval_set(x, pipe->decls.at[0]->names.at[0], index) < 0)
        return err_code(x->cx);
    return eval_set(x, pipe->decls.at[n - 1]->names.at[0], element);
}

static int iterate(struct exec *x, const struct node *n, struct value index, struct value element)
{
    size_t mark = x->frame->vars.len;
    if (set_range_variables(x, n->pipe, index, element) < 0 || ctx_check(x->cx) < 0)
        return err_code(x->cx);
    int rc = walk(x, element, n->branches[0]);
    x->frame->vars.len = mark;
    return rc == WALK_CONTINUE ? WALK_ON : rc;
}

static int range_list(struct exec *x, const struct node *n, struct value list)
{
    int rc = WALK_ON;
    size_t len = value_len(list);
    for (size_t i = 0; rc == WALK_ON && i < len; i++)
        rc = iterate(x, n, v_int((int64_t)i), vlist_at(list, i));
    return rc;
}

static int range_map(struct exec *x, const struct node *n, struct value map)
{
    size_t len;
    int rc = WALK_ON;
    const struct vmap_entry **sorted = vmap_sorted(map.map, x->cx->arena, &len);
    for (size_t i = 0; rc == WALK_ON && i < len; i++) {
        struct value element = sorted[i]->value;
        element.boxed = map.type != V_STRMAP && map.type != V_OBJECT;
        rc = iterate(x, n, v_str(sorted[i]->key.p, sorted[i]->key.n), element);
    }
    return rc;
}

static int range_number(struct exec *x, const struct node *n, struct value limit)
{
    int rc = WALK_ON;
    if (n->pipe->decls.len > 1)
        return exec_fail(x, "can't use %s to iterate over more than one variable", exec_text(x, limit));
    for (int64_t i = 0; rc == WALK_ON && i < limit.i; i++) {
        struct value element = limit;
        element.i = i;
        rc = iterate(x, n, v_invalid(), element);
    }
    return rc;
}

/* Objects that are maps or slices, as such. */
static struct value elements_of(struct exec *x, struct value v)
{
    if (v.type == V_OBJECT && v.object->type->elements)
        return v.object->type->elements(x->cx->arena, v.object->data);
    return v;
}

static int range_over(struct exec *x, struct value dot, const struct node *n, struct value v)
{
    enum vkind kind = value_kind(v);
    v = elements_of(x, v);
    bool empty = kind == K_INVALID || kind == K_INTERFACE ||
                 ((kind == K_MAP || kind == K_SLICE) && value_len(v) == 0) || (kind == K_INT && v.i <= 0) ||
                 (kind == K_UINT && v.u == 0);
    if (empty && kind <= K_UINT && kind >= K_INT && n->pipe->decls.len > 1)
        return range_number(x, n, v);
    if (empty)
        return n->branches[1] ? walk(x, dot, n->branches[1]) : WALK_ON;
    if (kind == K_MAP)
        return range_map(x, n, v);
    if (kind == K_SLICE)
        return range_list(x, n, v);
    if (kind == K_INT || kind == K_UINT)
        return range_number(x, n, v);
    return exec_fail(x, "range can't iterate over %s", exec_text(x, v));
}

static int walk_range(struct exec *x, struct value dot, const struct node *n)
{
    struct value v;
    size_t mark = x->frame->vars.len;
    int rc = eval_pipeline(x, dot, n->pipe, &v);
    if (rc < 0)
        return rc;
    v.boxed = false;
    rc = range_over(x, dot, n, v);
    x->frame->vars.len = mark;
    /* A break ends this range. One of the else branch does so too, as in Go. */
    return rc == WALK_BREAK ? WALK_ON : rc;
}

/* Runs a tree with `data` as dot and $, and no other variable. */
static int run_tree(struct exec *x, const struct tree *tree, struct value data, int depth)
{
    struct frame *outer = x->frame, *frame = ARENA_NEW(x->cx->arena, struct frame);
    *frame = (struct frame){ .tree = tree, .node = tree->root, .depth = depth };
    x->frame = frame;
    eval_push(x, (struct strv){ "$", 1 }, data);
    int rc = walk(x, data, tree->root);
    x->frame = outer;
    return rc < 0 ? rc : 0;
}

static int walk_template(struct exec *x, struct value dot, const struct node *n)
{
    struct value data = v_invalid();
    const struct tree *tree = template_set_find(x->set, n->target);
    if (!tree)
        return exec_fail(x, "template %s not defined", quote_go(x->cx->arena, n->target.p, n->target.n));
    if (x->frame->depth == TEMPLATE_DEPTH_MAX)
        return exec_fail(x, "exceeded maximum template depth (%d)", TEMPLATE_DEPTH_MAX);
    if (eval_pipeline(x, dot, n->pipe, &data) < 0)
        return err_code(x->cx);
    return run_tree(x, tree, data, x->frame->depth + 1);
}

static int walk(struct exec *x, struct value dot, const struct node *n)
{
    exec_at(x, n);
    switch (n->kind) {
    case NODE_ACTION:
        return walk_action(x, dot, n);
    case NODE_TEXT:
        buf_add(x->out, n->text.p, n->text.n);
        return buf_ok(x->cx, x->out, "what the template prints");
    case NODE_LIST:
        return walk_list(x, dot, n);
    case NODE_IF:
    case NODE_WITH:
        return walk_if_or_with(x, dot, n);
    case NODE_RANGE:
        return walk_range(x, dot, n);
    case NODE_TEMPLATE:
        return walk_template(x, dot, n);
    case NODE_BREAK:
        return WALK_BREAK;
    default:
        return WALK_CONTINUE;
    }
}

int exec_tree(struct exec *x, const struct tree *tree, struct value data)
{
    x->fault = NULL;
    return run_tree(x, tree, data, 0);
}

int exec_named(struct exec *x, struct strv name, struct value data)
{
    const struct tree *tree = template_set_find(x->set, name);
    if (tree)
        return exec_tree(x, tree, data);
    x->fault = ARENA_NEW(x->cx->arena, struct fault);
    x->fault->text = str_fmt(x->cx->arena, "template: no template %s associated with template \"gotpl\"",
                             quote_go(x->cx->arena, name.p, name.n));
    return err_fail(x->cx, ERR_INVALID, "%s", x->fault->text);
}
