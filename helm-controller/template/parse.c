/*
 * parse.c: the parser of templates; the contract is in parse.h.
 *
 * Recursive descent over at most three tokens of look-ahead. The grammar stands in front of each function. One thread.
 */
#include "helm-controller/template/parse.h"

#include "helm-controller/template/function.h"
#include "helm-controller/template/lex.h"
#include "helm-controller/template/literal.h"
#include "libgotk/base/map.h"
#include "libgotk/base/quote.h"

#include <string.h>

#define CHECK_EACH        64    /* nodes */
#define DECLS_MAX         2     /* variables that a pipeline sets */
#define PAREN_DEPTH_MAX   10000 /* as Go */
#define CONTROL_DEPTH_MAX 10000 /* nested blocks: Go has no limit but its stack's */

VEC_NAMED(nodes, struct node *);
VEC_NAMED(names, struct strv);

struct parser {
    struct ctx *cx;
    struct lexer lex;
    struct token token[3]; /* look-ahead, the next one on top */
    size_t peeked;
    struct strv name; /* of the text */
    struct tree_vec trees;
    struct arena *nodes; /* where trees live */
    /* children and names of what is not complete yet, the innermost last */
    struct nodes open_nodes;
    struct names open_names;
    /* of the definition being parsed: */
    struct tree *tree;
    struct names vars;
    uint32_t action_line; /* 0: not in an action */
    int range_depth;
    int paren_depth;
    int control_depth;
    unsigned checks;
    const struct function *(*find)(struct strv name);
    struct map places; /* of trees by their quoted name, from 1, once they are more than a few */
};

#define TREES_FEW 16

/* Whether the work must stop, which is asked now and then: the clock takes longer than a node. */
static int check(struct parser *p)
{
    return p->checks++ % CHECK_EACH ? 0 : ctx_check(p->cx);
}

static struct token next(struct parser *p)
{
    if (p->peeked > 0)
        p->peeked--;
    else
        p->token[0] = lex_next(&p->lex);
    return p->token[p->peeked];
}

static void backup(struct parser *p)
{
    p->peeked++;
}

/* Puts tokens back in front of the one that was backed up or peeked at last. */
static void backup2(struct parser *p, struct token t1)
{
    p->token[1] = t1;
    p->peeked = 2;
}

static void backup3(struct parser *p, struct token t2, struct token t1)
{
    p->token[1] = t1;
    p->token[2] = t2;
    p->peeked = 3;
}

static struct token peek(struct parser *p)
{
    if (p->peeked > 0)
        return p->token[p->peeked - 1];
    p->peeked = 1;
    p->token[0] = lex_next(&p->lex);
    return p->token[0];
}

static struct token next_non_space(struct parser *p)
{
    struct token t;
    do
        t = next(p);
    while (t.kind == TOKEN_SPACE);
    return t;
}

static struct token peek_non_space(struct parser *p)
{
    struct token t = next_non_space(p);
    backup(p);
    return t;
}

static int fail(struct parser *p, const char *fmt, ...) PRINTF_LIKE(2, 3);
static int fail(struct parser *p, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    const char *message = str_vfmt(p->cx->arena, fmt, args);
    va_end(args);
    return err_fail(p->cx, ERR_INVALID, "template: %.*s:%u: %s", (int)p->name.n, p->name.p, p->token[0].line,
                    message);
}

static int unexpected(struct parser *p, struct token t, const char *context)
{
    struct arena *a = p->cx->arena;
    const char *text = token_text(a, &t), *extra = "";
    if (t.kind != TOKEN_ERROR)
        return fail(p, "unexpected %s in %s", text, context);
    if (p->action_line != 0 && p->action_line != t.line)
        extra = str_fmt(a, "%s started at %.*s:%u", str_ends(text, " action") ? "" : " in action",
                        (int)p->name.n, p->name.p, p->action_line);
    return fail(p, "%s%s", text, extra);
}

static int expect(struct parser *p, enum token_kind kind, const char *context, struct token *ret)
{
    *ret = next_non_space(p);
    return ret->kind == kind ? 0 : unexpected(p, *ret, context);
}

