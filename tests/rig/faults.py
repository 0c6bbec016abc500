"""A proxy that fails chosen requests, in front of a real server: the API server, the Git server, the artifact server.

    with rig.FaultProxy(cp.port, server=cp.ca_file, certificate=(crt, key)) as proxy:   # TLS ends here and begins again
        rule = proxy.fail("429", "PATCH", r"/namespaces/app/.*/status", nth=2)
        ...
        assert rule.fired                 # the second such request got 429, with Retry-After: 1
        proxy.seen                        # every request: Seen(method, path, status or the fault's name)

FAULTS says what there is. All but these go through to the server, byte by byte, and its answers come back as they are, so
watches stream. HTTP/1.1 only: curl falls back to it. One thread per connection. Rejected: a server of our own that acts
like the API server (a fake agrees with whoever wrote it), and mitmproxy (a large dependency for 200 lines).
"""
import contextlib
import json
import queue
import re
import socket
import ssl
import threading
import time
from typing import NamedTuple

DELAY = 1.5
CHUNK = 65536
REASONS = {409: ("Conflict", "Conflict"), 410: ("Gone", "Expired"), 429: ("Too Many Requests", "TooManyRequests"),
           500: ("Internal Server Error", "InternalError"), 503: ("Service Unavailable", "ServiceUnavailable")}


class Seen(NamedTuple):
    """One request: its method, its path with the query, and what came of it (a status or a fault's name)."""
    method: str
    path: str
    outcome: object


class Rule:
    """The nth request (and the `times - 1` after it) whose method and path match is failed."""

    def __init__(self, fault, method, path, nth, times, action):
        self.fault, self.method, self.path = fault, method, re.compile(path)
        self.first, self.last, self.action, self.count = nth, nth + times - 1, action, 0
        self.fired = False

    def takes(self, method, path):
        if (self.method and self.method != method) or not self.path.search(path):
            return False
        self.count += 1
        taken = self.first <= self.count <= self.last
        self.fired = self.fired or taken
        return taken


class Cut(Exception):
    """The connection to the client ends here, without another word."""


class Message(NamedTuple):
    """A request or an answer: its first line, its head as it came, its headers in lower case."""
    line: list
    head: bytes
    headers: dict

    def without(self, *names):
        """The head without some headers."""
        lines = self.head.split(b"\r\n")
        return b"\r\n".join(l for l in lines if l.split(b":")[0].lower().decode("latin-1") not in names)


def read_message(file):
    """The next message's head; None at the end of the connection."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = file.readline(CHUNK)
        if not line:
            return None
        head += line
    lines = head.decode("latin-1").split("\r\n")
    headers = {k.strip().lower(): v.strip() for k, _, v in (l.partition(":") for l in lines[1:] if l)}
    return Message(lines[0].split(" ", 2), head, headers)


def read_body(file, headers, until_end):
    """Yields the body's pieces exactly as they came; a chunk is one piece."""
    if headers.get("transfer-encoding", "").lower() == "chunked":
        while True:
            size = file.readline(CHUNK)
            length = int(size.split(b";")[0] or b"0", 16)
            yield size + file.read(length + 2)
            if length == 0:
                return
    elif "content-length" in headers:
        left = int(headers["content-length"])
        while left > 0:
            piece = file.read(min(left, CHUNK))
            if not piece:
                raise Cut
            left -= len(piece)
            yield piece
    elif until_end:
        while piece := file.read1(CHUNK):
            yield piece


class Exchange:
    """One request on its way, for the fault that takes it."""

    def __init__(self, proxy, connection, request, body):
        self.proxy, self.connection, self.request, self.body = proxy, connection, request, body

    def send(self, data):
        self.connection.client.sendall(data)

    def answer(self, code):
        """An answer of our own; the API server's are Status objects."""
        phrase, reason = REASONS[code]
        status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": code, "reason": reason,
                  "message": f"made up by the fault proxy: {code}", "details": {"retryAfterSeconds": 1} if code == 429 else {}}
        body = json.dumps(status).encode() if self.proxy.api else f"made up by the fault proxy: {code}\n".encode()
        kind = "application/json" if self.proxy.api else "text/plain"
        retry = "Retry-After: 1\r\n" if code == 429 else ""
        self.send(f"HTTP/1.1 {code} {phrase}\r\nContent-Type: {kind}\r\n{retry}Content-Length: {len(body)}\r\n\r\n"
                  .encode() + body)
        return code

    def ask(self):
        """Sends the request on and returns the answer's head."""
        return self.connection.ask(self.request, self.body)

    def pieces(self, answer):
        code = int(answer.line[1])
        if self.request.line[0] == "HEAD" or code in (204, 304) or code < 200:
            return iter(())
        return read_body(self.connection.from_server, answer.headers, True)

    def pass_on(self):
        answer = self.ask()
        self.send(answer.head)
        for piece in self.pieces(answer):
            self.send(piece)
        return int(answer.line[1])


def delay(exchange, rule):
    time.sleep(DELAY)
    return exchange.pass_on()


def cut(exchange, rule):
    raise Cut


def lose(exchange, rule):
    for _ in exchange.pieces(exchange.ask()):
        pass
    if rule.action:
        rule.action()
    raise Cut


