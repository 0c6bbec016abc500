/*
 * syscalls.c: the seccomp filter of a job; the contract is in syscalls.h. Runs in the child, once.
 *
 * Calls the running architecture does not have (open, stat, ... on arm64) have a negative number in libseccomp's header, which
 * all numbers come from, and are skipped.
 */
#include "libgotk/job/syscalls.h"

#include "libgotk/job/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SOCK_TYPE_MASK 0xf
#define WHOLE          UINT64_MAX

/* Known to later kernels than the oldest Debian's headers; the same number everywhere. */
#ifndef __NR_fchmodat2
#define __NR_fchmodat2 452
#endif

enum rule_kind {
    UNKNOWN, /* ENOSYS */
    ALLOW,
    ALLOW_NETWORK, /* in network jobs; else EPERM */
    REFUSE,        /* EPERM */
    END,           /* the process is killed: SIGSYS */
    /* The conditions decide; else: */
    CHECK,         /* ENOSYS */
    CHECK_REFUSE,  /* EPERM */
    CHECK_NETWORK, /* ENOSYS in network jobs; EPERM in others, whatever the conditions */
};

static const struct {
    int number;
    enum rule_kind kind;
} rules[] = {
    /* files: Landlock decides which */
    { SCMP_SYS(read), ALLOW },
    { SCMP_SYS(write), ALLOW },
    { SCMP_SYS(readv), ALLOW },
    { SCMP_SYS(writev), ALLOW },
    { SCMP_SYS(pread64), ALLOW },
    { SCMP_SYS(pwrite64), ALLOW },
    { SCMP_SYS(preadv), ALLOW },
    { SCMP_SYS(pwritev), ALLOW },
    { SCMP_SYS(open), ALLOW },
    { SCMP_SYS(openat), ALLOW },
    { SCMP_SYS(openat2), ALLOW },
    { SCMP_SYS(creat), ALLOW },
    { SCMP_SYS(close), ALLOW },
    { SCMP_SYS(close_range), ALLOW },
    { SCMP_SYS(stat), ALLOW },
    { SCMP_SYS(lstat), ALLOW },
    { SCMP_SYS(fstat), ALLOW },
    { SCMP_SYS(newfstatat), ALLOW },
    { SCMP_SYS(statx), ALLOW },
    { SCMP_SYS(statfs), ALLOW },
    { SCMP_SYS(fstatfs), ALLOW },
    { SCMP_SYS(lseek), ALLOW },
    { SCMP_SYS(access), ALLOW },
    { SCMP_SYS(faccessat), ALLOW },
    { SCMP_SYS(faccessat2), ALLOW },
    { SCMP_SYS(readlink), ALLOW },
    { SCMP_SYS(readlinkat), ALLOW },
    { SCMP_SYS(getdents), ALLOW },
    { SCMP_SYS(getdents64), ALLOW },
    { SCMP_SYS(mkdir), ALLOW },
    { SCMP_SYS(mkdirat), ALLOW },
    { SCMP_SYS(rmdir), ALLOW },
    { SCMP_SYS(unlink), ALLOW },
    { SCMP_SYS(unlinkat), ALLOW },
    { SCMP_SYS(rename), ALLOW },
    { SCMP_SYS(renameat), ALLOW },
    { SCMP_SYS(renameat2), ALLOW },
    { SCMP_SYS(link), ALLOW },
    { SCMP_SYS(linkat), ALLOW },
    { SCMP_SYS(symlink), ALLOW },
    { SCMP_SYS(symlinkat), ALLOW },
    { SCMP_SYS(fchmod), ALLOW },
    { SCMP_SYS(ftruncate), ALLOW },
    { SCMP_SYS(fallocate), ALLOW },
    { SCMP_SYS(fadvise64), ALLOW },
    { SCMP_SYS(fsync), ALLOW },
    { SCMP_SYS(fdatasync), ALLOW },
    { SCMP_SYS(umask), ALLOW },
    { SCMP_SYS(getcwd), ALLOW },
    { SCMP_SYS(chdir), ALLOW },
    { SCMP_SYS(fchdir), ALLOW },
    { SCMP_SYS(dup), ALLOW },
    { SCMP_SYS(dup2), ALLOW },
    { SCMP_SYS(dup3), ALLOW },
    { SCMP_SYS(pipe), ALLOW },
    { SCMP_SYS(pipe2), ALLOW },
    { SCMP_SYS(flock), ALLOW },
    { SCMP_SYS(sendfile), ALLOW },
    { SCMP_SYS(copy_file_range), ALLOW },
    { SCMP_SYS(eventfd2), ALLOW },
    /* memory */
    { SCMP_SYS(brk), ALLOW },
    { SCMP_SYS(mmap), ALLOW },
    { SCMP_SYS(munmap), ALLOW },
    { SCMP_SYS(mremap), ALLOW },
    { SCMP_SYS(mprotect), ALLOW },
    { SCMP_SYS(madvise), ALLOW },
    { SCMP_SYS(msync), ALLOW },
    { SCMP_SYS(mincore), ALLOW },
    { SCMP_SYS(membarrier), ALLOW },
    /* time and waiting */
    { SCMP_SYS(clock_gettime), ALLOW },
    { SCMP_SYS(clock_getres), ALLOW },
    { SCMP_SYS(clock_nanosleep), ALLOW },
    { SCMP_SYS(nanosleep), ALLOW },
    { SCMP_SYS(gettimeofday), ALLOW },
    { SCMP_SYS(time), ALLOW },
    { SCMP_SYS(times), ALLOW },
    { SCMP_SYS(poll), ALLOW },
    { SCMP_SYS(ppoll), ALLOW },
    { SCMP_SYS(select), ALLOW },
    { SCMP_SYS(pselect6), ALLOW },
    { SCMP_SYS(epoll_create1), ALLOW },
    { SCMP_SYS(epoll_ctl), ALLOW },
    { SCMP_SYS(epoll_wait), ALLOW },
    { SCMP_SYS(epoll_pwait), ALLOW },
    { SCMP_SYS(futex), ALLOW },
    { SCMP_SYS(sched_yield), ALLOW },
    { SCMP_SYS(restart_syscall), ALLOW },
    /* the process itself */
    { SCMP_SYS(exit), ALLOW },
    { SCMP_SYS(exit_group), ALLOW },
    { SCMP_SYS(rt_sigaction), ALLOW },
    { SCMP_SYS(rt_sigprocmask), ALLOW },
    { SCMP_SYS(rt_sigreturn), ALLOW },
    { SCMP_SYS(sigaltstack), ALLOW },
    { SCMP_SYS(getpid), ALLOW },
    { SCMP_SYS(gettid), ALLOW },
    { SCMP_SYS(getppid), ALLOW },
    { SCMP_SYS(getuid), ALLOW },
    { SCMP_SYS(geteuid), ALLOW },
    { SCMP_SYS(getgid), ALLOW },
    { SCMP_SYS(getegid), ALLOW },
    { SCMP_SYS(getrlimit), ALLOW },
    { SCMP_SYS(getrusage), ALLOW },
    { SCMP_SYS(sysinfo), ALLOW },
    { SCMP_SYS(uname), ALLOW },
    { SCMP_SYS(getrandom), ALLOW },
    { SCMP_SYS(getcpu), ALLOW },
    { SCMP_SYS(sched_getaffinity), ALLOW },
    { SCMP_SYS(set_robust_list), ALLOW },
    { SCMP_SYS(set_tid_address), ALLOW },
    { SCMP_SYS(rseq), ALLOW },
    { SCMP_SYS(arch_prctl), ALLOW },
    /* the network */
    { SCMP_SYS(connect), ALLOW_NETWORK },
    { SCMP_SYS(getsockname), ALLOW_NETWORK },
    { SCMP_SYS(getpeername), ALLOW_NETWORK },
    { SCMP_SYS(getsockopt), ALLOW_NETWORK },
    { SCMP_SYS(setsockopt), ALLOW_NETWORK },
    { SCMP_SYS(sendmsg), ALLOW_NETWORK },
    { SCMP_SYS(sendmmsg), ALLOW_NETWORK },
    { SCMP_SYS(recvmsg), ALLOW_NETWORK },
    { SCMP_SYS(recvmmsg), ALLOW_NETWORK },
    { SCMP_SYS(shutdown), ALLOW_NETWORK },
    { SCMP_SYS(bind), REFUSE },
    { SCMP_SYS(listen), REFUSE },
    { SCMP_SYS(accept), REFUSE },
    { SCMP_SYS(accept4), REFUSE },
    /* other processes */
    { SCMP_SYS(fork), REFUSE },
    { SCMP_SYS(vfork), REFUSE },
    { SCMP_SYS(kill), REFUSE },
    { SCMP_SYS(pidfd_send_signal), REFUSE },
    { SCMP_SYS(pidfd_getfd), REFUSE },
    { SCMP_SYS(setrlimit), REFUSE },
    /* by path, which Landlock does not (or not on every kernel) decide; open files can be changed */
    { SCMP_SYS(chmod), REFUSE },
    { SCMP_SYS(fchmodat), REFUSE },
    { SCMP_SYS(fchmodat2), REFUSE },
    { SCMP_SYS(truncate), REFUSE },
    { SCMP_SYS(utime), REFUSE },
    { SCMP_SYS(utimes), REFUSE },
    { SCMP_SYS(futimesat), REFUSE },
    { SCMP_SYS(chown), REFUSE },
    { SCMP_SYS(fchown), REFUSE },
    { SCMP_SYS(lchown), REFUSE },
    { SCMP_SYS(fchownat), REFUSE },
    { SCMP_SYS(mknod), REFUSE },
    { SCMP_SYS(mknodat), REFUSE },
    /* nobody needs these for honest work */
    { SCMP_SYS(execve), END },
    { SCMP_SYS(execveat), END },
    { SCMP_SYS(ptrace), END },
    { SCMP_SYS(process_vm_readv), END },
    { SCMP_SYS(process_vm_writev), END },
    { SCMP_SYS(mount), END },
    { SCMP_SYS(umount2), END },
    { SCMP_SYS(fsopen), END },
    { SCMP_SYS(move_mount), END },
    { SCMP_SYS(open_tree), END },
    { SCMP_SYS(pivot_root), END },
    { SCMP_SYS(chroot), END },
    { SCMP_SYS(unshare), END },
    { SCMP_SYS(setns), END },
    { SCMP_SYS(bpf), END },
    { SCMP_SYS(perf_event_open), END },
    { SCMP_SYS(userfaultfd), END },
    { SCMP_SYS(io_uring_setup), END },
    { SCMP_SYS(init_module), END },
    { SCMP_SYS(finit_module), END },
    { SCMP_SYS(kexec_load), END },
    { SCMP_SYS(kexec_file_load), END },
    { SCMP_SYS(keyctl), END },
    { SCMP_SYS(add_key), END },
    { SCMP_SYS(request_key), END },
    { SCMP_SYS(setuid), END },
    { SCMP_SYS(setgid), END },
    { SCMP_SYS(setreuid), END },
    { SCMP_SYS(setresuid), END },
    { SCMP_SYS(setgroups), END },
    { SCMP_SYS(capset), END },
    { SCMP_SYS(reboot), END },
    { SCMP_SYS(swapon), END },
    { SCMP_SYS(iopl), END },
    { SCMP_SYS(ioperm), END },
    { SCMP_SYS(personality), END },
    { SCMP_SYS(open_by_handle_at), END },
    /* by what they are given */
    { SCMP_SYS(tgkill), CHECK },
    { SCMP_SYS(tkill), CHECK_REFUSE },
    { SCMP_SYS(fcntl), CHECK },
    { SCMP_SYS(prlimit64), CHECK },
    { SCMP_SYS(utimensat), CHECK },
    { SCMP_SYS(clone), CHECK_REFUSE },
    { SCMP_SYS(socket), CHECK_NETWORK },
    { SCMP_SYS(socketpair), CHECK },
    { SCMP_SYS(recvfrom), ALLOW },
    { SCMP_SYS(sendto), CHECK },
    { SCMP_SYS(prctl), CHECK },
    { SCMP_SYS(ioctl), CHECK },
};

