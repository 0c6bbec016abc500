"""Random Kubernetes objects: every kind and field kustomize has a rule for, and some it has none for."""
from kdiff.text import BLOCKS, DEEP, QUIRKS, Raw

NAMES = ["web", "db", "cache", "cfg", "app", "api.v1", "a-b"]
SPACES = ["default", "team-a", "ns-b"]
IMAGES = ["nginx", "nginx:1.0", "reg:5000/a/b:2", "redis@sha256:abc", "busybox:1@sha256:ff", "docker.io/library/nginx:1", "reg.io/nginx", "nginx-exporter:1", "a/b"]
DUMMY = ["v1", "x", "abc-def", "3", "info", "http://web:80/x", "web.default.svc", "a b c", "k=v", "line1\nline2\n", "{\"a\": {\"b\": [1, 2]}}", "a: 1\nb:\n- x\n", "[1, 2]", "", "app,db"]

API = {
    "ConfigMap": "v1", "Secret": "v1", "Service": "v1", "Pod": "v1", "PodTemplate": "v1", "ReplicationController": "v1", "ServiceAccount": "v1", "Namespace": "v1",
    "PersistentVolume": "v1", "PersistentVolumeClaim": "v1", "Node": "v1", "Endpoints": "v1", "Deployment": "apps/v1", "StatefulSet": "apps/v1", "DaemonSet": "apps/v1",
    "ReplicaSet": "apps/v1", "Job": "batch/v1", "CronJob": "batch/v1", "Role": "rbac.authorization.k8s.io/v1", "ClusterRole": "rbac.authorization.k8s.io/v1",
    "RoleBinding": "rbac.authorization.k8s.io/v1", "ClusterRoleBinding": "rbac.authorization.k8s.io/v1", "Ingress": "networking.k8s.io/v1", "NetworkPolicy": "networking.k8s.io/v1",
    "IngressClass": "networking.k8s.io/v1", "HorizontalPodAutoscaler": "autoscaling/v2", "StorageClass": "storage.k8s.io/v1", "PriorityClass": "scheduling.k8s.io/v1",
    "PodDisruptionBudget": "policy/v1", "CustomResourceDefinition": "apiextensions.k8s.io/v1", "APIService": "apiregistration.k8s.io/v1",
    "ValidatingWebhookConfiguration": "admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration": "admissionregistration.k8s.io/v1",
    "ValidatingAdmissionPolicy": "admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding": "admissionregistration.k8s.io/v1",
    "Widget": "example.com/v1", "Certificate": "cert-manager.io/v1", "KnativeService": "serving.knative.dev/v1", "AllowList": "example.com/v1", "HelmRelease": "helm.toolkit.fluxcd.io/v2",
}
OTHER_API = {"Ingress": ["networking.k8s.io/v1beta1", "extensions/v1beta1"], "Deployment": ["apps/v1beta1", "extensions/v1beta1"], "CronJob": ["batch/v1beta1"],
             "HorizontalPodAutoscaler": ["autoscaling/v1", "autoscaling/v2beta2"], "PodDisruptionBudget": ["policy/v1beta1"], "CustomResourceDefinition": ["apiextensions.k8s.io/v1beta1"]}
CLUSTER = {"Namespace", "PersistentVolume", "Node", "ClusterRole", "ClusterRoleBinding", "IngressClass", "StorageClass", "PriorityClass", "CustomResourceDefinition", "APIService",
           "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"}
WORKLOADS = ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob", "Pod", "ReplicationController", "PodTemplate"]
COMMON = ["Deployment"] * 4 + ["ConfigMap"] * 3 + ["Service"] * 3 + ["Secret"] * 2 + ["ServiceAccount"] * 2 + ["StatefulSet", "Widget", "Widget"]


