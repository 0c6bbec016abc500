/*
 * unsupported.c: the table of fields that are not carried out yet; see unsupported.h.
 */
#include "kustomize-controller/unsupported.h"

static bool uses_health_check_exprs(const struct kustomization_spec *s)
{
    return doc_len(s->health_check_exprs) > 0;
}

static bool uses_ready_expr(const struct kustomization_spec *s)
{
    for (size_t i = 0; i < s->depends_on_count; i++)
        if (s->depends_on[i].ready_expr && *s->depends_on[i].ready_expr)
            return true;
    return false;
}

static bool uses_decryption(const struct kustomization_spec *s)
{
    return s->decryption != NULL;
}

static const struct {
    const char *field;
    const char *feature;
    bool (*is_used)(const struct kustomization_spec *spec);
} rows[] = {
    { "spec.healthCheckExprs", "health checks by CEL", uses_health_check_exprs },
    { "spec.dependsOn.readyExpr", "dependencies judged by CEL", uses_ready_expr },
    { "spec.decryption", "SOPS decryption", uses_decryption },
};

int unsupported_check(struct ctx *cx, const struct kustomization *ks)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (rows[i].is_used(&ks->spec))
            return err_fail(cx, ERR_UNSUPPORTED,
                            "%s is not supported by this version of the controller (%s): nothing "
                            "was applied; remove the field to go on",
                            rows[i].field, rows[i].feature);
    return 0;
}
