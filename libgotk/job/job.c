/*
 * job.c: running jobs: the parent's side; the contract is in job.h.
 *
 * job_run runs on whichever worker thread needs it, several at once: what it shares is written once by
 * job_init and only read afterwards, and the zygote's socket takes whole packets. Everything the child says
 * is bounded before it is read. A child is killed by its pidfd, so that a reused process id is never hit.
 */
#include "libgotk/job/job.h"

#include "libgotk/base/fs.h"
#include "libgotk/base/gotime.h"
#include "libgotk/base/log.h"
#include "libgotk/base/str.h"
#include "libgotk/doc/json.h"
#include "libgotk/job/confine.h"
#include "libgotk/job/frame.h"
#include "libgotk/job/side.h"
#include "libgotk/job/zygote.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define ERROR_MAX        ((size_t)1 << 20)
#define REAP_MS          10000
#define LAST_MS          1000 /* what a killed child may take to be gone */
#define ANSWER_ARENA_MAX ((size_t)256 << 20)
#define QUESTIONS_MAX    2000

static const struct job_limits defaults = {
    .memory_max = (size_t)512 << 20,
    .cpu_seconds = 60,
    .timeout_ms = (int64_t)120 * 1000,
    .file_max = (size_t)512 << 20,
    .output_max = (size_t)64 << 20,
};

static struct {
    const struct job *const *jobs;
    size_t count;
    enum job_sandbox sandbox;
    pid_t zygote;
    int control;
    int pidfd; /* the zygote's end */
} helper = { .control = -1, .pidfd = -1 };

/* One job on its way. */
struct run {
    const struct job *job;
    struct job_limits limits;
    job_answer_fn answer;
    void *user;
    int data;    /* our end of the job's socket */
    int reports; /* our end of the zygote's socket about this child; -1: it is our own child */
    int pidfd;
    pid_t pid; /* of our own child, until it was waited for; 0: none */
    struct buf output;
    int questions;
    bool done; /* the child said that its output is complete */
};

static void prepare_here(const struct job *const *jobs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (jobs[i]->prepare)
            jobs[i]->prepare();
}

int job_init(struct ctx *cx, const struct job *const *jobs, size_t count, enum job_sandbox sandbox)
{
    ASSERT(helper.control < 0);
    helper.jobs = jobs;
    helper.count = count;
    helper.sandbox = sandbox;
    if (sandbox == JOB_SANDBOX_OFF)
        log_info(cx->log, "the sandbox is off: untrusted input is parsed inside the controller", NULL);
    else if (!confine_landlock_version())
        log_info(cx->log, "the kernel has no Landlock: jobs are confined by seccomp and resource limits only",
                 NULL);
    if (sandbox != JOB_SANDBOX_ON) {
        prepare_here(jobs, count);
        return 0;
    }
    if (zygote_start(cx, jobs, count, &helper.zygote, &helper.control) < 0)
        return cx->err.code;
    helper.pidfd =
        (int)syscall(SYS_pidfd_open, helper.zygote, 0); /* where it is refused, jobs fail all the same */
    return 0;
}

int job_end_fd(void)
{
    return helper.pidfd;
}

void job_exit(void)
{
    if (helper.control < 0)
        return;
    close(helper.control);
    helper.control = -1;
    cleanup_fd(&helper.pidfd);
    helper.pidfd = -1;
    while (waitpid(helper.zygote, NULL, 0) < 0 && errno == EINTR)
        ;
}

static struct job_limits with_defaults(const struct job_limits *given)
{
    struct job_limits l = given ? *given : (struct job_limits){ 0 };
    l.memory_max = l.memory_max ? l.memory_max : defaults.memory_max;
    l.cpu_seconds = l.cpu_seconds ? l.cpu_seconds : defaults.cpu_seconds;
    l.timeout_ms = l.timeout_ms ? l.timeout_ms : defaults.timeout_ms;
    l.file_max = l.file_max ? l.file_max : defaults.file_max;
    l.output_max = l.output_max ? l.output_max : defaults.output_max;
    return l;
}