class Objects:
    """Draws objects; `rng` is the tree's."""

    def __init__(self, rng):
        self.rng = rng

    def pick(self, items):
        return self.rng.choice(items)

    def maybe(self, chance):
        return self.rng.random() < chance

    def some(self, items, least=1, most=3):
        return self.rng.sample(items, min(len(items), self.rng.randint(least, most)))

    def value(self, quirk=0.4):
        """A scalar of any kind."""
        if self.maybe(quirk):
            return self.pick(BLOCKS) if self.maybe(0.15) else self.pick(QUIRKS)
        return self.pick(DUMMY)

    def kind(self):
        return self.pick(COMMON) if self.maybe(0.5) else self.pick(sorted(API))

    def metadata(self, kind, name, space):
        meta = {"name": name}
        if space and kind not in CLUSTER:
            meta["namespace"] = space
        if self.maybe(0.35):
            meta["labels"] = {"app": self.pick(NAMES)}
            if self.maybe(0.4):
                meta["labels"]["tier"] = self.pick(QUIRKS) if self.maybe(0.15) else self.pick(["front", "back", "$(VAR)"])
            if self.maybe(0.1):
                meta["labels"][self.pick(["app.kubernetes.io/name", "a.b", "x_y", "Z", "10", "9a"][:5])] = "v"
        if self.maybe(0.25):
            meta["annotations"] = self.annotations(kind)
        if self.maybe(0.03):
            meta["finalizers"] = self.some(["a/b", "c/d", "e/f"])
        if self.maybe(0.02):
            meta["creationTimestamp"] = None
        if self.maybe(0.02):
            meta["ownerReferences"] = [{"uid": u, "name": self.pick(NAMES), "kind": "Deployment", "apiVersion": "apps/v1"} for u in self.some(["u1", "u2"])]
        if self.maybe(0.3):
            meta = dict(self.rng.sample(list(meta.items()), len(meta)))
        return meta

    def annotations(self, kind):
        rows = {"note": self.value()}
        if self.maybe(0.3):
            rows["z/second"] = self.value()
        if kind == "Ingress" and self.maybe(0.6):
            rows[self.pick(["ingress.kubernetes.io/auth-secret", "nginx.ingress.kubernetes.io/auth-secret", "nginx.ingress.kubernetes.io/auth-tls-secret",
                            "nginx.ingress.kubernetes.io/fastcgi-params-configmap"])] = self.pick(NAMES)
        if self.maybe(0.04):
            rows["config.kubernetes.io/local-config"] = self.pick(["true", "false", "yes"])
        if self.maybe(0.03):
            rows["config.kubernetes.io/origin"] = "path: mine.yaml\n"
        if self.maybe(0.02):
            if kind in ("ConfigMap", "Secret"): # of other kinds upstream hashes line numbers
                rows["internal.config.kubernetes.io/needsHashSuffix"] = "enabled"
        if self.maybe(0.02):
            rows["config.kubernetes.io/index"] = "3"
        return rows

    def container(self, name):
        c = {"name": name, "image": self.pick(IMAGES)}
        if self.maybe(0.05):
            del c["image"]
        if self.maybe(0.35):
            c["env"] = [self.env(n) for n in self.some(["A", "B", "C", "D"])]
        if self.maybe(0.25):
            c["envFrom"] = [{self.pick(["configMapRef", "secretRef"]): {"name": self.pick(NAMES)}} for _ in range(self.rng.randint(1, 2))]
        if self.maybe(0.35):
            c["ports"] = [self.port("containerPort", p) for p in self.some([80, 81, 443], 1, 2)]
        if self.maybe(0.3):
            c["volumeMounts"] = [{"name": "vol", "mountPath": m} for m in self.some(["/data", "/etc/x", "$(VAR)/y"])]
        if self.maybe(0.15):
            c["args"] = [self.pick(["a", "--x", "$(VAR)", "--v=$(VAR)", "$$(VAR)", "$(NOPE)", self.pick(QUIRKS)]) for _ in range(2)]
        if self.maybe(0.1):
            c["command"] = ["sh", "-c", self.value(0.1)]
        if self.maybe(0.1):
            c["resources"] = {"limits": {"cpu": self.pick(["1", Raw("1"), Raw("0.5"), "100m"]), "memory": "1Gi"}}
        if self.maybe(0.05):
            c["volumeDevices"] = [{"devicePath": "/dev/x", "name": "v"}]
        return c

    def port(self, key, number):
        row = {key: number}
        if self.maybe(0.5):
            row["protocol"] = self.pick(["TCP", "UDP"])
        if self.maybe(0.4):
            row["name"] = f"p{number}"
        return row

    def env(self, name):
        draw = self.rng.random()
        if draw < 0.55:
            return {"name": name, "value": self.value()}
        if draw < 0.8:
            kind = self.pick(["configMapKeyRef", "secretKeyRef"])
            return {"name": name, "valueFrom": {kind: {"name": self.pick(NAMES), "key": "k"}}}
        return {"name": name, "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}} if draw < 0.9 else {"name": name}

    def volume(self, name):
        kind = self.rng.randint(0, 5)
        return {"name": name, **[{"emptyDir": {}}, {"configMap": {"name": self.pick(NAMES), "defaultMode": Raw("0644")}}, {"secret": {"secretName": self.pick(NAMES)}},
                                 {"persistentVolumeClaim": {"claimName": self.pick(NAMES)}}, {"nfs": {"server": self.pick(["s", "$(VAR)"]), "path": "/"}},
                                 {"projected": {"sources": [{self.pick(["configMap", "secret"]): {"name": self.pick(NAMES)}} for _ in range(2)]}}][kind]}

    def pod_spec(self):
        spec = {"containers": [self.container(n) for n in self.some(["main", "side", "third"], 1, 2)]}
        optional = {
            "serviceAccountName": (0.25, lambda: self.pick(NAMES)), "initContainers": (0.15, lambda: [self.container("init")]), "volumes": (0.35, lambda: [self.volume(n) for n in self.some(["vol", "v2"])]),
            "imagePullSecrets": (0.15, lambda: [{"name": n} for n in self.some(NAMES, 1, 2)]), "priorityClassName": (0.1, lambda: self.pick(NAMES)), "tolerations": (0.08, lambda: [{"key": "k", "operator": "Exists"}]),
            "hostAliases": (0.05, lambda: [{"ip": i, "hostnames": ["h"]} for i in self.some(["1.1.1.1", "2.2.2.2"])]), "nodeSelector": (0.08, lambda: {"disk": self.value(0.1)}),
            "topologySpreadConstraints": (0.08, lambda: [{"topologyKey": k, "whenUnsatisfiable": "DoNotSchedule", "maxSkew": 1, "labelSelector": {"matchLabels": {"app": "x"}}} for k in self.some(["zone", "host"])]),
            "affinity": (0.08, self.affinity), "ephemeralContainers": (0.03, lambda: [self.container("eph")]), "terminationGracePeriodSeconds": (0.05, lambda: 30), "hostNetwork": (0.05, lambda: True),
        }
        for field, (chance, make) in optional.items():
            if self.maybe(chance):
                spec[field] = make()
        return spec

    def affinity(self):
        labels = {"labelSelector": {"matchLabels": {"app": "x"}}, "topologyKey": "zone"}
        which = self.pick(["podAffinity", "podAntiAffinity"])
        return {which: self.pick([{"requiredDuringSchedulingIgnoredDuringExecution": [labels]}, {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "podAffinityTerm": labels}]}])}

    def template(self):
        meta = {} if self.maybe(0.1) else {"labels": {"app": "x"}}
        if self.maybe(0.1):
            meta["annotations"] = {"note": self.value()}
        if self.maybe(0.05):
            meta["creationTimestamp"] = None
        return {"metadata": meta, "spec": self.pod_spec()} if meta or self.maybe(0.5) else {"spec": self.pod_spec()}

    def workload(self, kind):
        if kind == "Pod":
            return {"spec": self.pod_spec()}
        if kind == "PodTemplate":
            return {"template": self.template()}
        if kind == "CronJob":
            return {"spec": {"schedule": Raw("'* * * * *'"), "jobTemplate": {"spec": {"template": self.template()}}}}
        spec = {}
        if kind not in ("Job", "DaemonSet") and self.maybe(0.5):
            spec["replicas"] = self.rng.randint(0, 4)
        if kind != "Job" and self.maybe(0.6):
            spec["selector"] = {"app": "x"} if kind == "ReplicationController" else {"matchLabels": {"app": "x"}}
        if kind == "StatefulSet":
            spec["serviceName"] = self.pick(NAMES)
            if self.maybe(0.4):
                spec["volumeClaimTemplates"] = [{"metadata": {"name": "data"}, "spec": {"storageClassName": self.pick(NAMES), "accessModes": ["ReadWriteOnce"]}}]
        if kind == "Deployment" and self.maybe(0.1):
            spec["strategy"] = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": Raw("25%")}}
        spec["template"] = self.template()
        return {"spec": spec}

    def rules(self):
        return [{"apiGroups": [""], "resources": ["secrets"], "resourceNames": self.some(NAMES, 1, 2), "verbs": ["get"]}] if self.maybe(0.7) else []

    def subject(self):
        row = {"kind": self.pick(["ServiceAccount", "ServiceAccount", "User"]), "name": self.pick([*NAMES, "default"])}
        if self.maybe(0.6):
            row["namespace"] = self.pick(SPACES)
        return row

    def webhooks(self):
        return [{"name": n, "clientConfig": {"service": {"name": self.pick(NAMES), "namespace": self.pick(SPACES), "path": "/x"}}} for n in self.some(["a.x.io", "b.x.io"])]

    def backend(self, api):
        return {"serviceName": self.pick(NAMES), "servicePort": 80} if "beta" in api else {"service": {"name": self.pick(NAMES), "port": {"number": 80}}}

    def ingress(self, api):
        spec = {"rules": [{"host": self.pick(["h.io", "$(VAR).io"]), "http": {"paths": [{"path": "/", "backend": self.backend(api)}]}}]}
        if self.maybe(0.5):
            spec["tls"] = [{"hosts": ["h.io"], "secretName": self.pick(NAMES)}]
        if self.maybe(0.3):
            spec["backend" if "beta" in api else "defaultBackend"] = self.backend(api)
        if self.maybe(0.3):
            spec["ingressClassName"] = self.pick(NAMES)
        return spec

    def body(self, kind, api):
        """All of an object but what every object has."""
        if kind in WORKLOADS:
            return self.workload(kind)
        rows = {
            "ConfigMap": lambda: {"data": {k: self.value() for k in self.some(["a", "b", "c.d", "E", "f_g"])}} if self.maybe(0.95) else {"binaryData": {"b": "AAE="}},
            "Secret": lambda: {"type": "Opaque", **({"data": {"k": "YQ=="}} if self.maybe(0.7) else {"stringData": {"k": self.value()}})},
            "Service": lambda: {"spec": {**({"selector": {"app": "x"}} if self.maybe(0.8) else {}), "ports": [self.port("port", p) for p in self.some([80, 81, 443], 1, 2)]}},
            "ServiceAccount": lambda: {**({"imagePullSecrets": [{"name": self.pick(NAMES)}]} if self.maybe(0.4) else {}), **({"secrets": [{"name": n} for n in self.some(NAMES)]} if self.maybe(0.3) else {})},
            "PersistentVolume": lambda: {"spec": self.pick([{"azureFile": {"secretName": self.pick(NAMES)}}, {"nfs": {"server": "$(VAR)"}}, {"storageClassName": self.pick(NAMES)}])},
            "PersistentVolumeClaim": lambda: {"spec": {"storageClassName": self.pick(NAMES), "volumeName": self.pick(NAMES)}},
            "Node": lambda: {"spec": {"configSource": {"configMap": self.pick([{"name": "x"}, {"name": self.pick(NAMES)}])}, "podCIDRs": ["10.0.0.0/8"]}},
            "Endpoints": lambda: {"subsets": [{"addresses": [{"ip": "1.2.3.4"}]}]},
            "Role": lambda: {"rules": self.rules()}, "ClusterRole": lambda: {"rules": self.rules()},
            "RoleBinding": lambda: {"roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": self.pick(["Role", "ClusterRole"]), "name": self.pick(NAMES)}, "subjects": [self.subject() for _ in range(self.rng.randint(1, 2))]},
            "ClusterRoleBinding": lambda: {"roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": self.pick(NAMES)}, "subjects": [self.subject() for _ in range(self.rng.randint(1, 2))]},
            "Ingress": lambda: {"spec": self.ingress(api)},
            "NetworkPolicy": lambda: {"spec": {"podSelector": {"matchLabels": {"app": "x"}}, "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": "x"}}}, {"namespaceSelector": {}}]}], **({"egress": [{"to": [{"podSelector": {}}]}]} if self.maybe(0.5) else {})}},
            "HorizontalPodAutoscaler": lambda: {"spec": {"scaleTargetRef": {"kind": self.pick(["Deployment", "StatefulSet"]), "name": self.pick(NAMES)}}},
            "StorageClass": lambda: {"provisioner": "x", "parameters": {self.pick(["secretName", "adminSecretName", "userSecretName", "secretRef"]): self.pick(NAMES)}},
            "PriorityClass": lambda: {"value": 10}, "IngressClass": lambda: {"spec": {"controller": "x"}}, "Namespace": lambda: {} if self.maybe(0.7) else {"spec": {}},
            "PodDisruptionBudget": lambda: {"spec": {"selector": {"matchLabels": {"app": "x"}}, "minAvailable": Raw("1")}},
            "CustomResourceDefinition": lambda: {"spec": {"group": "example.com", "conversion": {"webhook": {"clientConfig": {"service": {"name": self.pick(NAMES), "namespace": self.pick(SPACES)}}}}, "names": {"kind": "Widget"}, "x": self.pick(DEEP)}},
            "APIService": lambda: {"spec": {"service": {"name": self.pick(NAMES), "namespace": self.pick(SPACES)}} if self.maybe(0.8) else {}},
            "ValidatingWebhookConfiguration": lambda: {"webhooks": self.webhooks()}, "MutatingWebhookConfiguration": lambda: {"webhooks": self.webhooks()},
            "ValidatingAdmissionPolicyBinding": lambda: {"spec": {"policyName": self.pick(NAMES)}}, "ValidatingAdmissionPolicy": lambda: {"spec": {"validations": []}},
            "KnativeService": lambda: {"spec": {"template": {"spec": {"containers": [self.container("user")]}}}},
            "AllowList": lambda: self.pick([{}, {"items": None}, {"spec": {"a": 1}}]),
        }
        return rows[kind]() if kind in rows else self.pick([{"spec": self.pick(DEEP)}, {"spec": self.pick(DEEP), "status": self.pick(DEEP)}, {"spec": {"v": self.value(), "image": self.pick(IMAGES), "replicas": 1}}, {}])

    def object(self, kind, name, space):
        api = self.pick(OTHER_API[kind]) if kind in OTHER_API and self.maybe(0.15) else API[kind]
        real = {"KnativeService": "Service"}.get(kind, kind)
        made = {"apiVersion": api, "kind": real, "metadata": self.metadata(real, name, space), **self.body(kind, api)}
        return dict(self.rng.sample(list(made.items()), len(made))) if self.maybe(0.1) else made
