"""What of a repository becomes files: submodules (spec.recurseSubmodules) and parts of it (spec.sparseCheckout)."""
import json

import pytest
import rig
from gitsource import Source, conditions, members

pytestmark = pytest.mark.usefixtures("controllers")


@pytest.fixture
def source(api, ns):
    return Source(api, ns)


def module(path, url, name=None):
    return f'[submodule "{name or path}"]\n\tpath = {path}\n\turl = {url}\n'


def link(repo, modules, links, files=None, message="links"):
    """Commits a .gitmodules and links: {path: commit}; returns the commit's id."""
    repo.commit({".gitmodules": modules, **(files or {})}, message)
    stream = b"commit refs/heads/main\nmark :1\ncommitter rig <rig@example.com> 1700000000 +0000\ndata 4\nlink\n"
    stream += f"from {repo.head()}\n".encode()
    stream += b"".join(f"M 160000 {sha} {path}\n".encode() for path, sha in links.items()) + b"get-mark :1\n"
    return repo.git("fast-import", "--quiet", "--force", stdin=stream).strip()


def other(repo, name):
    return repo.web.repo(f"{repo.name}-{name}")


def test_submodules_relative_absolute_and_nested(repo, source):
    lib, deep = other(repo, "lib"), other(repo, "deep")
    inner = deep.commit({"inner": "3"})
    old = link(lib, module("nested/deep", f"../{deep.name}.git"), {"nested/deep": inner}, {"lib": "2"})
    lib.commit({"lib": "newer"})  # the commit that is linked to is not the branch's head
    first = link(repo, module("vendor/lib", f"../{lib.name}.git", "x y") + module("b", deep.http_url) + module("gone", "../gone.git"),
                 {"vendor/lib": old, "b": inner}, {"a": "1"})
    status = source.create(repo.http_url, recurseSubmodules=True).ready(first)
    assert members(status["artifact"]) == {"a": "1", "vendor/lib/lib": "2", "vendor/lib/nested/deep/inner": "3", "b/inner": "3"}
    assert status["observedRecurseSubmodules"] is True
    mark = repo.web.mark()
    source.again()
    assert len(repo.requests(mark)) == 1 and not lib.requests(mark) and not deep.requests(mark)
    source.change(recurseSubmodules=False)
    status = source.wait(lambda o: "observedRecurseSubmodules" not in o["status"], "to leave the submodules")["status"]
    assert members(status["artifact"]) == {"a": "1"}


def test_a_repository_without_submodules(repo, source):
    first = repo.commit({"a": "1"})
    assert members(source.create(repo.http_url, recurseSubmodules=True).ready(first)["artifact"]) == {"a": "1"}


@pytest.mark.parametrize("path, url, message", [
    ("sub", "/etc", "submodule 'sub': its address is a path of this machine"),
    ("sub", "file:///etc", "submodule 'sub': its address 'file:///etc' is none of http, https or ssh"),
    ("sub", "../nobody.git", "submodule 'sub': unable to clone '"),
    ("sub", "http://127.0.0.1:1/x.git", "connection refused"),
    ("sub", "SELF", "unable to resolve commit object for '0123"),
], ids=["path", "file", "missing", "down", "commit"])
def test_submodules_that_cannot_be_fetched(repo, source, path, url, message):
    url = f"../{repo.name}.git" if url == "SELF" else url
    link(repo, module(path, url), {path: "0123456789" * 4})
    status = source.create(repo.http_url, recurseSubmodules=True).failed("GitOperationFailed", message)
    assert conditions(status)["FetchFailed"][2].startswith(
        f"failed to checkout and determine revision: unable to clone '{repo.http_url}': submodule 'sub': ")


def test_a_broken_gitmodules_says_where(repo, source):
    link(repo, "[submodule \"a\"]\npath = \"x", {"x": "0123456789" * 4})
    source.create(repo.http_url, recurseSubmodules=True).failed("GitOperationFailed", ".gitmodules: line 2: a quoted value")


