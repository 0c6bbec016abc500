#!/usr/bin/python3
"""Builds every case of the kustomize corpus with one of our binaries and compares with what the real kustomize printed.

    tests/golden/run_corpus.py [--corpus DIR] [--verbose] [--case NAME] PROGRAM

PROGRAM is called as `PROGRAM ROOT DIR [legacy] [rootonly] [managed]` and prints YAML, or an error on stderr and status 1.
A case is a folder with input/, case.json and expected.yaml or error.txt. For errors a stable fragment is compared: the
table below, because the recorded texts hold temporary paths. The corpus lies beside the checkout; without it the run says
so and succeeds.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
DEFAULT = HERE.parent.parent.parent / "shared" / "corpus" / "kustomize" / "krusty"

# The in-memory tree of this case climbs above its own root: the top kustomization moves one folder down.
ABOVE_ROOT = {"TestNameReferenceDeploymentIssue3489.1"}

# Upstream's test stops before printing, which is where the real program fails.
FAILS_WHEN_PRINTED = {"TestDuplicateKeys.1"}

# What an error has to contain, by the beginning of the case's name.
FRAGMENTS = {
    "TestBaseMustHaveKustomizationFile": "unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory",
    "TestTargetMustHaveKustomizationFile": "unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory",
    "TestTargetMustHaveOnlyOneKustomizationFile": "Found multiple kustomization files under:",
    "TestBasicIO3812": "MalformedYAMLError: yaml: line 9: did not find expected key in File: service.yaml",
    "TestBlankNamespace4240": 'Invalid Input: namespace is blank for resource "RoleBinding.v1.rbac.authorization.k8s.io/test.[noNs]"',
    "TestBasicVarCollision": "var 'POD_NAME' already encountered",
    "TestBug506": "var 'POD_NAME' already encountered",
    "TestVariablesAmbiguous": "(unable to disambiguate)",
    "TestComplexComposition": "may not add resource with an already registered id:",
    "TestIssue1251_CompositeDiamond": "may not add resource with an already registered id:",
    "TestComponentErrors__components-cannot-add": "may not add resource with an already registered id:",
    "TestComponentErrors__kustomizations": "expected kind 'Component' for path",
    "TestComponentErrors__components-cannot-be-added": "expected kind != 'Component' for path",
    "TestComponentErrors__files": 'loader.New "must build at directory: ',
    "TestComponentErrors__invalid": "apiVersion for Component should be kustomize.config.k8s.io/v1alpha1",
    "TestConfigMapGeneratingIntoSameNamespace": "exists; can not use behavior: 'unspecified', behavior must be merge or replace",
    "TestSecretGeneratingIntoSameNamespace": "exists; can not use behavior: 'unspecified', behavior must be merge or replace",
    "TestCustomOpenApiFieldBothPathAndVersion": "builtin version and custom schema provided, cannot use both",
    "TestCustomOpenApiFieldNotBuiltin": "the specified OpenAPI version is not built in",
    "TestCustomOpenApiFieldFileNotFound": "mycrd_schema.json",
    "TestEmptyPatchesStrategicMergeFails": "patch appears to be empty; files=[empty-patch.yaml comments-patch.yaml], Patch=",
    "TestIntermediateNameAmbiguous": "multiple matches for Id",
    "TestRepeatBase": "multiple matches for Id",
    "TestPatchOriginalNameAndNewKind": "no matches for Id Deployment.v1.[noGrp]/new-name.[noNs]",
    "TestMultibasesWithConflict": "found multiple possible referrals:",
    "TestNamedspacedServiceAccountsWithOverlap": "found multiple possible referrals:",
    "TestResourceNotFound": "accumulation err='accumulating resources from 'deployment.yaml'",
    "TestInvalidLegacySortOptionsWithFIFOOrder": "the field 'sortOptions.legacySortOptions' is set but the selected sort order is 'fifo', not 'legacy'",
    "TestInvalidLegacySortOptionsWithoutOrderKey": "the field 'sortOptions.order' must be one of [fifo, legacy]",
    "TestSortOrderGivenAsTransformer": "unable to load builtin SortOrderTransformer.builtin.[noGrp]",
    "TestPluginsNotEnabled": "external plugins disabled; unable to load external plugin 'StringPrefixer'",
    "TestSharedPatchDisAllowed": "security; file '",
    "TestIssue1251_Patches_ProdVsDev_Failure": "security; file '",
    "TestDuplicateKeys": 'mapping key "env" already defined',
}


def fragment_of(name):
    best = max((k for k in FRAGMENTS if name.startswith(k)), key=len, default=None)
    return None if best is None else FRAGMENTS[best]


def arguments(case, scratch):
    """Root and folder to build, and the options of the case."""
    meta = json.loads((case / "case.json").read_text())
    root = case / "input"
    path = meta["path"].lstrip("/") or "."
    if case.name in ABOVE_ROOT:
        shutil.copytree(root, scratch, dirs_exist_ok=True)
        (scratch / "top").mkdir()
        (scratch / "kustomization.yaml").rename(scratch / "top" / "kustomization.yaml")
        root, path = scratch, "top"
    words = []
    if meta.get("reorder") in ("legacy", "unspecified"):
        words.append("legacy")
    if meta.get("loadRestrictions", "").endswith("RootOnly"):
        words.append("rootonly")
    if meta.get("managedBy"):
        words.append("managed")
    return [str(root), path] + words


def run_case(program, case):
    with tempfile.TemporaryDirectory() as tmp:
        args = arguments(case, pathlib.Path(tmp))
        done = subprocess.run([program] + args, capture_output=True, timeout=60, check=False)
    out, err = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
    fails = (case / "error.txt").exists() or case.name in FAILS_WHEN_PRINTED
    if not fails and (case / "expected.yaml").exists():
        want = (case / "expected.yaml").read_text().replace("kustomize-(test)", "kustomize-v5.8.1")
        if done.returncode != 0:
            return "failed: " + err.strip()
        return None if out == want else diff(want, out)
    if fails:
        fragment = fragment_of(case.name)
        if done.returncode == 0:
            return "built, but the real one fails"
        if done.returncode < 0 or "Sanitizer" in err:
            return "crashed: " + err[-2000:]
        if fragment is None:
            return "no fragment is listed for this error: " + (case / "error.txt").read_text()
        return None if fragment in err else f"wanted: {fragment}\ngot: {err}"
    return "skip: no recorded result"


def diff(want, got):
    import difflib

    return "".join(difflib.unified_diff(want.splitlines(True), got.splitlines(True), "kustomize", "ours", n=2))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("program")
    parser.add_argument("--corpus", type=pathlib.Path, default=pathlib.Path(os.environ.get("KUSTOMIZE_CORPUS", DEFAULT)))
    parser.add_argument("--case")
    parser.add_argument("--verbose", "-v", action="store_true")
    options = parser.parse_args()
    if not options.corpus.is_dir():
        print(f"skipped: the kustomize corpus is not at {options.corpus}")
        return 0
    cases = sorted(c for c in options.corpus.iterdir() if (c / "case.json").exists())
    if options.case:
        cases = [c for c in cases if options.case in c.name]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda c: run_case(options.program, c), cases))
    passed = failed = skipped = 0
    for case, problem in zip(cases, results):
        if problem is None:
            passed += 1
        elif problem.startswith("skip: "):
            skipped += 1
            if options.verbose:
                print(f"SKIP {case.name}: {problem[6:]}")
        else:
            failed += 1
            print(f"FAIL {case.name}")
            if options.verbose or options.case:
                print("    " + problem.replace("\n", "\n    "))
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
