/*
 * listen.h: a listening TCP socket from a flag's text.
 *
 * ":9090" listens on all addresses of IPv4 and IPv6, "127.0.0.1:0" on a free port. Internal to the server.
 * Rejected: libmicrohttpd's own socket, which is either IPv4 or IPv6.
 */
#ifndef GOTK_NET_LISTEN_H
#define GOTK_NET_LISTEN_H

#include "libgotk/base/ctx.h"

/* Opens the socket; the caller owns it. Fails with ERR_INVALID for a text that is no address, else errno's
 * code. */
int listen_open(struct ctx *cx, const char *addr, int *ret_fd) MUST_CHECK;

/* The port a listening socket has. */
int listen_port(int fd);

#endif
