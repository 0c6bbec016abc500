/*
 * manifest_parts.h: the head of a manifest. Private to libgotk/helm/manifest*.c.
 */
#ifndef GOTK_HELM_MANIFEST_PARTS_H
#define GOTK_HELM_MANIFEST_PARTS_H

#include "libgotk/base/ctx.h"
#include "libgotk/base/map.h"
#include "libgotk/base/str.h"

/* What Helm reads of a document: texts are "" when absent. */
struct manifest_head {
    const char *api_version;
    const char *kind;
    const char *name;
    struct map notes; /* of metadata.annotations Helm's: texts */
};

/* Reads the head of a document, which is parsed in `scratch`; nothing there is needed afterwards. ERR_INVALID with the words of sigs.k8s.io/yaml and encoding/json. */
int manifest_head_read(struct ctx *cx, struct arena *scratch, struct strv text,
                       struct manifest_head *ret) MUST_CHECK;
/* The annotation of that name, which starts with "helm.sh/"; NULL when there is none. */
const char *manifest_head_note(const struct manifest_head *head, const char *name);

#endif
