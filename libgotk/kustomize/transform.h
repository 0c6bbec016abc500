/*
 * transform.h: the transformers of a kustomization, one row each.
 *
 * A transformer can be asked for by a field of the kustomization file or by a document of kind e.g.
 * "PrefixTransformer". Either way it is first planned (its configuration is read and checked) and becomes one or more
 * steps; then all steps run in order. Adding one: a file transform_<what>.c and a row in transform.c. One build.
 */
#ifndef GOTK_KUSTOMIZE_TRANSFORM_H
#define GOTK_KUSTOMIZE_TRANSFORM_H

#include "libgotk/kustomize/kschema.h"
#include "libgotk/kustomize/ktarget.h"

struct transform_plan;

/* A planned transformer: run() changes the resources of the map. */
struct transform_step {
    int (*run)(struct ctx *cx, const struct transform_step *step, struct resmap *m);
    const void *args;
    const struct ktarget *target;
    const struct doc *origin; /* what to note on the resources; NULL: nothing */
    const char *place;        /* of the entry that asks for it, for messages; NULL: not known */
};

struct transform_plan {
    const struct ktarget *target;
    const struct tconfig *config;
    const char *place; /* for the steps that are added next */
    VEC(struct transform_step) steps;
};

struct transform {
    const char *kind;             /* of the plugin */
    const struct kschema *fields; /* of the plugin's document, kfile.h */
    enum kschema_mode mode;       /* how upstream reads it */
    /* Plans what the kustomization file asks for; NULL: no field does. */
    int (*from_file)(struct ctx *cx, struct transform_plan *plan);
    /* Plans what a plugin document asks for. */
    int (*from_config)(struct ctx *cx, struct transform_plan *plan, const struct doc *config);
};

/* A plugin's document as the planning functions read it: members in their canonical spelling, others gone. */
int transform_config(struct ctx *cx, const struct resource *plugin, const struct kschema *fields,
                     enum kschema_mode mode, struct doc **ret) MUST_CHECK;

/* Plans the fields of plan->target's kustomization file, in kustomize's fixed order. */
int transform_plan_file(struct ctx *cx, struct transform_plan *plan) MUST_CHECK;

/* Plans one plugin document; ERR_UNSUPPORTED for kinds that are no built-in transformer. */
int transform_plan_config(struct ctx *cx, struct transform_plan *plan,
                          const struct resource *plugin) MUST_CHECK;

/* Runs all steps. */
int transform_run(struct ctx *cx, const struct transform_plan *plan, struct resmap *m) MUST_CHECK;

/* Names the entry of a field of the kustomization file that the next steps are for: "patches (base/kustomization.yaml:4)". */
void transform_at(struct ctx *cx, struct transform_plan *plan, const char *field, const struct doc *entry);

/* Appends a step; for the planning functions. */
void transform_add(struct ctx *cx, struct transform_plan *plan,
                   int (*run)(struct ctx *cx, const struct transform_step *step, struct resmap *m),
                   const void *args);

/* Puts a string (in the same quotes), a text without a type of its own (resource_untyped), or another scalar in the place
 * of a scalar node; ERR_INVALID for a map or list. */
int transform_set_text(struct ctx *cx, struct doc *parent, struct doc *node, const char *text) MUST_CHECK;
int transform_set_untyped(struct ctx *cx, struct doc *parent, struct doc *node, const char *text) MUST_CHECK;
int transform_set_scalar(struct ctx *cx, struct doc *parent, struct doc *node, struct doc *value) MUST_CHECK;

/* ERR_INVALID "wrong node kind: expected ... but got ...". */
int transform_wrong_kind(struct ctx *cx, const char *want, const struct doc *node) MUST_CHECK;

/* The built-in transformers, one or more per file. */
int transform_patch_sm_file(struct ctx *cx, struct transform_plan *plan) MUST_CHECK;
int transform_patch_sm_config(struct ctx *cx, struct transform_plan *plan,
                              const struct doc *config) MUST_CHECK;
int transform_patch_file(struct ctx *cx, struct transform_plan *plan) MUST_CHECK;
int transform_patch_config(struct ctx *cx, struct transform_plan *plan, const struct doc *config) MUST_CHECK;
int transform_patch_json_file(struct ctx *cx, struct transform_plan *plan) MUST_CHECK;
int transform_patch_json_config(struct ctx *cx, struct transform_plan *plan,
                                const struct doc *config) MUST_CHECK;
int transform_namespace_file(struct ctx *cx, struct transform_plan *plan) MUST_CHECK;
int transform_namespace_config(struct ctx *cx, struct transform_plan *plan,
                               const struct doc *config) MUST_CHECK;
int transform_names_prefix_file(struct ctx *cx, struct transform_plan *plan) MUST_CHECK;
int transform_names_prefix_config(struct ctx *cx, struct transform_plan *plan,
                                  const struct doc *config) MUST_CHECK;
int transform_names_suffix_file(struct ctx *cx, struct transform_plan *plan) MUST_CHECK;
int transform_names_suffix_config(struct ctx *cx, struct transform_plan *plan,
                                  const struct doc *config) MUST_CHECK;
int transform_names_both_config(struct ctx *cx, struct transform_plan *plan,
                                const struct doc *config) MUST_CHECK;
int transform_names_hash_config(struct ctx *cx, struct transform_plan *plan,
                                const struct doc *config) MUST_CHECK;
int transform_labels_file(struct ctx *cx, struct transform_plan *plan) MUST_CHECK;
int transform_labels_config(struct ctx *cx, struct transform_plan *plan, const struct doc *config) MUST_CHECK;
int transform_labels_annotations_file(struct ctx *cx, struct transform_plan *plan) MUST_CHECK;
int transform_labels_annotations_config(struct ctx *cx, struct transform_plan *plan,
                                        const struct doc *config) MUST_CHECK;
int transform_replicas_file(struct ctx *cx, struct transform_plan *plan) MUST_CHECK;
int transform_replicas_config(struct ctx *cx, struct transform_plan *plan,
                              const struct doc *config) MUST_CHECK;
int transform_images_file(struct ctx *cx, struct transform_plan *plan) MUST_CHECK;
int transform_images_config(struct ctx *cx, struct transform_plan *plan, const struct doc *config) MUST_CHECK;
int transform_replace_file(struct ctx *cx, struct transform_plan *plan) MUST_CHECK;
int transform_replace_config(struct ctx *cx, struct transform_plan *plan,
                             const struct doc *config) MUST_CHECK;
int transform_valueadd_config(struct ctx *cx, struct transform_plan *plan,
                              const struct doc *config) MUST_CHECK;

#endif
