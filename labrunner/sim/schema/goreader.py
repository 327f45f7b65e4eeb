"""Reads a JSON value into a Go type and writes it again, as the API server does with every object it is given."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, Final

from labrunner.sim import gotext
from labrunner.sim.objects import Obj
from labrunner.sim.quantity import Quantity, QuantityError
from labrunner.sim.schema import gotimes, gotypes
from labrunner.sim.schema.gotypes import Struct, Type

MAX_PROBLEMS: Final = 100
_BASE64: Final = re.compile(r"[A-Za-z0-9+/]*={0,2}\Z")


class HardError(Exception):
    """A value that the Go decoder cannot take; the message is Go's."""


class GoReader:
    """One pass over one object. ``problems`` collects unknown and duplicate fields in document order.

    *duplicates* maps ``id(dict)`` of an object with repeated keys to all of its pairs.
    """

    def __init__(self, duplicates: dict[int, list[tuple[str, Any]]]) -> None:
        self.problems: list[str] = []
        self._duplicates = duplicates
        self._struct = ""
        self._stack: list[str] = []
        self._path = ""
        self._first_error: str | None = None

    def read(self, value: Obj, target: Struct | None) -> Obj:
        """*value* as Go would hold it. Without a *target* the value stays as it is. Raises HardError."""
        if target is None:
            self._scan(value)
            return value
        out = self._read_struct(value, target)
        if self._first_error is not None:
            raise HardError(self._first_error)
        return out

    # What follows mirrors the decoder: a type mismatch is remembered (the first one wins) and decoding goes on,
    # while a type that reads itself ends the decoding with its own error.

    def _read_struct(self, value: Obj, target: Struct) -> Obj:
        found: dict[str, Any] = {}
        outer_struct, outer_path = self._struct, self._path
        fields = target.fields
        for key, item in self._pairs(value):
            field = fields.get(key)
            if field is None:
                self._problem("unknown", outer_path, key)
                continue
            if key in found and self._duplicates:
                self._problem("duplicate", outer_path, key)
            self._struct = target.go.rpartition(".")[2]
            self._stack.append(key)
            self._path = f"{outer_path}.{key}" if outer_path else key
            found[key] = self._read(item, field.type)
            self._stack.pop()
            self._struct, self._path = outer_struct, outer_path
        return _written(found, target)

    def _pairs(self, value: Obj) -> Iterable[tuple[str, Any]]:
        if self._duplicates and id(value) in self._duplicates:
            return self._duplicates[id(value)]
        return value.items()

    def _read(self, value: Any, target: Type) -> Any:
        if value is None:
            return None
        kind = target.kind
        if kind == "string":
            return value if type(value) is str else self._mismatch(value, target)
        if kind == "struct":
            if type(value) is not dict:
                return self._mismatch(value, target)
            return self._read_struct(value, gotypes.struct(target.name))
        if kind == "list":
            return self._read_list(value, target)
        if kind == "map":
            return self._read_map(value, target)
        return _READERS[kind](self, value, target)

    def _read_list(self, value: Any, target: Type) -> Any:
        if type(value) is not list or target.elem is None:
            return self._mismatch(value, target)
        outer = self._path
        out = []
        for index, item in enumerate(value):
            self._path = f"{outer}[{index}]"
            read = self._read(item, target.elem)
            out.append(zero(target.elem) if read is None else read)
        self._path = outer
        return out

    def _read_map(self, value: Any, target: Type) -> Any:
        if type(value) is not dict or target.elem is None:
            return self._mismatch(value, target)
        outer = self._path
        out: dict[str, Any] = {}
        for key, item in self._pairs(value):
            if key in out and self._duplicates:
                self._problem("duplicate", outer, key)
            self._path = f"{outer}.{key}" if outer else key
            read = self._read(item, target.elem)
            out[key] = zero(target.elem) if read is None else read
        self._path = outer
        # Go writes maps with sorted keys.
        return dict(sorted(out.items()))

    def _read_bool(self, value: Any, target: Type) -> Any:
        return value if type(value) is bool else self._mismatch(value, target)

    def _read_int(self, value: Any, target: Type) -> Any:
        if type(value) is int:
            limit = 1 << (target.bits - 1)
            if -limit <= value < limit:
                return value
        elif type(value) is not float:
            return self._mismatch(value, target)
        return self._mismatch(value, target, f"number {gotext.number(value)}")

    def _read_float(self, value: Any, target: Type) -> Any:
        return value if type(value) in (int, float) else self._mismatch(value, target)

    def _read_bytes(self, value: Any, target: Type) -> Any:
        if type(value) is not str:
            return self._mismatch(value, target)
        plain = value.replace("\n", "").replace("\r", "")
        if len(plain) % 4 == 0 and _BASE64.match(plain):
            return base64.b64encode(binascii.a2b_base64(plain)).decode()
        return self._remember(f"illegal base64 data at input byte {_bad_base64(plain)}")

    def _read_quantity(self, value: Any, _: Type) -> Any:
        if type(value) is str:
            value = value.strip()
        try:
            return str(Quantity.parse(value))
        except QuantityError as error:
            raise HardError(str(error)) from None

    def _read_int_or_string(self, value: Any, target: Type) -> Any:
        if type(value) is str:
            return value
        if type(value) is int and -(1 << 31) <= value < 1 << 31:
            return value
        shown = f"number {gotext.number(value)}" if type(value) in (int, float) else ""
        raise HardError(self._words(value, target, shown, "int32"))

    def _read_time(self, value: Any, target: Type) -> Any:
        if type(value) is not str:
            raise HardError(self._words(value, target, "", "string"))
        try:
            return gotimes.normal(value, micro=target.kind == "micro-time")
        except ValueError as error:
            raise HardError(str(error)) from None

    def _read_duration(self, value: Any, target: Type) -> Any:
        if type(value) is not str:
            raise HardError(self._words(value, target, "", "string"))
        try:
            return gotimes.duration_text(gotimes.parse_duration(value))
        except ValueError as error:
            raise HardError(str(error)) from None

    def _read_schema_or(self, value: Any, target: Type) -> Any:
        props = Type("struct", "v1.JSONSchemaProps", target.name.rpartition(".")[0] + ".JSONSchemaProps")
        if type(value) is dict:
            return self._read(value, props)
        if type(value) is list and target.kind == "schema-or-array":
            return [self._read(item, props) for item in value]
        if type(value) is list and target.kind == "schema-or-strings":
            return list(value)
        if type(value) is bool and target.kind == "schema-or-bool":
            return value
        raise HardError(
            "boolean JSON value expected" if target.kind == "schema-or-bool" else "unexpected JSON value"
        )

    def _read_anything(self, value: Any, _: Type) -> Any:
        self._scan(value)
        return value

    def _scan(self, value: Any) -> None:
        """Report duplicates in a value that has no Go type."""
        if not self._duplicates:
            return
        outer = self._path
        if type(value) is dict:
            seen: set[str] = set()
            for key, item in self._pairs(value):
                if key in seen:
                    self._problem("duplicate", outer, key)
                seen.add(key)
                self._path = f"{outer}.{key}" if outer else key
                self._scan(item)
        elif type(value) is list:
            for index, item in enumerate(value):
                self._path = f"{outer}[{index}]"
                self._scan(item)
        self._path = outer

    def _problem(self, what: str, path: str, key: str) -> None:
        text = f"{what} field {gotext.quote(f'{path}.{key}' if path else key)}"
        if len(self.problems) < MAX_PROBLEMS and text not in self.problems:
            self.problems.append(text)

    def _mismatch(self, value: Any, target: Type, shown: str = "") -> None:
        self._remember(self._words(value, target, shown, target.go))

    def _remember(self, text: str) -> None:
        if self._first_error is None:
            self._first_error = text

    def _words(self, value: Any, _: Type, shown: str, go: str) -> str:
        name = shown or _JSON_NAMES.get(type(value), "number")
        where = f"struct field {self._struct}.{'.'.join(self._stack)}" if self._stack else "value"
        return f"json: cannot unmarshal {name} into Go {where} of type {go}"


