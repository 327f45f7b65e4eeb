"""Random bodies and requests for every resource the server knows: mostly of the right shape, with odd values in it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import quote, urlencode

from labrunner.sim.resources import Registry, ResourceType
from labrunner.sim.schema import gotypes
from labrunner.sim.schema.gotypes import Type

Json = Any

STRINGS = (
    "a", "b", "web", "default", "kube-system", "x" * 64, "x" * 300, "", "A_B", "-a", "a.b", "a/b", "é", "\x00", "\ud800",
    "nginx", "nginx:1.27", "TCP", "UDP", "Always", "Never", "OnFailure", "IfNotPresent", "In", "Exists", "NoSchedule",
    "ClusterIP", "NodePort", "LoadBalancer", "ExternalName", "RollingUpdate", "Recreate", "OnDelete", "Delete", "Retain",
    "ReadWriteOnce", "Filesystem", "Block", "*/5 * * * *", "@daily", "61 * * * *", "Allow", "Forbid", "Replace", "Pod",
    "Deployment", "apps/v1", "v1", "None", "10.0.0.1", "10.96.0.10", "::1", "10.0.0.0/8", "2001:db8::/32", "http", "80",
    "kubernetes.io/hostname", "pod-security.kubernetes.io/enforce", "restricted", "metadata.name", "spec.nodeName",
    "object.spec.x > 1", "self == oldSelf", "1 +", "CPU", "Utilization", "25%", "-3%", "101%", "Namespaced", "Cluster",
    "object", "integer", "array", "string", "^[a", "(a+)+$", "2026-01-01T00:00:00Z", "yesterday", "*", "get", "list",
)  # fmt: skip
NUMBERS = (
    0,
    1,
    -1,
    2,
    3,
    80,
    8080,
    30000,
    65535,
    65536,
    70000,
    2**31 - 1,
    2**31,
    -(2**31) - 1,
    2**63 - 1,
    2**63,
    10**30,
)
QUANTITIES = (
    "1",
    "500m",
    "1Gi",
    "-1",
    "0",
    "1e3",
    "1.5",
    "1E400",
    "abc",
    "",
    "9" * 40,
    "0.0000000001",
    3,
    1.5,
    -2,
)
ODD = (None, "", [], {}, 0, -1, 1.5, True, "x", [None], {"": None}, [[[]]], {"a": {"b": {"c": []}}}, 1e308)
TIMES = (
    "2026-01-01T00:00:00Z",
    "2026-13-45T99:00:00Z",
    "0001-01-01T00:00:00Z",
    "now",
    "9999-12-31T23:59:59.999999Z",
)


class Bodies:
    """Bodies by the server's own types."""

    def __init__(self, random: Random) -> None:
        self.random = random

    def body(self, rt: ResourceType, kind: str = "") -> Json:
        """An object of the kind, or now and then something else."""
        random = self.random
        if random.random() < 0.03:
            return self.json(3)
        struct = gotypes.struct_of(rt.group, rt.version, kind or rt.kind)
        found: Json = self.struct(struct.name, 0) if struct is not None else {"spec": self.json(3)}
        if not isinstance(found, dict):
            return found
        if random.random() < 0.97:
            found["apiVersion"], found["kind"] = rt.gv, kind or rt.kind
        if random.random() < 0.95:
            metadata = found["metadata"] if isinstance(found.get("metadata"), dict) else {}
            if random.random() < 0.6:
                for gone in (
                    "namespace",
                    "uid",
                    "resourceVersion",
                    "finalizers",
                    "ownerReferences",
                    "managedFields",
                ):
                    metadata.pop(gone, None)
            found["metadata"] = {**metadata, "name": self.name()}
        return found

    def name(self) -> str:
        return self.random.choice(("a", "b", "web", "a.b.example.com", "default", "kubernetes"))

    def struct(self, name: str, depth: int) -> Json:
        fields = gotypes.struct(name).fields
        random = self.random
        if not fields or random.random() < 0.01:
            return self.json(2)
        share = random.choice((0.15, 0.4, 0.8)) if depth < 5 else 0.1
        chosen = [key for key in fields if random.random() < share and key != "status"]
        found = {key: self.value(fields[key].type, depth + 1) for key in chosen}
        if random.random() < 0.02:
            found[random.choice(STRINGS)] = self.json(1)
        return found

    def value(self, target: Type, depth: int) -> Json:
        random = self.random
        if random.random() < 0.02:
            return random.choice(ODD)
        match target.kind:
            case "struct":
                return self.struct(target.name, depth) if depth < 9 else {}
            case "list" if target.elem is not None:
                return [self.value(target.elem, depth + 1) for _ in range(random.choice((0, 1, 1, 1, 2, 3)))]
            case "map" if target.elem is not None:
                element = target.elem
                return {
                    random.choice(STRINGS): self.value(element, depth + 1)
                    for _ in range(random.randint(0, 2))
                }
            case "string":
                return random.choice(STRINGS)
            case "bool":
                return random.random() < 0.5
            case "int":
                return random.choice(NUMBERS)
            case "float":
                return random.choice((0.5, -1.0, 1e300, 3))
            case "bytes":
                return random.choice(("YQ==", "", "!!!", "YQ"))
            case "quantity":
                return random.choice(QUANTITIES)
            case "int-or-string":
                return random.choice((*NUMBERS, "http", "25%", "101%", "x" * 20, ""))
            case "time" | "micro-time":
                return random.choice(TIMES)
            case "duration":
                return random.choice(("1h", "-3s", "5", ""))
            case "schema-or-array" | "schema-or-bool" | "schema-or-strings":
                return random.choice(({"type": "string"}, True, ["a"], {}))
        return self.json(2)

    def json(self, depth: int) -> Json:
        random = self.random
        if depth and random.random() < 0.3:
            return [self.json(depth - 1) for _ in range(random.randint(0, 3))]
        if depth and random.random() < 0.5:
            return {random.choice(STRINGS): self.json(depth - 1) for _ in range(random.randint(0, 3))}
        return random.choice((*ODD, *STRINGS, *NUMBERS))

    def changed(self, obj: Json) -> Json:
        """*obj* with one random place in it replaced, removed or doubled."""
        random = self.random
        if isinstance(obj, dict) and obj and random.random() < 0.9:
            key = random.choice(list(obj))
            if random.random() < 0.1:
                return {k: v for k, v in obj.items() if k != key}
            return {**obj, key: self.changed(obj[key])}
        if isinstance(obj, list) and obj and random.random() < 0.9:
            at = random.randrange(len(obj))
            return random.choice(([*obj[:at], self.changed(obj[at]), *obj[at + 1 :]], obj + obj, obj[1:]))
        return random.choice((*ODD, *STRINGS, *NUMBERS))


