/*
 * kfile.h: the kustomization file: its fields, and how it is found and checked.
 *
 * One table of rows (kfile.c) says which fields there are; bases are read strictly by it, the root that Flux rewrites
 * leniently. Any thread.
 */
#ifndef GOTK_KUSTOMIZE_KFILE_H
#define GOTK_KUSTOMIZE_KFILE_H

#include "libgotk/base/buf.h"
#include "libgotk/kustomize/kschema.h"

#define KFILE_VERSION           "kustomize.config.k8s.io/v1beta1"
#define KFILE_COMPONENT_VERSION "kustomize.config.k8s.io/v1alpha1"

/* The names a kustomization file can have, in order of preference; NULL-terminated. */
extern const char *const kfile_names[];

/* The fields of a kustomization file. */
extern const struct kschema kfile_fields[];

/* The fields of documents that configure one transformer or generator. */
extern const struct kschema kfile_patch_sm_config[];
extern const struct kschema kfile_patch_config[];
extern const struct kschema kfile_patch_json_config[];
extern const struct kschema kfile_namespace_config[];
extern const struct kschema kfile_names_config[];
extern const struct kschema kfile_labels_config[];
extern const struct kschema kfile_replicas_config[];
extern const struct kschema kfile_images_config[];
extern const struct kschema kfile_replace_config[];
extern const struct kschema kfile_valueadd_config[];
extern const struct kschema kfile_generator_config[];

/* The fields of files that replacements and a ValueAddTransformer name. */
extern const struct kschema kfile_replacement[];
extern const struct kschema kfile_value_targets[];

/* Parses and checks the text of `file`: YAML 1.1, unknown fields refused with the nearest name, kind and apiVersion
 * filled in. `dir` is named in messages. ERR_INVALID. */
int kfile_parse(struct ctx *cx, const char *text, size_t len, const char *file, const char *dir,
                struct doc **ret) MUST_CHECK;

/* Checks a kustomization that is a document already, as kfile_parse; changed in place. */
int kfile_check(struct ctx *cx, struct doc *d, const char *file, const char *dir) MUST_CHECK;

/* Tells `warn` about each deprecated field that is set. */
void kfile_warn(const struct doc *d, void (*warn)(void *user, const char *line), void *user);

#endif
