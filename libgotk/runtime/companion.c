/*
 * companion.c: the small executable's main function, and becoming the other one; the contract is in companion.h.
 *
 * Linked into both executables of a controller: it may use nothing but base and job. Main thread.
 */
#include "libgotk/runtime/companion.h"

#include "libgotk/base/str.h"

#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <unistd.h>

#define TOP_PAD (512 << 10)       /* memory asked for at once: all that a small build needs */
#define TOLD    "GOTK_FLAGS_TOLD" /* set for the other executable: deprecated flags were told of already */

bool companion_has_told(void)
{
    bool told = getenv(TOLD) != NULL;
    unsetenv(TOLD);
    return told;
}

/* No memory of ours in a core dump: it holds tokens and Secrets. A limit keeps files from being written; programs that get cores
 * through a pipe get them despite a limit of 0, but not with one of 1, by which the kernel keeps such a program from being
 * given its own. Rejected: what tool_start_process does, which opens a file of /proc. */
static void forbid_core_dumps(void)
{
    struct rlimit one = { 1, 1 };
    setrlimit(RLIMIT_CORE, &one);
}

/* This process becomes it; returns only when that fails. Its folder is the one this file really lies in, whatever links led
 * here; /proc may not be there to ask. */
static int become_full(const struct tool *tool, char **argv)
{
    char path[PATH_MAX], full[PATH_MAX + 8];
    const char *self = (const char *)getauxval(AT_EXECFN); // NOLINT(performance-no-int-to-ptr)
    if (!self || !realpath(self, path))
        snprintf(path, sizeof(path), "%s", str_or(self, tool->name));
    snprintf(full, sizeof(full), "%s-full", path);
    execv(full, argv);
    fprintf(
        stderr,
        "%s: failed to run %s: %s: what this small program does not do itself is done by that file, which belongs "
        "beside it\n",
        tool->name, full, strerrordesc_np(errno));
    return 1;
}

int companion_main(int argc, char **argv, const struct tool *tool)
{
    const struct command *command = tool_find(tool->commands, argc > 1 ? argv[1] : NULL);
    if (!command)
        return become_full(tool, argv);
    static struct ctx cx; /* its arena ends with the process, which is no leak while something points there */
    cx.arena = arena_new(COMMAND_MEMORY_MAX);
#ifdef M_TOP_PAD
    mallopt(M_TOP_PAD, TOP_PAD);
#endif
    tool_ignore_broken_pipes();
    forbid_core_dumps();
    int rc = tool_run(&cx, tool, command, argc - 1, argv + 1);
    if (rc != COMMAND_ELSEWHERE)
        return rc;
    setenv(TOLD, "1", 1);
    return become_full(tool, argv);
}
