/*
 * execplugin.c: running a credential plugin; the contract is in execplugin.h.
 */
#include "libgotk/kube/execplugin.h"

#include "libgotk/base/buf.h"
#include "libgotk/base/fs.h"
#include "libgotk/base/gotime.h"
#include "libgotk/base/str.h"
#include "libgotk/base/vec.h"
#include "libgotk/doc/json.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUTPUT_MAX  ((size_t)1 << 20)
#define TIMEOUT_MS  60000
#define CHUNK       4096
#define END_POLL_MS 5

extern char **environ;

VEC_NAMED(words, char *);

/* A program on its way. */
struct plugin {
    const char *command;
    struct words argv;
    struct words env;
    pid_t pid;
    int output; /* reading end of its standard output */
};

static void set_arguments(struct arena *a, const struct doc *section, struct plugin *p)
{
    p->command = str_or(doc_text_at(section, "command"), "");
    vec_push(a, &p->argv, str_dup(a, p->command));
    doc_each (arg, doc_find(section, "args"))
        vec_push(a, &p->argv, str_dup(a, str_or(doc_text(arg), "")));
    vec_push(a, &p->argv, NULL);
}

/* Our environment, what the section adds, and what the plugin is asked for. */
static void set_environment(struct arena *a, const struct doc *section, struct plugin *p)
{
    struct doc *info = doc_object(a);
    for (char **variable = environ; *variable; variable++)
        vec_push(a, &p->env, *variable);
    doc_each (variable, doc_find(section, "env"))
        vec_push(a, &p->env,
                 str_fmt(a, "%s=%s", str_or(doc_text_at(variable, "name"), ""),
                         str_or(doc_text_at(variable, "value"), "")));
    doc_set_text(a, info, "kind", "ExecCredential");
    doc_set_text(a, info, "apiVersion", doc_text_at(section, "apiVersion"));
    doc_set_bool(a, doc_ensure(a, info, "spec"), "interactive", false);
    vec_push(a, &p->env, str_fmt(a, "KUBERNETES_EXEC_INFO=%s", json_text(a, info, JSON_COMPACT)));
    vec_push(a, &p->env, NULL);
}

static int fail(struct ctx *cx, const struct plugin *p, const char *what)
{
    return err_fail(cx, ERR_UNAVAILABLE, "getting credentials: exec: executable %s %s", p->command, what);
}

static int start(struct ctx *cx, struct plugin *p)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return err_errno(cx, "getting credentials: exec");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    int rc = posix_spawnp(&p->pid, p->command, &actions, NULL, p->argv.at, p->env.at);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    p->output = ends[0];
    if (rc == 0)
        return 0;
    close(p->output);
    return fail(cx, p, rc == ENOENT ? "not found" : "cannot be run");
}

/* Its output, until it closes it. */
static int read_output(struct ctx *cx, const struct plugin *p, struct buf *out)
{
    for (;;) {
        struct pollfd fds[] = { { .fd = p->output, .events = POLLIN },
                                { .fd = cx->cancel ? cx->cancel->fd : -1, .events = POLLIN } };
        if (ctx_check(cx) < 0)
            return err_code(cx);
        if (poll(fds, 2, (int)ctx_left_ms(cx, TIMEOUT_MS)) < 0 && errno != EINTR)
            return err_errno(cx, "getting credentials: exec");
        if (!fds[0].revents)
            continue;
        char chunk[CHUNK];
        ssize_t n = read(p->output, chunk, sizeof(chunk));
        if (n <= 0)
            return n < 0 ? err_errno(cx, "getting credentials: exec")
                         : buf_ok(cx, out, "the output of the credential plugin");
        buf_add(out, chunk, (size_t)n);
    }
}

/* Waits for its end: one that closed its output may go on for ever. */
static int await_end(struct ctx *cx, const struct plugin *p)
{
    siginfo_t info = { 0 };
    while (waitid(P_PID, (id_t)p->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && !info.si_pid)
        if (ctx_sleep(cx, END_POLL_MS) < 0)
            return err_code(cx);
    return 0;
}

/* Its exit code; a signal counts as 128 and its number, as for a shell. */
static int finish(const struct plugin *p, bool stop)
{
    int status = 0;
    if (stop)
        kill(p->pid, SIGKILL);
    while (waitpid(p->pid, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int run(struct ctx *cx, struct plugin *p, struct buf *out)
{
    if (start(cx, p) < 0)
        return err_code(cx);
    int64_t before = ctx_deadline_in(cx, TIMEOUT_MS);
    int rc = read_output(cx, p, out);
    if (rc == 0)
        rc = await_end(cx, p);
    cx->deadline_ms = before;
    close(p->output);
    int code = finish(p, rc < 0);
    if (rc < 0)
        return err_wrap(cx, "getting credentials: exec: executable %s", p->command);
    return code ? fail(cx, p, str_fmt(cx->arena, "failed with exit code %d", code)) : 0;
}

static int read_credential(struct ctx *cx, const struct doc *section, const struct buf *out,
                           struct exec_credential *ret)
{
    struct doc *answer;
    const char *wanted = str_or(doc_text_at(section, "apiVersion"), "");
    if (json_parse(cx, buf_text(out), out->len, "the credential plugin's output", &answer) < 0)
        return err_wrap(cx, "getting credentials: exec: decoding stdout");
    const char *version = str_or(doc_text_at(answer, "apiVersion"), "");
    if (!str_eq(version, wanted))
        return err_fail(cx, ERR_INVALID,
                        "getting credentials: exec: plugin is configured to use API version %s, plugin "
                        "returned version %s",
                        wanted, version);
    const struct doc *status = doc_find(answer, "status");
    *ret = (struct exec_credential){
        .token = doc_text_at(status, "token"),
        .cert_pem = doc_text_at(status, "clientCertificateData"),
        .key_pem = doc_text_at(status, "clientKeyData"),
    };
    const char *expires = doc_text_at(status, "expirationTimestamp");
    if (expires && !gotime_parse_rfc3339(expires, &ret->expires_ns))
        ret->expires_ns = 0;
    if (str_empty(ret->token) && !(ret->cert_pem && ret->key_pem))
        return err_fail(cx, ERR_INVALID,
                        "getting credentials: exec: plugin didn't return a token or cert/key pair");
    return 0;
}

int execplugin_run(struct ctx *cx, const struct doc *section, struct exec_credential *ret)
{
    struct plugin p = { 0 };
    struct buf out = buf_new(cx->arena, OUTPUT_MAX);
    set_arguments(cx->arena, section, &p);
    set_environment(cx->arena, section, &p);
    if (!*p.command)
        return err_fail(cx, ERR_INVALID, "getting credentials: exec: command must be specified");
    if (run(cx, &p, &out) < 0)
        return err_code(cx);
    return read_credential(cx, section, &out, ret);
}