static size_t index_of(const struct job *job)
{
    size_t i = 0;
    while (i < helper.count && helper.jobs[i] != job)
        i++;
    ASSERT(i < helper.count);
    return i;
}

static const char *mib(struct ctx *cx, size_t bytes)
{
    if (bytes % ((size_t)1 << 20) == 0)
        return str_fmt(cx->arena, "%zu MiB", bytes >> 20);
    return str_fmt(cx->arena, "%zu bytes", bytes);
}

static int ended(struct ctx *cx, const struct run *r, int code, const char *why)
{
    return err_fail(cx, code, "%s was ended: %s", r->job->name, why);
}

static const char *memory_text(struct ctx *cx, const struct run *r)
{
    return str_fmt(cx->arena, "it needed more than %s of memory", mib(cx, r->limits.memory_max));
}

static const char *cpu_text(struct ctx *cx, const struct run *r)
{
    return str_fmt(cx->arena, "it used more than %d s of CPU time", r->limits.cpu_seconds);
}

static const char *file_text(struct ctx *cx, const struct run *r)
{
    return str_fmt(cx->arena, "it wrote a file larger than %s", mib(cx, r->limits.file_max));
}

static const char *syscall_text(struct ctx *cx, const struct run *r)
{
    (void)cx;
    (void)r;
    return "it used a system call that jobs may not use";
}

static const char *killed_text(struct ctx *cx, const struct run *r)
{
    (void)cx;
    (void)r;
    return "the system killed it (SIGKILL), most likely because the pod or node ran out of memory";
}

static const struct {
    int signal;
    int code;
    const char *(*text)(struct ctx *cx, const struct run *r);
} deaths[] = {
    { SIGXCPU, ERR_LIMIT, cpu_text },
    { SIGXFSZ, ERR_LIMIT, file_text },
    { SIGSYS, ERR_DENIED, syscall_text },
    { SIGKILL, ERR_LIMIT, killed_text },
};

/* The error for a child that ended without a word. */
static int explain_death(struct ctx *cx, const struct run *r, int status)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == CONFINE_EXIT_MEMORY)
        return ended(cx, r, ERR_LIMIT, memory_text(cx, r));
    if (WIFEXITED(status))
        return ended(cx, r, ERR_INTERNAL,
                     str_fmt(cx->arena, "it left without a result (exit status %d)", WEXITSTATUS(status)));
    int number = WTERMSIG(status);
    for (size_t i = 0; i < ARRAY_LEN(deaths); i++)
        if (deaths[i].signal == number)
            return ended(cx, r, deaths[i].code, deaths[i].text(cx, r));
    return ended(cx, r, ERR_INTERNAL, str_fmt(cx->arena, "it crashed (SIG%s)", sigabbrev_np(number)));
}

/* Ends a child of our own, if it has not ended yet, and says how it did. Its number is its own until it was waited for. */
static int end_own(struct run *r)
{
    int status = 0;
    kill(r->pid, SIGKILL);
    while (waitpid(r->pid, &status, 0) < 0 && errno == EINTR)
        ;
    r->pid = 0;
    return status;
}

