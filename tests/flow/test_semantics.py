"""What upstream's own tests of kustomize-controller check and no other flow here does: markers, pruning, stages, transformations."""
import json

import pytest
import rig
from flux import Flux, configmap, kustomization

KG = "kustomize.toolkit.fluxcd.io"
RBAC = "rbac.authorization.k8s.io/v1"
ROLE, BINDING = rig.Kind(RBAC, "roles", "Role"), rig.Kind(RBAC, "rolebindings", "RoleBinding")
POLICY = rig.Kind("admissionregistration.k8s.io/v1", "validatingadmissionpolicies", "ValidatingAdmissionPolicy")
POLICY_BINDING = rig.Kind("admissionregistration.k8s.io/v1", "validatingadmissionpolicybindings", "ValidatingAdmissionPolicyBinding")


@pytest.fixture
def flux(api, ns, repo, controllers):
    return Flux(api, ns, repo)


def data(api, ns, name):
    found = api.find(rig.CONFIGMAP, ns, name)
    return found and found.get("data")


def marked(name, how="annotations", markers=(), **fields):
    """A ConfigMap whose metadata carries markers: marked("a", markers={"ssa": "Merge"}, x="1")."""
    return json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "data": fields, "metadata": {
        "name": name, how: {f"{KG}/{k}": v for k, v in dict(markers).items()}}})


def ids(ks):
    return {e["id"].split("_")[1] for e in ks["status"].get("inventory", {}).get("entries", [])}


def commit(repo, flux, files):
    repo.commit(files)
    flux.sync()
    return flux.ready(repo.head())


# --- pruning ----------------------------------------------------------------------------------------------------------


def test_what_pruning_leaves_alone(api, ns, repo, flux):
    """Markers are read from the live object, ownership from its labels; all of it leaves the inventory."""
    names = {"kept": {"prune": "disabled"}, "off": {"reconcile": "disabled"}, "ignored": {"ssa": "Ignore"}, "once": {"ssa": "IfNotPresent"}, "taken": {}, "plain": {}}
    repo.commit({f"{n}.yaml": configmap(n, x="1") for n in names} | {"rest.yaml": configmap("rest", x="1")})
    flux.source().apply()
    flux.ready(repo.head())
    api.patch(rig.KUSTOMIZATION, {"spec": {"suspend": True}}, ns, "app")  # or what is taken would be taken back
    for name, markers in names.items():
        key = "labels" if name == "kept" else "annotations"
        api.patch(rig.CONFIGMAP, {"metadata": {key: {f"{KG}/{k}": v for k, v in markers.items()}}}, ns, name)
    api.patch(rig.CONFIGMAP, {"metadata": {"labels": {f"{KG}/name": "another"}}}, ns, "taken")
    repo.commit({f"{n}.yaml": None for n in names})
    flux.sync()
    rig.wait_for(lambda: rig.is_ready(api.get(rig.GITREPOSITORY, ns, "app"), repo.head()), 10, "the source's new revision")
    api.patch(rig.KUSTOMIZATION, {"spec": {"suspend": False}}, ns, "app")
    ks = flux.ready(repo.head())
    assert ids(ks) == {"rest"}
    assert {n for n in names if data(api, ns, n)} == {"kept", "off", "ignored", "taken"}
    event = rig.wait_for(lambda: [e for e in flux.events() if "deleted" in e], 10, "the event of the pruning")[0]
    assert set(event.splitlines()) == {f"ConfigMap/{ns}/{n} {'deleted' if n in ('once', 'plain') else 'skipped'}" for n in names}


def test_the_finalizer_leaves_the_same_alone(api, ns, repo, flux):
    names = {"kept": {"prune": "disabled"}, "ignored": {"ssa": "Ignore"}, "once": {"ssa": "IfNotPresent"}, "plain": {}}
    repo.commit({f"{n}.yaml": marked(n, markers=m if n != "ignored" else {}, x="1") for n, m in names.items()})
    flux.source().apply()
    flux.ready(repo.head())
    commit(repo, flux, {"ignored.yaml": marked("ignored", markers={"ssa": "Ignore"}, x="2")})
    assert data(api, ns, "ignored") == {"x": "1"}  # the manifest's marker counts for the apply
    api.patch(rig.CONFIGMAP, {"metadata": {"annotations": {f"{KG}/ssa": "Ignore"}}}, ns, "ignored")
    api.delete(rig.KUSTOMIZATION, ns, "app")
    rig.wait_for(lambda: api.find(rig.KUSTOMIZATION, ns, "app") is None, 20, "the Kustomization to go")
    assert {n for n in names if data(api, ns, n)} == {"kept", "ignored"}


