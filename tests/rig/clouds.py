"""AWS, Azure and Google in small: the services that tell who someone is and where a cluster is, under their real names.

    with rig.Clouds(web, api) as clouds:
        clouds.cluster = cp                      # what EKS, AKS and GKE say the cluster is
        private.kustomize(env=clouds.env())      # HTTPS_PROXY leads all names of the clouds here

    sts.REGION.amazonaws.com             AssumeRoleWithWebIdentity
    eks.REGION.amazonaws.com             DescribeCluster, signed
    git-codecommit.REGION.amazonaws.com  Git, by a signature as password; behind it rig.Web
    login.microsoftonline.com            rig.Entra
    management.azure.com                 a managed cluster and its users' kubeconfigs
    sts.googleapis.com, iamcredentials.googleapis.com, oauth2.googleapis.com    tokens
    container.googleapis.com             a cluster
    clouds.local (plain HTTP)            metadata of the machines, EKS Pod Identity; the proxy
    /review                              the webhook by which an API server asks who a cloud's token is

Service accounts' tokens are checked by the API server that made them (TokenReview); signatures of AWS by arithmetic of
its own (Signer below). What only these services can know (which role trusts whom) is made up here, and nothing else.
"""
import base64
import contextlib
import hashlib
import hmac
import json
import os
import socket
import threading
import time
import urllib.parse
import urllib.request

from .entra import AKS, MANAGER, Entra, review
from .pki import Authority
from .service import Service

REGION, ROLE = "us-east-1", "arn:aws:iam::123456789012:role/fleet"
EKS = f"arn:aws:eks:{REGION}:123456789012:cluster/prod"
AKS_ID = "/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/fleet/providers/Microsoft.ContainerService/managedClusters/prod"
GKE = "projects/acme/locations/europe-west1/clusters/prod"
FEDERATION = "projects/1234/locations/global/workloadIdentityPools/fleet/providers/here"
EMAIL = "fleet@acme.iam.gserviceaccount.com"
NAMES = (f"*.{REGION}.amazonaws.com", "login.microsoftonline.com", "management.azure.com", "*.googleapis.com")
METADATA = {"project/project-id": "acme", "instance/attributes/cluster-location": "europe-west1",
            "instance/attributes/cluster-name": "here"}


def rfc3339(life):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + life))


def aws_signature(secret, request, scope, stamp):
    """Signature Version 4: of a canonical request, for a scope DAY/REGION/SERVICE/aws4_request and a time."""
    digest = hashlib.sha256("\n".join(request).encode()).hexdigest()
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, digest])
    key = b"AWS4" + secret.encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


