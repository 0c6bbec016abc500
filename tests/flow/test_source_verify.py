"""spec.verify: signatures by the real gpg and ssh-keygen, good and bad, on commits and tags; when they are checked again."""
import pytest
import rig
from gitsource import Source, conditions, members
from signing import Pgp, Ssh
from test_source_life import run_fetch

pytestmark = pytest.mark.usefixtures("controllers")


@pytest.fixture(scope="module")
def signers(tmp_path_factory):
    """Keys made once: a name of the table gives its signer."""
    folder, made = tmp_path_factory.mktemp("k"), {}
    makers = {"pgp": lambda p: Pgp(p), "pgp-rsa": lambda p: Pgp(p, "rsa2048"), "pgp-ecdsa": lambda p: Pgp(p, "nistp256"),
              "pgp-subkey": lambda p: Pgp(p, subkey=True), "pgp-other": lambda p: Pgp(p),
              "ssh": lambda p: Ssh(p), "ssh-other": lambda p: Ssh(p), "ssh-rsa": lambda p: Ssh(p, "rsa", 2048),
              "ssh-p256": lambda p: Ssh(p, "ecdsa", 256), "ssh-p384": lambda p: Ssh(p, "ecdsa", 384),
              "ssh-p521": lambda p: Ssh(p, "ecdsa", 521)}

    def get(name):
        if name not in made:
            made[name] = makers[name](folder / name)
        return made[name]
    yield get
    for signer in made.values():
        signer.close()


@pytest.fixture
def source(api, ns):
    return Source(api, ns)


def keys(source, **data):
    """The Secret of public keys; keyword names have "_" for "."."""
    return source.secret("keys", **data)


def verify(source, mode="HEAD"):
    return {"verify": {"mode": mode, "secretRef": {"name": "keys"}}}


def refused(source, reason, message):
    status = source.failed(reason, message)
    found = conditions(status)
    assert found["SourceVerified"] == ("False", reason, found["Ready"][2])
    assert "FetchFailed" not in found and "ArtifactOutdated" not in found
    return status


@pytest.mark.parametrize("name, key", [
    ("pgp", "a.asc"), ("pgp-rsa", "a.asc"), ("pgp-ecdsa", "no-suffix"), ("pgp-subkey", "a.asc"),
    ("ssh", "a.sshpub"), ("ssh-rsa", "a.sshpub"), ("ssh-p256", "a.sshpub"), ("ssh-p384", "a.sshpub"), ("ssh-p521", "a.sshpub"),
], ids=lambda v: v)
def test_a_signed_commit(repo, source, signers, name, key):
    signer = signers(name)
    first = signer.commit(repo, {"a": "1"}, "first\n\nwith a body")
    source.api.create(rig.SECRET, source.ns, "keys", stringData={key: signer.public})
    status = source.create(repo.http_url, **verify(source)).ready(first)
    message = f"verified signature of\n\t- commit '{first}' with key '{signer.id}'"
    assert conditions(status)["SourceVerified"] == ("True", "Succeeded", message)
    assert conditions(status)["Ready"][:2] == ("True", "Succeeded")
    assert status["sourceVerificationMode"] == "HEAD" and members(status["artifact"]) == {"a": "1"}
    assert source.event("Succeeded", "verified signature of")["type"] == "Normal"


@pytest.mark.parametrize("name", ["pgp", "ssh"])
def test_a_signed_tag(repo, source, signers, name):
    signer = signers(name)
    first = repo.commit({"a": "1"})
    tag = signer.tag(repo, "v1.0.0")
    keys(source, a_asc=signers("pgp").public, a_sshpub=signers("ssh").public)
    status = source.create(repo.http_url, ref={"semver": "1.x"}, **verify(source, "Tag")).ready(first)
    message = f"verified signature of\n\t- tag 'v1.0.0@{tag}' with key '{signer.id}'"
    assert conditions(status)["SourceVerified"][2] == message and status["sourceVerificationMode"] == "Tag"


def test_tag_and_head(repo, source, signers):
    first = signers("ssh").commit(repo, {"a": "1"})
    tag = signers("pgp").tag(repo, "v1.0.0")
    keys(source, a_asc=signers("pgp").public, a_sshpub=signers("ssh").public)
    status = source.create(repo.http_url, ref={"tag": "v1.0.0"}, **verify(source, "TagAndHEAD")).ready(first)
    assert conditions(status)["SourceVerified"][2] == (
        f"verified signature of\n\t- tag 'v1.0.0@{tag}' with key '{signers('pgp').id}'"
        f"\n\t- commit '{first}' with key '{signers('ssh').id}'")


