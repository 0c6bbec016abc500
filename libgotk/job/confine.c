/*
 * confine.c: resource limits and Landlock; the contract is in confine.h. Runs in the child, once.
 *
 * Landlock's constants are spelled here where the headers of the oldest Debian lack them: the running kernel
 * says which of them it knows, and gets no others.
 */
#include "libgotk/job/confine.h"

#include "libgotk/base/fs.h"
#include "libgotk/base/str.h"
#include "libgotk/job/syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define FILES_MAX 256

/* Rights to a folder and what is below, by the version of Landlock that brought them. */
#define ACCESS_REFER        (1ULL << 13) /* 2 */
#define ACCESS_TRUNCATE     (1ULL << 14) /* 3 */
#define ACCESS_IOCTL_DEV    (1ULL << 15) /* 5 */
#define NET_BIND_TCP        (1ULL << 0)  /* 4 */
#define NET_CONNECT_TCP     (1ULL << 1)
#define SCOPE_ABSTRACT_UNIX (1ULL << 0) /* 6 */
#define SCOPE_SIGNAL        (1ULL << 1)

#define ACCESS_V1   ((1ULL << 13) - 1)
#define ACCESS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define ACCESS_WRITE                                                                                         \
    (ACCESS_READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |                           \
     LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |            \
     LANDLOCK_ACCESS_FS_MAKE_SYM | ACCESS_REFER | ACCESS_TRUNCATE)
/* What a right to a single file may contain. */
#define ACCESS_OF_FILE (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | ACCESS_TRUNCATE)

/* As the kernel's struct landlock_ruleset_attr of version 6; older kernels take its beginning. */
struct ruleset {
    uint64_t handled_fs;
    uint64_t handled_net;
    uint64_t scoped;
};

/* Harmless files that libraries open. A job that may read everything may read them too. */
static const char *const device_files[] = { "/dev/null", "/dev/zero", "/dev/urandom", "/dev/random" };

/* What name resolution and TLS read; absent ones are skipped. */
static const char *const network_files[] = {
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/host.conf",
    "/etc/gai.conf",
    "/etc/nsswitch.conf",
    "/etc/services",
    "/etc/ssl",
    "/etc/pki",
    "/etc/ca-certificates",
    "/usr/lib/ssl",
    "/usr/share/ca-certificates",
    "/usr/local/share/ca-certificates",
    "/run/systemd/resolve",
};

static int system_create_ruleset(const struct ruleset *attr, size_t size, unsigned flags)
{
    return (int)syscall(__NR_landlock_create_ruleset, attr, size, flags);
}

