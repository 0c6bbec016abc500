"""The life of a GitRepository: reconcile requests, suspension, deletion, restarts, lost and broken files, time limits."""
import hashlib
import http.server
import json
import subprocess
import threading
import time
import urllib.error
import urllib.request

import pytest
import rig
from gitsource import Source, conditions, download, members
from rig.proc import port_open


@pytest.fixture
def source(api, ns):
    return Source(api, ns)


@pytest.fixture
def own(private, source):
    """A source-controller of the test's own, and the source it alone sees."""
    source.labels = private.labels
    return private.source()


def files(controller, source, hidden=False):
    """Names in the object's storage folder; hidden: those of fetches under way."""
    folder = controller.storage / "gitrepository" / source.ns / source.name
    return sorted(p.name for p in folder.iterdir() if p.name.startswith(".") == hidden) if folder.exists() else []


def test_a_request_is_handled_also_when_it_fails(controllers, api, repo, source):
    source.create(repo.http_url)
    source.failed("EmptyGitRepository")
    token = api.reconcile(rig.GITREPOSITORY, source.ns, "app")
    source.wait(lambda o: o["status"].get("lastHandledReconcileAt") == token, "to handle the request")
    first = repo.commit({"a": "1"})
    again = source.again()["metadata"]["annotations"]["reconcile.fluxcd.io/requestedAt"]
    assert source.ready(first)["lastHandledReconcileAt"] == again


def test_a_change_of_the_spec_is_reconciled_at_once(controllers, repo, source):
    repo.commit({"a": "1"})
    source.create(repo.http_url).ready()
    second = repo.commit({"b": "1"}, branch="other")
    source.change(ref={"branch": "other"})
    status = source.ready(second)
    assert status["observedGeneration"] == 2
    assert all(c["observedGeneration"] == 2 for c in status["conditions"])


def test_a_spec_change_without_effect_moves_the_generation_only(controllers, repo, source):
    repo.commit({"a": "1"})
    before = source.create(repo.http_url).ready()
    source.change(interval="30m")
    after = source.wait(lambda o: rig.is_ready(o) and o["metadata"]["generation"] == 2, "to see the change")["status"]
    assert after["artifact"] == before["artifact"]
    assert [c["lastTransitionTime"] for c in after["conditions"]] == [c["lastTransitionTime"] for c in before["conditions"]]
    assert all(c["observedGeneration"] == 2 for c in after["conditions"])


def test_suspended_objects_rest(controllers, repo, source):
    first = repo.commit({"a": "1"})
    source.create(repo.http_url, interval="1s").ready(first)
    source.change(suspend=True)
    source.wait(lambda o: o["status"]["observedGeneration"] == 2, "to see the suspension")
    second, mark = repo.commit({"a": "2"}), repo.web.mark()
    assert source.again()["status"]["artifact"]["revision"].endswith(first)
    time.sleep(2.5)
    assert not repo.requests(mark)
    source.change(suspend=False)
    source.ready(second)


def test_deletion_removes_the_artifacts(controllers, repo, source):
    repo.commit({"a": "1"})
    artifact = source.create(repo.http_url).ready()["artifact"]
    assert files(controllers.source, source)
    source.api.delete(rig.GITREPOSITORY, source.ns, "app")
    rig.wait_for(source.find, 10, "the object to go", until=lambda o: o is None)
    assert not files(controllers.source, source)
    with pytest.raises(urllib.error.HTTPError, match="404"):
        download(artifact)


@pytest.mark.parametrize("change", [{"suspend": True}, {"interval": "9999999999h"}, {"timeout": "9999999999m"}])
def test_an_object_that_rests_or_makes_no_sense_is_deleted_too(controllers, repo, source, change):
    repo.commit({"a": "1"})
    source.create(repo.http_url).ready()
    source.change(**change)
    source.api.delete(rig.GITREPOSITORY, source.ns, "app")
    rig.wait_for(source.find, 10, "the object to go", until=lambda o: o is None)
    assert not files(controllers.source, source)


