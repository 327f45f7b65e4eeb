"""Cell styles, what SGR does to them, and the table that numbers them.

A style id is one character, so a row of styles is a string. The table is bounded: a program that paints in
millions of colours makes it forget the styles nothing on screen or in the scrollback uses any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import IntEnum, IntFlag
from typing import Final, NamedTuple

from labrunner.shell.terminal.row import PLAIN

DEFAULT_COLOUR: Final = -1
"""The terminal's own foreground or background."""

RGB: Final = 0x1000000
"""Added to 0xRRGGBB to mark a 24-bit colour; smaller numbers are the 256 palette entries."""


class Attribute(IntFlag):
    """What a cell may be besides coloured."""

    BOLD = 1
    DIM = 2
    ITALIC = 4
    BLINK = 8
    REVERSE = 16
    HIDDEN = 32
    STRIKE = 64
    OVERLINE = 128


class Underline(IntEnum):
    """The underline styles of SGR 4:n."""

    NONE = 0
    SINGLE = 1
    DOUBLE = 2
    CURLY = 3
    DOTTED = 4
    DASHED = 5


class Style(NamedTuple):
    """How one cell is drawn. Colours: `DEFAULT_COLOUR`, 0–255, or `RGB` + 0xRRGGBB."""

    foreground: int = DEFAULT_COLOUR
    background: int = DEFAULT_COLOUR
    underline_colour: int = DEFAULT_COLOUR
    attributes: int = 0
    underline: int = 0
    link: str = ""


DEFAULT_STYLE: Final = Style()

_SET: Final = {
    1: Attribute.BOLD, 2: Attribute.DIM, 3: Attribute.ITALIC, 5: Attribute.BLINK, 6: Attribute.BLINK,
    7: Attribute.REVERSE, 8: Attribute.HIDDEN, 9: Attribute.STRIKE, 53: Attribute.OVERLINE,
}  # fmt: skip
_CLEAR: Final = {
    22: Attribute.BOLD | Attribute.DIM, 23: Attribute.ITALIC, 25: Attribute.BLINK, 27: Attribute.REVERSE,
    28: Attribute.HIDDEN, 29: Attribute.STRIKE, 55: Attribute.OVERLINE,
}  # fmt: skip
_EXTENDED: Final = (38, 48, 58)
_DEFAULT: Final = (39, 49, 59)
_UNDERLINE: Final = {4: Underline.SINGLE, 21: Underline.DOUBLE, 24: Underline.NONE}
_PALETTE: Final = {
    base + colour: (layer, colour + first)
    for base, layer, first in ((30, 3, 0), (40, 4, 0), (90, 3, 8), (100, 4, 8))
    for colour in range(8)
}
"""SGR code to (layer, palette entry). A layer is the tens digit: 3 foreground, 4 background, 5 underline."""


