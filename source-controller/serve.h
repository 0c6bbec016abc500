/*
 * serve.h: the artifact server: files of the storage over plain HTTP, for the other controllers.
 *
 * Started only by the leader: while the port is closed the pod is not ready, so that the Service reaches the one process
 * that has the artifacts. GET and HEAD, ranges, validators; no listing, nothing outside the storage, no name that begins
 * with a dot. "/" answers 200, because manifests probe it. Rejected: TLS and authentication, which Flux's consumers
 * would not speak; the network policy of the installation is the fence.
 */
#ifndef GOTK_SOURCE_SERVE_H
#define GOTK_SOURCE_SERVE_H

#include "libgotk/net/server.h"
#include "source-controller/storage.h"

/* Starts the server on `addr`; `s` must outlive it. The caller owns *ret (server_stop). Errors of server_start. */
int serve_start(struct ctx *cx, const char *addr, struct storage *s, struct server **ret) MUST_CHECK;

#endif