def test_an_object_without_artifact_is_deleted(controllers, source):
    source.create("http://127.0.0.1:1/x.git").failed("GitOperationFailed")
    source.api.delete(rig.GITREPOSITORY, source.ns, "app")
    rig.wait_for(source.find, 10, "the object to go", until=lambda o: o is None)


def test_artifacts_survive_a_restart(private, own, repo, source):
    first = repo.commit({"a": "1"})
    before = source.create(repo.http_url).ready(first)
    stored = files(own, source)
    private.stop(own)
    mark = repo.web.mark()
    second = private.source(storage=own.storage)
    rig.wait_for(lambda: repo.requests(mark, "info/refs"), 10, "the new process to look at Git")
    status = source.again()["status"]
    assert not repo.requests(mark, "git-upload-pack")
    assert {**status["artifact"], "url": ""} == {**before["artifact"], "url": ""}
    assert status["artifact"]["url"] == f"http://127.0.0.1:{second.storage_port}/{status['artifact']['path']}"
    assert files(second, source) == stored and members(status["artifact"]) == {"a": "1"}


def test_a_killed_process_leaves_nothing_half_done(private, own, repo, source):
    first = repo.commit({"a": "1"})
    source.create(repo.http_url).ready(first)
    private.kill(own)
    (own.storage / f"gitrepository/{source.ns}/app/.incoming-abcdef").mkdir()
    second = repo.commit({"a": "2"})
    again = private.source(storage=own.storage)
    source.ready(second)
    rig.wait_for(lambda: files(again, source, hidden=True) == [".gitcache"], 5, "no folder of a fetch")


@pytest.mark.parametrize("damage, event", [("changed", True), ("removed", False)])
def test_a_damaged_artifact_is_made_again(private, own, repo, source, damage, event):
    first = repo.commit({"a": "1"})
    before = source.create(repo.http_url).ready(first)["artifact"]
    stored = own.storage / before["path"]
    private.stop(own)
    stored.write_bytes(b"rubbish") if damage == "changed" else stored.unlink()
    private.source(storage=own.storage)
    status = source.again()["status"]
    assert status["artifact"]["digest"] == before["digest"]
    assert hashlib.sha256(stored.read_bytes()).hexdigest() == before["digest"].partition(":")[2]
    if event:
        source.event("ArtifactVerificationFailed", "failed to verify integrity of artifact: computed digest doesn't match")


def test_a_path_of_another_object_is_not_taken_over(private, own, api, repo, source):
    """A status that someone edited to name another object's file: neither kept nor removed."""
    first = repo.commit({"a": "1"})
    victim = Source(api, source.ns, "victim", private.labels).create(repo.http_url).ready(first)["artifact"]
    source.create(repo.http_url).ready(first)
    api.patch(rig.GITREPOSITORY.path(source.ns, "app") + "/status",
              {"status": {"artifact": {**victim, "digest": "sha256:" + "0" * 64}}})
    status = source.again()["status"]
    assert status["artifact"]["path"] == f"gitrepository/{source.ns}/app/{first}.tar.gz"
    assert (own.storage / victim["path"]).exists()


def test_garbage_is_collected_by_age_and_count(private, repo, source):
    source.labels = private.labels
    controller = private.source("--artifact-retention-ttl=1h", "--artifact-retention-records=2")
    ids = [repo.commit({"a": "0"})]
    source.create(repo.http_url).ready(ids[0])
    for i in range(1, 4):
        ids.append(repo.commit({"a": str(i)}))
        source.again()
        source.ready(ids[-1])
    source.again()
    assert files(controller, source) == sorted([f"{i}.tar.gz" for i in ids[-2:]] + ["latest.tar.gz"])
    source.event("GarbageCollectionSucceeded", "garbage collected 1 artifacts")
    private.stop(controller)
    controller = private.source("--artifact-retention-ttl=0s", storage=controller.storage)
    source.again()
    assert files(controller, source) == [f"{ids[-1]}.tar.gz", "latest.tar.gz"]


def test_another_digest_algorithm(private, repo, source):
    source.labels = private.labels
    private.source("--artifact-digest-algo=sha512")
    repo.commit({"a": "1"})
    artifact = source.create(repo.http_url).ready()["artifact"]
    assert artifact["digest"] == "sha512:" + hashlib.sha512(download(artifact)).hexdigest()


