"""A cluster switched from Flux's definitions to crds/ and back: what is stored reads the same through either.

Definitions are shared by a whole cluster, so both are installed here under a group of their own: the group's name is
no part of what is tested. Flux's definitions are not part of this project. Without them their shape stands in: Flux
2.9 has the stored version alone, and in it none of the fields kept for old manifests. With RIG_FLUX_CRDS=DIR the real
ones are taken, from every folder below DIR that has files named as in crds/ (one folder per release of a controller);
objects are then written through every version that the release serves.
"""
import copy
import os
import pathlib

import pytest
import yaml

from crds import KINDS, contains, table
from rig import ApiError, CRD, Kind, ROOT, wait_for
from rig.api import TABLE

# Fields of the stored version that only crds/ has.
KEPT_FOR_OLD = {
    "GitRepository": ["gitImplementation", "accessFrom"], "Bucket": ["accessFrom"],
    "HelmChart": ["valuesFile", "accessFrom"],
    "Kustomization": ["validation", "patchesStrategicMerge", "patchesJson6902"],
    "HelmRelease": ["valuesFile", "patchesStrategicMerge", "patchesJson6902"],
}


def file_of(t):
    return f"{t.group}_{t.rows['plural']}.yaml"


def ours(t):
    return yaml.safe_load((ROOT / "crds" / file_of(t)).read_text())


def without(schema, names):
    """Takes fields of these names out of a schema, at any depth."""
    if isinstance(schema, dict):
        for name in names:
            schema.get("properties", {}).pop(name, None)
        for inner in schema.values():
            without(inner, names)


