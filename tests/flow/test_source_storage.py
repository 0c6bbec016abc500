"""Storage that fails: a full volume for artifacts or for work, and replicas that take it over from each other."""
import os
import subprocess
import time

import pytest
import rig
from gitsource import Source, conditions, download, members
from rig.proc import port_open
from test_manager_leader import SHORT, is_well


@pytest.fixture
def source(api, ns):
    return Source(api, ns)


class Disk:
    """A small volume, mounted for one test."""

    def __init__(self, path):
        self.path = path

    def mount(self, *options):
        subprocess.run(["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", self.path], check=True)

    def fill(self):
        """Leaves no byte."""
        with open(self.path / ".ballast", "wb", buffering=0) as f:
            try:
                while f.write(b"\0" * 4096):
                    pass
            except OSError:
                return

    def relieve(self):
        (self.path / ".ballast").unlink()


@pytest.fixture
def disk(tmp_path):
    assert os.getuid() == 0, "mounting a small volume needs root, as CI has it"
    path = tmp_path / "disk"
    path.mkdir()
    disk = Disk(path)
    disk.mount("size=2m")
    yield disk
    subprocess.run(["umount", "-l", path], check=True)


def test_a_full_storage_volume(private, disk, repo, source):
    """Said clearly, the old artifact is served on, and room is enough to recover."""
    source.labels = private.labels
    private.source("--max-retry-delay=2s", storage=disk.path)
    first = repo.commit({"a": "1"})
    before = source.create(repo.http_url).ready(first)["artifact"]
    disk.fill()
    second = repo.commit({"a": "2", "big": os.urandom(64 << 10).hex()})
    source.again()
    status = source.wait(lambda o: rig.condition(o).get("status") == "False", "to fail")["status"]
    found = conditions(status)
    assert found["StorageOperationFailed"][0] == "True" and "No space left on device" in found["Ready"][2]
    assert found["Ready"][1] == found["StorageOperationFailed"][1] and "FetchFailed" not in found
    assert status["artifact"] == before and members(before) == {"a": "1"}
    assert source.event(found["Ready"][1])["type"] == "Warning"
    disk.relieve()
    status = source.ready(second)  # by itself
    assert "StorageOperationFailed" not in conditions(status) and members(status["artifact"])["a"] == "2"
    incoming = lambda: [p for p in (disk.path / "gitrepository" / source.ns / "app").iterdir() if p.name.startswith(".incoming")]
    rig.wait_for(incoming, 5, "what was begun to be gone", until=lambda left: not left)  # with the reconcile, after its status


def test_a_full_volume_for_work(private, disk, repo, source):
    source.labels = private.labels
    private.source("--max-retry-delay=2s", env={"TMPDIR": str(disk.path)})
    first = repo.commit({"a": "1"})
    before = source.create(repo.http_url).ready(first)["artifact"]
    disk.fill()
    second = repo.commit({"a": "2"})
    source.again()
    status = source.wait(lambda o: rig.condition(o).get("status") == "False", "to fail")["status"]
    assert "No space left on device" in conditions(status)["Ready"][2]
    assert status["artifact"] == before and download(before)
    disk.relieve()
    source.ready(second)


def test_replicas_with_volumes_of_their_own(private, repo, source):
    """Only the leader writes and serves; who takes over makes the artifact again at its own address."""
    source.labels = private.labels
    first = repo.commit({"a": "1"})
    leader = private.source(*SHORT)
    rig.wait_for(lambda: port_open(leader.storage_port), 15, "the leader to serve")
    standby = private.source(*SHORT)
    before = source.create(repo.http_url).ready(first)["artifact"]
    assert f":{leader.storage_port}/" in before["url"]
    assert is_well(leader) and is_well(standby)
    assert not port_open(standby.storage_port) and not list(standby.storage.iterdir())

    private.stop(leader)
    rig.wait_for(lambda: port_open(standby.storage_port), 15, "the standby to serve")
    status = source.wait(lambda o: f":{standby.storage_port}/" in (o["status"].get("artifact") or {}).get("url", ""),
                         "to be served by the new leader")["status"]
    assert not port_open(leader.storage_port) and is_well(standby)
    assert status["artifact"]["digest"] == before["digest"] and members(status["artifact"]) == {"a": "1"}
    second = repo.commit({"a": "2"})
    source.again()
    assert members(source.ready(second)["artifact"]) == {"a": "2"}


def test_replicas_that_share_a_volume(private, repo, source):
    """The artifact is found, verified and served by who takes over, and nothing is fetched."""
    source.labels = private.labels
    first = repo.commit({"a": "1"})
    leader = private.source(*SHORT)
    rig.wait_for(lambda: port_open(leader.storage_port), 15, "the leader to serve")
    standby = private.source(*SHORT, storage=leader.storage)
    before = source.create(repo.http_url).ready(first)["artifact"]
    mark = repo.web.mark()
    private.kill(leader)
    status = source.wait(lambda o: f":{standby.storage_port}/" in o["status"]["artifact"]["url"], "to move", timeout=30)["status"]
    assert {**status["artifact"], "url": ""} == {**before, "url": ""} and members(status["artifact"]) == {"a": "1"}
    time.sleep(0.2)
    assert not repo.requests(mark, "git-upload-pack")
