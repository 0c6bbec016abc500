/*
 * eval.c: the values of pipelines, commands, fields and arguments, in the order and with the refusals of Go.
 */
#include "helm-controller/template/exec_parts.h"
#include "helm-controller/template/object.h"

#include <limits.h>

/* The last argument that a pipe brings; none is not the same as no value. */
struct final {
    bool given;
    struct value value;
};

/* How a parameter's letter is spelled in messages, and which values it takes. */
struct parameter {
    const char *type;
    bool (*accepts)(struct value v);
    char letter;
    bool nilable;
};

static bool accepts_all(struct value v UNUSED)
{
    return true;
}

static bool accepts_none(struct value v UNUSED)
{
    return false;
}

#define ACCEPTS(name, test)                                                                                  \
    static bool accepts_##name(struct value v)                                                               \
    {                                                                                                        \
        return test;                                                                                         \
    }
ACCEPTS(string, v.type == V_STRING)
ACCEPTS(int, v.type == V_INT)
ACCEPTS(uint32, v.type == V_UINT32)
ACCEPTS(bool, v.type == V_BOOL)
ACCEPTS(float, v.type == V_FLOAT64)
ACCEPTS(dict, value_is_dict(v))
ACCEPTS(list, v.type == V_LIST)
ACCEPTS(bytes, v.type == V_BYTES)
ACCEPTS(duration, v.type == V_DURATION)
ACCEPTS(location, v.type == V_OBJECT && strcmp(v.object->type->name, "*time.Location") == 0)
ACCEPTS(time, v.type == V_OBJECT && strcmp(v.object->type->name, "time.Time") == 0)
ACCEPTS(version, v.type == V_OBJECT && strcmp(v.object->type->name, "*semver.Version") == 0)
ACCEPTS(certificate, v.type == V_OBJECT && strcmp(v.object->type->name, "sprig.certificate") == 0)

static const struct parameter parameters[] = {
    { "interface {}", accepts_all, 'a', true },
    { "reflect.Value", accepts_all, 'r', true },
    { "string", accepts_string, 's', false },
    { "int", accepts_int, 'i', false },
    { "uint32", accepts_uint32, 'u', false },
    { "bool", accepts_bool, 'b', false },
    { "float64", accepts_float, 'f', false },
    { "map[string]interface {}", accepts_dict, 'd', true },
    { "[]interface {}", accepts_list, 'l', true },
    { "[]uint8", accepts_bytes, 'y', true },
    { "time.Time", accepts_time, 't', false },
    { "time.Duration", accepts_duration, 'n', false },
    { "*time.Location", accepts_location, 'o', true },
    { "sprig.certificate", accepts_certificate, 'c', false },
    { "*semver.Version", accepts_version, 'v', true },
    { "io.Writer", accepts_none, 'w', true },
};

static const struct parameter *parameter_of(char letter)
{
    for (size_t i = 0; i < ARRAY_LEN(parameters); i++)
        if (parameters[i].letter == letter)
            return &parameters[i];
    ASSERT(!"a function's parameters are spelled with unknown letters");
    return NULL;
}

/* The zero of a parameter that nil may be passed for. */
static struct value zero_of(const struct parameter *p)
{
    if (p->letter == 'd')
        return v_map(NULL);
    if (p->letter == 'l')
        return v_list(V_LIST, NULL);
    if (p->letter == 'y')
        return (struct value){ .type = V_BYTES };
    return p->letter == 'r' ? v_invalid() : v_nil();
}

void eval_push(struct exec *x, struct strv name, struct value value)
{
    struct variable v = { name, value };
    vec_push(x->cx->arena, &x->frame->vars, v);
}

static struct variable *find_variable(struct exec *x, struct strv name)
{
    for (size_t i = x->frame->vars.len; i > 0; i--) {
        struct variable *v = &x->frame->vars.at[i - 1];
        if (v->name.n == name.n && memcmp(v->name.p, name.p, name.n) == 0)
            return v;
    }
    return NULL;
}

int eval_set(struct exec *x, struct strv name, struct value value)
{
    struct variable *v = find_variable(x, name);
    if (!v)
        return exec_fail(x, "undefined variable: %.*s", (int)name.n, name.p);
    v->value = value;
    return 0;
}

