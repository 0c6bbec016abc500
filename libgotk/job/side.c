/*
 * side.c: what happens inside a child; the contract is in side.h.
 *
 * Single-threaded, in the child, from the fork to _exit. Memory: one arena that is never freed, the kernel
 * does that. The SIGABRT handler tells "no memory left" (our allocators abort) from other aborts.
 */
#include "libgotk/job/side.h"

#include "libgotk/base/mem.h"
#include "libgotk/base/str.h"
#include "libgotk/doc/json.h"
#include "libgotk/job/confine.h"
#include "libgotk/job/frame.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <sys/mman.h>

#define START_ARENA ((size_t)16 << 20)
#define PIECE_MAX   ((size_t)1 << 20)
#define FLUSH_MIN   ((size_t)64 << 10)
#define PROBE_SIZE  ((size_t)4 << 20)
#define INPUT_MAX   ((size_t)1 << 30)

static const struct ctx *job_cx; /* for the signal handler: the one job of this process */

struct doc *side_error_doc(struct arena *a, const struct err *e)
{
    struct doc *d = doc_object(a);
    doc_set_int(a, d, "code", e->code);
    doc_set_text(a, d, "message", str_or(e->message, ""));
    doc_set_text(a, d, "reason", e->reason);
    doc_set_int(a, d, "httpStatus", e->http_status);
    doc_set_int(a, d, "retryAfterMs", e->retry_after_ms);
    return d;
}

static int64_t int_at(const struct doc *d, const char *key)
{
    int64_t value = 0;
    doc_get_int(doc_find(d, key), &value);
    return value;
}

int side_raise(struct ctx *cx, const struct doc *error)
{
    int64_t code = int_at(error, "code");
    if (code >= 0 || code < ERR_INTERNAL)
        code = ERR_INTERNAL;
    err_fail(cx, (int)code, "%s", str_or(doc_text_at(error, "message"), "the job failed without a message"));
    if (doc_text_at(error, "reason"))
        err_reason(cx, doc_text_at(error, "reason"));
    cx->err.http_status = (int)int_at(error, "httpStatus");
    cx->err.retry_after_ms = int_at(error, "retryAfterMs");
    return cx->err.code;
}

static struct doc *strings_doc(struct arena *a, const char *const *list)
{
    struct doc *array = doc_array(a);
    for (; list && *list; list++)
        doc_append_text(a, array, *list);
    return array;
}

struct doc *side_limits_doc(struct arena *a, const struct job_limits *limits)
{
    struct doc *d = doc_object(a);
    doc_set_int(a, d, "memoryMax", (int64_t)limits->memory_max);
    doc_set_int(a, d, "cpuSeconds", limits->cpu_seconds);
    doc_set_int(a, d, "timeoutMs", limits->timeout_ms);
    doc_set_int(a, d, "fileMax", (int64_t)limits->file_max);
    doc_set_int(a, d, "outputMax", (int64_t)limits->output_max);
    doc_set(a, d, "readDirs", strings_doc(a, limits->read_dirs));
    doc_set(a, d, "writeDirs", strings_doc(a, limits->write_dirs));
    return d;
}

static const char *const *strings(struct arena *a, const struct doc *array)
{
    const char **list = ARENA_ARRAY(a, const char *, doc_len(array) + 1), **next = list;
    doc_each (item, array)
        *next++ = str_dup(a, doc_text(item));
    return list;
}

struct job_limits side_limits(struct arena *a, const struct doc *d)
{
    return (struct job_limits){
        .memory_max = (size_t)int_at(d, "memoryMax"),
        .cpu_seconds = (int)int_at(d, "cpuSeconds"),
        .timeout_ms = int_at(d, "timeoutMs"),
        .file_max = (size_t)int_at(d, "fileMax"),
        .output_max = (size_t)int_at(d, "outputMax"),
        .read_dirs = strings(a, doc_find(d, "readDirs")),
        .write_dirs = strings(a, doc_find(d, "writeDirs")),
    };
}

static int send_doc(struct ctx *cx, int fd, enum frame_kind kind, const struct doc *d)
{
    struct buf text = buf_new(cx->arena, SIDE_MESSAGE_MAX);
    json_print(&text, d, JSON_COMPACT);
    if (buf_ok(cx, &text, "a job's question") < 0)
        return cx->err.code;
    return frame_send(cx, fd, kind, buf_text(&text), text.len);
}

/* Receives a frame of `kind` as a document; *ret_kind gets what came when `kind` is 0. */
static int receive_doc(struct ctx *cx, int fd, size_t max, const char *name, enum frame_kind *ret_kind,
                       struct doc **ret)
{
    struct frame head;
    struct buf text = buf_new(cx->arena, max);
    if (frame_next(cx, fd, &head) < 0 || frame_body(cx, fd, head.size, &text) < 0)
        return cx->err.code;
    *ret_kind = head.kind;
    return json_parse(cx, buf_text(&text), text.len, name, ret);
}

int side_ask(struct ctx *cx, struct job_side *side, const struct doc *request, struct doc **ret_answer)
{
    enum frame_kind kind = FRAME_REFUSAL;
    struct doc *answer = NULL;
    if (send_doc(cx, side->fd, FRAME_QUESTION, request) < 0)
        return cx->err.code;
    if (receive_doc(cx, side->fd, SIDE_ANSWER_MAX, "answer", &kind, &answer) < 0)
        return cx->err.code;
    if (kind != FRAME_ANSWER)
        return side_raise(cx, answer);
    *ret_answer = answer;
    return 0;
}