/* What lets calls through in all jobs. */
static const struct filter_condition conditions[] = {
    /* fcntl but for the commands that have the kernel send signals to any process of the user (F_SETOWN, F_SETSIG) */
    { SCMP_SYS(fcntl), 1, WHOLE, F_DUPFD },
    { SCMP_SYS(fcntl), 1, WHOLE, F_DUPFD_CLOEXEC },
    { SCMP_SYS(fcntl), 1, WHOLE, F_GETFD },
    { SCMP_SYS(fcntl), 1, WHOLE, F_SETFD },
    { SCMP_SYS(fcntl), 1, WHOLE, F_GETFL },
    { SCMP_SYS(fcntl), 1, WHOLE, F_SETFL },
    { SCMP_SYS(fcntl), 1, WHOLE, F_GETLK },
    { SCMP_SYS(fcntl), 1, WHOLE, F_SETLK },
    { SCMP_SYS(fcntl), 1, WHOLE, F_SETLKW },
    { SCMP_SYS(fcntl), 1, WHOLE, F_OFD_GETLK },
    { SCMP_SYS(fcntl), 1, WHOLE, F_OFD_SETLK },
    { SCMP_SYS(fcntl), 1, WHOLE, F_OFD_SETLKW },
    /* of the own process, limits may be read; of the own files, by descriptor, times be set (futimens) */
    { SCMP_SYS(prlimit64), 0, WHOLE, 0 },
    { SCMP_SYS(utimensat), 1, WHOLE, 0 },
    /* on the job's own socket, without an address */
    { SCMP_SYS(sendto), 4, WHOLE, 0 },
    { SCMP_SYS(prctl), 0, WHOLE, PR_SET_NAME },
    { SCMP_SYS(ioctl), 1, WHOLE, FIONREAD },
    { SCMP_SYS(ioctl), 1, WHOLE, FIONBIO },
    { SCMP_SYS(ioctl), 1, WHOLE, FIOCLEX },
    { SCMP_SYS(ioctl), 1, WHOLE, TCGETS },
    { SCMP_SYS(ioctl), 1, WHOLE, FICLONE },
};

