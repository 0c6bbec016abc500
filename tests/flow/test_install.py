"""manifests/ on a real API server: what lands in flux-system, under the names, labels and positions others rely on.

Everything is a server-side dry run of `kubectl apply -k`: no controller starts. A real one runs in tests/cluster.
"""
import json
import os
import re
import subprocess

import pytest

from crds import KINDS, contains, table
from rig import NAMESPACE, ROOT, ApiError, tool

LABELS = {"app.kubernetes.io/part-of": "flux", "app.kubernetes.io/instance": "flux-system",
          "app.kubernetes.io/version": "v2.9.4"}
CONTROLLERS = ("source-controller", "kustomize-controller", "helm-controller", "notification-controller")
EVENTS = "--events-addr=http://notification-controller.$(RUNTIME_NAMESPACE).svc.cluster.local./"
COMMON = ["--watch-all-namespaces", "--log-level=info", "--log-encoding=json", "--enable-leader-election"]
# Positions of args and env are a contract: overlays patch them by index.
DEPLOYMENTS = {
    "source-controller": {
        "args": [EVENTS, *COMMON, "--storage-path=/data",
                 "--storage-adv-addr=source-controller.$(RUNTIME_NAMESPACE).svc.cluster.local."],
        "ports": {"http": 9090, "http-prom": 8080, "healthz": 9440}, "ready": ("http", "/"), "cpu": "50m", "grace": 10,
        "env": ["RUNTIME_NAMESPACE", "TUF_ROOT", "GOMEMLIMIT"], "mounts": [("data", "/data"), ("tmp", "/tmp")],
        "priority": "system-cluster-critical", "strategy": "Recreate"},
    "kustomize-controller": {
        "args": [EVENTS, *COMMON], "ports": {"http-prom": 8080, "healthz": 9440}, "ready": ("healthz", "/readyz"),
        "cpu": "100m", "grace": 60, "env": ["RUNTIME_NAMESPACE", "GOMEMLIMIT"], "mounts": [("temp", "/tmp")],
        "priority": "system-cluster-critical", "strategy": "RollingUpdate"},
    "helm-controller": {
        "args": [EVENTS, *COMMON], "ports": {"http-prom": 8080, "healthz": 9440}, "ready": ("healthz", "/readyz"),
        "cpu": "100m", "grace": 600, "env": ["RUNTIME_NAMESPACE", "GOMEMLIMIT"], "mounts": [("temp", "/tmp")],
        "priority": "system-cluster-critical", "strategy": "RollingUpdate"},
    "notification-controller": {
        "args": COMMON, "ports": {"http": 9090, "http-webhook": 9292, "http-prom": 8080, "healthz": 9440},
        "ready": ("healthz", "/readyz"), "cpu": "100m", "grace": 10, "env": ["RUNTIME_NAMESPACE", "GOMEMLIMIT"],
        "mounts": [("temp", "/tmp")], "priority": None, "strategy": "RollingUpdate"},
}
NAMES = {
    ("Namespace", "flux-system"), ("ResourceQuota", "critical-pods-flux-system"),
    *[("CustomResourceDefinition", table(kind).crd) for kind in KINDS],
    *[(kind, name) for kind in ("ServiceAccount", "Deployment") for name in CONTROLLERS],
    ("ClusterRole", "crd-controller-flux-system"), ("ClusterRole", "flux-edit-flux-system"),
    ("ClusterRole", "flux-view-flux-system"), ("ClusterRoleBinding", "cluster-reconciler-flux-system"),
    ("ClusterRoleBinding", "crd-controller-flux-system"), ("Service", "source-controller"),
    ("Service", "notification-controller"), ("Service", "webhook-receiver"),
    ("NetworkPolicy", "allow-egress"), ("NetworkPolicy", "allow-scraping"), ("NetworkPolicy", "allow-webhooks")}
ABSENT = ("helm-controller", "notification-controller", "webhook-receiver")  # what manifests/minimal leaves out


