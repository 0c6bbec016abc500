"""Identities at AWS, Azure and Google: kubeConfig.configMapRef of every provider, CodeCommit. The clouds are rig.Clouds, the rest is real."""
import base64
import json
import subprocess

import pytest
import rig
from flux import Flux, configmap
from gitsource import Source, conditions, members
from rig import clouds as there

GATE = "--feature-gates=ObjectLevelWorkloadIdentity=true"
AWS = {"eks.amazonaws.com/role-arn": there.ROLE}
FEDERATED = {"gcp.auth.fluxcd.io/workload-identity-provider": there.FEDERATION}
CLUSTERS = {"aws": there.EKS, "azure": there.AKS_ID, "gcp": there.GKE}


class Remote(rig.ControlPlane):
    """The cluster at the clouds: it asks them who a token is."""

    def __init__(self, folder, webhook):
        super().__init__(folder)
        self.options += f" --authentication-token-webhook-config-file={webhook} --authentication-token-webhook-version=v1" \
            " --authentication-token-webhook-cache-ttl=1s"


@pytest.fixture(scope="module")
def services(web, api):
    with rig.Clouds(web, api) as found:
        yield found


@pytest.fixture(scope="module")
def remote(services, tmp_path_factory):
    folder = tmp_path_factory.mktemp("remote")
    (folder / "webhook").write_text(services.webhook())
    cluster = Remote(folder, folder / "webhook")
    try:
        services.cluster = cluster.start()
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture
def clouds(services, remote):
    """Fresh as to what was asked; clusters are `remote`."""
    services.asked.clear()
    services.keys.clear()
    services.who.clear()
    services.entra.subjects.clear()
    services.life, services.entra.life, services.aad, services.address = 3600, 3600, True, None
    return services


@pytest.fixture
def flux(api, ns, repo, private, remote):
    remote.api.create(rig.NAMESPACE, None, ns)
    repo.commit({"a.yaml": configmap("a", x="1")})
    private.source()
    return Flux(api, ns, repo, private.labels)


def login(api, ns, provider, name="login", **more):
    data = {"provider": provider, "cluster": CLUSTERS[provider], **more}
    api.create(rig.CONFIGMAP, ns, name, data={k: v for k, v in data.items() if v is not None})
    return {"configMapRef": {"name": name}}


def account(api, ns, annotations, name="robot"):
    api.create(rig.SERVICEACCOUNT, ns, name, metadata={"annotations": annotations})


def users(remote, ns):
    """Who wrote to a namespace of the remote cluster."""
    return {e["user"]["username"] for e in remote.audit() if e.get("objectRef", {}).get("namespace") == ns and e["verb"] == "patch"}


@pytest.mark.parametrize("provider, annotations, who", [
    ("aws", AWS, "system:serviceaccount:NS:robot as robot.NS.us-east-1.fluxcd.io"),
    ("azure", {"azure.workload.identity/tenant-id": "acme", "azure.workload.identity/client-id": "app"}, "system:serviceaccount:NS:robot"),
    ("gcp", {}, "system:serviceaccount:NS:robot"),
    ("gcp", FEDERATED, "system:serviceaccount:NS:robot"),
    ("gcp", {**FEDERATED, "iam.gke.io/gcp-service-account": there.EMAIL}, f"{there.EMAIL} for system:serviceaccount:NS:robot"),
], ids=["eks", "aks", "gke", "gke-federated", "gke-impersonated"])
def test_a_cluster_as_the_service_account_of_the_object(clouds, remote, private, api, ns, repo, flux, provider, annotations, who):
    kustomize = private.kustomize(GATE, env=clouds.env())
    account(api, ns, annotations)
    flux.source().apply(kubeConfig=login(api, ns, provider, serviceAccountName="robot"))
    flux.ready(repo.head())
    assert users(remote, ns) == {who.replace("NS", ns)}
    asked = len(clouds.asked)
    repo.commit({"a.yaml": configmap("a", x="2")})
    flux.sync()
    flux.ready(repo.head())
    assert len(clouds.asked) == asked  # tokens are used for most of their life
    metrics = kustomize.metrics()
    assert metrics["gotk_token_cached_items"] == {"aws": 2, "azure": 3, "gcp": 2}[provider]
    labels = f'kind="Kustomization",name="app",namespace="{ns}",operation="fetch_kubeconfig"'
    assert metrics[f'gotk_token_cache_events_total{{event_type="cache_miss",{labels}}}'] == metrics["gotk_token_cached_items"]
    assert metrics[f'gotk_token_cache_events_total{{event_type="cache_hit",{labels}}}'] > 0
    seen = json.dumps(flux.get()) + kustomize.log()
    secrets = [*clouds.google, *clouds.entra.tokens, *(k[0] for k in clouds.keys.values())]
    assert secrets and not [s for s in secrets if s in seen]
    api.delete(rig.KUSTOMIZATION, ns, "app")
    rig.wait_for(lambda: api.find(rig.KUSTOMIZATION, ns, "app") is None, 20, "the finalizer to go")
    assert not [m for m in kustomize.metrics() if "fetch_kubeconfig" in m]


