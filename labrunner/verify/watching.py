"""Lists and watches of a cluster in worker threads, one per source, reporting to the event loop.

A watch that breaks is reconnected with back-off and lists again; a kind that is not served is looked for again;
a kubeconfig that changed is read again. So a cluster that went away and came back needs nobody's help.
"""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from labrunner.content.checks_model import CanCheck, Endpoint, LogsCheck, Target
from labrunner.verify.api import ClusterError, Connection, ExpiredError, KubeApi, NotFoundError, WatchStream
from labrunner.verify.commands import OUTPUT_LIMIT, CommandResult
from labrunner.verify.discovery import Discovery, Resource
from labrunner.verify.http_requests import Dial
from labrunner.verify.store import (
    EVERY_NAMESPACE,
    Changed,
    Listed,
    Obj,
    Report,
    SourceKey,
    SourceState,
    Troubled,
)

T = TypeVar("T")

FIRST_RETRY, LAST_RETRY = 0.1, 2.0
"""Seconds between attempts to reach a cluster: the first wait, doubled up to the last."""

LOOK_AGAIN = 0.5
"""Seconds between looks for a kind that is not served."""

WATCH_SECONDS = 50
"""How long a watch is asked to last; a server that is silent for longer than this does not answer any more."""

_PAGE = "500"
_GRACE = 0.5
_SHORT_LIVED = 0.2


@dataclass(frozen=True, slots=True)
class PodCommand:
    """A command in one running container of the target; `output_limit` bounds what is kept of its stdout, in bytes."""

    target: Target
    command: tuple[str, ...]
    container: str | None = None
    output_limit: int = OUTPUT_LIMIT


class Cluster(Protocol):
    """A cluster as checks ask it; reports of its watches come to the callable given at its making, on the loop."""

    def watch(self, key: SourceKey) -> None:
        """Keep the source listed and watched until `unwatch`."""
        ...

    def unwatch(self, key: SourceKey) -> None:
        """Stop at once."""
        ...

    async def look(self, key: SourceKey) -> Report:
        """List the source now."""
        ...

    async def can(self, check: CanCheck, namespace: str | None) -> Any:
        """RBAC's AccessAnswer. Raises ClusterError."""
        ...

    async def logs(self, check: LogsCheck, namespace: str | None, begun: float) -> str:
        """What the check's pods have written. Raises ClusterError and PodTroubleError."""
        ...

    async def execute(self, command: PodCommand, namespace: str | None, time_limit: float) -> CommandResult:
        """Run a command in a pod. Raises ClusterError and PodTroubleError when it was not begun."""
        ...

    async def dialer(self, endpoint: Endpoint, namespace: str | None) -> Dial:
        """What opens connections to the endpoint. Raises ClusterError and PodTroubleError."""
        ...

    async def close(self) -> None:
        """Stop everything at once."""
        ...


class KubernetesCluster:
    """A cluster reached through a kubeconfig."""

    def __init__(self, kubeconfig: Path, report: Callable[[SourceKey, Report], None]) -> None:
        self._connection = Connection(kubeconfig)
        self._discovery = Discovery()
        self._report = report
        self._watches: dict[SourceKey, _Watch] = {}

    def watch(self, key: SourceKey) -> None:
        if key not in self._watches:
            watch = _Watch(key, self._connection, self._discovery, self._report)
            self._watches[key] = watch
            watch.start()

    def unwatch(self, key: SourceKey) -> None:
        watch = self._watches.pop(key, None)
        if watch is not None:
            watch.stop()

    async def look(self, key: SourceKey) -> Report:
        report = await in_thread(lambda: look(self._connection, self._discovery, key))
        watch = self._watches.get(key)
        if watch is not None and isinstance(report, Troubled):
            watch.kick()
        return report

    async def can(self, check: CanCheck, namespace: str | None) -> Any:
        from labrunner.verify.access import ask

        return await in_thread(lambda: ask(self._connection.api(), self._discovery, check, namespace))

    async def logs(self, check: LogsCheck, namespace: str | None, begun: float) -> str:
        from labrunner.verify.pods import read_logs

        return await in_thread(
            lambda: read_logs(self._connection.api(), self._discovery, check, namespace, begun)
        )

    async def execute(self, command: PodCommand, namespace: str | None, time_limit: float) -> CommandResult:
        return await in_thread(lambda: self._execute(command, namespace, time_limit))

    async def dialer(self, endpoint: Endpoint, namespace: str | None) -> Dial:
        from labrunner.verify.port_forward import dialer

        return await in_thread(lambda: dialer(self._connection.api(), self._discovery, endpoint, namespace))

    def _execute(self, command: PodCommand, namespace: str | None, time_limit: float) -> CommandResult:
        from labrunner.verify.pod_exec import run_in_container
        from labrunner.verify.pods import running_container

        api = self._connection.api()
        container = running_container(api, self._discovery, command.target, command.container, namespace)
        return run_in_container(api, container, command.command, time_limit, command.output_limit)

    async def close(self) -> None:
        watches = list(self._watches.values())
        self._watches.clear()
        for watch in watches:
            watch.stop()
        until = time.monotonic() + _GRACE
        await in_thread(lambda: _join(watches, until))


