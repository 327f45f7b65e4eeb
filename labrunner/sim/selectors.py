"""Label selectors, with the API server's refusals. (Field selectors: ``field_selectors``.)

``parse`` reads the query form (``app in (a,b),!tier``), ``from_label_selector`` the object form
(``matchLabels``/``matchExpressions``). Source of wording: a real kube-apiserver v1.36 and apimachinery's documentation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from labrunner.sim import names
from labrunner.sim.errors import FieldError, invalid_value
from labrunner.sim.field_selectors import SelectorError


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition on a label. ``operator``: in, notin, exists, !, gt, lt."""

    key: str
    operator: str
    values: frozenset[str] = frozenset()

    def matches(self, labels: Mapping[str, str]) -> bool:
        has = self.key in labels
        if self.operator == "in":
            return has and labels[self.key] in self.values
        if self.operator == "notin":
            return not has or labels[self.key] not in self.values
        if self.operator == "exists":
            return has
        if self.operator == "!":
            return not has
        try:
            actual, wanted = int(labels[self.key]), int(next(iter(self.values)))
        except (KeyError, ValueError):
            return False
        return actual > wanted if self.operator == "gt" else actual < wanted


@dataclass(frozen=True, slots=True)
class LabelSelector:
    """All requirements must hold. ``nothing`` marks the selector of a null object, which matches nothing."""

    requirements: tuple[Requirement, ...] = ()
    nothing: bool = False

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether an object with *labels* is selected."""
        return not self.nothing and all(r.matches(labels) for r in self.requirements)

    @property
    def empty(self) -> bool:
        """Whether it selects everything."""
        return not self.nothing and not self.requirements


__all__ = [
    "EVERYTHING", "NOTHING", "LabelSelector", "Requirement", "SelectorError", "from_label_selector", "from_labels", "parse",
]  # fmt: skip

EVERYTHING: Final = LabelSelector()
NOTHING: Final = LabelSelector(nothing=True)

_OPERATORS: Final = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!"}


def from_label_selector(selector: Mapping[str, Any] | None) -> LabelSelector:
    """A ``metav1.LabelSelector``: null selects nothing, ``{}`` everything. An unknown operator selects nothing."""
    if selector is None:
        return NOTHING
    found = [Requirement(k, "in", frozenset((v,))) for k, v in (selector.get("matchLabels") or {}).items()]
    for expression in selector.get("matchExpressions") or ():
        operator = _OPERATORS.get(expression.get("operator", ""))
        if operator is None:
            return NOTHING
        found.append(
            Requirement(expression.get("key", ""), operator, frozenset(expression.get("values") or ()))
        )
    return LabelSelector(tuple(found))


def from_labels(labels: Mapping[str, str] | None) -> LabelSelector:
    """A plain map as selector (Service, ReplicationController): null or empty selects nothing."""
    if not labels:
        return NOTHING
    return LabelSelector(tuple(Requirement(k, "in", frozenset((v,))) for k, v in labels.items()))


_TOKEN: Final = re.compile(r"\s*(?:(==|!=|[=!(),<>])|([^=!(),<>\s]+))")


def _tokens(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            break
        position = match.end()
        if match.group(1):
            found.append((match.group(1), match.group(1)))
        else:
            found.append(("identifier", match.group(2)))
    found.append(("end", ""))
    return found


@lru_cache(maxsize=512)
def parse(text: str) -> LabelSelector:
    """The selector of a ``labelSelector`` query parameter. Raises SelectorError in the server's words."""
    return _Parser(_tokens(text)).parse()


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._at = 0

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at]

    def _next(self) -> tuple[str, str]:
        token = self._tokens[self._at]
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def parse(self) -> LabelSelector:
        found: list[Requirement] = []
        while True:
            kind, literal = self._peek()
            if kind == "end":
                return LabelSelector(tuple(found))
            if kind not in ("identifier", "!"):
                raise SelectorError(f"found '{literal}', expected: !, identifier, or 'end of string'")
            try:
                found.append(self._requirement())
            except SelectorError as error:
                raise SelectorError(f"unable to parse requirement: {error}") from None
            kind, literal = self._next()
            if kind == "end":
                return LabelSelector(tuple(found))
            if kind != ",":
                raise SelectorError(f"found '{literal}', expected: ',' or 'end of string'")
            kind, literal = self._peek()
            if kind not in ("identifier", "!"):
                raise SelectorError(f"found '{literal}', expected: identifier after ','")

    def _requirement(self) -> Requirement:
        kind, key = self._next()
        negated = kind == "!"
        if negated:
            kind, key = self._next()
        if kind != "identifier":
            raise SelectorError(f"found '{key}', expected: identifier")
        if problems := names.qualified_name(key):
            raise SelectorError(invalid_value("<nil>", key, "; ".join(problems)).message())
        if negated:
            if self._peek()[0] not in ("end", ","):
                raise SelectorError(f"found '{self._peek()[1]}', expected: ',' or 'end of string'")
            return Requirement(key, "!")
        if self._peek()[0] in ("end", ","):
            return Requirement(key, "exists")
        kind, literal = self._next()
        if kind == "identifier" and literal in ("in", "notin"):
            return _checked(key, literal, self._values())
        operator = {"=": "in", "==": "in", "!=": "notin", ">": "gt", "<": "lt"}.get(kind)
        if operator is None:
            raise SelectorError(f"found '{literal}', expected: in, notin, =, ==, !=, gt, lt")
        return _checked(key, operator, [self._exact_value()])

    def _values(self) -> list[str]:
        kind, literal = self._next()
        if kind != "(":
            raise SelectorError(f"found '{literal}' expected: '('")
        kind, literal = self._peek()
        if kind not in ("identifier", ",", ")"):
            raise SelectorError(f"found '{literal}', expected: ',', ')' or identifier")
        found: list[str] = []
        expect_value = True
        while True:
            kind, literal = self._next()
            if kind == "identifier" and expect_value:
                found.append(literal)
                expect_value = False
            elif kind == ",":
                if expect_value:
                    found.append("")
                expect_value = True
            elif kind == ")":
                if expect_value and found:
                    found.append("")
                return found
            else:
                raise SelectorError(f"found '{literal}', expected: ',' or identifier")

    def _exact_value(self) -> str:
        kind, literal = self._peek()
        if kind in ("end", ","):
            return ""
        self._next()
        if kind != "identifier":
            raise SelectorError(f"found '{literal}', expected: identifier")
        return literal


def _checked(key: str, operator: str, values: Sequence[str]) -> Requirement:
    ordered = sorted(set(values))
    errors: list[FieldError] = []
    if not ordered:
        errors.append(invalid_value("values", [], "for 'in', 'notin' operators, values set can't be empty"))
    for index, value in enumerate(ordered):
        if operator in ("gt", "lt") and not re.fullmatch(r"[+-]?\d+", value):
            detail = "for 'Gt', 'Lt' operators, the value must be an integer"
            errors.append(invalid_value(f"values[{index}]", value, detail))
        if problems := names.label_value(value):
            errors.append(invalid_value(f"values[{index}][{key}]", value, "; ".join(problems)))
    if errors:
        texts = [error.message() for error in errors]
        raise SelectorError(texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]")
    return Requirement(key, operator, frozenset(ordered))
