"""Reading the matcher vocabulary: one condition language for every check.

A scalar, list or map without matcher words means `equals`; a map of matcher words means that each of them holds.
Inside partial objects the same holds at any depth; data that happens to look like a matcher goes under `equals:`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from labrunner.content import nodes
from labrunner.content.checks_model import MATCHERS, Matcher
from labrunner.content.fields import INVALID, wrong_type
from labrunner.content.findings import Findings
from labrunner.content.nodes import Node, describe, plain

Operand = Callable[[Node, Findings], Any]

_SEMVER = re.compile(
    r"\s*(?:>=|<=|==|!=|=|>|<|~|\^)?\s*v?\d+(?:\.\d+){0,2}\S*(?:\s*,?\s*(?:>=|<=|<|>)\s*v?\d+(?:\.\d+){0,2}\S*)*"
)


def read_matcher(node: Node, findings: Findings) -> Any:
    """A Matcher, or INVALID after reporting why."""
    words = [key for key in node.entries if key in MATCHERS] if isinstance(node, nodes.Mapping) else []
    if not words or not isinstance(node, nodes.Mapping):
        expected = read_partial(node, findings)
        return INVALID if expected is INVALID else Matcher("equals", expected)
    for key, entry in node.entries.items():
        if key not in MATCHERS:
            message = f"'{key[:60]}' stands beside the matcher '{words[0]}'"
            remedy = "keep to matcher words in this map, or wrap literal data in equals: {…}"
            findings.error(entry.place, "mixed-matcher", message, remedy)
            return INVALID
    return matcher_of(node.entries, findings)


def read_partial(node: Node, findings: Findings) -> Any:
    """A partial JSON value that may hold Matchers at any depth; INVALID after reporting what is wrong with one.

    A map of nothing but matcher words is a matcher, except `matches` of a list: that is a field of Gateway routes.
    """
    if isinstance(node, nodes.Scalar):
        return node.value
    if isinstance(node, nodes.Sequence):
        items = [read_partial(item, findings) for item in node.items]
        return INVALID if INVALID in items else items
    if node.entries and all(_is_condition(key, entry.value) for key, entry in node.entries.items()):
        return matcher_of(node.entries, findings)
    values = {key: read_partial(entry.value, findings) for key, entry in node.entries.items()}
    return INVALID if INVALID in values.values() else values


def _is_condition(word: str, operand: Node) -> bool:
    return word in MATCHERS and (word != "matches" or isinstance(operand, nodes.Scalar))


def matcher_of(entries: dict[str, nodes.Entry], findings: Findings) -> Any:
    """The conjunction of the matcher words among `entries`; INVALID when one of them does not read."""
    matchers = []
    for word, entry in entries.items():
        operand = _OPERANDS[word](entry.value, findings)
        if operand is INVALID:
            return INVALID
        matchers.append(Matcher(word, operand))
    return matchers[0] if len(matchers) == 1 else Matcher("all", tuple(matchers))


def inline_matcher(node: nodes.Mapping, findings: Findings, *, value_key: str = "value") -> Any:
    """The matcher whose words stand among a check's own keys, or under `value:`; None when there is none."""
    found = {word: entry for word, entry in node.entries.items() if word in MATCHERS}
    under = node.entries.get(value_key)
    if under is None:
        return matcher_of(found, findings) if found else None
    if found:
        word, entry = next(iter(found.items()))
        remedy = f"keep one of the two, or write {value_key}: {{{word}: …}}"
        findings.error(
            entry.place, "mixed-matcher", f"'{word}' and '{value_key}' both say what is wanted", remedy
        )
        return INVALID
    return read_matcher(under.value, findings)


def empty_assertion(node: Node, findings: Findings, what: str, remedy: str) -> Any:
    """Report a check that would pass whatever the world looks like; INVALID."""
    findings.error(node.place, "empty-assertion", what, remedy)
    return INVALID


def _any_value(node: Node, findings: Findings) -> Any:  # noqa: ARG001 - one shape for all operands
    return plain(node)


def _ordered(node: Node, findings: Findings) -> Any:
    """A number, quantity or text that can be compared by size."""
    if isinstance(node, nodes.Scalar) and node.value is not None and not isinstance(node.value, bool):
        return node.value
    return wrong_type(
        node, "a number or quantity", findings, "write something that has an order, such as 3 or 500m"
    )


def _between(node: Node, findings: Findings) -> Any:
    if not isinstance(node, nodes.Sequence) or len(node.items) != 2:
        return wrong_type(node, "a lowest and a highest value", findings, "write it like between: [1, 5]")
    pair = tuple(_ordered(item, findings) for item in node.items)
    return INVALID if INVALID in pair else pair


def _in(node: Node, findings: Findings) -> Any:
    if not isinstance(node, nodes.Sequence) or not node.items:
        return wrong_type(node, "a list of values", findings, "write it like in: [a, b]")
    return tuple(plain(item) for item in node.items)


def _pattern(node: Node, findings: Findings) -> Any:
    if not isinstance(node, nodes.Scalar) or node.value is None:
        return wrong_type(node, "a regular expression", findings)
    try:
        re.compile(node.text)
    except (re.error, OverflowError, RecursionError) as error:
        message = f"the regular expression does not compile: {error}"
        findings.error(node.place, "bad-pattern", message, "use Python's syntax, in single quotes")
        return INVALID
    return node.text


def _exists(node: Node, findings: Findings) -> Any:
    if isinstance(node, nodes.Scalar) and isinstance(node.value, bool):
        return node.value
    return wrong_type(node, "true or false", findings)


def _semver(node: Node, findings: Findings) -> Any:
    if isinstance(node, nodes.Scalar) and _SEMVER.fullmatch(node.text):
        return node.text
    findings.error(
        node.place, "wrong-type", f"{describe(node)} is not a version range", 'write it like ">=1.24"'
    )
    return INVALID


def _parts(node: Node, findings: Findings) -> Any:
    if not isinstance(node, nodes.Sequence) or not node.items:
        return wrong_type(node, "a list of matchers", findings, "write it like any: [1, {ge: 3}]")
    parts = tuple(read_matcher(item, findings) for item in node.items)
    return INVALID if INVALID in parts else parts


_OPERANDS: dict[str, Operand] = {
    "equals": _any_value,
    "exactly": read_partial,
    "contains": read_partial,
    "not": read_matcher,
    "len": read_matcher,
    "gt": _ordered,
    "ge": _ordered,
    "lt": _ordered,
    "le": _ordered,
    "between": _between,
    "in": _in,
    "matches": _pattern,
    "exists": _exists,
    "semver": _semver,
    "all": _parts,
    "any": _parts,
    "none": _parts,
}