/* The value as a parameter takes it, or Go's refusal. */
static int validate(struct exec *x, struct value v, const struct parameter *p, struct value *ret)
{
    if (v.type == V_INVALID) {
        if (!p->nilable)
            return exec_fail(x, "invalid value; expected %s", p->type);
        *ret = zero_of(p);
        return 0;
    }
    if (!p->accepts(v))
        return exec_fail(x, "wrong type for value; expected %s; got %s", p->type,
                         v.type == V_NIL ? "interface {}" : value_type_name(v));
    *ret = v;
    ret->addressable = v.addressable && p->letter != 'a'; /* an interface holds a copy */
    return 0;
}

/* A number where any type will do: its spelling decides. */
static int ideal_constant(struct exec *x, const struct node *n, struct value *ret)
{
    const struct number *c = n->number;
    struct strv text = n->as_written;
    bool rune = text.n > 0 && text.p[0] == '\'', point = false, exponent = false;
    bool hex = text.n > 2 && text.p[0] == '0' && (text.p[1] | 0x20) == 'x';
    exec_at(x, n);
    for (size_t i = 0; i < text.n; i++) {
        point = point || strchr(".eEpP", text.p[i]);
        exponent = exponent || (text.p[i] | 0x20) == 'p';
    }
    if (c->is_complex) {
        struct complex_number *z = ARENA_NEW(x->cx->arena, struct complex_number);
        *z = (struct complex_number){ c->f, c->imaginary };
        *ret = (struct value){ .type = V_COMPLEX, .c = z };
    } else if (c->is_float && !(hex && !exponent) && !rune && point) {
        *ret = v_float(c->f);
    } else if (c->is_int) {
        *ret = v_int(c->i);
    } else if (c->is_uint) {
        return exec_fail(x, "%.*s overflows int", (int)text.n, text.p);
    } else {
        *ret = v_invalid();
    }
    return 0;
}

static int eval_command(struct exec *x, struct value dot, const struct node *command, struct final final,
                        struct value *ret);

int eval_pipeline(struct exec *x, struct value dot, const struct node *pipe, struct value *ret)
{
    struct final value = { 0 };
    *ret = v_invalid();
    if (!pipe)
        return 0;
    exec_at(x, pipe);
    for (size_t i = 0; i < pipe->nodes.len; i++) {
        if (eval_command(x, dot, pipe->nodes.at[i], value, &value.value) < 0)
            return err_code(x->cx);
        value.given = true;
        if (value.value.boxed)
            value.value = value_unboxed(value.value);
    }
    for (size_t i = 0; i < pipe->decls.len; i++) {
        struct strv name = pipe->decls.at[i]->names.at[0];
        if (!pipe->assigns)
            eval_push(x, name, value.value);
        else if (eval_set(x, name, value.value) < 0)
            return err_code(x->cx);
    }
    *ret = value.value;
    return 0;
}

/* The operands of a call: a command's arguments behind its first word. */
struct operands {
    struct node *const *at;
    size_t n;
};

static int eval_argument(struct exec *x, struct value dot, const struct parameter *p, const struct node *n,
                         struct value *ret);

/* The and and or of a pipeline stop at the argument that decides. */
static int call_logic(struct exec *x, struct value dot, bool is_or, struct operands args, struct final final,
                      struct value *ret)
{
    const struct parameter *any = parameter_of('r');
    for (size_t i = 0; i < args.n; i++) {
        if (eval_argument(x, dot, any, args.at[i], ret) < 0)
            return err_code(x->cx);
        if (value_is_true(*ret) == is_or)
            return 0;
    }
    if (final.given)
        *ret = final.value;
    return 0;
}

/* The parameter for argument i, and how many arguments there must be at least. */
static const struct parameter *parameter_at(const char *params, size_t i, size_t fixed)
{
    return parameter_of(params[i < fixed ? i : fixed]);
}

static int check_count(struct exec *x, const char *name, const char *params, struct operands args,
                       struct final final, size_t *ret_fixed)
{
    size_t len = strlen(params), given = args.n + final.given;
    bool variadic = len > 0 && params[len - 1] == '*';
    *ret_fixed = variadic ? len - 2 : len;
    if (variadic && given < *ret_fixed)
        return exec_fail(x, "wrong number of args for %s: want at least %zu got %zu", name, *ret_fixed,
                         args.n);
    if (!variadic && given != len)
        return exec_fail(x, "wrong number of args for %s: want %zu got %zu", name, len, given);
    return 0;
}

