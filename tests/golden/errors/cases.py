"""Broken inputs, one row each: what a user commits or declares, and what the message must name.

A row: the files of the repository (or `artifact`, made by hand), the spec of the Kustomization or of the GitRepository,
objects that exist before (`first`), and `parts`: object, file, line, field and cause, as far as there are such. NS stands for
the test's namespace. tests/flow/test_errors.py runs the rows; gotk.json and flux.json hold what each of the two says;
tests/flow/errors.md shows them side by side.
"""
import gzip
import io
import json
import tarfile
from typing import NamedTuple


class Case(NamedTuple):
    name: str
    parts: tuple               # what the message must hold
    files: dict = {}
    spec: dict = {}            # of the Kustomization
    source: dict = {}          # of the GitRepository; then it is the one that fails
    first: tuple = ()          # (kind's plural path, object) made before
    artifact: object = None    # makes one instead of the repository's
    reason: str = "BuildFailed"


def config(name="a", text="  k: v\n"):
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n{text}"


def kustomization(**fields):
    head = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
    return head + "".join(f"{k}: {json.dumps(v)}\n" for k, v in fields.items())


def overlay(files=(), **fields):
    """A ConfigMap "a" in a.yaml and a kustomization.yaml that uses it."""
    return {"a.yaml": config(), "kustomization.yaml": kustomization(**{"resources": ["a.yaml"], **fields}), **dict(files)}


