"""One labrunner per lab: an advisory lock that the kernel drops when its holder dies, however it dies."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType


class LabBusyError(Exception):
    """Another labrunner has this lab open. `holder` is its process id, when it could be read."""

    def __init__(self, module: str, holder: int | None) -> None:
        who = f"process {holder}" if holder else "another process"
        super().__init__(f"{module} is open in another labrunner ({who})")
        self.holder = holder
        self.remedy = "Close it there first (press q), or end that process; your progress is safe either way."


class LabLock:
    """Held from `acquire` to `release`."""

    def __init__(self, path: Path, module: str) -> None:
        self._path = path
        self._module = module
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Raises LabBusyError when another process (or another session of this one) holds it."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 32).decode(errors="replace").strip()
            os.close(descriptor)
            raise LabBusyError(self._module, int(holder) if holder.isdigit() else None) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._descriptor = descriptor

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> LabLock:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
