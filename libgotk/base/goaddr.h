/*
 * goaddr.h: IP addresses as Go's net/netip reads them.
 *
 * For what users see of its complaints: hosts of URLs, formats of JSON Schema. Rejected: inet_pton, which says nothing
 * and knows no zones. Pure functions; results live in the arena.
 */
#ifndef GOTK_BASE_GOADDR_H
#define GOTK_BASE_GOADDR_H

#include "libgotk/base/str.h"

/* netip.ParseAddr: NULL for an address (IPv4, or IPv6 perhaps with a zone), *ret_four telling which; else what is wrong:
 * `ParseAddr("::1::"): multiple :: in address (at "...")`. */
const char *goaddr_wrong(struct arena *a, struct strv text, bool *ret_four);

#endif
