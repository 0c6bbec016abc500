/*
 * pods.h: the pods of a workload.
 *
 * What spec.selector of a Deployment, StatefulSet, ReplicaSet, DaemonSet or Job selects in its namespace. Any thread.
 */
#ifndef GOTK_SSA_PODS_H
#define GOTK_SSA_PODS_H

#include "libgotk/kube/client.h"

/* Lists them into *ret_pods, a DOC_ARRAY; no pods at all for an object whose spec.selector selects nothing in particular.
 * Fails as kube_list does. */
int pods_of(struct ctx *cx, struct kube *k, const struct doc *workload, struct doc **ret_pods) MUST_CHECK;

/* A LabelSelector ({matchLabels, matchExpressions}) as the text of a list request; "" when it selects everything. */
const char *pods_selector(struct arena *a, const struct doc *selector);

#endif
