"""Our controllers as processes, run as a cluster would run them: their ServiceAccount's token, every port on loopback.

source_controller() and kustomize_controller() give a Controller that is ready (context managers, or stop() it).
stop() insists on a clean end: SIGTERM, exit code 0 in time, and no sanitizer report in the log.
"""
import json
import os
import pathlib
import time
import urllib.request

from .proc import Process, ROOT, SLOW, alive, free_port, stat, wait_for
from .report import SANITIZERS, find_reports

COMMON = ["--watch-all-namespaces=true", "--log-level=debug", "--enable-leader-election=false", "--events-addr="]


def binary(name):
    """Path of one of our programs: BUILD_DIR (build/bin unless set) in the tree."""
    path = ROOT / os.environ.get("BUILD_DIR", "build/bin") / name
    if not path.exists():
        raise FileNotFoundError(f"{path} is not built: run `make`")
    return path


class Controller:
    """A running controller. Public: name, pid, metrics_url, health_url, storage (source-controller's folder)."""

    def __init__(self, name, cp, folder, args=(), env=None, label="", runtime_namespace="flux-system", detach=False,
                 storage=None):
        self.name, self.label = name, label or name
        self.dir = pathlib.Path(folder)
        self.metrics_port, self.health_port, self.storage_port = free_port(), free_port(), free_port()
        self.storage = pathlib.Path(storage or self.dir / f"{self.label}-storage")
        argv = [binary(name), *COMMON, f"--metrics-addr=127.0.0.1:{self.metrics_port}",
                f"--health-addr=127.0.0.1:{self.health_port}"]
        if name == "source-controller":
            self.storage.mkdir(exist_ok=True)
            argv += [f"--storage-path={self.storage}", f"--storage-addr=127.0.0.1:{self.storage_port}",
                     f"--storage-adv-addr=127.0.0.1:{self.storage_port}"]
        self.process = Process(self.label, argv + list(args), self.dir / f"{self.label}.log",
                               env=self._env(cp, runtime_namespace, env), detach=detach)
        self.pid = self.process.pid

    def _env(self, cp, runtime_namespace, extra):
        keep = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
        temporary = self.dir / f"{self.label}-tmp"
        temporary.mkdir(exist_ok=True)
        return {**SANITIZERS, **keep, "KUBECONFIG": str(cp.kubeconfig(self.name)), "TMPDIR": str(temporary),
                "RUNTIME_NAMESPACE": runtime_namespace, **{k: str(v) for k, v in (extra or {}).items()}}

    @property
    def metrics_url(self):
        return f"http://127.0.0.1:{self.metrics_port}/metrics"

    @property
    def health_url(self):
        return f"http://127.0.0.1:{self.health_port}"

    def state(self):
        """What a test worker needs to look at this controller from outside (see Attached)."""
        return {"name": self.name, "pid": self.pid, "log": str(self.process.log_path), "storage": str(self.storage),
                "metrics_port": self.metrics_port, "health_port": self.health_port, "storage_port": self.storage_port}

    def wait_ready(self, timeout=20):
        def ready():
            self.process.check()
            return urllib.request.urlopen(self.health_url + "/readyz", timeout=2).status == 200
        wait_for(ready, timeout, f"{self.label} to answer /readyz; log: {self.process.log_path}", every=0.05)
        return self

    def metrics(self):
        """Samples of /metrics: {'name{labels}': value}."""
        text = urllib.request.urlopen(self.metrics_url, timeout=5).read().decode()
        return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1])
                for line in text.splitlines() if line and line[0] != "#"}

    def stat(self):
        """rss, peak (MiB), cpu (s), threads, files of the process."""
        return stat(self.pid)

    def log(self):
        return self.process.log()

    def log_lines(self, **fields):
        """The JSON lines of the log that have all these fields: log_lines(level="error", namespace=ns)."""
        lines = [json.loads(line) for line in self.log().splitlines() if line.startswith("{")]
        return [line for line in lines if all(line.get(k) == v for k, v in fields.items())]

    def reports(self):
        """What sanitizers wrote into the log (rig/report.py)."""
        return find_reports(self.log())

    def stop(self, timeout=10):
        """Ends it and raises unless it ended by itself, with code 0, in time, without sanitizer reports."""
        start, was_running = time.monotonic(), self.process.running()
        code = self.process.stop(timeout)
        took = time.monotonic() - start
        if not was_running:
            raise AssertionError(f"{self.label} had ended before, with code {code}:\n{self.process.tail()}")
        if code != 0 or took > timeout * SLOW:
            raise AssertionError(f"{self.label} ended with code {code} after {took:.1f} s:\n{self.process.tail()}")
        self.check_reports()

    def check_reports(self):
        reports = self.reports()
        if reports:
            raise AssertionError(f"{self.label}: {len(reports)} sanitizer reports, the first:\n{reports[0]}")

    def __enter__(self):
        try:
            return self.wait_ready()
        except BaseException:
            self.process.stop()
            raise

    def __exit__(self, kind, *rest):
        if kind is None:
            self.stop()
        else:
            self.process.stop()


class Attached(Controller):
    """A controller that another process of the test run started: everything but its end."""

    def __init__(self, state):
        self.name = self.label = state["name"]
        self.pid, self.storage = state["pid"], pathlib.Path(state["storage"])
        self.log_path = pathlib.Path(state["log"])
        self.metrics_port, self.health_port = state["metrics_port"], state["health_port"]
        self.storage_port = state["storage_port"]

    def log(self):
        return self.log_path.read_text(errors="replace")

    def stop(self, timeout=10):
        raise AssertionError("a shared controller is not the test's to stop: use the `private` fixture")

    def running(self):
        return alive(self.pid)


def source_controller(cp, folder, ca_bundle=None, args=(), env=None, **options):
    """A source-controller that trusts ca_bundle (SSL_CERT_FILE) besides what Secrets say."""
    return _controller("source-controller", cp, folder, ca_bundle, args, env, options)


def kustomize_controller(cp, folder, ca_bundle=None, args=(), env=None, **options):
    """A kustomize-controller that trusts ca_bundle for remote resources."""
    return _controller("kustomize-controller", cp, folder, ca_bundle, args, env, options)


def _controller(name, cp, folder, ca_bundle, args, env, options):
    trust = {"SSL_CERT_FILE": ca_bundle} if ca_bundle else {}
    return Controller(name, cp, folder, args, {**trust, **(env or {})}, **options)
