"""One small commit on a large repository: bytes on the wire, time and memory of ours and of a shallow clone by git.

`git clone --depth 1` is what upstream's controller does for every new revision (with go-git). The repository has BENCH_MB
(default 32) MiB of files that do not compress, 20 commits of history. Both clients fetch the same commit from the same
nginx in turns; bytes are the bodies nginx sent. Ours has fetched the commit before, as a controller has; a second
row pins commits (full history) in the same way, against a full clone, as upstream fetches them.
"""
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import rig  # noqa: E402

SIZE = int(os.environ.get("BENCH_MB", "32")) << 20
FILE = 256 << 10
RUNS = 3


# A fresh interpreter: a fork of this process would count its memory.
LAUNCH = """
import json, resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
sys.stderr.buffer.write(done.stderr)
print(json.dumps({"cpu_s": round(used.ru_utime + used.ru_stime, 3), "peak_mib": round(used.ru_maxrss / 1024, 1)}))
sys.exit(done.returncode)
"""


def once(argv, web, repo):
    """Runs argv; returns the bytes the server sent, seconds, CPU seconds and the peak MiB of its largest process."""
    mark, start = web.mark(), time.monotonic()
    env = {**os.environ, "GIT_CONFIG_NOSYSTEM": "1", "HOME": "/nonexistent"}
    done = subprocess.run([sys.executable, "-c", LAUNCH, *map(str, argv)], stdout=subprocess.PIPE, env=env, text=True, check=True)
    took = round(time.monotonic() - start, 3)
    return {"bytes": sum(r["sent"] for r in repo.requests(mark)), "s": took, **json.loads(done.stdout)}


def fill(repo):
    for number in range(SIZE // (20 * FILE) or 1):
        repo.commit({f"part{number}/{n}": os.urandom(FILE) for n in range(20)})
    for number in range(20):
        repo.commit({"version": str(number)})


def compare(folder, web, repo, row, ours_args, theirs_args):
    """Medians of RUNS small commits fetched by both."""
    fetch = [rig.binary("source-controller"), "fetch", repo.http_url, "--timeout=10m", f"--cache={folder}/cache-{row}"]
    once([*fetch, *ours_args(repo.head()), "-o", f"{folder}/{row}-first"], web, repo)
    runs = {"ours": [], "git": []}
    for number in range(RUNS):
        head = repo.commit({"version": f"{row} {number}"})
        repo.commit({"newer": f"{row} {number}"}) if row == "pin" else None  # a pin is no tip
        runs["ours"].append(once([*fetch, *ours_args(head), "-o", f"{folder}/{row}-ours-{number}"], web, repo))
        runs["git"].append(once(["git", "clone", "-q", *theirs_args, repo.http_url, f"{folder}/{row}-git-{number}"], web, repo))
        assert pathlib.Path(f"{folder}/{row}-ours-{number}/version").read_text() == f"{row} {number}"
    median = {who: {key: statistics.median(r[key] for r in all_) for key in all_[0]} for who, all_ in runs.items()}
    return {**median, "ratio": {key: round(median["ours"][key] / median["git"][key], 6) for key in median["ours"]}}


def main():
    with tempfile.TemporaryDirectory() as folder, rig.Web(folder) as web:
        repo = web.repo("large")
        fill(repo)
        branch = compare(folder, web, repo, "branch", lambda head: ["--branch=main"], ["--depth=1", "--branch=main"])
        pin = compare(folder, web, repo, "pin", lambda head: ["--branch=main", f"--commit={head}"], ["--branch=main"])
        print(json.dumps({"runs": RUNS, "mib": SIZE >> 20, "branch": branch, "pin": pin}))


main()
