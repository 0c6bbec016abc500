/*
 * objects.h: .Capabilities and .Files.
 *
 * Values for templates, made of plain C data that must outlive them. One thread.
 */
#ifndef GOTK_HELM_TEMPLATE_OBJECTS_H
#define GOTK_HELM_TEMPLATE_OBJECTS_H

#include "helm-controller/template/value.h"

struct kube_version {
    const char *version;    /* "v1.33.4-gke.1" */
    const char *normalized; /* "v1.33.4"; "" when it was read from a cluster */
    const char *major;
    const char *minor;
};

struct helm_version {
    const char *version;
    const char *git_commit;
    const char *git_tree_state;
    const char *go_version;
    const char *kube_client_version;
};

struct capabilities {
    struct kube_version kube;
    struct helm_version helm;
    struct vlist *api_versions; /* strings */
};

/* *common.Capabilities */
struct value capabilities_value(struct arena *a, const struct capabilities *c);
/* engine.files: file names to V_BYTES. */
struct value files_value(struct arena *a, struct vmap *files);

#endif
