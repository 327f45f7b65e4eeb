"""The modes a program can switch, as data, and their state."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

INSERT: Final = 4
NEWLINE: Final = 20

APPLICATION_CURSOR: Final = 1
ORIGIN: Final = 6
AUTOWRAP: Final = 7
CURSOR_BLINKS: Final = 12
CURSOR_VISIBLE: Final = 25
APPLICATION_KEYPAD: Final = 66
FOCUS_EVENTS: Final = 1004
SGR_MOUSE: Final = 1006
ALTERNATE_SCROLL: Final = 1007
BRACKETED_PASTE: Final = 2004
SYNCHRONIZED: Final = 2026

ALTERNATE_SCREENS: Final = frozenset({47, 1047, 1049})
_MOUSE: Final = (1003, 1002, 1000, 9)
MOUSE_MODES: Final = frozenset(_MOUSE)

KNOWN_ANSI: Final = frozenset({INSERT, NEWLINE})
KNOWN_PRIVATE: Final = frozenset(
    {APPLICATION_CURSOR, ORIGIN, AUTOWRAP, CURSOR_BLINKS, CURSOR_VISIBLE, APPLICATION_KEYPAD,
     FOCUS_EVENTS, SGR_MOUSE, ALTERNATE_SCROLL, BRACKETED_PASTE, SYNCHRONIZED, *ALTERNATE_SCREENS, *_MOUSE}
)  # fmt: skip
"""Everything else is answered with "not recognized" and not remembered."""

_INITIAL: Final = frozenset({AUTOWRAP, CURSOR_VISIBLE, ALTERNATE_SCROLL})
_SOFT_RESET: Final = {
    APPLICATION_CURSOR: False,
    ORIGIN: False,
    AUTOWRAP: True,
    CURSOR_VISIBLE: True,
    APPLICATION_KEYPAD: False,
}


class MouseTracking(IntEnum):
    """Which mouse events the program wants: the number of the mode that asks for them."""

    NONE = 0
    PRESS = 9
    CLICKS = 1000
    DRAG = 1002
    MOTION = 1003


class Modes:
    """Which modes are on.

    Attributes:
        ansi: Numbers of the ANSI modes (`CSI n h`) that are on.
        private: Numbers of the DEC private modes (`CSI ? n h`) that are on.
    """

    def __init__(self) -> None:
        self.ansi: set[int] = set()
        self.private: set[int] = set(_INITIAL)
        self._saved: dict[int, bool] = {}

    def switch(self, number: int, on: bool, *, private: bool) -> bool:
        """Switch a mode; returns False when the terminal does not know it."""
        known, enabled = (KNOWN_PRIVATE, self.private) if private else (KNOWN_ANSI, self.ansi)
        if number not in known:
            return False
        if on:
            enabled.add(number)
        else:
            enabled.discard(number)
        return True

    def report(self, number: int, *, private: bool) -> int:
        """DECRPM's value: 0 not recognized, 1 set, 2 reset."""
        known, enabled = (KNOWN_PRIVATE, self.private) if private else (KNOWN_ANSI, self.ansi)
        return 0 if number not in known else 1 if number in enabled else 2

    def save(self, number: int) -> None:
        """Remember a private mode (XTSAVE)."""
        if number in KNOWN_PRIVATE:
            self._saved[number] = number in self.private

    def saved(self, number: int) -> bool | None:
        """What XTSAVE remembered, if anything."""
        return self._saved.get(number)

    def soft_reset(self) -> None:
        """DECSTR."""
        self.ansi.discard(INSERT)
        for number, on in _SOFT_RESET.items():
            self.switch(number, on, private=True)

    @property
    def application_cursor(self) -> bool:
        """Arrow keys send SS3 sequences."""
        return APPLICATION_CURSOR in self.private

    @property
    def bracketed_paste(self) -> bool:
        """Pasted text is wrapped in markers."""
        return BRACKETED_PASTE in self.private

    @property
    def focus_events(self) -> bool:
        """Gaining and losing focus is reported."""
        return FOCUS_EVENTS in self.private

    @property
    def alternate_screen(self) -> bool:
        """A full-screen program is showing."""
        return not ALTERNATE_SCREENS.isdisjoint(self.private)

    @property
    def alternate_scroll(self) -> bool:
        """The wheel sends arrow keys while the alternate screen shows."""
        return ALTERNATE_SCROLL in self.private

    @property
    def newline(self) -> bool:
        """Enter sends CR LF."""
        return NEWLINE in self.ansi

    @property
    def mouse(self) -> MouseTracking:
        """The most talkative mouse mode that is on."""
        return MouseTracking(next((number for number in _MOUSE if number in self.private), 0))

    @property
    def sgr_mouse(self) -> bool:
        """Mouse reports in decimal (`CSI < … M`), without the limit of 223 columns."""
        return SGR_MOUSE in self.private
