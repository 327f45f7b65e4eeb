"""How a cell, an expected output and a question are drawn, with their marks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from labrunner.content.models import Cell
from labrunner.tui.step.highlighting import code_lines, highlighted
from labrunner.tui.step.marks import CELL_SIGNS, OUTPUT_WORDS, QUESTION_WORDS, CellMark, QuestionState
from labrunner.tui.step.palette import Palette
from labrunner.tui.step.wrapping import Line, clean, clip, cuts, hard_wrap, width_of, wrap

_FILE_WORDS: Final = {"write": "writes", "append": "appends to", "replace": "replaces"}
_ART: Final = frozenset("─│┌┐└┘├┤┬┴┼═║╔╗╚╝╭╮╰╯▶▼◀▲→←↓↑")
_CONTINUED: Final = {"│ ": "╎ "}
"""The gutter beside the rest of a line that was too long."""

_UNWRAPPED: Final = ("mermaid", "ascii")


@dataclass(frozen=True, slots=True)
class Code:
    """Source text in a gutter. Its height is known at once; its colours are found when it is drawn."""

    lines: tuple[str, ...]
    language: str
    gutter: str
    width: int
    palette: Palette
    style: Style

    @property
    def room(self) -> int:
        return max(self.width - cell_len(self.gutter), 1)

    @property
    def clipped(self) -> bool:
        """Whether it is a drawing, whose rows are cut rather than wrapped."""
        if self.language in _UNWRAPPED:
            return True
        return self.language in ("", "text", "txt") and any(_ART.intersection(line) for line in self.lines)

    def height(self) -> int:
        if self.clipped:
            return len(self.lines)
        return sum(len(cuts(line, self.room)) - 1 for line in self.lines)

    def draw(self) -> list[Line]:
        muted = self.palette.base + self.palette.muted
        gutters = Segment(self.gutter, muted), Segment(_CONTINUED.get(self.gutter, self.gutter), muted)
        rows: list[Line] = []
        for line in highlighted(list(self.lines), self.language, self.palette, self.style):
            if self.clipped:
                marker = Segment("›", self.palette.base + self.palette.muted)
                parts = [clip(line, self.room, marker)]
            else:
                parts = hard_wrap(line, self.room)
            for number, part in enumerate(parts):
                gutter = gutters[number > 0]
                missing = self.room - width_of(part)
                rows.append(
                    [gutter, *part, Segment(" " * missing, self.style)] if missing else [gutter, *part]
                )
        return rows


def code(source: str, language: str, gutter: str, width: int, palette: Palette) -> Code:
    """Source text to be drawn in a gutter."""
    return Code(tuple(code_lines(source)), language, gutter, width, palette, palette.base + palette.cell)


def cell_header(cell: Cell, number: int, mark: CellMark, width: int, palette: Palette) -> list[Line]:
    """`▶ 1 what is special about it        ✓ 0.4 s`; the status takes rows of its own where it does not fit."""
    name = Segment(f"▶ {number}", palette.base + palette.label)
    notes = " · ".join(_notes(cell))
    title = [name, Segment(f"  {notes}", palette.base + palette.muted)] if notes else [name]
    status = _status(mark, palette)
    used, wanted = width_of(title), width_of(status)
    if not status:
        return wrap(title, width)
    if used + 2 + wanted <= width:
        return [[*title, Segment(" " * (width - used - wanted), palette.base), *status]]
    return [*wrap(title, width), *wrap(status, width)]


def _notes(cell: Cell) -> list[str]:
    notes = []
    if cell.file:
        notes.append(f"{_FILE_WORDS[cell.file.mode]} {cell.file.path}")
    if cell.background:
        notes.append("in the background")
    if cell.session != "main":
        notes.append(f"in shell {cell.session}")
    if cell.cwd:
        notes.append(f"in {cell.cwd}")
    if cell.interrupt:
        notes.append("Ctrl-C first")
    if cell.prompt:
        notes.append(f"asks for {cell.prompt}")
    if cell.capture:
        notes.append(f"sets {cell.capture}")
    if cell.expect_exit:
        notes.append(f"exit {cell.expect_exit} is right")
    if cell.when:
        notes.append(f"only where {cell.when}")
    return [clean(note) for note in notes]


def _status(mark: CellMark, palette: Palette) -> Line:
    sign, word = CELL_SIGNS[mark.state]
    parts: Line = []
    if sign:
        styles = {"ok": palette.ok, "failed": palette.failed}
        style = palette.base + styles.get(mark.state, palette.running)
        text = " ".join(clean(mark.text).split()) or word
        parts.append(Segment(f"{sign} {text}", style))
    if mark.output:
        style = palette.base + (palette.ok if mark.output == "matches" else palette.failed)
        parts.append(Segment(f"{' · ' if parts else ''}{OUTPUT_WORDS[mark.output]}", style))
    return parts


def expected_header(mark: CellMark, width: int, palette: Palette) -> list[Line]:
    """The line above an expected output."""
    words = {"matches": "  ✓ matches", "differs": "  ✗ differs", None: ""}[mark.output]
    style = palette.base + (palette.ok if mark.output == "matches" else palette.failed)
    line = [Segment("expected output", palette.base + palette.muted)]
    return wrap([*line, Segment(words, style)] if words else line, width)


def question_lines(
    kind: str,
    prompt: Callable[[Style], list[Segment]],
    state: QuestionState,
    width: int,
    palette: Palette,
) -> list[Line]:
    """`? Predict: what will happen …` and where its answer stands."""
    word = "Predict" if kind in ("predict", "trace") else "Question"
    styles = {"right": palette.ok, "wrong": palette.failed, "noted": palette.running}
    label = Segment(f"? {word}: ", palette.base + palette.question + palette.label)
    style = palette.base + styles.get(state, palette.muted)
    return wrap(
        [label, *prompt(palette.base), Segment("  ", style), Segment(QUESTION_WORDS[state], style)], width
    )
