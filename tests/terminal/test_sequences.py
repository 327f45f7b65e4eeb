"""What single sequences do, independent of any other emulator."""

from __future__ import annotations

import pytest

from labrunner.shell.terminal import (
    RGB,
    Attribute,
    Bell,
    CursorShape,
    MouseTracking,
    OscReceived,
    ReportedColours,
    TitleChanged,
    Underline,
    VirtualTerminal,
)

from .reading import content, position, terminal_after

SCREENS = {
    "text wraps at the right edge": ("0123456789ab", ["0123456789", "ab"], (2, 1)),
    "the wrap waits for the next character": ("0123456789", ["0123456789"], (9, 0)),
    "erasing ends the waiting wrap": ("0123456789\x1b[Kx", ["012345678x"], (9, 0)),
    "styles keep the waiting wrap": ("0123456789\x1b[1mx", ["0123456789", "x"], (1, 1)),
    "no wrap without autowrap": ("\x1b[?7l0123456789abc", ["012345678c"], (9, 0)),
    "insert mode pushes": ("abcdef\x1b[1;2H\x1b[4hXY", ["aXYbcdef"], (3, 0)),
    "insert characters": ("abc\x1b[1;2H\x1b[2@", ["a  bc"], (1, 0)),
    "delete characters": ("abcdef\x1b[1;2H\x1b[2P", ["adef"], (1, 0)),
    "erase characters": ("abcdef\x1b[1;2H\x1b[2X", ["a  def"], (1, 0)),
    "insert lines": ("a\r\nb\x1b[H\x1b[L", ["", "a", "b"], (0, 0)),
    "delete lines": ("a\r\nb\r\nc\x1b[H\x1b[2M", ["c"], (0, 0)),
    "scroll region": ("a\r\nb\r\nc\r\nd\r\ne\x1b[2;4r\x1b[4;1H\nX", ["a", "c", "d", "X", "e"], (1, 3)),
    "reverse index scrolls": ("a\r\nb\x1b[H\x1bMX", ["X", "a", "b"], (1, 0)),
    "origin mode": ("\x1b[2;4r\x1b[?6h\x1b[9;9Hx", ["", "", "", "        x"], (9, 3)),
    "tabs": ("a\tb", ["a       b"], (9, 0)),
    "tab stops set and cleared": ("\x1b[3gab\x1bH\r\tx\ty", ["abx      y"], (9, 0)),
    "back tab": ("abcdefghi\x1b[ZX", ["abcdefghX"], (9, 0)),
    "repeat": ("ab\x1b[3b", ["abbbb"], (5, 0)),
    "line drawing in G0": ("\x1b(0lqk\x1b(Bq", ["┌─┐q"], (4, 0)),
    "line drawing in G1": ("\x1b)0q\x0eq\x0fq", ["q─q"], (3, 0)),
    "a wide character takes two cells": ("漢x", ["漢x"], (3, 0)),
    "half a wide character leaves a space": ("ab漢字\x1b[1;4Hx", ["ab x字"], (4, 0)),
    "a wide character does not straddle": ("012345678漢x", ["012345678", "漢x"], (3, 1)),
    "combining marks stay with their base": ("e\u0301x", ["e\u0301x"], (2, 0)),
    "a combining mark in the last column": ("0123456789\u0301", ["0123456789\u0301"], (9, 0)),
    "invalid UTF-8 is replaced": (b"a\xffb\xe2\x82c", ["a\ufffdb\ufffdc"], (5, 0)),
    "vim's modifyOtherKeys does nothing": ("a\x1b[>4;2mb\x1b[>4mc", ["abc"], (3, 0)),
    "kitty keyboard does not restore the cursor": ("abc\x1b[>1u\x1b[?u\x1b[<u\x1b[=1ux", ["abcx"], (4, 0)),
    "OSC ends with BEL": ("a\x1b]0;t\x07b", ["ab"], (2, 0)),
    "OSC ends with ST": ("a\x1b]0;t\x1b\\b", ["ab"], (2, 0)),
    "DCS, APC, PM and SOS are swallowed": ("a\x1bPq\x07#0\x1b\\b\x1b_G\x1b\\c\x1b^x\x1b\\d\x1bXy\x1b\\e", ["abcde"], (5, 0)),
    "CAN ends a sequence": ("a\x1b[3\x18Cb\x1b]0;x\x18c", ["aCbc"], (4, 0)),
    "controls act inside a sequence": ("ab\x1b[\r1Cx", ["ax"], (2, 0)),
    "malformed sequences do nothing": ("a\x1b[1<2Cb\x1b[1;2:3Hc\x1b[ 1pd", ["abcd"], (4, 0)),
    "saved cursor": ("ab\x1b7\x1b[4;4Hx\x1b8y", ["aby", "", "", "   x"], (3, 0)),
    "alternate screen 1049": ("ab\x1b[?1049hcd\x1b[?1049lef", ["abef"], (4, 0)),
    "alternate screen 47 keeps its content": ("ab\x1b[?47hcd\x1b[?47l\x1b[?47h", ["  cd"], (4, 0)),
    "alternate screen 1047 is cleared": ("ab\x1b[?1047hcd\x1b[?1047l\x1b[?1047h", [], (4, 0)),
    "DECALN": ("\x1b#8", ["E" * 10] * 5, (0, 0)),
    "RIS": ("abc\x1b[?7l\x1b[2;3r\x1bcx", ["x"], (1, 0)),
    "DECSTR": ("\x1b[2;3r\x1b[?6h\x1b[4h\x1b[!p\x1b[5;1Hx", ["", "", "", "", "x"], (1, 4)),
    "whole lines under line drawing": ("\x1b(0q\r\nq\r\nq\r\n", ["─", "─", "─"], (0, 3)),
    "whole lines in insert mode": ("abc\x1b[H\x1b[4hx\r\ny\r\n", ["xabc", "y"], (0, 2)),
    "whole lines over old text": ("abcdef\r\nghi\x1b[Hx\r\ny\r\nz\r\n", ["xbcdef", "yhi", "z"], (0, 3)),
}  # fmt: skip


