"""Protobuf messages to the JSON that the same Go values would be written as."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final

from labrunner.sim.objects import Obj
from labrunner.sim.quantity import Quantity, QuantityError
from labrunner.sim.schema import gotypes
from labrunner.sim.schema.goreader import is_empty
from labrunner.sim.schema.gotimes import duration_text
from labrunner.sim.schema.gotypes import Field, Struct, Type
from labrunner.sim.wire.varints import MalformedError, fields_of, int32, utf8, varint, view, whole

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def read_struct(data: memoryview, target: Struct) -> Obj:
    """The message in *data* as JSON, empty fields left out as Go leaves them out."""
    out: Obj = {}
    numbered = _numbered(target.name)
    for number, wire_type, raw in fields_of(data):
        field = numbered.get(number)
        if field is None:
            continue
        if field.inline:
            _expect(wire_type, 2, field)
            out.update(read_struct(raw, gotypes.struct(field.type.name)))
            continue
        kind = field.type.kind
        if kind == "list" and not field.type.wrapped:
            _append(out, field, wire_type, raw)
        elif kind == "map":
            _expect(wire_type, 2, field)
            key, value = _entry(raw, field.type)
            out.setdefault(field.json, {})[key] = value
        else:
            value = _value(raw, wire_type, field.type)
            if field.pointer or not field.omitempty or not is_empty(value, field.type):
                out[field.json] = value
    return out


@cache
def _numbered(name: str) -> dict[int, Field]:
    return {field.number: field for field in gotypes.struct(name).declared if field.number}


def _expect(wire_type: int, wanted: int, field: Field) -> None:
    if wire_type != wanted:
        raise MalformedError(f"wrong wireType = {wire_type} for field {field.json or field.type.go}")


def _append(out: Obj, field: Field, wire_type: int, raw: Any) -> None:
    elem = field.type.elem
    assert elem is not None
    items: list[Any] = out.setdefault(field.json, [])
    if wire_type == 2 and elem.kind in ("int", "bool"):  # packed
        items.extend(_packed(raw, elem))
        return
    items.append(_value(raw, wire_type, elem))


def _packed(data: memoryview, elem: Type) -> list[Any]:
    position = 0
    found: list[Any] = []
    while position < len(data):
        number, position = varint(data, position)
        found.append(_value(number, 0, elem))
    return found


def _entry(raw: memoryview, target: Type) -> tuple[str, Any]:
    assert target.elem is not None
    key = ""
    value: Any = _SCALAR_DEFAULTS.get(target.elem.kind)
    seen = False
    for number, wire_type, item in fields_of(raw):
        if number == 1 and wire_type == 2:
            key = utf8(item)
        elif number == 2:
            value, seen = _value(item, wire_type, target.elem), True
    if not seen and (target.elem.wrapped or target.elem.kind in ("struct", "quantity")):
        value = _value(memoryview(b""), 2, target.elem)
    return key, value


_SCALAR_DEFAULTS: Final[dict[str, Any]] = {"string": "", "bytes": "", "int": 0, "bool": False, "float": 0}


def _value(raw: Any, wire_type: int, target: Type) -> Any:
    if wire_type != _WIRE_TYPES.get(target.kind, 2):
        raise MalformedError(f"wrong wireType = {wire_type} for {target.go}")
    kind = target.kind
    if kind == "string":
        return utf8(raw)
    if kind == "int":
        return int32(raw) if target.bits == 32 else whole(raw)
    if kind == "bool":
        return bool(raw)
    if kind == "struct":
        return read_struct(raw, gotypes.struct(target.name))
    if kind == "list":
        return [utf8(item) for number, _, item in fields_of(raw) if number == 1]
    reader = _READERS.get(kind)
    if reader is None:
        raise MalformedError(f"no protobuf form of {target.go}")
    return reader(raw, target)


_WIRE_TYPES: Final = {"int": 0, "bool": 0, "float": 1}


def _float(raw: int, _: Type) -> float:
    value: float = struct.unpack("<d", raw.to_bytes(8, "little"))[0]
    return value


def _bytes(raw: memoryview, _: Type) -> str:
    return base64.b64encode(raw).decode()


def _quantity(raw: memoryview, _: Type) -> str:
    text = "0"
    for number, _type, item in fields_of(raw):
        if number == 1:
            text = utf8(item)
    try:
        return str(Quantity.parse(text))
    except QuantityError as error:
        raise MalformedError(str(error)) from None


def _int_or_string(raw: memoryview, _: Type) -> int | str:
    kind, number_value, text = 0, 0, ""
    for number, _type, item in fields_of(raw):
        if number == 1:
            kind = whole(item)
        elif number == 2:
            number_value = int32(item)
        elif number == 3:
            text = utf8(item)
    return text if kind == 1 else number_value


def _time(raw: memoryview, target: Type) -> str | None:
    seconds = nanos = 0
    for number, _type, item in fields_of(raw):
        if number == 1:
            seconds = whole(item)
        elif number == 2:
            nanos = int32(item)
    if not seconds and not nanos:
        return None  # an empty message is Go's zero time
    try:
        moment = _EPOCH + timedelta(seconds=seconds, microseconds=nanos // 1000)
    except OverflowError:
        raise MalformedError("time out of range") from None
    stamp = f"{moment.year:04}" + moment.strftime("-%m-%dT%H:%M:%S")
    return f"{stamp}.{moment.microsecond:06}Z" if target.kind == "micro-time" else f"{stamp}Z"


def _duration(raw: memoryview, _: Type) -> str:
    nanos = 0
    for number, _type, item in fields_of(raw):
        if number == 1:
            nanos = whole(item)
    return duration_text(nanos)


def _embedded_json(raw: memoryview, _: Type) -> Any:
    for number, _type, item in fields_of(raw):
        if number == 1 and len(view(item)):
            try:
                return json.loads(bytes(view(item)))
            except ValueError as error:
                raise MalformedError(str(error)) from None
    return None


def _schema_or(raw: memoryview, target: Type) -> Any:
    """``JSONSchemaPropsOrArray``, ``…OrBool``, ``…OrStringArray``: a schema, or the alternative."""
    props = gotypes.struct(target.name.rpartition(".")[0] + ".JSONSchemaProps")
    schema_number = 2 if target.kind == "schema-or-bool" else 1
    schema: Any = None
    flag = False
    others: list[Any] = []
    for number, _type, item in fields_of(raw):
        if number == schema_number:
            schema = read_struct(view(item), props)
        elif target.kind == "schema-or-bool":
            flag = bool(whole(item))
        elif target.kind == "schema-or-array":
            others.append(read_struct(view(item), props))
        else:
            others.append(utf8(item))
    if schema is not None:
        return schema
    return flag if target.kind == "schema-or-bool" else others


_READERS: Final[dict[str, Callable[[Any, Type], Any]]] = {
    "float": _float,
    "bytes": _bytes,
    "quantity": _quantity,
    "int-or-string": _int_or_string,
    "time": _time,
    "micro-time": _time,
    "duration": _duration,
    "raw": _embedded_json,
    "fields": _embedded_json,
    "json": _embedded_json,
    "schema-or-array": _schema_or,
    "schema-or-bool": _schema_or,
    "schema-or-strings": _schema_or,
}
