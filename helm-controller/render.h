/*
 * render.h: from a chart and values to manifests, in a confined child.
 *
 * One job does what Helm does before it talks to a cluster: load the chart, choose its dependencies, merge and validate the
 * values, run the templates, split and sort what they printed. What a template looks up in the cluster is asked of the
 * parent. The output is borrowed from one buffer of the caller's arena.
 */
#ifndef GOTK_HELM_CONTROLLER_RENDER_H
#define GOTK_HELM_CONTROLLER_RENDER_H

#include "libgotk/base/flags.h"
#include "libgotk/helm/manifest.h"
#include "libgotk/helm/notes.h"
#include "libgotk/job/job.h"

/* The cluster that templates see by `lookup`; asked on the thread that renders. */
struct render_cluster {
    /* The object of that apiVersion, kind, namespace and name, a list when the name is "", NULL when there is none. An error
     * fails the render, in the words of the API server. */
    int (*lookup)(struct ctx *cx, void *user, const char *const args[4], struct doc **ret);
    void *user;
};

struct render_input {
    const char *chart; /* a folder or a packed chart */
    const char *release;
    const char *ns;
    const char *kube_version;     /* NULL: Helm's default */
    struct str_list api_versions; /* in addition to Helm's defaults */
    struct str_list values_files; /* and the other sources of values, as helm's flags have them */
    struct str_list set_json;
    struct str_list set;
    struct str_list set_string;
    struct str_list set_file;
    struct str_list set_literal;
    const struct doc
        *streams;           /* those of them that are streams (valuesinput.h): texts by path; NULL: none is */
    struct str_list labels; /* of the release, "key=value" */
    bool is_upgrade;
    bool skip_schema_validation;
    bool include_crds;
    const struct render_cluster *cluster; /* NULL: nothing is ever found */
    bool want_files; /* when manifests cannot be sorted: give the files as they were printed */
};

struct render_output {
    struct notes log; /* what Helm says meanwhile */
    /* Why there are no manifests, in Helm's words; NULL: there are. A failure after the values were accepted, which helm tells
     * apart, has `rendered` set, and `files` where they were wanted. What Helm does not say, in lines, is in `hints`. */
    const char *error;
    const char *hints;
    bool rendered;
    struct manifest_files files;
    struct manifest_files crds;
    struct manifests manifests;
    struct strv notes; /* NOTES.txt of the chart */
};

/* The row for job_init. */
extern const struct job render_job;

/*
 * Renders in a child; everything in *ret lives in cx->arena. A chart or values that are wrong are no failure of this function:
 * ret->error says so. Fails when the child did: ERR_LIMIT, ERR_TIMEOUT, ERR_INTERNAL.
 */
int render_run(struct ctx *cx, const struct render_input *input, struct render_output *ret) MUST_CHECK;

#endif
