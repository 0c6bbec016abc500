"""A small HTTP(S) service on loopback for stand-ins of what cannot be had here: clouds, GitHub's API.

A subclass answers requests: `answer(request)` returns (status, body) or (status, body, headers), where the body is bytes,
text or a document. Runs in the test's process, on threads. With a certificate it speaks TLS.
"""
import http.server
import json
import ssl
import threading
import urllib.parse
from typing import NamedTuple


class Request(NamedTuple):
    method: str
    target: str      # path and query, as sent
    headers: object  # of http.client: any case
    body: str        # as Latin-1: one character a byte

    @property
    def path(self):
        return self.target.partition("?")[0]

    @property
    def query(self):
        return dict(urllib.parse.parse_qsl(self.target.partition("?")[2], keep_blank_values=True))

    @property
    def form(self):
        return dict(urllib.parse.parse_qsl(self.body))

    @property
    def host(self):
        return self.headers.get("Host", "")

    @property
    def bearer(self):
        kind, _, token = self.headers.get("Authorization", "").partition(" ")
        return token if kind == "Bearer" else None


class Service:
    broken = None  # (status, body) in place of every answer

    def __init__(self, certificate=None):
        self.certificate = certificate  # (crt, key); None: plain HTTP

    def __enter__(self):
        handler = type("Handler", (_Handler,), {"service": self})
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        if self.certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self.certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *exc):
        self.server.shutdown()
        self.server.server_close()

    @property
    def port(self):
        return self.server.server_port

    @property
    def url(self):
        return f"{'https' if self.certificate else 'http'}://127.0.0.1:{self.port}"

    def answer(self, request):
        raise NotImplementedError


class _Handler(http.server.BaseHTTPRequestHandler):
    service = None

    def _serve(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode("latin-1")
        status, said, *headers = self.service.broken or self.service.answer(Request(self.command, self.path, self.headers, body))
        raw = said if isinstance(said, bytes) else (said if isinstance(said, str) else json.dumps(said)).encode()
        self.send_response(status)
        for name, value in dict(*headers).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    do_GET = do_POST = do_PUT = _serve

    def do_CONNECT(self):
        self.service.connect(self)

    def log_message(self, *args):
        pass
