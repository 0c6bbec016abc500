"""The test rig: a real Kubernetes API server, a real Git server and our controllers, all on loopback.

One library for the flow tests, the demo and the benches. A program that uses it reads like this:

    with rig.Folder() as folder, rig.ControlPlane(folder) as cp, rig.Web(folder) as web:
        cp.install(rig.ROOT / "crds")
        repo = web.repo("app")
        repo.commit({"app/configmap.yaml": "..."})
        with rig.source_controller(cp, folder), rig.kustomize_controller(cp, folder, web.ca_bundle): ...

proc.py        processes (always ended by pid, also when the runner is killed), ports, wait_for
cluster.py     etcd + kube-apiserver, kubeconfigs, kubectl, the audit log
api.py         a small client of the API server
pki.py web.py  made-up certificates; nginx serving Git (git-http-backend) and plain files, with its access log
controller.py  our binaries as processes: ready, log, memory, clean exit
programs.py    programs of others: the control plane's, and kustomize to compare with
node.py        a real node: containerd, kubelet, pods (tests/cluster only); cgroup.py, the memory of its containers
ssh.py         an OpenSSH server for Git
service.py     a small HTTP(S) service for stand-ins: github.py, the API that GitHub Apps use; entra.py, Azure's tokens; clouds.py,
               identities and clusters of AWS, Azure and Google
forward.py     HTTP and SOCKS proxies
proxy.py       a TCP proxy that delays, holds and cuts
faults.py      an HTTP proxy that fails the n-th request of a kind
report.py      sanitizer reports (also for run-units)
"""
from .api import Api, ApiError, CONFIGMAP, CRD, EVENT, GITREPOSITORY, KUSTOMIZATION, Kind, NAMESPACE, SECRET
from .api import SERVICEACCOUNT, condition, is_ready
from .clouds import Clouds
from .cluster import ControlPlane
from .controller import Controller, binary, kustomize_controller, source_controller
from .entra import Entra
from .faults import FaultProxy
from .forward import HttpProxy, SocksProxy
from .github import GitHub
from .proc import Folder, Process, ROOT, SLOW, Timeout, free_port, seconds_until, wait_for
from .programs import tool
from .proxy import Proxy
from .ssh import Ssh
from .web import Link, Repo, Web

__all__ = ["Api", "ApiError", "CONFIGMAP", "CRD", "Clouds", "Controller", "ControlPlane", "EVENT", "Entra", "FaultProxy", "Folder",
           "GITREPOSITORY", "GitHub", "HttpProxy", "KUSTOMIZATION", "Kind", "Link", "NAMESPACE", "Process", "Proxy", "ROOT", "Repo", "SECRET",
           "SocksProxy",
           "SERVICEACCOUNT", "Ssh", "Timeout", "Web", "binary", "condition", "free_port", "is_ready",
           "kustomize_controller", "seconds_until", "source_controller", "tool", "wait_for"]
