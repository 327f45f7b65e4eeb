"""The server assembled: store, API, controllers, HTTP. Start and stop in one process."""

from __future__ import annotations

import asyncio
import errno
import secrets
import ssl
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labrunner.sim import auth
from labrunner.sim.api import components
from labrunner.sim.api.application import Application
from labrunner.sim.api.control import Control
from labrunner.sim.api.discovery import Discovery
from labrunner.sim.api.local import Api
from labrunner.sim.api.metadata import ordered
from labrunner.sim.api.openapi import OpenApi
from labrunner.sim.api.own_objects import own_objects
from labrunner.sim.api.resource_handler import ResourceHandler
from labrunner.sim.api.security import Security
from labrunner.sim.auth.escalation import GROUP
from labrunner.sim.auth.reconciliation import mended
from labrunner.sim.clock import Clock, RealClock, timestamp
from labrunner.sim.crd import Definitions
from labrunner.sim.http import Connection, kubeconfig, tls
from labrunner.sim.http.files import write_private
from labrunner.sim.http.listener import Listener
from labrunner.sim.node.bootstrap import CONTROL_PLANE, bootstrap_objects
from labrunner.sim.objects import Obj, meta
from labrunner.sim.resources import Registry
from labrunner.sim.store import Journal, Store

if TYPE_CHECKING:
    from labrunner.sim.controllers import Controllers

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
        journal = Journal(options.directory / "journal.jsonl")
        journal.on_recovery = self._disk_has_room_again
        self.store = Store(journal)
        self.api = Api(self.store, Registry(), clock or RealClock())
        self.store.when_grown = lambda: self.api.clock.call_later(0, self.store.rewrite_journal)
        self.definitions = Definitions(self.api)
        self.kubeconfig = options.directory / "kubeconfig"
        self.url = ""
        self._connections: set[Connection] = set()
        self._listener: Listener | None = None
        self._security = Security(self.api, self.pki.accounts_pem, self._static_tokens())
        self._controllers: Controllers | None = None

    def _static_tokens(self) -> dict[str, auth.User]:
        """Plain HTTP carries no certificates: there, a token in a private file makes the administrator."""
        if not self.options.plain:
            return {}
        token = secrets.token_urlsafe(32)
        write_private(self.options.directory / "admin.token", token.encode())
        return {token: auth.User(tls.ADMIN, tls.ADMIN_GROUPS)}

    async def start(self) -> None:
        """Listen. Raises PortTakenError, OSError."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(_quiet)
        bootstrap(self.api, self.pki.ca.read_text())
        self.definitions.start()
        secure = None if self.options.plain else tls.server_context(self.pki)
        self._listener = self._listen(secure)
        port = self._listener.port
        self.url = f"{'http' if self.options.plain else 'https'}://{HOST}:{port}"
        kubeconfig.write(self.kubeconfig, self.url, None if self.options.plain else self.pki)
        self.api.recorder.start()

    def start_controllers(self) -> None:
        """Set the controllers to work. Apart from :meth:`start`, since importing them takes longer than listening."""
        from labrunner.sim.auth.aggregation import Aggregator

        self._set_to_work()
        Aggregator(self.api).start()

    def _set_to_work(self) -> None:
        from labrunner.sim import controllers

        self._controllers = controllers.start(
            self.api,
            root_ca=self.pki.ca.read_text(),
            make_token=self._security.issuer.legacy,
            sign=self._sign,
        )

    def _disk_has_room_again(self) -> None:
        """What controllers and nodes could not write down is lost: they begin anew, as after a restart."""
        self.api.clock.call_later(0, self._begin_anew)

    def _begin_anew(self) -> None:
        if self._controllers is not None:
            self._controllers.stop()
            self._set_to_work()

    def _sign(self, request: bytes, seconds: int, usages: list[str]) -> bytes:
        now = self.api.clock.now()
        return self.pki.sign_request(request, seconds=seconds, usages=usages, now=now)

    def _listen(self, secure: ssl.SSLContext | None) -> Listener:
        """Listen on the port asked for; else on the one of last time, so that copies of the kubeconfig live on."""
        if self.options.port:
            return self._listen_on(secure, self.options.port)
        remembered = self.options.directory / "port"
        try:
            listener = self._listen_on(secure, int(remembered.read_text()))
        except (OSError, ValueError, OverflowError, PortTakenError):
            listener = self._listen_on(secure, 0)
        remembered.write_text(str(listener.port))
        return listener

    def _listen_on(self, secure: ssl.SSLContext | None, port: int) -> Listener:
        holder: list[Application] = []
        try:
            listener = Listener(HOST, port, secure, lambda: Connection(holder[0].handle, self._connections))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise PortTakenError(f"port {port} on {HOST} is taken by another process") from None
            raise
        holder.append(self._application(f"{HOST}:{listener.port}"))
        listener.start()
        return listener

    def _application(self, address: str) -> Application:
        api, security = self.api, self._security
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


def bootstrap(api: Api, ca: str = "") -> None:
    """Put what every new cluster holds into an empty store; in an older one, only what servers make themselves.

    *ca* is the PEM of the authority that signs client certificates.
    """
    fresh = api.store.count("namespaces") == 0
    now = api.clock.now()
    objects: list[tuple[str, Obj]] = []
    if fresh:
        objects += bootstrap_objects(now, api.new_uid)
        objects += components.bootstrap_objects(now, CONTROL_PLANE, ca, api.new_uid())
    for gr, obj in (*objects, *auth.bootstrap_objects(), *own_objects(api.registry, now)):
        rt = api.type_of(gr)
        found = meta(obj)
        stored = api.store.get(gr, found.get("namespace") or "", found["name"])
        if stored is not None:
            better = mended(stored, obj) if rt.group == GROUP else None
            if better is not None:
                api.store.put(gr, ordered(better))
            continue
        found.setdefault("uid", api.new_uid())
        found.setdefault("creationTimestamp", timestamp(now))
        api.store.put(gr, ordered({**obj, "kind": rt.kind, "apiVersion": rt.gv}))


def _quiet(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Failed handshakes and peers that vanish are everyday life of a server, not worth a traceback."""
    error = context.get("exception")
    if isinstance(error, ssl.SSLError | ConnectionError | TimeoutError):
        return
    sys.stderr.write(f"{context.get('message')}: {error!r}\n")
    if error is not None and not isinstance(error, asyncio.CancelledError):
        loop.default_exception_handler(context)
