"""Types of CEL's macros over lists, maps and optional values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Protocol

from labrunner.sim.crd.cel.syntax import Macro, Node
from labrunner.sim.crd.cel.types import BOOL, DYN, ERROR, INT, Type, list_of, map_of, optional_of, shown

Scope = Mapping[str, Type]


class Checker(Protocol):
    """What a macro needs of the checker."""

    def type_of(self, node: Node, scope: Scope) -> Type: ...
    def call(self, name: str, receiver: Type | None, args: list[Type], position: int) -> Type: ...
    def wrong(self, position: int, text: str) -> Type: ...


def _ranged(checker: Checker, node: Macro, scope: Scope) -> tuple[Type, Scope]:
    """The type that the macro runs over, and the scope inside."""
    over = checker.type_of(node.target, scope)
    if over.name not in ("list", "map") and over not in (DYN, ERROR):
        text = "cannot be range of a comprehension (must be list, map, or dynamic)"
        checker.wrong(node.target.position, f"expression of type '{shown(over)}' {text}")
        over = ERROR
    if len(node.variables) == 2:
        first, second = (
            over.params if over.name == "map" else (INT, over.params[0]) if over.params else (DYN, DYN)
        )
        return over, {**scope, node.variables[0]: first, node.variables[1]: second}
    return over, {**scope, node.variables[0]: over.params[0] if over.params else over}


def _quantified(operator: str) -> Callable[[Checker, Macro, Scope], Type]:
    def run(checker: Checker, node: Macro, scope: Scope) -> Type:
        _, inner = _ranged(checker, node, scope)
        found = checker.type_of(node.bodies[0], inner)
        checker.call(operator, None, [BOOL, found], node.position)
        return BOOL

    return run


def _exists_one(checker: Checker, node: Macro, scope: Scope) -> Type:
    _, inner = _ranged(checker, node, scope)
    checker.call("_?_:_", None, [checker.type_of(node.bodies[0], inner), INT, INT], node.position)
    return BOOL


def _filtered(checker: Checker, node: Macro, scope: Scope) -> Type:
    over, inner = _ranged(checker, node, scope)
    result = list_of(over.params[0] if over.params else over) if over != ERROR else ERROR
    checker.call("_?_:_", None, [checker.type_of(node.bodies[0], inner), result, result], node.position)
    return result


def _mapped(checker: Checker, node: Macro, scope: Scope) -> Type:
    _, inner = _ranged(checker, node, scope)
    found = [checker.type_of(body, inner) for body in node.bodies]
    result = list_of(found[-1])
    if len(found) == 2:
        checker.call("_?_:_", None, [found[0], result, result], node.position)
    return result


def _mapped_values(checker: Checker, node: Macro, scope: Scope) -> Type:
    over, inner = _ranged(checker, node, scope)
    found = [checker.type_of(body, inner) for body in node.bodies]
    if node.name == "transformMapEntry":
        result = found[-1]
    else:
        key = over.params[0] if over.name == "map" else INT if over.name == "list" else DYN
        result = map_of(key, found[-1])
    if len(found) == 2:
        checker.call("_?_:_", None, [found[0], result, result], node.position)
    return result


def _optional(checker: Checker, node: Macro, scope: Scope) -> Type:
    target = checker.type_of(node.target, scope)
    if target.name != "optional_type" and target not in (DYN, ERROR):
        checker.call("hasValue", target, [], node.position)
        return ERROR
    bound = target.params[0] if target.params else target
    found = checker.type_of(node.bodies[0], {**scope, node.variables[0]: bound})
    return optional_of(found) if node.name == "optMap" else found


MACROS: Final[dict[str, Callable[[Checker, Macro, Scope], Type]]] = {
    "all": _quantified("_&&_"),
    "exists": _quantified("_||_"),
    "exists_one": _exists_one,
    "filter": _filtered,
    "map": _mapped,
    "transformList": _mapped,
    "transformMap": _mapped_values,
    "transformMapEntry": _mapped_values,
    "optMap": _optional,
    "optFlatMap": _optional,
}
