"""A cluster with one real node: containerd runs pods, kubelet, kube-proxy, scheduler and controller-manager do their work.

It wants a machine of its own, and tests/cluster/run gives it one: namespaces for network, processes and mounts, in which
everything below ends with the namespace. Inside, the node owns a bridge (BRIDGE, HOST/24), every port, the iptables
rules, /run and /var/log. Outside them only its cgroups are left over (CGROUP_ROOT), which tests/cluster/run removes.

Pods reach kube-apiserver through 10.96.0.1 as anywhere, Services by name through a small name server here, which also
knows `git.example.com`, the rig's web server. Images come from tar files: there is no registry and no way out.

What is not obvious: restrict_oom_score_adj (runc may not lower it in a container), failCgroupV1 and cgroupfs (machines
without systemd or cgroup v2), snapshotter native (no overlayfs on an overlayfs), a pause image made of busybox.
Rejected: kind and k3s (both want a container engine and images from a registry).
"""
import json
import os
import pathlib
import socket
import subprocess
import threading

from . import cgroup
from .api import Kind, condition
from .cluster import ControlPlane
from .proc import ROOT, Server, wait_for
from .programs import node_program
from .web import Web

BRIDGE, HOST, SUBNET, NODE = "gotk0", "10.88.0.1", "10.88.0.0/24", "gotk"
SERVICES = "10.96.0.0/16"
POD, SERVICE, DEPLOYMENT = Kind("v1", "pods", "Pod"), Kind("v1", "services", "Service"), \
    Kind("apps/v1", "deployments", "Deployment")
NODES = Kind("v1", "nodes", "Node")
TAG = "v0.1.0"
CGROUP_ROOT = os.environ.get("CLUSTER_CGROUP", "gotk-cluster")
CONTAINERD = """
version = 2
root = "{dir}/containerd"
state = "/run/containerd"
[grpc]
  address = "/run/containerd/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/gotk/pause:{tag}"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{dir}/cni"
"""
CNI = {"cniVersion": "0.4.0", "name": "gotk", "plugins": [
    {"type": "bridge", "bridge": BRIDGE, "isGateway": True, "ipMasq": False, "hairpinMode": True,
     "ipam": {"type": "host-local", "dataDir": "/run/cni", "ranges": [[{"subnet": SUBNET, "gateway": HOST}]],
              "routes": [{"dst": "0.0.0.0/0"}]}},
    {"type": "portmap", "capabilities": {"portMappings": True}}]}
KUBELET = {"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration", "failCgroupV1": False,
           "cgroupDriver": "cgroupfs", "cgroupRoot": f"/{CGROUP_ROOT}", "enforceNodeAllocatable": [],
           "authentication": {"anonymous": {"enabled": True}, "webhook": {"enabled": False}},
           "authorization": {"mode": "AlwaysAllow"}, "clusterDomain": "cluster.local", "clusterDNS": [HOST],
           "containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock", "failSwapOn": False,
           "registerNode": True, "syncFrequency": "5s", "fileCheckFrequency": "1h", "nodeStatusUpdateFrequency": "5s",
           "evictionHard": {"memory.available": "50Mi"}, "imageGCHighThresholdPercent": 100}


class NodeControlPlane(ControlPlane):
    """The rig's control plane, on the bridge's address, with users for the parts of a node."""
    host = HOST
    options = "--authorization-mode=Node,RBAC --kubelet-preferred-address-types=InternalIP " \
        "--enable-bootstrap-token-auth=false"
    users = {**ControlPlane.users, "kubelet": (f"system:node:{NODE}", "system:nodes"),
             "kube-proxy": ("system:kube-proxy", "system:authenticated"),
             "kube-scheduler": ("system:kube-scheduler", "system:authenticated"),
             "kube-controller-manager": ("system:kube-controller-manager", "system:authenticated")}


