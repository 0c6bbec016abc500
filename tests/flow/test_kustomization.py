"""A commit reaches the cluster, drift is put back, what is removed is pruned: Kustomization end to end."""
import json

import pytest
import rig
from flux import DEPLOYMENT, Flux, configmap, kustomization

pytestmark = pytest.mark.usefixtures("controllers")


@pytest.fixture
def flux(api, ns, repo):
    return Flux(api, ns, repo)


def data(api, ns, name):
    found = api.find(rig.CONFIGMAP, ns, name)
    return found and found.get("data")


def test_a_commit_reaches_the_cluster(api, ns, repo, flux):
    first = repo.commit({"app/a.yaml": configmap("a", rev="one")})
    flux.source().apply(path="./app")
    ks = flux.ready(first)
    assert data(api, ns, "a") == {"rev": "one"}
    status = ks["status"]
    assert status["lastAppliedRevision"] == status["lastAttemptedRevision"] == f"main@sha1:{first}"
    assert status["inventory"]["entries"] == [{"id": f"{ns}_a__ConfigMap", "v": "v1"}]
    ready = rig.condition(ks)
    assert (ready["reason"], ready["message"]) == ("ReconciliationSucceeded", f"Applied revision: main@sha1:{first}")
    assert [c["type"] for c in status["conditions"]] == ["Ready"]
    labels = api.get(rig.CONFIGMAP, ns, "a")["metadata"]["labels"]
    assert labels == {"kustomize.toolkit.fluxcd.io/name": "app", "kustomize.toolkit.fluxcd.io/namespace": ns}

    second = repo.commit({"app/a.yaml": configmap("a", rev="two"), "app/b.yaml": configmap("b", x="y")})
    flux.sync()
    flux.ready(second)
    assert data(api, ns, "a") == {"rev": "two"} and data(api, ns, "b") == {"x": "y"}


def test_a_removed_file_removes_the_object(api, ns, repo, flux):
    repo.commit({"app/a.yaml": configmap("a", x="1"), "app/b.yaml": configmap("b", x="1")})
    flux.source().apply(path="./app")
    flux.ready(repo.head())
    flux.api.patch(rig.CONFIGMAP, {"metadata": {"labels": {"mine": "yes"}}}, ns, "a")
    gone = repo.commit({"app/b.yaml": None})
    flux.sync()
    ks = flux.ready(gone)
    assert data(api, ns, "b") is None and data(api, ns, "a") == {"x": "1"}
    assert [e["id"] for e in ks["status"]["inventory"]["entries"]] == [f"{ns}_a__ConfigMap"]
    rig.wait_for(lambda: f"ConfigMap/{ns}/b deleted" in flux.events(), 10, "the event of the deletion")


def test_without_prune_objects_stay(api, ns, repo, flux):
    repo.commit({"a.yaml": configmap("a", x="1"), "b.yaml": configmap("b", x="1")})
    flux.source().apply(prune=False)
    flux.ready(repo.head())
    gone = repo.commit({"b.yaml": None})
    flux.sync()
    ks = flux.ready(gone)
    assert data(api, ns, "b") == {"x": "1"}
    assert len(ks["status"]["inventory"]["entries"]) == 1


def test_drift_is_put_back(api, ns, repo, flux):
    repo.commit({"a.yaml": configmap("a", x="wanted")})
    flux.source().apply()
    flux.ready(repo.head())
    api.patch(rig.CONFIGMAP, {"data": {"x": "edited", "mine": "stays"}}, ns, "a")
    flux.again_until(lambda: data(api, ns, "a"), {"x": "wanted", "mine": "stays"})
    api.delete(rig.CONFIGMAP, ns, "a")
    flux.again_until(lambda: data(api, ns, "a"), {"x": "wanted"})


def test_fields_added_by_kubectl_are_removed(cp, api, ns, repo, flux):
    repo.commit({"a.yaml": configmap("a", x="1")})
    flux.source().apply()
    flux.ready(repo.head())
    cp.kubectl("-n", ns, "patch", "configmap", "a", "--type=merge", "-p", '{"data":{"added":"by kubectl"}}')
    flux.again_until(lambda: data(api, ns, "a"), {"x": "1"})
    managers = [(m["manager"], m["operation"]) for m in api.get(rig.CONFIGMAP, ns, "a")["metadata"]["managedFields"]]
    assert managers == [("kustomize-controller", "Apply")]