/* What lets calls through in network jobs besides. */
static const struct filter_condition network_conditions[] = {
    /* threads (curl's resolver), never a new process; clone3 hides its flags: glibc then uses clone */
    { SCMP_SYS(clone), 0, CLONE_THREAD, CLONE_THREAD },
    /* internet sockets, none else: a UNIX socket may lead to another process of the node */
    { SCMP_SYS(socket), 0, WHOLE, AF_INET },
    { SCMP_SYS(socket), 0, WHOLE, AF_INET6 },
    /* curl's wake-up: a stream's two ends cannot be pointed at anything else, those of datagrams can */
    { SCMP_SYS(socketpair), 1, SOCK_TYPE_MASK, SOCK_STREAM },
    /* with an address */
    { SCMP_SYS(sendto), 0, 0, 0 },
};

static uint8_t verdict_of(enum rule_kind kind, bool network)
{
    switch (kind) {
    case ALLOW_NETWORK:
        return network ? ALLOW : REFUSE;
    case CHECK:
        return UNKNOWN | FILTER_CONDITIONS;
    case CHECK_NETWORK:
        return network ? UNKNOWN | FILTER_CONDITIONS : REFUSE;
    case CHECK_REFUSE:
        return REFUSE | FILTER_CONDITIONS;
    default:
        return (uint8_t)kind;
    }
}

