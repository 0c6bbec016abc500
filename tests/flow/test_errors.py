"""Broken inputs: each message names the object, the file, the line, the field and the cause, as far as there are such.

The rows are tests/golden/errors/cases.py. What we say is kept beside what Flux says, in tests/golden/errors/gotk.json and
flux.json, and errors.md shows both; a message that changes fails its test until it is recorded again:

    ERRORS=gotk tests/rig/run-flows -k test_errors -n 0

Flux's are recorded by the same command with ERRORS=flux, with BUILD_DIR naming a folder with Flux's own two controllers and
RIG_CRDS one with the CRDs of its other sources.
"""
import hashlib
import html
import importlib.util
import json
import os
import re
import textwrap

import pytest
import rig

FOLDER = rig.ROOT / "tests/golden/errors"
TABLE = rig.ROOT / "tests/flow/errors.md"
RECORD = os.environ.get("ERRORS", "")


def load():
    spec = importlib.util.spec_from_file_location("error_cases", FOLDER / "cases.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {case.name: case for case in module.CASES}


CASES = load()
TOLD = {who: json.loads((FOLDER / f"{who}.json").read_text()) if (FOLDER / f"{who}.json").exists() else {}
        for who in ("gotk", "flux")}


@pytest.fixture(scope="module")
def record():
    """Collects [reason, message] by name; written at the end when ERRORS says for whom."""
    found = {}
    yield found
    if RECORD:
        told = {**TOLD[RECORD], **found}
        ordered = {name: told[name] for name in CASES if name in told}
        (FOLDER / f"{RECORD}.json").write_text(json.dumps(ordered, indent=1, ensure_ascii=False) + "\n")
        TOLD[RECORD] = ordered
        TABLE.write_text(table())


class Broken:
    """One case, at work in a namespace."""

    def __init__(self, case, api, ns, repo, web):
        self.case, self.api, self.ns, self.repo, self.web = case, api, ns, repo, web
        self.words = {"NS": ns, "WEB": web.http_url, "BASIC": repo.basic_url, "HTTPS": repo.url}

    def fill(self, value):
        """The value with the words of cases.py replaced."""
        text = json.dumps(value)
        for word, meant in self.words.items():
            text = re.sub(rf"\b{word}\b", meant, text)
        return json.loads(text)

    def plain(self, message):
        """The message with what differs from run to run replaced by a word."""
        text = message.replace(self.ns, "NS").replace(str(self.web.ports["http"]), "PORT").replace(str(self.web.ports["https"]), "PORT")
        text = re.sub(r"/tmp/[^ ':\"]*(kustomization-?[A-Za-z0-9]+|kustomize-controller-\w{6}/\d+)", "/TMP", text)
        text = re.sub(r"\b127\.0\.0\.1:\d{3,}", "127.0.0.1:PORT", text)
        return re.sub(r"\b(?!0123456789)[0-9a-f]{40,64}\b", "ID", text)

    def begin(self):
        for path, body in self.case.first:
            self.api.post(self.fill(path), self.fill(body))
        if any("admission" in path for path, _ in self.case.first):
            rig.wait_for(self.refuses, 20, "the policy to be in force")
        if self.case.files:
            self.repo.commit(self.fill(self.case.files) if self.textual() else self.case.files)
        spec = {"url": self.repo.http_url, "interval": "60m", "ref": {"branch": "main"}, **self.fill(self.case.source),
                **({"suspend": True} if self.case.artifact else {})}
        self.api.create(rig.GITREPOSITORY, self.ns, "app", spec=spec)
        if self.case.artifact:
            self.serve()
        if not self.case.source:
            self.api.create(rig.KUSTOMIZATION, self.ns, "app", spec={
                "interval": "60m", "retryInterval": "50m", "prune": True, "path": "./", "targetNamespace": self.ns,
                "sourceRef": {"kind": "GitRepository", "name": "app"}, **self.fill(self.case.spec)})

    def refuses(self):
        try:
            self.api.post(rig.CONFIGMAP, rig.CONFIGMAP.object("a", self.ns), self.ns, dryRun="All")
        except rig.ApiError:
            return True
        return False

    def textual(self):
        return all(isinstance(content, str) for content in self.case.files.values())

    def serve(self):
        """Lets a suspended source name the case's own archive."""
        archive = self.case.artifact()
        url = self.web.file(f"{self.ns}.tar.gz", archive).replace(self.web.https_url, self.web.http_url)
        artifact = {"url": url, "path": "x", "revision": "main@sha1:1", "lastUpdateTime": "2026-01-01T00:00:00Z",
                    "digest": "sha256:" + hashlib.sha256(archive).hexdigest(), "size": len(archive)}
        self.api.request("PATCH", rig.GITREPOSITORY.path(self.ns, "app") + "/status",
                         {"status": {"artifact": artifact}}, "application/merge-patch+json")

    def told(self):
        """(reason, message) of the condition that says what is wrong, once it is said."""
        kind = rig.GITREPOSITORY if self.case.source else rig.KUSTOMIZATION

        def failed(obj):
            ready = rig.condition(obj)
            if RECORD == "flux" and ready.get("status") == "True":
                return True
            return ready.get("status") == "False" and ready["reason"] not in ("DependencyNotReady", "Progressing") \
                and "Source artifact not found" not in ready["message"]
        found = rig.wait_for(lambda: self.api.get(kind, self.ns, "app"), 12 if RECORD == "flux" else 20, "a failure", until=failed)
        ready = rig.condition(found)
        if ready["status"] == "True":
            return ["", f"(none: it goes on, and says \"{self.plain(ready['message'])}\")"]
        return [ready["reason"], self.plain(ready["message"])]


NO_ANSWER = {"aliases that multiply": "(none: it takes all memory of the machine until it is killed)"}


@pytest.mark.parametrize("name", CASES)
def test_a_broken_input_is_explained(name, api, ns, repo, web, controllers, record):
    case, broken = CASES[name], Broken(CASES[name], api, ns, repo, web)
    if RECORD == "flux" and name in NO_ANSWER:
        record[name] = ["", NO_ANSWER[name]]
        return
    broken.begin()
    try:
        told = broken.told()
    finally:
        for path, body in case.first:
            if body["metadata"]["name"] == "NS":  # of the cluster, not of the namespace
                api.request("DELETE", f"{path}/{ns}")
    record[name] = told
    if RECORD != "flux":
        missing = [part for part in case.parts if part not in told[1]]
        assert not missing, f"{told[0]}: {told[1]}"
        assert told[0] == case.reason
    if not RECORD:
        assert told == TOLD["gotk"].get(name), "the message has changed: record it (see above)"


def test_the_table_shows_what_both_say():
    assert len(CASES) >= 40
    if not RECORD:
        assert list(TOLD["gotk"]) == list(CASES), "record the new ones"
        assert TABLE.read_text() == table(), "errors.md is not of these records"


def table():
    """errors.md: every input with what we say and what Flux says."""
    lines = ["# What a broken input is told", "",
             "Made by tests/flow/test_errors.py from tests/golden/errors: what gotk says (checked on each run), and what Flux",
             "2.9 says (kustomize-controller 1.9.4, source-controller 1.9.1, recorded). NS is the namespace, ID a digest.", ""]
    for name in CASES:
        lines += [f"## {name}", ""]
        for who in ("gotk", "flux"):
            reason, message = TOLD[who].get(name, ["", "(not recorded)"])
            shown = message if len(message) < 1500 else message[:1500] + " ..."
            lines += [f"{who}: `{reason}`", "", *(f"    {line}" for line in shown.splitlines()), ""]
    return "\n".join(lines)
