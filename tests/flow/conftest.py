"""Flow tests: the real controllers against a real API server and a real Git server.

The process that runs pytest (the xdist master, or the only process without xdist) starts one control plane, one web
server and one pair of shared controllers before the first test, and ends them after the last. Workers learn where
everything is from the variable RIG_STATE. Every test gets a namespace of its own, so tests run in parallel.

The shared controllers run as the main instance of a sharded installation does, with
--watch-label-selector=!sharding.fluxcd.io/key. A test that needs its own flags, a restart or a crash asks for
`private`: controllers that see only objects with the label the fixture tells.

A failing test shows the lines of the controllers' logs that name its namespace. What the shared controllers did wrong
over the whole session (an early end, a sanitizer report, an exit code) is printed at the end and fails the run. So is a
report in the log of any controller of a test, however that one ended. What a command writes is looked at by `commands`.
"""
import json
import os
import pathlib
import re
import secrets
import shutil
import subprocess

import pytest

import rig
from rig.controller import Attached
from rig.report import SANITIZERS, look_into, watching

SHARD = "sharding.fluxcd.io/key"
NAMES = ("source-controller", "kustomize-controller")


class Session:
    """What the master started; its state() goes to the workers."""

    def __init__(self):
        self.folder = rig.Folder()
        self.started = []
        self.problems = []

    def start(self):
        self.cp = self._add(rig.ControlPlane(self.folder)).start()
        self.web = self._add(rig.Web(self.folder)).start()
        self.cp.install(rig.ROOT / "crds")
        self.controllers = []
        if not all((rig.ROOT / os.environ.get("BUILD_DIR", "build/bin") / name).exists() for name in NAMES):
            return  # tests of the rig itself need no controllers; the fixture tells the others
        for make in (rig.source_controller, rig.kustomize_controller):
            self.controllers.append(make(self.cp, self.folder, self.web.ca_bundle,
                                         args=[f"--watch-label-selector=!{SHARD}"]))
            self.started.append(self.controllers[-1])
        for controller in self.controllers:
            try:
                controller.wait_ready()
            except AssertionError as e:
                self.problems.append(str(e))

    def _add(self, part):
        self.started.append(part)
        return part

    def state(self):
        return {"folder": str(self.folder.path), "cp": self.cp.state(), "web": self.web.state(),
                "controllers": {c.name: c.state() for c in self.controllers}}

    def stop(self):
        for part in reversed(self.started):
            try:
                part.stop()
            except AssertionError as e:
                self.problems.append(str(e))
        self._look_into_logs()
        if self.problems:
            self._keep_logs()
        self.folder.remove()

    def _look_into_logs(self):
        self.reported = look_into(self.folder.path)
        for log, reports in self.reported.items():
            self.problems.append(f"{log.name}: {len(reports)} sanitizer reports, the first:\n{reports[0]}")

    def _keep_logs(self):
        kept = rig.ROOT / os.environ.get("BUILD_DIR", "build/bin") / "../results/flow-logs"
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir(parents=True)
        for log in {*self.folder.path.glob("*.log"), *self.reported}:
            shutil.copy(log, kept)
        self.problems.append(f"whole logs: {kept.resolve()}")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session):
    config = session.config
    if hasattr(config, "workerinput") or config.option.collectonly:
        return
    config.rig_session = Session()
    try:
        config.rig_session.start()
    except BaseException:
        config.rig_session.stop()
        raise
    os.environ["RIG_STATE"] = json.dumps(config.rig_session.state())


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session):
    running = getattr(session.config, "rig_session", None)
    if running:
        running.stop()
        if running.problems:
            session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter, config):
    problems = getattr(getattr(config, "rig_session", None), "problems", [])
    if problems:
        terminalreporter.section("shared controllers", red=True)
        for problem in problems:
            terminalreporter.line(problem)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    ns = getattr(item, "funcargs", {}).get("ns")
    if not report.failed or not ns:
        return
    folder = pathlib.Path(_state()["folder"])
    for log in sorted([*folder.glob("*-controller*.log"), *folder.glob("*/*-controller*.log")]):
        lines = [line for line in log.read_text(errors="replace").splitlines() if ns in line]
        if lines:
            report.sections.append((f"{log.name}: lines that name {ns}", "\n".join(lines[-60:])))


