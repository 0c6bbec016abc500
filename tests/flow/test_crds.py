"""crds/ and manifests/ on a real API server: what it accepts, what it refuses and with which words, what it stores.

No controller takes part: objects of the accept and refuse tables are sent as dry runs, and the few that are stored
carry the label of a shard that nobody runs. Messages are compared as users see them: field and text of the cause.
"""
import json
import subprocess

import pytest

from rig import CRD, GITREPOSITORY, KUSTOMIZATION, NAMESPACE, ROOT, ApiError

SEED = """\
apiVersion: kustomize.toolkit.fluxcd.io/v1beta1
kind: Kustomization
metadata:
  name: tekton-base
  namespace: flux-system
spec:
  interval: 5m0s
  sourceRef:
    kind: GitRepository
    name: flux-system
  path: ./tekton-base
  prune: true
  validation: client
"""
BASE = {
    "GitRepository": {"url": "https://example.com/repo", "interval": "1m"},
    "Kustomization": {"sourceRef": {"kind": "GitRepository", "name": "app"}, "interval": "10m", "prune": True},
}
KIND = {"GitRepository": GITREPOSITORY, "Kustomization": KUSTOMIZATION}
GIT, KS = "GitRepository", "Kustomization"
NO_SHARD = {"sharding.fluxcd.io/key": "nobody"}
ABSENT = object()  # as a field's value: leave the field out
ONE_OF = "exactly one of spec.kubeConfig.configMapRef or spec.kubeConfig.secretRef must be specified"
ACCOUNT = "serviceAccountName can only be set when provider is 'azure' or 'aws'"
HOURS = r"should match '^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$'"
NO_HOURS = r"should match '^([0-9]+(\.[0-9]+)?(ms|s|m))+$'"
LABELS = {"app.kubernetes.io/part-of": "flux", "app.kubernetes.io/instance": "flux-system"}
# What v1beta1 and v1beta2 had beside patches.
OLD_PATCHES = {
    "patchesStrategicMerge": [{"kind": "Deployment", "metadata": {"name": "a"}, "spec": {"replicas": 2}}, {"b": [1]}],
    "patchesJson6902": [{"target": {"kind": "Deployment", "labelSelector": "a=b"}, "patch": [
        {"op": "replace", "path": "/spec/replicas", "value": 3},
        {"op": "add", "path": "/a", "value": {"b": ["c"]}},
        {"op": "move", "path": "/a", "from": "/b"}]}],
}

