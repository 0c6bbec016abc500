/* Jobs: what a hostile or broken child does ends as an error of that one job; the parent leaks nothing and
 * serves on. */
#include "libgotk/base/fs.h"
#include "libgotk/base/mem.h"
#include "libgotk/base/str.h"
#include "libgotk/doc/json.h"
#include "libgotk/job/confine.h"
#include "libgotk/job/job.h"
#include "libgotk/net/http.h"
#include "tests/unit/lib/peer.h"
#include "tests/unit/lib/unit.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* What the one test job is told to do. */
typedef int (*deed_fn)(struct ctx *cx, struct job_side *side, const struct doc *input, struct buf *out);

static int do_echo(struct ctx *cx UNUSED, struct job_side *side UNUSED, const struct doc *input,
                   struct buf *out)
{
    buf_str(out, str_or(doc_text_at(input, "text"), ""));
    return 0;
}

static int do_fail(struct ctx *cx, struct job_side *side UNUSED, const struct doc *input,
                   struct buf *out UNUSED)
{
    err_fail(cx, ERR_CONFLICT, "%s", doc_text_at(input, "text"));
    err_reason(cx, "BuildFailed");
    cx->err.http_status = 409;
    cx->err.retry_after_ms = 1500;
    return err_wrap(cx, "failed to try");
}

static int do_segfault(struct ctx *cx UNUSED, struct job_side *side UNUSED, const struct doc *input UNUSED,
                       struct buf *out UNUSED)
{
    return raise(SIGSEGV);
}

static int do_abort(struct ctx *cx UNUSED, struct job_side *side UNUSED, const struct doc *input,
                    struct buf *out UNUSED)
{
    ASSERT(doc_len(input) == 0);
    return 0;
}

static int do_loop(struct ctx *cx UNUSED, struct job_side *side UNUSED, const struct doc *input UNUSED,
                   struct buf *out)
{
    for (volatile bool again = true; again;)
        out->overflow = false;
    return 0;
}

static int do_hang(struct ctx *cx UNUSED, struct job_side *side UNUSED, const struct doc *input UNUSED,
                   struct buf *out UNUSED)
{
    while (true)
        sleep(1000);
    return 0;
}

static int do_allocate(struct ctx *cx, struct job_side *side UNUSED, const struct doc *input,
                       struct buf *out UNUSED)
{
    for (size_t i = 0; i < 10240; i++) {
        if (ctx_check(cx) < 0)
            return cx->err.code;
        memset(str_eq(doc_text_at(input, "text"), "heap") ? mem_alloc(1 << 20)
                                                          : arena_alloc(cx->arena, 1 << 20),
               1, 1 << 20);
    }
    return 0;
}

static int do_allocate_at_once(struct ctx *cx, struct job_side *side UNUSED, const struct doc *input UNUSED,
                               struct buf *out UNUSED)
{
    memset(arena_alloc_raw(cx->arena, (size_t)10 << 30), 1, (size_t)10 << 30);
    return 0;
}

static int do_open(struct ctx *cx, struct job_side *side UNUSED, const struct doc *input, struct buf *out)
{
    const char *path = doc_text_at(input, "text");
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_errno(cx, "failed to open %s", path);
    char data[100];
    ssize_t n = read(fd, data, sizeof(data));
    close(fd);
    buf_add(out, data, n > 0 ? (size_t)n : 0);
    return 0;
}

static int do_write(struct ctx *cx, struct job_side *side UNUSED, const struct doc *input,
                    struct buf *out UNUSED)
{
    int64_t size = 5;
    doc_get_int(doc_find(input, "size"), &size);
    const char *path = doc_text_at(input, "text");
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0)
        return err_errno(cx, "failed to open %s", path);
    for (int64_t i = 0; i < size; i += 5)
        if (fs_write_all(cx, fd, "12345", 5, path) < 0)
            return cx->err.code;
    close(fd);
    return 0;
}

