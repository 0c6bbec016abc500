"""Deployments with pods: Ready means they run, their failures are told, and what ends is really gone.

On a control plane of this file's own, with kube-controller-manager: one test, because each start costs seconds.
"""
import pytest
import rig
from flux import DEPLOYMENT, Flux, configmap
from rig.workloads import POD, WorkloadControlPlane

MANIFEST = """\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  replicas: 2
  progressDeadlineSeconds: {deadline}
  minReadySeconds: 0
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}, annotations: {annotations}}}
    spec: {{terminationGracePeriodSeconds: 1, containers: [{{name: web, image: "web:{version}"}}]}}
"""


class Installation:
    """A control plane that makes pods, with both controllers."""

    def __init__(self, folder, web):
        self.folder, self.web = folder, web
        self.cp = WorkloadControlPlane(folder)
        self.controllers = []

    def start(self):
        self.cp.start()
        self.cp.install(rig.ROOT / "crds")
        for make in (rig.source_controller, rig.kustomize_controller):
            self.controllers.append(make(self.cp, self.folder, self.web.ca_bundle))
        for controller in self.controllers:
            controller.wait_ready()
        return self

    def stop(self):
        try:
            for controller in self.controllers:
                controller.stop()
        finally:
            self.cp.stop()


@pytest.fixture
def own(web):
    with rig.Folder() as folder:
        installation = Installation(folder, web)
        try:
            yield installation.start()
        finally:
            installation.stop()


def deployment(version, annotations="{}", deadline=1):
    return MANIFEST.format(version=version, annotations=annotations, deadline=deadline)


def gone(api, *paths):
    """Waits until none of the objects is left."""
    for path in paths:
        rig.wait_for(lambda: api.find(path) is None, 20, f"{path} to be gone")


def test_deployment_of_pods(own, web):
    """Held pods, running pods, a rollout that cannot succeed, its repair, pruning, and a namespace deleted under us."""
    api, ns, pods = own.cp.api, "pods", own.cp.pods
    own.cp.namespace(ns)
    repo = web.repo("workloads")
    pods.hold()
    commit = repo.commit({"web.yaml": deployment(1, deadline=60), "page.yaml": configmap("page", v=1)})
    flux = Flux(api, ns, repo).source().apply(wait=True, timeout="20s", retryInterval="1s")
    rig.wait_for(lambda: flux.get(), 20, "the health check to begin", lambda ks: (
        rig.condition(ks, "Healthy").get("reason") == "Progressing" and len(api.list(POD, ns)) == 2))
    assert rig.condition(flux.get()).get("status") == "Unknown", "applied is not healthy"

    pods.release()
    flux.ready(commit)
    assert api.get(DEPLOYMENT, ns, "web")["status"]["readyReplicas"] == 2

    repo.commit({"web.yaml": deployment(2, '{pod: ImagePullBackOff}')})
    flux.sync()
    message = flux.failed("HealthCheckFailed", f"Deployment/{ns}/web status: 'Failed'")
    assert "exceeded its progress deadline" in message or "ImagePullBackOff" in message

    commit = repo.commit({"web.yaml": deployment(3, deadline=60)})
    flux.sync()
    flux.ready(commit)
    images = {pod["spec"]["containers"][0]["image"] for pod in api.list(POD, ns)}
    assert images == {"web:3"}, "Ready means the rollout has ended"

    repo.commit({"web.yaml": None})
    flux.sync()
    gone(api, DEPLOYMENT.path(ns, "web"))
    rig.wait_for(lambda: api.list(POD, ns), 20, "the pods to follow their Deployment", lambda left: not left)

    api.delete(rig.NAMESPACE, name=ns)  # the sources and Kustomizations in it have finalizers
    gone(api, rig.NAMESPACE.path(name=ns))
