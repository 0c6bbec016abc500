"""Deployments that turn Ready without a node: kube-controller-manager makes their pods, Pods says how the pods fare.

For a control plane of a test's own: where kube-controller-manager runs, namespaces end and owner references are followed,
which tests on the shared control plane must not meet. Rejected: kwok, two more minutes of compiling for what 30 lines do.
"""
import threading
import time

from .api import ApiError, Kind
from .cluster import ControlPlane
from .proc import Process
from .programs import node_program

POD = Kind("v1", "pods", "Pod")
CONTROLLERS = "deployment-controller,replicaset-controller,job-controller,namespace-controller,garbage-collector-controller"


class WorkloadControlPlane(ControlPlane):
    """The rig's control plane with kube-controller-manager and Pods beside it."""
    users = {**ControlPlane.users, "kube-controller-manager": ("kube-controller-manager", "system:masters")}

    def start(self):
        super().start()
        self.manager = Process("kube-controller-manager", [
            node_program("kube-controller-manager"), f"--kubeconfig={self.kubeconfig('kube-controller-manager')}",
            "--leader-elect=false", "--secure-port=0", f"--controllers={CONTROLLERS}",
            f"--service-account-private-key-file={self.dir}/sa.key"], self.dir / "kube-controller-manager.log")
        self.pods = Pods(self)
        self.pods.start()
        return self

    def stop(self):
        """Also what was never started."""
        if hasattr(self, "pods"):
            self.pods.ended = True
            self.manager.stop()
        super().stop()


class Pods(threading.Thread):
    """Does what a kubelet would tell: a pod runs and is Ready soon after it was made, unless its annotation `pod` says
    something else: "pending" leaves it alone, any other text is the reason its container waits for (ImagePullBackOff)."""

    def __init__(self, cp):
        super().__init__(name="pods", daemon=True)
        self.api, self.ended, self.held = cp.api_as(cp.tokens["admin"]), False, threading.Event()
        self.held.set()

    def hold(self):
        """Pods made from now on stay as they are until release()."""
        self.held.clear()

    def release(self):
        self.held.set()

    def run(self):
        while not self.ended:
            try:
                for event in self.api.watch(POD.path(), seconds=5):
                    pod = event["object"]
                    if event["type"] in ("ADDED", "MODIFIED") and not pod["metadata"].get("deletionTimestamp"):
                        self.held.wait()
                        self.tell(pod)
            except (ApiError, OSError):
                time.sleep(0.2)  # the API server starts, or ends

    def tell(self, pod):
        state = pod["metadata"].get("annotations", {}).get("pod")
        if state == "pending" or pod.get("status", {}).get("containerStatuses"):
            return
        container = {"name": pod["spec"]["containers"][0]["name"], "image": "", "imageID": "", "restartCount": 0,
                     "ready": state is None, "started": state is None}
        container["state"] = {"waiting": {"reason": state, "message": "made up"}} if state else \
            {"running": {"startedAt": pod["metadata"]["creationTimestamp"]}}
        ready = [{"type": kind, "status": "False" if state else "True"} for kind in ("Ready", "ContainersReady")]
        status = {"phase": "Pending" if state else "Running", "conditions": ready, "containerStatuses": [container]}
        try:
            self.api.patch(POD.path(pod["metadata"]["namespace"], pod["metadata"]["name"]) + "/status", {"status": status})
        except ApiError as e:
            if e.code != 404:
                raise
