/*
 * tool.c: running a binary's sub-commands; the contract is in tool.h.
 */
#include "libgotk/runtime/tool.h"

#include "libgotk/base/fs.h"
#include "libgotk/base/log.h"
#include "libgotk/base/str.h"
#include "libgotk/runtime/companion.h"
#include "libgotk/runtime/options.h"

#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

static const struct log_scope setup_scope = { .logger = "setup" };

void tool_ignore_broken_pipes(void)
{
    struct sigaction ignore = { .sa_handler = SIG_IGN };
    sigaction(SIGPIPE, &ignore, NULL);
}

/* Few malloc arenas and eager give-back: threads here wait more than they allocate. */
static void tune_memory(void)
{
#ifdef M_ARENA_MAX
    mallopt(M_ARENA_MAX, 2);
    mallopt(M_MMAP_THRESHOLD, 256 << 10);
    mallopt(M_TRIM_THRESHOLD, 256 << 10);
#endif
}

/* No memory of ours in a core dump: it holds tokens and Secrets. The limit keeps files from being written; a program that
 * gets cores through a pipe gets them despite the limit, so that nothing is left to pass on either. Rejected:
 * PR_SET_DUMPABLE, which takes /proc/self from a process that is not root. */
static void forbid_core_dumps(void)
{
    struct rlimit none = { 0, 0 };
    setrlimit(RLIMIT_CORE, &none);
    CLEANUP(cleanup_fd) int fd = open("/proc/self/coredump_filter", O_WRONLY | O_CLOEXEC);
    if (fd >= 0 && write(fd, "0", 1) < 0)
        log_debug(&setup_scope, "the contents of core dumps cannot be limited", NULL);
}

void tool_start_process(void)
{
    tune_memory();
    tool_ignore_broken_pipes();
    forbid_core_dumps();
}

int tool_init_jobs(struct ctx *cx, const struct job *const *jobs, const char *sandbox, enum job_sandbox on)
{
    size_t count = 0;
    while (jobs && jobs[count])
        count++;
    return job_init(cx, jobs, count, str_eq(sandbox, "off") ? JOB_SANDBOX_OFF : on);
}

const struct command *tool_find(const struct command *const *commands, const char *name)
{
    for (size_t i = 0; name && commands && commands[i]; i++)
        if (str_eq(commands[i]->name, name))
            return commands[i];
    return NULL;
}

void tool_list(struct buf *out, const char *name, const struct command *const *commands)
{
    for (size_t i = 0; commands && commands[i]; i++)
        buf_fmt(out, "  %s %s\n        %s\n", name, commands[i]->usage, commands[i]->help);
}

static int print_error(struct ctx *cx, const struct tool *tool, const struct command *c)
{
    fprintf(stderr, "%s: %s\n", str_or(c->error_prefix, tool->name), err_message(cx));
    return 1;
}

static void print_command_help(const struct tool *tool, const struct command *c, const char *flags)
{
    printf("%s %s: %s\n%s%s\nFlags:\n%s", tool->name, c->usage, c->help, c->details ? "\n" : "",
           str_or(c->details, ""), flags);
}

int tool_run(struct ctx *cx, const struct tool *tool, const struct command *c, int argc, char **argv)
{
    const char *sandbox;
    const char *const *args;
    struct flag *rows = ARENA_ARRAY(cx->arena, struct flag, c->flag_count + 1);
    bool told = companion_has_told();
    for (size_t i = 0; i < c->flag_count; i++) {
        rows[i] = c->flags[i];
        rows[i].deprecated = told ? NULL : rows[i].deprecated;
    }
    rows[c->flag_count] = options_sandbox_flag(&sandbox);
    int rc = flags_parse(cx, rows, c->flag_count + 1, argc, argv, &args);
    if (rc == FLAGS_HELP) {
        print_command_help(tool, c, flags_help(cx->arena, rows, c->flag_count + 1));
        return 0;
    }
    if (rc < 0 || tool_init_jobs(cx, tool->jobs, sandbox, tool->sandbox) < 0)
        return print_error(cx, tool, c);
    bool online = !c->offline && tool->http_open;
    cx->http = online ? tool->http_open() : NULL;
    rc = c->run(cx, args);
    job_exit();
    if (online)
        tool->http_close(cx->http);
    return rc < 0 ? print_error(cx, tool, c) : rc;
}

int tool_main(int argc, char **argv, const struct tool *tool, const char *missing)
{
    CLEANUP(arena_cleanup) struct arena *arena = arena_new(COMMAND_MEMORY_MAX);
    struct ctx cx = { .arena = arena };
    const char *word = argc > 1 ? argv[1] : NULL;
    const struct command *command = tool_find(tool->commands, word);
    struct buf out = buf_new(arena, 1 << 20);
    tool_start_process();
    if (command)
        return tool_run(&cx, tool, command, argc - 1, argv + 1);
    if (!str_eq(word, "--help") && !str_eq(word, "-h")) {
        fprintf(stderr, "%s: %s\n", tool->name, missing);
        return 1;
    }
    tool_list(&out, tool->name, tool->commands);
    printf("%s: %s\n\nUsage:\n%s", tool->name, tool->title, buf_text(&out));
    return 0;
}
