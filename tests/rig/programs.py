"""Programs that are not ours, compiled from pinned modules the first time (tests/rig/build tells what it does)."""
import pathlib
import subprocess

from .proc import ROOT


def assets():
    """The folder with etcd, kube-apiserver and kubectl."""
    return _built("controlplane")


def node_program(name):
    """Path of a program that makes pods or runs them: node_program("kubelet")."""
    return _built("node", name) / name


def tool(name):
    """Path of a program to compare ours with: tool("kustomize"), tool("helm")."""
    return _built("helm" if name == "helm" else "tools", name) / name


def _built(*args):
    done = subprocess.run([ROOT / "tests/rig/build", *args], stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise RuntimeError(f"tests/rig/build {' '.join(args)} failed (its messages are above)")
    return pathlib.Path(done.stdout.strip())
