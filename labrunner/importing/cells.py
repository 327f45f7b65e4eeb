"""Fences and commands of a foreign text → cells."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from labrunner.content.cells import SHELLS
from labrunner.content.paths import escape_reason
from labrunner.importing.draft import fenced
from labrunner.importing.segments import Fence

Tell = Callable[[int, str, str, str], None]
_CONSOLES = ("console", "shell-session", "shellsession", "terminal", "sh-session", "cmd", "ksh", "fish")
_RESERVED = ("output", "quiz")
_SESSION = re.compile(r"^(t|host|client|terminal)0*(\d{1,3})$", re.IGNORECASE)
_PROMPT = re.compile(r"^\s*[$%]\s+(.*)$")
_PLACEHOLDER = re.compile(r"<([A-Za-z][A-Za-z0-9]*(?:[-_ ][A-Za-z0-9]+)*)>")
_LITERAL = {
    "none",
    "pending",
    "title",
    "unknown",
    "nil",
    "html",
    "body",
    "div",
    "br",
    "p",
    "h1",
    "eof",
    "invalid",
}
_HEREDOC = re.compile(r"<<-?\s*['\"]?\w")
_EDITOR = re.compile(r"^\s*(?:sudo\s+)?(?:nano|vi|vim|code|gedit|emacs)\s+([\w./-]+)\s*$")
_PORT_FORWARD = re.compile(r"\bport-forward\b.*?\b(\d{2,5}):\d{1,5}\b")
_BACKGROUND = re.compile(r"^(.*[^&\s])\s*&\s*$")
_OFFERS = {
    "pod": "kubectl get pods -o name | cut -d/ -f2",
    "node": "kubectl get nodes -o name | cut -d/ -f2",
    "namespace": "kubectl get namespaces -o name | cut -d/ -f2",
    "deployment": "kubectl get deployments -o name | cut -d/ -f2",
    "service": "kubectl get services -o name | cut -d/ -f2",
}


@dataclass(slots=True)
class CellMaker:
    """Makes the cells of one text.

    In a `scenario` only what the source marks to run is run; in a `document` every shell fence; in a `solution` shell
    fences are solve cells.
    """

    style: Literal["scenario", "document", "solution"]
    expects_output: bool = False
    """Whether the last prose announced an output; the writer of documents sets it."""
    cell_open: bool = False
    """Whether the last cell has no expected output yet."""
    editing: tuple[str, int] | None = None
    """A file that the cell before opened in an editor, and its line."""

    def make(self, fence: Fence, source: str, following: Fence | None, tell: Tell) -> str | None:
        """The markdown of a fence; None when it becomes nothing of its own."""
        language = fence.language
        words = tuple(word.lower() for word in fence.words or ())
        if any(word.startswith("exec") for word in words):
            return self.command(source, words, fence.line, tell)
        if self.editing and (language not in SHELLS or self.style == "scenario"):
            path, line = self.editing
            self.editing = None
            written = self.file_cell(path, source, "")
            if written:
                tell(line, "editor and paste", "became", f"one cell that writes {path}")
                self.cell_open = False
                return written
        self.editing = None
        if not source.strip():
            tell(fence.line, "empty fence", "left out", "there is nothing in it")
            return None
        if self.style == "scenario":
            return self.reading(fence, source, tell)
        if language in _CONSOLES:
            return self.console(source, fence.line, tell)
        if language in SHELLS:
            return self.shell(fence, source, following, tell)
        if language in ("", "text", "output", "txt") and self.expects_output and self.cell_open:
            self.cell_open = False
            tell(fence.line, "expected output", "became", "the expected output of the cell above")
            return fenced("output", source)
        return self.reading(fence, source, tell)

    def reading(self, fence: Fence, source: str, tell: Tell) -> str:
        language = fence.language
        if language in SHELLS or language in _CONSOLES:
            tell(fence.line, "commands to copy", "became", "a cell to read")
            return fenced("bash", source, "run=false")
        if language in _RESERVED:
            language = "text"
        if self.style != "scenario":
            tell(fence.line, f"{language or 'plain'} block", "became", "reading matter")
        return fenced(language, source)

    def command(self, source: str, words: tuple[str, ...], line: int, tell: Tell) -> str:
        """A cell that runs; `words` are those of its suffix: `execute T2`, `exec interrupt`."""
        attributes = []
        for word in words[1:]:
            session = _SESSION.match(word)
            if word.lower() == "interrupt":
                attributes.append("interrupt")
            elif session and int(session[2]) != 1:
                attributes.append(f"session={session[1].lower()}{int(session[2])}")
            elif not session:
                tell(line, f"suffix {word[:40]}", "left out", "it is not known")
        tell(
            line,
            f"{{{{{' '.join(words)[:60]}}}}}",
            "became",
            f"a cell to run{' in ' if attributes else ''}{', '.join(attributes)}",
        )
        self.cell_open = True
        return fenced("bash", source.strip("\n"), " ".join(dict.fromkeys(attributes)))

    def console(self, source: str, line: int, tell: Tell) -> str:
        """A recorded session: what follows `$` is the cell, the rest its output."""
        typed = [found[1] for text in source.split("\n") if (found := _PROMPT.match(text))]
        shown = [text for text in source.split("\n") if not _PROMPT.match(text)]
        if not typed:
            typed, shown = source.rstrip("\n").split("\n"), []
        attribute = "solve" if self.style == "solution" else ""
        cell = fenced("bash", "\n".join(typed), attribute)
        tell(line, "recorded session", "became", "a cell")
        if len(typed) == 1 and any(text.strip() for text in shown) and not attribute:
            cell += "\n\n" + fenced("output", "\n".join(shown).strip("\n"))
        return cell

    def shell(self, fence: Fence, source: str, following: Fence | None, tell: Tell) -> str | None:
        """A fence of shell commands."""
        lines = [text for text in source.split("\n") if text.strip() and not text.lstrip().startswith("#")]
        if not lines:
            tell(fence.line, "comments in a shell block", "became", "reading matter")
            return fenced("text", source)
        edited = _EDITOR.match(lines[-1])
        if (
            edited
            and following is not None
            and following.language not in SHELLS
            and not escape_reason(edited[1])
        ):
            self.editing = (edited[1], fence.line)
            if len(lines) == 1:
                return None
            source = source.rstrip("\n").rsplit("\n", 1)[0]
        if self.style == "solution":
            if any(_EDITOR.match(text) for text in lines):
                tell(fence.line, "solution with an editor", "changed", "it is shown, not run")
                return fenced("bash", source, "run=false")
            tell(fence.line, "solution", "became", "a solve cell")
            return fenced("bash", source, "solve")
        if all(_PROMPT.match(text) for text in lines[:1]) and any(_PROMPT.match(text) for text in lines):
            return self.console(source, fence.line, tell)
        source, attributes = self.attributes(source, lines, fence.line, tell)
        if attributes != "run=false":
            self.cell_open = "background=true" not in attributes
            tell(fence.line, "shell block", "became", "a cell to run")
        return fenced(fence.language, source, attributes)

    def attributes(self, source: str, lines: list[str], line: int, tell: Tell) -> tuple[str, str]:
        """The source and the attributes that placeholders and background commands ask for."""
        if len(lines) == 1:
            background, forward = _BACKGROUND.match(lines[0]), _PORT_FORWARD.search(lines[0])
            if background or forward:
                tell(line, "background command", "became", "a background cell that the runner stops")
                ready = f' ready="port:{forward[1]}"' if forward and 0 < int(forward[1]) < 65536 else ""
                command = background[1] if background else lines[0]
                return command, f"background=true{ready}"
        if _HEREDOC.search(source):
            return source, ""
        names = {found[1] for found in _PLACEHOLDER.finditer(source) if found[1].lower() not in _LITERAL}
        if len(names) > 1:
            tell(line, "placeholders", "changed", f"{len(names)} values to fill in: a cell to read")
            return source, "run=false"
        if not names:
            return source, ""
        name = names.pop()
        variable = re.sub(r"[^A-Z0-9]+", "_", name.upper())
        offer = next((command for word, command in _OFFERS.items() if word in name.lower()), "")
        tell(line, f"placeholder <{name}>", "became", f"a question for {variable}")
        return source.replace(f"<{name}>", f"${{{variable}}}"), f"prompt={variable}" + (
            f' from="{offer}"' if offer else ""
        )

    def file_cell(self, path: str, source: str, attribute: str) -> str | None:
        """A cell that writes a workspace file; None when the path does not stay inside the workspace."""
        path = path.strip().removeprefix("/root/").removeprefix("~/").removeprefix("./")
        if (
            not path
            or escape_reason(path)
            or not re.fullmatch(r"[\w.@+-][\w./@+-]*", path)
            or path.endswith("/")
        ):
            return None
        language = {"yml": "yaml", "yaml": "yaml", "json": "json", "py": "python"}.get(
            path.rsplit(".", 1)[-1], "text"
        )
        return fenced(language, source, f"file={path}{attribute}")

    def finish(self) -> None:
        """The text ends: nothing of it is waited for any more."""
        self.editing = None
