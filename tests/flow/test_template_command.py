"""helm-controller template: options, files and errors of the real `helm template`, run beside it; and what ends a bad chart."""
import os
import resource
import subprocess
import tarfile
import time

import pytest
import rig

ENV = {"PATH": "/usr/bin:/bin", "TZ": "UTC", "HOME": "/", "KUBECONFIG": "/dev/null"}
CHART = {
    "Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.2.3\ndependencies:\n- {name: sub, version: 1.0.0, condition: sub.enabled}\n",
    "values.yaml": "a: {b: 1}\nsub: {enabled: true}\nlist: [x]\n",
    "templates/_h.tpl": '{{ define "h" }}{{ .Values.wrong.key.x }}{{ end }}',
    "templates/a.yaml": "kind: Zoo\nmetadata: {name: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}}\nvalues: {{ toJson .Values }}\n"
                        "---\n# only a note\n---\nkind: ConfigMap\nversion: {{ .Capabilities.KubeVersion }} {{ .Release.IsUpgrade }}\n",
    "templates/sub/b.yaml": "kind: Namespace\nhas: {{ .Capabilities.APIVersions.Has \"x/v1\" }}\n\n\n",
    "templates/hook.yaml": "kind: Job\nmetadata: {name: j, annotations: {helm.sh/hook: 'pre-install,test'}}\n---\nkind: Pod\n"
                           "metadata: {annotations: {helm.sh/hook: post-install}}\n",
    "templates/bad.yaml": '{{ if eq .Values.mode "yaml" }}\na: b: c\n{{ else if eq .Values.mode "nil" }}{{ include "h" . }}{{ end }}',
    "templates/NOTES.txt": "notes {{ .Values.a }}",
    "crds/crd.yaml": "kind: CustomResourceDefinition\n",
    "charts/sub/Chart.yaml": "apiVersion: v2\nname: sub\nversion: 1.0.0\n",
    "charts/sub/templates/s.yaml": "kind: Service\nx: {{ .Values.x }}\n",
    "charts/sub/crds/crd.yaml": "kind: CustomResourceDefinition\nsub: true\n",
    "v1.yaml": "a: {c: 2}\nlist: [y, z]\n",
    "v2.yaml": "a: {c: 3}\n---\na: null\n",
    "text.txt": "some\ntext",
}


def write(folder, files):
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def chart(tmp_path):
    return write(tmp_path / "c", {**CHART, "templates/bad.yaml": CHART["templates/bad.yaml"].replace(".Values.mode", '(.Values.mode | default "")')})


def run(program, args, cwd, stdin=""):
    return subprocess.run([program, "template", *args], cwd=cwd, env=ENV, input=stdin, capture_output=True, text=True, timeout=120)


def ours(args, cwd, stdin=""):
    return run(rig.binary("helm-controller"), args, cwd, stdin)


def both(args, chart, stdin=""):
    """Exit code, output, messages and written files of helm and of ours; {out} in an argument is a folder of each one's own."""
    results = []
    for name, program in (("real", rig.tool("helm")), ("ours", rig.binary("helm-controller"))):
        out = chart.parent / f"out-{name}"
        done = run(program, [arg.replace("{out}", str(out)) for arg in args], chart, stdin)
        messages = "".join(line for line in done.stderr.splitlines(True) if not line.startswith("hint:"))
        files = {str(path.relative_to(out)): path.read_text() for path in sorted(out.rglob("*")) if path.is_file()}
        results.append((done.returncode, done.stdout.replace(str(out), "OUT"), messages, files))
    return results


