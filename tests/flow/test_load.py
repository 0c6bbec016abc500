"""Much at once, and for long: thousands of objects in one Kustomization, many Kustomizations, memory over many reconciles.

`make flow-faults` (FAULTS=all) does it in full size; otherwise as much as takes seconds.
"""
import concurrent.futures
import os
import time

import rig
from flux import Flux, configmap
from process import reconciles
from rig.proc import SLOW, children, stat

FULL = os.environ.get("FAULTS") == "all"
OBJECTS = 5000 if FULL else 600 if SLOW == 1 else 100
KUSTOMIZATIONS = 1000 if FULL else 100 if SLOW == 1 else 30
RECONCILES = 5000 if FULL else 200 if SLOW == 1 else 60
BESIDE = 20  # of each kind, reconciled again and again
SAMPLES = 10  # of memory: the second is taken after 1,000 of 5,000 reconciles


def in_parallel(work, items):
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        return list(pool.map(work, items))


def source_ready(api, ns):
    return rig.wait_for(lambda: api.get(rig.GITREPOSITORY, ns, "app"), 20, "the source", until=rig.is_ready)


def test_thousands_of_objects_in_one(private, controllers, api, ns, repo):
    """Applied, left alone, changed in one place, drifted in one place, pruned by half, and all gone at the end."""
    def manifests(numbers):
        return {f"{i // 500}.yaml": "---\n".join(configmap(f"c{j}", v=numbers[j]) for j in sorted(numbers) if j // 500 == i // 500)
                for i in range(0, OBJECTS, 500)}
    numbers = {i: 1 for i in range(OBJECTS)}
    first = repo.commit(manifests(numbers))
    Flux(api, ns, repo).source()
    source_ready(api, ns)
    flux = Flux(api, ns, repo, private.labels)
    controller = private.kustomize("--log-level=info", "--concurrent-ssa=8")
    flux.apply(timeout="10m")
    assert len(flux.ready(first, timeout=40 + OBJECTS / 20)["status"]["inventory"]["entries"]) == OBJECTS
    numbers[7] = 2
    second = repo.commit(manifests(numbers))
    flux.sync()
    flux.ready(second, timeout=40 + OBJECTS / 20)
    assert api.get(rig.CONFIGMAP, ns, "c7")["data"] == {"v": "2"}
    api.delete(rig.CONFIGMAP, ns, "c9")
    api.reconcile(rig.KUSTOMIZATION, ns, "app")
    rig.wait_for(lambda: api.find(rig.CONFIGMAP, ns, "c9"), 40 + OBJECTS / 20, "what drifted to be put back")
    third = repo.commit(manifests({i: v for i, v in numbers.items() if i % 2}))
    flux.sync()
    flux.ready(third, timeout=40 + OBJECTS / 20)
    assert len(api.list(rig.CONFIGMAP, ns)) == OBJECTS // 2
    api.delete(rig.KUSTOMIZATION, ns, "app")
    rig.wait_for(lambda: api.find(rig.KUSTOMIZATION, ns, "app") is None, 40 + OBJECTS / 20, "the Kustomization to go")
    assert not api.list(rig.CONFIGMAP, ns)
    assert SLOW > 1 or stat(controller.pid)["peak"] < 40 + OBJECTS / 40, stat(controller.pid)


def test_memory_stays_flat(private, api, ns, repo):
    """Full reconciles of both controllers, with commits, drift and some that fail: what their processes hold does not grow."""
    work = Rounds(private, api, ns, repo)
    work.begin()
    sizes, done = [], 0
    while done < RECONCILES:
        work.round(done // BESIDE)
        done += BESIDE
        if done * SAMPLES >= RECONCILES * (len(sizes) + 1):
            time.sleep(1.2 if FULL or done >= RECONCILES else 0.2)  # free memory is given back after a second
            sizes.append(work.sizes())
    assert all(reconciles(c) >= RECONCILES for c in (work.source, work.kustomize))
    for name in sizes[-1]:
        series = [size[name] for size in sizes]
        settled = series[SAMPLES // 5 - 1] * 1.05 if FULL else series[len(series) // 2] + 1.0
        assert SLOW > 1 or series[-1] < settled, f"{name}: MiB over {done} reconciles: {series}"


class Rounds:
    """As many sources as Kustomizations, of one repository; a tenth of each cannot be ready."""

    def __init__(self, private, api, ns, repo):
        self.private, self.api, self.ns, self.repo = private, api, ns, repo
        self.names = [f"k{i:02}" for i in range(BESIDE)]
        self.good = [name for number, name in enumerate(self.names) if number % 10 != 9]

    def begin(self):
        self.commit(0)
        flux = Flux(self.api, self.ns, self.repo, self.private.labels)
        self.source = self.private.source("--log-level=info", "--concurrent=4")
        self.kustomize = self.private.kustomize("--log-level=info", "--concurrent=4", "--request-check-age=0s")
        for number, name in enumerate(self.names):
            good = name in self.good
            flux.source(name, ref={"branch": "main" if good else "absent"})
            flux.apply(name, namePrefix=f"{name}-", path="./good" if good else "./broken", retryInterval="50m",
                       sourceRef={"kind": "GitRepository", "name": name if good else self.names[0]},
                       commonMetadata={"labels": {"n": str(number)}})
        for kind in (rig.GITREPOSITORY, rig.KUSTOMIZATION):
            rig.wait_for(lambda: sum(rig.is_ready(o) for o in self.api.list(kind, self.ns)), 60,
                         f"those {kind.plural} that can to be ready", until=lambda ready: ready == len(self.good))

    def commit(self, number):
        self.repo.commit({**{f"good/a{i}.yaml": configmap(f"a{i}", v=str(number)) for i in range(4)}, "broken/b.yaml": "a: [\n"})

    def round(self, number):
        """Everything is asked for once. Before every tenth comes a commit; before every second, each Kustomization's object drifts."""
        if number % 10 == 9:
            self.commit(number)
        if number % 2:
            in_parallel(lambda name: self.api.patch(rig.CONFIGMAP, {"data": {"v": "x"}}, self.ns, f"{name}-a0"), self.good)
        for kind in (rig.GITREPOSITORY, rig.KUSTOMIZATION):
            self.ask(kind)

    def ask(self, kind):
        token = f"round-{time.time_ns()}"
        patch = {"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": token}}}
        in_parallel(lambda name: self.api.patch(kind, patch, self.ns, name), self.names)
        rig.wait_for(lambda: [o for o in self.api.list(kind, self.ns)
                              if o.get("status", {}).get("lastHandledReconcileAt") == token], 60, f"{BESIDE} reconciles",
                     until=lambda found: len(found) == BESIDE, every=0.1)

    def sizes(self):
        """{process: MiB} of both controllers and of the helper that forks the jobs of each."""
        found = {}
        for controller in (self.source, self.kustomize):
            found[controller.name] = stat(controller.pid)["rss"]
            found[f"{controller.name}'s helper"] = stat(children(controller.pid)[0])["rss"]
        return found


def test_many_kustomizations_follow_a_commit(private, controllers, api, ns, repo):
    """All of them, from one repository, each with an object of its own; then a commit that changes them all, then the end."""
    first = repo.commit({"cm.yaml": configmap("cm", v="1")})
    Flux(api, ns, repo, private.labels).source()
    private.source("--log-level=info")
    controller = private.kustomize("--log-level=info", "--concurrent=8")
    own = Flux(api, ns, repo, private.labels)
    names = [f"k{i:04}" for i in range(KUSTOMIZATIONS)]
    in_parallel(lambda name: own.apply(name, namePrefix=f"{name}-"), names)

    def all_ready(commit):
        rig.wait_for(lambda: sum(rig.is_ready(o, commit) for o in api.list(rig.KUSTOMIZATION, ns)), 60 + KUSTOMIZATIONS / 4,
                     f"{KUSTOMIZATIONS} to be ready", until=lambda n: n == KUSTOMIZATIONS, every=0.5)
    all_ready(first)
    second = repo.commit({"cm.yaml": configmap("cm", v="2")})
    own.sync()
    all_ready(second)
    assert {o["data"]["v"] for o in api.list(rig.CONFIGMAP, ns)} == {"2"}
    in_parallel(lambda name: api.delete(rig.KUSTOMIZATION, ns, name), names)
    rig.wait_for(lambda: len(api.list(rig.KUSTOMIZATION, ns)), 60 + KUSTOMIZATIONS / 4, "all to go", until=lambda n: n == 0, every=0.5)
    assert not api.list(rig.CONFIGMAP, ns)
    assert SLOW > 1 or stat(controller.pid)["peak"] < 45, stat(controller.pid)