def test_a_refused_deletion_is_tried_until_it_is_accepted(api, ns, repo, flux):
    repo.commit({n + ".yaml": configmap(n, x="1") for n in "abc"})
    flux.source().apply(retryInterval="1s")
    flux.ready(repo.head())
    api.post(POLICY, POLICY.object(ns, spec={
        "matchConstraints": {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": ns}},
                             "resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["DELETE"], "resources": ["configmaps"]}]},
        "validations": [{"expression": "oldObject.metadata.name != 'b'", "message": "b must stay"}]}))
    api.post(POLICY_BINDING, POLICY_BINDING.object(ns, spec={"policyName": ns, "validationActions": ["Deny"]}))

    def refused():
        try:
            api.delete(rig.CONFIGMAP, ns, "b", dryRun="All")
        except rig.ApiError:
            return True
    try:
        rig.wait_for(refused, 20, "the policy to be in force")
        repo.commit({"a.yaml": None, "b.yaml": None})
        flux.sync()
        message = flux.failed("PruneFailed")
        assert message.startswith(f"delete failed, errors: ConfigMap/{ns}/b delete failed: ") and "b must stay" in message
        assert ids(flux.get()) == {"b", "c"} and data(api, ns, "b") and not data(api, ns, "a")
    finally:
        api.delete(POLICY_BINDING, None, ns)
        api.delete(POLICY, None, ns)
    ks = flux.ready(repo.head())
    assert ids(ks) == {"c"} and not data(api, ns, "b")


def test_an_empty_build_prunes_all_and_objects_can_come_back(api, ns, repo, flux):
    repo.commit({"app/a.yaml": configmap("a", x="1"), "app/b.yaml": configmap("b", x="1")})
    flux.source().apply(path="./app")
    flux.ready(repo.head())
    api.patch(rig.CONFIGMAP, {"metadata": {"finalizers": ["example.com/wait"]}}, ns, "b")
    ks = commit(repo, flux, {"app/a.yaml": None, "app/b.yaml": None, "app/README": "none"})
    assert ids(ks) == set() and not data(api, ns, "a")
    assert api.get(rig.CONFIGMAP, ns, "b")["metadata"]["deletionTimestamp"]  # its own finalizer is not our matter
    api.patch(rig.CONFIGMAP, {"metadata": {"finalizers": None}}, ns, "b")
    ks = commit(repo, flux, {"app/a.yaml": configmap("a", x="2")})
    assert ids(ks) == {"a"} and data(api, ns, "a") == {"x": "2"}
    ks = commit(repo, flux, {"app/a.yaml": configmap("renamed", x="2")})
    assert ids(ks) == {"renamed"} and not data(api, ns, "a")


# --- markers ----------------------------------------------------------------------------------------------------------


def test_reconcile_disabled_on_the_object_stops_the_correction(api, ns, repo, flux):
    repo.commit({"a.yaml": configmap("a", x="1")})
    flux.source().apply()
    flux.ready(repo.head())
    api.patch(rig.CONFIGMAP, {"data": {"x": "edited"}, "metadata": {"labels": {f"{KG}/reconcile": "Disabled"}}}, ns, "a")
    flux.again()
    assert data(api, ns, "a") == {"x": "edited"}
    api.patch(rig.CONFIGMAP, {"metadata": {"labels": {f"{KG}/reconcile": None}}}, ns, "a")
    flux.again_until(lambda: data(api, ns, "a"), {"x": "1"})


def test_ssa_merge_leaves_the_fields_of_kubectl(cp, api, ns, repo, flux):
    repo.commit({"a.yaml": marked("a", markers={"ssa": "merge"}, x="1"), "b.yaml": marked("b", x="1")})
    flux.source().apply()
    flux.ready(repo.head())
    for name in "ab":
        cp.kubectl("-n", ns, "patch", "configmap", name, "--type=merge", "-p", '{"data":{"mine":"1","x":"edited"}}')
    flux.again_until(lambda: (data(api, ns, "a"), data(api, ns, "b")), ({"x": "1", "mine": "1"}, {"x": "1"}))


def test_force_may_be_asked_for_by_one_object(api, ns, repo, flux):
    def fixed(name, value, **markers):
        return json.dumps({**json.loads(marked(name, markers=markers, x=value)), "immutable": True})
    repo.commit({"a.yaml": fixed("a", "1", force="enabled"), "b.yaml": configmap("b", x="1")})
    flux.source().apply()
    flux.ready(repo.head())
    before = api.get(rig.CONFIGMAP, ns, "a")["metadata"]["uid"]
    commit(repo, flux, {"a.yaml": fixed("a", "2", force="Enabled")})
    found = api.get(rig.CONFIGMAP, ns, "a")
    assert found["data"] == {"x": "2"} and found["metadata"]["uid"] != before


def test_fields_of_managers_to_override_are_removed(api, ns, repo, private):
    private.source()
    private.kustomize("--override-manager=bad", "--override-manager=worse")
    flux = Flux(api, ns, repo, private.labels)
    repo.commit({"a.yaml": configmap("a", x="1")})
    flux.source().apply()
    flux.ready(repo.head())
    for manager, field in (("bad-one", "bad"), ("good", "good")):
        api.patch(rig.CONFIGMAP, {"data": {field: "1"}}, ns, "a", fieldManager=manager)
    api.patch(rig.CONFIGMAP, rig.CONFIGMAP.object("a", ns, data={"worse": "1"}), ns, "a", how="apply", fieldManager="worse")
    flux.again_until(lambda: data(api, ns, "a"), {"x": "1", "good": "1"})


# --- stages -----------------------------------------------------------------------------------------------------------


def test_a_restricted_account_needs_a_stage_for_roles(api, ns, repo, private):
    private.source()
    flux = Flux(api, ns, repo, private.labels)
    api.create(rig.SERVICEACCOUNT, ns, "tenant")
    rules = [{"apiGroups": ["rbac.authorization.k8s.io"], "resources": ["roles", "rolebindings"],
              "verbs": ["create", "update", "delete", "get", "list", "watch", "patch"]},
             {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]}]
    api.create(ROLE, ns, "tenant", rules=rules)
    api.create(BINDING, ns, "tenant", roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "tenant"},
               subjects=[{"kind": "ServiceAccount", "name": "tenant", "namespace": ns}])
    objects = [ROLE.object("reader", rules=rules[1:]),
               BINDING.object("reader", roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"},
                              subjects=[{"kind": "ServiceAccount", "name": "default", "namespace": ns}])]
    repo.commit({"all.yaml": "\n---\n".join(map(json.dumps, objects))})
    first = private.kustomize()
    flux.source().apply(serviceAccountName="tenant", retryInterval="1s")
    assert flux.failed("ReconciliationFailed") == f'RoleBinding/{ns}/reader not found: rolebindings.rbac.authorization.k8s.io "reader" not found'
    private.stop(first)
    private.kustomize("--custom-apply-stage-kinds=Service, rbac.authorization.k8s.io/Role")
    flux.ready(repo.head())
    assert api.get(BINDING, ns, "reader")