@dataclass
class Wanted:
    """A request: method, target, body and headers."""

    method: str
    target: str
    body: bytes
    headers: dict[str, str]


PATCHES = ("application/merge-patch+json", "application/strategic-merge-patch+json", "application/json-patch+json",
           "application/apply-patch+yaml", "application/json", "text/plain")  # fmt: skip
ACCEPTS = ("application/json", "*/*", "application/json;as=Table;v=v1;g=meta.k8s.io,application/json", "application/yaml",
           "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io", "text/html", "",
           "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io")  # fmt: skip
PARAMETERS = {
    "limit": ("1", "0", "-1", "x", "99999999999999999999"), "continue": ("x", "e30", "eyJ2IjoxfQ"),
    "labelSelector": ("a=b", "a in (b,c)", "!a", "a in (", "=", "é"), "watch": ("1", "false", "x"),
    "fieldSelector": ("metadata.name=a", "spec.nodeName=", "status.phase!=Running", "nope=1", "metadata.name", ",,"),
    "resourceVersion": ("0", "1", "999999", "-1", "x"), "resourceVersionMatch": ("Exact", "NotOlderThan", "x"),
    "timeoutSeconds": ("1", "-1", "x"), "dryRun": ("All", "x"), "fieldManager": ("m", "x" * 200, ""),
    "force": ("true", "x"), "fieldValidation": ("Strict", "Warn", "Ignore", "x"), "pretty": ("true", "x"),
    "propagationPolicy": ("Foreground", "Background", "Orphan", "x"), "gracePeriodSeconds": ("0", "5", "-1", "x"),
    "sendInitialEvents": ("true", "x"), "allowWatchBookmarks": ("true",), "includeObject": ("Object", "None", "x"),
    "container": ("a", ""), "follow": ("x",), "tailLines": ("-1", "3", "x"), "sinceSeconds": ("0", "x"),
}  # fmt: skip


