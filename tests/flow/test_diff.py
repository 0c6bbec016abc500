"""kustomize-controller diff: what a local folder would change on the cluster, told without changing anything."""
import base64
import json
import subprocess

import pytest
import rig
from flux import Flux, configmap

pytestmark = pytest.mark.usefixtures("controllers")


@pytest.fixture
def flux(api, ns, repo):
    return Flux(api, ns, repo)


@pytest.fixture
def diff(cp, ns, tmp_path):
    """diff({"a.yaml": text}, "--flag") writes the files into a folder and returns exit code, stdout and stderr."""
    config = cp.kubeconfig(path=tmp_path / "kubeconfig")
    folder = tmp_path / "local"

    def run(files, *args, name="app", path=folder):
        for file, text in files.items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(text)
        done = subprocess.run([rig.binary("kustomize-controller"), "diff", name, "-n", ns, "--path", str(path), "--kubeconfig", str(config), *args],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
        return done.returncode, done.stdout, done.stderr
    return run


def secret(name, **data):
    return json.dumps({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": data})


def test_what_would_change_is_told_and_nothing_changes(api, ns, repo, flux, diff):
    files = {"a.yaml": configmap("a", x="1", keep="y"), "b.yaml": configmap("b", x="1"), "c.yaml": configmap("c", x="${who}")}
    repo.commit(files)
    flux.source().apply(postBuild={"substitute": {"who": "me"}}, commonMetadata={"labels": {"team": "t"}})
    flux.ready(repo.head())
    assert diff(files) == (0, "", "")
    code, out, err = diff({"a.yaml": configmap("a", x="2", keep="y"), "b.yaml": "", "new.yaml": configmap("new", x="1")})
    assert (code, err) == (1, "")
    assert out.splitlines()[:3] == [f"► ConfigMap/{ns}/a drifted", "--- live", "+++ merged"]
    assert out.endswith(f"► ConfigMap/{ns}/new created\n► ConfigMap/{ns}/b deleted\n")
    changed = [line for line in out.splitlines() if line[:1] in "+-" and line[:3] not in ("---", "+++")]
    assert changed == ['-  x: "1"', '+  x: "2"'] and "managedFields" not in out
    assert api.get(rig.CONFIGMAP, ns, "a")["data"]["x"] == "1" and not api.find(rig.CONFIGMAP, ns, "new")
    # what was changed on the cluster is drift too
    api.patch(rig.KUSTOMIZATION, {"spec": {"suspend": True}}, ns, "app")  # or it would be put back at once
    api.patch(rig.CONFIGMAP, {"data": {"x": "edited"}}, ns, "c")
    code, out, err = diff({"a.yaml": files["a.yaml"], "b.yaml": files["b.yaml"], "new.yaml": ""})
    assert code == 1 and "-  x: edited\n+  x: me\n" in out


def test_secrets_show_no_values(api, ns, repo, flux, diff):
    repo.commit({"s.yaml": secret("s", same="canary-1", changed="canary-2", gone="canary-3")})
    flux.source().apply()
    flux.ready(repo.head())
    code, out, err = diff({"s.yaml": secret("s", same="canary-1", changed="canary-4", added="canary-5")})
    assert (code, err) == (1, "")
    lines = [line for line in out.splitlines() if "***" in line]
    assert sorted(lines) == sorted(["+  added: '***'", "-  changed: '*** (before)'", "-  gone: '***'", "+  changed: '*** (after)'", "   same: '***'"])
    encoded = [base64.b64encode(f"canary-{i}".encode()).decode() for i in range(1, 6)]
    assert not any(text in out for text in ["canary", *encoded])


def test_encrypted_secrets_are_compared_by_their_keys(api, ns, repo, flux, diff):
    encrypted = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"key": "ENC[AES256_GCM,data:x]"}, "sops": {"mac": "ENC[x]"}}
    repo.commit({"s.yaml": secret("s", key="plain")})
    flux.source().apply()
    flux.ready(repo.head())
    assert diff({"s.yaml": json.dumps(encrypted)}) == (0, "", "")
    encrypted["stringData"]["more"] = "ENC[AES256_GCM,data:y]"
    code, out, err = diff({"s.yaml": json.dumps(encrypted)})
    assert code == 1 and "+  more: '***'" in out and "ENC[" not in out


def test_markers_ignore_rules_and_recreation(api, ns, repo, flux, diff):
    def marked(name, value):
        return json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "data": {"x": value}, "metadata": {
            "name": name, "annotations": {"kustomize.toolkit.fluxcd.io/ssa": "IfNotPresent"}}})
    fixed = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "fixed"}, "immutable": True, "data": {"x": "1"}}
    files = {"once.yaml": marked("once", "1"), "a.yaml": configmap("a", x="1", theirs="1"), "fixed.yaml": json.dumps(fixed)}
    repo.commit(files)
    flux.source().apply(ignore=[{"paths": ["/data/theirs"]}], force=True)
    flux.ready(repo.head())
    assert diff({**files, "a.yaml": configmap("a", x="1", theirs="2")}) == (0, f"► ConfigMap/{ns}/once skipped\n", "")
    uid = api.get(rig.CONFIGMAP, ns, "fixed")["metadata"]["uid"]
    fixed["data"]["x"] = "2"
    code, out, err = diff({"fixed.yaml": json.dumps(fixed)})
    assert code == 1 and f"► ConfigMap/{ns}/fixed created" in out
    assert api.get(rig.CONFIGMAP, ns, "fixed")["metadata"]["uid"] == uid
    api.patch(rig.KUSTOMIZATION, {"spec": {"force": False}}, ns, "app")
    code, out, err = diff({})
    assert code == 2 and f"ConfigMap/{ns}/fixed dry-run failed (Invalid): " in err and "field is immutable" in err


