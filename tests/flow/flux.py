"""What Flux flows share: a repository synced by a GitRepository and applied by a Kustomization, and waiting for both."""
import rig

# The Kustomization of the article that this project began with, word for word.
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
DEPLOYMENT = rig.Kind("apps/v1", "deployments", "Deployment")


def configmap(name, ns=None, **data):
    """A ConfigMap manifest as text."""
    lines = ["apiVersion: v1", "kind: ConfigMap", "metadata:", f"  name: {name}"]
    lines += [f"  namespace: {ns}"] if ns else []
    lines += ["data:"] + [f'  {k}: "{v}"' for k, v in data.items()] if data else []
    return "\n".join(lines) + "\n"


def kustomization(**fields):
    """A kustomization.yaml as text: values are lists or strings in flow style."""
    import json
    head = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
    return head + "".join(f"{k}: {json.dumps(v)}\n" for k, v in fields.items())


class Flux:
    """The objects of one test in its namespace."""

    def __init__(self, api, ns, repo, labels=None):
        self.api, self.ns, self.repo, self.labels = api, ns, repo, labels or {}

    def source(self, name="app", **spec):
        full = {"url": self.repo.http_url, "interval": "60m", "ref": {"branch": "main"}, **spec}
        self.api.create(rig.GITREPOSITORY, self.ns, name, spec=full, metadata={"labels": self.labels})
        return self

    def apply(self, name="app", **spec):
        full = {"interval": "60m", "prune": True, "path": "./", "targetNamespace": self.ns,
                "sourceRef": {"kind": "GitRepository", "name": "app"}, **spec}
        self.api.create(rig.KUSTOMIZATION, self.ns, name, spec=full, metadata={"labels": self.labels})
        return self

    def get(self, name="app"):
        return self.api.get(rig.KUSTOMIZATION, self.ns, name)

    def sync(self, name="app"):
        """Tells the source to look at Git again."""
        self.api.reconcile(rig.GITREPOSITORY, self.ns, name)

    def ready(self, revision="", name="app", timeout=20):
        """Waits until the Kustomization has applied the revision (a commit id) and returns it."""
        return rig.wait_for(lambda: self.get(name), timeout, f"Kustomization {name} to be ready at {revision}",
                            until=lambda ks: rig.is_ready(ks, revision))

    def failed(self, reason, part="", name="app", timeout=20):
        """Waits until Ready is False with this reason and a message that holds `part`, and returns the message."""
        ks = rig.wait_for(lambda: self.get(name), timeout, f"Kustomization {name} to fail with {reason}",
                          until=lambda ks: rig.condition(ks).get("status") == "False"
                          and rig.condition(ks).get("reason") == reason and part in rig.condition(ks)["message"])
        return rig.condition(ks)["message"]

    def again(self, name="app"):
        """Has the Kustomization reconciled now and returns it afterwards."""
        self.api.reconcile(rig.KUSTOMIZATION, self.ns, name)
        wanted = self.get(name)["metadata"]["annotations"]["reconcile.fluxcd.io/requestedAt"]
        return rig.wait_for(lambda: self.get(name), 20, f"Kustomization {name} to handle {wanted}",
                            until=lambda ks: ks["status"].get("lastHandledReconcileAt") == wanted
                            and rig.condition(ks).get("status") in ("True", "False"))

    def again_until(self, look, wanted):
        """As again(), and look() returns what is wanted within the two seconds in which drift is put back: a request that
        comes with an edit may be told first."""
        self.again()
        rig.wait_for(look, 2, f"{wanted} after a request", until=lambda found: found == wanted)

    def events(self, reason=None, name="app"):
        """Messages of the Kustomization's events, oldest first."""
        found = [e for e in self.api.list(rig.EVENT, self.ns) if e["involvedObject"]["kind"] == "Kustomization"
                 and e["involvedObject"]["name"] == name and reason in (None, e["reason"])]
        return [e["message"] for e in sorted(found, key=lambda e: e["metadata"]["creationTimestamp"])]