def test_another_version_of_a_kind_is_found(api, ns, repo, flux):
    group = f"{ns.replace('-', '')}.example.com"

    def definition(*versions):
        anything = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
        return json.dumps(rig.CRD.object(f"widgets.{group}", spec={
            "group": group, "scope": "Namespaced", "names": {"plural": "widgets", "kind": "Widget"},
            "versions": [{"name": v, "served": True, "storage": v == versions[0], "schema": anything} for v in versions]}))
    widget = lambda version: json.dumps(rig.Kind(f"{group}/{version}", "widgets", "Widget").object("w", spec={"size": 1}))
    repo.commit({"crd.yaml": definition("v1"), "w.yaml": widget("v1")})
    flux.source().apply(wait=True)
    before = api.get(rig.Kind(f"{group}/v1", "widgets", "Widget"), flux.ready(repo.head()) and ns, "w")["metadata"]["uid"]
    ks = commit(repo, flux, {"crd.yaml": definition("v1", "v2"), "w.yaml": widget("v2")})
    assert {"id": f"{ns}_w_{group}_Widget", "v": "v2"} in ks["status"]["inventory"]["entries"]
    assert api.get(rig.Kind(f"{group}/v1", "widgets", "Widget"), ns, "w")["metadata"]["uid"] == before  # not pruned: same id


# --- the build --------------------------------------------------------------------------------------------------------


def test_common_metadata_and_names_may_change(api, ns, repo, flux):
    repo.commit({"a.yaml": configmap("a", x="1")})
    flux.source().apply(commonMetadata={"labels": {"l": "1"}, "annotations": {"n": "1"}}, namePrefix="p-", nameSuffix="-s")
    flux.ready(repo.head())
    found = api.get(rig.CONFIGMAP, ns, "p-a-s")["metadata"]
    assert found["labels"]["l"] == "1" and found["annotations"] == {"n": "1"}
    api.patch(rig.KUSTOMIZATION, {"spec": {"commonMetadata": None, "buildMetadata": ["originAnnotations"], "nameSuffix": "-t"}}, ns, "app")
    ks = flux.ready(repo.head())
    found = api.get(rig.CONFIGMAP, ns, "p-a-t")["metadata"]
    assert "l" not in found["labels"] and found["annotations"] == {"config.kubernetes.io/origin": "path: a.yaml\n"}
    assert ids(ks) == {"p-a-t"} and not data(api, ns, "p-a-s")
    api.patch(rig.KUSTOMIZATION, {"spec": {"buildMetadata": None}}, ns, "app")
    flux.ready(repo.head())
    assert "annotations" not in api.get(rig.CONFIGMAP, ns, "p-a-t")["metadata"]


