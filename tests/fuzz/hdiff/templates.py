"""Random template texts from the language's grammar: actions, pipelines, definitions, white space, and slips of the pen.

An expression is drawn by the letter of the type that is wanted (functions.py); now and then another type is taken instead, so
that refusals are compared too. Everything depends on the random numbers handed in alone.
"""
from hdiff import words
from hdiff.functions import BY_RESULT, FUNCTIONS, TIME_METHODS, VERSION_METHODS, WRAPPED
from hdiff.values import ALL, NAMES

OBJECTS = [".Chart.Name", ".Chart.Version", ".Chart.AppVersion", ".Chart.Annotations", ".Chart.Keywords", ".Chart.Maintainers", ".Chart.Nope", ".Chart", ".Release", ".Release.Name", ".Release.Revision", ".Release.IsInstall", ".Template.Name", ".Template.BasePath", ".Capabilities.KubeVersion",
           ".Capabilities.KubeVersion.Major", ".Capabilities.APIVersions", "(.Capabilities.APIVersions.Has \"v1\")", ".Capabilities.HelmVersion", "(.Files.Get \"config/app.toml\")", "(.Files.Lines \"config/lines.txt\")", "(.Files.Glob \"config/*\").AsConfig", "(.Files.Glob \"**\").AsSecrets", ".Files", ".Subcharts", ".Nope", ".Values", ".Capabilities.Nope", ".Release.Nope.x", "$", ".", "nil"]


