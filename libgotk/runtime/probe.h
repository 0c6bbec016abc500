/*
 * probe.h: what is served over HTTP about the process itself: /metrics, /healthz and /readyz.
 *
 * Two servers, as dashboards and probes expect: metrics on --metrics-addr, probes on --health-addr; "0" means none.
 */
#ifndef GOTK_RUNTIME_PROBE_H
#define GOTK_RUNTIME_PROBE_H

#include "libgotk/runtime/metrics.h"
#include "libgotk/runtime/options.h"

struct probes;

/* Starts both servers; `metrics` outlives them. The caller owns *ret (probes_stop). */
int probes_start(struct ctx *cx, struct metrics *metrics, const struct options *options,
                 struct probes **ret) MUST_CHECK;

/* Ends them; NULL is allowed. */
void probes_stop(struct probes *p);

#endif