def test_an_unchanged_reconcile_writes_nothing(cp, api, ns, repo, private):
    private.source()
    private.kustomize("--request-check-age=0s")
    flux = Flux(api, ns, repo, labels=private.labels)
    repo.commit({"a.yaml": configmap("a", x="1"), "b.yaml": configmap("b", x="1")})
    flux.source().apply()
    flux.ready(repo.head())
    before = {n: api.get(rig.CONFIGMAP, ns, n)["metadata"]["resourceVersion"] for n in "ab"}
    mark = cp.audit_mark()
    flux.again()
    assert before == {n: api.get(rig.CONFIGMAP, ns, n)["metadata"]["resourceVersion"] for n in "ab"}
    count = cp.requests(mark, "kustomize-controller", ns=ns)
    assert count["patch kustomizations/status"] == 1, count
    assert count["patch configmaps"] == 2 and count["get configmaps"] <= 2, count


def test_an_overlay_with_everything(api, ns, repo, flux):
    deployment = ("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  selector: {matchLabels: {app: web}}\n"
                  "  template:\n    metadata: {labels: {app: web}}\n    spec:\n      containers:\n      - name: web\n        image: example.com/web:1\n"
                  "        envFrom: [{configMapRef: {name: env}}]\n        ports: [{containerPort: 80}]\n")
    repo.commit({
        "base/deployment.yaml": deployment,
        "base/kustomization.yaml": kustomization(resources=["deployment.yaml"], configMapGenerator=[{"name": "env", "literals": ["A=1"]}]),
        "over/kustomization.yaml": kustomization(
            resources=["../base"], namePrefix="p-", nameSuffix="-s", commonAnnotations={"note": "yes"},
            labels=[{"pairs": {"team": "a"}, "includeSelectors": False}], images=[{"name": "example.com/web", "newTag": "2"}],
            patches=[{"patch": json.dumps([{"op": "replace", "path": "/spec/replicas", "value": 3}]), "target": {"kind": "Deployment"}},
                     {"patch": "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 1\n  paused: true\n"}][1:]),
    })
    flux.source().apply(path="./over", commonMetadata={"labels": {"common": "label"}, "annotations": {"common": "annotation"}},
                        patches=[{"patch": json.dumps([{"op": "add", "path": "/spec/replicas", "value": 5}]), "target": {"kind": "Deployment"}}],
                        images=[{"name": "example.com/web", "newName": "example.org/other"}])
    flux.ready(repo.head())
    found = api.get(DEPLOYMENT, ns, "p-web-s")
    container = found["spec"]["template"]["spec"]["containers"][0]
    assert container["image"] == "example.org/other:2"
    assert found["spec"]["replicas"] == 5 and found["spec"]["paused"] is True
    assert found["metadata"]["labels"]["team"] == "a" and found["metadata"]["labels"]["common"] == "label"
    assert found["metadata"]["annotations"]["note"] == "yes" and found["metadata"]["annotations"]["common"] == "annotation"
    name = container["envFrom"][0]["configMapRef"]["name"]
    assert name.startswith("p-env-s-") and data(api, ns, name) == {"A": "1"}


def test_namespaces_and_custom_resources_in_one_set(api, ns, repo, flux):
    group = f"{ns.replace('-', '')}.example.com"
    crd = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": f"widgets.{group}"},
           "spec": {"group": group, "scope": "Namespaced", "names": {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"},
                    "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {
                        "type": "object", "x-kubernetes-preserve-unknown-fields": True}}}]}}
    widget = {"apiVersion": f"{group}/v1", "kind": "Widget", "metadata": {"name": "w", "namespace": f"{ns}-made"}, "spec": {"size": 1}}
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": f"{ns}-made"}}
    repo.commit({"all.yaml": "\n---\n".join(json.dumps(o) for o in (widget, namespace, crd))})
    api.create(rig.KUSTOMIZATION, ns, "app", spec={"interval": "60m", "prune": True, "sourceRef": {"kind": "GitRepository", "name": "app"}})
    flux.source()
    flux.ready(repo.head())
    assert api.get(rig.Kind(f"{group}/v1", "widgets", "Widget"), f"{ns}-made", "w")["spec"] == {"size": 1}


def test_a_definition_that_cannot_be_accepted_fails_at_once(api, ns, repo, flux):
    group = f"{ns.replace('-', '')}.example.com"

    def definition(plural):
        return json.dumps(rig.CRD.object(f"{plural}.{group}", spec={
            "group": group, "scope": "Namespaced", "names": {"plural": plural, "kind": "Widget"},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}]}))
    repo.commit({"first.yaml": definition("widgets")})
    flux.source().apply()
    flux.ready(repo.head())
    repo.commit({"second.yaml": definition("wodgets"), "a.yaml": configmap("a", x="1")})
    flux.sync()
    assert flux.failed("ReconciliationFailed").startswith(
        f"failed early due to stalled resources: [CustomResourceDefinition/wodgets.{group} status: 'Failed'")
    assert data(api, ns, "a") is None