@pytest.fixture
def tarpit():
    """A Git server that takes requests and never answers."""
    gone = threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            gone.wait(60)

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/x.git"
    gone.set()
    server.shutdown()
    server.server_close()


def test_a_timeout_ends_the_fetch(controllers, tarpit, source):
    start = time.monotonic()
    status = source.create(tarpit, timeout="2s").failed("GitOperationFailed", "spec.timeout sets the limit")
    assert 1.5 < time.monotonic() - start < 10
    assert f"unable to clone '{tarpit}': " in conditions(status)["Ready"][2]


def test_a_slow_fetch_shows_progress(controllers, tarpit, source):
    source.create(tarpit, timeout="8s")
    found = source.wait(lambda o: rig.condition(o, "Reconciling"), "to show progress")["status"]
    assert conditions(found)["Reconciling"][1] == "Progressing" and conditions(found)["Ready"][0] == "Unknown"


def test_shutdown_does_not_wait_for_a_fetch(private, own, tarpit, source):
    source.create(tarpit, timeout="60s")
    source.wait(lambda o: rig.condition(o, "Reconciling"), "to be fetching")
    start = time.monotonic()
    private.stop(own)
    assert time.monotonic() - start < 5


def test_deleting_while_fetching_is_not_blocked_for_long(private, own, tarpit, source):
    source.create(tarpit, timeout="3s")
    source.wait(lambda o: rig.condition(o, "Reconciling"), "to be fetching")
    source.api.delete(rig.GITREPOSITORY, source.ns, "app")
    rig.wait_for(source.find, 15, "the object to go", until=lambda o: o is None)


def test_only_the_leader_serves(private, source):
    leader = private.source("--enable-leader-election=true")
    rig.wait_for(lambda: port_open(leader.storage_port), 15, "the leader to serve artifacts")
    standby = private.source("--enable-leader-election=true")
    time.sleep(1)
    assert not port_open(standby.storage_port)


def test_the_storage_folder_must_exist(cp):
    done = subprocess.run([rig.binary("source-controller"), "--storage-path=/nonexistent/storage", "--metrics-addr=0",
                           "--health-addr=0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=30,
                          env={"KUBECONFIG": str(cp.kubeconfig("source-controller"))})
    assert done.returncode == 1 and "invalid dir path: /nonexistent/storage" in done.stderr


def run_fetch(*args, env=None):
    return subprocess.run([rig.binary("source-controller"), "fetch", *map(str, args)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=60, env=env)


def test_fetch_without_a_cluster(web, repo, tmp_path):
    repo.commit({"a/b.yaml": "one: 1\n"})
    repo.tag("v1.0.0")
    done = run_fetch(repo.url, "--semver", "1.x", "-o", tmp_path / "out", "--ca-file", web.ca_bundle)
    assert (done.returncode, done.stdout) == (0, f"v1.0.0@sha1:{repo.head()}\n"), done.stderr
    assert (tmp_path / "out/a/b.yaml").read_text() == "one: 1\n" and not (tmp_path / "out/.git").exists()
    again = run_fetch(repo.url, "--semver", "1.x", "-o", tmp_path / "out", "--ca-file", web.ca_bundle)
    assert again.returncode == 1 and "is not empty" in again.stderr
    wrong = run_fetch(repo.http_url, "--branch", "mian", "-o", tmp_path / "other")
    assert wrong.returncode == 1 and "did you mean 'main'?" in wrong.stderr


def test_fetch_with_a_password(web, repo, tmp_path):
    repo.commit({"a": "1"})
    args = (repo.basic_url, "--branch=main", "--username=git", f"--ca-file={web.ca_bundle}", "-o", tmp_path / "out")
    refused = run_fetch(*args, env={"GIT_PASSWORD": "wr0ng"})
    assert refused.returncode == 1 and "authentication required" in refused.stderr and "wr0ng" not in refused.stderr
    assert run_fetch(*args, env={"GIT_PASSWORD": web.password}).returncode == 0
    assert json.dumps((tmp_path / "out/a").read_text()) == '"1"'
