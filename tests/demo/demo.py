#!/usr/bin/env python3
"""make demo: a commit reaches a cluster, step by step, on this machine alone.

A control plane, both controllers from build/bin, and a Git server with the repository of a small Flux installation:
clusters/local with flux-system's own sync objects, and a Kustomization whose overlay takes two releases from https
URLs (served here, made up). Then what a user does and sees: sync, kubectl get, a pushed commit, drift, prune.
Every step is measured from the action to the moment the API server shows its effect.

    demo.py               everything is stopped and removed at the end
    demo.py --keep        everything keeps running; how to use it and how to stop it is printed
    demo.py --stop DIR    stops what --keep left

Colours on a terminal, unless NO_COLOR is set. The steps are functions in STEPS, in the order of the table.
"""
import argparse
import contextlib
import json
import os
import pathlib
import signal
import sys
import time

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import rig  # noqa: E402
from rig.proc import alive, start_time  # noqa: E402
from rig.web import git  # noqa: E402

NS, APP = "flux-system", "tekton-pipelines"
DEPLOYMENT = rig.Kind("apps/v1", "deployments", "Deployment")
SERVICE = rig.Kind("v1", "services", "Service")
RELEASES = {"tekton-releases/pipeline/previous/v0.34.1/release.yaml": "pipeline.yaml",
            "tektoncd/dashboard/releases/download/v0.25.0/tekton-dashboard-release.yaml": "dashboard.yaml"}
DEFAULTS = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: team-defaults
  namespace: tekton-pipelines
data:
  timeout: "{}"
"""
COLOUR = sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def paint(code, text):
    return f"\033[{code}m{text}\033[0m" if COLOUR else text


def say(text=""):
    print(text, flush=True)


class Demo:
    """What the steps share: the running parts, the clone a user would have, and the times for the table."""

    def __init__(self, folder, keep):
        self.folder, self.keep = folder, keep
        self.times = []  # (what, seconds, requests of the kustomize-controller or None)
        self.cp = rig.ControlPlane(folder, detach=keep)
        self.web = rig.Web(folder, detach=keep)
        self.source = self.kustomize = None
        self.clone = folder / "fleet"

    @contextlib.contextmanager
    def measured(self, what, count=True):
        """Times its block; counts what the kustomize-controller asked the API server meanwhile."""
        mark, start = (self.cp.audit_mark() if count else 0), time.monotonic()
        yield
        took = time.monotonic() - start
        asked = sum(self.cp.requests(mark, "kustomize-controller").values()) if count else None
        self.times.append((what, took, asked))
        say(paint("32", f"  done: {what}, {took:.2f} s"))

    def kubectl(self, *args, stdin=None):
        """Shows and runs a kubectl command, as the user would."""
        say(paint("2", "  $ kubectl " + " ".join(args)))
        out = self.cp.kubectl(*args, stdin=stdin)
        say("".join(f"    {line}\n" for line in out.splitlines()))

    def push(self, files, message):
        """Commits files in the user's clone and pushes them over https; returns the commit's id."""
        for path, text in files.items():
            target = self.clone / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text) if text is not None else target.unlink()
        git("-C", self.clone, "add", "-A")
        git("-C", self.clone, "commit", "-q", "-m", message)
        say(paint("2", f"  $ git commit -m '{message}' && git push"))
        git("-C", self.clone, "push", "-q", "origin", "HEAD:main")
        return git("-C", self.clone, "rev-parse", "HEAD").strip()

    def reconcile(self, kind, name):
        """Asks for a reconcile now, as a webhook or `flux reconcile` does, instead of at the next interval."""
        say(paint("2", f"  $ kubectl annotate {kind.kind.lower()}/{name} reconcile.fluxcd.io/requestedAt=now"))
        self.cp.api.reconcile(kind, NS, name)

    def wait(self, what, get, until=None, timeout=60):
        return rig.wait_for(get, timeout, what, until, every=0.02)

    def wait_applied(self, revision):
        """Waits until both Kustomizations are Ready at a commit."""
        for name in ("flux-system", "tekton-base"):
            self.wait(f"Kustomization {name} to be Ready at {revision[:8]}",
                      lambda: self.cp.api.get(rig.KUSTOMIZATION, NS, name), lambda o: rig.is_ready(o, revision))


def start_cluster(d):
    """A Kubernetes API server and a Git server"""
    with d.measured("control plane ready", count=False):
        d.cp.start()
    with d.measured("Git and file server ready", count=False):
        d.web.start()
    d.cp.install(rig.ROOT / "crds")
    say(f"  API server {d.cp.url}, Git and files {d.web.https_url}")


def start_controllers(d):
    """The two controllers"""
    with d.measured("controllers ready", count=False):
        options = {"detach": d.keep, "args": ["--log-level=info"]}
        d.source = rig.source_controller(d.cp, d.folder, d.web.ca_bundle, **options)
        d.kustomize = rig.kustomize_controller(d.cp, d.folder, d.web.ca_bundle, **options)
        d.source.wait_ready()
        d.kustomize.wait_ready()


def sync(d):
    """A repository, and a cluster that follows it"""
    for path, name in RELEASES.items():
        d.web.file(path, (HERE / "releases" / name).read_text())
    repo = d.web.repo("fleet")
    repo.commit({"README.md": "# fleet\n"}, "Initial commit")
    door = repo.basic_url.replace("https://", f"https://git:{d.web.password}@")
    git("-c", f"http.sslCAInfo={d.web.ca_bundle}", "clone", "-q", door, d.clone)
    for key, value in (("http.sslCAInfo", d.web.ca_bundle), ("user.name", "demo"), ("user.email", "demo@example.com")):
        git("-C", d.clone, "config", key, value)
    fill = {"@GIT_URL@": repo.basic_url, "@FILES_URL@": f"{d.web.https_url}/files"}
    revision = d.push(repository(fill), "Add Flux sync manifests and tekton-base")
    secret = {"username": "git", "password": d.web.password, "ca.crt": d.web.pem("ca.crt")}
    d.cp.api.create(rig.SECRET, NS, "flux-system", stringData=secret)
    with d.measured("first sync: Git to objects of both releases"):
        d.kubectl("apply", "-f", f"{d.clone}/clusters/local/flux-system/gotk-sync.yaml")
        d.wait_applied(revision)
    d.kubectl("get", "gitrepository,kustomization", "-n", NS)
    d.kubectl("get", "deployment,service,configmap,serviceaccount", "-n", APP)


def repository(fill):
    """The files of tests/demo/repository, with the made-up servers' addresses filled in."""
    files = {}
    for path in sorted((HERE / "repository").rglob("*.yaml")):
        text = path.read_text()
        for mark, value in fill.items():
            text = text.replace(mark, value)
        files[str(path.relative_to(HERE / "repository"))] = text
    return files


