"""One story on a real node, in the order of its tests: install, sync, drift, killed pods, a new commit, the end.

Each test goes on where the one before it stopped, so the first failure ends the run (pytest.ini: -x). What a step took
and what the pods' memory was is printed at the end.
"""
import time
import urllib.request

import rig
from installed import CONTROLLERS, NS, folder
from rig import node

APP, MANY, SSH_PORT = "web", 300, 2222
MANIFESTS = """\
apiVersion: v1
kind: Namespace
metadata:
  name: web
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: page
  namespace: web
data:
  index.html: "{page}\\n"
---
apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: web
spec:
  selector: {{app: web}}
  ports: [{{port: 80, targetPort: 8080}}]
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: web
spec:
  replicas: 2
  selector:
    matchLabels: {{app: web}}
  template:
    metadata:
      labels: {{app: web}}
      annotations: {{page: "{page}"}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: web
          image: localhost/gotk/busybox:v0.1.0
          imagePullPolicy: Never
          args: [httpd, -f, -p, "8080", -h, /page]
          readinessProbe:
            httpGet: {{port: 8080, path: /index.html}}
            periodSeconds: 1
          volumeMounts: [{{name: page, mountPath: /page}}]
      volumes: [{{name: page, configMap: {{name: page}}}}]
"""


def served(api):
    """What the Service answers: through kube-proxy's rules and one of the two pods."""
    address = api.get(node.SERVICE, APP, APP)["spec"]["clusterIP"]
    return urllib.request.urlopen(f"http://{address}/index.html", timeout=2).read().decode().strip()


def test_install(cluster, api, report):
    cluster.load_images()
    start = time.monotonic()
    cluster.install()
    report("kubectl apply -k manifests/minimal to both controllers available", start)
    for name in CONTROLLERS:
        pod = cluster.pods(NS, name)[0]
        assert pod["status"]["containerStatuses"][0]["restartCount"] == 0
        report(f"{name}, idle: {cluster.memory(NS, name)} MiB")


def test_sync(cluster, api, repo, report):
    revision = repo.commit({"app/web.yaml": MANIFESTS.format(page="first")})
    start = time.monotonic()
    cluster.source("fleet", repo)
    api.create(rig.KUSTOMIZATION, NS, "web", spec={
        "interval": "10m", "path": "./app", "prune": True, "wait": True, "timeout": "1m",
        "sourceRef": {"kind": "GitRepository", "name": "fleet"}})
    cluster.wait_ready(rig.KUSTOMIZATION, "web", revision)
    report("Git to a Ready Kustomization: a Deployment of two pods that serve", start)
    assert api.get(node.DEPLOYMENT, APP, APP)["status"]["readyReplicas"] == 2, "Ready means: the pods are"
    rig.wait_for(lambda: served(api), 10, "the Service to answer", lambda page: page == "first")


def test_ssh(cluster, api, repo, report):
    """What flux bootstrap sets up by default: a deploy key and the host's key, asked from inside a pod."""
    with rig.Ssh(folder(), host_keys=("ecdsa",), extra=f"ListenAddress {node.HOST}:{SSH_PORT}") as ssh:
        api.create(rig.SECRET, NS, "deploy-key", stringData={
            "identity": ssh.key("ecdsa"), "identity.pub": (ssh.dir / "user_ecdsa.pub").read_text(),
            "known_hosts": ssh.known_hosts("ecdsa", host=f"[git.example.com]:{SSH_PORT}")})
        start = time.monotonic()
        api.create(rig.GITREPOSITORY, NS, "over-ssh", spec={
            "url": f"ssh://{ssh.user}@git.example.com:{SSH_PORT}{repo.path}", "interval": "1h", "ref": {"branch": "main"},
            "secretRef": {"name": "deploy-key"}})
        cluster.wait_ready(rig.GITREPOSITORY, "over-ssh", repo.head())
        report("Git over SSH to a Ready GitRepository", start)
        api.delete(rig.GITREPOSITORY, NS, "over-ssh")


def test_scaled_by_hand(cluster, api, report):
    start = time.monotonic()
    cluster.cp.kubectl("scale", "deployment/web", "-n", APP, "--replicas=5")
    rig.wait_for(lambda: api.get(node.DEPLOYMENT, APP, APP), 30, "drift to be put back",
                 lambda found: found["metadata"]["generation"] >= 3 and found["spec"]["replicas"] == 2)
    report("kubectl scale put back", start)
    cluster.wait_available(APP, APP, 2)


