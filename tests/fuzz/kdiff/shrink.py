"""Makes a tree smaller while the same difference stays: files, then blocks of lines, then lines, then values."""
import re
import time


def blocks(lines):
    """Spans of lines that belong together by indentation, the largest first."""
    spans = []
    for i, line in enumerate(lines):
        if not line.strip():
            spans.append((i, i + 1))
            continue
        indent = len(line) - len(line.lstrip(" "))
        dash = line.lstrip(" ").startswith("- ")
        end = i + 1
        while end < len(lines):
            other = lines[end]
            deep = len(other) - len(other.lstrip(" "))
            listed = not dash and other.lstrip(" ").startswith("-") and not other.startswith("---") and deep == indent
            if other.strip() and deep <= indent and not listed:
                break
            end += 1
        spans.append((i, end))
        if line.startswith("---"):
            stop = next((j for j in range(i + 1, len(lines)) if lines[j].startswith("---")), len(lines))
            spans.append((i, stop))
        if i == 0 and any(x.startswith("---") for x in lines[1:]):
            spans.append((0, next(j for j in range(1, len(lines)) if lines[j].startswith("---")) + 1))
    return sorted(set(spans), key=lambda s: s[0] - s[1])


class Shrinker:
    def __init__(self, same, seconds):
        self.same = same
        self.until = time.monotonic() + seconds
        self.tries = 0

    def holds(self, files):
        self.tries += 1
        return time.monotonic() < self.until and self.same(files)

    def drop_files(self, files):
        for path in sorted(files, key=lambda p: -len(files[p])):
            if path not in files or len(files) == 1:
                continue
            without = {p: t for p, t in files.items() if p != path}
            name = path.rsplit("/", 1)[1]
            unnamed = {p: "\n".join(x for x in t.split("\n") if name not in x) if isinstance(t, str) else t for p, t in without.items()}
            for candidate in (unnamed, without):
                if self.holds(candidate):
                    files = candidate
                    break
        return files

    def drop_blocks(self, files):
        for path in list(files):
            if not isinstance(files[path], str):
                continue
            at = 0
            while at < len(spans := blocks(files[path].split("\n"))):
                start, end = spans[at]
                lines = files[path].split("\n")
                rest = lines[:start] + lines[end:]
                candidate = {**files, path: "\n".join(rest)}
                if any(x.strip() for x in rest) and self.holds(candidate):
                    files = candidate
                else:
                    at += 1
        return files

    def lift(self, files):
        """A map with one member in a list, or the like, needs no blank lines and no comments."""
        for path in list(files):
            if isinstance(files[path], str):
                candidate = {**files, path: re.sub(r"\n(?:[ \t]*(?:#.*)?\n)+", "\n", files[path])}
                if candidate != files and self.holds(candidate):
                    files = candidate
        return files

    def simplify(self, files):
        for path in list(files):
            if not isinstance(files[path], str):
                continue
            lines = files[path].split("\n")
            for i, line in enumerate(lines):
                match = re.match(r"([ ]*(?:- )*[\w./$-]+: )(.+)$", line)
                if not match or match.group(2) in ("x", "1"):
                    continue
                for value in ("x", "1"):
                    trial = [*lines[:i], match.group(1) + value, *lines[i + 1:]]
                    if self.holds({**files, path: "\n".join(trial)}):
                        lines = trial
                        files = {**files, path: "\n".join(lines)}
                        break
        return files

    def run(self, files):
        before = None
        while before != files and time.monotonic() < self.until:
            before = files
            for step in (self.drop_files, self.drop_blocks, self.lift):
                files = step(files)
        return self.simplify(files)
