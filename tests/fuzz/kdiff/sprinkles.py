"""What is strewn over a finished tree: things the fields of trees.py do not ask for. Every draw comes from a generator of its
own, so that the trees of a seed stay what they were."""
import random

from kdiff.text import document

ODD_KEYS = ['"5"', "true", '"1.5"', "~", "2001-01-01", "0x1F", '"on"', "é", '"a b"', '""', "a/b"]
ODD_VALUES = ["5", '"5"', "true", "yes", "~", "", "2001-01-01", "1_000", "0o17", "1e3", '"a: b"', "'# x'", "!!str 5", "[a]", "{}", '" "', "x"]
FLOWS = [
    "{a: , b, c: ~}", "[a, , b]", "{? a : b}", "[? a]", "{a: &x , b: *x}", "{a: !!null '', b: !!str , c: !custom x}", "[[], {}, [~], [{}]]", "{a: x?y}", "{'a':b}", "{a: b,}", "[a,]", "{a: [b, c: d]}", "{\"a\":1, b: 2}",
    "!!map {a: b}", "!!seq [a]", "{1: a, true: b}", "{a: 1, a: 2}", "{<<: {a: 1}, b: 2}", "[2001-01-01, 1:30, 0o7, 07, 1_0]", "{a: 'it''s', b: \"\\x41\\u00e9\\n\"}", "{a: |-\n  x}", "{a: b # c\n  , d: e}", "[a\n  b, c]",
]
BLOCKS = ["\n  ? a\n  : b", "\n  ? |\n    a\n  : b", "\n  a: !!binary aGk=", "\n  a: !!set {b, c}", "\n  a: &x {b: c}\n  d: {<<: *x, e: f}", "\n- a\n-\n- - b", "\n  a:\n  - b\n  c:\n    - d", "\n  a: >1\n    x\n   y\n", "\n  a: |+\n\n  b: c", "\n  a: \"x\\\n    y\"", "\n  a:   # note\n    b: c", "\n  'a': !<tag:yaml.org,2002:str> 5"]

INNER = [
    "a: one\nb: two\n", "a: '1'\nb: \"two\"\nc: plain\n", "x:\n  y:\n    z: o\n  w: [a, b]\nl:\n- p\n- q: r\n", "m: {a: x}\nl: [a, {b: c}]\n", "s: |\n  line\n  two\nt: >-\n  fold\n  ed\na: x\n", '{"a": "1", "b": {"c": "d"}}',
    "- a: x\n  name: n\n- a: y\n  name: m\n", "a: &x {k: v}\nb: *x\n", "a: !!str 1\nb: x\n", "# head\na: x # line\n# foot\nb: y\n", "a: é😀\nb: \"\\u00e9\"\n", "a.b=c\n", "a: 'x: y'\nb: http://h:1/p\n", "l:\n  - a\n  - b\n",
]
INNER_PATHS = ["a", "b", "b.c", "x.y.z", "x.w.0", "l.0", "l.1.q", "l.[q=r].q", "l.*", "[name=n].a", "0.a", "s", "m.a", "new", "new.sub", "x.new", "l.[name=k].v", "*"]


def is_plain(text):
    """A document in block style that a line may be put behind."""
    return isinstance(text, str) and text[:1].isalpha() and text.endswith("\n") and "---" not in text and "..." not in text and "\r" not in text and "\nitems:" not in text


