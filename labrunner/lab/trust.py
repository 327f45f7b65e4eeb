"""Which packs the learner has let run their own commands, remembered by what is in them.

Trust belongs to a content: a pack in which anything changed that could run is another one and is asked about again.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from labrunner.content.checks_model import (
    AnswerCheck,
    CheckSpec,
    CommandCheck,
    ExecCheck,
    GroupCheck,
    ScriptCheck,
)
from labrunner.content.models import CellRole, Module
from labrunner.content.pack import Pack, builtin_pack_path

_SKIPPED = (".git", ".hg", ".svn", "__pycache__", ".venv", "node_modules")
_AUTOMATIC_ROLES: tuple[CellRole, ...] = ("setup", "fault", "cleanup", "reset", "solve")


@dataclass(frozen=True, slots=True)
class Runs:
    """Something of a pack that runs without the learner typing it: where it stands, what it is, a hash of its text."""

    module: str
    where: str
    what: str
    text: str

    @property
    def digest(self) -> str:
        """The first characters of the SHA-256 of its text."""
        return hashlib.sha256(self.text.encode("utf-8", "replace")).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class TrustedPack:
    """A pack that was trusted: its content's digest, where it was then, its title, unix time in seconds."""

    digest: str
    path: str
    title: str
    at: float


class TrustError(Exception):
    """The record of trust cannot be read or written."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


def what_runs(pack: Pack) -> Iterator[Runs]:
    """Everything of a pack that runs by itself or on a single key: lifecycle cells, check commands, scripts."""
    for folder in pack.folders():
        module = pack.load(folder.name).module
        if module is None:
            continue
        for cell in module.cells():
            where = f"{_shown(cell.place.path, pack.path)}:{cell.place.line}"
            if cell.role in _AUTOMATIC_ROLES:
                yield Runs(module.id, where, f"{cell.role} cell {cell.id}", cell.source)
            elif cell.prompt_from:
                yield Runs(module.id, where, f"offer of cell {cell.id}", cell.prompt_from)
        yield from _check_runs(module, pack.path)
        yield from _scripts(folder, module.id, pack.path)


def _check_runs(module: Module, base: Path) -> Iterator[Runs]:
    for check in module.checks.values():
        for command in _commands(check):
            yield Runs(
                module.id,
                f"{_shown(check.place.path, base)}:{check.place.line}",
                f"check {check.id}",
                command,
            )


def _commands(check: CheckSpec) -> Iterator[str]:
    assertion = check.assertion
    if isinstance(assertion, GroupCheck):
        for part in assertion.parts:
            yield from _commands(part)
    elif isinstance(assertion, CommandCheck):
        yield assertion.run
    elif isinstance(assertion, AnswerCheck):
        if assertion.command:
            yield assertion.command
    elif isinstance(assertion, ScriptCheck):
        yield " ".join([assertion.path, *assertion.arguments])
    elif isinstance(assertion, ExecCheck):
        yield repr(assertion)
    for hint in check.when_failed:
        yield from _commands(hint.condition)
    for evidence in check.collect:
        if isinstance(evidence, dict) and isinstance(evidence.get("command"), str):
            yield evidence["command"]


def _scripts(folder: Path, module_id: str, base: Path) -> Iterator[Runs]:
    """Files that are programs: they have a `#!` line, or are named or marked as programs."""
    for path in _files(folder / "files"):
        data = _head(path)
        executable = path.stat().st_mode & stat.S_IXUSR
        if data.startswith(b"#!") or path.suffix in (".sh", ".bash") or executable:
            text = path.read_bytes().decode("utf-8", "replace")
            yield Runs(module_id, _shown(path, base), "program", text)


def pack_digest(pack: Path) -> str:
    """SHA-256 over the name, permission to run and content of every file of a pack; links count as what they say."""
    total = hashlib.sha256()
    for path in _files(pack):
        name = path.relative_to(pack).as_posix()
        total.update(name.encode("utf-8", "surrogateescape") + b"\0")
        try:
            if path.is_symlink():
                total.update(b"link\0" + os.fsencode(path.readlink()))
                # What a link leads to may run too.
                path = path.resolve()
            mode = path.stat().st_mode
            if not stat.S_ISREG(mode):
                total.update(b"other\0")
                continue
            total.update(b"x" if mode & stat.S_IXUSR else b"-")
            total.update(_file_digest(path))
        except (OSError, RuntimeError):
            total.update(b"unreadable\0")
    return total.hexdigest()


def _file_digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _files(folder: Path) -> Iterator[Path]:
    """Every file and link below a folder, sorted; links to folders are not followed."""
    for parent, folders, names in os.walk(folder):
        here = Path(parent)
        links = [name for name in folders if (here / name).is_symlink()]
        folders[:] = sorted(name for name in folders if name not in _SKIPPED and name not in links)
        for name in sorted([*names, *links]):
            yield here / name


def _head(path: Path) -> bytes:
    try:
        if not path.is_file():
            return b""
        with path.open("rb") as file:
            return file.read(2)
    except OSError:
        return b""


def _shown(path: Path, base: Path) -> str:
    return path.relative_to(base).as_posix() if path.is_relative_to(base) else str(path)


class TrustStore:
    """The record in labrunner's data folder. Reading it is cheap; a damaged record trusts nobody."""

    def __init__(self, data: Path) -> None:
        self._file = data / "trust.json"

    def packs(self) -> list[TrustedPack]:
        """All trusted packs, the oldest first."""
        try:
            listed = json.loads(self._file.read_text(encoding="utf-8"))["packs"]
            return [TrustedPack(**entry) for entry in listed]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, KeyError, TypeError):
            return []

    def trusts(self, pack: Path) -> bool:
        """Whether this very content was trusted. Reads the whole pack only where some pack was trusted."""
        known = {entry.digest for entry in self.packs()}
        return bool(known) and pack_digest(pack.resolve()) in known

    def add(self, pack: Pack) -> TrustedPack:
        """Trust a pack as it is now; what was trusted at the same path before is forgotten. Raises TrustError."""
        path = pack.path.resolve()
        entry = TrustedPack(pack_digest(path), str(path), pack.title, time.time())
        self._write(
            [old for old in self.packs() if old.path != entry.path and old.digest != entry.digest] + [entry]
        )
        return entry

    def revoke(self, pack: Path) -> list[TrustedPack]:
        """Forget what was trusted at a path, or has its content now; the entries that went. Raises TrustError."""
        path = pack.resolve()
        digest = pack_digest(path) if path.is_dir() else ""
        gone = [entry for entry in self.packs() if entry.path == str(path) or entry.digest == digest]
        if gone:
            self._write([entry for entry in self.packs() if entry not in gone])
        return gone

    def _write(self, packs: list[TrustedPack]) -> None:
        text = json.dumps({"version": 1, "packs": [asdict(entry) for entry in packs]}, indent=1)
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            descriptor, temporary = tempfile.mkstemp(dir=self._file.parent, prefix=self._file.name)
            with os.fdopen(descriptor, "w", encoding="utf-8") as out:
                out.write(text + "\n")
            Path(temporary).replace(self._file)
        except OSError as error:
            raise TrustError(
                f"{self._file} cannot be written: {error.strerror or error}", "Free the folder for writing."
            ) from None


def is_trusted(pack: Path, data: Path) -> bool:
    """Whether a pack's own commands may run: the built-in pack's always, another's once it was trusted as it is."""
    return pack.resolve() == builtin_pack_path().resolve() or TrustStore(data).trusts(pack)