size_t syscalls_program(bool network, struct sock_filter out[FILTER_LENGTH])
{
    struct filter_condition all[ARRAY_LEN(conditions) + ARRAY_LEN(network_conditions) + 2];
    struct filter f = {
        .returns = { [UNKNOWN] = SECCOMP_RET_ERRNO | ENOSYS,
                     [ALLOW] = SECCOMP_RET_ALLOW,
                     [REFUSE] = SECCOMP_RET_ERRNO | EPERM,
                     [END] = SECCOMP_RET_KILL_PROCESS },
        .conditions = all,
    };
    for (size_t i = 0; i < ARRAY_LEN(rules); i++)
        if (rules[i].number >= 0 && rules[i].number < FILTER_CALLS)
            f.verdicts[rules[i].number] = verdict_of(rules[i].kind, network);
    for (size_t i = 0; i < ARRAY_LEN(conditions); i++)
        all[f.count++] = conditions[i];
    for (size_t i = 0; network && i < ARRAY_LEN(network_conditions); i++)
        all[f.count++] = network_conditions[i];
    /* signals to the own process only: abort() needs that; musl's addresses the thread, here the main one */
    all[f.count++] = (struct filter_condition){ SCMP_SYS(tgkill), 0, WHOLE, (uint64_t)getpid() };
    all[f.count++] = (struct filter_condition){ SCMP_SYS(tkill), 0, WHOLE, (uint64_t)getpid() };
    return filter_assemble(&f, out);
}

int syscalls_restrict(struct ctx *cx, bool network)
{
    struct sock_filter program[FILTER_LENGTH];
    struct sock_fprog loaded = { .filter = program,
                                 .len = (unsigned short)syscalls_program(network, program) };
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &loaded) < 0)
        return err_errno(cx, "failed to filter system calls");
    return 0;
}
