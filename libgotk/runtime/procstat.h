/*
 * procstat.h: what the kernel says about this process, for metrics and memory checks.
 *
 * Read from /proc at each call; any thread.
 */
#ifndef GOTK_RUNTIME_PROCSTAT_H
#define GOTK_RUNTIME_PROCSTAT_H

#include <stdbool.h>

struct procstat {
    double cpu_seconds; /* user and system */
    double resident_bytes;
    double virtual_bytes;
    double start_seconds; /* since 1970 */
    double open_fds;
    double max_fds;
};

/* Fills *ret; false (and *ret untouched) where /proc cannot be read. */
bool procstat_read(struct procstat *ret);

#endif
