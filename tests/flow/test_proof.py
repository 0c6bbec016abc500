"""A proof of no change replaces work: what an interval, a request, a commit and drift cost, and when nothing is believed."""
import time

import pytest
import rig
from flux import DEPLOYMENT, Flux, configmap

pytestmark = pytest.mark.usefixtures("controllers")
ME = "kustomize-controller"
DEPLOYMENT_TEXT = ("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  selector: {matchLabels: {app: web}}\n"
                   "  template:\n    metadata: {labels: {app: web}}\n    spec: {containers: [{name: web, image: 'example.com/web:1'}]}\n")


@pytest.fixture
def flux(api, ns, repo):
    return Flux(api, ns, repo)


def count_of(ks):
    return ks["status"]["history"][0]["totalReconciliations"]


def reconciled_again(flux, more=1, timeout=20):
    """Waits for so many further reconciles by themselves."""
    wanted = count_of(flux.get()) + more
    return rig.wait_for(flux.get, timeout, f"{more} further reconciles", until=lambda ks: count_of(ks) >= wanted)


def settled(flux, revision):
    """Ready, and the controller's watches know the objects: one more interval has passed."""
    flux.ready(revision)
    reconciled_again(flux)


def at_rest(flux, revision):
    """From now on it waits for an hour, and all that it had to tell is told."""
    flux.api.patch(rig.KUSTOMIZATION, {"spec": {"interval": "60m"}}, flux.ns, "app")
    ks = flux.ready(revision)
    rig.wait_for(lambda: flux.events("ReconciliationSucceeded"), 10, "the event of the last reconcile",
                 until=lambda events: any(e.endswith("next run in 1h0m0s") for e in events))
    return ks


def data(api, ns, name):
    found = api.find(rig.CONFIGMAP, ns, name)
    return found and found.get("data")


def of_objects(count):
    """The requests that concern what was applied, not the Kustomization and its events."""
    return {k: n for k, n in count.items() if "kustomizations" not in k and "events" not in k}


def test_an_interval_without_news_asks_for_no_object(cp, api, ns, repo, flux):
    repo.commit({"a.yaml": configmap("a", x="1"), "b.yaml": configmap("b", x="1"), "web.yaml": DEPLOYMENT_TEXT})
    flux.source().apply(interval="2s")
    settled(flux, repo.head())
    mark, before = cp.audit_mark(), count_of(flux.get())
    ks = reconciled_again(flux, 2)
    count = cp.requests(mark, ME, ns=ns)
    runs = count_of(ks) - before
    assert not of_objects(count), count
    assert count["patch kustomizations/status"] <= runs + 1 and count["create events"] <= runs + 1, count
    assert set(count) <= {"patch kustomizations/status", "create events"}, count
    assert rig.condition(ks)["lastTransitionTime"] == rig.condition(flux.get())["lastTransitionTime"]
    assert any(m.startswith("Reconciliation finished in") for m in flux.events("ReconciliationSucceeded"))


def test_a_request_right_after_a_full_check_asks_for_no_object(cp, api, ns, repo, flux):
    repo.commit({"a.yaml": configmap("a", x="1"), "web.yaml": DEPLOYMENT_TEXT})
    flux.source().apply(interval="3s")
    settled(flux, repo.head())
    before = at_rest(flux, repo.head())
    mark = cp.audit_mark()
    after = flux.again()
    count = cp.requests(mark, ME, ns=ns)
    assert set(count) <= {"patch kustomizations/status", "create events"} and sum(count.values()) <= 2, count
    assert count_of(after) == count_of(before) + 1 and rig.is_ready(after, repo.head())


@pytest.mark.parametrize("age", [0, 4])
def test_a_request_checks_every_object_when_the_last_check_is_old(cp, api, ns, repo, private, age):
    flux = Flux(api, ns, repo, labels=private.labels)
    private.source()
    private.kustomize(f"--request-check-age={age}s")
    repo.commit({"a.yaml": configmap("a", x="1"), "b.yaml": configmap("b", x="1")})
    flux.source().apply(interval="3s")
    settled(flux, repo.head())
    at_rest(flux, repo.head())
    time.sleep(age)
    for expected in (2, 0 if age else 2):  # dry-runs, and no look at what is known
        mark = cp.audit_mark()
        flux.again()
        count = cp.requests(mark, ME, ns=ns)
        assert of_objects(count) == ({"patch configmaps": expected} if expected else {}), count


