"""Random values.yaml: names whose types snippets may count on, and whatever YAML can say."""
from hdiff import words
from kdiff.text import BLOCKS, DEEP, QUIRKS, scalar

NAMES = {
    "s": ["s1", "s2", "text", "name"], "i": ["i1", "i2", "replicas"], "n": ["f1", "f2", "port"], "b": ["on1", "off1"], "l": ["l1", "l2", "names", "items"],
    "d": ["d1", "d2", "labels", "nested", "global"], "a": ["q1", "q2", "q3", "nil1", "blk"],
}
SCALARS = [q for q in QUIRKS if q not in ("-", "&anch x", '"\\0"')] # our errors are C strings: no NUL
TABLES = [d for d in DEEP if not d.startswith(("\n  - ", "\n  ? "))]
ALL = [name for names in NAMES.values() for name in names]


def _list(rng):
    draw = rng.random()
    if draw < 0.1:
        return "[]"
    if draw < 0.5:
        return "[" + ", ".join(scalar(rng, rng.choice(["a", "b", "c", "foo", "x y"])) for _ in range(rng.randint(1, 4))) + "]"
    if draw < 0.7:
        return "[" + ", ".join(str(rng.choice([0, 1, 2.5, -3, 1e6, 10])) for _ in range(rng.randint(1, 4))) + "]"
    return rng.choice(["[{name: a, v: 1}, {name: b, v: 2}]", "[[1, 2], [], [x]]", "[null, '', 0, false, a]", "[a, 1, true, {k: v}, [x]]", "[é, 日本, '']"])


def _dict(rng):
    draw = rng.random()
    if draw < 0.1:
        return "{}"
    if draw < 0.4:
        return "{" + ", ".join(f"{k}: {scalar(rng, rng.choice(['x', 'y z', 1, 2.5, True, None, '']))}" for k in rng.sample(["a", "b", "s", "i", "t", "zeta"], rng.randint(1, 4))) + "}"
    if draw < 0.6:
        return rng.choice(["{a: {b: {c: deep}}, l: [1, 2], s: x}", "{a: 1, b: [x, {c: d}], n: null}", "{a1: 1, a10: 2, a2: 3, a-b: 4, a.b: 5, B: 6}", "{app.kubernetes.io/name: x, tier: back}", "{scheme: http, host: h.example, path: /p, query: 'a=b'}", "{d: {s: x, i: 3, l: [a]}, deep: {er: {est: 1}}}"])
    return rng.choice(TABLES) if rng.random() < 0.5 else "{a: " + _list(rng) + ", b: " + _list(rng) + "}"


def _value(rng, letter):
    if rng.random() < 0.03:
        letter = rng.choice("sinblda")
    if letter == "s":
        text = rng.choice(words.STRINGS + words.VERSIONS + words.DATES)
        return scalar(rng, text) if text.isprintable() and max(map(ord, text), default=0) < 0x10000 else _escaped(text)
    if letter == "i":
        return str(rng.choice([0, 1, 2, 3, 5, 80, -1, 8080]))
    if letter == "n":
        return str(rng.choice([0, 1.5, -2.25, 1e6, 1000000, 0.1, 3, 123456789, 1e21, 1e-7]))
    if letter == "b":
        return rng.choice(["true", "false", "yes", "off", "True"])
    if letter == "l":
        return _list(rng)
    if letter == "d":
        return _dict(rng)
    return str(rng.choice(SCALARS + [*BLOCKS, *DEEP, "null", "~"]))


def _escaped(text):
    return '"' + "".join(c if c.isprintable() and c not in '"\\' else f"\\U{ord(c):08x}" if ord(c) > 0xFFFF else f"\\u{ord(c):04x}" for c in text) + '"'


def make_values(rng):
    lines = []
    for letter, names in NAMES.items():
        for name in names:
            if rng.random() < 0.93:
                text = _value(rng, letter)
                lines.append(f"{name}: {text}" + ("" if text.endswith("\n") else "\n"))
    rng.shuffle(lines)
    return "".join(lines)
