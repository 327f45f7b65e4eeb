"""CEL trees to something that runs: nested closures over an environment of variables."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

from labrunner.sim.crd.cel import kubernetes, macros
from labrunner.sim.crd.cel.authorization import AUTHORIZATION
from labrunner.sim.crd.cel.errors import CelError, CompileError
from labrunner.sim.crd.cel.functions import STANDARD
from labrunner.sim.crd.cel.kinds import Optional, TypeName
from labrunner.sim.crd.cel.messages import MessageValue
from labrunner.sim.crd.cel.operators import BINARY, negated, no_overload
from labrunner.sim.crd.cel.parser import parse
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

Run = macros.Run
_FUNCTIONS: Final = {**STANDARD, **kubernetes.FUNCTIONS, **AUTHORIZATION}
_TYPES: Final = {
    name: TypeName({"null_type": "null_type"}.get(name, name))
    for name in ("bool", "int", "uint", "double", "string", "bytes", "list", "map", "null_type", "type")
}
_ESCAPED: Final = re.compile(r"__(dot|dash|slash|underscores|[a-z]+)__")
_PLAIN: Final = {"dot": ".", "dash": "-", "slash": "/", "underscores": "__"}


class Program:
    """A compiled expression. ``names`` are the variables it uses."""

    __slots__ = ("_run", "names", "source", "tree")

    def __init__(self, source: str, variables: tuple[str, ...]) -> None:
        self.source = source
        self.tree = parse(source)
        compiler = _Compiler(variables)
        self._run = compiler.compile(self.tree, frozenset())
        self.names = frozenset(compiler.used)

    def run(self, /, **variables: Any) -> Any:
        """The value of the expression. Raises CelError."""
        try:
            return self._run(variables)
        except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
            # A library function met a value of a type it is not made for.
            raise CelError("no such overload") from error


@lru_cache(maxsize=2048)
def compile_rule(source: str, variables: tuple[str, ...] = ("self", "oldSelf")) -> Program:
    """The program of *source*, its types unchecked. Raises CompileError."""
    try:
        return Program(source, variables)
    except RecursionError:
        raise CompileError("Syntax error: expression recursion limit exceeded", 0) from None


def unescaped(name: str) -> str:
    """The field that an escaped name (``__dash__``, ``__namespace__``) stands for."""
    return _ESCAPED.sub(lambda found: _PLAIN.get(found[1], found[1]), name)


class _Compiler:
    def __init__(self, variables: tuple[str, ...]) -> None:
        self._globals = variables
        self.used: set[str] = set()

    def compile(self, node: Node, bound: frozenset[str]) -> Run:
        if isinstance(node, Literal):
            value = node.value
            return lambda _: value
        if isinstance(node, Ident):
            return self._ident(node, bound)
        if isinstance(node, Select):
            return self._select(node, bound)
        if isinstance(node, Index):
            return self._index(node, bound)
        if isinstance(node, Macro):
            return self._macro(node, bound)
        if isinstance(node, ListOf):
            return _listed([self.compile(item, bound) for item in node.items], node.optional)
        if isinstance(node, MapOf):
            entries = [(self.compile(k, bound), self.compile(v, bound)) for k, v in node.entries]
            return _mapped(entries, node.optional)
        if isinstance(node, Message):
            fields = [(_constantly(name), self.compile(value, bound)) for name, value in node.fields]
            contents, called = _mapped(fields, node.optional), node.name
            return lambda env: MessageValue(called, contents(env))
        assert isinstance(node, Call)
        return self._call(node, bound)

    def _ident(self, node: Ident, bound: frozenset[str]) -> Run:
        name = node.name
        if name in bound or name in self._globals:
            self.used.add(name)
            return lambda env: env[name]
        if name in _TYPES:
            found = _TYPES[name]
            return lambda _: found
        raise CompileError(f"undeclared reference to '{name}' (in container '')", node.position)

    def _select(self, node: Select, bound: frozenset[str]) -> Run:
        path = dotted(node)
        if path in self._globals:
            self.used.add(str(path))
            return lambda env: env[path]
        operand = self.compile(node.operand, bound)
        names = (node.field, unescaped(node.field))
        if node.optional:
            return lambda env: _optional(operand(env), names)
        return lambda env: _field(operand(env), names)

    def _index(self, node: Index, bound: frozenset[str]) -> Run:
        operand, key = self.compile(node.operand, bound), self.compile(node.key, bound)
        if node.optional:
            return lambda env: _optional(operand(env), (key(env),))
        return lambda env: _item(operand(env), key(env))

    def _macro(self, node: Macro, bound: frozenset[str]) -> Run:
        inner = bound | set(node.variables)
        target = self.compile(node.target, bound)
        bodies = [self.compile(body, inner) for body in node.bodies]
        return macros.build(node.name, target, node.variables, bodies)

    def _call(self, node: Call, bound: frozenset[str]) -> Run:
        if node.target is None and node.name == "has":
            return self._has(node, bound)
        name, target = node.name, node.target
        path = dotted(target) if target is not None else None
        if path is not None and f"{path}.{name}" in _FUNCTIONS and path not in bound:
            name, target = f"{path}.{name}", None
        given = ([target] if target is not None else []) + list(node.args)
        args = [self.compile(arg, bound) for arg in given]
        if name in ("&&", "||"):
            return macros.junction(args[0], args[1], decisive=name == "||")
        if name == "?:":
            return _choice(args[0], args[1], args[2])
        if name == "!":
            return lambda env: not macros.truth(args[0](env))
        if name == "-_":
            return lambda env: negated(args[0](env))
        if name in BINARY:
            operator, one, other = BINARY[name], args[0], args[1]
            return lambda env: operator(one(env), other(env))
        function = _FUNCTIONS.get(name)
        if function is None:
            raise CompileError(f"undeclared reference to '{node.name}' (in container '')", node.position)
        return lambda env: function(*(arg(env) for arg in args))

    def _has(self, node: Call, bound: frozenset[str]) -> Run:
        if len(node.args) != 1 or not isinstance(node.args[0], Select):
            raise CompileError("invalid argument to has() macro", node.position)
        operand = self.compile(node.args[0].operand, bound)
        names = (node.args[0].field, unescaped(node.args[0].field))
        return lambda env: _has_field(operand(env), names)


def _constantly(value: Any) -> Run:
    return lambda _: value


def _listed(items: list[Run], optional: tuple[int, ...]) -> Run:
    if not optional:
        return lambda env: [item(env) for item in items]

    def run(env: macros.Env) -> list[Any]:
        out: list[Any] = []
        for index, item in enumerate(items):
            value = item(env)
            if index not in optional:
                out.append(value)
            elif value.present:
                out.append(value.value)
        return out

    return run


def _mapped(entries: list[tuple[Run, Run]], optional: tuple[int, ...]) -> Run:
    def run(env: macros.Env) -> dict[Any, Any]:
        out: dict[Any, Any] = {}
        for index, (key, value) in enumerate(entries):
            found = value(env)
            if index in optional:
                if not found.present:
                    continue
                found = found.value
            out[key(env)] = found
        return out

    return run


def _choice(condition: Run, chosen: Run, other: Run) -> Run:
    return lambda env: chosen(env) if macros.truth(condition(env)) else other(env)


def _has_field(value: Any, names: tuple[str, ...]) -> bool:
    if isinstance(value, Optional):
        return value.present and _has_field(value.value, names)
    if not isinstance(value, dict):
        no_overload()
    return any(name in value for name in names)


def _field(value: Any, names: tuple[str, ...]) -> Any:
    if isinstance(value, Optional):
        return _optional(value, names)
    if not isinstance(value, dict):
        no_overload()
    for name in names:
        if name in value:
            return value[name]
    raise CelError(f"no such key: {names[0]}")


def _item(value: Any, key: Any) -> Any:
    if isinstance(value, Optional):
        return _optional(value, (key,))
    if isinstance(value, list):
        if isinstance(key, bool) or not isinstance(key, int | float):
            no_overload()
        if not 0 <= key < len(value):
            raise CelError(f"index out of bounds: {key}")
        return value[int(key)]
    return _field(value, (key,))


def _optional(value: Any, keys: tuple[Any, ...]) -> Optional:
    if isinstance(value, Optional):
        return _optional(value.value, keys) if value.present else value
    try:
        found = _item(value, keys[0]) if isinstance(value, list) else _field(value, keys)
    except CelError as error:
        if str(error).startswith("no such overload"):
            raise
        return Optional()
    return Optional(found, True)
