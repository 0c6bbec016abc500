"""Both engines as long-lived programs: a template and values in, a verdict and a text out."""
import re

from kdiff.engines import Engine

ADDRESS = re.compile(rb"0xc[0-9a-f]{9}")


class Renderer(Engine):
    def send(self, template, values):
        if not self.process or self.process.poll() is not None:
            self.start()
        try:
            self.process.stdin.write(b"%d %d\n" % (len(template), len(values)) + template + values)
            self.process.stdin.flush()
        except BrokenPipeError:
            pass


class Pair:
    """Ours and the real one, on the same snippets."""

    def __init__(self, ours, real):
        self.ours = Renderer([ours], {"TZ": "UTC"})
        self.real = Renderer([real], {"TZ": "UTC", "GOGC": "400", "GOMAXPROCS": "2", "GOMEMLIMIT": "1500MiB"})

    def render(self, template, values):
        self.ours.send(template, values)
        self.real.send(template, values)
        return self.ours.answer(), self.real.answer()

    def is_stable(self, template, values, answer):
        """Whether the real one says the same again: maps have no order there."""
        for _ in range(6):
            self.real.send(template, values)
            if self.real.answer() != answer:
                return False
        return True

    def close(self):
        self.ours.close()
        self.real.close()


def difference(ours, real):
    """None when two answers agree, else what kind of difference it is."""
    if real[0] == "dead" and ours[0] != "dead":
        return None # a stack of its own, or memory without end: ours has limits for that
    if b"slice index out of bounds" in ours[1] or b"slice bounds out of range" in ours[1]:
        return None # Go's slices have room behind their end that depends on how they came about
    if ours[0] != real[0]:
        return f"ours {ours[0]}, real {real[0]}"
    if real[0] == "fail" and real[1].startswith(b"cannot unmarshal yaml document"):
        return None # values.yaml itself: the loader's words, not the engine's
    if real[0] == "fail":
        real = real[0], real[1].replace(b"\0", b"\xc0\x80") # our messages are C strings
        if b"error parsing regexp" in real[1] and b"\xc0\x80" in real[1]:
            return None # ours show it as \x00
    if ADDRESS.sub(b"0xc", real[1]) == ADDRESS.sub(b"0xc", ours[1]):
        return None
    return "output" if real[0] == "ok" else "message"


def skeleton(answer):
    text = answer[1].decode(errors="replace").strip()
    if answer[0] == "ok":
        return ""
    return re.sub(r"\d+|<[^>]*>|\"[^\"]*\"", "*", text.rsplit(": ", 1)[-1])[:80]


def signature(ours, real):
    """What has to stay the same while a snippet is made smaller."""
    kind = difference(ours, real)
    return kind and (kind, skeleton(ours), skeleton(real))
