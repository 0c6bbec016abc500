/*
 * releasename.h: what a release is called, and where it is, when the command line leaves it open.
 */
#ifndef GOTK_HELM_CONTROLLER_RELEASENAME_H
#define GOTK_HELM_CONTROLLER_RELEASENAME_H

#include "libgotk/base/ctx.h"

/* What the template of --name-template gives. ERR_INVALID with Go's text of the error. In cx's arena. */
int releasename_template(struct ctx *cx, const char *text, const char **ret) MUST_CHECK;

/*
 * The namespace kubectl would use: that of the kubeconfig's context (`context`, or the current one), of the pod this runs in,
 * or "default". `files` is a list with colons between, NULL or "" for ~/.kube/config; files that cannot be read count as
 * absent. In cx's arena.
 */
const char *releasename_namespace(struct ctx *cx, const char *files, const char *context);

#endif
