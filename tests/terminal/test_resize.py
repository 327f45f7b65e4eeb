"""Taking another size."""

from __future__ import annotations

from labrunner.shell.terminal import VirtualTerminal

from .reading import content, logical_lines, position, screen, terminal_after


def test_narrower_wraps_and_wider_joins_again():
    terminal = terminal_after("abcdefghij\r\n$ ")
    terminal.resize(4, 5)
    assert content(terminal) == ["abcd", "efgh", "ij", "$"]
    assert position(terminal) == (2, 3)
    terminal.resize(20, 5)
    assert content(terminal) == ["abcdefghij", "$"]
    assert position(terminal) == (2, 1)


def test_a_wide_character_at_the_cut_moves_whole():
    terminal = terminal_after("abc漢字x")
    terminal.resize(4, 5)
    assert content(terminal) == ["abc", "漢字", "x"]
    terminal.resize(10, 5)
    assert content(terminal) == ["abc漢字x"]


def test_shorter_pushes_rows_into_the_scrollback_and_taller_takes_them_back():
    terminal = terminal_after("1\r\n2\r\n3\r\n4\r\n5")
    terminal.resize(10, 2)
    assert screen(terminal) == ["4", "5"]
    assert [terminal.text(row) for row in terminal.scrollback] == ["1", "2", "3"]
    terminal.resize(10, 5)
    assert screen(terminal) == ["1", "2", "3", "4", "5"]
    assert not terminal.scrollback


def test_blank_rows_below_the_cursor_are_given_up_first():
    terminal = terminal_after("1\r\n2")
    terminal.resize(10, 2)
    assert screen(terminal) == ["1", "2"]
    assert not terminal.scrollback


def test_a_cleared_screen_does_not_refill_from_the_scrollback():
    terminal = terminal_after("1\r\n2\r\n3\r\n4\r\n5\r\n6\r\n7\x1b[H\x1b[2J$ ")
    terminal.resize(12, 5)
    assert screen(terminal) == ["$", "", "", "", ""]


def test_the_alternate_screen_is_cut_and_the_primary_kept():
    terminal = terminal_after("0123456789abc\x1b[?1049h\x1b[Hvim status line")
    terminal.resize(6, 5)
    assert terminal.lines[0].text == "vim st"
    terminal.feed(b"\x1b[?1049l")
    assert logical_lines(terminal) == ["0123456789abc"]
    assert position(terminal) == (1, 2)


def test_the_scroll_region_is_the_whole_screen_again():
    terminal = terminal_after("\x1b[2;3r")
    terminal.resize(10, 4)
    terminal.feed(b"\x1b[4;1H1\n2\n3\n4")
    assert len(terminal.scrollback) == 3


def test_impossible_sizes_are_bounded():
    terminal = VirtualTerminal(10, 5)
    terminal.resize(0, -3)
    assert (terminal.columns, terminal.rows) == (1, 1)
    terminal.feed("漢e\u0301x".encode())
    assert (len(terminal.lines), position(terminal)) == (1, (0, 0))


def test_row_numbers_survive_a_change_of_height():
    terminal = VirtualTerminal(10, 5, scrollback=4)
    terminal.feed(b"".join(b"%d\r\n" % number for number in range(20)))
    oldest = terminal.scrollback.pushed - len(terminal.scrollback)
    assert terminal.text(terminal.scrollback[0]) == str(oldest)
    terminal.resize(10, 4)
    assert terminal.text(terminal.scrollback[0]) == str(terminal.scrollback.pushed - len(terminal.scrollback))


def test_one_column_has_no_room_for_wide_characters():
    terminal = terminal_after("a漢b")
    terminal.resize(1, 6)
    assert screen(terminal) == ["a", "", "", "b", "", ""]
