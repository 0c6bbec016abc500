/*
 * syscalls.c: the seccomp filter of a job; the contract is in syscalls.h. Runs in the child, once.
 *
 * Names the running architecture does not have (open, stat, ... on arm64) or libseccomp does not know are
 * skipped.
 */
#include "libgotk/job/syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#define SOCK_TYPE_MASK 0xf

enum rule_kind {
    ALLOW,
    ALLOW_NETWORK, /* in network jobs; else EPERM */
    REFUSE,        /* EPERM */
    END,           /* the process is killed: SIGSYS */
};

static const struct {
    const char *name;
    enum rule_kind kind;
} rules[] = {
    /* files: Landlock decides which */
    { "read", ALLOW },
    { "write", ALLOW },
    { "readv", ALLOW },
    { "writev", ALLOW },
    { "pread64", ALLOW },
    { "pwrite64", ALLOW },
    { "preadv", ALLOW },
    { "pwritev", ALLOW },
    { "open", ALLOW },
    { "openat", ALLOW },
    { "openat2", ALLOW },
    { "creat", ALLOW },
    { "close", ALLOW },
    { "close_range", ALLOW },
    { "stat", ALLOW },
    { "lstat", ALLOW },
    { "fstat", ALLOW },
    { "newfstatat", ALLOW },
    { "statx", ALLOW },
    { "statfs", ALLOW },
    { "fstatfs", ALLOW },
    { "lseek", ALLOW },
    { "access", ALLOW },
    { "faccessat", ALLOW },
    { "faccessat2", ALLOW },
    { "readlink", ALLOW },
    { "readlinkat", ALLOW },
    { "getdents", ALLOW },
    { "getdents64", ALLOW },
    { "mkdir", ALLOW },
    { "mkdirat", ALLOW },
    { "rmdir", ALLOW },
    { "unlink", ALLOW },
    { "unlinkat", ALLOW },
    { "rename", ALLOW },
    { "renameat", ALLOW },
    { "renameat2", ALLOW },
    { "link", ALLOW },
    { "linkat", ALLOW },
    { "symlink", ALLOW },
    { "symlinkat", ALLOW },
    { "fchmod", ALLOW },
    { "ftruncate", ALLOW },
    { "fallocate", ALLOW },
    { "fadvise64", ALLOW },
    { "fsync", ALLOW },
    { "fdatasync", ALLOW },
    { "umask", ALLOW },
    { "getcwd", ALLOW },
    { "chdir", ALLOW },
    { "fchdir", ALLOW },
    { "dup", ALLOW },
    { "dup2", ALLOW },
    { "dup3", ALLOW },
    { "pipe", ALLOW },
    { "pipe2", ALLOW },
    { "flock", ALLOW },
    { "sendfile", ALLOW },
    { "copy_file_range", ALLOW },
    { "eventfd2", ALLOW },
    /* memory */
    { "brk", ALLOW },
    { "mmap", ALLOW },
    { "munmap", ALLOW },
    { "mremap", ALLOW },
    { "mprotect", ALLOW },
    { "madvise", ALLOW },
    { "msync", ALLOW },
    { "mincore", ALLOW },
    { "membarrier", ALLOW },
    /* time and waiting */
    { "clock_gettime", ALLOW },
    { "clock_getres", ALLOW },
    { "clock_nanosleep", ALLOW },
    { "nanosleep", ALLOW },
    { "gettimeofday", ALLOW },
    { "time", ALLOW },
    { "times", ALLOW },
    { "poll", ALLOW },
    { "ppoll", ALLOW },
    { "select", ALLOW },
    { "pselect6", ALLOW },
    { "epoll_create1", ALLOW },
    { "epoll_ctl", ALLOW },
    { "epoll_wait", ALLOW },
    { "epoll_pwait", ALLOW },
    { "futex", ALLOW },
    { "sched_yield", ALLOW },
    { "restart_syscall", ALLOW },
    /* the process itself */
    { "exit", ALLOW },
    { "exit_group", ALLOW },
    { "rt_sigaction", ALLOW },
    { "rt_sigprocmask", ALLOW },
    { "rt_sigreturn", ALLOW },
    { "sigaltstack", ALLOW },
    { "getpid", ALLOW },
    { "gettid", ALLOW },
    { "getppid", ALLOW },
    { "getuid", ALLOW },
    { "geteuid", ALLOW },
    { "getgid", ALLOW },
    { "getegid", ALLOW },
    { "getrlimit", ALLOW },
    { "getrusage", ALLOW },
    { "sysinfo", ALLOW },
    { "uname", ALLOW },
    { "getrandom", ALLOW },
    { "getcpu", ALLOW },
    { "sched_getaffinity", ALLOW },
    { "set_robust_list", ALLOW },
    { "set_tid_address", ALLOW },
    { "rseq", ALLOW },
    { "arch_prctl", ALLOW },
    /* the network */
    { "connect", ALLOW_NETWORK },
    { "getsockname", ALLOW_NETWORK },
    { "getpeername", ALLOW_NETWORK },
    { "getsockopt", ALLOW_NETWORK },
    { "setsockopt", ALLOW_NETWORK },
    { "sendmsg", ALLOW_NETWORK },
    { "sendmmsg", ALLOW_NETWORK },
    { "recvmsg", ALLOW_NETWORK },
    { "recvmmsg", ALLOW_NETWORK },
    { "shutdown", ALLOW_NETWORK },
    { "bind", REFUSE },
    { "listen", REFUSE },
    { "accept", REFUSE },
    { "accept4", REFUSE },
    /* other processes */
    { "fork", REFUSE },
    { "vfork", REFUSE },
    { "kill", REFUSE },
    { "tkill", REFUSE },
    { "pidfd_send_signal", REFUSE },
    { "pidfd_getfd", REFUSE },
    { "setrlimit", REFUSE },
    /* by path, which Landlock does not (or not on every kernel) decide; open files can be changed */
    { "chmod", REFUSE },
    { "fchmodat", REFUSE },
    { "fchmodat2", REFUSE },
    { "truncate", REFUSE },
    { "utime", REFUSE },
    { "utimes", REFUSE },
    { "futimesat", REFUSE },
    { "chown", REFUSE },
    { "fchown", REFUSE },
    { "lchown", REFUSE },
    { "fchownat", REFUSE },
    { "mknod", REFUSE },
    { "mknodat", REFUSE },
    /* nobody needs these for honest work */
    { "execve", END },
    { "execveat", END },
    { "ptrace", END },
    { "process_vm_readv", END },
    { "process_vm_writev", END },
    { "mount", END },
    { "umount2", END },
    { "fsopen", END },
    { "move_mount", END },
    { "open_tree", END },
    { "pivot_root", END },
    { "chroot", END },
    { "unshare", END },
    { "setns", END },
    { "bpf", END },
    { "perf_event_open", END },
    { "userfaultfd", END },
    { "io_uring_setup", END },
    { "init_module", END },
    { "finit_module", END },
    { "kexec_load", END },
    { "kexec_file_load", END },
    { "keyctl", END },
    { "add_key", END },
    { "request_key", END },
    { "setuid", END },
    { "setgid", END },
    { "setreuid", END },
    { "setresuid", END },
    { "setgroups", END },
    { "capset", END },
    { "reboot", END },
    { "swapon", END },
    { "iopl", END },
    { "ioperm", END },
    { "personality", END },
    { "open_by_handle_at", END },
};

