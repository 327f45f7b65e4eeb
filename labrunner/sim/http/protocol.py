"""One connection: bytes in, requests one after the other, responses out.

Pipelined requests are answered in order. A peer that does not read is not fed more (its requests wait, its watches are
dropped), one that does not write is given up on.
"""

from __future__ import annotations

import asyncio
import sys
import traceback
from collections.abc import Callable
from typing import Final

from labrunner.sim.http.answers import date_header, internal_error, peer_certificate, refusal, response_head
from labrunner.sim.http.message import Head, PeerCertificate, Request, Response, Stream, reason
from labrunner.sim.http.parser import MAX_HEAD, BadRequest, ChunkedBody, parse_head

HEAD_TIMEOUT: Final = 30.0
BODY_TIMEOUT: Final = 60.0
IDLE_TIMEOUT: Final = 300.0
#: How long, and for how many bytes, a refused peer may go on sending before the connection is cut: were it closed with
#: bytes unread, the kernel would reset it and the peer never see the refusal.
LINGER: Final = 0.5
LINGER_BYTES: Final = 64 * 1024 * 1024
#: Seconds a peer may leave what was written to it unread.
STALL_TIMEOUT: Final = 30.0
#: Bytes a peer may fall behind in a stream, on top of what the stream began with.
MAX_BACKLOG: Final = 2 * 1024 * 1024
_HEADS_KEPT: Final = 512
_HEAD_WORTH_KEEPING: Final = 2048

Handler = Callable[[Request], "Response | Stream"]

_heads: dict[bytes, Head] = {}


def _known_head(data: bytes) -> Head:
    head = _heads.get(data)
    if head is None:
        head = parse_head(data)
        if len(data) <= _HEAD_WORTH_KEEPING:
            if len(_heads) >= _HEADS_KEPT:
                _heads.clear()
            _heads[data] = head
    return head


