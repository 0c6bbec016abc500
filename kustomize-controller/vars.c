/*
 * vars.c: collects substitution variables; the contract is in vars.h.
 */
#include "kustomize-controller/vars.h"

#include "libgotk/base/base64.h"
#include "libgotk/base/str.h"

#include <string.h>

static int take_config_map(struct ctx *cx, const struct doc *object, struct doc *vars)
{
    doc_each (entry, doc_find(object, "data"))
        doc_set_text(cx->arena, vars, doc_key(entry), str_or(doc_text(entry), ""));
    return 0;
}

static int take_secret(struct ctx *cx, const struct doc *object, struct doc *vars, struct doc *hidden)
{
    doc_each (entry, doc_find(object, "data")) {
        char *value = NULL;
        size_t len;
        if (base64_decode(cx, str_or(doc_text(entry), ""), &value, &len) < 0)
            return err_wrap(cx, "key '%s'", doc_key(entry));
        if (strlen(value) != len)
            return err_fail(cx, ERR_INVALID, "key '%s': the value holds a NUL byte and cannot be a variable",
                            doc_key(entry));
        doc_set_text(cx->arena, vars, doc_key(entry), value);
        doc_set_text(cx->arena, hidden, doc_key(entry), value);
    }
    return 0;
}

static int take_reference(struct ctx *cx, struct kube *kube, const char *ns,
                          const struct substitute_from *from, struct doc *vars, struct doc *hidden)
{
    struct kube_ref ref = { .api_version = "v1", .kind = from->kind, .ns = ns, .name = from->name };
    struct doc *object;
    if (kube_get(cx, kube, &ref, &object) < 0) {
        if (cx->err.code != ERR_NOT_FOUND || !from->optional)
            return cx->err.code;
        err_clear(cx);
        return 0;
    }
    return str_eq(from->kind, "Secret") ? take_secret(cx, object, vars, hidden)
                                        : take_config_map(cx, object, vars);
}

int vars_load(struct ctx *cx, struct kube *kube, const struct kustomization *ks, struct doc **ret_vars,
              struct doc **ret_hidden)
{
    const struct post_build *post_build = ks->spec.post_build;
    *ret_vars = *ret_hidden = NULL;
    if (!post_build)
        return 0;
    struct doc *vars = doc_object(cx->arena), *hidden = doc_object(cx->arena);
    for (size_t i = 0; i < post_build->substitute_from_count; i++) {
        const struct substitute_from *from = &post_build->substitute_from[i];
        if (take_reference(cx, kube, ks->meta.ns, from, vars, hidden) < 0)
            return err_wrap(cx, "substitute from '%s/%s' error", from->kind, from->name);
    }
    doc_each (entry, post_build->substitute)
        doc_set_text(cx->arena, vars, doc_key(entry), str_or(doc_text(entry), ""));
    *ret_vars = vars;
    *ret_hidden = hidden;
    return 0;
}
