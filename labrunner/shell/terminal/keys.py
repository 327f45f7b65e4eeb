"""What keys, pastes and focus changes send to the program, as an xterm would.

Keys are named as Textual names them: `a`, `ctrl+c`, `alt+shift+b`, `shift+tab`, `f5`, `full_stop`.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from labrunner.shell.terminal.modes import Modes

ESC: Final = "\x1b"

_MODIFIER_BITS: Final = {"shift": 1, "alt": 2, "meta": 2, "ctrl": 4}

_LETTERS: Final = {"up": "A", "down": "B", "right": "C", "left": "D", "home": "H", "end": "F"}
"""Keys ending in a letter, which application-cursor mode changes."""

_KEYPAD_LETTERS: Final = {"f1": "P", "f2": "Q", "f3": "R", "f4": "S"}

_NUMBERS: Final = {
    "insert": 2, "delete": 3, "pageup": 5, "pagedown": 6,
    "f5": 15, "f6": 17, "f7": 18, "f8": 19, "f9": 20, "f10": 21, "f11": 23, "f12": 24, "f13": 25, "f14": 26,
    "f15": 28, "f16": 29, "f17": 31, "f18": 32, "f19": 33, "f20": 34,
}  # fmt: skip
"""Keys sending `CSI number ~`."""

_CHARACTERS: Final = {
    "space": " ", "minus": "-", "plus": "+", "slash": "/", "backslash": "\\", "at": "@", "underscore": "_",
}  # fmt: skip
"""Where Textual's name of a character is not its Unicode name."""

_CONTROLS: Final = {
    "@": "\0", " ": "\0", "2": "\0", "[": ESC, "3": ESC, "\\": "\x1c", "4": "\x1c", "]": "\x1d", "5": "\x1d",
    "^": "\x1e", "6": "\x1e", "_": "\x1f", "-": "\x1f", "/": "\x1f", "7": "\x1f", "?": "\x7f", "8": "\x7f",
}  # fmt: skip

_UNSAFE_PASTE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def encode_key(key: str, character: str | None, modes: Modes) -> bytes:
    """The bytes a key sends; none for keys that send nothing, such as a modifier alone.

    Args:
        key: Textual's name of the key.
        character: The character it types, if any.
        modes: The program's modes.
    """
    *prefixes, name = key.split("+") if key != "+" else ["+"]
    modifiers = 0
    for prefix in prefixes:
        modifiers |= _MODIFIER_BITS.get(prefix, 0)
    sequence = _editing(name, modifiers, modes)
    if sequence is None:
        sequence = _function(name, modifiers, modes)
    if sequence is None:
        sequence = _typed(name, character, modifiers)
    return sequence.encode("utf-8", "replace")


def _function(name: str, modifiers: int, modes: Modes) -> str | None:
    """Arrows, navigation and function keys."""
    suffix = f";{modifiers + 1}" if modifiers else ""
    if name in _NUMBERS:
        return f"{ESC}[{_NUMBERS[name]}{suffix}~"
    letter = _LETTERS.get(name) or _KEYPAD_LETTERS.get(name)
    if letter is None:
        return None
    if suffix:
        return f"{ESC}[1{suffix}{letter}"
    single_shift = name in _KEYPAD_LETTERS or modes.application_cursor
    return f"{ESC}{'O' if single_shift else '['}{letter}"


def _editing(name: str, modifiers: int, modes: Modes) -> str | None:
    """Enter, tab, backspace, escape."""
    ctrl, alt, shift = modifiers & 4, modifiers & 2, modifiers & 1
    match name:
        case "enter" | "return":
            base = "\r\n" if modes.newline else "\r"
        case "tab":
            base = f"{ESC}[Z" if shift else "\t"
        case "backspace":
            base = "\b" if ctrl else "\x7f"
        case "escape":
            base = ESC
        case _:
            return None
    return ESC + base if alt else base


def _typed(name: str, character: str | None, modifiers: int) -> str:
    """A character, perhaps with ctrl or alt."""
    ctrl, alt, shift = modifiers & 4, modifiers & 2, modifiers & 1
    typed = _named(name)
    if ctrl:
        if typed is None:
            return ""
        lower = typed.lower()
        control = (
            chr(ord(lower) & 31) if "a" <= lower <= "z" and len(lower) == 1 else _CONTROLS.get(typed, "")
        )
        return ESC + control if alt and control else control
    if character is not None and (character.isprintable() or len(character) == 1) and not alt:
        return character
    if typed is None:
        return ""
    typed = typed.upper() if shift else typed
    return ESC + typed if alt else typed


def _named(name: str) -> str | None:
    """The character a key is named after."""
    if len(name) == 1:
        return name
    if name in _CHARACTERS:
        return _CHARACTERS[name]
    try:
        return unicodedata.lookup(name.replace("_", " "))
    except KeyError:
        return None


def encode_paste(text: str, modes: Modes) -> bytes:
    """The bytes a paste sends. Controls are dropped, so pasted text cannot end the paste or press keys."""
    clean = _UNSAFE_PASTE.sub("", text).replace("\r\n", "\r").replace("\n", "\r")
    if modes.bracketed_paste:
        clean = f"{ESC}[200~{clean}{ESC}[201~"
    return clean.encode("utf-8", "replace")


def encode_focus(focused: bool, modes: Modes) -> bytes:
    """What gaining or losing focus sends, if the program wants to know."""
    if not modes.focus_events:
        return b""
    return b"\x1b[I" if focused else b"\x1b[O"
