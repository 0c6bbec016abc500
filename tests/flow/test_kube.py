"""libgotk/kube against the rig's API server: the C program tests/unit/kube/test_live.c, with the variable it waits for."""
import os
import pathlib
import subprocess

import rig

BIN = pathlib.Path(os.environ.get("BUILD_DIR", "build/bin"))


def program():
    """The unit test program; built here when `make units` has not been run, with the sanitizer of BUILD_DIR."""
    target = BIN.parent / "unit/kube/test_live"
    if not (rig.ROOT / target).exists():
        san = BIN.parent.name if BIN.parent.name in ("address", "thread") else ""
        subprocess.run(["make", "-s", f"SAN={san}", f"OUT={BIN.parent}", target], cwd=rig.ROOT, check=True)
    return rig.ROOT / target


def test_client_watch_and_lease(cp):
    done = subprocess.run([program()], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300,
                          env={**os.environ, "GOTK_TEST_KUBECONFIG": str(cp.kubeconfig())})
    assert done.returncode == 0, done.stdout
    assert "SKIPPED" not in done.stdout and "[       OK ]" in done.stdout, done.stdout
