"""Hostile repositories: what a tenant may push ends as a clear message on that one object, holds no secret, and harms
nobody else. The `controllers` fixture fails each test during which a controller dies."""
import base64

import pytest
import rig
from flux import Flux, configmap, kustomization

pytestmark = pytest.mark.usefixtures("controllers")

PASSWORD = "correct-horse-4242"


@pytest.fixture
def flux(api, ns, repo):
    return Flux(api, ns, repo)


def manifest(kind, *lines):
    return "\n".join(["apiVersion: v1", f"kind: {kind}", "metadata: {name: x}", *lines]) + "\n"


def bomb():
    """Nine levels of nine aliases each: 387 million nodes."""
    levels = [f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 9)]
    return manifest("ConfigMap", "a0: &a0 [x,x,x,x,x,x,x,x,x]", *levels)


def bases(count, last):
    """Bases that name the next one; the last one names `last`."""
    return {f"b{i}/kustomization.yaml": kustomization(resources=[f"../b{i + 1}" if i < count - 1 else last])
            for i in range(count)}


MALFORMED = {
    "aliases that multiply": ({"x.yaml": bomb()}, "excessive aliasing"),
    "100,000 levels": ({"x.yaml": manifest("ConfigMap", "x: " + "[" * 100_000 + "]" * 100_000)}, "nests deeper"),
    "levels never closed": ({"x.yaml": "x: " + "{a: " * 100_000}, "nests deeper"),
    "levels of JSON": ({"kustomization.yaml": kustomization(resources=["x.json"]),
                        "x.json": '{"a":' * 100_000 + "1" + "}" * 100_000}, "nests deeper"),
    "levels by indentation": ({"x.yaml": "".join(" " * i + "a:\n" for i in range(1100))}, "nests deeper"),
    "bytes that are no UTF-8": ({"x.yaml": b"a: \xff\xfe\n"}, "must be UTF-8"),
    "a NUL": ({"x.yaml": b"a: x\x00y\n"}, "control characters"),
    "bases in a circle": ({"kustomization.yaml": kustomization(resources=["b0"]), **bases(3, "../b0")}, "cycle"),
    "itself as base": ({"kustomization.yaml": kustomization(resources=["."])}, "cycle"),
    "a way out of the tree": ({"kustomization.yaml": kustomization(resources=["../../../../../etc/passwd"])},
                              "fs-security-constraint"),
    "a file of the node": ({"kustomization.yaml": kustomization(resources=["file:///etc/passwd"])}, "scheme 'file' cannot be fetched"),
    "a file of 65 MiB": ({"x.yaml": manifest("ConfigMap", "x: " + "x" * (65 << 20))}, "more than the 67108864 bytes"),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_malformed(case, ns, repo, flux):
    files, part = MALFORMED[case]
    repo.commit(files)
    flux.source().apply()
    flux.failed("BuildFailed", part)


def test_links_lead_nowhere(api, ns, repo, flux):
    """Links, in circles or out of the tree, are no part of an artifact."""
    repo.commit({"a.yaml": configmap("a", x="1"), "loop": rig.Link("loop"), "up.yaml": rig.Link("../../../etc/passwd"),
                 "dir/back": rig.Link("..")})
    flux.source().apply()
    ks = flux.ready(repo.head())
    assert [e["id"] for e in ks["status"]["inventory"]["entries"]] == [f"{ns}_a__ConfigMap"]


def test_a_name_cannot_address_another_object(api, ns, repo, flux):
    """Names are parts of URLs: they can neither climb nor cut."""
    api.create(rig.CONFIGMAP, ns, "theirs", data={"x": "1"})
    for name in ("../configmaps/theirs", "..", "theirs?dryRun=All", "theirs#"):
        repo.commit({"a.yaml": f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: '{name}'}}\ndata: {{x: '2'}}\n"})
        flux.sync() if flux.api.find(rig.GITREPOSITORY, ns, "app") else flux.source().apply()
        flux.failed("ReconciliationFailed", name)
    assert api.get(rig.CONFIGMAP, ns, "theirs")["data"] == {"x": "1"}


def test_large_remote_resources_harm_nobody(web, ns, repo, flux):
    """Together they are more than a worker's memory, and than a child's."""
    block = "x" * (30 << 20)
    urls = [web.file(f"{ns}/{i}.yaml", configmap(f"r{i}") + f"data: {{x: {block}}}\n") for i in range(4)]
    repo.commit({"kustomization.yaml": kustomization(resources=urls)})
    flux.source().apply()
    ks = rig.wait_for(flux.get, 60, "the Kustomization to fail",
                      until=lambda ks: rig.condition(ks).get("status") == "False"
                      and rig.condition(ks)["reason"] != "ArtifactFailed")
    assert "memory" in rig.condition(ks)["message"] or "larger than" in rig.condition(ks)["message"]


def generator(**fields):
    return {"kustomization.yaml": kustomization(secretGenerator=[{"name": "s", **fields}])}


def patch(text, **fields):
    return {"kustomization.yaml": kustomization(resources=["s.yaml"], patches=[{"patch": text, **fields}]),
            "s.yaml": manifest("Secret", "stringData: {p: other}")}


LEAKS = {
    "a value that is a number": {"s.yaml": manifest("Secret", "stringData: {p: 424242424242}")},
    "a value that is a list": {"s.yaml": manifest("Secret", f"stringData: {{p: [{PASSWORD}]}}")},
    "data that is a text": {"s.yaml": manifest("Secret", f"stringData: {PASSWORD}")},
    "a value that is no base64": {"s.yaml": manifest("Secret", f"data: {{p: '{PASSWORD}!'}}")},
    "a broken quote": {"s.yaml": manifest("Secret", f"stringData: {{p: \"{PASSWORD}}}")},
    "a line out of place": {"s.yaml": manifest("Secret", "stringData:", f"  p: {PASSWORD}", f" {PASSWORD}")},
    "a literal without a key": generator(literals=[PASSWORD]),
    "a literal beside another": generator(literals=[f"p={PASSWORD}", "broken"]),
    "a test of a JSON patch": patch(f'[{{"op":"test","path":"/stringData/p","value":"{PASSWORD}"}}]',
                                    target={"kind": "Secret"}),
    "a patch that is malformed": patch(f"kind: Secret\nstringData: p: {PASSWORD}"),
    "a URL": {"kustomization.yaml": kustomization(
        resources=[f"https://user:{PASSWORD}@127.0.0.1:1/x.yaml?token={PASSWORD}"])},
    "a URL of a Git base": {"kustomization.yaml": kustomization(resources=[f"https://u:{PASSWORD}@127.0.0.1:1/x.git"])},
}


@pytest.mark.parametrize("case", LEAKS)
def test_no_secret_is_told(case, api, ns, repo, flux, controllers):
    repo.commit(LEAKS[case])
    flux.source().apply()
    ks = rig.wait_for(flux.get, 20, "the Kustomization to fail",
                      until=lambda ks: rig.condition(ks).get("status") == "False"
                      and rig.condition(ks)["reason"] in ("BuildFailed", "ReconciliationFailed"))
    rig.wait_for(lambda: flux.events(rig.condition(ks)["reason"]), 10, "the event of the failure")
    logged = "\n".join(line for line in controllers.kustomize.log().splitlines() if ns in line)
    told = f"{ks['status']}{api.list(rig.EVENT, ns)}{logged}"
    for secret in (PASSWORD, base64.b64encode(PASSWORD.encode()).decode(), "424242424242"):
        assert secret not in told, rig.condition(ks)["message"]
