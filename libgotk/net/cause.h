/*
 * cause.h: why a transfer ended without an answer, in words users of Go programs know.
 *
 * One table from curl's codes to ours. Internal to the HTTP client. Rejected: curl's own strings ("Couldn't
 * connect to server"), which name neither the address nor the system's reason.
 */
#ifndef GOTK_NET_CAUSE_H
#define GOTK_NET_CAUSE_H

#include "libgotk/net/transfer.h"

/* Puts the error of a finished transfer into cx (t->result is not CURLE_OK) and returns its code. */
int cause_fail(struct ctx *cx, const struct transfer *t);

/* True when a second try could help: no connection, cut off, timed out; not trust, limits or a wrong URL. */
bool cause_is_passing(const struct transfer *t);

#endif
