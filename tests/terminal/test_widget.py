"""The terminal widget in a running app."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest
from textual.app import App, ComposeResult
from textual.events import MouseScrollDown, MouseScrollUp, Paste
from textual.geometry import Offset
from textual.selection import Selection
from textual.widgets import Input

from labrunner.shell.terminal import OscReceived, TitleChanged, VirtualTerminal
from labrunner.tui.widgets.terminal import Terminal
from labrunner.tui.widgets.terminal_palette import ANSI, READABLE, contrast, readable

RECORDINGS = Path(__file__).parent / "recordings"


class Host(App[None]):
    """An app with a terminal, which keeps what the terminal posts."""

    BINDINGS: ClassVar = [("f6", "leave", "leave the pane")]

    def __init__(self) -> None:
        super().__init__()
        self.sent = b""
        self.sizes: list[tuple[int, int]] = []
        self.happened: list[object] = []
        self.left = 0
        self.terminal = Terminal()

    def compose(self) -> ComposeResult:
        yield self.terminal
        yield Input()

    def on_mount(self) -> None:
        self.terminal.focus()

    def on_terminal_input(self, message: Terminal.Input) -> None:
        assert message.control is self.terminal
        self.sent += message.data

    def on_terminal_resized(self, message: Terminal.Resized) -> None:
        self.sizes.append((message.columns, message.rows))

    def on_terminal_happened(self, message: Terminal.Happened) -> None:
        self.happened.append(message.event)

    def action_leave(self) -> None:
        self.left += 1
        self.query_one(Input).focus()


def drawn(app: Host) -> list[str]:
    """The rows as the widget draws them, without trailing blanks."""
    return [app.terminal.render_line(y).text.rstrip() for y in range(app.terminal.content_size.height)]


def reversed_cells(app: Host, y: int) -> str:
    """The text of the cells of a row drawn in reverse."""
    return "".join(
        segment.text for segment in app.terminal.render_line(y) if segment.style and segment.style.reverse
    )


async def test_keys_go_to_the_program_even_those_textual_binds():
    app = Host()
    async with app.run_test() as pilot:
        await pilot.press(
            "l", "S", "space", "tab", "shift+tab", "ctrl+c", "escape", "enter", "up", "f5", "backspace"
        )
        await pilot.pause()
        assert app.sent == b"lS \t\x1b[Z\x03\x1b\r\x1b[A\x1b[15~\x7f"
        assert app.focused is app.terminal


async def test_an_app_can_give_its_priority_keys_to_the_program():
    class Polite(Host):
        def check_action(self, action: str, parameters: tuple[object, ...]) -> bool:
            return not (self.focused is self.terminal and action in ("quit", "command_palette"))

    app = Polite()
    async with app.run_test() as pilot:
        await pilot.press("ctrl+q", "ctrl+p")
        await pilot.pause()
        assert app.sent == b"\x11\x10"
        await pilot.press("f6", "ctrl+p")
        await pilot.pause()
        assert len(app.screen_stack) == 2


async def test_reserved_keys_go_to_the_app():
    app = Host()
    async with app.run_test() as pilot:
        await pilot.press("f6")
        await pilot.pause()
        assert app.left == 1
        assert app.sent == b""
        assert app.focused is not app.terminal


async def test_the_program_is_told_the_size_and_the_emulator_has_it():
    app = Host()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        columns, rows = app.terminal.content_size
        assert app.sizes[-1] == (columns, rows) == (app.terminal.emulator.columns, app.terminal.emulator.rows)
        await pilot.resize_terminal(60, 16)
        await pilot.pause()
        assert app.sizes[-1] == tuple(app.terminal.content_size)
        assert app.terminal.emulator.columns == app.terminal.content_size.width < columns


@pytest.mark.parametrize("name", ["vim", "less", "top", "tmux"])
async def test_a_recorded_program_is_drawn_as_the_emulator_has_it(name: str):
    data = (RECORDINGS / f"{name}.bin").read_bytes()
    data = data[: len(data) // 2]
    reference = VirtualTerminal(80, 24)
    app = Host()
    async with app.run_test(size=(81, 27)) as pilot:
        reference.colours = app.terminal.emulator.colours
        reference.feed(data)
        assert tuple(app.terminal.content_size) == (80, 24)
        for start in range(0, len(data), 4096):
            app.terminal.feed(data[start : start + 4096])
        await pilot.pause()
        assert drawn(app) == [reference.text(row).rstrip() for row in reference.lines]
        assert all(app.terminal.render_line(y).cell_length == 80 for y in range(24))
        await pilot.pause()
        assert app.sent == reference.take_replies()


async def test_only_changed_rows_and_cursor_rows_are_repainted(monkeypatch):
    app = Host()
    async with app.run_test(size=(81, 27)) as pilot:
        app.terminal.feed(b"\x1b[2J\x1b[5;1Hfive\x1b[2;1H")
        await pilot.pause()
        repainted: list[int] = []

        def note(*regions, **_):
            repainted.extend(region.y for region in regions)

        monkeypatch.setattr(app.terminal, "refresh", note)
        app.terminal.feed(b"\x1b[9;3Hx")
        assert sorted(repainted) == [1, 8]


async def test_scrollback_by_key_and_back_by_typing():
    app = Host()
    async with app.run_test(size=(81, 27)) as pilot:
        app.terminal.feed(b"".join(b"line %d\r\n" % number for number in range(100)))
        await pilot.press("shift+pageup")
        assert app.terminal.rows_back == 23
        assert drawn(app)[1] == "line 55"
        assert "23 of 77" in drawn(app)[0]
        app.terminal.feed(b"more\r\n")
        assert drawn(app)[1] == "line 55"
        await pilot.press("shift+home")
        assert drawn(app)[1] == "line 1"
        await pilot.press("shift+end", "shift+pageup", "x")
        assert app.terminal.rows_back == 0
        assert drawn(app)[-2] == "more"
        await pilot.pause()
        assert app.sent == b"x"


def wheel(kind: type, app: Host) -> None:
    app.terminal.post_message(kind(app.terminal, 4, 3, 0, 0, 0, False, False, False, screen_x=4, screen_y=3))


async def test_the_wheel_scrolls_back_or_sends_arrows_or_reports():
    app = Host()
    async with app.run_test(size=(81, 27)) as pilot:
        app.terminal.feed(b"\r\n" * 60)
        wheel(MouseScrollUp, app)
        await pilot.pause()
        assert app.terminal.rows_back == 3
        wheel(MouseScrollDown, app)
        await pilot.pause()
        assert app.terminal.rows_back == 0
        app.terminal.feed(b"\x1b[?1049h")
        wheel(MouseScrollUp, app)
        await pilot.pause()
        assert app.sent == b"\x1b[A" * 3
        app.terminal.feed(b"\x1b[?1000h\x1b[?1006h")
        wheel(MouseScrollDown, app)
        await pilot.pause()
        assert app.sent.endswith(b"\x1b[<65;4;4M")


async def test_clicks_are_reported_to_programs_that_ask():
    app = Host()
    async with app.run_test(size=(81, 27)) as pilot:
        await pilot.click(app.terminal, offset=(11, 4))
        assert app.sent == b""
        app.terminal.feed(b"\x1b[?1000h\x1b[?1006h")
        await pilot.click(app.terminal, offset=(11, 4))
        assert app.sent == b"\x1b[<0;11;5M\x1b[<0;11;5m"
        assert not app.terminal.allow_select


async def test_paste_is_bracketed_when_asked_for():
    app = Host()
    async with app.run_test() as pilot:
        app.terminal.feed(b"\x1b[?2004h")
        app.terminal.post_message(Paste("one\ntwo"))
        await pilot.pause()
        assert app.sent == b"\x1b[200~one\rtwo\x1b[201~"


async def test_the_cursor_is_always_shown_and_focus_is_more_than_a_colour():
    app = Host()
    async with app.run_test(size=(81, 27)) as pilot:
        app.terminal.feed("ab漢\x1b[1;3H".encode())
        assert reversed_cells(app, 0) == "漢"
        assert app.cursor_position == app.terminal.content_region.offset + Offset(2, 0)
        border = app.terminal.styles.border_left[0]
        app.query_one(Input).focus()
        await pilot.pause()
        assert reversed_cells(app, 0) == ""
        underlined = [segment.text for segment in app.terminal.render_line(0) if segment.style.underline]
        assert underlined == ["漢"]
        assert app.terminal.styles.border_left[0] != border
        app.terminal.feed(b"\x1b[?25l")
        assert not any(segment.style.underline for segment in app.terminal.render_line(0))


async def test_focus_reports():
    app = Host()
    async with app.run_test() as pilot:
        app.terminal.feed(b"\x1b[?1004h")
        app.query_one(Input).focus()
        await pilot.pause()
        app.terminal.focus()
        await pilot.pause()
        assert app.sent == b"\x1b[O\x1b[I"


async def test_queries_are_answered_with_the_themes_colours():
    app = Host()
    async with app.run_test() as pilot:
        app.terminal.feed(b"\x1b[6n\x1b]11;?\x07")
        await pilot.pause()
        background = app.terminal.styles.background
        channels = "/".join(f"{channel:02x}" * 2 for channel in (background.r, background.g, background.b))
        assert app.sent == f"\x1b[1;1R\x1b]11;rgb:{channels}\x07".encode()


async def test_title_marks_and_clipboard():
    app = Host()
    async with app.run_test() as pilot:
        app.terminal.feed(
            b"\x1b]2;vim\x07\x1b]133;A\x07\x1b]52;c;aGVsbG8=\x07\x1b]52;c;?\x07\x1b]52;c;***\x07"
        )
        await pilot.pause()
        assert app.happened == [TitleChanged("vim"), OscReceived(133, "A")]
        assert app.clipboard == "hello"
        assert app.sent == b""


async def test_selected_text_joins_wrapped_rows():
    app = Host()
    async with app.run_test(size=(11, 8)) as pilot:
        app.terminal.feed("0123456789wrapped\r\n漢字 next\r\nlast".encode())
        await pilot.pause()
        assert app.terminal.get_selection(Selection(Offset(8, 0), Offset(4, 2))) == (
            "89wrapped\n漢字 n",
            "\n",
        )
        app.screen.selections = {app.terminal: Selection(Offset(0, 2), Offset(2, 2))}
        await pilot.press("ctrl+insert")
        assert app.clipboard == "漢字"
        style = app.screen.get_component_rich_style("screen--selection")
        marked = [s.text for s in app.terminal.render_line(2) if s.style.bgcolor == style.bgcolor]
        assert "".join(marked) == "漢字"


async def test_dragging_the_mouse_selects_in_the_scrollback():
    app = Host()
    async with app.run_test(size=(41, 13)) as pilot:
        app.terminal.feed(b"".join(b"line %d\r\n" % number for number in range(50)))
        await pilot.press("shift+pageup")
        top = app.terminal.first_line
        await pilot.hover(app.terminal, offset=(1, 2))
        await pilot.mouse_down(app.terminal, offset=(1, 2))
        await pilot.hover(app.terminal, offset=(8, 3))
        await pilot.mouse_up(app.terminal, offset=(8, 3))
        await pilot.pause()
        assert app.screen.get_selected_text() == f"line {top + 2}\nline {top + 3}"


async def test_a_held_picture_is_shown_after_the_timeout():
    now = 0.0
    app = Host()
    app.terminal = Terminal(VirtualTerminal(clock=lambda: now))
    async with app.run_test() as pilot:
        app.terminal.feed(b"old\x1b[?2026h\rnew")
        assert drawn(app)[0] == "old"
        now = 2.0
        app.terminal.show_changes()
        await pilot.pause()
        assert drawn(app)[0] == "new"


@pytest.mark.parametrize("theme", ["textual-dark", "textual-light", "nord", "solarized-light"])
async def test_the_sixteen_colours_can_be_read_on_every_theme(theme: str):
    app = Host()
    async with app.run_test(size=(81, 27)) as pilot:
        app.theme = theme
        await pilot.pause()
        app.terminal.feed("".join(f"\x1b[38;5;{n}mx" for n in range(16)).encode())
        background = app.terminal.styles.background
        shown = [segment.style.color.triplet for segment in app.terminal.render_line(0)][:16]
        for triplet in shown:
            assert contrast(tuple(triplet), (background.r, background.g, background.b)) >= READABLE


async def test_ansi_themes_leave_the_colours_to_the_terminal():
    app = Host()
    async with app.run_test() as pilot:
        app.ansi_color = True
        app.terminal.notify_style_update()
        await pilot.pause()
        app.terminal.feed(b"\x1b[31mx")
        assert next(iter(app.terminal.render_line(0))).style.color.number == 1


def test_readable_leaves_what_can_be_read_alone():
    assert readable(ANSI[15], (0, 0, 0)) == ANSI[15]
    assert contrast(readable(ANSI[0], (0, 0, 0)), (0, 0, 0)) >= READABLE
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
