/*
 * templateflags.h: the flags of `helm-controller template`, which are those of `helm template`.
 *
 * Static storage, filled by flags_parse in main.
 */
#ifndef GOTK_HELM_CONTROLLER_TEMPLATEFLAGS_H
#define GOTK_HELM_CONTROLLER_TEMPLATEFLAGS_H

#include "libgotk/base/flags.h"

struct templateflags {
    const char *ns;
    const char *kube_version;
    const char *name_template;
    const char *output_dir;
    const char *dry_run;
    const char *kubeconfig;
    const char *kube_context;
    const char *version;
    struct str_list api_versions;
    struct str_list values;
    struct str_list set;
    struct str_list set_file;
    struct str_list set_json;
    struct str_list set_literal;
    struct str_list set_string;
    struct str_list labels;
    struct str_list show_only;
    bool debug;
    bool devel;
    bool generate_name;
    bool include_crds;
    bool is_upgrade;
    bool no_hooks;
    bool release_name;
    bool skip_schema_validation;
    bool skip_tests;
};

extern struct templateflags templateflags;
#define TEMPLATEFLAGS_COUNT 74
extern const struct flag templateflags_rows[TEMPLATEFLAGS_COUNT];

/* Fails with ERR_UNSUPPORTED for a flag that needs a cluster, the network, or programs of others, and with ERR_INVALID for
 * values and pairs that helm refuses. */
int templateflags_check(struct ctx *cx) MUST_CHECK;

#endif
