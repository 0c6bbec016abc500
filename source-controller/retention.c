/*
 * retention.c: marks the garbage; see retention.h.
 */
#include "source-controller/retention.h"

#include <stdlib.h>
#include <string.h>

static int by_age(const void *one, const void *other)
{
    const struct retention_file *a = one;
    const struct retention_file *b = other;
    if (a->mtime_ns != b->mtime_ns)
        return a->mtime_ns < b->mtime_ns ? -1 : 1;
    return strcmp(a->name, b->name);
}

size_t retention_mark(struct retention_file *files, size_t n, const struct retention_rule *rule,
                      int64_t now_ns)
{
    size_t marked = 0;
    if (n == 0)
        return 0;
    qsort(files, n, sizeof(*files), by_age);
    for (size_t i = 0; i < n; i++) {
        files[i].garbage = !files[i].current && now_ns - files[i].mtime_ns > rule->ttl_ns;
        marked += files[i].garbage;
    }
    for (size_t i = 0; i < n && (int64_t)(n - marked) > rule->records; i++) {
        if (files[i].current || files[i].garbage)
            continue;
        files[i].garbage = true;
        marked++;
    }
    return marked;
}
