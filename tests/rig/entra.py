"""A small Microsoft Entra and metadata service: the two addresses that give access tokens for Azure DevOps.

    POST /TENANT/oauth2/v2.0/token              client credentials: a service account's token, or the secret "s3cret"
    GET  /metadata/identity/oauth2/token        the machine's own identity

A service account's token is checked by the API server that made it (TokenReview, with Entra's audience). Tokens are Web.token,
which the door /bearer of rig.Web takes. Runs in the test's process, on threads, on a loopback port, over HTTPS.
"""
import http.server
import json
import ssl
import threading
import urllib.parse

from .api import Kind

AUDIENCE = "api://AzureADTokenExchange"
SCOPE = "499b84ac-1321-427f-aa17-267ca6975798/.default"
TOKENREVIEW = Kind("authentication.k8s.io/v1", "tokenreviews", "TokenReview")


class Entra:
    """Tenant "acme" with client "app"; `subjects` lists who was let in."""

    tenant, client = "acme", "app"

    def __init__(self, web, api, life=3600):
        self.web, self.api, self.life = web, api, life
        self.subjects, self.broken = [], None

    def __enter__(self):
        handler = type("Handler", (Handler,), {"entra": self})
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.web.pki / "server.crt", self.web.pki / "server.key")
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *exc):
        self.server.shutdown()
        self.server.server_close()

    @property
    def url(self):
        return f"https://127.0.0.1:{self.server.server_port}"

    def annotations(self):
        """Of a service account that may ask."""
        return {"azure.workload.identity/tenant-id": self.tenant, "azure.workload.identity/client-id": self.client}

    def subject(self, form):
        """Who a form proves to be; None: nobody."""
        if form.get("client_secret") == "s3cret":
            return "secret"
        if form.get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer":
            return None
        review = self.api.post(TOKENREVIEW, {
            "apiVersion": TOKENREVIEW.version, "kind": TOKENREVIEW.kind,
            "spec": {"token": form.get("client_assertion"), "audiences": [AUDIENCE]}})
        return review["status"]["user"]["username"] if review["status"].get("authenticated") else None

    def exchange(self, path, body):
        """Status and document for a POST."""
        form = dict(urllib.parse.parse_qsl(body))
        if path != f"/{self.tenant}/oauth2/v2.0/token":
            return 400, {"error": "invalid_request", "error_description": "AADSTS900023: no such tenant\r\nTrace ID: 1"}
        wanted = {"grant_type": "client_credentials", "client_id": self.client, "scope": SCOPE}
        subject = self.subject(form) if wanted.items() <= form.items() else None
        if not subject:
            return 401, {"error": "invalid_client", "error_description": "AADSTS700213: no matching federated identity"}
        self.subjects.append(subject)
        return 200, {"token_type": "Bearer", "expires_in": self.life, "access_token": self.web.token}

    def metadata(self, query, flag):
        """Status and document for a GET."""
        form = dict(urllib.parse.parse_qsl(query))
        if flag != "true" or form.get("resource") != SCOPE.split("/")[0]:
            return 400, {"error": "invalid_request"}
        self.subjects.append("machine")
        return 200, {"access_token": self.web.token, "expires_in": str(self.life)}


class Handler(http.server.BaseHTTPRequestHandler):
    entra = None

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        self._send(*(self.entra.broken or self.entra.exchange(self.path, body)))

    def do_GET(self):
        path, _, query = self.path.partition("?")
        known = path == "/metadata/identity/oauth2/token"
        self._send(*(self.entra.metadata(query, self.headers.get("Metadata")) if known else (404, {})))

    def _send(self, status, body):
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *args):
        pass
