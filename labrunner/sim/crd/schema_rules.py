"""Schemas of definitions: which OpenAPI v3 they may use, and that they are structural.

As in the server, what OpenAPI forbids is told first; only then structure, then rules and defaults.
"""

from __future__ import annotations

from typing import Any, Final

from labrunner.sim.crd import pattern_syntax, values
from labrunner.sim.crd.rule_checks import check_rules, check_texts
from labrunner.sim.errors import FieldError, forbidden_field, invalid_value, not_supported, required
from labrunner.sim.objects import Obj
from labrunner.sim.schema.structural import prune

Errors = list[FieldError]
_TYPES: Final = ("array", "boolean", "integer", "number", "object", "string")
_UNSUPPORTED: Final = {
    "$ref": "$ref", "definitions": "definitions", "dependencies": "dependencies", "id": "id",
    "patternProperties": "patternProperties", "$schema": "$schema", "additionalItems": "additionalItems",
}  # fmt: skip
_STRUCTURAL_ONLY: Final = (
    "type", "title", "description", "default", "nullable", "additionalProperties",
    "x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource", "x-kubernetes-int-or-string",
    "x-kubernetes-list-type", "x-kubernetes-list-map-keys", "x-kubernetes-map-type",
)  # fmt: skip
_INT_OR_STRING: Final = ({"type": "integer"}, {"type": "string"})
_EMPTY: Final = {
    "root": "must not be empty at the root",
    "item": "must not be empty for specified array items",
    "field": "must not be empty for specified object fields",
}


def check(schema: Obj, path: str) -> Errors:
    """Everything wrong with the schema at *path*."""
    out = _openapi(schema, path)
    if out:
        return out
    out = _structure(schema, path, "root")
    if out:
        return out
    return check_rules(schema, path) + _defaults(schema, path)


def _inner(schema: Obj, path: str, *, junctors: bool) -> list[tuple[Obj, str, str]]:
    """The schemas inside of *schema*: each with its path and its level."""
    found: list[tuple[Obj, str, str]] = [
        (below, f"{path}.properties[{key}]", "field")
        for key, below in sorted((schema.get("properties") or {}).items())
    ]
    if isinstance(schema.get("additionalProperties"), dict):
        found.append((schema["additionalProperties"], f"{path}.additionalProperties", "field"))
    if isinstance(schema.get("items"), dict):
        found.append((schema["items"], f"{path}.items", "item"))
    return found + (_junctors(schema, path) if junctors else [])


def _junctors(schema: Obj, path: str) -> list[tuple[Obj, str, str]]:
    found = [
        (part, f"{path}.{name}[{index}]", "field")
        for name in ("allOf", "anyOf", "oneOf")
        for index, part in enumerate(schema.get(name) or ())
    ]
    if isinstance(schema.get("not"), dict):
        found.append((schema["not"], f"{path}.not", "field"))
    return found


def _openapi(schema: Obj, path: str) -> Errors:
    out: Errors = []
    if schema.get("uniqueItems"):
        detail = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"
        out.append(forbidden_field(f"{path}.uniqueItems", detail))
    extra = schema.get("additionalProperties")
    if extra is not None and schema.get("properties") and extra is not False:
        detail = "additionalProperties and properties are mutual exclusive"
        out.append(forbidden_field(f"{path}.additionalProperties", detail))
    if extra is False:
        detail = "additionalProperties cannot be set to false"
        out.append(forbidden_field(f"{path}.additionalProperties", detail))
    for key, shown in _UNSUPPORTED.items():
        if schema.get(key):
            out.append(forbidden_field(f"{path}.{shown}", f"{shown} is not supported"))
    kind = schema.get("type")
    if kind and kind not in _TYPES:
        out.append(not_supported(f"{path}.type", kind, _TYPES))
    if isinstance(schema.get("items"), list):
        out.append(forbidden_field(f"{path}.items", "items must be a schema object and not an array"))
    pattern = schema.get("pattern")
    wrong = pattern_syntax.problem(pattern) if pattern else ""
    if wrong:
        detail = f"must be a valid regular expression, but isn't: error parsing regexp: {wrong}"
        out.append(invalid_value(f"{path}.pattern", pattern, detail))
    out += _lists(schema, path)
    out += check_texts(schema, path)
    for below, where, _ in _inner(schema, path, junctors=True):
        out += _openapi(below, where)
    return out


def _lists(schema: Obj, path: str) -> Errors:
    out: Errors = []
    kind, keys = schema.get("x-kubernetes-list-type"), schema.get("x-kubernetes-list-map-keys") or []
    where = f"{path}.x-kubernetes-list-type"
    if kind is not None and schema.get("type") != "array":
        if not schema.get("type"):
            out.append(required(f"{path}.type", "must be array if x-kubernetes-list-type is specified"))
        else:
            detail = "must be array if x-kubernetes-list-type is specified"
            out.append(invalid_value(f"{path}.type", schema["type"], detail))
    elif kind is not None and kind not in ("atomic", "set", "map"):
        out.append(not_supported(where, kind, ("atomic", "set", "map")))
    elif kind == "map":
        out += _map_list(schema, path, keys)
    elif keys:
        detail = "must be map if x-kubernetes-list-map-keys is non-empty"
        out.append(required(where, detail) if kind is None else invalid_value(where, kind, detail))
    map_type = schema.get("x-kubernetes-map-type")
    if map_type is not None and map_type not in ("atomic", "granular"):
        out.append(not_supported(f"{path}.x-kubernetes-map-type", map_type, ("atomic", "granular")))
    return out


