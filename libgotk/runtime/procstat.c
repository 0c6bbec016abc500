/*
 * procstat.c: reading /proc/self; the contract is in procstat.h.
 */
#include "libgotk/runtime/procstat.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* The file's first bytes as a string; false when it cannot be read. */
static bool slurp(const char *path, char *out, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, out, size - 1);
    close(fd);
    out[n > 0 ? n : 0] = 0;
    return n > 0;
}

/* Field `number` (from 3 on, as in proc(5)) of /proc/self/stat; the process name before them may hold spaces. */
static double stat_field(const char *stat, int number)
{
    const char *at = strrchr(stat, ')');
    for (int i = 2; at && i < number; i++)
        at = strchr(at + 1, ' ');
    return at ? strtod(at + 1, NULL) : 0;
}

static double count_fds(void)
{
    DIR *dir = opendir("/proc/self/fd");
    if (!dir)
        return 0;
    int n = -3; /* ".", "..", and this folder's own descriptor */
    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

static double boot_seconds(void)
{
    struct timespec up;
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &up);
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)(now.tv_sec - up.tv_sec) + (double)(now.tv_nsec - up.tv_nsec) / 1e9;
}

bool procstat_read(struct procstat *ret)
{
    char stat[1024];
    struct rusage usage;
    struct rlimit files = { 0 };
    if (!slurp("/proc/self/stat", stat, sizeof(stat)) || getrusage(RUSAGE_SELF, &usage) < 0)
        return false;
    getrlimit(RLIMIT_NOFILE, &files);
    *ret = (struct procstat){
        .cpu_seconds = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6,
        .resident_bytes = stat_field(stat, 24) * (double)sysconf(_SC_PAGESIZE),
        .virtual_bytes = stat_field(stat, 23),
        .start_seconds = boot_seconds() + stat_field(stat, 22) / (double)sysconf(_SC_CLK_TCK),
        .open_fds = count_fds(),
        .max_fds = (double)files.rlim_cur,
    };
    return true;
}
