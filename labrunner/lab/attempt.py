"""One attempt at a module: its events in the log, and the progress they add up to."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from labrunner.lab.commands import Command
from labrunner.lab.decisions import Setting, decide
from labrunner.lab.events import LabEvent, LabResumed, LabStarted, from_data, to_data
from labrunner.lab.progress import LabProgress, evolve, fold
from labrunner.progress.log import Entry, EventLog


def load_progress(log: EventLog, module_id: str) -> tuple[str | None, LabProgress]:
    """The attempt that a learner would resume, and where it stands; (None, nothing) for a module never begun."""
    attempt = log.latest_attempt(module_id)
    if attempt is None:
        return None, LabProgress()
    records = ((record.at, from_data(record.kind, record.data)) for record in log.attempt(module_id, attempt))
    return attempt, fold((at, event) for at, event in records if event is not None)


class Attempt:
    """Turns commands into recorded events. An event reaches `progress` only after the log has it on disk."""

    def __init__(
        self,
        setting: Setting,
        log: EventLog,
        clock: Callable[[], float],
        on_event: Callable[[float, LabEvent], None],
    ) -> None:
        self.setting = setting
        self.progress = LabProgress()
        self._log = log
        self._clock = clock
        self._on_event = on_event
        self.name = ""

    def begin(self, cluster: str, *, simulated: bool, fresh: bool = False) -> bool:
        """Resume the latest attempt unless it is finished, or `fresh` is asked; True when it was resumed."""
        name, progress = load_progress(self._log, self.setting.module.id)
        digest = self.setting.module.digest
        if name is None or fresh or progress.finished_at is not None:
            self.name = secrets.token_hex(6)
            self.record(LabStarted(cluster, simulated, digest))
            return False
        self.name, self.progress = name, progress
        self.record(LabResumed(cluster, simulated, digest))
        return True

    def do(self, command: Command) -> tuple[LabEvent, ...]:
        """Decide and record. Raises RefusedError, or ProgressError when the log cannot be written."""
        events = decide(self.setting, self.progress, command)
        self.record(*events)
        return events

    def record(self, *events: LabEvent) -> None:
        """Events that belong together: a kill between a check's pass and its step's completion must not part them."""
        at = self._clock()
        module = self.setting.module.id
        if events:
            self._log.append_all(
                [Entry(at, module, self.name, event.kind, to_data(event)) for event in events]
            )
        for event in events:
            self.progress = evolve(self.progress, at, event)
            self._on_event(at, event)

    @property
    def finished(self) -> bool:
        return self.progress.finished_at is not None
