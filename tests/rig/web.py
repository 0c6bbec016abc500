"""One nginx on loopback, plain and TLS: Git over smart HTTP (fcgiwrap + git-http-backend) and static files.

    /git/NAME.git       anyone                        /files/PATH      files under Web.files
    /basic/NAME.git     user "git", Web.password      /slow/PATH       the same at 2 KiB per second
                        or x-access-token, Web.app_token
    /bearer/NAME.git    Web.token                     /redirect/...    301 to the rest of the path
    mtls_url/git/...    needs client.crt of the CA    /status/CODE     that code (429 and 503 with Retry-After: 1)

Every repository is behind every door, so nothing is reloaded during a run. Commits go straight into the bare
repository with one `git fast-import` each: no work tree, safe from several test workers at once. The access log is
JSON lines; requests() is how a test counts what a client asked for. Web is the owner or attached (from_state), as
ControlPlane. Rejected: a server in Python (one more program to trust, slow at packs) and pushing over HTTP in tests
(the demo does it).
"""
import json
import os
import pathlib
import subprocess
import time
from typing import NamedTuple

from .pki import Authority, openssl
from .proc import Server, free_port, port_open, wait_for

# Each fcgiwrap serves one request at a time. Not `fcgiwrap -c N`: the children it forks outlive it.
BACKENDS = 6
CODES = (400, 401, 403, 404, 410, 429, 500, 502, 503)
CONFIG = """
{user}
daemon off; worker_processes 1; pid {dir}/nginx.pid; error_log {dir}/nginx-error.log warn;
events {{ worker_connections 1024; }}
http {{
    client_body_temp_path {dir}/tmp/body; fastcgi_temp_path {dir}/tmp/fcgi; proxy_temp_path {dir}/tmp/proxy;
    uwsgi_temp_path {dir}/tmp/uwsgi; scgi_temp_path {dir}/tmp/scgi;
    log_format json escape=json '{{"time":$msec,"port":$server_port,"tls":"$https","method":"$request_method",'
        '"uri":"$request_uri","status":$status,"sent":$body_bytes_sent,"protocol":"$server_protocol",'
        '"auth":"$http_authorization","agent":"$http_user_agent"}}';
    access_log {dir}/access.log json;
    client_max_body_size 0; absolute_redirect off; default_type text/plain; keepalive_timeout 30s;
    fastcgi_read_timeout 120s;
    upstream backend {{ least_conn; {backends} }}
    ssl_certificate {crt}; ssl_certificate_key {key};
    server {{ listen {host}:{http}; include {dir}/locations.conf; }}
    server {{ listen {host}:{https} ssl http2; include {dir}/locations.conf; }}
    server {{ listen {host}:{mtls} ssl; ssl_verify_client on; ssl_client_certificate {ca};
        include {dir}/locations.conf; }}
}}
"""
BACKEND = """
        client_body_buffer_size 1m;
        fastcgi_pass backend;
        fastcgi_param SCRIPT_FILENAME {backend};
        fastcgi_param GIT_PROJECT_ROOT {dir}/git;
        fastcgi_param GIT_HTTP_EXPORT_ALL 1;
        fastcgi_param PATH_INFO $1;
        fastcgi_param REQUEST_METHOD $request_method;
        fastcgi_param QUERY_STRING $query_string;
        fastcgi_param CONTENT_TYPE $content_type;
        fastcgi_param CONTENT_LENGTH $content_length;
        fastcgi_param GIT_PROTOCOL $http_git_protocol;
        fastcgi_param REMOTE_USER $remote_user;
        fastcgi_param REMOTE_ADDR $remote_addr;
"""
LOCATIONS = """
    location ~ ^/git(/.*)$ {{ {backend_git} }}
    location ~ ^/basic(/.*)$ {{ auth_basic "git"; auth_basic_user_file {dir}/htpasswd; {backend_git} }}
    location ~ ^/bearer(/.*)$ {{
        if ($http_authorization != "Bearer {token}") {{ return 401 "a bearer token is needed\\n"; }}
        {backend_git}
    }}
    location /files/ {{ alias {dir}/files/; }}
    location /slow/ {{ alias {dir}/files/; limit_rate 2k; }}
    location ~ ^/redirect(/.*)$ {{ return 301 $1$is_args$args; }}
"""
STATUS = '    location = /status/{code} {{ {retry} return {code} "made up: {code}\\n"; }}\n'


