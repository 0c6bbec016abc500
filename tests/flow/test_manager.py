"""What every controller process does: flags, what it watches, whom it serves first, metrics, and how it ends."""
import concurrent.futures
import os
import signal
import subprocess
import time

import pytest
import rig
from flux import Flux, configmap
from process import Probe, flags_of, reconciles, status_of
from rig.proc import SLOW, alive, children, port_open

CONTROLLERS = ("source-controller", "kustomize-controller")
BOTH = pytest.mark.parametrize("which", ["source", "kustomize"])
# Flags that Flux does not have.
OURS = {"source-controller": {"sandbox": "on", "git-cache-max-size": "536870912"},
        "kustomize-controller": {"sandbox": "on", "full-check-interval": "1h0m0s", "request-check-age": "1m0s"}}


def run(name, *args):
    """Runs a controller that is meant to end by itself; returns its exit code and output."""
    done = subprocess.run([rig.binary(name), *args], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=30,
                          env={"PATH": os.environ["PATH"], "KUBECONFIG": "/nonexistent"})
    return done.returncode, done.stdout


# --- flags ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CONTROLLERS)
def test_flags_and_defaults_are_those_of_flux(name):
    code, text = run(name, "--help")
    rows = (rig.ROOT / f"tests/golden/flags/{name}.tsv").read_text().splitlines()
    wanted = {flag: default or None for flag, default in (row.split("\t") for row in rows)}
    assert code == 0 and flags_of(text) == {**wanted, **OURS[name]}


@pytest.mark.parametrize("args, part", [
    (["--metric-addr=:1"], "unknown flag: --metric-addr (did you mean --metrics-addr?)"),
    (["--feature-gates=CacheSecretAndConfigMaps=true"],
     "feature-gate 'CacheSecretAndConfigMaps' not supported (did you mean 'CacheSecretsAndConfigMaps'?)"),
    (["--feature-gates=CacheSecretsAndConfigMaps=perhaps"], "CacheSecretsAndConfigMaps"),
    (["--concurrent=none"], "--concurrent"),
    (["--interval-jitter-percentage=100"], "--interval-jitter-percentage is out of range"),
    (["--log-level=loud"], "loud"),
    (["--metrics-addr=0", "--health-addr=0"], "/nonexistent"),
])
@pytest.mark.parametrize("name", CONTROLLERS)
def test_a_wrong_command_line_is_fatal_and_explained(name, args, part):
    code, text = run(name, *args)
    assert code != 0 and part in text


# --- what is watched ------------------------------------------------------------------------------------------


@BOTH
def test_only_the_runtime_namespace_is_watched(private, cp, api, ns, repo, which):
    other = ns[:50] + "-other"
    cp.namespace(other)
    beside = Probe(api, other, which, repo, private.labels)
    controller = getattr(private, which)("--watch-all-namespaces=false", runtime_namespace=ns)
    own = Probe(api, ns, which, repo, private.labels)
    own.handled(own.ask())
    assert beside.untouched()
    assert not controller.log_lines(namespace=other)


@BOTH
def test_shards_share_the_work_by_label(private, api, ns, repo, which):
    repo.commit({"a.yaml": "a: 1\n"})  # what fails is tried again and again
    start = getattr(private, which)
    other = {"sharding.fluxcd.io/key": private.key + "-b"}
    first = start()
    second = start(f"--watch-label-selector=sharding.fluxcd.io/key={private.key}-b")
    mine, theirs = Probe(api, ns, which, repo, private.labels), Probe(api, ns, which, repo, other, name="theirs")
    mine.handled(mine.ask())
    theirs.handled(theirs.ask())
    assert not first.log_lines(name="theirs") and not second.log_lines(name="probe")
    before, finalizers = reconciles(first), mine.get()["metadata"]["finalizers"]
    api.patch(mine.kind, {"metadata": {"labels": other}}, ns, "probe")
    for _ in range(3):
        mine.handled(mine.ask())
    assert second.log_lines(name="probe")
    assert reconciles(first) <= before + 1, "the first finds that the object is not its own any more, and rests"
    assert mine.get()["metadata"]["finalizers"] == finalizers


# --- whom it serves first -------------------------------------------------------------------------------------


