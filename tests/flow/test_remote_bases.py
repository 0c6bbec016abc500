"""Bases that are files and Git repositories elsewhere: in the command beside the real kustomize, and in the controller."""
import os
import subprocess

import pytest
import rig
from flux import Flux, configmap, kustomization

ORIGIN = ["originAnnotations", "transformerAnnotations"]


@pytest.fixture
def base(repo):
    """A repository with a kustomization at its root, one in a folder, a tag, a branch and a submodule."""
    part = repo.web.repo(f"{repo.name}-part")
    part.commit({"kustomization.yaml": kustomization(resources=["p.yaml"]), "p.yaml": configmap("part")})
    repo.commit({"kustomization.yaml": kustomization(resources=["a.yaml", "sub"], namePrefix="root-"),
                 "a.yaml": configmap("a", at="one"),
                 "sub/kustomization.yaml": kustomization(resources=["b.yaml"], configMapGenerator=[{"name": "gen", "literals": ["k=v"]}]),
                 "sub/b.yaml": configmap("b", at="one"),
                 "up/kustomization.yaml": kustomization(resources=["../sub", "../a.yaml"]),
                 "out/kustomization.yaml": kustomization(resources=["../../elsewhere"]),
                 "link": rig.Link("/etc"),
                 "over/kustomization.yaml": kustomization(resources=["../sub"], namePrefix="over-"),
                 "modules/kustomization.yaml": kustomization(resources=["../part"]),
                 ".gitmodules": f'[submodule "part"]\n\tpath = part\n\turl = ../{part.name}.git\n'})
    head = repo.head()
    repo.git("fast-import", "--quiet", "--force", stdin=(
        f"commit refs/heads/main\ncommitter rig <rig@example.com> 1700000000 +0000\ndata 1\nx\nfrom {head}\n"
        f"M 160000 {part.head()} part\n\n").encode())
    repo.tag("v1")
    repo.tag("v1.1", message="annotated")
    repo.branch("dev/next")
    repo.commit({"sub/b.yaml": configmap("b", at="two")}, branch="dev/next")
    return repo


