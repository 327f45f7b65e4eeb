"""Foreign markdown cut into prose, fences and verbatim HTML, more leniently than CommonMark and in one pass.

A ` ```{{exec}} ` line ends a fence here, as it does on Killercoda, and a fence may be indented as deep as its list.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

_OPEN = re.compile(r"^([ \t]*)(?:[-*+][ \t]+|\d{1,9}[.)][ \t]+)?(`{3,}|~{3,})[ \t]*([^`]*)$")
_ONE_LINE = re.compile(
    r"^[ \t]*(?:[-*+][ \t]+|\d{1,9}[.)][ \t]+)?`{3,}([^`]+)`{3,}[ \t]*\{\{([^{}]*)\}\}[ \t]*$"
)
_CLOSE = re.compile(r"^[ \t]*(`{3,}|~{3,})[ \t]*(?:\{\{([^{}]*)\}\})?[^`~\w]*$")
_CLOSE_AFTER_TEXT = re.compile(r"^(.*[^`\s])[ \t]*`{3}\{\{([^{}]*)\}\}[ \t]*$")
_REOPEN = re.compile(r"^[ \t]*(?:`{3,}|~{3,})[ \t]*[A-Za-z][\w+-]*[ \t]*$")
_VERBATIM = re.compile(r"^[ \t]*<(pre|script|style|textarea)\b([^<>]*)>", re.IGNORECASE)
_WITH_FENCES = ("markdown", "md", "text", "txt", "")


@dataclass(frozen=True, slots=True)
class Prose:
    """Lines between fences. `line` is that of the first, from 1."""

    line: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fence:
    """A fenced block: `words` are those of its `{{…}}`, None without one; `ending` says how it ended."""

    line: int
    indent: int
    info: str
    source: str
    words: tuple[str, ...] | None
    ending: Literal["closed", "suffix", "reopened", "open"]

    @property
    def language(self) -> str:
        found = re.match(r"[\w+#.-]*", self.info.strip().lower())
        return found.group() if found else ""


@dataclass(frozen=True, slots=True)
class Verbatim:
    """An HTML element whose content is no markdown, or a comment (`tag` is then `!--`)."""

    line: int
    tag: str
    attributes: str
    source: str


Segment = Prose | Fence | Verbatim


@dataclass(slots=True)
class _Cutter:
    lines: list[str]
    first: int
    found: list[Segment] = field(default_factory=list)
    prose: list[str] = field(default_factory=list)
    prose_line: int = 0
    last: dict[str, int] = field(default_factory=dict)
    """The last line that holds each closing tag: what is opened below it is never closed."""

    def cut(self) -> list[Segment]:
        for number, line in enumerate(self.lines):
            if "-->" in line:
                self.last["!--"] = number
            if "</" in line:
                for tag in ("pre", "script", "style", "textarea"):
                    if f"</{tag}" in line.lower():
                        self.last[tag] = number
        position = 0
        while position < len(self.lines):
            position = self.step(position)
        self.flush()
        return self.found

    def step(self, at: int) -> int:
        """Take what begins at a line; the line after it."""
        line = self.lines[at]
        if found := _ONE_LINE.match(line):
            self.add(
                Fence(self.first + at, 0, "", found[1].strip() + "\n", tuple(found[2].split()), "suffix")
            )
            return at + 1
        if found := _OPEN.match(line):
            return self.fence(at, found)
        if (verbatim := _VERBATIM.match(line)) and self.last.get(verbatim[1].lower(), -1) >= at:
            return self.verbatim(at, verbatim)
        comment = line.find("<!--")
        if comment >= 0 and line.count("`", 0, comment) % 2 == 0 and self.last.get("!--", -1) >= at:
            return self.comment(at, comment)
        if not self.prose:
            self.prose_line = self.first + at
        self.prose.append(line)
        return at + 1

    def fence(self, at: int, found: re.Match[str]) -> int:
        markup, info = found[2], found[3].strip()
        indent = len(found[1].expandtabs(4))
        words: tuple[str, ...] | None = None
        if "{{" in info and "}}" in info:
            before, _, rest = info.partition("{{")
            inner, _, after = rest.partition("}}")
            info, words = f"{before} {after}".strip(), tuple(inner.split())
        content: list[str] = []
        position = at + 1
        ending: Literal["closed", "suffix", "reopened", "open"] = "open"
        while position < len(self.lines):
            line = self.lines[position]
            stripped = line.lstrip()
            if stripped[:1] == markup[0]:
                close = _CLOSE.match(line)
                if close and close[1][0] == markup[0] and len(close[1]) >= len(markup):
                    ending = "closed" if close[2] is None else "suffix"
                    words = words if close[2] is None else tuple(close[2].split())
                    position += 1
                    break
                language = info.split(None, 1)[0].lower() if info else "-"
                if stripped.startswith(markup) and language not in _WITH_FENCES and _REOPEN.match(line):
                    ending = "reopened"
                    break
            elif markup == "```" and (after := _CLOSE_AFTER_TEXT.match(line)) and "`" not in after[1]:
                content.append(after[1])
                ending, words = "suffix", tuple(after[2].split())
                position += 1
                break
            content.append(_dedented(line, indent))
            position += 1
        source = "".join(f"{line}\n" for line in content)
        self.add(Fence(self.first + at, indent, info, source, words, ending))
        return position

    def verbatim(self, at: int, found: re.Match[str]) -> int:
        tag = found[1].lower()
        position, inner = at, [self.lines[at][found.end() :]]
        while f"</{tag}" not in inner[-1].lower():
            position += 1
            inner.append(self.lines[position])
        end = inner[-1].lower().index(f"</{tag}")
        rest = inner[-1][end:].partition(">")[2]
        inner[-1] = inner[-1][:end]
        self.add(Verbatim(self.first + at, tag, found[2], "\n".join(inner)))
        self.lines[position] = rest
        return position if rest.strip() else position + 1

    def comment(self, at: int, column: int) -> int:
        position, inner = at, [self.lines[at][column + 4 :]]
        before = self.lines[at][:column]
        while "-->" not in inner[-1]:
            position += 1
            inner.append(self.lines[position])
        text, _, rest = inner[-1].partition("-->")
        inner[-1] = text
        if before.strip():
            if not self.prose:
                self.prose_line = self.first + at
            self.prose.append(before)
        self.add(Verbatim(self.first + at, "!--", "", "\n".join(inner)))
        self.lines[position] = rest
        return position if rest.strip() else position + 1

    def add(self, segment: Segment) -> None:
        self.flush()
        self.found.append(segment)

    def flush(self) -> None:
        if self.prose:
            self.found.append(Prose(self.prose_line, tuple(self.prose)))
            self.prose = []


def _dedented(line: str, indent: int) -> str:
    line = line.replace("\t", "    ", 1) if indent and line.startswith("\t") else line
    blanks = len(line) - len(line.lstrip(" "))
    return line[min(blanks, indent) :]


def segments(text: str, first_line: int = 1) -> list[Segment]:
    """The segments of a text in order; nothing is lost but the markup of fences and comments."""
    return _Cutter(text.split("\n"), first_line).cut()
