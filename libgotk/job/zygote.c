/*
 * zygote.c: fork server; the contract is in zygote.h.
 *
 * zygote_order and zygote_wait run in the controller, on any thread; all else in the zygote's only thread:
 * wait for an order or the end of a child, fork, report, reap. It ends with the controller: its socket
 * closes, and the kernel kills it; its children die with it the same way.
 */
#include "libgotk/job/zygote.h"

#include "libgotk/base/mem.h"
#include "libgotk/job/side.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define DATA_FD 3

struct child {
    pid_t pid;
    int pidfd;
    int reports;
};

struct zygote {
    const struct job *const *jobs;
    size_t job_count;
    int control;
    struct child *children;
    struct pollfd *pfds; /* the control socket, then one per child */
    size_t count;
    size_t cap;
};

/* Room for the descriptors that travel with a packet. */
union fd_room {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(2 * sizeof(int))];
};

/* Sends one packet with `fd_count` descriptors; false with errno set. */
static bool send_packet(int socket, const void *data, size_t size, const int *fds, size_t fd_count)
{
    union fd_room room = { 0 };
    struct iovec part = { .iov_base = (void *)(uintptr_t)data, .iov_len = size };
    struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };
    if (fd_count) {
        m.msg_control = room.bytes;
        m.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
        memcpy(CMSG_DATA(c), fds, fd_count * sizeof(int));
    }
    ssize_t n;
    do
        n = sendmsg(socket, &m, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)size;
}

/* Receives one packet of exactly `size` bytes and up to two descriptors (-1: none). 0 at the end, -1 with
 * errno. */
static ssize_t receive_packet(int socket, void *data, size_t size, int fds[2])
{
    union fd_room room;
    struct iovec part = { .iov_base = data, .iov_len = size };
    struct msghdr m = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = room.bytes, .msg_controllen = sizeof(room.bytes)
    };
    fds[0] = fds[1] = -1;
    ssize_t n = recvmsg(socket, &m, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (n < 0)
        return n;
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    if (c && c->cmsg_type == SCM_RIGHTS)
        memcpy(fds, CMSG_DATA(c), c->cmsg_len - CMSG_LEN(0));
    return n == 0 ? 0 : n == (ssize_t)size ? n : (errno = EBADMSG, -1);
}

static void report(int reports, enum zygote_news news, int value, int pidfd)
{
    struct zygote_report r = { .news = (int32_t)news, .value = value };
    send_packet(reports, &r, sizeof(r), &pidfd, pidfd >= 0 ? 1 : 0); /* a parent that left does not mind */
}

/* Standard input and output are not for those who run jobs. */
static void leave_streams(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0)
        _exit(1);
    if (null > STDERR_FILENO)
        close(null);
}

