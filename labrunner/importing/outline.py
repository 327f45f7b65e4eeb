"""The headings of a long document, and which of them are phases and steps."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from labrunner.importing.prose import Heading, heading_at, with_atx_headings
from labrunner.importing.segments import Prose, Segment

_DETAILS = re.compile(r"<(/?)details\b", re.IGNORECASE)


@dataclass(slots=True)
class Section:
    """A heading with what stands below it, up to the next heading that begins a section."""

    level: int
    title: str
    line: int
    segments: list[Segment] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        return not any(
            not isinstance(s, Prose) or any(_says(line) for line in s.lines) for s in self.segments
        )

    def text(self) -> str:
        """Its prose."""
        return "\n".join("\n".join(s.lines) for s in self.segments if isinstance(s, Prose))


def _says(line: str) -> bool:
    return any(char.isalnum() for char in line)


def sections(segments: list[Segment], levels: tuple[int, ...]) -> list[Section]:
    """The segments under the headings of these levels that do not stand in a folded part; level 0 is what precedes them."""
    found = [Section(0, "", 1)]
    folded = 0
    for segment in segments:
        if not isinstance(segment, Prose):
            found[-1].segments.append(segment)
            continue
        kept: list[str] = []
        start = segment.line
        for offset, line in enumerate(with_atx_headings(list(segment.lines))):
            heading = heading_at(line) if "#" in line else None
            if heading is not None and heading.level in levels and not folded:
                if kept:
                    found[-1].segments.append(Prose(start, tuple(kept)))
                found.append(Section(heading.level, heading.text, segment.line + offset))
                kept, start = [], segment.line + offset + 1
                continue
            kept.append(line)
            for tag in _DETAILS.finditer(line) if "<" in line else ():
                folded = max(0, folded + (-1 if tag[1] else 1))
        if kept:
            found[-1].segments.append(Prose(start, tuple(kept)))
    return found


def headings(segments: list[Segment]) -> list[Heading]:
    """All headings outside of folded parts."""
    return [
        Heading(section.level, section.title)
        for section in sections(segments, (1, 2, 3, 4, 5, 6))
        if section.level
    ]


@dataclass(frozen=True, slots=True)
class Levels:
    """The level of the title (0: there is none), of phases (0: one for all) and of steps (0: one for all)."""

    title: int
    phase: int
    step: int


def choose_levels(found: list[Heading]) -> Levels:
    """Which heading levels are what: the first lone level-one heading is the title; the next two are phases and steps."""
    counts = Counter(heading.level for heading in found)
    levels = sorted(counts)
    if not levels:
        return Levels(0, 0, 0)
    if counts[1] > 1 and found[0].level == 1:
        return Levels(1, 1, 2 if counts[2] else 0)
    title = 1 if counts[1] == 1 and found[0].level == 1 else 0
    rest = [level for level in levels if level != title] if title else levels
    if not rest:
        return Levels(title, 0, 0)
    if len(rest) == 1 or (counts[rest[0]] == 1 and counts[rest[1]] == 1):
        return Levels(title, 0, rest[0])
    return Levels(title, rest[0], rest[1])
