"""What a fetch moves: only what is missing. The cache of an object: its growth, its end, and what broken or foreign content does."""
import hashlib
import os
import pathlib
import struct
import urllib.error
import urllib.request

import pytest
import rig
from gitsource import Source, conditions, members
from rig.proc import SLOW

BIG = 300_000  # bytes of one file that does not compress


@pytest.fixture
def source(api, ns):
    return Source(api, ns)


def moved(repo, since):
    """Bytes of all packs sent after a mark."""
    return sum(r["sent"] for r in repo.requests(since, "git-upload-pack") if r["method"] == "POST")


def random_files(count):
    return {f"data/{n}": os.urandom(BIG).hex() for n in range(count)}


def caches(controller, source):
    """The object's caches; each must hold nothing but packs, their indexes and the state."""
    folder = pathlib.Path(controller.storage, "gitrepository", source.ns, source.name, ".gitcache")
    found = sorted(folder.iterdir()) if folder.exists() else []
    for cache in found:
        for path in cache.iterdir():
            assert path.suffix in (".pack", ".idx") or path.name == "state", path
    return found


def packs(cache):
    return sorted(cache.glob("*.pack"))


def test_a_small_commit_moves_little(controllers, repo, source):
    first = repo.commit(random_files(5))
    mark = repo.web.mark()
    source.create(repo.http_url).ready(first)
    whole = moved(repo, mark)
    assert whole > 5 * BIG
    for number in range(3):
        mark = repo.web.mark()
        head = repo.commit({"small": f"change {number}"})
        source.again()
        status = source.ready(head)
        assert members(status["artifact"])["small"] == f"change {number}"
        assert 0 < moved(repo, mark) < whole / 100
    assert len(members(status["artifact"])) == 6
    cache, = caches(controllers.source, source)
    assert len(packs(cache)) == 4


def test_over_ssh_too(controllers, repo, source, tmp_path):
    with rig.Ssh(tmp_path) as ssh:
        with rig.Proxy(ssh.port) as wire:
            lines = ssh.known_hosts(host=f"[127.0.0.1]:{wire.port}")
            first = repo.commit(random_files(3))
            secret = source.secret(identity=ssh.key("ed25519"), known_hosts=lines)
            source.create(ssh.url(repo).replace(f":{ssh.port}/", f":{wire.port}/"), secretRef=secret).ready(first)
            for number in range(2):
                before = sum(int(line.split("sent ")[1].split(",")[0]) for line in ssh.log().splitlines() if "sent " in line)
                head = repo.commit({"small": str(number)})
                source.again()
                assert members(source.ready(head)["artifact"])["small"] == str(number)
                after = sum(int(line.split("sent ")[1].split(",")[0]) for line in ssh.log().splitlines() if "sent " in line)
                assert after - before < BIG


def test_new_rules_fetch_nothing(controllers, repo, source):
    first = repo.commit({"a": "1", "b": "2"})
    source.create(repo.http_url).ready(first)
    mark = repo.web.mark()
    source.change(ignore="/b\n")
    status = source.wait(lambda o: o["status"].get("observedIgnore") == "/b\n" and rig.is_ready(o), "to be built anew")
    assert set(members(status["status"]["artifact"])) == {"a"}
    assert moved(repo, mark) == 0


def test_pins_fetch_history_once(controllers, repo, source):
    history = [repo.commit({"data": os.urandom(BIG).hex(), "n": str(n)}) for n in range(4)]
    repo.branch("other", history[1])
    off_branch = repo.commit({"n": "off"}, branch="side")
    source.create(repo.http_url, ref={"branch": "main", "commit": history[1]}).ready(history[1])
    mark = repo.web.mark()
    source.change(ref={"commit": history[0]})
    assert members(source.ready(history[0])["artifact"])["n"] == "0"
    assert moved(repo, mark) == 0
    new = repo.commit({"n": "new"})
    newest = repo.commit({"n": "newest"})
    source.change(ref={"commit": new})
    assert members(source.ready(new)["artifact"])["n"] == "new"
    assert 0 < moved(repo, mark) < BIG / 100
    source.change(ref={"commit": newest})
    source.ready(newest)
    source.change(ref={"commit": off_branch})
    source.failed("GitOperationFailed", f"unable to resolve commit object for '{off_branch}': object not found")
    source.change(ref={"branch": None, "commit": off_branch})
    source.ready(off_branch)
    source.change(ref={"branch": "main"})
    source.failed("GitOperationFailed", "object not found")  # it is in the cache, but not on the branch
    assert moved(repo, mark) < BIG / 50


