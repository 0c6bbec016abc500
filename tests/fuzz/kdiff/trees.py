"""Random trees of kustomizations: files by path, and the folder to build."""
from kdiff.objects import API, CLUSTER, NAMES, SPACES, Objects
from kdiff.patches import Patches
from kdiff.sprinkles import sprinkle
from kdiff.text import BAD_YAML, QUIRKS, Block, Raw, document, lines_of, stream

KUSTOMIZATION = ["kustomization.yaml"] * 8 + ["kustomization.yml", "Kustomization"]


class Tree:
    """One tree; `rng` decides everything."""

    def __init__(self, rng):
        self.rng = rng
        self.objects = Objects(rng)
        self.patches = Patches(rng, self.objects)
        self.files = {}     # path -> text
        self.seen = {}      # folder -> objects its kustomization sees
        self.taken = set()
        self.serial = 0
        self.used = set()   # features, for the tally
        self.odd = rng.random() < 0.5  # this tree has odd spellings

    def pick(self, items):
        return self.rng.choice(items)

    def maybe(self, chance):
        return self.rng.random() < chance

    def next(self, stem, ending=".yaml"):
        self.serial += 1
        return f"{stem}{self.serial}{ending}"

    # ---- resources ----

    def resource(self):
        for _ in range(20):
            kind, name = self.objects.kind(), self.pick(NAMES)
            if (kind, name) not in self.taken or self.maybe(0.003):
                break
        else:
            name = self.next("obj", "")
        self.taken.add((kind, name))
        space = self.pick(SPACES) if self.maybe(0.3) else ""
        made = self.objects.object(kind, name, space)
        return {"kind": made["kind"], "api": made["apiVersion"], "name": name, "space": made["metadata"].get("namespace", ""), "object": made}

    def resource_file(self, folder):
        rows = [self.resource() for _ in range(self.rng.randint(1, 3))]
        docs = [document(self.rng, r["object"]) for r in rows]
        if self.maybe(0.1):
            self.used.add("List")
            kind = self.pick(["List", "List", "WidgetList", "ConfigMapList", "ResourceList"])
            head = f"apiVersion: {'v1' if kind == 'List' else 'example.com/v1'}\nkind: {kind}\n" + ("metadata: {name: l}\n" if self.maybe(0.2) else "")
            docs = [head + "items:\n" + "\n".join(lines_of(self.rng, [r["object"] for r in rows], 0)) + "\n"]
            if self.maybe(0.3):
                rows.append(self.resource())
                docs.append(document(self.rng, rows[-1]["object"]))
        name = self.pick(["{}", "{}", "{}", "sub/{}", "./{}", "../shared/{}"]).format(self.next("r", self.pick([".yaml", ".yaml", ".yml", ".json", ""])))
        self.put(folder, name, stream(self.rng, docs) if self.odd else "---\n".join(docs))
        self.seen[folder].extend(rows)
        return name

    def put(self, folder, name, text):
        parts = []
        for part in f"{folder}/{name}".split("/"):
            if part == "..":
                parts.pop()
            elif part != ".":
                parts.append(part)
        self.files["/".join(parts)] = text

    def some_seen(self, folder, kinds=None):
        rows = [r for r in self.seen[folder] if not kinds or r["kind"] in kinds]
        return self.pick(rows) if rows else None

    # ---- fields of the kustomization: each returns a value or None ----

    def generator(self, kind, folder):
        name = self.pick(NAMES)
        if (kind, name) in self.taken and self.maybe(0.95):
            name = self.next("gen", "")
        self.taken.add((kind, name))
        row = {"name": name}
        old = self.some_seen(folder, [kind])
        if old and self.maybe(0.15):
            row = {"name": old["name"], "behavior": self.pick(["merge", "replace"]), **({"namespace": old["space"]} if old["space"] else {})}
        elif self.maybe(0.15):
            row["namespace"] = self.pick(SPACES)
        elif self.maybe(0.05):
            row["behavior"] = "create"
        if kind == "Secret" and self.maybe(0.3):
            row["type"] = self.pick(["kubernetes.io/tls", "Opaque", "x"])
        if self.maybe(0.7):
            row["literals"] = [f"{k}={v}" for k, v in zip(self.objects.some(["k1", "k2", "kk.3", "K_4", "é"]), [self.literal() for _ in range(3)])]
        if self.maybe(0.3):
            row["files"] = [self.data_file(folder) for _ in range(self.rng.randint(1, 2))]
        if self.maybe(0.2):
            file = self.next("env", ".env")
            self.put(folder, file, self.pick(["A=1\nB=two words\n# c\n\nC\n", "\ufeffA=b\n", "  X = y \nQ='q'\n", "D=a=b\r\nE=f\r\n", "EMPTY=\nNOEQ\n", "ü=é\n"]))
            row.update({self.pick(["envs"]): [file]} if self.maybe(0.7) else {"env": file})
        if self.maybe(0.3):
            row["options"] = self.generator_options()
        self.seen[folder].append({"kind": kind, "api": "v1", "name": row["name"], "space": row.get("namespace", ""), "object": {"apiVersion": "v1", "kind": kind, "metadata": {"name": row["name"]}, "data": {"k1": "x"}}})
        return row

    def literal(self):
        return self.pick(["x", "5", "a=b", "true", "q q", "'quoted'", '"dq"', "", "yes", "0644", "<&>", "é😀", "x" * 100, "a\tb", "1.0", "null", "{}", "a: b", "'", "$(VAR)", "line1\nline2", "trail ", " lead", "\u2028"])

    def data_file(self, folder):
        file = self.next("data", ".txt")
        self.put(folder, file, self.pick(["text\n", "no newline", "a: 1\nb: 2\n", "\tx\n", "crlf\r\nx\r\n", "trailing \nx\n", "", "\n", " lead\n", "é😀\n", "long " * 50 + "\n", b"\xff\xfe\x00bin", b"\x00" * 80, "x" * 200, "#!/bin/sh\necho hi\n", "nul\x00x", "\x1b[0m\n", "a\n\n\n", "\ufeffbom\n", "  a\n b\n"]))
        return self.pick([file, f"key{self.serial}={file}", f"k.{self.serial}=./{file}"])

    def generator_options(self):
        row = {}
        if self.maybe(0.4):
            row["disableNameSuffixHash"] = self.maybe(0.7)
        if self.maybe(0.3):
            row["labels"] = {"gen": self.pick(["yes", "a", "1"]), "x": "y"}
        if self.maybe(0.3):
            row["annotations"] = {"gen": self.pick(["true", "b"])}
        if self.maybe(0.2):
            row["immutable"] = self.maybe(0.7)
        return row

    def patch(self, folder):
        """One entry of `patches`."""
        seen = self.some_seen(folder)
        if not seen:
            return None
        row = {}
        if self.maybe(0.4):
            text = self.patches.text_of(self.patches.json_ops(seen), document)
            row["target"] = self.patches.target(seen, exact=True)
        else:
            text = document(self.rng, self.patches.strategic(seen))
            if self.maybe(0.3):
                row["target"] = self.patches.target(seen)
                other = self.some_seen(folder)
                if self.maybe(0.2) and other:
                    row["target"] = self.patches.target(other)
            elif self.maybe(0.1) and (other := self.some_seen(folder)):
                text += "---\n" + document(self.rng, self.patches.strategic(other))
            if self.maybe(0.1):
                row["options"] = {self.pick(["allowNameChange", "allowKindChange"]): self.maybe(0.8)}
                text = text.replace(f"name: {seen['name']}\n", f"name: {self.pick([seen['name'], 'changed'])}\n", 1)
        return self.inline_or_file(folder, row, text)

    def inline_or_file(self, folder, row, text):
        if self.maybe(0.5):
            file = self.next("patch")
            self.put(folder, file, text)
            return {"path": file, **row}
        return {"patch": text, **row}

    def labels(self):
        row = {"pairs": {self.pick(["extra", "app", "a.io/b"]): self.pick(["l", "1", "true", ""])}}
        if self.maybe(0.5):
            row["includeSelectors"] = self.maybe(0.6)
        if self.maybe(0.5):
            row["includeTemplates"] = self.maybe(0.6)
        if self.maybe(0.2):
            row["fields"] = [self.pick([{"path": "spec/extra/labels", "create": True}, {"path": "spec/template/metadata/labels", "kind": "Deployment"}, {"path": "spec/selector", "create": False, "kind": "Widget"},
                                        {"path": "metadata/annotations", "create": True, "version": "v1", "group": "apps"}])]
        return row

    def image(self):
        row = {"name": self.pick(["nginx", "reg:5000/a/b", "redis", "bus.*", "docker.io/library/nginx", "a/b", "nginx.*", "reg.io/nginx", "busybox"])}
        row.update(self.pick([{"newTag": "9"}, {"newName": "other"}, {"digest": "sha256:ff"}, {"newName": "o", "newTag": "v2"}, {"tagSuffix": "-x"}, {"newTag": "1", "digest": "sha256:0a"}, {}, {"newName": "nginx"}, {"newName": "r:1/x", "tagSuffix": "s"}, {"newTag": "1.20"}]))
        return row

    def variables(self, folder):
        seen = self.some_seen(folder)
        if not seen or "VAR" in self.taken:
            return None
        self.taken.add("VAR")
        ref = {"apiVersion": seen["api"], "kind": seen["kind"], "name": seen["name"], **({"namespace": seen["space"]} if seen["space"] and self.maybe(0.8) else {})}
        row = {"name": "VAR", "objref": ref}
        path = self.patches.field(seen, True)
        if self.maybe(0.6):
            row["fieldref"] = {"fieldpath": self.pick(["metadata.name", "kind", path, path]) if "*" not in path and "[" not in path or self.maybe(0.1) else "metadata.name"}
        return [row]

    def configuration(self, folder):
        file = self.next("config")
        rows = {
            "nameReference": [{"kind": self.pick(["ConfigMap", "Secret", "Widget"]), "version": "v1", "fieldSpecs": [{"path": self.pick(["spec/ref/name", "spec/secretName", "spec/configMapName", "spec/list/name"]), "kind": "Widget"}]}],
            "namePrefix": [{"path": self.pick(["spec/secretName", "spec/ref/name"]), "kind": "Widget"}], "nameSuffix": [{"path": "spec/secretName", "kind": "Widget"}],
            "namespace": [{"path": self.pick(["spec/ns", "metadata/namespace", "spec/ref/namespace"]), "create": self.maybe(0.95), "kind": "Widget"}],
            "commonLabels": [{"path": self.pick(["spec/labels", "spec/template/metadata/labels"]), "create": self.maybe(0.95), "kind": "Widget"}],
            "labels": [{"path": "spec/plain", "create": True, "kind": "Widget"}], "templateLabels": [{"path": "spec/tpl/labels", "create": True, "kind": "Widget"}],
            "commonAnnotations": [{"path": "spec/annos", "create": True, "kind": "Widget"}], "varReference": [{"path": self.pick(["spec/v", "spec/long", "data", "spec"]), "kind": self.pick(["Widget", "ConfigMap"])}],
            "images": [{"path": self.pick(["spec/image", "spec/containers[]/image", "spec/l"]), "kind": "Widget"}], "replicas": [{"path": "spec/replicas", "create": self.maybe(0.95), "kind": "Widget"}],
        }
        chosen = self.objects.some(list(rows), 1, 4)
        self.put(folder, file, document(self.rng, {k: rows[k] for k in chosen}))
        return file

    def crds(self, folder):
        file = self.next("crd", ".json")
        props = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"}, "spec": {"$ref": "#/definitions/x.WidgetSpec"}}
        spec = {"secretName": {"x-kubernetes-object-ref-api-version": "v1", "x-kubernetes-object-ref-kind": "Secret"}, "ref": {"x-kubernetes-object-ref-api-version": "v1", "x-kubernetes-object-ref-kind": "ConfigMap", "x-kubernetes-object-ref-name-key": "name"},
                "labels": {"x-kubernetes-label-selector": ""}, "annos": {"x-kubernetes-annotation": ""}, "ident": {"x-kubernetes-identity": ""}}
        import json
        definitions = {"x.Widget": {"Schema": {"properties": props}, "Dependencies": ["x.WidgetSpec"]}, "x.WidgetSpec": {"Schema": {"properties": {k: {"type": "object", **spec[k]} for k in self.objects.some(list(spec), 1, 4)}}}}
        self.put(folder, file, json.dumps(definitions) if self.maybe(0.7) else document(self.rng, definitions))
        return file

    def openapi(self, folder):
        if self.maybe(0.15):
            return {"version": "v1.21.2"}
        import json
        file = self.next("schema", ".json")
        items = {"type": "object", "properties": {"name": {"type": "string"}, "v": {}}}
        lists = {"type": "array", "items": items, "x-kubernetes-patch-merge-key": self.pick(["name", "v"]), "x-kubernetes-patch-strategy": self.pick(["merge", "merge", "replace", "merge,retainKeys"])}
        widget = {"type": "object", "properties": {"spec": {"type": "object", "properties": {"list": lists, "containers": lists, "template": {"$ref": "#/definitions/io.k8s.api.core.v1.PodTemplateSpec"} if self.maybe(0.5) else {"type": "object"}}}},
                  "x-kubernetes-group-version-kind": [{"group": "example.com", "version": "v1", "kind": "Widget"}]}
        if self.maybe(0.3):
            widget["properties"]["spec"] = {"$ref": "#/definitions/x.Spec"}
        swagger = {"definitions": {"x.Widget": widget, "x.Spec": {"type": "object", "properties": {"list": lists}}}}
        if False and self.maybe(0.3):
            swagger["paths"] = {"/apis/example.com/v1/widgets": {"get": {"x-kubernetes-group-version-kind": {"group": "example.com", "version": "v1", "kind": "Widget"}, "x-kubernetes-action": "list", "responses": {}}}}
        self.put(folder, file, json.dumps(swagger, indent=1) if self.maybe(0.7) else document(self.rng, swagger))
        return {"path": file}

    def plugin(self, folder):
        """A transformer's own document."""
        seen, other = self.some_seen(folder), self.some_seen(folder)
        if not seen:
            return None
        rows = {
            "AnnotationsTransformer": lambda: {"annotations": {"plug": self.pick(["a", "1", "true"])}, "fieldSpecs": [{"path": "metadata/annotations", "create": True}]},
            "LabelTransformer": lambda: {"labels": {"plug": "l"}, "fieldSpecs": [{"path": "metadata/labels", "create": True, **({"kind": seen["kind"]} if self.maybe(0.4) else {})}]},
            "NamespaceTransformer": lambda: {"metadata": {"name": "x", "namespace": self.pick(["ns-p", "default"])}, **({"fieldSpecs": [{"path": "metadata/namespace", "create": True}]} if self.maybe(0.7) else {}), **({"unsetOnly": True} if self.maybe(0.4) else {}), **({"setRoleBindingSubjects": self.pick(["none", "allServiceAccounts", "defaultOnly"])} if self.maybe(0.5) else {})},
            "ImageTagTransformer": lambda: {"imageTag": self.image(), **({"fieldSpecs": [{"path": "spec/image"}, {"path": "spec/template/spec/containers[]/image"}]} if self.maybe(0.7) else {})},
            "PrefixTransformer": lambda: {"prefix": "pp-", "fieldSpecs": [{"path": "metadata/name"}]}, "SuffixTransformer": lambda: {"suffix": "-ss", "fieldSpecs": [{"path": "metadata/name", **({"kind": seen["kind"]} if self.maybe(0.3) else {})}]},
            "PrefixSuffixTransformer": lambda: {"prefix": "a-", "suffix": "-z", "fieldSpecs": [{"path": "metadata/name"}]},
            "ReplicaCountTransformer": lambda: {"replica": {"name": seen["name"], "count": 7}, "fieldSpecs": [{"path": "spec/replicas", "create": True, "kind": seen["kind"]}]},
            "PatchTransformer": lambda: {"patch": document(self.rng, self.patches.strategic(seen)), **({"target": self.patches.target(seen)} if self.maybe(0.4) else {})},
            "PatchStrategicMergeTransformer": lambda: {"patches": document(self.rng, self.patches.strategic(seen))},
            "PatchJson6902Transformer": lambda: {"target": {"kind": seen["kind"], "name": seen["name"]}, "jsonOp": self.patches.text_of(self.patches.json_ops(seen), document)},
            "ReplacementTransformer": lambda: {"replacements": [self.patches.replacement(seen, other)]},
            "ValueAddTransformer": lambda: {"value": self.pick(["added", "a/b"]), "targets": [{"fieldPath": self.pick(["metadata/namespace", "spec/image", "metadata/labels/app", "spec/replicas"]), **({"filePathPosition": self.pick([1, 2])} if self.maybe(0.3) else {}), "selector": {"kind": seen["kind"]}}]},
            "HashTransformer": dict,
        }
        kind = self.pick(list(rows))
        self.used.add(kind)
        return {"apiVersion": "builtin", "kind": kind, "metadata": {"name": self.next("plug", "")}, **rows[kind]()}

    def generator_plugin(self, folder):
        name = self.next("plug", "")
        kind = self.pick(["ConfigMapGenerator", "SecretGenerator", "IAMPolicyGenerator"])
        if kind == "IAMPolicyGenerator":
            return {"apiVersion": "builtin", "kind": kind, "metadata": {"name": "iam"}, "cloud": "gke", "kubernetesService": {"name": name, **({"namespace": "k"} if self.maybe(0.5) else {})}, "serviceAccount": {"name": "g", "projectId": "p"}}
        row = {"apiVersion": "builtin", "kind": kind, "metadata": {"name": name, **({"namespace": self.pick(SPACES)} if self.maybe(0.3) else {})}, "literals": [f"a={self.literal()}"]}
        if self.maybe(0.3):
            row["name"] = name
        if self.maybe(0.3):
            row["options"] = self.generator_options()
        return row

    def plugins(self, folder, make):
        """An entry of `transformers` or `generators`: text, a file, or a folder."""
        docs = [d for d in (make(folder) for _ in range(self.rng.randint(1, 2))) if d]
        if not docs:
            return None
        if len(docs) > 1 and docs[0]["kind"] == docs[1]["kind"]:
            docs = docs[:1]
        text = "---\n".join(document(self.rng, d) for d in docs)
        how = self.rng.random()
        if how < 0.4:
            return text
        file = self.next("plugin")
        if how < 0.9:
            self.put(folder, file, text)
            return file
        sub = self.next("plugins", "")
        self.put(folder, f"{sub}/{file}", text)
        self.put(folder, f"{sub}/kustomization.yaml", f"resources: [{file}]\n")
        return sub

    # ---- the kustomization ----

    def kustomization(self, folder, bases, components, component=False):
        rng = self.rng
        self.seen[folder] = [row for base in bases for row in self.seen[base]]
        up = "../" * (folder.count("/") + 1)
        files = [self.resource_file(folder) for _ in range(rng.randint(0 if bases or component else 1, 2))]
        entries = files + [up + b + ("/" if self.maybe(0.1) else "") for b in bases]
        if self.maybe(0.3):
            rng.shuffle(entries)
        if component and not self.seen[folder]:
            self.seen[folder] = [row for rows in self.seen.values() for row in rows]
        k = {}
        if component:
            k = {"apiVersion": "kustomize.config.k8s.io/v1alpha1", "kind": "Component"}
        elif self.maybe(0.5):
            k = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
        if entries:
            split = len(entries) - self.rng.randint(0, 1) * self.maybe(0.1)
            k["resources"] = entries[:split]
            if entries[split:]:
                k["bases"] = entries[split:]
        for field, (chance, make) in self.fields(folder, component).items():
            if self.maybe(chance):
                value = make()
                if value is not None and value != []:
                    k[field] = value
                    self.used.add(field)
        if components:
            k["components"] = [up + c for c in components]
            self.used.add("components")
        if len(k) == 0:
            k["resources"] = []
        text = document(rng, k)
        if self.odd and self.maybe(0.05):
            text = self.pick(["# head\n" + text, "---\n" + text, text.replace("\n", "\r\n"), "\ufeff" + text, text + "---\nignored: true\n"])
        self.put(folder, self.pick(KUSTOMIZATION), text)

    def many(self, make, most=2):
        return [row for row in (make() for _ in range(self.rng.randint(1, most))) if row]

    def fields(self, folder, component):
        some, pick = self.many, self.pick
        merge = lambda: (lambda s: self.inline_text(folder, document(self.rng, self.patches.strategic(s))) if s else None)(self.some_seen(folder))
        return {
            "namespace": (0.25, lambda: pick(["ns-a", "default", "team-a"])), "namePrefix": (0.3, lambda: pick(["p-", "dev-", "x."])), "nameSuffix": (0.2, lambda: pick(["-s", "-v1"])),
            "commonLabels": (0.12, lambda: {"common": pick(["a", "1", "true"])}), "labels": (0.2, lambda: some(self.labels)), "commonAnnotations": (0.12, lambda: {"anno": pick(["n", "1", "yes", "long " * 20])}),
            "configMapGenerator": (0.3, lambda: some(lambda: self.generator("ConfigMap", folder))), "secretGenerator": (0.15, lambda: some(lambda: self.generator("Secret", folder))), "generatorOptions": (0.08, self.generator_options),
            "patches": (0.4, lambda: some(lambda: self.patch(folder))), "patchesStrategicMerge": (0.15, lambda: some(merge)), "patchesJson6902": (0.1, lambda: some(lambda: self.patch_json(folder))),
            "images": (0.15, lambda: some(self.image)), "replicas": (0.08, lambda: (lambda s: [{"name": s["name"], "count": 3}] if s else None)(self.some_seen(folder, ["Deployment", "StatefulSet", "ReplicaSet", "ReplicationController"]))),
            "replacements": (0.15, lambda: some(lambda: self.replacement(folder))), "vars": (0.1, lambda: self.variables(folder)), "configurations": (0.08, lambda: [self.configuration(folder)]), "crds": (0.04, lambda: [self.crds(folder)]),
            "openapi": (0.04, lambda: self.openapi(folder)), "transformers": (0.12, lambda: some(lambda: self.plugins(folder, self.plugin))), "generators": (0.06, lambda: some(lambda: self.plugins(folder, self.generator_plugin), 1)),
            "validators": (0.0, lambda: some(lambda: self.plugins(folder, self.validator), 1)), "buildMetadata": (0.1, lambda: self.objects.some(["originAnnotations", "transformerAnnotations"], 1, 2)),
            "sortOptions": (0.08, lambda: pick([{"order": "legacy"}, {"order": "fifo"}, {"order": "legacy", "legacySortOptions": {"orderFirst": ["Deployment", "Service"], "orderLast": ["ConfigMap"]}}])), "metadata": (0.03, lambda: {"name": "x", "labels": {"a": "b"}}),
            "imageTags": (0.02, lambda: some(self.image)),
        }

    # Not drawn: upstream compares how nodes were written, too; tests/golden/kustomize/trees has cases of its own.
    def validator(self, folder):
        return {"apiVersion": "builtin", "kind": "LabelTransformer", "metadata": {"name": "v"}, "labels": {"validated-by": "x"} if self.maybe(0.95) else {"other": "x"}, "fieldSpecs": [{"path": "metadata/labels", "create": True}]}

    def inline_text(self, folder, text):
        if self.maybe(0.5):
            return text
        file = self.next("sm")
        self.put(folder, file, text)
        return file

    def patch_json(self, folder):
        seen = self.some_seen(folder)
        if not seen:
            return None
        return self.inline_or_file(folder, {"target": {"version": seen["api"].rpartition("/")[2], "kind": seen["kind"], "name": seen["name"]}}, self.patches.text_of(self.patches.json_ops(seen), document))

    def replacement(self, folder):
        seen, other = self.some_seen(folder), self.some_seen(folder)
        if not seen:
            return None
        row = self.patches.replacement(seen, other)
        if self.maybe(0.15):
            file = self.next("replacement")
            self.put(folder, file, document(self.rng, row if self.maybe(0.5) else [row]))
            return {"path": file}
        return row

    # ---- the tree ----

    def make(self):
        """Fills self.files; returns the folder to build."""
        levels = self.pick([1, 1, 1, 1, 2, 2, 2, 3, 3])
        below = []
        for level in range(levels):
            here = []
            for i in range(1 if level == levels - 1 else self.rng.randint(1, 2)):
                folder = self.pick([f"l{level}n{i}", f"l{level}n{i}", f"deep/l{level}n{i}"])
                bases = below if self.maybe(0.7) else below[:1]
                components = [self.component(folder) for _ in range(self.rng.randint(1, 2))] if self.maybe(0.08) else []
                self.kustomization(folder, bases, components)
                here.append(folder)
            below = here
        return below[0]

    def kustomization_at(self, folder):
        """The path of the folder's own kustomization file; None when there is none."""
        own = (p for p in self.files if p.startswith(folder + "/") and p.rsplit("/", 1)[1] in KUSTOMIZATION and p.count("/") == folder.count("/") + 1)
        return next(own, None)

    def component(self, folder):
        name = self.next("comp", "")
        self.seen[name] = []
        self.kustomization(name, [], [], component=True)
        return name


