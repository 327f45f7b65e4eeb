"""The clusters of a lab by name, each opened on first use, and the sources that are watched in them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from labrunner.content.checks_model import CanCheck, Endpoint, LogsCheck
from labrunner.verify.access import AccessAnswer
from labrunner.verify.api import ClusterError
from labrunner.verify.commands import CommandResult
from labrunner.verify.context import CheckContext
from labrunner.verify.http_requests import Dial
from labrunner.verify.store import Listed, ObjectStore, Report, SourceKey, SourceState, Troubled
from labrunner.verify.watching import Cluster, PodCommand

Connect = Callable[[Path, Callable[[SourceKey, Report], None]], Cluster]
"""Opens the cluster of a kubeconfig; reports of its watches go to the callable, on the event loop."""


class Clusters:
    """Watches sources into a store, whichever cluster they are in."""

    def __init__(self, context: CheckContext, store: ObjectStore, connect: Connect) -> None:
        self._context = context
        self._store = store
        self._connect = connect
        self._open: dict[str, Cluster] = {}
        self._watched: set[SourceKey] = set()

    def watch(self, key: SourceKey) -> None:
        """Watch a source until `unwatch`, as soon as its cluster is there."""
        self._store.open(key)
        self._watched.add(key)
        cluster = self._cluster(key.cluster)
        if cluster is None:
            self._store.report(key, _no_cluster(key.cluster))
        else:
            cluster.watch(key)

    def unwatch(self, key: SourceKey) -> None:
        self._watched.discard(key)
        self._store.drop(key)
        if key.cluster in self._open:
            self._open[key.cluster].unwatch(key)

    async def look(self, keys: Iterable[SourceKey]) -> None:
        """Bring these sources up to date, so that what was done before this call is seen after it."""
        await asyncio.gather(*(self._look(key) for key in keys))

    async def _look(self, key: SourceKey) -> None:
        cluster = self._cluster(key.cluster)
        if cluster is None:
            return
        cluster.watch(key)
        before = self._store.source(key).reports
        report = await cluster.look(key)
        if isinstance(report, Listed):
            report = replace(report, fresh=self._store.source(key).reports == before)
        self._store.report(key, report)

    async def can(self, check: CanCheck) -> AccessAnswer:
        """Raises ClusterError when the cluster has no answer."""
        answer = await self._needed(check.cluster).can(check, self._context.namespace)
        assert isinstance(answer, AccessAnswer)
        return answer

    async def logs(self, check: LogsCheck, begun: float) -> str:
        """What the check's pods have written. Raises ClusterError and PodTroubleError."""
        return await self._needed(check.target.cluster).logs(check, self._context.namespace, begun)

    async def execute(self, command: PodCommand, time_limit: float) -> CommandResult:
        """Run it in a pod. Raises ClusterError and PodTroubleError when it was not begun."""
        cluster = self._needed(command.target.cluster)
        return await cluster.execute(command, self._context.namespace, time_limit)

    async def dialer(self, endpoint: Endpoint) -> Dial:
        """What opens connections to the endpoint. Raises ClusterError and PodTroubleError."""
        return await self._needed(endpoint.target.cluster).dialer(endpoint, self._context.namespace)

    def _needed(self, name: str) -> Cluster:
        cluster = self._cluster(name)
        if cluster is None:
            raise ClusterError(SourceState.UNREACHABLE, _no_cluster(name).reason)
        return cluster

    async def restart(self) -> None:
        """Connect anew to every cluster, from the kubeconfigs as they are now."""
        await self.close()
        for key in sorted(self._watched, key=str):
            self._store.drop(key)
            self.watch(key)

    async def close(self) -> None:
        clusters, self._open = list(self._open.values()), {}
        await asyncio.gather(*(cluster.close() for cluster in clusters))

    def _cluster(self, name: str) -> Cluster | None:
        if name not in self._open:
            kubeconfig = self._context.kubeconfig(name)
            if kubeconfig is None:
                return None
            self._open[name] = self._connect(kubeconfig, self._store.report)
        return self._open[name]


def _no_cluster(name: str) -> Troubled:
    which = "no cluster is running" if name == "main" else f"no cluster called {name} is running"
    return Troubled(SourceState.UNREACHABLE, f"cannot reach the cluster: {which}")
