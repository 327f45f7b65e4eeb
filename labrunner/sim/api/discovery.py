"""Discovery documents, built when the set of resources changes: aggregated (v2) and legacy."""

from __future__ import annotations

import hashlib
import json
from typing import Final

from labrunner.sim.api.negotiation import wants_aggregated_discovery
from labrunner.sim.http import Request, Response
from labrunner.sim.objects import Obj
from labrunner.sim.resources import Registry, ResourceType, Subresource

_CIDRS: Final = "serverAddressByClientCIDRs"
_EVERYWHERE: Final = "0.0.0.0/0"


class Discovery:
    """Answers ``/api``, ``/apis`` and what is below them. *address* is ``127.0.0.1:port``."""

    def __init__(self, registry: Registry, address: str) -> None:
        self._registry = registry
        self.address = address
        self._generation = -1
        self._cache: dict[str, tuple[bytes, str]] = {}

    def answer(self, request: Request) -> Response | None:
        """The document at the request's path, or None when there is none."""
        if self._generation != self._registry.generation:
            self._cache.clear()
            self._generation = self._registry.generation
        path = request.path.rstrip("/")
        if path in ("/api", "/apis"):
            version = wants_aggregated_discovery(request.headers.get("accept", ""))
            if version is not None:
                return self._aggregated(path, version, request)
        if path not in self._cache:
            document = self._document(path)
            if document is None:
                return None
            self._cache[path] = json.dumps(document, separators=(",", ":")).encode() + b"\n", ""
        return Response(200, self._cache[path][0])

    def _aggregated(self, path: str, version: str, request: Request) -> Response:
        key = f"{path}#{version}"
        if key not in self._cache:
            groups = self._registry.groups()
            kept = [g for g in groups if (g.group == "") == (path == "/api")]
            body = {
                "kind": "APIGroupDiscoveryList",
                "apiVersion": f"apidiscovery.k8s.io/{version}",
                "metadata": {},
                "items": [self._group_entry(g.group, g.versions) for g in kept],
            }
            encoded = json.dumps(body, separators=(",", ":")).encode() + b"\n"
            self._cache[key] = encoded, f'"{hashlib.sha256(encoded).hexdigest().upper()}"'
        encoded, etag = self._cache[key]
        content_type = f"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList"
        headers = (("Etag", etag), ("Vary", "Accept"))
        if request.headers.get("if-none-match") == etag:
            return Response(304, b"", content_type, headers)
        return Response(200, encoded, content_type, headers)

    def _group_entry(self, group: str, versions: tuple[str, ...]) -> Obj:
        entries = [
            {
                "version": version,
                "resources": [_aggregated_resource(rt) for rt in self._registry.types_in(group, version)],
                "freshness": "Current",
            }
            for version in versions
        ]
        return {"metadata": {"name": group} if group else {}, "versions": entries}

    def _document(self, path: str) -> Obj | None:
        parts = path.strip("/").split("/")
        if parts == ["api"]:
            return {"kind": "APIVersions", "versions": ["v1"], _CIDRS: self._cidrs()}
        if parts == ["apis"]:
            groups = [
                _legacy_group(g.group, g.versions) for g in self._registry.groups() if g.group and g.versions
            ]
            return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}
        if parts[0] == "apis" and len(parts) == 2:
            for entry in self._registry.groups():
                if entry.group == parts[1] and entry.versions:
                    document = _legacy_group(entry.group, entry.versions)
                    return {"kind": "APIGroup", "apiVersion": "v1", **document}
            return None
        group, version = ("", parts[1]) if parts[0] == "api" and len(parts) == 2 else ("", "")
        if parts[0] == "apis" and len(parts) == 3:
            group, version = parts[1], parts[2]
        types = self._registry.types_in(group, version) if version else []
        if not types:
            return None
        resources = [entry for rt in types for entry in _legacy_resources(rt)]
        return {
            "kind": "APIResourceList",
            **({"apiVersion": "v1"} if group else {}),
            "groupVersion": types[0].gv,
            "resources": resources,
        }

    def _cidrs(self) -> list[Obj]:
        return [{"clientCIDR": _EVERYWHERE, "serverAddress": self.address}]


def _legacy_group(group: str, versions: tuple[str, ...]) -> Obj:
    entries = [{"groupVersion": f"{group}/{v}", "version": v} for v in versions]
    return {"name": group, "versions": entries, "preferredVersion": entries[0]}


def _aggregated_resource(rt: ResourceType) -> Obj:
    out: Obj = {
        "resource": rt.plural,
        "responseKind": _kind(rt.group, rt.version, rt.kind),
        "scope": "Namespaced" if rt.namespaced else "Cluster",
        "singularResource": rt.singular,
        "verbs": list(rt.verbs),
    }
    if rt.short_names:
        out["shortNames"] = list(rt.short_names)
    if rt.categories:
        out["categories"] = list(rt.categories)
    if rt.subresources:
        out["subresources"] = [
            {
                "subresource": sub.name,
                "responseKind": _kind(sub.group, sub.version, sub.kind),
                "verbs": list(sub.verbs),
            }
            for sub in rt.subresources
        ]
    return out


def _kind(group: str, version: str, kind: str) -> Obj:
    return {"group": group, "version": version, "kind": kind}


def _legacy_resources(rt: ResourceType) -> list[Obj]:
    own: Obj = {
        "name": rt.plural,
        "singularName": rt.singular,
        "namespaced": rt.namespaced,
        "kind": rt.kind,
        "verbs": list(rt.verbs),
    }
    if rt.short_names:
        own["shortNames"] = list(rt.short_names)
    if rt.categories:
        own["categories"] = list(rt.categories)
    if rt.storage and "list" in rt.verbs:
        own["storageVersionHash"] = _storage_hash(rt)
    return [own, *(_legacy_subresource(rt, sub) for sub in rt.subresources)]


def _legacy_subresource(rt: ResourceType, sub: Subresource) -> Obj:
    out: Obj = {"name": f"{rt.plural}/{sub.name}", "singularName": "", "namespaced": rt.namespaced}
    if (sub.group, sub.version) != (rt.group, rt.version):
        out["group"], out["version"] = sub.group, sub.version
    out["kind"], out["verbs"] = sub.kind, list(sub.verbs)
    return out


def _storage_hash(rt: ResourceType) -> str:
    import base64

    digest = hashlib.sha256(f"{rt.group}/{rt.version}/{rt.kind}".encode()).digest()
    return base64.b64encode(digest[:8]).decode()