class Broken(Tree):
    """A tree with something wrong in it."""

    def make(self):
        top = super().make()
        for _ in range(self.rng.randint(1, 2)):
            self.pick([self.break_text, self.break_line, self.break_file, self.break_kustomization, self.break_kustomization, self.break_object])(top)
        return top

    def kustomization_of(self, top):
        return self.kustomization_at(top) or self.some_file()

    def some_file(self):
        texts = [p for p, t in self.files.items() if isinstance(t, str)]
        return self.pick(texts)

    def break_text(self, _):
        path = self.some_file()
        self.files[path] = self.pick([self.pick(BAD_YAML) + self.files[path], self.files[path] + self.pick(BAD_YAML), self.pick(BAD_YAML), "", "# only a comment\n", "null\n", "[]\n", "text\n", "5\n", "---\n---\n"])

    def break_line(self, _):
        path = self.some_file()
        lines = self.files[path].split("\n")
        at = self.rng.randrange(len(lines))
        how = self.rng.randint(0, 5)
        if how == 0:
            del lines[at]
        elif how == 1:
            lines.insert(at, lines[at])
        elif how == 2:
            lines[at] = " " + lines[at]
        elif how == 3 and ":" in lines[at]:
            lines[at] = lines[at].split(":")[0] + ": " + self.pick(QUIRKS)
        elif how == 4:
            lines[at] = lines[at][:self.rng.randint(0, len(lines[at]))]
        else:
            lines[at] = lines[at].replace(":", "", 1)
        self.files[path] = "\n".join(lines)

    def break_file(self, top):
        path = self.some_file()
        if self.maybe(0.5) and len(self.files) > 1:
            del self.files[path]
        else:
            self.files[path.rsplit("/", 1)[0] + "/" + self.pick(KUSTOMIZATION)] = "resources: []\n"

    def break_kustomization(self, top):
        path = self.kustomization_of(top) if self.maybe(0.7) else self.some_file()
        extra = self.pick([
            "resource: [x]\n", "resources: [missing.yaml]\n", "resources: [.]\n", "resources: ['']\n", "resources: {a: b}\n", "namespace: 5\n", "namePrefix: [a]\n", "labels: {a: b}\n", "commonLabels: {a: 1}\n", "kind: Component\n", "kind: Other\n",
            "apiVersion: v9\n", "images: [{name: nginx, newTag: 1}]\n", "images: [{nam: x}]\n", "replicas: [{name: nope, count: 1}]\n", "replicas: [{name: web, count: x}]\n", "patches: [{path: missing.yaml}]\n", "patches: [{}]\n", "patches: [{patch: 'x'}]\n",
            "patches: [{patch: '[{\"op\": \"add\"}]', target: {kind: Deployment}}]\n", "patches: [{patch: \"apiVersion: v1\\nkind: ConfigMap\\nmetadata:\\n  name: nope\\n\"}]\n", "patches: [{path: a, patch: b}]\n", "components: [missing]\n", "components: [../l0n0]\n", "configMapGenerator: [{literals: [a=b]}]\n",
            "configMapGenerator: [{name: x, literals: [a]}]\n", "configMapGenerator: [{name: x, files: [missing]}]\n", "configMapGenerator: [{name: x, literals: [a=b, a=c]}]\n", "configMapGenerator: [{name: x, behavior: merge}]\n", "vars: [{name: X, objref: {kind: Nope, apiVersion: v1, name: x}}]\n",
            "replacements: [{source: {kind: Nope}, targets: [{select: {kind: Deployment}}]}]\n", "replacements: [{targets: []}]\n", "configurations: [missing.yaml]\n", "crds: [missing.json]\n", "openapi: {version: v9}\n", "openapi: {path: missing.json}\n", "transformers: [missing.yaml]\n",
            "transformers: [\"apiVersion: builtin\\nkind: Nope\\nmetadata: {name: x}\\n\"]\n", "generators: [\"apiVersion: x/v1\\nkind: Exec\\nmetadata: {name: x}\\n\"]\n", "sortOptions: {order: best}\n", "sortOptions: {order: fifo, legacySortOptions: {orderFirst: [A]}}\n", "helmCharts: [{name: x}]\n",
            "patchesJson6902: [{target: {kind: X}, path: missing}]\n", "patchesStrategicMerge: [missing.yaml]\n", "patchesStrategicMerge: ['not: a patch']\n", "labels: [{pairs: {a: b}, fields: [{path: metadata/labels, create: false}]}]\n", "buildMetadata: [nonsense]\n", "buildMetadata: x\n", "namespace: ~\n", "secretGenerator: ~\n",
            "generatorOptions: {labels: {a: 1}}\n", "images: [{name: '[', newTag: x}]\n", "images: [{name: '(x', newTag: x}]\n", "patches: [{target: {kind: '['}, patch: '[]'}]\n", "patches: [{target: {labelSelector: 'a in'}, patch: '[{op: x}]'}]\n", "bases: [../nope]\n", "resources: [/abs/path]\n", "validators: [x]\n", "metadata: x\n", "y: z\n",
        ])
        self.files[path] = self.files[path] + extra

    def break_object(self, _):
        path = self.some_file()
        text = self.files[path]
        old, new = self.pick([("kind: ", "kin: "), ("metadata:", "meta:"), ("  name: ", "  nam: "), ("apiVersion: ", "api: "), ("spec:", "spec: x\nother:"), ("containers:", "containers: {}\n#"), ("name: web", "name: db"), ("name: ", "name: 5 #"), ("kind: ConfigMap", "kind: Secret"),
                              ("labels:", "labels: x\n#"), ("annotations:", "annotations: []\n#"), ("data:", "data: []\n#"), ("- ", "-"), ("metadata:", "metadata: ~\n#"), ("name: ", "name: ~ #"), ("- name:", "- null\n#"), ("template:", "template: []\n#")])
        self.files[path] = text.replace(old, new, self.pick([1, 1, 9]))


def make_tree(rng):
    """A tree and the folder to build; about one in eight is broken on purpose."""
    tree = (Broken if rng.random() < 0.13 else Tree)(rng)
    top = tree.make()
    tree.used.add("broken" if isinstance(tree, Broken) else "whole")
    sprinkle(tree, top, tree.kustomization_at(top))
    return tree, top


__all__ = ["API", "CLUSTER", "Block", "Raw", "make_tree"]
