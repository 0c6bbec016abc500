/*
 * execplugin.h: credentials that a program of a kubeconfig's author prints: users[].user.exec.
 *
 * Only where --insecure-kubeconfig-exec allows it: the program runs with this process's rights. Follows client-go's exec
 * plugin: KUBERNETES_EXEC_INFO tells it what is wanted, an ExecCredential on its standard output is the answer. It gets a
 * minute. Rejected: the job helper, whose children may not execute anything, by design. Worker threads.
 */
#ifndef GOTK_KUBE_EXECPLUGIN_H
#define GOTK_KUBE_EXECPLUGIN_H

#include "libgotk/doc/doc.h"

/* What it printed; absent parts are NULL, expires_ns is 0 when it names no time. */
struct exec_credential {
    const char *token;
    const char *cert_pem;
    const char *key_pem;
    int64_t expires_ns; /* Unix time */
};

/* Runs the program of an exec section. Errors begin with "getting credentials: exec: ". */
int execplugin_run(struct ctx *cx, const struct doc *section, struct exec_credential *ret) MUST_CHECK;

#endif