class Clouds(Service):
    """`asked` lists "METHOD host/path" of all requests, `who` whom tokens were given to."""

    def __init__(self, web, api, life=3600):
        san = ",".join(["IP:127.0.0.1", *(f"DNS:{name}" for name in NAMES)])
        super().__init__(Authority(web.pki).issue(f"clouds-{os.getpid()}", san=san))
        self.web, self.api, self.life, self.cluster = web, api, life, None
        self.local, self.entra = _Local(self), Entra(web, api, life)
        self.asked, self.who, self.keys, self.google = [], [], {}, {}
        self.repo, self.aad, self.address = None, True, None

    def __enter__(self):
        self.local.__enter__()
        return super().__enter__()

    def __exit__(self, *exc):
        super().__exit__(*exc)
        self.local.__exit__(*exc)

    def env(self, **more):
        """The variables that lead a controller here; keyword arguments replace or (None) remove."""
        full = {"HTTPS_PROXY": self.local.url, "AWS_EC2_METADATA_SERVICE_ENDPOINT": self.local.url, "AWS_REGION": "eu-central-1",
                "AZURE_POD_IDENTITY_AUTHORITY_HOST": self.local.url, "GCE_METADATA_HOST": f"127.0.0.1:{self.local.port}",
                "HOME": "/nonexistent", **more}
        return {k: v for k, v in full.items() if v is not None}

    def answer(self, request):
        name = request.host.partition(":")[0]
        self.asked.append(f"{request.method} {name}{request.path}")
        service = name.split(".")[0] if name.endswith((".amazonaws.com", ".googleapis.com")) else name
        if name.endswith(".googleapis.com") and service == "sts":
            service = "google-sts"
        found = {"sts": self.aws_sts, "eks": self.aws_eks, "git-codecommit": self.aws_git, "login.microsoftonline.com": self.azure_login,
                 "management.azure.com": self.azure_manager, "google-sts": self.google_sts, "iamcredentials": self.google_account,
                 "oauth2": self.google_grant, "container": self.google_cluster, "127.0.0.1": self.review}.get(service)
        return found(request) if found else (404, {"message": f"{name} is not known here"})

    # --- AWS --------------------------------------------------------------------------------------------------------

    def aws_keys(self, who, session=True):
        """Fresh keys of someone: id, secret, session token."""
        key = "ASIA" + os.urandom(8).hex().upper()
        self.keys[key] = (os.urandom(15).hex(), "session+/=" + os.urandom(9).hex() if session else "", who)
        self.who.append(who)
        return (key, *self.keys[key][:2])

    def aws_sts(self, request):
        form = request.form
        if form.get("Action") != "AssumeRoleWithWebIdentity" or form.get("RoleArn") != ROLE:
            return self.aws_error(403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")
        user = review(self.api, form.get("WebIdentityToken"), "sts.amazonaws.com")
        if not user:
            return self.aws_error(400, "InvalidIdentityToken", "No OpenIDConnect provider found in your account")
        key, secret, session = self.aws_keys(f"{user} as {form['RoleSessionName']}")
        return 200, ('<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
                     "<AssumeRoleWithWebIdentityResult><Credentials>"
                     f"<AccessKeyId>{key}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey><SessionToken>{session}</SessionToken>"
                     f"<Expiration>{rfc3339(self.life)}</Expiration></Credentials></AssumeRoleWithWebIdentityResult>"
                     "<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></AssumeRoleWithWebIdentityResponse>"), {
                         "Content-Type": "text/xml"}

    @staticmethod
    def aws_error(status, code, message):
        return status, (f'<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>{code}</Code>'
                        f"<Message>{message}</Message></Error><RequestId>1</RequestId></ErrorResponse>"), {"Content-Type": "text/xml"}

    def aws_signer(self, request):
        """Who signed a request in its headers; None: nobody we know, or wrongly."""
        try:
            parts = dict(p.strip().split("=", 1) for p in request.headers["Authorization"].split(" ", 1)[1].split(","))
            key, scope = parts["Credential"].split("/", 1)
            secret, session, who = self.keys[key]
        except (KeyError, ValueError, IndexError, AttributeError):
            return None
        signed = [f"{n}:{request.headers[n]}" for n in parts["SignedHeaders"].split(";")]
        good = aws_signature(secret, [request.method, request.path, "", *signed, "", parts["SignedHeaders"],
                                      hashlib.sha256(request.body.encode()).hexdigest()], scope, request.headers["X-Amz-Date"])
        same = parts["Signature"] == good and request.headers.get("X-Amz-Security-Token", "") == session
        return who if same and scope.endswith(f"/{REGION}/eks/aws4_request") else None

    def aws_eks(self, request):
        if not self.aws_signer(request):
            return 403, {"message": "The security token included in the request is invalid."}, {"x-amzn-ErrorType": "UnrecognizedClientException:"}
        if request.path != "/clusters/prod":
            return 404, {"message": "No cluster found for name."}, {"x-amzn-ErrorType": "ResourceNotFoundException:"}
        return 200, {"cluster": {"name": "prod", "endpoint": self.cluster_url, "certificateAuthority": {"data": self.cluster_ca}}}

    def aws_caller(self, token):
        """Whom a presigned request for the caller's identity, as a cluster's token, stands for."""
        url = urllib.parse.urlsplit(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode())
        query, _, signature = url.query.rpartition("&X-Amz-Signature=")
        values = dict(urllib.parse.parse_qsl(query))
        key, scope = values["X-Amz-Credential"].split("/", 1)
        secret, session, who = self.keys[key]
        good = aws_signature(secret, ["GET", url.path, query, f"host:{url.netloc}", "x-k8s-aws-id:prod", "", "host;x-k8s-aws-id",
                                      hashlib.sha256(b"").hexdigest()], scope, values["X-Amz-Date"])
        right = {"Action": "GetCallerIdentity", "X-Amz-Expires": "900", "X-Amz-SignedHeaders": "host;x-k8s-aws-id"}
        known = url.netloc == f"sts.{REGION}.amazonaws.com" and right.items() <= values.items()
        return who if known and good == signature and values.get("X-Amz-Security-Token", "") == session else None

    def aws_git(self, request):
        """CodeCommit: the password is a time and a signature over the URL; then what rig.Web has."""
        kind, _, basic = request.headers.get("Authorization", "").partition(" ")
        user, _, password = base64.b64decode(basic or "").decode().partition(":")
        key, _, session = user.partition("%")
        repository = request.path.partition("/info/refs")[0].removesuffix("/git-upload-pack")
        if not self.aws_password(key, session, password, request.host, repository):
            return 401, "no such signature", {"WWW-Authenticate": 'Basic realm="CodeCommit"'}
        target = f"{self.repo.http_url}{request.target.removeprefix(repository)}"
        headers = {n: request.headers[n] for n in ("Content-Type", "Git-Protocol", "Accept") if request.headers.get(n)}
        asked = urllib.request.Request(target, request.body.encode("latin-1") or None, headers, method=request.method)
        with urllib.request.urlopen(asked, timeout=20) as done:
            return done.status, done.read(), {"Content-Type": done.headers["Content-Type"]}

    def aws_password(self, key, session, password, host, path):
        if key not in self.keys or self.keys[key][1] != session:
            return False
        stamp = password[:15]
        good = aws_signature(self.keys[key][0], ["GIT", path, "", f"host:{host}", "", "host", ""],
                             f"{stamp[:8]}/{REGION}/codecommit/aws4_request", stamp)
        return password == f"{stamp}Z{good}"

    # --- Azure ------------------------------------------------------------------------------------------------------

    def azure_login(self, request):
        before = len(self.entra.subjects)
        answer = self.entra.exchange(request)
        self.who += self.entra.subjects[before:]
        return answer

    def azure_manager(self, request):
        who, scope = self.entra.tokens.get(request.bearer, (None, None))
        if scope != MANAGER:
            return 401, {"error": {"code": "InvalidAuthenticationToken", "message": "The access token is invalid."}}
        action = request.path.removeprefix(AKS_ID)
        if "api-version" not in request.query or action not in ("", "/listClusterUserCredential"):
            return 404, {"error": {"code": "ResourceNotFound", "message": "The Resource was not found."}}
        if (request.method, action) == ("GET", ""):
            return 200, {"id": AKS_ID, "name": "prod", "properties": {**({"aadProfile": {"managed": True}} if self.aad else {})}}
        configs = [self.kubeconfig("https://other.example.com"), self.kubeconfig(self.cluster_url)]
        return 200, {"kubeconfigs": [{"name": "clusterUser", "value": base64.b64encode(c.encode()).decode()}
                                     for c in (configs if self.address else configs[1:])]}

    def kubeconfig(self, server):
        return ("apiVersion: v1\nkind: Config\ncurrent-context: prod\ncontexts: [{name: prod, context: {cluster: prod, user: u}}]\n"
                f"clusters: [{{name: prod, cluster: {{server: '{server}', certificate-authority-data: {self.cluster_ca}}}}}]\n"
                "users: [{name: u, user: {exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: kubelogin}}}]\n")

    # --- Google -----------------------------------------------------------------------------------------------------

    def google_issue(self, who):
        token = "ya29." + os.urandom(12).hex()
        self.google[token] = who
        self.who.append(who)
        return token

    def google_sts(self, request):
        form = request.form
        pool = {f"//iam.googleapis.com/{FEDERATION}": f"//iam.googleapis.com/{FEDERATION}",
                "identitynamespace:acme.svc.id.goog:https://container.googleapis.com/v1/projects/acme/locations/europe-west1/clusters/here":
                "acme.svc.id.goog"}.get(form.get("audience"))
        user = pool and review(self.api, form.get("subject_token"), pool)
        if not user or form.get("grant_type") != "urn:ietf:params:oauth:grant-type:token-exchange":
            return 400, {"error": "invalid_target", "error_description": "The target service indicated by the audience is invalid."}
        return 200, {"access_token": self.google_issue(user), "expires_in": self.life, "token_type": "Bearer"}

    def google_account(self, request):
        who = self.google.get(request.bearer)
        if not who or request.path != f"/v1/projects/-/serviceAccounts/{EMAIL}:generateAccessToken":
            return 403, {"error": {"code": 403, "message": "Permission 'iam.serviceAccounts.getAccessToken' denied", "status": "PERMISSION_DENIED"}}
        return 200, {"accessToken": self.google_issue(f"{EMAIL} for {who}"), "expireTime": rfc3339(self.life)}

    def google_grant(self, request):
        """By a key or a refresh token: the signature of the former is what jwt_sign's own test checks."""
        kind = request.form.get("grant_type", "").rpartition(":")[2]
        if kind not in ("jwt-bearer", "refresh_token"):
            return 400, {"error": "unsupported_grant_type", "error_description": "Invalid grant_type"}
        return 200, {"access_token": self.google_issue(kind), "expires_in": self.life}

    def google_cluster(self, request):
        if not self.google.get(request.bearer):
            return 401, {"error": {"code": 401, "message": "Request had invalid authentication credentials.", "status": "UNAUTHENTICATED"}}
        if request.path != f"/v1/{GKE}":
            return 404, {"error": {"code": 404, "message": f"Not found: {request.path[4:]}.", "status": "NOT_FOUND"}}
        return 200, {"name": "prod", "endpoint": self.cluster_url.removeprefix("https://"), "masterAuth": {"clusterCaCertificate": self.cluster_ca}}

    # --- the cluster ------------------------------------------------------------------------------------------------

    @property
    def cluster_url(self):
        return f"https://127.0.0.1:{self.cluster.port}"

    @property
    def cluster_ca(self):
        return base64.b64encode(self.cluster.ca_file.read_bytes()).decode()

    def user_of(self, token):
        """Whom a cluster's token stands for; None: nobody."""
        if token.startswith("k8s-aws-v1."):
            with contextlib.suppress(KeyError, ValueError):
                return self.aws_caller(token.removeprefix("k8s-aws-v1."))
        who, scope = self.entra.tokens.get(token, (None, None))
        return who if scope == AKS else self.google.get(token)

    def review(self, request):
        user = self.user_of(json.loads(request.body)["spec"]["token"])
        status = {"authenticated": True, "user": {"username": user, "groups": ["system:masters"]}} if user else {"authenticated": False}
        return 200, {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "status": status}

    def webhook(self):
        """The kubeconfig for an API server's --authentication-token-webhook-config-file."""
        return ("apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts: [{name: c, context: {cluster: c, user: c}}]\nusers: [{name: c}]\n"
                f"clusters: [{{name: c, cluster: {{server: '{self.url}/review', certificate-authority: '{self.web.ca_bundle}'}}}}]\n")


class _Local(Service):
    """What a machine finds next door, over plain HTTP, and the proxy."""

    pod_token = "pod-identity"

    def __init__(self, clouds):
        super().__init__()
        self.clouds = clouds

    def answer(self, request):
        clouds, path = self.clouds, request.path
        clouds.asked.append(f"{request.method} {path}")
        if path == "/metadata/identity/oauth2/token":
            return clouds.entra.machine(request)
        if path == "/latest/api/token" and request.method == "PUT":
            return 200, "machine-session", {"X-aws-ec2-metadata-token-ttl-seconds": "21600"}
        if path.startswith("/latest/meta-data/iam/security-credentials/"):
            return self.machine(request, path.rpartition("/")[2])
        if path == "/v1/credentials" and request.headers.get("Authorization") == self.pod_token:
            return 200, self.credentials("pod identity")
        if path.startswith("/computeMetadata/v1/") and request.headers.get("Metadata-Flavor") == "Google":
            return self.google(path.removeprefix("/computeMetadata/v1/"))
        return 404, {}

    def machine(self, request, role):
        if request.headers.get("X-aws-ec2-metadata-token") != "machine-session":
            return 401, ""
        return (200, self.credentials("machine")) if role else (200, "node-role")

    def credentials(self, who):
        key, secret, session = self.clouds.aws_keys(who)
        return {"AccessKeyId": key, "SecretAccessKey": secret, "Token": session, "Expiration": rfc3339(self.clouds.life), "Code": "Success"}

    def google(self, path):
        if path == "instance/service-accounts/default/token":
            return 200, {"access_token": self.clouds.google_issue("machine"), "expires_in": self.clouds.life}, {"Metadata-Flavor": "Google"}
        return (200, METADATA[path], {"Metadata-Flavor": "Google"}) if path in METADATA else (404, "")

    def connect(self, handler):
        """Every name leads to the clouds."""
        if not handler.path.endswith(("amazonaws.com:443", "googleapis.com:443", "azure.com:443", "microsoftonline.com:443")):
            handler.send_error(502, "not one of the clouds")
            return
        with socket.create_connection(("127.0.0.1", self.clouds.port), timeout=20) as server:
            handler.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=_pump, args=(server, handler.connection), daemon=True)
            back.start()
            _pump(handler.connection, server)
            back.join(5)
        handler.close_connection = True


def _pump(source, to):
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            to.sendall(data)
    with contextlib.suppress(OSError):
        to.shutdown(socket.SHUT_WR)
