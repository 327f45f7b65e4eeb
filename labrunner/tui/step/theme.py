"""A theme's colours as a palette whose every text can be read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rich.color import Color
from rich.color_triplet import ColorTriplet
from rich.style import Style

from labrunner.tui.step.palette import Palette
from labrunner.tui.widgets.terminal_palette import readable

MUTED: Final = ("muted", "comment")
"""Parts in the colour of the text, nearer to the background, unless the theme's CSS says otherwise."""

_SHARE: Final = 0.66


def palette_of(base: Style, parts: Mapping[str, Style]) -> Palette:
    """The palette of the styles that the CSS gives, colours moved until they can be read on text and on cells.

    Colours the terminal itself chooses (ANSI themes) are left to it.
    """
    cell = parts.get("cell", Style())
    surfaces = [
        colour.triplet for colour in (base.bgcolor, (base + cell).bgcolor) if colour and colour.triplet
    ]
    fitted = {name: _fitted(name, style, base, surfaces) for name, style in parts.items()}
    return Palette(base=base, **fitted)


def _fitted(name: str, style: Style, base: Style, surfaces: list[ColorTriplet]) -> Style:
    if name in MUTED and style.color is None:
        style += _muted(base)
    colour = style.color.triplet if style.color else None
    if colour is None:
        return style
    red, green, blue = colour
    for surface in surfaces:
        red, green, blue = readable((red, green, blue), (surface.red, surface.green, surface.blue))
    return style + Style(color=Color.from_rgb(red, green, blue))


def _muted(base: Style) -> Style:
    front = base.color.triplet if base.color else None
    back = base.bgcolor.triplet if base.bgcolor else None
    if front is None or back is None:
        return Style(dim=True)
    red, green, blue = (round(f * _SHARE + b * (1 - _SHARE)) for f, b in zip(front, back, strict=True))
    return Style(color=Color.from_rgb(red, green, blue))