# kind, version, what differs from BASE
ACCEPTED = [
    (GIT, "v1", {}),
    (GIT, "v1", {"url": "ssh://git@example.com/repo", "secretRef": {"name": "key"}}),
    (GIT, "v1", {"url": "http://127.0.0.1:3000/a/b.git", "interval": "1h30m0.5s", "timeout": "1m30s"}),
    (GIT, "v1", {"ref": {"branch": "main", "tag": "v1", "semver": ">=1.0.0", "name": "refs/pull/1/head",
                         "commit": "0" * 40}}),
    (GIT, "v1", {"provider": "generic"}),
    (GIT, "v1", {"provider": "github", "secretRef": {"name": "app"}}),
    (GIT, "v1", {"provider": "azure", "serviceAccountName": "reader"}),
    (GIT, "v1", {"provider": "aws", "serviceAccountName": "reader"}),
    (GIT, "v1", {"proxySecretRef": {"name": "proxy"}, "suspend": True, "recurseSubmodules": True}),
    (GIT, "v1", {"ignore": "", "sparseCheckout": ["deploy", "charts/app"]}),
    (GIT, "v1", {"ignore": "/*\n!/deploy\n"}),
    (GIT, "v1", {"include": [{"repository": {"name": "lib"}}, {"repository": {"name": "b"}, "fromPath": "x",
                                                               "toPath": "y"}]}),
    (GIT, "v1", {"verify": {"mode": "TagAndHEAD", "secretRef": {"name": "keys"}}}),
    (GIT, "v1", {"verify": {"mode": "head", "secretRef": {"name": "keys"}}}),
    (GIT, "v1beta2", {"ref": {"name": "refs/heads/main"}}),
    (GIT, "v1beta2", {"verify": {"mode": "head", "secretRef": {"name": "keys"}}, "gitImplementation": "libgit2"}),
    (GIT, "v1beta2", {"accessFrom": {"namespaceSelectors": [{"matchLabels": {"team": "a"}}, {}]}}),
    (GIT, "v1beta1", {"interval": "1d", "timeout": "2h"}),  # the first draft had no patterns
    (GIT, "v1beta1", {"verify": {"mode": "head"}}),
    (GIT, "v1beta1", {"gitImplementation": "go-git", "recurseSubmodules": True, "ref": {"semver": "1.x"}}),

    (KS, "v1", {}),
    (KS, "v1", {"path": "./deploy", "retryInterval": "30s", "timeout": "1h", "wait": True, "suspend": True}),
    (KS, "v1", {"sourceRef": {"kind": "OCIRepository", "name": "a", "namespace": "b",
                              "apiVersion": "source.toolkit.fluxcd.io/v1"}}),
    (KS, "v1", {"sourceRef": {"kind": "ExternalArtifact", "name": "a"}}),
    (KS, "v1", {"deletionPolicy": "Orphan", "force": True, "prune": False}),
    (KS, "v1", {"deletionPolicy": "WaitForTermination"}),
    (KS, "v1", {"targetNamespace": "apps", "namePrefix": "p" * 200, "nameSuffix": "-s"}),
    (KS, "v1", {"commonMetadata": {"labels": {"a": "b"}, "annotations": {"c": "d"}}, "components": ["../c"],
                "ignoreMissingComponents": True, "buildMetadata": ["originAnnotations", "transformerAnnotations"]}),
    (KS, "v1", {"patches": [{"patch": "- op: remove\n  path: /spec\n", "target": {
        "group": "apps", "version": "v1", "kind": "Deployment", "name": "app.*", "namespace": "x",
        "labelSelector": "a=b", "annotationSelector": "c"}}, {"patch": "kind: A"}]}),
    (KS, "v1", {"images": [{"name": "nginx", "newName": "web", "newTag": "1", "digest": "sha256:00"}]}),
    (KS, "v1", {"postBuild": {"substitute": {"var": "1"}, "substituteStrategy": "Always", "substituteFrom": [
        {"kind": "ConfigMap", "name": "a" * 253}, {"kind": "Secret", "name": "b", "optional": True}]}}),
    (KS, "v1", {"decryption": {"provider": "sops", "secretRef": {"name": "age"}, "serviceAccountName": "kms"}}),
    (KS, "v1", {"dependsOn": [{"name": "a"}, {"name": "b", "namespace": "c", "readyExpr": "dep.status.x == 1"}]}),
    (KS, "v1", {"healthChecks": [{"kind": "Deployment", "name": "a"}, {
        "apiVersion": "batch/v1", "kind": "Job", "name": "j", "namespace": "n"}]}),
    (KS, "v1", {"healthCheckExprs": [{"apiVersion": "a/v1", "current": "true"}, {
        "apiVersion": "a/v1", "kind": "B", "current": "true", "failed": "false", "inProgress": "false"}]}),
    (KS, "v1", {"ignore": [{"paths": ["/spec/replicas"]}, {"paths": [], "target": {"kind": "Deployment"}}]}),
    (KS, "v1", {"kubeConfig": {"secretRef": {"name": "remote", "key": "config"}}, "serviceAccountName": "deployer"}),
    (KS, "v1", {"kubeConfig": {"configMapRef": {"name": "remote"}}}),
    *[(KS, "v1", {"validation": value}) for value in ("none", "client", "server")],
    (KS, "v1", OLD_PATCHES),
    (KS, "v1beta2", {"validation": "server", "wait": True, "components": ["a"], "timeout": "1m"}),
    (KS, "v1beta2", OLD_PATCHES),
    (KS, "v1beta2", {"kubeConfig": {"configMapRef": {"name": "remote"}}, "commonMetadata": {"labels": {"a": "b"}}}),
    (KS, "v1beta1", {"validation": "client"}),
    (KS, "v1beta1", {"validation": "none", "interval": "1d", "timeout": "soon", "retryInterval": "x"}),
    (KS, "v1beta1", {"kubeConfig": {"secretRef": {"name": "remote"}}, "targetNamespace": "apps", "force": True}),
    (KS, "v1beta1", OLD_PATCHES),
    (KS, "v1beta1", {"patchesStrategicMerge": [{"a": 1}], "healthChecks": [{"kind": "Deployment", "name": "a"}]}),
    (KS, "v1beta1", {"postBuild": {"substituteFrom": [{"kind": "ConfigMap", "name": "vars"}]},
                     "decryption": {"provider": "sops", "secretRef": {"name": "keys"}}}),
]