@pytest.mark.parametrize(("data", "expected", "cursor"), SCREENS.values(), ids=SCREENS.keys())
def test_screen(data, expected, cursor):
    terminal = terminal_after(data)
    assert content(terminal) == expected
    assert position(terminal) == cursor


def style_at(terminal: VirtualTerminal, x: int, y: int = 0):
    return terminal.style(terminal.lines[y].styles[x])


def test_styles():
    terminal = terminal_after("\x1b[1;4:3;31;48;2;1;2;3mx\x1b[mY")
    style = style_at(terminal, 0)
    assert style.attributes == Attribute.BOLD
    assert style.underline == Underline.CURLY
    assert (style.foreground, style.background) == (1, RGB + 0x010203)
    assert style_at(terminal, 1) == terminal.style("\0")


def test_erased_cells_take_the_background_only():
    terminal = terminal_after("\x1b[1;31;44mab\x1b[2K")
    assert style_at(terminal, 5).background == 4
    assert style_at(terminal, 5).attributes == 0


def test_links():
    terminal = terminal_after("\x1b]8;id=1;https://example.org/\x1b\\ab\x1b[1m\x1b[0mc\x1b]8;;\x1b\\d")
    assert [style_at(terminal, x).link for x in range(4)] == ["https://example.org/"] * 3 + [""]


def test_events_in_order_and_only_once():
    terminal = terminal_after(
        "\x1b]0;my\x01 title\x07\a\a\x1b]7;file://h/tmp\x1b\\\x1b]133;D;1\x07\x1b]52;c;YQ==\x07\x1b]9;note\x07\a"
    )
    assert terminal.title == "my title"
    assert terminal.take_events() == [
        TitleChanged("my title"),
        Bell(),
        OscReceived(7, "file://h/tmp"),
        OscReceived(133, "D;1"),
        OscReceived(52, "c;YQ=="),
        Bell(),
    ]
    assert terminal.take_events() == []


def test_modes_are_state():
    terminal = terminal_after("\x1b[?1h\x1b[?2004h\x1b[?1000h\x1b[?1002h\x1b[?1006h\x1b[?1004h\x1b[?1049h")
    modes = terminal.modes
    assert modes.application_cursor
    assert modes.bracketed_paste
    assert modes.focus_events
    assert modes.sgr_mouse
    assert modes.alternate_screen
    assert modes.mouse is MouseTracking.DRAG
    terminal.feed(b"\x1b[?1002l\x1b[?1049l\x1b[?1;2004l")
    assert modes.mouse is MouseTracking.NONE
    assert not modes.alternate_screen
    assert not modes.bracketed_paste


def test_modes_can_be_saved_and_restored():
    terminal = terminal_after("\x1b[?2004h\x1b[?2004s\x1b[?2004l\x1b[?2004r")
    assert terminal.modes.bracketed_paste


def test_cursor_shape_and_visibility():
    cursor = terminal_after("\x1b[5 q\x1b[?25l").cursor
    assert (cursor.shape, cursor.blinks, cursor.visible) == (CursorShape.BAR, True, False)
    assert terminal_after("\x1b[4 q").cursor.shape is CursorShape.UNDERLINE


def test_colour_queries_are_answered_once_with_the_same_terminator():
    terminal = VirtualTerminal(10, 2)
    terminal.colours = ReportedColours(foreground=(255, 0, 16), background=(0, 0, 0))
    terminal.feed(b"\x1b]10;?\x07\x1b]11;?\x1b\\\x1b]12;?\x07")
    assert terminal.take_replies() == b"\x1b]10;rgb:ffff/0000/1010\x07\x1b]11;rgb:0000/0000/0000\x1b\\"


def test_title_stack():
    terminal = terminal_after("\x1b]2;one\x07\x1b[22;0t\x1b]2;two\x07\x1b[23;0t")
    assert terminal.title == "one"


def test_size_report():
    assert terminal_after("\x1b[18t").take_replies() == b"\x1b[8;5;10t"


def test_clear_scrollback():
    terminal = terminal_after("1\r\n2\r\n3\r\n4\r\n5\r\n6\r\n7")
    assert len(terminal.scrollback) == 2
    terminal.feed(b"\x1b[3J")
    assert not terminal.scrollback
    assert content(terminal) == ["3", "4", "5", "6", "7"]
