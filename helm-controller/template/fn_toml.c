/*
 * fn_toml.c: Helm's TOML functions.
 */
#include "helm-controller/template/fn.h"
#include "helm-controller/template/toml_print.h"
#include "helm-controller/template/toml_read.h"

FN(fn_must_to_toml)
{
    struct buf out = fn_buf(x);
    if (args[0].type == V_NIL)
        return fn_fail(x, "reflect: call of reflect.Value.Type on zero Value");
    return toml_print(x->cx, &out, args[0]) < 0 ? err_code(x->cx) : fn_take(x, &out, ret);
}

/* The error's text instead of the value, where there is one; nothing at all is refused. */
FN(fn_to_toml)
{
    if (fn_must_to_toml(x, args, n, ret) >= 0)
        return 0;
    if (args[0].type == V_NIL)
        return err_code(x->cx);
    *ret = v_text(err_message(x->cx));
    err_clear(x->cx);
    return 0;
}

/* The table, or one with the error as its only member. */
FN(fn_from_toml)
{
    struct vmap *table;
    struct strv error;
    if (toml_read(x->cx, v_view(args[0]), &table, &error) < 0)
        return err_code(x->cx);
    if (!table) {
        table = vmap_new(x->cx->arena);
        vmap_set_text(table, "Error", v_str(error.p, error.n));
    }
    *ret = v_map(table);
    return 0;
}

static const struct function rows[] = {
    { "toToml", "a", fn_to_toml },
    { "mustToToml", "a", fn_must_to_toml },
    { "fromToml", "s", fn_from_toml },
};
const struct function_table fn_toml = { rows, ARRAY_LEN(rows) };
