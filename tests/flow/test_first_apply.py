"""What is applied for the first time: the first object needs no dry-run of its own, and nothing that upstream promises is lost by it."""
import pytest
import rig
from flux import Flux, configmap

pytestmark = pytest.mark.usefixtures("controllers")
ME = "kustomize-controller"
BAD_KEY = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\ndata: {a b: c}\n"


@pytest.fixture
def flux(api, ns, repo):
    """The controller watches the kind already, and knows what of it carries its label."""
    repo.commit({"warm/a.yaml": configmap("warm", x="1")})
    flux = Flux(api, ns, repo).source().apply("warm", path="./warm", interval="2s")
    flux.ready(repo.head(), "warm")
    rig.wait_for(lambda: flux.get("warm"), 20, "an interval without news", until=lambda ks: ks["status"]["history"][0]["totalReconciliations"] > 2)
    api.patch(rig.KUSTOMIZATION, {"spec": {"suspend": True}}, ns, "warm")
    return flux


def commit(flux, **files):
    revision = flux.repo.commit({f"app/{name}.yaml": text for name, text in files.items()})
    flux.sync()
    rig.wait_for(lambda: flux.api.get(rig.GITREPOSITORY, flux.ns, "app"), 20, "the commit to be fetched",
                 until=lambda source: source["status"]["artifact"]["revision"].endswith(revision))
    return revision


def names(api, ns):
    return {c["metadata"]["name"] for c in api.list(rig.CONFIGMAP, ns)} - {"kube-root-ca.crt", "warm"}


def test_all_but_the_first_object_are_dry_run(cp, api, ns, flux):
    revision = commit(flux, **{n: configmap(n, x="1") for n in "abc"})
    mark = cp.audit_mark()
    flux.apply(path="./app").ready(revision)
    count = cp.requests(mark, ME, ns=ns)
    assert count["patch configmaps"] == 5 and not count["get configmaps"], count
    assert any(all(f"ConfigMap/{ns}/{n} created" in e for n in "abc") for e in flux.events()), flux.events()
    managed = api.get(rig.CONFIGMAP, ns, "a")["metadata"]["managedFields"]
    assert [(f["manager"], f["operation"]) for f in managed] == [(ME, "Apply")]


@pytest.mark.parametrize("marker", ["reconcile: disabled", "ssa: Ignore"])
def test_an_object_of_somebody_else_that_wants_to_be_left_alone_is(api, ns, flux, marker):
    key, value = marker.split(": ")
    api.create(rig.CONFIGMAP, ns, "a", data={"x": "theirs"}, metadata={"annotations": {f"kustomize.toolkit.fluxcd.io/{key}": value}})
    flux.apply(path="./app").ready(commit(flux, a=configmap("a", x="ours"), b=configmap("b", x="ours")))
    assert api.get(rig.CONFIGMAP, ns, "a")["data"] == {"x": "theirs"}
    assert api.get(rig.CONFIGMAP, ns, "b")["data"] == {"x": "ours"}


def test_an_object_of_somebody_else_is_taken_over(api, ns, flux):
    api.create(rig.CONFIGMAP, ns, "a", data={"x": "theirs", "y": "stays"})
    flux.apply(path="./app").ready(commit(flux, a=configmap("a", x="ours"), b=configmap("b", x="ours")))
    assert api.get(rig.CONFIGMAP, ns, "a")["data"] == {"x": "ours", "y": "stays"}
    assert any(f"ConfigMap/{ns}/a configured" in e for e in flux.events()), flux.events()


@pytest.mark.parametrize("bad", ["a", "b", "ab"])
def test_nothing_is_applied_when_any_object_is_refused(api, ns, flux, bad):
    commit(flux, **{n: BAD_KEY % n if n in bad else configmap(n, x="1") for n in "abc"})
    message = flux.apply(path="./app").failed("ReconciliationFailed")
    for name in "abc":
        assert (f"ConfigMap/{ns}/{name} dry-run failed (Invalid)" in message) == (name in bad), message
    assert not names(api, ns)
