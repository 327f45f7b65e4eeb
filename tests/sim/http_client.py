"""The whole API in this process, asked with requests as they come from the wire."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from labrunner.sim.api import Api
from labrunner.sim.api.application import Application
from labrunner.sim.api.control import Control
from labrunner.sim.api.discovery import Discovery
from labrunner.sim.api.openapi import OpenApi
from labrunner.sim.api.resource_handler import ResourceHandler
from labrunner.sim.api.security import Security
from labrunner.sim.api.server import bootstrap
from labrunner.sim.auth import User
from labrunner.sim.clock import FakeClock
from labrunner.sim.crd import Definitions
from labrunner.sim.http import Request, Response, Stream
from labrunner.sim.http.authority import signing_key
from labrunner.sim.http.parser import parse_head
from labrunner.sim.resources import Registry
from labrunner.sim.store import Store

TOKENS = {
    "admin": User("admin", ("system:masters",)),
    "jane": User("jane", ("devs",)),
}


@dataclass
class Answer:
    """A response; ``body`` is parsed JSON where it is JSON."""

    status: int
    body: Any
    raw: Response

    def header(self, name: str) -> list[str]:
        return [value for key, value in self.raw.headers if key.lower() == name.lower()]


@dataclass
class Tap:
    """The far end of a stream: collects events."""

    clock: FakeClock
    stream: Stream
    data: bytearray = field(default_factory=bytearray)
    finished: bool = False
    backlog: int = 0

    def send(self, data: bytes) -> None:
        self.data += data

    def finish(self) -> None:
        self.finished = True
        self.stream.closed()

    def abort(self) -> None:
        self.finish()

    def events(self) -> list[Any]:
        """Every event so far, as (type, object); forgets them."""
        self.clock.advance(0)
        found, rest = [], bytes(self.data)
        self.data.clear()
        while rest:
            size, _, rest = rest.partition(b"\r\n")
            line, rest = rest[: int(size, 16)], rest[int(size, 16) + 2 :]
            event = json.loads(line)
            found.append((event["type"], event["object"]))
        return found


class Http:
    """A client of an in-process server on a fake clock."""

    def __init__(self, directory: Path) -> None:
        self.clock = FakeClock()
        self.api = Api(Store(), Registry(), self.clock)
        bootstrap(self.api)
        definitions = Definitions(self.api)
        definitions.start()
        security = Security(self.api, signing_key, TOKENS)
        self.restores = 0
        self.application = Application(
            ResourceHandler(self.api, security, definitions),
            security,
            Discovery(self.api.registry, "127.0.0.1:1"),
            Control(self.api, directory / "snapshots", self._restored),
            OpenApi(self.api, definitions).answer,
        )

    def _restored(self) -> None:
        self.restores += 1

    def handle(
        self, method: str, path: str, body: Any = None, *, user: str = "admin", query: dict[str, Any] | None = None,
        **headers: str,
    ) -> Response | Stream:  # fmt: skip
        if query:
            path += "?" + urlencode(query, doseq=True)
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
        if user:
            lines.append(f"Authorization: Bearer {user}")
        lines += [f"{key.replace('_', '-')}: {value}" for key, value in headers.items()]
        return self.application.handle(Request(parse_head("\r\n".join(lines).encode()), raw))

    def __call__(self, method: str, path: str, body: Any = None, **options: Any) -> Answer:
        raw = self.handle(method, path, body, **options)
        assert isinstance(raw, Response)
        parsed = (
            json.loads(raw.body) if raw.content_type.startswith("application/json") and raw.body else raw.body
        )
        return Answer(raw.status, parsed, raw)

    def ok(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        answer = self(method, path, body, **options)
        assert answer.status < 300, answer.body
        return answer.body

    def watch(self, path: str, **options: Any) -> Tap:
        query = {"watch": "true", **options.pop("query", {})}
        stream = self.handle("GET", path, query=query, **options)
        assert not isinstance(stream, Response), stream.body
        tap = Tap(self.clock, stream)
        stream.opened(tap)
        return tap
