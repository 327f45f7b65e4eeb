"""The shell's state, told from its marks alone; no I/O, time is handed in.

The table says, for a state and a mark, the next state and what the step means. A pair that is not in it changes nothing
(a redrawn prompt, the end mark of an empty line).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from enum import Enum, auto
from pathlib import Path

from labrunner.shell.events import (
    CommandEnded,
    CommandStarted,
    DirectoryChanged,
    ShellEvent,
    ShellExited,
    State,
    StateChanged,
)
from labrunner.shell.marks import Mark, MarkKind


class Step(Enum):
    """What a transition means."""

    MOVE = auto()
    BEGIN = auto()
    END = auto()


_S, _K = State, MarkKind
TRANSITIONS: dict[tuple[State, MarkKind], tuple[State, Step]] = {
    (_S.STARTING, _K.PROMPT_END): (_S.PROMPT, Step.MOVE),
    (_S.PROMPT, _K.COMMAND_START): (_S.RUNNING, Step.BEGIN),
    (_S.PROMPT, _K.CONTINUATION): (_S.CONTINUATION, Step.MOVE),
    (_S.CONTINUATION, _K.COMMAND_START): (_S.RUNNING, Step.BEGIN),
    (_S.CONTINUATION, _K.COMMAND_END): (_S.RETURNING, Step.MOVE),  # Ctrl-C, or a syntax error
    (_S.CONTINUATION, _K.PROMPT_END): (_S.PROMPT, Step.MOVE),
    (_S.RUNNING, _K.COMMAND_END): (_S.RETURNING, Step.END),
    (_S.RUNNING, _K.PROMPT_START): (_S.RETURNING, Step.END),  # a command replaced our prompt hook
    (_S.RETURNING, _K.PROMPT_END): (_S.PROMPT, Step.MOVE),
}


class ShellMachine:
    """Holds the state of one shell process after another."""

    def __init__(self, cwd: Path) -> None:
        self.state = State.STARTING
        self.cwd = cwd
        self._next_label: str | None = None
        self._label: str | None = None
        self._began = 0.0

    def expect_cell(self, label: str | None) -> None:
        """The next command to begin is this cell and not something typed; None takes the expectation back."""
        self._next_label = label

    def mark(self, mark: Mark, now: float) -> Iterator[ShellEvent]:
        """The events that follow from a mark at `now` (seconds, monotonic)."""
        if mark.kind is MarkKind.COMMAND_END and mark.cwd is not None:
            cwd = Path(os.fsdecode(mark.cwd))
            if cwd != self.cwd:
                self.cwd = cwd
                yield DirectoryChanged(cwd)
        transition = TRANSITIONS.get((self.state, mark.kind))
        if transition is None:
            return
        state, step = transition
        if step is Step.BEGIN:
            self._began = now
            self._label, self._next_label = self._next_label, None
            yield from self._enter(state)
            yield CommandStarted(self._label)
            return
        if step is Step.END:
            yield self._ended(mark.exit_code, mark.command, now)
        yield from self._enter(state)

    def died(self, exit_code: int, now: float) -> Iterator[ShellEvent]:
        """The shell process is gone."""
        if self.state is State.RUNNING:
            yield self._ended(exit_code, None, now)
        self._next_label = None
        yield from self._enter(State.DEAD)
        yield ShellExited(exit_code)

    def restarting(self) -> Iterator[ShellEvent]:
        """A new process takes the old one's place."""
        yield from self._enter(State.STARTING)

    def _ended(self, exit_code: int | None, command: str | None, now: float) -> CommandEnded:
        label, self._label = self._label, None
        return CommandEnded(label, exit_code, now - self._began, command if label is None else None)

    def _enter(self, state: State) -> Iterator[ShellEvent]:
        previous, self.state = self.state, state
        if previous is not state:
            yield StateChanged(previous, state)
