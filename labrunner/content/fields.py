"""Schemas as data: what a key may hold, said once, for reading and for whoever documents the format.

A `Type` reads a node into a Python value and reports what does not fit; a `Record` is a table of `Field`s.
Reading never raises for an author's mistake: a value that does not fit is `INVALID` and its problem is collected.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from labrunner.content import nodes
from labrunner.content.findings import Findings, suggestion
from labrunner.content.nodes import Node, describe, plain
from labrunner.content.quantities import parse_duration, parse_memory


class Invalid:
    """The value of what could not be read; falsy, and never stored in a model."""

    def __bool__(self) -> bool:
        return False


INVALID: Final = Invalid()


class Type(Protocol):
    """Reads one kind of value; `name` says it in an author's words ("a text")."""

    @property
    def name(self) -> str: ...

    def read(self, node: Node, findings: Findings) -> Any:
        """The value, or INVALID after reporting why."""


def wrong_type(node: Node, wanted: str, findings: Findings, remedy: str = "") -> Invalid:
    """Report that a node holds something else than wanted."""
    findings.error(
        node.place,
        "wrong-type",
        f"{describe(node)} stands where {wanted} belongs",
        remedy or f"write {wanted} here",
    )
    return INVALID


@dataclass(frozen=True, slots=True)
class Text:
    """A text. Numbers and truth values are taken as the author spelt them, so `0644` and `no` survive."""

    name: str = "a text"
    pattern: re.Pattern[str] | None = None
    remedy: str = ""

    def read(self, node: Node, findings: Findings) -> Any:
        if not isinstance(node, nodes.Scalar) or node.value is None:
            return wrong_type(node, self.name, findings)
        if not node.text.strip():
            findings.error(
                node.place, "empty-text", f"{self.name} is empty here", "write something, or drop the key"
            )
            return INVALID
        if self.pattern and not self.pattern.fullmatch(node.text):
            findings.error(node.place, "bad-value", f"'{node.text[:60]}' is not {self.name}", self.remedy)
            return INVALID
        return node.text


@dataclass(frozen=True, slots=True)
class Boolean:
    """true or false."""

    name: str = "true or false"

    def read(self, node: Node, findings: Findings) -> Any:
        if isinstance(node, nodes.Scalar) and isinstance(node.value, bool):
            return node.value
        return wrong_type(
            node, self.name, findings, "YAML 1.2 knows true and false only; yes, no, on and off are texts"
        )


