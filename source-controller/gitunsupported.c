/*
 * gitunsupported.c: the table of fields that are not carried out yet; see gitunsupported.h.
 */
#include "source-controller/gitunsupported.h"

#include "libgotk/base/str.h"

static bool uses_proxy(const struct gitrepository_spec *s)
{
    return s->proxy_secret_ref != NULL;
}

static const struct {
    const char *field;
    const char *instead;
    bool (*is_used)(const struct gitrepository_spec *spec);
} rows[] = {
    { "spec.proxySecretRef", "set HTTPS_PROXY for the controller", uses_proxy },
};

int gitunsupported_check(struct ctx *cx, const struct gitrepository_spec *spec)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (rows[i].is_used(spec))
            return err_fail(cx, ERR_UNSUPPORTED,
                            "%s is not supported by this version of the controller: nothing was fetched; %s",
                            rows[i].field, rows[i].instead);
    return 0;
}