def test_managed_fields_are_migrated_with_the_gate(api, ns, repo, private):
    private.source()
    private.kustomize("--feature-gates=MigrateAPIVersion=true")
    flux, group = Flux(api, ns, repo, private.labels), f"{ns.replace('-', '')}.example.com"
    version = {"served": True, "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}}
    api.post(rig.CRD, rig.CRD.object(f"widgets.{group}", spec={
        "group": group, "scope": "Namespaced", "names": {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"},
        "versions": [{**version, "name": "v1", "storage": True}, {**version, "name": "v1alpha1", "storage": False}]}))
    old, new = (rig.Kind(f"{group}/{v}", "widgets", "Widget") for v in ("v1alpha1", "v1"))
    rig.wait_for(lambda: api.patch(old, old.object("w", ns, spec={"old": 1}), ns, "w", how="apply"), 20, "the new kind to be served")
    repo.commit({"w.yaml": json.dumps(new.object("w", spec={"size": 1}))})
    flux.source().apply()
    flux.ready(repo.head())
    found = api.get(new, ns, "w")
    assert found["spec"] == {"old": 1, "size": 1}
    assert {(m["manager"], m["apiVersion"]) for m in found["metadata"]["managedFields"]} == {
        ("rig", f"{group}/v1"), ("kustomize-controller", f"{group}/v1")}
    flux.again()
    assert api.get(new, ns, "w")["metadata"]["resourceVersion"] == found["metadata"]["resourceVersion"]


def test_substitution(api, ns, repo, flux):
    repo.commit({"a.yaml": configmap("a", who="${who}", n="${n:=seven}", keep="$${who}")})
    api.create(rig.CONFIGMAP, ns, "vars", data={"who": "map", "other": "x"})
    api.create(rig.SECRET, ns, "vars", stringData={"who": "secret"})
    flux.source().apply(postBuild={"substitute": {"unused": "u"}, "substituteFrom": [
        {"kind": "ConfigMap", "name": "vars"}, {"kind": "Secret", "name": "vars"}, {"kind": "ConfigMap", "name": "absent", "optional": True}]})
    flux.ready(repo.head())
    assert data(api, ns, "a") == {"who": "secret", "n": "seven", "keep": "${who}"}


def test_substitution_of_an_unset_variable_fails(ns, repo, flux):
    repo.commit({"a.yaml": configmap("a", who="${nobody}")})
    flux.source().apply(postBuild={"substitute": {"x": "y"}})
    assert flux.failed("BuildFailed") == ("post build failed for 'ConfigMap.v1.[noGrp]/a': envsubst error: variable substitution "
                                          'failed: variable not set (strict mode): "nobody"')


def test_missing_variables_fail_the_first_object_that_wants_some(api, ns, repo, flux):
    repo.commit({"README": "no manifests"})
    flux.source().apply(postBuild={"substituteFrom": [{"kind": "ConfigMap", "name": "absent"}]})
    flux.ready(repo.head())
    left_alone = configmap("b", x="${x}").replace("  name: b", "  name: b\n  annotations: {kustomize.toolkit.fluxcd.io/substitute: disabled}")
    repo.commit({"b.yaml": left_alone})
    flux.sync()
    flux.ready(repo.head())
    assert data(api, ns, "b") == {"x": "${x}"}
    repo.commit({"c.yaml": configmap("c", x="1")})
    flux.sync()
    assert flux.failed("BuildFailed") == ("post build failed for 'ConfigMap.v1.[noGrp]/c': substitute from 'ConfigMap/absent' error: "
                                          'configmaps "absent" not found')
    api.patch(rig.KUSTOMIZATION, {"spec": {"postBuild": {"substituteFrom": None, "substitute": {"a-b": "c"}}}}, ns, "app")
    assert flux.failed("BuildFailed", "a-b").startswith("post build failed for 'ConfigMap.v1.[noGrp]/c': envsubst error: 'a-b' var name is invalid")


def test_short_variables_of_secrets_are_masked_where_they_tell(api, ns, repo, flux):
    api.create(rig.SECRET, ns, "vars", stringData={"pin": "Q4z9", "word": "web"})
    service = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec:\n  type: ExternalName\n  externalName: ext-${pin}\n"
    repo.commit({"web.yaml": service, "web-2.yaml": service.replace("web}", "web-2}").replace("ext-", "${word}_")})
    flux.source().apply(postBuild={"substituteFrom": [{"kind": "Secret", "name": "vars"}]})
    message = flux.failed("ReconciliationFailed")
    assert "Q4z9" not in message, message
    assert f"Service/{ns}/web dry-run failed" in message and f"Service/{ns}/web-2 dry-run failed" in message, message
    assert 'spec.externalName: Invalid value: "ext-***"' in message, message


def test_a_changed_secret_is_substituted_when_it_opted_in(api, ns, repo, flux):
    repo.commit({"a.yaml": configmap("a", who="${who}")})
    api.create(rig.CONFIGMAP, ns, "vars", data={"who": "one"}, metadata={"labels": {"reconcile.fluxcd.io/watch": "Enabled"}})
    flux.source().apply(postBuild={"substituteFrom": [{"kind": "ConfigMap", "name": "vars"}]})
    flux.ready(repo.head())
    api.patch(rig.CONFIGMAP, {"data": {"who": "two"}}, ns, "vars")
    rig.wait_for(lambda: data(api, ns, "a"), 10, "the new value", until=lambda d: d == {"who": "two"})


def test_remote_resources(web, api, ns, repo, flux):
    url = web.file(f"{ns}/release.yaml", configmap("remote", x="1") + "---\n" + configmap("remote-two", x="2"))
    repo.commit({"kustomization.yaml": kustomization(resources=[url])})
    flux.source().apply()
    flux.ready(repo.head())
    assert data(api, ns, "remote") == {"x": "1"} and data(api, ns, "remote-two") == {"x": "2"}


def test_a_missing_remote_resource_names_url_and_status(web, ns, repo, flux):
    repo.commit({"kustomization.yaml": kustomization(resources=[f"{web.https_url}/files/{ns}/nothing.yaml"])})
    flux.source().apply()
    message = flux.failed("BuildFailed")
    assert f"/files/{ns}/nothing.yaml" in message and "404" in message


def test_remote_resources_can_be_refused(web, ns, repo, private):
    private.source()
    private.kustomize("--no-remote-bases")
    flux = Flux(private.cp.api, ns, repo, private.labels)
    url = web.file(f"{ns}/release.yaml", configmap("remote", x="1"))
    repo.commit({"kustomization.yaml": kustomization(resources=[url])})
    flux.source().apply()
    assert url in flux.failed("BuildFailed")


def test_suspend_and_resume(api, ns, repo, flux):
    repo.commit({"a.yaml": configmap("a", x="1")})
    flux.source().apply()
    flux.ready(repo.head())
    api.patch(rig.KUSTOMIZATION, {"spec": {"suspend": True}}, ns, "app")
    later = repo.commit({"a.yaml": configmap("a", x="2")})
    flux.sync()
    rig.wait_for(lambda: api.get(rig.GITREPOSITORY, ns, "app"), 20, "the source", until=lambda o: rig.is_ready(o, later))
    api.patch(rig.KUSTOMIZATION, {"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": "while suspended"}}}, ns, "app")
    rig.wait_for(lambda: flux.get(), 10, "lastHandledReconcileAt although suspended",
                 until=lambda ks: ks["status"].get("lastHandledReconcileAt") == "while suspended")
    assert data(api, ns, "a") == {"x": "1"}
    api.patch(rig.KUSTOMIZATION, {"spec": {"suspend": False}}, ns, "app")
    flux.ready(later)
    assert data(api, ns, "a") == {"x": "2"}