def test_a_request_overtakes_hundreds_that_wait(private, cp, api, ns, repo):
    many = 320
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        probes = list(pool.map(lambda i: Probe(api, ns, "kustomize", repo, private.labels, f"k{i:03}"), range(many)))
    with rig.Proxy(cp.port) as slow:
        slow.delay = 0.03
        config = cp.kubeconfig("kustomize-controller", path=private.folder / "slow.kubeconfig", port=slow.port)
        controller = private.kustomize("--concurrent=1", "--log-level=info", env={"KUBECONFIG": config})
        depth = 'workqueue_depth{controller="kustomization",name="kustomization",priority="-100"}'
        rig.wait_for(controller.metrics, 20, "the queue to be full", until=lambda m: m.get(depth, 0) > 200)
        waiting = [p for p in probes if p.untouched()][-1]
        began, token = time.monotonic(), waiting.ask()
        waiting.handled(token)
        took = time.monotonic() - began
        left = controller.metrics()[depth]
        slow.delay = 0
        assert took < 1 * SLOW and left > 100, f"handled after {took:.2f} s with {left} still waiting"


# --- how it ends ----------------------------------------------------------------------------------------------


def settled(obj):
    """The conditions say one thing: nothing half-written."""
    ready = rig.condition(obj)
    if ready.get("status") == "True":
        return not rig.condition(obj, "Reconciling")
    return ready.get("status") in (None, "False") or rig.condition(obj, "Reconciling").get("status") == "True"


def end_quickly(private, controller, limit):
    family = [controller.pid, *children(controller.pid)]
    began = time.monotonic()
    private.stop(controller, timeout=limit)
    assert time.monotonic() - began < limit * SLOW
    assert not [pid for pid in family if alive(pid)]


def test_sigterm_ends_a_fetch_from_a_slow_server(private, api, ns, repo):
    repo.commit({"a": "1"})
    with rig.Proxy(repo.web.ports["http"]) as slow:
        slow.delay = 30
        controller = private.source()
        api.create(rig.GITREPOSITORY, ns, "app", metadata={"labels": private.labels},
                   spec={"interval": "60m", "url": f"http://127.0.0.1:{slow.port}/git/{repo.name}.git", "timeout": "60s"})
        shown = rig.wait_for(lambda: api.get(rig.GITREPOSITORY, ns, "app"), 10, "progress to be shown",
                             until=lambda o: rig.condition(o, "Reconciling").get("status") == "True")
        assert rig.condition(shown).get("status") == "Unknown"
        end_quickly(private, controller, 3)
    assert settled(api.get(rig.GITREPOSITORY, ns, "app"))
    assert not [p for p in controller.storage.rglob("*") if p.is_file()]


def test_sigterm_ends_an_apply_to_a_slow_cluster(private, controllers, cp, api, ns, repo):
    commit = repo.commit({f"cm{i}.yaml": configmap(f"cm{i}", a=i) for i in range(3)})
    Flux(api, ns, repo).source()
    rig.wait_for(lambda: api.get(rig.GITREPOSITORY, ns, "app"), 20, "the source", until=rig.is_ready)
    own = Flux(api, ns, repo, private.labels)
    with rig.Proxy(cp.port) as slow:
        config = cp.kubeconfig("kustomize-controller", path=private.folder / "slow.kubeconfig", port=slow.port)
        controller = private.kustomize(env={"KUBECONFIG": config})
        slow.delay = 0.4
        for i in range(6):
            own.apply(f"k{i}", namePrefix=f"k{i}-")
        rig.wait_for(lambda: reconciles_running(controller), 10, "reconciles to run")
        time.sleep(1.0)
        end_quickly(private, controller, 10)
    for i in range(6):
        assert settled(own.get(f"k{i}")), own.get(f"k{i}")["status"]
    private.kustomize()
    for i in range(6):
        assert len(own.ready(commit, f"k{i}")["status"]["inventory"]["entries"]) == 3


def reconciles_running(controller):
    return controller.metrics().get('controller_runtime_active_workers{controller="kustomization"}', 0) > 0


def test_sigterm_ends_while_the_api_server_is_silent(private, cp, api, ns, repo):
    with rig.Proxy(cp.port) as slow:
        config = cp.kubeconfig("kustomize-controller", path=private.folder / "slow.kubeconfig", port=slow.port)
        controller = private.kustomize(env={"KUBECONFIG": config})
        probe = Probe(api, ns, "kustomize", repo, private.labels)
        probe.handled(probe.ask())
        slow.hold()
        probe.ask()
        time.sleep(0.5)
        private.started.remove(controller)
        assert controller.process.stop(13) in (0, 1)  # 1: a status could not be written in ten seconds
        controller.check_reports()


# --- metrics --------------------------------------------------------------------------------------------------

