"""The tree of a CEL expression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Node:
    """Any expression; ``position`` is where in the source it is to be shown."""

    position: int


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """A constant."""

    value: Any
    unsigned: bool = False


@dataclass(frozen=True, slots=True)
class Ident(Node):
    """A variable."""

    name: str


@dataclass(frozen=True, slots=True)
class Select(Node):
    """``operand.field``; ``optional`` for ``operand.?field``."""

    operand: Node
    field: str
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Index(Node):
    """``operand[key]``; ``optional`` for ``operand[?key]``."""

    operand: Node
    key: Node
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A function, a method (with *target*) or an operator (its sign is the name)."""

    name: str
    target: Node | None
    args: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class ListOf(Node):
    """``[a, b]``; the places of entries with a ``?`` are ``optional``."""

    items: tuple[Node, ...]
    optional: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class MapOf(Node):
    """``{k: v}``; the places of entries with a ``?`` are ``optional``."""

    entries: tuple[tuple[Node, Node], ...]
    optional: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Message(Node):
    """``Object.spec{field: value}``."""

    name: str
    fields: tuple[tuple[str, Node], ...]
    optional: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Macro(Node):
    """``target.all(x, …)`` and the like: *variables* are bound in *bodies*."""

    name: str
    target: Node
    variables: tuple[str, ...]
    bodies: tuple[Node, ...]


def parts(node: Node) -> tuple[Node, ...]:
    """The nodes right below *node*."""
    if isinstance(node, Select):
        return (node.operand,)
    if isinstance(node, Index):
        return (node.operand, node.key)
    if isinstance(node, Call):
        return (node.target, *node.args) if node.target is not None else node.args
    if isinstance(node, ListOf):
        return node.items
    if isinstance(node, MapOf):
        return tuple(part for entry in node.entries for part in entry)
    if isinstance(node, Message):
        return tuple(value for _, value in node.fields)
    if isinstance(node, Macro):
        return (node.target, *node.bodies)
    return ()


def dotted(node: Node) -> str | None:
    """``a.b.c`` when *node* is just that."""
    if isinstance(node, Ident):
        return node.name
    if isinstance(node, Select) and not node.optional:
        before = dotted(node.operand)
        return f"{before}.{node.field}" if before is not None else None
    return None


def names_in(node: Node) -> frozenset[str]:
    """All variables that *node* names, bound ones too."""
    if isinstance(node, Ident):
        return frozenset((node.name,))
    return frozenset(name for part in parts(node) for name in names_in(part))
