"""Keys, pastes, focus and mouse as bytes."""

from __future__ import annotations

import pytest

from labrunner.shell.terminal import Modes, VirtualTerminal
from labrunner.shell.terminal.keys import encode_focus, encode_key, encode_paste
from labrunner.shell.terminal.mouse import Action, Button, MouseEvent, encode_mouse


def modes_after(sequences: str = "") -> Modes:
    terminal = VirtualTerminal(10, 5)
    terminal.feed(sequences.encode())
    return terminal.modes


KEYS = [
    ("a", "a", b"a"), ("A", "A", b"A"), ("é", "é", "é".encode()), ("full_stop", ".", b"."), ("space", " ", b" "),
    ("plus", "+", b"+"), ("tilde", "~", b"~"), ("enter", "\r", b"\r"), ("tab", "\t", b"\t"), ("escape", "\x1b", b"\x1b"),
    ("backspace", "\x7f", b"\x7f"), ("ctrl+c", "\x03", b"\x03"), ("ctrl+c", None, b"\x03"), ("ctrl+q", None, b"\x11"),
    ("ctrl+p", None, b"\x10"), ("ctrl+j", None, b"\n"), ("ctrl+@", None, b"\0"), ("ctrl+space", None, b"\0"),
    ("ctrl+backslash", None, b"\x1c"), ("ctrl+right_square_bracket", None, b"\x1d"),
    ("ctrl+circumflex_accent", None, b"\x1e"), ("ctrl+underscore", None, b"\x1f"), ("ctrl+slash", None, b"\x1f"),
    ("shift+tab", None, b"\x1b[Z"), ("alt+b", "b", b"\x1bb"), ("alt+shift+b", "B", b"\x1bB"),
    ("alt+full_stop", None, b"\x1b."), ("alt+enter", None, b"\x1b\r"), ("alt+backspace", None, b"\x1b\x7f"),
    ("alt+ctrl+a", None, b"\x1b\x01"), ("ctrl+backspace", None, b"\b"),
    ("up", None, b"\x1b[A"), ("home", None, b"\x1b[H"), ("ctrl+left", None, b"\x1b[1;5D"),
    ("shift+up", None, b"\x1b[1;2A"), ("alt+right", None, b"\x1b[1;3C"), ("ctrl+shift+end", None, b"\x1b[1;6F"),
    ("delete", None, b"\x1b[3~"), ("pageup", None, b"\x1b[5~"), ("ctrl+delete", None, b"\x1b[3;5~"),
    ("f1", None, b"\x1bOP"), ("f4", None, b"\x1bOS"), ("f5", None, b"\x1b[15~"), ("f12", None, b"\x1b[24~"),
    ("shift+f1", None, b"\x1b[1;2P"), ("ctrl+f5", None, b"\x1b[15;5~"),
    ("caps_lock", None, b""), ("ctrl+shift_key", None, b""), ("<ignore>", "\x1b[99", b""),
]  # fmt: skip


@pytest.mark.parametrize(("key", "character", "expected"), KEYS)
def test_keys(key, character, expected):
    assert encode_key(key, character, modes_after()) == expected


def test_application_cursor_mode_changes_arrows_without_modifiers():
    modes = modes_after("\x1b[?1h")
    assert encode_key("up", None, modes) == b"\x1bOA"
    assert encode_key("end", None, modes) == b"\x1bOF"
    assert encode_key("ctrl+up", None, modes) == b"\x1b[1;5A"


def test_newline_mode_changes_enter():
    assert encode_key("enter", "\r", modes_after("\x1b[20h")) == b"\r\n"


def test_every_control_letter_has_its_code():
    for letter in "abcdefghijklmnopqrstuvwxyz":
        assert encode_key(f"ctrl+{letter}", None, modes_after()) == bytes((ord(letter) - 96,))


def test_paste():
    assert encode_paste("one\ntwo\r\n", modes_after()) == b"one\rtwo\r"
    assert encode_paste("one\ntwo", modes_after("\x1b[?2004h")) == b"\x1b[200~one\rtwo\x1b[201~"


def test_pasted_text_cannot_leave_the_paste():
    pasted = encode_paste("x\x1b[201~rm -rf\x03\x9b201~", modes_after("\x1b[?2004h"))
    assert pasted == b"\x1b[200~x[201~rm -rf201~\x1b[201~"


def test_focus_is_reported_only_when_asked_for():
    assert encode_focus(True, modes_after()) == b""
    modes = modes_after("\x1b[?1004h")
    assert (encode_focus(True, modes), encode_focus(False, modes)) == (b"\x1b[I", b"\x1b[O")


def press(
    button: Button = Button.LEFT, x: int = 2, y: int = 3, action: Action = Action.PRESS, **keys: bool
) -> MouseEvent:
    return MouseEvent(action, button, x, y, **keys)


MOUSE = [
    ("", press(), b""),
    ("\x1b[?1000h", press(), b"\x1b[M #$"),
    ("\x1b[?1000h", press(action=Action.RELEASE), b"\x1b[M##$"),
    ("\x1b[?1000h", press(action=Action.MOVE), b""),
    ("\x1b[?1000h", press(x=300), b""),
    ("\x1b[?1000h\x1b[?1006h", press(x=300), b"\x1b[<0;301;4M"),
    ("\x1b[?1000h\x1b[?1006h", press(action=Action.RELEASE), b"\x1b[<0;3;4m"),
    ("\x1b[?1000h\x1b[?1006h", press(Button.WHEEL_UP), b"\x1b[<64;3;4M"),
    ("\x1b[?1000h\x1b[?1006h", press(ctrl=True, shift=True), b"\x1b[<20;3;4M"),
    ("\x1b[?1002h\x1b[?1006h", press(action=Action.MOVE), b"\x1b[<32;3;4M"),
    ("\x1b[?1002h\x1b[?1006h", press(Button.NONE, action=Action.MOVE), b""),
    ("\x1b[?1003h\x1b[?1006h", press(Button.NONE, action=Action.MOVE), b"\x1b[<35;3;4M"),
    ("\x1b[?9h", press(Button.RIGHT, ctrl=True), b"\x1b[M\"#$"),
    ("\x1b[?9h", press(action=Action.RELEASE), b""),
]  # fmt: skip


@pytest.mark.parametrize(("sequences", "event", "expected"), MOUSE)
def test_mouse(sequences, event, expected):
    assert encode_mouse(event, modes_after(sequences)) == expected
