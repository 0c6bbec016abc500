"""What goes wrong around the controllers: sources and source-controller gone, a namespace deleted, a full disk, a clock that
jumps, an API server that is away or has forgotten. Each time the objects say so, nothing is lost, and all goes on when the
trouble is over."""
import os
import pathlib
import subprocess
import time

import pytest
import rig
from flux import Flux, configmap
from lives import Life, Mirror, Pair

SOON = {"retryInterval": "1s"}
OUTAGE = 60 if os.environ.get("FAULTS") == "all" else 4


def data(api, ns, name):
    found = api.find(rig.CONFIGMAP, ns, name)
    return found and found["data"]


def gone(api, kind, ns, name="app", timeout=20):
    rig.wait_for(lambda: api.find(kind, ns, name) is None, timeout, f"{kind.kind} {name} to go")


# --- sources ------------------------------------------------------------------------------------------------------


def test_source_controller_is_gone(private, api, ns, repo):
    """What is applied stays and is kept in order; a new artifact waits for its server."""
    first = repo.commit({"a.yaml": configmap("a", v=1)})
    source, kustomize = private.source(), private.kustomize("--http-retry=0", "--requeue-dependency=500ms")
    flux = Flux(api, ns, repo, private.labels).source().apply(**SOON)
    flux.ready(first)
    private.stop(kustomize)  # it has the tree no more
    private.kill(source)
    kustomize = private.kustomize("--http-retry=0", "--requeue-dependency=500ms")
    api.delete(rig.CONFIGMAP, ns, "a")
    message = flux.failed("ArtifactFailed", "connection refused")
    assert "127.0.0.1" in message
    assert data(api, ns, "a") is None
    private.source(storage=source.storage)
    flux.ready(first)
    rig.wait_for(lambda: data(api, ns, "a"), 10, "the object to be back")
    second = repo.commit({"a.yaml": configmap("a", v=2)})
    flux.sync()
    flux.ready(second)
    assert data(api, ns, "a") == {"v": "2"}


def test_a_lost_source_does_not_hold_a_finalizer(private, controllers, api, ns, repo):
    repo.commit({"a.yaml": configmap("a", v=1)})
    flux = Flux(api, ns, repo).source().apply()
    flux.ready(repo.head())
    api.delete(rig.GITREPOSITORY, ns, "app")
    gone(api, rig.GITREPOSITORY, ns)
    assert data(api, ns, "a") == {"v": "1"}
    flux.again()
    assert data(api, ns, "a") == {"v": "1"}, "a source that is gone takes nothing along"
    api.delete(rig.KUSTOMIZATION, ns, "app")
    gone(api, rig.KUSTOMIZATION, ns)
    assert data(api, ns, "a") is None


def test_a_namespace_deleted_under_us(controllers, api, ns, repo, cp):
    """Nothing can be made in it any more, which is said; and the finalizers do not hold it."""
    repo.commit({"a.yaml": configmap("a", v=1), "b.yaml": configmap("b", v=1)})
    flux = Flux(api, ns, repo).source().apply(**SOON)
    flux.ready(repo.head())
    api.request("DELETE", rig.NAMESPACE.path(None, ns))
    api.delete(rig.CONFIGMAP, ns, "b")  # as the namespace's controller begins to
    api.reconcile(rig.KUSTOMIZATION, ns, "app")
    message = flux.failed("ReconciliationFailed", "being terminated")
    assert f"ConfigMap/{ns}/b" in message
    for kind in (rig.GITREPOSITORY, rig.KUSTOMIZATION):
        api.delete(kind, ns, "app")
    for kind in (rig.KUSTOMIZATION, rig.GITREPOSITORY):
        gone(api, kind, ns)
    assert data(api, ns, "a") is None


# --- disk and clock -----------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path):
    assert os.getuid() == 0, "mounting a small volume needs root, as CI has it"
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], check=True)
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk_for_kustomize_controller(private, controllers, api, ns, repo, small_disk):
    """One object says that there is no space; those whose tree fits go on; and it goes on by itself when there is room."""
    repo.commit({"small/a.yaml": configmap("a", v=1)})
    Flux(api, ns, repo).source()
    rig.wait_for(lambda: rig.is_ready(api.get(rig.GITREPOSITORY, ns, "app")), 20, "the source")
    flux = Flux(api, ns, repo, private.labels)
    controller = private.kustomize(env={"TMPDIR": small_disk})
    flux.apply(path="./small", **SOON)
    flux.ready(repo.head())
    ballast = small_disk / "ballast"
    with open(ballast, "wb", buffering=0) as file:
        try:
            while file.write(b"x" * 4096):
                pass
        except OSError:
            pass  # now it is full
    second = repo.commit({"small/a.yaml": configmap("a", v="2" * 9000)})
    flux.sync()
    flux.failed("ArtifactFailed", "No space left on device")
    api.reconcile(rig.KUSTOMIZATION, ns, "app")
    assert controller.process.running() and data(api, ns, "a") == {"v": "1"}
    ballast.unlink()
    flux.ready(second)
    assert data(api, ns, "a") == {"v": "2" * 9000}