# kind, version, what differs from BASE, field the API server blames, part of what it says
REFUSED = [
    (GIT, "v1", {"url": ABSENT}, "spec.url", "Required value"),
    (GIT, "v1", {"interval": ABSENT}, "spec.interval", "Required value"),
    (GIT, "v1", {"url": "git@example.com:a/b"}, "spec.url", "should match '^(http|https|ssh)://.*$'"),
    (GIT, "v1", {"url": "file:///etc"}, "spec.url", "should match '^(http|https|ssh)://.*$'"),
    (GIT, "v1", {"interval": "1d"}, "spec.interval", HOURS),
    (GIT, "v1", {"interval": ""}, "spec.interval", HOURS),
    (GIT, "v1", {"timeout": "1h"}, "spec.timeout", NO_HOURS),
    (GIT, "v1", {"provider": "gcp"}, "spec.provider",
     'Unsupported value: "gcp": supported values: "generic", "aws", "azure", "github"'),
    (GIT, "v1", {"serviceAccountName": "reader"}, "spec", ACCOUNT),
    (GIT, "v1", {"serviceAccountName": "reader", "provider": "github"}, "spec", ACCOUNT),
    (GIT, "v1", {"serviceAccountName": "", "provider": "generic"}, "spec", ACCOUNT),
    (GIT, "v1", {"secretRef": {}}, "spec.secretRef.name", "Required value"),
    (GIT, "v1", {"proxySecretRef": {}}, "spec.proxySecretRef.name", "Required value"),
    (GIT, "v1", {"verify": {"mode": "HEAD"}}, "spec.verify.secretRef", "Required value"),
    (GIT, "v1", {"verify": {"mode": "tag", "secretRef": {"name": "k"}}}, "spec.verify.mode",
     'Unsupported value: "tag": supported values: "head", "HEAD", "Tag", "TagAndHEAD"'),
    (GIT, "v1", {"include": [{"toPath": "x"}]}, "spec.include[0].repository", "Required value"),
    (GIT, "v1", {"sparseCheckout": "deploy"}, "spec.sparseCheckout", "must be of type array"),
    (GIT, "v1", {"suspend": "yes"}, "spec.suspend", "must be of type boolean"),
    (GIT, "v1", {"gitImplementation": "jgit"}, "spec.gitImplementation", '"go-git", "libgit2"'),
    (GIT, "v1beta2", {"gitImplementation": "jgit"}, "spec.gitImplementation", '"go-git", "libgit2"'),
    (GIT, "v1beta2", {"verify": {"mode": "HEAD", "secretRef": {"name": "k"}}}, "spec.verify.mode",
     'Unsupported value: "HEAD": supported values: "head"'),
    (GIT, "v1beta2", {"provider": "generic"}, "", 'unknown field "spec.provider"'),
    (GIT, "v1beta2", {"accessFrom": {}}, "spec.accessFrom.namespaceSelectors", "Required value"),
    (GIT, "v1beta1", {"ref": {"name": "refs/heads/main"}}, "", 'unknown field "spec.ref.name"'),
    (GIT, "v1beta1", {"verify": {}}, "spec.verify.mode", "Required value"),

    (KS, "v1", {"prune": ABSENT}, "spec.prune", "Required value"),
    (KS, "v1", {"interval": ABSENT}, "spec.interval", "Required value"),
    (KS, "v1", {"sourceRef": ABSENT}, "spec.sourceRef", "Required value"),
    (KS, "v1", {"interval": "1d"}, "spec.interval", HOURS),
    (KS, "v1", {"retryInterval": "60"}, "spec.retryInterval", HOURS),
    (KS, "v1", {"timeout": "-1s"}, "spec.timeout", HOURS),
    (KS, "v1", {"sourceRef": {"kind": "HelmRepository", "name": "a"}}, "spec.sourceRef.kind",
     'supported values: "OCIRepository", "GitRepository", "Bucket", "ExternalArtifact"'),
    (KS, "v1", {"deletionPolicy": "Keep"}, "spec.deletionPolicy",
     'supported values: "MirrorPrune", "Delete", "WaitForTermination", "Orphan"'),
    (KS, "v1", {"kubeConfig": {}}, "spec.kubeConfig", ONE_OF),
    (KS, "v1", {"kubeConfig": {"secretRef": {"name": "a"}, "configMapRef": {"name": "b"}}}, "spec.kubeConfig",
     ONE_OF),
    (KS, "v1", {"targetNamespace": ""}, "spec.targetNamespace", "at least 1 chars long"),
    (KS, "v1", {"targetNamespace": "n" * 64}, "spec.targetNamespace", "may not be more than 63"),
    (KS, "v1", {"namePrefix": "p" * 201}, "spec.namePrefix", "may not be more than 200"),
    (KS, "v1", {"nameSuffix": ""}, "spec.nameSuffix", "at least 1 chars long"),
    (KS, "v1", {"buildMetadata": ["managedByLabel"]}, "spec.buildMetadata[0]",
     'supported values: "originAnnotations", "transformerAnnotations"'),
    (KS, "v1", {"decryption": {"provider": "vault"}}, "spec.decryption.provider", 'supported values: "sops"'),
    (KS, "v1", {"decryption": {}}, "spec.decryption.provider", "Required value"),
    (KS, "v1", {"postBuild": {"substituteFrom": [{"kind": "Pod", "name": "a"}]}},
     "spec.postBuild.substituteFrom[0].kind", 'supported values: "Secret", "ConfigMap"'),
    (KS, "v1", {"postBuild": {"substituteFrom": [{"kind": "Secret", "name": ""}]}},
     "spec.postBuild.substituteFrom[0].name", "at least 1 chars long"),
    (KS, "v1", {"postBuild": {"substituteStrategy": "Never"}}, "spec.postBuild.substituteStrategy",
     'supported values: "WithVariables", "Always"'),
    (KS, "v1", {"postBuild": {"substitute": {"n": 3}}}, "spec.postBuild.substitute.n", "must be of type string"),
    (KS, "v1", {"patches": [{"target": {}}]}, "spec.patches[0].patch", "Required value"),
    (KS, "v1", {"images": [{"newTag": "1"}]}, "spec.images[0].name", "Required value"),
    (KS, "v1", {"dependsOn": [{}]}, "spec.dependsOn[0].name", "Required value"),
    (KS, "v1", {"healthChecks": [{"name": "a"}]}, "spec.healthChecks[0].kind", "Required value"),
    (KS, "v1", {"healthCheckExprs": [{"apiVersion": "a/v1"}]}, "spec.healthCheckExprs[0].current",
     "Required value"),
    (KS, "v1", {"ignore": [{"target": {}}]}, "spec.ignore[0].paths", "Required value"),
    (KS, "v1", {"patchesMerge": []}, "", 'unknown field "spec.patchesMerge"'),
    (KS, "v1", {"patchesJson6902": [{"target": {"names": "a"}, "patch": []}]}, "",
     'unknown field "spec.patchesJson6902[0].target.names"'),
    (KS, "v1", {"validation": "strict"}, "spec.validation", 'supported values: "none", "client", "server"'),
    (KS, "v1", {"patchesStrategicMerge": "kind: A"}, "spec.patchesStrategicMerge", "must be of type array"),
    (KS, "v1", {"patchesJson6902": [{"patch": []}]}, "spec.patchesJson6902[0].target", "Required value"),
    (KS, "v1beta2", {"validation": "strict"}, "spec.validation", 'supported values: "none", "client", "server"'),
    (KS, "v1beta2", {"deletionPolicy": "Delete"}, "", 'unknown field "spec.deletionPolicy"'),
    (KS, "v1beta2", {"kubeConfig": {}}, "spec.kubeConfig", ONE_OF),
    (KS, "v1beta2", {"interval": "1d"}, "spec.interval", HOURS),
    (KS, "v1beta2", {"patchesJson6902": [{"target": {}, "patch": [{"op": "merge", "path": "/"}]}]},
     "spec.patchesJson6902[0].patch[0].op", '"test", "remove", "add", "replace", "move", "copy"'),
    (KS, "v1beta1", {"validation": "yes"}, "spec.validation", 'supported values: "none", "client", "server"'),
    (KS, "v1beta1", {"sourceRef": {"kind": "OCIRepository", "name": "a"}}, "spec.sourceRef.kind",
     'supported values: "GitRepository", "Bucket"'),
    (KS, "v1beta1", {"kubeConfig": {}}, "spec.kubeConfig.secretRef", "Required value"),
    (KS, "v1beta1", {"wait": True}, "", 'unknown field "spec.wait"'),
]

