"""Forward proxies on loopback: tinyproxy (HTTP, with CONNECT) and microsocks (SOCKS5), with a user name and password if wanted.

    with rig.HttpProxy(folder, "user", "secret") as proxy:
        proxy.url             # http://127.0.0.1:PORT
        proxy.log()           # what it was asked for
"""
import pathlib

from .proc import Process, free_port, port_open, wait_for

CONFIG = """
Port {port}
Listen 127.0.0.1
Allow 127.0.0.1
Timeout 60
LogFile "{log}"
LogLevel Connect
{auth}
"""


class _Forward:
    def __init__(self, folder, user="", password=""):
        self.dir = pathlib.Path(folder)
        self.user, self.password = user, password
        self.port = free_port()

    def __enter__(self):
        self.process = Process(self.name, self.argv(), self.dir / f"{self.name}-{self.port}.log")
        wait_for(lambda: (self.process.check(), port_open(self.port))[1], 10, f"{self.name} to listen", every=0.02)
        return self

    def __exit__(self, *exc):
        self.process.stop()

    @property
    def url(self):
        return f"{self.scheme}://127.0.0.1:{self.port}"


class HttpProxy(_Forward):
    name, scheme = "tinyproxy", "http"

    def argv(self):
        self.asked = self.dir / f"tinyproxy-{self.port}.asked"
        config = self.dir / f"tinyproxy-{self.port}.conf"
        auth = f"BasicAuth {self.user} {self.password}" if self.user else ""
        config.write_text(CONFIG.format(port=self.port, log=self.asked, auth=auth))
        return ["tinyproxy", "-d", "-c", config]

    def log(self):
        return self.asked.read_text()


class SocksProxy(_Forward):
    name, scheme = "microsocks", "socks5"

    def argv(self):
        auth = ["-u", self.user, "-P", self.password] if self.user else []
        return ["microsocks", "-i", "127.0.0.1", "-p", self.port, *auth]

    def log(self):
        return self.process.log()
