"""Plain requests to one Kubernetes API server, with the credentials of a kubeconfig.

Everything here blocks and belongs in worker threads: making a client imports `kubernetes`, which takes 0.4 s.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from labrunner.verify.store import SourceState

CONNECT_TIMEOUT = 3.0
READ_TIMEOUT = 10.0
"""Seconds for an ordinary request."""


class ClusterError(Exception):
    """The cluster could not be asked. `state` is UNREACHABLE or REFUSED, the text is for a person."""

    def __init__(self, state: SourceState, reason: str) -> None:
        super().__init__(reason)
        self.state = state
        self.reason = reason


class NotFoundError(Exception):
    """The server answered 404: there is no such path (so no such kind)."""


class ExpiredError(Exception):
    """The server answered 410: the resource version is too old, list again."""


class WatchStream:
    """A response that goes on; `stop` ends it from another thread."""

    def __init__(self, response: Any) -> None:
        self._response = response
        self._stopped = False

    def batches(self) -> Iterator[list[dict[str, Any]]]:
        """Watch events as they arrive, those of one network read together; ends when the server ends it."""
        rest = b""
        for chunk in self._chunks():
            *lines, rest = (rest + chunk).split(b"\n")
            events = [json.loads(line) for line in lines if line.strip()]
            if events:
                yield events

    def _chunks(self) -> Iterator[bytes]:
        try:
            if self._response.chunked and self._response.supports_chunked_reads():
                yield from self._response.read_chunked(decode_content=False)
                return
            while data := self._response.read1():
                yield data
        except Exception as problem:
            if not self._stopped:
                raise unreachable(problem) from problem
        finally:
            self._response.close()

    def stop(self) -> None:
        """Make a blocked read return."""
        self._stopped = True
        with contextlib.suppress(Exception):
            self._response.shutdown()


class KubeApi:
    """One kubeconfig's current context. Raises ClusterError when it cannot be read."""

    def __init__(self, kubeconfig: Path) -> None:
        config: Any = import_module("kubernetes.config")
        try:
            self._client = config.new_client_from_config(config_file=str(kubeconfig), persist_config=False)
            _, context = config.list_kube_config_contexts(config_file=str(kubeconfig))
        except Exception as problem:
            reason = f"the kubeconfig {kubeconfig} cannot be used: {_first_line(problem)}"
            raise ClusterError(SourceState.UNREACHABLE, reason) from problem
        self.default_namespace = str(context["context"].get("namespace") or "default")
        self.server = str(self._client.configuration.host)

    def get(self, path: str, query: Mapping[str, str] | None = None, accept: str = "application/json") -> Any:
        """The answer's JSON."""
        response = self._send("GET", path, query, headers={"Accept": accept})
        return self._json(response)

    def post(self, path: str, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Any:
        """The answer's JSON."""
        sent = {"Accept": "application/json", "Content-Type": "application/json", **(headers or {})}
        return self._json(self._send("POST", path, None, headers=sent, body=json.dumps(body)))

    def text(self, path: str, query: Mapping[str, str]) -> str:
        """The answer as text, whatever bytes are in it."""
        data: bytes = self._send("GET", path, query, headers={"Accept": "*/*"}).data
        return data.decode("utf-8", "replace")

    def websocket(self, path: str, query: Sequence[tuple[str, str]], protocol: str, time_limit: float) -> Any:
        """An open websocket-client connection. Raises ClusterError, also for an upgrade that is refused."""
        from labrunner.verify.sockets import open_websocket

        headers = self._signed({"Sec-WebSocket-Protocol": protocol})
        return open_websocket(self._client.configuration, self.server + path, query, headers, time_limit)

    def stream(self, path: str, query: Mapping[str, str], read_timeout: float) -> WatchStream:
        """An open watch."""
        response = self._send(
            "GET", path, query, {"Accept": "application/json"}, None, read_timeout, stream=True
        )
        return WatchStream(response)

    def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        headers: Mapping[str, str],
        body: str | None = None,
        read_timeout: float = READ_TIMEOUT,
        *,
        stream: bool = False,
    ) -> Any:
        from urllib.parse import urlencode

        import urllib3

        url = self.server.rstrip("/") + path + (f"?{urlencode(query)}" if query else "")
        try:
            response = self._client.rest_client.pool_manager.request(
                method,
                url,
                headers=self._signed(headers),
                body=body,
                timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT, read=read_timeout),
                retries=False,
                preload_content=not stream,
            )
        except Exception as problem:
            raise unreachable(problem, self.server) from problem
        if response.status >= 400:
            text = _status_message(response.data)
            response.close()
            raise self._refusal(response.status, text)
        return response

    def _signed(self, headers: Mapping[str, str]) -> dict[str, str]:
        signed = {"User-Agent": "labrunner", **headers}
        try:
            self._client.update_params_for_auth(signed, [], ["BearerToken"], "", "", None)
        except Exception as problem:
            reason = f"the kubeconfig's credentials cannot be had: {_first_line(problem)}"
            raise ClusterError(SourceState.REFUSED, reason) from problem
        return signed

    def _refusal(self, status: int, text: str) -> Exception:
        if status == 404:
            return NotFoundError(text)
        if status == 410:
            return ExpiredError(text)
        if status in (401, 403):
            return ClusterError(SourceState.REFUSED, f"the cluster refuses the lab's credentials: {text}")
        if status == 429 or status >= 500:
            return ClusterError(SourceState.UNREACHABLE, f"the cluster answers {status}: {text}")
        return ClusterError(
            SourceState.REFUSED, f"the cluster does not accept the question ({status}): {text}"
        )

    def _json(self, response: Any) -> Any:
        try:
            return json.loads(response.data)
        except ValueError as problem:
            reason = f"{self.server} answers something that is not a Kubernetes API"
            raise ClusterError(SourceState.UNREACHABLE, reason) from problem