/* Evaluates the arguments and calls. `receiver` is passed first when it is given. */
static int call(struct exec *x, struct value dot, const struct function *f, const struct value *receiver,
                const struct node *n, struct operands args, struct final final, struct value *ret)
{
    size_t fixed, first = receiver != NULL, total = first + args.n + final.given;
    if (check_count(x, f->name, f->call ? f->params : "", args, final, &fixed) < 0)
        return err_code(x->cx);
    if (!f->call)
        return exec_fail(x, "%s", f->params);
    struct value *argv = ARENA_ARRAY(x->cx->arena, struct value, total + 1);
    if (receiver)
        argv[0] = *receiver;
    for (size_t i = 0; i < args.n; i++)
        if (eval_argument(x, dot, parameter_at(f->params, i, fixed), args.at[i], &argv[first + i]) < 0)
            return err_code(x->cx);
    if (final.given && validate(x, final.value, parameter_at(f->params, args.n, fixed), &argv[total - 1]) < 0)
        return err_code(x->cx);
    x->fault = NULL;
    if (f->call(x, argv, total, ret) >= 0 && !x->spilt)
        return 0;
    exec_at(x, n);
    return exec_fail_call(x, f->name);
}

/* What reflect.Value.String makes of a value. */
static const char *reflected(struct exec *x, struct value v)
{
    if (value_kind(v) == K_STRING)
        return exec_text(x, v);
    return str_fmt(x->cx->arena, "<%s Value>", value_type_name(v));
}

/* `call`, which no value of a chart can satisfy. Its name for the callee is the node as written, or what was piped. */
static int call_call(struct exec *x, struct value dot, const struct node *n, struct operands args,
                     struct final final)
{
    struct value callee = final.value, ignored;
    const char *name = args.n ? node_text(x->cx->arena, args.at[0]) : reflected(x, final.value);
    if (args.n + final.given < 1)
        return exec_fail(x, "wrong number of args for call: want at least 1 got 0");
    for (size_t i = 0; i < args.n; i++)
        if (eval_argument(x, dot, parameter_of('r'), args.at[i], i ? &ignored : &callee) < 0)
            return err_code(x->cx);
    exec_at(x, n);
    if (value_unboxed(callee).type == V_INVALID)
        err_fail(x->cx, ERR_INVALID, "call of nil");
    else
        err_fail(x->cx, ERR_INVALID, "non-function %s of type %s", name, value_type_name(callee));
    x->fault = NULL;
    return exec_fail_call(x, "call");
}

/* `n` is the whole command: where a failing call is said to be. */
static int eval_function(struct exec *x, struct value dot, const struct node *word, const struct node *n,
                         struct operands args, struct final final, struct value *ret)
{
    const struct function *f = word->function;
    exec_at(x, word);
    bool is_and = strcmp(f->name, "and") == 0, is_or = strcmp(f->name, "or") == 0;
    if (is_and || is_or) {
        size_t fixed;
        if (check_count(x, f->name, f->params, args, final, &fixed) < 0)
            return err_code(x->cx);
        return call_logic(x, dot, is_or, args, final, ret);
    }
    if (strcmp(f->name, "call") == 0)
        return call_call(x, dot, n, args, final);
    return call(x, dot, f, NULL, n, args, final, ret);
}

/* The field of a struct, through a pointer or not; NULL when there is none. */
static const struct object_field *find_field(struct value receiver, struct strv name)
{
    const struct object_type *type = receiver.object->type;
    for (size_t i = 0; i < type->fields_count; i++)
        if (strlen(type->fields[i].name) == name.n && memcmp(type->fields[i].name, name.p, name.n) == 0)
            return &type->fields[i];
    return NULL;
}

static int read_field(struct exec *x, const struct object_field *field, struct value receiver, bool has_args,
                      struct value *ret)
{
    if (field->unexported)
        return exec_fail(x, "%s is an unexported field of struct type %s", field->name,
                         value_type_name(receiver));
    if (has_args)
        return exec_fail(x, "%s has arguments but cannot be invoked as function", field->name);
    *ret = field->get(receiver.object->data);
    return 0;
}

