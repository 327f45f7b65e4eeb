"""The short notation in which the sets' schemas are written, and its expansion into OpenAPI v3.

A schema is a term, or a mapping of keywords, or a list of one schema (a list of such things).

============================================  ===================================================================
Term
``string``                                    ``{type: string}``, and so for every other type's name
``int32``, ``double``, ``date-time`` …        a type with its format; ``uint32`` is an integer with that range
``string 1..253``, ``integer 0..``            with the least and greatest length, or value
``list of X``, ``map ..16 of X``              a list, or an object with any keys; how many; X is a term
``Selector``                                  a piece: a schema that the file's or the set's ``pieces`` name so
``number-or-text``                            an integer or a string, such as a port
``anything``                                  an object whose fields are nobody's business (kept, not checked)
``TERM -- Which host.``                       with a description
Keyword
``type: TERM``                                the term, to which the other keywords add or which they override
``fields: {a!: …, b: …}``                     an object with these properties, beside the piece's; ``!``: it must be there
``list: …``, ``map: …``, ``size: 1..16``      as in a term, for any schema
``enum: [A, B]``                              one of these (strings, where no type is given)
``doc: …``                                    the description
``rules: {"message": "CEL"}``                 validation rules, after those of the piece
``exactly-one: [a, b]``                       exactly one of these fields is there
``at-most-one: [a, b]``                       one of them or none; a list of lists: so for each list
``unique-by: [name]``                         a list that is merged by these fields of its items
``set: true``, ``atomic: true``               a list without doubles; a list that is replaced as a whole
everything else                               stands as in OpenAPI
============================================  ===================================================================
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from labrunner.sim.objects import Obj

_TYPES: Final[Mapping[str, Obj]] = {
    **{name: {"type": name} for name in ("string", "integer", "number", "boolean", "object", "array")},
    **{name: {"type": "integer", "format": name} for name in ("int32", "int64")},
    **{name: {"type": "number", "format": name} for name in ("float", "double")},
    **{name: {"type": "string", "format": name} for name in ("date-time", "duration", "byte")},
    "uint32": {"type": "integer", "minimum": 0, "maximum": 2**32 - 1},
    "number-or-text": {
        "anyOf": [{"type": "integer"}, {"type": "string"}],
        "x-kubernetes-int-or-string": True,
    },
    "anything": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
}
_TERM: Final = re.compile(r"([\w-]+)(?: (\d*\.\.\d*))?(?: of (.+))?")
_LIMITS: Final[Mapping[str, tuple[str, str]]] = {
    "string": ("minLength", "maxLength"),
    "integer": ("minimum", "maximum"),
    "number": ("minimum", "maximum"),
    "array": ("minItems", "maxItems"),
    "object": ("minProperties", "maxProperties"),
}


class UnknownPieceError(LookupError):
    """A term that is neither a type nor the name of a piece."""


class Notation:
    """Expands schemas in which the names of *pieces* may stand for their schemas.

    The results share their parts: they are to be read, not changed.
    """

    def __init__(self, pieces: Mapping[str, Any]) -> None:
        self._pieces = pieces
        self._expanded: dict[str, Obj] = {}

    def expand(self, short: Any) -> Obj:
        """The OpenAPI v3 schema that *short* stands for. Raises UnknownPieceError, ValueError."""
        if isinstance(short, str):
            return self._term(short)
        if isinstance(short, list):
            return {"type": "array", "items": self.expand(short[0])}
        schema: Obj = dict(self._term(short["type"])) if "type" in short else {}
        for key, value in short.items():
            if key not in ("type", "size", "rules"):
                schema.update(self._keyword(schema, key, value))
        if "rules" in short:
            inherited = schema.get("x-kubernetes-validations", [])
            added = [{"message": message, "rule": rule} for message, rule in short["rules"].items()]
            schema["x-kubernetes-validations"] = [*inherited, *added]
        if "enum" in schema:
            schema.setdefault("type", "string")
        if "size" in short:
            schema.update(_limits(schema, short["size"]))
        return schema

    def _term(self, text: str) -> Obj:
        words, _, description = text.partition(" -- ")
        match = _TERM.fullmatch(words)
        if match is None:
            raise ValueError(f"{words!r} is not a term of the notation")
        name, size, inner = match.groups()
        if inner is not None:
            key = {"list": "items", "map": "additionalProperties"}[name]
            schema = {"type": "array" if name == "list" else "object", key: self._term(inner)}
        else:
            schema = self._named(name)
        if size is not None:
            schema = {**schema, **_limits(schema, size)}
        return {**schema, "description": description} if description else schema

    def _named(self, name: str) -> Obj:
        if name in _TYPES:
            return _TYPES[name]
        if name not in self._expanded:
            if name not in self._pieces:
                raise UnknownPieceError(f"there is neither a type nor a piece called {name!r}")
            self._expanded[name] = self.expand(self._pieces[name])
        return self._expanded[name]

    def _keyword(self, schema: Obj, key: str, value: Any) -> Obj:
        match key:
            case "doc":
                return {"description": value}
            case "fields":
                return self._fields(schema, value)
            case "map":
                return {"type": "object", "additionalProperties": self.expand(value)}
            case "list":
                return {"type": "array", "items": self.expand(value)}
            case "exactly-one":
                return {"oneOf": _each_required(value)}
            case "at-most-one":
                return _at_most_one(value)
            case "unique-by":
                return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": value}
            case "set" | "atomic":
                return {"x-kubernetes-list-type": key}
            case _:
                return {key: value}

    def _fields(self, schema: Obj, fields: Mapping[str, Any]) -> Obj:
        """An object's properties: those it has from a piece, and *fields*."""
        added = {name.removesuffix("!"): self.expand(each) for name, each in fields.items()}
        properties = {**schema.get("properties", {}), **added}
        required = [
            *schema.get("required", []),
            *(name.removesuffix("!") for name in fields if name.endswith("!")),
        ]
        return {"type": "object", "properties": properties, **({"required": required} if required else {})}


def _limits(schema: Obj, size: str) -> Obj:
    low, high = size.split("..")
    least, greatest = _LIMITS[schema["type"]]
    return {**({least: int(low)} if low else {}), **({greatest: int(high)} if high else {})}


def _each_required(names: Sequence[str]) -> list[Obj]:
    return [{"required": [name]} for name in names]


def _at_most_one(names: Sequence[Any]) -> Obj:
    if isinstance(names[0], list):
        return {"allOf": [_at_most_one(each) for each in names]}
    return {"oneOf": [{"not": {"anyOf": _each_required(names)}}, *_each_required(names)]}
