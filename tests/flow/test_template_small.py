"""helm-controller is two executables, one of them small and linked with another C library: nobody can tell which one answered."""
import glob
import json
import os
import pathlib
import re
import subprocess

import pytest
import rig

ENV = {"PATH": "/usr/bin:/bin", "TZ": "UTC", "HOME": "/", "KUBECONFIG": "/dev/null"}
SMALL = rig.binary("helm-controller")
FULL = SMALL.with_name("helm-controller-full")
SNIPPETS = pathlib.Path(os.environ.get("TEMPLATES_CORPUS", rig.ROOT.parent / "shared/corpus/templates"))
BY_CHANCE = re.compile(r"rand|uuid|gen[A-Z]|bcrypt|htpasswd|encryptAES|now|shuffle|ago|date")
pytestmark = pytest.mark.skipif(not FULL.exists(), reason="without musl there is one executable")


def chart(folder, template, values="{}"):
    files = {"Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n", "values.yaml": values,
             "templates/_s.tpl": '{{- define "s" -}}\n' + template + "\n{{- end -}}",
             "templates/t.yaml": 'x: |\n  {{- include "s" . | nindent 2 }}\n'}
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def run(program, *args, **more):
    done = subprocess.run([program, "template", "r", *args], env=ENV, capture_output=True, text=True, timeout=60, **more)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.skipif(not SNIPPETS.exists(), reason="the corpus of snippets does not lie beside the checkout")
def test_both_print_the_same_of_snippets(tmp_path):
    cases = [json.loads(line) for name in sorted(glob.glob(f"{SNIPPETS}/*.jsonl")) for line in open(name)]
    cases = [case for case in cases if not BY_CHANCE.search(case["template"])][::29]
    assert len(cases) > 500
    for case in cases:
        values = case.get("values", {})
        chart(tmp_path, case["template"], values if isinstance(values, str) else json.dumps(values))
        assert run(SMALL, tmp_path) == run(FULL, tmp_path), case["id"]


@pytest.mark.parametrize("template, shape", [
    ('{{ (genCA "x" 1).Cert }}', "-----BEGIN CERTIFICATE-----"),
    ('{{ genPrivateKey "ecdsa" }}', "-----BEGIN EC PRIVATE KEY-----"),
    ('{{ derivePassword 1 "long" "a" "b" "c" }}', "."),
    ('{{ htpasswd "a" "b" }}', "a:[$]2a[$]"),
    ('{{ "x" | encryptAES "key" }}', "."),
    ("{{ addf 0.1 0.2 }}", "0.3\n"),
])
def test_what_the_small_one_lacks_is_done_all_the_same(tmp_path, template, shape):
    code, out, told = run(SMALL, chart(tmp_path, template))
    assert (code, told) == (0, "") and re.search(r"x: [|]\n +" + shape, out)


@pytest.mark.parametrize("template, name", [("x{{ addf 0.1 0.2 }}", "x0.3"), ('{{ derivePassword 1 "long" "p" "u" "s" | lower | trunc 3 }}', "rud")])
def test_a_name_may_need_the_full_one(tmp_path, template, name):
    folder = chart(tmp_path, "{{ .Release.Name }}")
    done = subprocess.run([SMALL, "template", "--name-template", template, folder], env=ENV, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "") and f"\n  {name}\n" in done.stdout


def test_it_is_the_full_one_that_does_it(tmp_path):
    alone = tmp_path / "alone" / "helm-controller"
    alone.parent.mkdir()
    alone.write_bytes(SMALL.read_bytes())
    alone.chmod(0o755)
    assert run(alone, chart(tmp_path / "a", "{{ add 1 2 }}"))[:2] == (0, "---\n# Source: c/templates/t.yaml\nx: |\n  3\n")
    code, out, told = run(alone, chart(tmp_path / "b", '{{ (genCA "x" 1).Cert }}'))
    assert (code, out) == (1, "") and told.startswith(f"helm-controller: failed to run {alone}-full: No such file or directory: ")


def test_nothing_is_told_twice(tmp_path):
    """Warnings, deprecations and debugging come from the one that ends the command."""
    folder = chart(tmp_path, '{{ (genCA "x" 1).Cert | len | lt 1 }}', "a: {b: 1}\n")
    code, out, told = run(SMALL, folder, "--debug", "--set", "a=1")
    assert code == 0 and "true" in out
    assert told.count("Chart path") == 1 and told.count("cannot overwrite table") <= 1
    assert (code, out, told) == run(FULL, folder, "--debug", "--set", "a=1")


def test_standard_input_reaches_the_one_that_reads_it(tmp_path):
    folder = chart(tmp_path, '{{ .Values.a }}{{ len (genCA "x" 1).Cert | lt 1 }}')
    for name in "-", "/dev/stdin":
        assert run(SMALL, folder, "-f", name, input="a: from there\n")[1].endswith("x: |\n  from theretrue\n")
