"""Values to YAML text, in as many ways as YAML has to write the same thing, and some that mean something else.

A value is a dict, list, str, int, float, bool or None; Raw is a scalar that is written as it stands, Block a text of
several lines that is put below its key. How something is written is drawn from the tree's own random numbers.
"""
import json
import re


class Raw(str):
    """A scalar in YAML's own spelling."""


class Block(str):
    """Lines below a key."""


QUIRKS = [Raw(q) for q in (
    "yes", "'no'", "on", "y", "N", "Off", "0644", "0o17", "0x1F", "0b101", "1_000", "1.0", "1.50", "1e3", "1e21", ".5", "+1", "-0", "-1.5e-7", "0.1e-3",
    "null", "~", "Null", "''", '"5"', "2001-12-14", "2001-12-14t21:59:43.10-05:00", "2001-12-14 21:59:43.10 -5", "1:30", "190:20:30", "'# x'", "'a: b'", '"a\\tb"',
    "'-x'", "=", "<<", "'a '", "' a'", '"\\u00e9\\U0001F600"', "é😀", "12345678901234567890", "18446744073709551615", "18446744073709551616", "100000000000000000000000",
    "9007199254740993", "-9223372036854775808", "-9223372036854775809", "1e400", "true", "True", "'true'", "$(VAR)", "x-$(VAR)", "$$(VAR)", '"line1\\nline2\\n"',
    '"x\\n"', "'%x'", "'@x'", "'`x'", "a#b", "'a #b'", "'" + "long text " * 12 + "'", "long plain " * 9 + "end", "w" * 120, '"' + "x y " * 30 + '\\n"', "{}", "[]", "'{a}'", "'*x'",
    "'!x'", "'&x'", "'|'", "'>'", "'a:b'", "a:b", "'a:'", "http://x/y?a=b&c=d#e", "!!str 12", "!!str", "!!int 12", "!!float 3", "!!null ''",
    '"tab\\there"', "'multi word'", '"trailing space \\n next"', "'it''s'", '"quo\\"te"', "a'b", 'a"b', "-", "'-'", "- x".join("''"), "'? x'", "?x", "-x", ":x", "'[a'", "a]b", "a,b", "'a,b'", "x: 'y'".join('""'),
    "0.", "00", "08", "0o8", "+.5", "1.", "1e", "0x", "0xg", "1__0", "_1", "1_", "'\\n'", '"\\r\\n"', '"\\0"', '"\\a\\e"', '"\\x7f"', '"\\u2028"', '"\\ufeffx"', '"\\u00a0"', "'" + "é" * 60 + " " + "é" * 60 + "'",
    '" \\n x"', '"\\n"', '"\\n\\n"', '"a\\n\\n\\n"', '"\\n  a\\nb"', '"a \\nb"', '"\\ta\\nb"', '"#a\\nb"', '"a\\n #b\\n"', "'---'", "'...'", '"--- a"', "60:00", "1:2:3", "0:0", "'0'", "-.5", "1E5", "1e+5", "1.e5", "4.0e0", "123456789.0", "1234567890123456789012.0", "0.30000000000000004", "1.7976931348623157e308", "5e-324",
    "2001-1-1", "2001-12-14T21:59:43Z", "2001-12-14 21:59:43", "2001-13-01", "12:30:45", "TRUE", "FALSE", "NULL", "nULL", "Yes", "ON", "n", "Y", "|-x".join("''"), "a\\b", "'a\\b'", '"a\\\\b"', "%a".join("''"), "a%b", "@".join("''"), "a`b", "a!b", "a&b", "a*b", "&anch x", "a | b", "a > b",
)]

