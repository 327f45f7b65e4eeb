"""Websockets to an API server, with a kubeconfig's credentials. Blocking; for worker threads."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from labrunner.verify.api import ClusterError, unreachable
from labrunner.verify.pods import Obstacle, PodTroubleError
from labrunner.verify.store import SourceState

_REASON = 300


def open_websocket(
    configuration: Any,
    url: str,
    query: Sequence[tuple[str, str]],
    headers: Mapping[str, str],
    time_limit: float,
) -> Any:
    """The connection, upgraded. Raises ClusterError when there is none, PodTroubleError when the pod refuses."""
    import websocket

    address = f"ws{url.removeprefix('http')}?{urlencode(query)}"
    connection: Any = websocket.WebSocket(sslopt=_tls(configuration), enable_multithread=True)
    try:
        connection.connect(
            address, header=[f"{key}: {value}" for key, value in headers.items()], timeout=time_limit,
            suppress_origin=True, http_no_proxy=["*"] if not configuration.proxy else None,
        )  # fmt: skip
    except websocket.WebSocketBadStatusException as refused:
        raise _refusal(refused) from None
    except websocket.WebSocketTimeoutException as problem:
        raise unreachable(TimeoutError(str(problem)), url) from problem
    except (websocket.WebSocketException, OSError, ValueError) as problem:
        raise unreachable(problem, url) from problem
    return connection


def _tls(configuration: Any) -> dict[str, Any]:
    options: dict[str, Any] = {"cert_reqs": ssl.CERT_NONE, "check_hostname": False}
    if configuration.verify_ssl:
        options = {"cert_reqs": ssl.CERT_REQUIRED, "ca_certs": configuration.ssl_ca_cert}
        if configuration.assert_hostname is not None:
            options["check_hostname"] = configuration.assert_hostname
    if configuration.cert_file:
        options["certfile"] = configuration.cert_file
    if configuration.key_file:
        options["keyfile"] = configuration.key_file
    if configuration.tls_server_name:
        options["server_hostname"] = configuration.tls_server_name
    return {key: value for key, value in options.items() if value is not None}


def _refusal(refused: Any) -> Exception:
    """The server answered, but not with an upgrade."""
    status, said = refused.status_code, _message(refused.resp_body)
    if status in (401, 403):
        return ClusterError(SourceState.REFUSED, f"the cluster refuses the lab's credentials: {said}")
    if status == 404:
        return PodTroubleError(Obstacle.MISSING, f"the pod is gone: {said}")
    if status == 500 and "container not found" in said:
        return PodTroubleError(Obstacle.STARTING, f"the container is not running: {said}")
    return PodTroubleError(Obstacle.BROKEN, f"the pod cannot be asked ({status}): {said}")


def _message(body: Any) -> str:
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body or "")
    try:
        return str(json.loads(text).get("message") or "no reason given")[:_REASON]
    except (ValueError, AttributeError):
        return text.strip()[:_REASON] or "no reason given"
