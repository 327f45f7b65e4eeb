"""Makes the committed data of this package. Run by a developer, when the simulated version moves; never at run time.

    python -m labrunner.sim.schema.generate DEFINITIONS GOPATH

*DEFINITIONS* is the folder of one version inside the PyPI distribution ``kubernetes-validate``, such as
``…/kubernetes_validate/kubernetes-json-schema/v1.36.0-local``. *GOPATH* is ``usr/share/gocode/src`` of the unpacked
Debian packages golang-k8s-api-dev, golang-k8s-apimachinery-dev and golang-k8s-apiextensions-apiserver-dev of that
version (``apt-get download``, then ``dpkg -x``: nothing needs installing).

What is made:

``data/types.json.z``
    Every API type as its Go source declares it: JSON names, protobuf numbers, Go types, patch and list merge rules.
    Shape: ``{name: "underlying type" | {"f": [[json, number, type, flags, extras?]…], "a": 1?}}`` (see ``gotypes``).
``data/openapi.zip``
    OpenAPI v3 schemas, one member per package (``io.k8s.api.apps.v1.json``): ``{short name: schema}``.
"""

from __future__ import annotations

import json
import re
import sys
import zipfile
import zlib
from pathlib import Path
from typing import Any

from labrunner.sim.schema.gosource import GoField, GoType, read_package

DATA = Path(__file__).parent / "data"
_GROUPS = (
    *("admissionregistration/v1", "apps/v1", "authentication/v1", "authorization/v1", "autoscaling/v1"),
    *(
        "autoscaling/v2",
        "batch/v1",
        "certificates/v1",
        "coordination/v1",
        "core/v1",
        "discovery/v1",
        "events/v1",
    ),
    *("flowcontrol/v1", "networking/v1", "node/v1", "policy/v1", "rbac/v1", "resource/v1", "scheduling/v1"),
    "storage/v1",
)
PACKAGES = (
    *(f"k8s.io/api/{group}" for group in _GROUPS),
    "k8s.io/apimachinery/pkg/apis/meta/v1",
    "k8s.io/apimachinery/pkg/api/resource",
    "k8s.io/apimachinery/pkg/runtime",
    "k8s.io/apimachinery/pkg/types",
    "k8s.io/apimachinery/pkg/util/intstr",
    "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1",
)
OMITEMPTY, INLINE, OMITZERO = 1, 2, 4
_REF = "#/components/schemas/"
_MERGE_RULES = ("x-kubernetes-list-type", "x-kubernetes-list-map-keys", "x-kubernetes-map-type")
_ZERO = {"string": "", "bool": False, "int32": 0, "int64": 0, "float64": 0}
# The definitions come from OpenAPI v2, which cannot say "one of these types".
_SCALARS: dict[str, dict[str, Any]] = {
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {
        "format": "int-or-string",
        "oneOf": [{"type": "integer"}, {"type": "string"}],
    },
    "io.k8s.apimachinery.pkg.api.resource.Quantity": {"oneOf": [{"type": "string"}, {"type": "number"}]},
}


def main(definitions: Path, gopath: Path) -> None:
    """Write both data files."""
    described = json.loads((definitions / "_definitions.json").read_text(encoding="utf-8"))["$defs"]
    types: dict[str, GoType] = {}
    for package in PACKAGES:
        types.update(read_package(gopath, package))
    types = {name: declared for name, declared in types.items() if _is_api(name)}
    kept = {name: schema for name, schema in described.items() if _served(name)}
    DATA.mkdir(exist_ok=True)
    table = {
        name: _record(t, kept.get(name, {}))
        for name, t in types.items()
        if t.fields is not None or t.underlying
    }
    for name, schema in kept.items():
        table.setdefault(name, _from_schema(schema))
    _write_types(table)
    _write_openapi(kept, types)


def _served(name: str) -> bool:
    """Stable API versions, and the machinery that they share."""
    return re.search(r"\.v\d+(alpha|beta)\d+\.", name) is None


def _is_api(name: str) -> bool:
    package, _, short = name.rpartition(".")
    return (
        short[:1].isupper()
        and (not package.endswith(".runtime") or short in ("RawExtension", "TypeMeta"))
        and (not package.endswith("pkg.types") or short == "UID")
    )


def _write_types(table: dict[str, Any]) -> None:
    text = json.dumps(table, separators=(",", ":"), sort_keys=True)
    (DATA / "types.json.z").write_bytes(zlib.compress(text.encode(), 9))


