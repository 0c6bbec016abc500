"""crds/ on a real API server: what it accepts, what it refuses and with which words, what it stores.

The objects are rows of tests/golden/crds, all of a kind in one test; a failing test lists every row that differs.
Messages are compared as users see them: field and text of the cause. test_crds_switch.py goes on from here.
"""
import json
import subprocess

import pytest

from crds import KINDS, NO_SHARD, blamed, contains, table
from flux import SEED
from rig import CRD, KUSTOMIZATION, ROOT, ApiError

WITH_STATUS = [kind for kind in KINDS if table(kind).status]
OLD = [(kind, version) for kind in KINDS for version in table(kind).versions[1:]]
each_kind = pytest.mark.parametrize("kind", KINDS)


def refusal(call, *args, **query):
    """(code, field, text) of the refusal, or None when the call succeeds."""
    try:
        call(*args, **query)
    except ApiError as e:
        return (e.code, *blamed(e))
    return None


@each_kind
def test_accepts(api, ns, kind):
    t, bad = table(kind), []
    for version, change in ((v, c) for v, rows in t.rows["accepted"].items() for c in rows):
        try:
            made = t.create(api, ns, version, "good", change, dryRun="All")
        except ApiError as e:
            bad.append((version, change, e.status["message"]))
            continue
        if not contains(made["spec"], t.spec(change)) or made.get("status") != t.fresh:
            bad.append((version, change, made))
    assert not bad, "\n".join(map(str, bad))
    assert len(t.rows["accepted"][t.versions[0]]) >= 10 and list(t.rows["accepted"]) == t.versions


@each_kind
def test_refuses(api, ns, kind):
    t, bad = table(kind), []
    for version, (change, field, text) in ((v, r) for v, rows in t.rows["refused"].items() for r in rows):
        got = refusal(t.create, api, ns, version, "bad", change, dryRun="All")
        code = 422 if field else 400  # unknown fields are found before any field is looked at
        if not got or got[:2] != (code, field) or text not in got[2]:
            bad.append((version, change, f"wanted {code} {field}: {text}", got))
    assert not bad, "\n".join(map(str, bad))
    assert len(t.rows["refused"][t.versions[0]]) >= 10 and list(t.rows["refused"]) == t.versions


@each_kind
def test_defaults(api, ns, kind):
    t = table(kind)
    assert t.create(api, ns, t.versions[0], "d", {}, dryRun="All")["spec"] == {**t.base, **t.rows["defaults"]}


def test_defaults_further_down(api, ns):
    def made(kind, **change):
        return table(kind).create(api, ns, table(kind).versions[0], "d", change, dryRun="All")["spec"]
    key = {"secretRef": {"name": "k"}}
    assert made("GitRepository", verify=key)["verify"] == {"mode": "HEAD", **key}
    assert made("OCIRepository", verify={})["verify"] == {"provider": "cosign"}
    assert made("HelmChart", verify={})["verify"] == {"provider": "cosign"}
    assert made("HelmRelease", uninstall={})["uninstall"] == {"deletionPropagation": "background"}
    vars_ = {"kind": "Secret", "name": "s"}
    assert made("Kustomization", postBuild={"substituteFrom": [vars_]})["postBuild"] == {
        "substituteFrom": [{**vars_, "optional": False}]}


@pytest.mark.parametrize("kind", WITH_STATUS)
def test_refuses_bad_status(api, ns, kind):
    t = table(kind)
    t.create(api, ns, t.versions[0], "bad-status", {})
    path = t.where.path(ns, "bad-status") + "/status"
    for change, field in t.rows["bad_status"]:
        with pytest.raises(ApiError) as refused:
            api.patch(path, {"status": change}, dryRun="All")
        assert field in [c["field"] for c in refused.value.status["details"]["causes"]], change
    assert api.patch(path, {"status": t.status})["status"] == {**(t.fresh or {}), **t.status}


@each_kind
def test_old_versions_warn(api, ns, kind):
    t = table(kind)
    for version in t.versions:
        warning = f"{version} {kind} is deprecated, upgrade to {t.versions[0]}"
        for call in (lambda at: t.create(api, ns, at, "w", {}, dryRun="All"),
                     lambda at: t.apply(api, ns, at, "w", {}, dryRun="All"),
                     lambda at: api.list(t.where.at(at), ns)):
            call(version)
            assert api.warnings == ([] if version == t.versions[0] else [warning])


@each_kind
def test_old_version_is_stored_whole(api, ns, kind):
    t = table(kind)
    for row, (version, change) in enumerate(t.rows["stored"]):
        t.create(api, ns, version, f"old-{row}", change)
        stored = api.get(t.where, ns, f"old-{row}")
        assert stored["apiVersion"] == t.where.version
        assert contains(stored["spec"], {**t.rows["defaults"], **t.spec(change)}), stored["spec"]