@pytest.mark.parametrize("args", [
    (".",), ("name", "."), (".", "-n", "ns"), (".", "--include-crds"), (".", "--no-hooks"), (".", "--skip-tests"), (".", "--is-upgrade"),
    (".", "--kube-version", "1.30"), (".", "--kube-version=v1.29.3-gke.1+x"), (".", "-a", "x/v1,y/v1"), (".", "--api-versions=x/v1", "-g"),
    (".", "-f", "v1.yaml"), (".", "-f", "v1.yaml,v2.yaml"), (".", "-f", "v2.yaml", "--values", "v1.yaml", "--set", "a.d=4,list={p,q}"),
    (".", "--set-string", "a.b=1"), (".", "--set-json", 'a={"z": 1.5}'), (".", "--set-json", '{"list": null}'), (".", "--set-literal", "a.b=x,y=z"),
    (".", "--set-file", "a.t=text.txt"), (".", "--set", "sub.enabled=false", "--include-crds"), (".", "--set", "a=null"),
    (".", "-s", "templates/a.yaml"), (".", "-s", "templates/*.yaml", "-s", "charts/sub/templates/s.yaml"), (".", "--show-only", "templates/sub/*"),
    (".", "--output-dir", "{out}"), ("n", ".", "--output-dir={out}", "--release-name", "--include-crds"), (".", "--output-dir", "{out}", "--no-hooks"),
    (".", "--name-template", 'a-{{ "B" | lower }}'), (".", "--skip-crds", "--skip-schema-validation", "--disable-openapi-validation"),
    (".", "--dry-run"), (".", "--dry-run=client", "--wait", "--timeout", "1m", "--replace"), (".", "--hide-notes"), (".", "--debug"),
    (".", "--labels", "a=b"), (".", "--version", "9", "--username=u"), (".", "-f", "v1.yaml\nv2.yaml"), (".", "--set-json", 'a={"b":1,"b":2}'),
    (".", "--name-template", '{{ if not .x }}{{ env "TZ" | lower }}{{ end }}{{ expandenv "-${TZ}$TZ$-x$" | lower | trimSuffix "$" }}'),
    (".", "--validate=false", "--verify=false", "--enable-dns=false", "--dependency-update=false", "--repo=", "--post-renderer=", "--post-renderer-args=x"),
], ids=" ".join)
def test_options_work_as_those_of_helm(chart, args):
    real, mine = both(args, chart)
    if "--debug" in args:  # but for helm's own debug lines
        real, mine = real[:2], mine[:2]
    assert real[0] == 0 and mine == real


@pytest.mark.parametrize("args", [
    ("a", ".", "b"), ("a", ".", "-g"), ("a", ".", "--name-template", "x"), ("UPPER", "."), ("x" * 54, "."), ("", "."),
    (".", "--kube-version", "abc"), (".", "--kube-version", "1"), (".", "--kube-version", "01.2"), ("/nothing-here",), ("./nothing-here",),
    (".", "-s", "templates/none.yaml"), (".", "-s", "["), (".", "--set", "a"), (".", "--set", "mode=nil"), (".", "--set", "mode=yaml"),
    (".", "--set", "mode=yaml", "--debug", "-s", "templates/a.yaml"), (".", "-f", "none.yaml"), (".", "--set-json", "a=}"), (".", "--set-file", "a=none.txt"),
    (".", "--timeout", "1"), (".", "--wait=often"), (".", "-l", "a"), (".", "-l", "owner=me"), (".", "--dry-run=none"), (".", "--dry-run=maybe"),
    (".", "--force-replace", "--force-conflicts"), (".", "--name-template", "{{"), (".", "--name-template", '{{ include "x" . }}'),
    (".", "--name-template", "{{ index .x 3 }}"), (".", "--name-template", '{{ toYaml 1 }}'), (".", "-f", "%zz"), (".", "-s", ""), (".", "-f", '"a'),
    (".", "--output-dir", "text.txt"), (".", "--output-dir", "text.txt/a"), (".", "--output-dir", "crds/crd.yaml", "--release-name", "--include-crds"),
 (".", "--name-template", '{{ fail "no" }}'), (".", "--name-template", '{{ define "x" }}{{ template "x" . }}{{ end }}{{ template "x" . }}'), (".", "--set", "sub=1"),
], ids=lambda args: " ".join(args)[:60])
def test_errors_read_as_those_of_helm(chart, args):
    real, mine = both(args, chart)
    if "--debug" in args:
        real, mine = (real[0], real[2].splitlines()[-1]), (mine[0], mine[2].splitlines()[-1])
    assert real[0] == 1 and mine == real


@pytest.mark.parametrize("args", [("./nothing-here",), ("a", ".", "b"), (".", "-f", "none.yaml")], ids=" ".join)
def test_debugging_tells_as_much_before_an_error_as_helms(chart, args):
    real, mine = both((*args, "--debug"), chart)
    assert real[0] == 1 and "level=DEBUG" in real[2] and mine == real


def test_hooks_of_a_chart_that_is_no_yaml_are_written_all_the_same(chart):
    real, mine = both((".", "--debug", "--output-dir", "{out}"), write(chart, {"templates/zbad.yaml": "a: b: c"}))
    told = [(done[0], sorted(done[1].split()), done[2].splitlines()[-1], done[3]) for done in (real, mine)]  # files have no order there
    assert real[0] == 1 and real[3] and told[1] == told[0]