class Requests:
    """Requests for anything in *registry*; ``known`` collects objects to change, by resource."""

    def __init__(self, random: Random, registry: Registry) -> None:
        self.random = random
        self.bodies = Bodies(random)
        self.types = list(registry.types())
        self.known: dict[str, Json] = {}

    def next(self) -> Wanted:
        random = self.random
        rt = random.choice(self.types)
        method = random.choice(
            ("POST", "POST", "POST", "PUT", "PUT", "PATCH", "PATCH", "PATCH", "GET", "DELETE")
        )
        named = method not in ("POST", "GET") or random.random() < 0.2
        path = f"/apis/{rt.group}/{rt.version}" if rt.group else f"/api/{rt.version}"
        if rt.namespaced and random.random() < 0.95:
            path += f"/namespaces/{random.choice(('default', 'default', 'default', 'kube-system', 'nope'))}"
        path += f"/{rt.plural}"
        body, headers = self.bodies.body(rt), {"Accept": random.choice(ACCEPTS)}
        known = self.known.get(path)
        if named:
            name = known["metadata"]["name"] if known and random.random() < 0.7 else self.bodies.name()
            path += "/" + quote(name, safe="")
            if method in ("PUT", "PATCH") and known and random.random() < 0.8:
                body = self.bodies.changed(known)
                if (
                    isinstance(body, dict)
                    and isinstance(body.get("metadata"), dict)
                    and random.random() < 0.8
                ):
                    body["metadata"] = {k: v for k, v in body["metadata"].items() if k != "resourceVersion"}
            if rt.subresources and random.random() < 0.25:
                sub = random.choice(rt.subresources)
                path += f"/{sub.name}"
                method = random.choice((method, "POST", "GET"))
        if method == "PATCH":
            kind = random.choice(PATCHES)
            headers["Content-Type"] = kind
            if kind.startswith("application/json-patch"):
                body = self._operations()
        elif random.random() < 0.1:
            headers["Content-Type"] = random.choice(
                ("application/yaml", "application/vnd.kubernetes.protobuf", "x")
            )
        raw = json.dumps(body).encode()
        if random.random() < 0.02:
            raw = bytes(random.randrange(256) for _ in range(random.randint(0, 40)))
        query = {key: random.choice(values) for key, values in PARAMETERS.items() if random.random() < 0.03}
        if headers.get("Content-Type") == "application/apply-patch+yaml" and random.random() < 0.9:
            query["fieldManager"] = random.choice(("m", "n"))
        return Wanted(method, path + ("?" + urlencode(query) if query else ""), raw, headers)

    def learn(self, wanted: Wanted, answer: Json) -> None:
        """Remember an object that the server has answered with."""
        if not isinstance(answer, dict) or wanted.method not in ("POST", "PUT", "PATCH"):
            return
        if answer.get("kind") in ("Status", "Table", None) or not answer.get("metadata", {}).get("name"):
            return
        path = wanted.target.partition("?")[0]
        self.known[path if wanted.method == "POST" else path.rpartition("/")[0]] = answer

    def _operations(self) -> Json:
        random = self.random
        pointers = ("/metadata/labels", "/spec", "/spec/replicas", "/metadata/name", "", "/", "/spec/containers/0/image",
                    "/metadata/labels/a~1b", "x", "/spec/template/spec/containers/-", "/data/a", "/status")  # fmt: skip
        return [
            {"op": random.choice(("add", "replace", "remove", "test", "copy", "move", "x")), "path": random.choice(pointers),
             "value": self.bodies.json(2), "from": random.choice(pointers)}
            for _ in range(random.randint(0, 3))
        ]  # fmt: skip