class Connection(asyncio.Protocol):
    """Speaks HTTP/1.1 with one peer. *handler* is called for each request, in the event loop."""

    def __init__(self, handler: Handler, connections: set[Connection]) -> None:
        self._handler = handler
        self._connections = connections
        self._transport: asyncio.Transport | None = None
        self._certificate: PeerCertificate | None = None
        self._buffer = bytearray()
        self._head: Head | None = None
        self._chunked: ChunkedBody | None = None
        self._stream: Stream | None = None
        self._stream_ends_connection = False
        self._paused = False
        self._discarded = -1
        self._allowance = MAX_BACKLOG
        self._stalled: asyncio.TimerHandle | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._due = 0.0
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Part of asyncio.Protocol."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(high=1024 * 1024)
        self._connections.add(self)
        tls = transport.get_extra_info("ssl_object")
        if tls is not None:
            self._certificate = peer_certificate(tls)
        self._expect(HEAD_TIMEOUT)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Part of asyncio.Protocol."""
        self._connections.discard(self)
        self._transport = None
        for timer in (self._deadline, self._stalled):
            if timer is not None:
                timer.cancel()
        self._close_stream()

    def eof_received(self) -> bool:
        """Part of asyncio.Protocol: the peer sends no more; end what is going on."""
        return False

    def pause_writing(self) -> None:
        """Part of asyncio.Protocol: the peer is slow to read."""
        self._paused = True
        self._stalled = self._loop.call_later(STALL_TIMEOUT, self.abort)

    def resume_writing(self) -> None:
        """Part of asyncio.Protocol."""
        self._paused = False
        if self._stalled is not None:
            self._stalled.cancel()
        if self._transport is not None and not self._transport.is_reading():
            self._transport.resume_reading()
        self._advance()

    def data_received(self, data: bytes) -> None:
        """Part of asyncio.Protocol."""
        if self._discarded >= 0:
            self._discarded += len(data)
            if self._discarded > LINGER_BYTES and self._transport is not None:
                self._transport.abort()
            return
        self._buffer += data
        if self._stream is not None or self._paused:
            if len(self._buffer) > 2 * MAX_HEAD and self._transport is not None:
                self._transport.pause_reading()
            return
        self._advance()

    def _advance(self) -> None:
        """Answer every complete request in the buffer."""
        try:
            while self._transport is not None and self._stream is None and not self._paused:
                if self._discarded >= 0 or self._transport.is_closing() or not self._step():
                    break
        except BadRequest as error:
            self._refuse(error)

    def _step(self) -> bool:
        """Answer the next request; False when more bytes are needed."""
        buffer = self._buffer
        head = self._head
        if head is None:
            if not buffer:
                self._expect(IDLE_TIMEOUT)
                return False
            end = buffer.find(b"\r\n\r\n", 0, MAX_HEAD + 4)
            if end < 0:
                if len(buffer) > MAX_HEAD:
                    raise BadRequest(431, "the request's head is too large")
                if buffer.startswith(b"\r\n"):
                    del buffer[:2]
                    return bool(buffer)
                self._expect(HEAD_TIMEOUT)
                return False
            head = self._head = _known_head(bytes(buffer[:end]))
            del buffer[: end + 4]
            if head.chunked:
                self._chunked = ChunkedBody()
            if head.expects_continue and self._transport is not None:
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if self._chunked is not None:
            if not self._chunked.feed(buffer):
                self._expect(BODY_TIMEOUT)
                return False
            body = bytes(self._chunked.body)
            self._chunked = None
        elif head.content_length:
            length = head.content_length
            if len(buffer) < length:
                self._expect(BODY_TIMEOUT)
                return False
            body = bytes(buffer[:length])
            del buffer[:length]
        else:
            body = b""
        self._head = None
        self._answer(head, body)
        return True

    def _answer(self, head: Head, body: bytes) -> None:
        try:
            answer = self._handler(Request(head, body, self._certificate))
        except Exception:
            sys.stderr.write(f"{head.method} {head.path}: {traceback.format_exc()}\n")
            answer = internal_error()
        if isinstance(answer, Response):
            self._respond(head, answer)
        else:
            self._begin(head, answer)

    def _respond(self, head: Head, answer: Response) -> None:
        transport = self._transport
        if transport is None:
            return
        closing = answer.close or not head.keep_alive
        body = b"" if head.method == "HEAD" else answer.body
        transport.write(response_head(answer, len(answer.body), closing) + body)
        if closing:
            transport.close()

    def _begin(self, head: Head, stream: Stream) -> None:
        transport = self._transport
        if transport is None:
            stream.closed()
            return
        if head.version == "1.0":
            stream.closed()
            self._respond(head, refusal(505, "streams need HTTP/1.1"))
            return
        lines = [
            b"HTTP/1.1 %d %s\r\nServer: labrunner-simulated\r\nDate: %s\r\nCache-Control: no-cache, private\r\n"
            % (stream.status, reason(stream.status).encode(), date_header()),
            b"Content-Type: %s\r\nTransfer-Encoding: chunked\r\n" % stream.content_type.encode(),
            *(b"%s: %s\r\n" % (k.encode(), v.encode("latin-1", "replace")) for k, v in stream.headers),
            b"\r\n",
        ]
        self._stream_ends_connection = not head.keep_alive
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        transport.write(b"".join(lines))
        self._stream = stream
        stream.opened(self)
        self._allowance = MAX_BACKLOG + self.backlog

    @property
    def backlog(self) -> int:
        """Bytes the peer has not taken yet."""
        return self._transport.get_write_buffer_size() if self._transport is not None else 0

    def send(self, data: bytes) -> None:
        """Write framed chunks of the current stream; a peer that has fallen far behind is dropped."""
        transport = self._transport
        if transport is None or self._stream is None:
            return
        transport.write(data)
        if self._paused and transport.get_write_buffer_size() > self._allowance:
            transport.abort()

    def finish(self) -> None:
        """End the current stream and go on with the next request."""
        transport = self._transport
        if transport is None or self._stream is None:
            return
        transport.write(b"0\r\n\r\n")
        self._close_stream()
        if self._stream_ends_connection:
            transport.close()
            return
        if not transport.is_reading():
            transport.resume_reading()
        self._loop.call_soon(self._advance)

    def abort(self) -> None:
        """Drop the connection."""
        if self._transport is not None:
            self._transport.abort()

    def shut(self) -> None:
        """The server is stopping: end the stream, close."""
        if self._stream is not None:
            self._stream_ends_connection = True
            self.finish()
        elif self._transport is not None:
            self._transport.close()

    def _close_stream(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.closed()

    def _refuse(self, error: BadRequest) -> None:
        self._buffer.clear()
        self._head = self._chunked = None
        if self._transport is None:
            return
        answer = refusal(error.status, error.message)
        self._transport.write(response_head(answer, len(answer.body), True) + answer.body)
        self._discarded = 0
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = self._loop.call_later(LINGER, self._transport.close)

    def _expect(self, seconds: float) -> None:
        """Give up on the peer unless it sends something within *seconds*. Cheap to call for every request."""
        self._due = self._loop.time() + seconds
        if self._deadline is None:
            self._deadline = self._loop.call_at(self._due, self._check_deadline)
        elif self._deadline.when() > self._due + 1:
            self._deadline.cancel()
            self._deadline = self._loop.call_at(self._due, self._check_deadline)

    def _check_deadline(self) -> None:
        self._deadline = None
        if self._transport is None or self._stream is not None:
            return
        if self._loop.time() < self._due:
            self._deadline = self._loop.call_at(self._due, self._check_deadline)
        elif self._head is not None or self._buffer:
            self._refuse(BadRequest(408, "the request did not arrive in time"))
        else:
            self._transport.close()
