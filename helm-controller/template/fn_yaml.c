/*
 * fn_yaml.c: Helm's YAML functions.
 */
#include "helm-controller/template/convert.h"
#include "helm-controller/template/fn.h"
#include "helm-controller/template/gojson.h"
#include "libgotk/doc/yml.h"

FN(fn_must_to_yaml)
{
    return convert_to_yaml(x->cx, args[0], ret);
}

FN(fn_to_yaml)
{
    if (convert_to_yaml(x->cx, args[0], ret) >= 0)
        return 0;
    err_clear(x->cx);
    *ret = v_str("", 0);
    return 0;
}

FN(fn_to_yaml_pretty)
{
    if (convert_to_pretty_yaml(x->cx, args[0], ret) >= 0)
        return 0;
    if (err_code(x->cx) == ERR_UNSUPPORTED)
        return err_recode(x->cx, ERR_INVALID);
    err_clear(x->cx);
    *ret = v_str("", 0);
    return 0;
}

/* The first document of a text, as sigs.k8s.io/yaml reads it into a Go map or list. */
static int read_yaml(struct exec *x, struct value text, enum vtype wanted, struct value *ret)
{
    struct doc *d;
    int rules = YML_11 | YML_LAST_WINS | YML_FIRST | YML_GO_ERRORS | YML_DEEP;
    struct value none = { .type = (uint8_t)wanted };
    if (yml_parse_as(x->cx, text.s, text.len, "", rules, &d) < 0)
        return err_wrap(x->cx, "error converting YAML to JSON");
    *ret = convert_from_doc(x->cx->arena, d);
    if (ret->type != wanted && ret->type != V_NIL)
        return fn_fail(
            x,
            "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal %s into Go value of type %s",
            gojson_kind(*ret), value_type_name(none));
    return 0;
}

/* A null document gives a map of nothing: Go had made one before, and null leaves it as it was for lists too. */
FN(fn_from_yaml)
{
    struct vmap *m = vmap_new(x->cx->arena);
    int rc = read_yaml(x, args[0], V_MAP, ret);
    if (rc >= 0 && ret->type == V_MAP)
        return 0;
    if (rc < 0)
        vmap_set_text(m, "Error", v_text(err_message(x->cx)));
    err_clear(x->cx);
    *ret = v_map(m);
    return 0;
}

FN(fn_from_yaml_array)
{
    struct vlist *l = vlist_new(x->cx->arena, 1);
    int rc = read_yaml(x, args[0], V_LIST, ret);
    if (rc >= 0 && ret->type == V_LIST)
        return 0;
    if (rc < 0)
        vlist_push(x->cx->arena, l, v_text(err_message(x->cx)));
    err_clear(x->cx);
    *ret = v_list(V_LIST, l);
    return 0;
}

static const struct function rows[] = {
    { "toYaml", "a", fn_to_yaml },
    { "mustToYaml", "a", fn_must_to_yaml },
    { "toYamlPretty", "a", fn_to_yaml_pretty },
    { "fromYaml", "s", fn_from_yaml },
    { "fromYamlArray", "s", fn_from_yaml_array },
};
const struct function_table fn_yaml = { rows, ARRAY_LEN(rows) };
