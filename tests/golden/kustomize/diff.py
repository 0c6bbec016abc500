#!/usr/bin/python3
"""Builds random kustomizations with our program and with the real kustomize 5.8.1 and compares.

    tests/golden/kustomize/diff.py --ours 'PROGRAM {root} {dir}' --kustomize kustomize [--count N] [--seed S] [--keep DIR]

Both must agree on success, and on every byte when they succeed. A tree that differs is kept in DIR with both outputs.
"""

import argparse
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

NAMES = ["web", "db", "cache", "job-x", "cfg", "app"]
SPACES = ["", "", "", "default", "team-a"]
QUIRKS = ["yes", "'no'", "on", "y", "0644", "0o17", "1.0", "1.50", "1e3", "1_000", "0x1F", "null", "~", "''", '"5"', "2001-12-14",
          "1:30", "'# x'", "a: b".join("''"), '"a\\tb"', "'-x'", "=", "'a '", '"\\u00e9\\U0001F600"', "12345678901234567890",
          ".5", "+1", "-.inf0", "true", "'true'", "$(VAR)", "x-$(VAR)", "$$(VAR)", "\"line1\\nline2\\n\"", "\"x\\n\"", "'%x'", "'@x'", "'`x'", "a#b", "'a #b'",
          "'" + "long text " * 12 + "'", "{}", "[]", "'{a}'", "'*x'", "'!x'", "'&x'", "'|'", "'a:b'", "'a:'", "!!str 12",
          "\"tab\\there\"", "'multi word'", "<<", "\"trailing space \\n next\"", "Off", "NULL", "-0", "0.1e-3", "1e21", "100000000000000000000000"]