static int do_socket(struct ctx *cx, struct job_side *side UNUSED, const struct doc *input,
                     struct buf *out UNUSED)
{
    int family = str_eq(doc_text_at(input, "text"), "unix") ? AF_UNIX : AF_INET;
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_errno(cx, "failed to open a socket");
    struct sockaddr_in addr = { .sin_family = AF_INET,
                                .sin_port = htons(1),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int rc = connect(fd, (struct sockaddr *)&addr, sizeof(addr));
    return rc < 0 ? err_errno(cx, "failed to connect") : 0;
}

/* As a fetch does: a name is resolved (by a thread of curl's), a connection is made, the answer is the
 * output. */
static int do_get(struct ctx *cx, struct job_side *side UNUSED, const struct doc *input, struct buf *out)
{
    struct http_request req = { .url = doc_text_at(input, "text"), .timeout_ms = 10000 };
    struct http_response r;
    if (http_do(cx, &req, &r) < 0)
        return cx->err.code;
    buf_add(out, buf_text(&r.body), r.body.len);
    return 0;
}

static int do_exec(struct ctx *cx, struct job_side *side UNUSED, const struct doc *input UNUSED,
                   struct buf *out UNUSED)
{
    execl("/bin/true", "true", NULL);
    return err_errno(cx, "failed to exec");
}

static int do_fork(struct ctx *cx, struct job_side *side UNUSED, const struct doc *input UNUSED,
                   struct buf *out UNUSED)
{
    for (;;)
        if (fork() < 0)
            return err_errno(cx, "failed to fork");
}

static int do_kill(struct ctx *cx, struct job_side *side UNUSED, const struct doc *input,
                   struct buf *out UNUSED)
{
    int64_t pid = 0;
    doc_get_int(doc_find(input, "pid"), &pid);
    if (kill((pid_t)pid, SIGKILL) < 0)
        return err_errno(cx, "failed to kill");
    return 0;
}

static int do_flood(struct ctx *cx UNUSED, struct job_side *side UNUSED, const struct doc *input,
                    struct buf *out)
{
    int64_t size = 0;
    doc_get_int(doc_find(input, "size"), &size);
    for (int64_t i = 0; i < size; i += 1000)
        memset(buf_room(out, 1000) ? out->data + out->len : (char[1000]){ 0 }, 'o', 1000),
            buf_grown(out, 1000);
    return 0;
}

static int do_ask(struct ctx *cx, struct job_side *side, const struct doc *input, struct buf *out)
{
    struct doc *answer;
    int64_t count = 1;
    doc_get_int(doc_find(input, "count"), &count);
    for (int64_t i = 0; i < count; i++) {
        if (job_ask(cx, side, input, &answer) < 0)
            return err_wrap(cx, "asked in vain");
        buf_str(out, str_or(doc_text_at(answer, "said"), "?"));
    }
    return 0;
}

static int do_babble(struct ctx *cx UNUSED, struct job_side *side UNUSED, const struct doc *input UNUSED,
                     struct buf *out UNUSED)
{
    static const char nonsense[64] = "\xFF\xFF\xFF\xFFthis is no frame";
    for (;;)
        if (send(3, nonsense, sizeof(nonsense), 0) < 0)
            _exit(0);
}

/* Ways to reach other processes and other people's files that need no right to them. Each is refused. */
static int do_reach_out(struct ctx *cx, struct job_side *side UNUSED, const struct doc *input,
                        struct buf *out)
{
    const char *path = doc_text_at(input, "text");
    struct rlimit none = { 0, 0 };
    int64_t pid = 0;
    int pair[2];
    doc_get_int(doc_find(input, "pid"), &pid);
    if (fcntl(3, F_SETOWN, (int)pid) == 0 || fcntl(3, F_SETSIG, SIGKILL) == 0)
        buf_str(out, "signals by a descriptor's owner;");
    if (prlimit((pid_t)pid, RLIMIT_NPROC, NULL, &none) == 0)
        buf_str(out, "limits of another process;");
    if (truncate(path, 0) == 0 || chmod(path, 0) == 0 || fchmodat(AT_FDCWD, path, 0, 0) == 0)
        buf_str(out, "truncate or chmod by path;");
    if (utimensat(AT_FDCWD, path, NULL, 0) == 0)
        buf_str(out, "times by path;");
    if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair) == 0)
        buf_str(out, "datagrams to UNIX sockets;");
    return cx->err.code;
}

