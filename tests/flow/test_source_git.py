"""A push becomes an artifact: what it looks like, which commit it holds, what is left out, what it costs."""
import gzip
import hashlib
import io
import tarfile
import time

import pytest
import rig
from gitsource import Source, conditions, download, members

pytestmark = pytest.mark.usefixtures("controllers")


@pytest.fixture
def source(api, ns):
    return Source(api, ns)


def test_a_push_becomes_an_artifact(repo, source, ns):
    first = repo.commit({"a/b.yaml": "one: 1\n", "link": rig.Link("a/b.yaml")}, "first commit\n\nwith a body")
    status = source.create(repo.http_url).ready(first)
    artifact, revision = status["artifact"], f"main@sha1:{first}"
    body = download(artifact)
    assert artifact["revision"] == revision
    assert artifact["path"] == f"gitrepository/{ns}/app/{first}.tar.gz"
    assert artifact["url"].endswith("/" + artifact["path"])
    assert artifact["digest"] == "sha256:" + hashlib.sha256(body).hexdigest()
    assert artifact["size"] == len(body)
    assert "metadata" not in artifact and "includedArtifacts" not in status and "observedIgnore" not in status
    assert members(artifact) == {"a/b.yaml": "one: 1\n"}
    message = f"stored artifact for revision '{revision}'"
    assert list(conditions(status).items()) == [("Ready", ("True", "Succeeded", message)),
                                                ("ArtifactInStorage", ("True", "Succeeded", message))]
    assert source.get()["metadata"]["finalizers"] == ["finalizers.fluxcd.io"]
    event = source.event("NewArtifact")
    assert event["message"] == "stored artifact for commit 'first commit'" and event["type"] == "Normal"
    assert event["metadata"]["annotations"] == {"source.toolkit.fluxcd.io/revision": revision,
                                                "source.toolkit.fluxcd.io/digest": artifact["digest"]}

    second = repo.commit({"a/b.yaml": "one: 2\n"}, "x" * 60)
    source.again()
    assert members(source.ready(second)["artifact"]) == {"a/b.yaml": "one: 2\n"}
    source.event("NewArtifact", f"stored artifact for commit '{'x' * 50}...'")


def test_the_archive_has_no_traces_of_place_and_time(repo, source):
    repo.commit({"dir/file": "x", "z": "y"})
    body = download(source.create(repo.http_url).ready()["artifact"])
    assert body[4:8] == b"\0\0\0\0"  # no time in the gzip header
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(body))) as tar:
        found = [(m.name, oct(m.mode), m.isdir(), m.uid, m.gid, m.uname, m.mtime) for m in tar.getmembers()]
    assert found == [(".", "0o750", True, 0, 0, "", 0), ("dir", "0o750", True, 0, 0, "", 0),
                     ("dir/file", "0o600", False, 0, 0, "", 0), ("z", "0o600", False, 0, 0, "", 0)]


def test_the_same_tree_gives_the_same_bytes(api, ns, repo):
    repo.commit({f"f{i}": f"content {i}\n" for i in range(50)})
    one, two = (Source(api, ns, name).create(repo.http_url) for name in ("one", "two"))
    assert one.ready()["artifact"]["digest"] == two.ready()["artifact"]["digest"]


def many_refs(repo):
    """Commits and tags: one < two (v1.0.0, light) < three (v1.1.0, annotated) < four (v2.0.0-rc.1); pull request."""
    ids = [repo.commit({"n": name}, name) for name in ("one", "two", "three", "four")]
    repo.tag("v1.0.0", ids[1])
    repo.tag("v1.1.0", ids[2], message="annotated")
    repo.tag("v2.0.0-rc.1", ids[3])
    repo.branch("feature/x", ids[0])
    repo.git("update-ref", "refs/pull/7/head", ids[1])
    return dict(zip(("one", "two", "three", "four"), ids))


