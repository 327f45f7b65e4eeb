"""One markdown file → phases, steps and fences of the outline, with their places.

Structure comes from the tokens of `markdown.blocks`, so headings inside fences, comments and quotes do not count.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labrunner.content.cells import Fence
from labrunner.content.fields import INVALID, Record
from labrunner.content.findings import Findings
from labrunner.content.front_matter import PHASE, STEP
from labrunner.content.info_string import read_info
from labrunner.content.markdown import MAX_NESTING, blocks, plain_text, slug
from labrunner.content.nodes import Mapping, Node, Origin, Sequence
from labrunner.content.outline import Outline, PhaseDraft, StepDraft, add_fence
from labrunner.content.problems import Place
from labrunner.content.yaml12 import read_yaml

if TYPE_CHECKING:
    from markdown_it.token import Token

_METADATA = re.compile(r"\s*<!--\s*(step|phase)\s*:")
_FENCE_LINE = re.compile(r"\s*(`{3,}|~{3,})")
_VERBATIM_HTML = re.compile(r"\s*<(?:pre|script|style|textarea)\b", re.IGNORECASE)
_TEXT_LANGUAGES = ("markdown", "md", "text", "txt", "")


def split_front_matter(text: str) -> tuple[str | None, str, int]:
    """The YAML between the `---` lines at the top, the text with those lines blanked, and the lines taken.

    The YAML is None when there is no front matter; the count is -1 when it is opened and never closed.
    """
    lines = text.split("\n")
    if lines[0].rstrip() != "---":
        return None, text, 0
    for number in range(1, len(lines)):
        if lines[number].rstrip() in ("---", "..."):
            yaml = "\n".join(lines[1:number])
            return yaml, "\n" * (number + 1) + "\n".join(lines[number + 1 :]), number + 1
    return None, text, -1


@dataclass(slots=True)
class DocumentReader:
    """Walks the tokens of one file and adds what it finds to the outline."""

    path: Path
    text: str
    outline: Outline
    findings: Findings
    lines: list[str] = field(init=False)
    phase: PhaseDraft | None = None
    step: StepDraft | None = None
    body_start: int = 0
    intro_open: bool = False

    def __post_init__(self) -> None:
        self.lines = self.text.split("\n")
        self.phase = self.outline.phases[-1] if self.outline.phases else None

    def read(self) -> None:
        """Read the whole file."""
        tokens = blocks(self.text)
        deepest = False
        skip = -1
        for index, token in enumerate(tokens):
            if token.type == "heading_open" and token.level == 0 and token.tag in ("h1", "h2"):
                skip = self.heading(tokens, index)
            elif token.type == "fence":
                self.fence(token)
            elif token.type == "html_block" and index != skip:
                self.html(token)
            if token.level >= MAX_NESTING - 1 and not deepest:
                deepest = True
                message = f"lists or quotes are nested more than {MAX_NESTING // 2} deep here"
                self.findings.error(
                    self.place(token), "nesting", message, "flatten them; deeper text is not read"
                )
        self.close(len(self.lines))

    def place(self, token: Token, column: int = 1) -> Place:
        return Place(self.path, (token.map[0] if token.map else 0) + 1, column)

    def heading(self, tokens: list[Token], index: int) -> int:
        """Begin a phase or a step; the index of the metadata comment it took, or -1."""
        token, content = tokens[index], tokens[index + 1].content
        assert token.map
        start, end = token.map
        self.close(start)
        place = self.place(token)
        title = plain_text(content)
        if "<!--" in content and _METADATA.match(content[content.index("<!--") :]):
            remedy = "put the comment on the line below"
            self.findings.error(place, "misplaced-metadata", "metadata stands inside of the heading", remedy)
        if not title:
            self.findings.error(place, "empty-heading", "this heading has no text", "give it a title")
        after = tokens[index + 3] if index + 3 < len(tokens) else None
        kind = "phase" if token.tag == "h1" else "step"
        taken, node = -1, None
        values: dict[str, Any] = {}
        if after is not None and after.type == "html_block" and after.level == 0:
            found = _METADATA.match(after.content)
            if found and found[1] == kind and after.map:
                values, node = self.metadata(after, found, PHASE if kind == "phase" else STEP)
                taken, end = index + 3, after.map[1]
        if kind == "phase":
            self.begin_phase(title, place, values)
        else:
            self.begin_step(title, place, values, node)
        self.body_start = end
        return taken

    def begin_phase(self, title: str, place: Place, values: dict[str, Any]) -> None:
        self.phase = PhaseDraft(title, place, values.get("id") or slug(title), values)
        self.outline.phases.append(self.phase)
        self.step, self.intro_open = None, True

    def begin_step(self, title: str, place: Place, values: dict[str, Any], node: Node | None) -> None:
        if self.phase is None:
            self.phase = PhaseDraft("", place, "start")
            self.outline.phases.append(self.phase)
        step_id = (
            values.get("id")
            or slug(title)
            or f"step-{sum(len(phase.steps) for phase in self.outline.phases) + 1}"
        )
        self.step = StepDraft(step_id, title, place, values, node)
        self.phase.steps.append(self.step)
        self.intro_open = False

    def close(self, end: int) -> None:
        """Give the lines from `body_start` up to `end` to the step or intro that is open."""
        start = self.body_start
        while start < end and not self.lines[start].strip():
            start += 1
        body = "\n".join(self.lines[start:end]).rstrip()
        if self.step is not None:
            self.step.body, self.step.body_line = body, start + 1
        elif self.intro_open and self.phase is not None:
            self.phase.intro = body
        elif body:
            # text above the first heading of a file
            if self.phase is None:
                self.phase = PhaseDraft("", Place(self.path, start + 1), "start")
                self.outline.phases.append(self.phase)
                self.phase.intro = body
            else:
                place = Place(self.path, start + 1)
                remedy = "begin the file with a # or ## heading"
                self.findings.error(place, "outside-step", "this text stands above the first heading", remedy)

    def metadata(
        self, token: Token, found: re.Match[str], record: Record
    ) -> tuple[dict[str, Any], Node | None]:
        """The values of a `<!-- step: … -->` comment."""
        assert token.map
        end = token.content.find("-->")
        if end < 0:
            return {}, None  # reported as an unclosed comment
        raw = self.lines[token.map[0]]
        first_line = token.content.split("\n", 1)[0]
        indent = len(raw) - len(first_line) if raw.endswith(first_line) else 0
        origin = Origin(self.path, token.map[0] + 1, (indent + found.end(),))
        node, problems = read_yaml(token.content[found.end() : end], origin)
        self.findings.extend(problems)
        if problems:
            self.findings.give_up("step")
        if token.content[end + 3 :].strip():
            message = "text follows the metadata comment on its line"
            self.findings.error(
                self.place(token), "misplaced-metadata", message, "put it on a line of its own"
            )
        if node is None:
            return {}, None
        values = record.read(node, self.findings)
        return ({} if values is INVALID else values), node

    def html(self, token: Token) -> None:
        """Report comments that swallow text or stand where they mean nothing, and fences HTML hides."""
        text = token.content
        if text.lstrip().startswith("<!--"):
            if "-->" not in text:
                self.findings.error(
                    self.place(token), "unclosed-comment", "this comment is never closed", "end it with -->"
                )
                self.findings.give_up("cell", "step", "question")
            elif found := _METADATA.match(text):
                heading = "##" if found[1] == "step" else "#"
                message = f"this {found[1]} metadata does not stand under a {heading} heading"
                remedy = f"move it directly below its {heading} heading"
                self.findings.error(self.place(token), "misplaced-metadata", message, remedy)
            return
        if _VERBATIM_HTML.match(text) or not token.map:
            return
        for offset, line in enumerate(text.split("\n")):
            if found := _FENCE_LINE.match(line):
                place = Place(self.path, token.map[0] + offset + 1, found.start(1) + 1)
                message = "this fence belongs to the HTML above it and is not read as a fence"
                self.findings.error(place, "fence-in-html", message, "leave a blank line above it")
                return

    def fence(self, token: Token) -> None:
        assert token.map
        start, end = token.map
        raw = self.lines[start]
        column = max(raw.find(token.markup), 0)
        place = Place(self.path, start + 1, column + 1)
        content = token.content.split("\n")[:-1]
        if not self.closed(token, place, content):
            return
        origin = Origin(self.path, start + 1, (column + len(token.markup),))
        info = read_info(token.info, origin, self.findings)
        columns = tuple(
            len(line) - len(inner) if line.endswith(inner) else 0
            for line, inner in zip(self.lines[start + 1 : end], content, strict=False)
        )
        source = "".join(f"{line}\n" for line in content)
        if info.language not in _TEXT_LANGUAGES:
            self.swallowed(token, content)
        fence = Fence(info, source, place, end, columns if info.language == "quiz" else ())
        add_fence(fence, self.step, self.findings)

    def closed(self, token: Token, place: Place, content: list[str]) -> bool:
        """Whether the fence has its closing line; reports it otherwise."""
        assert token.map
        start, end = token.map
        if end - start >= len(content) + 2:
            return True
        remedy = f"end it with a line of {token.markup}"
        near = self.looks_like_end(token, content)
        if near is not None:
            remedy += f"; line {start + 2 + near} does not end it, because text follows its backticks"
        self.findings.error(place, "unclosed-fence", "this fence is never closed", remedy)
        self.findings.give_up("cell", "step", "question")
        return False

    def looks_like_end(self, token: Token, content: list[str]) -> int | None:
        """The first line inside a fence that begins like its end but carries text."""
        for number, line in enumerate(content):
            stripped = line.lstrip()
            if stripped.startswith(token.markup) and stripped.strip(token.markup[0] + " \t"):
                return number
        return None

    def swallowed(self, token: Token, content: list[str]) -> None:
        """A fence line inside a fence is nearly always a missing or wrongly written end."""
        near = self.looks_like_end(token, content)
        if near is None or token.map is None:
            return
        line = token.map[0] + 2 + near
        place = Place(self.path, line, max(self.lines[line - 1].find(token.markup), 0) + 1)
        message = f"this line does not end the fence of line {token.map[0] + 1}, it belongs to its text"
        longer = token.markup + token.markup[0]
        remedy = f"end that fence with {token.markup} alone; if it is meant so, begin it with {longer}"
        self.findings.error(place, "swallowed-fence", message, remedy)


def metadata_list(node: Node | None, key: str) -> list[Node]:
    """The nodes of a list in a metadata comment, for the places of its names."""
    if not isinstance(node, Mapping):
        return []
    value = node.get(key)
    if isinstance(value, Sequence):
        return list(value.items)
    return [] if value is None else [value]
