"""Git over SSH against a real sshd: keys and host keys of every type, what is said when one does not fit, algorithms, ends."""
import json
import time

import pytest
import rig
from gitsource import Source, conditions, members

KEYS = [  # name, type, ssh-keygen's options, passphrase
    ("ed25519", "ed25519", (), ""),
    ("ecdsa", "ecdsa", (), ""),
    ("rsa", "rsa", (), ""),
    ("ecdsa-pem", "ecdsa", ("-m", "PEM"), ""),
    ("rsa-pem", "rsa", ("-m", "PEM"), ""),
    ("rsa-pkcs8", "rsa", ("-m", "PKCS8"), ""),
    ("ed25519-locked", "ed25519", (), "open sesame"),
    ("rsa-pem-locked", "rsa", ("-m", "PEM"), "open sesame"),
]
BEGIN = "failed to checkout and determine revision: unable to clone '"


@pytest.fixture(scope="module")
def ssh(tmp_path_factory):
    with rig.Ssh(tmp_path_factory.mktemp("ssh")) as server:
        yield server


@pytest.fixture
def source(api, ns):
    return Source(api, ns)


def creds(source, ssh, key="ed25519", known_hosts=None, name="creds", **more):
    return source.secret(name, identity=ssh.key(key), known_hosts=known_hosts or ssh.known_hosts(), **more)


def no_trace(controller, source, *secrets):
    text = json.dumps(source.get()) + json.dumps(source.events()) + controller.log()
    for secret in secrets:
        for line in secret.strip().splitlines()[1:3] or [secret]:
            assert line not in text


@pytest.mark.parametrize("name, kind, options, passphrase", KEYS, ids=[k[0] for k in KEYS])
def test_keys_and_host_keys(controllers, ssh, repo, api, ns, name, kind, options, passphrase):
    first = repo.commit({"a": "1", "dir/b": "2"})
    key = ssh.key(name, *options, kind=kind, passphrase=passphrase)
    made = []
    for host_key in ssh.host_keys:
        source = Source(api, ns, host_key)
        data = {"identity": key, "known_hosts": ssh.known_hosts(host_key), "identity.pub": "ignored"}
        secret = source.secret(host_key, **data, **({"password": passphrase} if passphrase else {}))
        made.append(source.create(ssh.url(repo), secretRef=secret))
    for source in made:
        status = source.ready(first)
        assert status["artifact"]["revision"] == f"main@sha1:{first}"
        assert members(status["artifact"]) == {"a": "1", "dir/b": "2"}
        no_trace(controllers.source, source, key)
    assert not passphrase or passphrase not in controllers.source.log()


def test_new_commits_tags_and_pins(controllers, ssh, repo, source):
    first = repo.commit({"a": "1"})
    repo.tag("v1.0.0", message="annotated")
    source.create(ssh.url(repo), secretRef=creds(source, ssh)).ready(first)
    assert source.again()["status"]["artifact"]["revision"] == f"main@sha1:{first}"
    source.event("GitOperationSucceeded", "no changes since last reconciliation")
    second = repo.commit({"a": "2"})
    source.again()
    assert members(source.ready(second)["artifact"]) == {"a": "2"}
    source.change(ref={"branch": None, "semver": ">=1.0.0"})
    assert source.ready(first)["artifact"]["revision"] == f"v1.0.0@sha1:{first}"
    third = repo.commit({"a": "3"})
    source.change(ref={"semver": None, "commit": second, "branch": "main"})
    assert members(source.ready(second)["artifact"]) == {"a": "2"}
    source.change(ref={"commit": third})
    assert members(source.ready(third)["artifact"]) == {"a": "3"}


def test_hashed_lines_and_lines_of_others(controllers, ssh, repo, source):
    first = repo.commit({"a": "1"})
    text = ("# a comment\n\n" + ssh.known_hosts("rsa", host="other.example.com") + ssh.known_hosts("ed25519", host="127.0.0.1")
            + ssh.known_hosts("ecdsa", hashed=True))
    source.create(ssh.url(repo), secretRef=creds(source, ssh, known_hosts=text)).ready(first)


def test_an_unknown_host(controllers, ssh, repo, source):
    repo.commit({"a": "1"})
    lines = ssh.known_hosts("ed25519", host="other.example.com")
    status = source.create(ssh.url(repo), secretRef=creds(source, ssh, known_hosts=lines)).failed("GitOperationFailed")
    message = conditions(status)["FetchFailed"][2]
    assert message.startswith(f"{BEGIN}{ssh.url(repo)}': ssh: handshake failed: knownhosts: key is unknown (")
    assert f"host '127.0.0.1' port {ssh.port} presented the ssh-ed25519 key {ssh.fingerprint('ed25519')}" in message
    assert "known_hosts of secret 'creds' has no line for this host" in message
    assert f"ssh-keyscan -p {ssh.port} 127.0.0.1" in message


