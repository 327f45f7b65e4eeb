"""What is judged of literals once the types are right: mixed lists and maps, durations, times, patterns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from labrunner.sim.crd.cel import kinds
from labrunner.sim.crd.cel.errors import CelError, CompileError
from labrunner.sim.crd.cel.syntax import Call, ListOf, Literal, MapOf, Node, parts
from labrunner.sim.crd.cel.types import DYN, Type, shown
from labrunner.sim.crd.patterns import compiled


def literal_problems(tree: Node, seen: Mapping[int, Type]) -> list[CompileError]:
    """Everything wrong with literals in *tree*; *seen* has the types of all parts by their identity."""
    return list(_visit(tree, seen))


def _visit(node: Node, seen: Mapping[int, Type]) -> Iterator[CompileError]:
    if isinstance(node, ListOf):
        yield from _mixed(node.items, node.optional, seen)
    elif isinstance(node, MapOf):
        yield from _mixed(tuple(key for key, _ in node.entries), (), seen)
        yield from _mixed(tuple(value for _, value in node.entries), node.optional, seen)
    elif isinstance(node, Call):
        yield from _arguments(node)
        if node.name == "format" and node.target is not None:
            for part in parts(node):
                inner = parts(part) if isinstance(part, ListOf) else (part,)
                for item in inner:
                    yield from _visit(item, seen)
            return
    for part in parts(node):
        yield from _visit(part, seen)


def _mixed(
    nodes: tuple[Node, ...], optional: tuple[int, ...], seen: Mapping[int, Type]
) -> Iterator[CompileError]:
    first: Type | None = None
    for index, node in enumerate(nodes):
        found = seen.get(id(node), DYN)
        if index in optional and found.name == "optional_type":
            found = found.params[0]
        if first is None:
            first = found
        elif first != found:
            text = f"expected type '{shown(first)}' but found '{shown(found)}'"
            yield CompileError(text, node.position)


_PARSED: Final = {"duration": kinds.duration, "timestamp": kinds.timestamp}


def _arguments(node: Call) -> Iterator[CompileError]:
    last = node.args[-1] if node.args else None
    if not isinstance(last, Literal) or not isinstance(last.value, str):
        return
    try:
        if node.target is None and node.name in _PARSED:
            _PARSED[node.name](last.value)
        elif node.name == "matches" and compiled(last.value) is None:
            yield CompileError("invalid matches argument", last.position)
    except CelError:
        yield CompileError(f"invalid {node.name} argument", last.position)
