/*
 * fn_paths.c: Go's path functions. On Linux those for file names are the same.
 */
#include "helm-controller/template/fn.h"
#include "libgotk/base/gopath.h"

static struct value text_of(struct strv s)
{
    return v_str(s.p, s.n);
}

FN(fn_base)
{
    *ret = text_of(gopath_base(v_view(args[0])));
    return 0;
}

FN(fn_clean)
{
    *ret = text_of(gopath_clean(x->cx->arena, v_view(args[0])));
    return 0;
}

FN(fn_dir)
{
    const char *slash = memrchr(args[0].s, '/', args[0].len);
    struct strv dir = { args[0].s, slash ? (size_t)(slash + 1 - args[0].s) : 0 };
    *ret = text_of(gopath_clean(x->cx->arena, dir));
    return 0;
}

FN(fn_ext)
{
    *ret = text_of(gopath_ext(v_view(args[0])));
    return 0;
}

FN(fn_is_abs)
{
    *ret = v_bool(args[0].len > 0 && args[0].s[0] == '/');
    return 0;
}

static const struct function rows[] = {
    { "base", "s", fn_base },      { "osBase", "s", fn_base }, { "dir", "s", fn_dir },
    { "osDir", "s", fn_dir },      { "clean", "s", fn_clean }, { "osClean", "s", fn_clean },
    { "ext", "s", fn_ext },        { "osExt", "s", fn_ext },   { "isAbs", "s", fn_is_abs },
    { "osIsAbs", "s", fn_is_abs },
};
const struct function_table fn_paths = { rows, ARRAY_LEN(rows) };
