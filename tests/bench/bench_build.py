"""One small build (four objects, an overlay) by `kustomize-controller build` and by the real `kustomize build`.

Both run in turns; measure.py tells of each run the CPU time (user + system) and the peak memory of the process and its
children. The outputs must be equal byte for byte, else the numbers would compare different work.
"""
import json
import pathlib
import statistics
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import rig  # noqa: E402
from measure import once  # noqa: E402

RUNS = 41
FILES = {
    "base/kustomization.yaml": "resources: [deployment.yaml, service.yaml, account.yaml]\nconfigMapGenerator:\n- name: env\n  literals: [A=1]\n",
    "base/deployment.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 1\n  selector: {matchLabels: {app: web}}\n"
                            "  template:\n    metadata: {labels: {app: web}}\n    spec:\n      containers:\n      - {name: web, image: 'example.com/web:1', "
                            "envFrom: [{configMapRef: {name: env}}], ports: [{containerPort: 80}]}\n",
    "base/service.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}, ports: [{port: 80}]}\n",
    "base/account.yaml": "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: web}\n",
    "over/kustomization.yaml": "resources: [../base]\nnamespace: prod\nnamePrefix: p-\nlabels: [{pairs: {team: a}, includeSelectors: true}]\n"
                               "images: [{name: example.com/web, newTag: '2'}]\n",
}


def main():
    ours, theirs = rig.binary("kustomize-controller"), rig.tool("kustomize")
    with tempfile.TemporaryDirectory() as folder:
        for name, text in FILES.items():
            path = pathlib.Path(folder, name)
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        commands = {"ours": [ours, "build", f"{folder}/over"], "kustomize": [theirs, "build", f"{folder}/over"]}
        runs = {name: [] for name in commands}
        for _ in range(RUNS + 1):
            for name, argv in commands.items():
                runs[name].append(once(argv))
    assert runs["ours"][0][0] == runs["kustomize"][0][0], "the outputs differ"
    median = {name: {"cpu_s": statistics.median(r[1] for r in all_[1:]), "peak_mib": statistics.median(r[2] for r in all_[1:])}
              for name, all_ in runs.items()}
    ratio = {key: round(median["ours"][key] / median["kustomize"][key], 4) for key in ("cpu_s", "peak_mib")}
    print(json.dumps({"runs": RUNS, **median, "ratio": ratio}))


main()