static int do_leave(struct ctx *cx UNUSED, struct job_side *side UNUSED, const struct doc *input UNUSED,
                    struct buf *out UNUSED)
{
    _exit(7);
}

static int do_descriptors(struct ctx *cx UNUSED, struct job_side *side UNUSED, const struct doc *input UNUSED,
                          struct buf *out)
{
    for (int fd = 0; fd < 256; fd++)
        if (fcntl(fd, F_GETFD) >= 0)
            buf_fmt(out, "%d ", fd);
    return 0;
}

static const struct {
    const char *name;
    deed_fn fn;
} deeds[] = {
    { "echo", do_echo },
    { "fail", do_fail },
    { "segfault", do_segfault },
    { "abort", do_abort },
    { "loop", do_loop },
    { "hang", do_hang },
    { "allocate", do_allocate },
    { "allocate at once", do_allocate_at_once },
    { "open", do_open },
    { "write", do_write },
    { "socket", do_socket },
    { "get", do_get },
    { "exec", do_exec },
    { "fork", do_fork },
    { "kill", do_kill },
    { "flood", do_flood },
    { "ask", do_ask },
    { "babble", do_babble },
    { "reach out", do_reach_out },
    { "leave", do_leave },
    { "descriptors", do_descriptors },
};

static int run_deed(struct ctx *cx, struct job_side *side, const struct doc *input, struct buf *out)
{
    for (size_t i = 0; i < ARRAY_LEN(deeds); i++)
        if (str_eq(doc_text_at(input, "deed"), deeds[i].name))
            return deeds[i].fn(cx, side, input, out);
    return err_fail(cx, ERR_INTERNAL, "no such deed");
}

static const struct job deed_job = { .name = "deed", .run = run_deed };
static const struct job fetch_job = { .name = "fetch", .run = run_deed, .network = true };
static const struct job *const jobs[] = { &deed_job, &fetch_job };

static struct doc *input_of(struct arena *a, const char *deed, const char *text)
{
    struct doc *d = doc_object(a);
    doc_set_text(a, d, "deed", deed);
    doc_set_text(a, d, "text", text);
    return d;
}

/* Runs a deed under small limits. */
static int run(struct ctx *cx, const char *deed, const char *text, struct buf *ret)
{
    struct job_limits limits = { .memory_max = (size_t)64 << 20, .timeout_ms = 20000, .cpu_seconds = 20 };
    return job_run(cx, &deed_job, &limits, input_of(cx->arena, deed, text), NULL, NULL, ret);
}

