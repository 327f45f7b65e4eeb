"""Protobuf's wire format: tags, varints and length-delimited values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


class MalformedError(Exception):
    """Bytes that are no protobuf message; the message is the API server's."""


def varint(data: memoryview, position: int) -> tuple[int, int]:
    """The unsigned varint at *position* (at most 64 bits), and the position after it."""
    result = shift = 0
    size = len(data)
    while True:
        if position >= size:
            raise MalformedError("unexpected EOF")
        byte = data[position]
        position += 1
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            return result & 0xFFFF_FFFF_FFFF_FFFF, position
        shift += 7
        if shift >= 64:
            raise MalformedError("integer overflow")


def fields_of(data: memoryview) -> Iterator[tuple[int, int, Any]]:
    """(number, wire type, value) of each field: an int for types 0, 1, 5, a view for type 2. Raises MalformedError."""
    position, size = 0, len(data)
    while position < size:
        tag, position = varint(data, position)
        number, wire_type = tag >> 3, tag & 7
        if number == 0:
            raise MalformedError(f"illegal tag {number} (wire type {wire_type})")
        if wire_type == 0:
            value, position = varint(data, position)
            yield number, wire_type, value
        elif wire_type == 2:
            length, position = varint(data, position)
            end = position + length
            if end > size:
                raise MalformedError("unexpected EOF")
            yield number, wire_type, data[position:end]
            position = end
        elif wire_type in (1, 5):
            end = position + (8 if wire_type == 1 else 4)
            if end > size:
                raise MalformedError("unexpected EOF")
            yield number, wire_type, int.from_bytes(data[position:end], "little")
            position = end
        else:
            raise MalformedError(f"illegal wireType {wire_type}")


def view(value: Any) -> memoryview:
    """*value* if it is length-delimited. Raises MalformedError."""
    if isinstance(value, memoryview):
        return value
    raise MalformedError("wrong wireType for a length-delimited field")


def whole(value: Any) -> int:
    """*value* as a signed 64-bit number if it is a number. Raises MalformedError."""
    if isinstance(value, int):
        return value - (1 << 64) if value >= 1 << 63 else value
    raise MalformedError("wrong wireType for a number")


def int32(value: Any) -> int:
    """*value* cut to a signed 32-bit number, as a protobuf reader does. Raises MalformedError."""
    return (whole(value) + (1 << 31)) % (1 << 32) - (1 << 31)


def utf8(value: Any) -> str:
    """The text in *value*. Raises MalformedError."""
    try:
        return str(view(value), "utf-8")
    except UnicodeDecodeError:
        raise MalformedError("invalid UTF-8 in string") from None
