"""Secrets stay secret: a canary in every place a secret can stand, success and failure of every kind, then everything is read.

What is read: the logs of both controllers at their loudest, all events, all statuses and annotations, both metrics, what
is posted to the events receiver, the command lines, the files they leave, and what a core dump would hold. A Secret in a
repository is of course in the artifact made from it; credentials are in none.
"""
import base64
import http.server
import json
import pathlib
import re
import secrets
import threading
import urllib.request

import pytest
import rig
from flux import configmap, kustomization


class Canaries:
    """Secrets by name: random words that stand nowhere else."""

    def __init__(self):
        self.values = {}

    def __call__(self, name):
        return self.values.setdefault(name, f"canary{secrets.token_hex(10)}")

    def forms(self):
        """(name, text): each as it is and as Base64 at any offset, and escaped in a URL."""
        for name, value in self.values.items():
            yield name, value
            for offset in range(3):  # the letters that depend on what stands before and after it are left out
                coded = base64.b64encode(b"x" * offset + value.encode()).decode()
                yield f"{name} in Base64", coded[4 if offset else 0:len(coded) - 4]

    def found_in(self, text):
        return [name for name, form in self.forms() if form in text]


class Receiver:
    """Keeps what is posted to it, as notification-controller would be posted to."""

    def __init__(self):
        bodies = self.bodies = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                bodies.append(self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode(errors="replace"))
                self.send_response(202)
                self.end_headers()

            def log_message(self, *args):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/"


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.server.shutdown()


@pytest.fixture(scope="module")
def ssh(tmp_path_factory):
    with rig.Ssh(tmp_path_factory.mktemp("ssh")) as server:
        yield server


def key_lines(pem):
    """A line from the middle of a private key."""
    return pem.strip().splitlines()[2]


class Story:
    """Makes the objects of one namespace; `sources` and `kustomizations` are their names."""

    def __init__(self, api, ns, repo, labels, canary):
        self.api, self.ns, self.repo, self.labels, self.canary = api, ns, repo, labels, canary
        self.sources, self.kustomizations = [], []

    def source(self, name, url, data=None, field="secretRef", **spec):
        if data:
            self.api.create(rig.SECRET, self.ns, name, stringData=data)
            spec[field] = {"name": name}
        self.api.create(rig.GITREPOSITORY, self.ns, name, metadata={"labels": self.labels},
                        spec={"url": url, "interval": "60m", "ref": {"branch": "main"}, **spec})
        self.sources.append(name)

    def apply(self, name, files, **spec):
        """A Kustomization of a folder of its own in the one repository."""
        self.repo.commit({f"{name}/{path}": content for path, content in files.items()})
        self.api.create(rig.KUSTOMIZATION, self.ns, name, metadata={"labels": self.labels}, spec={
            "interval": "60m", "retryInterval": "2s", "timeout": "30s", "prune": True, "path": f"./{name}",
            "targetNamespace": self.ns, "sourceRef": {"kind": "GitRepository", "name": "app"}, **spec})
        self.kustomizations.append(name)

    def secret_file(self, name, *lines):
        return "\n".join(["apiVersion: v1", "kind: Secret", f"metadata: {{name: {name}}}", *lines]) + "\n"


