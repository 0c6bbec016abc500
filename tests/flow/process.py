"""What the flows of the processes themselves share: an object that shows who reconciles it, leases, and help texts."""
import hashlib
import re
import urllib.error
import urllib.request

import rig

LEASE = rig.Kind("coordination.k8s.io/v1", "leases", "Lease")
KINDS = {"source": rig.GITREPOSITORY, "kustomize": rig.KUSTOMIZATION}


class Probe:
    """A cheap object of one controller's kind. A Kustomization here waits for a source that is not there."""

    def __init__(self, api, ns, which, repo, labels, name="probe"):
        self.api, self.ns, self.kind, self.name = api, ns, KINDS[which], name
        spec = {"interval": "60m"}
        if which == "source":
            spec.update(url=repo.http_url, ref={"branch": "main"})
        else:
            spec.update(path="./", prune=True, retryInterval="60m", sourceRef={"kind": "GitRepository", "name": "none"})
        api.create(self.kind, ns, name, spec=spec, metadata={"labels": labels})

    def get(self):
        return self.api.get(self.kind, self.ns, self.name)

    def ask(self):
        return self.api.reconcile(self.kind, self.ns, self.name)

    def handled(self, token, timeout=20):
        """Waits until a controller has answered the request."""
        return rig.wait_for(self.get, timeout, f"{self.kind.kind} {self.name} to handle {token}", every=0.02,
                            until=lambda o: o.get("status", {}).get("lastHandledReconcileAt") == token)

    def untouched(self):
        found = self.get()
        return not rig.condition(found) and "finalizers" not in found["metadata"]


def shard_lease(controller, selector):
    """The lease's name of a shard."""
    return f"{controller}-leader-election-{hashlib.sha256(selector.encode()).hexdigest()[:8]}"


def reconciles(controller):
    """How many reconciles this process has made."""
    return sum(v for k, v in controller.metrics().items() if k.startswith("controller_runtime_reconcile_total"))


def status_of(url):
    """The HTTP status of a GET."""
    try:
        return urllib.request.urlopen(url, timeout=5).status
    except urllib.error.HTTPError as e:
        return e.code


def flags_of(help_text):
    """{flag: default as the help shows it, or None} of a --help text."""
    found = {}
    for line in help_text.splitlines():
        flag = re.match(r" +(?:-\w, )?--([a-z0-9-]+)", line)
        if flag:
            default = re.search(r"\(default \"?([^\")]*)\"?\)$", line)
            found[flag[1]] = default[1] if default else None
    return found