@pytest.mark.parametrize("signed, data, cause", [
    (None, {"a.asc": "pgp"}, "unsupported signature type: empty"),
    ("pgp", {"a.asc": "pgp-other"}, "unable to verify Git commit: unable to verify payload with any of the given key rings: "
     "no matching key"),
    ("pgp", {"a.sshpub": "ssh"}, "PGP signature detected but no PGP public keys found in secret (keys with .asc suffix)"),
    ("ssh", {"a.asc": "pgp"}, "SSH signature detected but no SSH public keys found in secret (keys with .sshpub suffix)"),
    ("ssh", {"a.sshpub": "ssh-other"}, "unable to verify Git commit SSH signature: unable to verify payload with any of the "
     "given authorized keys: no matching key\npublic key does not match"),
    ("pgp", {"a.asc": "rubbish"}, "unable to verify Git commit: unable to read armored key ring: "),
    ("ssh", {"a.sshpub": "rubbish"}, "unable to verify Git commit SSH signature: unable to parse authorized keys: unable to "
     "parse authorized key: ssh: no key found"),
    ("pgp", {}, "PGP signature detected but no PGP public keys found"),
], ids=["unsigned", "pgp-other", "no-pgp-keys", "no-ssh-keys", "ssh-other", "bad-ring", "bad-keys", "no-keys"])
def test_a_commit_that_is_not_trusted(repo, source, signers, signed, data, cause):
    first = signers(signed).commit(repo, {"a": "1"}) if signed else repo.commit({"a": "1"})
    data = {key: name if name == "rubbish" else signers(name).public for key, name in data.items()}
    source.api.create(rig.SECRET, source.ns, "keys", stringData=data)
    status = source.create(repo.http_url, **verify(source)).failed("InvalidCommitSignature")
    refused(source, "InvalidCommitSignature", f"signature verification of commit '{first}' failed: {cause}")
    assert "artifact" not in status and "sourceVerificationMode" not in status
    assert conditions(status)["Reconciling"][1] == "ProgressingWithRetry"
    assert source.event("InvalidCommitSignature")["type"] == "Warning"


def test_a_changed_commit_is_refused(repo, source, signers):
    """The signature of another commit."""
    good = signers("ssh").commit(repo, {"a": "1"})
    forged = repo.git("cat-file", "commit", good).replace("\nchange", "\nforged")
    forged = repo.git("hash-object", "-t", "commit", "-w", "--stdin", stdin=forged.encode()).strip()
    repo.git("update-ref", "refs/heads/main", forged)
    keys(source, a_sshpub=signers("ssh").public)
    source.create(repo.http_url, **verify(source)).failed("InvalidCommitSignature", "ssh: signature did not verify")


@pytest.mark.parametrize("mode", ["Tag", "TagAndHEAD"])
def test_tags_that_are_not_signed(repo, source, signers, mode):
    signers("pgp").commit(repo, {"a": "1"})
    repo.tag("light")
    repo.tag("annotated", message="not signed")
    tag = repo.git("rev-parse", "refs/tags/annotated").strip()
    keys(source, a_asc=signers("pgp").public)
    source.create(repo.http_url, ref={"tag": "light"}, **verify(source, mode))
    refused(source, "InvalidGitObject", "cannot verify signature of tag 'light' since it is not signed")
    source.change(ref={"tag": "annotated"})
    refused(source, "InvalidGitObject", f"cannot verify signature of tag 'annotated@{tag}' since it is not signed")


def test_a_tag_signed_by_someone_else(repo, source, signers):
    signers("pgp").commit(repo, {"a": "1"})
    tag = signers("pgp-other").tag(repo, "v1")
    keys(source, a_asc=signers("pgp").public)
    source.create(repo.http_url, ref={"tag": "v1"}, **verify(source, "TagAndHEAD"))
    refused(source, "InvalidTagSignature", f"signature verification of tag 'v1@{tag}' failed: unable to verify Git tag: ")