/* Waits, not forever, for a child of our own that closed its socket, as the end of a process does some time before the end. */
static int await_own(struct run *r)
{
    siginfo_t info = { 0 };
    for (int64_t until = ctx_now_ms() + REAP_MS; ctx_now_ms() < until && !info.si_pid;)
        if (waitid(P_PID, (id_t)r->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && !info.si_pid)
            poll(NULL, 0, 1);
    return end_own(r);
}

/* Ends the child, whatever it is doing, and sees it gone: from here on nobody writes in its folders any more. */
static void kill_child(struct run *r)
{
    struct pollfd end = { .fd = r->pidfd, .events = POLLIN };
    if (r->pid)
        end_own(r);
    if (r->pidfd < 0)
        return;
    syscall(SYS_pidfd_send_signal, r->pidfd, SIGKILL, NULL, 0);
    while (poll(&end, 1, LAST_MS) < 0 && errno == EINTR)
        ;
}

/* Waits, not bound to the job's own time, for the zygote's word on how the child ended. */
static int await_end(struct ctx *cx, struct run *r, int *ret_status)
{
    if (r->pid) {
        *ret_status = await_own(r);
        return 0;
    }
    struct ctx wait = { .arena = cx->arena, .deadline_ms = ctx_now_ms() + REAP_MS };
    struct zygote_report report;
    if (zygote_wait(&wait, r->reports, &report, NULL) < 0) {
        cx->err = wait.err;
        return cx->err.code;
    }
    *ret_status = report.value;
    return 0;
}

/* The socket broke: the child is dead or dying. */
static int child_is_gone(struct ctx *cx, struct run *r)
{
    int status = 0;
    err_clear(cx);
    if (await_end(cx, r, &status) < 0)
        return cx->err.code;
    return explain_death(cx, r, status);
}

static int open_sockets(struct ctx *cx, struct run *r, int *ret_data, int *ret_reports)
{
    int data[2], reports[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, data) < 0)
        return err_errno(cx, "failed to make a job's socket");
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, reports) < 0) {
        int rc = err_errno(cx, "failed to make a job's socket");
        close(data[0]);
        close(data[1]);
        return rc;
    }
    r->data = data[0];
    r->reports = reports[0];
    *ret_data = data[1];
    *ret_reports = reports[1];
    return 0;
}

/* Forks a child of our own; fills the descriptors of `r`. */
static int fork_own(struct ctx *cx, struct run *r, const struct doc *input)
{
    const struct side_start start = { .limits = &r->limits, .input = input };
    int data[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, data) < 0)
        return err_errno(cx, "failed to make a job's socket");
    r->data = data[0];
    int number = zygote_fork(r->job, data[1], &start, &r->pid);
    close(data[1]);
    if (number)
        return err_fail(cx, ERR_UNAVAILABLE, "failed to start the job %s: %s", r->job->name,
                        strerrordesc_np(number));
    return 0;
}

/* Has the zygote fork a child; fills the descriptors of `r`. */
static int start_child(struct ctx *cx, struct run *r, const struct doc *input)
{
    if (helper.sandbox == JOB_SANDBOX_ALONE)
        return fork_own(cx, r, input);
    int data = -1, reports = -1;
    struct zygote_report news = { 0 };
    if (open_sockets(cx, r, &data, &reports) < 0)
        return cx->err.code;
    int rc = zygote_order(cx, helper.control, index_of(r->job), data, reports);
    close(data);
    close(reports);
    if (rc < 0 || zygote_wait(cx, r->reports, &news, &r->pidfd) < 0)
        return cx->err.code;
    if (news.news != ZYGOTE_STARTED)
        return err_fail(cx, ERR_UNAVAILABLE, "failed to start the job %s: %s", r->job->name,
                        strerrordesc_np(news.value));
    return 0;
}

/* Sends a document. A child that is gone is no error yet: what it said last waits to be read. */
static int send_doc(struct ctx *cx, const struct run *r, enum frame_kind kind, const struct doc *d)
{
    struct buf text = buf_new(cx->arena, SIDE_ANSWER_MAX);
    json_print(&text, d, JSON_COMPACT);
    if (buf_ok(cx, &text, "a job's input") < 0)
        return cx->err.code;
    int rc = frame_send(cx, r->data, kind, buf_text(&text), text.len);
    if (rc != ERR_UNAVAILABLE)
        return rc;
    err_clear(cx);
    return 0;
}

static int receive_doc(struct ctx *cx, const struct run *r, const struct frame *head, size_t max,
                       struct doc **ret)
{
    struct buf text = buf_new(cx->arena, max);
    if (frame_body(cx, r->data, head->size, &text) < 0)
        return cx->err.code;
    return json_parse(cx, buf_text(&text), text.len, r->job->name, ret);
}

/* Room is not memory before it is filled. */
static int take_expectation(struct ctx *cx, struct run *r, const struct frame *head)
{
    if (head->size <= r->output.max - r->output.len && arena_has_room(cx->arena, head->size + 1))
        buf_room(&r->output, head->size);
    return 0;
}

