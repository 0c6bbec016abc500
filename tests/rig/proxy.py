"""A TCP proxy on loopback between a program and a server, which can be slow, hang or cut connections.

    with rig.Proxy(cp.port) as slow:
        private.kustomize(env={"KUBECONFIG": cp.kubeconfig("kustomize-controller", path=..., port=slow.port)})
        slow.delay = 1.5      # from now on every chunk towards the server waits so long
        slow.hold()           # nothing passes, connections stay (a partition); release() ends it
        slow.hold_after = 1000000   # the same, by itself, once the server has sent so much
        slow.cut()            # connections end; new ones are made as before

One thread per direction and connection: tests have a handful. Bytes are passed on as they are, so that TLS stays that of
the two ends. Rejected: tc/netem (needs rights, and slows every test on the machine).
"""
import contextlib
import socket
import threading
import time

CHUNK = 65536


class Proxy:
    def __init__(self, target_port):
        self.target, self.delay = target_port, 0.0
        self.hold_after = None  # bytes from the server after which nothing passes any more
        self.open_gate = threading.Event()
        self.open_gate.set()
        self.lock = threading.Lock()
        self.pairs = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def hold(self):
        self.open_gate.clear()

    def release(self):
        self.open_gate.set()

    def cut(self):
        with self.lock:
            pairs, self.pairs = self.pairs, []
        for ends in pairs:
            for end in ends:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        try:
            server = socket.create_connection(("127.0.0.1", self.target), timeout=5)
        except OSError:
            client.close()
            return
        server.settimeout(None)
        with self.lock:
            self.pairs.append((client, server))
        back = threading.Thread(target=self._pass, args=(server, client, False), daemon=True)
        back.start()
        self._pass(client, server, True)
        back.join()
        client.close()
        server.close()

    def _pass(self, source, to, delayed):
        with contextlib.suppress(OSError):
            while True:
                data = source.recv(CHUNK)
                if not delayed and self.hold_after is not None:
                    self.hold_after -= len(data)
                    if self.hold_after < 0:
                        self.hold_after = None
                        self.hold()
                self.open_gate.wait()
                if delayed and self.delay:
                    time.sleep(self.delay)
                if not data:
                    break
                to.sendall(data)
        with contextlib.suppress(OSError):
            to.shutdown(socket.SHUT_WR)

    def close(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.release()
        self.cut()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()
