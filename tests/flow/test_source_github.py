"""provider: github: an app's key becomes an access token, with the real exchange; providers that are not there."""
import json

import pytest
import rig
from gitsource import Source, conditions, members

pytestmark = pytest.mark.usefixtures("controllers")


@pytest.fixture
def source(api, ns):
    return Source(api, ns)


@pytest.fixture
def github(web):
    with rig.GitHub(web) as server:
        yield server


def app(source, github, name="app-key", **data):
    source.api.create(rig.SECRET, source.ns, name, stringData=github.secret(**data))
    return {"provider": "github", "secretRef": {"name": name}}


@pytest.mark.parametrize("data, asked", [
    ({}, []),
    ({"githubAppInstallationID": None, "githubAppInstallationOwner": "acme"}, ["GET /api/v3/orgs/acme/installation"]),
    ({"githubAppInstallationID": None, "githubAppInstallationOwner": "alice"},
     ["GET /api/v3/orgs/alice/installation", "GET /api/v3/users/alice/installation"]),
], ids=["id", "organization", "user"])
def test_an_app_signs_in(controllers, web, repo, source, github, data, asked):
    first = repo.commit({"a": "1"})
    status = source.create(repo.basic_url, **app(source, github, **data)).ready(first)
    assert members(status["artifact"]) == {"a": "1"}
    assert github.seen == [*asked, "POST /api/v3/app/installations/77/access_tokens"]
    text = json.dumps(source.get()) + json.dumps(source.events()) + controllers.source.log()
    assert web.app_token not in text and github.key.read_text().splitlines()[3] not in text


def test_a_token_is_used_for_most_of_its_life(controllers, web, repo, source, github):
    first = repo.commit({"a": "1"})
    source.create(repo.basic_url, **app(source, github)).ready(first)
    source.again()
    second = Source(source.api, source.ns, "second").create(repo.basic_url, provider="github", secretRef={"name": "app-key"})
    second.ready(first)
    assert len(github.seen) == 1
    labels = f'kind="GitRepository",name="app",namespace="{source.ns}",operation="reconcile"'
    metrics = controllers.source.metrics()
    assert metrics[f'gotk_token_cache_events_total{{event_type="cache_hit",{labels}}}'] >= 1
    assert metrics[f'gotk_token_cache_events_total{{event_type="cache_miss",{labels}}}'] == 1


def test_a_token_that_soon_ends_is_not_kept(web, repo, source):
    first = repo.commit({"a": "1"})
    with rig.GitHub(web, life=1) as github:
        source.create(repo.basic_url, **app(source, github)).ready(first)
        source.again()
        assert len(github.seen) == 2


def test_a_token_that_git_refuses_is_not_used_again(web, repo, source, github):
    first, good = repo.commit({"a": "1"}), github.web.app_token
    github.web.app_token = "revoked"
    source.create(repo.basic_url, **app(source, github)).failed(
        "GitOperationFailed", "authentication required (with an access token of the GitHub App of secret 'app-key')")
    github.web.app_token = good
    source.ready(first)


@pytest.mark.parametrize("data, reason, message", [
    ({"githubAppID": None}, "InvalidProviderConfiguration",
     "secretRef with github app data must be specified when provider is set to github"),
    ({"githubAppPrivateKey": None}, "InvalidProviderConfiguration",
     "secretRef with github app data must be specified when provider is set to github"),
    ({"githubAppInstallationID": None}, "InvalidProviderConfiguration", "must contain exactly one of"),
    ({"githubAppInstallationOwner": "acme"}, "InvalidProviderConfiguration", "must contain exactly one of"),
    ({"githubAppID": "abc"}, "InvalidProviderConfiguration", "key 'githubAppID' of the secret is no number"),
    ({"githubAppPrivateKey": "no key"}, "AuthenticationFailed",
     "failed to configure authentication options: could not parse private key: invalid key: Key must be a PEM encoded"),
    ({"githubAppID": "99"}, "AuthenticationFailed", "access_tokens: 401 A JSON web token could not be decoded"),
    ({"githubAppInstallationID": "78"}, "AuthenticationFailed", "/app/installations/78/access_tokens: 404 Not Found"),
    ({"githubAppInstallationID": None, "githubAppInstallationOwner": "no/body"}, "AuthenticationFailed",
     "failed to find organization installation: GET "),
    ({"githubAppBaseURL": "https://127.0.0.1:1"}, "AuthenticationFailed", "connection refused"),
], ids=["no-id", "no-key", "no-installation", "both", "number", "key", "foreign", "installation", "owner", "down"])
def test_what_cannot_sign_in(repo, source, github, data, reason, message):
    repo.commit({"a": "1"})
    status = source.create(repo.basic_url, **app(source, github, **data)).failed(reason, message)
    assert conditions(status)["FetchFailed"][1] == reason and "Stalled" not in conditions(status)
    assert source.event(reason)["type"] == "Warning"


@pytest.mark.parametrize("answer", [(200, "no json"), (200, {}), (201, {"token": "a b", "expires_at": "2099-01-01T00:00:00Z"}),
                                    (201, {"token": "x", "expires_at": "soon"}), (500, "<html>" * 1000)],
                         ids=["text", "empty", "token", "end", "error"])
def test_answers_that_are_none(repo, source, github, answer):
    github.broken = answer
    repo.commit({"a": "1"})
    source.create(repo.basic_url, **app(source, github)).failed("AuthenticationFailed", "failed to configure authentication options")


def test_provider_github_without_a_secret_stalls(repo, source):
    status = source.create(repo.url, provider="github").failed("InvalidProviderConfiguration")
    message = "secretRef with github app data must be specified when provider is set to github"
    assert conditions(status)["Stalled"] == ("True", "InvalidProviderConfiguration", message)


def test_an_account_without_its_gate_stalls(repo, source):
    status = source.create(repo.url, provider="azure", serviceAccountName="me").failed(
        "FeatureGateDisabled", "please enable the ObjectLevelWorkloadIdentity feature gate in the controller")
    assert conditions(status)["Stalled"][0] == "True"


def test_a_default_account_needs_the_gate(cp, tmp_path):
    import subprocess
    done = subprocess.run([rig.binary("source-controller"), f"--storage-path={tmp_path}", "--metrics-addr=0", "--health-addr=0",
                           "--default-service-account=me"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60,
                          env={"KUBECONFIG": str(cp.kubeconfig("source-controller"))})
    assert done.returncode == 1 and "needs the feature gate ObjectLevelWorkloadIdentity" in done.stderr
