"""A small client of the Kubernetes API server: plain HTTP verbs on JSON, one kept connection per thread.

Objects are plain dicts. Kinds the tests use often are constants; any other is Kind("group/version", "plural", "Kind").
Rejected: the official Python client (a dependency, and it hides what goes over the wire, which tests look at).
"""
import http.client
import json
import ssl
import threading
import time
import urllib.parse
from typing import NamedTuple

PATCH_TYPES = {"merge": "application/merge-patch+json", "json": "application/json-patch+json",
               "strategic": "application/strategic-merge-patch+json", "apply": "application/apply-patch+yaml"}
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


class Kind(NamedTuple):
    """Where objects of one kind live."""
    version: str
    plural: str
    kind: str

    def path(self, ns=None, name=None):
        root = f"/apis/{self.version}" if "/" in self.version else f"/api/{self.version}"
        return root + (f"/namespaces/{ns}" if ns else "") + f"/{self.plural}" + (f"/{name}" if name else "")

    def at(self, version):
        """The same kind in another version of its group: KUSTOMIZATION.at("v1beta1")."""
        group = self.version.rpartition("/")[0]
        return self._replace(version=f"{group}/{version}" if group else version)

    def object(self, name, ns=None, **fields):
        meta = {"name": name, **({"namespace": ns} if ns else {}), **fields.pop("metadata", {})}
        return {"apiVersion": self.version, "kind": self.kind, "metadata": meta, **fields}


GITREPOSITORY = Kind("source.toolkit.fluxcd.io/v1", "gitrepositories", "GitRepository")
KUSTOMIZATION = Kind("kustomize.toolkit.fluxcd.io/v1", "kustomizations", "Kustomization")
CONFIGMAP = Kind("v1", "configmaps", "ConfigMap")
SECRET = Kind("v1", "secrets", "Secret")
NAMESPACE = Kind("v1", "namespaces", "Namespace")
EVENT = Kind("v1", "events", "Event")
SERVICEACCOUNT = Kind("v1", "serviceaccounts", "ServiceAccount")
CRD = Kind("apiextensions.k8s.io/v1", "customresourcedefinitions", "CustomResourceDefinition")


class ApiError(Exception):
    """An answer outside 2xx: the Status object of the API server, and its HTTP code."""

    def __init__(self, method, path, code, body):
        try:
            self.status = json.loads(body)
        except ValueError:
            self.status = {"message": body.decode(errors="replace")}
        self.code, self.reason = code, self.status.get("reason", "")
        super().__init__(f"{method} {path}: {code} {self.status.get('message', '')}")


def condition(obj, kind="Ready"):
    """The condition of that type, or an empty dict."""
    found = [c for c in obj.get("status", {}).get("conditions", []) if c["type"] == kind]
    return found[0] if found else {}


def is_ready(obj, revision=None):
    """Ready=True for the current generation, and (when given) at a revision that ends with `revision`."""
    status = obj.get("status", {})
    at = status.get("lastAppliedRevision") or status.get("artifact", {}).get("revision", "")
    return (condition(obj).get("status") == "True" and at.endswith(revision or "")
            and status.get("observedGeneration") == obj["metadata"]["generation"])


class Api:
    """Requests as one user, told by its bearer token. `where` below is a path or a Kind followed by ns and name."""

    def __init__(self, port, ca_file, token, host="127.0.0.1"):
        self.host, self.port, self.token = host, port, token
        self.tls = ssl.create_default_context(cafile=str(ca_file))
        self.local = threading.local()

    def _connect(self, timeout=60):
        return http.client.HTTPSConnection(self.host, self.port, context=self.tls, timeout=timeout)

    def _send(self, conn, method, path, body, content_type, accept="application/json"):
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": content_type,
                   "Accept": accept, "User-Agent": "rig"}
        conn.request(method, path, body=body, headers=headers)
        return conn.getresponse()

    def request(self, method, path, body=None, content_type="application/json", accept="application/json"):
        """One request on the thread's kept connection, renewed once when the server has closed it."""
        data = json.dumps(body).encode() if body is not None else None
        for attempt in (1, 2):
            conn = getattr(self.local, "conn", None) or self._connect()
            self.local.conn = conn
            try:
                answer = self._send(conn, method, path, data, content_type, accept)
                text = answer.read()
                self.local.warnings = answer.headers.get_all("Warning", [])
                break
            except (http.client.HTTPException, ConnectionError, ssl.SSLEOFError):
                self.local.conn = None
                conn.close()
                if attempt == 2:
                    raise
        if answer.status >= 300:
            raise ApiError(method, path, answer.status, text)
        return json.loads(text) if text[:1] in (b"{", b"[") else text.decode()

    @property
    def warnings(self):
        """What the API server warned of in this thread's last answer."""
        return [text.removeprefix('299 - "').removesuffix('"') for text in self.local.warnings]

    @staticmethod
    def _path(where, ns, name, query):
        path = where.path(ns, name) if isinstance(where, Kind) else where
        return path + ("?" + urllib.parse.urlencode(query) if query else "")

    def get(self, where, ns=None, name=None, **query):
        return self.request("GET", self._path(where, ns, name, query))

    def find(self, where, ns=None, name=None):
        """The object, or None when there is none."""
        try:
            return self.get(where, ns, name)
        except ApiError as e:
            if e.code == 404:
                return None
            raise

    def list(self, where, ns=None, **query):
        return self.get(where, ns, **query)["items"]

    def table(self, where, ns=None):
        """What `kubectl get` would print, as rows: column name -> cell."""
        table = self.request("GET", self._path(where, ns, None, {}), accept=TABLE)
        names = [column["name"] for column in table["columnDefinitions"]]
        return [dict(zip(names, row["cells"])) for row in table["rows"]]

    def post(self, where, body, ns=None, **query):
        return self.request("POST", self._path(where, ns, None, query), body)

    def put(self, where, body, ns=None, name=None, **query):
        return self.request("PUT", self._path(where, ns, name, query), body)

    def patch(self, where, body, ns=None, name=None, how="merge", **query):
        """how: merge, json, strategic or apply (server-side apply; fieldManager=rig unless given)."""
        if how == "apply":
            query = {"fieldManager": "rig", "force": "true", **query}
        return self.request("PATCH", self._path(where, ns, name, query), body, PATCH_TYPES[how])

    def delete(self, where, ns=None, name=None, **query):
        return self.request("DELETE", self._path(where, ns, name, query))

    def create(self, kind, ns, name, **fields):
        """Makes an object: create(GITREPOSITORY, ns, "app", spec={...}, metadata={"labels": ...})."""
        return self.post(kind, kind.object(name, ns, **fields), ns)

    def watch(self, where, ns=None, seconds=30, **query):
        """Yields watch events (dicts with type and object) for at most that many seconds."""
        conn = self._connect(timeout=seconds + 5)
        query = {"watch": "true", "timeoutSeconds": int(seconds), **query}
        try:
            answer = self._send(conn, "GET", self._path(where, ns, None, query), None, "application/json")
            if answer.status != 200:
                raise ApiError("WATCH", str(where), answer.status, answer.read())
            for line in answer:
                yield json.loads(line)
        finally:
            conn.close()

    def reconcile(self, kind, ns, name):
        """Asks for a reconcile now, as `flux reconcile` does. Returns the token that status will repeat."""
        token = f"rig-{time.time_ns()}"
        self.patch(kind, {"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": token}}}, ns, name)
        return token