BLOCKS = [Block(b) for b in (
    "|\n  line one\n  line two\n", "|-\n  line one\n    indented\n", "|+\n  keep\n\n\n", ">\n  folded\n  text\n\n  para\n", ">-\n  a\n  b\n", ">+\n  a\n\n", "|2\n    two more\n  base\n", "|\n  {json: true}\n", "|\n  key: value\n  list:\n  - a\n",
    "|\n  with trailing \n  spaces\n", "|\n  tab\there\n", "|\n  # not a comment\n  x\n", ">\n  a\n    more\n  b\n", "|\n\n  leading blank\n", "|\n  é😀\n  x\n", "|\n  ---\n  x\n", "|\n  windows\n", "|1\n  one\n", "# comment\n  plain\n  multi\n", "\n  plain\n  multi line\n", "\n  'quoted\n  multi\n\n  line'\n",
    "\n  \"double \\\n  escaped\n  multi\"\n", "|\n  " + "very long line " * 10 + "\n  x\n", ">\n  " + "very long line " * 10 + "\n", "|\n  x\n  # c\n\n", "|-\n\n", "|\n", ">\n", "|+\n\n", "!!str |\n  tagged\n", "&blk |\n  anchored\n",
)]

# What a custom resource can hold: written as it stands below its key.
DEEP = [Block(b) for b in (
    "\n  a: &a\n    x: 1\n    y: [1, 2]\n  b: *a\n", "\n  base: &b\n    k: v\n    o: 1\n  d:\n    <<: *b\n    o: 2\n", "\n  one: &o {a: 1}\n  two: &t {b: 2, a: 3}\n  all:\n    <<: [*o, *t]\n    c: 3\n",
    "\n  l: [a, {b: c}, [d]]\n", "\n  ? key\n  : value\n", "\n  \"quoted key\": 1\n  'single': 2\n", "\n  nulls:\n  - null\n  - ~\n  -\n  - a\n", "\n  empty:\n  map: {}\n  list: []\n  str: ''\n", "\n  - a\n  - b: 1\n    c: 2\n  - - nested\n    - list\n",
    "\n  nested:\n    deep:\n      deeper:\n      - name: x\n        v: 1\n      - name: y\n", "\n  list:\n  - name: a\n    v: 1\n  - name: b\n    v: 2\n", "\n  containers:\n  - image: nginx:1\n    name: c\n  - name: noimage\n", "\n  x-y: 1\n  a.b: 2\n  A: 3\n  a10: 1\n  a9: 2\n  a_b: 3\n",
    "\n  flow: {a: 1, b: [x, y], c: {d: null}}\n", "\n  time: 2020-01-01\n  f: 1.10\n  oct: 0755\n", "\n  s: &s text\n  t: *s\n  u: [*s, *s]\n", "\n  # head\n  k: v # line\n  # foot\n", "\n  replicas: 2\n  image: nginx:1\n  template:\n    metadata:\n      labels: {a: b}\n",
    "\n  ref:\n    name: cfg\n  secretName: app\n  configMapName: cfg\n", "\n  long: " + "word " * 40 + "\n", "\n  \"1\": x\n  \"true\": y\n", "\n  é: 1\n  😀: 2\n  z: 3\n", "\n  <<: {a: 1}\n  b: 2\n", "\n  v: !!str 1\n  w: !!int \"3\"\n", "\n  m: |\n    text\n  n: >-\n    folded\n    text\n",
    "\n  - - a\n  - []\n  - {}\n", "\n  'a: b': c\n  'x #y': z\n  \"tab\\tkey\": 1\n  '': empty\n",
)]

BAD_YAML = ["a: b: c\n", "a:\n\t- b\n", "a: [1\n", "a: 'x\n", "- a\nb: c\n", "a: *none\n", "a: b\n c: d\n", "%YAML 9.9\n---\na: b\n", "a: \"\\q\"\n", "? [a]: b\n", "{a: b\n", "a: &x\n- *y\n", "key: >x\n  a\n", "a: @b\n", "a: `b\n", "\x01: a\n", "a: }\n"]

PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9_./-]*\Z")
RESERVED = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}


def scalar(rng, value):
    """One scalar as text; strings in one of the styles that can hold them."""
    if isinstance(value, Raw):
        return str(value)
    if value is None:
        return rng.choice(["null", "~"])
    if isinstance(value, (bool, int, float)):
        return json.dumps(value)
    plain = PLAIN.match(value) and value.lower() not in RESERVED
    draw = rng.random()
    if plain and draw < 0.9:
        return value
    if draw < 0.95 and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    return json.dumps(value, ensure_ascii=rng.random() < 0.5)