_JSON_NAMES: Final = {
    str: "string",
    bool: "bool",
    list: "array",
    dict: "object",
    int: "number",
    float: "number",
}
_READERS: Final[dict[str, Callable[[GoReader, Any, Type], Any]]] = {
    "bool": GoReader._read_bool,
    "int": GoReader._read_int,
    "float": GoReader._read_float,
    "bytes": GoReader._read_bytes,
    "quantity": GoReader._read_quantity,
    "int-or-string": GoReader._read_int_or_string,
    "time": GoReader._read_time,
    "micro-time": GoReader._read_time,
    "duration": GoReader._read_duration,
    "schema-or-array": GoReader._read_schema_or,
    "schema-or-bool": GoReader._read_schema_or,
    "schema-or-strings": GoReader._read_schema_or,
    "fields": GoReader._read_anything,
    "raw": GoReader._read_anything,
    "json": GoReader._read_anything,
    "any": GoReader._read_anything,
}


def _written(found: dict[str, Any], target: Struct) -> Obj:
    """The fields as Go writes them: in order of declaration, empty ones left out where the tag says so."""
    places, unset = _plan(target.name)
    fields = target.fields
    out: Obj = {}
    for name in sorted({*found, *unset}, key=places.__getitem__):
        value = found.get(name)
        field = fields[name]
        if value is None:
            if name in unset:
                out[name] = zero(field.type)
        elif not field.omitempty or field.pointer or not is_empty(value, field.type):
            out[name] = value
    return out


@cache
def _plan(name: str) -> tuple[dict[str, int], frozenset[str]]:
    """For a struct: the place of each field, and the fields that Go writes even when they are not set."""
    fields = gotypes.struct(name).fields
    unset = frozenset(
        key
        for key, field in fields.items()
        if not field.pointer
        and not field.omitzero
        and (not field.omitempty or field.type.kind in _ALWAYS_WRITTEN)
    )
    return {key: place for place, key in enumerate(fields)}, unset


#: Kinds that ``omitempty`` does not leave out, because a Go struct is never empty.
_ALWAYS_WRITTEN: Final = frozenset(("struct", "quantity", "time", "micro-time", "int-or-string", "duration"))
_ZEROS: Final[dict[str, Any]] = {
    "string": "",
    "bool": False,
    "int": 0,
    "float": 0,
    "quantity": "0",
    "int-or-string": 0,
    "duration": "0s",
}


def is_empty(value: Any, target: Type) -> bool:
    """Whether Go's ``omitempty`` leaves *value* out."""
    return not value and target.kind not in _ALWAYS_WRITTEN


def zero(target: Type) -> Any:
    """The zero value of *target* as JSON."""
    if target.kind == "struct":
        return _written({}, gotypes.struct(target.name))
    return _ZEROS.get(target.kind)


def _bad_base64(text: str) -> int:
    for index, char in enumerate(text):
        if not (char.isascii() and (char.isalnum() or char in "+/")):
            return index
    return len(text)
