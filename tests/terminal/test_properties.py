"""What holds for every byte stream."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from labrunner.shell.terminal import FILLER, VirtualTerminal

from .reading import position

FRAGMENTS = [
    b"\x1b[", b"\x1b]", b"\x1bP", b"\x1b_", b"\x1b", b"\x1b\\", b"\x07", b"\x18", b"\x1a", b"\x9b", b"\x7f", b"\0",
    b"m", b"H", b"J", b"K", b"r", b"38;5;", b"48:2::", b"?1049h", b"?1049l", b"?7l", b"?6h", b"?2026h", b";", b"9",
    b"99999999999999999999", b"1" * 300, b">4;2m", b"$p", b"!p", b" q", b"4h", b"@", b"P", b"L", b"M", b"S", b"T",
    b"b", b"X", b"I", b"Z", b"(0", b"\x0e", b"\x0f", b"c", b"7", b"8", b"#8", b"0;title", b"8;;http://x", b"52;c;YQ==",
    "漢".encode(), "e\u0301".encode(), "👩\u200d💻".encode(), "\u0301".encode(), b"\xe6\xbc", b"\xff", b"\xf0\x9f",
    b"abc", b"word word word", b"\r\n", b"\n", b"\r", b"\b", b"\t", b"line\r\nline\r\nline\r\n",
    "\U00100000".encode(), "\u200d".encode(), b"\xed\xa0\x80",
]  # fmt: skip
STREAM = st.lists(st.sampled_from(FRAGMENTS) | st.binary(max_size=8), max_size=60).map(b"".join)
SIZE = st.tuples(st.integers(1, 30), st.integers(1, 12))


def picture(terminal: VirtualTerminal) -> tuple:
    """All that can be seen of a terminal."""
    return (
        tuple(
            (terminal.plain(row), tuple(map(terminal.style, row.styles)), row.wrapped)
            for row in terminal.lines
        ),
        tuple(map(terminal.plain, terminal.scrollback)),
        terminal.cursor,
        terminal.title,
        frozenset(terminal.modes.private),
        terminal.take_replies(),
        tuple(terminal.take_events()),
    )


def check_consistent(terminal: VirtualTerminal) -> None:
    assert len(terminal.lines) == terminal.rows
    for row in terminal.lines:
        assert len(row.text) == len(row.styles) <= terminal.columns
        assert not row.text.startswith(FILLER)
        assert FILLER + FILLER not in row.text
    x, y = position(terminal)
    assert 0 <= x < terminal.columns
    assert 0 <= y < terminal.rows


@settings(max_examples=400, deadline=None)
@given(STREAM, SIZE, st.lists(SIZE, max_size=3), STREAM)
def test_no_bytes_and_no_size_break_it(data, size, sizes, more):
    terminal = VirtualTerminal(*size, scrollback=20)
    terminal.feed(data)
    check_consistent(terminal)
    for columns, rows in sizes:
        terminal.resize(columns, rows)
        check_consistent(terminal)
    terminal.feed(more)
    check_consistent(terminal)
    terminal.take_dirty()


@settings(max_examples=400, deadline=None)
@given(STREAM, SIZE, st.data())
def test_cutting_the_stream_anywhere_changes_nothing(data, size, draw):
    whole = VirtualTerminal(*size)
    whole.feed(data)
    cuts = sorted(draw.draw(st.lists(st.integers(0, len(data)), max_size=8)))
    pieces = VirtualTerminal(*size)
    for start, stop in zip([0, *cuts], [*cuts, len(data)], strict=True):
        pieces.feed(data[start:stop])
    assert picture(whole) == picture(pieces)


def test_byte_by_byte_a_recording_looks_the_same():
    data = (Path(__file__).parent / "recordings" / "vim.bin").read_bytes()
    whole, pieces = VirtualTerminal(80, 24), VirtualTerminal(80, 24)
    whole.feed(data)
    for value in data:
        pieces.feed(bytes((value,)))
    assert picture(whole) == picture(pieces)


@settings(max_examples=150, deadline=None)
@given(STREAM, SIZE, STREAM)
def test_dirty_rows_are_exactly_those_that_differ(data, size, more):
    terminal = VirtualTerminal(*size)
    terminal.feed(data)
    terminal.take_dirty()
    before, cursor = list(terminal.lines), terminal.cursor
    terminal.feed(more)
    changed = {y for y, row in enumerate(terminal.lines) if row != before[y]}
    if terminal.cursor != cursor:
        changed |= {cursor.y, terminal.cursor.y}
    assert terminal.take_dirty() == changed
    assert terminal.take_dirty() == frozenset()
