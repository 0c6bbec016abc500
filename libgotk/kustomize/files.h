/*
 * files.h: a build's resources as one file each, as `kustomize build -o DIR` writes them.
 *
 * Only names and texts: who writes them decides where. Any thread.
 */
#ifndef GOTK_KUSTOMIZE_FILES_H
#define GOTK_KUSTOMIZE_FILES_H

#include "libgotk/doc/doc.h"

/* An object of file names and their YAML text: "apps_v1_deployment_web.yaml", with the namespace in front when the
 * namespaced resources are of several; of two with the same name the later stays. A resource's name is a stranger's: a
 * file name may hold slashes. ERR_LIMIT for a resource of more than 256 MiB. */
int kustomize_files(struct ctx *cx, const struct doc *resources, struct doc **ret_files) MUST_CHECK;

#endif