static bool memory_is_gone(void)
{
    if (errno == ENOMEM || (job_cx && arena_exhausted(job_cx->arena)))
        return true;
    void *probe = mmap(NULL, PROBE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return probe == MAP_FAILED;
}

static void on_abort(int number)
{
    (void)number;
    if (memory_is_gone())
        _exit(CONFINE_EXIT_MEMORY);
}

/* Faults end the process with their own signal, also when a sanitizer would rather report them. */
static void reset_signals(void)
{
    static const int faults[] = {
        SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGSYS, SIGXCPU, SIGXFSZ, SIGTERM, SIGINT
    };
    for (size_t i = 0; i < ARRAY_LEN(faults); i++)
        signal(faults[i], SIG_DFL);
    signal(SIGPIPE, SIG_IGN);
    struct sigaction abort_action = { .sa_handler = on_abort, .sa_flags = (int)SA_RESETHAND };
    sigaction(SIGABRT, &abort_action, NULL);
}

/* When the node runs short of memory, a job goes first. */
static void volunteer_for_the_oom_killer(void)
{
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    ssize_t n = write(fd, "1000", 4);
    (void)n;
    close(fd);
}

static int receive_limits(struct ctx *cx, int fd, struct job_limits *ret)
{
    enum frame_kind kind;
    struct doc *d = NULL;
    if (receive_doc(cx, fd, SIDE_MESSAGE_MAX, "limits", &kind, &d) < 0)
        return cx->err.code;
    *ret = side_limits(cx->arena, d);
    return 0;
}

/* What the heap holds already is not counted: of a command's child, which has it from the command, the allocator knows. */
static size_t memory_in_use(struct ctx *cx, const struct side_start *known)
{
    if (!known)
        return confine_memory_in_use(cx);
    struct mallinfo2 heap = mallinfo2();
    return heap.arena + heap.hblkhd;
}

/* Confines the process and makes the job's context. A command and its child are one work: no need to choose between them. */
static int begin(struct ctx *start, const struct job *job, int fd, const struct side_start *known,
                 struct job_limits *ret_limits, struct ctx *ret_cx)
{
    struct job_limits limits = { 0 };
    if (known)
        limits = *known->limits;
    else if (receive_limits(start, fd, &limits) < 0)
        return start->err.code;
    if (!known)
        volunteer_for_the_oom_killer();
    if (confine_self(start, &limits, job->network, memory_in_use(start, known)) < 0)
        return err_wrap(start, "failed to confine the job %s", job->name);
    /* The kernel's limit speaks before the arena's; only sanitizers leave it to the arena. */
    size_t arena_max = CONFINE_HAS_SANITIZER ? limits.memory_max : SIZE_MAX / 4;
    *ret_cx = (struct ctx){ .arena = arena_new(arena_max), .deadline_ms = ctx_now_ms() + limits.timeout_ms };
    *ret_limits = limits;
    return 0;
}

static int send_pieces(struct ctx *cx, int fd, const struct buf *output)
{
    for (size_t at = 0; at < output->len; at += PIECE_MAX) {
        size_t piece = output->len - at < PIECE_MAX ? output->len - at : PIECE_MAX;
        if (frame_send(cx, fd, FRAME_OUTPUT, output->data + at, piece) < 0)
            return cx->err.code;
    }
    return 0;
}

int side_flush(struct ctx *cx, int fd, struct buf *output)
{
    if (output->len < FLUSH_MIN)
        return 0;
    int rc = send_pieces(cx, fd, output);
    buf_cut(output, 0);
    return rc;
}

static int send_output(struct ctx *cx, int fd, const struct buf *output)
{
    bool in_pieces = output->len > PIECE_MAX;
    if (in_pieces && send_pieces(cx, fd, output) < 0)
        return cx->err.code;
    return frame_finish(cx, fd, output->data, in_pieces ? 0 : output->len);
}

static int work(struct ctx *cx, const struct job *job, int fd, const struct doc *known,
                const struct job_limits *limits)
{
    enum frame_kind kind;
    struct doc *received = NULL;
    struct job_side side = { .fd = fd };
    struct buf output = buf_new(cx->arena, limits->output_max);
    if (!known && receive_doc(cx, fd, INPUT_MAX, "input", &kind, &received) < 0)
        return cx->err.code;
    int rc = job->run(cx, &side, known ? known : received, &output);
    if (rc < 0) {
        ASSERT(cx->err.code < 0);
        return rc;
    }
    if (output.overflow)
        return err_fail(cx, ERR_LIMIT, "%s was ended: its output is larger than %zu MiB", job->name,
                        limits->output_max >> 20);
    return send_output(cx, fd, &output);
}

static int report(struct ctx *cx, int fd)
{
    struct err e = cx->err;
    err_clear(cx);
    cx->deadline_ms = 0; /* that it is late may be what is to be said */
    return send_doc(cx, fd, FRAME_ERROR, side_error_doc(cx->arena, &e)) < 0 ? 1 : 0;
}

int side_main(const struct job *job, int fd, const struct side_start *known)
{
    struct ctx start = { .arena = arena_new(START_ARENA) }, cx = start;
    struct job_limits limits = { 0 };
    reset_signals();
    mem_quiet();
    errno = 0; /* whatever the parent met last: an abort asks (memory_is_gone) */
    if (begin(&start, job, fd, known, &limits, &cx) < 0)
        return report(&start, fd);
    job_cx = &cx;
    if (work(&cx, job, fd, known ? known->input : NULL, &limits) < 0)
        return report(&cx, fd);
    return 0;
}
