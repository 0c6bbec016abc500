/*
 * footprint.c: see footprint.h.
 *
 * The dynamic linker looks through the symbol tables of some fifty libraries, and the kernel maps sixteen pages for each one
 * touched; most are never looked at again, and made up half of a controller's resident memory. Only pages that cannot have
 * been written are let go of: a library's first mapping (offset 0, read-only) and its code. What comes after the code may
 * hold relocated data under the same protection and is left alone.
 */
#include "libgotk/runtime/footprint.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* "from-to rwxp offset device inode path": the fields of a line of /proc/self/maps. */
struct mapping {
    unsigned long from;
    unsigned long to;
    const char *protection;
    unsigned long offset;
    bool is_file;
};

static struct mapping parse(const char *line)
{
    char *at;
    struct mapping m = { .from = strtoul(line, &at, 16) };
    m.to = strtoul(*at ? at + 1 : at, &at, 16);
    m.protection = *at ? at + 1 : at;
    at = strchr(m.protection, ' ');
    m.offset = at ? strtoul(at, NULL, 16) : 0;
    m.is_file = strchr(line, '/') != NULL;
    return m;
}

/* Nobody can have written to it. */
static bool is_forgettable(const struct mapping *m)
{
    return m->is_file && (strncmp(m->protection, "r-xp", 4) == 0 ||
                          (strncmp(m->protection, "r--p", 4) == 0 && m->offset == 0));
}

long footprint_forget_start(void)
{
    char line[512];
    long bytes = 0;
    FILE *maps = fopen("/proc/self/maps", "re");
    while (maps && fgets(line, sizeof(line), maps)) {
        struct mapping m = parse(line);
        if (is_forgettable(&m) && madvise((void *)m.from, m.to - m.from, MADV_DONTNEED) == 0)
            bytes += (long)(m.to - m.from);
    }
    if (maps)
        fclose(maps);
    return bytes;
}
