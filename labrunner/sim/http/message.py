"""Requests and responses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

JSON: Final = "application/json"
TEXT: Final = "text/plain; charset=utf-8"

_REASONS: Final[dict[int, str]] = {
    100: "Continue", 101: "Switching Protocols", 200: "OK", 201: "Created", 202: "Accepted",
    204: "No Content", 304: "Not Modified", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden",
    404: "Not Found", 405: "Method Not Allowed", 406: "Not Acceptable", 408: "Request Timeout",
    409: "Conflict", 410: "Gone", 411: "Length Required", 413: "Request Entity Too Large",
    414: "Request-URI Too Long", 415: "Unsupported Media Type", 417: "Expectation Failed",
    422: "Unprocessable Entity", 429: "Too Many Requests", 431: "Request Header Fields Too Large",
    500: "Internal Server Error", 501: "Not Implemented", 503: "Service Unavailable",
    504: "Gateway Timeout", 505: "HTTP Version Not Supported", 507: "Insufficient Storage",
}  # fmt: skip


def reason(status: int) -> str:
    """The reason phrase of a status code."""
    return _REASONS.get(status, "Unknown")


class Head:
    """A request's line and headers. ``headers`` has lower-case names; repeated ones are joined by a comma.

    ``values`` keeps repeated headers and query parameters apart. ``memo`` is room for what routing finds out.
    """

    __slots__ = (
        "chunked",
        "content_length",
        "expects_continue",
        "headers",
        "keep_alive",
        "memo",
        "method",
        "path",
        "query",
        "query_values",
        "repeated",
        "target",
        "version",
    )  # fmt: skip

    def __init__(
        self, method: str, target: str, path: str, query_values: dict[str, list[str]], headers: dict[str, str],
        repeated: dict[str, list[str]],
    ) -> None:  # fmt: skip
        self.method = method
        self.target = target
        self.path = path
        self.query_values = query_values
        self.query = {key: values[0] for key, values in query_values.items()}
        self.headers = headers
        self.repeated = repeated
        self.version = "1.1"
        self.content_length = 0
        self.chunked = False
        self.expects_continue = False
        self.keep_alive = True
        self.memo: Any = None

    def all(self, name: str) -> list[str]:
        """Every value of a header."""
        if name in self.repeated:
            return self.repeated[name]
        return [self.headers[name]] if name in self.headers else []


@dataclass(frozen=True, slots=True)
class PeerCertificate:
    """A client certificate that the authority has signed: its subject as (attribute, value) pairs, and its DER form."""

    subject: tuple[tuple[str, str], ...]
    der: bytes

    @property
    def common_name(self) -> str:
        return next((value for key, value in self.subject if key == "commonName"), "")

    @property
    def organizations(self) -> tuple[str, ...]:
        return tuple(value for key, value in self.subject if key == "organizationName")


class Request:
    """A complete request. ``peer_certificate`` is the verified client certificate, or None."""

    __slots__ = ("body", "head", "peer_certificate")

    def __init__(self, head: Head, body: bytes, peer_certificate: PeerCertificate | None = None) -> None:
        self.head = head
        self.body = body
        self.peer_certificate = peer_certificate

    @property
    def method(self) -> str:
        return self.head.method

    @property
    def path(self) -> str:
        return self.head.path

    @property
    def query(self) -> dict[str, str]:
        return self.head.query

    @property
    def headers(self) -> dict[str, str]:
        return self.head.headers


class Response:
    """A complete response."""

    __slots__ = ("body", "close", "content_type", "headers", "status")

    def __init__(
        self,
        status: int,
        body: bytes,
        content_type: str = JSON,
        headers: tuple[tuple[str, str], ...] = (),
        *,
        close: bool = False,
    ) -> None:
        self.status = status
        self.body = body
        self.content_type = content_type
        self.headers = headers
        self.close = close

    @staticmethod
    def json(status: int, value: Mapping[str, Any], headers: tuple[tuple[str, str], ...] = ()) -> Response:
        """A JSON body."""
        return Response(status, json.dumps(value, separators=(",", ":")).encode() + b"\n", JSON, headers)

    @staticmethod
    def text(status: int, text: str) -> Response:
        """A plain text body."""
        return Response(status, text.encode(), TEXT)


class Channel(Protocol):
    """Where a stream writes."""

    @property
    def backlog(self) -> int:
        """Bytes written that the peer has not taken yet."""
        ...

    def send(self, data: bytes) -> None:
        """Write already framed chunks (see :func:`chunk`)."""
        ...

    def finish(self) -> None:
        """End the response; the connection may be used again."""
        ...

    def abort(self) -> None:
        """Drop the connection."""
        ...


class Stream(Protocol):
    """A response without an end in sight: a watch, a followed log."""

    status: int
    content_type: str
    headers: tuple[tuple[str, str], ...]

    def opened(self, channel: Channel) -> None:
        """The headers are out; from now on :class:`Channel` may be written to."""
        ...

    def closed(self) -> None:
        """The peer has gone, or the stream has finished."""
        ...


def chunk(data: bytes) -> bytes:
    """*data* framed for ``Transfer-Encoding: chunked``."""
    return b"%x\r\n%s\r\n" % (len(data), data)
