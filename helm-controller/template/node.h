/*
 * node.h: a parsed template as a tree.
 *
 * Made by the parser, walked by the executor, printed back for messages. Immutable once parsed; lives in the arena of
 * the set of templates. Private to helm-controller/template.
 */
#ifndef GOTK_HELM_TEMPLATE_NODE_H
#define GOTK_HELM_TEMPLATE_NODE_H

#include "libgotk/base/buf.h"
#include "libgotk/base/str.h"
#include "libgotk/base/vec.h"

#include <stdbool.h>
#include <stdint.h>

enum node_kind {
    NODE_TEXT,
    NODE_ACTION,
    NODE_IF,
    NODE_RANGE,
    NODE_WITH,
    NODE_TEMPLATE,
    NODE_BREAK,
    NODE_CONTINUE,
    NODE_END,  /* not in finished trees */
    NODE_ELSE, /* not in finished trees */
    NODE_LIST,
    NODE_PIPE,
    NODE_COMMAND,
    NODE_IDENTIFIER,
    NODE_FIELD,    /* .a.b: names a, b */
    NODE_VARIABLE, /* $x.a: names $x, a */
    NODE_CHAIN,    /* (pipe).a.b */
    NODE_DOT,
    NODE_NIL,
    NODE_BOOL,
    NODE_NUMBER,
    NODE_STRING,
};

struct node;
struct function;

/* There are very many of these: what one holds is exactly as long as it must be. */
struct node_list {
    struct node **at;
    size_t len;
};

struct name_list {
    struct strv *at;
    size_t len;
};

/* A literal may serve as several kinds of number. */
struct number {
    bool is_int, is_uint, is_float, is_complex;
    int64_t i;
    uint64_t u;
    double f;
    double imaginary; /* of a complex number, whose real part is f */
};

struct tree;

struct node {
    const struct tree *tree; /* of the file it was parsed from */
    uint32_t pos;            /* bytes from the start of its file's text */
    uint8_t kind;            /* enum node_kind */
    bool assigns;            /* NODE_PIPE: = instead of := */
    union {
        struct strv text;       /* NODE_TEXT; NODE_IDENTIFIER */
        struct node_list nodes; /* NODE_LIST; commands of NODE_PIPE; arguments of NODE_COMMAND */
        struct node
            *pipe; /* NODE_ACTION, NODE_IF, NODE_RANGE, NODE_WITH; NODE_TEMPLATE, where it may be NULL */
        struct node *base;     /* NODE_CHAIN */
        bool is_true;          /* NODE_BOOL */
        struct strv value;     /* NODE_STRING, unquoted */
        struct number *number; /* NODE_NUMBER */
    };
    union {
        struct name_list names;          /* NODE_FIELD, NODE_VARIABLE, NODE_CHAIN */
        struct node_list decls;          /* NODE_PIPE: the variables it sets */
        struct strv as_written;          /* NODE_STRING, NODE_NUMBER */
        struct strv target;              /* NODE_TEMPLATE: whose name it is */
        const struct function *function; /* NODE_IDENTIFIER */
        struct node *branches[2]; /* NODE_IF, NODE_RANGE, NODE_WITH: body and else, which may be NULL */
    };
};

/* One parsed text or definition. */
struct tree {
    struct strv name;       /* of the template */
    struct strv parse_name; /* of the text it stands in, for messages */
    struct strv text;
    struct node *root; /* a NODE_LIST */
};

VEC_NAMED(tree_vec, struct tree *); /* of one text: never two of a name */

/* Appends the node as Go prints it back: canonical spacing, literals as written. */
void node_print(struct buf *out, const struct node *n);
/* The same as text in `a`, at most 1 MiB. */
const char *node_text(struct arena *a, const struct node *n);
/* True when nothing but white space would come out: comments and definitions are no nodes. */
bool node_is_empty(const struct node *n);

#endif
