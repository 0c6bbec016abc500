"""The first steps of the article that this project began with, word for word: a v1beta1 Kustomization with
`validation: client`, an overlay whose resources are https URLs, `kubectl get Kustomization -n flux-system`."""
import pytest
import rig
from flux import SEED, configmap

pytestmark = pytest.mark.usefixtures("controllers")

OVERLAY = """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- {0}/tekton-releases/pipeline/previous/v0.34.1/release.yaml
- {0}/tektoncd/dashboard/releases/download/v0.25.0/tekton-dashboard-release.yaml
"""


@pytest.fixture
def seed(cp, web):
    """The article's repository and source in flux-system; all of it goes again."""
    repo = web.repo("seed")
    releases = [web.file(f"tekton-releases/pipeline/previous/v0.34.1/release.yaml",
                         "apiVersion: v1\nkind: Namespace\nmetadata: {name: tekton-pipelines}\n---\n" + configmap("pipeline", "tekton-pipelines", x="1")),
                web.file("tektoncd/dashboard/releases/download/v0.25.0/tekton-dashboard-release.yaml",
                         configmap("dashboard", "tekton-pipelines", x="1"))]
    repo.commit({"tekton-base/kustomization.yaml": OVERLAY.format(releases[0].split("/tekton-releases")[0])})
    if not cp.api.find(rig.NAMESPACE, None, "flux-system"):
        cp.namespace("flux-system")
    cp.api.create(rig.GITREPOSITORY, "flux-system", "flux-system",
                  spec={"url": repo.http_url, "interval": "1m", "ref": {"branch": "main"}})
    yield repo
    for kind, name in ((rig.KUSTOMIZATION, "tekton-base"), (rig.GITREPOSITORY, "flux-system")):
        if cp.api.find(kind, "flux-system", name):
            cp.api.delete(kind, "flux-system", name)


def test_the_articles_first_steps(cp, api, seed):
    cp.kubectl("apply", "-f", "-", stdin=SEED)
    ks = rig.wait_for(lambda: api.get(rig.KUSTOMIZATION, "flux-system", "tekton-base"), 30, "tekton-base to be ready",
                      until=lambda o: rig.is_ready(o, seed.head()))
    assert len(ks["status"]["inventory"]["entries"]) == 3
    assert api.get(rig.CONFIGMAP, "tekton-pipelines", "dashboard")["data"] == {"x": "1"}
    lines = cp.kubectl("get", "Kustomization", "-n", "flux-system").splitlines()
    row = next(line.split() for line in lines if line.startswith("tekton-base"))
    assert row[2:] == ["True", "Applied", "revision:", f"main@sha1:{seed.head()}"]