def dry_run(cp, folder):
    """What the API server would make of a folder, by kind and name; warnings fail the test."""
    try:
        cp.namespace("flux-system")
    except ApiError as e:
        assert e.code == 409, e
    done = subprocess.run([cp.assets / "kubectl", "--kubeconfig", cp.kubeconfig(), "--cache-dir", cp.dir / "kubectl",
                           "apply", "--server-side", "--force-conflicts", "--dry-run=server", "-o", "json",
                           "-k", ROOT / folder], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return {(o["kind"], o["metadata"]["name"]): o for o in json.loads(done.stdout)["items"]}


@pytest.fixture(scope="module")
def installed(cp):
    return dry_run(cp, "manifests/install")


def manager(installed, name):
    container, = installed["Deployment", name]["spec"]["template"]["spec"]["containers"]
    return container


@pytest.mark.parametrize("folder, count", [("install", len(NAMES)), ("minimal", len(NAMES) - 2 * 2 - 2)])
def test_plain_apply_is_accepted(cp, installed, folder, count):
    """The command of the README, whose annotation with the whole object must stay within the API server's limit."""
    done = cp.kubectl("apply", "--dry-run=server", "-k", ROOT / "manifests" / folder, "-o", "name")
    assert len(done.split()) == count


def test_install_has_every_object_under_flux_names(installed):
    assert set(installed) == NAMES
    for key, obj in installed.items():
        assert contains(obj["metadata"]["labels"], LABELS), key
        assert obj["metadata"].get("namespace", "flux-system") == "flux-system"
    for kind in KINDS:
        labels = installed["CustomResourceDefinition", table(kind).crd]["metadata"]["labels"]
        assert labels["app.kubernetes.io/component"] == f"{table(kind).group.split('.')[0]}-controller"
    warn = installed["Namespace", "flux-system"]["metadata"]["labels"]
    assert contains(warn, {"pod-security.kubernetes.io/warn": "restricted",
                           "pod-security.kubernetes.io/warn-version": "latest"})


def test_install_roles(installed):
    """Multi-tenancy patches remove rules by index."""
    rules = installed["ClusterRole", "crd-controller-flux-system"]["rules"]
    groups = [f"{g}.toolkit.fluxcd.io" for g in ("source", "kustomize", "helm", "notification", "image")]
    assert [r["apiGroups"] for r in rules[:6]] == [[g] for g in (*groups, "source.extensions.fluxcd.io")]
    assert all(r["resources"] == r["verbs"] == ["*"] for r in rules[:6])
    assert [r.get("resources", r.get("nonResourceURLs")) for r in rules[6:]] == [
        ["namespaces", "secrets", "configmaps", "serviceaccounts"], ["events"], ["configmaps"], ["configmaps/status"],
        ["leases"], ["serviceaccounts/token"], ["/livez/ping"]]
    assert rules[6]["verbs"] == ["get", "list", "watch"] and rules[7]["verbs"] == ["create", "patch"]
    everyone = {*CONTROLLERS, "image-reflector-controller", "image-automation-controller", "source-watcher"}
    for name, role, accounts in (("crd-controller", "crd-controller-flux-system", everyone),
                                 ("cluster-reconciler", "cluster-admin", {"kustomize-controller", "helm-controller"})):
        binding = installed["ClusterRoleBinding", f"{name}-flux-system"]
        assert binding["roleRef"]["name"] == role
        assert {(s["kind"], s["namespace"], s["name"]) for s in binding["subjects"]} == {
            ("ServiceAccount", "flux-system", account) for account in accounts}
    for name, verbs, into in (("edit", {"create", "delete", "deletecollection", "patch", "update"}, ("edit", "admin")),
                              ("view", {"get", "list", "watch"}, ("view", "edit", "admin"))):
        role = installed["ClusterRole", f"flux-{name}-flux-system"]
        assert set(role["rules"][0]["verbs"]) == verbs and len(role["rules"][0]["apiGroups"]) == 6
        aggregated = {k for k in role["metadata"]["labels"] if "aggregate" in k}
        assert aggregated == {f"rbac.authorization.k8s.io/aggregate-to-{a}" for a in into}


def test_install_policies_and_quota(installed):
    quota = installed["ResourceQuota", "critical-pods-flux-system"]["spec"]
    assert quota == {"hard": {"pods": "1k"}, "scopeSelector": {"matchExpressions": [
        {"scopeName": "PriorityClass", "operator": "In",
         "values": ["system-node-critical", "system-cluster-critical"]}]}}
    egress, scraping, webhooks = (installed["NetworkPolicy", f"allow-{n}"]["spec"]
                                  for n in ("egress", "scraping", "webhooks"))
    assert egress["egress"] == [{}] and egress["ingress"] == [{"from": [{"podSelector": {}}]}]
    assert egress["policyTypes"] == ["Ingress", "Egress"] and egress["podSelector"] == {}
    for policy, port, pods in ((scraping, 8080, {}), (webhooks, 9292, {"app": "notification-controller"})):
        assert policy["ingress"] == [{"from": [{"namespaceSelector": {}}], "ports": [{"protocol": "TCP", "port": port}]}]
        assert policy["podSelector"].get("matchLabels", {}) == pods and policy["policyTypes"] == ["Ingress"]


@pytest.mark.parametrize("name", CONTROLLERS)
def test_install_deployment(installed, name):
    want, spec = DEPLOYMENTS[name], installed["Deployment", name]["spec"]
    meta, pod, container = spec["template"]["metadata"], spec["template"]["spec"], manager(installed, name)
    assert spec["replicas"] == 1 and spec["strategy"]["type"] == want["strategy"]
    assert spec["selector"]["matchLabels"] == {"app": name}  # immutable: must be that of Flux
    assert contains(meta["labels"], {**LABELS, "app": name, "app.kubernetes.io/component": name})
    assert installed["Deployment", name]["metadata"]["labels"]["control-plane"] == "controller"
    assert meta["annotations"] == {"prometheus.io/scrape": "true", "prometheus.io/port": "8080"}
    assert pod["serviceAccountName"] == name and pod.get("priorityClassName") == want["priority"]
    assert pod["terminationGracePeriodSeconds"] == want["grace"] and pod["securityContext"] == {"fsGroup": 1337}
    assert pod["nodeSelector"] == {"kubernetes.io/os": "linux"}
    assert [v["name"] for v in pod["volumes"]] == [v for v, _ in want["mounts"]]
    assert all(v["emptyDir"] == {} for v in pod["volumes"])
    assert container["name"] == "manager" and container["imagePullPolicy"] == "IfNotPresent"
    assert container["args"] == want["args"]
    assert [(m["name"], m["mountPath"]) for m in container["volumeMounts"]] == want["mounts"]
    assert {p["name"]: p["containerPort"] for p in container["ports"]} == want["ports"]
    assert [p["name"] for p in container["ports"]] == list(want["ports"])
    assert [e["name"] for e in container["env"]] == want["env"]
    assert container["env"][-1]["valueFrom"]["resourceFieldRef"]["resource"] == "limits.memory"
    assert container["resources"] == {"limits": {"cpu": "1", "memory": "1Gi"},
                                      "requests": {"cpu": want["cpu"], "memory": "64Mi"}}
    probes = [(p["port"], p["path"]) for p in (container[f"{n}nessProbe"]["httpGet"] for n in ("readi", "live"))]
    assert probes == [want["ready"], ("healthz", "/healthz")]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "runAsNonRoot": True,
        "capabilities": {"drop": ["ALL"]}, "seccompProfile": {"type": "RuntimeDefault"}}


