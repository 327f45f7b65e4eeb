"""Watches over real connections, many at once in one thread, each keeping a picture of what it was told."""

from __future__ import annotations

import json
import selectors
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from labrunner.sim import process

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
JSON = "application/json"


def address(running: process.Running) -> tuple[str, int]:
    """Host and port of a server."""
    host, _, port = running.server.removeprefix("https://").rpartition(":")
    return host, int(port)


def connect(running: process.Running, *, receive_buffer: int = 0) -> ssl.SSLSocket:
    """A connection of the administrator; *receive_buffer* bytes are what the kernel may hold for it."""
    pki = running.kubeconfig.parent / "pki"
    context = ssl.create_default_context(cafile=str(pki / "ca.crt"))
    context.load_cert_chain(pki / "admin.crt", pki / "admin.key")
    raw = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if receive_buffer:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    raw.settimeout(10)
    raw.connect(address(running))
    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return context.wrap_socket(raw, server_hostname="127.0.0.1")


class Asker:
    """One keep-alive connection for requests."""

    def __init__(self, running: process.Running) -> None:
        self._socket = connect(running)
        self._stream = self._socket.makefile("rb")

    def __call__(self, method: str, path: str, body: Any = None, accept: str = JSON) -> tuple[int, Any]:
        """Status and body of the answer, parsed where it is JSON."""
        data = json.dumps(body).encode() if body is not None else b""
        self._socket.sendall(_head(method, path, accept, data) + data)
        status = int(self._stream.readline().split(b" ")[1])
        length, kind = 0, b""
        while (line := self._stream.readline()) not in (b"\r\n", b""):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
            elif name.lower() == b"content-type":
                kind = value.strip()
        found = self._stream.read(length)
        return status, json.loads(found) if kind == JSON.encode() else found

    def ok(self, method: str, path: str, body: Any = None, accept: str = JSON) -> Any:
        """The answer, which must be a success."""
        status, found = self(method, path, body, accept)
        assert status < 300, found
        return found

    def close(self) -> None:
        self._stream.close()
        self._socket.close()


class Mirror:
    """One watch and the objects it knows of: (namespace, name) to resourceVersion."""

    def __init__(self, running: process.Running, path: str, accept: str, listed: Any) -> None:
        self.path = path
        self.accept = accept
        self.known = versions(listed)
        self.events: list[tuple[str, Any]] = []
        self.ended = False
        self.socket = connect(running)
        self._last = int(listed["metadata"]["resourceVersion"])
        self._buffer = bytearray()
        self._in_body = False
        query = f"?watch=true&allowWatchBookmarks=true&resourceVersion={self._last}"
        self.socket.sendall(_head("GET", path + query, accept, b""))
        self.socket.setblocking(False)

    def take(self) -> None:
        """Read what is there and follow it."""
        try:
            while piece := self.socket.recv(262144):
                self._buffer += piece
            self.ended = True
        except ssl.SSLWantReadError:
            pass
        for line in self._lines():
            event = json.loads(line)
            self._follow(event["type"], event["object"])

    def _lines(self) -> Iterator[bytes]:
        buffer = self._buffer
        if not self._in_body and (end := buffer.find(b"\r\n\r\n")) >= 0:
            assert buffer.startswith(b"HTTP/1.1 200 "), bytes(buffer)
            del buffer[: end + 4]
            self._in_body = True
        while self._in_body and (end := buffer.find(b"\r\n")) >= 0:
            size = int(buffer[:end], 16)
            if size == 0:
                self.ended = True
                return
            if len(buffer) < end + size + 4:
                return
            yield from bytes(buffer[end + 2 : end + 2 + size]).splitlines()
            del buffer[: end + size + 4]

    def _follow(self, kind: str, obj: Any) -> None:
        self.events.append((kind, obj))
        for metadata in (
            [row["object"]["metadata"] for row in obj["rows"]] if "rows" in obj else [obj["metadata"]]
        ):
            version = int(metadata["resourceVersion"])
            if kind == "BOOKMARK":
                assert version >= self._last
                continue
            assert version > self._last, f"{self.path}: {kind} at {version} after {self._last}"
            self._last = version
            key = metadata.get("namespace", ""), metadata["name"]
            if kind == "DELETED":
                del self.known[key]
                continue
            assert (key in self.known) == (kind == "MODIFIED"), f"{self.path}: {kind} {key}"
            self.known[key] = metadata["resourceVersion"]


def versions(listed: Any) -> dict[tuple[str, str], str]:
    """(Namespace, name) to resourceVersion of a list or table."""
    found = [row["object"]["metadata"] for row in listed.get("rows") or ()] or [
        item["metadata"] for item in listed.get("items") or ()
    ]
    return {(m.get("namespace", ""), m["name"]): m["resourceVersion"] for m in found}


def follow(mirrors: Iterable[Mirror], done: Callable[[], bool], *, seconds: float = 20.0) -> None:
    """Read from all *mirrors* until *done*; fails the test when that takes longer than *seconds*."""
    until = time.monotonic() + seconds
    with selectors.DefaultSelector() as chooser:
        for mirror in mirrors:
            mirror.take()
            chooser.register(mirror.socket, selectors.EVENT_READ, mirror)
        while not done():
            assert time.monotonic() < until, "the watches did not get there in time"
            for key, _ in chooser.select(0.05):
                key.data.take()
                if key.data.ended:
                    chooser.unregister(key.fileobj)


def _head(method: str, path: str, accept: str, data: bytes) -> bytes:
    kind = "application/merge-patch+json" if method == "PATCH" else JSON
    return (
        f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: {accept}\r\n"
        f"Content-Type: {kind}\r\nContent-Length: {len(data)}\r\n\r\n"
    ).encode()
