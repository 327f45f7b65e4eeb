from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from labrunner.shell.marks import MAX_MARK_BYTES, Mark, MarkKind, MarkParser

NONCE = "n0nce"
START = b"\x1b]133;C;aid=n0nce\x07"


def parse(*chunks: bytes) -> list[bytes | Mark]:
    """All items, neighbouring output joined, what was held back at the end included."""
    parser = MarkParser(NONCE)
    items = [item for chunk in chunks for item in parser.feed(chunk)] + [parser.flush()]
    joined: list[bytes | Mark] = []
    for item in items:
        if isinstance(item, bytes) and joined and isinstance(joined[-1], bytes):
            joined[-1] += item
        elif item != b"":
            joined.append(item)
    return joined


def test_output_and_marks_come_apart_in_order() -> None:
    stream = (
        b"one\x1b[31m" + START + b"two\x1b]133;D;7;aid=n0nce;cwd=/a%20b%FF;cmd=ls\\x3b\\\\\\x0aid\x1b\\three"
    )
    assert parse(stream) == [
        b"one\x1b[31m",
        Mark(MarkKind.COMMAND_START),
        b"two",
        Mark(MarkKind.COMMAND_END, exit_code=7, cwd=b"/a b\xff", command="ls;\\\nid", note="7"),
        b"three",
    ]


def test_a_mark_without_our_nonce_is_output() -> None:
    for forged in (
        b"\x1b]133;D;0\x07",
        b"\x1b]133;D;0;aid=other\x07",
        b"\x1b]133;D;0;aid=n0nce2\x07",
        b"\x1b]133;D;xaid=n0nce\x07",
        b"\x1b]133;Z;aid=n0nce\x07",
        b"\x1b]133;D;aid=n0nce\x1b[0m",
    ):
        assert parse(b"a" + forged + b"b") == [b"a" + forged + b"b"]


def test_an_unfinished_mark_does_not_swallow_the_next() -> None:
    assert parse(b"\x1b]133;D;1;aid=" + START) == [b"\x1b]133;D;1;aid=", Mark(MarkKind.COMMAND_START)]


def test_an_endless_mark_is_output_and_little_is_held_back() -> None:
    parser = MarkParser(NONCE)
    shown = b"".join(
        item
        for _ in range(100)
        for item in parser.feed(b"\x1b]133;" + b"x" * 10_000)
        if isinstance(item, bytes)
    )
    assert len(parser.flush()) <= MAX_MARK_BYTES
    assert len(shown) >= 100 * 10_006 - MAX_MARK_BYTES


def test_only_what_may_become_a_mark_is_held_back() -> None:
    parser = MarkParser(NONCE)
    assert parser.feed(b"text\x1b]13") == [b"text"]
    assert parser.feed(b"0;more\x1b") == [b"\x1b]130;more"]
    assert parser.flush() == b"\x1b"


pieces = st.lists(
    st.one_of(
        st.binary(max_size=12),
        st.sampled_from(
            [
                b"\x1b",
                b"\x07",
                b"\x1b\\",
                b"\x1b]133;",
                b"\x1b]133;C",
                b";aid=n0nce",
                START,
                b"\x1b]133;D;3;aid=n0nce\x1b\\",
                b"\x1b]133;D;0;aid=forged\x07",
            ]
        ),
    ),
    max_size=12,
)


@given(pieces, st.lists(st.integers(0, 200), max_size=8))
def test_the_result_does_not_depend_on_how_the_stream_is_cut(parts: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(parts)
    edges = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    chunks = [stream[a:b] for a, b in pairwise(edges)]
    assert parse(*chunks) == parse(stream)
    assert parse(*(stream[index : index + 1] for index in range(len(stream)))) == parse(stream)


@given(pieces)
def test_no_output_is_lost_or_made_up(parts: list[bytes]) -> None:
    stream = b"".join(parts)
    output = b"".join(item for item in parse(stream) if isinstance(item, bytes))
    without_marks = stream.replace(START, b"").replace(b"\x1b]133;D;3;aid=n0nce\x1b\\", b"")
    if b"\x1b]133;C" not in stream.replace(START, b""):  # joined pieces can form a mark that is not listed
        assert output == without_marks
