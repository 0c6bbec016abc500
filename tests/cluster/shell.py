"""tests/cluster/run --shell [COMMAND...]: the cluster with both controllers, and a command in it; it ends with the command."""
import os
import pathlib
import subprocess
import sys

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[n]) for n in (0, 1)]
import rig  # noqa: E402
from installed import Cluster, folder  # noqa: E402


def main():
    with Cluster(folder()) as cluster:
        cluster.load_images()
        cluster.install()
        repo = cluster.web.repo("fleet")
        repo.commit({"README.md": "# fleet\n"})
        env = {**os.environ, "KUBECONFIG": str(cluster.cp.kubeconfig()), "GIT_SSL_CAINFO": str(cluster.web.ca_bundle),
               "PATH": f"{cluster.cp.assets}:{os.environ['PATH']}"}
        print(f"kubectl works here, and git with {repo.basic_url.replace('//', f'//git:{cluster.web.password}@')}\n"
              f"(for spec.url: {repo.url}; certificate authority: {cluster.web.ca_bundle})", flush=True)
        return subprocess.run(sys.argv[1:] or [os.environ.get("SHELL", "/bin/sh")], env=env).returncode


if __name__ == "__main__":
    sys.exit(main())