def test_no_file_is_written_through_a_link(chart):
    write(chart, {"elsewhere/file": "1", "out/x": ""})
    (chart / "out/c").symlink_to(chart / "elsewhere")
    done = ours([".", "--output-dir", "out"], chart)
    assert done.returncode == 1 and "Error: open out/c: no file is written through a symbolic link\n" in done.stderr
    assert [path.name for path in (chart / "elsewhere").iterdir()] == ["file"]


def test_a_wrong_default_from_the_environment_is_none(chart):
    for value, debug in ("1", True), ("maybe", False):
        done = subprocess.run([rig.binary("helm-controller"), "template", "."], cwd=chart, env={**ENV, "HELM_DEBUG": value}, capture_output=True, text=True)
        assert done.returncode == 0 and ("level=DEBUG" in done.stderr) == debug


def test_the_standard_input_is_read_once(chart):
    for stdin in "a: {from: stdin}\n", "a: x\0y\n":
        real, mine = both((".", "-f", "-", "--set-file", "t=-"), chart, stdin)
        assert mine == real


@pytest.mark.parametrize("args", [("-f", "-"), ("-f", "/dev/stdin"), ("-f", "/dev/null,/dev/fd/0"), ("--set-file", "a.from=/dev/stdin")], ids=" ".join)
def test_the_standard_input_is_a_file_of_values(chart, args):
    real, mine = both((".", *args), chart, "a: {from: stdin}\n")
    assert "stdin" in real[1] and mine == real


def test_values_come_through_a_pipe_of_the_shell(chart):
    command = '"$0" template . -f <(echo "a: {from: pipe}") --set-file "a.t=/dev/fd/3,a.u=$1" 3<<<text'
    real, mine = [subprocess.run(["bash", "-c", command, program, "v1.yaml"], cwd=chart, env=ENV, capture_output=True, text=True, timeout=120)
                  for program in (rig.tool("helm"), rig.binary("helm-controller"))]
    assert "pipe" in real.stdout and (mine.returncode, mine.stdout, mine.stderr) == (0, real.stdout, real.stderr)


@pytest.mark.parametrize("flag", ["--dependency-update", "--enable-dns", "--post-renderer=x", "--repo=https://charts.example.com", "--validate",
                                  "--verify", "--dry-run=server"])
def test_what_needs_more_than_a_chart_is_refused(chart, flag):
    done = ours([".", flag], chart)
    assert done.returncode == 1 and not done.stdout and f"{flag.split('=')[0]}" in done.stderr and "not supported" in done.stderr


def pack(path, names):
    with tarfile.open(path, "w:gz") as archive:
        for name in names:
            archive.addfile(tarfile.TarInfo(name))


def test_bad_archives_are_refused_as_by_helm(tmp_path):
    for name, files in {"outside": ["._c", "c/Chart.yaml"], "parent": ["c/../../x"], "empty": [], "no-chart": ["c/values.yaml"]}.items():
        pack(tmp_path / f"{name}.tgz", files)
        real, got = both([f"{tmp_path}/{name}.tgz"], tmp_path)
        assert real == got and got[0] == 1
    assert "hint: no files in chart archive" in ours([f"{tmp_path}/empty.tgz"], tmp_path).stderr


def test_hints_name_the_way_and_the_nearest_value(chart):
    write(chart, {"values.yaml": "wrung: {key: 1}\n"})
    done = ours([".", "--set", "mode=nil"], chart)
    assert "hint: templates: c/templates/bad.yaml:3:" in done.stderr and " -> c/templates/_h.tpl:1:" in done.stderr
    assert "hint: .Values.wrong is null or absent; there is .Values.wrung\n" in done.stderr


def test_certificates_end_within_three_centuries_whatever_is_asked(tmp_path):
    write(tmp_path, {"Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n",
                     "templates/x.yaml": '{{ range list 999999999 106752 -999999999 -700000 9223372036854775807 }}{{ $c := genCA "x" . }}\n'
                                         'c{{ . }}: {{ $c.Cert | trunc 27 }}{{ end }}'})
    real, mine = both(["."], tmp_path)
    assert real[0] == 0 and mine == real