def _map_list(schema: Obj, path: str, keys: list[str]) -> Errors:
    where = f"{path}.x-kubernetes-list-map-keys"
    if not keys:
        return [required(where, "must not be empty if x-kubernetes-list-type is map")]
    items: Obj = schema.get("items") or {}
    if items.get("type") != "object":
        detail = "must be object if parent array's x-kubernetes-list-type is map"
        return [invalid_value(f"{path}.items.type", items.get("type", ""), detail)]
    out: Errors = []
    properties, needed = items.get("properties") or {}, items.get("required") or []
    for index, key in enumerate(keys):
        if key not in properties:
            detail = "entries must all be names of item properties"
            out.append(invalid_value(f"{where}[{index}]", key, detail))
        elif properties[key].get("type") in ("array", "object"):
            detail = "must be a scalar type if parent array's x-kubernetes-list-type is map"
            at = f"{path}.items.properties[{key}].type"
            out.append(invalid_value(at, properties[key]["type"], detail))
        elif key not in needed and properties[key].get("default") is None:
            detail = "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property"
            out.append(required(f"{path}.items.properties[{key}].default", detail))
    return out


def _structure(schema: Obj, path: str, level: str) -> Errors:
    out: Errors = []
    kind = schema.get("type") or ""
    embedded = schema.get("x-kubernetes-embedded-resource")
    if kind == "array" and schema.get("items") is None:
        out.append(required(f"{path}.items", "must be specified"))
    for below, where, inner in _inner(schema, path, junctors=False):
        out += _structure(below, where, inner)
    skip = schema.get("x-kubernetes-int-or-string") and _is_int_or_string(schema)
    for below, where, _ in _junctors(schema, path):
        if not (skip and below in _INT_OR_STRING):
            out += _value_only(below, where, schema, path)
    if embedded and kind != "object":
        detail = "must be object if x-kubernetes-embedded-resource is true"
        at = f"{path}.type"
        out.append(invalid_value(at, kind, detail) if kind else required(at, detail))
    elif not kind and not any(
        schema.get(f"x-kubernetes-{name}") for name in ("int-or-string", "preserve-unknown-fields")
    ):
        out.append(required(f"{path}.type", _EMPTY[level]))
    if embedded and schema.get("additionalProperties") is not None:
        detail = "must not be used if x-kubernetes-embedded-resource is set"
        out.append(forbidden_field(f"{path}.additionalProperties", detail))
    if level == "root" and kind and kind != "object":
        out.append(invalid_value(f"{path}.type", kind, "must be object at the root"))
    if level == "root" or embedded:
        out += _metadata(schema, path)
    if embedded and not schema.get("x-kubernetes-preserve-unknown-fields") and not schema.get("properties"):
        detail = "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields"
        out.append(required(f"{path}.properties", detail))
    return out


def _is_int_or_string(schema: Obj) -> bool:
    first = (schema.get("allOf") or [{}])[0].get("anyOf")
    return list(_INT_OR_STRING) in (schema.get("anyOf"), first)


def _metadata(schema: Obj, path: str) -> Errors:
    out: Errors = []
    properties = schema.get("properties") or {}
    for key in ("kind", "apiVersion"):
        if key in properties and properties[key].get("type") != "string":
            at = f"{path}.properties[{key}].type"
            out.append(invalid_value(at, properties[key].get("type", ""), "must be string"))
    found = properties.get("metadata")
    if found is not None:
        if found.get("type") != "object":
            at = f"{path}.properties[metadata].type"
            out.append(invalid_value(at, found.get("type", ""), "must be object"))
        stray = set(found.get("properties") or {}) - {"name", "generateName"}
        if stray or set(found) - {"type", "description", "properties"}:
            detail = "must not specify anything other than name and generateName, but metadata is implicitly specified"
            out.append(forbidden_field(f"{path}.properties[metadata]", detail))
    return out


def _value_only(schema: Obj, path: str, parent: Any, parent_path: str) -> Errors:
    """Within anyOf and the like: only value validation, of fields that the structural part knows."""
    out: Errors = []
    for key in _STRUCTURAL_ONLY:
        if schema.get(key):
            out.append(forbidden_field(f"{path}.{key}", "must be empty to be structural"))
    known = (parent or {}).get("properties") or {}
    for key, below in sorted((schema.get("properties") or {}).items()):
        where = f"{path}.properties[{key}]"
        if key not in known and not (parent or {}).get("x-kubernetes-embedded-resource"):
            at = f"{parent_path}.properties[{key}]"
            suffix = where.removeprefix(f"{parent_path}.")
            out.append(required(at, f"because it is defined in {suffix}"))
        out += _value_only(below, where, known.get(key) or {}, f"{parent_path}.properties[{key}]")
    if isinstance(schema.get("items"), dict):
        items = (parent or {}).get("items") or {}
        out += _value_only(schema["items"], f"{path}.items", items, f"{parent_path}.items")
    for below, where, _ in _junctors(schema, path):
        out += _value_only(below, where, parent, parent_path)
    return out


def _defaults(schema: Obj, path: str) -> Errors:
    out: Errors = []
    default = schema.get("default")
    if default is not None:
        where = f"{path}.default"
        if isinstance(default, dict) and prune(default, schema)[1]:
            out.append(invalid_value(where, default, "must not have unknown fields"))
        for error in values.check(default, schema):
            inside = "" if error.field == "<nil>" else f".{error.field}"
            out.append(FieldError(error.kind, where + inside, error.detail, error.value))
    for below, where, _ in _inner(schema, path, junctors=False):
        out += _defaults(below, where)
    return out
