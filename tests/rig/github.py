"""A small GitHub: the part of its REST API that apps use, over HTTPS, which checks what it is sent.

    GET  /orgs/OWNER/installation, /users/OWNER/installation      the installation's id, 404 for an owner of the other kind
    POST /app/installations/ID/access_tokens                      a token and its end

Every request must carry a JWT in RS256 that the app's public key verifies (openssl does), issued by the app, not older than a
minute and not longer than ten minutes good. Tokens are Web.app_token, which the door /basic of rig.Web takes from the user
x-access-token. Runs in the test's process, on threads, on a loopback port.
"""
import base64
import http.server
import json
import pathlib
import ssl
import subprocess
import tempfile
import threading
import time

from .pki import openssl


class GitHub:
    """App 1234 with installation 77, of the organization "acme" or the user "alice"."""

    app, installation, org, user = 1234, 77, "acme", "alice"

    def __init__(self, web, base="/api/v3", life=3600):
        self.web, self.base, self.life = web, base, life
        self.seen, self.broken = [], None
        self.dir = tempfile.TemporaryDirectory()
        self.key = pathlib.Path(self.dir.name) / "app.key"
        openssl("genrsa", "-traditional", "-out", self.key, "2048")
        self.public = pathlib.Path(self.dir.name) / "app.pub"
        openssl("rsa", "-in", self.key, "-pubout", "-out", self.public)

    def __enter__(self):
        handler = type("Handler", (Handler,), {"github": self})
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
        self.dir.cleanup()

    @property
    def url(self):
        return f"https://127.0.0.1:{self.server.server_port}{self.base}"

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

    def answer(self, method, path):
        """Status and document."""
        if (method, path) == ("GET", f"/orgs/{self.org}/installation") or (method, path) == ("GET", f"/users/{self.user}/installation"):
            return 200, {"id": self.installation, "app_id": self.app}
        if (method, path) == ("POST", f"/app/installations/{self.installation}/access_tokens"):
            end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + self.life))
            return 201, {"token": self.web.app_token, "expires_at": end, "permissions": {"contents": "read"}}
        return 404, {"message": "Not Found", "documentation_url": "https://docs.example.com"}


class Handler(http.server.BaseHTTPRequestHandler):
    github = None

    def _serve(self):
        github, path = self.github, self.path
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        github.seen.append(f"{self.command} {path}")
        kind, _, jwt = self.headers.get("Authorization", "").partition(" ")
        wrong = "no bearer token" if kind != "Bearer" else github.problem(jwt)
        if github.broken:
            status, body = github.broken
        elif wrong:
            status, body = 401, {"message": wrong}
        elif not path.startswith(github.base + "/"):
            status, body = 404, {"message": "Not Found"}
        else:
            status, body = github.answer(self.command, path[len(github.base):])
        raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    do_GET = do_POST = _serve

    def log_message(self, *args):
        pass


def _unbase64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