def test_killed_pods_come_back(cluster, api, report):
    """Pods of the workload; then both controllers' pods, one of which loses its artifacts with its volume."""
    cluster.replace_pods(APP, APP, gracePeriodSeconds=0)
    cluster.check_logs()  # of the pods that end now
    for name in reversed(CONTROLLERS):
        start = time.monotonic()
        cluster.replace_pods(NS, name)
        report(f"{name} deleted to its successor ready", start)
    source = cluster.wait_ready(rig.GITREPOSITORY, "fleet")
    asked = api.reconcile(rig.KUSTOMIZATION, NS, "web")
    rig.wait_for(lambda: api.get(rig.KUSTOMIZATION, NS, "web"), 30, "the new pods to work together", lambda found: (
        found["status"].get("lastHandledReconcileAt") == asked
        and rig.is_ready(found, source["status"]["artifact"]["revision"])))


def test_commit(cluster, api, repo, report):
    revision = repo.commit({"app/web.yaml": MANIFESTS.format(page="second")})
    start = time.monotonic()
    api.reconcile(rig.GITREPOSITORY, NS, "fleet")
    cluster.wait_ready(rig.KUSTOMIZATION, "web", revision)
    report("a commit to its rollout's end", start)
    rig.wait_for(lambda: served(api), 10, "the new page", lambda page: page == "second")


def test_upgrades_itself(cluster, api, repo, report):
    """A bootstrapped cluster: the controllers' own manifests come from Git, and change while they are applied."""
    manifests = cluster.cp.kubectl("kustomize", rig.ROOT / "manifests/minimal")
    revision = repo.commit({"gotk/all.yaml": manifests.replace("--log-level=info", "--log-level=debug")})
    old = {name: cluster.pods(NS, name)[0]["metadata"]["name"] for name in CONTROLLERS}
    start = time.monotonic()
    api.create(rig.KUSTOMIZATION, NS, NS, spec={
        "interval": "10m", "path": "./gotk", "prune": True, "wait": True, "timeout": "2m",
        "sourceRef": {"kind": "GitRepository", "name": "fleet"}})
    api.reconcile(rig.GITREPOSITORY, NS, "fleet")
    cluster.wait_ready(rig.KUSTOMIZATION, NS, revision, 120)
    report("both controllers replaced by themselves", start)
    for name in CONTROLLERS:
        cluster.wait_available(NS, name)
        assert [pod["metadata"]["name"] for pod in cluster.pods(NS, name)] != [old[name]]
    assert api.get(rig.CRD, name="kustomizations.kustomize.toolkit.fluxcd.io")["metadata"]["labels"][
        "kustomize.toolkit.fluxcd.io/name"] == NS, "how the flux CLI knows a bootstrapped cluster"


def test_many(cluster, api, repo, report):
    """Three hundred Kustomizations of four objects each, for what the pods weigh then."""
    one = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\ndata: {text: text}\n"
    revision = repo.commit({f"many/{name}.yaml": one % name for name in "abcd"})
    api.reconcile(rig.GITREPOSITORY, NS, "fleet")
    cluster.wait_ready(rig.GITREPOSITORY, "fleet", revision)
    cluster.cp.namespace("many")
    start = time.monotonic()
    for number in range(MANY):
        api.create(rig.KUSTOMIZATION, NS, f"many-{number}", spec={
            "interval": "10m", "path": "./many", "prune": True, "targetNamespace": "many", "namePrefix": f"n{number}-",
            "sourceRef": {"kind": "GitRepository", "name": "fleet"}})
    rig.wait_for(lambda: api.list(rig.KUSTOMIZATION, NS), 120, f"{MANY} Kustomizations to be Ready", lambda found: (
        len(found) > MANY and all(rig.is_ready(each, revision) for each in found)))
    report(f"{MANY} Kustomizations made to all Ready", start)
    for name in CONTROLLERS:
        report(f"{name}, with {MANY} Kustomizations: {cluster.memory(NS, name)} MiB")


def test_prune(cluster, api, report):
    """Deleting the Kustomization empties the namespace; owner references and finalizers do the rest."""
    start = time.monotonic()
    api.delete(rig.KUSTOMIZATION, NS, "web")
    rig.wait_for(lambda: api.find(rig.NAMESPACE, name=APP) is None, 60, "the namespace to be gone")
    assert api.find(rig.KUSTOMIZATION, NS, "web") is None
    report("Kustomization deleted to namespace gone", start)


def test_confinement_and_memory(cluster, report):
    """The children were confined, or a log would warn; and the pods stayed small."""
    cluster.check_logs()
    for name in CONTROLLERS:
        memory = cluster.memory(NS, name)
        report(f"{name}, after all: {memory} MiB")
        assert memory["working set"] < 32, "half of what manifests/bases requests"
