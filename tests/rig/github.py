"""A small GitHub: the part of its REST API that apps use, over HTTPS, which checks what it is sent.

    GET  /orgs/OWNER/installation, /users/OWNER/installation      the installation's id, 404 for an owner of the other kind
    POST /app/installations/ID/access_tokens                      a token and its end

Every request must carry a JWT in RS256 that the app's public key verifies (openssl does), issued by the app, not older than a
minute and not longer than ten minutes good. Tokens are Web.app_token, which the door /basic of rig.Web takes from the user
x-access-token.
"""
import base64
import json
import pathlib
import subprocess
import tempfile
import threading
import time

from .pki import openssl
from .service import Service


class GitHub(Service):
    """App 1234 with installation 77, of the organization "acme" or the user "alice"."""

    app, installation, org, user = 1234, 77, "acme", "alice"

    def __init__(self, web, base="/api/v3", life=3600):
        super().__init__((web.pki / "server.crt", web.pki / "server.key"))
        self.web, self.base, self.life = web, base, life
        self.seen = []
        self.dir = tempfile.TemporaryDirectory()
        self.key = pathlib.Path(self.dir.name) / "app.key"
        openssl("genrsa", "-traditional", "-out", self.key, "2048")
        self.public = pathlib.Path(self.dir.name) / "app.pub"
        openssl("rsa", "-in", self.key, "-pubout", "-out", self.public)

    def __exit__(self, *exc):
        super().__exit__(*exc)
        self.dir.cleanup()

    @property
    def url(self):
        return super().url + self.base

    def secret(self, **data):
        """The data of a Secret for spec.secretRef; keyword arguments replace or (None) remove keys."""
        full = {"githubAppID": str(self.app), "githubAppInstallationID": str(self.installation),
                "githubAppPrivateKey": self.key.read_text(), "githubAppBaseURL": self.url, **data}
        return {k: v for k, v in full.items() if v is not None}

    def problem(self, jwt):
        """What is wrong with a token; None when nothing is."""
        try:
            head, claims, signature = jwt.split(".")
            decoded = [json.loads(_unbase64(part)) for part in (head, claims)]
        except ValueError:
            return "no JWT"
        if decoded[0] != {"alg": "RS256", "typ": "JWT"}:
            return f"header {decoded[0]}"
        path = pathlib.Path(self.dir.name) / f"signature-{threading.get_ident()}"
        path.write_bytes(_unbase64(signature))
        done = subprocess.run(["openssl", "dgst", "-sha256", "-verify", self.public, "-signature", path],
                              input=f"{head}.{claims}".encode(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        now = time.time()
        good = decoded[1].get("iss") == str(self.app) and now - 60 < decoded[1]["iat"] <= now < decoded[1]["exp"] < now + 600
        return None if done.returncode == 0 and good else "A JSON web token could not be decoded"

    def act(self, method, path):
        """Status and document for who may ask."""
        if (method, path) == ("GET", f"/orgs/{self.org}/installation") or (method, path) == ("GET", f"/users/{self.user}/installation"):
            return 200, {"id": self.installation, "app_id": self.app}
        if (method, path) == ("POST", f"/app/installations/{self.installation}/access_tokens"):
            end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + self.life))
            return 201, {"token": self.web.app_token, "expires_at": end, "permissions": {"contents": "read"}}
        return 404, {"message": "Not Found", "documentation_url": "https://docs.example.com"}

    def answer(self, request):
        self.seen.append(f"{request.method} {request.target}")
        wrong = "no bearer token" if request.bearer is None else self.problem(request.bearer)
        if wrong:
            return 401, {"message": wrong}
        if not request.path.startswith(self.base + "/"):
            return 404, {"message": "Not Found"}
        return self.act(request.method, request.path[len(self.base):])


def _unbase64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
