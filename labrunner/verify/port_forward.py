"""Connections to a pod's port over the API's websocket, each owned by whoever opened it. Blocking."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from labrunner.content.checks_model import Endpoint
from labrunner.verify.api import KubeApi, NotFoundError
from labrunner.verify.discovery import Discovery
from labrunner.verify.pods import Container, Obstacle, PodTroubleError, running_container

_PROTOCOL = "v4.channel.k8s.io"
_DATA, _ERROR = 0, 1
_PORT_BYTES = 2
_ERROR_WAIT = 0.5


class ForwardedSocket:
    """A socket whose bytes go to a port in a pod and come from there."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.socket, self._inner = socket.socketpair()
        self._said = bytearray()
        self._ended = threading.Event()
        for work, name in ((self._inwards, "in"), (self._outwards, "out")):
            threading.Thread(target=work, name=f"labrunner-forward-{name}", daemon=True).start()

    def error(self) -> str:
        """What the far end said of why there is no connection."""
        self._ended.wait(_ERROR_WAIT)
        return self._said.decode("utf-8", "replace")

    def close(self) -> None:
        """End it, whichever side is busy."""
        for one in (self.socket, self._inner):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(Exception):
            self._stream.shutdown()
        self.socket.close()

    def _inwards(self) -> None:
        import websocket

        headless = {_DATA, _ERROR}  # the first frame of each channel tells its port
        try:
            self._stream.settimeout(None)
            while True:
                opcode, data = self._stream.recv_data()
                if opcode == websocket.ABNF.OPCODE_CLOSE:
                    return
                if not data or data[0] not in (_DATA, _ERROR):
                    continue
                channel, rest = data[0], data[1:]
                if channel in headless:
                    headless.discard(channel)
                    rest = rest[_PORT_BYTES:]
                if channel == _ERROR and rest:
                    self._said += rest
                    return
                if rest:
                    self._inner.sendall(rest)
        except (websocket.WebSocketException, OSError, ValueError):
            return
        finally:
            self._ended.set()
            with contextlib.suppress(OSError):
                self._inner.shutdown(socket.SHUT_RDWR)

    def _outwards(self) -> None:
        try:
            while data := self._inner.recv(65536):
                self._stream.send_binary(bytes([_DATA]) + data)
        except Exception:
            return  # the other thread tells
        finally:
            self._inner.close()


def dialer(
    api: KubeApi, discovery: Discovery, endpoint: Endpoint, namespace: str | None
) -> Callable[[float], ForwardedSocket]:
    """What opens connections to the endpoint's first ready pod. Raises ClusterError and PodTroubleError."""
    container = running_container(api, discovery, endpoint.target, None, namespace)
    port = _port(api, endpoint, container)
    path = f"{container.path}/portforward"

    def dial(time_limit: float) -> ForwardedSocket:
        return ForwardedSocket(api.websocket(path, [("ports", str(port))], _PROTOCOL, time_limit))

    return dial


def _port(api: KubeApi, endpoint: Endpoint, container: Container) -> int:
    """The pod's own port that the endpoint's stands for."""
    wanted = endpoint.port
    if endpoint.target.kind == "Service":
        wanted = _target_port(api, endpoint, container)
    if wanted.isdigit():
        return int(wanted)
    for one in container.pod["spec"]["containers"]:
        for port in one.get("ports") or ():
            if port.get("name") == wanted:
                return int(port["containerPort"])
    name = container.pod["metadata"]["name"]
    raise PodTroubleError(Obstacle.MISSING, f"Pod {name} has no port called {wanted}")


def _target_port(api: KubeApi, endpoint: Endpoint, container: Container) -> str:
    name, namespace = endpoint.target.name or "", container.pod["metadata"]["namespace"]
    try:
        service = api.get(f"/api/v1/namespaces/{quote(namespace, safe='')}/services/{quote(name, safe='')}")
    except NotFoundError:
        raise PodTroubleError(
            Obstacle.MISSING, f"there is no Service {name} in namespace {namespace}"
        ) from None
    for port in (service.get("spec") or {}).get("ports") or ():
        if endpoint.port in (str(port.get("port")), port.get("name")):
            return str(port.get("targetPort") or port.get("port"))
    raise PodTroubleError(Obstacle.MISSING, f"Service {name} has no port {endpoint.port}")