class Connection:
    """The client for a kubeconfig, made on first use and again when the file has changed. Safe between threads."""

    def __init__(self, kubeconfig: Path) -> None:
        self.kubeconfig = kubeconfig
        self._lock = threading.Lock()
        self._api: KubeApi | None = None
        self._signature: tuple[int, int] | None = None

    def api(self) -> KubeApi:
        """Raises ClusterError when there is no usable kubeconfig."""
        with self._lock:
            signature = self._stat()
            if self._api is None or signature != self._signature:
                self._api = None
                self._api = KubeApi(self.kubeconfig)
                self._signature = signature
            return self._api

    def _stat(self) -> tuple[int, int]:
        try:
            found = self.kubeconfig.stat()
        except OSError as problem:
            reason = f"there is no kubeconfig at {self.kubeconfig}"
            raise ClusterError(SourceState.UNREACHABLE, reason) from problem
        return found.st_mtime_ns, found.st_size


def unreachable(problem: BaseException, server: str = "") -> ClusterError:
    """What went wrong on the way to the server, in plain words."""
    words = _way_words(problem)
    where = f" at {server}" if server else ""
    return ClusterError(SourceState.UNREACHABLE, f"cannot reach the cluster{where}: {words}")


def _way_words(problem: BaseException) -> str:
    from urllib3 import exceptions

    cause: BaseException | None = problem
    while cause is not None:
        if isinstance(cause, ConnectionRefusedError):
            return "connection refused"
        if isinstance(cause, exceptions.NameResolutionError):
            return "its host name is not known"
        if isinstance(cause, exceptions.SSLError):
            return f"no trusted TLS connection ({_first_line(cause)})"
        if isinstance(cause, exceptions.ConnectTimeoutError | exceptions.ReadTimeoutError | TimeoutError):
            return "it does not answer"
        if isinstance(cause, ConnectionResetError | exceptions.ProtocolError):
            return "the connection broke"
        cause = cause.__cause__ or cause.__context__
    return _first_line(problem)


def _first_line(problem: BaseException) -> str:
    return (str(problem).strip() or type(problem).__name__).splitlines()[0][:200]


def _status_message(data: bytes) -> str:
    try:
        return str(json.loads(data).get("message") or "no reason given")
    except (ValueError, AttributeError):
        return "no reason given"
