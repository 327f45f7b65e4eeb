"""The CEL types of values that an OpenAPI schema describes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from labrunner.sim.crd.cel.types import (
    BOOL,
    BYTES,
    DOUBLE,
    DURATION,
    DYN,
    INT,
    STRING,
    TIMESTAMP,
    Type,
    list_of,
    map_of,
)
from labrunner.sim.objects import Obj

_FORMATS: Final = {"byte": BYTES, "duration": DURATION, "date": TIMESTAMP, "date-time": TIMESTAMP}
_SCALARS: Final = {"boolean": BOOL, "number": DOUBLE, "integer": INT}
_IDENTIFIER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_KEYWORDS: Final = frozenset(
    ("true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if",
     "import", "let", "loop", "package", "namespace", "return", "var", "void", "while")
)  # fmt: skip
_MARKS: Final = (("__", "__underscores__"), (".", "__dot__"), ("-", "__dash__"), ("/", "__slash__"))
Resolve = Callable[[str], "Obj | None"]


def escaped(name: str) -> str | None:
    """The name by which rules select the field *name*; None when they cannot."""
    if name in _KEYWORDS:
        return f"__{name}__"
    out = name
    for mark, written in _MARKS:
        out = out.replace(mark, written)
    return out if _IDENTIFIER.fullmatch(out) else None


def type_of(
    schema: Any, name: str = "object", *, root: bool = False, resolve: Resolve | None = None
) -> Type | None:
    """The type of what *schema* describes, None for what rules do not see; *name* is what objects are called.

    At the *root* of a resource, rules see apiVersion, kind and parts of metadata whatever the schema says.
    """
    if not isinstance(schema, dict):
        return None
    schema = _resolved(schema, resolve)
    if schema.get("x-kubernetes-int-or-string") or schema.get("format") == "int-or-string":
        return DYN
    kind = schema.get("type")
    if kind is None and resolve is not None:
        return DYN  # a built-in type of several forms, such as a quantity
    if kind == "array":
        items = type_of(
            schema.get("items"), f"{name}.@idx", root=_embedded(schema.get("items")), resolve=resolve
        )
        return list_of(items) if items is not None else None
    if kind == "object":
        return _object(schema, name, root, resolve)
    if kind == "string":
        return _FORMATS.get(schema.get("format", ""), STRING)
    return _SCALARS.get(kind or "")


def _resolved(schema: Obj, resolve: Resolve | None) -> Obj:
    if resolve is None:
        return schema
    reference = schema.get("$ref") or next((p["$ref"] for p in schema.get("allOf") or () if "$ref" in p), "")
    found = resolve(reference.rpartition("/")[2]) if reference else None
    return found if found is not None else schema


def _embedded(schema: Any) -> bool:
    return isinstance(schema, dict) and bool(schema.get("x-kubernetes-embedded-resource"))


def _object(schema: Obj, name: str, root: bool, resolve: Resolve | None) -> Type | None:
    extra = schema.get("additionalProperties")
    if isinstance(extra, dict):
        below = type_of(extra, f"{name}.@elem", root=_embedded(extra), resolve=resolve)
        return map_of(STRING, below) if below is not None else None
    fields: dict[str, Type] = {}
    for key, part in (schema.get("properties") or {}).items():
        written = escaped(key)
        below = type_of(part, f"{name}.{key}", root=_embedded(part), resolve=resolve)
        if written is not None and below is not None:
            fields[written] = below
    if root and "metadata" not in fields:
        fields["metadata"] = Type(f"{name}.metadata", (), {"name": STRING, "generateName": STRING})
    if root:
        fields |= {"apiVersion": STRING, "kind": STRING}
    return Type(name, (), fields)
