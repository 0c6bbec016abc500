"""A tree and what the real kustomize makes of it as one text file, the form of tests/golden/kustomize/trees."""
import os
import re

from kdiff.engines import fragment


def record(pair, root, top, target):
    """Writes the case; bytes that are no UTF-8 or hold a carriage return or BOM are written as \\xNN."""
    answer = pair.build_folder(str(root.resolve()), top)[1]
    parts = [f"=== top {top}\n"]
    for folder, _, names in sorted(os.walk(root)):
        for name in sorted(names):
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                parts.append(f"=== file {os.path.relpath(path, root)}\n{escape(file.read())}")
    if answer[0] == "ok":
        parts.append(f"=== output\n{escape(answer[1])}")
    else:
        known = fragment(answer[1].decode(errors="replace"))
        parts.append("=== refused\n" + (escape(known.encode()) if known else ""))
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("".join(parts), encoding="utf-8", newline="\n")
    print(target)
    return 0


def escape(data):
    """Text as it is; what an editor or Git could harm as \\xNN, a backslash twice, and a last line without an end with \\c."""
    text = data.decode("utf-8", "surrogateescape").replace("\\", "\\\\")
    text = "".join(c if c in "\t\n" or c.isprintable() else "".join(f"\\x{b:02x}" for b in c.encode("utf-8", "surrogateescape")) for c in text)
    return text if text.endswith("\n") or not text else text + "\\c\n"


def unescape(text):
    text = text.replace("\\c\n", "")
    out = re.sub(rb"\\(\\|x(..))", lambda m: bytes([int(m.group(2), 16)]) if m.group(2) else b"\\", text.encode())
    return out


def unpack(case, root):
    """Writes a recorded case's files below root; returns the folder to build."""
    top = "."
    for part in case.read_text().split("=== ")[1:]:
        head, _, body = part.partition("\n")
        what, _, name = head.partition(" ")
        if what == "top":
            top = name
        elif what == "file":
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(unescape(body))
    return top
