"""Walks the tree of a step and draws its blocks at one width."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

from rich.segment import Segment
from rich.style import Style

from labrunner.content.models import Cell
from labrunner.content.questions_model import Question
from labrunner.tui.step.cells import Code, cell_header, code, expected_header, question_lines
from labrunner.tui.step.document import Document
from labrunner.tui.step.frames import Frame
from labrunner.tui.step.inline import inline_runs
from labrunner.tui.step.marks import Marks, Target
from labrunner.tui.step.palette import Palette
from labrunner.tui.step.rendering import Block, Rendered
from labrunner.tui.step.tables import table_lines
from labrunner.tui.step.tree import Node
from labrunner.tui.step.wrapping import Line, clean, wrap

if TYPE_CHECKING:
    from markdown_it.token import Token

MIN_WIDTH: Final = 12
"""Cells; narrower views show the left part of what is drawn for this width."""

_BULLETS: Final = "•◦▪"
_CAUTIONS: Final = frozenset({"Warning", "Caution", "Danger", "Important", "Attention"})


def render(
    document: Document,
    width: int,
    palette: Palette,
    marks: Marks | None = None,
    toggled: frozenset[str] = frozenset(),
) -> Rendered:
    """Draw a step at a width in cells; `toggled` are the `<details>` that are not as their author left them."""
    width = max(width, MIN_WIDTH)
    painter = Painter(document, palette, toggled)
    frame = Frame.page(width)
    if document.phase:
        painter.title("# ", document.phase.title, frame)
        painter.children(document.intro, frame)
        if document.intro:
            painter.gap = frame.rest
    painter.title("## ", document.step.title, frame)
    painter.children(document.nodes, frame)
    for question in document.other_questions:
        painter.gap = frame.rest
        painter.question(question, -1, frame)
    return Rendered(width, painter.blocks, Marks() if marks is None else marks)


@dataclass(slots=True)
class Painter:
    """Draws nodes into blocks, one after the other."""

    document: Document
    palette: Palette
    toggled: frozenset[str] = frozenset()
    blocks: list[Block] = field(default_factory=list)
    gap: Line | None = None
    depth: int = 0

    # Blocks

    def emit(self, line: int, frame: Frame, lines: list[Line], target: Target | None = None) -> None:
        """Add a block whose rows do not change."""
        rows = frame.enclose(lines)
        self.add(Block(line, lambda _marks: rows, lambda _marks: len(rows), target=target))

    def add(self, block: Block) -> None:
        block.above, self.gap = self.gap, None
        self.blocks.append(block)

    def children(self, nodes: list[Node], frame: Frame, tight: bool = False) -> None:
        """Draw siblings, an empty row between them."""
        for number, node in enumerate(nodes):
            if number and (not tight or node.kind in ("fence", "table", "details")):
                self.gap = frame.rest
            _PAINTERS.get(node.kind, Painter.unknown)(self, node, frame)

    def runs(self, node: Node, style: Style) -> list[Segment]:
        children = node.token.children if node.token is not None else None
        return inline_runs(children, self.palette, style)

    # Text

    def unknown(self, node: Node, frame: Frame) -> None:
        """Whatever has no drawing of its own: what is in it."""
        if node.children:
            self.children(node.children, frame)

    def paragraph(self, node: Node, frame: Frame) -> None:
        runs = self.runs(node.children[0], self.palette.base) if node.children else []
        if runs:
            self.emit(node.line, frame, wrap(runs, frame.width))

    def text(self, node: Node, frame: Frame) -> None:
        self.emit(node.line, frame, wrap([Segment(clean(node.title), self.palette.base)], frame.width))

    def title(self, hashes: str, title: str, frame: Frame) -> None:
        """The heading of a phase or a step."""
        if not title:
            return
        style = self.palette.base + self.palette.heading
        self.emit(-1, frame, wrap([Segment(hashes, style), Segment(clean(title), style)], frame.width))
        self.gap = frame.rest

    def heading(self, node: Node, frame: Frame) -> None:
        style = self.palette.base + self.palette.heading
        hashes = "#" * int(node.token.tag[1:]) if node.token is not None else "#"
        runs = self.runs(node.children[0], style) if node.children else []
        self.emit(node.line, frame, wrap([Segment(f"{hashes} ", style), *runs], frame.width))

    def rule(self, node: Node, frame: Frame) -> None:
        style = self.palette.base + self.palette.muted
        self.emit(node.line, frame, [[Segment("─" * frame.width, style)]])

    def table(self, node: Node, frame: Frame) -> None:
        self.emit(node.line, frame, table_lines(node, frame.width, self.palette, self.runs))

    # Blocks that hold blocks

    def items(self, node: Node, frame: Frame) -> None:
        """A list, ordered or not."""
        ordered = node.kind == "ordered_list"
        start = int(node.token.attrs.get("start", 1)) if node.token is not None else 1
        size = len(str(start + len(node.children) - 1)) if ordered else 1
        bullet = _BULLETS[self.depth % len(_BULLETS)]
        self.depth += 1
        for number, item in enumerate(node.children):
            tight = _tight(item)
            if number and not tight:
                self.gap = frame.rest
            marker = f"{start + number:>{size}}. " if ordered else f"{bullet} "
            marker += item.label
            inner = frame.nest(marker, " " * len(marker), self.palette.base + self.palette.label)
            if item.children:
                self.children(item.children, inner, tight)
            if inner.untouched:
                self.emit(item.line, inner, [[]])
        self.depth -= 1

    def quote(self, node: Node, frame: Frame) -> None:
        self.children(node.children, frame.nest("┃ ", "┃ ", self.palette.base + self.palette.muted))

    def callout(self, node: Node, frame: Frame) -> None:
        style = self.palette.label + (self.palette.caution if node.label in _CAUTIONS else Style())
        inner = frame.nest("┃ ", "┃ ", self.palette.base + style)
        label = clean(f"{node.label}: {node.title}" if node.title else node.label)
        self.emit(node.line, inner, wrap([Segment(label, self.palette.base + style)], inner.width))
        self.children(node.children, inner)

    def details(self, node: Node, frame: Frame) -> None:
        target = Target("details", str(node.number))
        is_open = node.open != (target.id in self.toggled)
        sign, word = ("▾ ", "") if is_open else ("▸ ", "  … folded")
        base = self.palette.base
        runs = [
            Segment(sign, base + self.palette.label),
            Segment(clean(node.title), base + self.palette.label),
            Segment(word, base + self.palette.muted),
        ]
        self.emit(node.line, frame, wrap(runs, frame.width), target)
        if is_open and node.children:
            self.gap = frame.rest
            self.children(node.children, frame.nest("  ", "  ", base))

    # Fences

    def code_block(self, node: Node, frame: Frame) -> None:
        self.code(node, frame, "")

    def code(self, node: Node, frame: Frame, language: str) -> None:
        source = node.token.content if node.token is not None else ""
        self.add_code(node.line, code(source, language, "  ", frame.width, self.palette), frame)

    def add_code(
        self,
        line: int,
        body: Code,
        frame: Frame,
        header: Callable[[Marks], list[Line]] | None = None,
        target: Target | None = None,
        cell: str | None = None,
    ) -> None:
        """A block of a header that may change, and code."""
        held = frame.copy()
        frame.untouched = False

        def draw(marks: Marks) -> list[Line]:
            return held.copy().enclose([*(header(marks) if header else []), *body.draw()])

        def measure(marks: Marks) -> int:
            return (len(header(marks)) if header else 0) + body.height()

        self.add(Block(line, draw, measure, target=target, cell=cell))

    def fence(self, node: Node, frame: Frame) -> None:
        token = node.token
        assert token is not None
        language = _language(token)
        cell, output = self.document.cells.get(node.line), self.document.outputs.get(node.line)
        if language == "quiz":
            self.quiz(node, frame)
        elif language == "output":
            if output is None or not output.hidden:
                self.expected(node, frame, output)
        elif cell is None or cell.role == "read":
            self.code(node, frame, language)
        elif not cell.hidden:
            body = code(token.content, cell.language, "│ ", frame.width, self.palette)
            header = partial(self.cell_header, cell, frame.width)
            self.add_code(node.line, body, frame, header, Target("cell", cell.id), cell.id)

    def expected(self, node: Node, frame: Frame, cell: Cell | None) -> None:
        source = node.token.content if node.token is not None else ""
        body = code(source, "", "┊ ", frame.width, self.palette)
        owner = cell.id if cell else None
        self.add_code(node.line, body, frame, partial(self.expected_header, owner, frame.width), cell=owner)

    def cell_header(self, cell: Cell, width: int, marks: Marks) -> list[Line]:
        return cell_header(cell, self.document.numbers[cell.id], marks.cell(cell.id), width, self.palette)

    def expected_header(self, owner: str | None, width: int, marks: Marks) -> list[Line]:
        return expected_header(marks.cell(owner or ""), width, self.palette)

    def quiz(self, node: Node, frame: Frame) -> None:
        span = node.token.map if node.token is not None else None
        if span:
            for line, question in self.document.inline_questions:
                if span[0] <= line < span[1]:
                    self.question(question, line, frame)

    def question(self, question: Question, line: int, frame: Frame) -> None:
        prompt = partial(_prompt, question.prompt, self.palette)
        held = frame.copy()
        frame.untouched = False

        def draw(marks: Marks) -> list[Line]:
            state = marks.question(question.id)
            lines = question_lines(question.kind, prompt, state, held.width, self.palette)
            return held.copy().enclose(lines)

        target = Target("question", question.id)
        block = Block(line, draw, lambda marks: len(draw(marks)), target=target, question=question.id)
        self.add(block)


_PAINTERS: Final[dict[str, Callable[[Painter, Node, Frame], None]]] = {
    "paragraph": Painter.paragraph,
    "text": Painter.text,
    "heading": Painter.heading,
    "hr": Painter.rule,
    "table": Painter.table,
    "bullet_list": Painter.items,
    "ordered_list": Painter.items,
    "blockquote": Painter.quote,
    "callout": Painter.callout,
    "details": Painter.details,
    "code_block": Painter.code_block,
    "fence": Painter.fence,
}


def _language(token: Token) -> str:
    """The first word of an info string, as the loader reads it."""
    word = token.info.split("{", 1)[0].split()
    return "" if not word or "=" in word[0] else clean(word[0]).lower()


def _prompt(prompt: str, palette: Palette, style: Style) -> list[Segment]:
    """A question's wording in one run of text."""
    from labrunner.content.markdown import parser

    tokens = parser().parseInline(clean(" ".join(prompt.split())))
    return inline_runs(tokens[0].children, palette, style)


def _tight(item: Node) -> bool:
    return all(
        child.token is None or child.kind != "paragraph" or child.token.hidden for child in item.children
    )