class Tree:
    """One random tree below a folder."""

    def __init__(self, rng, root):
        self.rng = rng
        self.root = root
        self.serial = 0

    def pick(self, items):
        return self.rng.choice(items)

    def maybe(self, chance):
        return self.rng.random() < chance

    def scalar(self):
        return self.pick(QUIRKS) if self.maybe(0.4) else self.pick(["v1", "x", "abc-def", "3", "info"])

    def meta(self, name, space, indent=""):
        out = f"{indent}metadata:\n{indent}  name: {name}\n"
        if space:
            out += f"{indent}  namespace: {space}\n"
        if self.maybe(0.3):
            out += f"{indent}  labels:\n{indent}    app: {self.pick(NAMES)}\n"
            if self.maybe(0.3):
                out += f"{indent}    tier: {self.scalar() if self.maybe(0.2) else 'front'}\n"
        if self.maybe(0.2):
            out += f"{indent}  annotations:\n{indent}    note: {self.scalar()}\n"
        return out

    def container(self, indent):
        rng = self.rng
        name = self.pick(["main", "side", "init"])
        out = f"{indent}- name: {name}\n{indent}  image: {self.pick(['nginx', 'nginx:1.0', 'reg:5000/a/b:2', 'redis@sha256:abc', 'busybox:1'])}\n"
        if self.maybe(0.4):
            out += f"{indent}  env:\n"
            for key in rng.sample(["A", "B", "C"], rng.randint(1, 3)):
                out += f"{indent}  - name: {key}\n{indent}    value: {self.scalar()}\n"
            if self.maybe(0.4):
                out += f"{indent}  - name: REF\n{indent}    valueFrom:\n{indent}      configMapKeyRef:\n{indent}        name: {self.pick(NAMES)}\n{indent}        key: k\n"
        if self.maybe(0.3):
            out += f"{indent}  envFrom:\n{indent}  - {self.pick(['configMapRef', 'secretRef'])}:\n{indent}      name: {self.pick(NAMES)}\n"
        if self.maybe(0.4):
            out += f"{indent}  ports:\n"
            for port in rng.sample([80, 81, 443], rng.randint(1, 2)):
                out += f"{indent}  - containerPort: {port}\n"
                if self.maybe(0.5):
                    out += f"{indent}    protocol: {self.pick(['TCP', 'UDP'])}\n"
                if self.maybe(0.3):
                    out += f"{indent}    name: p{port}\n"
        if self.maybe(0.3):
            out += f"{indent}  volumeMounts:\n{indent}  - name: vol\n{indent}    mountPath: /data\n"
        if self.maybe(0.2):
            out += f"{indent}  args: [{self.pick(['a', '--x', '$(VAR)'])}, b]\n"
        return out

    def pod_spec(self, indent):
        out = f"{indent}spec:\n"
        if self.maybe(0.2):
            out += f"{indent}  serviceAccountName: {self.pick(NAMES)}\n"
        out += f"{indent}  containers:\n"
        seen = set()
        for _ in range(self.rng.randint(1, 2)):
            text = self.container(indent + "  ")
            key = text.split("\n")[0]
            if key not in seen:
                seen.add(key)
                out += text
        if self.maybe(0.4):
            out += f"{indent}  volumes:\n{indent}  - name: vol\n"
            out += self.pick([f"{indent}    emptyDir: {{}}\n", f"{indent}    configMap:\n{indent}      name: {self.pick(NAMES)}\n",
                              f"{indent}    secret:\n{indent}      secretName: {self.pick(NAMES)}\n"])
        if self.maybe(0.2):
            out += f"{indent}  imagePullSecrets:\n{indent}  - name: {self.pick(NAMES)}\n"
        return out

    def workload(self, kind, name, space):
        api = {"Deployment": "apps/v1", "StatefulSet": "apps/v1", "DaemonSet": "apps/v1", "Job": "batch/v1"}[kind]
        out = f"apiVersion: {api}\nkind: {kind}\n" + self.meta(name, space) + "spec:\n"
        if kind in ("Deployment", "StatefulSet") and self.maybe(0.5):
            out += f"  replicas: {self.rng.randint(0, 4)}\n"
        if self.maybe(0.5):
            out += "  selector:\n    matchLabels:\n      app: x\n"
        if kind == "StatefulSet":
            out += f"  serviceName: {self.pick(NAMES)}\n"
        out += "  template:\n    metadata:\n      labels:\n        app: x\n" + self.pod_spec("    ")
        return out

    def resource(self, name=None, space=None):
        name = name or self.pick(NAMES)
        space = self.pick(SPACES) if space is None else space
        for _ in range(20):
            kind = self.kind()
            if self.maybe(0.02) or (kind, name) not in self.taken:
                break
            name = self.pick(NAMES)
        else:
            self.serial += 1
            name = f"{name}{self.serial}"
        self.taken.add((kind, name))
        return self.object(kind, name, space)

    taken = None

    def kind(self):
        return self.pick(["ConfigMap", "Secret", "Service", "Deployment", "StatefulSet", "DaemonSet", "Job", "ServiceAccount",
                          "RoleBinding", "ClusterRole", "Namespace", "Widget", "Pod", "CronJob", "Ingress", "HorizontalPodAutoscaler"])

    def object(self, kind, name, space):
        if kind in ("Deployment", "StatefulSet", "DaemonSet", "Job"):
            return self.workload(kind, name, space)
        out = {"ConfigMap": "apiVersion: v1", "Secret": "apiVersion: v1", "Service": "apiVersion: v1", "Pod": "apiVersion: v1",
               "ServiceAccount": "apiVersion: v1", "Namespace": "apiVersion: v1", "CronJob": "apiVersion: batch/v1",
               "RoleBinding": "apiVersion: rbac.authorization.k8s.io/v1", "ClusterRole": "apiVersion: rbac.authorization.k8s.io/v1",
               "Ingress": "apiVersion: networking.k8s.io/v1", "HorizontalPodAutoscaler": "apiVersion: autoscaling/v2",
               "Widget": "apiVersion: example.com/v1"}[kind]
        out += f"\nkind: {kind}\n" + self.meta(name, "" if kind in ("Namespace", "ClusterRole") else space)
        if kind == "ConfigMap":
            out += "data:\n" + "".join(f"  {k}: {self.scalar()}\n" for k in self.rng.sample(["a", "b", "c.d", "E"], 2))
        elif kind == "Secret":
            out += "type: Opaque\ndata:\n  k: YQ==\n"
        elif kind == "Service":
            out += "spec:\n  selector:\n    app: x\n  ports:\n  - port: 80\n" + ("    protocol: TCP\n" if self.maybe(0.5) else "")
        elif kind == "RoleBinding":
            out += (f"roleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: {self.pick(['Role', 'ClusterRole'])}\n  name: {self.pick(NAMES)}\n"
                    f"subjects:\n- kind: ServiceAccount\n  name: {self.pick(NAMES + ['default'])}\n")
            if self.maybe(0.5):
                out += f"  namespace: {self.pick(['default', 'team-a'])}\n"
        elif kind == "ClusterRole":
            out += f"rules:\n- apiGroups: ['']\n  resources: [secrets]\n  resourceNames: [{self.pick(NAMES)}]\n  verbs: [get]\n"
        elif kind == "Widget":
            out += "spec:\n  list:\n  - name: a\n    v: 1\n  - name: b\n  containers:\n  - image: nginx:1\n  deep:\n    x: " + self.scalar() + "\n"
        elif kind == "Pod":
            out += self.pod_spec("")
        elif kind == "CronJob":
            out += "spec:\n  schedule: '* * * * *'\n  jobTemplate:\n    spec:\n      template:\n" + self.pod_spec("        ")
        elif kind == "Ingress":
            out += (f"spec:\n  tls:\n  - secretName: {self.pick(NAMES)}\n  rules:\n  - http:\n      paths:\n      - path: /\n        backend:\n"
                    f"          service:\n            name: {self.pick(NAMES)}\n")
        elif kind == "HorizontalPodAutoscaler":
            out += f"spec:\n  scaleTargetRef:\n    kind: Deployment\n    name: {self.pick(NAMES)}\n"
        return out

    def write(self, path, text):
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def resource_file(self, folder):
        self.serial += 1
        docs = [self.resource() for _ in range(self.rng.randint(1, 3))]
        if self.maybe(0.1):
            items = "".join("- " + d.strip().replace("\n", "\n  ") + "\n" for d in docs)
            text = f"apiVersion: v1\nkind: {self.pick(['List', 'WidgetList'])}\nitems:\n{items}"
        else:
            text = "---\n".join(docs)
        self.write(f"{folder}/r{self.serial}.yaml", text)
        self.resources.setdefault(folder, []).extend(docs)
        return f"r{self.serial}.yaml"

    resources = None

    def target_of(self, folder, kinds=None):
        """Kind, name and namespace of some resource a kustomization sees."""
        docs = self.visible.get(folder) or []
        if kinds:
            docs = [d for d in docs if any(f"\nkind: {k}\n" in d for k in kinds)]
        if not docs:
            return None
        doc = self.pick(docs)
        lines = doc.split("\n")
        kind = next(line.split(": ")[1] for line in lines if line.startswith("kind: "))
        api = next(line.split(": ")[1] for line in lines if line.startswith("apiVersion: "))
        name = next(line.split(": ")[1] for line in lines if line.startswith("  name: "))
        space = next((line.split(": ")[1] for line in lines if line.startswith("  namespace: ")), "")
        return api, kind, name, space

    def patch(self, folder):
        target = self.target_of(folder)
        if not target:
            return None
        api, kind, name, space = target
        head = f"apiVersion: {api}\nkind: {kind}\nmetadata:\n  name: {name}\n" + (f"  namespace: {space}\n" if space else "")
        how = self.rng.randint(0, 5)
        if how == 0:
            ops = self.pick([f"- op: add\n  path: /metadata/labels\n  value: {{x: {self.scalar()}}}\n", "- op: replace\n  path: /metadata/name\n  value: renamed\n",
                             f"- op: add\n  path: /spec/new\n  value: {self.scalar()}\n", "- op: remove\n  path: /metadata/labels\n",
                             "- op: test\n  path: /kind\n  value: Deployment\n- op: copy\n  from: /metadata/name\n  path: /metadata/copy\n"])
            where = self.pick([f"kind: {kind}", f"name: {name}", "kind: Dep.*", f"kind: {kind}\n    name: {name[0]}.*", "labelSelector: app=x"])
            return "- target:\n    " + where + "\n  patch: |\n" + "".join("    " + line + "\n" for line in ops.strip().split("\n"))
        if kind in ("Deployment", "StatefulSet", "DaemonSet", "Job"):
            body = self.pick(["spec:\n  template:\n" + self.pod_spec("    "), "spec:\n  replicas: 9\n",
                              "spec:\n  template:\n    spec:\n      containers:\n      - name: main\n        $patch: delete\n",
                              "spec:\n  template:\n    spec:\n      containers:\n      - $patch: replace\n      - name: only\n        image: only\n",
                              "spec:\n  template:\n    spec:\n      volumes: null\n",
                              "spec:\n  template:\n    spec:\n      containers:\n      - name: side\n        env:\n        - name: A\n          value: patched\n"])
        else:
            body = self.pick(["data:\n  a: patched\n  b: null\n", "spec:\n  list:\n  - name: b\n    w: 2\n", "metadata2: {}\n",
                              "spec:\n  ports:\n  - port: 80\n    name: http\n  - port: 81\n", "spec: null\n", "$patch: delete\n"])
        text = head + body
        if self.maybe(0.3):
            return f"- target:\n    kind: {kind}\n  patch: |\n" + "".join("    " + line + "\n" for line in text.strip().split("\n"))
        return "- patch: |\n" + "".join("    " + line + "\n" for line in text.strip().split("\n"))

    def generator(self, kind):
        name = self.pick(NAMES)
        if (kind, name) in self.taken and self.maybe(0.9):
            self.serial += 1
            name = f"gen{self.serial}"
        self.taken.add((kind, name))
        out = f"- name: {name}\n"
        if self.maybe(0.1):
            out += f"  behavior: {self.pick(['create', 'merge', 'replace'])}\n"
        if self.maybe(0.2):
            out += f"  namespace: {self.pick(['default', 'team-a'])}\n"
        if self.maybe(0.2):
            out += "  options:\n    disableNameSuffixHash: true\n    labels:\n      gen: 'yes'\n"
        out += "  literals:\n" + "".join(f"  - {k}={self.pick(['x', '5', 'a=b', 'true', 'q q'])}\n" for k in self.rng.sample(["k1", "k2", "k3"], 2))
        return out

    def replacement(self, folder):
        source = self.target_of(folder)
        workload = self.target_of(folder, ["Deployment", "StatefulSet", "DaemonSet"])
        if not source:
            return ""
        field = self.pick(["metadata.name", "kind", "apiVersion"])
        where, path = source[1], self.pick(["metadata.annotations.from", "metadata.labels.[a.b/c]", "spec.new.deep", "spec.list.[name=z].v"])
        options = "    options:\n      create: true\n"
        if workload and self.maybe(0.6):
            where = workload[1]
            path = self.pick(["spec.template.spec.containers.*.image", "spec.template.spec.containers.[image=.*].image",
                              "spec.template.spec.containers.0.image", "spec.template.spec.containers.0.env.0.value"])
            options = self.pick(["", "    options:\n      delimiter: ':'\n      index: 0\n", "    options:\n      delimiter: '/'\n      index: -1\n",
                                 "    options:\n      delimiter: ':'\n      index: 5\n"])
        return (f"replacements:\n- source:\n    kind: {source[1]}\n    name: {source[2]}\n    fieldPath: {field}\n"
                f"  targets:\n  - select:\n      kind: {where}\n    fieldPaths:\n    - '{path}'\n{options}")

    def variable(self, folder):
        target = self.target_of(folder)
        if not target or "VAR" in self.taken:
            return ""
        self.taken.add("VAR")
        space = f"\n    namespace: {target[3]}" if target[3] else ""
        return (f"vars:\n- name: VAR\n  objref:\n    apiVersion: {target[0]}\n    kind: {target[1]}\n    name: {target[2]}{space}\n"
                + self.pick(["", "  fieldref:\n    fieldpath: kind\n", "  fieldref:\n    fieldpath: spec.replicas\n"]))

    def kustomization(self, folder, bases, component=False):
        out = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n" if component else ""
        files = [self.resource_file(folder) for _ in range(self.rng.randint(0 if bases or component else 1, 2))]
        entries = files + bases
        self.visible[folder] = list(self.resources.get(folder, []))
        for base in bases:
            self.visible[folder] += self.visible.get(str(pathlib.PurePosixPath(base).name), [])
        if entries:
            out += "resources:\n" + "".join(f"- {e}\n" for e in entries)
        rng = self.rng
        if self.maybe(0.3):
            out += f"namespace: {self.pick(['ns-a', 'default', 'team-a'])}\n"
        if self.maybe(0.3):
            out += f"namePrefix: {self.pick(['p-', 'dev-'])}\n"
        if self.maybe(0.2):
            out += "nameSuffix: -s\n"
        if self.maybe(0.2):
            out += f"commonLabels:\n  common: {self.pick(['a', chr(34) + '1' + chr(34)])}\n"
        if self.maybe(0.3):
            out += f"labels:\n- pairs:\n    extra: l\n  includeSelectors: {self.pick(['true', 'false'])}\n  includeTemplates: {self.pick(['true', 'false'])}\n"
        if self.maybe(0.2):
            out += "commonAnnotations:\n  anno: 'n'\n"
        if self.maybe(0.3):
            out += f"images:\n- name: {self.pick(['nginx', 'reg:5000/a/b', 'redis', 'bus.*'])}\n  " + self.pick(
                ["newTag: '9'\n", "newName: other\n", "digest: sha256:ff\n", "newName: o\n  newTag: v2\n", "tagSuffix: -x\n"])
        patches = [p for p in (self.patch(folder) for _ in range(rng.randint(0, 2))) if p]
        if patches:
            out += "patches:\n" + "".join(patches)
        if self.maybe(0.3):
            out += "configMapGenerator:\n" + self.generator("ConfigMap")
        if self.maybe(0.2):
            out += "secretGenerator:\n" + self.generator("Secret")
        if self.maybe(0.15):
            target = self.target_of(folder, ["Deployment", "StatefulSet"])
            if target:
                out += f"replicas:\n- name: {target[2]}\n  count: 3\n"
        if self.maybe(0.25):
            out += self.replacement(folder)
        if self.maybe(0.15):
            out += self.variable(folder)
        if self.maybe(0.15):
            patch = self.patch(folder)
            if patch and patch.startswith("- patch: |"):
                out += "patchesStrategicMerge:\n" + patch.replace("- patch: |", "- |", 1)
        if self.maybe(0.1):
            out += "buildMetadata: [" + self.pick(["originAnnotations", "transformerAnnotations", "originAnnotations, transformerAnnotations"]) + "]\n"
        if self.maybe(0.1):
            out += "sortOptions:\n  order: legacy\n"
        if self.maybe(0.05):
            out += "generatorOptions:\n  annotations:\n    g: o\n"
        self.write(f"{folder}/kustomization.yaml", out)
        return out

    def make(self):
        self.resources, self.visible, self.taken = {}, {}, set()
        levels = self.rng.randint(1, 3)
        below = []
        for level in range(levels):
            width = 1 if level == levels - 1 else self.rng.randint(1, 2)
            here = []
            for i in range(width):
                folder = f"l{level}n{i}"
                self.kustomization(folder, [f"../{b}" for b in below])
                here.append(folder)
            below = here
        top = below[0]
        if self.maybe(0.3):
            self.kustomization("comp", [], component=True)
            path = self.root / top / "kustomization.yaml"
            path.write_text(path.read_text() + "components:\n- ../comp\n")
        return top


