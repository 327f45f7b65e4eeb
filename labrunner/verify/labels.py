"""Label selectors in kubectl's text form: `app=web,tier in (a,b),!canary`."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass

_REQUIREMENT = re.compile(
    r"\s*(?:(?P<not>!)\s*(?P<absent>[\w./-]+)"
    r"|(?P<key>[\w./-]+)\s*(?:(?P<op>==|=|!=)\s*(?P<value>[\w.-]*)"
    r"|\s(?P<set>in|notin)\s*\((?P<values>[^()]*)\))?)\s*(?:,|$)"
)


class SelectorError(ValueError):
    """The text is no label selector."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """`values` None asks for the key's presence (or, with `exclude`, its absence)."""

    key: str
    values: frozenset[str] | None
    exclude: bool

    def holds(self, labels: Mapping[str, str]) -> bool:
        has = self.key in labels if self.values is None else labels.get(self.key) in self.values
        return has != self.exclude


@functools.lru_cache(maxsize=512)
def parse_selector(text: str) -> tuple[Requirement, ...]:
    """Raises SelectorError."""
    requirements, at = [], 0
    while at < len(text):
        found = _REQUIREMENT.match(text, at)
        if found is None or found.end() == at:
            raise SelectorError(f"{text!r} is not a label selector such as 'app=web,tier in (a,b)'")
        at = found.end()
        if found["absent"]:
            requirements.append(Requirement(found["absent"], None, exclude=True))
        elif found["op"]:
            requirements.append(Requirement(found["key"], frozenset({found["value"]}), found["op"] == "!="))
        elif found["set"]:
            values = frozenset(value.strip() for value in found["values"].split(","))
            requirements.append(Requirement(found["key"], values, found["set"] == "notin"))
        else:
            requirements.append(Requirement(found["key"], None, exclude=False))
    return tuple(requirements)


def selects(text: str, labels: Mapping[str, str] | None) -> bool:
    """Whether the labels meet the selector. Raises SelectorError."""
    return all(requirement.holds(labels or {}) for requirement in parse_selector(text))
