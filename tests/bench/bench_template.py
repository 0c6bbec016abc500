"""Real charts by `helm-controller template` and by the real `helm template`: a small one and two large ones.

Both run in turns; per run the time, the CPU time (user + system) and the peak memory of the process and its children are
taken from wait4, through a small process of our own, whose memory does not hide theirs. The outputs must be equal byte
for byte, but for what the chart makes by chance. The charts are the corpus's, which lies beside the checkout.
"""
import json
import os
import pathlib
import statistics
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import rig  # noqa: E402

RUNS = int(os.environ.get("RUNS", "11"))
CORPUS = pathlib.Path(os.environ.get("CHARTS_CORPUS", rig.ROOT.parent / "shared/corpus/charts"))
CHARTS = ("podinfo", "kube-prometheus-stack", "argo-cd")
ENV = {"PATH": "/usr/bin:/bin", "TZ": "UTC", "HOME": "/", "KUBECONFIG": "/dev/null"}
# Runs argv and prints what wait4 says of it; the output goes through a pipe, as in a script.
MEASURE = r"""
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
static double seconds(struct timeval t) { return (double)t.tv_sec + (double)t.tv_usec / 1e6; }
int main(int argc, char **argv)
{
    struct timespec from, to;
    struct rusage usage;
    int status;
    clock_gettime(CLOCK_MONOTONIC, &from);
    pid_t pid = vfork();
    if (pid == 0) {
        execv(argv[1], argv + 1);
        _exit(127);
    }
    wait4(pid, &status, 0, &usage);
    clock_gettime(CLOCK_MONOTONIC, &to);
    double wall = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
    fprintf(stderr, "%d %f %f %ld\n", argc < 2 || status, wall, seconds(usage.ru_utime) + seconds(usage.ru_stime), usage.ru_maxrss);
    return 0;
}
"""


def once(measure, argv):
    """stdout, seconds, CPU seconds and peak MiB of one run."""
    done = subprocess.run([measure, *argv], env=ENV, cwd=CORPUS, capture_output=True)
    failed, wall, cpu, peak = done.stderr.split()[-4:]
    if failed != b"0":
        raise SystemExit(f"{argv}: {done.stderr.decode()}")
    return done.stdout, float(wall), float(cpu), int(peak) / 1024


def alike(a, b):
    """Equal lines, but for a few that are made by chance."""
    a, b = a.splitlines(), b.splitlines()
    return len(a) == len(b) and sum(x != y for x, y in zip(a, b)) <= 8


def compare(measure, chart):
    commands = {"ours": [rig.binary("helm-controller"), "template", "r", f"charts/{chart}"],
                "helm": [rig.tool("helm"), "template", "r", f"charts/{chart}"]}
    runs = {name: [] for name in commands}
    for _ in range(RUNS + 1):
        for name, argv in commands.items():
            runs[name].append(once(measure, argv))
    assert alike(runs["ours"][0][0], runs["helm"][0][0]), f"{chart}: the outputs differ"
    median = {name: {key: round(statistics.median(run[i] for run in all_[1:]), 5) for i, key in enumerate(("wall_s", "cpu_s", "peak_mib"), 1)}
              for name, all_ in runs.items()}
    return {**median, "ratio": {key: round(median["ours"][key] / median["helm"][key], 4) for key in median["ours"]}}


def main():
    if not CORPUS.exists():
        raise SystemExit(f"the corpus of charts is not at {CORPUS}")
    with rig.Folder() as folder:
        source, measure = pathlib.Path(folder.path, "measure.c"), pathlib.Path(folder.path, "measure")
        source.write_text(MEASURE)
        subprocess.run(["gcc", "-O2", "-o", measure, source], check=True)
        print(json.dumps({"runs": RUNS, **{chart: compare(measure, chart) for chart in CHARTS}}))


main()