def test_a_changed_and_a_revoked_host_key(controllers, ssh, repo, source):
    first = repo.commit({"a": "1"})
    wrong = ssh.key("stranger", kind="ed25519", allowed=False) and (ssh.dir / "user_stranger.pub").read_text()
    lines = f"[127.0.0.1]:{ssh.port} {wrong}"
    source.create(ssh.url(repo), secretRef=creds(source, ssh, known_hosts=lines))
    message = conditions(source.failed("GitOperationFailed"))["FetchFailed"][2]
    assert "ssh: handshake failed: knownhosts: key mismatch" in message
    assert ssh.fingerprint("ed25519") in message and "someone is in between" in message
    revoked = "@revoked " + ssh.known_hosts("ed25519", host="*") + ssh.known_hosts("ed25519")
    source.change(secretRef=creds(source, ssh, known_hosts=revoked, name="revoked"))
    source.failed("GitOperationFailed", "knownhosts: key is revoked")
    source.change(secretRef=creds(source, ssh, known_hosts=lines + ssh.known_hosts("ed25519"), name="both"))
    source.ready(first)


def test_a_key_the_server_does_not_take(controllers, ssh, repo, source):
    repo.commit({"a": "1"})
    key = ssh.key("refused", kind="ed25519", allowed=False)
    secret = source.secret(identity=key, known_hosts=ssh.known_hosts())
    status = source.create(ssh.url(repo), secretRef=secret).failed("GitOperationFailed")
    message = conditions(status)["FetchFailed"][2]
    assert "ssh: handshake failed: ssh: unable to authenticate, attempted methods [none publickey]" in message
    fingerprint = rig.ssh.keygen("-l", "-f", ssh.dir / "user_refused").split()[1]
    assert f"does not take the ssh-ed25519 key {fingerprint} of secret 'creds' for user '{ssh.user}'" in message
    no_trace(controllers.source, source, key)


def test_the_user_is_git_unless_the_url_says_otherwise(controllers, ssh, repo, source):
    repo.commit({"a": "1"})
    source.create(ssh.url(repo, user=""), secretRef=creds(source, ssh)).failed("GitOperationFailed", "for user 'git'")


@pytest.mark.parametrize("data, message", [
    ({}, "failed to configure authentication options: invalid 'ssh' auth option: 'identity' is required"),
    ({"known_hosts": "x"}, "failed to configure authentication options: invalid 'ssh' auth option: 'identity' is required"),
    ({"identity": "x"}, "failed to configure authentication options: invalid 'ssh' auth option: 'known_hosts' is required"),
], ids=["nothing", "key", "hosts"])
def test_incomplete_secrets(controllers, ssh, repo, source, data, message):
    status = source.create(ssh.url(repo), secretRef=source.secret(**data)).failed("AuthenticationFailed")
    assert conditions(status)["FetchFailed"][2] == message


def test_no_secret_at_all(controllers, ssh, repo, source):
    status = source.create(ssh.url(repo)).failed("AuthenticationFailed")
    assert conditions(status)["FetchFailed"][2] == (
        "failed to configure authentication options: invalid 'ssh' auth option: 'identity' is required")


@pytest.mark.parametrize("name, kind, options", [("locked", "ed25519", ()), ("locked-pem", "rsa", ("-m", "PEM")),
                                                 ("locked-pkcs8", "rsa", ("-m", "PKCS8"))])
def test_an_encrypted_key_without_its_passphrase(controllers, ssh, repo, source, name, kind, options):
    first = repo.commit({"a": "1"})
    key = ssh.key(name, *options, kind=kind, passphrase="open sesame")
    secret = source.secret(identity=key, known_hosts=ssh.known_hosts())
    status = source.create(ssh.url(repo), secretRef=secret).failed("AuthenticationFailed")
    assert conditions(status)["FetchFailed"][2] == (
        f"SSH identity key is encrypted but no 'password' field was provided in the secret '{source.ns}/creds'")
    wrong = source.secret("wrong", identity=key, known_hosts=ssh.known_hosts(), password="not it")
    source.change(secretRef=wrong)
    source.failed("GitOperationFailed", "the key 'identity' of secret 'wrong' cannot be read with its 'password'")
    right = source.secret("right", identity=key, known_hosts=ssh.known_hosts(), password="open sesame")
    source.change(secretRef=right)
    source.ready(first)
    assert "open sesame" not in controllers.source.log() and "not it" not in controllers.source.log()


