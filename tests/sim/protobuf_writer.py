"""Writes protobuf messages out of JSON objects, for tests of the reader."""

from __future__ import annotations

import base64
import json
import struct
from typing import Any

from labrunner.sim.clock import parse_timestamp
from labrunner.sim.schema import gotypes
from labrunner.sim.schema.gotypes import Struct, Type


def envelope(api_version: str, kind: str, obj: dict[str, Any]) -> bytes:
    group, _, version = api_version.rpartition("/")
    target = gotypes.struct_of(group, version, kind)
    assert target is not None
    meta = _delimited(1, api_version.encode()) + _delimited(2, kind.encode())
    raw = message({k: v for k, v in obj.items() if k not in ("apiVersion", "kind")}, target)
    return b"k8s\x00" + _delimited(1, meta) + _delimited(2, raw) + _delimited(3, b"") + _delimited(4, b"")


def message(obj: dict[str, Any], target: Struct) -> bytes:
    out = b""
    for field in target.declared:
        if not field.number:
            continue
        if field.inline:
            inner = gotypes.struct(field.type.name)
            out += _delimited(
                field.number, message({k: v for k, v in obj.items() if k in inner.fields}, inner)
            )
        elif field.json in obj and obj[field.json] is not None:
            value = obj[field.json]
            if field.type.kind == "list" and not field.type.wrapped:
                out += b"".join(_value(field.number, item, field.type.elem) for item in value or ())
            elif field.type.kind == "map":
                for key, item in value.items():
                    out += _delimited(
                        field.number, _delimited(1, key.encode()) + _value(2, item, field.type.elem)
                    )
            else:
                out += _value(field.number, value, field.type)
    return out


def _value(number: int, value: Any, target: Type | None) -> bytes:
    assert target is not None
    kind = target.kind
    if kind in ("int", "bool"):
        return _tag(number, 0) + _varint(int(value))
    if kind == "float":
        return _tag(number, 1) + struct.pack("<d", value)
    return _delimited(number, _payload(value, target))


def _payload(value: Any, target: Type) -> bytes:
    kind = target.kind
    if kind == "string":
        return str(value).encode()
    if kind == "struct":
        return message(value, gotypes.struct(target.name))
    if kind == "bytes":
        return base64.b64decode(value)
    if kind == "quantity":
        return _delimited(1, value.encode())
    if kind == "int-or-string":
        if isinstance(value, int):
            return _tag(2, 0) + _varint(value)
        return _tag(1, 0) + _varint(1) + _delimited(3, value.encode())
    if kind in ("time", "micro-time"):
        moment = parse_timestamp(value)
        nanos = moment.microsecond * 1000
        return (
            _tag(1, 0) + _varint(int(moment.replace(microsecond=0).timestamp())) + _tag(2, 0) + _varint(nanos)
        )
    if kind == "list":
        return b"".join(_delimited(1, item.encode()) for item in value or ())
    return _delimited(1, json.dumps(value).encode())


def _tag(number: int, wire_type: int) -> bytes:
    return _varint(number << 3 | wire_type)


def _delimited(number: int, payload: bytes) -> bytes:
    return _tag(number, 2) + _varint(len(payload)) + payload


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
