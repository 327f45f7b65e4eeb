"""The Go types of the API: what the server's decoder, its protobuf reader and its patches go by.

The table is generated (see ``generate``); it is read on first use and types are compiled one by one as they are met.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

OMITEMPTY: Final = 1
INLINE: Final = 2
OMITZERO: Final = 4

_INTEGERS: Final = {"int": 64, "int32": 32, "int64": 64, "uint8": 8, "uint32": 32, "uint64": 64}
_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1."
_EXTENSIONS: Final = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1."
# Types that read and write themselves, and the kind of value that they are.
_SELF_MADE: Final = {
    _META + "Time": "time",
    _META + "MicroTime": "micro-time",
    _META + "Duration": "duration",
    _META + "FieldsV1": "fields",
    "io.k8s.apimachinery.pkg.api.resource.Quantity": "quantity",
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "int-or-string",
    "io.k8s.apimachinery.pkg.runtime.RawExtension": "raw",
    _EXTENSIONS + "JSON": "json",
    _EXTENSIONS + "JSONSchemaPropsOrArray": "schema-or-array",
    _EXTENSIONS + "JSONSchemaPropsOrBool": "schema-or-bool",
    _EXTENSIONS + "JSONSchemaPropsOrStringArray": "schema-or-strings",
}
#: Groups whose Go package is not their name's first label.
_PACKAGES: Final = {
    "": "io.k8s.api.core",
    "apiextensions.k8s.io": "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions",
    "apiregistration.k8s.io": "io.k8s.kube-aggregator.pkg.apis.apiregistration",
    "flowcontrol.apiserver.k8s.io": "io.k8s.api.flowcontrol",
    "rbac.authorization.k8s.io": "io.k8s.api.rbac",
}


@dataclass(frozen=True, slots=True)
class Type:
    """One type.

    ``kind`` is ``struct map list string bool int float bytes any`` or one of the self-made kinds (``time quantity
    int-or-string raw …``); ``go`` is how Go prints the type (``v1.PullPolicy``); ``name`` the definition's name, when
    it has one; ``elem`` the element of a list or map; ``bits`` the size of an integer; ``wrapped`` marks a list
    that protobuf wraps in a message of its own.
    """

    kind: str
    go: str
    name: str = ""
    elem: Type | None = None
    bits: int = 0
    wrapped: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a struct. ``list_type`` is ``atomic``, ``set`` or ``map`` (with ``list_keys``)."""

    json: str
    number: int
    type: Type
    pointer: bool
    omitempty: bool
    omitzero: bool
    inline: bool
    patch_strategy: tuple[str, ...] = ()
    patch_merge_key: str = ""
    default: Any = None
    list_type: str = "atomic"
    list_keys: tuple[str, ...] = ()
    atomic: bool = False


@dataclass(frozen=True, slots=True)
class Struct:
    """A struct: its own ``declared`` fields (for protobuf), and all ``fields`` by JSON name, inline ones included."""

    name: str
    go: str
    declared: tuple[Field, ...]
    fields: dict[str, Field]
    atomic: bool = False


@cache
def _table() -> dict[str, Any]:
    data = (Path(__file__).parent / "data" / "types.json.z").read_bytes()
    table: dict[str, Any] = json.loads(zlib.decompress(data))
    return table


@cache
def definition_name(group: str, version: str, kind: str) -> str | None:
    """The name of the definition of a built-in kind, such as ``io.k8s.api.apps.v1.Deployment``; None if unknown."""
    package = _PACKAGES.get(group) or "io.k8s.api." + group.partition(".")[0]
    for name in (f"{package}.{version}.{kind}", f"{_META}{kind}"):
        if name in _table():
            return name
    return None


def struct_of(group: str, version: str, kind: str) -> Struct | None:
    """The struct of a built-in kind; None if it is not known (a custom resource)."""
    name = definition_name(group, version, kind)
    return struct(name) if name is not None else None


@cache
def struct(name: str) -> Struct:
    """The struct of that definition name. Raises KeyError."""
    record = _table()[name]
    declared = tuple(_field(item) for item in record["f"])
    fields: dict[str, Field] = {}
    for item in declared:
        if item.inline:
            fields.update(struct(item.type.name).fields)
        else:
            fields[item.json] = item
    return Struct(name, _go_name(name), declared, fields, bool(record.get("a")))


def _field(record: list[Any]) -> Field:
    json_name, number, spelled, flags = record[:4]
    extras = record[4] if len(record) > 4 else {}
    return Field(
        json=json_name,
        number=number,
        type=parse(spelled.removeprefix("*")),
        pointer=spelled.startswith("*"),
        omitempty=bool(flags & OMITEMPTY),
        omitzero=bool(flags & OMITZERO),
        inline=bool(flags & INLINE),
        patch_strategy=tuple(extras["ps"].split(",")) if "ps" in extras else (),
        patch_merge_key=extras.get("mk", ""),
        default=extras.get("d"),
        list_type=extras.get("lt", "atomic"),
        list_keys=tuple(extras.get("lk", ())),
        atomic=extras.get("mt") == "atomic",
    )


@cache
def parse(spelled: str) -> Type:
    """The type of that spelling, in the generated table's terms (``[]io.k8s.api.core.v1.Container``)."""
    spelled = spelled.removeprefix("*")
    if spelled.startswith("[]"):
        elem = parse(spelled[2:])
        if spelled in ("[]byte", "[]uint8"):
            return Type("bytes", "[]uint8")
        return Type("list", "[]" + ("*" if spelled[2:3] == "*" else "") + elem.go, elem=elem)
    if spelled.startswith("map["):
        key, _, value = spelled[4:].partition("]")
        elem = parse(value)
        return Type("map", f"map[{parse(key).go}]{elem.go}", elem=elem)
    if spelled in _INTEGERS:
        return Type("int", spelled, bits=_INTEGERS[spelled])
    if spelled in ("string", "bool"):
        return Type(spelled, spelled)
    if spelled == "float64":
        return Type("float", spelled)
    if spelled.startswith("interface") or spelled == "any":
        return Type("any", "interface {}")
    return _named(spelled)


def _named(name: str) -> Type:
    go = _go_name(name)
    if name in _SELF_MADE:
        return Type(_SELF_MADE[name], go, name)
    record = _table().get(name)
    if record is None:
        return Type("any", go, name)
    if isinstance(record, dict):
        return Type("struct", go, name)
    wrapped = record.startswith("wrapped ")
    under = parse(record.removeprefix("wrapped "))
    return Type(under.kind, go, name, under.elem, under.bits, wrapped)


def _go_name(name: str) -> str:
    return ".".join(name.rsplit(".", 2)[-2:])
