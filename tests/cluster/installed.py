"""gotk on the rig's node: our two images, manifests/minimal (manifests/install would pull two of Flux), nothing else."""
import json
import os
import pathlib

import rig
from rig import node

NS = "flux-system"
CONTROLLERS = ("source-controller", "kustomize-controller")


class Cluster(node.Node):
    """A node with both controllers in flux-system; .times tells how long the steps took."""

    def load_images(self):
        """Imports what `make image` wrote, and a workload's image."""
        for name in CONTROLLERS:
            self.import_image(rig.ROOT / os.environ.get("BUILD_DIR", "build/bin") / f"../image/{name}.tar")
        self.load("/bin/busybox", "localhost/gotk/busybox")

    def install(self):
        """kubectl apply -k manifests/minimal, and both Deployments Available."""
        self.cp.kubectl("apply", "--server-side", "-k", rig.ROOT / "manifests/minimal")
        self.cp.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=60s")
        for name in CONTROLLERS:
            self.wait_available(NS, name)

    def wait_available(self, ns, name, replicas=1):
        def steady(found):
            status = found.get("status", {})
            return (status.get("observedGeneration") == found["metadata"]["generation"]
                    and status.get("availableReplicas") == status.get("replicas") == replicas)
        return rig.wait_for(lambda: (self.check(), self.cp.api.get(node.DEPLOYMENT, ns, name))[1], 60,
                            f"Deployment {name} to be available", steady)

    def replace_pods(self, ns, app, **how):
        """Deletes the pods of app and waits until as many others as its Deployment wants are Ready; how: query of the deletion."""
        wanted = self.cp.api.get(node.DEPLOYMENT, ns, app)["spec"]["replicas"]
        old = [pod["metadata"]["name"] for pod in self.pods(ns, app)]
        for name in old:
            self.cp.api.delete(node.POD, ns, name, **how)
        return rig.wait_for(lambda: self.pods(ns, app), 60, f"other pods of {app}", lambda found: (
            len(found) == wanted
            and all(pod["metadata"]["name"] not in old and rig.condition(pod).get("status") == "True" for pod in found)))

    def log(self, app):
        """The log of a controller's pod, through the API server and the kubelet, as `kubectl logs` shows it."""
        text = self.cp.kubectl("logs", "-n", NS, self.pods(NS, app)[0]["metadata"]["name"])
        return [json.loads(line) for line in text.splitlines()]

    def check_logs(self):
        """Both logs hold nothing but information: no warning of a missing confinement above all."""
        for name in CONTROLLERS:
            odd = [line for line in self.log(name) if line["level"] not in ("info", "debug")]
            assert not odd, f"{name} complains in a stock pod: {odd}"

    def source(self, name, repo):
        """A GitRepository on a repository of the rig's server, reached by name, trusted by a Secret."""
        self.cp.api.create(rig.SECRET, NS, f"{name}-ca", stringData={"ca.crt": self.web.pem("ca.crt")})
        self.cp.api.create(rig.GITREPOSITORY, NS, name, spec={
            "url": repo.url, "interval": "1m", "ref": {"branch": "main"}, "secretRef": {"name": f"{name}-ca"}})

    def wait_ready(self, kind, name, revision=None, timeout=60):
        return rig.wait_for(lambda: self.cp.api.get(kind, NS, name), timeout, f"{kind.kind} {name} to be Ready",
                            lambda found: rig.is_ready(found, revision))


def folder():
    return pathlib.Path(os.environ["CLUSTER_DIR"])