# kind, version, spec as given, what of it the stored version leaves out, what the stored version adds
STORED = [
    (KS, "v1beta1", {"validation": "client"}, [], {"force": False}),
    (KS, "v1beta1", {**OLD_PATCHES, "path": "./a"}, [], {}),
    (KS, "v1beta2", {**OLD_PATCHES, "wait": True, "validation": "none"}, [], {}),
    (GIT, "v1beta1", {"gitImplementation": "libgit2", "ref": {"branch": "main"}}, [],
     {"timeout": "60s"}),
    (GIT, "v1beta2", {"accessFrom": {"namespaceSelectors": [{}]}, "ignore": "a"}, [],
     {"timeout": "60s"}),
]
CONDITION = {"type": "Ready", "status": "True", "reason": "Succeeded", "message": "all is well",
             "lastTransitionTime": "2026-01-02T03:04:05Z"}
ARTIFACT = {"url": "http://a/b.tar.gz", "path": "b.tar.gz", "revision": "main@sha1:1", "digest": "sha256:1",
            "lastUpdateTime": "2026-01-02T03:04:05Z", "size": 5, "metadata": {"a": "b"}}
# A status as the controllers of v1 write it, with all that the old versions have never heard of.
STATUS = {
    GIT: {"observedGeneration": 1, "conditions": [CONDITION], "artifact": ARTIFACT, "includedArtifacts": [ARTIFACT],
          "observedSparseCheckout": ["a"], "sourceVerificationMode": "HEAD"},
    KS: {"observedGeneration": 1, "conditions": [CONDITION], "lastAppliedOriginRevision": "x",
         "inventory": {"entries": [{"id": "_apps__Namespace", "v": "v1"}]},
         "history": [{"digest": "sha256:1", "firstReconciled": "2026-01-02T03:04:05Z",
                      "lastReconciled": "2026-01-02T03:04:05Z", "lastReconciledDuration": "1s",
                      "lastReconciledStatus": "ReconciliationSucceeded", "totalReconciliations": 3,
                      "metadata": {"revision": "main@sha1:1"}}]},
}