def flow(rng, value):
    if isinstance(value, dict):
        return "{" + ", ".join(f"{scalar(rng, k)}: {flow(rng, v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow(rng, v) for v in value) + "]"
    if isinstance(value, Raw):
        return json.dumps(str(value)) if re.search(r"[,\[\]{}:#]|^[-?]", value) else str(value)
    return scalar(rng, value)


def fits_flow(value):
    if isinstance(value, Block):
        return False
    if isinstance(value, dict):
        return all(fits_flow(v) for v in value.values()) and len(value) < 5
    if isinstance(value, list):
        return all(fits_flow(v) for v in value) and len(value) < 5
    return "\n" not in value if isinstance(value, str) else True


def lines_of(rng, value, indent):
    """The lines of a map or list at an indentation."""
    pad = " " * indent
    if isinstance(value, dict):
        for key, item in value.items():
            yield from entry(rng, pad + scalar(rng, key) + ":", item, indent, False)
        return
    for item in value:
        if isinstance(item, dict) and item and rng.random() < 0.9:
            inner = list(lines_of(rng, item, indent + 2))
            if inner[0].lstrip().startswith("#"):
                yield inner.pop(0)
            yield pad + "- " + inner[0][indent + 2:]
            yield from inner[1:]
        else:
            yield from entry(rng, pad + "-", item, indent, True)


def entry(rng, head, item, indent, in_list):
    if rng.random() < 0.004:
        yield " " * indent + "# a comment"
    if isinstance(item, Block):
        first, *rest = str(item).split("\n")[:-1] or [""]
        yield f"{head} {first}".rstrip()
        for line in rest:
            yield " " * indent + line if line else line
    elif isinstance(item, (dict, list)):
        if not item or (fits_flow(item) and rng.random() < 0.1):
            yield f"{head} {flow(rng, item)}"
        else:
            yield head
            deeper = indent + 2 if isinstance(item, dict) or in_list else indent + rng.choice([0, 0, 2])
            yield from lines_of(rng, item, deeper)
    elif isinstance(item, str) and not isinstance(item, Raw) and "\n" in item and item.strip() and item[0] not in " \n#" and rng.random() < 0.8:
        yield head + (" |" if item.endswith("\n") else " |-")
        for line in item.rstrip("\n").split("\n"):
            yield " " * (indent + 2) + line if line else line
    elif item is None and rng.random() < 0.3:
        yield head
    else:
        yield f"{head} {scalar(rng, item)}" + (" # note" if rng.random() < 0.004 else "")


def document(rng, value):
    """A document as text, now and then as JSON."""
    if rng.random() < 0.02 and json_safe(value):
        return json.dumps(value, indent=rng.choice([None, 2])) + "\n"
    return "\n".join(lines_of(rng, value, 0)) + "\n"


def json_safe(value):
    if isinstance(value, (Raw, Block)):
        return False
    if isinstance(value, dict):
        return all(json_safe(v) for v in value.values())
    return all(json_safe(v) for v in value) if isinstance(value, list) else True


def stream(rng, documents):
    """Documents as one file, with the oddities a file can have as a whole."""
    text = rng.choice(["---\n", "---\n", "--- # doc\n", "---  \n"]).join(documents) if rng.random() < 0.2 else "---\n".join(documents)
    draw = rng.random()
    if draw < 0.08:
        text = "---\n" + text
    elif draw < 0.10:
        text = "# leading\n\n" + text + "# trailing\n"
    elif draw < 0.12:
        text = text + "---\n# nothing\n---\n"
    elif draw < 0.13:
        text = text + "...\n"
    elif draw < 0.14:
        text = text.rstrip("\n")
    elif draw < 0.15:
        text = "\ufeff" + text
    elif draw < 0.18:
        text = text.replace("\n", "\r\n")
    elif draw < 0.185:
        text = "%YAML 1.1\n---\n" + text
    return text