def sources(story, web, repo, ssh, canary):
    """Every credential of a GitRepository, right and wrong."""
    key = ssh.key(f"canary-{story.ns}", kind="ed25519", passphrase=canary("passphrase"))
    canary.values["ssh key"] = key_lines(key)
    canary.values["client key"] = key_lines(web.pem("client.key"))
    canary.values["git password"], canary.values["bearer token"] = web.password, web.token
    hosts = ssh.known_hosts("ed25519")
    ca = {"ca.crt": web.pem("ca.crt")}
    story.source("basic", repo.basic_url, {"username": "git", "password": web.password, **ca})
    story.source("basic-wrong", repo.basic_url, {"username": "git", "password": canary("wrong password"), **ca})
    story.source("basic-refused", "http://127.0.0.1:1/x.git", {"username": "git", "password": canary("refused password")})
    story.source("bearer", repo.bearer_url, {"bearerToken": web.token, **ca})
    story.source("bearer-wrong", repo.bearer_url, {"bearerToken": canary("wrong token"), **ca})
    story.source("bearer-newline", repo.bearer_url, {"bearerToken": canary("token of two lines") + "\nX-Other: y", **ca})
    story.source("client", repo.mtls_url, {"tls.crt": web.pem("client.crt"), "tls.key": web.pem("client.key"), **ca})
    story.source("client-wrong", repo.mtls_url, {"tls.crt": web.pem("client.crt"), "tls.key": canary("broken key"), **ca})
    story.source("client-foreign", repo.mtls_url, {"tls.crt": web.pem("client.crt", "pki-other"),
                                                   "tls.key": web.pem("client.key", "pki-other"), **ca})
    with_user = repo.http_url.replace("://", f"://user:{canary('password in a URL')}@")
    story.source("url", with_user)
    story.source("url-gone", with_user.replace(repo.name, "none"))
    story.source("url-refused", f"http://user:{canary('password in a dead URL')}@127.0.0.1:1/x.git")
    story.source("ssh", ssh.url(repo), {"identity": key, "known_hosts": hosts, "password": canary("passphrase")})
    story.source("ssh-wrong", ssh.url(repo), {"identity": key, "known_hosts": hosts, "password": canary("wrong passphrase")})
    story.source("ssh-broken", ssh.url(repo), {"identity": canary("broken identity"), "known_hosts": hosts})
    story.source("proxy", repo.http_url, {"address": "http://127.0.0.1:1", "username": "u", "password": canary("proxy password")},
                 field="proxySecretRef")
    story.source("proxy-url", repo.http_url, {"address": f"http://u:{canary('password of a proxy URL')}@127.0.0.1:1"},
                 field="proxySecretRef")
    story.source("github-app", repo.url, {"githubAppID": "1", "githubAppInstallationID": "2",
                                          "githubAppPrivateKey": canary("app key")}, provider="github")


def kustomizations(story, web, canary):
    """Secrets in manifests, generators, patches, variables, URLs and kubeconfigs, right and wrong."""
    file, api, ns = story.secret_file, story.api, story.ns
    coded = base64.b64encode(canary("data").encode()).decode()
    story.apply("plain", {"s.yaml": file("plain", f"data: {{a: {coded}}}", f"stringData: {{b: {canary('stringData')}}}")})
    story.apply("no-base64", {"s.yaml": file("bad", f"data: {{a: '{canary('no Base64')}!'}}")})
    story.apply("a-list", {"s.yaml": file("bad", f"stringData: {{a: [{canary('in a list')}]}}")})
    story.apply("broken", {"s.yaml": file("bad", f"stringData: {{a: \"{canary('broken quote')}}}")})
    story.apply("no-kind", {"s.yaml": f"apiVersion: v1\nmetadata: {{name: x}}\nstringData: {{a: {canary('no kind')}}}\n"})
    story.apply("no-namespace", {"s.yaml": file("bad", f"stringData: {{a: {canary('no namespace')}}}")}, targetNamespace="none")
    api.create(rig.SECRET, ns, "fixed", stringData={"a": canary("immutable, old")}, immutable=True)
    story.apply("immutable", {"s.yaml": file("fixed", f"stringData: {{a: {canary('immutable, new')}}}")})
    story.apply("generated", {"e.env": f"A={canary('env file')}\n", "kustomization.yaml": kustomization(
        secretGenerator=[{"name": "g", "literals": [f"b={canary('literal')}"], "envs": ["e.env"]}])})
    story.apply("generated-wrong", {"e.env": f"{canary('env line')}=\n=x\n", "kustomization.yaml": kustomization(
        secretGenerator=[{"name": "h", "literals": [canary("literal without a key")], "envs": ["e.env"]}])})
    story.apply("patched", {"s.yaml": file("p", "stringData: {a: x}"), "kustomization.yaml": kustomization(
        resources=["s.yaml"], patches=[{"target": {"kind": "Secret"}, "patch": json.dumps(
            [{"op": "test", "path": "/stringData/a", "value": canary("tested value")}])}])})
    story.apply("replaced", {"s.yaml": file("r", f"stringData: {{a: {canary('replaced value')}}}"),
                             "kustomization.yaml": kustomization(resources=["s.yaml"], replacements=[
                                 {"source": {"kind": "Secret", "name": "r", "fieldPath": "stringData.a.b.c"},
                                  "targets": [{"select": {"kind": "Secret"}, "fieldPaths": ["stringData.none"]}]}])})
    api.create(rig.SECRET, ns, "vars", stringData={"good": canary("variable"), "list": f"[{canary('variable, broken')}",
                                                   "port": canary("variable, no number")})
    variables = {"postBuild": {"substituteFrom": [{"kind": "Secret", "name": "vars"}]}}
    story.apply("vars", {"s.yaml": file("v", "stringData: {a: '${good}'}"), "c.yaml": configmap("v", b="1")}, **variables)
    story.apply("vars-broken", {"s.yaml": file("w", "stringData:", "  a: ${list}")}, **variables)
    story.apply("vars-refused", {"s.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: s}\n"
                                           "spec:\n  ports:\n  - port: ${port}\n"}, **variables)
    story.apply("vars-name", {"c.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: '${list}'}\n"}, **variables)
    api.create(rig.SECRET, ns, "badvars", stringData={canary("variable's impossible name") + "-": "x"})
    story.apply("remote", {"kustomization.yaml": kustomization(resources=[
        f"http://user:{canary('password of a remote base')}@127.0.0.1:1/x.yaml?token={canary('token of a remote base')}"])})
    story.apply("remote-gone", {"kustomization.yaml": kustomization(resources=[web.http_url.replace(
        "://", f"://u:{canary('password of a missing base')}@") + f"/status/500?token={canary('token of a missing base')}"])})
    story.apply("remote-git", {"kustomization.yaml": kustomization(
        resources=[f"https://u:{canary('password of a Git base')}@127.0.0.1:1/x.git"])})
    story.apply("encrypted", {"s.yaml": file("e", f"data: {{a: {canary('encrypted')}}}", "sops: {mac: x}")})
    kubeconfigs(story, canary)


