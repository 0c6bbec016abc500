"""The rig itself: if one of these fails, no other flow test says anything about the controllers."""
import pathlib
import signal
import subprocess
import sys
from subprocess import run as unwatched  # as it is before the fixture `commands`

import pytest

import rig
from rig.proc import alive
from rig.report import look_into, watching
from rig.web import git


def clone(url, target, *config):
    options = [part for setting in config for part in ("-c", setting)]
    return git(*options, "clone", "-q", url, target)


def test_crds_are_served(cp, api):
    served = {v["name"] for v in api.get(rig.CRD, name="kustomizations.kustomize.toolkit.fluxcd.io")["spec"]["versions"]
              if v["served"]}
    assert {"v1", "v1beta1", "v1beta2"} <= served
    assert "kustomizations.kustomize.toolkit.fluxcd.io" in cp.kubectl("get", "crd", "-o", "name")


def test_git_over_https_checks_the_ca(web, repo, tmp_path):
    sha = repo.commit({"a/b.yaml": "one: 1\n", "link": rig.Link("a/b.yaml")}, "first")
    clone(repo.url, tmp_path / "ok", f"http.sslCAInfo={web.ca_bundle}")
    assert git("-C", tmp_path / "ok", "rev-parse", "HEAD").strip() == sha == repo.head()
    assert (tmp_path / "ok/a/b.yaml").read_text() == "one: 1\n" and (tmp_path / "ok/link").is_symlink()
    with pytest.raises(AssertionError, match="certificate"):
        clone(repo.url, tmp_path / "untrusted")


def test_git_commits_build_on_each_other(repo):
    first = repo.commit({"a": "1", "b": "2"})
    second = repo.commit({"a": None, "b": "3"})
    repo.tag("v1.0.0", first)
    repo.tag("v1.1.0", second, message="annotated")
    assert repo.git("rev-parse", f"{second}^").strip() == first
    assert repo.git("ls-tree", "--name-only", second).split() == ["b"]
    assert (repo.head("v1.0.0"), repo.head("v1.1.0")) == (first, second)
    rewritten = repo.commit({"c": "4"}, parent=first)
    assert repo.git("rev-parse", f"{rewritten}^").strip() == first and repo.head() == rewritten


def test_git_doors_want_their_credentials(web, repo, tmp_path):
    repo.commit({"a": "1"})
    ca = f"http.sslCAInfo={web.ca_bundle}"
    with pytest.raises(AssertionError, match="terminal prompts disabled|could not read Username"):
        clone(repo.basic_url, tmp_path / "1", ca)
    clone(repo.basic_url.replace("https://", f"https://git:{web.password}@"), tmp_path / "2", ca)
    with pytest.raises(AssertionError, match="terminal prompts disabled|could not read Username|401"):
        clone(repo.bearer_url, tmp_path / "3", ca)
    clone(repo.bearer_url, tmp_path / "4", ca, f"http.extraHeader=Authorization: Bearer {web.token}")
    with pytest.raises(AssertionError, match="400|SSL"):
        clone(repo.mtls_url, tmp_path / "5", ca)
    clone(repo.mtls_url, tmp_path / "6", ca, f"http.sslCert={web.pki}/client.crt", f"http.sslKey={web.pki}/client.key")


def test_git_push_over_https_needs_the_password(web, repo, tmp_path):
    repo.commit({"a": "1"})
    ca = f"http.sslCAInfo={web.ca_bundle}"
    clone(repo.url, tmp_path / "work", ca)
    git("-C", tmp_path / "work", "commit", "-q", "--allow-empty", "-m", "pushed")
    with pytest.raises(AssertionError, match="403"):
        git("-C", tmp_path / "work", "-c", ca, "push", "-q", "origin", "main")
    door = repo.basic_url.replace("https://", f"https://git:{web.password}@")
    git("-C", tmp_path / "work", "-c", ca, "push", "-q", door, "main")
    assert repo.head() == git("-C", tmp_path / "work", "rev-parse", "HEAD").strip()


def test_web_requests_are_counted(web, repo, tmp_path):
    repo.commit({"a": "1"})
    mark = web.mark()
    git("-c", f"http.sslCAInfo={web.ca_bundle}", "ls-remote", repo.url)
    assert [r["status"] for r in repo.requests(mark, "info/refs")] == [200]
    clone(repo.http_url, tmp_path / "clone")
    assert repo.requests(mark, "git-upload-pack")[-1]["method"] == "POST"


def test_web_leaves_no_process_behind(tmp_path):
    with rig.Folder() as folder:
        with rig.Web(folder) as web:
            web.repo("one").commit({"a": "1"})
            clone(web.repo("one").http_url, tmp_path / "clone")
        left = [p.name for p in pathlib.Path("/proc").glob("[0-9]*")
                if str(folder.path) in command_line(p) and alive(p.name)]
    assert not left


def command_line(process):
    try:
        return (process / "cmdline").read_text()
    except OSError:
        return ""