def test_a_kustomization_that_is_only_a_file(ns, tmp_path, diff):
    group = f"{ns.replace('-', '')}.example.com"
    crd = rig.CRD.object(f"widgets.{group}", spec={
        "group": group, "scope": "Namespaced", "names": {"plural": "widgets", "kind": "Widget"},
        "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}]})
    objects = (crd, rig.NAMESPACE.object(f"{ns}-made"), rig.Kind(f"{group}/v1", "widgets", "Widget").object("w", ns),
               rig.CONFIGMAP.object("a", f"{ns}-made"))
    file = tmp_path / "kustomizations.yaml"
    file.write_text("\n---\n".join(json.dumps(rig.KUSTOMIZATION.object(name, spec={
        "interval": "1m", "prune": True, "sourceRef": {"kind": "GitRepository", "name": "x"}, "nameSuffix": f"-{name}"})) for name in ("one", "two")))
    files = {"all.yaml": "\n---\n".join(map(json.dumps, objects))}
    code, out, err = diff(files, "--kustomization-file", str(file), name="two")
    assert code == 2 and "failed to get kustomization object: " in err
    code, out, err = diff(files, "--kustomization-file", str(file), "--ignore-not-found", name="two")
    assert (code, err) == (1, "")
    assert sorted(out.splitlines()) == sorted(["► " + s + " created" for s in (
        f"CustomResourceDefinition/widgets.{group}", f"Namespace/{ns}-made", f"Widget/{ns}/w-two", f"ConfigMap/{ns}-made/a-two")])
    code, out, err = diff(files, "--kustomization-file", str(file), "--ignore-not-found", name="three")
    assert code == 2 and "failed find kustomization with name 'three' in file" in err


def test_errors_are_told_with_the_rest(api, ns, repo, flux, diff, tmp_path):
    repo.commit({"a.yaml": configmap("a", x="1")})
    flux.source().apply()
    flux.ready(repo.head())
    broken = json.dumps({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": {"ports": [{"port": 0}]}})
    code, out, err = diff({"a.yaml": configmap("a", x="2"), "s.yaml": broken})
    assert code == 2 and f"► ConfigMap/{ns}/a drifted" in out and f"Service/{ns}/s dry-run failed (Invalid): " in err
    assert diff({}, path=tmp_path / "absent")[::2] == (2, f'kustomize-controller: invalid resource path "{tmp_path}/absent"\n')
    code, out, err = diff({"s.yaml": "a: [\n"})
    assert code == 2 and "s.yaml" in err
    assert diff({}, name="absent")[0] == 2


def test_kustomizations_among_the_objects(api, ns, repo, flux, diff, tmp_path):
    """--recursive compares them from the folders that --local-sources names; one that leads back to itself is met once."""
    def child(name, **spec):
        return json.dumps(rig.KUSTOMIZATION.object(name, ns, spec={
            "interval": "60m", "prune": True, "path": f"./{name}", "targetNamespace": ns, "sourceRef": {"kind": "GitRepository", "name": "app"}, **spec}))
    back = child("app", path="./top", prune=False)
    files = {"top/child.yaml": child("child"), "child/a.yaml": configmap("a", x="1"), "child/b.yaml": configmap("b", x="1"), "child/back.yaml": back}
    repo.commit(files)
    flux.source().apply(path="./top", prune=False)
    flux.ready(repo.head())
    flux.ready(repo.head(), "child")
    local, top = tmp_path / "local", tmp_path / "local/top"
    sources = f"--local-sources=OCIRepository/x/y=./z,GitRepository/{ns}/app={local}"
    assert diff(files, "--recursive", sources, path=top) == (0, "", "")
    changed = {"child/a.yaml": configmap("a", x="2"), "child/b.yaml": ""}
    assert diff(changed, path=top) == (0, "", ""), "without the flag, children are nobody's business"
    code, out, err = diff({}, "-r", sources, path=top)
    assert (code, err) == (1, "")
    assert out.startswith(f"📁 Kustomization/{ns}/child changed\n► ConfigMap/{ns}/a drifted\n--- live\n") and out.endswith(f"► ConfigMap/{ns}/b deleted\n")
    code, out, err = diff({}, "-r", path=top)
    assert (code, out) == (2, "") and f"cannot get local path for GitRepository/{ns}/app of kustomization child" in err
    assert diff({}, "-r", "--local-sources=here", path=top)[::2] == (
        2, "kustomize-controller: --local-sources: here must be formatted as Kind/namespace/name=path\n")
    # one of another cluster, and one that is not there yet
    code, out, err = diff({"child/far.yaml": child("far", kubeConfig={"secretRef": {"name": "far"}})}, "-r", sources, path=top)
    assert code == 1 and f"► Kustomization/{ns}/far created\n" in out
    api.create(rig.KUSTOMIZATION, ns, "far", spec={**json.loads(child("far"))["spec"], "suspend": True})
    code, out, err = diff({}, "-r", sources, path=top)
    assert f"⚠️ Kustomization/{ns}/far skipped: diff not supported for remote clusters\n" in out
