"""Who may fetch: credentials, certificates, what is said when they are refused, and that no secret is ever shown."""
import http.server
import json
import threading
import urllib.request

import pytest
from gitsource import Source, conditions, members

SYSTEM_ROOTS = "/etc/ssl/certs/ca-certificates.crt"


@pytest.fixture
def source(api, ns):
    return Source(api, ns)


def no_trace(controller, source, *secrets):
    """None of the secrets is in the object, its events or the controller's log."""
    text = json.dumps(source.get()) + json.dumps(source.events()) + controller.log()
    for secret in secrets:
        assert secret not in text


def test_username_and_password(controllers, web, repo, source):
    first = repo.commit({"a": "1"})
    creds = source.secret(username="git", password=web.password)
    assert members(source.create(repo.basic_url, secretRef=creds).ready(first)["artifact"]) == {"a": "1"}
    assert all(r["auth"].startswith("Basic ") for r in repo.requests())  # at once, not only after a 401
    no_trace(controllers.source, source, web.password)


def test_credentials_in_the_url(controllers, web, repo, source):
    first = repo.commit({"a": "1"})
    source.create(repo.basic_url.replace("//", f"//git:{web.password}@", 1)).ready(first)
    assert web.password not in controllers.source.log() and web.password not in json.dumps(source.events())


def test_bearer_token(controllers, web, repo, source):
    first = repo.commit({"a": "1"})
    creds = source.secret(bearerToken=web.token, username="git", password="unused")
    source.create(repo.bearer_url, secretRef=creds).ready(first)
    no_trace(controllers.source, source, web.token)


@pytest.mark.parametrize("data, hint", [
    (None, "no credentials were sent: set spec.secretRef"),
    ({"username": "git", "password": "wr0ng-secret"}, "with the username and password of secret 'creds'"),
    ({"bearerToken": "wr0ng-secret"}, "with the bearer token of secret 'creds'"),
    ({"token": "wr0ng-secret"}, "secret 'creds' has neither username and password nor bearerToken"),
], ids=["none", "wrong", "bearer", "keys"])
def test_refused_credentials(controllers, repo, source, data, hint):
    repo.commit({"a": "1"})
    spec = {"secretRef": source.secret(**data)} if data else {}
    status = source.create(repo.basic_url, **spec).failed("GitOperationFailed", "authentication required")
    message = conditions(status)["FetchFailed"][2]
    assert message.startswith(f"failed to checkout and determine revision: unable to clone '{repo.basic_url}': ")
    assert hint in message
    no_trace(controllers.source, source, "wr0ng-secret")


def test_credentials_in_the_url_are_masked_in_messages(controllers, repo, source):
    repo.commit({"a": "1"})
    url = repo.basic_url.replace("//", "//someone:s3cret-in-url@", 1)
    status = source.create(url).failed("GitOperationFailed", "authentication required")
    assert f"unable to clone '{repo.basic_url.replace('//', '//***@', 1)}'" in conditions(status)["Ready"][2]
    source.event("GitOperationFailed")
    assert "s3cret" not in json.dumps(status) + json.dumps(source.events()) + controllers.source.log()


@pytest.mark.parametrize("data, reason, message", [
    ({"password": "x"}, "AuthenticationFailed",
     "failed to configure authentication options: invalid 'https' auth option: 'password' requires 'username' to be set"),
    ({"username": "git", "password": "x\n"}, "AuthenticationFailed",
     "key 'password' of the secret holds a line break: store the value without it"),
    ({"githubAppID": "1"}, "InvalidProviderConfiguration",
     "has github app data but provider is not set to github"),
    ({"tls_crt": "no pem", "tls_key": "no pem"}, "GitOperationFailed", "unable to clone"),
    ({"ca_crt": "no pem"}, "GitOperationFailed", "unable to clone"),
], ids=["half", "newline", "app", "pair", "ca"])
def test_unusable_secrets(controllers, repo, source, data, reason, message):
    repo.commit({"a": "1"})
    mark = repo.web.mark()
    source.create(repo.url, secretRef=source.secret(**data)).failed(reason, message)
    assert not repo.requests(mark)