/* Becomes the child: nothing stays open but stderr and the job's socket. */
static void be_child(const struct job *job, int data, const struct side_start *start, pid_t parent)
{
    if (data != DATA_FD)
        dup3(data, DATA_FD, O_CLOEXEC);
    close_range(DATA_FD + 1, ~0U, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    prctl(PR_SET_NAME, job->name);
    _exit(side_main(job, DATA_FD, start));
}

int zygote_fork(const struct job *job, int data, const struct side_start *start, pid_t *ret_pid)
{
    pid_t self = getpid(), pid = fork();
    if (pid == 0) {
        leave_streams();
        be_child(job, data, start, self);
    }
    *ret_pid = pid;
    return pid < 0 ? errno : 0;
}

static void grow(struct zygote *z)
{
    z->cap = z->cap ? z->cap * 2 : 16;
    z->children = mem_realloc(z->children, z->cap * sizeof(*z->children));
    z->pfds = mem_realloc(z->pfds, (z->cap + 1) * sizeof(*z->pfds));
}

static void start_child(struct zygote *z, uint32_t job, int data, int reports)
{
    pid_t self = getpid(), pid = fork();
    if (pid == 0)
        be_child(z->jobs[job], data, NULL, self);
    int number = errno, pidfd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
    close(data);
    if (pidfd < 0) {
        number = pid > 0 ? errno : number;
        if (pid > 0) {
            kill(pid, SIGKILL);
            waitpid(pid, NULL, 0);
        }
        report(reports, ZYGOTE_FAILED, number, -1);
        close(reports);
        return;
    }
    if (z->count == z->cap)
        grow(z);
    z->children[z->count++] = (struct child){ pid, pidfd, reports };
    report(reports, ZYGOTE_STARTED, 0, pidfd);
}

static void take_order(struct zygote *z)
{
    struct zygote_order order;
    int fds[2];
    ssize_t n = receive_packet(z->control, &order, sizeof(order), fds);
    if (n == 0)
        _exit(0); /* the controller is gone; the kernel ends the children with us */
    if (n < 0 || fds[1] < 0 || order.job >= z->job_count)
        return;
    start_child(z, order.job, fds[0], fds[1]);
}

static void reap(struct zygote *z, size_t i)
{
    struct child *c = &z->children[i];
    int status = 0;
    if (waitpid(c->pid, &status, WNOHANG) != c->pid)
        return;
    report(c->reports, ZYGOTE_ENDED, status, -1);
    close(c->reports);
    close(c->pidfd);
    *c = z->children[--z->count];
}

static void serve(struct zygote *z)
{
    z->pfds[0] = (struct pollfd){ .fd = z->control, .events = POLLIN };
    for (size_t i = 0; i < z->count; i++)
        z->pfds[i + 1] = (struct pollfd){ .fd = z->children[i].pidfd, .events = POLLIN };
    if (poll(z->pfds, z->count + 1, -1) < 0)
        return;
    for (size_t i = z->count; i > 0; i--)
        if (z->pfds[i].revents)
            reap(z, i - 1);
    if (z->pfds[0].revents)
        take_order(z);
}

static void zygote_main(const struct job *const *jobs, size_t count, int control, pid_t controller)
{
    struct zygote z = { .jobs = jobs, .job_count = count, .control = DATA_FD };
    leave_streams();
    dup3(control, DATA_FD, O_CLOEXEC);
    close_range(DATA_FD + 1, ~0U, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != controller)
        _exit(0);
    signal(SIGINT, SIG_IGN); /* for the controller, which ends us when it is done */
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    grow(&z);
    for (size_t i = 0; i < count; i++)
        if (jobs[i]->prepare)
            jobs[i]->prepare();
    for (;;)
        serve(&z);
}

int zygote_start(struct ctx *cx, const struct job *const *jobs, size_t count, pid_t *ret_pid,
                 int *ret_control)
{
    int pair[2];
    pid_t self = getpid();
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return err_errno(cx, "failed to make the sockets of the job helper");
    pid_t pid = fork();
    if (pid == 0)
        zygote_main(jobs, count, pair[1], self);
    close(pair[1]);
    if (pid < 0) {
        close(pair[0]);
        return err_errno(cx, "failed to fork the job helper");
    }
    *ret_pid = pid;
    *ret_control = pair[0];
    return 0;
}

int zygote_order(struct ctx *cx, int control, size_t index, int data, int reports)
{
    struct zygote_order order = { .job = (uint32_t)index };
    int fds[2] = { data, reports };
    if (!send_packet(control, &order, sizeof(order), fds, 2))
        return err_fail(cx, ERR_INTERNAL,
                        "the job helper process is gone; only a restart of the controller helps");
    return 0;
}

int zygote_wait(struct ctx *cx, int reports, struct zygote_report *ret, int *ret_pidfd)
{
    int fds[2];
    struct pollfd pfds[] = { { .fd = reports, .events = POLLIN },
                             { .fd = cx->cancel ? cx->cancel->fd : -1, .events = POLLIN } };
    do {
        if (ctx_check(cx) < 0)
            return cx->err.code;
        int64_t left = ctx_left_ms(cx, 60000);
        poll(pfds, 2, left < 60000 ? (int)left + 1 : 60000);
    } while (!pfds[0].revents);
    struct zygote_report r;
    if (receive_packet(reports, &r, sizeof(r), fds) <= 0)
        return err_fail(cx, ERR_INTERNAL,
                        "the job helper process is gone; only a restart of the controller helps");
    if (ret_pidfd)
        *ret_pidfd = fds[0];
    else if (fds[0] >= 0)
        close(fds[0]);
    *ret = r;
    return 0;
}
