/*
 * objects.c: the Go structs behind .Capabilities and .Files; the contract is in objects.h.
 */
#include "helm-controller/template/objects.h"

#include "helm-controller/template/convert.h"
#include "helm-controller/template/fileglob.h"
#include "helm-controller/template/fn.h"
#include "helm-controller/template/object.h"
#include "libgotk/base/base64.h"

#define TEXT_FIELD(type, member)                                                                             \
    static struct value type##_##member(const void *data)                                                    \
    {                                                                                                        \
        return v_text(((const struct type *)data)->member);                                                  \
    }
TEXT_FIELD(kube_version, version)
TEXT_FIELD(kube_version, normalized)
TEXT_FIELD(kube_version, major)
TEXT_FIELD(kube_version, minor)
TEXT_FIELD(helm_version, version)
TEXT_FIELD(helm_version, git_commit)
TEXT_FIELD(helm_version, git_tree_state)
TEXT_FIELD(helm_version, go_version)
TEXT_FIELD(helm_version, kube_client_version)

static const struct object_field kube_fields[] = {
    { "Version", kube_version_version, false, NULL },
    { "normalizedVersion", kube_version_normalized, true, NULL },
    { "Major", kube_version_major, false, NULL },
    { "Minor", kube_version_minor, false, NULL },
};

static const char *kube_text(const struct kube_version *v)
{
    return str_or(v->normalized, v->version);
}

static void print_kube(struct buf *out, const void *data)
{
    buf_str(out, kube_text(data));
}

static const void *copy_kube(struct arena *a, const void *data)
{
    struct kube_version *copy = ARENA_NEW(a, struct kube_version);
    *copy = *(const struct kube_version *)data;
    copy->normalized = "";
    return copy;
}

FN(kube_git_version)
{
    *ret = v_text(((const struct kube_version *)args[0].object->data)->version);
    return 0;
}

FN(kube_string)
{
    *ret = v_text(kube_text(args[0].object->data));
    return 0;
}

static const struct function kube_methods[] = {
    { "String", "", kube_string },
    { "GitVersion", "", kube_git_version },
};

static const struct object_type kube_type = {
    .name = "common.KubeVersion",
    .kind = K_STRUCT,
    .fields = kube_fields,
    .fields_count = ARRAY_LEN(kube_fields),
    .methods = kube_methods,
    .methods_count = ARRAY_LEN(kube_methods),
    .print = print_kube,
    .copy = copy_kube,
    .by_pointer = true,
};

static const struct object_field helm_fields[] = {
    { "Version", helm_version_version, false, "version" },
    { "GitCommit", helm_version_git_commit, false, "git_commit?" },
    { "GitTreeState", helm_version_git_tree_state, false, "git_tree_state?" },
    { "GoVersion", helm_version_go_version, false, "go_version?" },
    { "KubeClientVersion", helm_version_kube_client_version, false, "kube_client_version" },
};

static const struct object_type helm_type = {
    .name = "version.BuildInfo",
    .kind = K_STRUCT,
    .fields = helm_fields,
    .fields_count = ARRAY_LEN(helm_fields),
};

FN(versions_has)
{
    *ret = v_bool(false);
    for (size_t i = 0; i < value_len(args[0]) && !ret->b; i++)
        ret->b = value_deep_equal(vlist_at(args[0], i), args[1]);
    return 0;
}

static const struct function version_methods[] = { { "Has", "s", versions_has } };
const struct function_table fn_versions_methods = { version_methods, ARRAY_LEN(version_methods) };

/* The capabilities with the objects that stand for their parts. */
struct capabilities_object {
    struct capabilities data; /* first: the parts' data points here */
    struct object self, kube, helm;
};

#define PART_FIELD(part)                                                                                     \
    static struct value capabilities_##part(const void *data)                                                \
    {                                                                                                        \
        struct value v = v_object(&((const struct capabilities_object *)data)->part);                        \
        v.addressable = true;                                                                                \
        return v;                                                                                            \
    }
PART_FIELD(kube)
PART_FIELD(helm)

static struct value capabilities_versions(const void *data)
{
    return v_list(V_VERSIONS, ((const struct capabilities_object *)data)->data.api_versions);
}

static const struct object_field capabilities_fields[] = {
    { "KubeVersion", capabilities_kube, false, NULL },
    { "APIVersions", capabilities_versions, false, NULL },
    { "HelmVersion", capabilities_helm, false, NULL },
};

FN(capabilities_copy)
{
    *ret = args[0];
    return 0;
}

static const struct function capabilities_methods[] = { { "Copy", "", capabilities_copy } };

static const void *copy_capabilities(struct arena *a, const void *data)
{
    struct capabilities copy = ((const struct capabilities_object *)data)->data;
    copy.kube.normalized = "";
    return capabilities_value(a, &copy).object->data;
}