def test_deleting_the_kustomization_deletes_its_objects(api, ns, repo, flux):
    repo.commit({"a.yaml": configmap("a", x="1"),
                 "b.yaml": configmap("b", x="1").replace("  name: b", "  name: b\n  annotations: {kustomize.toolkit.fluxcd.io/prune: disabled}")})
    flux.source().apply()
    flux.ready(repo.head())
    api.delete(rig.KUSTOMIZATION, ns, "app")
    rig.wait_for(lambda: api.find(rig.KUSTOMIZATION, ns, "app") is None, 20, "the Kustomization to go")
    assert data(api, ns, "a") is None and data(api, ns, "b") == {"x": "1"}


@pytest.mark.parametrize("spec, stays", [({"deletionPolicy": "Orphan"}, True), ({"prune": False}, True), ({"suspend": True}, True),
                                         ({"prune": False, "deletionPolicy": "Delete"}, False),
                                         ({"deletionPolicy": "WaitForTermination"}, False),
                                         ({"interval": "9999999999h"}, False), ({"retryInterval": "9999999999h", "timeout": "9999999999h"}, False)])
def test_deletion_policies(api, ns, repo, flux, spec, stays):
    repo.commit({"a.yaml": configmap("a", x="1")})
    flux.source().apply()
    flux.ready(repo.head())
    api.patch(rig.KUSTOMIZATION, {"spec": spec}, ns, "app")
    api.delete(rig.KUSTOMIZATION, ns, "app")
    rig.wait_for(lambda: api.find(rig.KUSTOMIZATION, ns, "app") is None, 20, "the Kustomization to go")
    assert (data(api, ns, "a") is not None) == stays