def run(command):
    done = subprocess.run(command, capture_output=True, timeout=120, check=False)
    return done.returncode, done.stdout, done.stderr.decode(errors="replace")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--ours", required=True)
    parser.add_argument("--kustomize", required=True)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=pathlib.Path, default=pathlib.Path("build/kustomize-diff"))
    options = parser.parse_args()
    agreed = built = different = 0
    for seed in range(options.seed, options.seed + options.count):
        with tempfile.TemporaryDirectory() as tmp:
            root = pathlib.Path(tmp)
            top = Tree(random.Random(seed), root).make()
            ours = run([part.format(root=tmp, dir=top) for part in options.ours.split()])
            real = run([options.kustomize, "build", "--reorder", "none", "--load-restrictor", "LoadRestrictionsNone", f"{tmp}/{top}"])
            same = (ours[0] == 0) == (real[0] == 0) and (real[0] != 0 or ours[1] == real[1])
            agreed += same
            built += same and real[0] == 0
            if same:
                continue
            different += 1
            kept = options.keep / str(seed)
            shutil.rmtree(kept, ignore_errors=True)
            shutil.copytree(root, kept)
            (kept / "ours").write_bytes(ours[1] + ours[2].encode())
            (kept / "real").write_bytes(real[1] + real[2].encode())
            print(f"seed {seed}: differs, kept in {kept} ({top}): ours {ours[0]}, real {real[0]}: {(ours[2] or real[2]).strip()[:200]}")
    print(f"{agreed} agreed ({built} of them built), {different} differ")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
