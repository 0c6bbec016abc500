"""How a build grows: from 500 to 50,000 resources with patches, replacements and name references, and 200 overlays on one base.

Ours and the real `kustomize build` take the same trees, theirs as far as it is bearable (it grows with the square of the size):
CPU time and peak memory come from measure.py, and the outputs must be equal. The curves go to build/bench/kustomize.svg.
"""
import json
import pathlib
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import rig  # noqa: E402
from measure import once  # noqa: E402

OURS_SIZES = [500, 1000, 2000, 5000, 10000, 20000, 50000]
THEIRS_SIZES = [500, 1000]
OVERLAYS = 200
SVG = HERE.parents[1] / "build" / "bench" / "kustomize.svg"
GROUP = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: app-{i}
  labels: {{app: app-{i}}}
spec:
  selector: {{matchLabels: {{app: app-{i}}}}}
  template:
    metadata: {{labels: {{app: app-{i}}}}}
    spec:
      serviceAccountName: app-{i}
      containers:
      - name: main
        image: example.com/app:{i}
        env:
        - name: A
          value: "1"
        - name: B
          valueFrom: {{configMapKeyRef: {{name: app-{i}, key: k}}}}
        ports: [{{containerPort: 80}}]
---
apiVersion: v1
kind: Service
metadata: {{name: app-{i}}}
spec: {{selector: {{app: app-{i}}}, ports: [{{port: 80}}]}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: app-{i}}}
data: {{k: value-{i}}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {{name: app-{i}}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: app-{i}}}
spec:
  rules:
  - http: {{paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: app-{i}, port: {{number: 80}}}}}}}}]}}
"""
PATCH = """- patch: |
    apiVersion: apps/v1
    kind: Deployment
    metadata: {{name: app-{i}}}
    spec: {{replicas: 3, template: {{spec: {{containers: [{{name: main, env: [{{name: C, value: c}}]}}]}}}}}}
"""
REPLACEMENT = """- source: {{kind: ConfigMap, name: app-{i}, fieldPath: data.k}}
  targets:
  - select: {{kind: Deployment, name: app-{i}}}
    fieldPaths: ['spec.template.spec.containers.[name=main].env.[name=A].value']
"""
OVER = """resources: [../base]
namespace: prod
namePrefix: p-
labels: [{pairs: {team: a}, includeSelectors: true}]
images: [{name: example.com/app, newTag: v2}]
"""


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def large(root, resources):
    """A base of `resources` objects in groups of five; one group in ten is patched, one in twenty has a replacement."""
    groups = resources // 5
    for start in range(0, groups, 100):
        write(root / "base" / f"r{start}.yaml", "---\n".join(GROUP.format(i=i) for i in range(start, min(start + 100, groups))))
    write(root / "base/kustomization.yaml", "resources:\n" + "".join(f"- r{start}.yaml\n" for start in range(0, groups, 100)))
    write(root / "over/kustomization.yaml", OVER + "patches:\n" + "".join(PATCH.format(i=i) for i in range(0, groups, 10))
          + "replacements:\n" + "".join(REPLACEMENT.format(i=i) for i in range(0, groups, 20)))
    return root / "over"


def overlays(root, count):
    write(root / "base/a.yaml", "---\n".join(GROUP.format(i=i) for i in range(2)))
    write(root / "base/kustomization.yaml", "resources: [a.yaml]\n")
    for k in range(count):
        write(root / f"o{k}/kustomization.yaml", f"resources: [../base]\nnamespace: n{k}\nnamePrefix: o{k}-\npatches:\n" + PATCH.format(i=0))
    write(root / "all/kustomization.yaml", "resources:\n" + "".join(f"- ../o{k}\n" for k in range(count)))
    return root / "all"


def compare(folder, real):
    """One row: ours, and the real thing's when `real`; the outputs must be the same."""
    text, cpu, peak = once([rig.binary("kustomize-controller"), "build", folder])
    row = {"cpu_s": round(cpu, 3), "peak_mib": round(peak, 1)}
    if real:
        other, their_cpu, their_peak = once([rig.tool("kustomize"), "build", folder])
        assert other == text, f"{folder}: the outputs differ"
        row |= {"their_cpu_s": round(their_cpu, 3), "their_peak_mib": round(their_peak, 1),
                "ratio": {"cpu_s": round(cpu / their_cpu, 4), "peak_mib": round(peak / their_peak, 4)}}
    return row


def panel(rows, x, title, keys):
    """One diagram with two logarithmic axes: ours (keys[0]) and theirs (keys[1]) over the number of resources."""
    from math import log10
    width, height, colours = 360, 260, ("#1a6fb5", "#b5431a")
    points = [[(n, row[key]) for n, row in rows.items() if row.get(key)] for key in keys]
    values = [v for line in points for _, v in line]
    low, high = log10(min(values)) // 1, -(-log10(max(values)) // 1)
    first, last = log10(min(rows)), log10(max(rows))
    place = lambda n, v: (x + (log10(n) - first) / (last - first) * width, 40 + (high - log10(v)) / (high - low) * height)
    parts = [f'<text x="{x}" y="24" font-weight="bold">{title}</text>']
    for decade in range(int(low), int(high) + 1):
        _, y = place(10 ** first, 10 ** decade)
        parts.append(f'<path d="M{x} {y:.1f}h{width}" stroke="#ddd"/><text x="{x - 6}" y="{y + 4:.1f}" text-anchor="end">{10 ** decade:g}</text>')
    for n in rows:
        parts.append(f'<text x="{place(n, values[0])[0]:.1f}" y="{58 + height}" text-anchor="middle">{n:,}</text>')
    for line, colour, name in zip(points, colours, ("gotk", "kustomize")):
        path = " ".join(f"{a:.1f},{b:.1f}" for a, b in (place(n, v) for n, v in line))
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        if line:
            a, b = place(*line[-1])
            parts.append(f'<text x="{a:.1f}" y="{b - 8:.1f}" fill="{colour}" text-anchor="end">{name}</text>')
    return "\n".join(parts)


def draw(rows):
    SVG.parent.mkdir(parents=True, exist_ok=True)
    SVG.write_text('<svg xmlns="http://www.w3.org/2000/svg" width="900" height="340" font-family="sans-serif" font-size="11">\n'
                   '<rect width="900" height="340" fill="white"/>\n'
                   + panel(rows, 60, "CPU seconds of one build, by resources", ("cpu_s", "their_cpu_s")) + "\n"
                   + panel(rows, 510, "Peak memory in MiB, by resources", ("peak_mib", "their_peak_mib")) + "\n</svg>\n")


def main():
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        rows = {n: compare(large(root / str(n), n), n in THEIRS_SIZES) for n in OURS_SIZES}
        many = compare(overlays(root / "overlays", OVERLAYS), True)
    draw(rows)
    steps = OURS_SIZES[-1] / OURS_SIZES[3]
    growth = {key: round(rows[OURS_SIZES[-1]][key] / rows[OURS_SIZES[3]][key] / steps, 2) for key in ("cpu_s", "peak_mib")}
    print(json.dumps({"resources": rows, f"{OVERLAYS} overlays": many, "growth_5000_to_50000_by_linear": growth}))


main()
