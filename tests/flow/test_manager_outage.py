"""The API server goes away and comes back: restarts, partitions, versions too old, tokens that change.

On a control plane of this file's own, with the real names of the leases: no watch-label-selector here.
"""
import pathlib

import pytest
import rig
from flux import Flux, configmap
from process import LEASE

LEADER = ["--enable-leader-election=true"]


class Installation:
    """A control plane with both controllers, each behind a proxy and with its token in a file."""

    def __init__(self, folder, web):
        self.folder, self.web = folder, web
        self.cp = rig.ControlPlane(folder)

    def start(self):
        self.cp.start()
        self.cp.install(rig.ROOT / "crds")
        self.proxy = rig.Proxy(self.cp.port)
        self.source = self._controller(rig.source_controller)
        self.kustomize = self._controller(rig.kustomize_controller)
        for controller in self.controllers:
            controller.wait_ready()
        return self

    @property
    def controllers(self):
        return [self.source, self.kustomize]

    def token_file(self, name):
        return pathlib.Path(self.folder) / f"{name}.token"

    def _controller(self, make):
        name = make.__name__.replace("_", "-")
        self.token_file(name).write_text(self.cp.tokens[name])
        config = self.cp.kubeconfig(name, path=pathlib.Path(self.folder) / f"{name}.rotating", port=self.proxy.port,
                                    token_file=self.token_file(name))
        return make(self.cp, self.folder, args=LEADER, env={"KUBECONFIG": config})

    def stop(self):
        problems = []
        for controller in self.controllers:
            try:
                controller.stop()
            except AssertionError as e:
                problems.append(str(e))
        self.proxy.close()
        self.cp.stop()
        assert not problems, "\n".join(problems)


@pytest.fixture(scope="module")
def own(web):
    with rig.Folder() as folder:
        installation = Installation(folder, web)
        try:
            yield installation.start()
        finally:
            installation.stop()


def objects(own, ns):
    """A repository, its source and its Kustomization, synced."""
    repo = own.web.repo(ns)
    commit = repo.commit({"a.yaml": configmap("a", v=1), "b.yaml": configmap("b", v=1)})
    own.cp.namespace(ns)
    soon = {"retryInterval": "1s"}  # requests fail while the API server starts
    flux = Flux(own.cp.api, ns, repo).source().apply(**soon).apply("going", namePrefix="going-", **soon)
    flux.ready(commit)
    flux.ready(commit, "going")
    return flux, repo


def data(own, ns, name):
    found = own.cp.api.find(rig.CONFIGMAP, ns, name)
    return found and found.get("data", {}).get("v")



def test_outages(own):
    """One story, for a control plane of its own takes seconds to start, and so does each restart."""
    leases_have_their_plain_names(own)
    flux, repo = objects(own, "outage")
    a_restart_loses_nothing(own, flux, repo)
    own.proxy.hold()
    change_much(own, flux)
    tokens = {c.name: own.cp.renew_token(c.name) for c in own.controllers}
    own.cp.stop_api()
    own.cp.compact()
    own.cp.start_api()
    own.proxy.release()
    own.proxy.cut()
    the_new_token_is_read(own, tokens)
    what_was_missed_is_found(own, flux, repo)


def leases_have_their_plain_names(own):
    for controller in own.controllers:
        lease = rig.wait_for(lambda: own.cp.api.find(LEASE, "flux-system", f"{controller.name}-leader-election"), 10,
                             "the lease")
        assert lease["spec"]["leaseDurationSeconds"] == 35


def a_restart_loses_nothing(own, flux, repo):
    own.cp.stop_api()
    commit = repo.commit({"a.yaml": configmap("a", v=2)})
    own.cp.start_api()
    flux.sync()
    flux.ready(commit, timeout=20)
    assert data(own, flux.ns, "a") == "2"


def change_much(own, flux):
    """Objects change, come and go while the controllers' watches hang; a compaction and the restart make their versions too
    old (410)."""
    own.cp.api.delete(rig.CONFIGMAP, flux.ns, "b")
    own.cp.api.patch(rig.KUSTOMIZATION, {"spec": {"namePrefix": "x-"}}, flux.ns, "app")
    own.cp.api.delete(rig.KUSTOMIZATION, flux.ns, "going")
    flux.apply("coming", namePrefix="coming-", retryInterval="1s")


def the_new_token_is_read(own, tokens):
    rig.wait_for(lambda: ["Unauthorized" in c.log() for c in own.controllers], 20, "both to be refused", until=all)
    for name, token in tokens.items():
        own.token_file(name).write_text(token)
    for controller in own.controllers:
        assert tokens[controller.name] not in controller.log()


def what_was_missed_is_found(own, flux, repo):
    flux.ready(repo.head(), timeout=30)
    flux.ready(repo.head(), "coming", timeout=30)
    assert data(own, flux.ns, "x-a") == "2" and data(own, flux.ns, "coming-b") == "1" and data(own, flux.ns, "a") is None
    rig.wait_for(lambda: own.cp.api.find(rig.KUSTOMIZATION, flux.ns, "going"), 20, "the deleted one to go",
                 until=lambda o: o is None)
    assert data(own, flux.ns, "going-a") is None
    commit = repo.commit({"a.yaml": configmap("a", v=3)})
    flux.sync()
    flux.ready(commit, timeout=45)  # the last watch may pause for up to 30 s after the failures before