def test_waiting_for_termination_holds_no_worker(api, ns, repo, private):
    private.source()
    controller = private.kustomize("--concurrent=1")
    flux = Flux(api, ns, repo, private.labels)
    repo.commit({"a/a.yaml": configmap("a", x="1"), "b/b.yaml": configmap("b", x="1")})
    flux.source().apply(path="./a", deletionPolicy="WaitForTermination")
    flux.ready(repo.head())
    api.patch(rig.CONFIGMAP, {"metadata": {"finalizers": ["example.com/stays"]}}, ns, "a")
    api.delete(rig.KUSTOMIZATION, ns, "app")
    rig.wait_for(lambda: api.get(rig.CONFIGMAP, ns, "a")["metadata"].get("deletionTimestamp"), 20, "the deletion of the object")
    flux.apply("other", path="./b")
    flux.ready(repo.head(), "other")
    assert flux.get() and controller.metrics()['gotk_parked_reconciles{controller="kustomization"}'] == 1
    api.patch(rig.CONFIGMAP, {"metadata": {"finalizers": None}}, ns, "a")
    rig.wait_for(lambda: api.find(rig.KUSTOMIZATION, ns, "app") is None, 20, "the Kustomization to go")
    assert flux.events().count(f"ConfigMap/{ns}/a deleted") == 1


def test_the_source_may_come_later(ns, repo, flux, controllers):
    flux.apply(retryInterval="1s")
    assert flux.failed("ArtifactFailed") == 'GitRepository.source.toolkit.fluxcd.io "app" not found'
    lines = controllers.kustomize.log_lines(namespace=ns)
    assert {line["msg"] for line in lines if "not found" in line["msg"]} == {"Source 'GitRepository/app' not found"}
    repo.commit({"a.yaml": configmap("a", x="1")})
    flux.source()
    flux.ready(repo.head())


def set_artifact(api, ns, **fields):
    """Lets a suspended source name another artifact."""
    api.request("PATCH", rig.GITREPOSITORY.path(ns, "app") + "/status", {"status": {"artifact": fields}}, "application/merge-patch+json")


def test_artifacts_that_cannot_be_had(api, ns, repo, flux):
    repo.commit({"a.yaml": configmap("a", x="1")})
    flux.source().apply(retryInterval="50m")
    flux.ready(repo.head())
    api.patch(rig.GITREPOSITORY, {"spec": {"suspend": True}}, ns, "app")
    url = api.get(rig.GITREPOSITORY, ns, "app")["status"]["artifact"]["url"]
    none = "sha256:" + "0" * 64
    set_artifact(api, ns, url=url + "x", digest=none, revision="main@sha1:1")
    assert flux.failed("ArtifactFailed") == "Source is not ready, artifact not found, retrying in 30s"
    set_artifact(api, ns, url=url, digest=none, revision="main@sha1:2")
    flux.failed("ArtifactFailed", f"failed to verify archive: computed digest doesn't match provided '{none}'")
    set_artifact(api, ns, digest="zz:00", revision="main@sha1:3")
    flux.failed("ArtifactFailed", "failed to verify archive: digest algorithm 'zz'")
    assert not rig.condition(flux.get(), "Stalled") and rig.condition(flux.get(), "Reconciling")["reason"] == "ProgressingWithRetry"


def test_references_across_namespaces_can_be_blocked(cp, api, ns, repo, private):
    controller = private.kustomize("--no-cross-namespace-refs=true")
    flux = Flux(api, ns, repo, private.labels)
    flux.apply(sourceRef={"kind": "GitRepository", "name": "app", "namespace": "default"})
    message = "can't access 'GitRepository/default/app', cross-namespace references have been blocked"
    assert flux.failed("AccessDenied") == message
    stalled = rig.condition(flux.get(), "Stalled")
    assert (stalled["status"], stalled["reason"], stalled["message"]) == ("True", "AccessDenied", message)
    assert ("Warning", "AccessDenied", message, {}) in rig.wait_for(lambda: details(api, ns), 10, "the event", until=bool)
    metrics, of = controller.metrics(), 'controller="kustomization"'
    assert metrics[f"controller_runtime_terminal_reconcile_errors_total{{{of}}}"] == 1
    assert metrics[f"controller_runtime_reconcile_errors_total{{{of}}}"] == metrics[f'controller_runtime_reconcile_total{{{of},result="error"}}'] == 1


def test_a_missing_path(ns, repo, flux):
    repo.commit({"a.yaml": configmap("a", x="1")})
    flux.source().apply(path="./nowhere")
    flux.failed("ArtifactFailed", "kustomization path not found: ./nowhere")


