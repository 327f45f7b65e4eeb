"""Type-checking of expressions before they run, with the complaints of the server's checker.

``check`` gives the type of a whole expression and everything wrong with it. A part that is wrong has the type
``!error!``, which fits everywhere, so that each mistake is told once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from labrunner.sim.crd.cel import types
from labrunner.sim.crd.cel.aggregates import literal_problems
from labrunner.sim.crd.cel.comprehensions import MACROS
from labrunner.sim.crd.cel.declarations import MUTATION_ONLY, overloads
from labrunner.sim.crd.cel.errors import CompileError
from labrunner.sim.crd.cel.messages import is_message, message_type
from labrunner.sim.crd.cel.syntax import (
    Call,
    Ident,
    Index,
    ListOf,
    Literal,
    Macro,
    MapOf,
    Message,
    Node,
    Select,
    dotted,
)
from labrunner.sim.crd.cel.types import BOOL, DYN, ERROR, STRING, Bindings, Type, fits, resolved, shown

Scope = Mapping[str, Type]

_OPERATORS: Final = {
    "!": "!_", "-_": "-_", "?:": "_?_:_", "in": "@in",
    **{sign: f"_{sign}_" for sign in ("||", "&&", "==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%")},
}  # fmt: skip
_CONSTANTS: Final[tuple[tuple[type, Type], ...]] = (
    (bool, BOOL), (int, types.INT), (float, types.DOUBLE), (str, STRING), (bytes, types.BYTES),
    (type(None), types.NULL),
)  # fmt: skip
TYPE_NAMES: Final = ("bool", "int", "uint", "double", "string", "bytes", "list", "map", "null_type", "type")
_UNDECLARED: Final = "undeclared reference to '{}' (in container '')"


def check(tree: Node, scope: Scope, *, mutation: bool = False) -> tuple[Type, list[CompileError]]:
    """The type of *tree*, whose variables are in *scope*, and all complaints in order of their place.

    With *mutation*, the messages and functions of mutating policies (``Object``, ``JSONPatch``) are known.
    """
    checker = _Checker(mutation)
    found = checker.type_of(tree, scope)
    problems = checker.problems or literal_problems(tree, checker.seen)
    return found, sorted(problems, key=lambda problem: problem.position)


class _Checker:
    def __init__(self, mutation: bool) -> None:
        self._mutation = mutation
        self.problems: list[CompileError] = []
        self.seen: dict[int, Type] = {}

    def wrong(self, position: int, text: str) -> Type:
        """Note a complaint; the type of what is wrong."""
        self.problems.append(CompileError(text, position))
        return ERROR

    def type_of(self, node: Node, scope: Scope) -> Type:
        """The type of *node*."""
        found = self._type_of(node, scope)
        self.seen[id(node)] = found
        return found

    def _type_of(self, node: Node, scope: Scope) -> Type:
        if isinstance(node, Literal):
            if node.unsigned:
                return types.UINT
            return next(found for kind, found in _CONSTANTS if isinstance(node.value, kind))
        if isinstance(node, Ident):
            return self._ident(node, scope)
        if isinstance(node, Select):
            return self._select(node, scope)
        if isinstance(node, Index):
            args = [self.type_of(node.operand, scope), self.type_of(node.key, scope)]
            return self.call("_[?_]" if node.optional else "_[_]", None, args, node.position)
        if isinstance(node, ListOf):
            return types.list_of(self._common(node.items, node.optional, scope))
        if isinstance(node, MapOf):
            keys = self._common(tuple(key for key, _ in node.entries), (), scope)
            return types.map_of(keys, self._common(tuple(v for _, v in node.entries), node.optional, scope))
        if isinstance(node, Macro):
            return MACROS[node.name](self, node, scope)
        if isinstance(node, Message):
            return self._message(node, scope)
        assert isinstance(node, Call)
        return self._call(node, scope)

    def _ident(self, node: Ident, scope: Scope) -> Type:
        if node.name in scope:
            return scope[node.name]
        if node.name in TYPE_NAMES:
            return Type("type", (Type(node.name),))
        return self.wrong(node.position, _UNDECLARED.format(node.name))

    def _select(self, node: Select, scope: Scope) -> Type:
        path = dotted(node)
        if path is not None and path in scope:
            return scope[path]
        operand = self.type_of(node.operand, scope)
        return self.field(operand, node.field, node.position, optional=node.optional)

    def field(self, operand: Type, name: str, position: int, *, optional: bool = False) -> Type:
        """The type of the field *name* of something of type *operand*."""
        inner = operand.params[0] if operand.name == "optional_type" else operand
        if inner in (DYN, ERROR):
            found = inner
        elif inner.name == "map":
            found = inner.params[1]
        elif inner.fields is not None:
            known = inner.fields.get(name)
            found = known if known is not None else self.wrong(position, f"undefined field '{name}'")
        else:
            found = self.wrong(position, f"type '{shown(inner)}' does not support field selection")
        if (optional or inner is not operand) and found != ERROR:
            return found if found.name == "optional_type" else types.optional_of(found)
        return found

    def _common(self, nodes: tuple[Node, ...], optional: tuple[int, ...], scope: Scope) -> Type:
        common: Type | None = None
        for index, node in enumerate(nodes):
            found = self.type_of(node, scope)
            if index in optional and found.name == "optional_type":
                found = found.params[0]
            common = found if common is None else types.joined(common, found)
        return common if common is not None else DYN

    def _call(self, node: Call, scope: Scope) -> Type:
        if node.target is None and node.name == "has" and len(node.args) == 1:
            inner = node.args[0]
            if isinstance(inner, Select):
                self._select(inner, scope)
                return BOOL
            return self.wrong(node.position, "invalid argument to has() macro")
        name = _OPERATORS.get(node.name, node.name) if node.target is None else node.name
        target = node.target
        if target is not None and (path := dotted(target)) is not None:
            whole = f"{path}.{node.name}"
            if whole in overloads() and path.partition(".")[0] not in scope and self._knows(whole):
                return self.call(whole, None, [self.type_of(a, scope) for a in node.args], node.position)
        receiver = self.type_of(target, scope) if target is not None else None
        args = [self.type_of(arg, scope) for arg in node.args]
        if name not in overloads():
            return self.wrong(node.position, _UNDECLARED.format(node.name))
        return self.call(name, receiver, args, node.position)

    def _knows(self, name: str) -> bool:
        return self._mutation or name not in MUTATION_ONLY

    def call(self, name: str, receiver: Type | None, args: list[Type], position: int) -> Type:
        """The type of a call, by the overloads that fit."""
        given = [*([receiver] if receiver is not None else []), *args]
        if ERROR in given:
            return ERROR
        results: list[Type] = []
        for overload in overloads()[name]:
            wanted = [*([overload.receiver] if overload.receiver is not None else []), *overload.args]
            if (overload.receiver is None) != (receiver is None) or len(wanted) != len(given):
                continue
            bound: Bindings = {}
            if all(fits(w, g, bound) for w, g in zip(wanted, given, strict=True)):
                results.append(resolved(overload.result, bound))
        if not results:
            inner = f"({', '.join(map(shown, args))})"
            applied = f"{shown(receiver)}.{inner}" if receiver is not None else inner
            return self.wrong(position, f"found no matching overload for '{name}' applied to '{applied}'")
        return results[0] if all(result == results[0] for result in results) else DYN

    def _message(self, node: Message, scope: Scope) -> Type:
        given = {name: self.type_of(value, scope) for name, value in node.fields}
        if not self._mutation or not is_message(node.name):
            return self.wrong(node.position, _UNDECLARED.format(node.name))
        known = message_type(node.name)
        for name, value in node.fields:
            wanted = known.fields.get(name) if known.fields is not None else None
            if wanted is None:
                self.wrong(value.position, f"undefined field '{name}'")
            elif not fits(wanted, given[name], {}):
                text = f"expected type of field '{name}' is '{shown(wanted)}' but provided type is '{shown(given[name])}'"
                self.wrong(value.position, text)
        return known
