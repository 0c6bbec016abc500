"""The C programs tests/unit/*/test_live.c against the rig's API server, with the variable they wait for."""
import os
import pathlib
import subprocess

import pytest
import rig

BIN = pathlib.Path(os.environ.get("BUILD_DIR", "build/bin"))


def program(layer):
    """The unit test program; built here when `make units` has not been run, with the sanitizer of BUILD_DIR."""
    target = BIN.parent / f"unit/{layer}/test_live"
    if not (rig.ROOT / target).exists():
        san = BIN.parent.name if BIN.parent.name in ("address", "thread") else ""
        subprocess.run(["make", "-s", f"SAN={san}", f"OUT={BIN.parent}", target], cwd=rig.ROOT, check=True)
    return rig.ROOT / target


@pytest.mark.parametrize("layer", ["kube", "runtime"])
def test_live(cp, layer):
    done = subprocess.run([program(layer)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300,
                          env={**os.environ, "GOTK_TEST_KUBECONFIG": str(cp.kubeconfig())})
    assert done.returncode == 0, done.stdout
    assert "SKIPPED" not in done.stdout and "[       OK ]" in done.stdout, done.stdout
