"""The types of CEL expressions, as the checker compares and prints them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True)
class Type:
    """A type by name, with parameters; objects have *fields*. Names that start with ``$`` are type variables."""

    name: str
    params: tuple[Type, ...] = ()
    fields: Mapping[str, Type] | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        """As the server names the type a whole expression has: ``list(int)``, ``google.protobuf.Duration``."""
        inner = ", ".join(map(str, self.params))
        return f"{self.name}({inner})" if inner else self.name


DYN: Final = Type("dyn")
BOOL: Final = Type("bool")
INT: Final = Type("int")
UINT: Final = Type("uint")
DOUBLE: Final = Type("double")
STRING: Final = Type("string")
BYTES: Final = Type("bytes")
NULL: Final = Type("null_type")
TIMESTAMP: Final = Type("google.protobuf.Timestamp")
DURATION: Final = Type("google.protobuf.Duration")
#: The type of what is wrong already: it fits everywhere, so that one mistake is told once.
ERROR: Final = Type("!error!")

_SHOWN: Final = {TIMESTAMP.name: "timestamp", DURATION.name: "duration", NULL.name: "null"}
_PLAIN: Final = frozenset(("bool", "int", "uint", "double", "string", "bytes", "list", "map", "type"))

Bindings = dict[str, Type]


def list_of(item: Type) -> Type:
    """``list(item)``."""
    return Type("list", (item,))


def map_of(key: Type, value: Type) -> Type:
    """``map(key, value)``."""
    return Type("map", (key, value))


def optional_of(inner: Type) -> Type:
    """``optional_type(inner)``."""
    return Type("optional_type", (inner,))


def shown(found: Type) -> str:
    """A type as complaints of the checker name it."""
    if found.params:
        return f"{found.name}({', '.join(map(shown, found.params))})"
    return _SHOWN.get(found.name, found.name)


def resolved(found: Type, bound: Bindings) -> Type:
    """*found* with its variables replaced by what they are bound to (dyn when they are not)."""
    if found.name.startswith("$"):
        return bound.get(found.name, DYN)
    if not found.params:
        return found
    return Type(found.name, tuple(resolved(p, bound) for p in found.params), found.fields)


def fits(formal: Type, actual: Type, bound: Bindings) -> bool:
    """Whether a value of type *actual* may stand where *formal* is wanted; binds variables of *formal*."""
    if formal.name.startswith("$"):
        if formal.name not in bound:
            bound[formal.name] = actual
            return True
        known = bound[formal.name]
        if fits(known, actual, {}):
            if known == DYN:
                bound[formal.name] = DYN
            return True
        return False
    if DYN in (formal, actual) or ERROR in (formal, actual):
        return True
    if actual == NULL:
        return formal == NULL or formal.name not in _PLAIN
    if formal.name != actual.name or len(formal.params) != len(actual.params):
        return False
    return all(fits(f, a, bound) for f, a in zip(formal.params, actual.params, strict=True))


def joined(one: Type, other: Type) -> Type:
    """The type of a list that holds both."""
    if one == other:
        return one
    return other if fits(one, other, {}) and one == NULL else one if fits(one, other, {}) else DYN
