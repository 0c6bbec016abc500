/*
 * fn_defaults.c: Sprig's defaults, logic and reflection.
 */
#include "helm-controller/template/fn.h"

FN(fn_default)
{
    *ret = n < 2 || fn_is_empty(args[1]) ? value_any(args[0]) : args[1];
    return 0;
}

FN(fn_empty)
{
    *ret = v_bool(fn_is_empty(args[0]));
    return 0;
}

FN(fn_coalesce)
{
    *ret = v_nil();
    for (size_t i = 0; i < n; i++) {
        if (fn_is_empty(args[i]))
            continue;
        *ret = args[i];
        break;
    }
    return 0;
}

FN(fn_all)
{
    *ret = v_bool(true);
    for (size_t i = 0; i < n; i++)
        ret->b = ret->b && !fn_is_empty(args[i]);
    return 0;
}

FN(fn_any)
{
    *ret = v_bool(false);
    for (size_t i = 0; i < n; i++)
        ret->b = ret->b || !fn_is_empty(args[i]);
    return 0;
}

FN(fn_ternary)
{
    *ret = args[2].b ? value_any(args[0]) : value_any(args[1]);
    return 0;
}

FN(fn_type_of)
{
    *ret = v_text(value_type_name(args[0]));
    return 0;
}

FN(fn_kind_of)
{
    *ret = v_text(value_kind_name(args[0]));
    return 0;
}

static bool is_text(struct value v, const char *s)
{
    return v.len == strlen(s) && memcmp(v.s, s, v.len) == 0;
}

FN(fn_type_is)
{
    *ret = v_bool(is_text(args[0], value_type_name(args[1])));
    return 0;
}

FN(fn_type_is_like)
{
    const char *type = value_type_name(args[1]);
    *ret = v_bool(is_text(args[0], type) || (type[0] == '*' && is_text(args[0], type + 1)));
    return 0;
}

FN(fn_kind_is)
{
    *ret = v_bool(is_text(args[0], value_kind_name(args[1])));
    return 0;
}

FN(fn_deep_equal)
{
    *ret = v_bool(value_deep_equal(args[0], args[1]));
    return 0;
}

FN(fn_hello)
{
    *ret = v_text("Hello!");
    return 0;
}

static const struct function rows[] = {
    { "default", "aa*", fn_default },  { "empty", "a", fn_empty },
    { "coalesce", "a*", fn_coalesce }, { "all", "a*", fn_all },
    { "any", "a*", fn_any },           { "ternary", "aab", fn_ternary },
    { "typeOf", "a", fn_type_of },     { "kindOf", "a", fn_kind_of },
    { "typeIs", "sa", fn_type_is },    { "typeIsLike", "sa", fn_type_is_like },
    { "kindIs", "sa", fn_kind_is },    { "deepEqual", "aa", fn_deep_equal },
    { "hello", "", fn_hello },
};
const struct function_table fn_defaults = { rows, ARRAY_LEN(rows) };
