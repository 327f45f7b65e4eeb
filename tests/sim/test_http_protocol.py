"""HTTP: framing, limits, order, and that no bytes at all bring the connection's code down."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labrunner.sim.http import Channel, Connection, Request, Response, Stream
from labrunner.sim.http.message import chunk
from labrunner.sim.http.parser import MAX_BODY
from labrunner.sim.http.protocol import MAX_BACKLOG

HOST = b"Host: 127.0.0.1:6443\r\n"


class Pipe(asyncio.Transport):
    """A transport that remembers what was written."""

    def __init__(self) -> None:
        super().__init__()
        self.out = bytearray()
        self.closing = False
        self.aborted = False
        self.reading = True
        self.unsent = 0

    def write(self, data: Any) -> None:
        self.out += data

    def close(self) -> None:
        self.closing = True

    def abort(self) -> None:
        self.closing = self.aborted = True

    def is_closing(self) -> bool:
        return self.closing

    def is_reading(self) -> bool:
        return self.reading

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def get_write_buffer_size(self) -> int:
        return self.unsent


def echo(request: Request) -> Response:
    said = {
        "method": request.method,
        "path": request.path,
        "query": request.query,
        "length": len(request.body),
    }
    return Response.json(200, said)


def exchange(*pieces: bytes, handler: Callable[[Request], Response | Stream] = echo) -> Pipe:
    """What a connection writes when the given pieces arrive."""

    async def run() -> Pipe:
        pipe = Pipe()
        connection = Connection(handler, set())
        connection.connection_made(pipe)
        for piece in pieces:
            if not pipe.closing:
                connection.data_received(piece)
        for _ in range(3):
            await asyncio.sleep(0)
        connection.connection_lost(None)
        return pipe

    return asyncio.run(run())


def statuses(pipe: Pipe) -> list[int]:
    """The status codes of the responses, read by their own framing."""
    found, data = [], bytes(pipe.out)
    while data:
        head, _, rest = data.partition(b"\r\n\r\n")
        found.append(int(head.split(b" ")[1]))
        if found[-1] == 100:
            data = rest
            continue
        length = next(
            int(x.split(b":")[1]) for x in head.split(b"\r\n") if x.lower().startswith(b"content-length")
        )
        assert len(rest) >= length
        data = rest[length:]
    return found


def test_a_request_may_arrive_byte_by_byte() -> None:
    raw = b"POST /a%20b?x=1&y=%2F HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\n\r\nabc"
    pipe = exchange(*(raw[i : i + 1] for i in range(len(raw))))
    body = json.loads(bytes(pipe.out).partition(b"\r\n\r\n")[2])
    assert body == {"method": "POST", "path": "/a b", "query": {"x": "1", "y": "/"}, "length": 3}


def test_pipelined_requests_are_answered_in_order() -> None:
    raw = b"".join(b"GET /%d HTTP/1.1\r\n%s\r\n" % (n, HOST) for n in range(5))
    pipe = exchange(raw)
    paths = [
        json.loads(part)["path"] for part in bytes(pipe.out).split(b"\n") if part.startswith(b'{"method')
    ]
    assert paths == ["/0", "/1", "/2", "/3", "/4"]


def test_chunked_bodies_and_expectations_are_understood() -> None:
    raw = b"PUT / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n"
    pipe = exchange(raw, b"3;ext=1\r\nabc\r\n", b"2\r\nde\r\n0\r\nTrailer: x\r\n\r\n")
    assert statuses(pipe) == [100, 200]
    assert b'"length":5' in pipe.out


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET  / HTTP/1.1\r\n" + HOST + b"\r\n", 400),
        (b"GET / HTTP/3.0\r\n" + HOST + b"\r\n", 505),
        (b"GET / FTP/1.1\r\n" + HOST + b"\r\n", 400),
        (b"GET /%zz HTTP/1.1\r\n" + HOST + b"\r\n", 400),
        (b"GET /%00 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
        (b"GET /%ff HTTP/1.1\r\n" + HOST + b"\r\n", 400),
        (b"GET evil HTTP/1.1\r\n" + HOST + b"\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + HOST + b"No colon\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + HOST + b"Bad name: x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + HOST + b"X: a\x00b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n", 400),
        (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % (MAX_BODY + 1), 413),
        (b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\nffffffff\r\n", 413),
        (b"GET /" + b"a" * 70_000, 431),
        (b"GET / HTTP/1.1\r\n" + HOST + b"X: y\r\n" * 300 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 403),
        (b"GET / HTTP/1.1\r\nHost: 127.0.0.1.evil.example\r\n\r\n", 403),
        (b"GET / HTTP/1.1\r\n" + HOST + b"Origin: https://evil.example\r\n\r\n", 403),
        (b"GET / HTTP/1.1\r\n" + HOST + b"Expect: tea\r\n\r\n", 417),
    ],
)
def test_doubtful_requests_are_refused_and_the_connection_ends(
    raw: bytes, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("labrunner.sim.http.protocol.LINGER", 0)
    pipe = exchange(raw)
    assert statuses(pipe) == [status]
    assert pipe.closing
    assert json.loads(bytes(pipe.out).partition(b"\r\n\r\n")[2])["kind"] == "Status"


@pytest.mark.parametrize("host", [b"localhost", b"LOCALHOST:1", b"127.0.0.1", b"127.1.2.3:80", b"[::1]:6443"])
def test_loopback_names_are_answered(host: bytes) -> None:
    assert statuses(exchange(b"GET / HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")) == [200]


def test_a_client_that_names_the_server_itself_as_its_origin_is_answered() -> None:
    assert statuses(exchange(b"GET / HTTP/1.1\r\n" + HOST + b"Origin: https://127.0.0.1:6443\r\n\r\n")) == [
        200
    ]


SMUGGLED = b"GET /smuggled HTTP/1.1\r\n" + HOST + b"\r\n"


@pytest.mark.parametrize("framing", [
    b"Content-Length: 5\r\nTransfer-Encoding: chunked",
    b"Transfer-Encoding: chunked\r\nContent-Length: 5",
    b"Transfer-Encoding: chunked\r\nContent-Length: 0",
    b"Content-Length: 5\r\nContent-Length: 5",
    b"Content-Length: 5\r\ncontent-length: 0",
    b"Content-Length: 5, 5",
    b"Content-Length: +5",
    b"Content-Length: 0x5",
    b"Content-Length: 5 5",
    b"Content-Length: 5_0",
    b"Content-Length:",
    b"Content-Length : 5",
    b"Content-Length\t: 5",
    b"X: y\r\n Content-Length: 5",
    b"X: y\nContent-Length: 5",
    b"X: y\rContent-Length: 5",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
    b"Transfer-Encoding: chunked, identity",
    b"Transfer-Encoding: gzip, chunked",
    b"Transfer-Encoding: xchunked",
    b"Transfer-Encoding: \x0bchunked",
    b"Transfer-Encoding: \"chunked\"",
    b"Transfer-Encoding : chunked",
    b"Transfer_Encoding: chunked\r\n\x00: y",
])  # fmt: skip
def test_a_request_whose_end_is_in_doubt_hides_no_other(
    framing: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("labrunner.sim.http.protocol.LINGER", 0)
    heard: list[str] = []

    def handler(request: Request) -> Response:
        heard.append(request.path)
        return echo(request)

    body = b"0\r\n\r\n"
    pipe = exchange(b"POST /a HTTP/1.1\r\n" + HOST + framing + b"\r\n\r\n" + body + SMUGGLED, handler=handler)
    assert statuses(pipe) == [400]
    assert heard == []
    assert pipe.closing


@pytest.mark.parametrize("chunks", [
    b"0x5\r\nabcde\r\n", b"-5\r\n", b"+5\r\nabcde\r\n", b"5 5\r\nabcde\r\n", b"\r\n", b"5\r\nabcdeXX0\r\n\r\n",
    b"5\nabcde\n0\n\n\r\n", b"000000005\r\nabcde\r\n", b";\r\n",
])  # fmt: skip
def test_a_malformed_chunk_ends_the_connection(chunks: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("labrunner.sim.http.protocol.LINGER", 0)
    head = b"POST /a HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
    assert statuses(exchange(head + chunks + SMUGGLED)) == [400]


def test_what_follows_a_body_of_exact_length_is_the_next_request() -> None:
    raw = b"POST /a HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % len(SMUGGLED) + SMUGGLED
    assert statuses(exchange(raw)) == [200]
    assert statuses(exchange(raw + SMUGGLED)) == [200, 200]


def test_an_old_client_gets_no_chunks() -> None:
    ticker = Ticker()
    pipe = exchange(b"GET /watch HTTP/1.0\r\n\r\n", handler=lambda _: ticker)
    assert statuses(pipe) == [505]
    assert b"chunked" not in pipe.out
    assert (ticker.channel, ticker.ended, pipe.closing) == (None, 1, True)


def test_an_old_client_may_keep_its_connection() -> None:
    raw = b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
    pipe = exchange(raw + raw)
    assert statuses(pipe) == [200, 200]
    assert not pipe.closing


def test_the_connection_ends_when_asked_to() -> None:
    assert exchange(b"GET / HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n").closing
    assert exchange(b"GET / HTTP/1.0\r\n\r\n").closing
    assert not exchange(b"GET / HTTP/1.1\r\n" + HOST + b"\r\n").closing


def test_head_has_the_length_but_no_body() -> None:
    pipe = exchange(b"HEAD / HTTP/1.1\r\n" + HOST + b"\r\n")
    head, _, rest = bytes(pipe.out).partition(b"\r\n\r\n")
    assert b"Content-Length: " in head
    assert rest == b""


def test_a_failing_handler_answers_500_and_the_connection_lives(capsys: pytest.CaptureFixture[str]) -> None:
    def fail(request: Request) -> Response:
        raise RuntimeError("secret detail")

    pipe = exchange(b"GET / HTTP/1.1\r\n" + HOST + b"\r\n", handler=fail)
    assert statuses(pipe) == [500]
    assert not pipe.closing
    assert b"secret" not in pipe.out
    assert "secret detail" in capsys.readouterr().err


class Ticker:
    """A stream that sends one chunk, and ends when told to."""

    status = 200
    content_type = "application/json"
    headers: tuple[tuple[str, str], ...] = ()

    def __init__(self) -> None:
        self.channel: Channel | None = None
        self.ended = 0

    def opened(self, channel: Channel) -> None:
        self.channel = channel
        channel.send(chunk(b"tick\n"))

    def closed(self) -> None:
        self.ended += 1


def test_requests_behind_a_stream_wait_for_its_end() -> None:
    ticker = Ticker()

    async def run() -> bytes:
        pipe = Pipe()
        connection = Connection(lambda r: ticker if r.path == "/watch" else echo(r), set())
        connection.connection_made(pipe)
        connection.data_received(b"GET /watch HTTP/1.1\r\n%s\r\nGET /after HTTP/1.1\r\n%s\r\n" % (HOST, HOST))
        assert b"/after" not in pipe.out
        assert ticker.channel is not None
        ticker.channel.finish()
        await asyncio.sleep(0)
        return bytes(pipe.out)

    out = asyncio.run(run())
    assert ticker.ended == 1
    assert out.index(b"5\r\ntick\n\r\n") < out.index(b"0\r\n\r\n") < out.index(b"/after")


def test_a_stream_ends_with_its_peer_and_a_slow_peer_is_dropped() -> None:
    ticker = Ticker()

    async def run() -> Pipe:
        pipe = Pipe()
        connection = Connection(lambda _: ticker, set())
        connection.connection_made(pipe)
        connection.data_received(b"GET /watch HTTP/1.1\r\n" + HOST + b"\r\n")
        connection.pause_writing()
        pipe.unsent = 64 * 1024 * 1024
        assert ticker.channel is not None
        ticker.channel.send(chunk(b"more"))
        connection.connection_lost(None)
        return pipe

    assert asyncio.run(run()).aborted
    assert ticker.ended == 1


def test_what_comes_while_the_peer_does_not_read_waits() -> None:
    async def run() -> tuple[bytes, bytes]:
        pipe = Pipe()
        connection = Connection(echo, set())
        connection.connection_made(pipe)
        connection.pause_writing()
        connection.data_received(b"GET / HTTP/1.1\r\n" + HOST + b"\r\n")
        before = bytes(pipe.out)
        connection.resume_writing()
        return before, bytes(pipe.out)

    before, after = asyncio.run(run())
    assert before == b""
    assert after.startswith(b"HTTP/1.1 200")


_pieces = st.lists(
    st.one_of(
        st.binary(max_size=60),
        st.sampled_from(
            [
                b"GET / HTTP/1.1\r\n", HOST, b"\r\n", b"\r\n\r\n", b"Content-Length: 5\r\n", b"abcde",
                b"Transfer-Encoding: chunked\r\n", b"5\r\nabcde\r\n", b"0\r\n\r\n", b"POST /x?a=b HTTP/1.1\r\n",
                b"Connection: close\r\n", b"Expect: 100-continue\r\n", b"%00%ff%zz", b"Host: x\r\n",
            ]
        ),
    ),
    max_size=12,
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(pieces=_pieces)
def test_no_bytes_bring_it_down(pieces: list[bytes]) -> None:
    for status in statuses(exchange(*pieces)):
        assert status in (100, 200, 400, 403, 413, 417, 431, 505)


def test_a_peer_that_reads_nothing_is_given_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("labrunner.sim.http.protocol.STALL_TIMEOUT", 0)

    async def run(*, resumes: bool) -> bool:
        pipe = Pipe()
        connection = Connection(echo, set())
        connection.connection_made(pipe)
        connection.pause_writing()
        if resumes:
            connection.resume_writing()
        for _ in range(3):
            await asyncio.sleep(0)
        connection.connection_lost(None)
        return pipe.aborted

    assert asyncio.run(run(resumes=False))
    assert not asyncio.run(run(resumes=True))


def test_a_stream_may_begin_with_more_than_a_peer_may_fall_behind() -> None:
    class Burst(Ticker):
        def opened(self, channel: Channel) -> None:
            super().opened(channel)
            pipe.unsent = 10 * MAX_BACKLOG

    async def run(more: int) -> bool:
        connection = Connection(lambda _: Burst(), set())
        connection.connection_made(pipe)
        connection.data_received(b"GET /watch HTTP/1.1\r\n" + HOST + b"\r\n")
        connection.pause_writing()
        pipe.unsent += more
        connection.send(chunk(b"more"))
        connection.connection_lost(None)
        return pipe.aborted

    pipe = Pipe()
    assert not asyncio.run(run(MAX_BACKLOG))
    pipe = Pipe()
    assert asyncio.run(run(MAX_BACKLOG + 1))