def spec_of(kind, fields):
    return {k: v for k, v in {**BASE[kind], **fields}.items() if v is not ABSENT}


def create(cp, ns, kind, version, name, fields, **query):
    where = KIND[kind].at(version)
    body = where.object(name, ns, spec=spec_of(kind, fields), metadata={"labels": NO_SHARD})
    return cp.api.post(where, body, ns, fieldValidation="Strict", **query)


def contains(whole, part):
    """True when every field and list item of part is in whole, which may have more fields (defaults)."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(k in whole and contains(whole[k], v) for k, v in part.items())
    if isinstance(part, list):
        return isinstance(whole, list) and len(whole) == len(part) and all(map(contains, whole, part))
    return whole == part


def kubectl(cp, *args, stdin=None):
    """kubectl as admin with its exit code and stderr, which carries the warnings."""
    argv = [cp.assets / "kubectl", "--kubeconfig", cp.kubeconfig(), "--cache-dir", cp.dir / "kubectl", *args]
    return subprocess.run(argv, input=stdin, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def row_id(value):
    return json.dumps(value)[:60] if isinstance(value, dict) and ABSENT not in value.values() else None


@pytest.mark.parametrize("kind, version, fields", ACCEPTED, ids=row_id)
def test_accepts(cp, ns, kind, version, fields):
    made = create(cp, ns, kind, version, "good", fields, dryRun="All")
    if version == "v1":
        assert contains(made["spec"], spec_of(kind, fields)), made["spec"]
    assert made["status"] == {"observedGeneration": -1}


@pytest.mark.parametrize("kind, version, fields, field, text", REFUSED, ids=row_id)
def test_refuses(cp, ns, kind, version, fields, field, text):
    with pytest.raises(ApiError) as refused:
        create(cp, ns, kind, version, "bad", fields, dryRun="All")
    status = refused.value.status
    if not field:  # unknown fields are found before any field is looked at
        assert refused.value.code == 400 and text in status["message"]
        return
    causes = [c for c in status["details"]["causes"] if "were not checked because" not in c["message"]]
    assert refused.value.code == 422 and [c["field"] for c in causes] == [field], status
    assert text in causes[0]["message"]


def test_defaults(cp, ns):
    git = create(cp, ns, GIT, "v1", "d", {"verify": {"secretRef": {"name": "k"}}}, dryRun="All")
    assert git["spec"] == {**BASE[GIT], "timeout": "60s", "verify": {"mode": "HEAD", "secretRef": {"name": "k"}}}
    vars_ = {"substituteFrom": [{"kind": "Secret", "name": "s"}]}
    ks = create(cp, ns, KS, "v1", "d", {"postBuild": vars_}, dryRun="All")
    vars_["substituteFrom"][0]["optional"] = False
    assert ks["spec"] == {**BASE[KS], "force": False, "postBuild": vars_}


@pytest.mark.parametrize("row", range(len(STORED)))
def test_old_version_is_stored_as_v1(cp, ns, row):
    kind, version, fields, dropped, added = STORED[row]
    create(cp, ns, kind, version, "old", fields)
    stored = cp.api.get(KIND[kind], ns, "old")
    kept = {k: v for k, v in spec_of(kind, fields).items() if k not in dropped}
    assert stored["apiVersion"] == KIND[kind].version
    assert contains(stored["spec"], {**kept, **added}) and not set(dropped) & set(stored["spec"])


@pytest.mark.parametrize("version", ["v1beta1", "v1beta2"])
@pytest.mark.parametrize("kind", [GIT, KS])
def test_write_through_old_version_keeps_the_status(cp, ns, kind, version):
    """Without the inventory nothing would be pruned any more; without the digest no artifact could be fetched."""
    create(cp, ns, kind, "v1", "kept", {})
    cp.api.patch(KIND[kind].path(ns, "kept") + "/status", {"status": STATUS[kind]})
    old = KIND[kind].at(version)
    body = old.object("kept", ns, spec=spec_of(kind, {"interval": "7m"}))
    cp.api.patch(old, body, ns, "kept", how="apply")
    cp.api.patch(old, {"metadata": {"labels": {"touched": "yes"}}}, ns, "kept")
    now = cp.api.get(KIND[kind], ns, "kept")
    assert now["spec"]["interval"] == "7m" and now["metadata"]["labels"] == {**NO_SHARD, "touched": "yes"}
    assert now["status"] == STATUS[kind]


@pytest.mark.parametrize("kind, bad, field", [
    (GIT, {"artifact": {**ARTIFACT, "digest": "abc"}}, "status.artifact.digest"),
    (GIT, {"artifact": {"url": "u"}}, "status.artifact.revision"),
    (GIT, {"conditions": [{**CONDITION, "reason": "no CamelCase"}]}, "status.conditions[0].reason"),
    (KS, {"conditions": [{**CONDITION, "status": "true"}]}, "status.conditions[0].status"),
    (KS, {"conditions": [{**CONDITION, "message": "m" * 32769}]}, "status.conditions[0].message"),
    (KS, {"inventory": {"entries": [{"id": "a"}]}}, "status.inventory.entries[0].v"),
    (KS, {"history": [{"digest": "d"}]}, "status.history[0].totalReconciliations"),
])
def test_refuses_bad_status(cp, ns, kind, bad, field):
    create(cp, ns, kind, "v1", "bad-status", {})
    with pytest.raises(ApiError) as refused:
        cp.api.patch(KIND[kind].path(ns, "bad-status") + "/status", {"status": bad}, dryRun="All")
    assert field in [c["field"] for c in refused.value.status["details"]["causes"]]


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


def reconcile_by_hand(cp, ns, name):
    """Writes what the controller writes, in its version and under its field manager; returns the object."""
    where, who = KUSTOMIZATION.path(ns, name), {"fieldManager": "kustomize-controller"}
    cp.api.patch(where, {"metadata": {"finalizers": ["finalizers.fluxcd.io"]}}, **who)
    return cp.api.patch(where + "/status", {"status": STATUS[KS]}, **who)


def test_seed_manifest_applied_again_after_a_reconcile(cp, ns):
    for command in (("apply", "--server-side"), ("apply",)):
        cp.kubectl(*command, "-f", "-", stdin=seed_in(ns))
        before = reconcile_by_hand(cp, ns, "tekton-base")
        cp.kubectl(*command, "-f", "-", stdin=seed_in(ns))
        now = cp.api.get(KUSTOMIZATION, ns, "tekton-base")
        assert now["metadata"]["generation"] == before["metadata"]["generation"] == 1
        assert now["metadata"]["finalizers"] == ["finalizers.fluxcd.io"]
        assert now["spec"] == before["spec"] and now["spec"]["validation"] == "client" and now["status"] == STATUS[KS]


@pytest.mark.parametrize("version", ["v1beta1", "v1beta2"])
@pytest.mark.parametrize("field, value", [("validation", "none"), *OLD_PATCHES.items()])
def test_field_of_old_version_applied_again_after_a_reconcile(cp, ns, version, field, value):
    """Server-side apply converts what it merged to every version that some manager has written in."""
    def apply(at, fields):
        body = at.object("old", ns, spec=spec_of(KS, fields), metadata={"labels": NO_SHARD})
        return cp.api.patch(at, body, ns, "old", how="apply")
    old = KUSTOMIZATION.at(version)
    apply(old, {field: value})
    before = reconcile_by_hand(cp, ns, "old")
    assert before["spec"][field] == value
    apply(old, {field: value})
    now = cp.api.get(KUSTOMIZATION, ns, "old")
    assert now["metadata"]["generation"] == before["metadata"]["generation"] == 1
    assert now["metadata"]["finalizers"] == ["finalizers.fluxcd.io"]
    assert now["spec"] == before["spec"] and now["status"] == STATUS[KS]
    migrated = apply(KUSTOMIZATION, {})  # the way to v1: the manifest without the field takes it away
    assert field not in migrated["spec"] and migrated["metadata"]["generation"] == 2
    assert migrated["status"] == STATUS[KS]


@pytest.mark.parametrize("what, header, row", [
    ("kustomization", "NAME AGE READY STATUS", "shown AGE True all is well"),
    ("ks", "NAME AGE READY STATUS", "shown AGE True all is well"),
    ("kustomizations.v1beta2.kustomize.toolkit.fluxcd.io", "NAME AGE READY STATUS", "shown AGE True all is well"),
    ("kustomizations.v1beta1.kustomize.toolkit.fluxcd.io", "NAME READY STATUS AGE", "shown True all is well AGE"),
    ("gitrepository", "NAME URL AGE READY STATUS", "shown https://example.com/repo AGE True all is well"),
    ("gitrepo", "NAME URL AGE READY STATUS", "shown https://example.com/repo AGE True all is well"),
    ("gitrepositories.v1beta2.source.toolkit.fluxcd.io", "NAME URL AGE READY STATUS",
     "shown https://example.com/repo AGE True all is well"),
    ("gitrepositories.v1beta1.source.toolkit.fluxcd.io", "NAME URL READY STATUS AGE",
     "shown https://example.com/repo True all is well AGE"),
])
def test_printer_columns(cp, ns, what, header, row):
    for kind in (GIT, KS):
        create(cp, ns, kind, "v1", "shown", {})
        cp.api.patch(KIND[kind].path(ns, "shown") + "/status", {"status": STATUS[kind]})
    lines = [line.split() for line in cp.kubectl("get", what, "-n", ns).splitlines()]
    assert " ".join(lines[0]) == header
    lines[1][lines[0].index("AGE") if lines[0][-1] != "AGE" else -1] = "AGE"
    assert " ".join(lines[1]) == row


@pytest.mark.parametrize("category, kinds", [
    ("fluxcd", {GIT, KS}), ("all", {GIT, KS}), ("fluxcd-sources", {GIT}), ("fluxcd-appliers", {KS})])
def test_categories(cp, ns, category, kinds):
    for kind in (GIT, KS):
        create(cp, ns, kind, "v1", "one", {})
    got = cp.kubectl("get", category, "-n", ns, "-o", "name").split()
    names = {GIT: "gitrepository.source.toolkit.fluxcd.io/one", KS: "kustomization.kustomize.toolkit.fluxcd.io/one"}
    assert {k for k in names if names[k] in got} == kinds


@pytest.mark.parametrize("kind", [GIT, KS])
def test_definition(cp, kind):
    group = KIND[kind].version.split("/")[0]
    crd = cp.api.get(CRD, name=f"{KIND[kind].plural}.{group}")
    spec, conditions = crd["spec"], {c["type"]: c["status"] for c in crd["status"]["conditions"]}
    assert spec["conversion"] == {"strategy": "None"} and spec["scope"] == "Namespaced"
    assert conditions.get("NonStructuralSchema", "False") == "False"
    assert crd["metadata"]["annotations"]["kustomize.toolkit.fluxcd.io/substitute"] == "disabled"
    assert crd["metadata"]["labels"]["app.kubernetes.io/part-of"] == "flux"
    versions = {v["name"]: (v["served"], v["storage"], v.get("deprecationWarning")) for v in spec["versions"]}
    assert versions == {"v1": (True, True, None),
                        "v1beta2": (True, False, f"v1beta2 {kind} is deprecated, upgrade to v1"),
                        "v1beta1": (True, False, f"v1beta1 {kind} is deprecated, upgrade to v1")}


def undescribed(schema, path):
    """Paths of all fields below that kubectl explain would have nothing to say about."""
    for name, field in schema.get("properties", {}).items():
        if "description" not in field and f"{path}.{name}" != ".metadata":
            yield f"{path}.{name}"
        yield from undescribed(field, f"{path}.{name}")
    for inner in (schema.get("items"), schema.get("additionalProperties")):
        if isinstance(inner, dict):
            yield from undescribed(inner, path + "[]")


@pytest.mark.parametrize("kind", [GIT, KS])
def test_every_field_is_described(cp, kind):
    crd = cp.api.get(CRD, name=f"{KIND[kind].plural}.{KIND[kind].version.split('/')[0]}")
    for version in crd["spec"]["versions"]:
        assert list(undescribed(version["schema"]["openAPIV3Schema"], "")) == []


@pytest.fixture
def installed(cp):
    """What the API server would make of manifests/install, by kind and name; warnings fail the test."""
    if not cp.api.find(NAMESPACE, name="flux-system"):
        cp.namespace("flux-system")
    done = kubectl(cp, "apply", "--server-side", "--force-conflicts", "--dry-run=server", "-o", "json",
                   "-k", str(ROOT / "manifests/install"))
    assert done.returncode == 0 and not done.stderr, done.stderr
    return {(o["kind"], o["metadata"]["name"]): o for o in json.loads(done.stdout)["items"]}


def test_install_has_every_object_under_flux_names(installed):
    assert set(installed) == {
        ("Namespace", "flux-system"), ("ResourceQuota", "critical-pods-flux-system"),
        ("CustomResourceDefinition", "gitrepositories.source.toolkit.fluxcd.io"),
        ("CustomResourceDefinition", "kustomizations.kustomize.toolkit.fluxcd.io"),
        ("ServiceAccount", "source-controller"), ("ServiceAccount", "kustomize-controller"),
        ("ClusterRole", "crd-controller-flux-system"), ("ClusterRole", "flux-edit-flux-system"),
        ("ClusterRole", "flux-view-flux-system"), ("ClusterRoleBinding", "cluster-reconciler-flux-system"),
        ("ClusterRoleBinding", "crd-controller-flux-system"), ("Service", "source-controller"),
        ("Deployment", "source-controller"), ("Deployment", "kustomize-controller"),
        ("NetworkPolicy", "allow-egress"), ("NetworkPolicy", "allow-scraping"), ("NetworkPolicy", "allow-webhooks")}
    for key, obj in installed.items():
        assert contains(obj["metadata"]["labels"], LABELS), key
        assert obj["metadata"].get("namespace", "flux-system") == "flux-system"
    binding = installed["ClusterRoleBinding", "crd-controller-flux-system"]
    assert binding["roleRef"]["name"] == "crd-controller-flux-system"
    assert {s["namespace"] for s in binding["subjects"]} == {"flux-system"}
    rules = installed["ClusterRole", "crd-controller-flux-system"]["rules"]
    assert len(rules) == 13 and rules[11]["resources"] == ["serviceaccounts/token"]


@pytest.mark.parametrize("name, args, ports, env, ready", [
    ("source-controller",
     ["--events-addr=", "--watch-all-namespaces", "--log-level=info", "--log-encoding=json",
      "--enable-leader-election", "--storage-path=/data",
      "--storage-adv-addr=source-controller.$(RUNTIME_NAMESPACE).svc.cluster.local."],
     {"http": 9090, "http-prom": 8080, "healthz": 9440}, ["RUNTIME_NAMESPACE", "TUF_ROOT", "GOMEMLIMIT"],
     ("http", "/")),
    ("kustomize-controller",
     ["--events-addr=", "--watch-all-namespaces", "--log-level=info", "--log-encoding=json",
      "--enable-leader-election"],
     {"http-prom": 8080, "healthz": 9440}, ["RUNTIME_NAMESPACE", "GOMEMLIMIT"], ("healthz", "/readyz")),
], ids=["source-controller", "kustomize-controller"])
def test_install_deployment(installed, name, args, ports, env, ready):
    """Positions of args and env are a contract: overlays patch them by index."""
    spec = installed["Deployment", name]["spec"]
    pod, labels = spec["template"]["spec"], spec["template"]["metadata"]["labels"]
    manager, = pod["containers"]
    assert manager["name"] == "manager" and manager["args"] == args
    assert {p["name"]: p["containerPort"] for p in manager["ports"]} == ports
    assert [e["name"] for e in manager["env"]] == env
    probe = manager["readinessProbe"]["httpGet"]
    assert (probe["port"], probe["path"]) == ready
    assert manager["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert manager["image"].startswith(f"localhost/gotk/{name}:v")
    assert manager["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "runAsNonRoot": True,
        "capabilities": {"drop": ["ALL"]}, "seccompProfile": {"type": "RuntimeDefault"}}
    assert pod["serviceAccountName"] == name and pod["priorityClassName"] == "system-cluster-critical"
    assert contains(labels, {**LABELS, "app": name, "app.kubernetes.io/component": name})
    assert spec["selector"]["matchLabels"] == {"app": name}


def test_install_switches_a_running_flux_over_in_place(installed):
    """Selectors cannot be changed on a Deployment or silently on a Service: they must be those of Flux."""
    assert installed["Service", "source-controller"]["spec"]["selector"] == {"app": "source-controller"}
    assert installed["Deployment", "source-controller"]["spec"]["strategy"] == {"type": "Recreate"}
    grace = {n: installed["Deployment", n]["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
             for n in ("source-controller", "kustomize-controller")}
    assert grace == {"source-controller": 10, "kustomize-controller": 60}