def test_rubbish_in_the_secret(controllers, ssh, repo, source):
    repo.commit({"a": "1"})
    secret = source.secret(identity="c4nary rubbish", known_hosts=ssh.known_hosts())
    source.create(ssh.url(repo), secretRef=secret)
    source.failed("GitOperationFailed", "the key 'identity' of secret 'creds' cannot be read")
    assert "c4nary" not in json.dumps(source.get()) + controllers.source.log()
    source.change(secretRef=source.secret("lines", identity=ssh.key("ed25519"), known_hosts="github.com ssh-rsa\n"))
    source.failed("GitOperationFailed", "knownhosts: line 1: missing key type pattern")


def test_a_repository_that_is_not_there(controllers, ssh, repo, source):
    source.create(ssh.url(repo).replace(".git", "-gone.git"), secretRef=creds(source, ssh))
    source.failed("GitOperationFailed", "repository not found")


def test_a_server_that_is_not_there(controllers, ssh, repo, source):
    port = rig.free_port()
    source.create(f"ssh://git@127.0.0.1:{port}/x.git", secretRef=creds(source, ssh))
    source.failed("GitOperationFailed", f"dial tcp 127.0.0.1:{port}: connect: connection refused")


def test_hosts_that_libssh_finds_odd(controllers, ssh, repo, source):
    first = repo.commit({"a": "1"})
    host = "a_b.localhost"
    known = ssh.known_hosts().replace("127.0.0.1", host)
    assert host in known and "127.0.0.1" in ssh.url(repo)
    source.create(ssh.url(repo).replace("127.0.0.1", host), secretRef=creds(source, ssh, known_hosts=known)).ready(first)


@pytest.mark.parametrize("address, message", [("git@127.0.0.1:0", "dial tcp 127.0.0.1:0: "),
                                              ("gi't@127.0.0.1:1", "ssh: the user name 'gi't' cannot be used")], ids=["port", "user"])
def test_addresses_that_cannot_be(controllers, ssh, repo, source, address, message):
    source.create(f"ssh://{address}/x.git", secretRef=creds(source, ssh)).failed("GitOperationFailed", message)


def test_algorithms_by_flag(private, ssh, repo, source, tmp_path):
    first = repo.commit({"a": "1"})
    with rig.Ssh(tmp_path, host_keys=("ecdsa", "rsa"), extra="KexAlgorithms diffie-hellman-group14-sha256") as old:
        source.labels = private.labels
        controller = private.source("--ssh-kex-algos=curve25519-sha256,ecdh-sha2-nistp256")
        source.create(old.url(repo), secretRef=creds(source, old))
        source.failed("GitOperationFailed", "ssh: handshake failed")
        private.stop(controller)
        controller = private.source("--ssh-kex-algos=diffie-hellman-group14-sha256", "--ssh-hostkey-algos=rsa-sha2-512")
        source.change(secretRef=creds(source, old, known_hosts=old.known_hosts("rsa"), name="rsa"))
        source.ready(first)
        private.stop(controller)
        private.source("--ssh-hostkey-algos=ecdsa-sha2-nistp256")
        source.change(timeout="30s")
        source.failed("GitOperationFailed", "presented the ecdsa-sha2-nistp256 key " + old.fingerprint("ecdsa"))


def test_a_connection_that_hangs(private, ssh, repo, source):
    repo.commit({"a": "1"})
    controller = private.source()
    source.labels = private.labels
    with rig.Proxy(ssh.port) as slow:
        lines = ssh.known_hosts(host=f"[127.0.0.1]:{slow.port}")
        slow.hold()
        url = ssh.url(repo).replace(f":{ssh.port}/", f":{slow.port}/")
        source.create(url, secretRef=creds(source, ssh, known_hosts=lines), timeout="2s")
        source.failed("GitOperationFailed", "spec.timeout sets the limit")
        source.change(timeout="60s")
        time.sleep(0.5)
        started = time.monotonic()
        private.stop(controller)  # a fetch under way holds nothing up
        assert time.monotonic() - started < 5


def test_deleted_while_a_fetch_hangs(controllers, ssh, repo, source):
    repo.commit({"a": "1"})
    with rig.Proxy(ssh.port) as slow:
        lines = ssh.known_hosts(host=f"[127.0.0.1]:{slow.port}")
        slow.hold()
        url = ssh.url(repo).replace(f":{ssh.port}/", f":{slow.port}/")
        source.create(url, secretRef=creds(source, ssh, known_hosts=lines), timeout="3s")
        source.wait(lambda o: o["metadata"].get("finalizers"), "to have its finalizer")
        source.api.delete(rig.GITREPOSITORY, source.ns, source.name)
        rig.wait_for(lambda: source.find() is None, 15, "the object to be gone")
