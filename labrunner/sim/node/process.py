"""A container's process on the clock: when it ends, what files it has made by now, what it has printed."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from labrunner.sim.node import images, programs
from labrunner.sim.node.outcomes import Outcome
from labrunner.sim.node.steps import Context, Step
from labrunner.sim.objects import Obj, get_path
from labrunner.sim.quantity import Quantity, QuantityError

HORIZON: Final = 120.0
_STEPS_AHEAD: Final = 4000
_LINES_KEPT: Final = 1000


def command_line(container: Obj) -> list[str] | None:
    """What the container runs: its command and arguments, the image's default, or None for a resident server."""
    command, args = container.get("command") or [], container.get("args") or []
    if command:
        return [*command, *args]
    try:
        reference = images.parse(container.get("image") or "")
    except images.BadReferenceError:
        return None
    default = images.default_command(reference)
    if args and default is not None:
        return list(args) if default == ["sh"] else [*default, *args]
    if default == ["sh"] and (container.get("tty") or container.get("stdin")):
        return None
    return None if args else default


def memory_limit(container: Obj) -> int:
    """The memory limit in bytes; 0 for none."""
    try:
        return Quantity.parse(get_path(container, "resources", "limits", "memory", default="0")).value()
    except QuantityError:
        return 0


class Process:
    """One run of a container. Offsets are seconds since its start."""

    def __init__(
        self, container: Obj, env: Mapping[str, str], started: datetime, scripted: Outcome | None = None
    ) -> None:
        self.started = started
        self.argv = command_line(container)
        self.exit_code: int | None = None
        self.exit_reason = ""
        self.exit_at: float | None = None
        self._files: list[tuple[float, bool, str]] = []
        self._lines: deque[tuple[float, str, bool]] = deque(maxlen=_LINES_KEPT)
        self._message: list[str] = []
        self._falls_back = container.get("terminationMessagePolicy") == "FallbackToLogsOnError"
        self._context = Context(
            env=env,
            clock_text=self._date,
            message_path=container.get("terminationMessagePath") or "/dev/termination-log",
            memory_limit=memory_limit(container),
            ignores_term=self.argv is not None,
        )
        self._resident = self.argv is None
        self._steps = None if self.argv is None else programs.run(self.argv, self._context)
        self._script(scripted)

    def _script(self, scripted: Outcome | None) -> None:
        if scripted is None:
            return
        if scripted.verb == "run":
            self._resident = True
            return
        self._resident = True
        self.exit_at = 1.0 if scripted.after is None else scripted.after
        if scripted.verb == "oom":
            self.exit_code, self.exit_reason = 137, "OOMKilled"
        else:
            self.exit_code = int(scripted.argument) if scripted.argument.isdigit() else 0

    def rewrite(self, scripted: Outcome | None, now: float) -> None:
        """Another end from *now* on; its time counts from there. None leaves everything as it is."""
        if scripted is not None:
            self._script(scripted)
            self.exit_at = now + (scripted.after or 0.0)

    def _date(self, offset: float) -> str:
        return (self.started + timedelta(seconds=offset)).strftime("%a %b %e %H:%M:%S UTC %Y")

    @property
    def finished_looking(self) -> bool:
        """Whether nothing more can be learnt: the end is known, or there is none."""
        return self._resident or self.exit_at is not None

    @property
    def looked_to(self) -> float:
        """The offset up to which the program has been followed."""
        return self._context.now

    def look_ahead(self, until: float, now: float | None = None) -> None:
        """Follow the program until the offset *until*, or its end.

        With *now*, stop early rather than lose lines that have been printed by then to ones still to come.
        """
        for _ in range(_STEPS_AHEAD):
            if self._steps is None or self._context.now > until:
                return
            half = _LINES_KEPT // 2
            if now is not None and len(self._lines) > half and self._lines[-half][0] > now:
                return
            step = next(self._steps, None)
            if step is None:
                self._steps = None
            else:
                self._note(step)

    def _note(self, step: Step) -> None:
        now = self._context.now
        if step.kind in ("file", "gone"):
            self._files.append((now, step.kind == "file", step.text))
        elif step.kind in ("out", "unknown"):
            self._lines.append((now, step.text, step.kind == "out"))
        elif step.kind == "message":
            self._message.append(step.text)
        elif step.kind == "forever":
            self._resident, self._steps = True, None
        elif step.kind == "exit" and not self._resident:
            self.exit_at, self.exit_code = now, int(step.number)
            oom = self.exit_code == 137 and self._context.memory_limit
            self.exit_reason = "OOMKilled" if oom else ""

    def message(self) -> str:
        """The termination message: what was written for it, or the log's end when the policy asks for that."""
        if self._message:
            return "\n".join(self._message)
        if self._falls_back and self.exit_code:
            return "\n".join(text for _, text, known in self._lines if known)[-2048:]
        return ""

    def files(self, offset: float) -> set[str]:
        """Files the process has made, and not removed, by *offset*."""
        self.look_ahead(offset)
        out: set[str] = set()
        for at, made, path in self._files:
            if at <= offset:
                (out.add if made else out.discard)(path)
        return out

    def lines(self, offset: float) -> list[tuple[float, str, bool]]:
        """Offset, text and whether it is really known, of what was printed by *offset*."""
        self.look_ahead(offset, offset)
        end = offset if self.exit_at is None else min(offset, self.exit_at)
        return [found for found in self._lines if found[0] <= end]

    def stops_politely(self) -> int | None:
        """The exit code on SIGTERM; None when the process ignores it and has to be killed."""
        if self.argv is None:
            return 0
        if self._context.term_exit is not None:
            return self._context.term_exit
        return None if self._context.ignores_term else 0