def test_web_files_and_failures(web, ns):
    url = web.file(f"{ns}/release.yaml", "kind: List\n")

    def fetch(address):
        return subprocess.run(["curl", "-sS", "--cacert", web.ca_bundle, "-L", "-w", "%{http_code}", address],
                              stdout=subprocess.PIPE, text=True).stdout

    assert fetch(url) == "kind: List\n200"
    assert fetch(url.replace("/files/", "/redirect/files/")) == "kind: List\n200"
    assert fetch(f"{web.https_url}/status/503") == "made up: 503\n503"
    assert fetch(f"{web.https_url}/files/{ns}/absent.yaml").endswith("404")


def test_api_patch_watch_and_audit(cp, api, ns):
    mark = cp.audit_mark()
    api.create(rig.CONFIGMAP, ns, "one", data={"a": "1"})
    api.patch(rig.CONFIGMAP, rig.CONFIGMAP.object("one", ns, data={"a": "2"}), ns, "one", how="apply")
    version = api.get(rig.CONFIGMAP, ns, "one")["metadata"]["resourceVersion"]
    api.delete(rig.CONFIGMAP, ns, "one")
    event = next(api.watch(rig.CONFIGMAP, ns, resourceVersion=version))
    assert event["type"] == "DELETED" and event["object"]["data"] == {"a": "2"}
    assert api.find(rig.CONFIGMAP, ns, "one") is None
    assert cp.requests(mark, "admin", ns) == {"create configmaps": 1, "patch configmaps": 1, "get configmaps": 2,
                                              "delete configmaps": 1}


def test_controller_tokens_have_the_rights_of_their_service_account(cp, ns):
    source = cp.api_as(cp.tokens["source-controller"])
    assert source.list(rig.GITREPOSITORY, ns) == []
    with pytest.raises(rig.ApiError, match="system:serviceaccount:flux-system:source-controller.*cannot create"):
        source.create(rig.CONFIGMAP.at("v1")._replace(plural="pods", kind="Pod"), ns, "p", spec={})
    kustomize = cp.api_as(cp.tokens["kustomize-controller"])
    kustomize.create(rig.CONFIGMAP, ns, "made")
    tenant = cp.api_as(cp.token_of(ns, "tenant"))
    with pytest.raises(rig.ApiError) as refused:
        tenant.list(rig.CONFIGMAP, ns)
    assert refused.value.code == 403


def test_tools_are_the_pinned_versions():
    out = subprocess.run([rig.tool("kustomize"), "build", rig.ROOT / "crds"], stdout=subprocess.PIPE, text=True).stdout
    assert out.count("\nkind: CustomResourceDefinition") == len(list((rig.ROOT / "crds").glob("*_*.yaml")))


def test_wait_for_shows_the_last_state():
    with pytest.raises(rig.Timeout, match=r"(?s)waiting for snow.*last state.*\"weather\": \"rain\""):
        rig.wait_for(lambda: {"weather": "rain"}, 0.2, "snow", until=lambda s: s["weather"] == "snow")


def test_processes_end_with_a_killed_runner(tmp_path):
    code = ("import sys, time; sys.path.insert(0, sys.argv[1]); from rig.proc import Process\n"
            "print(Process('sleep', ['sleep', '300'], sys.argv[2]).pid, flush=True); time.sleep(300)")
    runner = subprocess.Popen([sys.executable, "-c", code, str(rig.ROOT / "tests"), str(tmp_path / "log")],
                              stdout=subprocess.PIPE, text=True)
    child = int(runner.stdout.readline())
    command = pathlib.Path(f"/proc/{child}/comm")
    rig.wait_for(command.read_text, 10, "the child to be on its own", until=lambda name: name == "sleep\n", every=0.01)
    runner.send_signal(signal.SIGKILL)
    runner.wait()
    rig.wait_for(lambda: not alive(child), 10, "the child to end")


ASAN = "==7==ERROR: AddressSanitizer: heap-use-after-free on address 0x1\n    #0 0x1 in doc_find\n"


@pytest.mark.parametrize("text, count", [
    (ASAN, 1),
    ("==7==ERROR: LeakSanitizer: detected memory leaks\n", 1),
    ("libgotk/doc/json.c:12:34: runtime error: signed integer overflow\n", 1),
    ("WARNING: ThreadSanitizer: data race (pid=7)\n", 1),
    ("WARNING: ThreadSanitizer: thread leak (pid=7)\n", 0),
    ('{"msg":"build was ended: it crashed (SIGSEGV)"}\n', 1),
    ('{"msg":"build was ended: it used a system call that jobs may not use"}\n', 1),
    ('{"msg":"build was ended: it needed more than 64 MiB of memory"}\n', 0),
])
def test_sanitizer_reports_in_logs_are_found(tmp_path, text, count):
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "source-controller.log").write_text(f'{{"msg":"started"}}\n{text}{{"msg":"ended"}}\n')
    assert [len(reports) for reports in look_into(tmp_path).values()] == [count] * count


@pytest.mark.parametrize("options", [{"capture_output": True}, {"stderr": subprocess.STDOUT, "stdout": subprocess.PIPE, "text": True}])
def test_sanitizer_reports_of_commands_are_found(options):
    found = []
    watching(unwatched, found)(["sh", "-c", 'echo fine; echo "$0" >&2', ASAN], **options)
    assert len(found) == 1 and "heap-use-after-free" in found[0] and "doc_find" in found[0]
