"""spec.proxySecretRef against real proxies: HTTP and SOCKS5, for repositories over HTTP, HTTPS and SSH; what a bad Secret says."""
import json

import pytest
import rig
from gitsource import Source, conditions, members


@pytest.fixture
def source(api, ns):
    return Source(api, ns)


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("make", [rig.HttpProxy, rig.SocksProxy])
def test_git_over_http_through_a_proxy(controllers, repo, source, tmp_path, make, scheme):
    first = repo.commit({"a": "1"})
    with make(tmp_path, "corp", "pr0xys3cret") as proxy:
        secret = source.secret("proxy", address=proxy.url, username="corp", password="pr0xys3cret")
        url = repo.url if scheme == "https" else repo.http_url
        status = source.create(url, proxySecretRef=secret).ready(first)
        assert members(status["artifact"]) == {"a": "1"}
        port = url.split(":")[2].split("/")[0]
        assert f"127.0.0.1:{port}" in proxy.log()
        wrong = source.secret("wrong", address=proxy.url, username="corp", password="wr0ng")
        second = repo.commit({"a": "2"})
        source.change(proxySecretRef=wrong)
        message = conditions(source.failed("GitOperationFailed"))["FetchFailed"][2]
        assert message.startswith(f"failed to checkout and determine revision: unable to clone '{url}': ")
        source.change(proxySecretRef=secret)
        source.ready(second)
    text = json.dumps(source.get()) + json.dumps(source.events()) + controllers.source.log()
    assert "pr0xys3cret" not in text and "wr0ng" not in text


@pytest.mark.parametrize("make", [rig.HttpProxy, rig.SocksProxy])
def test_git_over_ssh_through_a_proxy(controllers, repo, source, tmp_path, make):
    first = repo.commit({"a": "1"})
    with rig.Ssh(tmp_path) as ssh, make(tmp_path, "corp", "pr0xys3cret") as proxy:
        secret = source.secret("proxy", address=proxy.url, username="corp", password="pr0xys3cret")
        keys = source.secret(identity=ssh.key("ed25519"), known_hosts=ssh.known_hosts())
        source.create(ssh.url(repo), secretRef=keys, proxySecretRef=secret).ready(first)
        assert f"127.0.0.1:{ssh.port}" in proxy.log()
        source.change(proxySecretRef=source.secret("wrong", address=proxy.url, username="corp", password="wr0ng"))
        repo.commit({"a": "2"})
        source.again()
        source.failed("GitOperationFailed", f"unable to clone '{ssh.url(repo)}': ")
        source.change(proxySecretRef=source.secret("tls", address="https://127.0.0.1:1"))
        source.failed("GitOperationFailed", "an https proxy cannot carry this connection: use an http or socks5 proxy")
    assert "pr0xys3cret" not in controllers.source.log()


def test_ssh_by_the_proxy_of_the_environment(private, repo, source, tmp_path):
    first = repo.commit({"a": "1"})
    source.labels = private.labels
    with rig.Ssh(tmp_path) as ssh, rig.SocksProxy(tmp_path) as proxy:
        private.source(env={"ALL_PROXY": proxy.url})
        keys = source.secret(identity=ssh.key("ed25519"), known_hosts=ssh.known_hosts())
        source.create(ssh.url(repo), secretRef=keys).ready(first)
        assert f"127.0.0.1:{ssh.port}" in proxy.log()


def test_a_proxy_that_is_not_there(controllers, repo, source):
    repo.commit({"a": "1"})
    port = rig.free_port()
    secret = source.secret("proxy", address=f"http://user:pr0xys3cret@127.0.0.1:{port}")
    status = source.create(repo.url, proxySecretRef=secret).failed("GitOperationFailed", f"127.0.0.1:{port}")
    assert "pr0xys3cret" not in json.dumps(status) + controllers.source.log()


@pytest.mark.parametrize("data, message", [
    ({"username": "x"}, "secret '{ns}/proxy': key 'address' not found"),
    ({"address": ""}, "secret '{ns}/proxy': proxy address is empty"),
    ({"address": "ftp://proxy:1"},
     "secret '{ns}/proxy': proxy URL must use one of the supported schemes (http, https, socks5), got 'ftp'"),
    ({"address": "http://" + "x" * 2048}, "secret '{ns}/proxy': proxy URL exceeds maximum length of 2048 characters"),
    ({"address": "http://pr0xys3cret:x y@h"}, "secret '{ns}/proxy': failed to parse proxy address"),
], ids=["none", "empty", "scheme", "long", "broken"])
def test_unusable_proxy_secrets(controllers, repo, source, data, message):
    repo.commit({"a": "1"})
    mark = repo.web.mark()
    status = source.create(repo.url, proxySecretRef=source.secret("proxy", **data)).failed("AuthenticationFailed")
    text = conditions(status)["FetchFailed"][2]
    assert text.startswith("failed to configure proxy options: " + message.format(ns=source.ns))
    assert "pr0xys3cret" not in text and not repo.requests(mark)


def test_a_missing_proxy_secret(controllers, repo, source):
    repo.commit({"a": "1"})
    status = source.create(repo.url, proxySecretRef={"name": "proxy"}).failed("AuthenticationFailed")
    assert conditions(status)["FetchFailed"][2] == (
        f"failed to configure proxy options: secret '{source.ns}/proxy' not found")