@pytest.mark.parametrize("late", [None, "configmaps", "kustomizations"])
def test_an_edit_before_a_request_is_put_back_whichever_is_told_first(cp, web, api, ns, repo, private, late):
    certificate = (web.pki / "server.crt", web.pki / "server.key")
    flux = Flux(api, ns, repo, labels=private.labels)
    repo.commit({"a.yaml": configmap("a", x="wanted")})
    private.source()
    flux.source().apply(interval="3s")
    with rig.FaultProxy(cp.port, server=cp.ca_file, certificate=certificate) as proxy:
        if late:
            proxy.fail("lag", "GET", rf"/{late}\?.*watch=true", times=1000)
        private.kustomize(env={"KUBECONFIG": cp.kubeconfig(ME, path=private.folder / "lag", port=proxy.port, ca_file=web.ca_bundle)})
        settled(flux, repo.head())
        at_rest(flux, repo.head())
        for number in range(3):
            api.patch(rig.CONFIGMAP, {"data": {"x": f"edit {number}"}}, ns, "a")
            flux.again()
            rig.wait_for(lambda: data(api, ns, "a"), 2 + (rig.faults.DELAY if late else 0), "the edit to be put back",
                         until=lambda d: d == {"x": "wanted"})
        private.stop(private.started[-1])


def test_what_moves_while_health_is_looked_at_is_met_afterwards(cp, web, api, ns, repo, private):
    """The proof holds, an object of healthChecks is asked for, and meanwhile another one is edited."""
    certificate = (web.pki / "server.crt", web.pki / "server.key")
    flux = Flux(api, ns, repo, labels=private.labels)
    repo.commit({"a.yaml": configmap("a", x="wanted")})
    api.create(rig.CONFIGMAP, ns, "foreign")
    private.source()
    flux.source().apply(interval="3s", healthChecks=[{"apiVersion": "v1", "kind": "ConfigMap", "name": "foreign", "namespace": ns}])
    with rig.FaultProxy(cp.port, server=cp.ca_file, certificate=certificate) as proxy:
        private.kustomize(env={"KUBECONFIG": cp.kubeconfig(ME, path=private.folder / "slow", port=proxy.port, ca_file=web.ca_bundle)})
        settled(flux, repo.head())
        at_rest(flux, repo.head())
        look = proxy.fail("delay", "GET", "/configmaps/foreign")
        api.reconcile(rig.KUSTOMIZATION, ns, "app")
        rig.wait_for(lambda: look.fired, 5, "the look at the other object")
        api.patch(rig.CONFIGMAP, {"data": {"x": "edited"}}, ns, "a")
        rig.wait_for(lambda: data(api, ns, "a"), 2 + rig.faults.DELAY, "the edit to be put back", until=lambda d: d == {"x": "wanted"})
        private.stop(private.started[-1])


def test_a_commit_asks_only_for_what_it_changes(cp, api, ns, repo, flux):
    files = {f"{n}.yaml": configmap(n, x="1") for n in "abc"}
    repo.commit({**files, "web.yaml": DEPLOYMENT_TEXT})
    flux.source().apply(interval="3s")
    settled(flux, repo.head())
    at_rest(flux, repo.head())
    mark = cp.audit_mark()
    second = repo.commit({"b.yaml": configmap("b", x="2")})
    flux.sync()
    flux.ready(second)
    count = cp.requests(mark, ME, ns=ns)
    assert of_objects(count) == {"patch configmaps": 1}, count
    assert sum(count.values()) <= 5, count
    assert data(api, ns, "b") == {"x": "2"}
    assert f"ConfigMap/{ns}/b configured" in flux.events()