static uint32_t action_of(enum rule_kind kind, bool network)
{
    switch (kind) {
    case ALLOW:
        return SCMP_ACT_ALLOW;
    case ALLOW_NETWORK:
        return network ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EPERM);
    case REFUSE:
        return SCMP_ACT_ERRNO(EPERM);
    case END:
        break;
    }
    return SCMP_ACT_KILL_PROCESS;
}

static int add_table(scmp_filter_ctx filter, bool network)
{
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        int number = seccomp_syscall_resolve_name(rules[i].name);
        if (number < 0) /* not known here, or a pseudo number of another architecture */
            continue;
        int rc = seccomp_rule_add(filter, action_of(rules[i].kind, network), number, 0);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* Signals to the own process only: abort() needs that. */
static int add_signals(scmp_filter_ctx filter)
{
    scmp_datum_t self = (scmp_datum_t)getpid();
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, SCMP_A0(SCMP_CMP_EQ, self));
}

/* Commands of fcntl but those that have the kernel send signals to any process of the user (F_SETOWN, F_SETSIG). */
static int add_fcntl(scmp_filter_ctx filter)
{
    static const int commands[] = {
        F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD,  F_SETFD,     F_GETFL,     F_SETFL,
        F_GETLK, F_SETLK,         F_SETLKW, F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW
    };
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < ARRAY_LEN(commands); i++)
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
                              SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)commands[i]));
    return rc;
}

