"""The commands of a shell cell, line by line, without comments and here-documents; and bash's own syntax check."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from labrunner.content.models import Cell
from labrunner.content.problems import Place, Problem

_HEREDOC = re.compile(r"<<(-?)\s*(['\"]?)([A-Za-z_][\w.-]*)\2")
_COMMENT = re.compile(r"(?:^|\s)#.*$")
_QUOTED = re.compile(r"'[^']*'")
_BASH_ERROR = re.compile(r"line (\d+): (.*)")
_PLACEHOLDER = re.compile(r"<[A-Za-z][\w -]*>")
SYNTAX_TIMEOUT = 5.0


@dataclass(frozen=True, slots=True)
class ShellLine:
    """One line of commands. `number` counts from 1 in the cell; `code` has its single-quoted texts blanked."""

    cell: Cell
    number: int
    code: str

    def place(self, offset: int = 0) -> Place:
        """Where an offset of the line stands in the file; the text of a cell is indented as its fence is."""
        fence = self.cell.place
        return Place(fence.path, fence.line + self.number, fence.column + offset)


def shell_lines(cell: Cell) -> Iterator[ShellLine]:
    """The lines that the shell runs: here-documents, comments and blank lines are left out, continuations joined."""
    ends: list[tuple[str, bool]] = []
    pending, first = "", 0
    for number, line in enumerate(cell.source.split("\n"), 1):
        if ends:
            word, tabs = ends[0]
            if (line.lstrip("\t") if tabs else line) == word:
                ends.pop(0)
            continue
        code = pending + line if pending else line
        first = first or number
        if line.endswith("\\") and not line.endswith("\\\\"):
            pending = code[:-1]
            continue
        pending = ""
        ends.extend((found[3], bool(found[1])) for found in _HEREDOC.finditer(code))
        code = _COMMENT.sub("", _QUOTED.sub(lambda found: f"'{' ' * (len(found.group()) - 2)}'", code))
        if code.strip():
            yield ShellLine(cell, first, code)
        first = 0


def syntax_problems(cells: Iterable[Cell]) -> Iterator[Problem]:
    """What `bash -n` says of each cell; nothing where there is no bash. The cells are read, never run."""
    bash = shutil.which("bash")
    checked = [cell for cell in cells if cell.language != "zsh"]
    if bash is None or not checked:
        return
    # One process for the cells that are right, as nearly all are: as bodies of functions they parse or fail alike.
    together = "".join(f"_{n}() {{ :\n{cell.source}\n}}\n" for n, cell in enumerate(checked))
    if _bash_says(bash, together) is None:
        return
    for cell in checked:
        said = _bash_says(bash, cell.source)
        if said is not None:
            yield _syntax_problem(cell, said)


def _bash_says(bash: str, source: str) -> str | None:
    """The errors of `bash -n`; None when there are none, or when bash gave no answer in time."""
    try:
        done = subprocess.run(
            [bash, "-n", "/dev/stdin"],
            input=source.encode("utf-8", "replace"),
            capture_output=True,
            timeout=SYNTAX_TIMEOUT,
            env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"},
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stderr.decode("utf-8", "replace") if done.returncode else None


def _syntax_problem(cell: Cell, said: str) -> Problem:
    found = _BASH_ERROR.search(said)
    number = min(int(found[1]), cell.source.count("\n") or 1) if found else 1
    reason = found[2] if found else said.strip()[:200] or "bash does not accept it"
    remedy = "mend the command; text that is not to run takes run=false"
    if _PLACEHOLDER.search(cell.source):
        remedy = "a <placeholder> is a redirection to the shell; ask for the value with prompt=NAME from=…"
    place = Place(cell.place.path, cell.place.line + number, cell.place.column)
    return Problem(place, "shell-syntax", f"bash cannot parse this: {reason}", remedy, "warning")