def test_forced_pushes_tags_and_other_branches(controllers, repo, source):
    first = repo.commit(random_files(2))
    repo.tag("v1.0.0", message="one")
    source.create(repo.http_url).ready(first)
    mark = repo.web.mark()
    forced = repo.commit({"other": "history"}, parent="")
    source.again()
    assert members(source.ready(forced)["artifact"]) == {"other": "history"}
    back = repo.commit({"small": "1"}, parent=first)
    source.again()
    source.ready(back)
    source.change(ref={"branch": None, "semver": "1.x"})
    assert source.ready(first)["artifact"]["revision"] == f"v1.0.0@sha1:{first}"
    side = repo.commit({"small": "2"}, branch="side", parent=back)
    source.change(ref={"semver": None, "name": "refs/heads/side"})
    source.ready(side)
    assert moved(repo, mark) < 6 * BIG  # a history without a common commit costs all of it again


@pytest.mark.parametrize("harm", ["truncate", "flip", "rubbish", "no index", "state", "missing"])
def test_a_broken_cache_is_rebuilt(controllers, repo, source, harm):
    first = repo.commit({"a": "1", "data": os.urandom(5000).hex()})
    source.create(repo.http_url).ready(first)
    cache, = caches(controllers.source, source)
    pack, = packs(cache)
    if harm == "truncate":
        os.truncate(pack, 100)
    elif harm == "flip":
        data = bytearray(pack.read_bytes())
        for at in range(40, len(data) - 40, 64):
            data[at] ^= 0xff
        pack.chmod(0o600)
        pack.write_bytes(data)
    elif harm == "rubbish":
        for path in cache.iterdir():
            path.chmod(0o600)
            path.write_bytes(os.urandom(2000))
    elif harm == "no index":
        pack.with_suffix(".idx").unlink()
    elif harm == "state":
        (cache / "state").write_text("gotk-git-cache 1 shallow\ntip " + "0" * 40 + " refs/heads/main\n")
    else:
        pack.unlink()
    source.change(ignore="/nothing\n")
    status = source.wait(lambda o: o["status"].get("observedIgnore") == "/nothing\n" and rig.is_ready(o), "to be built anew")
    assert members(status["status"]["artifact"])["a"] == "1"
    second = repo.commit({"a": "2"})
    source.again()
    assert members(source.ready(second)["artifact"])["a"] == "2"
    third = repo.commit({"a": "3"})
    mark = repo.web.mark()
    source.again()
    assert members(source.ready(third)["artifact"])["a"] == "3"
    assert moved(repo, mark) < 5000


def swap_in_index(path, one, other):
    """Has a pack's index (version 2) find each of two objects where the other is, with its checksum made right."""
    data = bytearray(path.read_bytes())
    count = struct.unpack(">I", data[8 + 255 * 4:8 + 256 * 4])[0]
    names = [data[1032 + 20 * n:1052 + 20 * n].hex() for n in range(count)]
    at = [1032 + 24 * count + 4 * names.index(name) for name in (one, other)]
    data[at[0]:at[0] + 4], data[at[1]:at[1] + 4] = data[at[1]:at[1] + 4], data[at[0]:at[0] + 4]
    data[-20:] = hashlib.sha1(data[:-20]).digest()
    path.chmod(0o600)
    path.write_bytes(data)


def test_content_under_a_false_name_is_not_believed(controllers, repo, source):
    first = repo.commit({"a": "the true a", "b": "the true b"})
    source.create(repo.http_url).ready(first)
    cache, = caches(controllers.source, source)
    blobs = [repo.git("rev-parse", f"{first}:{name}").strip() for name in ("a", "b")]
    swap_in_index(packs(cache)[0].with_suffix(".idx"), *blobs)
    source.change(ignore="/nothing\n")
    status = source.wait(lambda o: o["status"].get("observedIgnore") == "/nothing\n" and rig.is_ready(o), "to be built anew")
    assert members(status["status"]["artifact"]) == {"a": "the true a", "b": "the true b"}


def test_what_else_lies_in_the_folder_is_removed_unread(controllers, repo, source):
    first = repo.commit({"a": "1"})
    source.create(repo.http_url).ready(first)
    cache, = caches(controllers.source, source)
    (cache / "config").write_text("[core]\n\tworktree = /etc\n")
    (cache / "hooks").mkdir()
    (cache / "hooks/post-checkout").write_text("#!/bin/sh\n")
    (cache / f"pack-{'0' * 40}.idx").symlink_to("/etc/passwd")
    second = repo.commit({"a": "2"})
    source.again()
    assert members(source.ready(second)["artifact"]) == {"a": "2"}
    assert caches(controllers.source, source) == [cache]
    assert not any(p.is_symlink() for p in cache.iterdir()) and pathlib.Path("/etc/passwd").stat().st_size