def apply_sgr(style: Style, parameters: str) -> Style:
    """The style after `CSI parameters m`; parameters that mean nothing are passed over."""
    groups = iter(parameters.split(";"))
    for group in groups:
        number, *sub = group.split(":")
        code = int(number) if number else 0
        if code in _EXTENDED:
            colour = _sub_colour(sub) if sub else _flat_colour(groups)
            if colour is not None:
                style = _coloured(style, code // 10, colour)
        elif code == 4 and sub:
            kind = int(sub[0] or 0)
            style = style._replace(underline=kind if kind <= Underline.DASHED else Underline.SINGLE)
        elif not sub:
            style = _simple(style, code)
    return style


def _simple(style: Style, code: int) -> Style:
    if code == 0:
        return Style(link=style.link)
    if code in _SET:
        return style._replace(attributes=style.attributes | _SET[code])
    if code in _CLEAR:
        return style._replace(attributes=style.attributes & ~_CLEAR[code])
    if code in _UNDERLINE:
        return style._replace(underline=_UNDERLINE[code])
    if code in _DEFAULT:
        return _coloured(style, code // 10, DEFAULT_COLOUR)
    return _coloured(style, *_PALETTE[code]) if code in _PALETTE else style


def _coloured(style: Style, layer: int, colour: int) -> Style:
    if layer == 3:
        return style._replace(foreground=colour)
    return style._replace(background=colour) if layer == 4 else style._replace(underline_colour=colour)


def _channel(red: int, green: int, blue: int) -> int | None:
    return RGB + (red << 16) + (green << 8) + blue if max(red, green, blue) < 256 else None


def _flat_colour(groups: Iterator[str]) -> int | None:
    """The colour of `38;5;n` or `38;2;r;g;b`, consuming its parameters."""
    numbers = (int(group) if group.isdigit() else 0 for group in groups)
    kind = next(numbers, 0)
    if kind == 5:
        index = next(numbers, 0)
        return index if index < 256 else None
    if kind == 2:
        return _channel(next(numbers, 0), next(numbers, 0), next(numbers, 0))
    return None


def _sub_colour(sub: list[str]) -> int | None:
    """The colour of `38:5:n`, `38:2:r:g:b` or `38:2:space:r:g:b`."""
    numbers = [int(part) if part else 0 for part in sub]
    if numbers[0] == 5 and len(numbers) > 1:
        return numbers[1] if numbers[1] < 256 else None
    if numbers[0] == 2 and len(numbers) > 3:
        return _channel(*(numbers[1:4] if len(numbers) == 4 else numbers[2:5]))
    return None


class StyleTable:
    """Numbers styles with characters, and forgets unused ones when it is full.

    Args:
        in_use: Returns the ids that rows still refer to; asked only when the table is full.
        limit: How many styles may be alive.
    """

    def __init__(self, in_use: Callable[[], set[str]], limit: int = 16_384) -> None:
        self.generation = 0
        """Grows whenever ids may have been given to other styles: caches by id are then void."""
        self._in_use = in_use
        self._limit = limit
        self._ids: dict[Style, str] = {DEFAULT_STYLE: PLAIN}
        self._styles: dict[str, Style] = {PLAIN: DEFAULT_STYLE}
        self._free = iter(range(1, limit))
        self._refused = 0
        self._sgr: dict[tuple[str, str], str] = {}
        self._erased: dict[str, str] = {PLAIN: PLAIN}

    def __getitem__(self, identifier: str) -> Style:
        return self._styles[identifier]

    def __len__(self) -> int:
        return len(self._styles)

    def identify(self, style: Style) -> str:
        """The id of a style; the plain one when every id is in use."""
        known = self._ids.get(style)
        if known is not None:
            return known
        number = next(self._free, None)
        if number is None:
            number = self._reclaim()
            if number is None:
                return PLAIN
        identifier = chr(number)
        self._ids[style] = identifier
        self._styles[identifier] = style
        return identifier

    def sgr(self, identifier: str, parameters: str) -> str:
        """The id of the style that `CSI parameters m` makes of `identifier`."""
        key = (identifier, parameters)
        result = self._sgr.get(key)
        if result is None:
            result = self.identify(apply_sgr(self._styles[identifier], parameters))
            if len(self._sgr) > 4096:
                self._sgr.clear()
            self._sgr[key] = result
        return result

    def erased(self, identifier: str) -> str:
        """The id of an erased cell: only the background stays."""
        result = self._erased.get(identifier)
        if result is None:
            result = self.identify(Style(background=self._styles[identifier].background))
            self._erased[identifier] = result
        return result

    def _reclaim(self) -> int | None:
        """Free the ids nothing uses. When most are in use, wait a while before looking again."""
        if self._refused:
            self._refused -= 1
            return None
        used = self._in_use() | {PLAIN}
        self._styles = {key: style for key, style in self._styles.items() if key in used}
        self._ids = {style: key for key, style in self._styles.items()}
        self._sgr.clear()
        self._erased = {PLAIN: PLAIN}
        self._free = iter([number for number in range(1, self._limit) if chr(number) not in used])
        self.generation += 1
        if len(self._styles) > self._limit * 3 // 4:
            self._refused = self._limit
        return next(self._free, None)
