"""An OpenSSH server on loopback, as a normal process with its own configuration, that serves the repositories of Web.

    with rig.Ssh(folder) as ssh:
        key = ssh.key("ed25519")                      # makes a key pair and lets it in
        ssh.url(repo)                                 # ssh://USER@127.0.0.1:PORT/path/of/repo.git
        ssh.known_hosts("ed25519", hashed=True)       # the line of one of its host keys
        ssh.log()                                     # what sshd says, one line per attempt

It runs as the user that runs the tests, who is the only one who can sign in. Rejected: a server in Python, which would
have its own idea of algorithms.
"""
import getpass
import os
import pathlib
import subprocess

from .proc import Process, free_port, port_open, wait_for

HOST_KEYS = {"ed25519": ["-t", "ed25519"], "ecdsa": ["-t", "ecdsa", "-b", "256"], "rsa": ["-t", "rsa", "-b", "2048"]}
CONFIG = """
ListenAddress 127.0.0.1:{port}
{host_keys}
AuthorizedKeysFile {dir}/authorized_keys
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
MaxStartups 100
LogLevel VERBOSE
{extra}
"""


def keygen(*args):
    done = subprocess.run(["ssh-keygen", "-q", *map(str, args)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise AssertionError(f"ssh-keygen {args}: {done.stderr}")
    return done.stdout


class Ssh:
    def __init__(self, folder, host_keys=("ed25519", "ecdsa", "rsa"), extra=""):
        self.dir = pathlib.Path(folder) / "sshd"
        self.host_keys, self.extra = host_keys, extra
        self.user = getpass.getuser()

    def start(self):
        self.dir.mkdir(parents=True)
        self.port = free_port()
        for name in self.host_keys:
            keygen(*HOST_KEYS[name], "-N", "", "-C", "", "-f", self.dir / f"host_{name}")
        (self.dir / "authorized_keys").touch()
        lines = "\n".join(f"HostKey {self.dir}/host_{name}" for name in self.host_keys)
        (self.dir / "config").write_text(CONFIG.format(port=self.port, host_keys=lines, dir=self.dir, extra=self.extra))
        if os.getuid() == 0:
            os.makedirs("/run/sshd", mode=0o755, exist_ok=True)  # where it gives up its rights
        self.process = Process("sshd", ["/usr/sbin/sshd", "-D", "-e", "-f", self.dir / "config"], self.dir / "sshd.log")
        wait_for(lambda: (self.process.check(), port_open(self.port))[1], 10, "sshd to listen", every=0.02)
        return self

    def stop(self):
        self.process.stop()

    def __enter__(self):
        return self.start()

    def __exit__(self, *exc):
        self.stop()

    def log(self):
        return self.process.log()

    def url(self, repo, user=None):
        return f"ssh://{self.user if user is None else user}@127.0.0.1:{self.port}{repo.path}".replace("//@", "//", 1)

    def key(self, name, *options, passphrase="", allowed=True, kind=None):
        """The text of a private key; ssh-keygen's options beside its type's: ("-m", "PEM")."""
        path = self.dir / f"user_{name}"
        if not path.exists():
            keygen(*HOST_KEYS[kind or name], *options, "-N", passphrase, "-C", "", "-f", path)
            if allowed:
                with open(self.dir / "authorized_keys", "a") as keys:
                    keys.write(path.with_suffix(".pub").read_text())
        return path.read_text()

    def fingerprint(self, name):
        """SHA256:... of a host key."""
        return keygen("-l", "-f", self.dir / f"host_{name}.pub").split()[1]

    def known_hosts(self, *names, host=None, hashed=False):
        """known_hosts lines of the host keys of these names (none: all)."""
        text = ""
        for name in names or self.host_keys:
            kind, key = (self.dir / f"host_{name}.pub").read_text().split()[:2]
            text += f"{host or f'[127.0.0.1]:{self.port}'} {kind} {key}\n"
        if not hashed:
            return text
        path = self.dir / "hashed"
        path.write_text(text)
        keygen("-H", "-f", path)
        return path.read_text()