/* Of the own process, limits may be read; of the own files, by descriptor, times be set (futimens). */
static int add_own(scmp_filter_ctx filter)
{
    int rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1, SCMP_A0(SCMP_CMP_EQ, 0));
    if (rc == 0)
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(utimensat), 1, SCMP_A1(SCMP_CMP_EQ, 0));
    return rc;
}

/* Threads in network jobs (curl's resolver); never a new process. clone3 hides its flags: glibc then uses
 * clone. */
static int add_threads(scmp_filter_ctx filter, bool network)
{
    int rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
                              SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
    if (rc == 0)
        rc = seccomp_rule_add(filter, network ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
                              SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
    return rc;
}

/* Internet sockets in network jobs, none else: a UNIX socket may lead to another process of the node. */
static int add_sockets(scmp_filter_ctx filter, bool network)
{
    if (!network)
        return seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(socket), 0);
    int rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_EQ, AF_INET));
    if (rc == 0)
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_EQ, AF_INET6));
    /* curl's wake-up: a stream's two ends cannot be pointed at anything else, those of datagrams can */
    if (rc == 0)
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socketpair), 1,
                              SCMP_A1(SCMP_CMP_MASKED_EQ, SOCK_TYPE_MASK, SOCK_STREAM));
    return rc;
}

/* send and recv on the job's own socket, without an address; with one in network jobs. */
static int add_messages(scmp_filter_ctx filter, bool network)
{
    int rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(recvfrom), 0);
    if (rc == 0 && network)
        return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(sendto), 0);
    if (rc == 0)
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(sendto), 1, SCMP_A4(SCMP_CMP_EQ, 0));
    return rc;
}

static int add_controls(scmp_filter_ctx filter)
{
    static const unsigned requests[] = { FIONREAD, FIONBIO, FIOCLEX, TCGETS, FICLONE };
    int rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1, SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME));
    for (size_t i = 0; rc == 0 && i < ARRAY_LEN(requests); i++)
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
                              SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)requests[i]));
    return rc;
}

int syscalls_restrict(struct ctx *cx, bool network)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
    int rc = filter ? 0 : -ENOMEM;
    if (rc == 0)
        rc = add_table(filter, network);
    if (rc == 0)
        rc = add_signals(filter);
    if (rc == 0)
        rc = add_fcntl(filter);
    if (rc == 0)
        rc = add_own(filter);
    if (rc == 0)
        rc = add_threads(filter, network);
    if (rc == 0)
        rc = add_sockets(filter, network);
    if (rc == 0)
        rc = add_messages(filter, network);
    if (rc == 0)
        rc = add_controls(filter);
    if (rc == 0)
        rc = seccomp_load(filter);
    seccomp_release(filter);
    if (rc < 0)
        return err_fail(cx, ERR_IO, "failed to filter system calls: %s", strerrordesc_np(-rc));
    return 0;
}
