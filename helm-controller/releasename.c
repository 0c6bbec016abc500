/*
 * releasename.c: names of releases and namespaces; the contract is in releasename.h.
 *
 * The kubeconfig is read here for its namespace alone, by client-go's rules: of several files, the first that has something
 * counts. Rejected: the API client's reader, which brings TLS and HTTP along.
 */
#include "helm-controller/releasename.h"

#include "helm-controller/template/engine.h"
#include "helm-controller/template/exec.h"
#include "helm-controller/template/parse.h"
#include "helm-controller/template/renderfault.h"
#include "libgotk/base/bigstack.h"
#include "libgotk/base/fs.h"
#include "libgotk/base/str.h"
#include "libgotk/doc/yml.h"

#include <stdlib.h>

#define NAME_MAX_BYTES ((size_t)1 << 20)
#define CONFIG_MAX     ((size_t)16 << 20)
#define POD_NAMESPACE  "/var/run/secrets/kubernetes.io/serviceaccount/namespace"
#define POD_TOKEN      "/var/run/secrets/kubernetes.io/serviceaccount/token"

/* -- the template ------------------------------------------------------------------------------------------------- */

struct naming {
    struct ctx *cx;
    const char *text;
    struct buf *out;
    int rc;
};

static int execute(struct ctx *cx, struct strv text, struct buf *out)
{
    static const char name[] = "name-template";
    struct map includes = map_new(cx->arena);
    struct template_set *set = template_set_new(cx->arena, NULL);
    struct exec x = { .cx = cx, .set = set, .includes = &includes, .out = out };
    struct tree_vec trees;
    if (parse_plain(cx, (struct strv){ name, strlen(name) }, text, &trees) < 0)
        return err_code(cx);
    template_set_add(set, &trees);
    if (exec_named(&x, (struct strv){ name, strlen(name) }, v_invalid()) < 0) {
        /* the marks of `fail` mean nothing here */
        const char *message = str_replace(cx->arena, err_message(cx), RENDERFAULT_START, "");
        return err_fail(cx, err_code(cx), "%s", str_replace(cx->arena, message, RENDERFAULT_END, ""));
    }
    return 0;
}

static void execute_on_large_stack(void *arg)
{
    struct naming *n = arg;
    n->rc = execute(n->cx, (struct strv){ n->text, strlen(n->text) }, n->out);
}

int releasename_template(struct ctx *cx, const char *text, const char **ret)
{
    struct buf out = buf_new(cx->arena, NAME_MAX_BYTES);
    struct naming naming = { .cx = cx, .text = text, .out = &out };
    bigstack_call(execute_on_large_stack, &naming); /* templates may call themselves 100,000 times */
    if (naming.rc < 0)
        return naming.rc;
    *ret = buf_text(&out);
    return buf_ok(cx, &out, "the release's name");
}

/* -- the namespace ------------------------------------------------------------------------------------------------ */

/* The documents of a list of files; those that cannot be read are left out. */
static struct doc *read_configs(struct ctx *cx, const char *files)
{
    struct doc *configs = doc_array(cx->arena), *d;
    size_t count = 0;
    char **paths = str_split(cx->arena, files, ':', &count);
    for (size_t i = 0; i < count; i++) {
        struct buf text;
        if (*paths[i] && fs_read_file(cx, paths[i], CONFIG_MAX, &text) == 0 &&
            yml_parse_as(cx, buf_text(&text), text.len, paths[i], YML_11 | YML_FIRST, &d) == 0)
            doc_append(configs, d);
        err_clear(cx);
    }
    return configs;
}

static const char *current_context(const struct doc *configs)
{
    doc_each (config, configs)
        if (!str_empty(doc_text_at(config, "current-context")))
            return doc_text_at(config, "current-context");
    return "";
}

static const char *namespace_of(const struct doc *configs, const char *context)
{
    doc_each (config, configs)
        doc_each (entry, doc_find(config, "contexts"))
            if (str_eq(doc_text_at(entry, "name"), context))
                return str_or(doc_text_at(entry, "context", "namespace"), "");
    return "";
}

static bool runs_in_pod(void)
{
    return !str_empty(getenv("KUBERNETES_SERVICE_HOST")) && !str_empty(getenv("KUBERNETES_SERVICE_PORT")) &&
           fs_exists(POD_TOKEN);
}

static const char *pod_namespace(struct ctx *cx)
{
    struct buf text;
    if (!runs_in_pod())
        return "";
    if (!str_empty(getenv("POD_NAMESPACE")))
        return getenv("POD_NAMESPACE");
    if (fs_read_file(cx, POD_NAMESPACE, CONFIG_MAX, &text) < 0) {
        err_clear(cx);
        return "";
    }
    return str_trim(cx->arena, buf_text(&text));
}

const char *releasename_namespace(struct ctx *cx, const char *files, const char *context)
{
    const char *home = str_or(getenv("HOME"), "/");
    const char *paths = str_or(files, str_fmt(cx->arena, "%s/.kube/config", home));
    const struct doc *configs = read_configs(cx, paths);
    const char *ns = namespace_of(configs, str_or(context, current_context(configs)));
    return str_or(ns, str_or(pod_namespace(cx), "default"));
}
