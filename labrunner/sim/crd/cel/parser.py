"""CEL tokens to a tree."""

from __future__ import annotations

from typing import Final

from labrunner.sim.crd.cel.errors import CompileError
from labrunner.sim.crd.cel.lexer import Token, tokens
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

_LEVELS: Final[tuple[tuple[str, ...], ...]] = (
    ("||",), ("&&",), ("==", "!=", "<", "<=", ">", ">=", "in"), ("+", "-"), ("*", "/", "%"),
)  # fmt: skip
# Macros by name: how many variables they bind, and how many arguments may follow.
_MACROS: Final[dict[str, tuple[tuple[int, int], ...]]] = {
    "all": ((1, 1), (2, 1)),
    "exists": ((1, 1), (2, 1)),
    "exists_one": ((1, 1), (2, 1)),
    "existsOne": ((1, 1), (2, 1)),
    "filter": ((1, 1),),
    "map": ((1, 1), (1, 2)),
    "optMap": ((1, 1),),
    "optFlatMap": ((1, 1),),
    "transformList": ((2, 1), (2, 2)),
    "transformMap": ((2, 1), (2, 2)),
    "transformMapEntry": ((2, 1), (2, 2)),
}
_TOO_DEEP: Final = "Syntax error: expression recursion limit exceeded"
_DEEPEST: Final = 40


def parse(source: str) -> Node:
    """The tree of *source*. Raises CompileError."""
    parser = _Parser(tokens(source))
    try:
        node = parser.expression()
    except RecursionError:
        raise CompileError(_TOO_DEEP, 0) from None
    parser.expect_end()
    return node


class _Parser:
    def __init__(self, found: list[Token]) -> None:
        self._tokens = found
        self._at = 0
        self._depth = 0

    def expect_end(self) -> None:
        if self._tokens[self._at].kind != "end":
            raise self._unexpected()

    def expression(self) -> Node:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise CompileError(_TOO_DEEP, 0)
        node = self._binary(0)
        question = self._tokens[self._at]
        if self._taken("?"):
            chosen = self._binary(0)
            self._expect(":")
            node = Call(question.position, "?:", None, (node, chosen, self.expression()))
        self._depth -= 1
        return node

    def _binary(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self._unary()
        node = self._binary(level + 1)
        while True:
            token = self._tokens[self._at]
            if token.kind != "op" or token.text not in _LEVELS[level]:
                return node
            self._at += 1
            node = Call(token.position, token.text, None, (node, self._binary(level + 1)))

    def _unary(self) -> Node:
        token = self._tokens[self._at]
        if token.kind == "op" and token.text in ("!", "-"):
            self._at += 1
            inner = self._unary()
            if token.text == "-" and isinstance(inner, Literal) and type(inner.value) in (int, float):
                return Literal(token.position, -inner.value)
            return Call(token.position, "!" if token.text == "!" else "-_", None, (inner,))
        return self._member(self._primary())

    def _member(self, node: Node) -> Node:
        while True:
            token = self._tokens[self._at]
            if self._taken("."):
                optional = self._taken("?")
                field = self._identifier()
                call = self._tokens[self._at]
                if not optional and self._taken("("):
                    node = self._method(node, field, call.position)
                else:
                    node = Select(token.position, node, field, optional)
            elif self._taken("["):
                optional = self._taken("?")
                key = self.expression()
                self._expect("]")
                node = Index(token.position, node, key, optional)
            elif token.text == "{" and token.kind == "op" and (name := dotted(node)) is not None:
                self._at += 1
                fields, chosen = self._fields()
                node = Message(token.position, name, fields, chosen)
            else:
                return node

    def _method(self, target: Node, name: str, position: int) -> Node:
        args = self._arguments(")")
        for variables, bodies in _MACROS.get(name, ()):
            bound = args[:variables]
            if len(args) == variables + bodies and all(isinstance(a, Ident) for a in bound):
                names = tuple(a.name for a in bound if isinstance(a, Ident))
                kind = "exists_one" if name == "existsOne" else name
                return Macro(position, kind, target, names, args[variables:])
        return Call(position, name, target, args)

    def _primary(self) -> Node:
        token = self._tokens[self._at]
        self._at += 1
        if token.kind == "literal":
            return Literal(
                token.position, token.value, token.text[-1:] in ("u", "U") and type(token.value) is int
            )
        if token.kind == "op" and token.text == ".":
            token = self._tokens[self._at]
            self._at += 1
        if token.kind == "ident":
            call = self._tokens[self._at]
            if self._taken("("):
                return Call(call.position, token.text, None, self._arguments(")"))
            return Ident(token.position, token.text)
        if token.kind == "op" and token.text == "(":
            node = self.expression()
            self._expect(")")
            return node
        if token.kind == "op" and token.text == "[":
            return self._list(token.position)
        if token.kind == "op" and token.text == "{":
            return self._map(token.position)
        self._at -= 1
        raise self._unexpected()

    def _arguments(self, closing: str) -> tuple[Node, ...]:
        out: list[Node] = []
        while not self._taken(closing):
            out.append(self.expression())
            if not self._taken(","):
                self._expect(closing)
                break
        return tuple(out)

    def _list(self, position: int) -> ListOf:
        items: list[Node] = []
        optional: list[int] = []
        while not self._taken("]"):
            if self._taken("?"):
                optional.append(len(items))
            items.append(self.expression())
            if not self._taken(","):
                self._expect("]")
                break
        return ListOf(position, tuple(items), tuple(optional))

    def _map(self, position: int) -> MapOf:
        out: list[tuple[Node, Node]] = []
        optional: list[int] = []
        while not self._taken("}"):
            if self._taken("?"):
                optional.append(len(out))
            key = self.expression()
            self._expect(":")
            out.append((key, self.expression()))
            if not self._taken(","):
                self._expect("}")
                break
        return MapOf(position, tuple(out), tuple(optional))

    def _fields(self) -> tuple[tuple[tuple[str, Node], ...], tuple[int, ...]]:
        out: list[tuple[str, Node]] = []
        optional: list[int] = []
        while not self._taken("}"):
            if self._taken("?"):
                optional.append(len(out))
            name = self._identifier()
            self._expect(":")
            out.append((name, self.expression()))
            if not self._taken(","):
                self._expect("}")
                break
        return tuple(out), tuple(optional)

    def _identifier(self) -> str:
        token = self._tokens[self._at]
        if token.kind != "ident":
            raise self._unexpected("IDENTIFIER")
        self._at += 1
        return token.text

    def _taken(self, text: str) -> bool:
        token = self._tokens[self._at]
        if token.kind == "op" and token.text == text:
            self._at += 1
            return True
        return False

    def _expect(self, text: str) -> None:
        if not self._taken(text):
            raise self._unexpected(f"'{text}'")

    def _unexpected(self, expecting: str = "") -> CompileError:
        token = self._tokens[self._at]
        wanted = expecting or (
            "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, "
            "BYTES, IDENTIFIER}"
        )
        verb = "mismatched" if token.kind == "end" else "extraneous"
        return CompileError(f"Syntax error: {verb} input '{token.text}' expecting {wanted}", token.position)
