"""Makes a snippet smaller while the same difference stays: values by line, the template by pieces of its text."""
import re
import time

PIECES = re.compile(r"\{\{-?\s*|\s*-?\}\}|\"(?:[^\"\\\n]|\\.)*\"|`[^`]*`|[\w$.]+|\s+|.", re.S)


class Shrinker:
    def __init__(self, same, seconds):
        self.same = same
        self.until = time.monotonic() + seconds

    def holds(self, template, values):
        return time.monotonic() < self.until and self.same(template, values)

    def drop(self, items, joined, holds):
        """Takes out runs of items, long ones first, as long as the difference stays."""
        size = len(items) // 2
        while size:
            at = 0
            while at < len(items):
                rest = items[:at] + items[at + size:]
                if holds(joined(rest)):
                    items = rest
                else:
                    at += max(1, size // 2)
            size //= 2
        return items

    def run(self, template, values):
        before = None
        while before != (template, values) and time.monotonic() < self.until:
            before = (template, values)
            lines = re.split(r"(?m)^(?=\S)", values)
            values = "".join(self.drop(lines, "".join, lambda v, t=template: self.holds(t, v)))
            pieces = PIECES.findall(template)
            template = "".join(self.drop(pieces, "".join, lambda t, v=values: self.holds(t, v)))
        return template, values
