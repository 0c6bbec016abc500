"""kustomize-controller build: the options, files and warnings of the real `kustomize build`, run beside it."""
import os
import pathlib
import re
import resource
import subprocess

import pytest
import rig

TREE = {
    "kustomization.yaml": "bases: [b]\ncommonLabels: {a: b}\nvars: []\nconfigMapGenerator:\n- name: x\n  literals: [a=b]\n",
    "b/kustomization.yaml": "resources: [r.yaml]\npatchesStrategicMerge: []\nimages: []\n",
    "b/r.yaml": "\n---\n".join((
        "apiVersion: v1\nkind: Service\nmetadata: {name: Web}",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d, namespace: Foo}",
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: Foo}")),
    "sorted/kustomization.yaml": "resources: [../b/r.yaml]\nsortOptions: {order: legacy}\n",
    "flat/kustomization.yaml": "resources: [../b]\nnamespace: one\n",
    "schema/kustomization.yaml": "resources: [d.yaml]\nopenapi: {path: s.json}\npatches: [{path: p.yaml}]\n",
    "schema/s.json": '{"definitions": {"x": {"properties": {}}}}',
    "schema/d.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec: {template: {spec: {containers: [{name: a}, {name: b}]}}}\n",
    "schema/p.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec: {template: {spec: {containers: [{name: b, image: i}]}}}\n",
    "broken/kustomization.yaml": "resources: [none.yaml]\n",
}


