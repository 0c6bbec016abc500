"""Control groups of a test's own, in both versions: make them for a kubelet, read the memory of a container."""
import pathlib

ROOT = pathlib.Path("/sys/fs/cgroup")
UNIFIED = (ROOT / "cgroup.controllers").exists()


def hierarchies():
    """The roots groups are made in: one in version 2, one for each controller in version 1."""
    return [ROOT] if UNIFIED else [d for d in sorted(ROOT.iterdir()) if (d / "cgroup.procs").exists() and not d.is_symlink()]


def make(name):
    """Makes the group in every hierarchy, with every controller it can hand on."""
    for root in hierarchies():
        group = root / name
        if UNIFIED:
            enable(root)
        group.mkdir(exist_ok=True)
        if UNIFIED:
            enable(group)
        for setting in ("cpuset.cpus", "cpuset.mems"):  # version 1 gives a new group none
            if not UNIFIED and (root / setting).exists():
                (group / setting).write_text((root / setting).read_text())


def enable(group):
    for controller in (group / "cgroup.controllers").read_text().split():
        try:
            (group / "cgroup.subtree_control").write_text(f"+{controller}")
        except OSError:
            pass  # not every controller can be handed on everywhere


def memory(group):
    """MiB of a group (its path below the hierarchy): working set (what evicts, what kubectl top shows), rss, peak."""
    folder = ROOT / group if UNIFIED else ROOT / "memory" / group
    now, peak = ("memory.current", "memory.peak") if UNIFIED else ("memory.usage_in_bytes", "memory.max_usage_in_bytes")
    inactive, rss = ("inactive_file", "anon") if UNIFIED else ("total_inactive_file", "total_rss")
    stat = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())

    def number(name):
        return int((folder / name).read_text())
    return {"working set": mib(number(now) - int(stat[inactive])), "rss": mib(int(stat[rss])), "peak": mib(number(peak))}


def mib(count):
    return round(count / 2 ** 20, 1)