def run(program, folder, *args, ca):
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "SSL_CERT_FILE": str(ca), "GIT_SSL_CAINFO": str(ca), "GIT_TERMINAL_PROMPT": "0"}
    done = subprocess.run([program, "build", *args], cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def build(web, tmp_path):
    """build(entry, ...) writes a kustomization of these resources and builds it with the real kustomize and ours."""
    def both(*args, **fields):
        if fields:
            (tmp_path / "kustomization.yaml").write_text(kustomization(**fields))
        return [run(program, tmp_path, *args, ca=web.ca_bundle) for program in (rig.tool("kustomize"), rig.binary("kustomize-controller"))]
    return both


@pytest.mark.parametrize("form", [
    "{url}", "{url}//", "{url}//sub", "{url}/sub", "{url}/over", "{url}?ref=v1", "{url}//sub?ref=v1.1", "{url}//sub?ref=dev/next",
    "{url}//sub?ref=refs/heads/dev/next", "{url}//sub?version=dev/next", "{url}//sub?ref={commit}", "{url}//sub?ref={older}",
    "{url}//modules", "{url}//sub?submodules=false&timeout=20s", "git::{url}//sub", "{url}//sub?ref=v1&timeout=30", "{short}//sub",
])
def test_each_form_of_a_repository_builds_as_with_kustomize(base, build, form):
    older = base.head()
    base.commit({"later.txt": "x"})
    entry = form.format(url=base.url, short=base.url.removesuffix(".git"), commit=base.head(), older=older)
    if "{short}" in form and not (base.path.parent / f"{base.name}").exists():
        (base.path.parent / base.name).symlink_to(base.path)
    real, ours = build(resources=[entry], namePrefix="my-", buildMetadata=ORIGIN)
    assert real[0] == 0, real[2]
    assert ours[:2] == real[:2], ours[2]
    if form.startswith("git::"):
        assert "Forcing the git protocol using the 'git::' URL prefix is not supported" in ours[2]


def test_a_repository_may_be_what_is_built(base, build):
    real, ours = build(f"{base.url}//over?ref=v1")
    assert real[0] == 0 and ours[:2] == real[:2], ours[2]
    assert ours[2] == ""


def test_files_and_components_from_elsewhere(web, base, build):
    file = web.file(f"{base.name}/x.yaml", configmap("x", from_="file"))
    base.commit({"comp/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnameSuffix: -c\n"})
    patch = web.file(f"{base.name}/patch.yaml", configmap("x", more="y"))
    real, ours = build(resources=[file, f"{base.url}//sub"], components=[f"{base.url}//comp"], patches=[{"path": patch}], buildMetadata=ORIGIN)
    assert real[0] == 0, real[2]
    assert ours[:2] == real[:2], ours[2]


@pytest.mark.parametrize("form,real_part,part", [
    ("{url}//none", "no such file or directory", "'none' of the repository {url}: "),
    ("{url}//sub/b.yaml", "expecting directory", "'sub/b.yaml' of the repository {url}: "),
    ("{url}//sub?ref=dev/nxt", "couldn't find remote ref dev/nxt", "couldn't find remote ref dev/nxt (did you mean the branch 'dev/next'?)"),
    ("{url}//sub?ref=v2", "couldn't find remote ref v2", "couldn't find remote ref v2 (did you mean the tag 'v1'?)"),
    ("{url}//out", "",
     "security; bases in kustomizations found in cloned git repos must be within the repo, but base '../../elsewhere' is outside '{url}' (named in "
     "'{url}//out')"),
    ("{url}//up", "security; file", "security; file '{url}//a.yaml' is not in or below '{url}//up'"),
    ("{url}//link", "outside of repo", "'link' of the repository {url}: must build at directory: not a valid directory: evalsymlink failure on 'link' : "
     "lstat link: no such file or directory (it is a link that leads to nothing, or out of the source)"),
    ("{nobody}", "not found", "unable to clone '{nobody}': repository not found (bases are fetched without credentials"),
    ("{basic}", "", "unable to clone '{basic}': authentication required (bases are fetched without credentials"),
    ("git@localhost:org/repo.git", "", "unable to clone 'ssh://git@localhost/org/repo.git': there is no key for ssh addresses here: use an https address"),
    ("file://{path}", "", "scheme 'file' cannot be fetched: use http, https or ssh"),
])
def test_what_is_wrong_is_told(base, build, form, real_part, part):
    names = {"url": base.url, "nobody": base.url.replace(base.name, "nobody"), "basic": base.basic_url, "path": base.path}
    real, ours = build(resources=[form.format(**names)])
    assert not real_part or (real[0] == 1 and real_part in real[2])
    assert ours[0] == 1 and part.format(**names) in ours[2] and "Traceback" not in ours[2]


def test_a_repository_that_leads_back_to_itself(base, build):
    base.commit({"sub/kustomization.yaml": kustomization(resources=[f"{base.url}//over"])})
    real, ours = build(resources=[f"{base.url}//over"])
    for code, _, message in (real, ours):
        assert code == 1 and f"cycle detected: URI '{base.url}//over' referenced by previous URI '{base.url}//over'" in message


def bomb(repo, *widths):
    """A commit at the branch "bomb" with a hundred files in each of the innermost of so many folders."""
    blob = repo.git("hash-object", "-w", "--stdin", stdin=b"x").strip()
    tree = repo.git("mktree", stdin="".join(f"100644 blob {blob}\tf{i}\n" for i in range(100)).encode()).strip()
    for width in widths:
        tree = repo.git("mktree", stdin="".join(f"040000 tree {tree}\td{i}\n" for i in range(width)).encode()).strip()
    commit = repo.git("commit-tree", tree, "-m", "bomb").strip()
    repo.git("update-ref", "refs/heads/bomb", commit)
    return commit


def test_a_bomb_of_files_is_refused(base, build):
    bomb(base, 10, 10, 10, 10)
    ours = run(rig.binary("kustomize-controller"), base.path, f"{base.url}//x?ref=bomb", ca=base.web.ca_bundle)
    assert ours[0] == 1 and "the repository is too large: more than 100000 files" in ours[2]


def test_a_bomb_spread_over_submodules_is_refused(base, build):
    half = base.web.repo(f"{base.name}-half")
    commit = bomb(half, 60, 10)
    base.commit({".gitmodules": "".join(f'[submodule "{n}"]\n\tpath = {n}\n\turl = ../{half.name}.git\n' for n in ("one", "two"))})
    base.git("fast-import", "--quiet", "--force", stdin=(
        f"commit refs/heads/main\ncommitter rig <rig@example.com> 1700000000 +0000\ndata 1\nx\nfrom {base.head()}\n"
        f"M 160000 {commit} one\nM 160000 {commit} two\n\n").encode())
    ours = run(rig.binary("kustomize-controller"), base.path, f"{base.url}//sub", ca=base.web.ca_bundle)
    assert ours[0] == 1 and "submodule 'two': " in ours[2] and "the repository is too large: more than 100000 files" in ours[2]


# --- the controller ---------------------------------------------------------------------------------------------------

@pytest.fixture
def app(web, ns):
    return web.repo(f"{ns}-app")


@pytest.mark.usefixtures("controllers")
def test_a_base_in_a_repository_is_applied_and_fetched_once_per_commit(api, ns, web, base, app):
    app.commit({"kustomization.yaml": kustomization(resources=[f"{base.url}//sub?ref=main"], namePrefix="my-")})
    flux = Flux(api, ns, app)
    flux.source().apply()
    flux.ready(app.head())
    assert api.get(rig.CONFIGMAP, ns, "my-b")["data"] == {"at": "one"}
    mark = web.mark()
    flux.again()
    assert [r["uri"] for r in base.requests(mark, "git-upload-pack")] == []
    assert len(base.requests(mark, "info/refs")) == 1
    base.commit({"sub/b.yaml": configmap("b", at="three")})
    flux.again()
    assert api.get(rig.CONFIGMAP, ns, "my-b")["data"] == {"at": "three"}


@pytest.mark.usefixtures("controllers")
def test_a_commit_by_its_id_is_not_asked_for_again(api, ns, web, base, app):
    app.commit({"kustomization.yaml": kustomization(resources=[f"{base.url}//sub?ref={base.head()}"])})
    flux = Flux(api, ns, app)
    flux.source().apply()
    flux.ready(app.head())
    mark = web.mark()
    flux.again()
    assert base.requests(mark, "info/refs") == []


def test_no_remote_bases_refuses(api, ns, private, base, app):
    private.source()
    private.kustomize("--no-remote-bases=true")
    app.commit({"kustomization.yaml": kustomization(resources=[f"{base.url}//sub"])})
    flux = Flux(api, ns, app, private.labels)
    flux.source().apply()
    message = flux.failed("BuildFailed")
    assert f"'{base.url}//sub' is remote, and remote bases are disabled here (--no-remote-bases)" in message
    assert base.requests() == []