class Node(Server):
    """The cluster: .cp (ControlPlane), .web (Web on git.example.com). Start it from the main thread."""

    def __init__(self, folder):
        super().__init__(folder)
        self.cp, self.web = NodeControlPlane(folder), Web(folder, host=HOST, name="git.example.com")
        self.names = Names(self.cp, {"git.example.com": HOST})

    def start(self):
        """Everything up to a node that is Ready; load images next."""
        ip("link", "set", "lo", "up")
        ip("link", "add", BRIDGE, "type", "bridge")
        ip("address", "add", f"{HOST}/24", "dev", BRIDGE)
        ip("link", "set", BRIDGE, "up")
        ip("route", "add", SERVICES, "dev", BRIDGE)  # kube-proxy sends them on
        pathlib.Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
        cgroup.make(CGROUP_ROOT)
        self.cp.start()
        self.web.start()
        self.names.start()
        self._write_files()
        self._spawn_all()
        wait_for(lambda: (self.check(), self.cp.api.get(NODES, name=NODE))[1], 90, "the node to be Ready",
                 lambda o: condition(o)["status"] == "True")
        return self

    def _write_files(self):
        (self.dir / "cni").mkdir()
        (self.dir / "cni/10-gotk.conflist").write_text(json.dumps(CNI))
        (self.dir / "containerd.toml").write_text(CONTAINERD.format(dir=self.dir, tag=TAG))
        resolv = self.dir / "resolv.conf"
        resolv.write_text(f"nameserver {HOST}\n")
        if os.path.exists("/etc/resolv.conf"):
            run("mount", "--bind", resolv, "/etc/resolv.conf")  # programs beside the pods ask the same names
        (self.dir / "kubelet.json").write_text(json.dumps({**KUBELET, "podLogsDir": str(self.dir / "pods"),
                                                           "resolvConf": str(resolv)}))

    def _spawn_all(self):
        config = {name: self.cp.kubeconfig(name) for name in NodeControlPlane.users}
        self.spawn("containerd", "/usr/bin/containerd", f"--config={self.dir}/containerd.toml")
        wait_for(lambda: (self.check(), self.ctr("version"))[1], 30, "containerd to answer")
        self.load("/bin/busybox", "localhost/gotk/pause", "--argument=sleep", "--argument=infinity")
        self.spawn("kube-controller-manager", node_program("kube-controller-manager"), "--leader-elect=false",
                    f"--kubeconfig={config['kube-controller-manager']}", "--secure-port=0", "--use-service-account-credentials",
                    f"--service-account-private-key-file={self.cp.dir}/sa.key", f"--root-ca-file={self.cp.ca_file}")
        self.spawn("kube-scheduler", node_program("kube-scheduler"), f"--kubeconfig={config['kube-scheduler']}",
                    "--leader-elect=false", "--secure-port=0")
        self.spawn("kubelet", node_program("kubelet"), f"--config={self.dir}/kubelet.json", f"--node-ip={HOST}",
                    f"--kubeconfig={config['kubelet']}", f"--hostname-override={NODE}", f"--root-dir={self.dir}/kubelet")
        self.spawn("kube-proxy", node_program("kube-proxy"), f"--kubeconfig={config['kube-proxy']}",
                    f"--hostname-override={NODE}", "--proxy-mode=iptables", "--conntrack-max-per-core=0",
                    "--conntrack-tcp-timeout-established=0", "--conntrack-tcp-timeout-close-wait=0", f"--cluster-cidr={SUBNET}")

    def stop(self):
        """Ends what was started; pods and containers end with the namespaces."""
        super().stop()
        self.names.stop()
        self.web.stop()
        self.cp.stop()

    # --- images -----------------------------------------------------------------------------------------------

    def ctr(self, *args):
        """Runs containerd's client in the namespace of Kubernetes and returns its stdout."""
        return run("ctr", "--address=/run/containerd/containerd.sock", "--namespace=k8s.io", *args)

    def load(self, program, name, *options):
        """Makes an image of a program, NAME:v0.1.0, and imports it: there is nothing to pull from."""
        file = self.dir / f"{name.rpartition('/')[2]}.tar"
        run(ROOT / "manifests/image/write", program, file, TAG, f"--name={name}", *options)
        self.import_image(file)

    def import_image(self, file):
        self.ctr("images", "import", "--snapshotter=native", file)

    # --- looking at it ----------------------------------------------------------------------------------------

    def pods(self, ns, app):
        """The living pods with label app, oldest first."""
        found = self.cp.api.get(POD.path(ns), labelSelector=f"app={app}")["items"]
        return sorted((p for p in found if "deletionTimestamp" not in p["metadata"]),
                      key=lambda p: p["metadata"]["creationTimestamp"])

    def memory(self, ns, app):
        """MiB of the one pod of app, its pause container left out: working set, rss, and the peak since its start."""
        pod = self.pods(ns, app)[0]
        container = pod["status"]["containerStatuses"][0]["containerID"].rpartition("/")[2]
        quality = {"Guaranteed": ""}.get(pod["status"]["qosClass"], pod["status"]["qosClass"].lower() + "/")
        return cgroup.memory(f"{CGROUP_ROOT}/kubepods/{quality}pod{pod['metadata']['uid']}/{container}")


class Names(threading.Thread):
    """The cluster's name server: SERVICE.NAMESPACE.svc.cluster.local, and fixed names. A records over UDP, no more."""

    def __init__(self, cp, fixed):
        super().__init__(name="names", daemon=True)
        self.cp, self.fixed, self.ended = cp, fixed, False

    def run(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
            door.bind((HOST, 53))
            door.settimeout(0.5)
            while not self.ended:
                try:
                    question, sender = door.recvfrom(1500)
                    door.sendto(self.answer(question), sender)
                except (TimeoutError, IndexError, OSError):
                    continue

    def stop(self):
        self.ended = True

    def address(self, name):
        if name in self.fixed:
            return self.fixed[name]
        service, _, rest = name.partition(".")
        ns, _, suffix = rest.partition(".")
        found = self.cp.api.find(SERVICE, ns, service) if suffix == "svc.cluster.local" else None
        return found["spec"]["clusterIP"] if found else None

    def answer(self, question):
        """The reply: one A record, none (another type), or NXDOMAIN."""
        labels, at = [], 12
        while question[at]:
            labels.append(question[at + 1:at + 1 + question[at]].decode())
            at += 1 + question[at]
        asked, is_a = question[12:at + 5], question[at + 1:at + 3] == b"\0\1"
        found = self.address(".".join(labels).lower())
        record = b"\xc0\x0c\0\1\0\1\0\0\0\5\0\4" + socket.inet_aton(found) if found and is_a else b""
        flags = b"\x85\x80" if found else b"\x85\x83"
        return question[:2] + flags + b"\0\1" + (b"\0\1" if record else b"\0\0") + b"\0\0\0\0" + asked + record


def run(*argv):
    done = subprocess.run([str(a) for a in argv], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise AssertionError(f"{' '.join(map(str, argv))}: {done.stderr.strip()}")
    return done.stdout


def ip(*args):
    return run("ip", *args)
