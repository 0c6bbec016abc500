"""dependsOn: who waits for whom, for how long, and what is seen of it."""
import time

import pytest
import rig
from flux import Flux, configmap

pytestmark = pytest.mark.usefixtures("controllers")
WAITS = "Dependencies do not meet ready condition, retrying in {}"
AGAIN = 45  # seconds: whoever was looked at before the cycle closed is looked at again after --requeue-dependency, 30 s


@pytest.fixture
def flux(api, ns, repo):
    return Flux(api, ns, repo)


def files(*names, **more):
    return {f"{name}/map.yaml": configmap(name, rev=more.get("rev", "one")) for name in names}


def on(*names):
    return [{"name": name} for name in names]


def test_a_dependency_that_is_not_there(ns, repo, flux, controllers):
    repo.commit(files("app"))
    flux.source().apply(path="./app", dependsOn=on("root"))
    assert flux.failed("DependencyNotReady") == (
        f"dependency '{ns}/root' not found: kustomizations.kustomize.toolkit.fluxcd.io \"root\" not found")
    ks = flux.get()
    assert ks["status"]["observedGeneration"] == -1 and "lastAttemptedRevision" not in ks["status"]
    event = rig.wait_for(lambda: [e for e in flux.api.list(rig.EVENT, ns) if e["reason"] == "DependencyNotReady"], 10, "the event")[0]
    assert (event["type"], event["message"]) == ("Normal", WAITS.format("30s"))
    assert event["metadata"]["annotations"] == {"kustomize.toolkit.fluxcd.io/revision": f"main@sha1:{repo.head()}"}
    lines = [line["msg"] for line in controllers.kustomize.log_lines(namespace=ns)]
    assert WAITS.format("30s") in lines
    repo.commit(files("root"))
    flux.sync()
    flux.apply("root", path="./root")
    flux.ready(repo.head(), "root")
    flux.ready(repo.head(), timeout=5)
    lines = [line["msg"] for line in controllers.kustomize.log_lines(namespace=ns)]
    assert "All dependencies are ready, proceeding with reconciliation" in lines


def test_the_first_dependency_that_is_not_ready_is_named(api, ns, repo, flux):
    repo.commit(files("app", "fine") | {"broken/a.yaml": "not: an object"})
    flux.source().apply("fine", path="./fine").apply("broken", path="./broken").apply(
        path="./app", dependsOn=[{"name": "fine", "namespace": ns}, {"name": "broken"}, {"name": "absent"}])
    flux.failed("BuildFailed", name="broken")
    flux.ready(name="fine")
    assert flux.failed("DependencyNotReady", "broken") == f"dependency '{ns}/broken' is not ready"
    api.patch(rig.KUSTOMIZATION, {"spec": {"dependsOn": on("fine")}}, ns, "app")
    flux.ready(repo.head())


def test_a_revision_goes_through_dependencies_first(api, ns, repo, flux):
    repo.commit(files("app", "root"))
    flux.source().apply("root", path="./root").apply(path="./app", dependsOn=on("root"))
    flux.ready(repo.head())
    api.patch(rig.KUSTOMIZATION, {"spec": {"suspend": True}}, ns, "root")
    rig.wait_for(lambda: flux.get("root"), 10, "root to be suspended", until=lambda ks: ks["status"]["observedGeneration"] == 2)
    second = repo.commit(files("app", "root", rev="two"))
    flux.sync()
    assert flux.failed("DependencyNotReady") == f"dependency '{ns}/root' revision is not up to date"
    assert api.get(rig.CONFIGMAP, ns, "app")["data"] == {"rev": "one"}
    api.patch(rig.KUSTOMIZATION, {"spec": {"suspend": False}}, ns, "root")
    flux.ready(second, timeout=5)


def test_of_another_source_only_readiness_counts(ns, repo, flux):
    repo.commit(files("app", "root"))
    first = repo.head()
    flux.source().source("other").apply("root", path="./root", sourceRef={"kind": "GitRepository", "name": "other"})
    flux.apply(path="./app", dependsOn=on("root"))
    flux.ready(first)
    second = repo.commit(files("app", rev="two"))
    flux.sync()
    flux.ready(second, timeout=5)
    assert flux.get("root")["status"]["lastAppliedRevision"].endswith(first)


def test_a_chain_is_not_slowed_down(api, ns, repo, flux):
    """Ten in a row, each upstream's 30 s away from the next: here the whole row takes less than 3 s."""
    names = [f"k{i}" for i in range(10)]
    repo.commit(files(*names))
    for i, name in reversed(list(enumerate(names))):
        flux.apply(name, path=f"./{name}", dependsOn=on(names[i - 1]) if i else [])
    flux.source()
    rig.wait_for(lambda: api.get(rig.GITREPOSITORY, ns, "app"), 20, "the source", until=rig.is_ready)
    took = [rig.seconds_until(lambda: flux.get("k9"), until=rig.is_ready)]

    watch_from = api.get(rig.KUSTOMIZATION, ns)["metadata"]["resourceVersion"]
    second = repo.commit(files(*names, rev="two"))
    flux.sync()
    rig.wait_for(lambda: api.get(rig.GITREPOSITORY, ns, "app"), 20, "the source", until=lambda o: rig.is_ready(o, second))
    took.append(rig.seconds_until(lambda: flux.get("k9"), until=lambda ks: rig.is_ready(ks, second)))
    print(f"chain of 10: first {took[0]:.2f} s, another revision {took[1]:.2f} s")
    assert max(took) < 3 * rig.proc.SLOW, took
    seen = [e["object"] for e in api.watch(rig.KUSTOMIZATION, ns, seconds=1, resourceVersion=watch_from)]
    order = [ks["metadata"]["name"] for ks in seen if rig.is_ready(ks, second)]
    assert order == names
    waited = [ks["metadata"]["name"] for ks in seen if rig.condition(ks).get("reason") == "DependencyNotReady"]
    assert not waited, "a Ready Kustomization does not flap while its dependencies are at work"


