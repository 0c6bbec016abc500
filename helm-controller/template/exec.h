/*
 * exec.h: running templates on data, as Go's text/template does.
 *
 * A set holds parsed templates by name; a child set sees its parent's and keeps its own definitions to itself, which is
 * what `tpl` needs. All memory is of the context's arena. Errors carry Go's text, its place included, and the chain of
 * errors that Helm takes apart again. One thread; run it where the stack is large (bigstack_call): templates may
 * nest 100,000 deep.
 */
#ifndef GOTK_HELM_TEMPLATE_EXEC_H
#define GOTK_HELM_TEMPLATE_EXEC_H

#include "helm-controller/template/function.h"
#include "helm-controller/template/node.h"
#include "helm-controller/template/value.h"
#include "libgotk/base/buf.h"
#include "libgotk/base/map.h"

#define EXEC_OUTPUT_MAX (512u << 20) /* bytes one template may print */

/* An error within an error, outermost first: what errors.Unwrap would give. */
struct fault {
    const char *text;
    struct fault *inner;
};

struct template_set {
    struct arena *arena;
    const struct template_set *parent;
    struct map trees; /* by name: struct tree */
    /* Asked for a name that is not there; may be NULL. */
    const struct tree *(*load)(void *user, const char *name);
    void *user;
};

struct variable {
    struct strv name;
    struct value value;
};

/* One template being executed. */
struct frame {
    const struct tree *tree;
    const struct node *node; /* where it is, for messages */
    VEC(struct variable) vars;
    int depth;
};

struct engine_host;

struct exec {
    struct ctx *cx;
    const struct template_set *set;
    struct buf *out;
    struct frame *frame;
    struct fault *fault;            /* of the last error; NULL when it came from no template */
    struct map *includes;           /* how often a name is being included now */
    int spilt;                      /* the error of a text that found no room and could not say so; 0: none */
    const struct engine_host *host; /* whom `lookup` asks; NULL: nobody */
};

/* An empty set; `parent` may be NULL. */
struct template_set *template_set_new(struct arena *a, const struct template_set *parent);
/* Adds the trees of one text: a later one replaces an earlier one of its name unless it is empty. */
void template_set_add(struct template_set *set, const struct tree_vec *trees);
const struct tree *template_set_find(const struct template_set *set, struct strv name);

/* Executes a tree on data; what it prints is appended to x->out. Fails with ERR_INVALID, the chain in x->fault. */
int exec_tree(struct exec *x, const struct tree *tree, struct value data) MUST_CHECK;
/* As Go's ExecuteTemplate: by name. */
int exec_named(struct exec *x, struct strv name, struct value data) MUST_CHECK;

#endif
