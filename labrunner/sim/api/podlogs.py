"""``pods/log``: the simulated node's lines, cut and followed as asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from labrunner.sim import errors
from labrunner.sim.clock import Timer, parse_timestamp
from labrunner.sim.errors import ApiError
from labrunner.sim.http import Channel
from labrunner.sim.http.message import chunk
from labrunner.sim.node.logs import LogLine, container_spec, container_status, log_lines
from labrunner.sim.node.presence import is_stopped
from labrunner.sim.objects import Obj, get_path, name_of, namespace_of

if TYPE_CHECKING:
    from labrunner.sim.api.local import Api

POLL: Final = 0.5
_WAITING: Final = {
    "ErrImagePull": "image can't be pulled",
    "ImagePullBackOff": "trying and failing to pull image",
}


@dataclass(frozen=True, slots=True)
class LogOptions:
    """``v1 PodLogOptions``."""

    container: str = ""
    follow: bool = False
    previous: bool = False
    timestamps: bool = False
    since: str = ""
    since_seconds: int | None = None
    tail: int | None = None
    limit: int | None = None


def parse(query: dict[str, str]) -> LogOptions:
    """The options of a request. Raises ApiError (400, 422)."""
    tail, since, limit = (_whole(query, key) for key in ("tailLines", "sinceSeconds", "limitBytes"))
    problems = []
    if tail is not None and tail < 0:
        problems.append(errors.invalid_value("tailLines", tail, "must be greater than or equal to 0"))
    if limit is not None and limit < 1:
        problems.append(errors.invalid_value("limitBytes", limit, "must be greater than 0"))
    if since is not None and query.get("sinceTime"):
        detail = "at most one of `sinceTime` or `sinceSeconds` may be specified"
        problems.append(errors.forbidden_field("", detail))
    elif since is not None and since < 1:
        problems.append(errors.invalid_value("sinceSeconds", since, "must be greater than 0"))
    if problems:
        raise errors.invalid("PodLogOptions", "", problems)
    follow, previous, stamps = (
        query.get(key, "").lower() in ("true", "1") for key in ("follow", "previous", "timestamps")
    )
    return LogOptions(
        query.get("container", ""), follow, previous, stamps, query.get("sinceTime", ""), since, tail, limit
    )


def _whole(query: dict[str, str], key: str) -> int | None:
    text = query.get(key, "")
    if not text:
        return None
    try:
        return int(text)
    except ValueError:
        raise errors.bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax') from None


def container_of(pod: Obj, options: LogOptions) -> str:
    """The container that is meant. Raises ApiError (400)."""
    spec = pod.get("spec") or {}
    regular = [c["name"] for c in spec.get("containers") or ()]
    initial = [c["name"] for c in spec.get("initContainers") or ()]
    name = options.container
    if not name:
        if len(regular) == 1 and not initial and not spec.get("ephemeralContainers"):
            return str(regular[0])
        if len(regular) == 1 and not initial:
            return str(regular[0])
        choices = f"choose one of: [{' '.join(regular)}]"
        if initial:
            choices += f" or one of the init containers: [{' '.join(initial)}]"
        raise errors.bad_request(f"a container name must be specified for pod {name_of(pod)}, {choices}")
    if container_spec(pod, name) is None:
        raise errors.bad_request(f"container {name} is not valid for pod {name_of(pod)}")
    return name


def check_started(pod: Obj, name: str, options: LogOptions) -> None:
    """Raises ApiError (400) while there is no log that could be shown."""
    if not get_path(pod, "spec", "nodeName"):
        return  # nobody to ask: the server answers with nothing
    status = container_status(pod, name)
    about = f'container "{name}" in pod "{name_of(pod)}"'
    if options.previous:
        if status is None or not (status.get("lastState") or {}).get("terminated"):
            raise errors.bad_request(f"previous terminated {about} not found")
        return
    if status is None:
        raise errors.bad_request(f"{about} is not available")
    waiting = (status.get("state") or {}).get("waiting")
    if waiting and not (status.get("lastState") or {}).get("terminated"):
        reason = waiting.get("reason", "ContainerCreating")
        raise errors.bad_request(f"{about} is waiting to start: {_WAITING.get(reason, reason)}")


def check_node(api: Api, pod: Obj, name: str) -> None:
    """Raises ApiError when nobody answers on the pod's node: 404 without a node, 500 with a stopped kubelet."""
    where = get_path(pod, "spec", "nodeName")
    node = api.store.get("nodes", "", where) if where else None
    if where and node is None:
        raise ApiError(404, "NotFound", f'nodes "{where}" not found', {"name": where, "kind": "nodes"})
    if node is not None and is_stopped(node):
        addresses = get_path(node, "status", "addresses", default=[])
        address = next((a["address"] for a in addresses if a.get("type") == "InternalIP"), where)
        path = f"containerLogs/{namespace_of(pod)}/{name_of(pod)}/{name}"
        refused = f"dial tcp {address}:10250: connect: connection refused"
        raise ApiError(500, "", f'Get "https://{address}:10250/{path}": {refused}', {})


def selected(api: Api, pod: Obj, name: str, options: LogOptions) -> list[LogLine]:
    """The lines asked for."""
    lines = log_lines(api, pod, name, previous=options.previous)
    since = None
    if options.since_seconds is not None:
        since = api.clock.now() - timedelta(seconds=options.since_seconds)
    elif options.since:
        try:
            since = parse_timestamp(options.since)
        except ValueError:
            raise errors.bad_request(f'parsing time "{options.since}"') from None
    if since is not None:
        lines = [line for line in lines if line.at >= since]
    if options.tail is not None:
        lines = lines[-options.tail :] if options.tail else []
    return lines


def rendered(lines: list[LogLine], options: LogOptions) -> bytes:
    """Lines as text."""
    stamps = options.timestamps
    text = "".join(
        f"{line.at.strftime('%Y-%m-%dT%H:%M:%S.%f')}000Z {line.text}\n" if stamps else f"{line.text}\n"
        for line in lines
    )
    data = text.encode()
    return data[: options.limit] if options.limit is not None else data


class Follow:
    """A followed log. A :class:`labrunner.sim.http.Stream`."""

    status = 200
    content_type = "text/plain"
    headers: tuple[tuple[str, str], ...] = ()

    def __init__(self, api: Api, pod: Obj, name: str, options: LogOptions) -> None:
        self._api = api
        self._pod = pod
        self._name = name
        self._options = options
        self._channel: Channel | None = None
        self._shown = len(log_lines(api, pod, name, previous=options.previous))
        self._first = selected(api, pod, name, options)
        self._timer: Timer | None = None

    def opened(self, channel: Channel) -> None:
        """Send what there is."""
        self._channel = channel
        if self._first:
            channel.send(chunk(rendered(self._first, self._options)))
        self._poll()

    def closed(self) -> None:
        """Stop."""
        self._channel = None
        if self._timer is not None:
            self._timer.cancel()

    def _poll(self) -> None:
        channel = self._channel
        if channel is None:
            return
        pod = self._api.store.get("pods", namespace_of(self._pod), name_of(self._pod))
        lines = log_lines(self._api, pod or self._pod, self._name, previous=self._options.previous)
        if len(lines) > self._shown:
            channel.send(chunk(rendered(lines[self._shown :], self._options)))
            self._shown = len(lines)
        status = container_status(pod, self._name) if pod is not None else None
        if status is None or not (status.get("state") or {}).get("running"):
            channel.finish()
            return
        self._timer = self._api.clock.call_later(POLL, self._poll)
