"""spec.include: files of other GitRepositories among one's own; what is said when they are missing; being woken by them."""
import time

import pytest
import rig
from gitsource import Source, conditions, members

pytestmark = pytest.mark.usefixtures("controllers")


@pytest.fixture
def source(api, ns):
    return Source(api, ns)


def include(name, **paths):
    return {"repository": {"name": name}, **paths}


class Other(Source):
    """A second repository and its GitRepository."""

    def __init__(self, source, repo, name):
        super().__init__(source.api, source.ns, name, source.labels)
        self.repo = repo.web.repo(f"{repo.name}-{name}")

    def start(self, files):
        sha = self.repo.commit(files)
        return self.create(self.repo.http_url).ready(sha)["artifact"]


def test_files_of_others_lie_where_they_are_wanted(repo, source):
    one = Other(source, repo, "one").start({"a": "1", "dir/b": "2"})
    two = Other(source, repo, "two").start({"x/y/c": "3", "x/d": "4"})
    first = repo.commit({"own": "0", "deep/own": "0"})
    spec = [include("one"), include("two", fromPath="x/y", toPath="deep/two"), include("two", fromPath="./x/d", toPath="/d")]
    status = source.create(repo.http_url, include=spec).ready(first)
    assert members(status["artifact"]) == {"own": "0", "deep/own": "0", "one/a": "1", "one/dir/b": "2", "deep/two/c": "3",
                                           "d": "4"}
    assert status["includedArtifacts"] == [one, two, two] and status["observedInclude"] == spec
    mark = repo.web.mark()
    source.again()
    assert not repo.requests(mark, "git-upload-pack")


def test_a_new_artifact_of_an_included_one_wakes_the_others(repo, source):
    other = Other(source, repo, "other")
    other.start({"a": "1"})
    first = repo.commit({"own": "0"})
    before = source.create(repo.http_url, include=[include("other")]).ready(first)["artifact"]
    second, start = other.repo.commit({"a": "2"}), time.monotonic()
    other.again()
    status = source.wait(lambda o: o["status"]["includedArtifacts"][0]["revision"].endswith(second), "to follow")["status"]
    assert time.monotonic() - start < 5
    after = status["artifact"]
    assert members(after) == {"own": "0", "other/a": "2"}
    assert after["revision"] == before["revision"] and after["digest"] != before["digest"]


def test_what_is_missing_is_waited_for(repo, source):
    repo.commit({"own": "0"})
    source.create(repo.http_url, include=[include("other")])
    status = source.failed("NotFound")
    message = "could not get resource for include 'other': GitRepository.source.toolkit.fluxcd.io \"other\" not found"
    assert conditions(status)["IncludeUnavailable"] == ("True", "NotFound", message)
    assert conditions(status)["Reconciling"][1] == "ProgressingWithRetry" and "Stalled" not in conditions(status)
    other = Other(source, repo, "other")
    other.create(other.repo.http_url).failed("EmptyGitRepository")
    source.again()
    status = source.failed("NoArtifact")
    assert conditions(status)["IncludeUnavailable"][2] == "no artifact available for include 'other'"
    other.repo.commit({"a": "1"})
    other.again()
    assert members(source.ready()["artifact"]) == {"own": "0", "other/a": "1"}  # without asking it to
    assert "IncludeUnavailable" not in conditions(source.get()["status"])


@pytest.mark.parametrize("paths, cause", [
    ({"fromPath": "none"}, "failed to copy 'other' include from none to other: 'none' is not in its artifact"),
    ({"toPath": "own"}, "failed to copy 'other' include from  to own: rename to 'own': "),
    ({"toPath": "file"}, "failed to copy 'other' include from  to file: rename to 'file': "),
    ({"toPath": "file/below"}, "failed to copy 'other' include from  to file/below: "),
    ({"toPath": "./"}, "failed to copy 'other' include from  to ./: rename to './': "),
], ids=["from", "folder", "file", "below", "root"])
def test_what_cannot_be_copied(repo, source, paths, cause):
    other = Other(source, repo, "other")
    other.start({"a": "1"})
    repo.commit({"own/x": "0", "file": "0"})
    status = source.create(repo.http_url, include=[include("other", **paths)]).failed("CopyFailure", cause)
    assert conditions(status)["StorageOperationFailed"][1] == "CopyFailure" and "artifact" not in status
    assert "FetchFailed" not in conditions(status)
    source.change(include=[include("other", toPath="fine")])
    assert members(source.ready()["artifact"])["fine/a"] == "1"