def service_account_key(tmp_path):
    key = subprocess.run(["openssl", "genrsa", "2048"], capture_output=True, text=True, check=True).stdout
    (tmp_path / "key.json").write_text(json.dumps({"type": "service_account", "client_email": there.EMAIL, "private_key": key,
                                                   "token_uri": "https://oauth2.googleapis.com/token"}))
    return {"GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / "key.json")}


def federation_file(tmp_path, cp, ns):
    (tmp_path / "token").write_text(cp.token_of(ns, "controller", f"//iam.googleapis.com/{there.FEDERATION}"))
    (tmp_path / "f.json").write_text(json.dumps({
        "type": "external_account", "audience": f"//iam.googleapis.com/{there.FEDERATION}", "token_url": "https://sts.googleapis.com/v1/token",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt", "credential_source": {"file": str(tmp_path / "token")}}))
    return {"GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / "f.json")}


def role_file(tmp_path, cp, ns):
    (tmp_path / "token").write_text(cp.token_of(ns, "controller", "sts.amazonaws.com") + "\n")
    return {"AWS_ROLE_ARN": there.ROLE, "AWS_ROLE_SESSION_NAME": "flux", "AWS_WEB_IDENTITY_TOKEN_FILE": str(tmp_path / "token")}


def pod_identity(tmp_path, clouds):
    (tmp_path / "token").write_text(clouds.local.pod_token)
    return {"AWS_CONTAINER_CREDENTIALS_FULL_URI": clouds.local.url + "/v1/credentials",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(tmp_path / "token")}


def plain_keys(clouds, tmp_path=None):
    key, secret, _ = clouds.aws_keys("keys", session=False)
    if not tmp_path:
        return {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret}
    (tmp_path / "credentials").write_text(f"[other]\naws_access_key_id = x\n[ci]\naws_access_key_id = {key}\naws_secret_access_key={secret}\n")
    return {"AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"), "AWS_PROFILE": "ci"}


@pytest.mark.parametrize("provider, source, who", [
    ("aws", lambda t, cp, ns, c: {}, "machine"),
    ("aws", lambda t, cp, ns, c: plain_keys(c), "keys"),
    ("aws", lambda t, cp, ns, c: plain_keys(c, t), "keys"),
    ("aws", lambda t, cp, ns, c: pod_identity(t, c), "pod identity"),
    ("aws", lambda t, cp, ns, c: role_file(t, cp, ns), "system:serviceaccount:NS:controller as flux"),
    ("azure", lambda t, cp, ns, c: {}, "machine"),
    ("azure", lambda t, cp, ns, c: {"AZURE_TENANT_ID": "acme", "AZURE_CLIENT_ID": "app", "AZURE_CLIENT_SECRET": "s3cret"}, "secret"),
    ("gcp", lambda t, cp, ns, c: {}, "machine"),
    ("gcp", lambda t, cp, ns, c: service_account_key(t), "jwt-bearer"),
    ("gcp", lambda t, cp, ns, c: federation_file(t, cp, ns), "system:serviceaccount:NS:controller"),
], ids=["aws-machine", "aws-keys", "aws-profile", "aws-pod-identity", "aws-role", "azure-machine", "azure-secret", "gcp-machine", "gcp-key",
        "gcp-federation"])
def test_a_cluster_as_the_controller(clouds, remote, private, cp, api, ns, repo, flux, tmp_path, provider, source, who):
    account(api, ns, {}, "controller")
    private.kustomize(env=clouds.env(**source(tmp_path, cp, ns, clouds)))
    flux.source().apply(kubeConfig=login(api, ns, provider))
    flux.ready(repo.head())
    assert users(remote, ns) == {who.replace("NS", ns)}


def test_what_is_known_of_a_cluster_is_not_asked(clouds, remote, private, api, ns, repo, flux):
    private.kustomize(env=clouds.env())
    known = {"address": clouds.cluster_url, "ca.crt": remote.ca_file.read_text()}
    flux.source()
    for provider in CLUSTERS:
        flux.apply(provider, kubeConfig=login(api, ns, provider, provider, **known))
        flux.ready(repo.head(), provider)
    assert not [a for a in clouds.asked if "eks." in a or "management" in a or "container." in a]
    # one of the two: the cluster is asked for, and AKS chooses by the address
    clouds.address = "two"
    for provider in CLUSTERS:
        flux.apply(f"{provider}-address", kubeConfig=login(api, ns, provider, f"{provider}-address", address=clouds.cluster_url))
        flux.ready(repo.head(), f"{provider}-address")
    flux.apply("wrong", kubeConfig=login(api, ns, "azure", "wrong", address="https://nowhere.example.com"))
    assert flux.failed("ReconciliationFailed", name="wrong").endswith(
        f"no kubeconfig found for AKS cluster {there.AKS_ID} matching the specified address 'https://nowhere.example.com'. "
        f"cluster addresses: ['https://other.example.com', '{clouds.cluster_url}']")


def test_a_token_that_ends_is_replaced(clouds, remote, private, api, ns, repo, flux):
    clouds.life = clouds.entra.life = 8
    kustomize = private.kustomize("--token-cache-max-size=1", env=clouds.env())
    flux.source().apply(kubeConfig=login(api, ns, "gcp"))
    flux.ready(repo.head())
    assert len(clouds.google) == len(set(clouds.google)) and "machine" in clouds.who
    before = len(clouds.who)
    rig.wait_for(lambda: (flux.again(), len(clouds.who) > before)[1], 20, "another token")
    flux.ready(repo.head())
    assert kustomize.metrics()["gotk_token_cached_items"] == 1
    assert kustomize.metrics()["gotk_token_cache_evictions_total"] > 0


def test_a_way_into_a_cluster_of_aws_ends_with_the_session(clouds, remote, private, api, ns, repo, flux):
    clouds.life = 8
    private.kustomize(env=clouds.env())
    flux.source().apply(kubeConfig=login(api, ns, "aws"))
    flux.ready(repo.head())
    looks = len([a for a in clouds.asked if "eks." in a])
    rig.wait_for(lambda: (flux.again(), len([a for a in clouds.asked if "eks." in a]) > looks)[1], 20, "the cluster to be looked up again")
    flux.ready(repo.head())


ROLE_PATTERN = r"^arn:aws[\w-]*:iam::[0-9]{1,30}:role/.{1,200}$"


@pytest.mark.parametrize("provider, change, annotations, message", [
    ("aws", {"cluster": "prod"}, AWS, r"invalid EKS cluster ARN: 'prod'. must match ^arn:aws[\w-]*:eks:([^:]{1,100}):[0-9]{1,30}:cluster/(.{1,200})$"),
    ("aws", {"cluster": None}, AWS, "invalid EKS cluster ARN: ''. must match "),
    ("aws", {}, {}, "failed to get access token for cluster: failed to get provider identity from service account 'NS/robot' annotations: "
                    f"invalid eks.amazonaws.com/role-arn annotation: ''. must match {ROLE_PATTERN}"),
    ("aws", {}, {"eks.amazonaws.com/role-arn": there.ROLE + "-other"},
     "failed to get access token for cluster: failed to create provider access token for service account 'NS/robot': "
     "POST https://sts.us-east-1.amazonaws.com/: 403 AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity"),
    ("aws", {"audiences": "other"}, AWS, "400 InvalidIdentityToken: No OpenIDConnect provider found in your account"),
    ("aws", {"cluster": there.EKS + "-other"}, AWS,
     f"failed to describe EKS cluster '{there.EKS}-other': GET https://eks.us-east-1.amazonaws.com/clusters/prod-other: "
     "404 ResourceNotFoundException: No cluster found for name."),
    ("azure", {"cluster": "prod"}, None, "invalid AKS cluster ID: 'prod'. must match (?i)^/subscriptions/([^/]{36})/resourceGroups/"),
    ("azure", {"cluster": there.AKS_ID + "x"}, None, "failed to describe AKS cluster: GET https://management.azure.com/subscriptions/"),
    ("azure", {}, {}, "azure tenant ID is not set in the service account annotation azure.workload.identity/tenant-id"),
    ("gcp", {"cluster": "prod"}, FEDERATED, "invalid GKE cluster ID: 'prod'. must match ^projects/[^/]{1,200}/locations/[^/]{1,200}/clusters/[^/]{1,200}$"),
    ("gcp", {"cluster": there.GKE + "x"}, FEDERATED, f"failed to describe GKE cluster '{there.GKE}x': GET https://container.googleapis.com/v1/{there.GKE}x: "
                                                     "404 NOT_FOUND: Not found: projects/acme/locations/europe-west1/clusters/prodx."),
    ("gcp", {}, {"gcp.auth.fluxcd.io/workload-identity-provider": "here"},
     "failed to get access token for cluster: failed to get provider audience: invalid gcp.auth.fluxcd.io/workload-identity-provider annotation: 'here'"),
    ("gcp", {}, {"iam.gke.io/gcp-service-account": "nobody"}, "invalid iam.gke.io/gcp-service-account annotation: 'nobody'. must match "),
    ("gcp", {}, {**FEDERATED, "iam.gke.io/gcp-service-account": "other@acme.iam.gserviceaccount.com"},
     "POST https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/other@acme.iam.gserviceaccount.com:generateAccessToken: "
     "403 PERMISSION_DENIED: Permission 'iam.serviceAccounts.getAccessToken' denied"),
    ("gcp", {"address": "http://127.0.0.1:1", "ca.crt": "x"}, FEDERATED,
     "the Kubernetes API server address 'http://127.0.0.1:1' must use https scheme"),
    ("aws", {"address": "https://nowhere.example.com"}, AWS, "EKS endpoint 'https://SERVER' does not match specified address: 'https://nowhere.example.com'"),
    ("gcp", {"address": "https://nowhere.example.com"}, FEDERATED, "GKE endpoint 'SERVER' does not match specified address: 'https://nowhere.example.com'"),
])
def test_what_is_wrong_is_said(clouds, private, api, ns, flux, provider, change, annotations, message):
    azure = {"azure.workload.identity/tenant-id": "acme", "azure.workload.identity/client-id": "app"}
    private.kustomize(GATE, env=clouds.env())
    account(api, ns, azure if annotations is None else annotations)
    flux.source().apply(kubeConfig=login(api, ns, provider, **{"serviceAccountName": "robot", **change}))
    said = flux.failed("ReconciliationFailed", message.replace("NS", ns).replace("SERVER", clouds.cluster_url.removeprefix("https://")))
    assert said.startswith("failed to build kube client: ")


def test_a_cluster_of_azure_needs_entra(clouds, private, api, ns, flux):
    clouds.aad = False
    private.kustomize(env=clouds.env())
    flux.source().apply(kubeConfig=login(api, ns, "azure"))
    flux.failed("ReconciliationFailed", f"AKS cluster {there.AKS_ID} does not have Microsoft Entra ID integration enabled. See docs for enabling: ")


@pytest.mark.parametrize("env, provider, message", [
    ({"AWS_REGION": None, "CASE": "region"}, "aws", None),  # the region is the cluster's
    ({"AWS_WEB_IDENTITY_TOKEN_FILE": "/nonexistent"}, "aws", "AWS_WEB_IDENTITY_TOKEN_FILE is set and AWS_ROLE_ARN, the role to assume, is not"),
    ({"AWS_WEB_IDENTITY_TOKEN_FILE": "/nonexistent", "AWS_ROLE_ARN": there.ROLE}, "aws", "AWS_WEB_IDENTITY_TOKEN_FILE: "),
    ({"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://example.com/"}, "aws",
     "AWS_CONTAINER_CREDENTIALS_FULL_URI: host 'example.com' is neither this machine nor the service of ECS or EKS"),
    ({"AWS_EC2_METADATA_DISABLED": "true"}, "aws", "no credentials are configured for this controller, and AWS_EC2_METADATA_DISABLED keeps it"),
    ({"AWS_ENDPOINT_URL_EKS": "https://127.0.0.1:1"}, "aws", "failed to describe EKS cluster"),
    ({"AZURE_ENVIRONMENT_FILEPATH": "/nonexistent"}, "azure", "AZURE_ENVIRONMENT_FILEPATH: "),
    ({"GOOGLE_APPLICATION_CREDENTIALS": "/nonexistent"}, "gcp", "GOOGLE_APPLICATION_CREDENTIALS: "),
    ({"CLOUDSDK_API_ENDPOINT_OVERRIDES_CONTAINER": "https://127.0.0.1:1"}, "gcp", "failed to describe GKE cluster"),
])
def test_what_the_environment_says(clouds, private, api, ns, repo, flux, env, provider, message):
    private.kustomize(env=clouds.env(**env))
    flux.source().apply(kubeConfig=login(api, ns, provider))
    if message:
        flux.failed("ReconciliationFailed", message)
    else:
        flux.ready(repo.head())


# --- CodeCommit -------------------------------------------------------------------------------------------------------

CODECOMMIT = f"https://git-codecommit.{there.REGION}.amazonaws.com/v1/repos/fleet"


@pytest.fixture
def source(api, ns, private):
    return Source(api, ns, labels=private.labels)


def test_codecommit_as_the_service_account_of_the_object(clouds, private, api, ns, repo, source):
    controller = private.source(GATE, env=clouds.env())
    clouds.repo = repo
    first = repo.commit({"a": "1"})
    account(api, ns, AWS)
    status = source.create(CODECOMMIT, provider="aws", serviceAccountName="robot").ready(first)
    assert members(status["artifact"]) == {"a": "1"}
    assert clouds.who == [f"system:serviceaccount:{ns}:robot as robot.{ns}.us-east-1.fluxcd.io"]
    second = repo.commit({"a": "2"})
    source.again()
    source.ready(second)
    assert len(clouds.who) == 1
    metrics = controller.metrics()
    assert metrics["gotk_token_cached_items"] == 2 and metrics["gotk_token_cache_evictions_total"] == 0
    secrets = [part for secret, session, _ in clouds.keys.values() for part in (secret, session)]
    seen = json.dumps(source.get()) + json.dumps(source.events()) + controller.log()
    assert not [s for s in secrets if s in seen or base64.b64encode(s.encode()).decode() in seen]


def test_codecommit_as_the_controller(clouds, private, repo, source):
    private.source(env=clouds.env())
    clouds.repo = repo
    source.create(CODECOMMIT, provider="aws").ready(repo.commit({"a": "1"}))
    assert clouds.who == ["machine"]


def test_what_codecommit_refuses_is_not_used_again(clouds, private, repo, source):
    private.source("--max-retry-delay=1s", env=clouds.env())
    clouds.repo = repo
    first = repo.commit({"a": "1"})
    source.create(CODECOMMIT, provider="aws").ready(first)
    clouds.keys.clear()  # whatever was given out no longer counts
    second = repo.commit({"a": "2"})
    source.again()
    source.ready(second)
    assert clouds.who == ["machine", "machine"]


@pytest.mark.parametrize("url, message", [
    ("https://git-codecommit.us-east-1.example.com/v1/repos/fleet", "invalid AWS CodeCommit Git URL: git-codecommit.us-east-1.example.com"),
    ("http://git-codecommit.us-east-1.amazonaws.com/v1/repos/fleet", "AWS CodeCommit authentication requires an HTTPS Git URL"),
])
def test_what_is_no_codecommit(clouds, private, source, url, message):
    private.source(env=clouds.env())
    status = source.create(url, provider="aws").failed("AuthenticationFailed", f"failed to configure authentication options: {message}")
    assert "Stalled" not in conditions(status)
