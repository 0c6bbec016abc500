"""What the flows of source-controller share: a GitRepository of a test, waiting for it, and its artifact's content."""
import gzip
import io
import tarfile
import urllib.request

import rig


class Source:
    """One GitRepository in the test's namespace."""

    def __init__(self, api, ns, name="app", labels=None):
        self.api, self.ns, self.name, self.labels = api, ns, name, labels or {}

    def create(self, url, **spec):
        full = {"url": url, "interval": "60m", "ref": {"branch": "main"}, **spec}
        self.api.create(rig.GITREPOSITORY, self.ns, self.name, spec=full, metadata={"labels": self.labels})
        return self

    def get(self):
        return self.api.get(rig.GITREPOSITORY, self.ns, self.name)

    def find(self):
        return self.api.find(rig.GITREPOSITORY, self.ns, self.name)

    def change(self, **spec):
        self.api.patch(rig.GITREPOSITORY, {"spec": spec}, self.ns, self.name)
        return self

    def wait(self, until, what, timeout=20):
        return rig.wait_for(self.get, timeout, f"GitRepository {self.name} {what}", until=until)

    def ready(self, revision=""):
        """Waits until it is Ready at a revision that ends so, and returns its status."""
        return self.wait(lambda o: rig.is_ready(o, revision), f"to be ready at {revision}")["status"]

    def failed(self, reason, part=""):
        """Waits until Ready is False with this reason and a message that holds `part`; returns its status."""
        def is_so(o):
            ready = rig.condition(o)
            return ready.get("status") == "False" and ready.get("reason") == reason and part in ready["message"]
        return self.wait(is_so, f"to fail with {reason}: {part}")["status"]

    def again(self):
        """Has it reconciled now and returns it afterwards."""
        token = self.api.reconcile(rig.GITREPOSITORY, self.ns, self.name)
        return self.wait(lambda o: o["status"].get("lastHandledReconcileAt") == token, f"to handle {token}")

    def secret(self, name="creds", **data):
        """A Secret for spec.secretRef; keyword names but known_hosts have "_" for ".": ca_crt="..."."""
        keys = {k: k if k == "known_hosts" else k.replace("_", ".") for k in data}
        self.api.create(rig.SECRET, self.ns, name, stringData={keys[k]: v for k, v in data.items()})
        return {"name": name}

    def events(self, reason=None):
        found = [e for e in self.api.list(rig.EVENT, self.ns) if e["involvedObject"]["name"] == self.name
                 and e["involvedObject"]["kind"] == "GitRepository" and reason in (None, e["reason"])]
        return sorted(found, key=lambda e: (e.get("lastTimestamp") or "", e["metadata"]["name"]))

    def event(self, reason, part=""):
        """Waits for an event with this reason and a message that holds `part`."""
        return rig.wait_for(lambda: [e for e in self.events(reason) if part in e["message"]], 10,
                            f"event {reason}: {part}")[0]


def conditions(status):
    """{type: (status, reason, message)}, in the order of the status."""
    return {c["type"]: (c["status"], c["reason"], c["message"]) for c in status.get("conditions", [])}


def download(artifact):
    return urllib.request.urlopen(artifact["url"], timeout=10).read()


def members(artifact):
    """{name: content} of the files in an artifact's archive."""
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(download(artifact)))) as tar:
        return {m.name: tar.extractfile(m).read().decode() for m in tar.getmembers() if m.isfile()}