@pytest.mark.parametrize("files, parts", [
    ({"a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: [broken\n"}, ["a.yaml"]),
    ({"kustomization.yaml": kustomization(resources=["missing.yaml"])}, ["missing.yaml"]),
    ({"kustomization.yaml": kustomization(resources=["../../../../etc"])}, ["etc"]),
    ({"a.yaml": "just: text\n"}, ["a.yaml"]),
])
def test_what_cannot_be_built(ns, repo, flux, files, parts):
    repo.commit(files)
    flux.source().apply()
    message = flux.failed("BuildFailed")
    assert all(part in message for part in parts), message


def test_what_the_api_server_refuses(api, ns, repo, flux):
    bad = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": {"ports": [{"port": 99999}]}}
    repo.commit({"a.yaml": configmap("a", x="1"), "s.yaml": json.dumps(bad), "t.yaml": json.dumps({**bad, "metadata": {"name": "t"}})})
    flux.source().apply()
    message = flux.failed("ReconciliationFailed")
    assert message.startswith(f"Service/{ns}/s dry-run failed (Invalid): ") and f"\nService/{ns}/t dry-run failed" in message
    assert data(api, ns, "a") is None


def test_an_unknown_kind(ns, repo, flux):
    repo.commit({"a.yaml": "apiVersion: nowhere.example.com/v1\nkind: Thing\nmetadata: {name: t}\n"})
    flux.source().apply()
    assert f'Thing/{ns}/t dry-run failed: no matches for kind "Thing" in version "nowhere.example.com/v1"' in flux.failed("ReconciliationFailed")


def test_undeclared_fields_are_left_out_of_builtin_kinds(api, ns, repo, flux, controllers):
    """Flux loses them in its typed structs; a type error elsewhere keeps them, so that the refusal is reported."""
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d", "bogus": 1}, "typo": 1, "spec": {
        "replicaz": 3, "selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": {"a": "b"}}, "spec": {
            "containers": [{"name": "c", "image": "i", "nope": {"x": 1}}]}}}}
    repo.commit({"d.yaml": json.dumps(deployment), "c.yaml": json.dumps({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "spec": {"a.b": 1}, "data": {"x": "1"}})})
    flux.source().apply()
    flux.ready(repo.head())
    assert api.get(DEPLOYMENT, ns, "d")["spec"]["template"]["spec"]["containers"][0]["image"] == "i" and data(api, ns, "c") == {"x": "1"}
    version = api.get(DEPLOYMENT, ns, "d")["metadata"]["resourceVersion"]
    flux.again()
    assert api.get(DEPLOYMENT, ns, "d")["metadata"]["resourceVersion"] == version
    told = controllers.kustomize.log_lines(namespace=ns, object=f"Deployment/{ns}/d")[0]
    assert set(told["fields"].split(", ")) == {"metadata.bogus", "spec.template.spec.containers[0].nope", "spec.replicaz", "typo"}
    deployment["spec"]["replicas"] = "3"
    repo.commit({"d.yaml": json.dumps(deployment)})
    flux.sync()
    flux.failed("ReconciliationFailed", "field not declared in schema")


def test_undeclared_fields_of_roles_and_custom_resources_are_refused(api, ns, repo, flux):
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "r"}, "rules": [], "bogus": 1}
    source = {"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository", "metadata": {"name": "g"},
              "spec": {"url": "https://example.com", "interval": "1h", "suspend": True, "bogus": 1}}
    repo.commit({"a.yaml": json.dumps(role) + "\n---\n" + json.dumps(source)})
    flux.source().apply()
    message = flux.failed("ReconciliationFailed")
    assert f"Role/{ns}/r dry-run failed: " in message and ".bogus: field not declared in schema" in message
    assert f"GitRepository/{ns}/g dry-run failed: " in message and ".spec.bogus: field not declared in schema" in message


def test_metadata_that_is_no_text(api, ns, repo, flux):
    def made(**labels):
        return json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {
            "name": "a", "labels": labels, "managedFields": [], "creationTimestamp": None}})
    repo.commit({"a.yaml": made(n=1, s="x")})
    flux.source().apply()
    flux.ready(repo.head())
    owner = {"kustomize.toolkit.fluxcd.io/name": "app", "kustomize.toolkit.fluxcd.io/namespace": ns}
    assert api.get(rig.CONFIGMAP, ns, "a")["metadata"]["labels"] == owner
    repo.commit({"a.yaml": made(n=None, s="x")})
    flux.sync()
    flux.ready(repo.head())
    assert api.get(rig.CONFIGMAP, ns, "a")["metadata"]["labels"] == {**owner, "n": "", "s": "x"}


