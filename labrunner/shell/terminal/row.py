"""A terminal row: one string of cells and one string of style ids, always equally long.

Rows are immutable. That makes them free to keep as scrollback, free to compare, and usable as cache keys;
every edit below returns a new row. A row may be shorter than the screen: the cells after its end are blank.
A wide character occupies its own position and a `FILLER` after it, so a string index is a column.
"""

from __future__ import annotations

from typing import Final, NamedTuple

FILLER: Final = "\0"
"""The second cell of a wide character. NUL never reaches the screen, so it is free for this."""

PLAIN: Final = "\0"
"""The style id of default colours and no attributes."""


class Row(NamedTuple):
    """One row of cells.

    Attributes:
        text: One character per cell; `FILLER` after a wide character; interned clusters as one character.
        styles: One style id per cell, as long as `text`.
        wrapped: The logical line goes on in the next row.
    """

    text: str
    styles: str
    wrapped: bool = False


EMPTY: Final = Row("", "", False)


def _head(text: str, column: int) -> str:
    """The cells before `column`; a wide character cut in half leaves a space."""
    if text[column : column + 1] == FILLER and column:
        return text[: column - 1] + " "
    return text[:column]


def _tail(text: str, column: int) -> str:
    """The cells from `column` on; a wide character cut in half leaves a space."""
    if text[column : column + 1] == FILLER:
        return " " + text[column + 1 :]
    return text[column:]


def _padded(row: Row, columns: int) -> tuple[str, str]:
    """The row's text and styles, blank-filled to at least `columns` cells."""
    text, styles, _ = row
    missing = columns - len(text)
    if missing > 0:
        return text + " " * missing, styles + PLAIN * missing
    return text, styles


def put(row: Row, column: int, text: str, styles: str) -> Row:
    """Overwrite the cells from `column` on with `text` in `styles` (equally long)."""
    # tuple.__new__ is the named tuple's constructor without its cost, which counts here.
    old, old_styles, wrapped = row
    length = len(old)
    if column == length:
        return tuple.__new__(Row, (old + text, old_styles + styles, wrapped))
    if column > length:
        gap = column - length
        return tuple.__new__(Row, (old + " " * gap + text, old_styles + PLAIN * gap + styles, wrapped))
    end = column + len(text)
    new_styles = old_styles[:column] + styles + old_styles[end:]
    if old.isascii() and FILLER not in old:
        return tuple.__new__(Row, (old[:column] + text + old[end:], new_styles, wrapped))
    return tuple.__new__(Row, (_head(old, column) + text + _tail(old, end), new_styles, wrapped))


def erase(row: Row, start: int, stop: int, style: str, columns: int) -> Row:
    """Blank the cells `start` ≤ column < `stop` in `style`; erasing to the right edge ends the soft wrap."""
    text, styles, wrapped = row
    if stop >= columns:
        wrapped = False
        if style == PLAIN:
            return Row(_head(text, start), styles[:start], False)
    elif style == PLAIN and start >= len(text):
        return row
    text, styles = _padded(row, stop)
    blank = stop - start
    return Row(
        _head(text, start) + " " * blank + _tail(text, stop),
        styles[:start] + style * blank + styles[stop:],
        wrapped,
    )


def insert(row: Row, column: int, count: int, style: str, columns: int) -> Row:
    """Push the cells from `column` on to the right by `count` blanks; what leaves the screen is lost."""
    if column >= len(row.text) and style == PLAIN:
        return row
    text, styles = _padded(row, column)
    count = min(count, columns - column)
    new_text = _head(text, column) + " " * count + _tail(text, column)
    new_styles = styles[:column] + style * count + styles[column:]
    return Row(_head(new_text, columns), new_styles[:columns], False)


def delete(row: Row, column: int, count: int, style: str, columns: int) -> Row:
    """Remove `count` cells at `column`, pulling the rest left and filling up with blanks in `style`."""
    text, styles, _ = row
    count = min(count, columns - column)
    if style != PLAIN:
        text, styles = _padded(row, columns)
    elif column >= len(text):
        return Row(text, styles, False)
    new_text = _head(text, column) + _tail(text, column + count)
    new_styles = styles[:column] + styles[column + count :]
    if style != PLAIN:
        new_text += " " * count
        new_styles += style * count
    return Row(new_text, new_styles, False)


def crop(row: Row, columns: int) -> Row:
    """The row cut to `columns` cells."""
    if len(row.text) <= columns:
        return row
    return Row(_head(row.text, columns), row.styles[:columns], False)


def blank_row(columns: int, style: str) -> Row:
    """A row of blanks in `style`; the plain one is empty."""
    return EMPTY if style == PLAIN else Row(" " * columns, style * columns, False)
