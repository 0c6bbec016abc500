/*
 * footprint.c: see footprint.h.
 *
 * The dynamic linker looks through the symbol tables of some fifty libraries, and the kernel maps sixteen pages for each one
 * touched; most are never looked at again, and made up half of a controller's resident memory. Only pages that cannot have
 * been written are let go of: a library's first mapping (offset 0, read-only) and its code. What comes after the code may
 * hold relocated data under the same protection and is left alone.
 */
#include "libgotk/runtime/footprint.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

/* One line of /proc/self/maps; false when it is no mapping of a file that is only read or run. */
static int is_forgettable(const char *line, unsigned long *ret_from, unsigned long *ret_to)
{
    char protection[5], path[2];
    unsigned long offset;
    if (sscanf(line, "%lx-%lx %4s %lx %*s %*s %1s", ret_from, ret_to, protection, &offset, path) != 5)
        return 0;
    if (path[0] != '/')
        return 0;
    return strcmp(protection, "r-xp") == 0 || (strcmp(protection, "r--p") == 0 && offset == 0);
}

long footprint_forget_start(void)
{
    char line[512];
    unsigned long from, to;
    long bytes = 0;
    FILE *maps = fopen("/proc/self/maps", "re");
    while (maps && fgets(line, sizeof(line), maps))
        if (is_forgettable(line, &from, &to) && madvise((void *)from, to - from, MADV_DONTNEED) == 0)
            bytes += (long)(to - from);
    if (maps)
        fclose(maps);
    return bytes;
}
