"""A screen taking another size."""

from __future__ import annotations

from dataclasses import replace

from labrunner.shell.terminal.reflow import reflow
from labrunner.shell.terminal.row import EMPTY, Row, crop
from labrunner.shell.terminal.screen import Screen


def resize_screen(screen: Screen, columns: int, rows: int) -> None:
    """Give a screen a new size.

    The primary screen and its scrollback are wrapped anew; the cursor stays with its character. A full screen
    stays full, from the scrollback if it grows; one with blank rows below the cursor keeps its top. The
    alternate screen is cut or extended: the program on it draws again anyway.
    """
    history = list(screen.scrollback) if screen.scrollback is not None else []
    top = len(history)
    everything = history + screen.lines
    column = screen.x + 1 if screen.pending else screen.x
    cursor = (top + screen.y, column)
    full = max(_last_used(screen.lines), screen.y) == screen.rows - 1
    if screen.scrollback is not None and columns != screen.columns:
        saved = (top + screen.saved.y, screen.saved.x)
        places = sorted({(top, 0), cursor, saved})
        everything, moved = reflow(everything, screen.columns, columns, places)
        new_place = dict(zip(places, moved, strict=True))
        top, cursor, saved = new_place[(top, 0)][0], new_place[cursor], new_place[saved]
    else:
        everything = [crop(row, columns) for row in everything]
        saved = (top + screen.saved.y, screen.saved.x)
    used = max(_last_used(everything), cursor[0]) + 1
    if full:
        top = used - rows if screen.scrollback is not None else min(top, used - rows)
    top = max(top, used - rows, 0)
    top = min(top, cursor[0])
    _place(screen, everything, top, rows)
    screen.columns, screen.rows = columns, rows
    screen.top, screen.bottom = 0, rows - 1
    pending = screen.pending and cursor[1] >= columns
    screen.move(cursor[1], cursor[0] - top)
    screen.pending = pending
    screen.saved = replace(
        screen.saved, x=min(saved[1], columns - 1), y=min(max(saved[0] - top, 0), rows - 1), pending=False
    )


def _last_used(lines: list[Row]) -> int:
    """The number of the last row with anything on it; -1 when there is none."""
    return next((y for y in range(len(lines) - 1, -1, -1) if lines[y].text.strip(" ")), -1)


def _place(screen: Screen, everything: list[Row], top: int, rows: int) -> None:
    """Cut rows into scrollback and screen at `top`."""
    shown = everything[top : top + rows]
    screen.lines = shown + [EMPTY] * (rows - len(shown))
    if screen.scrollback is not None:
        kept = screen.scrollback
        numbered = kept.pushed - len(kept) + top
        kept.clear()
        kept.extend(everything[:top])
        kept.pushed = numbered
