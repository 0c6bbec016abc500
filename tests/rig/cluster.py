"""A Kubernetes control plane: etcd and kube-apiserver on loopback ports, nothing else.

No controller-manager runs: namespaces do not finish deleting, owner references are not followed, Deployments get no
pods. That is on purpose: nothing changes objects but the API server, the test and the controller under test.

Users are told by static tokens. `admin` may do all; a controller's token names it exactly as its ServiceAccount in
flux-system would, so the RBAC that counts is the one of a real installation (manifests/install/roles). Further identities:
token_of(), a real ServiceAccount token.

The audit log has one line per finished request (and one per started watch): requests() is how a test counts what a
reconcile cost. An object of this class is either the owner (starts and stops) or attached (from_state, in the test
workers): same methods but start and stop.
"""
import collections
import json
import os
import pathlib
import shutil
import subprocess
import threading
import time
import urllib.request

from .api import Api, ApiError, CRD, NAMESPACE, SERVICEACCOUNT, condition
from .pki import openssl
from .proc import ROOT, Server, free_port, port_open, wait_for
from .programs import assets

CONTROLLERS = ("source-controller", "kustomize-controller", "helm-controller", "notification-controller")
ETCD_ARGS = "--data-dir={dir}/etcd --unsafe-no-fsync --log-level=warn --listen-client-urls=http://127.0.0.1:{client} " \
    "--advertise-client-urls=http://127.0.0.1:{client} --listen-peer-urls=http://127.0.0.1:{peer} " \
    "--initial-advertise-peer-urls=http://127.0.0.1:{peer} --initial-cluster=default=http://127.0.0.1:{peer}"
API_ARGS = "--etcd-servers=http://127.0.0.1:{client} --cert-dir={dir}/pki --secure-port={port} --bind-address={host} " \
    "--service-account-key-file={dir}/sa.pub --service-account-signing-key-file={dir}/sa.key " \
    "--service-account-issuer=https://kubernetes.default.svc --service-cluster-ip-range=10.96.0.0/16 " \
    "--token-auth-file={dir}/tokens.csv --allow-privileged=true --audit-policy-file={dir}/audit.yaml " \
    "--audit-log-path={dir}/audit.log --shutdown-delay-duration=0s"
AUDIT_POLICY = {"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"],
                "rules": [{"level": "Metadata"}]}


