"""Container images (manifests/image/write): whole, repeatable, and what is in them runs."""
import hashlib
import io
import json
import subprocess
import tarfile

import pytest

import rig

WRITE = rig.ROOT / "manifests/image/write"
NAMES = ("source-controller", "kustomize-controller")


def write(file, name):
    """Writes an image of one of our programs and returns the tar's {path: bytes}."""
    subprocess.run([WRITE, rig.binary(name), file, "v1.2.3"], check=True, stdout=subprocess.DEVNULL)
    with tarfile.open(file) as tar:
        return {entry.name: tar.extractfile(entry).read() for entry in tar if entry.isfile()}


def enter(root):
    """What runs a program with `root` as its root folder. There is nothing else, but for sanitizers, which need /proc."""
    if rig.proc.SLOW == 1:
        return ["chroot", root]
    (root / "proc").mkdir(exist_ok=True)
    return ["--mount", "sh", "-c", 'mount --rbind /proc "$0/proc" && exec chroot "$0" "$@"', root]


def blob(files, digest):
    data = files["blobs/" + digest.replace(":", "/")]
    assert "sha256:" + hashlib.sha256(data).hexdigest() == digest
    return data


@pytest.mark.parametrize("name", NAMES)
def test_image(tmp_path, name):
    """Both tables of contents lead to the same whole image, whose program runs where there is nothing else."""
    files = write(tmp_path / "image.tar", name)
    index = json.loads(files["index.json"])["manifests"][0]
    assert index["annotations"]["io.containerd.image.name"] == f"localhost/gotk/{name}:v1.2.3"
    manifest = json.loads(blob(files, index["digest"]))
    config, layer = json.loads(blob(files, manifest["config"]["digest"])), blob(files, manifest["layers"][0]["digest"])
    docker = json.loads(files["manifest.json"])[0]
    assert docker["RepoTags"] == [f"localhost/gotk/{name}:v1.2.3"]
    assert files[docker["Config"]] == blob(files, manifest["config"]["digest"]) and files[docker["Layers"][0]] == layer
    assert config["config"]["User"] == "65534:65534"

    with tarfile.open(fileobj=io.BytesIO(layer)) as tar:
        assert {(entry.uid, entry.gid, entry.mtime) for entry in tar} == {(0, 0, 0)}
        tar.extractall(tmp_path / "root")
    done = subprocess.run(["unshare", "--user", "--map-root-user", *enter(tmp_path / "root"), *config["config"]["Entrypoint"],
                           "--help"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if b"Operation not permitted" in done.stdout and b"unshare" in done.stdout:
        pytest.skip("user namespaces are off here")
    assert done.returncode == 0 and b"--concurrent" in done.stdout, done.stdout  # the controller's own help


def test_libraries_that_are_loaded_later_are_in_the_image(tmp_path):
    """OpenPGP signatures are verified by a library that is no part of the program until then."""
    files = write(tmp_path / "image.tar", "source-controller")
    manifest = json.loads(blob(files, json.loads(files["index.json"])["manifests"][0]["digest"]))
    with tarfile.open(fileobj=io.BytesIO(blob(files, manifest["layers"][0]["digest"]))) as tar:
        tar.extractall(tmp_path / "root")
    root = tmp_path / "root"
    library, loader = next(root.glob("**/librnp.so.0")), next(root.glob("lib*/ld-linux*"))
    done = subprocess.run(["unshare", "--user", "--map-root-user", "chroot", root, f"/{loader.relative_to(root)}", "--list",
                           f"/{library.relative_to(root)}"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if b"Operation not permitted" in done.stdout and b"unshare" in done.stdout:
        pytest.skip("user namespaces are off here")
    assert done.returncode == 0 and b"not found" not in done.stdout, done.stdout


def test_image_is_repeatable(tmp_path):
    """The same program gives the same bytes, so a digest can be checked by building again."""
    for file in ("one.tar", "two.tar"):
        write(tmp_path / file, "source-controller")
    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()
