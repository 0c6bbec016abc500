"""provider: azure: tokens of Microsoft Entra, as the object's service account, as a default one, or as the controller."""
import json

import pytest
import rig
from gitsource import Source, conditions, members

GATE = "--feature-gates=ObjectLevelWorkloadIdentity=true"


@pytest.fixture
def entra(web, api):
    with rig.Entra(web, api) as server:
        yield server


@pytest.fixture
def source(api, ns, private):
    return Source(api, ns, labels=private.labels)


def start(private, entra, *args, **env):
    return private.source(*args, env={"AZURE_AUTHORITY_HOST": entra.url, **env})


def account(source, name, annotations):
    source.api.create(rig.SERVICEACCOUNT, source.ns, name, metadata={"annotations": annotations})


def test_as_the_service_account_of_the_object(private, entra, web, repo, source):
    controller = start(private, entra, GATE)
    first = repo.commit({"a": "1"})
    account(source, "robot", entra.annotations())
    status = source.create(repo.bearer_url, provider="azure", serviceAccountName="robot").ready(first)
    assert members(status["artifact"]) == {"a": "1"}
    assert entra.subjects == [f"system:serviceaccount:{source.ns}:robot"]
    source.again()
    assert len(entra.subjects) == 1  # the token is used for most of its life
    assert web.token not in json.dumps(source.get()) + json.dumps(source.events()) + controller.log()


def test_as_the_default_account(private, entra, repo, source):
    start(private, entra, GATE, "--default-service-account=tenant", "--max-retry-delay=1s")
    first = repo.commit({"a": "1"})
    source.create(repo.bearer_url, provider="azure").failed(
        "AuthenticationFailed", f"failed to get service account '{source.ns}/tenant': the specified default service account does not exist")
    account(source, "tenant", entra.annotations())
    source.ready(first)
    assert entra.subjects == [f"system:serviceaccount:{source.ns}:tenant"]


@pytest.mark.parametrize("variables, subject", [
    ({"AZURE_TENANT_ID": "acme", "AZURE_CLIENT_ID": "app", "AZURE_CLIENT_SECRET": "s3cret"}, "secret"),
    ({"AZURE_POD_IDENTITY_AUTHORITY_HOST": "SELF"}, "machine"),
], ids=["secret", "machine"])
def test_as_the_controller(private, entra, repo, source, variables, subject):
    start(private, entra, **{k: entra.url if v == "SELF" else v for k, v in variables.items()})
    first = repo.commit({"a": "1"})
    source.create(repo.bearer_url, provider="azure").ready(first)
    assert entra.subjects == [subject]


def test_as_the_account_of_the_controller(private, entra, cp, repo, source, api, tmp_path):
    """The token file that the webhook of Azure Workload Identity mounts."""
    account(source, "controller", {})
    made = api.post(f"/api/v1/namespaces/{source.ns}/serviceaccounts/controller/token", {
        "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"audiences": ["api://AzureADTokenExchange"]}})
    (tmp_path / "token").write_text(made["status"]["token"] + "\n")
    start(private, entra, AZURE_TENANT_ID="acme", AZURE_CLIENT_ID="app", AZURE_FEDERATED_TOKEN_FILE=str(tmp_path / "token"))
    first = repo.commit({"a": "1"})
    source.create(repo.bearer_url, provider="azure").ready(first)
    assert entra.subjects == [f"system:serviceaccount:{source.ns}:controller"]


@pytest.mark.parametrize("annotations, message", [
    ({}, "azure tenant ID is not set in the service account annotation azure.workload.identity/tenant-id"),
    ({"azure.workload.identity/tenant-id": "acme"},
     "azure client ID is not set in the service account annotation azure.workload.identity/client-id"),
    ({"azure.workload.identity/tenant-id": "acme", "azure.workload.identity/client-id": "other"},
     "/acme/oauth2/v2.0/token: 401 invalid_client: AADSTS700213: no matching federated identity"),
    ({"azure.workload.identity/tenant-id": "a/b", "azure.workload.identity/client-id": "app"},
     "/a%2Fb/oauth2/v2.0/token: 400 invalid_request: AADSTS900023: no such tenant"),
    (None, "service account"),
], ids=["tenant", "client", "foreign", "unknown", "missing"])
def test_accounts_that_may_not(private, entra, repo, source, annotations, message):
    start(private, entra, GATE)
    repo.commit({"a": "1"})
    if annotations is not None:
        account(source, "robot", annotations)
    status = source.create(repo.bearer_url, provider="azure", serviceAccountName="robot").failed("AuthenticationFailed", message)
    assert conditions(status)["Ready"][2].startswith("failed to configure authentication options: failed to ")
    assert "Trace ID" not in conditions(status)["Ready"][2] and "Stalled" not in conditions(status)


def test_answers_that_are_none(private, entra, repo, source):
    start(private, entra, AZURE_TENANT_ID="acme", AZURE_CLIENT_ID="app", AZURE_CLIENT_SECRET="s3cret")
    entra.broken = (200, {"access_token": "a b", "expires_in": 60})
    repo.commit({"a": "1"})
    source.create(repo.bearer_url, provider="azure").failed("AuthenticationFailed", "makes no sense")
    entra.broken = (200, {"access_token": "x"})
    source.again()
    source.failed("AuthenticationFailed", "the answer holds no token with an end")
