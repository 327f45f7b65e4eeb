"""OpenAPI v2 (Swagger): all schemas in one document, as JSON and as protobuf. For clients older than version 3.

Only the definitions are there, no paths: enough for ``kubectl explain --output plaintext-openapiv2`` and for readers
of schemas. Put together when first asked for.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from labrunner.sim.objects import Obj
from labrunner.sim.resources import Registry
from labrunner.sim.schema import openapi
from labrunner.sim.schema.openapi import REF, SchemaOf

_DEFINITIONS: Final = "#/definitions/"
_DROPPED: Final = frozenset(
    ("allOf", "anyOf", "oneOf", "not", "nullable", "default", "$ref", "x-kubernetes-validations")
)
_INT_OR_STRING: Final = "io.k8s.apimachinery.pkg.util.intstr.IntOrString"
_QUANTITY: Final = "io.k8s.apimachinery.pkg.api.resource.Quantity"


def document(registry: Registry, schema_of: SchemaOf, version: str) -> Obj:
    """The document with the schemas of everything that is served."""
    schemas = openapi.every_schema()
    for rt in registry.types():
        if rt.custom:
            schemas.update(openapi.custom_schemas(rt, schema_of(rt)))
    found = {name: _plain(schema) for name, schema in sorted(schemas.items())}
    found[_INT_OR_STRING] = {**found.get(_INT_OR_STRING, {}), "type": "string", "format": "int-or-string"}
    found[_QUANTITY] = {**found.get(_QUANTITY, {}), "type": "string"}
    return {
        "swagger": "2.0",
        "info": {"title": "Kubernetes (simulated by labrunner)", "version": version},
        "paths": {},
        "definitions": found,
    }


def _plain(schema: Obj) -> Obj:
    """A version 3 schema in terms of version 2."""
    out: Obj = {}
    whole = schema.get("allOf") or []
    reference = schema.get("$ref") or (whole[0].get("$ref") if len(whole) == 1 else None)
    if reference:
        out["$ref"] = _DEFINITIONS + reference.removeprefix(REF)
    for key, value in schema.items():
        if key in _DROPPED:
            continue
        if key == "properties":
            out[key] = {name: _plain(part) for name, part in value.items()}
        elif key in ("items", "additionalProperties") and isinstance(value, dict):
            out[key] = _plain(value)
        else:
            out[key] = value
    if schema.get("default"):
        out["default"] = schema["default"]
    return out


def protobuf(document: Obj) -> bytes:
    """*document* as an ``openapi.v2.Document`` message."""
    info = _text(1, document["info"]["title"]) + _text(2, document["info"]["version"])
    definitions = b"".join(
        _message(1, _named(name, _schema(schema))) for name, schema in document["definitions"].items()
    )
    return b"".join(
        (_text(1, document["swagger"]), _message(2, info), _message(8, b""), _message(9, definitions))
    )


# Field numbers of ``openapi.v2.Schema``.
_TEXTS: Final = {"$ref": 1, "format": 2, "title": 3, "description": 4, "pattern": 13}
_NUMBERS: Final = {
    "maxLength": 11, "minLength": 12, "maxItems": 14, "minItems": 15, "maxProperties": 17, "minProperties": 18,
}  # fmt: skip


def _schema(schema: Obj) -> bytes:
    return b"".join(_schema_fields(schema))


def _schema_fields(schema: Obj) -> Iterator[bytes]:
    for key, value in schema.items():
        if key in _TEXTS:
            yield _text(_TEXTS[key], value)
        elif key in _NUMBERS:
            yield _varint(_NUMBERS[key] << 3) + _varint(value)
        elif key == "default":
            yield _message(5, _any(value))
        elif key == "required":
            yield b"".join(_text(19, name) for name in value)
        elif key == "enum":
            yield b"".join(_message(20, _any(item)) for item in value)
        elif key == "additionalProperties":
            inner = _message(1, _schema(value)) if isinstance(value, dict) else b"\x10" + _varint(int(value))
            yield _message(21, inner)
        elif key == "type":
            yield _message(22, _text(1, value))
        elif key == "items":
            yield _message(23, _message(1, _schema(value)))
        elif key == "properties":
            parts = (_message(1, _named(name, _schema(part))) for name, part in value.items())
            yield _message(25, b"".join(parts))
        elif key.startswith("x-"):
            yield _message(31, _named(key, _any(value)))


def _any(value: Any) -> bytes:
    return _text(2, json.dumps(value, separators=(",", ":")))


def _named(name: str, value: bytes) -> bytes:
    return _text(1, name) + _message(2, value)


def _text(number: int, text: str) -> bytes:
    return _message(number, text.encode())


def _message(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)
