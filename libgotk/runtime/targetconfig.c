/*
 * targetconfig.c: a kubeconfig in a Secret; the contract is in targetconfig.h.
 */
#include "libgotk/runtime/targetconfig.h"

#include "libgotk/base/base64.h"
#include "libgotk/base/str.h"

/* The entry of the Secret's data that holds the kubeconfig, and its key. */
static int find_value(struct ctx *cx, const struct doc *secret, const char *where, const char *key,
                      const char **ret_key, const char **ret_value)
{
    static const char *const usual[] = { "value", "value.yaml" };
    const struct doc *data = doc_find(secret, "data");
    for (size_t i = 0; i < (key ? 1 : ARRAY_LEN(usual)); i++) {
        *ret_key = key ? key : usual[i];
        *ret_value = doc_text_at(data, *ret_key);
        if (*ret_value)
            return 0;
    }
    return err_fail(cx, ERR_NOT_FOUND, "KubeConfig secret '%s' does not contain a '%s' key with a kubeconfig",
                    where, key ? key : usual[0]);
}

static int flags_of(const struct targets_options *options)
{
    return KUBE_CONFIG_FOREIGN | (options->allow_exec ? KUBE_CONFIG_ALLOW_EXEC : 0) |
           (options->allow_insecure ? KUBE_CONFIG_ALLOW_INSECURE : 0);
}

int targetconfig_of_secret(struct ctx *cx, struct kube *own, const char *ns, const struct doc *ref,
                           const struct targets_options *options, struct kube_config *ret_config)
{
    struct kube_ref secret_ref = { "v1", "Secret", ns, doc_text_at(ref, "name") };
    const char *where = str_fmt(cx->arena, "%s/%s", ns, str_or(secret_ref.name, ""));
    const char *key = doc_text_at(ref, "key"), *value;
    struct doc *secret;
    char *text;
    size_t len;
    if (kube_get(cx, own, &secret_ref, &secret) < 0)
        return err_wrap(cx, "unable to read KubeConfig secret '%s' error", where);
    if (find_value(cx, secret, where, str_empty(key) ? NULL : key, &key, &value) < 0)
        return err_code(cx);
    const char *name = str_fmt(cx->arena, "KubeConfig secret '%s' key '%s'", where, key);
    if (base64_decode(cx, value, &text, &len) < 0)
        return err_wrap(cx, "%s", name);
    return kube_config_parse(cx, text, len, name, NULL, flags_of(options), ret_config);
}
