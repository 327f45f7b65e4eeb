from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labrunner.shell.output import Captured, OutputCapture, plain_text


@given(st.lists(st.binary(max_size=40)), st.integers(0, 30), st.integers(1, 30))
def test_head_and_tail_are_exactly_the_ends_of_the_stream(chunks: list[bytes], head: int, tail: int) -> None:
    capture = OutputCapture(head, tail)
    for chunk in chunks:
        capture.append(chunk)
    stream, kept = b"".join(chunks), capture.result()
    assert kept.head == stream[:head]
    assert kept.tail == stream[head:][-tail:]
    assert kept.size == len(stream)
    assert kept.dropped == max(0, len(stream) - head - tail)


def test_the_gap_is_named_in_the_text() -> None:
    assert Captured(b"first\r\n", b"last\r\n", 12_345).text == "first\n\n[… 12,345 bytes not kept …]\nlast\n"


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"a\r\nb\r\n", "a\nb\n"),
        (b"\x1b[1;31mred\x1b[0m \x1b]0;title\x07x\x1b]8;;u\x1b\\link\x1b]8;;\x1b\\", "red xlink"),
        (b"\x1bP+q\x1b\\a\x1b(Bb\x1b7c\x1b=d", "abcd"),
        (b" 10%\r 50%\r100%\r\ndone", "100%\ndone"),
        (b"longer\rab\r\n", "abnger\n"),
        (b"longer\r\x1b[Kab\n", "ab\n"),
        (b"ab\x08c\x08\x08xy", "xy"),
        (b"\xff\xfeok \xc3\xa4 \xc3", "\ufffd\ufffdok ä \ufffd"),
        (b"bell\x07 nul\x00 tab\t", "bell nul tab\t"),
        (b"cut \x1b[3", "cut "),
        (b"\x1b\xc3\xa4", "ä"),
        (b"plain", "plain"),
    ],
)
def test_plain_text_is_what_a_reader_sees(raw: bytes, text: str) -> None:
    assert plain_text(raw) == text


@given(st.binary(max_size=200))
def test_plain_text_takes_any_bytes(raw: bytes) -> None:
    text = plain_text(raw)
    assert "\x1b" not in text
    assert "\r" not in text
