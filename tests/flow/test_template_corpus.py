"""helm-controller template: the corpus of charts, which the real helm rendered. It lies beside the checkout; without it, skipped."""
import concurrent.futures
import json
import os
import pathlib
import subprocess

import pytest
import rig

CORPUS = pathlib.Path(os.environ.get("CHARTS_CORPUS", rig.ROOT.parent / "shared/corpus/charts"))
ENV = {"PATH": "/usr/bin:/bin", "TZ": "UTC", "LC_ALL": "C", "KUBECONFIG": "/dev/null", "HOME": "/"}


def command(case, folder):
    args = [rig.binary("helm-controller"), "template", case["release"], f"charts/{case['chart']}", "--namespace", case["namespace"],
            "--kube-version", case["kubeVersion"], "-f", f"{folder}/values.yaml"]
    for version in case["apiVersions"]:
        args += ["--api-versions", version]
    return args + ["--include-crds"] * case["includeCRDs"] + ["--is-upgrade"] * case["isUpgrade"]


def read(path):
    return path.read_bytes() if path.exists() else b""


def without_hints(text):
    return b"".join(line for line in text.splitlines(True) if not line.startswith(b"hint:"))


def same(case, want, got):
    """Byte equal; where helm itself is not of one mind: but for the lines that vary, or for their order."""
    if want == got:
        return True
    wanted, lines = want.split(b"\n"), got.split(b"\n")
    if case.get("lineOrderVaries") and sorted(wanted) == sorted(lines):
        return True
    vary = set(case.get("varyingLines", ()))
    return bool(vary) and len(wanted) == len(lines) and all(a == b or n in vary for n, (a, b) in enumerate(zip(wanted, lines), 1))


def same_shape(case, want, got):
    """What varies must look alike: the same key and, short of keys and certificates, as long a value."""
    wanted, lines = want.split(b"\n"), got.split(b"\n")
    pairs = [(wanted[n - 1], lines[n - 1]) for n in case.get("varyingLines", ())]
    return all(a.split(b":")[0] == b.split(b":")[0] and len(a) == len(b) for a, b in pairs if b":" in a and len(a) < 200)


def check(folder):
    """Why the case fails; "" when it does not."""
    case = json.loads((CORPUS / folder / "case.json").read_text())
    done = subprocess.run(command(case, folder), cwd=CORPUS, env=ENV, capture_output=True, timeout=120)
    here = CORPUS / folder
    if (here / "error.txt").exists():
        if done.returncode != 1 or done.stdout:
            return f"exit code {done.returncode}, {len(done.stdout)} bytes of output"
        return "" if same(case, read(here / "error.txt"), without_hints(done.stderr)) else f"other error: {done.stderr[-2000:]!r}"
    if done.returncode:
        return f"failed: {done.stderr[-2000:]!r}"
    want = read(here / "expected.yaml")
    if not same(case, want, done.stdout) or (case.get("varyingLines") and not same_shape(case, want, done.stdout)):
        return "other output"
    wanted, got = read(here / "warnings.txt"), done.stderr
    if case.get("warningsOrderVaries"):
        wanted, got = sorted(wanted.split(b"\n")), sorted(got.split(b"\n"))
    return "" if wanted == got else f"other warnings: {done.stderr[-500:]!r}"


@pytest.mark.skipif(not CORPUS.exists(), reason="the corpus of charts is not beside the checkout")
def test_all_cases_come_out_as_those_of_helm():
    folders = [f"cases/{chart.name}/{case.name}" for chart in sorted((CORPUS / "cases").iterdir()) for case in sorted(chart.iterdir())]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        results = dict(zip(folders, pool.map(check, folders)))
    assert len(results) >= 250
    wrong = {name: why for name, why in results.items() if why}
    assert not wrong, "\n".join(f"{name}: {why}" for name, why in wrong.items())