def test_another_address_or_secret_begins_anew(controllers, web, repo, source):
    first = repo.commit({"a": "1"})
    source.create(repo.http_url).ready(first)
    before, = caches(controllers.source, source)
    source.change(url=repo.basic_url, secretRef=source.secret(username="git", password=web.password))
    second = repo.commit({"a": "2"})
    source.again()
    source.ready(second)
    after, = caches(controllers.source, source)
    assert after.name != before.name
    source.change(secretRef=source.secret("other", username="git", password=web.password))
    third = repo.commit({"a": "3"})
    source.again()
    source.ready(third)
    assert caches(controllers.source, source) not in ([before], [after])


def test_it_is_not_served_and_goes_with_the_object(controllers, repo, source):
    first = repo.commit({"a": "1"})
    artifact = source.create(repo.http_url).ready(first)["artifact"]
    cache, = caches(controllers.source, source)
    base = artifact["url"].rsplit("/", 1)[0]
    for path in (f".gitcache/{cache.name}/state", f".gitcache/{cache.name}/{packs(cache)[0].name}", ".gitcache/"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{base}/{path}", timeout=5)
        assert refused.value.code == 404
    source.api.delete(rig.GITREPOSITORY, source.ns, source.name)
    rig.wait_for(lambda: not cache.parent.parent.exists(), 10, "the object's folder to be gone")


def test_a_limit_and_none(private, repo, source):
    first = repo.commit(random_files(2))
    source.labels = private.labels
    controller = private.source(f"--git-cache-max-size={BIG}")
    source.create(repo.http_url).ready(first)
    cache, = caches(controller, source)
    assert not packs(cache) and "larger than" in (cache / "state").read_text()
    mark = repo.web.mark()
    second = repo.commit({"small": "1"})
    source.again()
    source.ready(second)
    assert 4 * BIG / 2 < moved(repo, mark) < 4 * BIG  # once, not once for the cache and once again
    private.stop(controller)
    controller = private.source("--git-cache-max-size=0", storage=controller.storage)
    third = repo.commit({"small": "2"})
    source.again()
    source.ready(third)
    assert not packs(cache)
    private.stop(controller)
    controller = private.source(storage=controller.storage)
    source.again()
    fourth = repo.commit({"small": "3"})
    source.again()
    source.ready(fourth)
    assert len(packs(cache)) == 1


def test_all_caches_together_stay_within_the_limit(private, web, api, ns):
    """What was used longest ago goes; who fetches again gets all of it again."""
    controller = private.source(f"--git-cache-max-size={3 * BIG}", "--concurrent=1")
    repos = {name: web.repo(f"{ns}-{name}") for name in ("a", "b", "c")}
    sources = {name: Source(api, ns, name, private.labels) for name in repos}

    def kept():
        return {name for name, source in sources.items() if any(packs(cache) for cache in caches(controller, source))}
    for name in ("a", "b"):
        sources[name].create(repos[name].http_url).ready(repos[name].commit(random_files(1)))
    assert kept() == {"a", "b"}
    head = repos["a"].commit({"small": "1"})
    sources["a"].again()
    sources["a"].ready(head)
    sources["c"].create(repos["c"].http_url).ready(repos["c"].commit(random_files(1)))
    assert kept() == {"a", "c"}
    mark = web.mark()
    head = repos["b"].commit({"small": "1"})
    sources["b"].again()
    assert members(sources["b"].ready(head)["artifact"])["small"] == "1"
    assert moved(repos["b"], mark) > BIG and kept() == {"b", "c"}


def test_it_survives_a_restart(private, repo, source):
    first = repo.commit(random_files(2))
    source.labels = private.labels
    controller = private.source()
    source.create(repo.http_url).ready(first)
    private.kill(controller)
    controller = private.source(storage=controller.storage)
    mark = repo.web.mark()
    second = repo.commit({"small": "1"})
    source.again()
    source.ready(second)
    assert 0 < moved(repo, mark) < BIG / 10
    assert conditions(source.get()["status"])["Ready"][0] == "True"


@pytest.mark.parametrize("end", ["kill", "stop", "timeout"])
def test_an_end_in_the_middle_of_a_large_pack(private, web, repo, source, end):
    first = repo.commit(random_files(10))
    source.labels = private.labels
    controller = private.source()
    with rig.Proxy(web.ports["http"]) as slow:
        slow.hold_after = 3 * BIG
        url = repo.http_url.replace(f":{web.ports['http']}/", f":{slow.port}/")
        source.create(url, timeout=f"{3 * SLOW:g}s" if end == "timeout" else "60s")
        rig.wait_for(lambda: not slow.open_gate.is_set(), 10, "the pack to be half there")
        if end == "timeout":
            source.failed("GitOperationFailed", "spec.timeout sets the limit")
            source.change(timeout="60s")
        else:
            private.kill(controller) if end == "kill" else private.stop(controller)
            controller = private.source(storage=controller.storage)
        slow.release()
        assert len(members(source.ready(first)["artifact"])) == 10
    cache, = caches(controller, source)
    assert len(packs(cache)) == 1