@pytest.mark.parametrize("template, hint", [
    ("{{ .Values.name.x }}", ".Values.name is a string, which has no fields"), ("{{ .Values.list.x }}", ".Values.list is a list, which has no fields"),
    ("{{ tpl .Values.nam . }}", ".Values.nam is null or absent; there is .Values.name"), ('{{ include "c.nme" . }}', 'there is a template "c.name"'),
    ('{{ template "c.nme" . }}', 'there is a template "c.name"'), ("{{ toYamll . }}", 'there is a function "toYaml"'),
    ("{{ if eq .Values.number 2 }}{{ end }}", "numbers of values are float64; (int .Values.x) makes one whole"),
    ('{{ repeat .Values.number "x" }}', "numbers of values are float64; (int .Values.x) makes one whole"),
    ("{{ range .Values.list }}{{ .Values.name }}{{ end }}", "the dot is not the chart's here, but what include, range or with made it"),
    ('{{ include "c.name" .Values }}', "the dot is not the chart's here, but what include, range or with made it"),
])
def test_hints_tell_of_usual_mistakes(tmp_path, template, hint):
    write(tmp_path, {"Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n", "values.yaml": "name: some\nlist: [x]\nnumber: 2\n",
                     "templates/_h.tpl": '{{ define "c.name" }}{{ .Values.name }}{{ end }}', "templates/x.yaml": template})
    real, mine = both(["."], tmp_path)
    assert mine == real and f"hint: {hint}" in ours(["."], tmp_path).stderr


def test_hints_say_once_what_calls_itself(tmp_path):
    write(tmp_path, {"Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n",
                     "templates/x.yaml": '{{ define "r" }}{{ include "r" . }}{{ end }}\n{{ include "r" . }}'})
    assert ours(["."], tmp_path).stderr.endswith("hint: templates: c/templates/x.yaml:2:3 -> c/templates/x.yaml:1:19 (1001 times)\n")


@pytest.fixture
def large_stack():
    """A build with a sanitizer has no stack of its own for a chart, and cannot start a thread in the child: it takes what it is given."""
    before = resource.getrlimit(resource.RLIMIT_STACK)
    if rig.SLOW != 1:
        resource.setrlimit(resource.RLIMIT_STACK, (1 << 30, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_STACK, before)


@pytest.mark.parametrize("values", ["a: " + "[" * 5000 + "]" * 5000, "{a: " * 9999 + "1" + "}" * 9999, "a:\n" + "- " * 9998 + "x",
                                    "{a: " * 10001 + "1" + "}" * 10001, "a:\n " + "- " * 10000 + "x"],
                         ids=["lists", "maps", "block", "too deep", "too deep in blocks"])
def test_values_nest_as_deep_as_with_helm(tmp_path, large_stack, values):
    write(tmp_path, {"Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n", "values.yaml": values,
                     "templates/x.yaml": "x: {{ toJson .Values | quote }}\ny: {{ fromJson (toJson .Values) | toRawJson | quote }}"})
    real, mine = both(["."], tmp_path)
    assert mine == real


@pytest.mark.parametrize("template, told", [
    ('{{ define "r" }}{{ template "r" . }}{{ end }}{{ template "r" . }}', "exceeded maximum template depth"),
    ('{{ define "r" }}{{ include "r" . }}{{ end }}{{ include "r" . }}', "nested reference name: r"),
    ('{{ range until 1000000 }}{{ range until 1000000 }}{{ end }}{{ end }}', "rendering the chart was ended: it "),
    ('{{ $x := "x" }}{{ range until 60 }}{{ $x = print $x $x }}{{ end }}', "rendering the chart was ended: it "),
    ('{{ range until 100000 }}{{ repeat 100000 "x" }}{{ end }}', ("rendering the chart was ended: it ", "larger than")),
    ('{{ $d := dict }}{{ $_ := set $d "a" $d }}{{ $d }}', "values are nested deeper than 100000"),
    ('{{ $d := dict }}{{ $_ := set $d "a" $d }}{{ toString $d | sha256sum }}', "error calling toString: the text of a value: values are nested deeper"),
], ids=["template", "include", "loop", "doubling", "output", "cycle", "cycle as text"])
@pytest.mark.skipif("build/" in os.environ.get("BUILD_DIR", "build/bin").replace("build/bin", ""), reason="sanitizers need more than a job may have")
def test_a_bad_chart_ends_as_one_clear_error(tmp_path, template, told):
    write(tmp_path, {"Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n", "templates/x.yaml": template})
    before = time.monotonic()
    done = subprocess.run([rig.binary("helm-controller"), "template", "."], cwd=tmp_path, env=ENV, capture_output=True, text=True, timeout=180)
    words = (told,) if isinstance(told, str) else told
    assert done.returncode == 1 and not done.stdout and any(word in done.stderr for word in words), done.stderr[:500]
    assert done.stderr.startswith("Error: "), done.stderr[:300]
    assert time.monotonic() - before < 150


def test_without_a_command_it_says_what_is_missing():
    done = subprocess.run([rig.binary("helm-controller")], env=ENV, capture_output=True, text=True)
    assert done.returncode == 1 and "the controller is not there yet" in done.stderr