class Sprinkles:
    """Changes a tree's files in place."""

    def __init__(self, tree, top, kustomization):
        self.tree, self.top, self.path = tree, top, kustomization
        self.rng = random.Random(repr(sorted((k, str(v)) for k, v in tree.files.items())))

    def pick(self, items):
        return self.rng.choice(items)

    def seen(self, kinds=()):
        rows = [r for r in self.tree.seen.get(self.top, []) if not kinds or r["kind"] in kinds]
        return self.pick(rows) if rows else None

    def add(self, field, text):
        """Puts a field behind the kustomization's own, unless it has it."""
        own = self.tree.files.get(self.path, "")
        if is_plain(own) and f"{field}:" not in own.replace("'", "").replace('"', ""):
            self.tree.files[self.path] = own + f"{field}:{text}"

    def strew(self):
        self.pick([self.value, self.value, self.keys, self.patch, self.patch, self.plugin, self.plugin, self.variables, self.merge])()

    def strew_more(self):
        self.pick([self.inner, self.inner, self.elements, self.numbers, self.literal, self.configuration])()

    def replacement(self, source, target, paths):
        """An entry of `replacements`, in the kustomization or, with other names and more in it, in a file of its own."""
        entry = f"{source}, targets: [{{select: {target}, fieldPaths: [{', '.join(repr(p) for p in paths)}], options: {{create: {self.pick(['true', 'false'])}}}}}]"
        if self.rng.random() < 0.7:
            self.add("replacements", f"\n- {{{entry}}}\n")
            return
        folder = self.path.rsplit("/", 1)[0]
        self.tree.files[f"{folder}/strewn.yaml"] = self.pick(["- {{{}}}\n", "{{{}}}\n", "- {{{}, more: [5]}}\n"]).format(entry.replace("fieldPaths", self.pick(["fieldPaths", "FieldPaths"])))
        self.add("replacements", "\n- path: strewn.yaml\n")

    def source(self):
        seen = self.seen()
        literal = f"sourceValue: {self.pick(['v', chr(39) + '5' + chr(39), '5', chr(39) + 'a: b' + chr(39), chr(39) * 2, chr(34) + 'one' + chr(92) + 'ntwo' + chr(34), 'null'])}"
        if not seen or self.rng.random() < 0.4:
            return literal
        return f"source: {{kind: {seen['kind']}, name: {seen['name']}, fieldPath: {self.pick(['metadata.name', 'kind', 'spec', 'metadata.labels.app', 'spec.template.spec.containers', 'data', 'spec.replicas'])}}}"

    def inner(self):
        """YAML or JSON that an object holds as text."""
        folder = self.path.rsplit("/", 1)[0]
        self.tree.files[f"{folder}/inner.txt"] = self.pick(INNER)
        self.add("configMapGenerator", "\n- {name: inner, files: [f=inner.txt], options: {disableNameSuffixHash: true}}\n")
        literal = self.pick(["v", "'a: b'", "'one two'", "é"]) # not drawn: what is known to differ
        self.replacement(f"sourceValue: {literal}", "{name: inner}", [f"data.f.{self.pick(INNER_PATHS)}"])

    def elements(self):
        """Elements of lists by number, by a member, the last one."""
        if seen := self.seen(["Deployment", "StatefulSet", "DaemonSet", "Pod", "Job", "Widget", "Service", "Ingress"]):
            at = self.pick(["spec/template/spec/containers", "spec/containers", "spec/ports", "spec/list", "spec/l", "metadata/finalizers"])
            path = f"{at}/{self.pick(['0', '1', '-', '[name=main]', '[name=new]', '[=x]', '*', '+0'])}{self.pick(['/image', '/name', '', '/x/y'])}"
            if self.rng.random() < 0.5:
                self.replacement(self.source(), f"{{kind: {seen['kind']}}}", [path.replace("/", ".")])
            else:
                self.add("transformers", f"\n- |\n  apiVersion: builtin\n  kind: ValueAddTransformer\n  metadata: {{name: strewn}}\n  value: {self.pick(ODD_VALUES[:9])}\n  targets: [{{fieldPath: '{path}', filePathPosition: {self.pick(['0', '0', '1'])}, selector: {{kind: {seen['kind']}}}}}]\n")

    def numbers(self):
        """What is no text, or nothing, where a plugin wants one."""
        odd = self.pick(["5", "1.50", "true", "null", "2001-01-01", "[null]", "{}", "'5'"])
        body = self.pick([
            f"kind: ConfigMapGenerator\nname: {odd}\n", f"kind: SecretGenerator\ntype: {odd}\nliterals: [a=b]\n", f"kind: ConfigMapGenerator\noptions: {{labels: {{a: {odd}}}}}\n", f"kind: LabelTransformer\nlabels: {{a: {odd}}}\nfieldSpecs: [{{path: metadata/labels, create: true}}]\n",
            f"kind: PrefixTransformer\nprefix: {odd}\nfieldSpecs: [{{path: metadata/name}}]\n", f"kind: SuffixTransformer\nsuffix: s\nfieldSpecs: [{{path: metadata/name, kind: {odd}}}]\n", f"kind: PatchTransformer\ntarget: {{name: {odd}}}\npatch: '[{{\"op\": \"add\", \"path\": \"/q\", \"value\": 1}}]'\n",
            f"kind: ReplicaCountTransformer\nreplica: {{name: web, count: {odd}}}\nfieldSpecs: [{{path: spec/replicas}}]\n", f"kind: ImageTagTransformer\nimageTag: {{name: nginx, newTag: {odd}}}\nfieldSpecs: [{{path: spec/template/spec/containers[]/image}}]\n", f"kind: AnnotationsTransformer\nannotations: {{a: b}}\nfieldSpecs: [{{path: spec/{odd}, create: true}}]\n",
        ])
        self.add("generators" if "Generator" in body else "transformers", "\n- |\n" + self.indented("apiVersion: builtin\n" + body + "metadata: {name: strewn}\n", 2))

    def literal(self):
        """A literal in the place of anything."""
        if seen := self.seen():
            self.replacement(self.source(), f"{{kind: {seen['kind']}}}", self.rng.sample(["spec", "metadata.labels", "metadata.name", "data", "spec.template", "spec.list", "metadata.annotations.note", "spec.x.y", "apiVersion", "data.k1"], 2))

    def configuration(self):
        folder = self.path.rsplit("/", 1)[0]
        seen = self.seen()
        kind = seen["kind"] if seen else "Widget"
        self.tree.files[f"{folder}/strewn-config.yaml"] = "".join(f"{self.pick(['namePrefix', 'commonLabels', 'commonAnnotations', 'namespace', 'images', 'replicas', 'labels', 'varReference'])}: {self.pick([f'[{{path: {path}, create: true, kind: {kind}}}]', f'[{{path: {path}, kind: {kind}}}]', '[]', 'null', '[null]'])}\n" for path in self.rng.sample(["spec/x", "spec/list[]/name", "data/k1", "metadata/name", "spec/template/spec/containers/image", "spec/1", "metadata/annotations/a"], 2))
        self.add("configurations", "\n- strewn-config.yaml\n")

    def value(self):
        files = [p for p, t in self.tree.files.items() if is_plain(t) and "kind:" in t and p != self.path and not p.rsplit("/", 1)[-1].lower().startswith("kustom")]
        if files:
            path = self.pick(files)
            self.tree.files[path] += f"extra: {self.pick(FLOWS + BLOCKS + ODD_VALUES)}\n"

    def keys(self):
        self.add(self.pick(["commonLabels", "commonAnnotations"]), f" {{{self.pick(ODD_KEYS)}: {self.pick(['x', 'b', '$(VAR)'])}}}\n")

    def head(self, seen):
        meta = {"name": seen["name"], **({"namespace": seen["space"]} if seen["space"] else {})}
        return {"apiVersion": seen["api"], "kind": seen["kind"], "metadata": meta}

    def lines(self, seen):
        """A patch whose values are as people write them: without quotes."""
        head = document(random.Random(1), self.head(seen))
        where = self.pick(["data:\n  k1: {}\n  a: {}\n", "spec:\n  replicas: {}\n  v: {}\n", "spec:\n  template:\n    metadata:\n      labels:\n        app: {}\n        x: {}\n", "stringData:\n  k: {}\ntype: {}\n", "status: {}\nextra: {}\n"])
        return head + where.format(self.pick(ODD_VALUES), self.pick(ODD_VALUES))

    def indented(self, text, by):
        return "".join(" " * by + line + "\n" for line in text.rstrip("\n").split("\n"))

    def patch(self):
        if seen := self.seen():
            text = self.indented(self.lines(seen), 4)
            self.add("patches", f"\n- patch: |\n{text}" + (f"  target: {{kind: {seen['kind']}}}\n" if self.rng.random() < 0.3 else "") + (f"- patch: |\n{text}" if self.rng.random() < 0.4 else ""))

    def variables(self):
        rows = [self.seen() for _ in range(2)]
        if all(rows):
            paths = ["metadata.name", "metadata.labels.app", "data.k1", "data.a", "spec.replicas", "kind", "metadata.annotations.note"]
            self.add("vars", "\n" + "".join(f"- {{name: {name}, objref: {{apiVersion: {r['api']}, kind: {r['kind']}, name: {r['name']}}}, fieldref: {{fieldpath: {self.pick(paths)}}}}}\n" for name, r in zip(["VAR", "NOPE"], rows)))

    def merge(self):
        if seen := self.seen(["ConfigMap", "Secret"]):
            field = "configMapGenerator" if seen["kind"] == "ConfigMap" else "secretGenerator"
            space = f"  namespace: {seen['space']}\n" if seen["space"] else ""
            self.add(field, f"\n- name: {seen['name']}\n  behavior: {self.pick(['merge', 'replace', 'create'])}\n{space}  literals: ['{self.pick(['10', 'a', 'true', 'k1'])}={self.pick(['5', 'x', 'a: b', ' '])}']\n")

    def plugin(self):
        seen = self.seen()
        if not seen:
            return
        spec = f"[{{path: {self.pick(['metadata/labels', 'spec/x/y', 'metadata/annotations', 'spec/template/metadata/labels', 'a/b'])}, create: {self.pick(['true', 'false'])}, kind: {seen['kind']}}}]"
        texts = [
            f"kind: LabelTransformer\nlabels: {{{self.pick(ODD_KEYS)}: {self.pick(['a', chr(39) + '1' + chr(39)])}}}\nfieldSpecs: {spec}\n", f"kind: AnnotationsTransformer\nannotations: {{a: {self.pick(ODD_VALUES)}}}\nfieldSpecs: {spec}\n",
            f"kind: PrefixTransformer\nprefix: {self.pick(['p-', chr(39) + '1' + chr(39)])}\nfieldSpecs: [{{path: {self.pick(['metadata/name', 'metadata/labels/app', 'spec/v', 'data/k1'])}}}]\n",
            f"kind: PatchTransformer\npatch: |\n{self.indented(self.lines(seen), 2)}options: {{{self.pick(['allowNameChange', 'allowKindChange'])}: {self.pick(['true', 'false'])}}}\ntarget: {{kind: {seen['kind']}, name: {seen['name']}}}\n",
            f"kind: PatchStrategicMergeTransformer\npatches: |\n{self.indented(self.lines(seen), 2)}", f"kind: ReplicaCountTransformer\nreplica: {{name: {seen['name']}, count: 0}}\nfieldSpecs: [{{path: {self.pick(['spec/replicas', 'spec/v', 'data/k1'])}, create: true}}]\n",
            f"kind: ValueAddTransformer\nvalue: {self.pick(ODD_VALUES)}\ntargets: [{{fieldPath: {self.pick(['data/k1', 'metadata/labels/app', 'spec/v', 'metadata/name'])}, selector: {{kind: {seen['kind']}}}}}]\n",
            f"kind: ImageTagTransformer\nimageTag: {{name: {self.pick(['nginx', 'x', '5'])}, newName: {self.pick(['5', 'y'])}}}\nfieldSpecs: [{{path: {self.pick(['spec/image', 'data/k1', 'metadata/labels/app'])}}}]\n",
            f"kind: NamespaceTransformer\nmetadata: {{name: x, namespace: {self.pick(['ns-b', 'default', chr(39) + '5' + chr(39)])}}}\nunsetOnly: {self.pick(['true', 'false'])}\n", "kind: HashTransformer\n",
        ]
        text = "apiVersion: builtin\n" + self.pick(texts)
        if "NamespaceTransformer" not in text:
            text += "metadata: {name: strewn}\n"
        self.add("transformers", "\n- |\n" + self.indented(text, 2))


def sprinkle(tree, top, kustomization):
    """About every fifth tree gets something more."""
    sprinkles = Sprinkles(tree, top, kustomization)
    if sprinkles.rng.random() < 0.2:
        tree.used.add("strewn")
        sprinkles.strew()
    if kustomization and sprinkles.rng.random() < 0.15:
        tree.used.add("strewn more")
        sprinkles.strew_more()
