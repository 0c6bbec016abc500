"""Whole lives of a GitRepository and a Kustomization, behind proxies that fail one request of each (test_faults.py).

A life is five phases: create, change, drift, prune, delete. Each ends in the same state whatever was failed meanwhile:
the wanted objects and nothing else, an inventory that names them, conditions without a trace of the failure, finalizers
where they belong and nowhere else. Which requests a life makes is learnt by living it twice without a fault: a request is
told by who sends it, its method, its path with the namespace made general, and its number among those alike (Key).

Lives of one Pair of controllers run beside one another in namespaces of their own, each with its own rule. Objects are
looked at through one watch (Mirror), because hundreds of lives that poll would keep the API server from its work.
"""
import collections
import re
import threading
import time
import urllib.parse

import rig
from flux import configmap
from rig.proc import SLOW

QUICK = ["--min-retry-delay=100ms", "--max-retry-delay=1s", "--requeue-dependency=500ms", "--concurrent=10"]
OWNER = "kustomize.toolkit.fluxcd.io/name=app"
FINALIZER = "finalizers.fluxcd.io"
CONTROLLERS = ("source", "kustomize")
PATIENCE = 40 * SLOW

Key = collections.namedtuple("Key", "who method path number")


class Failed(AssertionError):
    """A phase did not end as it must."""


class Mirror:
    """All GitRepositories and Kustomizations with a label, as two watches keep them."""

    def __init__(self, api, selector):
        self.api, self.selector = api, selector
        self.changed, self.objects, self.ending = threading.Condition(), {}, False
        for kind in (rig.GITREPOSITORY, rig.KUSTOMIZATION):
            threading.Thread(target=self._follow, args=(kind,), daemon=True).start()

    def _follow(self, kind):
        while not self.ending:
            try:
                listing = self.api.get(kind, labelSelector=self.selector)
                for event in self.api.watch(kind, seconds=600, labelSelector=self.selector,
                                            resourceVersion=listing["metadata"]["resourceVersion"]):
                    self._take(kind, event)
            except OSError:
                time.sleep(0.2)

    def _take(self, kind, event):
        meta = event["object"]["metadata"]
        with self.changed:
            self.objects[kind.kind, meta["namespace"]] = None if event["type"] == "DELETED" else event["object"]
            self.changed.notify_all()

    def get(self, kind, ns):
        return self.objects.get((kind.kind, ns))

    def wait(self, ready, timeout, tend):
        """Waits until ready() holds, looking at each change; tend() is called all along. False when time is up."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            with self.changed:
                if ready():
                    return True
                self.changed.wait(0.25)
            tend()
        return ready()


class Pair:
    """Both controllers, with proxies between them and the API server, Git and each other."""

    def __init__(self, cp, web, private, name, quick=(), storage=None):
        self.cp, self.web, self.private, self.name, self.quick = cp, web, private, name, list(quick)
        certificate = (web.pki / "server.crt", web.pki / "server.key")
        self.proxies = {who: rig.FaultProxy(cp.port, server=cp.ca_file, certificate=certificate)
                        for who in CONTROLLERS}
        self.proxies["git"] = rig.FaultProxy(web.ports["http"])
        self.proxies["artifact"] = rig.FaultProxy(1)
        self.controllers, self.doomed, self.deaths = {}, set(), 0

    def start(self):
        for who in CONTROLLERS:
            self._start(who)
        for controller in self.controllers.values():
            controller.wait_ready()
        return self

    def _start(self, who):
        make = {"source": rig.source_controller, "kustomize": rig.kustomize_controller}[who]
        folder, name = self.private.folder, f"{who}-controller"
        config = self.cp.kubeconfig(name, path=folder / f"{self.name}-{who}.kubeconfig", port=self.proxies[who].port,
                                    ca_file=self.web.ca_bundle)
        args = [f"--watch-label-selector=sharding.fluxcd.io/key={self.private.key}-{self.name}", *QUICK, *self.quick]
        options = {}
        if who == "source":
            args.append(f"--storage-adv-addr=127.0.0.1:{self.proxies['artifact'].port}")
            options["storage"] = folder / f"{self.name}-storage"
        started = make(self.cp, folder, self.web.ca_bundle, args=args, env={"KUBECONFIG": config},
                       label=f"{self.name}-{name}-{self.deaths}", **options)
        if who == "source":
            self.proxies["artifact"].target = started.storage_port
        self.controllers[who] = started

    @property
    def labels(self):
        return {"sharding.fluxcd.io/key": f"{self.private.key}-{self.name}"}

    def kill(self, who):
        """kill -9 from any thread; tend() starts the next one."""
        self.doomed.add(who)
        self.controllers[who].process.popen.kill()

    def tend(self):
        """Brings a killed controller back; one that died by itself is a failure."""
        for who, controller in list(self.controllers.items()):
            if controller.process.running():
                continue
            if who not in self.doomed:
                raise Failed(f"{controller.label} ended by itself:\n{controller.process.tail()}")
            self.doomed.discard(who)
            self.deaths += 1
            controller.check_reports()
            self._start(who)

    def stop(self):
        problems = []
        for who, controller in self.controllers.items():
            try:
                controller.wait_ready()
                controller.stop()
            except AssertionError as e:
                if who not in self.doomed:  # killed at the life's very end
                    problems.append(str(e))
        for proxy in self.proxies.values():
            proxy.close()
        assert not problems, "\n".join(problems)

    def keys(self, ns):
        """The requests of one namespace's life so far."""
        found = []
        for who, proxy in self.proxies.items():
            count = collections.Counter()
            for seen in proxy.requests(ns):
                kind = (seen.method, general(seen.path, ns))
                count[kind] += 1
                found.append(Key(who, *kind, count[kind]))
        return found

    def fail(self, key, fault, ns, action=None):
        """The rule that fails the request of that key in the life of that namespace."""
        return self.proxies[key.who].fail(fault, key.method, special(key.path, ns), key.number, action=action)

    def forget(self, key, rule):
        self.proxies[key.who].forget(rule)

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            for controller in self.controllers.values():
                controller.process.stop()
            raise

    def __exit__(self, *exc):
        self.stop()