def pushed_commit(d):
    """A pushed commit reaches the cluster"""
    overlay = (d.clone / "tekton-base/kustomization.yaml").read_text()
    revision = d.push({"tekton-base/kustomization.yaml": overlay + "- team-defaults.yaml\n",
                       "tekton-base/team-defaults.yaml": DEFAULTS.format("15m")}, "Give the team a default timeout")
    with d.measured("pushed commit applied"):
        d.reconcile(rig.GITREPOSITORY, "flux-system")
        d.wait("ConfigMap team-defaults", lambda: d.cp.api.find(rig.CONFIGMAP, APP, "team-defaults"))
        d.wait_applied(revision)
    d.kubectl("get", "configmap", "team-defaults", "-n", APP, "-o", "jsonpath={.data}{'\\n'}")


def drift(d):
    """What somebody changes by hand is put back"""
    with d.measured("drift put back: a changed and a deleted object"):
        d.kubectl("scale", "deployment/tekton-dashboard", "--replicas=5", "-n", APP)
        d.kubectl("delete", "service/tekton-dashboard", "-n", APP)
        d.reconcile(rig.KUSTOMIZATION, "tekton-base")
        d.wait("replicas to be 1 again", lambda: d.cp.api.get(DEPLOYMENT, APP, "tekton-dashboard"),
               lambda o: o["spec"]["replicas"] == 1)
        d.wait("Service tekton-dashboard", lambda: d.cp.api.find(SERVICE, APP, "tekton-dashboard"))
    d.kubectl("get", "deployment,service", "tekton-dashboard", "-n", APP)


