"""Control sequences, as a table from prefix, intermediates and final character to what they do."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from labrunner import __version__
from labrunner.shell.terminal import modes as mode
from labrunner.shell.terminal.emulator import CursorShape
from labrunner.shell.terminal.modes import ALTERNATE_SCREENS
from labrunner.shell.terminal.state import State

Parameters = tuple[int, ...]
Command = Callable[[State, Parameters], None]

MAX_PARAMETER: Final = 65_535
_MAX_TITLES: Final = 10
_SHAPES: Final = (CursorShape.BLOCK, CursorShape.UNDERLINE, CursorShape.BAR)


def control_sequence(state: State, parameters: str, final: str) -> None:
    """Obey `CSI parameters final`; what is unknown or malformed does nothing."""
    if final == "m" and (not parameters or parameters[0] < "<"):
        state.screen.style = state.styles.sgr(state.screen.style, parameters)
        return
    if parameters and parameters[0] >= "<":
        final, parameters = parameters[0] + final, parameters[1:]
    command = COMMANDS.get(final)
    if command is not None:
        numbers = _numbers(parameters)
        if numbers is not None:
            command(state, numbers)


@lru_cache(maxsize=1024)
def _numbers(parameters: str) -> Parameters | None:
    """The parameters as numbers, an empty one as 0; None when they are malformed."""
    try:
        return tuple(min(int(part), MAX_PARAMETER) if part else 0 for part in parameters.split(";"))
    except ValueError:
        return None


def _count(numbers: Parameters) -> int:
    return numbers[0] or 1


def _second(numbers: Parameters) -> int:
    return numbers[1] if len(numbers) > 1 else 0


def _erase_display(state: State, numbers: Parameters) -> None:
    screen = state.screen
    match numbers[0]:
        case 0:
            screen.erase_cells(screen.x, screen.columns)
            screen.erase_rows(screen.y + 1, screen.rows)
        case 1:
            screen.erase_rows(0, screen.y)
            screen.erase_cells(0, screen.x + 1)
        case 2:
            screen.erase_rows(0, screen.rows)
        case 3:
            state.scrollback.clear()


def _erase_line(state: State, numbers: Parameters) -> None:
    screen = state.screen
    match numbers[0]:
        case 0:
            screen.erase_cells(screen.x, screen.columns)
        case 1:
            screen.erase_cells(0, screen.x + 1)
        case 2:
            screen.erase_cells(0, screen.columns)


def _edit_lines(state: State, numbers: Parameters, *, insert: bool) -> None:
    screen = state.screen
    if screen.top <= screen.y <= screen.bottom:
        (screen.insert_lines if insert else screen.delete_lines)(_count(numbers), screen.y)
        screen.move(0, screen.y)


def _scroll_down(state: State, numbers: Parameters) -> None:
    if len(numbers) == 1:  # with more it would start xterm's highlight tracking
        state.screen.scroll_down(_count(numbers))


def _vertical(state: State, numbers: Parameters, *, up: bool) -> None:
    screen = state.screen
    (screen.up if up else screen.down)(_count(numbers))
    screen.x = 0


def _clear_tabs(state: State, numbers: Parameters) -> None:
    if numbers[0] == 0:
        state.screen.tabs.discard(state.screen.x)
    elif numbers[0] == 3:
        state.screen.tabs.clear()


def _margins(state: State, numbers: Parameters) -> None:
    state.screen.set_margins(_count(numbers) - 1, (_second(numbers) or state.rows) - 1)


def _cursor_shape(state: State, numbers: Parameters) -> None:
    if numbers[0] <= 6:
        number = max(numbers[0], 1) - 1
        state.shape = _SHAPES[number // 2]
        state.modes.switch(mode.CURSOR_BLINKS, numbers[0] != 0 and number % 2 == 0, private=True)


def _switch_ansi(state: State, numbers: Parameters, *, on: bool) -> None:
    for number in numbers:
        state.modes.switch(number, on, private=False)


def _switch_private(state: State, numbers: Parameters, *, on: bool) -> None:
    for number in numbers:
        switch_private(state, number, on)


def switch_private(state: State, number: int, on: bool) -> None:
    """Set or reset a DEC private mode, with what it does at once."""
    if number == 1048:
        (state.save_cursor if on else state.restore_cursor)()
    elif number in ALTERNATE_SCREENS:
        _switch_screen(state, number, on)
    elif state.modes.switch(number, on, private=True):
        if number == mode.ORIGIN:
            state.screen.address(0, 0)
        elif number == mode.SYNCHRONIZED:
            (state.hold if on else state.release)()
        elif number in mode.MOUSE_MODES and on:
            for other in mode.MOUSE_MODES - {number}:
                state.modes.switch(other, False, private=True)


def _switch_screen(state: State, number: int, on: bool) -> None:
    shown = state.screen is state.alternate
    if on:
        if number == 1049:
            if not shown:
                state.save_cursor()
            state.clear_alternate()
        state.show_alternate(True)
    else:
        if number == 1047 and shown:
            state.clear_alternate()
        state.show_alternate(False)
        if number == 1049:
            state.restore_cursor()
    for alias in ALTERNATE_SCREENS:
        state.modes.switch(alias, on and alias == number, private=True)


def _save_modes(state: State, numbers: Parameters) -> None:
    for number in numbers:
        state.modes.save(number)


def _restore_modes(state: State, numbers: Parameters) -> None:
    for number in numbers:
        on = state.modes.saved(number)
        if on is not None and on != (number in state.modes.private):
            switch_private(state, number, on)


def _device_status(state: State, numbers: Parameters) -> None:
    if numbers[0] == 5:
        state.reply("\x1b[0n")
    elif numbers[0] == 6:
        state.reply(f"\x1b[{_cursor_report(state)}R")


def _private_status(state: State, numbers: Parameters) -> None:
    if numbers[0] == 6:
        state.reply(f"\x1b[?{_cursor_report(state)};1R")


def _cursor_report(state: State) -> str:
    screen = state.screen
    top = screen.top if mode.ORIGIN in state.modes.private else 0
    return f"{screen.y - top + 1};{screen.x + 1}"


def _report_mode(state: State, numbers: Parameters, *, private: bool) -> None:
    value = state.modes.report(numbers[0], private=private)
    state.reply(f"\x1b[{'?' if private else ''}{numbers[0]};{value}$y")


def _answer(text: str) -> Command:
    def answer(state: State, numbers: Parameters) -> None:
        if not numbers[0]:
            state.reply(text)

    return answer


def _window(state: State, numbers: Parameters) -> None:
    match numbers[0]:
        case 18:
            state.reply(f"\x1b[8;{state.rows};{state.columns}t")
        case 22 if len(state.titles) < _MAX_TITLES:
            state.titles.append(state.title)
        case 23 if state.titles:
            state.title = state.titles.pop()


COMMANDS: Final[dict[str, Command]] = {
    "@": lambda s, n: s.screen.insert_blanks(_count(n)),
    "A": lambda s, n: s.screen.up(_count(n)),
    "B": lambda s, n: s.screen.down(_count(n)),
    "C": lambda s, n: s.screen.move(s.screen.x + _count(n), s.screen.y),
    "D": lambda s, n: s.screen.move(s.screen.x - _count(n), s.screen.y),
    "E": lambda s, n: _vertical(s, n, up=False),
    "F": lambda s, n: _vertical(s, n, up=True),
    "G": lambda s, n: s.screen.address(_count(n) - 1, None),
    "H": lambda s, n: s.screen.address((_second(n) or 1) - 1, _count(n) - 1),
    "I": lambda s, n: s.screen.tab(_count(n)),
    "J": _erase_display,
    "K": _erase_line,
    "L": lambda s, n: _edit_lines(s, n, insert=True),
    "M": lambda s, n: _edit_lines(s, n, insert=False),
    "P": lambda s, n: s.screen.delete_cells(_count(n)),
    "S": lambda s, n: s.screen.scroll_up(_count(n)),
    "T": _scroll_down,
    "X": lambda s, n: s.screen.erase_cells(s.screen.x, s.screen.x + _count(n)),
    "Z": lambda s, n: s.screen.tab_back(_count(n)),
    "`": lambda s, n: s.screen.address(_count(n) - 1, None),
    "a": lambda s, n: s.screen.move(s.screen.x + _count(n), s.screen.y),
    "b": lambda s, n: s.repeat(_count(n)),
    "c": _answer("\x1b[?62;22c"),
    "d": lambda s, n: s.screen.address(None, _count(n) - 1),
    "e": lambda s, n: s.screen.move(s.screen.x, s.screen.y + _count(n)),
    "f": lambda s, n: s.screen.address((_second(n) or 1) - 1, _count(n) - 1),
    "g": _clear_tabs,
    "h": lambda s, n: _switch_ansi(s, n, on=True),
    "l": lambda s, n: _switch_ansi(s, n, on=False),
    "n": _device_status,
    "r": _margins,
    "s": lambda s, _: s.save_cursor(),
    "t": _window,
    "u": lambda s, _: s.restore_cursor(),
    "?J": _erase_display,
    "?K": _erase_line,
    "?h": lambda s, n: _switch_private(s, n, on=True),
    "?l": lambda s, n: _switch_private(s, n, on=False),
    "?n": _private_status,
    "?r": _restore_modes,
    "?s": _save_modes,
    ">c": _answer("\x1b[>1;10;0c"),
    "=c": _answer("\x1bP!|00000000\x1b\\"),
    ">q": _answer(f"\x1bP>|labrunner({__version__})\x1b\\"),
    "$p": lambda s, n: _report_mode(s, n, private=False),
    "?$p": lambda s, n: _report_mode(s, n, private=True),
    "!p": lambda s, _: s.soft_reset(),
    " q": _cursor_shape,
}
