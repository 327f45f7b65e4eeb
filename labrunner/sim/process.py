"""The server process of a simulated cluster: start it, look after it, stop it.

A directory holds at most one running server: ``server.json`` names it, ``lock`` is held while it lives.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal

STATE: Final = "server.json"
LOCK: Final = "lock"
LOG: Final = "server.log"
DEFAULT_TIMEOUT: Final = 15.0


class StartError(Exception):
    """The server did not come up; the message says why."""


@dataclass(frozen=True, slots=True)
class Running:
    """A server that answers."""

    pid: int
    server: str
    kubeconfig: Path


State = Literal["running", "stopped", "died"]


@dataclass(frozen=True, slots=True)
class Status:
    """``died``: it was running and went without saying so (its state is kept in the journal)."""

    state: State
    running: Running | None = None


def start(directory: Path, *, timeout: float = DEFAULT_TIMEOUT, port: int = 0) -> Running:
    """The server of *directory*: the one that runs, or a new one. Raises StartError after *timeout* seconds."""
    found = status(directory)
    if found.running is not None:
        return found.running
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    command = [sys.executable, "-m", "labrunner.sim", "serve", "--dir", str(directory), "--port", str(port)]
    with (directory / LOG).open("ab") as log:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
            env=_environment(),
        )
    try:
        line = _first_line(child, timeout)
    except StartError:
        child.kill()
        child.wait()
        raise
    ready = json.loads(line)
    return Running(ready["pid"], ready["server"], Path(ready["kubeconfig"]))


def status(directory: Path) -> Status:
    """Whether the server of *directory* runs."""
    try:
        found = json.loads((directory / STATE).read_text())
        running = Running(found["pid"], found["server"], Path(found["kubeconfig"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Status("stopped")
    if _locked(directory):
        return Status("running", running)
    return Status("died")


def stop(directory: Path, *, timeout: float = 5.0) -> bool:
    """Stop the server of *directory*; whether there was one. It is killed when it does not go by itself."""
    found = status(directory).running
    if found is None:
        return False
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.kill(found.pid, sign)
        except ProcessLookupError:
            return True
        if _wait_unlocked(directory, timeout):
            return True
    return True


class Lock:
    """Held by the server of a directory while it lives; the kernel lets go of it when the process ends."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._fd = os.open(directory / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._fd)
            raise StartError(f"another server is already running on {directory}") from None

    def announce(self, running: Running) -> None:
        """Write down who serves."""
        fresh = self._directory / f".{STATE}.{os.getpid()}"
        body = {**asdict(running), "kubeconfig": str(running.kubeconfig)}
        fresh.write_text(json.dumps(body))
        fresh.replace(self._directory / STATE)

    def release(self) -> None:
        """Say that the server has stopped in order."""
        (self._directory / STATE).unlink(missing_ok=True)
        os.close(self._fd)


def _locked(directory: Path) -> bool:
    try:
        fd = os.open(directory / LOCK, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(fd)
    return False


def _wait_unlocked(directory: Path, timeout: float) -> bool:
    until = time.monotonic() + timeout
    while _locked(directory):
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


def _first_line(child: subprocess.Popen[bytes], timeout: float) -> bytes:
    assert child.stdout is not None
    until = time.monotonic() + timeout
    data = b""
    while not data.endswith(b"\n"):
        left = until - time.monotonic()
        if left <= 0 or not select.select([child.stdout], [], [], left)[0]:
            raise StartError(f"the simulated cluster was not ready after {timeout:g} s")
        piece = os.read(child.stdout.fileno(), 4096)
        if not piece:
            code = child.wait()
            raise StartError(_reason(data) or f"the simulated cluster's process ended with code {code}")
        data += piece
    found = data.splitlines()[0]
    if b'"error"' in found:
        child.wait()
        raise StartError(_reason(found))
    return found


def _reason(line: bytes) -> str:
    try:
        return str(json.loads(line)["error"])
    except (ValueError, KeyError, TypeError):
        return ""


def _environment() -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON") or k == "PYTHONPATH"}
    return {**kept, "PYTHONUNBUFFERED": "1"}