def archive(*members, content=b""):
    """A tar.gz: members are (name, type or None, target of a link or content)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, kind, value in members:
            info = tarfile.TarInfo(name)
            if kind:
                info.type, info.linkname = kind, value
                tar.addfile(info)
            else:
                info.size = len(value)
                tar.addfile(info, io.BytesIO(value))
    return out.getvalue()


def bomb(levels=9):
    rows = ["a0: &a0 [x,x,x,x,x,x,x,x,x]"] + [f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]" for i in range(1, levels)]
    return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n" + "\n".join(rows) + "\n"


def zeros(mebibytes):
    """Gzip of as many MiB of zeros, in the shape of a tar whose first member is that large."""
    info = tarfile.TarInfo("big")
    info.size = mebibytes << 20
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=1) as packed:
        packed.write(info.tobuf())
        for _ in range(mebibytes):
            packed.write(b"\0" * (1 << 20))
    return out.getvalue()


def service(port):
    return json.dumps({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
                       "spec": {"ports": [{"port": port}]}})


def deployment(**spec):
    return json.dumps({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {
        "selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": {"a": "b"}}, "spec": {
            "containers": [{"name": "c", "image": "i"}]}}, **spec}})


POLICY = ("/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies", {
    "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy", "metadata": {"name": "NS"},
    "spec": {"failurePolicy": "Fail", "matchConstraints": {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "NS"}},
        "resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}]},
        "validations": [{"expression": "object.metadata.name != 'a'", "message": "no ConfigMap may be called a",
                         "reason": "Forbidden"}]}})
BINDING = ("/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings", {
    "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding", "metadata": {"name": "NS"},
    "spec": {"policyName": "NS", "validationActions": ["Deny"]}})


def secret(name, **data):
    return ("/api/v1/namespaces/NS/secrets", {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name},
                                              "data": data})


APPLY, FETCH, GIT = "ReconciliationFailed", "ArtifactFailed", "GitOperationFailed"

CASES = [
    # --- YAML ---------------------------------------------------------------------------------------------------------
    Case("a list that is never closed", ("a.yaml", "line 6", "did not find expected"),
         {"a.yaml": config(text="  k: [a, b\n  l: v\n")}),
    Case("a tab as indentation", ("a.yaml", "line 6", "cannot start any token"), {"a.yaml": config(text="\tk: v\n")}),
    Case("a key twice", ("a.yaml", "line 7", '"k"', "already defined"), {"a.yaml": config(text="  k: v\n  k: w\n")}),
    Case("a colon too many", ("a.yaml", "line 6", "mapping values are not allowed"), {"a.yaml": config(text="  k: v: w\n")}),
    Case("the second document is broken", ("a.yaml", "line 10", "end of stream"),
         {"a.yaml": config() + "---\nkind: ConfigMap\nmetadata:\n  name: 'b\n"}),
    Case("an anchor that is not there", ("a.yaml", "nothing"), {"a.yaml": config(text="  k: *nothing\n")}),
    Case("bytes that are no UTF-8", ("a.yaml", "UTF-8"), {"a.yaml": config().encode() + b"  b: \xff\xfe\n"}),
    Case("a control character", ("a.yaml", "control characters"), {"a.yaml": config(text="  k: a\x01b\n")}),
    Case("aliases that multiply", ("a.yaml", "excessive aliasing"), {"a.yaml": bomb()}),
    Case("a list where an object is expected", ("a.yaml",), {"a.yaml": "- apiVersion: v1\n  kind: ConfigMap\n"}),
    Case("plain text", ("a.yaml",), {"a.yaml": "hello\n"}),
    Case("no kind", ("a.yaml:1", "missing kind", "{a }"), {"a.yaml": "apiVersion: v1\nmetadata: {name: a}\n"}),
    Case("no apiVersion", ("apiVersion", '"kind":"ConfigMap"', '"name":"a"'), {"a.yaml": "kind: ConfigMap\nmetadata: {name: a}\n"}),
    Case("no name", ("a.yaml", "metadata.name", "ConfigMap"), {"a.yaml": "apiVersion: v1\nkind: ConfigMap\n"}),
    # --- kustomization.yaml -------------------------------------------------------------------------------------------
    Case("a text where a list is expected", ("kustomization.yaml", "resources"), overlay(resources="a.yaml")),
    Case("broken YAML in kustomization.yaml", ("kustomization.yaml", "line 3"),
         {"kustomization.yaml": kustomization() + "resources: [a\n"}),
    Case("a missing resource", ("missing.yaml", "no such file"), overlay(resources=["missing.yaml"])),
    Case("a resource named twice", ("ConfigMap", "a", "already registered"), overlay(resources=["a.yaml", "b.yaml"],
                                                                                  files={"b.yaml": config()})),
    Case("two kustomization files", ("kustomization.yaml", "kustomization.yml"),
         overlay({"kustomization.yml": kustomization()})),
    Case("bases in a circle", ("b0", "b1", "cycle"), overlay(resources=["b0"], files={
        "b0/kustomization.yaml": kustomization(resources=["../b1"]), "b1/kustomization.yaml": kustomization(resources=["../b0"])})),
    Case("a base out of the tree", ("../../../../etc", "etc"), overlay(resources=["../../../../etc"])),
    Case("a base without a kustomization", ("base", "kustomization.yaml"), overlay(resources=["base"], files={"base/x": ""})),
    Case("a component that is none", ("comp", "Component"), overlay(
        components=["comp"], files={"comp/kustomization.yaml": kustomization(namePrefix="x-")})),
    Case("a generator that runs a program", ("generator", "'Gen'", "external plugins disabled"), overlay(generators=["gen.yaml"], files={
        "gen.yaml": "apiVersion: x.example.com/v1\nkind: Gen\nmetadata:\n  name: g\n  annotations:\n"
                    "    config.kubernetes.io/function: |\n      exec:\n        path: ./run\n"})),
    Case("a file of the node", ("file:///etc/passwd",), overlay(resources=["file:///etc/passwd"])),
    Case("a remote resource that is not there", ("http://", "404"), overlay(resources=["WEB/files/none.yaml"])),
    # --- patches and transformers -------------------------------------------------------------------------------------
    Case("a patch file that is missing", ("p.yaml",), overlay(patches=[{"path": "p.yaml"}])),
    Case("a patch that is no YAML", ("patch",), overlay(patches=[{"patch": "a: b: c"}])),
    Case("a patch for nothing", ("ConfigMap", "other"), overlay(patches=[{"patch": config("other")}])),
    Case("a JSON patch that removes what is not there", ("/data/none", "ConfigMap", "a"),
         overlay(patches=[{"target": {"kind": "ConfigMap"}, "patch": "- op: remove\n  path: /data/none\n"}])),
    Case("a JSON patch with an unknown operation", ("push",),
         overlay(patches=[{"target": {"kind": "ConfigMap"}, "patch": "- op: push\n  path: /data/k\n  value: v\n"}])),
    Case("a JSON patch without a target", ("target",), overlay(patches=[{"patch": "- op: remove\n  path: /data/k\n"}])),
    Case("a patch in the spec for nothing", ("Deployment", "web"), {"a.yaml": config()},
         spec={"patches": [{"patch": "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n"}]}),
    Case("a replacement without its source", ("Secret", "none", "data.k", "nothing selected"), overlay(replacements=[
        {"source": {"kind": "Secret", "name": "none", "fieldPath": "data.k"},
         "targets": [{"select": {"kind": "ConfigMap"}, "fieldPaths": ["data.k"]}]}])),
    Case("a replacement into a field that is not there", ("data.none", "ConfigMap", "a"), overlay(replacements=[
        {"source": {"kind": "ConfigMap", "name": "a", "fieldPath": "data.k"},
         "targets": [{"select": {"kind": "ConfigMap"}, "fieldPaths": ["data.none"]}]}])),
    Case("a literal without a value", ("configMapGenerator 'g'", "kustomization.yaml:4", "expected key=value"), overlay(configMapGenerator=[
        {"name": "g", "literals": ["broken"]}])),
    Case("a generator's file that is missing", ("none.txt", "configMapGenerator"), overlay(configMapGenerator=[
        {"name": "g", "files": ["none.txt"]}])),
    Case("an env file with a broken line", ("ConfigMap/NS/g", "1 x", "valid config key"), overlay(
        {"e.env": "A=b\n1 x=c\n"}, configMapGenerator=[{"name": "g", "envs": ["e.env"]}]), reason=APPLY),
    Case("an OpenAPI schema that is missing", ("schema.json",), overlay(openapi={"path": "schema.json"})),
    # --- the Kustomization's spec -------------------------------------------------------------------------------------
    Case("a path that is not there", ("./nowhere", "not found"), {"a.yaml": config()}, spec={"path": "./nowhere"},
         reason=FETCH),
    Case("a component that is missing", ("none",), {"a.yaml": config()}, spec={"components": ["none"]}),
    Case("a variable that is not set", ("ConfigMap", "a", "missing"), {"a.yaml": config(text="  k: ${missing}\n")},
         spec={"postBuild": {"substitute": {"x": "1"}}}),
    Case("an expression that is none", ("ConfigMap", "a"), {"a.yaml": config(text="  k: ${a b}\n")},
         spec={"postBuild": {"substitute": {"x": "1"}}}),
    Case("a variable that breaks the YAML", ("ConfigMap", "a"), {"a.yaml": config(text="  k: ${x}\n")},
         spec={"postBuild": {"substitute": {"x": "[1"}}}),
    Case("a ConfigMap of variables that is missing", ("ConfigMap/vars", "not found"), {"a.yaml": config(text="  k: ${x}\n")},
         spec={"postBuild": {"substituteFrom": [{"kind": "ConfigMap", "name": "vars"}]}}),
    Case("a variable with an impossible name", ("my-var",), {"a.yaml": config(text="  k: ${x}\n")},
         spec={"postBuild": {"substitute": {"my-var": "1"}}}),
    Case("a namespace that is not there", ("ConfigMap/nowhere/a", 'namespaces "nowhere" not found'), {"a.yaml": config()},
         spec={"targetNamespace": "nowhere"}, reason=APPLY),
    # --- what the API server refuses ----------------------------------------------------------------------------------
    Case("a kind that nobody knows", ("Thing/NS/t", 'no matches for kind "Thing" in version "nowhere.example.com/v1"'),
         {"a.yaml": "apiVersion: nowhere.example.com/v1\nkind: Thing\nmetadata: {name: t}\n"}, reason=APPLY),
    Case("a port out of range", ("Service/NS/web", "spec.ports[0].port", "99999"), {"s.yaml": service(99999)}, reason=APPLY),
    Case("a text where a number is expected", ("Deployment/NS/web", ".spec.replicas", "string"),
         {"d.yaml": deployment(replicas="3")}, reason=APPLY),
    Case("an unknown field of a custom resource", ("GitRepository/NS/g", ".spec.bogus", "not declared"),
         {"g.yaml": json.dumps({"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository", "metadata": {"name": "g"},
                                "spec": {"url": "https://example.com", "interval": "1h", "bogus": 1}})}, reason=APPLY),
    Case("a required field that is missing", ("GitRepository/NS/g", "spec.interval", "Required"),
         {"g.yaml": json.dumps({"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository", "metadata": {"name": "g"},
                                "spec": {"url": "https://example.com"}})}, reason=APPLY),
    Case("a name in capitals", ("ConfigMap/NS/App", "metadata.name", "RFC 1123"), {"a.yaml": config("App")}, reason=APPLY),
    Case("a label that is too long", ("ConfigMap/NS/a", "metadata.labels", "63"), {"a.yaml": config().replace(
        "  name: a\n", "  name: a\n  labels:\n    x: " + "x" * 64 + "\n")}, reason=APPLY),
    Case("a ConfigMap that is too large", ("ConfigMap/NS/a", "1048576"), {"a.yaml": config(text=f"  k: {'x' * 1100000}\n")},
         reason=APPLY),
    Case("a Secret whose data is no base64", ("Secret/NS/s", "base64"), {
        "s.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {p: 'not base64!'}\n"}, reason=APPLY),
    Case("an encrypted Secret without a key", ("Secret/NS/s", "SOPS"), {"s.yaml": json.dumps(
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"p": "x"}, "sops": {"mac": "x"}})}, reason=APPLY),
    Case("an immutable Secret", ("Secret/NS/s", "immutable"), {
        "s.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nimmutable: true\nstringData: {p: new}\n"},
        first=(("/api/v1/namespaces/NS/secrets", {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"},
                                                  "immutable": True, "stringData": {"p": "old"}}),), reason=APPLY),
    Case("an admission policy says no", ("ConfigMap/NS/a", "no ConfigMap may be called a", "ValidatingAdmissionPolicy"),
         {"a.yaml": config()}, first=(POLICY, BINDING), reason=APPLY),
    Case("three objects are refused", ("Service/NS/web", "Deployment/NS/web", "ConfigMap/NS/App"),
         {"s.yaml": service(99999), "d.yaml": deployment(replicas="3"), "a.yaml": config("App")}, reason=APPLY),
    # --- artifacts ----------------------------------------------------------------------------------------------------
    Case("an archive with a path out of it", ("../out.yaml",), artifact=lambda: archive(("../out.yaml", None, b"x")), reason=FETCH),
    Case("a gzip bomb", ("larger than 1024 MiB",), artifact=lambda: zeros(1100), reason=FETCH),
    Case("no archive at all", ("archive", "format"), artifact=lambda: b"hello\n", reason=FETCH),
    Case("half an archive", ("archive", "truncated gzip"), artifact=lambda: archive(("a.yaml", None, b"x" * 9000))[:60], reason=FETCH),
    # --- GitRepositories ----------------------------------------------------------------------------------------------
    Case("a server that is not there", ("127.0.0.1:1", "connection refused"), source={"url": "http://127.0.0.1:1/x.git"},
         reason=GIT),
    Case("a repository that is not there", ("none.git", "not found"), source={"url": "WEB/git/none.git"}, reason=GIT),
    Case("a branch that is not there", ("refs/heads/none", "couldn't find"), {"a.yaml": config()}, source={"ref": {"branch": "none"}},
         reason=GIT),
    Case("a tag that is not there", ("v9",), {"a.yaml": config()}, source={"ref": {"tag": "v9"}}, reason=GIT),
    Case("a range that no tag meets", (">=9.0.0",), {"a.yaml": config()}, source={"ref": {"semver": ">=9.0.0"}}, reason=GIT),
    Case("a range that is none", ("one.two",), {"a.yaml": config()}, source={"ref": {"semver": "one.two"}}, reason=GIT),
    Case("a commit that is not there", ("0123456789012345678901234567890123456789",), {"a.yaml": config()},
         source={"ref": {"commit": "0123456789012345678901234567890123456789"}}, reason=GIT),
    Case("credentials that are missing", ("secrets \"creds\" not found",), {"a.yaml": config()},
         source={"secretRef": {"name": "creds"}}, reason="AuthenticationFailed"),
    Case("a wrong password", ("authentication required",), {"a.yaml": config()},
         source={"url": "BASIC", "secretRef": {"name": "creds"}}, first=(secret("creds", username="Z2l0", password="bm8="),),
         reason=GIT),
    Case("a Secret without a password", ("creds", "password"), {"a.yaml": config()},
         source={"url": "BASIC", "secretRef": {"name": "creds"}}, first=(secret("creds", username="Z2l0"),), reason=GIT),
    Case("a CA that is none", ("certificate authority", "BEGIN CERTIFICATE"), {"a.yaml": config()}, source={"url": "HTTPS", "secretRef": {"name": "creds"}},
         first=(secret("creds", **{"ca.crt": "eA=="}),), reason=GIT),
]
