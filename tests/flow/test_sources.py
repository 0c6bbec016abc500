"""Sources of every kind feed a Kustomization, whether their kind is installed before or after the controller starts."""
import time

import pytest
import rig
from flux import Flux, configmap

SOURCE = "source.toolkit.fluxcd.io/v1"
PLURALS = {"OCIRepository": "ocirepositories", "Bucket": "buckets", "ExternalArtifact": "externalartifacts"}


@pytest.fixture
def flux(api, ns, repo, controllers):
    return Flux(api, ns, repo)


def kind_of(api, name):
    """The kind, its definition installed when there is none: a bare one, which takes everything."""
    plural = PLURALS[name]
    if not api.find(rig.CRD, name=f"{plural}.source.toolkit.fluxcd.io"):
        anything = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
        api.post(rig.CRD, rig.CRD.object(f"{plural}.source.toolkit.fluxcd.io", spec={
            "group": "source.toolkit.fluxcd.io", "scope": "Namespaced", "names": {"plural": plural, "kind": name},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": anything, "subresources": {"status": {}}}]}))
    return rig.Kind(SOURCE, plural, name)


SPECS = {"OCIRepository": {"url": "oci://127.0.0.1/none", "interval": "60m", "suspend": True},
         "Bucket": {"bucketName": "none", "endpoint": "127.0.0.1", "interval": "60m", "suspend": True},
         "ExternalArtifact": {}}


def publish(api, kind, ns, artifact, **more):
    """Writes the artifact of the GitRepository into the status of another kind of source."""
    status = {"artifact": {**artifact, **more}, "conditions": []}
    return api.patch(kind.path(ns, "other") + "/status", {"status": status})


def follow(api, ns, repo, flux, name):
    repo.commit({"a.yaml": configmap("a", x="one")})
    flux.source()
    artifact = rig.wait_for(lambda: api.get(rig.GITREPOSITORY, ns, "app")["status"]["artifact"], 10, "an artifact to borrow")
    kind = kind_of(api, name)
    rig.wait_for(lambda: api.find(kind, ns, "other") or api.create(kind, ns, "other", spec=SPECS[name]), 10, "the kind to be served")
    flux.apply(sourceRef={"kind": name, "name": "other"})
    flux.failed("ArtifactFailed")
    publish(api, kind, ns, artifact, revision="v1@sha256:1", metadata={"org.opencontainers.image.revision": "main@sha1:origin"})
    ks = flux.ready("v1@sha256:1")
    assert ks["status"]["lastAppliedOriginRevision"] == "main@sha1:origin"
    assert ks["status"]["history"][0]["metadata"] == {"revision": "v1@sha256:1", "originRevision": "main@sha1:origin"}
    start = time.monotonic()
    publish(api, kind, ns, artifact, revision="v1@sha256:2", metadata=None)
    ks = flux.ready("v1@sha256:2")
    assert time.monotonic() - start < 5 and "lastAppliedOriginRevision" not in ks["status"]


@pytest.mark.parametrize("name", ["OCIRepository", "Bucket"])
def test_other_kinds_of_sources_are_followed(api, ns, repo, flux, name):
    follow(api, ns, repo, flux, name)


def test_external_artifacts_need_their_gate(api, ns, repo, flux, private):
    repo.commit({"a.yaml": configmap("a", x="1")})
    flux.apply("closed", sourceRef={"kind": "ExternalArtifact", "name": "other"})
    message = flux.failed("AccessDenied", name="closed")
    assert message == f"can't access 'ExternalArtifact/{ns}/other', ExternalArtifact feature gate is disabled"
    assert rig.condition(flux.get("closed"), "Stalled")["status"] == "True"
    private.source()
    private.kustomize("--feature-gates=ExternalArtifact=true")
    follow(api, ns, repo, Flux(api, ns, repo, private.labels), "ExternalArtifact")


def test_sources_read_directly(api, ns, repo, private):
    private.source()
    kustomize = private.kustomize("--feature-gates=DirectSourceFetch=true")
    flux = Flux(api, ns, repo, private.labels)
    repo.commit({"a.yaml": configmap("a", x="1")})
    flux.apply()
    message = flux.failed("ArtifactFailed")
    assert message == 'gitrepositories.source.toolkit.fluxcd.io "app" not found'
    flux.source()
    flux.ready(repo.head())
    assert "DirectSourceFetch feature gate is enabled" in kustomize.log()


def test_variables_that_opted_in_are_watched(api, ns, repo, flux):
    repo.commit({"a.yaml": configmap("a", x="${x}", y="${y}", z="${z}")})
    watched = {"labels": {"reconcile.fluxcd.io/watch": "Enabled"}}
    api.create(rig.CONFIGMAP, ns, "x", data={"x": "one"}, metadata=watched)
    api.create(rig.SECRET, ns, "y", stringData={"y": "one"}, metadata=watched)
    api.create(rig.CONFIGMAP, ns, "z", data={"z": "one"})
    names = [("ConfigMap", "x"), ("Secret", "y"), ("ConfigMap", "z")]
    flux.source().apply(postBuild={"substituteFrom": [{"kind": k, "name": n} for k, n in names]})
    flux.ready(repo.head())
    data = lambda: api.get(rig.CONFIGMAP, ns, "a")["data"]
    assert data() == {"x": "one", "y": "one", "z": "one"}
    api.patch(rig.CONFIGMAP, {"data": {"z": "two"}}, ns, "z")
    api.patch(rig.CONFIGMAP, {"data": {"x": "two"}}, ns, "x")
    rig.wait_for(lambda: data() == {"x": "two", "y": "one", "z": "two"}, 5, "the ConfigMap's change to be applied")
    api.patch(rig.SECRET, {"stringData": {"y": "two"}}, ns, "y")
    rig.wait_for(lambda: data()["y"] == "two", 5, "the Secret's change to be applied")


def test_kubeconfigs_that_opted_in_are_watched(cp, api, ns, repo, flux):
    from test_identity import allow, kubeconfig
    watched = {"labels": {"reconcile.fluxcd.io/watch": "Enabled"}}
    allow(api, ns, "remote")
    api.create(rig.SECRET, ns, "remote", stringData={"value": "nonsense"}, metadata=watched)
    repo.commit({"a.yaml": configmap("a", x="1")})
    flux.source().apply(kubeConfig={"secretRef": {"name": "remote"}})
    flux.failed("ReconciliationFailed")
    api.patch(rig.SECRET, {"stringData": {"value": kubeconfig(cp, cp.token_of(ns, "remote"))}}, ns, "remote")
    flux.ready(repo.head(), timeout=5)


def test_configs_are_watched_by_another_label_or_not_at_all(api, ns, repo, private):
    private.source()
    watching = private.kustomize("--watch-configs-label-selector=mine=yes", "--feature-gates=GroupChangeLog=true,AdditiveCELDependencyCheck=true")
    flux = Flux(api, ns, repo, private.labels)
    repo.commit({"a.yaml": configmap("a", x="${x}"), "b.yaml": configmap("b", x="1")})
    api.create(rig.CONFIGMAP, ns, "x", data={"x": "one"}, metadata={"labels": {"mine": "yes"}})
    flux.source().apply(postBuild={"substituteFrom": [{"kind": "ConfigMap", "name": "x"}]})
    flux.ready(repo.head())
    created = watching.log_lines(msg="server-side apply completed", name="app")[0]
    assert created["output"] == {"created": [f"ConfigMap/{ns}/a", f"ConfigMap/{ns}/b"]}
    api.patch(rig.CONFIGMAP, {"data": {"x": "two"}}, ns, "x")
    rig.wait_for(lambda: api.get(rig.CONFIGMAP, ns, "a")["data"] == {"x": "two"}, 5, "the change to be applied")
    private.stop(watching)
    private.kustomize("--feature-gates=DisableConfigWatchers=true")
    rig.wait_for(lambda: flux.again(), 10, "the new controller to be at work")
    api.patch(rig.CONFIGMAP, {"data": {"x": "three"}, "metadata": {"labels": {"reconcile.fluxcd.io/watch": "Enabled"}}}, ns, "x")
    time.sleep(1.5)
    assert api.get(rig.CONFIGMAP, ns, "a")["data"] == {"x": "two"}
    flux.again()
    assert api.get(rig.CONFIGMAP, ns, "a")["data"] == {"x": "three"}