def kubeconfigs(story, canary):
    """Of clusters that do not answer, and ones that make no sense."""
    def config(server, **user):
        return json.dumps({"apiVersion": "v1", "kind": "Config", "current-context": "c",
                           "clusters": [{"name": "c", "cluster": {"server": server, "insecure-skip-tls-verify": False}}],
                           "users": [{"name": "c", "user": user}],
                           "contexts": [{"name": "c", "context": {"cluster": "c", "user": "c"}}]})
    rows = {"remote-token": config("https://127.0.0.1:1", token=canary("kubeconfig token")),
            "remote-basic": config("https://127.0.0.1:1", username="u", password=canary("kubeconfig password")),
            "remote-key": config("https://127.0.0.1:1", **{"client-certificate-data": "eA==", "client-key-data": base64.b64encode(
                canary("kubeconfig key").encode()).decode()}),
            "remote-url": config(f"https://u:{canary('kubeconfig URL')}@127.0.0.1:1"),
            "remote-broken": f"users: [{{token: {canary('kubeconfig, broken')}",
            "remote-shape": f"users: {canary('kubeconfig, misshapen')}\n"}
    for name, text in rows.items():
        story.api.create(rig.SECRET, story.ns, name, stringData={"value": text})
        story.apply(name, {"c.yaml": configmap("c", a="1")}, kubeConfig={"secretRef": {"name": name}})


def settled(api, ns, kind, name):
    """A verdict on the object: Ready True or False, no reconcile that goes on for the first time."""
    obj = api.get(kind, ns, name)
    ready = rig.condition(obj)
    return ready.get("status") in ("True", "False") and ready["reason"] not in ("ArtifactFailed",) and "Source artifact not found" not in ready["message"]


def files_of(folder):
    for path in pathlib.Path(folder).rglob("*"):
        if path.is_file() and not path.is_symlink():
            yield path, path.read_bytes().decode(errors="replace")


def without_spec(obj):
    """What controllers write of an object: everything but the spec and what clients applied."""
    meta = {k: v for k, v in obj["metadata"].items() if k != "managedFields"}
    return json.dumps({"metadata": meta, "status": obj.get("status")})