static int take_output(struct ctx *cx, struct run *r, const struct frame *head)
{
    if (head->size > r->output.max - r->output.len)
        return ended(cx, r, ERR_LIMIT,
                     str_fmt(cx->arena, "its output is larger than %s", mib(cx, r->limits.output_max)));
    int rc = frame_body(cx, r->data, head->size, &r->output);
    if (rc == ERR_LIMIT)
        return ended(cx, r, rc, "its output is larger than the memory there is for it");
    return rc;
}

static int take_done(struct ctx *cx, struct run *r, const struct frame *head)
{
    (void)cx;
    (void)head;
    r->done = true;
    return 0;
}

static int take_error(struct ctx *cx, struct run *r, const struct frame *head)
{
    struct doc *error = NULL;
    if (receive_doc(cx, r, head, ERROR_MAX, &error) < 0)
        return cx->err.code;
    r->done = true;
    return side_raise(cx, error);
}

static int no_answer(struct ctx *cx, const char *job)
{
    return err_fail(cx, ERR_UNSUPPORTED, "%s asked for something, but nothing is offered to it here", job);
}

/* Answers one question; all it takes is in cx->arena. */
static int answer_question(struct ctx *cx, const struct run *r, const struct frame *head)
{
    struct doc *question = NULL, *answer = NULL;
    if (receive_doc(cx, r, head, SIDE_MESSAGE_MAX, &question) < 0)
        return cx->err.code;
    int rc = r->answer ? r->answer(cx, r->user, question, &answer) : no_answer(cx, r->job->name);
    if (rc >= 0)
        return send_doc(cx, r, FRAME_ANSWER, answer);
    struct doc *refusal = side_error_doc(cx->arena, &cx->err);
    if (ctx_done(cx))
        return cx->err.code; /* the whole job is over, not just this question */
    err_clear(cx);
    return send_doc(cx, r, FRAME_REFUSAL, refusal);
}

/* A question's memory ends with it: a child that asks on and on fills nothing. */
static int take_question(struct ctx *cx, struct run *r, const struct frame *head)
{
    CLEANUP(arena_cleanup) struct arena *a = arena_new(ANSWER_ARENA_MAX);
    struct ctx own = *cx;
    own.arena = a;
    if (++r->questions > QUESTIONS_MAX)
        return ended(cx, r, ERR_LIMIT,
                     str_fmt(cx->arena, "it asked its parent for more than %d things", QUESTIONS_MAX));
    if (answer_question(&own, r, head) < 0)
        return side_raise(cx, side_error_doc(cx->arena, &own.err));
    return 0;
}

static const struct {
    enum frame_kind kind;
    int (*take)(struct ctx *cx, struct run *r, const struct frame *head);
} takers[] = {
    { FRAME_EXPECT, take_expectation }, { FRAME_OUTPUT, take_output },     { FRAME_DONE, take_done },
    { FRAME_ERROR, take_error },        { FRAME_QUESTION, take_question },
};

static int take_frame(struct ctx *cx, struct run *r)
{
    struct frame head;
    if (ctx_check(cx) < 0 || frame_next(cx, r->data, &head) < 0)
        return cx->err.code;
    for (size_t i = 0; i < ARRAY_LEN(takers); i++)
        if (takers[i].kind == head.kind)
            return takers[i].take(cx, r, &head);
    return ended(cx, r, ERR_INTERNAL, "it spoke nonsense to its parent");
}

static int send_start(struct ctx *cx, const struct run *r, const struct doc *input)
{
    if (send_doc(cx, r, FRAME_START, side_limits_doc(cx->arena, &r->limits)) < 0)
        return cx->err.code;
    return send_doc(cx, r, FRAME_INPUT, input);
}

static int converse(struct ctx *cx, struct run *r, const struct doc *input)
{
    if (!r->pid && send_start(cx, r, input) < 0)
        return cx->err.code;
    while (!r->done)
        if (take_frame(cx, r) < 0)
            return cx->err.code;
    return 0;
}

