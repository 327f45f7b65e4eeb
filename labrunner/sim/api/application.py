"""Every HTTP request of the simulated cluster: identity, permission, then the part that answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from labrunner.sim import errors
from labrunner.sim.api import health, metrics
from labrunner.sim.api.control import PREFIX, Control
from labrunner.sim.api.discovery import Discovery
from labrunner.sim.api.rendering import document, readable, warning_headers
from labrunner.sim.api.requestinfo import RequestInfo, resolve
from labrunner.sim.api.resource_handler import ResourceHandler
from labrunner.sim.api.security import Security
from labrunner.sim.api.version import INFO
from labrunner.sim.auth import User, issuer_discovery
from labrunner.sim.errors import ApiError
from labrunner.sim.http import Request, Response, Stream
from labrunner.sim.store.change import encode

_READ: Final = ("GET", "HEAD")

OpenApi = Callable[[Request], "Response | None"]


class Application:
    """The request handler of :class:`labrunner.sim.http.Connection`."""

    def __init__(
        self,
        resources: ResourceHandler,
        security: Security,
        discovery: Discovery,
        control: Control,
        openapi: OpenApi,
    ) -> None:
        self._resources = resources
        self._security = security
        self._discovery = discovery
        self._control = control
        self._openapi = openapi

    def handle(self, request: Request) -> Response | Stream:
        """The answer to *request*; API errors become Status objects."""
        try:
            info = request.head.memo
            if info is None:
                info = request.head.memo = resolve(request.head)
            user = self._security.user(request, info)
            self._security.authorize(user, info, request.query)
            if info.resource:
                return self._resources.answer(request, info, user)
            return self._plain(request, info, user)
        except errors.NoSuchPathError:
            return Response.text(404, "404 page not found\n")
        except ApiError as error:
            return _failure(request, error)

    def _plain(self, request: Request, info: RequestInfo, user: User) -> Response:
        path = info.path
        if path.startswith(PREFIX):
            if not self._security.is_admin(user) or any(
                h.startswith("impersonate-") for h in request.headers
            ):
                raise ApiError(403, "Forbidden", "only the administrator steers the simulation", {})
            return self._control.answer(request)
        if request.method not in _READ:
            raise errors.method_not_allowed()
        if path == "/version" or path == "/version/":
            return readable(INFO)
        if path.split("/", 2)[1] in health.ENDPOINTS:
            found = health.answer(request)
        elif path.startswith("/openapi/"):
            found = self._openapi(request)
        elif path == "/metrics":
            found = metrics.answer(self._resources.api)
        elif path in ("/", ""):
            found = readable({"paths": self._paths()})
        elif path.rstrip("/") in (issuer_discovery.CONFIGURATION, issuer_discovery.KEYS):
            found = self._issuer(path.rstrip("/"))
        else:
            found = self._discovery.answer(request)
        return found if found is not None else Response.text(404, "404 page not found\n")

    def _issuer(self, path: str) -> Response:
        if path == issuer_discovery.KEYS:
            keys = issuer_discovery.keys(self._security.issuer)
            return Response(200, encode(keys), issuer_discovery.KEYS_TYPE)
        return Response(200, encode(issuer_discovery.configuration(self._discovery.address)))

    def _paths(self) -> list[str]:
        groups = self._resources.api.registry.groups()
        paths = {"/api", "/apis", "/apis/", "/metrics", "/openapi/v2", "/openapi/v3", "/openapi/v3/", PREFIX}
        paths.update(("/version", *health.paths(), issuer_discovery.CONFIGURATION, issuer_discovery.KEYS))
        for entry in groups:
            base = f"/apis/{entry.group}" if entry.group else "/api"
            paths.update((base, *(f"{base}/{version}" for version in entry.versions)))
        return sorted(paths)


def _failure(request: Request, error: ApiError) -> Response:
    headers = warning_headers(error.warnings)
    if error.retry_after is not None:
        headers = (*headers, ("Retry-After", str(error.retry_after)))
    return document(request, error.status(), error.code, headers=headers)