@pytest.mark.parametrize("ref, revision, content", [
    ({"branch": "main"}, "main@sha1:", "four"),
    ({"branch": "feature/x"}, "feature/x@sha1:", "one"),
    ({"tag": "v1.0.0"}, "v1.0.0@sha1:", "two"),
    ({"tag": "v1.1.0"}, "v1.1.0@sha1:", "three"),
    ({"tag": "v1.0.0", "semver": "*", "branch": "main"}, "v1.0.0@sha1:", "two"),
    ({"semver": ">=1.0.0"}, "v1.1.0@sha1:", "three"),
    ({"semver": "<1.1.0", "branch": "main"}, "v1.0.0@sha1:", "two"),
    ({"semver": ">=1.0.0-0"}, "v2.0.0-rc.1@sha1:", "four"),
    ({"name": "refs/heads/main"}, "refs/heads/main@sha1:", "four"),
    ({"name": "refs/tags/v1.1.0"}, "refs/tags/v1.1.0@sha1:", "three"),
    ({"name": "refs/pull/7/head", "tag": "v1.0.0"}, "refs/pull/7/head@sha1:", "two"),
    ({"commit": "one"}, "sha1:", "one"),
    ({"commit": "three"}, "sha1:", "three"),
    ({"commit": "two", "branch": "main"}, "main@sha1:", "two"),
], ids=lambda v: "-".join(v) if isinstance(v, dict) else None)
def test_each_ref_selects_its_commit(repo, source, ref, revision, content):
    ids = many_refs(repo)
    ref = {k: ids.get(v, v) if k == "commit" else v for k, v in ref.items()}
    artifact = source.create(repo.http_url, ref=ref).ready()["artifact"]
    assert artifact["revision"] == revision + ids[content]
    assert artifact["path"].endswith(f"/{ids[content]}.tar.gz")
    assert members(artifact) == {"n": content}
    mark = repo.web.mark()
    source.again()  # whatever the kind of reference: the same costs one request
    assert len(repo.requests(mark, "info/refs")) == 1 and not repo.requests(mark, "git-upload-pack")


def test_semver_follows_new_tags(repo, source):
    ids = many_refs(repo)
    source.create(repo.http_url, ref={"semver": "1.x"}).ready(ids["three"])
    repo.tag("v1.2.0", ids["one"])
    source.again()
    assert source.ready(ids["one"])["artifact"]["revision"] == f"v1.2.0@sha1:{ids['one']}"


def test_equal_versions_go_by_the_date_of_their_commits(repo, source):
    ids = {}
    for day, tag in enumerate(("1.0.0+old", "1.0.0+new", "1.0.0+mid"), 1):
        when = {"old": 1, "new": 9, "mid": 5}[tag[6:]] * 86400
        tree = repo.git("mktree", stdin=b"").strip()
        ids[tag] = repo.git("hash-object", "-t", "commit", "-w", "--stdin", stdin=(
            f"tree {tree}\nauthor rig <r@e> {when} +0000\ncommitter rig <r@e> {when} +0000\n\nc{day}\n").encode()).strip()
        repo.tag(tag, ids[tag])
    status = source.create(repo.http_url, ref={"semver": "1.x"}).ready()
    assert status["artifact"]["revision"] == f"1.0.0+new@sha1:{ids['1.0.0+new']}"


def test_a_rewritten_branch_is_followed(repo, source):
    first = repo.commit({"a": "1"})
    repo.commit({"b": "2"})
    source.create(repo.http_url).ready(repo.head())
    rewritten = repo.commit({"c": "3"}, parent=first)
    source.again()
    assert members(source.ready(rewritten)["artifact"]) == {"a": "1", "c": "3"}


def test_a_fetch_is_shallow(repo, source):
    for i in range(20):
        repo.commit({f"f{i}": "x" * 20000 + str(i)})
        repo.commit({f"f{i}": None})
    mark = repo.web.mark()
    source.create(repo.http_url).ready(repo.head())
    assert sum(r["sent"] for r in repo.requests(mark)) < 20000


@pytest.mark.parametrize("spec, message", [
    ({"ref": {"branch": "mian"}}, "couldn't find remote ref \"refs/heads/mian\" (did you mean 'main'?)"),
    ({"ref": None}, "couldn't find remote ref \"refs/heads/master\" (the default branch is 'main'"),
    ({"ref": {"tag": "v9"}}, "couldn't find remote ref \"refs/tags/v9\""),
    ({"ref": {"semver": ">=9"}}, "no match found for semver: >=9"),
    ({"ref": {"semver": "so so"}}, "semver parse error: improper constraint"),
    ({"ref": {"name": "refs/heads/none"}}, "unable to resolve ref 'refs/heads/none' to a specific commit"),
    ({"ref": {"commit": "0123456789" * 4}}, "unable to resolve commit object for '" + "0123456789" * 4 + "'"),
    ({"ref": {"commit": "abc123"}}, "unable to resolve commit object for 'abc123': object not found"),
], ids=["branch", "default", "tag", "semver", "range", "name", "commit", "short"])
def test_what_is_not_there(repo, source, spec, message):
    repo.commit({"a": "1"})
    status = source.create(repo.http_url, **spec).failed("GitOperationFailed", message)
    found = conditions(status)
    text = found["Ready"][2]
    assert text.startswith(f"failed to checkout and determine revision: unable to clone '{repo.http_url}': ")
    assert found["FetchFailed"] == ("True", "GitOperationFailed", text)
    assert found["Reconciling"][:2] == ("True", "ProgressingWithRetry")
    assert "artifact" not in status and status["observedGeneration"] == -1
    assert source.event("GitOperationFailed")["type"] == "Warning"


