/*
 * proxy.h: which proxy the environment asks for, decided as Go programs decide it.
 *
 * HTTPS_PROXY and HTTP_PROXY (or lower case) by the URL's scheme, for ssh ALL_PROXY, NO_PROXY with its names, suffixes,
 * addresses and networks; loopback is never proxied. Rejected: curl's own reading, which ignores HTTP_PROXY,
 * knows ALL_PROXY and sends loopback traffic to a proxy, all unlike what the same pod's environment meant for
 * Flux.
 */
#ifndef GOTK_NET_PROXY_H
#define GOTK_NET_PROXY_H

#include "libgotk/net/url.h"

#include <stdbool.h>

/* The proxy's URL for a request to `u`, in `a`; NULL when it is to be reached directly. */
const char *proxy_for(struct arena *a, const struct url *u);

/* A proxy's URL as curl must be told so that it does as Go: the proxy of socks5:// looks names up itself. */
const char *proxy_for_curl(struct arena *a, const char *proxy);

/* The port of a proxy whose URL (or mere host) names none: 80, 443 or 1080. */
int proxy_default_port(const char *proxy);

/* True when `no_proxy` (a comma-separated list) excludes host and port from proxying. */
bool proxy_is_excluded(struct arena *a, const char *no_proxy, const char *host, int port);

#endif