def test_an_object_without_a_kind_fails_the_build(api, ns, repo, flux):
    repo.commit({"a.yaml": configmap("a", x="1")})
    flux.source().apply()
    flux.ready(repo.head())
    repo.commit({"a.yaml": "kind: Secret\nmetadata: {name: a}\nstringData: {k: hush}\n"})
    flux.sync()
    assert flux.failed("BuildFailed") == ('failed to decode Kubernetes apiVersion, kind and name from: '
                                          '{"kind":"Secret","metadata":{"name":"a","namespace":"%s"}}' % ns)
    assert data(api, ns, "a") == {"x": "1"}


def test_immutable_fields_need_force(api, ns, repo, flux):
    def secret(value):
        return json.dumps({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "immutable": True, "stringData": {"k": value}})
    repo.commit({"s.json.yaml": secret("one")})
    flux.source().apply()
    flux.ready(repo.head())
    changed = repo.commit({"s.json.yaml": secret("two")})
    flux.sync()
    message = flux.failed("ReconciliationFailed")
    assert "field is immutable" in message and "b25l" not in message and "two" not in message
    api.patch(rig.KUSTOMIZATION, {"spec": {"force": True}}, ns, "app")
    flux.ready(changed)
    assert api.get(rig.SECRET, ns, "s")["data"] == {"k": "dHdv"}


def test_markers_on_objects(api, ns, repo, flux):
    def marked(name, key, value, **fields):
        return json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "data": fields, "metadata": {
            "name": name, "annotations": {f"kustomize.toolkit.fluxcd.io/{key}": value}}})
    first = {"once.yaml": marked("once", "ssa", "IfNotPresent", x="1"), "never.yaml": marked("never", "ssa", "Ignore", x="1"),
             "off.yaml": marked("off", "reconcile", "Disabled", x="1"), "merge.yaml": marked("merge", "ssa", "Merge", x="1")}
    repo.commit(first)
    flux.source().apply()
    ks = flux.ready(repo.head())
    assert data(api, ns, "once") == {"x": "1"} and data(api, ns, "merge") == {"x": "1"}
    assert data(api, ns, "never") is None and data(api, ns, "off") is None
    assert len(ks["status"]["inventory"]["entries"]) == 4
    repo.commit({"once.yaml": marked("once", "ssa", "IfNotPresent", x="2")})
    flux.sync()
    flux.ready(repo.head())
    assert data(api, ns, "once") == {"x": "1"}


@pytest.mark.parametrize("spec, field", [({"healthCheckExprs": [{"apiVersion": "v1", "kind": "ConfigMap", "current": "true"}]}, "spec.healthCheckExprs"),
                                         ({"dependsOn": [{"name": "x", "readyExpr": "true"}]}, "spec.dependsOn.readyExpr"),
                                         ({"decryption": {"provider": "sops"}}, "spec.decryption")])
def test_what_is_not_carried_out_yet_is_refused(api, ns, repo, flux, spec, field):
    repo.commit({"a.yaml": configmap("a", x="1")})
    flux.source().apply(**spec)
    assert flux.failed("UnsupportedFeature").startswith(f"{field} is not supported")
    assert data(api, ns, "a") is None
    assert rig.condition(flux.get(), "Stalled")["status"] == "True"


def test_history_counts_equal_outcomes(ns, repo, flux):
    repo.commit({"a.yaml": configmap("a", x="1")})
    flux.source().apply()
    before = flux.ready(repo.head())["status"]["history"]
    history = flux.again()["status"]["history"]
    assert len(history) == 1 and history[0]["lastReconciledStatus"] == "ReconciliationSucceeded"
    assert history[0]["totalReconciliations"] > before[0]["totalReconciliations"]
    assert history[0]["digest"].startswith("sha256:") and history[0]["metadata"]["revision"].endswith(repo.head())


def test_events_and_metrics(ns, repo, flux, controllers):
    repo.commit({"a.yaml": configmap("a", x="1")})
    flux.source().apply()
    flux.ready(repo.head())
    rig.wait_for(lambda: f"ConfigMap/{ns}/a created" in flux.events("Progressing"), 10, "the event of the apply")
    finished = rig.wait_for(lambda: flux.events("ReconciliationSucceeded"), 10, "the closing event")
    assert finished[0].startswith("Reconciliation finished in ") and finished[0].endswith("next run in 1h0m0s")
    metrics = controllers.kustomize.metrics()
    key = f'gotk_reconcile_duration_seconds_count{{kind="Kustomization",name="app",namespace="{ns}"}}'
    assert metrics[key] >= 1