class Link(NamedTuple):
    """A symbolic link to commit: {"app/link.yaml": Link("../other.yaml")}."""
    target: str


class Web(Server):
    """The server, its certificates (ca, ca_bundle) and its repositories."""

    def __init__(self, folder, detach=False, host="127.0.0.1", name=None):
        """host: the address to listen on; name: what URLs call it, where a name server knows that name."""
        super().__init__(pathlib.Path(folder) / "web", detach)
        self.host, self.name = host, name or host

    # --- the owner's side -------------------------------------------------------------------------------------

    def start(self):
        for name in ("git", "files", "tmp"):
            (self.dir / name).mkdir(parents=True)
        self.ports = {name: free_port() for name in ("http", "https", "mtls")}
        self.password, self.token, self.app_token = os.urandom(9).hex(), os.urandom(12).hex(), os.urandom(12).hex()
        self._certificates()
        self._config()
        for number in range(BACKENDS):
            self.spawn(f"fcgiwrap-{number}", "fcgiwrap", "-f", "-s", f"unix:{self.dir}/fcgi{number}.sock")
        nginx = self.spawn("nginx", "/usr/sbin/nginx", "-p", self.dir, "-e", self.dir / "nginx-error.log",
                           "-c", self.dir / "nginx.conf")
        for port in self.ports.values():
            wait_for(lambda: (nginx.check(), port_open(port, self.host))[1], 20, f"nginx to listen; {nginx.log_path}",
                     every=0.02)
        return self

    def _certificates(self):
        ca = Authority(self.dir / "pki")
        ca.issue("server", san=f"IP:{self.host},DNS:localhost,DNS:{self.name}")
        ca.issue("client", usage="clientAuth", san="DNS:client")
        Authority(self.dir / "pki-other", "gotk other CA").issue("client", usage="clientAuth", san="DNS:client")

    def _config(self):
        users = {"git": self.password, "x-access-token": self.app_token}
        (self.dir / "htpasswd").write_text("".join(f"{u}:" + openssl("passwd", "-apr1", p) for u, p in users.items()))
        backend = BACKEND.format(dir=self.dir, backend=git("--exec-path").strip() + "/git-http-backend")
        locations = LOCATIONS.format(dir=self.dir, token=self.token, backend_git=backend)
        for code in CODES:
            retry = "add_header Retry-After 1 always;" if code in (429, 503) else ""
            locations += STATUS.format(code=code, retry=retry)
        (self.dir / "locations.conf").write_text(locations)
        crt, key = self.pki / "server.crt", self.pki / "server.key"
        backends = " ".join(f"server unix:{self.dir}/fcgi{number}.sock;" for number in range(BACKENDS))
        user = "user root;" if os.getuid() == 0 else ""
        (self.dir / "nginx.conf").write_text(CONFIG.format(dir=self.dir, user=user, crt=crt, key=key, ca=self.ca_bundle,
                                                           backends=backends, host=self.host, **self.ports))

    # --- what every user of it needs --------------------------------------------------------------------------

    def state(self):
        return {"dir": str(self.dir), "host": self.host, "name": self.name, "ports": self.ports,
                "password": self.password, "token": self.token,
                "app_token": self.app_token}

    @classmethod
    def from_state(cls, state):
        web = cls(pathlib.Path(state["dir"]).parent, host=state["host"], name=state["name"])
        web.ports, web.password, web.token = state["ports"], state["password"], state["token"]
        web.app_token = state["app_token"]
        return web

    @property
    def pki(self):
        return self.dir / "pki"

    @property
    def ca_bundle(self):
        """Path of the made-up CA's certificate: a controller trusts it by SSL_CERT_FILE or a Secret's ca.crt."""
        return self.pki / "ca.crt"

    @property
    def http_url(self):
        return f"http://{self.name}:{self.ports['http']}"

    @property
    def https_url(self):
        return f"https://{self.name}:{self.ports['https']}"

    @property
    def mtls_url(self):
        return f"https://{self.name}:{self.ports['mtls']}"

    def pem(self, name, authority="pki"):
        """Text of ca.crt, server.crt, client.crt, client.key (authority="pki-other": a CA nobody trusts)."""
        return (self.dir / authority / name).read_text()

    def repo(self, name):
        """A bare repository of that name; made when missing."""
        return Repo(self, name)

    def file(self, path, content):
        """Puts a static file in place (atomically) and returns its https URL."""
        target = self.dir / "files" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = target.with_name(f".{target.name}.{os.getpid()}")
        fresh.write_bytes(content.encode() if isinstance(content, str) else content)
        fresh.rename(target)
        return f"{self.https_url}/files/{path}"

    def mark(self):
        """The access log's present end: pass it to requests() to see only what comes after."""
        return (self.dir / "access.log").stat().st_size

    def requests(self, since=0, contains="", settle=0.1):
        """Finished requests after a mark whose URI contains a text: dicts with method, uri, status, auth, ..."""
        time.sleep(settle)  # the log line follows the answer
        with open(self.dir / "access.log", "rb") as log:
            log.seek(since)
            lines = [json.loads(line) for line in log if line.endswith(b"\n")]
        return [line for line in lines if contains in line["uri"]]


