"""What one load found: the problems, and the names that must resolve once everything is read."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from labrunner.content.problems import Place, Problem

ReferenceKind = Literal["check", "question", "cell", "step", "variant", "objective"]

MAX_PROBLEMS = 500
"""Per load; a hostile file with a mistake on every line should not cost memory without end."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A name an author used for something that is defined elsewhere."""

    kind: ReferenceKind
    name: str
    place: Place


@dataclass(slots=True)
class Findings:
    """Collects mistakes instead of raising them, so that an author sees all of them at once."""

    problems: list[Problem] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)
    defined: dict[ReferenceKind, set[str]] = field(default_factory=dict)
    unreadable: set[ReferenceKind] = field(default_factory=set)
    folders: tuple[Path, ...] = ()
    """Where files that an author names are looked for, in this order; the last one is the pack, resolved."""

    def add(self, problem: Problem) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(problem)

    def extend(self, problems: Iterable[Problem]) -> None:
        for problem in problems:
            self.add(problem)

    def error(self, place: Place, rule: str, message: str, remedy: str) -> None:
        self.add(Problem(place, rule, message, remedy))

    def warning(self, place: Place, rule: str, message: str, remedy: str) -> None:
        self.add(Problem(place, rule, message, remedy, "warning"))

    def refer(self, kind: ReferenceKind, name: str, place: Place) -> None:
        """Note a name to be resolved when the whole module is read."""
        self.references.append(Reference(kind, name, place))

    def define(self, kind: ReferenceKind, name: str) -> None:
        """Note a name that is defined, maybe wrongly: its users are not to be blamed on top."""
        self.defined.setdefault(kind, set()).add(name)

    def give_up(self, *kinds: ReferenceKind) -> None:
        """Note that not all names of these kinds could be read, so that nobody can say which are missing."""
        self.unreadable.update(kinds)

    @property
    def failed(self) -> bool:
        return any(problem.severity == "error" for problem in self.problems)


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name most like `name`, None when none is near."""
    names = list(known)
    if len(name) > 80 or len(names) > 2000:
        return None
    lowered = {known_name.casefold(): known_name for known_name in names}
    found = difflib.get_close_matches(name.casefold(), list(lowered), 1, 0.6)
    return lowered[found[0]] if found else None


def suggestion(name: str, known: Sequence[str], otherwise: str) -> str:
    """A remedy for an unknown name: the nearest known one, else what is known, else `otherwise`."""
    near = nearest(name, known)
    if near:
        return f"did you mean '{near}'?"
    if known and len(known) <= 30:
        return "known are: " + ", ".join(known)
    return otherwise