def _join(watches: Sequence[_Watch], until: float) -> None:
    """Wait for the threads; one that is still connecting is left to end by itself."""
    for watch in watches:
        watch.join(max(0.0, until - time.monotonic()))


async def in_thread(work: Callable[[], T]) -> T:
    """Run blocking work in a daemon thread, which neither a closing loop nor a leaving interpreter waits for."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, problem: BaseException | None) -> None:
        if future.done():
            return
        if problem is not None:
            future.set_exception(problem)
        else:
            future.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result, problem = None, None
        try:
            result = work()
        except BaseException as raised:
            problem = raised
        _post(loop, lambda: settle(result, problem))

    threading.Thread(target=run, name="labrunner-ask", daemon=True).start()
    return await future


def _post(loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
    try:
        loop.call_soon_threadsafe(callback)
    except RuntimeError:  # the loop was closed meanwhile: nobody is left to tell
        return


def look(connection: Connection, discovery: Discovery, key: SourceKey) -> Report:
    """One list of a source, or why there is none. Blocking."""
    try:
        api = connection.api()
        resource = discovery.by_kind(api, key.api_version, key.kind)
        if resource is None:
            return _no_such_kind(key)
        objects, version = _list(api, resource, key)
        return Listed(tuple(objects), version, fresh=False)
    except NotFoundError:
        discovery.forget()
        return _no_such_kind(key)
    except ExpiredError as problem:
        return Troubled(SourceState.UNREACHABLE, f"the cluster's list changed while it was read: {problem}")
    except ClusterError as problem:
        return Troubled(problem.state, problem.reason)


def _no_such_kind(key: SourceKey) -> Troubled:
    version = f" ({key.api_version})" if key.api_version else ""
    return Troubled(SourceState.NO_SUCH_KIND, f"the cluster knows no kind {key.kind}{version}")


def _namespace(api: KubeApi, key: SourceKey) -> str | None:
    return None if key.namespace == EVERY_NAMESPACE else key.namespace or api.default_namespace


def _list(api: KubeApi, resource: Resource, key: SourceKey) -> tuple[list[Obj], str]:
    path = resource.path(_namespace(api, key))
    objects: list[Obj] = []
    query = {"limit": _PAGE}
    while True:
        page = api.get(path, query)
        for item in page.get("items") or ():
            item.setdefault("apiVersion", resource.api_version)
            item.setdefault("kind", resource.kind)
            objects.append(item)
        meta = page.get("metadata") or {}
        if not meta.get("continue"):
            return objects, str(meta.get("resourceVersion") or "")
        query = {"limit": _PAGE, "continue": str(meta["continue"])}


class _Watch:
    """One source's thread."""

    def __init__(
        self,
        key: SourceKey,
        connection: Connection,
        discovery: Discovery,
        report: Callable[[SourceKey, Report], None],
    ) -> None:
        self._key = key
        self._connection = connection
        self._discovery = discovery
        self._report = report
        self._loop = asyncio.get_running_loop()
        self._stopped = False
        self._wake = threading.Event()
        self._lock = threading.Lock()
        self._stream: WatchStream | None = None
        self._thread = threading.Thread(target=self._run, name=f"labrunner-watch-{key.kind}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the thread, whatever it is waiting for."""
        self._stopped = True
        self.kick()

    def kick(self) -> None:
        """Have it look anew, now."""
        self._wake.set()
        with self._lock:
            if self._stream is not None:
                self._stream.stop()

    def join(self, timeout: float) -> None:
        self._thread.join(timeout)

    def _tell(self, reports: Sequence[Report]) -> None:
        def deliver() -> None:
            for report in reports:
                if not self._stopped:
                    self._report(self._key, report)

        if not self._stopped:
            _post(self._loop, deliver)

    def _run(self) -> None:
        pause = FIRST_RETRY
        while not self._stopped:
            self._wake.clear()
            begun = time.monotonic()
            try:
                if self._list_and_watch():
                    if time.monotonic() - begun > _SHORT_LIVED:
                        pause = FIRST_RETRY
                        continue
                else:
                    self._tell([_no_such_kind(self._key)])
                    self._wake.wait(LOOK_AGAIN)
                    continue
            except ClusterError as problem:
                self._tell([Troubled(problem.state, problem.reason)])
            except Exception as problem:
                self._tell(
                    [Troubled(SourceState.UNREACHABLE, f"the cluster's answer makes no sense: {problem}")]
                )
            self._wake.wait(pause * random.uniform(0.8, 1.2))  # noqa: S311 - spreads retries, hides nothing
            pause = min(LAST_RETRY, pause * 2)

    def _list_and_watch(self) -> bool:
        """List, then watch until something asks for a new list; False when the kind is not served."""
        try:
            api = self._connection.api()
            resource = self._discovery.by_kind(api, self._key.api_version, self._key.kind)
            if resource is None:
                return False
            objects, version = _list(api, resource, self._key)
        except NotFoundError:
            self._discovery.forget()
            return False
        except ExpiredError:
            return True
        self._tell([Listed(tuple(objects), version)])
        try:
            while not self._stopped and not self._wake.is_set():
                version = self._watch_once(api, resource, version)
        except NotFoundError:
            self._discovery.forget()
        except ExpiredError:
            pass
        except (
            ClusterError
        ) as problem:  # the next list tells whether the cluster is away or only the watch broke
            if problem.state is not SourceState.UNREACHABLE:
                raise
        return True

    def _watch_once(self, api: KubeApi, resource: Resource, version: str) -> str:
        """One watch request to its end; the version to go on from."""
        query = {
            "watch": "true",
            "resourceVersion": version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(WATCH_SECONDS),
        }
        stream = api.stream(resource.path(_namespace(api, self._key)), query, WATCH_SECONDS + 10)
        with self._lock:
            self._stream = stream
        if self._stopped or self._wake.is_set():
            stream.stop()
        try:
            for events in stream.batches():
                reports = [report for event in events if (report := _read(event, resource)) is not None]
                version = _version(events[-1]) or version
                if reports:
                    self._tell(reports)
        finally:
            with self._lock:
                self._stream = None
        return version


def _read(event: dict[str, Any], resource: Resource) -> Changed | None:
    """An event's report. Raises ExpiredError or ClusterError for an error event."""
    kind, obj = event.get("type"), event.get("object") or {}
    if kind == "ERROR":
        if obj.get("code") == 410:
            raise ExpiredError(str(obj.get("message")))
        raise ClusterError(SourceState.UNREACHABLE, f"the cluster ended the watch: {obj.get('message')}")
    if kind not in ("ADDED", "MODIFIED", "DELETED"):
        return None
    obj.setdefault("apiVersion", resource.api_version)
    obj.setdefault("kind", resource.kind)
    return Changed(obj, gone=kind == "DELETED")


def _version(event: dict[str, Any]) -> str:
    return str(((event.get("object") or {}).get("metadata") or {}).get("resourceVersion") or "")
