"""The tables of tests/golden/crds: what the API server accepts and refuses of each kind; the README there tells their form.

No controller takes part: objects are sent as dry runs, or carry the label of a shard that nobody runs.
"""
import functools

import yaml

from rig import Kind, ROOT

NO_SHARD = {"sharding.fluxcd.io/key": "nobody"}
KINDS = ("Alert", "Bucket", "ExternalArtifact", "GitRepository", "HelmChart", "HelmRelease", "HelmRepository",
         "Kustomization", "OCIRepository", "Provider", "Receiver")


class Table:
    """One file of tests/golden/crds. where: the kind in its stored version; the rest as in the file."""

    def __init__(self, kind):
        with open(ROOT / "tests/golden/crds" / f"{kind.lower()}.yaml") as file:
            self.rows = yaml.safe_load(file)
        self.kind, self.versions, self.base = kind, self.rows["versions"], self.rows["base"]
        self.status, self.fresh = self.rows.get("status"), self.rows.get("fresh", {"observedGeneration": -1})
        self.group = self.rows["group"]
        self.where = Kind(f"{self.group}/{self.versions[0]}", self.rows["plural"], kind)
        self.crd = f"{self.rows['plural']}.{self.group}"

    def spec(self, change):
        """The base with a change: null leaves a field out."""
        return {k: v for k, v in {**self.base, **change}.items() if v is not None}

    def object(self, version, name, ns, change):
        return self.where.at(version).object(name, ns, spec=self.spec(change), metadata={"labels": NO_SHARD})

    def create(self, api, ns, version, name, change, **query):
        return api.post(self.where.at(version), self.object(version, name, ns, change), ns, fieldValidation="Strict",
                        **query)

    def apply(self, api, ns, version, name, change, **query):
        """Server-side apply."""
        return api.patch(self.where.at(version), self.object(version, name, ns, change), ns, name, how="apply", **query)

    def control(self, api, ns, name):
        """Writes what the controller writes, in its version and under its field manager; returns the object."""
        where, who = self.where.path(ns, name), {"fieldManager": self.where.kind.lower() + "-controller"}
        now = api.patch(where, {"metadata": {"finalizers": ["finalizers.fluxcd.io"]}}, **who)
        return api.patch(where + "/status", {"status": self.status}, **who) if self.status else now


table = functools.cache(Table)


def contains(whole, part):
    """True when every field and list item of part is in whole, which may have more fields (defaults)."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(k in whole and contains(whole[k], v) for k, v in part.items())
    if isinstance(part, list):
        return isinstance(whole, list) and len(whole) == len(part) and all(map(contains, whole, part))
    return whole == part


def blamed(error):
    """What a refusal says: (field, text) of its one cause, or ("", text) when there are none or several."""
    causes = [c for c in error.status.get("details", {}).get("causes", [])
              if "were not checked because" not in c["message"]]
    if len(causes) == 1:
        return causes[0]["field"], causes[0]["message"]
    return "", error.status["message"]