def _write_openapi(schemas: dict[str, Any], types: dict[str, GoType]) -> None:
    members: dict[str, dict[str, Any]] = {}
    for name, schema in schemas.items():
        package, _, short = name.rpartition(".")
        members.setdefault(package, {})[short] = _openapi(name, schema, types)
    with zipfile.ZipFile(DATA / "openapi.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for package, content in sorted(members.items()):
            entry = zipfile.ZipInfo(f"{package}.json", (2026, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, json.dumps(content, separators=(",", ":"), sort_keys=True))


def _record(declared: GoType, schema: dict[str, Any]) -> Any:
    if declared.fields is None:
        return f"wrapped {declared.underlying}" if declared.wrapped else declared.underlying
    properties = schema.get("properties", {})
    record: dict[str, Any] = {"f": [_field(f, properties.get(f.json, {})) for f in declared.fields]}
    if schema.get("x-kubernetes-map-type") == "atomic":
        record["a"] = 1
    return record


def _field(f: GoField, schema: dict[str, Any]) -> list[Any]:
    flags = OMITEMPTY * f.omitempty + INLINE * f.inline + OMITZERO * f.omitzero
    extras: dict[str, Any] = {}
    if f.patch_strategy:
        extras["ps"] = f.patch_strategy
    if f.patch_merge_key:
        extras["mk"] = f.patch_merge_key
    if f.default and not f.default.startswith("ref("):
        extras["d"] = json.loads(f.default)
    for short, rule in zip(("lt", "lk", "mt"), _MERGE_RULES, strict=True):
        if rule in schema:
            extras[short] = schema[rule]
    out: list[Any] = [f.json, f.number, f.type, flags]
    return [*out, extras] if extras else out


def _from_schema(schema: dict[str, Any]) -> Any:
    """A type whose Go source is not at hand (the aggregator's), as far as its schema tells."""
    if "properties" not in schema:
        return {"f": []} if _plain(schema.get("type")) == "object" else "string"
    fields = []
    for name, value in schema["properties"].items():
        merge = {"lt": value[_MERGE_RULES[0]]} if _MERGE_RULES[0] in value else {}
        if _MERGE_RULES[1] in value:
            merge["lk"] = value[_MERGE_RULES[1]]
        fields.append([name, 0, _go_type(value), OMITEMPTY, *([merge] if merge else [])])
    return {"f": fields}


def _go_type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"].rsplit("/", 1)[-1])
    kind = _plain(schema.get("type"))
    if kind == "array":
        return "[]" + _go_type(schema["items"])
    if kind == "object":
        return "map[string]" + _go_type(schema.get("additionalProperties", {"type": "string"}))
    if schema.get("format") == "byte":
        return "[]byte"
    names = {"boolean": "bool", "integer": str(schema.get("format", "int64")), "number": "float64"}
    return names.get(kind, "string")


def _plain(kind: Any) -> str:
    return str(kind[0] if isinstance(kind, list) else kind or "")


def _openapi(name: str, schema: dict[str, Any], types: dict[str, GoType]) -> dict[str, Any]:
    if name in _SCALARS:
        return {**{k: v for k, v in schema.items() if k == "description"}, **_SCALARS[name]}
    out: dict[str, Any] = _v3(schema)
    declared = types.get(name)
    go_fields = _flattened(declared, types) if declared else {}
    for property_name, value in out.get("properties", {}).items():
        if property_name in ("apiVersion", "kind") and "x-kubernetes-group-version-kind" in schema:
            value.pop("enum", None)
        if property_name in go_fields:
            _add_go_facts(value, go_fields[property_name], types)
    return out


def _flattened(declared: GoType, types: dict[str, GoType]) -> dict[str, GoField]:
    found: dict[str, GoField] = {}
    for f in declared.fields or ():
        if f.inline:
            inner = types.get(f.type.lstrip("*"))
            found.update(_flattened(inner, types) if inner else {})
        else:
            found[f.json] = f
    return found


def _add_go_facts(schema: dict[str, Any], f: GoField, types: dict[str, GoType]) -> None:
    """Enumerations and defaults, which OpenAPI v3 has and v2 has not."""
    named = types.get(f.type.lstrip("*"))
    if named is not None and named.is_enum and named.values:
        schema["enum"] = sorted(named.values)
        lines = sorted(f' - `"{value}"` {text}' for value, text in named.values.items())
        schema["description"] = "\n".join(
            [schema.get("description", ""), "", "Possible enum values:", *lines]
        )
    if f.default and not f.default.startswith("ref("):
        schema["default"] = json.loads(f.default)
    elif "allOf" in schema and not f.type.startswith("*") and named is not None and named.fields is not None:
        if not _is_scalar_type(f.type):
            schema["default"] = {}
    elif not f.omitempty:
        underlying = named.underlying if named is not None and named.fields is None else f.type
        if underlying in _ZERO and "type" in schema:
            schema["default"] = _ZERO[underlying]
    items = schema.get("items")
    if items is not None and f.type.startswith("[]"):
        item = types.get(f.type[2:])
        if "allOf" in items and not _is_scalar_type(f.type[2:]):
            items["default"] = {}
        elif (item.underlying if item else f.type[2:]) == "string":
            items["default"] = ""


def _is_scalar_type(name: str) -> bool:
    return name in _SCALARS or name.endswith((".v1.Time", ".v1.MicroTime"))


def _v3(schema: Any) -> Any:
    """An OpenAPI v3 schema out of the JSON Schema dialect of the definitions."""
    out: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "type":
            out[key] = _plain(value)
        elif key == "$ref":
            out[key] = _REF + value.rsplit("/", 1)[-1]
        elif key == "properties":
            out[key] = {name: _v3(inner) for name, inner in value.items()}
        elif key in ("items", "additionalProperties") and isinstance(value, dict):
            out[key] = _v3(value)
        elif key == "oneOf":
            out[key] = [_v3(inner) for inner in value]
        else:
            out[key] = value
    if "$ref" in out and len(out) > 1:
        out["allOf"] = [{"$ref": out.pop("$ref")}]
    items = out.get("items")
    if items is not None and set(items) == {"$ref"} and not _is_scalar_type(items["$ref"].removeprefix(_REF)):
        out["items"] = {"allOf": [items], "default": {}}
    return out


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