@pytest.fixture
def tree(tmp_path):
    for name, text in TREE.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def both(tree, *args, env=None):
    """Exit code, output and warnings of kustomize and of ours; {out} in an argument is a folder of each one's own."""
    results = []
    for name, program in (("real", rig.tool("kustomize")), ("ours", rig.binary("kustomize-controller"))):
        out = tree / f"out-{name}"
        out.mkdir(exist_ok=True)
        done = subprocess.run([program, "build", *(arg.format(out=out) for arg in args)], cwd=tree, env=env,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
        warnings = [re.sub(r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d ", "", line) for line in done.stderr.splitlines()
                    if "arning" in line or line.startswith("Flag ")]
        results.append((done.returncode, done.stdout, warnings, {file.name: file.read_text() for file in out.iterdir()}))
    return results


@pytest.mark.parametrize("args", [
    (), (".",), ("b",), ("b", "--reorder=none"), ("b", "--reorder", "legacy"),
    ("sorted", "--load-restrictor=LoadRestrictionsNone"),
    ("sorted", "--load-restrictor=LoadRestrictionsNone", "--reorder=none"),
    ("--enable-managedby-label", "b"), ("schema",), ("-o", "{out}"), ("-o", "{out}/all.yaml"), ("flat", "--output={out}"),
], ids=" ".join)
def test_options_work_as_those_of_kustomize(tree, args):
    real, ours = both(tree, *args)
    assert real[0] == 0 and ours == real


def test_the_environment_may_ask_for_the_label(tree):
    real, ours = both(tree, "b", env={"KUSTOMIZE_ENABLE_MANAGEDBY_LABEL": "on", "PATH": "/usr/bin:/bin"})
    assert ours == real and "app.kubernetes.io/managed-by: kustomize-v5.8.1" in ours[1]


@pytest.mark.parametrize("args,message", [
    (("b", "b"), "specify one path to kustomization.yaml"),
    (("--reorder=up",), "illegal flag value --reorder up; legal values: [legacy none]"),
    (("--load-restrictor=no",), "illegal flag value --load-restrictor no; legal values: [LoadRestrictionsRootOnly LoadRestrictionsNone]"),
    (("sorted",), "is not in or below"),
    (("broken",), "accumulation err='accumulating resources from 'none.yaml': "),
])
def test_what_kustomize_refuses_is_refused_in_its_words(tree, args, message):
    for program in (rig.tool("kustomize"), rig.binary("kustomize-controller")):
        done = subprocess.run([program, "build", *args], cwd=tree, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
        assert (done.returncode, done.stdout) == (1, "") and message in done.stderr


@pytest.mark.parametrize("args,why", [
    (("--enable-helm",), "--enable-helm is not supported: charts are not inflated by a build"),
    (("--helm-command", "helm3"), "--helm-command is not supported: charts"),
    (("--enable-exec",), "--enable-exec is not supported: a build runs no programs of others"),
    (("--enable-alpha-plugins",), "--enable-alpha-plugins is not supported: a build runs"),
    (("--enable-star",), "--enable-star is not supported: a build runs"),
    (("-e", "A=b"), "--env is not supported: a build runs"),
    (("--mount", "a", "--mount", "b"), "--mount is not supported: a build runs"),
    (("--network",), "--network is not supported: a build runs"),
    (("--as-current-user",), "--as-current-user is not supported: a build runs"),
])
def test_options_that_run_programs_are_refused_by_name(tree, args, why):
    done = subprocess.run([rig.binary("kustomize-controller"), "build", *args], cwd=tree, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, timeout=60)
    assert (done.returncode, done.stdout) == (1, "") and why in done.stderr


def test_a_name_does_not_lead_out_of_the_folder(tree):
    (tree / "b/r.yaml").write_text("apiVersion: v1\nkind: Service\nmetadata: {name: ../../x}\n")
    (tree / "out").mkdir()
    done = subprocess.run([rig.binary("kustomize-controller"), "build", "b", "-o", "out"], cwd=tree, stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 1 and "'v1_service_../../x.yaml' is no name for a file" in done.stderr and not list((tree / "out").iterdir())


def test_what_is_no_file_is_written_to_and_not_replaced(tree):
    """A pipe stays one, as a device must; a link leads where it led."""
    os.mkfifo(tree / "pipe")
    (tree / "link").symlink_to("target")
    reader = os.open(tree / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    try:
        built = [subprocess.run([rig.binary("kustomize-controller"), "build", "b", *args], cwd=tree, capture_output=True, text=True, timeout=60)
                 for args in ((), ("-o", "link"), ("-o", "pipe"))]
        assert [done.returncode for done in built] == [0, 0, 0] and built[0].stdout
        assert (tree / "pipe").is_fifo() and os.read(reader, 1 << 20).decode() == built[0].stdout
        assert (tree / "link").is_symlink() and (tree / "target").read_text() == built[0].stdout
    finally:
        os.close(reader)


# --- confinement ------------------------------------------------------------------------------------------------------

def group(i, extra=""):
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c{i}}}\ndata: {{k: 'v{i}'{extra}}}\n"


def descendants(pid):
    """/proc's status of those, as far as they are still there."""
    found = {}
    for path in pathlib.Path("/proc").glob("[0-9]*/status"):
        try:
            found[path.parent.name] = dict(re.findall(r"^(\w+):\s*(.*)$", path.read_text(), re.M))
        except OSError:
            continue
    near = {str(pid)}
    for _ in range(2):  # the full one has a helper between
        near |= {p for p, status in found.items() if status["PPid"] in near}
    return [found[p] for p in near - {str(pid)} if p in found]


@pytest.mark.parametrize("name", ["kustomize-controller", "kustomize-controller-full"])
def test_the_work_is_done_by_a_confined_child(tree, name):
    (tree / "b/r.yaml").write_text("---\n".join(group(i) for i in range(20000)))
    build = subprocess.Popen([rig.binary("kustomize-controller").with_name(name), "build", "b"], cwd=tree, stdout=subprocess.DEVNULL)
    seen = []
    while build.poll() is None:
        seen += descendants(build.pid)
    assert build.returncode == 0
    assert any((s["Seccomp"], s["NoNewPrivs"]) == ("2", "1") for s in seen), seen[:3]


@pytest.mark.skipif(rig.proc.SLOW > 1, reason="a sanitizer maps terabytes")
@pytest.mark.parametrize("name", ["kustomize-controller", "kustomize-controller-full"])
def test_a_build_that_runs_out_of_memory_says_so(tree, name):
    (tree / "b/r.yaml").write_text("---\n".join(group(i, f", l: {'x' * 2000}") for i in range(20000)))
    done = subprocess.run([rig.binary("kustomize-controller").with_name(name), "build", "b"], cwd=tree, capture_output=True, text=True, timeout=60,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (90 << 20,) * 2))
    assert done.returncode == 1 and "kustomize build was ended: it needed more than 1024 MiB of memory" in done.stderr


# --- two executables --------------------------------------------------------------------------------------------------

def ours(*args, cwd, env=None, program=None):
    done = subprocess.run([program or rig.binary("kustomize-controller"), *args], cwd=cwd, env=env, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("args", [
    (), ("b", "--reorder=none"), ("broken",), ("--reorder=up",), ("--enable-helm",), ("--no-such-flag",), ("b", "b"), ("--help",), ("--sandbox=off", "b"),
], ids=" ".join)
def test_both_executables_answer_alike(tree, args):
    """`build` is in the small one and in the full one."""
    full = rig.binary("kustomize-controller").with_name("kustomize-controller-full")
    small, large = ours("build", *args, cwd=tree), ours("build", *args, cwd=tree, program=full)
    assert [re.sub('"ts":"[^"]*"', "", part) if isinstance(part, str) else part for part in small] == \
        [re.sub('"ts":"[^"]*"', "", part) if isinstance(part, str) else part for part in large]


def test_an_output_may_be_larger_than_what_a_controller_may_use(tree):
    """Both have it in whole before they print it."""
    full = rig.binary("kustomize-controller").with_name("kustomize-controller-full")
    manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c%d}\ndata: {a: %s}\n"
    (tree / "b" / "r.yaml").write_text("---\n".join(manifest % (n, "x" * (1 << 20)) for n in range(40)))
    small, large = ours("build", "b", cwd=tree), ours("build", "b", cwd=tree, program=full)
    assert large[2] == small[2] and large[0] == small[0] == 0
    assert len(small[1]) > 40 << 20 and large[1] == small[1]


def test_what_the_small_one_has_not_is_told_by_the_full_one(tree):
    full = rig.binary("kustomize-controller").with_name("kustomize-controller-full")
    for args in (("--help",), ("--no-such-flag",), ("nonsense",), ("diff", "--help")):
        assert ours(*args, cwd=tree) == ours(*args, cwd=tree, program=full)


def test_what_was_said_before_the_full_one_takes_over_is_not_said_again(tree):
    """A base with a URL sends the build to the other executable, after deprecated flags and fields were met."""
    (tree / "kustomization.yaml").write_text("bases: [b, 'http://127.0.0.1:1/x.yaml']\ncommonLabels: {a: b}\n")
    full = rig.binary("kustomize-controller").with_name("kustomize-controller-full")
    small = ours("build", "--reorder=none", cwd=tree)
    assert small == ours("build", "--reorder=none", cwd=tree, program=full)
    assert small[0] == 1 and "connection refused" in small[2]
    assert small[2].count("Flag --reorder has been deprecated") == 1 and small[2].count("'commonLabels' is deprecated") == 1


def test_it_is_found_beside_the_small_one_whatever_led_there(tree):
    here = tree / "links"
    here.mkdir()
    (here / "kc").symlink_to(rig.binary("kustomize-controller"))
    for argv, cwd in (([here / "kc"], tree), (["./kc"], here)):
        assert ours("--help", cwd=cwd, program=argv[0])[0] == 0
    done = subprocess.run(["kc", "--help"], env={"PATH": str(here)}, capture_output=True, text=True)
    assert done.returncode == 0 and "--concurrent" in done.stdout


def test_without_it_builds_work_and_the_rest_says_what_is_missing(tree):
    alone = tree / "alone" / "kustomize-controller"
    alone.parent.mkdir()
    alone.write_bytes(rig.binary("kustomize-controller").read_bytes())
    alone.chmod(0o755)
    assert ours("build", "b", cwd=tree, program=alone)[0] == 0
    code, out, told = ours("--concurrent=4", cwd=tree, program=alone)
    assert (code, out) == (1, "") and told == (
        f"kustomize-controller: failed to run {alone}-full: No such file or directory: what this small program does not "
        "do itself is done by that file, which belongs beside it\n")
