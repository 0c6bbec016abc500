"""Random patches and replacements for given objects: every one is made from the object it is for, so that it mostly applies."""
import json
import random
import re

from kdiff.text import BLOCKS, DEEP, Block, Raw

KEYS = ("name", "containerPort", "port", "mountPath", "devicePath", "topologyKey", "whenUnsatisfiable", "ip", "uid", "type", "protocol")


def steps(value, path=()):
    """Every place in a document: (path, value)."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield (*path, key), item
            yield from steps(item, (*path, key))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield (*path, i), item
            yield from steps(item, (*path, i))


class Patches:
    """Patches from objects; `objects` draws values."""

    def __init__(self, rng, objects):
        self.rng, self.objects = rng, objects

    def merge(self, value):
        """What a strategic merge patch can say about a value."""
        rng = self.rng
        if isinstance(value, dict):
            out = {}
            for key in rng.sample(list(value), rng.randint(0, min(3, len(value)))) if value else []:
                out[key] = None if rng.random() < 0.08 else self.merge(value[key])
            if rng.random() < 0.15:
                out[rng.choice(["added", "image", "a", "x-y"])] = self.objects.value(0.3)
            if rng.random() < 0.04:
                out["$patch"] = rng.choice(["delete", "replace", "merge"])
            if rng.random() < 0.01:
                out["$retainKeys"] = ["a"]
            return out
        if isinstance(value, list):
            return self.merge_list(value)
        return self.objects.value(0.3) if rng.random() < 0.985 else rng.choice([{}, [], {"a": "b"}, DEEP[0]])

    def merge_list(self, items):
        rng = self.rng
        if not items or not all(isinstance(i, dict) for i in items):
            return [self.objects.value(0.2) if rng.random() < 0.5 or not items else rng.choice(items) for _ in range(rng.randint(0, 2))]
        out = []
        for item in rng.sample(items, rng.randint(0, len(items))):
            row = {k: v for k, v in item.items() if k in KEYS and rng.random() < 0.97}
            row.update({k: v for k, v in self.merge(item).items() if k not in row})
            if rng.random() < 0.08:
                row = {**row, "$patch": rng.choice(["delete", "delete", "replace", "merge"])}
            out.append(row)
        if rng.random() < 0.3:
            key = next((k for k in KEYS if k in items[0]), "name")
            out.append({key: rng.choice([8080, 9090]) if "ort" in key else "new", "x": "y"})
        if rng.random() < 0.05:
            out.append({"$patch": rng.choice(["replace", "delete", "merge"])})
        rng.shuffle(out)
        return out

    def head(self, seen):
        meta = {"name": seen["name"]}
        if seen["space"]:
            meta["namespace"] = seen["space"]
        return {"apiVersion": seen["api"], "kind": seen["kind"], "metadata": meta}

    def strategic(self, seen):
        """A strategic merge patch document for an object."""
        patch = self.head(seen)
        rng = self.rng
        for key, value in seen["object"].items():
            if key not in patch and rng.random() < 0.7:
                patch[key] = None if rng.random() < 0.03 else self.merge(value)
        if rng.random() < 0.3:
            patch["metadata"][rng.choice(["labels", "annotations"])] = {rng.choice(["app", "note", "new"]): rng.choice([None, self.objects.value(0.2)])}
        if rng.random() < 0.05:
            patch["$patch"] = rng.choice(["delete", "delete", "replace", "merge"])
        return patch

    def json_ops(self, seen):
        """A JSON 6902 patch for an object."""
        rng = self.rng
        places = [(p, v) for p, v in steps(seen["object"]) if p[0] not in ("apiVersion", "subjects")]
        ops = []
        for path, value in rng.sample(places, min(len(places), rng.choice([1, 1, 1, 2, 3]))):
            pointer = "".join("/" + str(p).replace("~", "~0").replace("/", "~1") for p in path)
            new = rng.choice([self.objects.value(0.3), 5, True, None, {"a": "b"}, ["x", {"y": 1}], Raw("1.50"), "renamed"])
            kind = rng.choice(["add", "add", "add", "replace", "replace", "replace", "remove", "remove", "test", "copy", "move"])
            if path[0] in ("kind", "metadata") and len(path) < 3:
                kind, new = "replace", f"renamed{rng.randint(1, 99)}" if path[-1] in ("name", "namespace") else value
            op = {"op": kind, "path": pointer}
            if kind == "add":
                parent = pointer.rsplit("/", 1)[0]
                op["path"] = pointer + "-new" if isinstance(path[-1], str) and rng.random() < 0.5 else parent + "/-" if isinstance(path[-1], int) and rng.random() < 0.5 else pointer
            if kind in ("add", "replace"):
                op["value"] = new
            elif kind == "test":
                op["value"] = value
                if not isinstance(value, (str, int)) or isinstance(value, (Block, Raw)):
                    op = {"op": "test", "path": "/metadata/name", "value": seen["name"]}
            elif kind in ("copy", "move"):
                op = {"op": kind, "from": pointer, "path": rng.choice(["/metadata/copied", "/spec/copied", pointer])}
            ops.append(op)
        aside = random.Random(repr(ops)) # leaves the draws of a seed as they were
        if aside.random() < 0.08:
            ops.insert(aside.randint(0, len(ops)), {"op": "add", "path": f"/metadata/{aside.choice(['annotations', 'annotations', 'labels'])}/first~1x", "value": "new"})
        return ops

    def target(self, seen, name_needed=False, exact=False):
        """A selector that, mostly, hits an object."""
        rng = self.rng
        rows = {"kind": rng.choice([seen["kind"], seen["kind"], seen["kind"][:3] + ".*", "(" + seen["kind"] + "|Other)"])}
        if name_needed or rng.random() < 0.5:
            rows["name"] = rng.choice([seen["name"], seen["name"], seen["name"][:1] + ".*", "^" + seen["name"] + "$", ".*"])
        group, _, version = seen["api"].rpartition("/")
        if rng.random() < 0.15:
            rows["version"] = version
        if rng.random() < 0.15 and group:
            rows["group"] = group
        if rng.random() < 0.1:
            rows["namespace"] = seen["space"] or "default"
        labels = seen["object"].get("metadata", {}).get("labels", {})
        if rng.random() < 0.15:
            app = labels.get("app", "x")
            rows["labelSelector"] = rng.choice([f"app={app}", f"app!={app}", "app", "!app", f"app in ({app}, z)", "app notin (z)", "tier=front", "app=x,tier", ""])
        if rng.random() < 0.08:
            rows["annotationSelector"] = rng.choice(["note=x", "note", "!note", "note in (x,3)"])
        if exact and rng.random() < 0.85:
            rows = {"kind": seen["kind"], "name": seen["name"]}
        elif rng.random() < 0.15 and len(rows) > 1:
            del rows["kind"]
        return rows

    def field(self, seen, scalars=False):
        """A replacement's path to some field of an object."""
        rng = self.rng
        places = [p for p, v in steps(seen["object"]) if p[0] not in ("kind", "apiVersion") and (p[0] != "metadata" or p[1:] not in ((), ("name",), ("namespace",)) and not isinstance(v, dict)) and not (scalars and isinstance(v, (dict, list, Block)))]
        path = rng.choice(places) if places else ("metadata", "name")
        parts, node = [], seen["object"]
        for p in path:
            if isinstance(p, int):
                item = node[p]
                keyed = isinstance(item, dict) and next((k for k in ("name", "image", "key") if isinstance(item.get(k), str) and re.fullmatch(r"[\w.:/-]+", str(item[k]))), None)
                parts.append(rng.choice([str(p), "*", f"[{keyed}={item[keyed]}]"]) if keyed else str(p))
            else:
                parts.append(f"[{p}]" if "/" in p else p.replace(".", "\\."))
            node = node[p]
        return ".".join(parts)

    def replacement(self, seen, other):
        """A replacement from one object to another."""
        rng = self.rng
        source = {"kind": seen["kind"], "name": seen["name"]}
        if seen["space"] and rng.random() < 0.5:
            source["namespace"] = seen["space"]
        source["fieldPath"] = rng.choice(["metadata.name", "kind", self.field(seen, True).replace("*", "0"), self.field(seen, True).replace("*", "0"), self.field(seen).replace("*", "0")])
        if rng.random() < 0.2:
            source["options"] = {"delimiter": rng.choice([":", "/", "-", "."]), "index": rng.choice([0, 0, 0, 0, 1])}
        if rng.random() < 0.1:
            del source["fieldPath"]
        target = {"select": self.target(other, exact=True), "fieldPaths": [self.field(other, True)]}
        target["select"].pop("labelSelector", None)
        named = source.get("fieldPath", "metadata.name") in ("metadata.name", "kind") and "options" not in source # numbers without quotes where names and labels stand: see README.md
        if named and rng.random() < 0.6:
            target["fieldPaths"] = [rng.choice(["metadata.annotations.from", "metadata.labels.[a.b/c]", "spec.new.deep", "spec.list.[name=z].v", "metadata.annotations.a\\.b", "spec.template.spec.containers.[name=main].image",
                                                "spec.template.spec.containers.[name=new].image", "data.a", "spec.l.0", "metadata.annotations.[x.io/y]"])]
            target["options"] = {"create": True}
        if rng.random() < 0.3:
            target.setdefault("options", {}).update({"delimiter": rng.choice([":", "/", "-"]), "index": rng.choice([-1, 0, 1, 2, 5])})
        if rng.random() < 0.1:
            target["reject"] = [rng.choice([{"name": other["name"]}, {"kind": "Other"}, {"labelSelector": "app=x"}, {"name": "z.*"}])]
        if named and rng.random() < 0.05:
            target.pop("fieldPaths")
        if rng.random() < 0.08:
            return {"sourceValue": rng.choice(["fixed", "5", "true", "a:b"]), "targets": [target]}
        return {"source": source, "targets": [target]}

    def text_of(self, ops, document):
        """A JSON patch as YAML, or as JSON where that can say it."""
        if self.rng.random() < 0.3 and not any(isinstance(op.get("value"), (Raw, Block)) or "Raw" in repr(type(op.get("value"))) for op in ops):
            try:
                return json.dumps(ops) + "\n"
            except TypeError:
                pass
        return document(self.rng, ops)


__all__ = ["BLOCKS", "Patches", "steps"]