def prune(d):
    """What leaves Git leaves the cluster"""
    overlay = (d.clone / "tekton-base/kustomization.yaml").read_text()
    revision = d.push({"tekton-base/kustomization.yaml": overlay.replace("- team-defaults.yaml\n", ""),
                       "tekton-base/team-defaults.yaml": None}, "Remove the default timeout")
    with d.measured("removed file pruned"):
        d.reconcile(rig.GITREPOSITORY, "flux-system")
        d.wait("ConfigMap team-defaults to go", lambda: d.cp.api.find(rig.CONFIGMAP, APP, "team-defaults"),
               lambda found: found is None)
        d.wait_applied(revision)
    d.kubectl("get", "kustomization", "-n", NS)
    d.kubectl("get", "events", "-n", NS, "--sort-by=.lastTimestamp", "-o",
              "custom-columns=TYPE:.type,REASON:.reason,KIND:.involvedObject.kind,NAME:.involvedObject.name")


STEPS = [start_cluster, start_controllers, sync, pushed_commit, drift, prune]


def table(d):
    say(paint("1", "\nHow long it took"))
    say(paint("2", f"  {'step':<48} {'seconds':>8} {'API requests':>13}"))
    for what, took, asked in d.times:
        say(f"  {what:<48} {took:>8.2f} {'' if asked is None else asked:>13}")
    for controller in (d.source, d.kustomize):
        use = controller.stat()
        say(f"  {controller.name:<48} {use['rss']:>8.1f} MiB now, {use['peak']:.1f} at its peak, {use['cpu']:.2f} s CPU")
    say(paint("2", "  (API requests are those of the kustomize-controller during the step)\n"))


def leave_running(d):
    """Notes the processes for --stop and tells how to go on by hand."""
    pids = [p.pid for p in d.cp.processes + d.web.processes] + [d.source.pid, d.kustomize.pid]
    (d.folder / "demo.json").write_text(json.dumps([[pid, start_time(pid)] for pid in pids]))
    say(paint("1", "Everything keeps running."))
    say(f"  export KUBECONFIG={d.cp.kubeconfig()} PATH={d.cp.assets}:$PATH")
    say("  kubectl get gitrepository,kustomization -n flux-system --watch")
    say(f"  cd {d.clone}     # change something, git commit -a, git push: there within a minute")
    say(f"  tail -f {d.folder / 'kustomize-controller.log'}")
    say(f"Stop it: {sys.executable} {pathlib.Path(__file__).resolve()} --stop {d.folder.path}")


def stop_kept(folder):
    """Ends the processes that --keep noted, last started first, and removes the folder."""
    folder = pathlib.Path(folder)
    if not (folder / "demo.json").exists():
        sys.exit(f"demo: {folder} is no folder that demo.py --keep left (it has no demo.json)")
    ours = [pid for pid, started in json.loads((folder / "demo.json").read_text())
            if alive(pid) and start_time(pid) == started]
    for pid in reversed(ours):
        os.kill(pid, signal.SIGTERM)
        with contextlib.suppress(rig.Timeout):
            rig.wait_for(lambda: not alive(pid), 15, f"process {pid} to end")
        if alive(pid):
            os.kill(pid, signal.SIGKILL)
    rig.Folder(folder).remove()
    say(f"demo: stopped {len(ours)} processes and removed {folder}")


def stop_all(d):
    """Ends everything this run started; complaints are shown, not raised, so that the rest ends too."""
    clean = True
    for part in (d.kustomize, d.source, d.web, d.cp):
        try:
            part and part.stop()
        except AssertionError as e:
            clean = False
            say(paint("31", str(e)))
    return clean


def explain(d, error):
    say(paint("31", f"\nThe demo failed: {error}"))
    for controller in (d.source, d.kustomize):
        if controller:
            say(paint("2", f"\nThe end of {controller.process.log_path}:\n") + controller.process.tail(20))


def run(keep):
    for name in ("source-controller", "kustomize-controller"):
        rig.binary(name)
    d = Demo(rig.Folder(), keep)
    ok = False
    try:
        for number, step in enumerate(STEPS, 1):
            say(paint("1;36", f"\n{number}. {step.__doc__}"))
            step(d)
        table(d)
        ok = True
    except Exception as e:
        explain(d, e)
    finally:
        if not (ok and keep):
            ok = stop_all(d) and ok
            d.folder.remove()
    if ok and keep:
        leave_running(d)
    return 0 if ok else 1


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--keep", action="store_true", help="leave everything running at the end")
    options.add_argument("--stop", metavar="DIR", help="stop what an earlier --keep left")
    args = options.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if args.stop:
        return stop_kept(args.stop)
    try:
        return run(args.keep)
    except KeyboardInterrupt:
        return 130
    except FileNotFoundError as e:
        return f"demo: {e}"


if __name__ == "__main__":
    sys.exit(main())