static size_t open_descriptors(void)
{
    size_t n = 0;
    DIR *dir = opendir("/proc/self/fd");
    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

/* The child processes of the zygote, which is our only child. */
static size_t descendants(struct ctx *cx)
{
    struct buf zygote, children;
    const char *path = str_fmt(cx->arena, "/proc/self/task/%d/children", getpid());
    assert_ok(cx, fs_read_file(cx, path, 4096, &zygote));
    const char *pid = str_trim(cx->arena, buf_text(&zygote));
    path = str_fmt(cx->arena, "/proc/%s/task/%s/children", pid, pid);
    assert_ok(cx, fs_read_file(cx, path, 65536, &children));
    size_t n = 0;
    for (const char *p = buf_text(&children); *p; p++)
        n += *p == ' ';
    return n;
}

static void assert_no_descendants(struct ctx *cx)
{
    for (int i = 0; i < 200 && descendants(cx) > 0; i++)
        assert_ok(cx, ctx_sleep(cx, 10));
    assert_int_equal(descendants(cx), 0);
}

static size_t fds_before;

static int setup(void **state)
{
    fds_before = open_descriptors();
    return unit_setup(state);
}

/* After every test: nothing is left behind, and the next job works. */
static int teardown(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct buf out;
    assert_ok(cx, run(cx, "echo", "still alive", &out));
    assert_string_equal(buf_text(&out), "still alive");
    assert_int_equal(open_descriptors(), fds_before);
    assert_no_descendants(cx);
    return unit_teardown(state);
}

#define JOB_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

static void returns_the_output(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct buf out;
    assert_ok(cx, run(cx, "echo", "hello \xC3\xA4 \n", &out));
    assert_string_equal(buf_text(&out), "hello \xC3\xA4 \n");
    assert_ok(cx, run(cx, "echo", "", &out));
    assert_int_equal(out.len, 0);
}

static void large_input_and_output_pass(void **state)
{
    struct ctx *cx = unit_cx(state);
    size_t n = (size_t)12 << 20;
    char *text = arena_alloc(cx->arena, n + 1);
    for (size_t i = 0; i < n; i++)
        text[i] = (char)('a' + i * 7 % 26);
    struct buf out;
    assert_ok(cx, job_run(cx, &deed_job, NULL, input_of(cx->arena, "echo", text), NULL, NULL, &out));
    assert_int_equal(out.len, n);
    assert_memory_equal(out.data, text, n);
}

static void an_error_arrives_unchanged(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct buf out;
    assert_int_equal(run(cx, "fail", "50% of it", &out), ERR_CONFLICT);
    assert_string_equal(err_message(cx), "failed to try: 50% of it");
    assert_string_equal(err_reason_of(cx), "BuildFailed");
    assert_int_equal(cx->err.http_status, 409);
    assert_int_equal(cx->err.retry_after_ms, 1500);
}

static void a_crash_is_an_error(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct buf out;
    assert_int_equal(run(cx, "segfault", NULL, &out), ERR_INTERNAL);
    assert_error(cx, ERR_INTERNAL, "deed was ended: it crashed (SIGSEGV)");
    assert_int_equal(run(cx, "abort", NULL, &out), ERR_INTERNAL);
    assert_error(cx, ERR_INTERNAL, "deed was ended: it crashed (SIGABRT)");
    assert_int_equal(run(cx, "leave", NULL, &out), ERR_INTERNAL);
    assert_error(cx, ERR_INTERNAL, "deed was ended: it left without a result (exit status 7)");
    assert_int_equal(run(cx, "babble", NULL, &out), ERR_INTERNAL);
    assert_error(cx, ERR_INTERNAL, "deed was ended: it spoke nonsense");
}

static void endless_work_is_ended(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct buf out;
    struct job_limits limits = { .cpu_seconds = 1, .timeout_ms = 60000 };
    assert_int_equal(job_run(cx, &deed_job, &limits, input_of(cx->arena, "loop", NULL), NULL, NULL, &out),
                     ERR_LIMIT);
    assert_error(cx, ERR_LIMIT, "deed was ended: it used more than 1 s of CPU time");
    limits = (struct job_limits){ .timeout_ms = 200 };
    int64_t start = ctx_now_ms();
    assert_int_equal(job_run(cx, &deed_job, &limits, input_of(cx->arena, "hang", NULL), NULL, NULL, &out),
                     ERR_TIMEOUT);
    assert_error(cx, ERR_TIMEOUT, "deed was ended: it ran longer than 200ms");
    assert_in_range(ctx_now_ms() - start, 190, unit_slow(5000));
    assert_int_equal(cx->deadline_ms, 0);
    cx->deadline_ms = ctx_now_ms() + 100;
    assert_int_equal(run(cx, "hang", NULL, &out), ERR_TIMEOUT);
    assert_error(cx, ERR_TIMEOUT, "context deadline exceeded");
    cx->deadline_ms = 0;
}

static void too_much_memory_is_an_error(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct buf out;
    const char *said =
        CONFINE_HAS_SANITIZER ? "64 MiB of memory" : "deed was ended: it needed more than 64 MiB of memory";
    assert_int_equal(run(cx, "allocate", "arena", &out), ERR_LIMIT);
    assert_error(cx, ERR_LIMIT, said);
    if (CONFINE_HAS_SANITIZER) /* no limit but the arena's there */
        return;
    assert_int_equal(run(cx, "allocate", "heap", &out), ERR_LIMIT);
    assert_error(cx, ERR_LIMIT, said);
    assert_int_equal(run(cx, "allocate at once", NULL, &out), ERR_LIMIT);
    assert_error(cx, ERR_LIMIT, said);
}

static void only_named_folders_are_open(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct buf out;
    const char *dir = unit_tmpdir(cx), *other = unit_tmpdir(cx);
    const char *file = str_fmt(cx->arena, "%s/in", dir), *link = str_fmt(cx->arena, "%s/link", dir);
    assert_ok(cx, fs_write_atomic(cx, file, "inside", 6, 0644));
    assert_int_equal(symlink("/etc/passwd", link), 0);
    const char *const dirs[] = { dir, NULL };
    struct job_limits limits = { .read_dirs = dirs };
    assert_ok(cx, job_run(cx, &deed_job, &limits, input_of(cx->arena, "open", file), NULL, NULL, &out));
    assert_string_equal(buf_text(&out), "inside");
    const char *const refused[] = { "/etc/passwd", link, "/", "/proc/1/environ", other };
    for (size_t i = 0; confine_landlock_version() && i < ARRAY_LEN(refused); i++) {
        int rc = job_run(cx, &deed_job, &limits, input_of(cx->arena, "open", refused[i]), NULL, NULL, &out);
        assert_int_equal(rc, ERR_DENIED);
        assert_error(cx, ERR_DENIED, "Permission denied");
    }
    const char *made = str_fmt(cx->arena, "%s/made", dir);
    if (confine_landlock_version())
        assert_int_equal(
            job_run(cx, &deed_job, &limits, input_of(cx->arena, "write", made), NULL, NULL, &out),
            ERR_DENIED);
    err_clear(cx);
    limits = (struct job_limits){ .write_dirs = dirs };
    assert_ok(cx, job_run(cx, &deed_job, &limits, input_of(cx->arena, "write", made), NULL, NULL, &out));
    assert_true(fs_exists(made));
    const char *const absent[] = { "/nonexistent/dir", NULL };
    limits = (struct job_limits){ .read_dirs = absent };
    assert_int_equal(job_run(cx, &deed_job, &limits, input_of(cx->arena, "echo", NULL), NULL, NULL, &out),
                     ERR_NOT_FOUND);
    assert_error(cx, ERR_NOT_FOUND, "/nonexistent/dir");
}

static void files_and_output_are_bounded(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct buf out;
    const char *const dirs[] = { unit_tmpdir(cx), NULL };
    struct job_limits limits = { .write_dirs = dirs, .file_max = 1 << 20, .output_max = 1 << 20 };
    struct doc *input = input_of(cx->arena, "write", str_fmt(cx->arena, "%s/big", dirs[0]));
    doc_set_int(cx->arena, input, "size", 2 << 20);
    assert_int_equal(job_run(cx, &deed_job, &limits, input, NULL, NULL, &out), ERR_LIMIT);
    assert_error(cx, ERR_LIMIT, "deed was ended: it wrote a file larger than 1 MiB");
    input = input_of(cx->arena, "flood", NULL);
    doc_set_int(cx->arena, input, "size", 1000000);
    assert_ok(cx, job_run(cx, &deed_job, &limits, input, NULL, NULL, &out));
    assert_int_equal(out.len, 1000000);
    char *text = arena_alloc(cx->arena, (2 << 20) + 1);
    memset(text, 'x', 2 << 20);
    assert_int_equal(job_run(cx, &deed_job, &limits, input_of(cx->arena, "echo", text), NULL, NULL, &out),
                     ERR_LIMIT);
    assert_error(cx, ERR_LIMIT, "output is larger than 1 MiB");
}

static void forbidden_calls_are_refused(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct buf out;
    assert_int_equal(run(cx, "socket", "inet", &out), ERR_DENIED);
    assert_error(cx, ERR_DENIED, "failed to open a socket: Operation not permitted");
    assert_int_equal(run(cx, "exec", NULL, &out), ERR_DENIED);
    assert_error(cx, ERR_DENIED, "deed was ended: it used a system call that jobs may not use");
    assert_int_equal(run(cx, "fork", NULL, &out), ERR_DENIED);
    assert_error(cx, ERR_DENIED, "failed to fork: Operation not permitted");
    struct doc *input = input_of(cx->arena, "kill", NULL);
    doc_set_int(cx->arena, input, "pid", getpid());
    assert_int_equal(job_run(cx, &deed_job, NULL, input, NULL, NULL, &out), ERR_DENIED);
    assert_error(cx, ERR_DENIED, "failed to kill");
}

static void a_network_job_connects_but_no_more(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct buf out;
    assert_int_equal(job_run(cx, &fetch_job, NULL, input_of(cx->arena, "socket", "inet"), NULL, NULL, &out),
                     ERR_UNAVAILABLE);
    assert_error(cx, ERR_UNAVAILABLE, "failed to connect: Connection refused");
    assert_true(job_run(cx, &fetch_job, NULL, input_of(cx->arena, "socket", "unix"), NULL, NULL, &out) < 0);
    assert_error(cx, ERR_IO, "failed to open a socket");
    assert_int_equal(job_run(cx, &fetch_job, NULL, input_of(cx->arena, "exec", NULL), NULL, NULL, &out),
                     ERR_DENIED);
    err_clear(cx);
    assert_int_equal(job_run(cx, &fetch_job, NULL, input_of(cx->arena, "fork", NULL), NULL, NULL, &out),
                     ERR_DENIED);
    err_clear(cx);
    if (confine_landlock_version())
        assert_int_equal(
            job_run(cx, &fetch_job, NULL, input_of(cx->arena, "open", "/etc/passwd"), NULL, NULL, &out),
            ERR_DENIED);
    err_clear(cx);
}

static void a_network_job_fetches(void **state)
{
    struct ctx *cx = unit_cx(state);
    CLEANUP(arena_cleanup) struct arena *a = arena_new((size_t)64 << 20);
    struct ctx scope = { .arena = a };
    struct buf out;
    static const struct peer_reply rows[] = { { .text =
                                                    "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody" } };
    struct peer *p = peer_start(&scope, rows, 1);
    const char *url = str_fmt(cx->arena, "http://localhost:%d/", peer_port(p));
    assert_ok(cx, job_run(cx, &fetch_job, NULL, input_of(cx->arena, "get", url), NULL, NULL, &out));
    assert_string_equal(buf_text(&out), "body");
    assert_true(job_run(cx, &deed_job, NULL, input_of(cx->arena, "get", url), NULL, NULL, &out) < 0);
    err_clear(cx);
    url = "https://no-such-host.invalid/";
    assert_int_equal(job_run(cx, &fetch_job, NULL, input_of(cx->arena, "get", url), NULL, NULL, &out),
                     ERR_UNAVAILABLE);
    assert_error(cx, ERR_UNAVAILABLE, "dial tcp: lookup no-such-host.invalid: no such host");
}

static void a_child_has_no_descriptors_of_ours(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct buf out;
    int fd = open("/etc/passwd", O_RDONLY);
    assert_ok(cx, run(cx, "descriptors", NULL, &out));
    close(fd);
    assert_string_equal(buf_text(&out), "0 1 2 3 ");
}

static int answer(struct ctx *cx, void *user, const struct doc *request, struct doc **ret_answer)
{
    int *count = user;
    ++*count;
    if (str_eq(doc_text_at(request, "text"), "secret")) {
        err_fail(cx, ERR_DENIED, "you may not see that");
        return err_reason(cx, "Forbidden");
    }
    struct doc *d = doc_object(cx->arena);
    doc_set(cx->arena, d, "said", doc_fmt(cx->arena, "%d,", *count));
    *ret_answer = d;
    return 0;
}

static void no_call_reaches_around_the_rules(void **state)
{
    struct ctx *cx = unit_cx(state);
    static const struct job *const both[] = { &deed_job, &fetch_job };
    const char *path = str_fmt(cx->arena, "%s/others", unit_tmpdir(cx));
    assert_ok(cx, fs_write_atomic(cx, path, "theirs", 6, 0600));
    for (size_t i = 0; i < ARRAY_LEN(both); i++) {
        struct buf out;
        struct doc *input = input_of(cx->arena, "reach out", path);
        doc_set_int(cx->arena, input, "pid", getpid());
        assert_ok(cx, job_run(cx, both[i], NULL, input, NULL, NULL, &out));
        assert_string_equal(buf_text(&out), "");
    }
}

static void a_child_asks_its_parent(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct buf out;
    int count = 0;
    struct doc *input = input_of(cx->arena, "ask", "public");
    doc_set_int(cx->arena, input, "count", 3);
    assert_ok(cx, job_run(cx, &deed_job, NULL, input, answer, &count, &out));
    assert_string_equal(buf_text(&out), "1,2,3,");
    input = input_of(cx->arena, "ask", "secret");
    assert_int_equal(job_run(cx, &deed_job, NULL, input, answer, &count, &out), ERR_DENIED);
    assert_string_equal(err_reason_of(cx), "Forbidden");
    assert_error(cx, ERR_DENIED, "asked in vain: you may not see that");
    assert_int_equal(job_run(cx, &deed_job, NULL, input, NULL, NULL, &out), ERR_UNSUPPORTED);
    assert_error(cx, ERR_UNSUPPORTED, "nothing is offered");
}

static int large_answer(struct ctx *cx, void *user, const struct doc *request, struct doc **ret_answer)
{
    size_t *size = user;
    char *text = arena_alloc(cx->arena, *size + 1);
    (void)request;
    memset(text, 'z', *size);
    struct doc *d = doc_object(cx->arena);
    doc_set_text(cx->arena, d, "said", text);
    *ret_answer = d;
    return 0;
}

static void answers_may_be_large(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct buf out;
    size_t size = (size_t)8 << 20;
    assert_ok(cx, job_run(cx, &deed_job, NULL, input_of(cx->arena, "ask", NULL), large_answer, &size, &out));
    assert_int_equal(out.len, size);
}

/* What an answer takes ends with it: many large ones do not add up in the parent. */
static void many_large_answers_do_not_add_up(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct buf out;
    size_t size = (size_t)1 << 20;
    struct doc *input = input_of(cx->arena, "ask", NULL);
    doc_set_int(cx->arena, input, "count", 20);
    size_t before = arena_used(cx->arena);
    const struct job_limits limits = { .output_max = (size_t)32 << 20 };
    assert_ok(cx, job_run(cx, &deed_job, &limits, input, large_answer, &size, &out));
    assert_int_equal(out.len, 20 * size);
    assert_true(arena_used(cx->arena) - before < 70 * size); /* the output, as it grew */
}

static void a_child_may_not_ask_for_ever(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct buf out;
    int count = 0;
    struct doc *input = input_of(cx->arena, "ask", "public");
    doc_set_int(cx->arena, input, "count", 1000000);
    assert_int_equal(job_run(cx, &deed_job, NULL, input, answer, &count, &out), ERR_LIMIT);
    assert_error(cx, ERR_LIMIT, "deed was ended: it asked its parent for more than 2000 things");
}

/* More output than the caller's arena can take is an error of the job, not the end of the process. */
static void output_beyond_the_arena_is_an_error(void **state)
{
    (void)state;
    CLEANUP(arena_cleanup) struct arena *a = arena_new((size_t)16 << 20);
    struct ctx cx = { .arena = a };
    struct buf out;
    struct doc *input = input_of(a, "flood", NULL);
    doc_set_int(a, input, "size", 60 << 20);
    assert_int_equal(job_run(&cx, &deed_job, NULL, input, NULL, NULL, &out), ERR_LIMIT);
    assert_error(&cx, ERR_LIMIT, "its output is larger than the memory there is for it");
}

static void *fire_soon(void *arg)
{
    usleep(100000);
    cancel_fire(arg);
    return NULL;
}

static void a_cancel_ends_the_job_at_once(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct cancel cancel;
    struct buf out;
    pthread_t t;
    cancel_open(&cancel);
    cx->cancel = &cancel;
    int64_t start = ctx_now_ms();
    assert_int_equal(pthread_create(&t, NULL, fire_soon, &cancel), 0);
    assert_int_equal(run(cx, "hang", NULL, &out), ERR_CANCELED);
    assert_in_range(ctx_now_ms() - start, 90, unit_slow(5000));
    pthread_join(t, NULL);
    err_clear(cx);
    cx->cancel = NULL;
    cancel_close(&cancel);
}

static void *many_jobs(void *arg)
{
    size_t *failures = arg;
    struct ctx cx = { .arena = arena_new((size_t)64 << 20) };
    for (int i = 0; i < 50; i++) {
        struct buf out;
        const char *text = str_fmt(cx.arena, "job %d", i);
        if (i % 10 == 9)
            *failures += run(&cx, "segfault", NULL, &out) != ERR_INTERNAL;
        else
            *failures += run(&cx, "echo", text, &out) != 0 || !str_eq(buf_text(&out), text);
        err_clear(&cx);
        arena_reset(cx.arena);
    }
    arena_free(cx.arena);
    return NULL;
}

static void threads_run_jobs_at_once(void **state)
{
    pthread_t threads[4];
    size_t failures[4] = { 0 };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, many_jobs, &failures[i]), 0);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(failures[i], 0);
    }
}

