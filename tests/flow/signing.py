"""Signed commits and tags made by the real git, gpg and ssh-keygen, and the public keys to verify them with."""
import os
import pathlib
import subprocess

from rig.web import git


def run(*argv, env=None):
    done = subprocess.run([str(a) for a in argv], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", **(env or {})})
    if done.returncode:
        raise AssertionError(f"{argv[0]}: {done.stderr.strip()}")
    return done.stdout


class Signer:
    """One key: .public (a Secret's value), .id (what status shows), .env and .config for git."""

    env = {}

    def commit(self, repo, files, message="change", branch="main"):
        """Commits as Repo.commit does, signed."""
        plain = repo.commit(files, message, branch)
        parents = [word for p in repo.git("log", "-1", "--format=%P", plain).split() for word in ("-p", p)]
        sha = git("--git-dir", repo.path, *self.config, "commit-tree", "-S", *parents, "-m", message, f"{plain}^{{tree}}",
                  env=self.env).strip()
        repo.git("update-ref", f"refs/heads/{branch}", sha)
        return sha

    def tag(self, repo, name, at="main"):
        """A signed tag; returns the tag object's id."""
        git("--git-dir", repo.path, *self.config, "tag", "-s", "-m", f"release {name}", name, at, env=self.env)
        return repo.git("rev-parse", f"refs/tags/{name}").strip()


class Pgp(Signer):
    """A gpg key in a key ring of its own. algo: ed25519, rsa2048, nistp256."""

    def __init__(self, folder, algo="ed25519", expires="never", subkey=False):
        self.home = pathlib.Path(folder)
        self.home.mkdir(mode=0o700)
        self.env = {"GNUPGHOME": str(self.home)}
        self.gpg("--quick-generate-key", "rig <rig@example.com>", algo, "cert" if subkey else "sign", expires)
        listing = self.gpg("--list-keys", "--with-colons").splitlines()
        fingerprint = next(line.split(":")[9] for line in listing if line.startswith("fpr:"))
        if subkey:
            self.gpg("--quick-add-key", fingerprint, algo, "sign", "never")
        self.id = fingerprint[-16:]
        self.public = self.gpg("--armor", "--export", fingerprint)
        self.config = ("-c", f"user.signingkey={fingerprint}")

    def gpg(self, *args):
        return run("gpg", "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", "", *args, env=self.env)

    def close(self):
        run("gpgconf", "--kill", "all", env=self.env)


class Ssh(Signer):
    """A key pair of ssh-keygen. kind: ed25519, ecdsa, rsa."""

    def __init__(self, folder, kind="ed25519", bits=None):
        self.key = pathlib.Path(folder)
        run("ssh-keygen", "-q", "-t", kind, *(("-b", bits) if bits else ()), "-N", "", "-C", "rig", "-f", self.key)
        self.public = self.key.with_name(self.key.name + ".pub").read_text()
        self.id = run("ssh-keygen", "-l", "-f", self.key).split()[1]
        self.config = ("-c", "gpg.format=ssh", "-c", f"user.signingkey={self.key}")

    def close(self):
        pass