@each_kind
def test_old_version_applied_again_after_a_reconcile(api, ns, kind):
    """Server-side apply converts what it merged to every version that some manager has written in."""
    t = table(kind)
    for row, (version, change) in enumerate(t.rows["stored"]):
        name = f"old-{row}"
        t.apply(api, ns, version, name, change)
        before = t.control(api, ns, name)
        t.apply(api, ns, version, name, change)
        now = api.get(t.where, ns, name)
        assert contains(before["spec"], t.spec(change))
        assert now["metadata"]["generation"] == before["metadata"]["generation"] == 1
        assert now["metadata"]["finalizers"] == ["finalizers.fluxcd.io"]
        assert now["spec"] == before["spec"] and now.get("status") == t.status
        migrated = t.apply(api, ns, t.versions[0], name, {})  # the way out: the manifest without the fields takes them
        kept = {k: v for k, v in kept_defaults(api, t, ns, version).items() if k not in change}
        assert migrated["spec"] == {**t.base, **t.rows["defaults"], **kept}
        assert migrated.get("status") == t.status and migrated["metadata"]["generation"] == 2


def kept_defaults(api, t, ns, version):
    """What an old version defaults in the base: nobody owns that, so no apply takes it away."""
    made = t.create(api, ns, version, "d", {}, dryRun="All")["spec"]
    return {k: v for k, v in made.items() if k not in t.base}


@pytest.mark.parametrize("kind, version", [(k, v) for k, v in OLD if k in WITH_STATUS])
def test_write_through_old_version_keeps_the_status(api, ns, kind, version):
    """Without the inventory nothing would be pruned any more; without the digest no artifact could be fetched."""
    t = table(kind)
    t.create(api, ns, t.versions[0], "kept", {})
    t.control(api, ns, "kept")
    t.apply(api, ns, version, "kept", {})
    api.patch(t.where.at(version), {"metadata": {"labels": {"touched": "yes"}}}, ns, "kept")
    whole = api.get(t.where.at(version), ns, "kept")
    api.put(t.where.at(version), whole, ns, "kept")
    now = api.get(t.where, ns, "kept")
    assert now["metadata"]["labels"] == {**NO_SHARD, "touched": "yes"} and now["status"] == t.status


@pytest.mark.parametrize("kind, version", OLD)
def test_old_version_knows_every_field_of_the_stored_one(api, ns, kind, version):
    """Or server-side apply could not go on to a field that is new, and an old client would erase it."""
    t, bad = table(kind), []
    t.apply(api, ns, version, "old", {})
    t.control(api, ns, "old")
    for row, change in enumerate(t.rows["accepted"][t.versions[0]]):
        try:
            t.apply(api, ns, t.versions[0], "old", change, dryRun="All")
        except ApiError as e:
            bad.append((change, e.status["message"]))
        made = t.create(api, ns, t.versions[0], f"new-{row}", change)
        try:
            api.patch(t.where.at(version), {"metadata": {"labels": {"touched": "yes"}}}, ns, f"new-{row}")
        except ApiError as e:
            assert e.code == 422, e  # a value that the old version refuses: nothing is lost
        if not contains(now := api.get(t.where, ns, f"new-{row}")["spec"], made["spec"]):
            bad.append((change, made["spec"], now))
    assert not bad, "\n".join(map(str, bad))


@each_kind
def test_printer_columns(api, ns, kind):
    t = table(kind)
    t.create(api, ns, t.versions[0], "shown", {})
    t.control(api, ns, "shown")
    for version, columns in t.rows["columns"].items():
        row, = api.table(t.where.at(version), ns)
        assert list(row) == ["Name", *columns]
        assert {k: v for k, v in row.items() if columns.get(k)} == {k: v for k, v in columns.items() if v}
    assert list(t.rows["columns"]) == t.versions


@each_kind
def test_discovery(api, kind):
    t = table(kind)
    for version in t.versions:
        found = {r["name"]: r for r in api.get(f"/apis/{t.group}/{version}")["resources"]}
        one = found[t.where.plural]
        assert (one["kind"], one["singularName"], one["namespaced"]) == (kind, kind.lower(), True)
        assert one.get("shortNames", []) == ([t.rows["short"]] if "short" in t.rows else [])
        assert one["categories"] == t.rows["categories"]
        # Flux's v1beta3 has no status: what old clients write there goes nowhere.
        assert (f"{t.where.plural}/status" in found) == (bool(t.status) or version != t.versions[0])


