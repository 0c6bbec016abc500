"""Made-up certificates: a CA of our own, server and client certificates signed by it. EC P-256, 30 days long.

Made with the openssl program at run time, so that nothing secret or expiring is ever committed.
"""
import pathlib
import subprocess


def openssl(*args):
    done = subprocess.run(["openssl", *map(str, args)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise AssertionError(f"openssl {' '.join(map(str, args))}: {done.stderr.strip()}")
    return done.stdout


class Authority:
    """A certificate authority in a folder: ca.crt, and NAME.crt + NAME.key of what it issued."""

    def __init__(self, folder, name="gotk test CA"):
        self.dir = pathlib.Path(folder)
        self.dir.mkdir(parents=True, exist_ok=True)
        self.crt, self.key = self.dir / "ca.crt", self.dir / "ca.key"
        if not self.crt.exists():
            openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30",
                    "-subj", f"/CN={name}", "-keyout", self.key, "-out", self.crt,
                    "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def issue(self, name, usage="serverAuth", san="IP:127.0.0.1,DNS:localhost"):
        """Issues (once) a certificate; returns the paths of certificate and key."""
        crt, key, csr, ext = (self.dir / f"{name}.{end}" for end in ("crt", "key", "csr", "ext"))
        if not crt.exists():
            openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-subj", f"/CN={name}", "-keyout", key, "-out", csr)
            ext.write_text(f"extendedKeyUsage={usage}\nsubjectAltName={san}\n")
            openssl("x509", "-req", "-in", csr, "-CA", self.crt, "-CAkey", self.key, "-days", "30",
                    "-extfile", ext, "-out", crt)
        return crt, key
