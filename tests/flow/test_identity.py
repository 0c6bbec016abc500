"""As whom and where objects are applied: serviceAccountName, kubeConfig by Secret and by ConfigMap, clusters that are gone."""
import json
import time

import pytest
import rig
from flux import Flux, configmap
from rig.proc import SLOW

ROLE = rig.Kind("rbac.authorization.k8s.io/v1", "roles", "Role")
BINDING = rig.Kind("rbac.authorization.k8s.io/v1", "rolebindings", "RoleBinding")
ISSUER = "https://kubernetes.default.svc"


@pytest.fixture
def flux(api, ns, repo, controllers):
    return Flux(api, ns, repo)


def data(api, ns, name):
    found = api.find(rig.CONFIGMAP, ns, name)
    return found and found.get("data")


def allow(api, ns, account, *verbs, resources=("configmaps",)):
    """Lets an account of the namespace (made when missing) do this to resources of the core group there."""
    if not api.find(rig.SERVICEACCOUNT, ns, account):
        api.create(rig.SERVICEACCOUNT, ns, account)
    api.create(ROLE, ns, account, rules=[{"apiGroups": [""], "resources": list(resources), "verbs": list(verbs) or ["*"]}])
    api.create(BINDING, ns, account, subjects=[{"kind": "ServiceAccount", "name": account, "namespace": ns}],
               roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": account})


def impersonated(cp, mark, ns):
    """Verbs and resources of one namespace's objects, with who was impersonated."""
    time.sleep(0.3)
    return {(e["verb"], e["objectRef"]["resource"], e.get("impersonatedUser", {}).get("username"))
            for e in cp.audit(mark, "kustomize-controller")
            if e.get("objectRef", {}).get("namespace") == ns and e["verb"] != "watch"}


def test_objects_are_applied_and_pruned_as_the_account(cp, api, ns, repo, flux):
    account = f"system:serviceaccount:{ns}:deployer"
    api.create(rig.SERVICEACCOUNT, ns, "deployer")
    api.create(rig.CONFIGMAP, ns, "vars", data={"x": "one"})
    repo.commit({"a.yaml": configmap("a", x="${x}"), "b.yaml": configmap("b", x="1")})
    mark = cp.audit_mark()
    flux.source().apply(serviceAccountName="deployer", retryInterval="1s",
                        postBuild={"substituteFrom": [{"kind": "ConfigMap", "name": "vars"}]})
    message = flux.failed("ReconciliationFailed")
    assert f'User "{account}" cannot' in message and data(api, ns, "a") is None
    allow(api, ns, "deployer")
    flux.ready(repo.head())
    repo.commit({"b.yaml": None})
    flux.sync()
    flux.ready(repo.head())
    assert data(api, ns, "b") is None
    seen = impersonated(cp, mark, ns)
    assert {("get", "configmaps", account), ("patch", "configmaps", account), ("delete", "configmaps", account)} <= seen
    own = {(verb, resource) for verb, resource, who in seen if not who}
    assert ("get", "configmaps") in own  # the variables
    assert not own & {("patch", "configmaps"), ("delete", "configmaps")}
    api.delete(rig.KUSTOMIZATION, ns, "app")
    rig.wait_for(lambda: data(api, ns, "a") is None, 10, "the deletion as the account")


def test_objects_stay_when_the_account_is_gone(api, ns, repo, flux):
    allow(api, ns, "deployer")
    repo.commit({"a.yaml": configmap("a", x="1"), "b.yaml": configmap("b", x="1")})
    flux.source().apply(serviceAccountName="deployer")
    flux.ready(repo.head())
    api.delete(rig.SERVICEACCOUNT, ns, "deployer")
    api.delete(rig.KUSTOMIZATION, ns, "app")
    rig.wait_for(lambda: api.find(rig.KUSTOMIZATION, ns, "app") is None, 10, "the finalizer to go")
    assert data(api, ns, "a") == {"x": "1"}
    rig.wait_for(lambda: f"unable to prune objects: \nConfigMap/{ns}/a\nConfigMap/{ns}/b" in flux.events(), 10, "the event")


def test_the_default_account_and_locked_down_namespaces(api, ns, repo, private):
    private.source()
    private.kustomize("--default-service-account=tenant", "--no-cross-namespace-refs=true", "--no-remote-bases=true")
    flux = Flux(api, ns, repo, private.labels)
    allow(api, ns, "named")
    repo.commit({"a.yaml": configmap("a", x="1")})
    flux.source().apply().apply("named", serviceAccountName="named")
    flux.ready(repo.head(), "named")
    assert f'User "system:serviceaccount:{ns}:tenant" cannot' in flux.failed("ReconciliationFailed")
    allow(api, ns, "tenant")
    flux.again()
    flux.ready(repo.head())
    flux.apply("foreign", sourceRef={"kind": "GitRepository", "name": "app", "namespace": "default"})
    message = flux.failed("AccessDenied", name="foreign")
    assert message == "can't access 'GitRepository/default/app', cross-namespace references have been blocked"
    assert rig.condition(flux.get("foreign"), "Stalled")["status"] == "True"


def test_discovery_is_done_as_the_account(cp, api, ns, repo, private):
    """What is known of kinds is shared; who has to ask for a new one asks as the account."""
    private.source()
    private.kustomize()
    flux, group = Flux(api, ns, repo, private.labels), f"{ns.replace('-', '')}.example.com"
    allow(api, ns, "deployer")
    repo.commit({"w.yaml": json.dumps(rig.Kind(f"{group}/v1", "widgets", "Widget").object("w"))})
    mark = cp.audit_mark()
    flux.source().apply(serviceAccountName="deployer")
    assert f'no matches for kind "Widget" in version "{group}/v1"' in flux.failed("ReconciliationFailed")
    time.sleep(0.3)
    who = {e.get("impersonatedUser", {}).get("username") for e in cp.audit(mark, "kustomize-controller") if e["requestURI"] == "/apis"}
    assert f"system:serviceaccount:{ns}:deployer" in who


# --- kubeConfig.secretRef ---------------------------------------------------------------------------------------------


def kubeconfig(cp, token, port=None, cluster=None, user=None):
    """A kubeconfig as it goes into a Secret: everything inline."""
    import base64
    ca = base64.b64encode(cp.ca_file.read_bytes()).decode()
    return json.dumps({
        "apiVersion": "v1", "kind": "Config", "current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "c", "user": "c"}}],
        "clusters": [{"name": "c", "cluster": {"server": f"https://127.0.0.1:{port or cp.port}", "certificate-authority-data": ca, **(cluster or {})}}],
        "users": [{"name": "c", "user": {"token": token, **(user or {})}}]})


def users(cp, mark, ns, verb="patch", resource="configmaps"):
    time.sleep(0.3)
    return {(e["user"]["username"], e.get("impersonatedUser", {}).get("username")) for e in cp.audit(mark)
            if e.get("objectRef", {}).get("namespace") == ns and (e["verb"], e["objectRef"].get("resource")) == (verb, resource)}


def test_a_remote_cluster_by_secret(cp, api, ns, repo, flux):
    allow(api, ns, "remote")
    remote = f"system:serviceaccount:{ns}:remote"
    repo.commit({"a.yaml": configmap("a", x="1")})
    flux.source().apply(kubeConfig={"secretRef": {"name": "remote"}}, retryInterval="1s")
    assert flux.failed("ReconciliationFailed").startswith(
        f"failed to build kube client: unable to read KubeConfig secret '{ns}/remote' error: ")
    api.create(rig.SECRET, ns, "remote", stringData={"other": "x"})
    assert flux.failed("ReconciliationFailed", "does not contain").endswith(
        f"KubeConfig secret '{ns}/remote' does not contain a 'value' key with a kubeconfig")
    mark = cp.audit_mark()
    api.patch(rig.SECRET, {"stringData": {"value.yaml": kubeconfig(cp, cp.token_of(ns, "remote"))}}, ns, "remote")
    flux.ready(repo.head())
    assert data(api, ns, "a") == {"x": "1"} and users(cp, mark, ns) == {(remote, None)}
    # value goes before value.yaml, a named key before both
    api.patch(rig.SECRET, {"stringData": {"value": "nonsense", "mine": kubeconfig(cp, cp.token_of(ns, "remote"))}}, ns, "remote")
    flux.again()
    assert "KubeConfig secret" in flux.failed("ReconciliationFailed", "key 'value'")
    api.patch(rig.KUSTOMIZATION, {"spec": {"kubeConfig": {"secretRef": {"key": "mine"}}}}, ns, "app")
    flux.ready(repo.head())
    api.patch(rig.KUSTOMIZATION, {"spec": {"kubeConfig": {"secretRef": {"key": "absent"}}}}, ns, "app")
    flux.failed("ReconciliationFailed", f"KubeConfig secret '{ns}/remote' does not contain a 'absent' key with a kubeconfig")
    # without a way to the cluster the Kustomization stays
    api.delete(rig.KUSTOMIZATION, ns, "app")
    time.sleep(1)
    assert api.find(rig.KUSTOMIZATION, ns, "app") and data(api, ns, "a") == {"x": "1"}
    api.patch(rig.KUSTOMIZATION, {"spec": {"kubeConfig": {"secretRef": {"key": "mine"}}}}, ns, "app")
    rig.wait_for(lambda: api.find(rig.KUSTOMIZATION, ns, "app") is None, 20, "the finalizer to go")
    assert data(api, ns, "a") is None


def test_a_remote_cluster_as_an_account_there(cp, api, ns, repo, flux):
    allow(api, ns, "remote", "impersonate", resources=["serviceaccounts"])
    allow(api, ns, "deployer")
    api.create(rig.SECRET, ns, "remote", stringData={"value": kubeconfig(cp, cp.token_of(ns, "remote"))})
    repo.commit({"a.yaml": configmap("a", x="1")})
    mark = cp.audit_mark()
    flux.source().apply(kubeConfig={"secretRef": {"name": "remote"}}, serviceAccountName="deployer")
    flux.ready(repo.head())
    assert users(cp, mark, ns) == {tuple(f"system:serviceaccount:{ns}:{n}" for n in ("remote", "deployer"))}


def test_what_a_foreign_kubeconfig_may_not_say_is_left_out(cp, api, ns, repo, private):
    private.source()
    private.kustomize("--insecure-kubeconfig-tls=true")
    flux = Flux(api, ns, repo, private.labels)
    allow(api, ns, "remote")
    token = cp.token_of(ns, "remote")
    unchecked = {"certificate-authority-data": None, "insecure-skip-tls-verify": True}
    api.create(rig.SECRET, ns, "remote", stringData={
        "exec": kubeconfig(cp, token, user={"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "/bin/false"}, "as": "root"}),
        "unchecked": kubeconfig(cp, token, cluster=unchecked)})
    repo.commit({"a.yaml": configmap("a", x="1")})
    flux.source()
    for key in ("exec", "unchecked"):
        flux.apply(key, kubeConfig={"secretRef": {"name": "remote", "key": key}})
        flux.ready(repo.head(), key)


def test_a_program_makes_the_credentials_where_that_is_allowed(cp, api, ns, repo, private, tmp_path):
    private.source()
    private.kustomize("--insecure-kubeconfig-exec=true")
    flux = Flux(api, ns, repo, private.labels)
    allow(api, ns, "remote")
    version = "client.authentication.k8s.io/v1"

    def program(command, *args, **env):
        return {"token": None, "exec": {"apiVersion": version, "command": command, "args": args, "interactiveMode": "Never",
                                        "env": [{"name": k, "value": v} for k, v in env.items()]}}
    script = tmp_path / "plugin"
    script.write_text('#!/bin/sh\necho "$KUBERNETES_EXEC_INFO" >"$SEEN"\nprintf \'{"apiVersion":"%s","kind":"ExecCredential",'
                      '"status":{"token":"%s","expirationTimestamp":"2020-01-01T00:00:00Z"}}\' "$1" "$TOKEN"\n')
    script.chmod(0o755)
    env = {"TOKEN": cp.token_of(ns, "remote"), "SEEN": str(tmp_path / "seen")}
    api.create(rig.SECRET, ns, "remote", stringData={name: kubeconfig(cp, None, user=user) for name, user in {
        "good": program(str(script), version, **env), "fails": program("/bin/false"), "absent": program("no-such-program"),
        "other": program(str(script), "v0", **env)}.items()})
    repo.commit({"a.yaml": configmap("a", x="1")})
    mark = cp.audit_mark()
    flux.source().apply(kubeConfig={"secretRef": {"name": "remote", "key": "good"}})
    flux.ready(repo.head())
    assert users(cp, mark, ns) == {(f"system:serviceaccount:{ns}:remote", None)}
    assert json.loads((tmp_path / "seen").read_text()) == {"apiVersion": version, "kind": "ExecCredential", "spec": {"interactive": False}}
    for key, text in {"fails": "executable /bin/false failed with exit code 1", "absent": "executable no-such-program not found",
                      "other": f"plugin is configured to use API version {version}, plugin returned version v0"}.items():
        flux.apply(key, kubeConfig={"secretRef": {"name": "remote", "key": key}})
        assert flux.failed("ReconciliationFailed", name=key) == f"failed to build kube client: getting credentials: exec: {text}"


def test_unchecked_certificates_need_the_flag(cp, api, ns, repo, flux):
    unchecked = {"certificate-authority-data": None, "insecure-skip-tls-verify": True}
    api.create(rig.SECRET, ns, "remote", stringData={"value": kubeconfig(cp, cp.token_of(ns, "remote"), cluster=unchecked)})
    repo.commit({"a.yaml": configmap("a", x="1")})
    flux.source().apply(kubeConfig={"secretRef": {"name": "remote"}})
    assert "certificate" in flux.failed("ReconciliationFailed", f"the cluster https://127.0.0.1:{cp.port} does not answer: ")


def test_a_dead_cluster_delays_nobody(cp, api, ns, repo, private):
    private.source()
    kustomize = private.kustomize("--concurrent=2")
    flux = Flux(api, ns, repo, private.labels)
    repo.commit({"a.yaml": configmap("a", x="1")})
    with rig.Proxy(cp.port) as dead:
        dead.hold()
        api.create(rig.SECRET, ns, "dead", stringData={"value": kubeconfig(cp, cp.token_of(ns, "remote"), port=dead.port)})
        flux.source()
        rig.wait_for(lambda: rig.is_ready(api.get(rig.GITREPOSITORY, ns, "app")), 10, "the source")
        for i in range(8):
            flux.apply(f"dead-{i}", kubeConfig={"secretRef": {"name": "dead"}}, retryInterval="60m")
        time.sleep(1)
        start = time.monotonic()
        flux.apply("alive")
        flux.ready(repo.head(), "alive")
        assert time.monotonic() - start < 3 * SLOW
        for i in range(8):
            flux.failed("ReconciliationFailed", f"the cluster https://127.0.0.1:{dead.port} does not answer: ", f"dead-{i}", timeout=30)
        assert time.monotonic() - start < 14 * SLOW
        # the end of the process does not wait for it either
        flux.apply("last", kubeConfig={"secretRef": {"name": "dead"}}).apply("last-but-one", kubeConfig={"secretRef": {"name": "dead"}})
        time.sleep(0.5)
        private.stop(kustomize, 5)


# --- kubeConfig.configMapRef ------------------------------------------------------------------------------------------


def login(cp, **more):
    return {"provider": "generic", "address": f"127.0.0.1:{cp.port}", "ca.crt": cp.ca_file.read_text(), "audiences": f"\n{ISSUER}\n", **more}


def test_a_remote_cluster_by_a_token_of_an_account(cp, api, ns, repo, private):
    private.source()
    kustomize = private.kustomize("--feature-gates=ObjectLevelWorkloadIdentity=true", "--default-kubeconfig-service-account=standard")
    flux = Flux(api, ns, repo, private.labels)
    allow(api, ns, "named")
    repo.commit({"a.yaml": configmap("a", x="1")})
    api.create(rig.CONFIGMAP, ns, "login", data=login(cp, serviceAccountName="named"))
    api.create(rig.CONFIGMAP, ns, "standard", data=login(cp))
    mark = cp.audit_mark()
    flux.source().apply(kubeConfig={"configMapRef": {"name": "login"}})
    flux.ready(repo.head())
    assert users(cp, mark, ns) == {(f"system:serviceaccount:{ns}:named", None)}
    flux.again()
    samples = {k: v for k, v in kustomize.metrics().items() if k.startswith("gotk_token_cache_events_total") and 'fetch_kubeconfig' in k}
    assert len(samples) == 2 and min(samples.values()) >= 1, samples
    assert kustomize.metrics()["gotk_token_cached_items"] == 2  # the account's token, and what is known of the cluster
    assert kustomize.metrics()["gotk_token_cache_evictions_total"] == 0
    assert kustomize.metrics()['gotk_token_cache_requests_total{status="success"}'] >= 2
    assert cp.requests(mark, "kustomize-controller", ns)["create serviceaccounts/token"] == 1
    flux.apply("standard", kubeConfig={"configMapRef": {"name": "standard"}})
    assert flux.failed("ReconciliationFailed", name="standard") == (
        f"failed to build kube client: failed to get access token for cluster: failed to get service account '{ns}/standard': the specified "
        "default service account does not exist in the object namespace. your cluster is subject to multi-tenant workload identity lockdown, "
        "reach out to your cluster administrator for help")


@pytest.mark.parametrize("change, message", [
    ({"provider": "none"}, "provider 'none' not implemented"),
    ({"address": ""}, "cluster address is required to create a REST config"),
    ({"address": "http://x"}, "failed to parse cluster address http://x: the Kubernetes API server address 'http://x' must use https scheme"),
    ({}, "failed to get access token for cluster: failed to get service account"),
    ({"serviceAccountName": "there"}, "failed to get access token for cluster: ObjectLevelWorkloadIdentity feature gate is not enabled"),
    ({"serviceAccountName": ""}, "failed to get access token for cluster: failed to create provider access token for the controller: "
                                 "failed to read service account token file /var/run/secrets/kubernetes.io/serviceaccount/token"),
    (None, "failed to get configmap "),
])
def test_what_is_wrong_with_a_login_is_said(cp, api, ns, repo, flux, change, message):
    api.create(rig.SERVICEACCOUNT, ns, "there")
    if change is not None:
        api.create(rig.CONFIGMAP, ns, "login", data=login(cp, **{"serviceAccountName": "absent", **change}))
    repo.commit({"a.yaml": configmap("a", x="1")})
    flux.source().apply(kubeConfig={"configMapRef": {"name": "login"}})
    assert flux.failed("ReconciliationFailed").startswith(f"failed to build kube client: {message}")
    assert data(api, ns, "a") is None
