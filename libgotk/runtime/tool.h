/*
 * tool.h: the sub-commands of a binary, e.g. `kustomize-controller build DIR`: the controller's engine and jobs, no cluster.
 *
 * Needs neither the loop nor the API client, so that a binary of commands alone is linked with few libraries and starts at
 * once. Main thread.
 */
#ifndef GOTK_RUNTIME_TOOL_H
#define GOTK_RUNTIME_TOOL_H

#include "libgotk/base/flags.h"
#include "libgotk/job/job.h"

/* A command's result: it needs what this executable does not have. Only in the small one of two (companion.h). */
#define COMMAND_ELSEWHERE 1000

/* The memory of a command's context, whichever executable runs it: its output is there in whole. */
#define COMMAND_MEMORY_MAX ((size_t)1 << 30)

struct command {
    const char *name;
    const char *usage;   /* its arguments: "build DIR" */
    const char *help;    /* one sentence */
    const char *details; /* more of it, in lines, for the command's own --help; may be NULL */
    const struct flag *flags;
    size_t flag_count;
    bool
        offline; /* seldom makes a request: its cx->http is NULL, and the libraries for it start when one is made */
    /* `args` are the positional words, NULL-terminated. Returns the exit code, COMMAND_ELSEWHERE, or a negative code whose error
     * is printed (exit code 1). */
    int (*run)(struct ctx *cx, const char *const *args);
    const char *error_prefix; /* what stands before its errors; NULL: the binary's name */
};

/* What a binary's commands have in common. Arrays end with NULL. */
struct tool {
    const char *name;
    const char *title; /* one sentence for --help */
    const struct job *const *jobs;
    const struct command *const *commands;
    struct http *(*http_open)(void); /* for commands that are not offline; NULL: there are none */
    void (*http_close)(struct http *h);
    enum job_sandbox sandbox; /* of its jobs, unless --sandbox is off */
};

/* The command of that name; NULL when there is none. */
const struct command *tool_find(const struct command *const *commands, const char *name);

/* Runs a command: argv[0] is its name. Returns the process' exit code, or COMMAND_ELSEWHERE. */
int tool_run(struct ctx *cx, const struct tool *tool, const struct command *command, int argc, char **argv);

/* Starts the helper that runs the binary's jobs, or what `on` says, or leaves them in this process when `sandbox` is "off". */
int tool_init_jobs(struct ctx *cx, const struct job *const *jobs, const char *sandbox,
                   enum job_sandbox on) MUST_CHECK;

/* Appends the commands to a help text, two lines each. */
void tool_list(struct buf *out, const char *name, const struct command *const *commands);

/* What every process of ours begins with: few malloc arenas, no SIGPIPE, no core dumps. */
void tool_start_process(void);

/* The part of it that the small executable of two does too: who stops reading ends nobody. */
void tool_ignore_broken_pipes(void);

/* The main function of a binary that has commands and no controller yet: without a command it says `missing` and fails. */
int tool_main(int argc, char **argv, const struct tool *tool, const char *missing);

#endif