static void the_sandbox_can_be_off(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct buf out;
    int count = 0;
    job_exit();
    assert_ok(cx, job_init(cx, jobs, ARRAY_LEN(jobs), JOB_SANDBOX_OFF));
    assert_ok(cx, run(cx, "echo", "here", &out));
    assert_string_equal(buf_text(&out), "here");
    assert_int_equal(run(cx, "fail", "no", &out), ERR_CONFLICT);
    assert_string_equal(err_reason_of(cx), "BuildFailed");
    err_clear(cx);
    assert_ok(cx, job_run(cx, &deed_job, NULL, input_of(cx->arena, "ask", NULL), answer, &count, &out));
    assert_string_equal(buf_text(&out), "1,");
    assert_int_equal(job_run(cx, &deed_job, NULL, input_of(cx->arena, "ask", "secret"), answer, &count, &out),
                     ERR_DENIED);
    assert_error(cx, ERR_DENIED, "asked in vain: you may not see that");
    job_exit();
    assert_ok(cx, job_init(cx, jobs, ARRAY_LEN(jobs), JOB_SANDBOX_ON));
}

static void children_can_be_our_own(void **state)
{
    static void (*const checks[])(void **state) = {
        returns_the_output,           an_error_arrives_unchanged,  a_crash_is_an_error,
        endless_work_is_ended,        too_much_memory_is_an_error, only_named_folders_are_open,
        files_and_output_are_bounded, forbidden_calls_are_refused, a_child_has_no_descriptors_of_ours,
    };
    struct ctx *cx = unit_cx(state);
    struct buf out;
    int count = 0;
    job_exit();
    assert_ok(cx, job_init(cx, jobs, ARRAY_LEN(jobs), JOB_SANDBOX_ALONE));
    for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
        checks[i](state);
        err_clear(cx);
    }
    assert_ok(cx, job_run(cx, &deed_job, NULL, input_of(cx->arena, "ask", NULL), answer, &count, &out));
    assert_string_equal(buf_text(&out), "1,");
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* all were waited for */
    job_exit();
    assert_ok(cx, job_init(cx, jobs, ARRAY_LEN(jobs), JOB_SANDBOX_ON));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        JOB_TEST(returns_the_output),
        JOB_TEST(large_input_and_output_pass),
        JOB_TEST(an_error_arrives_unchanged),
        JOB_TEST(a_crash_is_an_error),
        JOB_TEST(endless_work_is_ended),
        JOB_TEST(too_much_memory_is_an_error),
        JOB_TEST(only_named_folders_are_open),
        JOB_TEST(files_and_output_are_bounded),
        JOB_TEST(forbidden_calls_are_refused),
        JOB_TEST(a_network_job_connects_but_no_more),
        JOB_TEST(a_network_job_fetches),
        JOB_TEST(a_child_has_no_descriptors_of_ours),
        JOB_TEST(a_child_asks_its_parent),
        JOB_TEST(answers_may_be_large),
        JOB_TEST(many_large_answers_do_not_add_up),
        JOB_TEST(a_child_may_not_ask_for_ever),
        JOB_TEST(output_beyond_the_arena_is_an_error),
        JOB_TEST(no_call_reaches_around_the_rules),
        JOB_TEST(a_cancel_ends_the_job_at_once),
        JOB_TEST(threads_run_jobs_at_once),
        JOB_TEST(the_sandbox_can_be_off),
        JOB_TEST(children_can_be_our_own),
    };
    struct ctx cx = { .arena = arena_new(1 << 20) };
    if (job_init(&cx, jobs, ARRAY_LEN(jobs), JOB_SANDBOX_ON) < 0) {
        print_error("%s\n", err_message(&cx));
        return 1;
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    job_exit();
    arena_free(cx.arena);
    return failed;
}