def details(api, ns):
    """Events of the Kustomization as (type, reason, first line of the message, annotations without the group)."""
    found = [e for e in api.list(rig.EVENT, ns) if e["involvedObject"]["kind"] == "Kustomization"]
    return [(e["type"], e["reason"], e["message"].splitlines()[0],
             {k.rpartition("/")[2]: v for k, v in e["metadata"].get("annotations", {}).items()})
            for e in sorted(found, key=lambda e: int(e["metadata"]["resourceVersion"]))]


def test_the_end_of_a_kustomization_is_told_as_flux_tells_it(api, ns, repo, flux, controllers):
    repo.commit({"a.yaml": configmap("a", x="1"), "b.yaml": configmap("b", x="1")})
    flux.source().apply()
    flux.ready(repo.head())
    repo.commit({"b.yaml": None})
    flux.sync()
    flux.ready(repo.head())
    api.delete(rig.KUSTOMIZATION, ns, "app")
    rig.wait_for(lambda: flux.get() if api.find(rig.KUSTOMIZATION, ns, "app") else True, 20, "the Kustomization to go", until=lambda x: x is True)
    revision = f"main@sha1:{repo.head()}"
    told = rig.wait_for(lambda: details(api, ns)[-2:], 10, "the events of the end", until=lambda e: e[0][2] == f"ConfigMap/{ns}/a deleted")
    assert told[0][:2] == told[1][:2] == ("Normal", "ReconciliationSucceeded") and told[0][3] == {"revision": revision}
    assert told[1][2].startswith("Reconciliation finished in ") and told[1][3] == {"revision": revision, "commit_status": "update"}
    lines = controllers.kustomize.log_lines(namespace=ns, level="info")
    applied = [line for line in lines if line["msg"] == "server-side apply completed"]
    assert applied[0]["output"] == {f"ConfigMap/{ns}/a": "created", f"ConfigMap/{ns}/b": "created"} and applied[1]["revision"] == revision
    assert [line["msg"] for line in lines if "garbage" in line["msg"]] == [f"garbage collection completed: ConfigMap/{ns}/b deleted"]


def test_a_refused_end_is_one_event_a_try(api, ns, repo, flux):
    repo.commit({"a.yaml": configmap("a", x="1")})
    flux.source().apply()
    flux.ready(repo.head())
    api.request("PATCH", rig.KUSTOMIZATION.path(ns, "app") + "/status", {"status": {"inventory": {"entries": [
        {"id": f"{ns}_a__ConfigMap", "v": "v1"}, {"id": f"{ns}_x_nowhere.example.com_Thing", "v": "v1"}]}}}, "application/merge-patch+json")
    api.delete(rig.KUSTOMIZATION, ns, "app")
    told = rig.wait_for(lambda: [e for e in details(api, ns) if e[0] == "Warning"], 10, "the failure", until=bool)
    assert len(told) == 1 and told[0][1] == "ReconciliationSucceeded" and told[0][3] == {"revision": f"main@sha1:{repo.head()}"}
    assert told[0][2] == (f'pruning for deleted resource failed: delete failed, errors: Thing/{ns}/x query failed: '
                          'no matches for kind "Thing" in version "nowhere.example.com/v1";')
    assert data(api, ns, "a") is None
    api.patch(rig.KUSTOMIZATION, {"spec": {"deletionPolicy": "Orphan"}}, ns, "app")
    rig.wait_for(lambda: api.find(rig.KUSTOMIZATION, ns, "app") is None, 20, "the Kustomization to go")


def test_kubectl_get_shows_what_flux_shows(cp, ns, repo, flux):
    repo.commit({"a.yaml": configmap("a", x="1")})
    flux.source().apply()
    flux.ready(repo.head())
    lines = cp.kubectl("get", "kustomization", "-n", ns).splitlines()
    assert lines[0].split() == ["NAME", "AGE", "READY", "STATUS"]
    assert lines[1].split()[2:] == ["True", "Applied", "revision:", f"main@sha1:{repo.head()}"]


def test_build_prints_the_same_without_a_cluster(tmp_path):
    import subprocess
    (tmp_path / "kustomization.yaml").write_text(kustomization(resources=["a.yaml"], namePrefix="p-"))
    (tmp_path / "a.yaml").write_text(configmap("a", x="1"))
    done = subprocess.run([rig.binary("kustomize-controller"), "build", tmp_path], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == 'apiVersion: v1\ndata:\n  x: "1"\nkind: ConfigMap\nmetadata:\n  name: p-a\n'
    wrong = subprocess.run([rig.binary("kustomize-controller"), "build", tmp_path / "none"], capture_output=True, text=True)
    assert wrong.returncode == 1 and "none" in wrong.stderr
