"""An API server that answers what a test writes down: pods, their logs, and websockets that speak channels."""

from __future__ import annotations

import base64
import hashlib
import json
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

_ACCEPT = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def frame(channel: int, data: bytes) -> bytes:
    """A binary websocket frame from a server, with the channel in front."""
    body = bytes([channel]) + data
    size = len(body)
    head = struct.pack("!BB", 0x82, size) if size < 126 else struct.pack("!BBQ", 0x82, 127, size)
    return head + body


CLOSE = struct.pack("!BBH", 0x88, 2, 1000)


def ended(code: int) -> bytes:
    """The frame on the error channel that tells an exit code."""
    if code == 0:
        return frame(3, b'{"status": "Success"}')
    causes = [{"reason": "ExitCode", "message": str(code)}]
    status = {"status": "Failure", "reason": "NonZeroExitCode", "details": {"causes": causes}}
    return frame(3, json.dumps(status).encode())


def pod(
    name: str, *, state: Any = None, labels: Any = None, containers: Any = ("app",), **status: Any
) -> Any:
    """A pod whose containers are all in `state`; running unless told otherwise."""
    state = state or {"running": {}}
    statuses = [{"name": one, "state": state, "lastState": status.pop("last", {})} for one in containers]
    return {
        "metadata": {"name": name, "namespace": "shop", "labels": labels or {"app": "web"}},
        "spec": {"containers": [{"name": one} for one in containers]},
        "status": {"phase": "Running", "containerStatuses": statuses, **status},
    }


class FakeApi:
    """`answers` by path: JSON, text, or bytes of websocket frames; `(status, body)` refuses; what is not there is 404."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.asked: list[tuple[str, dict[str, list[str]]]] = []
        self.hold = threading.Event()
        self.holding = False
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                api._answer(self)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]

    def put(self, *pods: Any) -> None:
        base = "/api/v1/namespaces/shop/pods"
        self.answers[base] = {"items": list(pods)}
        self.answers.update({f"{base}/{one['metadata']['name']}": one for one in pods})

    def kubeconfig(self, folder: Path) -> Path:
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "x",
            "clusters": [{"name": "x", "cluster": {"server": f"http://127.0.0.1:{self.port}"}}],
            "users": [{"name": "x", "user": {"token": "t"}}],
            "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
        }
        path = folder / "fake-kubeconfig"
        path.write_text(json.dumps(config))
        return path

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        split = urlsplit(handler.path)
        self.asked.append((split.path, parse_qs(split.query)))
        answer = self.answers.get(split.path, (404, {"message": "not found"}))
        status, body = answer if isinstance(answer, tuple) else (200, answer)
        if isinstance(body, Callable):  # type: ignore[arg-type]
            body = body(handler)
            if body is None:
                return
        if isinstance(body, bytes) and handler.headers.get("Upgrade", "").lower() == "websocket":
            upgrade(handler)
            handler.wfile.write(body)
            handler.wfile.flush()
            if self.holding:
                self.hold.wait(20)
            return
        data = (
            body
            if isinstance(body, bytes)
            else body.encode()
            if isinstance(body, str)
            else json.dumps(body).encode()
        )
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)


def upgrade(handler: BaseHTTPRequestHandler) -> None:
    """Answer a websocket's handshake."""
    key = handler.headers["Sec-WebSocket-Key"].encode()
    accept = base64.b64encode(hashlib.sha1(key + _ACCEPT).digest()).decode()
    handler.send_response_only(101)
    handler.send_header("Upgrade", "websocket")
    handler.send_header("Connection", "Upgrade")
    handler.send_header("Sec-WebSocket-Accept", accept)
    handler.send_header("Sec-WebSocket-Protocol", handler.headers["Sec-WebSocket-Protocol"])
    handler.end_headers()
    handler.close_connection = True


@contextmanager
def serving() -> Iterator[FakeApi]:
    """A running one."""
    api = FakeApi()
    thread = threading.Thread(target=api.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield api
    finally:
        api.hold.set()
        api.server.shutdown()
        api.server.server_close()
        thread.join()
