/*
 * fn_semver.c: semver and semverCompare, and the methods of a version, on base/semver.h.
 */
#include "helm-controller/template/fn.h"
#include "helm-controller/template/object.h"
#include "libgotk/base/semver.h"

static const struct object_type version_type;

#define NUMBER_FIELD(member)                                                                                 \
    static struct value member##_field(const void *data)                                                     \
    {                                                                                                        \
        return (struct value){ .type = V_UINT64, .u = ((const struct semver *)data)->member };               \
    }
NUMBER_FIELD(major)
NUMBER_FIELD(minor)
NUMBER_FIELD(patch)

#define TEXT_FIELD(member)                                                                                   \
    static struct value member##_field(const void *data)                                                     \
    {                                                                                                        \
        return v_text(((const struct semver *)data)->member);                                                \
    }
TEXT_FIELD(pre)
TEXT_FIELD(metadata)
TEXT_FIELD(original)

/* No template may read them; %#v prints them. */
static const struct object_field fields[] = {
    { "major", major_field, true, NULL },       { "minor", minor_field, true, NULL },
    { "patch", patch_field, true, NULL },       { "pre", pre_field, true, NULL },
    { "metadata", metadata_field, true, NULL }, { "original", original_field, true, NULL },
};

static struct value version_value(struct exec *x, const struct semver *v)
{
    struct semver *copy = ARENA_NEW(x->cx->arena, struct semver);
    struct object *o = ARENA_NEW(x->cx->arena, struct object);
    *copy = *v;
    *o = (struct object){ &version_type, copy };
    return v_object(o);
}

static const struct semver *version_of(struct value v)
{
    return v.object->data;
}

FN(fn_semver_new)
{
    struct semver v;
    if (semver_parse(x->cx, fn_terminated(x, args[0]), &v) < 0)
        return err_code(x->cx);
    *ret = version_value(x, &v);
    return 0;
}

FN(fn_semver_compare)
{
    struct semver v;
    struct semver_range *range;
    if (semver_range_parse(x->cx, fn_terminated(x, args[0]), &range) < 0 ||
        semver_parse(x->cx, fn_terminated(x, args[1]), &v) < 0)
        return err_code(x->cx);
    *ret = v_bool(semver_in_range(range, &v));
    return 0;
}