static const struct object_type capabilities_type = {
    .name = "*common.Capabilities",
    .kind = K_POINTER,
    .copy = copy_capabilities,
    .fields = capabilities_fields,
    .fields_count = ARRAY_LEN(capabilities_fields),
    .methods = capabilities_methods,
    .methods_count = ARRAY_LEN(capabilities_methods),
};

struct value capabilities_value(struct arena *a, const struct capabilities *c)
{
    struct capabilities_object *o = ARENA_NEW(a, struct capabilities_object);
    o->data = *c;
    o->self = (struct object){ &capabilities_type, o };
    o->kube = (struct object){ &kube_type, &o->data.kube };
    o->helm = (struct object){ &helm_type, &o->data.helm };
    return v_object(&o->self);
}

/* -- engine.files ------------------------------------------------------------------------------------------ */

static bool find_file(const void *data, struct strv name, struct value *ret)
{
    *ret = (struct value){ .type = V_BYTES };
    return vmap_get(data, name, ret);
}

static size_t count_files(const void *data)
{
    return ((const struct vmap *)data)->len;
}

static struct value all_files(struct arena *a UNUSED, const void *data)
{
    return (struct value){ .type = V_STRMAP, .map = (struct vmap *)(uintptr_t)data };
}

FN(files_get)
{
    find_file(args[0].object->data, v_view(args[1]), ret);
    *ret = v_str(ret->s ? ret->s : "", ret->len);
    return 0;
}

FN(files_get_bytes)
{
    if (!find_file(args[0].object->data, v_view(args[1]), ret))
        ret->s = "";
    return 0;
}

FN(files_lines)
{
    struct value text;
    struct vlist *l = vlist_new(x->cx->arena, 0);
    *ret = v_list(V_STRINGS, l);
    if (!find_file(args[0].object->data, v_view(args[1]), &text) || !text.s)
        return 0;
    if (text.len == 0)
        return fn_fail(x, "runtime error: index out of range [-1]");
    size_t len = text.len - (text.s[text.len - 1] == '\n'), from = 0;
    for (size_t i = 0; i <= len; i++) {
        if (i < len && text.s[i] != '\n')
            continue;
        vlist_push(x->cx->arena, l, v_str(text.s + from, i - from));
        from = i + 1;
    }
    return 0;
}

/* Whether a pattern of gobwas/glob matches a path; one that is malformed matches everything, as Helm has it. */
FN(files_glob)
{
    struct vmap *chosen = vmap_new(x->cx->arena);
    const struct fileglob *glob = fileglob_compile(x->cx, v_view(args[1]));
    size_t cursor = 0;
    err_clear(x->cx);
    for (const struct vmap_entry *e; (e = vmap_next(args[0].object->data, &cursor));)
        if (!glob || fileglob_match(glob, e->key))
            vmap_set(chosen, e->key, e->value);
    *ret = files_value(x->cx->arena, chosen);
    return 0;
}

/* A YAML map of base names to what `text` makes of the contents. */
static int files_as(struct exec *x, const struct vmap *files, bool base64, struct value *ret)
{
    struct vmap *m = vmap_new(x->cx->arena);
    size_t n;
    const struct vmap_entry **sorted = vmap_sorted(files, x->cx->arena, &n);
    for (size_t i = 0; i < n; i++) {
        struct value v = sorted[i]->value;
        const char *slash = memrchr(sorted[i]->key.p, '/', sorted[i]->key.n),
                   *end = sorted[i]->key.p + sorted[i]->key.n;
        const char *base = slash ? slash + 1 : sorted[i]->key.p;
        vmap_set(m, (struct strv){ base, (size_t)(end - base) },
                 base64 ? v_text(base64_encode(x->cx->arena, v.s, v.len)) : v_str(v.s ? v.s : "", v.len));
    }
    struct value map = { .type = V_STRMAP, .map = m };
    return convert_to_yaml(x->cx, map, ret);
}

FN(files_as_config)
{
    return files_as(x, args[0].object->data, false, ret);
}

FN(files_as_secrets)
{
    return files_as(x, args[0].object->data, true, ret);
}

static const struct function files_methods[] = {
    { "Glob", "s", files_glob }, { "AsConfig", "", files_as_config },  { "AsSecrets", "", files_as_secrets },
    { "Get", "s", files_get },   { "GetBytes", "s", files_get_bytes }, { "Lines", "s", files_lines },
};

static const struct object_type files_type = {
    .name = "engine.files",
    .kind = K_MAP,
    .methods = files_methods,
    .methods_count = ARRAY_LEN(files_methods),
    .len = count_files,
    .find = find_file,
    .elements = all_files,
};

struct value files_value(struct arena *a, struct vmap *files)
{
    struct object *o = ARENA_NEW(a, struct object);
    *o = (struct object){ &files_type, files };
    return v_object(o);
}
