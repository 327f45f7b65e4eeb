"""Readiness of a background cell: `port:8080`, `port:HOST:8080`, `file:PATH`, `log:REGEX`, `exit:0`.

`parse_probe` reads the text; `Probe.holds` looks once. A `port` host is an address, not a name. A file that was there
before the cell began does not count until it has changed.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from labrunner.shell.bounded_log import BoundedLog

ProbeKind = Literal["port", "file", "log", "exit"]
_CONNECT_SECONDS = 1.0
_LOOPBACK = ("127.0.0.1", "::1")
_REMEDY = "use port:8080, file:PATH, log:REGEX or exit:0"


@dataclass(frozen=True, slots=True)
class Probe:
    """What must be true for a cell to count as up. `argument` is checked by `parse_probe`."""

    kind: ProbeKind
    argument: str

    @property
    def port(self) -> int:
        """The port of a `port` probe."""
        return int(self.argument.rpartition(":")[2])

    @property
    def hosts(self) -> tuple[str, ...]:
        """The addresses of a `port` probe; either loopback address when none was given."""
        host = self.argument.rpartition(":")[0].strip("[]")
        return (host,) if host else _LOOPBACK

    @property
    def exit_code(self) -> int:
        """The exit code of an `exit` probe."""
        return int(self.argument)

    def describe(self) -> str:
        """What is being waited for, as the end of a sentence that begins with "not ready:"."""
        return _DESCRIPTIONS[self.kind].format(self.argument)


_DESCRIPTIONS: dict[ProbeKind, str] = {
    "port": "nothing accepts connections on port {}",
    "file": "the file {} has not appeared",
    "log": "no line of its log matches {}",
    "exit": "it has not ended with exit code {}",
}


def parse_probe(text: str) -> Probe:
    """Read a probe. Raises ValueError with a remedy."""
    kind, separator, argument = text.partition(":")
    if not separator or not argument:
        raise ValueError(f"{text!r} is no readiness probe: {_REMEDY}")
    match kind:
        case "port":
            number = argument.rpartition(":")[2]
            if not (number.isascii() and number.isdigit() and 0 < int(number) < 65536):
                raise ValueError(f"{number!r} is no port: use a number from 1 to 65535, as in port:8080")
            return Probe("port", argument)
        case "exit":
            if not (argument.isascii() and argument.isdigit() and int(argument) < 256):
                raise ValueError(f"{argument!r} is no exit code: use a number from 0 to 255, as in exit:0")
            return Probe("exit", argument)
        case "log":
            try:
                re.compile(argument)
            except re.error as error:
                raise ValueError(f"{argument!r} is no regular expression: {error}") from error
            return Probe("log", argument)
        case "file":
            return Probe("file", argument)
    raise ValueError(f"{kind!r} is no kind of readiness probe: {_REMEDY}")


class Observation:
    """Looks at one probe for one cell, again and again."""

    def __init__(self, probe: Probe, cwd: Path, log: BoundedLog) -> None:
        self._probe = probe
        self._log = log
        self._path = cwd / probe.argument
        self._before = _identity(self._path) if probe.kind == "file" else None
        self._pattern = re.compile(probe.argument if probe.kind == "log" else "", re.MULTILINE)
        self._seen = ""

    async def holds(self) -> bool:
        """Whether the probe holds now. An `exit` probe is decided by the exit itself and never holds here."""
        looks: dict[ProbeKind, Callable[[], Awaitable[bool]]] = {
            "port": lambda: is_listening(self._probe.hosts, self._probe.port),
            "file": self._file_changed,
            "log": self._log_matches,
            "exit": _never,
        }
        return await looks[self._probe.kind]()

    async def _file_changed(self) -> bool:
        now = _identity(self._path)
        return now is not None and now != self._before

    async def _log_matches(self) -> bool:
        self._seen += self._log.read_new().decode("utf-8", "replace")
        if self._pattern.search(self._seen):
            return True
        # Only an incomplete last line can still become a match; without one there is nothing to look at again.
        self._seen = self._seen[self._seen.rfind("\n") + 1 :]
        return False


async def is_listening(hosts: tuple[str, ...], port: int) -> bool:
    """Whether one of these addresses accepts a TCP connection."""
    for host in hosts:
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                _reader, writer = await asyncio.open_connection(host, port)
        except (OSError, TimeoutError):
            continue
        writer.close()
        return True
    return False


async def _never() -> bool:
    return False


def _identity(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size
