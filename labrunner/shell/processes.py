"""Processes as the operating system knows them: identity, session members, waiting for an end. No threads.

Linux answers from /proc and pidfds; elsewhere `ps` is asked and waiting polls.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path

_PROC = Path("/proc")
_SIGNAL_MASKS = ("SigBlk:", "SigIgn:", "SigCgt:")
_POLL_SECONDS = 0.02
DEFAULT_SIGNALS = (
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGPIPE,
    signal.SIGTSTP,
)
"""Set back to their defaults in every process we start: labrunner itself may have been started with them ignored."""


class ChildWatch:
    """Calls `on_exit(exit_code)` once when our child `pid` has ended, and reaps it. 128 + n stands for signal n."""

    def __init__(self, pid: int, on_exit: Callable[[int], None]) -> None:
        self.pid = pid
        self._on_exit = on_exit
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._descriptor = _open_pidfd(pid)
        if self._descriptor is None:
            self._poll()
        else:
            self._loop.add_reader(self._descriptor, self._reap)

    def cancel(self) -> None:
        """Watch no longer. The child is not reaped."""
        if self._descriptor is not None:
            self._loop.remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _poll(self) -> None:
        if not self._reap():
            self._timer = self._loop.call_later(_POLL_SECONDS, self._poll)

    def _reap(self) -> bool:
        try:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
        except ChildProcessError:
            pid, status = self.pid, 0
        if pid == 0:
            return False
        self.cancel()
        code = os.waitstatus_to_exitcode(status)
        self._on_exit(code if code >= 0 else 128 - code)
        return True


async def wait_gone(pids: Iterable[int], within: float) -> bool:
    """Wait until none of these processes runs any more; False after `within` seconds. They need not be children."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    for pid in pids:
        while is_running(pid):
            remaining = deadline - loop.time()
            if remaining <= 0:
                return False
            await _wait_one(pid, remaining)
    return True


async def _wait_one(pid: int, within: float) -> None:
    loop = asyncio.get_running_loop()
    descriptor = _open_pidfd(pid)
    if descriptor is None:
        await asyncio.sleep(min(_POLL_SECONDS, within))
        return
    gone = asyncio.Event()
    loop.add_reader(descriptor, gone.set)
    try:
        await asyncio.wait_for(gone.wait(), within)
    except TimeoutError:
        pass
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


def is_running(pid: int) -> bool:
    """Whether the process exists and is not a zombie."""
    if _has_proc():
        stat = _stat(pid)
        return stat is not None and stat[0] not in ("Z", "X")
    state = _ps("-o", "state=", "-p", str(pid)).strip()
    return bool(state) and not state.startswith("Z")


def start_time(pid: int) -> str | None:
    """When the process started, as text that no other process with this pid will ever have; None if there is none."""
    if not _has_proc():
        return _ps("-o", "lstart=", "-p", str(pid)).strip() or None
    stat = _stat(pid)
    return None if stat is None else f"{_boot_id()}:{stat[19]}"


def command_line(pid: int) -> str | None:
    """The process's command line, arguments joined with blanks; None if there is no such process."""
    if not _has_proc():
        return _ps("-o", "command=", "-p", str(pid)).strip() or None
    try:
        raw = (_PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return None
    return os.fsdecode(raw.rstrip(b"\0").replace(b"\0", b" "))


def environment_contains(pid: int, assignment: str) -> bool:
    """Whether the process was started with `NAME=value` in its environment. False where that cannot be read."""
    try:
        raw = (_PROC / str(pid) / "environ").read_bytes()
    except OSError:
        return False
    return os.fsencode(assignment) in raw.split(b"\0")


def dies_of(pid: int, number: signal.Signals) -> bool:
    """Whether the process neither blocks, ignores nor handles this signal. False where that cannot be read."""
    try:
        status = (_PROC / str(pid) / "status").read_text("utf-8", "replace")
    except OSError:
        return False
    masks = [int(line.split()[1], 16) for line in status.splitlines() if line.startswith(_SIGNAL_MASKS)]
    return bool(masks) and not any(mask >> (number - 1) & 1 for mask in masks)


def session_members(session: int) -> list[int]:
    """Running processes of the session with this id (the pid of its leader, which may be gone already)."""
    if not _has_proc():
        rows = (line.split() for line in _ps("-A", "-o", "pid=,pgid=").splitlines())
        return [int(pid) for pid, group in rows if int(group) == session or _session_of(int(pid)) == session]
    members = []
    for entry in os.listdir(_PROC):  # noqa: PTH208 — a Path for each process would cost more than the reading
        if entry.isdigit():
            stat = _stat(int(entry))
            if stat is not None and int(stat[3]) == session and stat[0] not in ("Z", "X"):
                members.append(int(entry))
    return members


def send_signal(pids: Iterable[int], number: signal.Signals) -> None:
    """Signal each process that is still there and ours to signal."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except (ProcessLookupError, PermissionError):
            continue


async def end_session(
    session: int, first: signal.Signals, grace: float, belongs: Callable[[int], bool] | None = None
) -> None:
    """End every process of a session: `first`, then after `grace` seconds SIGKILL, until none is left.

    `belongs` may spare processes that are not ours.
    """
    for number, patience in ((first, grace), (signal.SIGKILL, 1.0), (signal.SIGKILL, 1.0)):
        members = [pid for pid in session_members(session) if belongs is None or belongs(pid)]
        if not members:
            return
        send_signal(members, number)
        send_signal(members, signal.SIGCONT)  # a stopped process would never see the signal
        await wait_gone(members, patience)


def _open_pidfd(pid: int) -> int | None:
    if sys.platform != "linux":
        return None
    try:
        return os.pidfd_open(pid)
    except OSError:
        return None


def _session_of(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except OSError:
        return None


def _stat(pid: int) -> list[str] | None:
    """Fields of /proc/PID/stat from the state on; the name before them may hold blanks and parentheses."""
    try:
        raw = (_PROC / str(pid) / "stat").read_bytes()
    except OSError:
        return None
    return os.fsdecode(raw[raw.rindex(b")") + 2 :]).split()


@lru_cache(maxsize=1)
def _has_proc() -> bool:
    return (_PROC / "self" / "stat").exists()


@lru_cache(maxsize=1)
def _boot_id() -> str:
    try:
        return (_PROC / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _ps(*arguments: str) -> str:
    return subprocess.run(["ps", *arguments], capture_output=True, text=True, check=False).stdout
