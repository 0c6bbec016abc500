"""An apply that waits (for a stage's objects, for an object to go) is parked: it holds no worker, and goes on where it was."""
import json
import time

import pytest
import rig
from flux import Flux, configmap

PARKED = 'gotk_parked_reconciles{controller="kustomization"}'
HOLD = "example.com/hold"


@pytest.fixture
def alone(api, ns, repo, private):
    """Controllers with one worker, and a Kustomization `fine` whose time to Ready tells whether that worker is held."""
    private.source()
    flux = Flux(api, ns, repo, private.labels)
    flux.controller = private.kustomize("--concurrent=1")
    repo.commit({"fine/a.yaml": configmap("fine", x="1")})
    flux.source()
    return flux


def parked(flux, count=1):
    rig.wait_for(lambda: flux.controller.metrics()[PARKED], 20, f"{count} parked reconciles", until=lambda n: n == count)


def seconds_beside(flux, name):
    """How long another Kustomization takes to be Ready."""
    flux.apply(name, path="./fine", namePrefix=f"{name}-")
    return rig.seconds_until(lambda: flux.get(name), until=rig.is_ready)


@pytest.fixture
def classes(api, ns):
    """A kind of classes that are not ready when they are made."""
    group = f"{ns.replace('-', '')}.example.com"
    starting = {"conditions": [{"type": "Ready", "status": "False", "reason": "Starting"}]}
    status = {"type": "object", "x-kubernetes-preserve-unknown-fields": True, "default": starting}
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"status": status}}}
    name = f"waitclasses.{group}"
    api.create(rig.CRD, None, name, spec={
        "group": group, "scope": "Namespaced", "names": {"plural": "waitclasses", "kind": "WaitClass"},
        "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}]})
    rig.wait_for(lambda: api.get(rig.CRD, None, name), 20, "the kind of classes", until=lambda crd: rig.condition(crd, "Established").get("status") == "True")
    yield rig.Kind(f"{group}/v1", "waitclasses", "WaitClass")
    api.delete(rig.CRD, None, name)


def test_a_stage_that_waits_holds_no_worker(cp, api, ns, repo, alone, classes):
    repo.commit({"stuck/class.yaml": json.dumps(classes.object("slow")), "stuck/last.yaml": configmap("last", x="1"),
                 "never/class.yaml": json.dumps(classes.object("never"))})
    alone.sync()
    alone.apply("stuck", path="./stuck").apply("never", path="./never")
    parked(alone, 2)
    took = [seconds_beside(alone, f"fine-{i}") for i in range(3)]
    print(f"beside an apply that waits: {took}")
    assert max(took) < rig.proc.SLOW, took
    assert api.find(rig.CONFIGMAP, ns, "last") is None
    for name in ("stuck", "never"):
        rig.wait_for(lambda: rig.condition(alone.get(name), "Reconciling")["message"], 5, "the wait to show in the status",
                     until=lambda text: text.startswith("Detecting drift for revision main@sha1:"))
    mark = cp.audit_mark()
    time.sleep(3)
    assert not cp.requests(mark, "kustomize-controller", ns=ns)
    api.patch(classes, {"status": {"conditions": [{"type": "Ready", "status": "True", "reason": "Started"}]}}, ns, "slow")
    assert rig.seconds_until(lambda: alone.get("stuck"), until=rig.is_ready) < rig.proc.SLOW
    assert api.get(rig.CONFIGMAP, ns, "last")["data"] == {"x": "1"}
    assert len(alone.get("stuck")["status"]["inventory"]["entries"]) == 2
    assert alone.failed("ReconciliationFailed", name="never", timeout=70) == (
        f"timeout waiting for: [WaitClass/{ns}/never status: 'InProgress']\nWaitClass/{ns}/never created")


def fixed(name, value):
    return json.dumps(rig.CONFIGMAP.object(name, data={"x": value}, immutable=True, metadata={"finalizers": [HOLD]}))


def release(api, ns, name):
    api.patch(rig.CONFIGMAP, {"metadata": {"finalizers": None}}, ns, name)


def test_an_object_under_recreation_holds_no_worker(api, ns, repo, alone):
    for name in ("held", "lost"):
        repo.commit({f"{name}/a.yaml": fixed(name, "1"), f"{name}/b.yaml": configmap(f"{name}-b", x="1")})
        alone.apply(name, path=f"./{name}", force=True, timeout="30s")
    alone.sync()
    for name in ("held", "lost"):
        alone.ready(repo.head(), name)
    before = api.get(rig.CONFIGMAP, ns, "held")["metadata"]["uid"]
    repo.commit({f"{name}/a.yaml": fixed(name, "2") for name in ("held", "lost")} | {"lost/b.yaml": configmap("lost-b", x="2")})
    alone.sync()
    parked(alone, 2)
    assert seconds_beside(alone, "fine-1") < rig.proc.SLOW
    release(api, ns, "held")
    assert rig.seconds_until(lambda: alone.get("held"), until=lambda ks: rig.is_ready(ks, repo.head())) < rig.proc.SLOW
    found = api.get(rig.CONFIGMAP, ns, "held")
    assert found["data"] == {"x": "2"} and found["metadata"]["uid"] != before
    message = alone.failed("ReconciliationFailed", name="lost", timeout=60)
    assert message == (f"ConfigMap/{ns}/lost immutable field detected, failed to wait for object to be deleted: "
                       f"it is still there, held by its finalizers {HOLD}")
    assert api.get(rig.CONFIGMAP, ns, "lost-b")["data"] == {"x": "1"}, "nothing of a stage is applied when one object fails"
    release(api, ns, "lost")


def entries(ks):
    return {e["id"].split("_")[1] for e in ks["status"].get("inventory", {}).get("entries", [])}


def test_what_a_replaced_apply_did_is_not_lost(api, ns, repo, alone, classes):
    """Objects of the first stages are pruned with the Kustomization, or with a revision that lacks them, although the apply never ended."""
    for name in ("gone", "other"):
        repo.commit({f"{name}/class.yaml": json.dumps(classes.object(name)), f"{name}/last.yaml": configmap(f"{name}-last", x="1")})
        alone.apply(name, path=f"./{name}")
    alone.sync()
    parked(alone, 2)
    api.delete(rig.KUSTOMIZATION, ns, "gone")
    rig.wait_for(lambda: api.find(rig.KUSTOMIZATION, ns, "gone") is None, 10, "the Kustomization to go")
    assert api.find(classes, ns, "gone") is None
    repo.commit({"other/class.yaml": None})
    alone.sync()
    assert entries(alone.ready(repo.head(), "other")) == {"other-last"}
    assert api.find(classes, ns, "other") is None
    assert any(f"WaitClass/{ns}/other created" in text for text in alone.events(name="other"))