/* What a map holds under a key, with the element type's zero for what it does not hold. */
static struct value map_element(struct value map, struct strv key)
{
    struct value v;
    if (map.type == V_OBJECT) {
        map.object->type->find(map.object->data, key, &v);
        return v;
    }
    if (map.type == V_STRMAP)
        return vmap_get(map.map, key, &v) ? v : v_str("", 0);
    return vmap_get(map.map, key, &v) ? value_boxed(v) : v_nil();
}

/* .NAME of a receiver: its method, its field, or what a map holds under that key. */
static int eval_field(struct exec *x, struct value dot, struct strv name, const struct node *n,
                      struct operands args, struct final final, struct value receiver, struct value *ret)
{
    const char *type = value_static_type(receiver);
    bool has_args = args.n > 0 || final.given;
    *ret = v_invalid();
    if (receiver.type == V_INVALID)
        return 0;
    if (receiver.type == V_NIL)
        return exec_fail(x, "nil pointer evaluating %s.%.*s", type, (int)name.n, name.p);
    receiver.boxed = false;
    const struct function *method = function_method(receiver, name);
    if (method)
        return call(x, dot, method, &receiver, n, args, final, ret);
    const struct object_field *field = receiver.type == V_OBJECT ? find_field(receiver, name) : NULL;
    if (field)
        return read_field(x, field, receiver, has_args, ret);
    if (value_kind(receiver) != K_MAP)
        return exec_fail(x, "can't evaluate field %.*s in type %s", (int)name.n, name.p, type);
    if (has_args)
        return exec_fail(x, "%.*s is not a method but has arguments", (int)name.n, name.p);
    *ret = map_element(receiver, name);
    return 0;
}

/* Fields behind each other; the last one, if it is a method, gets the arguments. */
static int eval_fields(struct exec *x, struct value dot, struct value receiver, const struct node *n,
                       size_t from, struct operands args, struct final final, struct value *ret)
{
    static const struct final none;
    for (size_t i = from; i + 1 < n->names.len; i++)
        if (eval_field(x, dot, n->names.at[i], n, (struct operands){ 0 }, none, receiver, &receiver) < 0)
            return err_code(x->cx);
    return eval_field(x, dot, n->names.at[n->names.len - 1], n, args, final, receiver, ret);
}

static int refuse_arguments(struct exec *x, const struct node *first, struct operands args,
                            struct final final)
{
    if (args.n > 0 || final.given)
        return exec_fail(x, "can't give argument to non-function %s", node_text(x->cx->arena, first));
    return 0;
}

static int eval_variable(struct exec *x, struct value dot, const struct node *n, struct operands args,
                         struct final final, struct value *ret)
{
    exec_at(x, n);
    const struct variable *v = find_variable(x, n->names.at[0]);
    if (!v)
        return exec_fail(x, "undefined variable: %.*s", (int)n->names.at[0].n, n->names.at[0].p);
    struct value value = v->value;
    if (n->names.len > 1)
        return eval_fields(x, dot, value, n, 1, args, final, ret);
    *ret = value;
    return refuse_arguments(x, n, args, final);
}

static int eval_chain(struct exec *x, struct value dot, const struct node *n, struct operands args,
                      struct final final, struct value *ret)
{
    struct value base;
    exec_at(x, n);
    if (n->base->kind == NODE_NIL)
        return exec_fail(x, "indirection through explicit nil in %s", node_text(x->cx->arena, n));
    if (eval_argument(x, dot, NULL, n->base, &base) < 0)
        return err_code(x->cx);
    return eval_fields(x, dot, base, n, 0, args, final, ret);
}

/* What has parts to be evaluated; false when `n` is a literal. */
static bool eval_compound(struct exec *x, struct value dot, const struct node *n, const struct node *command,
                          struct operands args, struct final final, struct value *ret, int *ret_rc)
{
    switch (n->kind) {
    case NODE_FIELD:
        exec_at(x, n);
        *ret_rc = eval_fields(x, dot, dot, n, 0, args, final, ret);
        return true;
    case NODE_CHAIN:
        *ret_rc = eval_chain(x, dot, n, args, final, ret);
        return true;
    case NODE_IDENTIFIER:
        *ret_rc = eval_function(x, dot, n, command, args, final, ret);
        return true;
    case NODE_VARIABLE:
        *ret_rc = eval_variable(x, dot, n, args, final, ret);
        return true;
    case NODE_PIPE:
        *ret_rc = refuse_arguments(x, n, args, final);
        if (*ret_rc >= 0)
            *ret_rc = eval_pipeline(x, dot, n, ret);
        return true;
    default:
        return false;
    }
}

