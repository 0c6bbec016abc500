"""Leader election: Flux's lease, one process that works, quick and slow hand-over, and what a lost lease does."""
import time

import pytest
import rig
from process import LEASE, Probe, reconciles, shard_lease, status_of
from rig.proc import SLOW, port_open

# The lease's duration is written in whole seconds.
SHORT = ["--enable-leader-election=true", "--leader-election-lease-duration=3s", "--leader-election-renew-deadline=2s",
         "--leader-election-retry-period=400ms"]
if SLOW > 1:
    SHORT = ["--enable-leader-election=true", "--leader-election-lease-duration=10s",
             "--leader-election-renew-deadline=8s", "--leader-election-retry-period=1s"]
DURATION = 3 if SLOW == 1 else 10


class Election:
    """Replicas of one controller, and their lease."""

    def __init__(self, private, api, which):
        self.private, self.api, self.which = private, api, which
        selector = f"sharding.fluxcd.io/key={private.key}"
        self.name = shard_lease(f"{which}-controller", selector)

    def replica(self):
        return getattr(self.private, self.which)(*SHORT)

    def lease(self):
        return self.api.get(LEASE, "flux-system", self.name)

    def is_leader(self, controller):
        return controller.metrics().get(f'leader_election_master_status{{name="{self.name}"}}') == 1

    def wait_leader(self, controller, timeout=10):
        rig.wait_for(lambda: self.is_leader(controller), timeout, f"{controller.label} to lead", every=0.02)


@pytest.fixture(params=["source", "kustomize"])
def election(request, private, api):
    yield Election(private, api, request.param)


def reports(controller):
    """Sanitizer reports; a process that lost its lease leaves without waiting for its threads."""
    return [text for text in controller.reports() if "thread leak" not in text]


def is_well(controller):
    return [status_of(controller.health_url + path) for path in ("/healthz", "/readyz")] == [200, 200]


def test_one_replica_works_and_the_next_takes_over(private, api, ns, repo, election):
    first, probe = election.replica(), Probe(api, ns, election.which, repo, private.labels)
    election.wait_leader(first)
    second = election.replica()
    probe.handled(probe.ask())
    time.sleep(0.5)  # time enough for the second to do wrong
    assert reconciles(first) >= 1 and reconciles(second) == 0
    assert not election.is_leader(second) and is_well(first) and is_well(second)
    spec = election.lease()["spec"]
    assert spec["leaseDurationSeconds"] == DURATION and spec["holderIdentity"] and spec["leaseTransitions"] == 0
    if election.which == "source":
        assert port_open(first.storage_port) and not port_open(second.storage_port)

    private.stop(first)
    began, token = time.monotonic(), probe.ask()
    probe.handled(token)
    assert time.monotonic() - began < 2.5 * SLOW, "a released lease is taken at the next try"
    after = election.lease()["spec"]
    assert after["leaseTransitions"] > 0 and after["holderIdentity"] not in ("", spec["holderIdentity"])
    if election.which == "source":
        assert port_open(second.storage_port)

    third = election.replica()
    assert not election.is_leader(third)
    private.kill(second)
    began, token = time.monotonic(), probe.ask()
    probe.handled(token)
    took = time.monotonic() - began
    assert DURATION - 2 < took < DURATION + 4 * SLOW, f"a lease is taken {DURATION} s after its last renewal, not after {took}"


def test_a_lost_lease_ends_the_process(private, api, ns, repo, election):
    leader, probe = election.replica(), Probe(api, ns, election.which, repo, private.labels)
    election.wait_leader(leader)
    probe.handled(probe.ask())
    private.started.remove(leader)
    api.patch(LEASE, {"spec": {"holderIdentity": "someone-else", "leaseDurationSeconds": 60}}, "flux-system", election.name)
    assert leader.process.popen.wait(5 * SLOW) == 1
    assert [line for line in leader.log_lines(level="error") if line["msg"] == "problem running manager"]
    assert election.lease()["spec"]["holderIdentity"] == "someone-else"
    assert not reports(leader)


def test_a_lease_that_cannot_be_renewed_is_lost(private, cp, ns, api, repo, election):
    """The API server is out of reach: the process ends before another one may take over."""
    with rig.Proxy(cp.port) as proxy:
        name = f"{election.which}-controller"
        config = cp.kubeconfig(name, path=private.folder / "proxy.kubeconfig", port=proxy.port)
        leader = getattr(private, election.which)(*SHORT, env={"KUBECONFIG": config})
        election.wait_leader(leader)
        private.started.remove(leader)
        proxy.hold()
        assert leader.process.popen.wait((DURATION + 3) * SLOW) == 1
    assert not reports(leader)


def test_times_that_cannot_work_are_refused(private, cp):
    args = ["--enable-leader-election", "--leader-election-lease-duration=5s"]
    refused = rig.kustomize_controller(cp, private.folder, args=args)
    assert refused.process.popen.wait(10 * SLOW) == 1
    assert "lease duration must be greater than the renew deadline" in refused.log()
