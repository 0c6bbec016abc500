"""The two engines as long-lived programs: a folder in, a verdict and a text out."""
import os
import re
import select
import shutil
import subprocess
import time

PATIENCE = 20

# Parts of the real one's messages that ours must contain too: what users, and tools, look for. No paths, no dumps.
FRAGMENTS = [re.compile(p) for p in (
    r"may not add resource with an already registered id", r"no matches for Id [^;'\"\\]+", r"unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory",
    r"Found multiple kustomization files under", r"json: unknown field", r"exists; can not use behavior", r"does not exist; cannot merge or replace", r"var '[^']*' already encountered",
    r"the field 'sortOptions[^']*' [a-z ]+", r"external plugins disabled; unable to load external plugin '[^']*'", r"unable to load builtin [^\s\"\\]+", r"expected kind '?!?=? ?'Component' for path", r"must specify one of patch and path",
    r"patch and path can't be set at the same time", r"illegally repeats the key `[^`]*`", r"expected key=value", r"MalformedYAMLError", r"nothing selected by", r"multiple matches for selector", r"the specified OpenAPI version is not built in",
    r"missing metadata.name in object", r"missing kind in object", r"must specify --enable-helm", r"unknown patch strategy '[^']*'", r"multiple matches for Id", r"found multiple possible referrals", r"options.index -?\d+ is out of bounds for value",
    r"unable to find (?:or create )?field", r"resource with name [^ ]* does not match a config", r"kustomization.yaml is empty", r"cycle detected", r"must have a name", r"cannot be mapped to a field in the set of known resources",
    r"cannot unmarshal \w+ into Go (?:struct field|value)", r"wrong node kind: expected \w+ but got \w+", r"json: unsupported type: map\[interface {}\]interface {}",
)]


class Engine:
    """One program; started on first use and again after it died. It may refuse a tree by ending with the exit status `refuses`."""

    def __init__(self, argv, env=None, refuses=None):
        self.argv, self.env, self.process, self.refuses = argv, {**os.environ, **(env or {})}, None, refuses

    def start(self):
        self.process = subprocess.Popen(self.argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.env)
        self.rest = b""

    def ask(self, line):
        if not self.process or self.process.poll() is not None:
            self.start()
        try:
            self.process.stdin.write(line.encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass

    def more(self, until):
        """More bytes; False when there are none, and never will be."""
        left = until - time.monotonic()
        out = self.process.stdout.fileno()
        if left <= 0 or not select.select([out], [], [], left)[0]:
            return False
        data = os.read(out, 1 << 20)
        self.rest += data
        return bool(data)

    def answer(self):
        """("ok", text), ("fail", message) or ("dead", what it wrote last)."""
        until = time.monotonic() + PATIENCE
        while b"\n" not in self.rest:
            if not self.more(until):
                return self.dead(until)
        head, self.rest = self.rest.split(b"\n", 1)
        verdict, size = head.decode().split()
        while len(self.rest) < int(size):
            if not self.more(until):
                return self.dead(until)
        text, self.rest = self.rest[:int(size)], self.rest[int(size):]
        return verdict, text

    def dead(self, until):
        late = time.monotonic() >= until
        self.process.kill()
        errors = self.process.communicate()[1]
        why = b"no answer in time" if late else b"exit status %d" % self.process.returncode
        return "fail" if not late and self.process.returncode == self.refuses else "dead", why + b"\n" + errors[-8000:]

    def close(self):
        if self.process and self.process.poll() is None:
            self.process.stdin.close()
            self.process.wait()


class Pair:
    """Ours and the real one, on the same trees."""

    def __init__(self, ours, real, folder):
        self.ours = Engine([ours])
        self.real = Engine([real], {"GOGC": "400", "GOMAXPROCS": "1", "GOMEMLIMIT": "1500MiB"}, refuses=1) # Go's log.Fatal
        self.folder = folder

    def write(self, files, root):
        shutil.rmtree(root, ignore_errors=True)
        for path, text in files.items():
            full = os.path.join(root, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "wb") as out:
                out.write(text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape"))

    def build(self, files, top):
        """Both answers for a tree."""
        root = os.path.join(self.folder, "t")
        self.write(files, root)
        os.makedirs(os.path.join(root, top), exist_ok=True)
        return self.build_folder(root, top)

    def build_folder(self, root, top):
        self.ours.ask(f"{root}\t{top}")
        self.real.ask(os.path.join(root, top))
        return self.ours.answer(), self.real.answer()

    def close(self):
        self.ours.close()
        self.real.close()


def fragment(message):
    """The last, innermost, of the known fragments in a message."""
    last = None
    for pattern in FRAGMENTS:
        for match in pattern.finditer(message):
            if not last or match.start() > last[0]:
                last = (match.start(), match.group())
    return last[1] if last else None


def difference(ours, real):
    """None when two answers agree, else what kind of difference it is."""
    if ours[0] != real[0]:
        return f"ours {ours[0]}, real {real[0]}"
    if ours[0] == "ok":
        return None if ours[1] == real[1] else "output"
    wanted = fragment(real[1].decode(errors="replace"))
    if re.search(rb"cannot decode !!str|mapping key .* already defined|invalid schema file", ours[1]): # upstream notices that only when it prints, after other errors
        return None
    return None if not wanted or wanted in ours[1].decode(errors="replace") else f"message: {wanted}"


def skeleton(answer):
    """A message without what varies: shrinking must not slide into another failure."""
    text = answer[1].decode(errors="replace")
    tail = fragment(text) or text.strip().split("\n")[0].rsplit(": ", 2)[-2:][0]
    return re.sub(r"\d+|'[^']*'|\"[^\"]*\"|/\S*", "*", tail)[:80]


def signature(ours, real):
    """What has to stay the same while a tree is made smaller."""
    kind = difference(ours, real)
    if not kind or kind == "output":
        return kind
    return (kind, skeleton(real) if real[0] == "fail" else "", skeleton(ours) if ours[0] == "fail" else "")
