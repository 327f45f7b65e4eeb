"""The sessions that can be replayed: folders of kubectl commands, with or without recorded answers."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

COMMANDS = "commands.txt"
RECORDED = "recorded.jsonl"
RECORDING_NODES = ("simulated-control-plane", "simulated-node-1")
"""The names of the two nodes of the cluster that recordings were made on."""


class SessionError(Exception):
    """A session cannot be used: what is wrong and where, and the way out."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Answer:
    """What kubectl said to one command. `code` is None where it had not ended when its time was up."""

    code: int | None
    stdout: str
    stderr: str


@dataclass(frozen=True, slots=True)
class Session:
    """A folder's commands, and the recorded answer of each (empty where nobody recorded it)."""

    name: str
    folder: Path
    commands: tuple[str, ...]
    recorded: tuple[Answer, ...] = ()


def shipped() -> Path:
    """The folder of the sessions that come with labrunner. They keep to namespaces of their own and clean up."""
    return Path(str(files(__package__) / "corpus"))


def load_all(folder: Path) -> tuple[Session, ...]:
    """Every session under *folder*, or *folder* itself where it is one. Raises SessionError where there is none."""
    if (folder / COMMANDS).is_file():
        return (load(folder),)
    found = sorted(path.parent for path in folder.glob(f"*/{COMMANDS}")) if folder.is_dir() else []
    if not found:
        raise SessionError(
            f"{folder} holds no sessions",
            f"A session is a folder with a {COMMANDS}: one kubectl command a line.",
        )
    return tuple(load(path) for path in found)


def load(folder: Path) -> Session:
    """The session in *folder*. Raises SessionError naming file and line."""
    commands = tuple(_commands(folder / COMMANDS))
    recording = folder / RECORDED
    return Session(
        folder.name, folder, commands, _recorded(recording, commands) if recording.is_file() else ()
    )


def _commands(path: Path) -> list[str]:
    commands = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            words = shlex.split(line)
        except ValueError as error:
            raise SessionError(
                f"{path}:{number}: not a command: {error}", "Close the quote on this line."
            ) from None
        if words[0] != "kubectl":
            raise SessionError(
                f"{path}:{number}: {words[0]!r} is not replayed", "Sessions hold kubectl commands only."
            )
        commands.append(line)
    return commands


def _recorded(path: Path, commands: tuple[str, ...]) -> tuple[Answer, ...]:
    answers = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        try:
            entry = json.loads(line)
            code = int(entry["rc"])
            answers.append(Answer(code if code >= 0 else None, entry["stdout"], entry["stderr"]))
            said = entry["cmd"]
        except (ValueError, KeyError, TypeError):
            raise SessionError(
                f"{path}:{number}: not an answer of the form cmd, rc, stdout, stderr",
                "Record the session again.",
            ) from None
        if number > len(commands) or commands[number - 1] != said:
            raise SessionError(
                f"{path}:{number}: answers {said!r}, which is not command {number} of {COMMANDS}",
                "Record the session again after changing its commands.",
            )
    if len(answers) != len(commands):
        raise SessionError(
            f"{path}: {len(answers)} answers to {len(commands)} commands", "Record the session again."
        )
    return tuple(answers)
