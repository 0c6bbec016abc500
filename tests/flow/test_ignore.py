"""spec.ignore: what other controllers set stays, everything else is put back."""
import pytest
import rig
from flux import DEPLOYMENT, Flux, configmap

pytestmark = pytest.mark.usefixtures("controllers")
WEB = ("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, labels: {app: web}}\nspec:\n  replicas: 1\n  selector: {matchLabels: {app: web}}\n"
       "  template:\n    metadata: {labels: {app: web}}\n    spec:\n      containers:\n      - name: web\n        image: example.com/web:1\n"
       "        resources: {requests: {cpu: 100m}}\n      - {name: side, image: 'example.com/side:1'}\n")


@pytest.fixture
def flux(api, ns, repo):
    return Flux(api, ns, repo)


def data(api, ns, name):
    return api.get(rig.CONFIGMAP, ns, name)["data"]


def manager_of(obj, manager, operation="Apply"):
    found = [m for m in obj["metadata"]["managedFields"] if (m["manager"], m["operation"]) == (manager, operation)]
    return found[0]["fieldsV1"] if found else None


def test_an_ignored_field_keeps_its_value_while_others_are_put_back(api, ns, repo, flux):
    repo.commit({"a.yaml": configmap("a", mine="1", theirs="1"), "b.yaml": configmap("b", mine="1", theirs="1")})
    rule = {"paths": ["/data/theirs", "/data/not~1there"], "target": {"kind": "ConfigMap", "name": "a"}}
    flux.source().apply(ignore=[rule])
    flux.ready(repo.head())
    assert data(api, ns, "a") == {"mine": "1", "theirs": "1"}  # on creation the manifest counts
    before = api.patch(rig.CONFIGMAP, {"data": {"theirs": "x"}}, ns, "a")
    api.patch(rig.CONFIGMAP, {"data": {"theirs": "x"}}, ns, "b")
    flux.again_until(lambda: data(api, ns, "b")["theirs"], "1")
    assert api.get(rig.CONFIGMAP, ns, "a")["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]
    api.patch(rig.CONFIGMAP, {"data": {"mine": "x", "theirs": "y"}}, ns, "a")
    flux.again_until(lambda: data(api, ns, "a"), {"mine": "1", "theirs": "y"})
    # a commit that changes both changes only what is not ignored
    repo.commit({"a.yaml": configmap("a", mine="2", theirs="2")})
    flux.sync()
    flux.ready(repo.head())
    assert data(api, ns, "a") == {"mine": "2", "theirs": "y"}
    # and without the rule the manifest counts again
    api.patch(rig.KUSTOMIZATION, {"spec": {"ignore": None}}, ns, "app")
    flux.ready(repo.head())
    rig.wait_for(lambda: data(api, ns, "a") == {"mine": "2", "theirs": "2"}, 10, "the manifest's value")


def test_a_field_that_another_manager_applies_is_given_up(api, ns, repo, flux):
    repo.commit({"web.yaml": WEB})
    flux.source().apply(ignore=[{"paths": ["/spec/replicas", "/spec/template/spec/containers/0/resources"],
                                 "target": {"group": "apps", "kind": "Deploy.*", "labelSelector": "app=web"}}])
    flux.ready(repo.head())
    autoscaler = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {
        "replicas": 5, "template": {"spec": {"containers": [{"name": "web", "resources": {"requests": {"cpu": "300m"}}}]}}}}
    api.patch(DEPLOYMENT, autoscaler, ns, "web", how="apply", fieldManager="autoscaler")
    flux.again()
    found = api.get(DEPLOYMENT, ns, "web")
    assert found["spec"]["replicas"] == 5 and "f:replicas" in manager_of(found, "autoscaler")["f:spec"]
    api.patch(DEPLOYMENT, {"spec": {"minReadySeconds": 9, "template": {"spec": {"containers": [{"name": "side", "image": "other"}]}}}},
              ns, "web", how="strategic")
    flux.again_until(lambda: [c["image"] for c in api.get(DEPLOYMENT, ns, "web")["spec"]["template"]["spec"]["containers"] if c["name"] == "side"],
                     ["example.com/side:1"])
    found = api.get(DEPLOYMENT, ns, "web")
    containers = {c["name"]: c for c in found["spec"]["template"]["spec"]["containers"]}
    assert found["spec"]["replicas"] == 5 and containers["web"]["resources"] == {"requests": {"cpu": "300m"}}
    assert containers["side"]["image"] == "example.com/side:1"
    ours = manager_of(found, "kustomize-controller")["f:spec"]
    assert "f:replicas" not in ours and "f:resources" not in ours["f:template"]["f:spec"]["f:containers"]['k:{"name":"web"}']


def test_a_selector_that_makes_no_sense_is_an_error(api, ns, repo, flux):
    repo.commit({"a.yaml": configmap("a", x="1")})
    flux.source().apply(ignore=[{"paths": ["/data"], "target": {"name": "("}}])
    message = flux.failed("ReconciliationFailed")
    assert message.startswith("failed to create ignore rule selector: invalid name regex: error parsing regexp: "), message
    assert api.find(rig.CONFIGMAP, ns, "a") is None
