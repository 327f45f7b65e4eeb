"""OpenAPI over HTTP: the v3 index and its group-versions, and the one v2 document."""

from __future__ import annotations

import json
import zlib
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Final

from labrunner.sim import crd
from labrunner.sim.api.local import Api
from labrunner.sim.api.version import INFO
from labrunner.sim.crd import Definitions
from labrunner.sim.http import Request, Response
from labrunner.sim.http.message import JSON

if TYPE_CHECKING:
    from labrunner.sim.objects import Obj
    from labrunner.sim.resources import ResourceType
    from labrunner.sim.schema.openapi import Documents

_V3: Final = "/openapi/v3"
_V2: Final = "/openapi/v2"
_V2_PROTOBUF: Final = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
_YEAR: Final = timedelta(days=365)


class OpenApi:
    """Answers ``/openapi/…``."""

    def __init__(self, api: Api, definitions: Definitions) -> None:  # noqa: ARG002
        self._api = api
        self._v2_known: tuple[int, dict[bool, bytes]] = (-1, {})

    @cached_property
    def _documents(self) -> Documents:
        from labrunner.sim.schema.openapi import Documents

        return Documents(self._api.registry, self._schema_of, INFO["gitVersion"])

    def _schema_of(self, rt: ResourceType) -> Obj | None:
        return crd.schema_of(rt, self._api.store)

    def answer(self, request: Request) -> Response | None:
        """The document at the request's path, or None when there is none."""
        path = request.path.rstrip("/")
        if path == _V2:
            return self._v2(request)
        if path == _V3:
            body = json.dumps(self._documents.index(), separators=(",", ":")).encode()
            return Response(200, body)
        if not path.startswith(f"{_V3}/"):
            return None
        return self._group_version(request, path.removeprefix(f"{_V3}/"))

    def _group_version(self, request: Request, path: str) -> Response | None:
        etag = self._documents.etag(path)
        body = self._documents.document(path)
        if etag is None or body is None:
            return None
        headers: tuple[tuple[str, str], ...] = (("Etag", f'"{etag}"'), ("Vary", "Accept"))
        wanted = request.query.get("hash", "")
        if wanted and wanted != etag:
            return Response(301, b"", headers=(("Location", self._documents.url(path)),))
        if wanted:
            expires = (self._api.clock.now() + _YEAR).strftime("%a, %d %b %Y %H:%M:%S UTC")
            headers = (*headers, ("Cache-Control", "public, immutable"), ("Expires", expires))
        if request.headers.get("if-none-match") == f'"{etag}"':
            return Response(304, b"", headers=headers)
        return Response(200, body, headers=headers)

    def _v2(self, request: Request) -> Response:
        """Clients of our time read v3; few ask for v2, so that it is kept compressed."""
        wanted = _V2_PROTOBUF if "protobuf" in request.headers.get("accept", "") else JSON
        generation = self._api.registry.generation
        if self._v2_known[0] != generation:
            self._v2_known = generation, {}
        known = self._v2_known[1]
        binary = wanted != JSON
        if binary not in known:
            from labrunner.sim.schema import swagger

            found = swagger.document(self._api.registry, self._schema_of, INFO["gitVersion"])
            body = swagger.protobuf(found) if binary else json.dumps(found, separators=(",", ":")).encode()
            known[binary] = zlib.compress(body, 6)
        return Response(200, zlib.decompress(known[binary]), wanted)
