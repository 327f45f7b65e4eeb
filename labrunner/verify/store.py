"""The objects that active checks name, as watches report them.

A *source* is one list-and-watch: a kind in a namespace of a cluster. The store is written on the event loop only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from labrunner.verify.labels import selects

Obj = dict[str, Any]
ObjectKey = tuple[str, str]
"""Namespace ("" for cluster-scoped objects) and name."""

EVERY_NAMESPACE = "*"


@dataclass(frozen=True, slots=True)
class SourceKey:
    """What is listed and watched. `namespace` None means the kubeconfig context's; cluster-scoped kinds ignore it."""

    cluster: str
    api_version: str
    kind: str
    namespace: str | None


class SourceState(StrEnum):
    """Whether the objects can be relied on."""

    CONNECTING = "connecting"
    SYNCED = "synced"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    NO_SUCH_KIND = "no such kind"


@dataclass(frozen=True, slots=True)
class Listed:
    """A whole list: everything there is of the source. `fresh` lists count whatever was known before."""

    objects: tuple[Obj, ...]
    resource_version: str
    fresh: bool = True


@dataclass(frozen=True, slots=True)
class Changed:
    """One watch event: an object as it is now, or as it was when it went."""

    obj: Obj
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Troubled:
    """The source cannot be read now, for a reason in plain words."""

    state: SourceState
    reason: str


Report = Listed | Changed | Troubled


@dataclass(slots=True)
class Source:
    """One source's objects and how far they can be relied on. `reports` counts what has come in."""

    state: SourceState = SourceState.CONNECTING
    reason: str = ""
    objects: dict[ObjectKey, Obj] = field(default_factory=dict)
    latest: int = 0
    reports: int = 0
    _selected: dict[tuple[str | None, str | None], tuple[Obj, ...]] = field(default_factory=dict)

    def select(self, name: str | None, labels: str | None) -> tuple[Obj, ...]:
        """The objects of that name (in whatever namespaces the source covers) that the selector chooses.

        Kept until the next report: many checks ask the same. Raises SelectorError.
        """
        key = (name, labels)
        if key not in self._selected:
            found = [obj for (_, own), obj in self.objects.items() if name is None or own == name]
            if labels:
                found = [obj for obj in found if selects(labels, labels_of(obj))]
            self._selected[key] = tuple(sorted(found, key=key_of))
        return self._selected[key]

    def forget_selections(self) -> None:
        self._selected.clear()


Listener = Callable[[SourceKey, Obj | None, Obj | None], None]
"""Told of a changed object and what it was before (None: it is new); of None when the source or its state changed."""


class ObjectStore:
    """The sources by key. Reports that are older than what is known are dropped."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._sources: dict[SourceKey, Source] = {}

    def open(self, key: SourceKey) -> Source:
        """The source, new and connecting when it was not there."""
        return self._sources.setdefault(key, Source())

    def drop(self, key: SourceKey) -> None:
        self._sources.pop(key, None)

    def source(self, key: SourceKey) -> Source:
        """The source; one that nobody opened is connecting for ever."""
        return self._sources.get(key) or Source()

    def report(self, key: SourceKey, report: Report) -> None:
        """Take in what a watch reported, and tell the listener when it changes anything."""
        source = self._sources.get(key)
        if source is None:
            return
        source.reports += 1
        source.forget_selections()
        if isinstance(report, Changed):
            self._change(key, source, report)
        elif isinstance(report, Listed):
            self._list(key, source, report)
        elif (source.state, source.reason) != (report.state, report.reason):
            source.state, source.reason = report.state, report.reason
            if report.state is SourceState.NO_SUCH_KIND:
                source.objects.clear()
            self._listener(key, None, None)

    def _list(self, key: SourceKey, source: Source, listed: Listed) -> None:
        version = _number(listed.resource_version)
        if not listed.fresh and version is not None and version < source.latest:
            return
        objects = {key_of(obj): obj for obj in listed.objects}
        source.latest = version or 0
        before = source.objects
        changed = [(obj, before.get(at)) for at, obj in objects.items() if before.get(at) != obj]
        same = not changed and len(objects) == len(before) and source.state is SourceState.SYNCED
        source.objects, source.state, source.reason = objects, SourceState.SYNCED, ""
        if not same:
            for obj, was in changed:
                self._listener(key, obj, was)
            self._listener(key, None, None)

    def _change(self, key: SourceKey, source: Source, change: Changed) -> None:
        version = _number(change.obj.get("metadata", {}).get("resourceVersion"))
        if version is not None:
            if version <= source.latest:
                return
            source.latest = version
        before = source.objects.pop(key_of(change.obj), None)
        if not change.gone:
            source.objects[key_of(change.obj)] = change.obj
        self._listener(key, change.obj, before)


def key_of(obj: Mapping[str, Any]) -> ObjectKey:
    """Namespace and name of an object."""
    meta = obj.get("metadata") or {}
    return str(meta.get("namespace") or ""), str(meta.get("name") or "")


def labels_of(obj: Mapping[str, Any]) -> dict[str, str]:
    """An object's labels."""
    return (obj.get("metadata") or {}).get("labels") or {}


def _number(version: Any) -> int | None:
    """A resource version as a number, which every API server's is; None where one is not."""
    return int(version) if isinstance(version, str) and version.isascii() and version.isdigit() else None
