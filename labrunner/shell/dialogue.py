"""The dialogue between a session and the shell's line editor while a cell is being handed over; no I/O.

Idle → `hold` (typed keys wait) → `clear` (our key is sent; the editor answers with a mark and draws its prompt anew) →
ready (all that follows is hidden: the command that sources the cell is nobody's business) → `release` once the command has
begun, or when it is given up.
"""

from __future__ import annotations

import re
from enum import Enum, auto

from labrunner.shell.marks import Mark, MarkKind
from labrunner.shell.startup import ABORT_KEY

_MODES = re.compile(rb"\x1b\[\?[0-9;]+[hl]|\x1b[=>]")


class Stage(Enum):
    """How far the dialogue has come."""

    IDLE = auto()
    HOLDING = auto()
    CLEARING = auto()
    CLEARED = auto()
    READY = auto()


class LineDialogue:
    """Holds back keys and output during the hand-over."""

    def __init__(self) -> None:
        self.stage = Stage.IDLE
        self._keys = bytearray()
        self._hidden = bytearray()

    def hold(self) -> None:
        """From now on typed keys wait."""
        self.stage = Stage.HOLDING

    def clear(self) -> None:
        """The clear key is being sent."""
        self.stage = Stage.CLEARING

    def keys(self, data: bytes) -> bytes:
        """Keys the learner typed: those that may go to the terminal now."""
        if self.stage is Stage.IDLE:
            return data
        self._keys += data
        return b""

    def output(self, data: bytes) -> bytes:
        """Output of the shell: what may be shown."""
        if self.stage is Stage.READY:
            self._hidden += data
            return b""
        if self.stage is Stage.CLEARING:
            return data.replace(ABORT_KEY, b"")  # the bell that answers the abort key is the same byte
        return data

    def mark(self, mark: Mark) -> None:
        """A mark of the shell has come."""
        if self.stage is Stage.CLEARING and mark.kind is MarkKind.CLEARED:
            self.stage = Stage.CLEARED
        elif self.stage is Stage.CLEARED and mark.kind is MarkKind.PROMPT_END:
            self.stage = Stage.READY

    def release(self) -> tuple[bytes, bytes]:
        """End the dialogue. Returns output to show and keys to send.

        Of the hidden output only mode switches are left: the terminal must follow them (bracketed paste, keypad).
        """
        modes, keys = b"".join(_MODES.findall(self._hidden)), bytes(self._keys)
        self.stage = Stage.IDLE
        self._hidden.clear()
        self._keys.clear()
        return modes, keys