def _state():
    return json.loads(os.environ["RIG_STATE"])


@pytest.fixture(autouse=True)
def commands(monkeypatch):
    """Fails the test when a command it ran wrote a sanitizer report, whatever else the test looks at."""
    found = []
    monkeypatch.setattr(subprocess, "run", watching(subprocess.run, found))
    for name, options in SANITIZERS.items():
        if name not in os.environ:
            monkeypatch.setenv(name, options)
    yield
    if found:
        pytest.fail(f"{len(found)} sanitizer reports of commands, the first:\n{found[0]}")


@pytest.fixture(scope="session")
def cp():
    """The shared control plane (rig.ControlPlane)."""
    return rig.ControlPlane.from_state(_state()["cp"])


@pytest.fixture(scope="session")
def api(cp):
    """The admin's client (rig.Api)."""
    return cp.api


@pytest.fixture(scope="session")
def web():
    """The shared web server (rig.Web)."""
    return rig.Web.from_state(_state()["web"])


@pytest.fixture
def ns(request, cp, api):
    """A fresh namespace, named after the test. Afterwards its sources and Kustomizations are deleted."""
    slug = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower().removeprefix("test_")).strip("-")[:40].strip("-")
    name = f"{slug}-{secrets.token_hex(3)}"
    cp.namespace(name)
    yield name
    for kind in (rig.KUSTOMIZATION, rig.GITREPOSITORY):
        api.delete(kind, name)


@pytest.fixture
def repo(web, ns):
    """An empty repository of this test's own (rig.Repo), named like its namespace."""
    return web.repo(ns)


class Controllers:
    """A pair of controllers: .source and .kustomize (rig.Controller)."""

    def __init__(self, source, kustomize):
        self.source, self.kustomize = source, kustomize


@pytest.fixture
def controllers():
    """The shared controllers. Fails the test when one of them is gone, before and after it."""
    found = _state()["controllers"]
    if not found:
        pytest.fail(f"{' and '.join(NAMES)} are not built: run `make`")
    pair = Controllers(*(Attached(found[name]) for name in NAMES))
    for moment in ("before", "during"):
        for controller in (pair.source, pair.kustomize):
            if not controller.running():
                tail = "\n".join(controller.log().splitlines()[-40:])
                pytest.fail(f"{controller.name} died {moment} this test or beside it:\n{tail}")
        if moment == "before":
            yield pair


class Private:
    """Starts controllers of a test's own, which see only objects carrying `labels`.

        source = private.source("--concurrent=1")           # ready; stopped after the test, clean end checked
        api.create(rig.GITREPOSITORY, ns, "app", spec=..., metadata={"labels": private.labels})
    """

    def __init__(self, cp, web, folder, key):
        self.cp, self.web, self.folder, self.key = cp, web, folder, key
        self.labels = {SHARD: key}
        self.started = []

    def source(self, *args, **options):
        return self._start(rig.source_controller, args, options)

    def kustomize(self, *args, **options):
        return self._start(rig.kustomize_controller, args, options)

    def _start(self, make, args, options):
        number = len(self.started)
        options.setdefault("label", f"{make.__name__.replace('_', '-')}-{self.key}-{number}")
        controller = make(self.cp, self.folder, self.web.ca_bundle,
                          args=[f"--watch-label-selector={SHARD}={self.key}", *args], **options)
        self.started.append(controller)
        return controller.wait_ready()

    def stop(self, controller, timeout=10):
        """Ends one before the test does (for a restart): clean end checked."""
        self.started.remove(controller)
        controller.stop(timeout)

    def kill(self, controller):
        """SIGKILL, as a node that goes away."""
        self.started.remove(controller)
        controller.process.popen.kill()
        controller.process.popen.wait()


@pytest.fixture
def private(cp, web, ns):
    folder = pathlib.Path(_state()["folder"]) / ns
    folder.mkdir()
    private = Private(cp, web, folder, ns[:63])
    yield private
    problems = []
    for controller in reversed(private.started):
        try:
            controller.stop()
        except AssertionError as e:
            problems.append(str(e))
    assert not problems, "\n".join(problems)