@pytest.mark.parametrize("to_path, found", [
    ("../../../escape", "escape/a"), ("/abs", "abs/a"), ("link/in", "etc/in/a"),
], ids=["dots", "absolute", "link"])
def test_no_path_leads_out_of_the_tree(repo, source, to_path, found):
    other = Other(source, repo, "other")
    other.start({"a": "1", "up": rig.Link("/")})
    first = repo.commit({"own": "0", "link": rig.Link("/etc")})
    status = source.create(repo.http_url, include=[include("other", fromPath="../.", toPath=to_path)]).ready(first)
    assert members(status["artifact"]) == {"own": "0", found: "1"}


def test_a_forged_status_does_not_open_the_artifacts_of_others(api, cp, repo, source):
    """Whoever may edit a status can name any path: only the included object's own files are taken."""
    cp.namespace(f"{source.ns}-x")
    victim = Source(api, f"{source.ns}-x", "victim")
    secret = repo.web.repo(f"{repo.name}-secret")
    secret.commit({"secret": "1"})
    stolen = victim.create(secret.http_url).ready()["artifact"]
    other = Other(source, repo, "other")
    other.start({"a": "1"})
    repo.commit({"own": "0"})
    other.change(suspend=True)
    api.patch(rig.GITREPOSITORY.path(source.ns, "other") + "/status", {"status": {"artifact": stolen}})
    source.create(repo.http_url, include=[include("other")]).failed("CopyFailure", "its artifact is not in storage")
    api.delete(rig.GITREPOSITORY, victim.ns)


def test_two_that_include_each_other_rest(repo, source):
    other = Other(source, repo, "other")
    other.start({"a": "1"})
    repo.commit({"own": "0"})
    source.create(repo.http_url, include=[include("other")]).ready()
    other.change(include=[include("app")])
    other.wait(lambda o: o["status"].get("includedArtifacts"), "to include")
    time.sleep(1)
    before = [source.get()["status"]["artifact"]["digest"], other.get()["status"]["artifact"]["digest"]]
    time.sleep(1.5)
    assert before == [source.get()["status"]["artifact"]["digest"], other.get()["status"]["artifact"]["digest"]]


def test_many_that_include_each_other_hold_nobody_up(ns, repo, private):
    """There are more ways through them than anybody can count; whether one leads back is found without."""
    controller, source, names = private.source(), Source(private.cp.api, ns, labels=private.labels), [f"m{n}" for n in range(16)]
    artifact = {"digest": "sha256:" + "0" * 64, "lastUpdateTime": "2026-01-01T00:00:00Z", "path": "a",
                "revision": "main@sha1:" + "0" * 40, "url": "http://a"}
    for name in ["outside", *names]:
        others = [include(other) for other in (["m0"] if name == "outside" else names) if other != name]
        Source(source.api, ns, name, private.labels).create(repo.http_url, suspend=True, include=others)
    before = controller.stat()["peak"]
    source.api.patch(rig.GITREPOSITORY.path(ns, "m0") + "/status", {"status": {"artifact": artifact}})
    source.create(repo.http_url).ready(repo.commit({"own": "0"}))
    assert controller.stat()["peak"] < before + 30, "MiB"


def test_includes_that_are_taken_out_again(repo, source):
    Other(source, repo, "other").start({"a": "1"})
    repo.commit({"own": "0"})
    source.create(repo.http_url, include=[include("other")]).ready()
    source.change(include=None)
    status = source.wait(lambda o: "includedArtifacts" not in o["status"] and rig.is_ready(o), "to be without")["status"]
    assert members(status["artifact"]) == {"own": "0"} and "observedInclude" not in status