def general(path, ns):
    """A path with what differs from life to life made equal; of the query only what names the request."""
    where, _, query = path.partition("?")
    kept = [f"{k}={v}" for k, v in urllib.parse.parse_qsl(query) if k in ("dryRun", "service", "watch")]
    where = re.sub(r"\.[0-9a-f]{10,}$|[0-9a-f]{32,}", "ID", where.replace(ns, "NS"))
    return where + ("?" + "&".join(kept) if kept else "")


def special(path, ns):
    """The regular expression for the paths of one life that general() makes equal to `path`."""
    where, _, query = path.partition("?")
    where = re.escape(where).replace("NS", re.escape(ns)).replace("ID", r"(\.[0-9a-f]{10,}|[0-9a-f]{32,})")
    if "dryRun=All" in query or "service=" in query:
        return f"^{where}\\?.*{query}"
    return f"^{where}(\\?(?!.*dryRun)|$)"


class Life:
    """One life; run() lives it and raises Failed with what is wrong in the phase it happened."""

    def __init__(self, pair, mirror, ns):
        self.pair, self.mirror, self.ns, self.api = pair, mirror, ns, pair.cp.api
        self.repo = pair.web.repo(ns)
        self.phase = ""

    def run(self):
        self.pair.cp.namespace(self.ns)
        for phase in (self.create, self.change, self.drift, self.prune, self.delete):
            self.phase = phase.__name__
            phase()

    def create(self):
        self.repo.commit({"a.yaml": configmap("a", v=1), "b.yaml": configmap("b", v=1),
                          "name.txt": self.ns})  # no other life has this artifact
        url = f"http://127.0.0.1:{self.pair.proxies['git'].port}/git/{self.repo.name}.git"
        self.api.create(rig.GITREPOSITORY, self.ns, "app", metadata={"labels": self.pair.labels},
                        spec={"url": url, "interval": "60m", "timeout": "10s", "ref": {"branch": "main"}})
        self.api.create(rig.KUSTOMIZATION, self.ns, "app", metadata={"labels": self.pair.labels}, spec={
            "interval": "60m", "retryInterval": "300ms", "timeout": "30s", "prune": True, "path": "./",
            "targetNamespace": self.ns, "sourceRef": {"kind": "GitRepository", "name": "app"}})
        self.settles(a="1", b="1")

    def change(self):
        self.repo.commit({"a.yaml": configmap("a", v=2), "c.yaml": configmap("c", v=1)})
        self.api.reconcile(rig.GITREPOSITORY, self.ns, "app")
        self.settles(a="2", b="1", c="1")

    def drift(self):
        self.api.delete(rig.CONFIGMAP, self.ns, "b")
        self.api.patch(rig.CONFIGMAP, {"data": {"v": "x"}}, self.ns, "a")
        token = self.api.reconcile(rig.KUSTOMIZATION, self.ns, "app")
        self.settles(token, a="2", b="1", c="1")

    def prune(self):
        self.repo.commit({"b.yaml": None})
        self.api.reconcile(rig.GITREPOSITORY, self.ns, "app")
        self.settles(a="2", c="1")

    def delete(self):
        self.api.delete(rig.KUSTOMIZATION, self.ns, "app")
        self.gone(rig.KUSTOMIZATION)
        if self.objects():
            raise self.wrong("objects outlive their Kustomization", self.objects())
        self.api.delete(rig.GITREPOSITORY, self.ns, "app")
        self.gone(rig.GITREPOSITORY)
        kept = list(self.pair.controllers["source"].storage.glob(f"gitrepository/{self.ns}/**/*.tar.gz"))
        if kept:
            raise self.wrong("artifacts outlive their source", kept)

    def objects(self):
        return {o["metadata"]["name"]: o["data"]["v"]
                for o in self.api.list(rig.CONFIGMAP, self.ns, labelSelector=OWNER)}

    def wrong(self, what, *details):
        return Failed(f"{self.phase}: {what}: " + "; ".join(map(str, details)))

    def settles(self, token=None, **wanted):
        """Waits for the state that the phase ends in, and looks at all of it."""
        head = self.repo.head()
        if not self.mirror.wait(lambda: self.settled(head, token), PATIENCE, self.pair.tend):
            raise self.wrong(f"not settled at {head} after {PATIENCE:g} s", *self.statuses())
        # A request is answered before drift of the last moment is told; it is put back when it is told of.
        self.mirror.wait(lambda: self.objects() == wanted, PATIENCE, self.pair.tend)
        if self.objects() != wanted:
            raise self.wrong("objects", self.objects(), "wanted", wanted)
        inventory = {e["id"] for e in self.mirror.get(rig.KUSTOMIZATION, self.ns)["status"]["inventory"]["entries"]}
        if inventory != {f"{self.ns}_{name}__ConfigMap" for name in wanted}:
            raise self.wrong("inventory", inventory, "wanted", wanted)

    def settled(self, head, token):
        source, ks = (self.mirror.get(kind, self.ns) for kind in (rig.GITREPOSITORY, rig.KUSTOMIZATION))
        if not source or not ks or not rig.is_ready(source, head) or not rig.is_ready(ks, head):
            return False
        if token and ks["status"].get("lastHandledReconcileAt") != token:
            return False
        return all(self.is_calm(o, kinds) for o, kinds in ((source, ("Ready", "ArtifactInStorage")), (ks, ("Ready",))))

    @staticmethod
    def is_calm(obj, kinds):
        """Finalizer there, and no condition but these, all true."""
        conditions = {c["type"]: c["status"] for c in obj["status"]["conditions"]}
        return conditions == dict.fromkeys(kinds, "True") and obj["metadata"]["finalizers"] == [FINALIZER]

    def statuses(self):
        for kind in (rig.GITREPOSITORY, rig.KUSTOMIZATION):
            found = self.mirror.get(kind, self.ns)
            yield kind.kind, found and {k: v for k, v in found.get("status", {}).items() if k != "history"}

    def gone(self, kind):
        if not self.mirror.wait(lambda: self.mirror.get(kind, self.ns) is None, PATIENCE, self.pair.tend):
            found = self.mirror.get(kind, self.ns)
            raise self.wrong(f"{kind.kind} does not go", found["metadata"], found.get("status"))
