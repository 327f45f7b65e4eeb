"""Accepting connections on loopback. With TLS, the first bytes are looked at first: plain HTTP is told so, as by Go."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
import sys
from collections.abc import Callable
from typing import Final

HANDSHAKE_TIMEOUT: Final = 10.0
SHUTDOWN_TIMEOUT: Final = 2.0
BACKLOG: Final = 512
_LOOK_AGAIN: Final = 0.05
_OUT_OF_FILES: Final = 0.5
_HTTP: Final = (b"GET /", b"HEAD ", b"POST ", b"PUT /", b"OPTIO")
_SIGNIFICANT: Final = 5
_ADVICE: Final = b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"

Factory = Callable[[], asyncio.Protocol]


class Listener:
    """A listening socket; each connection is served by a protocol of *factory*, over TLS when *secure* is given.

    Raises OSError when the address cannot be had.
    """

    def __init__(self, host: str, port: int, secure: ssl.SSLContext | None, factory: Factory) -> None:
        self._loop = asyncio.get_running_loop()
        self._secure = secure
        self._factory = factory
        self._socket = socket.create_server((host, port), backlog=BACKLOG)
        self._socket.setblocking(False)
        self._waiting: dict[socket.socket, asyncio.TimerHandle] = {}
        self._starting: set[asyncio.Task[None]] = set()
        self.port: int = self._socket.getsockname()[1]

    def start(self) -> None:
        """Accept from now on."""
        self._loop.add_reader(self._socket.fileno(), self._accept)

    def close(self) -> None:
        """Accept no more, and forget those that have not said anything yet."""
        if self._socket.fileno() < 0:
            return
        self._loop.remove_reader(self._socket.fileno())
        self._socket.close()
        for peer in list(self._waiting):
            self._drop(peer)
        for task in self._starting:
            task.cancel()

    def _accept(self) -> None:
        for _ in range(BACKLOG):
            try:
                peer, _ = self._socket.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
                    raise
                sys.stderr.write(f"cannot accept connections: {error.strerror}\n")
                self._loop.remove_reader(self._socket.fileno())
                self._loop.call_later(_OUT_OF_FILES, self._resume)
                return
            peer.setblocking(False)
            if self._secure is None:
                self._serve(peer)
            else:
                self._waiting[peer] = self._loop.call_later(HANDSHAKE_TIMEOUT, self._drop, peer)
                self._look_when_ready(peer)

    def _resume(self) -> None:
        if self._socket.fileno() >= 0:
            self.start()

    def _look_when_ready(self, peer: socket.socket) -> None:
        if peer in self._waiting:
            self._loop.add_reader(peer.fileno(), self._look, peer)

    def _look(self, peer: socket.socket) -> None:
        """Peek at what the peer has sent and leave it there for TLS."""
        try:
            first = peer.recv(_SIGNIFICANT, socket.MSG_PEEK)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            first = b""
        self._loop.remove_reader(peer.fileno())
        if not first:
            self._drop(peer)
        elif first in _HTTP:
            self._advise(peer)
        elif any(start.startswith(first) for start in _HTTP):
            self._loop.call_later(_LOOK_AGAIN, self._look_when_ready, peer)
        else:
            self._waiting.pop(peer).cancel()
            self._serve(peer)

    def _advise(self, peer: socket.socket) -> None:
        try:
            peer.recv(
                65536
            )  # what stays unread would make the kernel reset the connection and lose the advice
            peer.send(_ADVICE)
            peer.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        self._drop(peer)

    def _drop(self, peer: socket.socket) -> None:
        timer = self._waiting.pop(peer, None)
        if timer is not None:
            timer.cancel()
        self._loop.remove_reader(peer.fileno())
        peer.close()

    def _serve(self, peer: socket.socket) -> None:
        task = self._loop.create_task(self._connect(peer))
        self._starting.add(task)
        task.add_done_callback(self._starting.discard)

    async def _connect(self, peer: socket.socket) -> None:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            if self._secure is None:
                await self._loop.connect_accepted_socket(self._factory, peer)
            else:
                await self._loop.connect_accepted_socket(
                    self._factory,
                    peer,
                    ssl=self._secure,
                    ssl_handshake_timeout=HANDSHAKE_TIMEOUT,
                    ssl_shutdown_timeout=SHUTDOWN_TIMEOUT,
                )
        except OSError:
            peer.close()  # failed handshakes and peers that vanish are everyday life of a server