static struct node *new_node(struct parser *p, enum node_kind kind, uint32_t pos)
{
    struct node *n = ARENA_NEW(p->nodes, struct node);
    n->kind = (uint8_t)kind;
    n->pos = pos;
    n->tree = p->tree;
    return n;
}

static bool same(struct strv a, struct strv b)
{
    return a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

/* Ends a list of nodes that began at `from` of the open ones. */
static struct node_list close_nodes(struct parser *p, size_t from)
{
    struct node_list list = { NULL, p->open_nodes.len - from };
    if (list.len) {
        list.at = arena_alloc_raw(p->nodes, list.len * sizeof(*list.at));
        memcpy(list.at, p->open_nodes.at + from, list.len * sizeof(*list.at));
    }
    p->open_nodes.len = from;
    return list;
}

static struct name_list close_names(struct parser *p, size_t from)
{
    struct name_list list = { NULL, p->open_names.len - from };
    if (list.len) {
        list.at = arena_alloc_raw(p->nodes, list.len * sizeof(*list.at));
        memcpy(list.at, p->open_names.at + from, list.len * sizeof(*list.at));
    }
    p->open_names.len = from;
    return list;
}

/* Opens the parts between dots; the first may be empty and is skipped then. */
static void split_names(struct parser *p, struct strv text)
{
    const char *end = text.p + text.n;
    for (const char *from = text.p, *dot; from <= end; from = dot + 1) {
        dot = memchr(from, '.', (size_t)(end - from));
        dot = dot ? dot : end;
        if (dot > from || from > text.p)
            vec_push(p->nodes, &p->open_names, (struct strv){ from, (size_t)(dot - from) });
    }
}

static struct node *new_named(struct parser *p, enum node_kind kind, struct token t)
{
    struct node *n = new_node(p, kind, t.pos);
    size_t from = p->open_names.len;
    split_names(p, t.value);
    n->names = close_names(p, from);
    return n;
}

static const char *key_of(const struct parser *p, struct strv name)
{
    return quote_go(p->nodes, name.p, name.n);
}

/* Where the tree of a name is among those there are; NULL: nowhere. */
static struct tree **find_tree(const struct parser *p, struct strv name)
{
    if (p->trees.len > TREES_FEW) {
        uintptr_t place = (uintptr_t)map_find(&p->places, key_of(p, name));
        return place ? &p->trees.at[place - 1] : NULL;
    }
    for (size_t i = 0; i < p->trees.len; i++)
        if (same(p->trees.at[i]->name, name))
            return &p->trees.at[i];
    return NULL;
}

static void push_tree(struct parser *p, struct tree *tree)
{
    vec_push(p->nodes, &p->trees, tree);
    if (p->trees.len <= TREES_FEW)
        return;
    bool first = p->trees.len == TREES_FEW + 1;
    if (first)
        p->places = map_new(p->nodes);
    for (size_t i = first ? 0 : p->trees.len - 1; i < p->trees.len; i++)
        map_set(&p->places, key_of(p, p->trees.at[i]->name), (void *)(uintptr_t)(i + 1));
}

/* A tree replaces an empty one of its name; two that are not empty are a mistake. */
static int add_tree(struct parser *p, struct tree *tree)
{
    struct tree **old = find_tree(p, tree->name);
    if (!old)
        push_tree(p, tree);
    else if (node_is_empty((*old)->root))
        *old = tree;
    else if (!node_is_empty(tree->root))
        return fail(p, "template: multiple definition of template %s",
                    quote_go(p->cx->arena, tree->name.p, tree->name.n));
    return 0;
}

static int parse_pipeline(struct parser *p, const char *context, enum token_kind end, struct node **ret);
static int parse_list(struct parser *p, struct node **ret_list, struct node **ret_end);

/* A variable must have been declared. */
static int use_variable(struct parser *p, struct token t, struct node **ret)
{
    struct node *n = new_named(p, NODE_VARIABLE, t);
    ASSERT(n->names.len && n->names.at);
    const struct strv name = n->names.at[0];
    for (size_t i = 0; i < p->vars.len; i++) {
        if (same(p->vars.at[i], name)) {
            *ret = n;
            return 0;
        }
    }
    return fail(p, "undefined variable %s", quote_go(p->cx->arena, name.p, name.n));
}

static int take_number(struct parser *p, struct token t, struct node **ret)
{
    struct node *n = new_node(p, NODE_NUMBER, t.pos);
    n->as_written = t.value;
    n->number = ARENA_NEW(p->nodes, struct number);
    if (literal_number(p->cx, t.value, (int)t.kind, n->number) < 0)
        return fail(p, "%s", err_message(p->cx));
    *ret = n;
    return 0;
}

static int take_string(struct parser *p, struct token t, struct node **ret)
{
    struct node *n = new_node(p, NODE_STRING, t.pos);
    n->as_written = t.value;
    if (!quote_undo(p->cx->arena, t.value, &n->value))
        return fail(p, "invalid syntax");
    *ret = n;
    return 0;
}

static int take_identifier(struct parser *p, struct token t, struct node **ret)
{
    const struct function *function = p->find(t.value);
    if (!function)
        return fail(p, "function %s not defined", quote_go(p->cx->arena, t.value.p, t.value.n));
    *ret = new_node(p, NODE_IDENTIFIER, t.pos);
    (*ret)->text = t.value;
    (*ret)->function = function;
    return 0;
}

static int take_parenthesized(struct parser *p, struct node **ret)
{
    if (p->paren_depth >= PAREN_DEPTH_MAX)
        return fail(p, "max expression depth exceeded");
    p->paren_depth++;
    int rc = parse_pipeline(p, "parenthesized pipeline", TOKEN_RIGHT_PAREN, ret);
    p->paren_depth--;
    return rc;
}

/* term: literal | function | . | .Field | $variable | ( pipeline ). *ret is NULL when none follows. */
static int parse_term(struct parser *p, struct node **ret)
{
    struct token t = next_non_space(p);
    *ret = NULL;
    switch (t.kind) {
    case TOKEN_IDENTIFIER:
        return take_identifier(p, t, ret);
    case TOKEN_DOT:
    case TOKEN_NIL:
        *ret = new_node(p, t.kind == TOKEN_DOT ? NODE_DOT : NODE_NIL, t.pos);
        return 0;
    case TOKEN_VARIABLE:
        return use_variable(p, t, ret);
    case TOKEN_FIELD:
        *ret = new_named(p, NODE_FIELD, t);
        return 0;
    case TOKEN_BOOL:
        *ret = new_node(p, NODE_BOOL, t.pos);
        (*ret)->is_true = t.value.p[0] == 't';
        return 0;
    case TOKEN_RUNE:
    case TOKEN_COMPLEX:
    case TOKEN_NUMBER:
        return take_number(p, t, ret);
    case TOKEN_LEFT_PAREN:
        return take_parenthesized(p, ret);
    case TOKEN_STRING:
    case TOKEN_RAW_STRING:
        return take_string(p, t, ret);
    default:
        backup(p);
        return 0;
    }
}

static bool is_literal(const struct node *n)
{
    return n->kind == NODE_BOOL || n->kind == NODE_STRING || n->kind == NODE_NUMBER || n->kind == NODE_NIL ||
           n->kind == NODE_DOT;
}

/* The fields behind a term. Fields and variables take them themselves. */
static int parse_chain(struct parser *p, struct node *term, struct node **ret)
{
    struct node *chain = new_node(p, NODE_CHAIN, peek(p).pos);
    size_t from = p->open_names.len;
    bool joins = term->kind == NODE_FIELD || term->kind == NODE_VARIABLE;
    if (joins) {
        chain->kind = term->kind;
        for (size_t i = 0; i < term->names.len; i++)
            vec_push(p->nodes, &p->open_names, term->names.at[i]);
    } else {
        chain->base = term;
    }
    while (peek(p).kind == TOKEN_FIELD)
        split_names(p, next(p).value);
    chain->names = close_names(p, from);
    if (is_literal(term)) {
        const char *text = node_text(p->cx->arena, term);
        return fail(p, "unexpected . after term %s", quote_go(p->cx->arena, text, strlen(text)));
    }
    *ret = chain;
    return 0;
}

/* operand: term .Field* */
static int parse_operand(struct parser *p, struct node **ret)
{
    if (parse_term(p, ret) < 0)
        return err_code(p->cx);
    return *ret && peek(p).kind == TOKEN_FIELD ? parse_chain(p, *ret, ret) : 0;
}

/* command: operand (space operand)*, up to a pipe, which is taken, or an end, which is not. */
static int parse_command(struct parser *p, struct node **ret)
{
    struct node *command = new_node(p, NODE_COMMAND, peek_non_space(p).pos);
    size_t from = p->open_nodes.len;
    for (;;) {
        struct node *operand;
        peek_non_space(p);
        if (parse_operand(p, &operand) < 0)
            return err_code(p->cx);
        if (operand)
            vec_push(p->nodes, &p->open_nodes, operand);
        struct token t = next(p);
        if (t.kind == TOKEN_SPACE)
            continue;
        if (t.kind == TOKEN_RIGHT_DELIM || t.kind == TOKEN_RIGHT_PAREN)
            backup(p);
        else if (t.kind != TOKEN_PIPE)
            return unexpected(p, t, "operand");
        break;
    }
    command->nodes = close_nodes(p, from);
    if (command->nodes.len == 0)
        return fail(p, "empty command");
    *ret = command;
    return 0;
}

static void declare(struct parser *p, struct node *pipe, struct token variable)
{
    if (!pipe->decls.len)
        pipe->decls.at = ARENA_ARRAY(p->nodes, struct node *, DECLS_MAX);
    ASSERT(pipe->decls.len < DECLS_MAX);
    pipe->decls.at[pipe->decls.len++] = new_named(p, NODE_VARIABLE, variable);
    vec_push(p->nodes, &p->vars, variable.value);
}

/* Behind "$x,": only range may set two variables. */
static int after_comma(struct parser *p, struct node *pipe, const char *context)
{
    if (!str_eq(context, "range") || pipe->decls.len >= DECLS_MAX)
        return fail(p, "too many declarations in %s", context);
    enum token_kind kind = peek_non_space(p).kind;
    if (kind != TOKEN_VARIABLE && kind != TOKEN_RIGHT_DELIM && kind != TOKEN_RIGHT_PAREN)
        return fail(p, "range can only initialize variables");
    return 0;
}

/* declarations: $x := | $x = | $i, $x := ; a variable that is none of these is put back. */
static int parse_declarations(struct parser *p, struct node *pipe, const char *context)
{
    for (;;) {
        struct token variable = peek_non_space(p);
        if (variable.kind != TOKEN_VARIABLE)
            return 0;
        next(p);
        struct token after = peek(p), t = peek_non_space(p);
        if (t.kind == TOKEN_ASSIGN || t.kind == TOKEN_DECLARE) {
            pipe->assigns = t.kind == TOKEN_ASSIGN;
            next_non_space(p);
            declare(p, pipe, variable);
            return 0;
        }
        if (t.kind == TOKEN_CHAR && t.value.p[0] == ',') {
            next_non_space(p);
            declare(p, pipe, variable);
            if (after_comma(p, pipe, context) < 0)
                return err_code(p->cx);
            continue;
        }
        if (after.kind == TOKEN_SPACE)
            backup3(p, variable, after);
        else
            backup2(p, variable);
        return 0;
    }
}

static int check_pipeline(struct parser *p, const struct node *pipe, const char *context)
{
    if (pipe->nodes.len == 0)
        return fail(p, "missing value for %s", context);
    for (size_t i = 1; i < pipe->nodes.len; i++)
        if (is_literal(pipe->nodes.at[i]->nodes.at[0]))
            return fail(p, "non executable command in pipeline stage %zu", i + 1);
    return 0;
}

static bool starts_operand(enum token_kind kind)
{
    static const enum token_kind kinds[] = {
        TOKEN_BOOL,   TOKEN_RUNE, TOKEN_COMPLEX,    TOKEN_DOT,    TOKEN_FIELD,    TOKEN_IDENTIFIER,
        TOKEN_NUMBER, TOKEN_NIL,  TOKEN_RAW_STRING, TOKEN_STRING, TOKEN_VARIABLE, TOKEN_LEFT_PAREN,
    };
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (kinds[i] == kind)
            return true;
    return false;
}

/* pipeline: declarations? command ('|' command)* end */
static int parse_pipeline(struct parser *p, const char *context, enum token_kind end, struct node **ret)
{
    struct token first = peek_non_space(p);
    struct node *pipe = new_node(p, NODE_PIPE, first.pos);
    size_t from = p->open_nodes.len;
    if (parse_declarations(p, pipe, context) < 0)
        return err_code(p->cx);
    for (;;) {
        struct node *command;
        struct token t = next_non_space(p);
        if (t.kind == end)
            break;
        if (!starts_operand(t.kind))
            return unexpected(p, t, context);
        backup(p);
        if (parse_command(p, &command) < 0)
            return err_code(p->cx);
        vec_push(p->nodes, &p->open_nodes, command);
    }
    pipe->nodes = close_nodes(p, from);
    *ret = pipe;
    return check_pipeline(p, pipe, context);
}

static int parse_control(struct parser *p, enum node_kind kind, struct node **ret);

/* Behind {{else}}: its list and {{end}}, or the "if" or "with" of an else-chain, which has its own end. */
static int parse_else(struct parser *p, enum node_kind kind, const struct node *mark, struct node **ret)
{
    struct node *end = NULL, *chained = NULL;
    enum token_kind chain = kind == NODE_IF ? TOKEN_IF : kind == NODE_WITH ? TOKEN_WITH : TOKEN_ERROR;
    if (chain != TOKEN_ERROR && peek(p).kind == chain) {
        next(p);
        *ret = new_node(p, NODE_LIST, mark->pos);
        if (parse_control(p, kind, &chained) < 0)
            return err_code(p->cx);
        vec_push(p->nodes, &p->open_nodes, chained);
        (*ret)->nodes = close_nodes(p, p->open_nodes.len - 1);
        return 0;
    }
    if (parse_list(p, ret, &end) < 0)
        return err_code(p->cx);
    ASSERT(end);
    return end->kind == NODE_END ? 0 : fail(p, "expected end; found %s", node_text(p->cx->arena, end));
}

/* if, range, with: pipeline }} list [{{else}} list] {{end}} */
static int parse_branches(struct parser *p, enum node_kind kind, const char *context, struct node **ret)
{
    struct node *n = new_node(p, kind, 0), *end = NULL;
    if (parse_pipeline(p, context, TOKEN_RIGHT_DELIM, &n->pipe) < 0)
        return err_code(p->cx);
    n->pos = n->pipe->pos;
    p->range_depth += kind == NODE_RANGE;
    if (parse_list(p, &n->branches[0], &end) < 0)
        return err_code(p->cx);
    ASSERT(end);
    p->range_depth -= kind == NODE_RANGE;
    *ret = n;
    return end->kind == NODE_ELSE ? parse_else(p, kind, end, &n->branches[1]) : 0;
}

static int parse_control(struct parser *p, enum node_kind kind, struct node **ret)
{
    size_t vars = p->vars.len;
    if (++p->control_depth > CONTROL_DEPTH_MAX)
        return fail(p, "blocks are nested deeper than %d", CONTROL_DEPTH_MAX);
    int rc = parse_branches(p, kind, kind == NODE_IF ? "if" : kind == NODE_RANGE ? "range" : "with", ret);
    p->control_depth--;
    p->vars.len = vars;
    return rc;
}

/* {{break}} and {{continue}} */
static int parse_jump(struct parser *p, struct token word, struct node **ret)
{
    const char *context = word.kind == TOKEN_BREAK ? "{{break}}" : "{{continue}}";
    struct token t;
    if (expect(p, TOKEN_RIGHT_DELIM, context, &t) < 0)
        return err_code(p->cx);
    if (p->range_depth == 0)
        return fail(p, "%s outside {{range}}", context);
    *ret = new_node(p, word.kind == TOKEN_BREAK ? NODE_BREAK : NODE_CONTINUE, word.pos);
    return 0;
}

static int parse_end(struct parser *p, struct token word, struct node **ret)
{
    struct token t = peek_non_space(p);
    bool is_else = word.kind == TOKEN_ELSE;
    bool chain = is_else && (t.kind == TOKEN_IF || t.kind == TOKEN_WITH);
    if (!chain && expect(p, TOKEN_RIGHT_DELIM, is_else ? "else" : "end", &t) < 0)
        return err_code(p->cx);
    *ret = new_node(p, is_else ? NODE_ELSE : NODE_END, t.pos);
    return 0;
}

static int parse_name(struct parser *p, struct token t, const char *context, struct strv *ret)
{
    if (t.kind != TOKEN_STRING && t.kind != TOKEN_RAW_STRING)
        return unexpected(p, t, context);
    return quote_undo(p->cx->arena, t.value, ret) ? 0 : fail(p, "invalid syntax");
}

/* Parses the body of a definition up to its {{end}} with variables and a range depth of its own. */
static int parse_body(struct parser *p, struct strv name, const char *context)
{
    struct parser outer = *p;
    struct node *end = NULL;
    p->tree = ARENA_NEW(p->nodes, struct tree);
    *p->tree = (struct tree){ .name = name, .parse_name = outer.tree->parse_name, .text = outer.tree->text };
    p->vars = (struct names){ 0 };
    vec_push(p->nodes, &p->vars, (struct strv){ "$", 1 });
    p->range_depth = p->paren_depth = 0;
    p->action_line = 0;
    if (parse_list(p, &p->tree->root, &end) < 0)
        return err_code(p->cx);
    if (end->kind != NODE_END && strcmp(context, "block clause") == 0)
        p->token[0].line = outer.token[0].line; /* Go tells it from outside */
    if (end->kind != NODE_END)
        return fail(p, "unexpected %s in %s", node_text(p->cx->arena, end), context);
    if (add_tree(p, p->tree) < 0)
        return err_code(p->cx);
    p->tree = outer.tree;
    p->vars = outer.vars;
    p->range_depth = outer.range_depth;
    p->paren_depth = outer.paren_depth;
    p->action_line = outer.action_line;
    return 0;
}

/* {{define "name"}} body {{end}} */
static int parse_definition(struct parser *p)
{
    static const char context[] = "define clause";
    struct strv name;
    struct token t;
    if (parse_name(p, next_non_space(p), context, &name) < 0 || expect(p, TOKEN_RIGHT_DELIM, context, &t) < 0)
        return err_code(p->cx);
    return parse_body(p, name, context);
}

/* {{block "name" pipeline}} body {{end}} */
static int parse_block(struct parser *p, struct node **ret)
{
    static const char context[] = "block clause";
    struct token t = next_non_space(p);
    struct node *n = new_node(p, NODE_TEMPLATE, t.pos);
    if (parse_name(p, t, context, &n->target) < 0 ||
        parse_pipeline(p, context, TOKEN_RIGHT_DELIM, &n->pipe) < 0 || parse_body(p, n->target, context) < 0)
        return err_code(p->cx);
    *ret = n;
    return 0;
}

/* {{template "name" pipeline?}} */
static int parse_invocation(struct parser *p, struct node **ret)
{
    static const char context[] = "template clause";
    struct token t = next_non_space(p);
    struct node *n = new_node(p, NODE_TEMPLATE, t.pos);
    if (parse_name(p, t, context, &n->target) < 0)
        return err_code(p->cx);
    *ret = n;
    if (next_non_space(p).kind == TOKEN_RIGHT_DELIM)
        return 0;
    backup(p);
    return parse_pipeline(p, context, TOKEN_RIGHT_DELIM, &n->pipe);
}

/* action: control | pipeline; the left delimiter was taken. */
static int parse_action(struct parser *p, struct node **ret)
{
    struct token t = next_non_space(p);
    switch (t.kind) {
    case TOKEN_BLOCK:
        return parse_block(p, ret);
    case TOKEN_BREAK:
    case TOKEN_CONTINUE:
        return parse_jump(p, t, ret);
    case TOKEN_ELSE:
    case TOKEN_END:
        return parse_end(p, t, ret);
    case TOKEN_IF:
        return parse_control(p, NODE_IF, ret);
    case TOKEN_RANGE:
        return parse_control(p, NODE_RANGE, ret);
    case TOKEN_WITH:
        return parse_control(p, NODE_WITH, ret);
    case TOKEN_TEMPLATE:
        return parse_invocation(p, ret);
    default:
        backup(p);
        t = peek(p);
        *ret = new_node(p, NODE_ACTION, t.pos);
        return parse_pipeline(p, "command", TOKEN_RIGHT_DELIM, &(*ret)->pipe);
    }
}

static int parse_text_or_action(struct parser *p, struct node **ret)
{
    struct token t = next_non_space(p);
    if (t.kind == TOKEN_TEXT) {
        *ret = new_node(p, NODE_TEXT, t.pos);
        (*ret)->text = t.value;
        return 0;
    }
    if (t.kind != TOKEN_LEFT_DELIM)
        return unexpected(p, t, "input");
    p->action_line = t.line;
    int rc = parse_action(p, ret);
    p->action_line = 0;
    return rc;
}

/* list: (text | action)* up to {{end}} or {{else}}, which comes back in *ret_end. */
static int parse_list(struct parser *p, struct node **ret_list, struct node **ret_end)
{
    struct token first = peek_non_space(p);
    size_t from = p->open_nodes.len;
    *ret_list = new_node(p, NODE_LIST, first.pos);
    while (peek_non_space(p).kind != TOKEN_EOF) {
        struct node *n = NULL;
        if (parse_text_or_action(p, &n) < 0 || check(p) < 0)
            return err_code(p->cx);
        ASSERT(n);
        if (n->kind == NODE_END || n->kind == NODE_ELSE) {
            (*ret_list)->nodes = close_nodes(p, from);
            *ret_end = n;
            return 0;
        }
        vec_push(p->nodes, &p->open_nodes, n);
    }
    return fail(p, "unexpected EOF");
}

/* A definition at the top level; *ret_done tells whether there was one. */
static int try_definition(struct parser *p, bool *ret_done)
{
    *ret_done = false;
    if (peek(p).kind != TOKEN_LEFT_DELIM)
        return 0;
    struct token delim = next(p);
    *ret_done = next_non_space(p).kind == TOKEN_DEFINE;
    if (*ret_done)
        return parse_definition(p);
    backup2(p, delim);
    return 0;
}

/* The whole text. */
static int parse_top(struct parser *p)
{
    p->tree->root = new_node(p, NODE_LIST, peek(p).pos);
    while (peek(p).kind != TOKEN_EOF) {
        struct node *n = NULL;
        bool done;
        if (try_definition(p, &done) < 0)
            return err_code(p->cx);
        if (done)
            continue;
        if (parse_text_or_action(p, &n) < 0 || check(p) < 0)
            return err_code(p->cx);
        ASSERT(n);
        if (n->kind == NODE_END || n->kind == NODE_ELSE)
            return fail(p, "unexpected %s", node_text(p->cx->arena, n));
        vec_push(p->nodes, &p->open_nodes, n);
    }
    p->tree->root->nodes = close_nodes(p, 0);
    return add_tree(p, p->tree);
}

static int parse(struct parser *p, struct strv text, struct tree_vec *ret_trees)
{
    p->tree = ARENA_NEW(p->nodes, struct tree);
    *p->tree = (struct tree){ .name = p->name, .parse_name = p->name, .text = text };
    p->lex = lex_new(p->cx->arena, text.p, text.n);
    vec_push(p->nodes, &p->vars, (struct strv){ "$", 1 });
    if (parse_top(p) < 0)
        return err_code(p->cx);
    *ret_trees = p->trees;
    return 0;
}

int parse_template_into(struct ctx *cx, struct arena *nodes, struct strv name, struct strv text,
                        struct tree_vec *ret_trees)
{
    struct parser p = { .cx = cx, .nodes = nodes, .name = name, .find = function_find };
    return parse(&p, text, ret_trees);
}

int parse_plain(struct ctx *cx, struct strv name, struct strv text, struct tree_vec *ret_trees)
{
    struct parser p = { .cx = cx, .nodes = cx->arena, .name = name, .find = function_find_plain };
    return parse(&p, text, ret_trees);
}

int parse_template(struct ctx *cx, struct strv name, struct strv text, struct tree_vec *ret_trees)
{
    return parse_template_into(cx, cx->arena, name, text, ret_trees);
}