class ControlPlane(Server):
    host = "127.0.0.1"
    options = "--authorization-mode=RBAC --disable-admission-plugins=ServiceAccount"
    users = {"admin": ("admin", "system:masters")}  # name in the rig: name and group in the cluster

    def __init__(self, folder, detach=False):
        super().__init__(pathlib.Path(folder) / "cp", detach)

    # --- the owner's side -------------------------------------------------------------------------------------

    def start(self):
        self.assets = assets()
        self.dir.mkdir()
        self.port, ports = free_port(), {"client": free_port(), "peer": free_port()}
        self.tokens = {name: os.urandom(12).hex() for name in (*self.users, *CONTROLLERS)}
        self._write_files()
        where = {"dir": self.dir, "host": self.host, "port": self.port, **ports}
        self.etcd_port = ports["client"]
        self._run("etcd", ETCD_ARGS.format(**where))
        wait_for(lambda: port_open(ports["client"]), 20, "etcd to listen", every=0.02)
        self.api_args = f"{API_ARGS.format(**where)} {self.options}"
        self.start_api()
        return self

    def start_api(self):
        """Starts kube-apiserver: part of start(), and again after stop_api()."""
        api = self._run("kube-apiserver", self.api_args)
        wait_for(lambda: (api.check(), self._ready())[1], 60, "kube-apiserver to be ready; " + str(api.log_path))

    def stop_api(self):
        """Kills kube-apiserver alone: etcd keeps what it has, and start_api() listens on the same port.

        SIGKILL: an orderly end waits for every watch, for longer than a test should.
        """
        ended = self.processes.pop().popen
        ended.kill()
        ended.wait()

    def compact(self):
        """Has etcd forget all but the present state: what was written before can be neither read nor watched any more."""
        def ask(what, **body):
            request = urllib.request.Request(f"http://127.0.0.1:{self.etcd_port}/v3/kv/{what}", json.dumps(body).encode())
            return json.load(urllib.request.urlopen(request, timeout=10))
        ask("compaction", revision=ask("range", key="AA==")["header"]["revision"], physical=True)

    def renew_token(self, name):
        """Gives a user another token, which counts, instead of the old one, from the next start_api() on."""
        self.tokens[name] = os.urandom(12).hex()
        self._write_tokens()
        return self.tokens[name]

    def _write_tokens(self):
        def user(name):
            if name in self.users:
                return '{},{},{},"{}"'.format(self.tokens[name], self.users[name][0], *self.users[name])
            return (f'{self.tokens[name]},system:serviceaccount:flux-system:{name},{name},'
                    '"system:serviceaccounts,system:serviceaccounts:flux-system"')
        (self.dir / "tokens.csv").write_text("".join(user(n) + "\n" for n in self.tokens))

    def _write_files(self):
        self._write_tokens()
        (self.dir / "audit.yaml").write_text(json.dumps(AUDIT_POLICY))
        openssl("genrsa", "-out", self.dir / "sa.key", "2048")
        openssl("rsa", "-in", self.dir / "sa.key", "-pubout", "-out", self.dir / "sa.pub")

    def _run(self, name, args):
        return self.spawn(name, self.assets / name, *args.split())

    def _ready(self):
        return (self.dir / "pki/apiserver.crt").exists() and self.api.get("/readyz") == "ok"

    def install(self, *folders):
        """Namespace flux-system, the roles of manifests/, then each folder or file (-k or -f); waits for the CRDs.

        RIG_CRDS=DIR[,DIR] adds more: Flux's own controllers, run here for comparison, want every kind of theirs.
        """
        if not self.api.find(NAMESPACE, name="flux-system"):
            self.namespace("flux-system")
        more = [path for path in os.environ.get("RIG_CRDS", "").split(",") if path]
        for path in (ROOT / "manifests/install/roles", *map(pathlib.Path, (*folders, *more))):
            flag = "-k" if any((path / name).exists() for name in ("kustomization.yaml", "Kustomization")) else "-f"
            self.kubectl("apply", "--server-side", flag, path)
        wait_for(lambda: all(condition(crd, "Established").get("status") == "True" for crd in self.api.list(CRD)), 60,
                 "the definitions to be established")
        shutil.rmtree(self.dir / "kubectl", ignore_errors=True)  # what it remembers is older than these definitions

    # --- what every user of it needs --------------------------------------------------------------------------

    def state(self):
        """What from_state needs, as JSON-able data."""
        return {"dir": str(self.dir), "port": self.port, "tokens": self.tokens, "assets": str(self.assets)}

    @classmethod
    def from_state(cls, state):
        cp = cls(pathlib.Path(state["dir"]).parent)
        cp.port, cp.tokens, cp.assets = state["port"], state["tokens"], pathlib.Path(state["assets"])
        return cp

    @property
    def url(self):
        return f"https://{self.host}:{self.port}"

    @property
    def ca_file(self):
        return self.dir / "pki/apiserver.crt"

    @property
    def api(self):
        """The admin's client (made once)."""
        if "admin_api" not in self.__dict__:
            self.admin_api = self.api_as(self.tokens["admin"])
        return self.admin_api

    def api_as(self, token):
        return Api(self.port, self.ca_file, token, self.host)

    def namespace(self, name, **metadata):
        return self.api.post(NAMESPACE, NAMESPACE.object(name, metadata=metadata))

    def token_of(self, ns, account, audience=None, seconds=3600):
        """A token of a ServiceAccount, which is made when missing, for the API server or an audience."""
        try:
            self.api.create(SERVICEACCOUNT, ns, account)
        except ApiError as e:
            if e.code != 409:
                raise
        answer = self.api.post(SERVICEACCOUNT.path(ns, account) + "/token",
                               {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
                                "spec": {"expirationSeconds": seconds, "audiences": [audience] if audience else []}})
        return answer["status"]["token"]

    def kubeconfig(self, user="admin", token=None, path=None, **how):
        """Path of a kubeconfig for a known user, or for any token. Replaced atomically: others may be reading it.

        how: as kubeconfig_text.
        """
        path = pathlib.Path(path or self.dir / f"{user}.kubeconfig")
        fresh = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}")
        fresh.write_text(self.kubeconfig_text(token or self.tokens[user], **how))
        fresh.chmod(0o600)
        return fresh.rename(path)

    def kubeconfig_text(self, token, port=None, token_file=None, ca_file=None):
        """port: of a proxy before the API server; ca_file: the proxy's CA when it ends TLS; token_file: a file that holds
        the token, which may change."""
        url = f"https://127.0.0.1:{port}" if port else self.url
        user = {"tokenFile": str(token_file)} if token_file else {"token": token}
        return json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "gotk",
            "clusters": [{"name": "gotk", "cluster": {"server": url, "certificate-authority": str(ca_file or self.ca_file)}}],
            "users": [{"name": "gotk", "user": user}],
            "contexts": [{"name": "gotk", "context": {"cluster": "gotk", "user": "gotk"}}]}, indent=2) + "\n"

    def kubectl(self, *args, stdin=None, check=True):
        """Runs kubectl as admin and returns its stdout; raises with its stderr when it fails and check is on."""
        config = self.dir / "admin.kubeconfig"
        if not config.exists():
            self.kubeconfig()
        done = subprocess.run([self.assets / "kubectl", "--kubeconfig", config, "--cache-dir", self.dir / "kubectl",
                               *map(str, args)], input=stdin, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if check and done.returncode:
            raise AssertionError(f"kubectl {' '.join(map(str, args))}: {done.stderr.strip()}")
        return done.stdout

    # --- the audit log ----------------------------------------------------------------------------------------

    def audit_mark(self):
        """The log's present end: pass it to audit() or requests() to see only what comes after."""
        return (self.dir / "audit.log").stat().st_size

    def audit(self, since=0, user=None, stage="ResponseComplete"):
        """Audit events after a mark; user is a controller's name (source-controller) or a full user name."""
        names = (user, f"system:serviceaccount:flux-system:{user}")
        with open(self.dir / "audit.log", "rb") as log:
            log.seek(since)
            for line in log:
                if not line.endswith(b"\n"):
                    break  # still being written
                event = json.loads(line)
                if event["stage"] == stage and (user is None or event["user"]["username"] in names):
                    yield event

    def requests(self, since=0, user=None, ns=None, name=None, settle=0.3):
        """Counter of "verb resource[/subresource]" after a mark, watches left out, optionally of one object."""
        time.sleep(settle)  # the log line follows the answer
        count = collections.Counter()
        for event in self.audit(since, user):
            ref = event.get("objectRef", {})
            if event["verb"] == "watch" or (ns and ref.get("namespace") != ns) or (name and ref.get("name") != name):
                continue
            resource = ref.get("resource", event["requestURI"].split("?")[0])
            count[f"{event['verb']} {resource}{'/' + ref['subresource'] if 'subresource' in ref else ''}"] += 1
        return count
