"""Escape sequences, and the strings OSC and DCS."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from labrunner.shell.terminal import modes as mode
from labrunner.shell.terminal.emulator import CursorShape, OscReceived, TitleChanged
from labrunner.shell.terminal.row import PLAIN, Row
from labrunner.shell.terminal.state import State, printable
from labrunner.shell.terminal.styles import DEFAULT_COLOUR, RGB, Attribute, Style

_MAX_TITLE: Final = 256
_MAX_LINK: Final = 1024
_REPORTED: Final = frozenset({7, 52, 133})
_COLOUR_QUERIES: Final = {10: "foreground", 11: "background", 12: "cursor"}
_SHAPE_NUMBER: Final = {CursorShape.BLOCK: 1, CursorShape.UNDERLINE: 3, CursorShape.BAR: 5}


def escape_sequence(state: State, sequence: str) -> None:
    """Obey `ESC sequence`; the unknown does nothing."""
    command = _ESCAPES.get(sequence)
    if command is not None:
        command(state)
    elif len(sequence) == 2 and sequence[0] in "()":
        state.designate("()".index(sequence[0]), sequence[1])


def _next_line(state: State) -> None:
    state.screen.line_feed()
    state.screen.move(0, state.screen.y)


def _index(state: State) -> None:
    state.screen.line_feed()
    state.screen.pending = False


def _reverse_index(state: State) -> None:
    state.screen.reverse_line_feed()
    state.screen.pending = False


def _alignment_pattern(state: State) -> None:
    screen = state.screen
    screen.top, screen.bottom = 0, screen.rows - 1
    screen.lines = [Row("E" * screen.columns, PLAIN * screen.columns)] * screen.rows
    screen.move(0, 0)


def _set_tab(state: State) -> None:
    state.screen.tabs.add(state.screen.x)


_ESCAPES: Final[dict[str, Callable[[State], None]]] = {
    "7": State.save_cursor,
    "8": State.restore_cursor,
    "D": _index,
    "E": _next_line,
    "H": _set_tab,
    "M": _reverse_index,
    "Z": lambda state: state.reply("\x1b[?62;22c"),
    "c": State.reset,
    "=": lambda state: state.modes.private.add(mode.APPLICATION_KEYPAD),
    ">": lambda state: state.modes.private.discard(mode.APPLICATION_KEYPAD),
    "#8": _alignment_pattern,
}


def string_sequence(state: State, kind: str, payload: str, terminator: str) -> None:
    """Obey an OSC or DCS string; APC, PM and SOS mean nothing here."""
    if kind == "]":
        _operating_system_command(state, payload, "\x07" if terminator == "\x07" else "\x1b\\")
    elif kind == "P":
        _device_control(state, payload)


def _operating_system_command(state: State, payload: str, terminator: str) -> None:
    number_text, _, body = payload.partition(";")
    if not re.fullmatch(r"[0-9]{1,4}", number_text, re.ASCII):
        return
    number = int(number_text)
    if number in (0, 2):
        state.title = printable(body, _MAX_TITLE)
        state.events.append(TitleChanged(state.title))
    elif number == 8:
        link = printable(body.partition(";")[2], _MAX_LINK)
        style = state.styles[state.screen.style]
        state.screen.style = state.styles.identify(style._replace(link=link))
    elif number in _REPORTED:
        state.events.append(OscReceived(number, body))
    elif number in _COLOUR_QUERIES and body == "?":
        colour = getattr(state.colours, _COLOUR_QUERIES[number])
        if colour is not None:
            shown = "/".join(f"{channel:02x}" * 2 for channel in colour)
            state.reply(f"\x1b]{number};rgb:{shown}{terminator}")


def _device_control(state: State, payload: str) -> None:
    """DECRQSS and XTGETTCAP: programs wait for an answer, so the unknown is answered too."""
    if payload.startswith("$q"):
        setting = {"m": _sgr_report, "r": _margin_report, " q": _shape_report}.get(payload[2:])
        state.reply(f"\x1bP1$r{setting(state)}{payload[2:]}\x1b\\" if setting else "\x1bP0$r\x1b\\")
    elif payload.startswith("+q"):
        state.reply("\x1bP0+r\x1b\\")


def _margin_report(state: State) -> str:
    return f"{state.screen.top + 1};{state.screen.bottom + 1}"


def _shape_report(state: State) -> str:
    steady = mode.CURSOR_BLINKS not in state.modes.private
    return str(_SHAPE_NUMBER[state.shape] + steady)


def _sgr_report(state: State) -> str:
    style: Style = state.styles[state.screen.style]
    parts = ["0"]
    for number, attribute in ((1, Attribute.BOLD), (2, Attribute.DIM), (3, Attribute.ITALIC),
                              (5, Attribute.BLINK), (7, Attribute.REVERSE), (8, Attribute.HIDDEN),
                              (9, Attribute.STRIKE), (53, Attribute.OVERLINE)):  # fmt: skip
        if style.attributes & attribute:
            parts.append(str(number))
    if style.underline:
        parts.append("4" if style.underline == 1 else f"4:{style.underline}")
    for number, colour in ((38, style.foreground), (48, style.background), (58, style.underline_colour)):
        if colour >= RGB:
            parts.append(f"{number}:2::{colour >> 16 & 255}:{colour >> 8 & 255}:{colour & 255}")
        elif 0 <= colour < 16 and number < 58:
            parts.append(str(number - 8 + colour if colour < 8 else number + 44 + colour))
        elif colour != DEFAULT_COLOUR:
            parts.append(f"{number}:5:{colour}")
    return ";".join(parts)