def test_metadata_that_yaml_takes_for_something_else(api, ns, repo, controllers, flux):
    """What is no text, Flux's accessors do not see: labels go, and an object without a name is left out, unseen there and logged here."""
    manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata: {}\n"
    metadata = {"five": "{name: 5}", "yes": "{name: true}", "labels": "{name: labels, labels: {a: 5, b: c}}", "list": "{name: list, labels: [x]}",
                "text": "{name: text, labels: x}", "annotated": "{name: annotated, annotations: {a: true}}", "placed": "{name: placed, namespace: 5}"}
    repo.commit({f"{name}.yaml": manifest.format(text) for name, text in metadata.items()})
    flux.source().apply(commonMetadata={"annotations": {"n": "1"}})
    assert ids(flux.ready(repo.head())) == {"labels", "list", "text", "annotated", "placed"}
    owner = {f"{KG}/name": "app", f"{KG}/namespace": ns}
    for name in ("labels", "list", "text", "annotated", "placed"):
        found = api.get(rig.CONFIGMAP, ns, name)["metadata"]
        assert found["labels"] == owner
        assert found["annotations"] == ({"a": "true", "n": "1"} if name == "annotated" else {"n": "1"}), "kustomize makes text of annotations"
    log = [json.loads(line) for line in controllers.kustomize.log().splitlines() if ns in line and "left out" in line]
    assert {entry["object"] for entry in log} >= {"ConfigMap/5", "ConfigMap/true", f"ConfigMap/{ns}/list"}


def test_components(api, ns, repo, flux):
    component = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nlabels: [{pairs: {from: component}}]\n"
    repo.commit({"app/a.yaml": configmap("a", x="1"), "extra/kustomization.yaml": component})
    flux.source().apply(path="./app", components=["../extra", "../absent"], ignoreMissingComponents=True)
    flux.ready(repo.head())
    assert api.get(rig.CONFIGMAP, ns, "a")["metadata"]["labels"]["from"] == "component"
    api.patch(rig.KUSTOMIZATION, {"spec": {"ignoreMissingComponents": False}}, ns, "app")
    assert "absent" in flux.failed("BuildFailed")
    api.patch(rig.KUSTOMIZATION, {"spec": {"components": ["https://example.com/x"]}}, ns, "app")
    assert "component path 'https://example.com/x' must be local and relative" in flux.failed("BuildFailed", "must be local")


@pytest.mark.parametrize("together", [True, False])
def test_several_objects_may_be_patched_away(api, ns, repo, flux, together):
    gone = [f"$patch: delete\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {n}\n" for n in "ab"]
    repo.commit({n + ".yaml": configmap(n, x="1") for n in "abc"})
    flux.source().apply(patches=[{"patch": "---\n".join(gone)}] if together else [{"patch": p} for p in gone])
    assert ids(flux.ready(repo.head())) == {"c"}


def test_numbers_and_booleans_keep_their_types(api, ns, repo, flux):
    service = "apiVersion: v1\nkind: Service\nmetadata:\n  name: s\nspec:\n  publishNotReadyAddresses: ${flag}\n  ports:\n  - port: ${port}\n  selector: {app: x}\n"
    repo.commit({"s.yaml": service, "a.yaml": configmap("a", plain="$${x}", twice="${port}/${port}")})
    flux.source().apply(postBuild={"substitute": {"port": "8080", "flag": "true"}})
    flux.ready(repo.head())
    found = api.get(rig.Kind("v1", "services", "Service"), ns, "s")
    assert found["spec"]["ports"][0]["port"] == 8080 and found["spec"]["publishNotReadyAddresses"] is True
    assert data(api, ns, "a") == {"plain": "${x}", "twice": "8080/8080"}


def test_without_variables_only_the_strategy_always_substitutes(api, ns, repo, flux):
    repo.commit({"a.yaml": configmap("a", x="${x:=default}")})
    flux.source().apply(postBuild={"substituteStrategy": "WithVariables"})
    flux.ready(repo.head())
    assert data(api, ns, "a") == {"x": "${x:=default}"}
    api.patch(rig.KUSTOMIZATION, {"spec": {"postBuild": {"substituteStrategy": "Always"}}}, ns, "app")
    flux.ready(repo.head())
    assert data(api, ns, "a") == {"x": "default"}


def test_a_kustomization_may_go_before_it_ever_ran(api, ns, repo, flux):
    api.create(rig.KUSTOMIZATION, ns, "app", spec={"interval": "60m", "prune": True, "suspend": True, "sourceRef": {"kind": "GitRepository", "name": "app"}})
    api.delete(rig.KUSTOMIZATION, ns, "app")
    rig.wait_for(lambda: api.find(rig.KUSTOMIZATION, ns, "app") is None, 10, "the Kustomization to go")
