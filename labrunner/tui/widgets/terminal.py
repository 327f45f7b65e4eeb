"""A terminal in a widget: it shows what an emulator holds and turns keys and mouse into bytes.

It knows of no process. Whoever owns one feeds its output to `Terminal.feed` and writes the bytes of
`Terminal.Input` to it.
"""

from __future__ import annotations

import base64
import binascii
from typing import ClassVar, Final

from textual import events
from textual.message import Message

from labrunner.shell.terminal import (
    Bell,
    Emulator,
    Event,
    MouseTracking,
    OscReceived,
    TitleChanged,
    VirtualTerminal,
)
from labrunner.shell.terminal.keys import encode_focus, encode_key, encode_paste
from labrunner.shell.terminal.mouse import Action, Button, MouseEvent, encode_mouse
from labrunner.tui.widgets.terminal_view import TerminalView

RESERVED_KEYS: Final = frozenset({"f1", "f6"})
"""Keys the app keeps while the terminal has the focus: help, and leaving the pane."""

WHEEL_ROWS: Final = 3
_MAX_CLIPBOARD: Final = 48_000
_BUTTONS: Final = {0: Button.NONE, 1: Button.LEFT, 2: Button.MIDDLE, 3: Button.RIGHT}


class Terminal(TerminalView, can_focus=True):
    """Shows a program's terminal and sends it what is typed.

    Args:
        emulator: What is shown; a new `VirtualTerminal` by default.
        reserved_keys: Names of keys that go to the app instead of the program.
        name: As for any widget.
        id: As for any widget.
        classes: As for any widget.
    """

    DEFAULT_CSS: ClassVar[str] = """
    Terminal {
        width: 1fr;
        height: 1fr;
        border-left: blank;
        background: $background;
        color: $foreground;
    }
    Terminal:focus {
        border-left: outer $accent;
    }
    """

    class Input(Message):
        """Bytes to write to the program."""

        def __init__(self, terminal: Terminal, data: bytes) -> None:
            super().__init__()
            self.terminal = terminal
            self.data = data

        @property
        def control(self) -> Terminal:
            """The terminal they come from."""
            return self.terminal

    class Resized(Message):
        """The size, in cells, that the program is to be told."""

        def __init__(self, terminal: Terminal, columns: int, rows: int) -> None:
            super().__init__()
            self.terminal = terminal
            self.columns = columns
            self.rows = rows

        @property
        def control(self) -> Terminal:
            """The terminal that changed."""
            return self.terminal

    class Happened(Message):
        """The program set its title, or sent OSC 7 (directory) or 133 (prompt marks)."""

        def __init__(self, terminal: Terminal, event: TitleChanged | OscReceived) -> None:
            super().__init__()
            self.terminal = terminal
            self.event = event

        @property
        def control(self) -> Terminal:
            """The terminal it happened in."""
            return self.terminal

    def __init__(
        self,
        emulator: Emulator | None = None,
        *,
        reserved_keys: frozenset[str] = RESERVED_KEYS,
        name: str | None = None,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(
            VirtualTerminal() if emulator is None else emulator, name=name, id=id, classes=classes
        )
        self.reserved_keys = reserved_keys

    # Output of the program

    def feed(self, data: bytes) -> None:
        """Show output of the program. Cheap for some kilobytes at a time; must run on the app's thread."""
        self.emulator.feed(data)
        self._send(self.emulator.take_replies())
        for event in self.emulator.take_events():
            self._handle(event)
        self.show_changes()

    def _handle(self, event: Event) -> None:
        if isinstance(event, Bell):
            self.app.bell()
        elif isinstance(event, OscReceived) and event.number == 52:
            self._set_clipboard(event.payload)
        else:
            self.post_message(self.Happened(self, event))

    def _set_clipboard(self, payload: str) -> None:
        """OSC 52: a program may fill the clipboard, but is never told what is in it."""
        data = payload.partition(";")[2]
        if data == "?" or len(data) > _MAX_CLIPBOARD:
            return
        try:
            self.app.copy_to_clipboard(base64.b64decode(data, validate=True).decode("utf-8", "replace"))
        except binascii.Error:
            return

    def on_resize(self) -> None:
        """Give the emulator, and whoever owns the program, the new size."""
        columns, rows = self.content_size
        if columns and rows:
            self.fit(columns, rows)
            self.post_message(self.Resized(self, columns, rows))

    def _scroll_key(self, key: str) -> bool:
        """Whether a key is one that moves the view; a full-screen program gets these itself."""
        if self.emulator.modes.alternate_screen:
            return False
        page = max(self.emulator.rows - 1, 1)
        everything = len(self.emulator.scrollback)
        steps = {
            "shift+pageup": page,
            "shift+pagedown": -page,
            "shift+home": everything,
            "shift+end": -everything,
        }
        if key not in steps:
            return False
        self.scroll_back(steps[key])
        return True

    # Keys, pastes, focus

    def _send(self, data: bytes) -> None:
        if data:
            self.post_message(self.Input(self, data))

    def on_focus(self) -> None:
        self._focus_changed(True)

    def on_blur(self) -> None:
        self._focus_changed(False)

    def _focus_changed(self, focused: bool) -> None:
        self._send(encode_focus(focused, self.emulator.modes))
        self.place_cursor()
        self.refresh()

    def on_key(self, event: events.Key) -> None:
        if event.key in self.reserved_keys:
            return
        event.stop()
        event.prevent_default()
        if event.key in ("ctrl+insert", "ctrl+shift+c") and self.text_selection is not None:
            self.screen.action_copy_text()
        elif not self._scroll_key(event.key):
            data = encode_key(event.key, event.character, self.emulator.modes)
            if data:
                self.scroll_back(-self.rows_back)
                self._send(data)

    def on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self.scroll_back(-self.rows_back)
        self._send(encode_paste(event.text, self.emulator.modes))

    # Mouse

    @property
    def allow_select(self) -> bool:
        """Text can be selected unless the program wants the mouse."""
        return self.emulator.modes.mouse is MouseTracking.NONE

    def _report(self, event: events.MouseEvent, action: Action, button: Button) -> bool:
        """Tell the program of a mouse event; False when it does not want the mouse."""
        if self.emulator.modes.mouse is MouseTracking.NONE or self.rows_back:
            return False
        event.stop()
        event.prevent_default()
        x, y = event.get_content_offset_capture(self)
        if 0 <= x < self.emulator.columns and 0 <= y < self.emulator.rows:
            report = MouseEvent(action, button, x, y, event.shift, event.meta, event.ctrl)
            self._send(encode_mouse(report, self.emulator.modes))
        return True

    def on_mouse_down(self, event: events.MouseDown) -> None:
        self._report(event, Action.PRESS, _BUTTONS.get(event.button, Button.NONE))

    def on_mouse_up(self, event: events.MouseUp) -> None:
        self._report(event, Action.RELEASE, _BUTTONS.get(event.button, Button.NONE))

    def on_mouse_move(self, event: events.MouseMove) -> None:
        self._report(event, Action.MOVE, _BUTTONS.get(event.button, Button.NONE))

    def on_click(self, event: events.Click) -> None:
        # Textual's double click selects the whole widget, which here is thousands of rows.
        event.prevent_default()

    def _wheel(self, event: events.MouseEvent, button: Button) -> None:
        if self._report(event, Action.PRESS, button):
            return
        event.stop()
        event.prevent_default()
        up = button is Button.WHEEL_UP
        modes = self.emulator.modes
        if modes.alternate_screen:
            if modes.alternate_scroll:
                self._send(encode_key("up" if up else "down", None, modes) * WHEEL_ROWS)
        else:
            self.scroll_back(WHEEL_ROWS if up else -WHEEL_ROWS)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._wheel(event, Button.WHEEL_UP)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._wheel(event, Button.WHEEL_DOWN)