def git(*args, stdin=None, env=None):
    """Runs git and returns its stdout; raises with its stderr."""
    clean = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0",
             "GIT_AUTHOR_NAME": "rig", "GIT_AUTHOR_EMAIL": "rig@example.com",
             "GIT_COMMITTER_NAME": "rig", "GIT_COMMITTER_EMAIL": "rig@example.com", **(env or {})}
    done = subprocess.run(["git", *map(str, args)], input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=clean)
    if done.returncode:
        raise AssertionError(f"git {' '.join(map(str, args))}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout.decode()


class Repo:
    """A repository on the server. URLs: url (https), http_url, basic_url, bearer_url, mtls_url."""

    def __init__(self, web, name):
        self.web, self.name = web, name
        self.path = web.dir / "git" / f"{name}.git"
        if not self.path.exists():
            git("init", "-q", "--bare", "-b", "main", self.path)
        tail = f"/{name}.git"
        self.url, self.http_url = f"{web.https_url}/git{tail}", f"{web.http_url}/git{tail}"
        self.basic_url, self.bearer_url = f"{web.https_url}/basic{tail}", f"{web.https_url}/bearer{tail}"
        self.mtls_url = f"{web.mtls_url}/git{tail}"

    def git(self, *args, stdin=None):
        return git("--git-dir", self.path, *args, stdin=stdin)

    def commit(self, files, message="change", branch="main", parent=None):
        """Commits {path: str | bytes | Link | None (delete)} on a branch and returns the commit's id.

        parent: an id to start from instead of the branch's head (what a force push does); "" for none.
        """
        if parent is None:
            parent = self.head(branch) or ""
        stream = [f"commit refs/heads/{branch}\nmark :1\ncommitter rig <rig@example.com> {int(time.time())} +0000\n".encode(),
                  _data(message)]
        if parent:
            stream.append(f"from {parent}\n".encode())
        for path, content in files.items():
            if content is None:
                stream.append(f"D {path}\n".encode())
            elif isinstance(content, Link):
                stream.append(f"M 120000 inline {path}\n".encode() + _data(content.target))
            else:
                stream.append(f"M 100644 inline {path}\n".encode() + _data(content))
        stream.append(b"get-mark :1\n")
        return self.git("fast-import", "--quiet", "--force", stdin=b"".join(stream)).strip()

    def commit_tree(self, folder, message="change", branch="main"):
        """Commits all files of a local folder, keeping what else the branch has."""
        root = pathlib.Path(folder)
        return self.commit({str(p.relative_to(root)): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()},
                           message, branch)

    def head(self, ref="main"):
        """The commit a branch or tag stands at, or None."""
        return self.git("for-each-ref", "--format=%(if)%(*objectname)%(then)%(*objectname)%(else)%(objectname)%(end)",
                        f"refs/heads/{ref}", f"refs/tags/{ref}").strip() or None

    def branch(self, name, at="main"):
        self.git("branch", "-f", name, at)

    def tag(self, name, at="main", message=None):
        """A tag, annotated when a message is given."""
        self.git("tag", "-f", *(("-a", "-m", message) if message else ()), name, at)

    def delete(self, ref):
        """Deletes a ref by its full name, like refs/tags/v1."""
        self.git("update-ref", "-d", ref)

    def requests(self, since=0, service=""):
        """Requests for this repository after a mark; service: info/refs or git-upload-pack."""
        return [r for r in self.web.requests(since, f"/{self.name}.git/") if f".git/{service}" in r["uri"]]


def _data(content):
    raw = content.encode() if isinstance(content, str) else content
    return b"data %d\n" % len(raw) + raw + b"\n"
