"""Fixtures of the story on a real node; what its steps took and what they weighed is printed at the end of the run."""
import time

import pytest

from installed import Cluster, folder

LINES = []


def pytest_terminal_summary(terminalreporter):
    for line in LINES:
        terminalreporter.write_line(f"  {line}")


@pytest.fixture(scope="session")
def report():
    """report(what, since) notes how long something took; report(what) notes a line."""
    def add(what, since=None):
        LINES.append(what if since is None else f"{time.monotonic() - since:6.1f} s  {what}")
    return add


@pytest.fixture(scope="session")
def cluster(report):
    start = time.monotonic()
    with Cluster(folder()) as cluster:
        report("control plane and node ready", start)
        yield cluster


@pytest.fixture(scope="session")
def api(cluster):
    return cluster.cp.api


@pytest.fixture(scope="session")
def repo(cluster):
    return cluster.web.repo("fleet")