class Maker:
    def __init__(self, rng):
        self.rng = rng
        self.vars = []
        self.types = {}
        self.defined = []
        self.size = 0
        self.dots = ["root"]

    def pick(self, items):
        return self.rng.choice(items)

    def chance(self, p):
        return self.rng.random() < p

    # -- literals and operands

    def quoted(self, text):
        """A text as a literal: in quotes, or back quotes where it can."""
        if "`" not in text and "\r" not in text and self.chance(0.2):
            return "`" + text + "`"
        out = []
        for c in text:
            if c in '"\\':
                out.append("\\" + c)
            elif c == "\n":
                out.append("\\n")
            elif c == "\t" and self.chance(0.5):
                out.append("\\t")
            elif c.isprintable() and not (ord(c) > 126 and self.chance(0.1)):
                out.append(c)
            else:
                out.append(f"\\u{ord(c):04x}" if ord(c) <= 0xFFFF else f"\\U{ord(c):08x}")
        return '"' + "".join(out) + '"'

    def bent(self, text, texts):
        """The text, or now and then one near it."""
        if self.chance(0.8):
            return text
        for _ in range(self.rng.choice([1, 1, 2, 3])):
            at = self.rng.randrange(len(text) + 1)
            other = self.pick(texts)
            piece = other[self.rng.randrange(len(other) + 1):][:self.rng.randint(1, 4)]
            text = self.pick([text[:at] + piece + text[at:], text[:at] + text[at + 1:], text[:at] + piece + text[at + 1:], text[:at], text + other])
        return text.replace("\0", "")

    def string(self):
        if self.chance(0.02):
            return self.pick(['"\\xff"', '"a\\377b"', '"\\xe2\\x82"', '"\\ud800"', '"\\q"', '"\\x00"', '"\\a\\b\\f\\v"', "`raw\n  text`"])
        return self.quoted(self.bent(self.pick(words.STRINGS), words.STRINGS))

    def path(self, letter):
        """A value by name, of the wanted type more often than not."""
        name = self.pick(NAMES[letter]) if letter in NAMES and self.chance(0.9) else self.pick(ALL)
        root = "$.Values" if len(self.dots) > 1 or self.chance(0.1) else ".Values"
        path = f"{root}.{name}"
        if letter == "a" and self.chance(0.3) or self.chance(0.04):
            path += "." + self.pick(["a", "b", "a.b", "s", "l", "nope", "nope.x", "d", "deep"])
            if self.chance(0.2):
                path = f"({root}.{name})." + self.pick(["a", "nope", "a.b"])
        return path

    def leaf(self, letter):
        fitting = [v for v in self.vars if letter == "a" or self.types.get(v) == letter]
        if fitting and self.chance(0.3):
            return self.pick(fitting)
        if self.vars and self.chance(0.01):
            return self.pick(self.vars)
        if letter in words.BY_LETTER:
            texts = words.BY_LETTER[letter]
            texts = texts[:len(texts) // 2] if self.chance(0.4) else texts # what is well-formed comes first
            return self.quoted(self.bent(self.pick(texts), words.BY_LETTER[letter])) if self.chance(0.97) else self.string()
        if letter == "s":
            return self.string() if self.chance(0.6) else self.path("s")
        if letter == "i":
            return self.pick(words.INTS[:12]) if self.chance(0.7) else "(int " + self.path("i") + ")"
        if letter == "c":
            return self.pick(words.COUNTS)
        if letter == "n":
            return self.pick(words.INTS[:30] if self.chance(0.97) else words.INTS) if self.chance(0.6) else self.path(self.pick("in"))
        if letter == "b":
            return self.pick(["true", "false", self.path("b")])
        if letter in "ld":
            return self.path(letter)
        if letter == "t":
            return f'(toDate "2006-01-02T15:04:05Z07:00" {self.quoted(self.pick(words.STAMPS))})'
        if letter == "v":
            return f"(semver {self.quoted(self.pick(words.VERSIONS[:9]))})"
        draw = self.rng.random()
        if draw < 0.35:
            return self.path("a" if draw < 0.15 else self.pick("sinbld"))
        if draw < 0.5:
            return self.pick(OBJECTS)
        if draw < 0.55:
            return "." if self.chance(0.5) else "nil"
        return self.leaf(self.pick("siinbld"))

    # -- expressions

    def arguments(self, params, depth):
        letters = []
        for i, letter in enumerate(params):
            if letter == "*":
                letters += [params[i - 1]] * self.rng.choice([0, 0, 1, 1, 2, 3])
            else:
                letters.append(letter)
        if self.chance(0.015) and letters:
            letters.pop()
        if self.chance(0.01):
            letters.append("a")
        return [self.operand(letter, depth - 1) for letter in letters]

    def call(self, letter, depth):
        """A function that returns what is wanted, without parentheses."""
        if letter in WRAP_LETTERS and self.chance(0.04):
            _, text, params = self.pick([w for w in WRAPPED if w[0] == letter])
            return text.format(*(self.operand(p, depth - 1) for p in params))
        if letter in BY_RESULT:
            name, params = self.pick(BY_RESULT[letter])
        else:
            _, name, params = self.pick(FUNCTIONS)
        if name == "typeIs" or name == "kindIs" or name == "typeIsLike":
            return f"{name} {self.quoted(self.pick(words.KINDS))} {self.operand('a', depth - 1)}"
        if name in ("toDate", "mustToDate"):
            return f"{name} {self.operand('y', 0)} {self.quoted(self.pick(words.DATES))}"
        if name == "fail" and self.chance(0.7):
            name, params = "upper", "s"
        return " ".join([name, *self.arguments(params, depth)])

    def operand(self, letter, depth):
        if self.chance(0.015):
            letter = self.pick("siinbldatv")
        self.size += 1
        if depth <= 0 or self.size > 60 or self.chance(0.55) or (letter in words.BY_LETTER and self.chance(0.9)):
            return self.leaf(letter)
        text = "(" + self.pipeline(letter, depth) + ")"
        if letter == "a" and self.chance(0.05):
            text += "." + self.pick(["a", "b", "Name", "x.y", "s"])
        if letter == "t" or self.chance(0.01):
            return text if self.chance(0.5) else f"({text}.{self.pick(TIME_METHODS)})"
        if letter == "v" or self.chance(0.01):
            return f"{text}.{self.pick(VERSION_METHODS)}"
        return text

    def pipeline(self, letter, depth):
        """What is wanted, out of a call whose last argument may come through a pipe."""
        draw = self.rng.random()
        if draw < 0.2:
            return self.leaf(letter)
        text = self.call(letter, depth)
        if draw < 0.5 and depth > 0:
            words_of = text.split(" ", 1)
            name, params = words_of[0], None
            for _, other, wanted in FUNCTIONS:
                if other == name and wanted and not wanted.endswith("*"):
                    params = wanted
            if params:
                head = self.arguments(params[:-1], depth)
                return self.pipe(self.pipeline(params[-1], depth - 1), " ".join([name, *head]))
        if draw > 0.9 and depth > 0:
            return self.pipe(text, self.pick(["quote", "toString", "toYaml", "toJson", "upper", "default \"d\"", "len", "squote", "nindent 2", "trunc 5", "int", "first", "keys | sortAlpha", "b64enc", "typeOf", "kindOf", "not", "toYamlPretty", "printf \"%v\"", "printf \"%#v\"", "trimSuffix \"a\"", "list", "print", "toToml", "sha1sum", "join \",\""]))
        return text

    def pipe(self, left, right):
        return left + self.pick([" | ", " | ", "|", " |\n  "]) + right

    # -- statements

    def open(self):
        return "{{" + self.pick(["", "", " ", " ", "- ", "- ", "-\n", " \t"])

    def close(self):
        return self.pick(["", "", " ", " ", " -", " -", "\n-", "\t"]) + "}}"

    def action(self, inside):
        return self.open() + inside + self.close()

    def text(self):
        return self.pick(["", "", " ", "\n", "\n\n", "a: b\n", "  - x\n", "text ", "é\n", "\t", "key: ", "}} ", "{ { ", "# c\n", "\r\n", "<no value>", "  "])

    def body(self, depth):
        mark = len(self.vars)
        out = [self.text()]
        for _ in range(self.rng.choice([1, 1, 1, 2, 2, 3])):
            out += [self.statement(depth), self.text()]
        del self.vars[mark:]
        return "".join(out)

    def condition(self, depth):
        text = self.pipeline(self.pick("bbaalds"), depth)
        if self.chance(0.1):
            name = self.pick(["$c", "$v"])
            self.vars.append(name)
            self.types[name] = "a"
            text = f"{name} := {text}"
        return text

    def block_if(self, depth):
        mark = len(self.vars)
        word = self.pick(["if", "if", "if", "with"])
        self.dots += ["?"] if word == "with" else []
        out = self.action(f"{word} {self.condition(2)}") + self.body(depth - 1)
        if self.chance(0.2):
            out += self.action(f"else {word} {self.condition(1)}") + self.body(depth - 1)
        if word == "with":
            self.dots.pop()
        if self.chance(0.4):
            out += self.action("else") + self.body(depth - 1)
        del self.vars[mark:]
        return out + self.action("end")

    def block_range(self, depth):
        mark = len(self.vars)
        over = self.pipeline(self.pick("lllddcan"), 2)
        head = self.pick(["", "", "$v := ", "$i, $v := ", "$k, $v := ", "$k,$v:= ", "$v = " if "$v" in self.vars or self.chance(0.05) else ""])
        if ":=" in head:
            self.vars += [w.strip() for w in head.replace(":=", "").split(",")]
            self.types.update((v, "a") for v in ("$v", "$i", "$k"))
        self.dots.append("?")
        out = self.action(f"range {head}{over}") + self.body(depth - 1)
        if self.chance(0.1):
            out += self.action("if " + self.condition(1)) + self.action(self.pick(["break", "continue"])) + self.action("end")
        self.dots.pop()
        del self.vars[mark:]
        if self.chance(0.25):
            out += self.action("else") + self.body(depth - 1)
        return out + self.action("end")

    def definition(self, depth):
        name = self.pick(["a.tpl", "chart.name", "x y", "é"])
        if name in self.defined and self.chance(0.9):
            name += str(len(self.defined))
        saved, self.vars, self.dots = self.vars, [], ["root"]
        word = self.pick(["define", "define", "define", "block"])
        head = f"define \"{name}\"" if word == "define" else f"block \"{name}\" {self.pick(['.', '.Values', '$', '(dict)', '.', '.Values', '$', '.', ''])}"
        out = self.action(head) + self.body(depth - 1) + self.action("end")
        self.vars = saved
        self.defined.append(name)
        return out

    def call_template(self, depth):
        name = self.pick(self.defined) if self.defined and self.chance(0.95) else "chart/templates/y.yaml" if self.chance(0.1) else "nope"
        data = self.pick([".", "$", ".Values", "(dict \"Values\" .Values)", self.operand("a", 1)])
        if self.chance(0.4):
            return self.action(f'template "{name}"' + self.pick(["", " " + data]))
        return self.action(f'include "{name}" {data}' + self.pick(["", "", " | indent 2", " | nindent 4", " | trim", " | fromYaml", " | quote", " | upper"]))

    def call_tpl(self, depth):
        inner = Maker(self.rng)
        inner.defined = list(self.defined)
        inner.size = self.size + 40
        text = inner.body(1)
        return self.action(f"tpl {self.quoted(text)} {self.pick(['.', '$', '.Values', '(dict)'])}")

    def assignment(self, depth):
        name = self.pick(["$v", "$x", "$y", "$m"])
        if name in self.vars and self.chance(0.4):
            return self.action(f"{name} = {self.pipeline(self.types.get(name, 'a'), 2)}")
        letter = self.pick("sindlda")
        text = self.action(f"{name} := {self.pipeline(letter, 2)}")
        self.vars.append(name)
        self.types[name] = letter
        return text

    def comment(self, depth):
        return self.pick(["{{/* c */}}", "{{- /* c\n d */ -}}", "{{/* {{ x }} */}}", "{{ /* c */ }}", "{{/* c */ -}}", "{{/**/}}"])

    def statement(self, depth):
        self.size += 1
        draw = self.rng.random()
        if depth <= 0 or draw < 0.45 or self.size > 80:
            return self.action(self.pipeline(self.pick("sssaaildbntv"), 3))
        if draw < 0.58:
            return self.block_if(depth)
        if draw < 0.70:
            return self.block_range(depth)
        if draw < 0.80:
            return self.assignment(depth)
        if draw < 0.88 and (self.defined or self.chance(0.1)):
            return self.call_template(depth)
        if draw < 0.92:
            return self.call_tpl(depth)
        if draw < 0.94:
            return self.comment(depth)
        if draw < 0.97:
            return self.definition(depth) if depth == 3 else self.assignment(depth)
        return self.action("$_ := set " + self.operand("d", 1) + " " + self.operand("k", 0) + " " + self.operand("a", 1))


WRAP_LETTERS = {row[0] for row in WRAPPED}
SLIPS = ["(", ")", "{{", "}}", "|", ".", "$", '"', "`", "-", " ", "\n", ":=", "=", ",", "end", "else", "if", "range", "with", "define", "\\", "'", "/*", "*/", "1", "x", "..", "$x", "nil", "true", "\u00e9", "@", "%", "{{-", "-}}", "break", "template", "\t", "\r", "\x00"]


def slip(rng, text):
    """A template with a few characters changed: mostly one that no longer parses."""
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        at = rng.randrange(len(text) + 1)
        draw = rng.random()
        if draw < 0.4:
            text = text[:at] + rng.choice(SLIPS) + text[at:]
        elif draw < 0.7:
            text = text[:at] + text[at + rng.choice([1, 1, 1, 2, 4]):]
        elif draw < 0.85:
            text = text[:at] + rng.choice(SLIPS) + text[at + 1:]
        else:
            text = text[:at] + text[at:at + 8] + text[at:]
    return text


def make_flat(maker):
    """One call with plain arguments: what the function itself does."""
    _, name, params = maker.pick(FUNCTIONS)
    while params in ("", "a", "aa", "aa*") and maker.chance(0.7):
        _, name, params = maker.pick(FUNCTIONS)
    call = " ".join([name, *maker.arguments(params, 0)])
    return "{{ " + call + maker.pick(["", "", " | toJson", " | printf \"%#v\"", " | toYaml", " | quote", " | typeOf"]) + " }}"


def make_template(rng):
    maker = Maker(rng)
    if maker.chance(0.35):
        return make_flat(maker)
    parts = [maker.definition(3) for _ in range(rng.choice([0, 0, 0, 1, 1, 2]))]
    for _ in range(rng.choice([1, 1, 2, 3, 4])):
        parts += [maker.text(), maker.statement(rng.choice([1, 2, 3]))]
    if rng.random() < 0.3 and not maker.vars:
        parts = parts[-2:]
    text = "".join(parts)
    return slip(rng, text) if rng.random() < 0.08 else text