@pytest.mark.parametrize("path", ["../escape", "/tmp/escape", "a/../../escape", ".", ""])
def test_a_place_outside_the_tree_is_no_submodule(repo, source, path):
    """No tree links to such a path, so that it is stale as for git: nothing is fetched for it."""
    lib = other(repo, "lib")
    sha = lib.commit({"stolen": "1"})
    first = link(repo, module(path, f"../{lib.name}.git"), {"sub": sha}, {"a": "1"})
    assert members(source.create(repo.http_url, recurseSubmodules=True).ready(first)["artifact"]) == {"a": "1"}
    assert not lib.requests()


def test_a_repository_that_contains_itself_ends(repo, source):
    first = repo.commit({"a": "1"})
    for _ in range(14):
        first = link(repo, module("s", f"../{repo.name}.git"), {"s": first})
    files = members(source.create(repo.http_url, recurseSubmodules=True).ready(first)["artifact"])
    assert max(name.count("s/") for name in files) == 10


def test_credentials_go_to_their_host_only(web, repo, source):
    """The same server under two doors: another port is another host."""
    lib = other(repo, "lib")
    sha = lib.commit({"lib": "1"})
    link(repo, module("lib", lib.basic_url), {"lib": sha}, {"a": "1"})
    creds = source.secret(username="git", password=web.password)
    status = source.create(repo.basic_url, secretRef=creds, recurseSubmodules=True).ready()
    assert members(status["artifact"]) == {"a": "1", "lib/lib": "1"}
    elsewhere = lib.basic_url.replace(web.https_url, web.http_url)
    link(repo, module("lib", elsewhere), {"lib": sha})
    mark = web.mark()
    source.again()
    message = conditions(source.failed("GitOperationFailed", "authentication required"))["Ready"][2]
    assert "a submodule on another host than spec.url is not sent the credentials" in message
    assert [r["auth"] for r in lib.requests(mark)] == [""]
    assert web.password not in json.dumps(source.get())


FILES = {"apps/one/a": "1", "apps/two/b": "2", "apps2/c": "3", "infra/d": "4", "root": "5"}


@pytest.mark.parametrize("paths, found", [
    (["apps"], {"apps/one/a", "apps/two/b"}),
    (["./apps/one", "infra/"], {"apps/one/a", "infra/d"}),
    (["infra", "root"], {"infra/d", "root"}),
    (["./"], set(FILES)),
], ids=["one", "two", "file", "all"])
def test_sparse_checkout(repo, source, paths, found):
    first = repo.commit(FILES)
    status = source.create(repo.http_url, sparseCheckout=paths).ready(first)
    assert set(members(status["artifact"])) == found and status["observedSparseCheckout"] == paths


@pytest.mark.parametrize("path", ["nothing", "apps/three", "/apps2/x", "../outside"])
def test_a_sparse_folder_that_is_not_there(repo, source, path):
    repo.commit(FILES)
    status = source.create(repo.http_url, sparseCheckout=["apps", path]).failed("GitOperationFailed")
    message = f"failed to sparse checkout directories : sparse checkout dir '{path}' does not exist in repository: lstat "
    assert conditions(status)["FetchFailed"][2].startswith(message)
    source.change(sparseCheckout=["apps"])
    source.ready()


def test_a_changed_sparse_checkout_is_seen(repo, source):
    first = repo.commit(FILES)
    source.create(repo.http_url, sparseCheckout=["apps"]).ready(first)
    source.change(sparseCheckout=["infra"])
    status = source.wait(lambda o: o["status"].get("observedSparseCheckout") == ["infra"], "to see the change")["status"]
    assert set(members(status["artifact"])) == {"infra/d"}
    source.change(sparseCheckout=None)
    status = source.wait(lambda o: "observedSparseCheckout" not in o["status"] and rig.is_ready(o), "to see all")["status"]
    assert set(members(status["artifact"])) == set(FILES)


def test_sparse_checkout_and_submodules(repo, source):
    lib = other(repo, "lib")
    sha = lib.commit({"lib": "1"})
    first = link(repo, module("apps/lib", f"../{lib.name}.git") + module("far/lib", f"../{lib.name}.git"),
                 {"apps/lib": sha, "far/lib": sha}, FILES)
    status = source.create(repo.http_url, sparseCheckout=["apps"], recurseSubmodules=True).ready(first)
    assert set(members(status["artifact"])) == {"apps/one/a", "apps/two/b", "apps/lib/lib"}