def test_a_missing_secret_and_its_arrival(controllers, web, repo, source):
    first = repo.commit({"a": "1"})
    status = source.create(repo.basic_url, secretRef={"name": "creds"}).failed("AuthenticationFailed")
    assert conditions(status)["FetchFailed"][2] == (
        f"failed to get secret '{source.ns}/creds': secrets \"creds\" not found")
    source.secret(username="git", password=web.password)
    source.again()
    source.ready(first)


def test_an_authority_in_the_secret(private, web, repo, source):
    first = repo.commit({"a": "1"})
    controller = private.source(env={"SSL_CERT_FILE": SYSTEM_ROOTS})
    source.labels = private.labels
    source.create(repo.url).failed("GitOperationFailed", "x509: certificate signed by unknown authority")
    source.change(secretRef=source.secret(ca_crt=web.pem("ca.crt"), caFile="ignored rubbish"))
    source.ready(first)
    source.change(secretRef=source.secret("old", caFile=web.pem("ca.crt")))
    second = repo.commit({"a": "2"})
    source.again()
    source.ready(second)
    no_trace(controller, source, web.pem("ca.crt").splitlines()[2])


def test_a_client_certificate(controllers, web, repo, source):
    first = repo.commit({"a": "1"})
    pair = source.secret(tls_crt=web.pem("client.crt"), tls_key=web.pem("client.key"), ca_crt=web.pem("ca.crt"))
    source.create(repo.mtls_url, secretRef=pair).ready(first)
    no_trace(controllers.source, source, web.pem("client.key").splitlines()[1])


def test_a_missing_or_foreign_client_certificate(controllers, web, repo, source):
    repo.commit({"a": "1"})
    source.create(repo.mtls_url).failed("GitOperationFailed", "unable to clone")
    source.change(secretRef=source.secret(tls_crt=web.pem("client.crt", "pki-other"),
                                          tls_key=web.pem("client.key", "pki-other")))
    source.failed("GitOperationFailed", "unable to clone")
    assert "artifact" not in source.get()["status"]


@pytest.fixture
def redirector(web):
    """The URL of a server of its own that redirects everything to the same path of the test's web server."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(302)
            self.send_header("Location", web.http_url + self.path)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_credentials_do_not_follow_to_another_host(controllers, redirector, web, repo, source):
    first = repo.commit({"a": "1"})
    mark = web.mark()
    creds = source.secret(username="git", password=web.password)
    source.create(f"{redirector}/basic/{repo.name}.git", secretRef=creds)
    source.failed("GitOperationFailed", "the server redirects to another host, which is not sent the credentials")
    assert [r["auth"] for r in repo.requests(mark)] and not any(r["auth"] for r in repo.requests(mark))
    source.change(url=f"{redirector}/git/{repo.name}.git")
    source.ready(first)
    assert not any(r["auth"] for r in repo.requests(mark))


@pytest.fixture
def proxy(web):
    """A forward proxy that knows one host, git.example.test, behind which is the test's web server; .seen are its requests."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.server.seen.append((self.command, self.path))
            inner = self.path.replace("http://git.example.test", web.http_url)
            ask = urllib.request.Request(inner, body or None, {"Content-Type": self.headers.get("Content-Type", "")},
                                         method=self.command)
            with urllib.request.urlopen(ask) as answer:
                content = answer.read()
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.headers["Content-Type"])
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.seen = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_the_proxy_of_the_environment(private, proxy, repo, source):
    first = repo.commit({"a": "1"})
    source.labels = private.labels
    private.source(env={"HTTP_PROXY": f"http://127.0.0.1:{proxy.server_port}", "NO_PROXY": "other.example.test"})
    url = f"http://git.example.test/git/{repo.name}.git"
    assert members(source.create(url).ready(first)["artifact"]) == {"a": "1"}
    assert proxy.seen[0] == ("GET", f"{url}/info/refs?service=git-upload-pack")
    assert {path for method, path in proxy.seen if method == "POST"} == {f"{url}/git-upload-pack"}
