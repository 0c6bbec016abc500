"""What one run of a program takes: its output, CPU time, and peak memory, of all its processes.

Runs start from a small program that is compiled for it: a process begins with the page tables of the one it was forked from,
and its peak counts what that one held, so Python as the parent would add a millisecond and twelve megabytes to each run, more
than a small build takes altogether.
"""
import json
import os
import pathlib
import subprocess
import tempfile

SOURCE = r"""
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct rusage used;
    int status = 0;
    pid_t pid = vfork();
    if (pid == 0) {
        execv(argv[1], argv + 1);
        _exit(127);
    }
    if (argc < 2 || wait4(pid, &status, 0, &used) != pid)
        return 1;
    FILE *out = fdopen(3, "w");
    fprintf(out, "{\"status\": %d, \"cpu_s\": %ld.%06ld, \"peak_kib\": %ld}", status,
            used.ru_utime.tv_sec + used.ru_stime.tv_sec + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1000000,
            (used.ru_utime.tv_usec + used.ru_stime.tv_usec) % 1000000, used.ru_maxrss);
    return 0;
}
"""
_folder = tempfile.TemporaryDirectory()
_launcher = pathlib.Path(_folder.name, "launch")


def once(argv):
    """(output, CPU seconds, peak MiB) of one run; a run that fails ends the bench."""
    if not _launcher.exists():
        subprocess.run(["gcc", "-O2", "-static", "-x", "c", "-o", _launcher, "-"], input=SOURCE, text=True, check=True)
    read, write = os.pipe()
    done = subprocess.Popen(["/bin/sh", "-c", 'exec 3>&$0 "$@"'.replace("$0", str(write)), "sh", _launcher, *map(str, argv)],
                            stdout=subprocess.PIPE, pass_fds=[write])
    os.close(write)
    text, _ = done.communicate()
    with os.fdopen(read) as pipe:
        used = json.loads(pipe.read())
    if used["status"]:
        raise SystemExit(f"{argv}: exit status {used['status']}")
    return text, used["cpu_s"], used["peak_kib"] / 1024
