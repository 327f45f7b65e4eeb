"""Admission webhooks: which a request would be sent to, and what comes of it where nothing can answer.

Containers do not run here, so a service has nobody behind it; and a request is never sent outside this machine, nor
to a listener on it, as one request must not hold up all others. A learner sees what a real API server says of a
service that is missing, of one that refuses connections, and of a server that does not answer in time.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import Final
from urllib.parse import urlsplit

from labrunner.sim import errors, gotext
from labrunner.sim.admission.policies.expressions import PolicyExpressionError
from labrunner.sim.admission.policies.invocations import conditions_hold
from labrunner.sim.admission.policies.matching import GROUP, Match, exempt, match
from labrunner.sim.admission.policies.variables import activation
from labrunner.sim.admission.request import Request
from labrunner.sim.objects import Obj

MUTATING: Final = f"mutatingwebhookconfigurations.{GROUP}"
VALIDATING: Final = f"validatingwebhookconfigurations.{GROUP}"
_TIMED_OUT: Final = "context deadline exceeded"
_PROBE_SECONDS: Final = 0.1


def call(request: Request, gr: str) -> None:
    """Let the webhooks of the configurations in *gr* judge. Raises ApiError (500) where one must but cannot."""
    if exempt(request):
        return
    for configuration in request.api.store.list(gr):
        for hook in configuration.get("webhooks") or []:
            found = match(request, hook, hook.get("rules") or [])
            if found is not None:
                _invoke(request, hook, found)


def _invoke(request: Request, hook: Obj, found: Match) -> None:
    ignore = hook.get("failurePolicy") == "Ignore"
    conditions = hook.get("matchConditions") or []
    if conditions:
        try:
            if not conditions_hold(conditions, activation(found, None, []), fails_open=ignore):
                return
        except PolicyExpressionError as error:
            raise request.forbid(str(error)) from None
    if ignore:
        return
    name = gotext.quote(str(hook.get("name") or ""))
    why = _failure(request, hook)
    raise errors.internal(f"failed calling webhook {name}: failed to call webhook: {why}")


def _failure(request: Request, hook: Obj) -> str:
    """Why the webhook does not answer."""
    client: Obj = hook.get("clientConfig") or {}
    service: Obj | None = client.get("service")
    query = f"?timeout={hook.get('timeoutSeconds') or 10}s"
    if service is None:
        url = str(client.get("url") or "")
        return f'Post "{url}{query}": {_reached(url)}'
    name, namespace, port = service.get("name", ""), service.get("namespace", ""), service.get("port") or 443
    path = service.get("path") or "/"
    url = f"https://{name}.{namespace}.svc:{port}{path}{query}"
    return f'Post "{url}": {_served(request, name, namespace, port)}'


def _served(request: Request, name: str, namespace: str, port: int) -> str:
    found = request.api.store.get("services", namespace, name)
    if found is None:
        return f'service "{name}" not found'
    spec: Obj = found.get("spec") or {}
    if spec.get("type") == "ExternalName":
        return f"dial tcp: lookup {spec.get('externalName', '')}: no such host"
    if spec.get("clusterIP") in (None, "", "None"):
        return 'cannot route to service with ClusterIP "None"'
    if port not in {entry.get("port") for entry in spec.get("ports") or ()}:
        return f'no service port {port} found for service "{name}"'
    return f"dial tcp {spec['clusterIP']}:{port}: connect: connection refused"


def _reached(url: str) -> str:
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 443
    if not _is_loopback(host):
        return _TIMED_OUT
    try:
        with socket.create_connection((host, port), _PROBE_SECONDS):
            return _TIMED_OUT
    except OSError:
        shown = "127.0.0.1" if host == "localhost" else host
        return f"dial tcp {shown}:{port}: connect: connection refused"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
