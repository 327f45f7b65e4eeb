"""The styles a step is drawn with."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from functools import lru_cache
from typing import Final

from rich.style import Style

EMPHASIS: Final = 1
STRONG: Final = 2
STRIKE: Final = 4


@dataclass(frozen=True, slots=True)
class Palette:
    """One style per part of a step. All but `base` are laid over it; a palette of null styles gives plain text."""

    base: Style = field(default_factory=Style)
    muted: Style = field(default_factory=Style)
    heading: Style = field(default_factory=lambda: Style(bold=True))
    code: Style = field(default_factory=Style)
    link: Style = field(default_factory=lambda: Style(underline=True))
    label: Style = field(default_factory=lambda: Style(bold=True))
    caution: Style = field(default_factory=lambda: Style(bold=True))
    cell: Style = field(default_factory=Style)
    ok: Style = field(default_factory=Style)
    failed: Style = field(default_factory=Style)
    running: Style = field(default_factory=Style)
    question: Style = field(default_factory=Style)
    keyword: Style = field(default_factory=Style)
    string: Style = field(default_factory=Style)
    comment: Style = field(default_factory=Style)
    number: Style = field(default_factory=Style)
    name: Style = field(default_factory=Style)


PARTS: Final = tuple(part.name for part in fields(Palette) if part.name != "base")
"""The names of all parts but the base, which are component classes of the view."""


@lru_cache(maxsize=512)
def with_flags(style: Style, flags: int) -> Style:
    """A style with emphasis, strong or strike added."""
    if not flags:
        return style
    return style + Style(
        italic=True if flags & EMPHASIS else None,
        bold=True if flags & STRONG else None,
        strike=True if flags & STRIKE else None,
    )