def test_a_mode_that_wants_a_tag_on_a_branch_stalls(repo, source, signers):
    first = signers("pgp").commit(repo, {"a": "1"})
    keys(source, a_asc=signers("pgp").public)
    source.create(repo.http_url, **verify(source, "Tag"))
    message = "cannot verify tag object's signature if a tag reference is not specified"
    status = refused(source, "InvalidVerificationMode", message)
    assert conditions(status)["Stalled"] == ("True", "InvalidVerificationMode", message) and status["observedGeneration"] == 1
    source.change(**verify(source, "HEAD"))
    assert "Stalled" not in conditions(source.ready(first))


def test_a_missing_secret_and_its_arrival(repo, source, signers):
    first = signers("ssh").commit(repo, {"a": "1"})
    source.create(repo.http_url, **verify(source))
    refused(source, "VerificationError", "public keys secret error: secrets \"keys\" not found")
    keys(source, a_sshpub="# comment\n\n" + signers("ssh-other").public + "from=\"a b\" " + signers("ssh").public)
    source.again()
    assert conditions(source.ready(first))["SourceVerified"][0] == "True"


def test_an_unreadable_ring_beside_a_good_one_is_skipped(repo, source, signers):
    first = signers("pgp").commit(repo, {"a": "1"})
    keys(source, a_asc="rubbish", b_asc=signers("pgp-other").public, c_asc=signers("pgp").public, d_sshpub="rubbish")
    assert conditions(source.create(repo.http_url, **verify(source)).ready(first))["SourceVerified"][0] == "True"


def test_what_was_verified_is_not_verified_again_until_the_mode_asks_for_more(controllers, repo, source, signers):
    def verified():
        return len([line for line in controllers.source.log_lines(namespace=source.ns)
                    if line["msg"].startswith("verified signature of")])

    first = signers("ssh").commit(repo, {"a": "1"})
    signers("ssh").tag(repo, "v1")
    keys(source, a_sshpub=signers("ssh").public)
    source.create(repo.http_url, ref={"tag": "v1"}).ready(first)
    before = verified()
    for mode, again in (("HEAD", True), ("head", False), ("Tag", True), ("TagAndHEAD", True), ("HEAD", False)):
        source.change(**verify(source, mode))
        source.wait(lambda o: rig.is_ready(o) and o["status"]["observedGeneration"] == o["metadata"]["generation"], mode)
        assert (verified() > before) == again, mode
        before = verified()
    assert source.get()["status"]["sourceVerificationMode"] == "TagAndHEAD"
    source.change(verify=None)
    status = source.wait(lambda o: not rig.condition(o, "SourceVerified"), "to forget the verification")["status"]
    assert "sourceVerificationMode" not in status and rig.is_ready(source.get(), first)


@pytest.mark.parametrize("name, file", [("pgp", "a.asc"), ("ssh", "a.sshpub")])
def test_fetch_verifies_without_a_cluster(repo, signers, tmp_path, name, file):
    first = signers(name).commit(repo, {"a": "1", "b/c": "2"})
    (tmp_path / file).write_text(signers(name).public)
    args = (repo.http_url, "--branch=main", f"--verify-key={tmp_path / file}", "--sparse-checkout=b", "-o")
    done = run_fetch(*args, tmp_path / "out")
    assert (done.returncode, done.stdout) == (0, f"main@sha1:{first}\n"), done.stderr
    assert f"- commit '{first}' with key '{signers(name).id}'" in done.stderr
    assert [str(p.relative_to(tmp_path / "out")) for p in (tmp_path / "out").rglob("*")] == ["b", "b/c"]
    repo.commit({"a": "2"})
    done = run_fetch(*args, tmp_path / "other")
    assert done.returncode == 1 and "unsupported signature type: empty" in done.stderr and not done.stdout
    assert not list((tmp_path / "other").iterdir())
    assert "none of HEAD, Tag and TagAndHEAD" in run_fetch(*args, tmp_path / "third", "--verify-mode=tag").stderr


def test_the_old_artifact_stays_while_a_commit_is_refused(repo, source, signers):
    first = signers("pgp").commit(repo, {"a": "1"})
    keys(source, a_asc=signers("pgp").public)
    source.create(repo.http_url, **verify(source)).ready(first)
    repo.commit({"a": "2"})
    source.again()
    status = refused(source, "InvalidCommitSignature", "unsupported signature type: empty")
    assert members(status["artifact"]) == {"a": "1"} and status["artifact"]["revision"].endswith(first)
    third = signers("pgp").commit(repo, {"a": "3"})
    source.again()
    assert conditions(source.ready(third))["SourceVerified"][2].find(third) > 0