@each_kind
def test_definition(api, kind):
    t = table(kind)
    crd = api.get(CRD, name=t.crd)
    spec, conditions = crd["spec"], {c["type"]: c["status"] for c in crd["status"]["conditions"]}
    assert spec["conversion"] == {"strategy": "None"} and spec["scope"] == "Namespaced"
    assert conditions.get("NonStructuralSchema", "False") == "False" and conditions["NamesAccepted"] == "True"
    versions = {v["name"]: (v["served"], v["storage"], v.get("deprecationWarning")) for v in spec["versions"]}
    stored, *old = t.versions
    assert versions == {stored: (True, True, None), **{
        v: (True, False, f"{v} {kind} is deprecated, upgrade to {stored}") for v in old}}
    # flux check and flux migrate read this list
    assert crd["status"]["storedVersions"] == [stored]


@pytest.mark.parametrize("how", ["-k", "-f"])
def test_folder_can_be_applied_both_ways(cp, how):
    done = cp.kubectl("apply", "--server-side", "--dry-run=server", "-o", "name", how, ROOT / "crds")
    assert sorted(done.split()) == sorted(
        f"customresourcedefinition.apiextensions.k8s.io/{table(kind).crd}" for kind in KINDS)


def undescribed(schema, path):
    """Paths of all fields below that kubectl explain would have nothing to say about."""
    for name, field in schema.get("properties", {}).items():
        if "description" not in field and f"{path}.{name}" != ".metadata":
            yield f"{path}.{name}"
        yield from undescribed(field, f"{path}.{name}")
    for inner in (schema.get("items"), schema.get("additionalProperties")):
        if isinstance(inner, dict):
            yield from undescribed(inner, path + "[]")


@each_kind
def test_every_field_is_described(api, kind):
    for version in api.get(CRD, name=table(kind).crd)["spec"]["versions"]:
        assert list(undescribed(version["schema"]["openAPIV3Schema"], "")) == []


def test_kubectl_gets_all_kinds_of_a_category(cp, api, ns):
    for kind in KINDS:
        table(kind).create(api, ns, table(kind).versions[0], "one", {})
    for category in ("fluxcd", "fluxcd-sources", "fluxcd-appliers", "fluxcd-notifications"):
        wanted = {f"{kind.lower()}.{table(kind).group}/one" for kind in KINDS
                  if category in table(kind).rows["categories"]}
        assert set(cp.kubectl("get", category, "-n", ns, "-o", "name").split()) == wanted


# --- the document users have ------------------------------------------------------------------------------------


def kubectl(cp, *args, stdin=None):
    """kubectl as admin with its exit code and stderr, which carries the warnings."""
    argv = [cp.assets / "kubectl", "--kubeconfig", cp.kubeconfig(), "--cache-dir", cp.dir / "kubectl", *args]
    return subprocess.run(argv, input=stdin, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.mark.parametrize("command", [("apply",), ("apply", "--server-side"), ("create", "--validate=strict")])
def test_seed_manifest_word_for_word(cp, command):
    done = kubectl(cp, *command, "--dry-run=server", "-f", "-", stdin=SEED)
    assert done.returncode == 0, done.stderr
    assert "kustomization.kustomize.toolkit.fluxcd.io/tekton-base" in done.stdout
    assert done.stderr.strip() == "Warning: v1beta1 Kustomization is deprecated, upgrade to v1"


def seed_in(ns):
    return SEED.replace("  namespace: flux-system", f"  namespace: {ns}\n  labels: {json.dumps(NO_SHARD)}", 1)


def test_seed_manifest_stored(cp, ns):
    cp.kubectl("apply", "-f", "-", stdin=seed_in(ns))
    stored = cp.api.get(KUSTOMIZATION, ns, "tekton-base")
    assert stored["spec"] == {"interval": "5m0s", "path": "./tekton-base", "prune": True, "force": False,
                              "sourceRef": {"kind": "GitRepository", "name": "flux-system"}, "validation": "client"}


def test_seed_manifest_applied_again_after_a_reconcile(cp, ns):
    t = table("Kustomization")
    for command in (("apply", "--server-side"), ("apply",)):
        cp.kubectl(*command, "-f", "-", stdin=seed_in(ns))
        before = t.control(cp.api, ns, "tekton-base")
        cp.kubectl(*command, "-f", "-", stdin=seed_in(ns))
        now = cp.api.get(KUSTOMIZATION, ns, "tekton-base")
        assert now["metadata"]["generation"] == before["metadata"]["generation"] == 1
        assert now["metadata"]["finalizers"] == ["finalizers.fluxcd.io"]
        assert now["spec"] == before["spec"] and now["spec"]["validation"] == "client" and now["status"] == t.status
