"""Text into rows of a given width in cells, with the widths of `rich.cells`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Final, TypeAlias

from rich.cells import cell_len, get_character_cell_size
from rich.segment import Segment
from rich.style import Style

Line: TypeAlias = list[Segment]
"""One row: styled pieces of text."""

TAB: Final = 4
_WIDE: Final = "\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\U00020000-\U0003fffd"
_ATOM: Final = re.compile(rf"\n|[ \t]+|[{_WIDE}]|[^ \t\n{_WIDE}]+")
_BLANKS: Final = re.compile(r"[\t\n]|  |^ | $")
_IS_WIDE: Final = re.compile(f"[{_WIDE}]")
_SUSPECT: Final = re.compile(r"[^\n\t\x20-\x7e]")
_DROPPED: Final = frozenset("\u00ad\u200b\u200c\u200d\u2060\ufe0e\ufe0f\ufeff")
"""Joiners and selectors: terminals disagree about the width of what they make, so it is shown without them."""


def clean(text: str) -> str:
    """Text that a terminal shows and does not obey. Tabs and line feeds stay."""
    if text.isprintable() and not _DROPPED.intersection(text):
        return text
    return _SUSPECT.sub(lambda found: _shown(found[0]), text)


@lru_cache(maxsize=1024)
def _shown(char: str) -> str:
    if char in _DROPPED:
        return ""
    return "\ufffd" if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") else char


def width_of(line: Iterable[Segment]) -> int:
    """The cells a row takes."""
    return sum([cell_len(segment.text) for segment in line])


def wrap(runs: Sequence[Segment], width: int) -> list[Line]:
    """Break text at blanks (and between ideographs), runs of blanks collapsed; too long words are cut.

    A line feed in a run is a forced break. The text must be `clean`; the result has at least one row.
    """
    if len(runs) == 1:
        text = runs[0].text
        if len(text) <= width and text.isascii() and not _BLANKS.search(text):
            return [[runs[0]]]
    wrapper = _Wrapper(width)
    for text, style, _ in runs:
        for atom in _ATOM.findall(text):
            first = atom[0]
            if first == "\n":
                wrapper.end_word()
                wrapper.end_line()
            elif first in " \t":
                wrapper.end_word()
                wrapper.blank = style
                wrapper.gap = wrapper.used > 0
            elif first >= "\u2e80" and _IS_WIDE.match(first):
                wrapper.end_word()
                wrapper.word.append((atom, style))
                wrapper.end_word()
            else:
                wrapper.word.append((atom, style))
    wrapper.end_word()
    if wrapper.line or not wrapper.lines:
        wrapper.end_line()
    return wrapper.lines


class _Wrapper:
    """Fills rows word by word."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.lines: list[Line] = []
        self.line: list[tuple[str, Style | None]] = []
        self.used = 0
        self.word: list[tuple[str, Style | None]] = []
        self.gap = False
        self.blank: Style | None = None

    def end_line(self) -> None:
        merged: Line = []
        for text, style in self.line:
            if merged and merged[-1].style is style:
                merged[-1] = Segment(merged[-1].text + text, style)
            else:
                merged.append(Segment(text, style))
        self.lines.append(merged)
        self.line, self.used, self.gap = [], 0, False

    def end_word(self) -> None:
        """Put the word on the row, or on the next one when it does not fit."""
        word, self.word = self.word, []
        if not word:
            return
        size = sum(cell_len(text) for text, _ in word)
        if self.used and self.used + self.gap + size > self.width:
            self.end_line()
        if self.gap:
            self.line.append((" ", self.blank))
            self.used += 1
            self.gap = False
        if size > self.width:
            self.cut_word(word)
        else:
            self.line += word
            self.used += size

    def cut_word(self, word: list[tuple[str, Style | None]]) -> None:
        for text, style in word:
            for char in text:
                size = get_character_cell_size(char)
                if self.used and self.used + size > self.width:
                    self.end_line()
                self.line.append((char, style))
                self.used += size


def cuts(text: str, width: int) -> list[int]:
    """Where rows of at most `width` cells begin in a text without line feeds, its end included.

    A row ends after a blank where there is one in its second half, else wherever it is full.
    """
    points, start = [0], 0
    while (end := _full(text, start, width)) < len(text):
        blank = text.rfind(" ", start + (end - start) // 2, end)
        start = end if blank < 0 else blank + 1
        points.append(start)
    return [*points, len(text)]


def _full(text: str, start: int, width: int) -> int:
    """Where a row that begins at `start` is full."""
    if text.isascii():
        return start + width
    used = 0
    for index in range(start, len(text)):
        size = get_character_cell_size(text[index])
        if used and used + size > width:
            return index
        used += size
    return len(text)


def hard_wrap(line: Sequence[Segment], width: int) -> list[Line]:
    """Break a row of code where it is full; blanks stay as they are."""
    points = cuts("".join([segment.text for segment in line]), width)
    if len(points) == 2:
        return [list(line)]
    return [sliced(line, start, stop) for start, stop in pairwise(points)]


def sliced(line: Sequence[Segment], start: int, stop: int) -> Line:
    """The characters `start` to `stop` of a row."""
    found: Line = []
    position = 0
    for text, style, _ in line:
        end = position + len(text)
        if end > start and position < stop:
            found.append(Segment(text[max(start - position, 0) : stop - position], style))
        position = end
    return found


def clip(line: Sequence[Segment], width: int, marker: Segment) -> Line:
    """A row cut at `width` cells, ending in a one-cell marker when something is missing."""
    if width_of(line) <= width:
        return list(line)
    end = _full("".join(segment.text for segment in line), 0, max(width - 1, 1))
    return [*sliced(line, 0, end), marker]
