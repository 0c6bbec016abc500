"""A small Microsoft Entra and metadata service: the two addresses that give access tokens of Azure.

    POST /TENANT/oauth2/v2.0/token              client credentials: a service account's token, or the secret "s3cret"
    GET  /metadata/identity/oauth2/token        the machine's own identity

A service account's token is checked by the API server that made it (TokenReview, with Entra's audience). Tokens for Azure
DevOps are Web.token, which the door /bearer of rig.Web takes; others are kept in `tokens`.
"""
import os

from .api import Kind
from .service import Service

AUDIENCE = "api://AzureADTokenExchange"
DEVOPS = "499b84ac-1321-427f-aa17-267ca6975798/.default"
AKS = "6dae42f8-4368-4678-94ff-3960e28e3630/.default"
MANAGER = "https://management.core.windows.net//.default"
TOKENREVIEW = Kind("authentication.k8s.io/v1", "tokenreviews", "TokenReview")


def review(api, token, audience):
    """The user a token of the API server stands for; None when it is none, or for others."""
    status = api.post(TOKENREVIEW, {"apiVersion": TOKENREVIEW.version, "kind": TOKENREVIEW.kind,
                                    "spec": {"token": token, "audiences": [audience]}})["status"]
    return status["user"]["username"] if status.get("authenticated") else None


class Entra(Service):
    """Tenant "acme" with client "app"; `subjects` lists who was let in."""

    tenant, client = "acme", "app"

    def __init__(self, web, api, life=3600):
        super().__init__((web.pki / "server.crt", web.pki / "server.key"))
        self.web, self.api, self.life = web, api, life
        self.subjects, self.tokens = [], {}

    def annotations(self):
        """Of a service account that may ask."""
        return {"azure.workload.identity/tenant-id": self.tenant, "azure.workload.identity/client-id": self.client}

    def subject(self, form):
        """Who a form proves to be; None: nobody."""
        if form.get("client_secret") == "s3cret":
            return "secret"
        if form.get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer":
            return None
        return review(self.api, form.get("client_assertion"), AUDIENCE)

    def issue(self, subject, scope):
        """A token for a scope, and its subject noted."""
        self.subjects.append(subject)
        if scope == DEVOPS:
            return self.web.token
        token = os.urandom(12).hex()
        self.tokens[token] = (subject, scope)
        return token

    def exchange(self, request):
        form = request.form
        if request.method == "GET":
            return self.discover(request)
        if request.path != f"/{self.tenant}/oauth2/v2.0/token":
            return 400, {"error": "invalid_request", "error_description": "AADSTS900023: no such tenant\r\nTrace ID: 1"}
        known = form.get("grant_type") == "client_credentials" and form.get("client_id") == self.client
        scope = form.get("scope", "").partition(" ")[0]
        subject = self.subject(form) if known and scope in (DEVOPS, AKS, MANAGER) else None
        if not subject:
            return 401, {"error": "invalid_client", "error_description": "AADSTS700213: no matching federated identity"}
        return 200, {"token_type": "Bearer", "expires_in": self.life, "access_token": self.issue(subject, scope)}

    def discover(self, request):
        """What Microsoft's own client libraries ask first."""
        base = f"https://{request.host}/{self.tenant}"
        if request.path.endswith("/discovery/instance"):
            return 200, {"tenant_discovery_endpoint": f"{base}/v2.0/.well-known/openid-configuration", "api-version": "1.1", "metadata": [
                {"preferred_network": request.host, "preferred_cache": request.host, "aliases": [request.host]}]}
        if request.path == f"/{self.tenant}/v2.0/.well-known/openid-configuration":
            return 200, {"issuer": f"{base}/v2.0", "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                         "token_endpoint": f"{base}/oauth2/v2.0/token"}
        return 404, {}

    def machine(self, request):
        scope = request.query.get("resource", "") + "/.default"
        if request.headers.get("Metadata") != "true" or scope not in (DEVOPS, AKS, MANAGER):
            return 400, {"error": "invalid_request"}
        return 200, {"access_token": self.issue("machine", scope), "expires_in": str(self.life)}

    def answer(self, request):
        if request.path == "/metadata/identity/oauth2/token":
            return self.machine(request)
        return self.exchange(request)
