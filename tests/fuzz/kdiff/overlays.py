"""Every kustomization below folders that other people wrote, built by both engines in place."""
import collections
import os

from kdiff.engines import difference

ELSEWHERE = (b"http://", b"https://", b"github.com", b"git@", b"ssh://", b"helmCharts", b"helmChartInflationGenerator")


def kustomizations(folder, names):
    for path, folders, files in sorted(os.walk(folder)):
        folders[:] = [f for f in folders if f != ".git"]
        if names.intersection(files):
            yield path


def compare_overlays(pair, folders, names):
    """Prints what differs; what both refuse because it lies elsewhere is counted apart."""
    tally = collections.Counter()
    for root in folders:
        root = os.path.realpath(root)
        for path in kustomizations(root, names):
            ours, real = pair.build_folder(root, os.path.relpath(path, root))
            kind = difference(ours, real)
            tally[real[0]] += 1
            if kind and not (real[0] == "ok" and any(word in ours[1] for word in ELSEWHERE)):
                tally["different"] += 1
                print(f"{path}: {kind}: {(ours if ours[0] != 'ok' else real)[1][-300:].decode(errors='replace') if kind != 'output' else ''}", flush=True)
    pair.close()
    print(f"kustomize_diff: {tally['ok']} overlays built, {tally['fail']} refused, {tally['different']} different")
    return 1 if tally["different"] else 0