def test_it_recovers(repo, source):
    first = repo.commit({"a": "1"})
    source.create(repo.http_url).ready(first)
    repo.git("branch", "-m", "main", "other")
    source.again()
    status = source.failed("GitOperationFailed")
    assert status["artifact"]["revision"] == f"main@sha1:{first}"
    assert conditions(status)["ArtifactInStorage"][0] == "True"
    repo.git("branch", "-m", "other", "main")
    source.again()
    assert list(conditions(source.ready(first))) == ["Ready", "ArtifactInStorage"]
    source.event("Succeeded", f"stored artifact for commit 'main@sha1:{first}'")


def test_an_empty_repository(repo, source):
    source.create(repo.http_url).failed("EmptyGitRepository", "git repository is empty")
    first = repo.commit({"a": "1"})
    source.again()
    source.ready(first)


def test_an_unknown_repository(web, source):
    url = f"{web.http_url}/git/nobody.git"
    status = source.create(url).failed("GitOperationFailed", "repository not found")
    assert "no credentials were sent: set spec.secretRef" in conditions(status)["Ready"][2]


def test_a_page_that_is_no_repository(web, source):
    web.file(f"{source.ns}/info/refs", "hello")
    source.create(f"{web.http_url}/files/{source.ns}").failed("GitOperationFailed", "is spec.url a Git repository?")


def test_a_server_that_does_not_answer(source):
    source.create("http://127.0.0.1:1/x.git").failed("GitOperationFailed", "connection refused")


def test_a_redirect_is_followed(web, repo, source):
    first = repo.commit({"a": "1"})
    mark = web.mark()
    source.create(f"{web.http_url}/redirect/git/{repo.name}.git").ready(first)
    assert [r["status"] for r in web.requests(mark, "/redirect/")] == [301]


def test_an_unchanged_ref_costs_one_request_per_interval(cp, repo, source):
    repo.commit({"a": "1"})
    before = source.create(repo.http_url, interval="1s").ready()
    mark, audit, start = repo.web.mark(), cp.audit_mark(), time.monotonic()
    rig.wait_for(lambda: len(repo.requests(mark, "info/refs")) >= 4, 20, "four intervals to pass")
    lists, packs = repo.requests(mark, "info/refs"), repo.requests(mark, "git-upload-pack")
    assert len(lists) <= (time.monotonic() - start) / 0.95 + 1 and not packs
    assert source.get()["status"] == before
    writes = cp.requests(audit, "source-controller", source.ns)
    assert not writes["patch gitrepositories/status"] and not writes["patch gitrepositories"]
    source.event("GitOperationSucceeded", f"no changes since last reconciliation: observed revision 'main@sha1:{repo.head()}'")


def test_a_push_costs_one_list_and_one_fetch(repo, source):
    repo.commit({"a": "1"})
    source.create(repo.http_url).ready()
    second = repo.commit({"a": "2"})
    mark = repo.web.mark()
    source.again()
    source.ready(second)
    assert len(repo.requests(mark, "info/refs")) == 1
    assert 1 <= len(repo.requests(mark, "git-upload-pack")) <= 2  # one to learn the shallow border, one for the pack


FILES = {"app.yaml": "1", "pic.jpg": "2", ".github/ci.yaml": "3", ".gitignore": "4", "docs/.goreleaser.yml": "5",
         "docs/a.md": "6", "docs/keep/b.md": "7"}


@pytest.mark.parametrize("sourceignore, ignore, expected", [
    (None, None, {"app.yaml", "docs/a.md", "docs/keep/b.md"}),
    (None, "", {"app.yaml", "docs/a.md", "docs/keep/b.md"}),
    (None, "# nothing\n/docs\n", {"app.yaml", "pic.jpg", ".github/ci.yaml"}),
    ("/docs/*\n!/docs/keep\n", None, {".sourceignore", "app.yaml", "pic.jpg", ".github/ci.yaml", "docs/keep/b.md"}),
    ("*.md\n", "!a.md\n", {".sourceignore", "app.yaml", "pic.jpg", ".github/ci.yaml", "docs/.goreleaser.yml", "docs/a.md"}),
], ids=["defaults", "empty", "spec", "file", "both"])
def test_ignore_rules(repo, source, sourceignore, ignore, expected):
    repo.commit({**FILES, **({".sourceignore": sourceignore} if sourceignore else {})})
    status = source.create(repo.http_url, **({} if ignore is None else {"ignore": ignore})).ready()
    assert set(members(status["artifact"])) == expected
    assert status.get("observedIgnore") == ignore