def test_dependents_stay_ready_while_a_dependency_reconciles(api, ns, repo, flux):
    repo.commit(files("app", "root"))
    flux.source().apply("root", path="./root", wait=True).apply(path="./app", dependsOn=on("root"))
    flux.ready(repo.head())
    before, told = flux.get(), flux.events("DependencyNotReady")
    api.patch(rig.KUSTOMIZATION, {"spec": {"timeout": "5m", "wait": False, "healthChecks": [
        {"apiVersion": "v1", "kind": "ConfigMap", "name": "later", "namespace": ns}]}}, ns, "root")
    rig.wait_for(lambda: flux.get("root"), 10, "root to be looked at", until=lambda ks: rig.condition(ks, "Healthy")["status"] == "Unknown")
    api.create(rig.CONFIGMAP, ns, "later")
    rig.wait_for(lambda: flux.get("root"), 10, "root to be ready", until=rig.is_ready)
    api.delete(rig.CONFIGMAP, ns, "later")
    api.reconcile(rig.KUSTOMIZATION, ns, "root")
    rig.wait_for(lambda: flux.get("root"), 10, "root to be looked at", until=lambda ks: rig.condition(ks, "Healthy")["status"] == "Unknown")
    api.patch(rig.KUSTOMIZATION, {"spec": {"retryInterval": "7m"}}, ns, "app")
    time.sleep(1.5)
    ks = flux.get()
    assert rig.condition(ks)["lastTransitionTime"] == rig.condition(before)["lastTransitionTime"] and rig.condition(ks)["status"] == "True"
    assert ks["status"]["observedGeneration"] == 1, "it waits for its dependency"
    api.create(rig.CONFIGMAP, ns, "later")
    rig.wait_for(lambda: flux.get(), 5, "the new spec to be carried out", until=lambda ks: rig.is_ready(ks) and ks["status"]["observedGeneration"] == 2)
    assert flux.events("DependencyNotReady") == told


def test_a_cycle_is_named_on_all_that_are_in_it(api, ns, repo, flux):
    repo.commit(files("a", "b", "c", "above"))
    flux.source()
    for name, needs in (("a", "b"), ("b", "c"), ("c", "a"), ("above", "a"), ("self", "self")):
        flux.apply(name, path=f"./{name}", dependsOn=on(needs))
    for name, needs, way in (("a", "b", "abca"), ("b", "c", "bcab"), ("c", "a", "cabc")):
        path = " -> ".join(f"{ns}/{x}" for x in way)
        assert flux.failed("DependencyNotReady", "form a cycle", name, AGAIN) == f"dependency '{ns}/{needs}' is not ready: the dependencies form a cycle: {path}"
    assert flux.failed("DependencyNotReady", "form a cycle", "self", AGAIN).endswith(f"cycle: {ns}/self -> {ns}/self")
    assert flux.failed("DependencyNotReady", name="above") == f"dependency '{ns}/a' is not ready"
    versions = {name: flux.get(name)["metadata"]["resourceVersion"] for name in "abc"}
    time.sleep(1)
    assert versions == {name: flux.get(name)["metadata"]["resourceVersion"] for name in "abc"}, "nobody runs in circles"
    api.patch(rig.KUSTOMIZATION, {"spec": {"dependsOn": []}}, ns, "c")
    for name in ("c", "b", "a", "above"):
        flux.ready(repo.head(), name, timeout=5)


def test_dependencies_of_another_shard_are_read_live(ns, repo, private):
    """The dependent is ours, its dependency the shared controller's."""
    private.source()
    private.kustomize("--requeue-dependency=1s")
    repo.commit(files("app", "root"))
    mine, shared = Flux(private.cp.api, ns, repo, private.labels), Flux(private.cp.api, ns, repo)
    mine.source().apply(path="./app", dependsOn=on("root"))
    assert mine.failed("DependencyNotReady").startswith(f"dependency '{ns}/root' not found")
    shared.apply("root", path="./root")
    shared.ready(repo.head(), "root")
    mine.ready(repo.head(), timeout=5)


def test_pruning_needs_no_dependency(api, ns, repo, flux):
    repo.commit(files("app"))
    flux.source().apply(path="./app")
    flux.ready(repo.head())
    api.patch(rig.KUSTOMIZATION, {"spec": {"dependsOn": on("absent")}}, ns, "app")
    flux.failed("DependencyNotReady")
    api.delete(rig.KUSTOMIZATION, ns, "app")
    rig.wait_for(lambda: api.find(rig.KUSTOMIZATION, ns, "app") is None, 20, "the Kustomization to go")
    assert api.find(rig.CONFIGMAP, ns, "app") is None