@pytest.fixture
def clock(tmp_path):
    """The variables that put a process on a clock of its own, and the file that sets it: "+0", "+2d", "-3h"."""
    library = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    file = tmp_path / "clock"
    file.write_text("+0\n")
    env = {"LD_PRELOAD": library, "FAKETIME_TIMESTAMP_FILE": file, "FAKETIME_NO_CACHE": "1", "DONT_FAKE_MONOTONIC": "1",
           "FAKETIME_DONT_RESET": "1"}
    return file, env


@pytest.mark.skipif(rig.proc.SLOW > 1, reason="sanitizers and libfaketime both want to come first")
@pytest.mark.parametrize("jump", ["+2d", "-40m"])
def test_the_clock_jumps(private, api, ns, repo, clock, jump):
    """Leases and intervals go by the steady clock: nobody loses the lead, nothing spins, work goes on. (Not further back:
    certificates of the control plane are an hour old.)"""
    file, env = clock
    lead = ["--enable-leader-election=true", "--leader-election-lease-duration=4s", "--leader-election-renew-deadline=3s",
            "--leader-election-retry-period=500ms"]
    controllers = [private.source(*lead, env=env), private.kustomize(*lead, env=env)]
    first = repo.commit({"a.yaml": configmap("a", v=1)})
    flux = Flux(api, ns, repo, private.labels).source().apply()
    flux.ready(first)
    file.write_text(jump + "\n")
    time.sleep(4.5)  # longer than a lease lasts
    assert all(c.process.running() for c in controllers), "the lease is kept"
    before = [sum(v for k, v in c.metrics().items() if k.startswith("controller_runtime_reconcile_total")) for c in controllers]
    second = repo.commit({"a.yaml": configmap("a", v=2)})
    flux.sync()
    flux.ready(second)
    assert data(api, ns, "a") == {"v": "2"}
    after = [sum(v for k, v in c.metrics().items() if k.startswith("controller_runtime_reconcile_total")) for c in controllers]
    assert all(b - a <= 6 for a, b in zip(before, after)), (before, after)
    file.write_text("+0\n")
    third = repo.commit({"a.yaml": configmap("a", v=3)})
    flux.sync()
    flux.ready(third)


# --- the API server -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["silent", "refusing"])
def test_an_outage_of_the_api_server(private, cp, api, ns, repo, how):
    """Whether connections hang or are refused: afterwards everything that changed meanwhile is carried out."""
    with rig.Proxy(cp.port) as proxy:
        controllers = {which: getattr(private, which)(env={"KUBECONFIG": cp.kubeconfig(
            f"{which}-controller", path=private.folder / f"{which}.kubeconfig", port=proxy.port)})
            for which in ("source", "kustomize")}
        first = repo.commit({"a.yaml": configmap("a", v=1), "b.yaml": configmap("b", v=1)})
        flux = Flux(api, ns, repo, private.labels).source().apply(**SOON).apply("going", namePrefix="going-")
        flux.ready(first)
        flux.ready(first, "going")
        proxy.hold()
        proxy.target = 1 if how == "refusing" else cp.port
        if how == "refusing":
            proxy.release()
            proxy.cut()
        second = repo.commit({"a.yaml": configmap("a", v=2), "b.yaml": None})
        flux.sync()
        api.delete(rig.KUSTOMIZATION, ns, "going")
        flux.apply("coming", namePrefix="coming-", **SOON)
        time.sleep(OUTAGE)
        proxy.target = cp.port
        proxy.release()
        proxy.cut()
        flux.ready(second, timeout=45)
        flux.ready(second, "coming", timeout=45)
        gone(api, rig.KUSTOMIZATION, ns, "going", timeout=45)
        assert {o["metadata"]["name"] for o in api.list(rig.CONFIGMAP, ns)} == {"a", "coming-a"}
        assert data(api, ns, "a") == {"v": "2"}
        assert all(c.process.running() for c in controllers.values())


def test_watches_that_are_too_old(private, cp, web, api, ns):
    """They are refused with 410, again and again, while things happen: all of it is found. (Real ones: test_manager_outage.)"""
    with Pair(cp, web, private, "compact") as pair:
        mirror = Mirror(api, ",".join(f"{k}={v}" for k, v in pair.labels.items()))
        life = Life(pair, mirror, f"{ns[:40]}-life")
        cp.namespace(life.ns)
        life.create()
        expired = [pair.proxies[who].fail("410", "GET", "watch=true", times=2) for who in ("source", "kustomize")]
        for who in ("source", "kustomize"):
            pair.proxies[who].cut()
        life.change()
        life.prune()
        assert all(rule.fired for rule in expired)
        life.delete()
        mirror.ending = True
