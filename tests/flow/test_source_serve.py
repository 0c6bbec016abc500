"""The artifact server: plain HTTP that consumers, caches and probes rely on, and nothing more."""
import http.client

import pytest
from gitsource import Source


@pytest.fixture
def ask(controllers):
    """ask(method, path, headers): status, headers in lower case, body. The path goes out exactly as given."""
    def send(method, path, headers=None):
        conn = http.client.HTTPConnection("127.0.0.1", controllers.source.storage_port, timeout=10)
        conn.putrequest(method, path, skip_accept_encoding=True)
        for name, value in (headers or {}).items():
            conn.putheader(name, value)
        conn.endheaders()
        answer = conn.getresponse()
        body = answer.read()
        conn.close()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, body
    return send


@pytest.fixture
def artifact(api, ns, repo):
    repo.commit({f"f{i}": f"some content {i} of this file\n" * 20 for i in range(30)})
    return Source(api, ns).create(repo.http_url).ready()["artifact"]


def test_get_and_head(ask, artifact):
    status, headers, body = ask("GET", "/" + artifact["path"])
    assert status == 200 and len(body) == artifact["size"] == int(headers["content-length"])
    assert headers["content-type"] == "application/gzip" and headers["accept-ranges"] == "bytes"
    assert headers["etag"].startswith('"') and headers["last-modified"].endswith(" GMT")
    status, head, nothing = ask("HEAD", "/" + artifact["path"])
    assert status == 200 and nothing == b""
    assert {k: head[k] for k in ("content-length", "etag", "last-modified")} == {
        k: headers[k] for k in ("content-length", "etag", "last-modified")}


def test_ranges(ask, artifact):
    path, size = "/" + artifact["path"], artifact["size"]
    whole = ask("GET", path)[2]
    status, headers, part = ask("GET", path, {"Range": "bytes=10-19"})
    assert (status, part, headers["content-range"]) == (206, whole[10:20], f"bytes 10-19/{size}")
    assert ask("GET", path, {"Range": "bytes=-5"})[2] == whole[-5:]
    assert ask("GET", path, {"Range": f"bytes={size - 3}-"})[2] == whole[-3:]
    status, headers, _ = ask("GET", path, {"Range": f"bytes={size}-"})
    assert status == 416 and headers["content-range"] == f"bytes */{size}"


def test_validators(ask, artifact):
    path = "/" + artifact["path"]
    headers = ask("GET", path)[1]
    for condition in ({"If-None-Match": headers["etag"]}, {"If-Modified-Since": headers["last-modified"]}):
        status, _, body = ask("GET", path, condition)
        assert (status, body) == (304, b"")
    assert ask("GET", path, {"If-None-Match": '"another"'})[0] == 200
    assert ask("GET", path, {"If-Modified-Since": "Mon, 01 Jan 2001 00:00:00 GMT"})[0] == 200


def test_the_latest_artifact_has_a_name_of_its_own(ask, api, ns, repo, artifact):
    folder = artifact["path"].rpartition("/")[0]
    assert ask("GET", f"/{folder}/latest.tar.gz")[2] == ask("GET", "/" + artifact["path"])[2]
    old = ask("GET", f"/{folder}/latest.tar.gz")[1]["etag"]
    second = repo.commit({"a": "new"})
    source = Source(api, ns)
    source.again()
    fresh = source.ready(second)["artifact"]
    status, headers, body = ask("GET", f"/{folder}/latest.tar.gz", {"If-None-Match": old})
    assert status == 200 and len(body) == fresh["size"] and headers["etag"] != old


def test_nothing_is_listed(ask, artifact):
    kind, ns, name, _ = artifact["path"].split("/")
    for path in (f"/{kind}", f"/{kind}/", f"/{kind}/{ns}/", f"/{kind}/{ns}/{name}/", f"/{kind}/{ns}/{name}/index.html"):
        status, _, body = ask("GET", path)
        assert status == 404 and artifact["path"].rpartition("/")[2].encode() not in body


def test_the_root_answers_probes(ask, controllers):
    status, _, body = ask("GET", "/")
    assert status == 200 and b"gitrepository" not in body


@pytest.mark.parametrize("path", [
    "/../../../../etc/passwd", "/..%2f..%2f..%2fetc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd",
    "/gitrepository/../../../../etc/passwd", "/gitrepository/%00/x", "/.incoming-x/archive.tar.gz",
    "/gitrepository/{ns}/app/out", "/gitrepository/{ns}/app/.hidden", "/gitrepository/{ns}/app/dir",
    "/gitrepository/{ns}/app/fifo",
])
def test_nothing_else_is_served(ask, controllers, ns, artifact, path):
    import os
    folder = controllers.source.storage / f"gitrepository/{ns}/app"
    (folder / "out").symlink_to("/etc/passwd")
    (folder / ".hidden").write_text("root:")
    (folder / "dir").mkdir()
    os.mkfifo(folder / "fifo")
    status, _, body = ask("GET", path.format(ns=ns))
    assert status in (400, 404) and b"root:" not in body


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_reading_is_all_it_does(ask, artifact, method):
    status, headers, _ = ask(method, "/" + artifact["path"], {"Content-Length": "0"})
    assert status == 405 and headers["allow"] == "GET, HEAD"
    assert ask("HEAD", "/" + artifact["path"])[0] == 200
