"""Request heads: strict where laxness would be dangerous, and limits everywhere.

Source: RFC 9110 and RFC 9112. Anything doubtful is a 400 and the connection ends, so requests cannot be smuggled.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

from labrunner.sim.http.message import Head

MAX_HEAD: Final = 64 * 1024
MAX_BODY: Final = 3 * 1024 * 1024
MAX_HEADERS: Final = 200
MAX_QUERY: Final = 1000

_TOKEN: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
_TARGET: Final = re.compile(rb"[\x21-\x7e\x80-\xff]+\Z")
_VALUE: Final = re.compile(rb"[\t\x20-\x7e\x80-\xff]*\Z")
_DIGITS: Final = re.compile(r"[0-9]{1,19}\Z")
_LOOPBACK: Final = re.compile(
    r"(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])(?::[0-9]{1,5})?\Z", re.IGNORECASE
)


class BadRequest(Exception):  # noqa: N818
    """A request that is answered with *status* before it reaches the API, and whose connection is closed."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def parse_head(data: bytes) -> Head:
    """The head in *data* (request line and headers, without the empty line). Raises BadRequest."""
    lines = data.split(b"\r\n")
    method, target, version = _request_line(lines[0])
    if len(lines) > MAX_HEADERS:
        raise BadRequest(431, "too many header fields")
    headers: dict[str, str] = {}
    repeated: dict[str, list[str]] = {}
    for line in lines[1:]:
        name, colon, value = line.partition(b":")
        value = value.strip(b" \t")
        if not colon or not _TOKEN.match(name) or not _VALUE.match(value):
            raise BadRequest(400, "malformed header field")
        key, text = name.decode("ascii").lower(), value.decode("latin-1")
        if key in headers:
            if key in ("host", "content-length", "transfer-encoding", "authorization", "content-type"):
                raise BadRequest(400, f"header field {key} occurs twice")
            repeated.setdefault(key, [headers[key]]).append(text)
            headers[key] += f", {text}"
        else:
            headers[key] = text
    path, query = split_target(target)
    head = Head(method, target, path, query, headers, repeated)
    head.version = version
    _framing(head)
    _origin(head)
    return head


def _request_line(line: bytes) -> tuple[str, str, str]:
    parts = line.split(b" ")
    if len(parts) != 3 or not _TOKEN.match(parts[0]) or not _TARGET.match(parts[1]):
        raise BadRequest(400, "malformed request line")
    if parts[2] not in (b"HTTP/1.1", b"HTTP/1.0"):
        known = re.match(rb"HTTP/[0-9](\.[0-9])?\Z", parts[2])
        raise BadRequest(505 if known else 400, "unsupported HTTP version")
    return parts[0].decode("ascii"), parts[1].decode("latin-1"), parts[2][5:].decode("ascii")


def split_target(target: str) -> tuple[str, dict[str, list[str]]]:
    """Decoded path and query of a request target. Raises BadRequest."""
    if target.startswith(("http://", "https://")):
        target = "/" + target.split("://", 1)[1].partition("/")[2]
    if not target.startswith("/"):
        raise BadRequest(400, "malformed request target")
    raw, _, raw_query = target.partition("#")[0].partition("?")
    path = _decoded(raw)
    query: dict[str, list[str]] = {}
    if raw_query:
        pairs = raw_query.split("&")
        if len(pairs) > MAX_QUERY:
            raise BadRequest(414, "too many query parameters")
        for pair in pairs:
            key, _, value = pair.partition("=")
            if key:
                query.setdefault(_decoded(key.replace("+", " ")), []).append(
                    _decoded(value.replace("+", " "))
                )
    return path, query


def _decoded(text: str) -> str:
    if "%" not in text and text.isascii():
        return text
    if re.search(r"%(?![0-9A-Fa-f]{2})", text):
        raise BadRequest(400, "malformed percent encoding")
    try:
        found = unquote(text.encode("latin-1").decode("utf-8"), errors="strict")
    except UnicodeDecodeError:
        raise BadRequest(400, "the request target is not UTF-8") from None
    if "\x00" in found:
        raise BadRequest(400, "NUL in the request target")
    return found


def _framing(head: Head) -> None:
    headers = head.headers
    length, coding = headers.get("content-length"), headers.get("transfer-encoding")
    if coding is not None:
        if coding.lower() != "chunked" or length is not None or head.version == "1.0":
            raise BadRequest(400, "unsupported message framing")
        head.chunked = True
    elif length is not None:
        if not _DIGITS.match(length):
            raise BadRequest(400, "malformed Content-Length")
        head.content_length = int(length)
        if head.content_length > MAX_BODY:
            raise BadRequest(413, f"Request entity too large: limit is {MAX_BODY}")
    expect = headers.get("expect")
    if expect is not None:
        if expect.lower() != "100-continue":
            raise BadRequest(417, "unsupported expectation")
        head.expects_continue = True
    connection = headers.get("connection", "").lower()
    head.keep_alive = "close" not in connection if head.version == "1.1" else "keep-alive" in connection


def _origin(head: Head) -> None:
    host = head.headers.get("host")
    if host is None:
        if head.version == "1.1":
            raise BadRequest(400, "missing Host header")
    elif not _LOOPBACK.match(host):
        raise BadRequest(403, "this server answers to loopback names only (Host header refused)")
    origin = head.headers.get("origin")
    # Clients of websockets name the server itself as their origin; a web page cannot, since the server has none.
    if origin is not None and origin not in (f"https://{host}", f"http://{host}"):
        raise BadRequest(403, "requests from web pages are refused (Origin header present)")


class ChunkedBody:
    """Decoder of a chunked request body, fed as bytes arrive."""

    def __init__(self) -> None:
        self.body = bytearray()
        self._left = 0
        self._state = "size"

    def feed(self, buffer: bytearray) -> bool:
        """Take what it can from the front of *buffer*; True when the body is complete. Raises BadRequest."""
        while True:
            if self._state == "data":
                taken = min(self._left, len(buffer))
                self.body += buffer[:taken]
                del buffer[:taken]
                self._left -= taken
                if self._left:
                    return False
                self._state = "crlf"
            end = buffer.find(b"\r\n")
            if end < 0:
                if len(buffer) > 1024:
                    raise BadRequest(400, "malformed chunk")
                return False
            line = bytes(buffer[:end])
            del buffer[: end + 2]
            if self._line(line):
                return True

    def _line(self, line: bytes) -> bool:
        if self._state == "crlf":
            if line:
                raise BadRequest(400, "malformed chunk")
            self._state = "size"
        elif self._state == "size":
            size = line.partition(b";")[0].strip()
            if not re.fullmatch(rb"[0-9A-Fa-f]{1,8}", size):
                raise BadRequest(400, "malformed chunk size")
            self._left = int(size, 16)
            if len(self.body) + self._left > MAX_BODY:
                raise BadRequest(413, f"Request entity too large: limit is {MAX_BODY}")
            self._state = "data" if self._left else "trailer"
        elif not line:
            return True
        return False
