"""Asking the network: http, tcp and dns, from this machine or from a pod. Answers are judged elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
import math
import socket
from typing import Any

from labrunner.content.checks_model import DnsCheck, Endpoint, HttpCheck, Target, TcpCheck, TlsOptions
from labrunner.verify import pod_requests
from labrunner.verify.answers import Connected, NetworkFailure, Resolved, expanded, failure_of
from labrunner.verify.clusters import Clusters
from labrunner.verify.context import CheckContext
from labrunner.verify.http_requests import Request, send
from labrunner.verify.pods import Obstacle, PodTroubleError
from labrunner.verify.watching import PodCommand, in_thread

_NOT_KNOWN = (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME))
_SHARE_OF_TIME = 0.8
"""Of the time for a look, what one attempt inside a pod may take, so that its own words come back in time."""


async def ask_network(
    check: HttpCheck | TcpCheck | DnsCheck, context: CheckContext, clusters: Clusters, time_limit: float
) -> Any:
    """The answer or answers. Raises ClusterError and PodTroubleError when there was nobody to ask."""
    if isinstance(check, HttpCheck):
        return await _http(check, context, clusters, time_limit)
    if isinstance(check, TcpCheck):
        return await _tcp(check, context, clusters, time_limit)
    return await _dns(check, clusters, time_limit)


async def _http(check: HttpCheck, context: CheckContext, clusters: Clusters, time_limit: float) -> Any:
    request = _request(check, context)
    if check.source is not None:
        token = pod_requests.new_token()
        script = pod_requests.http_script(request, check.repeat, _seconds(time_limit), token)
        result = await clusters.execute(_in_sh(check.source, check.container, script), time_limit)
        return pod_requests.http_answers(result, check.repeat, token)
    dial = await clusters.dialer(check.endpoint) if check.endpoint is not None else None
    return await in_thread(lambda: send(request, check.repeat, time_limit, dial))


def _request(check: HttpCheck, context: CheckContext) -> Request:
    """What to send, with the lab's variables filled in. Raises PodTroubleError when one has no value."""
    environment = context.environment()
    tls = check.tls or TlsOptions()
    url = expanded(check.url, environment)
    if check.endpoint is not None:
        url = _inside_url(check.endpoint, url, context, secure=check.tls is not None)
    return Request(
        url=url,
        method=check.method,
        headers=tuple((name, expanded(value, environment)) for name, value in check.request_headers),
        body=expanded(check.request_body, environment) if check.request_body is not None else None,
        verify=tls.verify,
        ca=context.workspace / tls.ca if tls.ca else None,
        server_name=tls.server_name,
    )


def _inside_url(endpoint: Endpoint, path: str, context: CheckContext, *, secure: bool) -> str:
    """A URL by the name that a service has in the cluster."""
    namespace = endpoint.target.namespace or context.namespace
    host = f"{endpoint.target.name}.{namespace}.svc" if namespace else str(endpoint.target.name)
    port = f":{endpoint.port}" if endpoint.port.isdigit() else ""
    return f"{'https' if secure else 'http'}://{host}{port}{path}"


def _in_sh(source: Target, container: str | None, script: str) -> PodCommand:
    return PodCommand(source, ("sh", "-c", script), container, pod_requests.OUTPUT_LIMIT)


def _seconds(time_limit: float) -> int:
    return max(1, math.floor(time_limit * _SHARE_OF_TIME))


async def _tcp(check: TcpCheck, context: CheckContext, clusters: Clusters, time_limit: float) -> Any:
    if check.source is not None:
        token = pod_requests.new_token()
        script = pod_requests.tcp_script(check.host, check.port, _seconds(time_limit), token)
        result = await clusters.execute(_in_sh(check.source, check.container, script), time_limit)
        return pod_requests.tcp_answer(result, token)
    host = expanded(check.host, context.environment())
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(host, check.port), time_limit)
    except (OSError, TimeoutError) as problem:
        return failure_of(problem)
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return Connected()


async def _dns(check: DnsCheck, clusters: Clusters, time_limit: float) -> Any:
    if check.source is not None:
        token = pod_requests.new_token()
        script = pod_requests.dns_script(check.name, token)
        result = await clusters.execute(_in_sh(check.source, check.container, script), time_limit)
        return pod_requests.dns_answer(result, token)
    try:
        found = await asyncio.wait_for(in_thread(lambda: socket.getaddrinfo(check.name, None)), time_limit)
    except socket.gaierror as problem:
        if problem.errno in _NOT_KNOWN:
            return NetworkFailure("name", str(problem))
        reason = f"this machine's name server gives no answer: {problem.strerror}"
        raise PodTroubleError(Obstacle.BROKEN, reason) from None
    except UnicodeError as problem:
        return NetworkFailure("name", str(problem))
    return Resolved(tuple(sorted({str(one[4][0]) for one in found})))