def test_install_services(installed):
    for name, controller, target in (("source-controller", "source-controller", "http"),
                                     ("notification-controller", "notification-controller", "http"),
                                     ("webhook-receiver", "notification-controller", "http-webhook")):
        service = installed["Service", name]
        port, = service["spec"]["ports"]
        assert (port["name"], port["port"], port["targetPort"], port["protocol"]) == ("http", 80, target, "TCP")
        assert service["spec"]["selector"] == {"app": controller} and service["spec"]["type"] == "ClusterIP"
        assert service["metadata"]["labels"]["control-plane"] == "controller"


def test_minimal_is_install_without_what_this_project_has_not(cp, installed):
    minimal = dry_run(cp, "manifests/minimal")
    assert set(minimal) == {key for key in NAMES if key[1] not in ABSENT}
    for name in ("source-controller", "kustomize-controller"):
        assert manager(minimal, name)["args"] == ["--events-addr=", *manager(installed, name)["args"][1:]]
        assert manager(minimal, name)["image"] == manager(installed, name)["image"]


def test_every_controller_has_flags_for_its_arguments(installed):
    """The two programs that exist know each flag their Deployment gives them."""
    for name in ("source-controller", "kustomize-controller"):
        known = {line.split("\t")[0] for line in (ROOT / f"tests/golden/flags/{name}.tsv").read_text().splitlines()}
        for arg in manager(installed, name)["args"]:
            assert arg.removeprefix("--").split("=")[0] in {k.removeprefix("--") for k in known}


