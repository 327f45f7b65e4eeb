"""One foreign text → the body of a step: prose, cells, questions."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from labrunner.importing.account import Account
from labrunner.importing.cells import CellMaker
from labrunner.importing.draft import ModuleDraft, fenced
from labrunner.importing.places import localised
from labrunner.importing.prose import below_step, harmless, with_atx_headings, without_media
from labrunner.importing.quiz_lines import QuizReader
from labrunner.importing.segments import Fence, Prose, Segment, Verbatim

_EXEC = re.compile(r"(`{1,2})([^`]+)\1[ \t]?\{\{\s*(exec(?:ute)?\b[^{}]*)\}\}")
_OTHER_SUFFIX = re.compile(r"(`[^`\n]+`)[ \t]?\{\{\s*(?:(?:copy|open)\b[^{}\n]*)?\}\}")
_STRAY = re.compile(r"\{\{\s*(?:exec|execute|copy|open)\b[^{}\n]{0,80}\}\}")
_AT_HOME = re.compile(r"(?<![\w./-])(?:/root|~|\$HOME|\$\{HOME\})/([\w][\w./@+-]*)")
_MARK = re.compile("\x01(\\d+)\x01")
_ONLY_MARK = re.compile("^[ \t]*(?:[-*+][ \t]+|\\d{1,9}[.)][ \t]+)?\x01(\\d+)\x01[ \t.:;]*$")
_BREAK = re.compile(r"^\s*$|^[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]|^ {0,3}#")
_TAG = re.compile(r"<[^<>]{0,500}>")
_FILE_NAME = re.compile(r"data-filename=[\"']?([^\"' >]+)", re.IGNORECASE)
_TARGET = re.compile(r"data-target=[\"']?(\w+)", re.IGNORECASE)
_WORDS = {"append": " append", "prepend": "", "replace": "", "clipboard": ""}


@dataclass(slots=True)
class BodyWriter:
    """Turns segments into markdown of ours. `path` is the source file, `step` the id of the step written."""

    account: Account
    module: ModuleDraft
    path: str
    step: str
    cells: CellMaker
    bring: Callable[[str], str | None] = lambda _: None
    out: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    """Cells of commands that stand inside a paragraph: they follow it."""
    dedent: int = 0

    def write(self, segments: list[Segment]) -> str:
        """The body."""
        for number, segment in enumerate(segments):
            if isinstance(segment, Fence):
                following = next((s for s in segments[number + 1 :][:2] if isinstance(s, Fence)), None)
                self.fence(segment, following)
            elif isinstance(segment, Verbatim):
                self.verbatim(segment)
            else:
                self.prose(segment)
        self.release()
        self.cells.finish()
        return re.sub(r"\n{3,}", "\n\n", "\n".join(self.out)).strip("\n")

    def tell(self, line: int, construct: str, fate: str, detail: str) -> None:
        act = {"became": self.account.became, "changed": self.account.changed}.get(
            fate, self.account.left_out
        )
        act(self.path, line, construct, detail)

    def block(self, text: str) -> None:
        self.out += ["", text, ""]

    def release(self) -> None:
        for cell in self.waiting:
            self.block(cell)
        self.waiting = []

    def local(self, text: str, line: int) -> str:
        def say(offset: int, placeholder: str, replacement: str) -> None:
            self.tell(
                line + text.count("\n", 0, min(offset, 100_000)),
                "host placeholder",
                "changed",
                f"{placeholder} → {replacement}",
            )

        def at_home(found: re.Match[str]) -> str:
            if found[1] not in self.module.files:
                return found.group()
            self.tell(line, "path of an asset", "changed", f"{found.group()} → {found[1]}, in the workspace")
            return found[1]

        text = localised(text, say)
        return _AT_HOME.sub(at_home, text) if self.module.files else text

    def fence(self, fence: Fence, following: Fence | None) -> None:
        self.release()
        if fence.ending == "open":
            self.tell(fence.line, "fence", "changed", "it was never closed; it ends with the text")
        elif fence.ending == "reopened":
            self.tell(
                fence.line, "fence", "changed", "it was never closed; it ends where the next one begins"
            )
        source = self.local(fence.source, fence.line + 1)
        made = self.cells.make(fence, source, following, self.tell)
        if made is not None:
            self.block(made)
        self.dedent = fence.indent

    def verbatim(self, segment: Verbatim) -> None:
        self.release()
        if segment.tag == "!--":
            if segment.source.strip():
                self.tell(segment.line, "comment", "left out", "it was not shown")
            return
        if segment.tag in ("script", "style"):
            self.tell(segment.line, f"<{segment.tag}>", "left out", "a terminal has no use for it")
            return
        text = self.local(html.unescape(_TAG.sub("", segment.source)), segment.line).strip("\n")
        name = _FILE_NAME.search(segment.attributes)
        target = _TARGET.search(segment.attributes)
        written = name and self.cells.file_cell(
            name[1], text, _WORDS.get(target[1].lower() if target else "", "")
        )
        if name and written:
            self.tell(segment.line, "editor file", "became", f"a cell that writes {name[1][:100]}")
            self.block(written)
        else:
            self.tell(segment.line, f"<{segment.tag}>", "changed", "a block of text")
            self.block(fenced("text", text))

    def prose(self, segment: Prose) -> None:
        commands: list[str] = []
        text = self.local("\n".join(segment.lines), segment.line)

        def mark(found: re.Match[str]) -> str:
            line = segment.line + text.count("\n", 0, found.start()) if len(text) < 200_000 else segment.line
            source = found[2].strip("\n")
            commands.append(self.cells.command(source, tuple(found[3].split()), line, self.tell))
            codes.append(f"`{' '.join(source.split())}`")
            return f"\x01{len(commands) - 1}\x01"

        def stray(found: re.Match[str]) -> str:
            line = segment.line + text.count("\n", 0, found.start()) if len(text) < 200_000 else segment.line
            self.tell(line, f"stray {found.group()}", "left out", "no command in backticks stands before it")
            return ""

        codes: list[str] = []
        if "{{" in text:
            text = _EXEC.sub(mark, text)
            text = _OTHER_SUFFIX.sub(r"\1", text)
            text = _STRAY.sub(stray, text)
        quiz = QuizReader(self.module, self.step, self.tell)
        for offset, line in enumerate(with_atx_headings(text.split("\n"))):
            number = segment.line + offset
            if quiz.takes(line, number):
                continue
            self.line(line, number, commands, codes)
        quiz.end()
        self.release()

    def line(self, line: str, number: int, commands: list[str], codes: list[str]) -> None:
        blanks = len(line) - len(line.lstrip(" "))
        if line.strip():
            if blanks < self.dedent:
                self.dedent = 0
            line = line[min(blanks, self.dedent) :]
        if only := _ONLY_MARK.match(line):
            self.release()
            self.block(commands[int(only[1])])
            return
        if self.waiting and _BREAK.match(line):
            self.release()
        found = [int(mark[1]) for mark in _MARK.finditer(line)]
        if found:
            line = _MARK.sub(lambda mark: codes[int(mark[1])], line)
            self.waiting += [commands[index] for index in found]
        line = without_media(line, number, self.tell, self.bring)
        self.out.append(harmless(below_step(line)))