static int eval_literal(struct exec *x, struct value dot, const struct node *n, struct value *ret)
{
    switch (n->kind) {
    case NODE_BOOL:
        *ret = v_bool(n->is_true);
        return 0;
    case NODE_DOT:
        *ret = dot;
        return 0;
    case NODE_NUMBER:
        return ideal_constant(x, n, ret);
    case NODE_STRING:
        *ret = v_str(n->value.p, n->value.n);
        return 0;
    default:
        return exec_fail(x, "nil is not a command");
    }
}

static int eval_command(struct exec *x, struct value dot, const struct node *command, struct final final,
                        struct value *ret)
{
    int rc;
    const struct node *first = command->nodes.at[0];
    struct operands args = { command->nodes.at + 1, command->nodes.len - 1 };
    if (eval_compound(x, dot, first, first->kind == NODE_IDENTIFIER ? command : first, args, final, ret, &rc))
        return rc;
    exec_at(x, first);
    if (refuse_arguments(x, first, args, final) < 0)
        return err_code(x->cx);
    return eval_literal(x, dot, first, ret);
}

/* A number for a parameter that wants one kind of it. */
static int number_for(struct exec *x, char letter, const struct node *n, struct value *ret)
{
    const struct number *c = n->kind == NODE_NUMBER ? n->number : NULL;
    if (letter == 'i' && c && c->is_int)
        *ret = v_int(c->i);
    else if (letter == 'n' && c && c->is_int)
        *ret = (struct value){ .type = V_DURATION, .i = c->i };
    else if (letter == 'f' && c && c->is_float)
        *ret = v_float(c->f);
    else if (letter == 'u' && c && c->is_uint)
        *ret = (struct value){ .type = V_UINT32, .u = (uint32_t)c->u };
    else
        return exec_fail(x, "expected %s; found %s",
                         letter == 'i'   ? "integer"
                         : letter == 'n' ? "integer"
                         : letter == 'f' ? "float"
                                         : "unsigned integer",
                         node_text(x->cx->arena, n));
    return 0;
}

/* A literal for a parameter. */
static int literal_for(struct exec *x, struct value dot, const struct parameter *p, const struct node *n,
                       struct value *ret)
{
    exec_at(x, n);
    switch (p->letter) {
    case 'a':
    case 'r':
        return eval_literal(x, dot, n, ret);
    case 'b':
        *ret = v_bool(n->kind == NODE_BOOL && n->is_true);
        return n->kind == NODE_BOOL ? 0 : exec_fail(x, "expected bool; found %s", node_text(x->cx->arena, n));
    case 's':
        if (n->kind != NODE_STRING)
            return exec_fail(x, "expected string; found %s", node_text(x->cx->arena, n));
        *ret = v_str(n->value.p, n->value.n);
        return 0;
    case 'i':
    case 'n':
    case 'f':
    case 'u':
        return number_for(x, p->letter, n, ret);
    default:
        return exec_fail(x, "can't handle %s for arg of type %s", node_text(x->cx->arena, n), p->type);
    }
}

/* An argument as its parameter takes it; without a parameter (the base of a chain) as it is. */
static int eval_argument(struct exec *x, struct value dot, const struct parameter *p, const struct node *n,
                         struct value *ret)
{
    static const struct final none;
    int rc;
    exec_at(x, n);
    if (n->kind == NODE_DOT) {
        *ret = dot;
        return p ? validate(x, dot, p, ret) : 0;
    }
    if (n->kind == NODE_NIL) {
        if (!p->nilable)
            return exec_fail(x, "cannot assign nil to %s", p->type);
        *ret = zero_of(p);
        return 0;
    }
    if (eval_compound(x, dot, n, n, (struct operands){ 0 }, none, ret, &rc))
        return rc < 0 || !p ? rc : validate(x, *ret, p, ret);
    return literal_for(x, dot, p, n, ret);
}