int confine_landlock_version(void)
{
    int version = system_create_ruleset(NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return version > 0 ? version : 0;
}

static uint64_t known_rights(int version)
{
    return ACCESS_V1 | (version >= 2 ? ACCESS_REFER : 0) | (version >= 3 ? ACCESS_TRUNCATE : 0) |
           (version >= 5 ? ACCESS_IOCTL_DEV : 0);
}

static int open_ruleset(struct ctx *cx, int version, bool network, int *ret_fd)
{
    struct ruleset attr = {
        .handled_fs = known_rights(version),
        .handled_net = version >= 4 ? NET_BIND_TCP | (network ? 0 : NET_CONNECT_TCP) : 0,
        .scoped = version >= 6 ? SCOPE_ABSTRACT_UNIX | SCOPE_SIGNAL : 0,
    };
    size_t size = version >= 6 ? sizeof(attr) : version >= 4 ? 16 : 8;
    int fd = system_create_ruleset(&attr, size, 0);
    if (fd < 0)
        return err_errno(cx, "failed to make Landlock rules");
    *ret_fd = fd;
    return 0;
}

/* Grants `rights` to one path; `optional` ones may be absent. */
static int grant(struct ctx *cx, int ruleset, const char *path, uint64_t rights, bool optional)
{
    struct stat st;
    int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0 && optional)
        return 0;
    if (fd < 0 || fstat(fd, &st) < 0)
        return err_errno(cx, "failed to open '%s' for a job", path);
    if (!S_ISDIR(st.st_mode))
        rights &= ACCESS_OF_FILE;
    struct landlock_path_beneath_attr rule = { .allowed_access = rights, .parent_fd = fd };
    long rc = syscall(__NR_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    int number = errno;
    close(fd);
    errno = number;
    if (rc < 0)
        return err_errno(cx, "failed to grant a job access to '%s'", path);
    return 0;
}

static int grant_all(struct ctx *cx, int ruleset, const char *const *paths, uint64_t rights)
{
    for (; paths && *paths; paths++)
        if (grant(cx, ruleset, *paths, rights, false) < 0)
            return cx->err.code;
    return 0;
}

static int grant_network(struct ctx *cx, int ruleset)
{
    size_t count;
    char **dirs = str_split(cx->arena, str_or(getenv("SSL_CERT_DIR"), ""), ':', &count);
    for (size_t i = 0; i < ARRAY_LEN(network_files); i++)
        if (grant(cx, ruleset, network_files[i], ACCESS_READ, true) < 0)
            return cx->err.code;
    for (size_t i = 0; i < count; i++)
        if (*dirs[i] && grant(cx, ruleset, dirs[i], ACCESS_READ, true) < 0)
            return cx->err.code;
    const char *file = getenv("SSL_CERT_FILE");
    return str_empty(file) ? 0 : grant(cx, ruleset, file, ACCESS_READ, true);
}

static int fill_ruleset(struct ctx *cx, int ruleset, int version, const struct job_limits *limits,
                        bool network)
{
    uint64_t writing = ACCESS_WRITE & known_rights(version);
    bool devices_too = limits->read_dirs && str_eq(limits->read_dirs[0], "/");
    for (size_t i = 0; !devices_too && i < ARRAY_LEN(device_files); i++)
        if (grant(cx, ruleset, device_files[i], LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE,
                  true) < 0)
            return cx->err.code;
    if (network && grant_network(cx, ruleset) < 0)
        return cx->err.code;
    if (grant_all(cx, ruleset, limits->read_dirs, ACCESS_READ) < 0)
        return cx->err.code;
    return grant_all(cx, ruleset, limits->write_dirs, writing);
}

static int restrict_files(struct ctx *cx, const struct job_limits *limits, bool network)
{
    int version = confine_landlock_version(), ruleset = -1;
    if (!version)
        return 0; /* job_init warned */
    if (open_ruleset(cx, version, network, &ruleset) < 0)
        return cx->err.code;
    int rc = fill_ruleset(cx, ruleset, version, limits, network);
    if (rc == 0 && syscall(__NR_landlock_restrict_self, ruleset, 0) < 0)
        rc = err_errno(cx, "failed to apply Landlock rules");
    close(ruleset);
    return rc;
}

static int limit(struct ctx *cx, __rlimit_resource_t what, rlim_t soft, rlim_t hard)
{
    struct rlimit value = { soft, hard };
    if (setrlimit(what, &value) < 0)
        return err_errno(cx, "failed to set resource limit %d", (int)what);
    return 0;
}

size_t confine_memory_in_use(struct ctx *cx)
{
    struct buf text;
    size_t count;
    int64_t pages = 0;
    if (fs_read_file(cx, "/proc/self/statm", 4096, &text) <
        0) { /* without /proc the limit is a little stricter */
        err_clear(cx);
        return 0;
    }
    char **fields = str_split(cx->arena, buf_text(&text), ' ', &count);
    if (count < 6 || !str_to_int64(fields[5], &pages)) /* data and stack */
        return 0;
    return (size_t)pages * (size_t)sysconf(_SC_PAGESIZE);
}

static int limit_resources(struct ctx *cx, const struct job_limits *limits, bool network, size_t in_use)
{
    rlim_t cpu = (rlim_t)limits->cpu_seconds, data = in_use + limits->memory_max;
    if (limit(cx, RLIMIT_CORE, 0, 0) < 0 || limit(cx, RLIMIT_NOFILE, FILES_MAX, FILES_MAX) < 0)
        return cx->err.code;
    if (limit(cx, RLIMIT_CPU, cpu, cpu + 1) < 0 ||
        limit(cx, RLIMIT_FSIZE, limits->file_max, limits->file_max) < 0)
        return cx->err.code;
    if (!network && limit(cx, RLIMIT_NPROC, 0, 0) < 0)
        return cx->err.code;
    if (!CONFINE_HAS_SANITIZER && limit(cx, RLIMIT_DATA, data, data) < 0)
        return cx->err.code;
    return 0;
}

int confine_self(struct ctx *cx, const struct job_limits *limits, bool network, size_t in_use)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return err_errno(cx, "failed to give up privileges");
    if (limit_resources(cx, limits, network, in_use) < 0)
        return cx->err.code;
    if (restrict_files(cx, limits, network) < 0)
        return cx->err.code;
    return syscalls_restrict(cx, network);
}