def halve(exchange, rule):
    answer = exchange.ask()
    if exchange.request.line[1].find("watch=true") >= 0:
        exchange.send(answer.head)
        for piece in exchange.pieces(answer):
            exchange.send(piece[:len(piece) // 2])
            raise Cut
    body = b"".join(exchange.pieces(answer))
    exchange.send(answer.head + body[:len(body) // 2])
    raise Cut


def expire(exchange, rule):
    """A watch that works for one event and then says that its version is too old."""
    answer = exchange.ask()
    exchange.send(answer.head)
    for piece in exchange.pieces(answer):
        exchange.send(piece)
        break
    status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Expired", "code": 410,
              "message": "too old resource version: made up by the fault proxy"}
    line = json.dumps({"type": "ERROR", "object": status}).encode() + b"\n"
    exchange.send(b"%x\r\n%s\r\n0\r\n\r\n" % (len(line), line))
    raise Cut


def lag(exchange, rule):
    answer, late = exchange.ask(), queue.SimpleQueue()
    exchange.send(answer.head)

    def collect():
        with contextlib.suppress(OSError, Cut, ValueError):
            for piece in exchange.pieces(answer):
                late.put((time.monotonic() + DELAY, piece))
        late.put(None)
    threading.Thread(target=collect, daemon=True).start()
    while entry := late.get():
        time.sleep(max(0, entry[0] - time.monotonic()))
        exchange.send(entry[1])
    raise Cut


def code(number):
    return lambda exchange, rule: exchange.answer(number)


FAULTS = {
    "delay": delay,      # the request waits DELAY seconds before it reaches the server
    "cut": cut,          # the connection ends, the server never hears of it
    "lost": lose,        # the server acts, its answer is lost
    "half": halve,       # half of the answer's body comes, then the connection ends
    "expired": expire,   # (watches) an ERROR event with 410 follows the first event
    "lag": lag,          # (watches) each event comes DELAY seconds late
    **{str(number): code(number) for number in REASONS},
}


class Connection:
    """A client's connection and its counterpart towards the server."""

    def __init__(self, proxy, client):
        self.proxy, self.client = proxy, client
        self.server = self.from_server = None

    def _connect(self):
        self._leave()
        plain = socket.create_connection(("127.0.0.1", self.proxy.target), timeout=10)
        plain.settimeout(None)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.server = self.proxy.onward.wrap_socket(plain, server_hostname="127.0.0.1") if self.proxy.onward else plain
        self.from_server = self.server.makefile("rb")

    def _leave(self):
        with contextlib.suppress(OSError):
            if self.server:
                self.from_server.close()
                self.server.close()
        self.server = None

    def ask(self, request, body):
        """Sends a request on; a kept connection that the server has closed meanwhile is renewed once."""
        data = request.without("expect") + body
        for fresh in ((False, True) if self.server else (True,)):
            if fresh:
                self._connect()
            with contextlib.suppress(OSError):
                self.server.sendall(data)
                answer = read_message(self.from_server)
                while answer and answer.line[1] == "100":
                    answer = read_message(self.from_server)
                if answer:
                    return answer
        raise Cut

    def serve(self):
        from_client = self.client.makefile("rb")
        while request := read_message(from_client):
            if request.headers.get("expect"):
                self.client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            body = b"".join(read_body(from_client, request.headers, False))
            self.proxy.handle(Exchange(self.proxy, self, request, body))

    def close(self):
        self._leave()
        with contextlib.suppress(OSError):
            self.client.shutdown(socket.SHUT_RDWR)
        self.client.close()


class FaultProxy:
    """server: the CA file of a server that speaks TLS; certificate: (crt, key) to speak TLS with clients."""

    def __init__(self, target_port, server=None, certificate=None):
        self.target, self.api = target_port, server is not None
        self.onward = ssl.create_default_context(cafile=str(server)) if server else None
        self.inward = None
        if certificate:
            self.inward = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.inward.load_cert_chain(*map(str, certificate))
        self.lock, self.rules, self.seen, self.connections = threading.Lock(), [], [], set()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def fail(self, fault, method, path, nth=1, times=1, action=None):
        """Makes a rule. action (with "lost") is called when the server has answered."""
        rule = Rule(fault, method, path, nth, times, action)
        with self.lock:
            self.rules.append(rule)
        return rule

    def forget(self, rule):
        with self.lock:
            self.rules.remove(rule)

    def requests(self, contains=""):
        """What was asked so far by paths that contain a text."""
        with self.lock:
            return [seen for seen in self.seen if contains in seen.path]

    def handle(self, exchange):
        method, path = exchange.request.line[:2]
        with self.lock:
            rule = next((r for r in self.rules if r.takes(method, path)), None)
            place = len(self.seen)
            self.seen.append(Seen(method, path, rule.fault if rule else None))
        outcome = FAULTS[rule.fault](exchange, rule) if rule else exchange.pass_on()
        if not rule:
            with self.lock:
                self.seen[place] = Seen(method, path, outcome)

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, plain):
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = None
        try:
            client = self.inward.wrap_socket(plain, server_side=True) if self.inward else plain
            connection = Connection(self, client)
            with self.lock:
                self.connections.add(connection)
            connection.serve()
        except (OSError, Cut, ValueError):
            pass  # either end is gone: the other is told by the end of its connection
        finally:
            (connection or plain).close()
            with self.lock:
                self.connections.discard(connection)

    def cut(self):
        """Ends all connections; new ones are made as before."""
        with self.lock:
            left = list(self.connections)
        for end in [e for c in left for e in (c.client, c.server) if e]:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.cut()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()