def test_no_canary_sings(private, cp, web, api, ns, repo, ssh, receiver):
    canary = Canaries()
    loud = ["--log-level=trace", f"--events-addr={receiver.url}", "--min-retry-delay=300ms", "--concurrent=8"]
    controllers = [private.source(*loud), private.kustomize(*loud)]
    canary.values.update({f"{c.name}'s own token": cp.tokens[c.name] for c in controllers})
    story = Story(api, ns, repo, private.labels, canary)
    repo.commit({"README": "x"})
    sources(story, web, repo, ssh, canary)
    kustomizations(story, web, canary)
    story.source("app", repo.http_url)
    for kind, names in ((rig.GITREPOSITORY, story.sources), (rig.KUSTOMIZATION, story.kustomizations)):
        for name in names:
            rig.wait_for(lambda: settled(api, ns, kind, name), 40, f"a verdict on {kind.kind} {name}")
    ready = {o["metadata"]["name"] for kind in (rig.GITREPOSITORY, rig.KUSTOMIZATION) for o in api.list(kind, ns) if rig.is_ready(o)}
    assert ready >= {"app", "basic", "bearer", "client", "url", "ssh", "plain", "generated", "vars"}
    rig.wait_for(lambda: len(receiver.bodies) > 20, 20, "posted events")
    for name in ("plain", "vars"):
        api.delete(rig.KUSTOMIZATION, ns, name)
        rig.wait_for(lambda: api.find(rig.KUSTOMIZATION, ns, name) is None, 20, f"{name} to go")

    places = {"events": json.dumps(api.list(rig.EVENT, ns)), "posted events": "\n".join(receiver.bodies)}
    for controller in controllers:
        places[f"{controller.name}'s log"] = controller.log()
        places[f"{controller.name}'s metrics"] = urllib.request.urlopen(controller.metrics_url, timeout=5).read().decode()
        places[f"{controller.name}'s command line"] = pathlib.Path(f"/proc/{controller.pid}/cmdline").read_text()
    for kind in (rig.GITREPOSITORY, rig.KUSTOMIZATION):
        for obj in api.list(kind, ns):
            places[f"{kind.kind} {obj['metadata']['name']}"] = without_spec(obj)
    sung = {place: canary.found_in(text) for place, text in places.items()}
    assert not {place: found for place, found in sung.items() if found}


def test_no_credential_is_left_in_a_file(private, cp, web, api, ns, repo, ssh):
    """Nor is it in an artifact: artifacts and trees hold what the repository holds, and nothing of the way there."""
    canary, controllers = Canaries(), [private.source("--log-level=trace"), private.kustomize()]
    story = Story(api, ns, repo, private.labels, canary)
    repo.commit({"c.yaml": configmap("c", a="1")})
    story.apply("k", {"c.yaml": configmap("d", a="${x}")}, postBuild={"substituteFrom": [{"kind": "Secret", "name": "vars"}]},
                sourceRef={"kind": "GitRepository", "name": "basic"})
    sources(story, web, repo, ssh, canary)
    api.create(rig.SECRET, ns, "vars", stringData={"x": canary("variable")})
    rig.wait_for(lambda: all(settled(api, ns, rig.GITREPOSITORY, name) for name in story.sources), 40, "verdicts")
    rig.wait_for(lambda: rig.is_ready(api.get(rig.KUSTOMIZATION, ns, "k")), 20, "the Kustomization")
    folders = [controllers[0].storage, *(c.dir / f"{c.label}-tmp" for c in controllers)]
    left = {str(path): canary.found_in(text) for folder in folders for path, text in files_of(folder)}
    assert left, "there are artifacts"
    assert not {path: found for path, found in left.items() if found}


@pytest.mark.parametrize("which", ["source", "kustomize"])
def test_a_core_dump_would_hold_no_memory(private, which):
    controller = getattr(private, which)()
    for pid in (controller.pid, *rig.proc.children(controller.pid)):
        limits = re.search(r"Max core file size\s+(\S+)\s+(\S+)", pathlib.Path(f"/proc/{pid}/limits").read_text())
        assert limits.groups() == ("0", "0")
        assert int(pathlib.Path(f"/proc/{pid}/coredump_filter").read_text(), 16) == 0  # a pipe gets cores despite the limit