def test_drift_is_put_back_when_it_happens(api, ns, repo, flux):
    repo.commit({"a.yaml": configmap("a", x="wanted"), "web.yaml": DEPLOYMENT_TEXT})
    flux.source().apply(interval="3s")
    settled(flux, repo.head())
    at_rest(flux, repo.head())
    api.patch(rig.CONFIGMAP, {"data": {"x": "edited", "mine": "stays"}}, ns, "a")
    rig.wait_for(lambda: data(api, ns, "a"), 2, "the edit to be put back", until=lambda d: d == {"x": "wanted", "mine": "stays"})
    api.delete(rig.CONFIGMAP, ns, "a")
    rig.wait_for(lambda: data(api, ns, "a"), 2, "the object to be made again", until=lambda d: d == {"x": "wanted"})
    api.patch(DEPLOYMENT, {"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "example.com/other"}]}}}}, ns, "web")
    image = lambda: api.get(DEPLOYMENT, ns, "web")["spec"]["template"]["spec"]["containers"][0]["image"]
    rig.wait_for(image, 2, "the image to be put back", until=lambda i: i == "example.com/web:1")
    api.patch(rig.CONFIGMAP, {"metadata": {"labels": {"kustomize.toolkit.fluxcd.io/name": None}}}, ns, "a")
    rig.wait_for(lambda: api.get(rig.CONFIGMAP, ns, "a")["metadata"]["labels"], 2, "the owner label to be put back",
                 until=lambda labels: labels.get("kustomize.toolkit.fluxcd.io/name") == "app")
    rig.wait_for(lambda: flux.events(), 5, "the events of the corrections", until=lambda e: f"ConfigMap/{ns}/a configured" in e
                 and f"ConfigMap/{ns}/a created" in e and f"Deployment/{ns}/web configured" in e)


def test_what_is_no_drift_is_passed_over_in_silence(cp, api, ns, repo, flux):
    repo.commit({"a.yaml": configmap("a", x="1"), "web.yaml": DEPLOYMENT_TEXT})
    flux.source().apply(interval="3s")
    settled(flux, repo.head())
    before = at_rest(flux, repo.head())
    mark = cp.audit_mark()
    api.patch(DEPLOYMENT.path(ns, "web") + "/status", {"status": {"replicas": 1}})
    time.sleep(1)
    assert not cp.requests(mark, ME, ns=ns)  # a status is nobody's drift
    api.patch(rig.CONFIGMAP, {"metadata": {"annotations": {"someone": "was here"}}}, ns, "a")
    rig.wait_for(lambda: cp.requests(mark, ME, ns=ns, settle=0), 5, "a look at the object", until=lambda c: c["patch configmaps"] >= 1)
    time.sleep(0.5)
    count = cp.requests(mark, ME, ns=ns)
    assert of_objects(count) == {"get configmaps": 1, "patch configmaps": 1} == count, count
    assert api.get(rig.CONFIGMAP, ns, "a")["metadata"]["annotations"] == {"someone": "was here"}
    assert flux.get()["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]


def test_an_interval_comes_although_something_stirs_all_the_time(api, ns, repo, flux):
    repo.commit({"a.yaml": configmap("a", x="1")})
    flux.source().apply(interval="4s")
    settled(flux, repo.head())
    before, until = count_of(flux.get()), time.time() + 9
    while time.time() < until:
        api.patch(rig.CONFIGMAP, {"metadata": {"annotations": {"beat": str(time.time_ns())}}}, ns, "a")
        time.sleep(0.5)
    assert 1 <= count_of(flux.get()) - before <= 4


def test_someone_who_insists_is_met_at_a_human_pace(cp, api, ns, repo, flux):
    repo.commit({"a.yaml": configmap("a", x="wanted")})
    flux.source().apply(interval="3s")
    settled(flux, repo.head())
    at_rest(flux, repo.head())
    mark, until = cp.audit_mark(), time.time() + 6
    while time.time() < until:
        if data(api, ns, "a") == {"x": "wanted"}:
            api.patch(rig.CONFIGMAP, {"data": {"x": "mine"}}, ns, "a")
        time.sleep(0.02)
    applied = [e for e in cp.audit(mark, ME) if e.get("objectRef", {}).get("namespace") == ns and e["objectRef"]["resource"] == "configmaps"
               and e["verb"] == "patch" and "dryRun" not in e["requestURI"]]
    assert 5 <= len(applied) <= 11, len(applied)


def test_a_changed_variable_is_seen_at_the_interval(api, ns, repo, flux):
    repo.commit({"a.yaml": configmap("a", x="${word}")})
    api.create(rig.CONFIGMAP, ns, "vars", data={"word": "one"})
    flux.source().apply(interval="2s", postBuild={"substituteFrom": [{"kind": "ConfigMap", "name": "vars"}]})
    settled(flux, repo.head())
    assert data(api, ns, "a") == {"x": "one"}
    api.patch(rig.CONFIGMAP, {"data": {"word": "two"}}, ns, "vars")
    rig.wait_for(lambda: data(api, ns, "a"), 10, "the new value", until=lambda d: d == {"x": "two"})


def test_nothing_is_believed_after_a_restart_or_too_long(cp, api, ns, repo, private):
    flux = Flux(api, ns, repo, labels=private.labels)
    private.source()
    first = private.kustomize("--full-check-interval=1h")
    repo.commit({"a.yaml": configmap("a", x="1")})
    flux.source().apply(interval="1s")
    settled(flux, repo.head())
    mark = cp.audit_mark()
    reconciled_again(flux, 2)
    assert not of_objects(cp.requests(mark, ME, ns=ns))
    private.stop(first)
    mark = cp.audit_mark()
    second = private.kustomize("--full-check-interval=1h")
    rig.wait_for(lambda: cp.requests(mark, ME, ns=ns, settle=0), 10, "a full check after the start",
                 until=lambda c: c["patch configmaps"] == 1)
    private.stop(second)
    mark = cp.audit_mark()
    private.kustomize("--full-check-interval=2s")
    before = count_of(flux.get())
    ks = reconciled_again(flux, 6)
    dry_runs = cp.requests(mark, ME, ns=ns)["patch configmaps"]
    assert 2 <= dry_runs < count_of(ks) - before, dry_runs
