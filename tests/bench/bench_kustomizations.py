"""N Kustomizations of four objects: what the first apply, a request, an interval without news, and a commit cost.

With FLUX_BIN (a folder with Flux's own source-controller and kustomize-controller, built from their tags) the same load is
then put on those, on a control plane of their own, and the ratios are printed; without it only our figures are, for a
ratio to remembered numbers would compare machines. BENCH_N sets N (60).

Per phase: seconds until all are done, API requests per Kustomization (from the audit log), CPU seconds per Kustomization and
peak proportional memory (PSS), both of the kustomize-controller with all its children.
"""
import json
import os
import pathlib
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import rig  # noqa: E402

N = int(os.environ.get("BENCH_N", "60"))
ME, NS, TICK = "kustomize-controller", "load", os.sysconf("SC_CLK_TCK")
INTERVAL = 10
FILES = {
    "configmap": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "app"}, "data": {"rev": "one", "text": "x" * 400}},
    "account": {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "app"}},
    "service": {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "app"},
                "spec": {"selector": {"app": "app"}, "clusterIP": "None", "ports": [{"name": "http", "port": 80, "targetPort": 8080}]}},
    "deployment": {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "app"}, "spec": {
        "selector": {"matchLabels": {"app": "app"}}, "template": {"metadata": {"labels": {"app": "app"}}, "spec": {"containers": [
            {"name": "app", "image": "example.com/app:1.0", "ports": [{"containerPort": 8080, "name": "http"}]}]}}}},
}


def tree_of(pid):
    found = [pid]
    for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        found += tree_of(int(child))
    return found


def quietly(fn, pid):
    """What fn finds of a process, 0 of one that has just ended."""
    try:
        return fn(pid)
    except (OSError, IndexError):
        return 0


def cpu_of(pid):
    """User and system time, that of ended children included."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return sum(map(int, fields[11:15])) / TICK


def pss_of(pid):
    lines = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


class Watcher(threading.Thread):
    """The highest sum of PSS over a process and its children, looked at five times a second."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.peak, self.over = pid, 0, False

    def run(self):
        while not self.over:
            self.peak = max(self.peak, sum(quietly(pss_of, p) for p in tree_of(self.pid)))
            time.sleep(0.2)


def phase(cp, controller, start, done):
    """Runs one phase and returns its figures."""
    cpu = lambda: sum(quietly(cpu_of, p) for p in tree_of(controller.pid))
    mark, before, began = cp.audit_mark(), cpu(), time.monotonic()
    watcher = Watcher(controller.pid)
    watcher.start()
    start()
    rig.wait_for(lambda: cp.api.list(rig.KUSTOMIZATION, NS), 600, "all to be done", until=lambda found: all(map(done, found)), every=0.2)
    took = time.monotonic() - began
    time.sleep(2)
    watcher.over = True
    count = sum(cp.requests(mark, ME).values())
    return {"s": round(took, 2), "requests": round(count / N, 2), "cpu_s": round((cpu() - before) / N, 5), "peak_pss_mib": round(watcher.peak, 1)}


def runs_of(ks):
    return ks["status"]["history"][0]["totalReconciliations"]


def measure(folder):
    with rig.ControlPlane(folder) as cp, rig.Web(folder) as web:
        cp.install(rig.ROOT / "crds")
        cp.namespace(NS)
        for i in range(N):
            cp.namespace(f"t{i}")
        repo = web.repo("load")
        head = repo.commit({f"app/{name}.yaml": json.dumps(o) for name, o in FILES.items()})
        with rig.source_controller(cp, folder), rig.kustomize_controller(cp, folder, args=["--concurrent=10"]) as controller:
            return phases(cp, repo, head, controller)


def phases(cp, repo, head, controller):
    api, found = cp.api, {}
    api.create(rig.GITREPOSITORY, NS, "app", spec={"url": repo.http_url, "interval": "60m", "ref": {"branch": "main"}})
    rig.wait_for(lambda: api.get(rig.GITREPOSITORY, NS, "app"), 60, "the source", until=rig.is_ready)
    every = lambda change: [api.patch(rig.KUSTOMIZATION, change, NS, f"k{i}") for i in range(N)]

    def create():
        for i in range(N):
            api.create(rig.KUSTOMIZATION, NS, f"k{i}", spec={"interval": "60m", "path": "./app", "prune": True, "targetNamespace": f"t{i}",
                                                             "sourceRef": {"kind": "GitRepository", "name": "app"}})

    def commit():
        nonlocal head
        head = repo.commit({"app/configmap.yaml": json.dumps({**FILES["configmap"], "data": {"rev": "two"}})})
        api.reconcile(rig.GITREPOSITORY, NS, "app")

    found["install"] = phase(cp, controller, create, lambda ks: rig.is_ready(ks, head))
    annotation = {"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": "now"}}}
    found["request"] = phase(cp, controller, lambda: every(annotation), lambda ks: ks["status"].get("lastHandledReconcileAt") == "now"
                             and rig.is_ready(ks))
    found["commit"] = phase(cp, controller, commit, lambda ks: rig.is_ready(ks, head))
    phase(cp, controller, lambda: every({"spec": {"interval": f"{INTERVAL}s"}}), lambda ks: rig.is_ready(ks, head))
    counts = {ks["metadata"]["name"]: runs_of(ks) for ks in api.list(rig.KUSTOMIZATION, NS)}
    found["interval"] = phase(cp, controller, lambda: None, lambda ks: runs_of(ks) >= counts[ks["metadata"]["name"]] + 2)
    more = sum(runs_of(ks) - counts[ks["metadata"]["name"]] for ks in api.list(rig.KUSTOMIZATION, NS)) / N
    for key in ("requests", "cpu_s"):
        found["interval"][key] = round(found["interval"][key] / more, 5)
    return found


def ratios(ours, theirs):
    return {name: {key: round(ours[name][key] / theirs[name][key], 4) for key in figures if theirs[name][key]}
            for name, figures in ours.items()}


def main():
    with rig.Folder() as folder:
        result = {"n": N, "ours": measure(folder)}
    if os.environ.get("FLUX_BIN"):
        os.environ["BUILD_DIR"] = os.environ["FLUX_BIN"]
        with rig.Folder() as folder:
            result["flux"] = measure(folder)
        result["ratio"] = ratios(result["ours"], result["flux"])
    print(json.dumps(result))


main()