#define NUMBER(member)                                                                                       \
    FN(version_##member)                                                                                     \
    {                                                                                                        \
        *ret = (struct value){ .type = V_UINT64, .u = version_of(args[0])->member };                         \
        return 0;                                                                                            \
    }
NUMBER(major)
NUMBER(minor)
NUMBER(patch)

#define TEXT(member)                                                                                         \
    FN(version_##member)                                                                                     \
    {                                                                                                        \
        *ret = v_text(version_of(args[0])->member);                                                          \
        return 0;                                                                                            \
    }
TEXT(pre)
TEXT(metadata)
TEXT(original)

static void print_version(struct buf *out, const void *data)
{
    buf_str(out, semver_print(out->arena, data));
}

FN(version_string)
{
    *ret = v_text(semver_print(x->cx->arena, version_of(args[0])));
    return 0;
}

#define COMPARISON(name, test)                                                                               \
    FN(version_##name)                                                                                       \
    {                                                                                                        \
        if (args[1].type == V_NIL)                                                                           \
            return fn_fail(x, FN_NIL_POINTER);                                                               \
        int order = semver_compare(version_of(args[0]), version_of(args[1]));                                \
        *ret = test;                                                                                         \
        return 0;                                                                                            \
    }
COMPARISON(compare, v_int(order))
COMPARISON(equal, v_bool(order == 0))
COMPARISON(less, v_bool(order < 0))
COMPARISON(less_equal, v_bool(order <= 0))
COMPARISON(greater, v_bool(order > 0))
COMPARISON(greater_equal, v_bool(order >= 0))

static const struct object_type version_struct_type;

/* A version that Go returns as a struct: it has the methods of values only. */
static int struct_of(struct exec *x, struct semver v, struct value *ret)
{
    struct semver *copy = ARENA_NEW(x->cx->arena, struct semver);
    struct object *o = ARENA_NEW(x->cx->arena, struct object);
    *copy = v;
    *o = (struct object){ &version_struct_type, copy };
    *ret = v_object(o);
    return 0;
}

/* One more, or Go's panic. */
static int increment(struct exec *x, const char *part, uint64_t *number)
{
    if (*number == UINT64_MAX)
        return fn_fail(x, "%s version increment would overflow uint64", part);
    ++*number;
    return 0;
}

static int incremented(struct exec *x, struct semver v, struct value *ret)
{
    v.pre = v.metadata = "";
    return struct_of(x, v, ret);
}

/* The version with another pre-release or metadata, which must be well-formed. */
static int with_part(struct exec *x, const struct value *args, const char *sign, struct value *ret)
{
    struct semver v = *version_of(args[0]), checked;
    const char *part = fn_terminated(x, args[1]);
    const char *text = str_fmt(x->cx->arena, "1.0.0%s%s", *part ? sign : "", part);
    bool refused = semver_parse(x->cx, text, &checked) < 0;
    if (refused && str_eq(err_message(x->cx), "version segment starts with 0"))
        return err_code(x->cx);
    if (refused || strchr(part, '+'))
        return fn_fail(x, *sign == '-' ? "invalid prerelease string" : "invalid metadata string");
    *(*sign == '-' ? &v.pre : &v.metadata) = part;
    return struct_of(x, v, ret);
}

FN(version_set_pre)
{
    return with_part(x, args, "-", ret);
}

FN(version_set_metadata)
{
    return with_part(x, args, "+", ret);
}

FN(version_inc_major)
{
    struct semver v = *version_of(args[0]);
    if (increment(x, "major", &v.major) < 0)
        return err_code(x->cx);
    v.minor = v.patch = 0;
    return incremented(x, v, ret);
}

FN(version_inc_minor)
{
    struct semver v = *version_of(args[0]);
    if (increment(x, "minor", &v.minor) < 0)
        return err_code(x->cx);
    v.patch = 0;
    return incremented(x, v, ret);
}

/* A pre-release's next patch is the version without it. */
FN(version_inc_patch)
{
    struct semver v = *version_of(args[0]);
    if (!v.pre[0] && increment(x, "patch", &v.patch) < 0)
        return err_code(x->cx);
    return incremented(x, v, ret);
}

static const struct function methods[] = {
    { "Major", "", version_major },
    { "Minor", "", version_minor },
    { "Patch", "", version_patch },
    { "Prerelease", "", version_pre },
    { "Metadata", "", version_metadata },
    { "Original", "", version_original },
    { "String", "", version_string },
    { "Compare", "v", version_compare },
    { "Equal", "v", version_equal },
    { "LessThan", "v", version_less },
    { "LessThanEqual", "v", version_less_equal },
    { "GreaterThan", "v", version_greater },
    { "GreaterThanEqual", "v", version_greater_equal },
    { "SetPrerelease", "s", version_set_pre },
    { "SetMetadata", "s", version_set_metadata },
    { "IncMajor", "", version_inc_major },
    { "IncMinor", "", version_inc_minor },
    { "IncPatch", "", version_inc_patch },
};

/* Those of a struct that is not addressable. */
static const struct function struct_methods[] = {
    { "String", "", version_string },
    { "IncMajor", "", version_inc_major },
    { "IncMinor", "", version_inc_minor },
    { "IncPatch", "", version_inc_patch },
    { "SetPrerelease", "s", version_set_pre },
    { "SetMetadata", "s", version_set_metadata },
    { "Major", "", version_major },
    { "Minor", "", version_minor },
    { "Patch", "", version_patch },
    { "Prerelease", "", version_pre },
    { "Metadata", "", version_metadata },
};

static const struct object_type version_struct_type = {
    .name = "semver.Version",
    .kind = K_STRUCT,
    .fields = fields,
    .fields_count = ARRAY_LEN(fields),
    .methods = struct_methods,
    .methods_count = ARRAY_LEN(struct_methods),
    .print = print_version,
    .json = print_version,
};

/* A version has no field that is exported. */
static const void *copy_version(struct arena *a UNUSED, const void *data UNUSED)
{
    static const struct semver zero = { .pre = "", .metadata = "", .original = "" };
    return &zero;
}

static const struct object_type version_type = {
    .name = "*semver.Version",
    .kind = K_POINTER,
    .copy = copy_version,
    .fields = fields,
    .fields_count = ARRAY_LEN(fields),
    .methods = methods,
    .methods_count = ARRAY_LEN(methods),
    .print = print_version,
    .json = print_version,
};

static const struct function rows[] = {
    { "semver", "s", fn_semver_new },
    { "semverCompare", "ss", fn_semver_compare },
};
const struct function_table fn_semver = { rows, ARRAY_LEN(rows) };
