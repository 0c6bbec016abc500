"""Every request of whole lives is failed in every way, and controllers are killed after every write: nothing is lost.

The lives, what they end in and how their requests are told apart: lives.py. The ways: rig/faults.py. `make flow-faults`
(FAULTS=all) walks everything; otherwise a sample of SAMPLE lives that has every request and every fault in it, the same
each time. What a failure names (request, number, fault, phase) is enough to walk that one again: FAULTS=that text.
"""
import collections
import concurrent.futures
import itertools
import os
import secrets

import pytest
from lives import CONTROLLERS, Key, Life, Mirror, Pair, general
from rig.proc import SLOW

CHOICE = os.environ.get("FAULTS", "")
LEARNT_BY = 2          # lives without a fault, to know which requests every life makes
BESIDE, PAIRS_BESIDE = 16, 5  # at the same time
SAMPLE = 50 if SLOW == 1 else 20
PROCESS_SAMPLE, KILL_SAMPLE = (10, 10) if SLOW == 1 else (4, 4)
OF_A_REQUEST = ("delay", "cut", "lost", "half", "409", "410", "429", "500", "503")
OF_A_WATCH = tuple(fault for fault in OF_A_REQUEST if fault != "lost") + ("expired",)  # no watch is ever answered whole
# What may come in another number when a reconcile takes longer: progress in status, and the events.
VARIES = ("/status", "/events", "git-upload-pack")


def name_of(key, fault):
    return f"{key.who} {key.method} {key.path} #{key.number} {fault}"


def chosen(pairs, count):
    """All of them, those FAULTS names, or `count` of them, evenly spread: faults and requests turn at different paces."""
    pairs = sorted(pairs, key=lambda p: name_of(*p))
    if CHOICE:
        return [p for p in pairs if CHOICE == "all" or CHOICE in name_of(*p)]
    by_fault = collections.defaultdict(list)
    for key, fault in pairs:
        by_fault[fault].append((key, fault))
    turns = [keys[turn::len(by_fault)] for turn, (_, keys) in enumerate(sorted(by_fault.items()))]
    mixed = [p for row in itertools.zip_longest(*turns) for p in row if p]
    step = max(1, len(mixed) // count)
    return mixed[::step][:count + len(OF_A_WATCH)]


def fresh_name(start):
    return f"{start}-{secrets.token_hex(4)}"


def learn(pair, mirror):
    """The keys that every life has."""
    found = []
    for _ in range(LEARNT_BY):
        life = Life(pair, mirror, fresh_name("plain"))
        life.run()
        found.append(set(pair.keys(life.ns)))
    return set.intersection(*found)


@pytest.fixture
def mirrors(api):
    made = []

    def make(pair):
        made.append(Mirror(api, ",".join(f"{k}={v}" for k, v in pair.labels.items())))
        return made[-1]
    yield make
    for mirror in made:
        mirror.ending = True


def live(work, pairs, beside):
    """Runs work(number, key, fault) for each of them and fails with everything that went wrong, by name."""
    def one(number, key, fault):
        try:
            work(number, key, fault)
        except AssertionError as e:
            return f"{name_of(key, fault)}: {e}"
        return None
    assert pairs, "nothing was chosen"
    with concurrent.futures.ThreadPoolExecutor(beside) as pool:
        problems = [p for p in pool.map(lambda p: one(p[0], *p[1]), enumerate(pairs)) if p]
    assert not problems, f"{len(problems)} of {len(pairs)} lives went wrong:\n" + "\n".join(problems)


def test_every_request_of_a_life_may_fail(private, cp, web, mirrors):
    with Pair(cp, web, private, "faults") as pair:
        mirror, missed = mirrors(pair), []
        keys = learn(pair, mirror)

        def work(number, key, fault):
            ns = fresh_name("life")
            rule = pair.fail(key, fault, ns)
            Life(pair, mirror, ns).run()
            pair.forget(key, rule)
            if not rule.fired and not any(part in key.path for part in VARIES):
                missed.append(name_of(key, fault))
        pairs = chosen([(key, fault) for key in keys for fault in OF_A_REQUEST], SAMPLE)
        live(work, pairs, BESIDE)
        assert len(missed) <= len(pairs) // 50, f"rules that never met their request: {missed}"


def startup_keys(pair):
    """The requests a process makes for itself: discovery, lists, watches."""
    found = set()
    for who in ("source", "kustomize"):
        count = collections.Counter()
        for seen in pair.proxies[who].requests():
            if "/namespaces/" not in seen.path:
                kind = (seen.method, general(seen.path, "NS"))
                count[kind] += 1
                found.add(Key(who, *kind, count[kind]))
    return found


def fail_startup(pair, key, fault):
    """The rule for a request of startup_keys."""
    where, _, query = key.path.partition("?")
    pattern = f"^{where}\\?.*watch=true" if query else f"^{where}(\\?(?!.*watch=true)|$)"
    return pair.proxies[key.who].fail(fault, key.method, pattern, key.number)


def test_every_request_of_a_process_may_fail(private, cp, web, mirrors):
    with Pair(cp, web, private, "start") as pair:
        Life(pair, mirrors(pair), fresh_name("plain")).run()
        keys = startup_keys(pair)

    def work(number, key, fault):
        own = Pair(cp, web, private, f"start{number}")
        rule = fail_startup(own, key, fault)
        with own:
            Life(own, mirrors(own), fresh_name("start")).run()
        assert rule.fired or key.number > 1, "the request was never made"  # how often a kind is looked up is a matter of timing
    live(work, chosen([(key, fault) for key in keys for fault in (OF_A_WATCH if "watch" in key.path else OF_A_REQUEST)],
                      PROCESS_SAMPLE), PAIRS_BESIDE)


def test_a_controller_may_be_killed_after_every_write(private, cp, web, mirrors):
    with Pair(cp, web, private, "kill") as pair:
        keys = learn(pair, mirrors(pair))

    def work(number, key, fault):
        with Pair(cp, web, private, f"kill{number}") as own:
            ns = fresh_name("kill")
            own.fail(key, "lost", ns, action=lambda: own.kill(fault.split()[1]))
            Life(own, mirrors(own), ns).run()
    writes = [key for key in keys if key.method != "GET" and "dryRun" not in key.path and key.who in CONTROLLERS]
    live(work, chosen([(key, f"kill {who}") for key in writes for who in CONTROLLERS], KILL_SAMPLE), PAIRS_BESIDE)
