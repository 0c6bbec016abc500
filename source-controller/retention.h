/*
 * retention.h: which files of an artifact's folder are garbage.
 *
 * A pure function, by the rule of fluxcd/pkg/artifact: a file goes when it is older than the time to live, or when there
 * are more than so many; the file in status never goes.
 */
#ifndef GOTK_SOURCE_RETENTION_H
#define GOTK_SOURCE_RETENTION_H

#include "libgotk/base/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct retention_file {
    const char *name;
    int64_t mtime_ns;
    bool current; /* the one in status */
    bool garbage; /* the answer */
};

struct retention_rule {
    int64_t ttl_ns;
    int64_t records; /* how many may remain */
};

/* Sorts the files, oldest first, and marks the garbage; returns how many. */
size_t retention_mark(struct retention_file *files, size_t n, const struct retention_rule *rule,
                      int64_t now_ns);

#endif