def shape_of_flux(t):
    crd = ours(t)
    crd["spec"]["versions"] = crd["spec"]["versions"][:1]
    without(crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"], KEPT_FOR_OLD.get(t.kind, []))
    return crd


def releases():
    """(name, kind) of what to switch from; the name is a folder below RIG_FLUX_CRDS, or "shape"."""
    root = os.environ.get("RIG_FLUX_CRDS")
    if not root:
        return [("shape", kind) for kind in KINDS]
    return [(folder.name, kind) for folder in sorted(pathlib.Path(root).iterdir()) for kind in KINDS
            if (folder / file_of(table(kind))).exists()]


def flux(release, t):
    if release == "shape":
        return shape_of_flux(t)
    return yaml.safe_load((pathlib.Path(os.environ["RIG_FLUX_CRDS"]) / release / file_of(t)).read_text())


class Moved:
    """Definitions and objects of one kind under a group of their own, which ends with the test."""

    def __init__(self, api, ns, t):
        self.api, self.ns, self.t = api, ns, t
        self.group = f"{t.group.split('.')[0]}.{ns}.test"
        self.name, self.number = f"{t.rows['plural']}.{self.group}", 0

    def at(self, version):
        return Kind(f"{self.group}/{version}", self.t.rows["plural"], self.t.kind)

    def serve(self, crd):
        """Applies a definition, waits until it is the one that answers, and returns the versions it serves.

        A printer column with a number of its own tells this definition from the one before.
        """
        crd = copy.deepcopy(crd)
        crd["metadata"], crd["spec"]["group"] = {"name": self.name}, self.group
        for field in ("shortNames", "categories"):  # those of the real group stay unambiguous
            crd["spec"]["names"].pop(field, None)
        crd.pop("status", None)
        self.number += 1
        for version in crd["spec"]["versions"]:
            version["additionalPrinterColumns"] = [{"name": f"n{self.number}", "type": "string", "jsonPath": ".kind"}]
        self.api.patch(CRD, crd, name=self.name, how="apply")
        self.crd, served = crd, [v["name"] for v in crd["spec"]["versions"] if v["served"]]
        wait_for(lambda: all(self.answers(v) is (v in served) for v in {*served, *self.t.versions}), 20,
                 "the definition to be served", every=0.05)
        return served

    def answers(self, version):
        """True for the newest definition, False when the version is not served, None for anything in between."""
        try:
            columns = self.api.request("GET", self.at(version).path(self.ns), accept=TABLE)["columnDefinitions"]
        except ApiError as e:
            return False if e.code == 404 else None  # 429 while the storage is set up
        return True if columns[1]["name"] == f"n{self.number}" else None

    def create(self, version, name, spec):
        self.api.post(self.at(version), self.at(version).object(name, self.ns, spec=spec), self.ns)

    def report(self, version, name):
        """Writes the table's status, as far as that version knows it."""
        schema = next(v for v in self.crd["spec"]["versions"] if v["name"] == version)
        if "status" not in schema.get("subresources", {}) or not self.t.status:
            return
        known = schema["schema"]["openAPIV3Schema"]["properties"]["status"]["properties"]
        status = {k: v for k, v in self.t.status.items() if k in known}
        if "digest" not in known.get("artifact", {}).get("properties", {"digest"}):
            status = {k: v for k, v in status.items() if "rtifact" not in k}  # the first draft had another artifact
        self.api.patch(self.at(version).path(self.ns, name) + "/status", {"status": status})

    def read(self, version):
        """What a client sees, without what the API server counts."""
        return {o["metadata"]["name"]: (o["metadata"]["uid"], o["metadata"]["generation"], o["spec"], o.get("status"))
                for o in self.api.list(self.at(version), self.ns)}


@pytest.fixture
def moved(api, ns):
    made = []

    def move(t):
        made.append(Moved(api, ns, t))
        return made[-1]
    yield move
    for one in made:
        api.delete(CRD, name=one.name)


def write_all(one, versions):
    """Every accepted row of the table through every version served, as far as that definition accepts it."""
    for version in versions:
        for row, change in enumerate(one.t.rows["accepted"].get(version, [])):
            name = f"{version}-{row}"
            try:
                one.create(version, name, one.t.spec(change))
            except ApiError as e:
                assert e.code == 422, e  # an old release that does not know a value yet
                continue
            one.report(version, name)


def reads_as(one, version, seen):
    """Through the stored version to the letter; ours show more through the old ones, which know more there."""
    now = one.read(version)
    if version == one.t.versions[0]:
        return now == seen
    return now.keys() == seen.keys() and all(
        now[name][:2] == (uid, generation) and contains(now[name][2], spec) and contains(now[name][3], status)
        for name, (uid, generation, spec, status) in seen.items())


@pytest.mark.parametrize("release, kind", releases())
def test_objects_read_the_same_after_a_switch_and_back(moved, release, kind):
    one, before = moved(table(kind)), flux(release, table(kind))
    stored, versions = one.t.versions[0], one.serve(before)
    write_all(one, versions)
    seen = {version: one.read(version) for version in versions}
    assert len(seen[versions[0]]) >= (10 if stored in versions else 2)
    one.serve(ours(one.t))
    for version in versions:
        assert reads_as(one, version, seen[version]), (version, seen[version], one.read(version))
    if stored not in versions:
        return  # a release from before the stored version: no way back, as from any later Flux
    # what is written while ours are installed, with none of the fields that only ours have
    one.create(stored, "ours", one.t.base)
    one.report(stored, "ours")
    new = one.read(stored)["ours"]
    one.serve(before)
    for version in versions:
        now = one.read(version)
        now.pop("ours")
        assert now == seen[version], version
    back = one.read(stored)["ours"]  # an older release drops what it does not know yet, and nothing else
    assert back == new or release != "shape" and back[:2] == new[:2]
    assert contains(new[2], back[2]) and contains(new[3], back[3])


@pytest.mark.parametrize("kind", [k for k in KINDS if k in KEPT_FOR_OLD])
def test_switch_back_drops_only_what_flux_does_not_know(moved, kind):
    one = moved(table(kind))
    one.serve(ours(one.t))
    for row, (version, change) in enumerate(one.t.rows["stored"]):
        one.create(version, f"old-{row}", one.t.spec(change))
    kept = one.read(one.t.versions[0])
    one.serve(shape_of_flux(one.t))
    for name, (uid, generation, spec, status) in one.read(one.t.versions[0]).items():
        assert (uid, generation, status) == (kept[name][0], kept[name][1], kept[name][3])
        assert contains(kept[name][2], spec)
    one.serve(ours(one.t))
    assert one.read(one.t.versions[0]) == kept  # nothing was rewritten, so nothing is lost


def shape_of_old_flux(t):
    """A release from before the stored version: the old versions alone, the newest of them stored."""
    crd = ours(t)
    crd["spec"]["versions"] = crd["spec"]["versions"][1:]
    crd["spec"]["versions"][0]["storage"] = True
    return crd


@pytest.mark.parametrize("kind", ["GitRepository", "HelmRelease", "Kustomization", "Provider"])
def test_objects_of_an_old_flux_come_all_the_way_to_the_newest(moved, kind):
    """Stored by an old release, served by ours, migrated as `flux migrate` does, taken over by Flux 2.9."""
    one = moved(table(kind))
    stored, old = one.t.versions[0], one.serve(shape_of_old_flux(one.t))
    write_all(one, old)
    seen = {version: one.read(version) for version in old}
    one.serve(ours(one.t))
    for version in old:
        assert reads_as(one, version, seen[version]), version
    crd = one.api.get(CRD, name=one.name)
    assert crd["status"]["storedVersions"] == [old[0], stored]
    now = one.read(stored)
    for name in now:  # the API server writes an object it would store otherwise, even when nothing changes
        one.api.patch(one.at(stored), {}, one.ns, name)
    one.api.patch(CRD.path(name=one.name) + "/status", {"status": {"storedVersions": [stored]}})
    assert one.read(stored) == now
    one.serve(shape_of_flux(one.t))
    for name, (uid, generation, spec, status) in one.read(stored).items():
        assert (uid, generation) == now[name][:2] and contains(now[name][2], spec) and status == now[name][3]
