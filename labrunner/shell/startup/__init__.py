"""Start-up files for a lab's shell: the lab's variables, the learner's own rc file, and the hooks that emit marks.

`prepare` writes them (mode 0600) into a session's private directory and says how to start the shell. The bodies are
`bash.bash`, `zsh.zsh` and `zshenv.zsh` beside this file; what differs from session to session is written above them.
"""

from __future__ import annotations

import os
import re
import secrets
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path

from labrunner.shell.environment import LabEnvironment
from labrunner.shell.events import ShellError, ShellKind
from labrunner.shell.processes import is_running

ENVIRONMENT_FILE = "environment"
"""In the session's directory: the live shell's exports, as shell commands, rewritten before each prompt."""

CLEAR_KEY = b"\x1b[7777;1~"
"""Bound in every keymap: empties the line being edited and answers with a mark."""
RUN_KEY: dict[ShellKind, bytes] = {"bash": b"\x1b[7777;2~\r", "zsh": b"\x1b[7777;2~"}
"""Runs the waiting cell. Bash has to be given the Enter as well."""
ABORT_KEY = b"\x07"
"""Leaves an incremental search, in the line editors of both shells."""

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_BODIES: dict[ShellKind, dict[str, str]] = {
    "bash": {"bashrc": "bash.bash"},
    "zsh": {".zshenv": "zshenv.zsh", ".zshrc": "zsh.zsh"},
}


@dataclass(frozen=True, slots=True)
class Launch:
    """How to start a shell."""

    executable: str
    arguments: tuple[str, ...]
    environment: dict[str, str]


@dataclass(frozen=True, slots=True)
class SessionFiles:
    """A session's private directory and the secret in its marks."""

    directory: Path
    nonce: str

    @property
    def environment(self) -> Path:
        """The live shell's exports, to be sourced by a shell of the same kind."""
        return self.directory / ENVIRONMENT_FILE

    @classmethod
    def create(cls, state_dir: Path, name: str) -> SessionFiles:
        """A new directory under `state_dir/shells`; what crashed sessions left there is removed. Raises OSError."""
        parent = state_dir / "shells"
        parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        for leftover in parent.iterdir():
            owner = leftover.suffix.removeprefix(".")
            if owner.isdigit() and not is_running(int(owner)):
                shutil.rmtree(leftover, ignore_errors=True)
        nonce = secrets.token_hex(16)
        directory = parent / f"{file_name(name)}-{nonce[:8]}.{os.getpid()}"
        directory.mkdir(mode=0o700)
        os.mkfifo(directory / "go", 0o600)
        for written_by_shell in (ENVIRONMENT_FILE, "last"):
            write_private(directory / written_by_shell, "")
        return cls(directory, nonce)

    def remove(self) -> None:
        """Delete the directory."""
        shutil.rmtree(self.directory, ignore_errors=True)


def is_variable_name(name: str) -> bool:
    """Whether a shell accepts `name` as the name of a variable."""
    return _IDENTIFIER.match(name) is not None


def file_name(label: str) -> str:
    """A label as a file's name: readable, without separators, never hidden or empty."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", label).strip("-")[:60] or "cell"


def find_shell(kind: ShellKind, search_path: str | None = None) -> str:
    """The shell's executable. Raises ShellError when there is none."""
    found = shutil.which(kind, path=search_path)
    if found is None:
        raise ShellError(f"{kind} is not installed or not on PATH: install it, or choose the other shell")
    return found


def prepare(
    kind: ShellKind,
    files: SessionFiles,
    environment: LabEnvironment,
    cwd: Path,
    *,
    learner_rc: bool = True,
    restore: bool = False,
) -> Launch:
    """Write the start-up files and say how to start.

    `learner_rc=False` leaves the learner's own files out; `restore` brings back the exports of the shell before.
    Raises ShellError (no such shell, a variable's name no shell accepts) and OSError.
    """
    process_environment = environment.process_environment()
    executable = find_shell(kind, process_environment["PATH"])
    header = _header(files, environment, cwd, learner_rc=learner_rc, restore=restore)
    for name, body in _BODIES[kind].items():
        text = (Path(__file__).with_name(body)).read_text("utf-8")
        write_private(files.directory / name, header + text)
        header = ""  # what the first file sets, the next may have reason to change
    if kind == "zsh":
        process_environment["ZDOTDIR"] = str(files.directory)
        return Launch(executable, ("zsh", "-i"), process_environment)
    arguments = ("bash", "--rcfile", str(files.directory / "bashrc"), "-i")
    return Launch(executable, arguments, process_environment)


def write_private(path: Path, text: str) -> None:
    """Write `text` to a file that only this user may read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
        file.write(text)


def _header(
    files: SessionFiles, environment: LabEnvironment, cwd: Path, *, learner_rc: bool, restore: bool
) -> str:
    variables = {
        "__labrunner_nonce": files.nonce,
        "__labrunner_dir": str(files.directory),
        "__labrunner_learner": "1" if learner_rc else "",
        "__labrunner_learner_zdotdir": environment.inherited.get("ZDOTDIR", ""),
        "__labrunner_restore": str(files.environment) if restore else "",
        "__labrunner_start": str(cwd),
    }
    lines = [f"{name}={shlex.quote(value)}" for name, value in variables.items()]
    lines.append("__labrunner_lab() {")
    for name, value in environment.exported().items():
        if not is_variable_name(name):
            raise ShellError(
                f"{name!r} cannot be a variable's name: use letters, digits and _, no digit first"
            )
        lines.append(f"  export {name}={shlex.quote(value)}")
    if environment.path_prefix:
        prefix = shlex.quote(os.pathsep.join(map(str, environment.path_prefix)) + os.pathsep)
        lines.append(f"  [[ $PATH == {prefix}* ]] || PATH={prefix}$PATH")
    lines += ["}", "", ""]
    return "\n".join(lines)
