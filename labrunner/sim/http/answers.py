"""Bytes of responses, the refusals below the API, and what TLS says about the peer."""

from __future__ import annotations

import json
import ssl
import time
from typing import Any, Final

from labrunner.sim.http.message import PeerCertificate, Response, reason

_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_date: tuple[int, bytes] = (0, b"")


def date_header() -> bytes:
    """The value of the Date header, made once a second."""
    global _date
    now = int(time.time())
    if _date[0] != now:
        moment = time.gmtime(now)
        day, month = _DAYS[moment.tm_wday], _MONTHS[moment.tm_mon - 1]
        clock = f"{moment.tm_hour:02d}:{moment.tm_min:02d}:{moment.tm_sec:02d}"
        _date = now, f"{day}, {moment.tm_mday:02d} {month} {moment.tm_year} {clock} GMT".encode()
    return _date[1]


def peer_certificate(tls: ssl.SSLObject) -> PeerCertificate | None:
    """The certificate that the peer has shown and TLS has verified, or None."""
    found = tls.getpeercert()
    if not found:
        return None
    names: Any = found.get("subject", ())
    subject = tuple((str(key), str(value)) for part in names for key, value in part)
    return PeerCertificate(subject, tls.getpeercert(binary_form=True) or b"")


def response_head(answer: Response, length: int, closing: bool) -> bytes:
    """Status line and headers of *answer*, whose body has *length* bytes."""
    extra = b"".join(
        b"%s: %s\r\n" % (k.encode(), v.encode("utf-8").replace(b"\r", b" ").replace(b"\n", b" "))
        for k, v in answer.headers
    )
    return (
        b"HTTP/1.1 %d %s\r\nServer: labrunner-simulated\r\nDate: %s\r\nCache-Control: no-cache, private\r\n"
        b"Content-Type: %s\r\nContent-Length: %d\r\n%s%s\r\n"
        % (
            answer.status,
            reason(answer.status).encode(),
            date_header(),
            answer.content_type.encode(),
            length,
            extra,
            b"Connection: close\r\n" if closing else b"",
        )
    )


_STATUS_REASONS: Final = {
    400: "BadRequest", 403: "Forbidden", 408: "Timeout", 413: "RequestEntityTooLarge", 500: "InternalError",
}  # fmt: skip


def refusal(status: int, message: str) -> Response:
    """A ``Status`` for what goes wrong below the API."""
    body: dict[str, Any] = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": _STATUS_REASONS.get(status, "BadRequest"),
        "code": status,
    }
    return Response(status, json.dumps(body).encode() + b"\n", close=True)


def internal_error() -> Response:
    """500, without details: these are on stderr."""
    answer = refusal(500, "Internal error occurred: the simulated API server failed on this request")
    answer.close = False
    return answer
