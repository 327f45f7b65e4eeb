"""The server assembled: store, API, controllers, HTTP. Start and stop in one process."""

from __future__ import annotations

import asyncio
import errno
import ssl
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labrunner.sim import auth, controllers, node
from labrunner.sim.api.application import Application
from labrunner.sim.api.control import Control
from labrunner.sim.api.discovery import Discovery
from labrunner.sim.api.local import Api
from labrunner.sim.api.openapi import OpenApi
from labrunner.sim.api.resource_handler import ResourceHandler
from labrunner.sim.api.security import Security
from labrunner.sim.auth.aggregation import Aggregator
from labrunner.sim.clock import Clock, RealClock, timestamp
from labrunner.sim.crd import Definitions
from labrunner.sim.http import Connection, kubeconfig, tls
from labrunner.sim.objects import Obj, meta
from labrunner.sim.resources import Registry
from labrunner.sim.store import Journal, Store

HOST = "127.0.0.1"
GRACE = 0.2


class PortTakenError(Exception):
    """Another process listens on the port asked for."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to serve. ``port`` 0 takes any; ``plain`` is HTTP without TLS, for measurements on loopback only."""

    directory: Path
    port: int = 0
    plain: bool = False
    controllers: bool = True


class Server:
    """One simulated cluster being served from one directory."""

    def __init__(self, options: Options, clock: Clock | None = None) -> None:
        self.options = options
        options.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.pki = tls.ensure(options.directory / "pki")
        self.store = Store(Journal(options.directory / "journal.jsonl"))
        self.api = Api(self.store, Registry(), clock or RealClock())
        self.definitions = Definitions(self.api)
        self.kubeconfig = options.directory / "kubeconfig"
        self.url = ""
        self._connections: set[Connection] = set()
        self._listener: asyncio.Server | None = None
        self._controllers: controllers.Controllers | None = None

    async def start(self) -> None:
        """Listen. Raises PortTakenError, OSError."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(_quiet)
        security = Security(self.api, self.pki.accounts_key)
        bootstrap(self.api)
        self.definitions.start()
        secure = None if self.options.plain else tls.server_context(self.pki)
        self._listener = await self._listen(loop, secure, security)
        port = self._listener.sockets[0].getsockname()[1]
        self.url = f"{'http' if self.options.plain else 'https'}://{HOST}:{port}"
        kubeconfig.write(self.kubeconfig, self.url, None if self.options.plain else self.pki)
        if self.options.controllers:
            self._controllers = controllers.start(
                self.api,
                root_ca=self.pki.ca.read_text(),
                make_token=security.issuer.legacy,
                sign=lambda request, days: self.pki.sign_request(request, days=days),
            )
            Aggregator(self.api).start()
        self.api.recorder.start()

    async def _listen(
        self, loop: asyncio.AbstractEventLoop, secure: ssl.SSLContext | None, security: Security
    ) -> asyncio.Server:
        holder: list[Application] = []
        extra: dict[str, Any] = {"ssl_handshake_timeout": 10.0, "ssl_shutdown_timeout": 2.0} if secure else {}
        try:
            listener = await loop.create_server(
                lambda: Connection(holder[0].handle, self._connections),
                HOST,
                self.options.port,
                ssl=secure,
                backlog=512,
                start_serving=False,
                **extra,
            )
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise PortTakenError(
                    f"port {self.options.port} on {HOST} is taken by another process"
                ) from None
            raise
        address = "{}:{}".format(*listener.sockets[0].getsockname()[:2])
        holder.append(self._application(security, address))
        await listener.start_serving()
        return listener

    def _application(self, security: Security, address: str) -> Application:
        api = self.api
        return Application(
            ResourceHandler(api, security, self.definitions),
            security,
            Discovery(api.registry, address),
            Control(api, self.options.directory / "snapshots", self._restored),
            OpenApi(api, self.definitions).answer,
        )

    def _restored(self) -> None:
        if self._controllers is not None:
            self._controllers.resync()

    async def stop(self) -> None:
        """Stop listening, end every stream, close the journal."""
        if self._controllers is not None:
            self._controllers.stop()
        if self._listener is not None:
            self._listener.close()
        for connection in list(self._connections):
            connection.shut()
        if self._connections:
            await asyncio.sleep(GRACE)
            for connection in list(self._connections):
                connection.abort()
        self.store.close()


def bootstrap(api: Api) -> None:
    """Put what every new cluster holds into an empty store; in an older one, only what is missing of RBAC."""
    fresh = api.store.count("namespaces") == 0
    now = api.clock.now()
    objects: Iterator[tuple[str, Obj]] = iter(node.bootstrap_objects(now)) if fresh else iter(())
    for gr, obj in (*objects, *auth.bootstrap_objects()):
        rt = api.type_of(gr)
        found = meta(obj)
        if api.store.record(gr, found.get("namespace") or "", found["name"]) is not None:
            continue
        found.setdefault("uid", api.new_uid())
        found.setdefault("creationTimestamp", timestamp(now))
        rest = {k: v for k, v in obj.items() if k not in ("kind", "apiVersion")}
        api.store.put(gr, {"kind": rt.kind, "apiVersion": rt.gv, **rest})


def _quiet(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Failed handshakes and peers that vanish are everyday life of a server, not worth a traceback."""
    error = context.get("exception")
    if isinstance(error, ssl.SSLError | ConnectionError | TimeoutError):
        return
    sys.stderr.write(f"{context.get('message')}: {error!r}\n")
    if error is not None and not isinstance(error, asyncio.CancelledError):
        loop.default_exception_handler(context)