PROCESS = ("cpu_seconds_total", "resident_memory_bytes", "virtual_memory_bytes", "start_time_seconds", "open_fds", "max_fds")


def series(process, metric, **labels):
    """Values of the series of one metric that carry these labels."""
    parts = [f'{k}="{v}"' for k, v in labels.items()]
    return {k: v for k, v in process.metrics().items()
            if k.split("{")[0] == metric and all(part in k for part in parts)}


@BOTH
def test_metrics_tell_of_success_failure_and_deletion(private, api, ns, repo, which):
    repo.commit({"cm.yaml": configmap("a")})
    controller = getattr(private, which)()
    kind = rig.GITREPOSITORY if which == "source" else rig.KUSTOMIZATION
    name = kind.kind.lower()
    good, bad = f"good-{ns[-6:]}", f"bad-{ns[-6:]}"
    for each, fails in ((good, False), (bad, True)):
        Probe(api, ns, which, repo, private.labels, each)
        if fails and which == "source":
            api.patch(kind, {"spec": {"url": "http://127.0.0.1:1/none.git"}}, ns, each)
    if which == "kustomize":
        api.patch(kind, {"spec": {"suspend": True}}, ns, good)
    for each in (good, bad):
        probe_done(api, kind, ns, each)

    own = {"kind": kind.kind, "namespace": ns}
    count = "gotk_reconcile_duration_seconds_count"
    assert set(series(controller, count, **own).values()) and len(series(controller, count, **own)) == 2
    assert len(series(controller, "gotk_reconcile_duration_seconds_bucket", **own)) == 2 * 11
    labels = {"controller": name}
    for result in ("success", "error", "requeue", "requeue_after"):
        assert len(series(controller, "controller_runtime_reconcile_total", result=result, **labels)) == 1
    for one in ("controller_runtime_reconcile_errors_total", "controller_runtime_max_concurrent_reconciles",
                "controller_runtime_active_workers", "controller_runtime_reconcile_time_seconds_count",
                "workqueue_adds_total", "workqueue_retries_total", "workqueue_queue_duration_seconds_count",
                "workqueue_work_duration_seconds_count", "workqueue_unfinished_work_seconds",
                "workqueue_longest_running_processor_seconds"):
        assert len(series(controller, one, **labels)) == 1, one
    for priority in ("0", "-100"):
        assert len(series(controller, "workqueue_depth", priority=priority, **labels)) == 1
    if which == "source":
        assert sum(series(controller, "controller_runtime_reconcile_errors_total", **labels).values()) >= 1
    assert sum(series(controller, "rest_client_requests_total", code="200", method="PATCH").values()) >= 2
    assert list(series(controller, "leader_election_master_status").values()) == [1]
    for one in PROCESS:
        assert sum(series(controller, f"process_{one}").values()) > 0, one

    api.delete(kind, ns, good)
    rig.wait_for(lambda: series(controller, count, **own), 10, "the series of the deleted object to go",
                 until=lambda found: len(found) == 1 and bad in list(found)[0])


def probe_done(api, kind, ns, name):
    token = api.reconcile(kind, ns, name)
    rig.wait_for(lambda: api.get(kind, ns, name), 20, f"{name} to be handled",
                 until=lambda o: o.get("status", {}).get("lastHandledReconcileAt") == token)


@BOTH
def test_probes(private, which):
    controller = getattr(private, which)()
    for path in ("/healthz", "/readyz", "/healthz/ping", "/readyz/ping"):
        assert status_of(controller.health_url + path) == 200
    assert status_of(controller.health_url + "/nothing") == 404


@BOTH
def test_it_ends_cleanly_as_soon_as_probes_are_answered(private, cp, web, which):
    for attempt in range(5):
        controller = getattr(rig, f"{which}_controller")(cp, private.folder, web.ca_bundle, label=f"early-{which}-{attempt}",
                                                         args=["--watch-label-selector=" + "=".join(*private.labels.items())])
        rig.wait_for(lambda: port_open(controller.health_port), 20, "the probes' port to be open", every=0)
        controller.stop()


@BOTH
def test_a_lost_helper_ends_the_process_so_that_it_is_restarted(private, which):
    """Jobs run in children of a helper process; no job ever runs again when it is gone, and probes would not tell."""
    controller = getattr(private, which)()
    (helper,) = children(controller.pid)
    private.started.remove(controller)
    os.kill(helper, signal.SIGKILL)
    assert controller.process.popen.wait(10 * SLOW) == 1
    assert controller.log_lines(level="error", error="the job helper process has ended")
    assert not controller.reports()