def test_new_ignore_rules_make_a_new_artifact_of_the_same_revision(repo, source):
    repo.commit({"a": "1", "b": "2"})
    before = source.create(repo.http_url).ready()["artifact"]
    source.change(ignore="/b\n")
    status = source.wait(lambda o: o["status"].get("observedIgnore") == "/b\n" and rig.is_ready(o), "to be built anew")
    after = status["status"]["artifact"]
    assert set(members(after)) == {"a"}
    assert after["revision"] == before["revision"] and after["digest"] != before["digest"]


def raw_commit(repo, tree):
    """Commits a tree object made of (mode, name, id) rows that git itself may refuse, and moves main there."""
    rows = b"".join(f"{mode} {name}".encode() + b"\0" + bytes.fromhex(sha) for mode, name, sha in tree)
    made = repo.git("hash-object", "-t", "tree", "-w", "--literally", "--stdin", stdin=rows).strip()
    sha = repo.git("hash-object", "-t", "commit", "-w", "--stdin", stdin=(
        f"tree {made}\nauthor rig <r@e> 1700000000 +0000\ncommitter rig <r@e> 1700000000 +0000\n\nraw\n").encode()).strip()
    repo.git("update-ref", "refs/heads/main", sha)
    return sha


def blob(repo, content):
    return repo.git("hash-object", "-w", "--stdin", stdin=content.encode()).strip()


def test_files_are_stored_as_they_were_committed(repo, source):
    """No line-ending conversion, no $Id$, whatever .gitattributes asks for; odd names; the exec bit; no gitlinks."""
    files = {".gitattributes": "* text eol=crlf ident\n", "unix": "a\n$Id$\n", "dos": "a\r\n", "name with spaces": "1",
             ".gitmodules": '[submodule "zzz-sub"]\n\tpath = zzz-sub\n\turl = ../other.git\n', "-dash": "2", "ünï": "3", "d/" * 60 + "deep": "4", "x" * 200: "5"}
    repo.commit(files)
    tree = [line.split(None, 2)[0::2] for line in repo.git("ls-tree", "-z", "main").split("\0") if line]
    rows = [(mode, rest.split("\t")[1], rest.split("\t")[0]) for mode, rest in tree]
    rows += [("100755", "zz.sh", blob(repo, "#!/bin/sh\n")), ("160000", "zzz-sub", repo.head())]
    sha = raw_commit(repo, [(mode.lstrip("0"), name.strip('"'), oid) for mode, name, oid in rows])
    artifact = source.create(repo.http_url, ignore="!.gitattributes\n!.gitmodules\n").ready(sha)["artifact"]
    assert members(artifact) == {**files, "zz.sh": "#!/bin/sh\n"}
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(download(artifact)))) as tar:
        assert oct(tar.getmember("zz.sh").mode) == "0o700" and oct(tar.getmember("unix").mode) == "0o600"


@pytest.mark.parametrize("name", ["..", ".git", "a/../../b"])
def test_names_that_lead_outside_are_refused(controllers, repo, source, name):
    inner = blob(repo, "evil")
    raw_commit(repo, [("100644", name, inner)])
    source.create(repo.http_url).failed("GitOperationFailed", "unable to clone")
    assert "artifact" not in source.get()["status"]
    good = repo.commit({"a": "1"}, parent="")
    source.again()
    source.ready(good)


def test_a_link_cannot_be_written_through(controllers, repo, source, tmp_path):
    """A tree that has the name `a` twice, as a link to a folder outside and as a folder."""
    folder = repo.git("hash-object", "-t", "tree", "-w", "--stdin",
                      stdin=b"100644 stolen\0" + bytes.fromhex(blob(repo, "evil"))).strip()
    raw_commit(repo, [("120000", "a", blob(repo, str(tmp_path))), ("40000", "a", folder)])
    source.create(repo.http_url)
    source.wait(lambda o: rig.condition(o).get("status") in ("True", "False"), "to be done")
    assert list(tmp_path.iterdir()) == []
