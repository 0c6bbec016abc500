/*
 * files.c: see files.h. Names are kustomize's (commands/build/writer.go): all in lower case, the empty group left out.
 */
#include "libgotk/kustomize/files.h"

#include "libgotk/base/str.h"
#include "libgotk/doc/yml.h"
#include "libgotk/kustomize/resource.h"

#include <string.h>

#define TEXT_MAX ((size_t)256 << 20)

static struct resid identity(struct arena *a, const struct doc *d)
{
    struct gvk g = gvk_parse(a, doc_text_at(d, "apiVersion"), doc_text_at(d, "kind"));
    return resid_new(g, doc_text_at(d, "metadata", "name"), doc_text_at(d, "metadata", "namespace"));
}

/* True when the namespaced resources are of more than one namespace. */
static bool in_several(struct arena *a, const struct doc *resources)
{
    const char *first = NULL;
    doc_each (d, resources) {
        struct resid id = identity(a, d);
        const char *ns = resid_namespace(&id);
        if (id.cluster)
            continue;
        if (first && strcmp(first, ns) != 0)
            return true;
        first = ns;
    }
    return false;
}

static const char *file_name(struct arena *a, const struct resid *id, bool several)
{
    const char *parts[5];
    size_t n = 0;
    if (several && !id->cluster)
        parts[n++] = resid_namespace(id);
    const char *const gvk[] = { id->gvk.group, id->gvk.version, id->gvk.kind };
    for (size_t i = 0; i < ARRAY_LEN(gvk); i++)
        if (gvk[i][0])
            parts[n++] = gvk[i];
    parts[n++] = id->name;
    return str_lower(a, str_fmt(a, "%s.yaml", str_join(a, parts, n, "_")));
}

static int add_file(struct ctx *cx, const struct doc *d, const struct resid *id, bool several,
                    struct doc *files)
{
    struct buf text = buf_new(cx->arena, TEXT_MAX);
    yml_print(&text, d);
    if (buf_ok(cx, &text, id->name) < 0)
        return err_code(cx);
    doc_set_text(cx->arena, files, file_name(cx->arena, id, several), buf_text(&text));
    return 0;
}

int kustomize_files(struct ctx *cx, const struct doc *resources, struct doc **ret_files)
{
    struct doc *files = doc_object(cx->arena);
    bool several = in_several(cx->arena, resources);
    for (int cluster = 0; cluster < 2; cluster++)
        doc_each (d, resources) {
            struct resid id = identity(cx->arena, d);
            if (id.cluster == (cluster == 1) && add_file(cx, d, &id, several, files) < 0)
                return err_code(cx);
        }
    *ret_files = files;
    return 0;
}
