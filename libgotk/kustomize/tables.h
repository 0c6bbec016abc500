/*
 * tables.h: kustomize's built-in knowledge of Kubernetes fields, as rows.
 *
 * Which fields hold labels, annotations, images, replicas and names, and which fields refer to other objects by name.
 * Facts of kustomize 5.8.1; a new field is one row. Static data, any thread. Fields inside a pod are written once and
 * combined with the kinds that hold a pod. Rejected: YAML text parsed at start, as upstream has it.
 */
#ifndef GOTK_KUSTOMIZE_TABLES_H
#define GOTK_KUSTOMIZE_TABLES_H

#include "libgotk/kustomize/fieldspec.h"

/* A field and the lists of tconfig.h it belongs to (bits 1 << TCONFIG_...). */
struct tables_field {
    unsigned lists;
    struct fieldspec fs;
};

/* Groups of kinds that hold a pod; each row of a reference names one. */
enum tables_pods {
    TABLES_PODS_MOUNTING = 1,  /* whose references to ConfigMaps and Secrets are followed */
    TABLES_PODS_USING = 2,     /* whose references to accounts, claims and priorities are followed */
    TABLES_PODS_WITH_VARS = 4, /* in which variables are expanded */
};

struct tables_pod_home {
    const char *kind;
    const char *version; /* only honoured for TABLES_PODS_MOUNTING */
    const char *prefix;  /* path of the pod's spec */
    unsigned sets;       /* of enum tables_pods */
};

/* Objects of kind `target` are named in the field `path` of `kind`, or of every pod of the set `pods`. */
struct tables_reference {
    const char *target;
    const char *target_group;
    const char *target_version;
    const char *path;
    enum tables_pods pods; /* 0: the row names one kind below */
    const char *kind;
    const char *group;
    const char *version;
};

extern const struct tables_field tables_fields[];
extern const size_t tables_field_count;
extern const struct tables_pod_home tables_pod_homes[];
extern const size_t tables_pod_home_count;
extern const struct tables_reference tables_references[];
extern const size_t tables_reference_count;
extern const char *const tables_pod_variables[];
extern const size_t tables_pod_variable_count;

#endif
