"""OpenAPI v3: the index and one document per group and version, for ``kubectl explain``, ``apply`` and editors.

Documents are put together from the committed schemas when they are first asked for; the server's start costs nothing.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

from labrunner.sim.objects import Obj
from labrunner.sim.resources import Registry, ResourceType
from labrunner.sim.schema.gotypes import definition_name
from labrunner.sim.schema.openapi_paths import paths_of

REF: Final = "#/components/schemas/"
SchemaOf = Callable[[ResourceType], Obj | None]
_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1."
_API_VERSION: Final = (
    "APIVersion defines the versioned schema of this representation of an object. Servers should convert recognized "
    "schemas to the latest internal value, and may reject unrecognized values. More info: "
    "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources"
)
_KIND: Final = (
    "Kind is a string value representing the REST resource this object represents. Servers may infer this from the "
    "endpoint the client submits requests to. Cannot be updated. In CamelCase. More info: "
    "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds"
)
_CONVENTIONS: Final = "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md"


class Documents:
    """The documents of everything in *registry*. *schema_of* gives the structural schema of a custom resource.

    *version* is the server's version, shown in the documents.
    """

    def __init__(self, registry: Registry, schema_of: SchemaOf, version: str) -> None:
        self._registry = registry
        self._schema_of = schema_of
        self._version = version
        self._generation = -1
        self._etags: dict[str, str] = {}
        self._bodies: dict[str, tuple[str, bytes]] = {}

    def index(self) -> Obj:
        """``/openapi/v3``: where the document of each group and version is, with a hash that changes with it."""
        self._refresh()
        return {"paths": {path: {"serverRelativeURL": self.url(path)} for path in sorted(self._etags)}}

    def url(self, path: str) -> str:
        """The address of the document for *path* (``apis/apps/v1``) with its current hash."""
        return f"/openapi/v3/{path}?hash={self._etags[path]}"

    def etag(self, path: str) -> str | None:
        """The hash of the document for *path*, None when there is no such group and version."""
        self._refresh()
        return self._etags.get(path)

    def document(self, path: str) -> bytes | None:
        """The document for *path*, as JSON; None when there is no such group and version."""
        etag = self.etag(path)
        if etag is None:
            return None
        known = self._bodies.get(path)
        if known is None or known[0] != etag:
            known = self._bodies[path] = etag, zlib.compress(self._build(path), 6)
        return zlib.decompress(known[1])

    def _refresh(self) -> None:
        if self._generation == self._registry.generation:
            return
        self._generation = self._registry.generation
        self._etags = {
            _path_of(entry.group, version): self._hash(entry.group, version)
            for entry in self._registry.groups()
            for version in entry.versions
        }

    def _hash(self, group: str, version: str) -> str:
        found = hashlib.sha512(f"{self._version} {data_version()}".encode())
        for rt in self._registry.types_in(group, version):
            found.update(f"{rt.plural} {rt.kind} {rt.verbs} {rt.subresources}".encode())
            if rt.custom:
                found.update(json.dumps(self._schema_of(rt), sort_keys=True).encode())
        return found.hexdigest().upper()

    def _build(self, path: str) -> bytes:
        group, _, version = path.removeprefix("apis/").removeprefix("api/").rpartition("/")
        types = self._registry.types_in(group, version)
        schemas: dict[str, Obj] = {}
        names: dict[tuple[str, str, str], str] = {}
        for rt in types:
            if rt.custom:
                schemas.update(custom_schemas(rt, self._schema_of(rt)))
                names[rt.gvk] = custom_name(rt, rt.kind)
                names[rt.group, rt.version, rt.list_kind] = custom_name(rt, rt.list_kind)
        wanted = [_META + "Patch", _META + "DeleteOptions", _META + "Status"]
        kinds = {(rt.group, rt.version, kind) for rt in types for kind in (rt.kind, rt.list_kind)}
        kinds |= {(sub.group, sub.version, sub.kind) for rt in types for sub in rt.subresources}
        for gvk in sorted(kinds):
            name = definition_name(*gvk) if gvk not in names else None
            if name is not None:
                names[gvk] = name
                wanted.append(name)
        wanted.extend(reference for schema in schemas.values() for reference in references(schema))
        schemas.update(with_references(wanted))
        # Options of exec, proxy and the like have Go types, but no published schema.
        names = {gvk: name for gvk, name in names.items() if name in schemas}
        document: Obj = {
            "openapi": "3.0.0",
            "info": {"title": "Kubernetes (simulated by labrunner)", "version": self._version},
            "paths": {k: v for rt in types for k, v in paths_of(rt, names).items()},
            "components": {"schemas": dict(sorted(schemas.items()))},
        }
        return json.dumps(document, separators=(",", ":")).encode()


def _path_of(group: str, version: str) -> str:
    return f"apis/{group}/{version}" if group else f"api/{version}"


@cache
def _archive() -> zipfile.ZipFile:
    return zipfile.ZipFile(Path(__file__).parent / "data" / "openapi.zip")


@cache
def data_version() -> str:
    """A digest of the committed schemas."""
    return "-".join(f"{info.CRC:08x}" for info in _archive().infolist())


def definition(name: str) -> Obj | None:
    """The OpenAPI v3 schema of that definition name (``io.k8s.api.apps.v1.Deployment``), or None."""
    return with_references([name]).get(name)


def every_schema() -> dict[str, Obj]:
    """All committed schemas by name."""
    packages = (name.removesuffix(".json") for name in _archive().namelist())
    return {f"{package}.{short}": found for package in packages for short, found in _member(package).items()}


def with_references(names: list[str]) -> dict[str, Obj]:
    """The schemas called *names* and all that they refer to."""
    # Parsed packages are not kept: the largest takes megabytes, and a finished document is kept compressed.
    members: dict[str, dict[str, Obj]] = {}
    found: dict[str, Obj] = {}
    queue = list(names)
    while queue:
        name = queue.pop()
        if name in found:
            continue
        package, _, short = name.rpartition(".")
        if package not in members:
            members[package] = _member(package)
        schema = members[package].get(short)
        if schema is not None:
            found[name] = schema
            queue.extend(references(schema))
    return found


def _member(package: str) -> dict[str, Obj]:
    try:
        found: dict[str, Obj] = json.loads(_archive().read(f"{package}.json"))
    except KeyError:
        return {}
    return found


def references(schema: Any) -> Iterator[str]:
    """The names of the definitions that *schema* refers to."""
    if isinstance(schema, dict):
        for key, value in schema.items():
            if key == "$ref" and isinstance(value, str):
                yield value.removeprefix(REF)
            else:
                yield from references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from references(value)


def custom_name(rt: ResourceType, kind: str) -> str:
    """``com.example.stable.v1.CronTab``."""
    return ".".join([*reversed(rt.group.split(".")), rt.version, kind])


def custom_schemas(rt: ResourceType, schema: Obj | None) -> dict[str, Obj]:
    """The schemas of a custom resource and of its list, as the API server publishes them."""
    name = custom_name(rt, rt.kind)
    given = schema or {"type": "object"}
    described: Obj = {k: v for k, v in given.items() if k != "properties"}
    # A schema that keeps unknown fields at the top is published without its properties.
    properties = (
        {} if given.get("x-kubernetes-preserve-unknown-fields") else dict(given.get("properties") or {})
    )
    properties["apiVersion"] = {"description": _API_VERSION, "type": "string"}
    properties["kind"] = {"description": _KIND, "type": "string"}
    properties["metadata"] = _described(
        "ObjectMeta", f"Standard object's metadata. More info: {_CONVENTIONS}#metadata"
    )
    item = {**described, "type": "object", "properties": dict(sorted(properties.items()))}
    item["x-kubernetes-group-version-kind"] = [_gvk(rt, rt.kind)]
    listed = {
        "description": f"{rt.list_kind} is a list of {rt.kind}",
        "type": "object",
        "required": ["items"],
        "properties": {
            "apiVersion": properties["apiVersion"],
            "items": {
                "description": f"List of {rt.plural}. More info: {_CONVENTIONS}",
                "type": "array",
                "items": {"$ref": REF + name},
            },
            "kind": properties["kind"],
            "metadata": _described(
                "ListMeta", f"Standard list metadata. More info: {_CONVENTIONS}#types-kinds"
            ),
        },
        "x-kubernetes-group-version-kind": [_gvk(rt, rt.list_kind)],
    }
    return {name: item, custom_name(rt, rt.list_kind): listed}


def _described(short: str, text: str) -> Obj:
    return {"allOf": [{"$ref": f"{REF}{_META}{short}"}], "description": text}


def _gvk(rt: ResourceType, kind: str) -> Obj:
    return {"group": rt.group, "kind": kind, "version": rt.version}