# --- what the flux CLI relies on ----------------------------------------------------------------------------------


def test_flux_check_and_version_find_what_they_look_for(installed):
    """Deployments and definitions by label, images with a tag, <part-of>-<version> as the distribution."""
    found = {name for (kind, name), obj in installed.items() if kind == "Deployment"
             and obj["metadata"]["labels"]["app.kubernetes.io/part-of"] == "flux"}
    assert found == set(CONTROLLERS)
    for name in CONTROLLERS:
        image = manager(installed, name)["image"]
        assert re.fullmatch(rf"[^:@]*{name}:v[0-9]+\.[0-9]+\.[0-9]+", image), image
        labels = installed["Deployment", name]["metadata"]["labels"]
        assert re.fullmatch(r"v2\.9\.[0-9]+", labels["app.kubernetes.io/version"])
    for kind in KINDS:
        labels = installed["CustomResourceDefinition", table(kind).crd]["metadata"]["labels"]
        assert labels["app.kubernetes.io/part-of"] == "flux"
        # With these two flux install and bootstrap take the cluster for bootstrapped; kustomize-controller sets them.
        assert not {k for k in labels if k.startswith("kustomize.toolkit.fluxcd.io/")}


def test_flux_logs_and_uninstall_find_what_they_look_for(installed):
    """Pods by the labels of the pod template; what uninstall deletes, by part-of and instance."""
    for name in CONTROLLERS:
        spec = installed["Deployment", name]["spec"]
        assert contains(spec["template"]["metadata"]["labels"], spec["selector"]["matchLabels"])
        assert [c["name"] for c in spec["template"]["spec"]["containers"]] == ["manager"]
    selected = {"app.kubernetes.io/part-of": "flux", "app.kubernetes.io/instance": "flux-system"}
    assert all(contains(obj["metadata"]["labels"], selected) for obj in installed.values())


def test_positional_patches_of_flux_install(cp, tmp_path):
    """An overlay as flux install and flux bootstrap generate it, over our manifests."""
    overlay = tmp_path / "overlay"
    overlay.mkdir()
    (overlay / "kustomization.yaml").write_text(json.dumps({
        "apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization",
        "resources": [os.path.relpath(ROOT / "manifests/install", overlay)],
        "patches": [patch("(kustomize|helm)-controller", {0: EVENTS.replace("cluster.local", "my.domain"),
                                                          1: "--watch-all-namespaces=false", 2: "--log-level=debug"}),
                    patch("source-controller", {1: "--watch-all-namespaces=false", 2: "--log-level=debug",
                                                6: "--storage-adv-addr=source-controller.$(RUNTIME_NAMESPACE).svc.my.domain."}),
                    patch("notification-controller", {0: "--watch-all-namespaces=false", 1: "--log-level=debug"})]}))
    built = subprocess.run([tool("kustomize"), "build", "--load-restrictor=LoadRestrictionsNone", overlay], text=True,
                           stdout=subprocess.PIPE, check=True).stdout
    args = {name: [a for a in re.findall(r"^        - (--.*)$", text, re.M)]
            for text in built.split("\n---\n") if "kind: Deployment" in text
            for name in re.findall(r"^  name: (.*)$", text, re.M)[:1]}
    for name in CONTROLLERS:
        assert "--watch-all-namespaces=false" in args[name] and "--log-level=debug" in args[name]
        assert len(args[name]) == len(DEPLOYMENTS[name]["args"])
        assert not [a for a in args[name] if a in ("--watch-all-namespaces", "--log-level=info")]
    assert args["source-controller"][6].endswith(".svc.my.domain.")


def patch(name, args):
    return {"target": {"kind": "Deployment", "name": name}, "patch": json.dumps([
        {"op": "replace", "path": f"/spec/template/spec/containers/0/args/{i}", "value": v} for i, v in args.items()])}