/* Turns what ended the conversation into what the caller is told. */
static int conclude(struct ctx *cx, struct run *r, int rc, bool own_deadline)
{
    if (rc >= 0 || r->done)
        return rc;
    if (rc == ERR_UNAVAILABLE)
        return child_is_gone(cx, r);
    if (rc == ERR_TIMEOUT && own_deadline && ctx_done(cx))
        return ended(cx, r, ERR_TIMEOUT,
                     str_fmt(cx->arena, "it ran longer than %s",
                             gotime_print_duration(cx->arena, r->limits.timeout_ms * GOTIME_MS)));
    return rc;
}

static int run_in_child(struct ctx *cx, struct run *r, const struct doc *input)
{
    int64_t wanted = ctx_now_ms() + r->limits.timeout_ms, before = ctx_deadline_in(cx, r->limits.timeout_ms);
    bool own_deadline = cx->deadline_ms >= wanted;
    int rc = start_child(cx, r, input);
    if (rc == 0)
        rc = conclude(cx, r, converse(cx, r, input), own_deadline);
    kill_child(r);
    cx->deadline_ms = before;
    return rc;
}

/* --sandbox=off: the job runs here, on an arena of its own. */
static int run_in_process(struct ctx *cx, struct run *r, const struct doc *input)
{
    CLEANUP(arena_cleanup) struct arena *a = arena_new(r->limits.memory_max);
    struct ctx child = { .arena = a, .cancel = cx->cancel, .deadline_ms = cx->deadline_ms, .log = cx->log };
    struct job_side side = { .fd = -1, .parent = cx, .answer = r->answer, .user = r->user };
    struct buf output = buf_new(a, r->limits.output_max);
    ctx_deadline_in(&child, r->limits.timeout_ms);
    if (r->job->run(&child, &side, doc_copy(a, input), &output) < 0)
        return side_raise(cx, side_error_doc(cx->arena, &child.err));
    if (output.overflow)
        return ended(cx, r, ERR_LIMIT,
                     str_fmt(cx->arena, "its output is larger than %s", mib(cx, r->limits.output_max)));
    buf_add(&r->output, buf_text(&output), output.len);
    return 0;
}

int job_run(struct ctx *cx, const struct job *job, const struct job_limits *limits, const struct doc *input,
            job_answer_fn answer, void *user, struct buf *ret_output)
{
    struct run r = { .job = job,
                     .limits = with_defaults(limits),
                     .answer = answer,
                     .user = user,
                     .data = -1,
                     .reports = -1,
                     .pidfd = -1 };
    r.output = buf_new(cx->arena, r.limits.output_max);
    int rc = helper.sandbox == JOB_SANDBOX_OFF ? run_in_process(cx, &r, input) : run_in_child(cx, &r, input);
    cleanup_fd(&r.data);
    cleanup_fd(&r.reports);
    cleanup_fd(&r.pidfd);
    if (rc == 0)
        *ret_output = r.output;
    return rc;
}

/* The sandbox is off: both sides share a thread, but not a context. */
static int ask_in_process(struct ctx *cx, struct job_side *side, const struct doc *request,
                          struct doc **ret_answer)
{
    struct ctx *parent = side->parent;
    struct doc *answer = NULL;
    int rc = side->answer ? side->answer(parent, side->user, request, &answer) : no_answer(parent, "the job");
    if (rc < 0) {
        struct doc *error = side_error_doc(cx->arena, &parent->err);
        err_clear(parent);
        return side_raise(cx, error);
    }
    *ret_answer = doc_copy(cx->arena, answer);
    return 0;
}

int job_ask(struct ctx *cx, struct job_side *side, const struct doc *request, struct doc **ret_answer)
{
    if (side->fd < 0)
        return ask_in_process(cx, side, request, ret_answer);
    return side_ask(cx, side, request, ret_answer);
}

int job_flush(struct ctx *cx, struct job_side *side, struct buf *output)
{
    return side->fd < 0 || output->overflow ? 0 : side_flush(cx, side->fd, output);
}

int job_expect(struct ctx *cx, struct job_side *side, size_t size)
{
    return side->fd < 0 ? 0 : frame_tell(cx, side->fd, FRAME_EXPECT, size);
}