@dataclass(frozen=True, slots=True)
class Number:
    """A number within bounds; `whole` for integers."""

    name: str = "a number"
    whole: bool = False
    minimum: float = -math.inf
    maximum: float = math.inf

    def read(self, node: Node, findings: Findings) -> Any:
        value = node.value if isinstance(node, nodes.Scalar) else None
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or (self.whole and not isinstance(value, int))
        ):
            return wrong_type(node, self.name, findings)
        if not self.minimum <= value <= self.maximum:
            remedy = f"write a number from {self.minimum:g} to {self.maximum:g}"
            findings.error(node.place, "bad-value", f"{describe(node)} is out of range", remedy)
            return INVALID
        return value


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words."""

    options: tuple[str, ...]

    @property
    def name(self) -> str:
        return "one of " + ", ".join(self.options)

    def read(self, node: Node, findings: Findings) -> Any:
        if not isinstance(node, nodes.Scalar):
            return wrong_type(node, self.name, findings)
        if node.text in self.options:
            return node.text
        remedy = suggestion(node.text, self.options, f"write {self.name}")
        findings.error(node.place, "bad-value", f"'{node.text[:60]}' is not {self.name}", remedy)
        return INVALID


@dataclass(frozen=True, slots=True)
class Measure:
    """A scalar with a spelling of its own, read by `parse`, which answers None for what it cannot read."""

    name: str
    parse: Callable[[str], Any]
    remedy: str

    def read(self, node: Node, findings: Findings) -> Any:
        value = self.parse(node.text) if isinstance(node, nodes.Scalar) else None
        if value is None:
            findings.error(node.place, "wrong-type", f"{describe(node)} is not {self.name}", self.remedy)
            return INVALID
        return value


@dataclass(frozen=True, slots=True)
class Json:
    """Anything: the author's own data."""

    name: str = "a value"

    def read(self, node: Node, findings: Findings) -> Any:  # noqa: ARG002 - the protocol's shape
        return plain(node)


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list of one type, as a tuple; with `single`, one item may stand without its list."""

    item: Type
    single: bool = False
    minimum: int = 0

    @property
    def name(self) -> str:
        return f"a list of which each is {self.item.name}"

    def read(self, node: Node, findings: Findings) -> Any:
        if not isinstance(node, nodes.Sequence):
            if not self.single or (isinstance(node, nodes.Scalar) and node.value is None):
                return wrong_type(
                    node, self.name, findings, "write the items in [brackets], or each after a dash"
                )
            value = self.item.read(node, findings)
            return INVALID if value is INVALID else (value,)
        if len(node.items) < self.minimum:
            remedy = f"give at least {self.minimum}"
            findings.error(node.place, "too-few", f"this list has {len(node.items)} items", remedy)
            return INVALID
        values = [self.item.read(item, findings) for item in node.items]
        return tuple(value for value in values if value is not INVALID)


@dataclass(frozen=True, slots=True)
class MapOf:
    """A map with free keys and one type of value, as a dict; `key` restricts the keys."""

    value: Type
    key: Text = field(default_factory=Text)

    @property
    def name(self) -> str:
        return f"a map of which each value is {self.value.name}"

    def read(self, node: Node, findings: Findings) -> Any:
        if not isinstance(node, nodes.Mapping):
            return wrong_type(node, self.name, findings)
        result = {}
        for key, entry in node.entries.items():
            name = self.key.read(nodes.Scalar(key, key, entry.place), findings)
            value = self.value.read(entry.value, findings)
            if name is not INVALID and value is not INVALID:
                result[name] = value
        return result


@dataclass(frozen=True, slots=True)
class Parsed:
    """A type with a reader of its own, for what a table cannot say."""

    name: str
    reader: Callable[[Node, Findings], Any]

    def read(self, node: Node, findings: Findings) -> Any:
        return self.reader(node, findings)


@dataclass(frozen=True, slots=True)
class Field:
    """One key: its type, whether it must be there, and one line of documentation."""

    type: Type
    doc: str = ""
    required: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """A map with known keys. Reads to a dict of the keys that were there and fit; `x-*` keys are left alone."""

    name: str
    fields: Mapping[str, Field]
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Words of other formats, with what they are called here: only for the remedy."""

    def read(self, node: Node, findings: Findings) -> Any:
        if not isinstance(node, nodes.Mapping):
            return wrong_type(
                node, f"a map ({self.name})", findings, f"its keys are: {', '.join(self.fields)}"
            )
        values: dict[str, Any] = {}
        for key, entry in node.entries.items():
            known = self.fields.get(key)
            if known is None:
                self.unknown(key, entry, findings)
                continue
            value = known.type.read(entry.value, findings)
            if value is not INVALID:
                values[key] = value
        for key, wanted in self.fields.items():
            if wanted.required and key not in node.entries:
                message = f"{self.name} has no '{key}'"
                findings.error(
                    node.place, "missing-key", message, f"add {key}: {wanted.doc or wanted.type.name}"
                )
        return values

    def unknown(self, key: str, entry: nodes.Entry, findings: Findings) -> None:
        """Report a key that is not in the table, unless it is the author's own."""
        if key.startswith(("x-", "\0")):
            return
        if key in self.aliases:
            remedy = f"here it is called '{self.aliases[key]}'"
        else:
            remedy = suggestion(
                key, list(self.fields), "see the format reference; keys of your own begin with x-"
            )
        findings.error(entry.place, "unknown-key", f"{self.name} has no key '{key[:60]}'", remedy)


def own_keys(node: Node) -> dict[str, Any]:
    """The `x-*` keys of a map, as plain data."""
    if not isinstance(node, nodes.Mapping):
        return {}
    return {key: plain(entry.value) for key, entry in node.entries.items() if key.startswith("x-")}


def complete(values: Any, keys: Sequence[str]) -> bool:
    """Whether a Record was read and holds all of `keys`; the reason why not was reported then."""
    return isinstance(values, dict) and all(key in values for key in keys)


NAME = re.compile(r"\w(?:[\w.-]{0,98}\w)?")
LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")

TEXT = Text()
TEXTS = ListOf(TEXT, single=True)
BOOLEAN = Boolean()
NUMBER = Number()
ANY = Json()
IDENTIFIER = Text("an id", NAME, "use letters, digits, dots, dashes and underscores, at most 100, no blanks")
VARIABLE = Text(
    "a variable name", re.compile(r"[A-Za-z_][A-Za-z0-9_]*"), "use letters, digits and underscores"
)
NAMESPACE = Text("a namespace name", LABEL, "use lower-case letters, digits and dashes, at most 63")
DURATION = Measure(
    "a duration", parse_duration, 'write it like "30s", "5m" or "1h30m"; a plain number is seconds'
)
MEMORY = Measure("an amount of memory", parse_memory, "write it like 512Mi or 6Gi")
