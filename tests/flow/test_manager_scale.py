"""Hundreds of Kustomizations: memory, descriptors and processes stay where they were."""
import concurrent.futures
import os
import pathlib
import time

import rig
from flux import Flux, configmap
from rig.proc import SLOW, children, stat

MANY = 500 if SLOW == 1 else 60
ROUND = 60
RSS_MB, HELPER_MB = 40, 8


def in_parallel(work, items):
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        return list(pool.map(work, items))


def zombies(pid):
    states = [pathlib.Path(f"/proc/{child}/stat").read_text().rsplit(") ", 1)[1][0] for child in children(pid)]
    return states.count("Z")


def ask_all(api, ns, names):
    """One round of requested reconciles, waited for."""
    token = f"round-{time.time_ns()}"
    patch = {"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": token}}}
    in_parallel(lambda name: api.patch(rig.KUSTOMIZATION, patch, ns, name), names)
    rig.wait_for(lambda: [o for o in api.list(rig.KUSTOMIZATION, ns)
                          if o["status"].get("lastHandledReconcileAt") == token], 60, f"{len(names)} reconciles",
                 until=lambda done: len(done) == len(names), every=0.3)


def test_hundreds_of_kustomizations_cost_little(private, controllers, api, ns, repo):
    repo.commit({"cm.yaml": configmap("cm", text="x" * 200)})
    Flux(api, ns, repo).source()
    rig.wait_for(lambda: api.get(rig.GITREPOSITORY, ns, "app"), 20, "the source", until=rig.is_ready)
    own = Flux(api, ns, repo, private.labels)
    names = [f"k{i:03}" for i in range(MANY)]
    in_parallel(lambda name: own.apply(name, namePrefix=f"{name}-", prune=False), names)

    controller = private.kustomize("--concurrent=8", "--log-level=info")
    rig.wait_for(lambda: sum(map(rig.is_ready, api.list(rig.KUSTOMIZATION, ns))), 120, f"{MANY} Kustomizations to be ready",
                 until=lambda ready: ready == MANY, every=1)
    seen = []
    for _ in range(3):
        ask_all(api, ns, names[:ROUND])
        time.sleep(1.2)  # jobs end, and free memory is given back after a second
        seen.append(stat(controller.pid))
    assert seen[-1]["files"] < seen[0]["files"] + ROUND // 4, seen  # a connection more or less is none that leaks
    assert seen[-1]["threads"] == seen[0]["threads"] and zombies(controller.pid) == 0
    helpers = children(controller.pid)
    assert len(helpers) == 1, "the job helper alone is left"
    assert len(os.listdir(f"/proc/{helpers[0]}/fd")) < 10
    if SLOW == 1:
        assert seen[-1]["peak"] < RSS_MB and seen[-1]["rss"] < seen[0]["rss"] + 1 and stat(helpers[0])["rss"] < HELPER_MB, seen
