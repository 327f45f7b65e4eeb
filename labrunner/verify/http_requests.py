"""HTTP requests from the learner's machine, each over a connection of its own. Blocking; for worker threads."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from labrunner.verify.answers import HttpAnswer, NetworkFailure, failure_of
from labrunner.verify.pods import Obstacle, PodTroubleError

BODY_LIMIT = 256 * 1024
"""Bytes kept of one body."""

AT_ONCE = 8
_USER_AGENT = "labrunner"


class Tunnel(Protocol):
    """One forwarded connection."""

    socket: Any

    def error(self) -> str:
        """What the far end said of why it is cut off; "" when it is not."""
        ...

    def close(self) -> None: ...


Dial = Callable[[float], Tunnel]
"""Opens a connection through a port-forward, within so many seconds."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent. `host` None in `server_name` means the URL's; `ca` is a file."""

    url: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: str | None = None
    verify: bool = True
    ca: Path | None = None
    server_name: str | None = None


def send(
    request: Request, count: int, time_limit: float, dial: Dial | None = None
) -> tuple[HttpAnswer | NetworkFailure, ...]:
    """The answers of `count` requests, all within the time limit. Raises PodTroubleError when they cannot be sent."""
    deadline = time.monotonic() + time_limit
    tls = _tls(request) if urlsplit(request.url).scheme == "https" else None
    if count == 1:
        return (_send(request, deadline, tls, dial),)
    return _side_by_side(lambda: _send(request, deadline, tls, dial), count)


def _side_by_side(
    work: Callable[[], HttpAnswer | NetworkFailure], count: int
) -> tuple[HttpAnswer | NetworkFailure, ...]:
    """The results of `count` calls, some at once, in daemon threads: a leaving interpreter waits for none of them."""
    left = iter(range(count))
    lock = threading.Lock()
    answers: list[HttpAnswer | NetworkFailure] = []
    problems: list[BaseException] = []

    def run() -> None:
        while not problems:
            with lock:
                if next(left, None) is None:
                    return
            try:
                answers.append(work())
            except BaseException as problem:
                problems.append(problem)

    threads = [threading.Thread(target=run, name="labrunner-http", daemon=True) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        raise problems[0]
    return tuple(answers)


def _tls(request: Request) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=str(request.ca) if request.ca else None)
    except (OSError, ssl.SSLError) as problem:
        reason = f"the authorities to trust cannot be read: {problem}"
        raise PodTroubleError(Obstacle.MISSING, reason) from None
    if not request.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _send(
    request: Request, deadline: float, tls: ssl.SSLContext | None, dial: Dial | None
) -> HttpAnswer | NetworkFailure:
    tunnel: Tunnel | None = None
    connection: http.client.HTTPConnection | None = None
    try:
        left = _left(deadline)
        parts = urlsplit(request.url)
        host, port = parts.hostname or "", parts.port or (443 if tls else 80)
        connection = http.client.HTTPConnection(host, port, timeout=left)
        if dial is not None:
            tunnel = dial(left)
            tunnel.socket.settimeout(left)
            connection.sock = tunnel.socket
        else:
            connection.connect()
        if tls is not None:
            connection.sock = tls.wrap_socket(connection.sock, server_hostname=request.server_name or host)
        return _exchange(connection, request, deadline)
    except (OSError, http.client.HTTPException, ValueError) as problem:
        if tunnel is not None and (said := tunnel.error()):
            return _far_end(said)
        if isinstance(problem, http.client.RemoteDisconnected | http.client.IncompleteRead):
            return NetworkFailure("reset", str(problem))
        return failure_of(problem)
    finally:
        if connection is not None:
            connection.close()
        if tunnel is not None:
            tunnel.close()


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("out of time")
    return left


def _exchange(connection: http.client.HTTPConnection, request: Request, deadline: float) -> HttpAnswer:
    parts = urlsplit(request.url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    names = {name.lower() for name, _ in request.headers}
    body = request.body.encode() if request.body is not None else None
    connection.putrequest(
        request.method, path, skip_host="host" in names, skip_accept_encoding="accept-encoding" in names
    )
    own = {"user-agent": _USER_AGENT, "accept": "*/*", "connection": "close"}
    if body is not None or request.method in ("POST", "PUT", "PATCH"):
        own["content-length"] = str(len(body or b""))
    for name, value in (*((n, v) for n, v in own.items() if n not in names), *request.headers):
        connection.putheader(name, value.encode("utf-8"))
    connection.endheaders(body)
    answer = connection.getresponse()
    kept = bytearray()
    while len(kept) < BODY_LIMIT:
        if isinstance(connection.sock, socket.socket):
            connection.sock.settimeout(_left(deadline))
        else:
            _left(deadline)
        chunk = answer.read1(min(65536, BODY_LIMIT - len(kept)))
        if not chunk:
            break
        kept += chunk
    headers = tuple((name.lower(), value) for name, value in answer.getheaders())
    return HttpAnswer(answer.status, headers, bytes(kept).decode("utf-8", "replace"))


def _far_end(said: str) -> NetworkFailure:
    """What the pod's side of a port-forward said."""
    words = said.strip().splitlines()[0][:200] if said.strip() else ""
    return NetworkFailure("refused" if "refused" in said.lower() else "reset", words)
