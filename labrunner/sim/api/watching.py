"""Watch: the world as it is, then every change, then bookmarks; filtered, in the representation asked for."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

from labrunner.sim import errors, printers
from labrunner.sim.api import listing, rendering
from labrunner.sim.api.listing import Filter
from labrunner.sim.api.local import Api
from labrunner.sim.api.negotiation import Rendition
from labrunner.sim.api.requestinfo import flag
from labrunner.sim.clock import Timer
from labrunner.sim.errors import ApiError
from labrunner.sim.http import Channel
from labrunner.sim.http.message import chunk
from labrunner.sim.objects import Obj
from labrunner.sim.printers.text import Printer
from labrunner.sim.resources import ResourceType
from labrunner.sim.store import Change, Compacted, Record
from labrunner.sim.store.change import encode

BOOKMARK_EVERY: Final = 60.0
SHORTEST: Final = 1800.0
INITIAL_EVENTS_END: Final = "k8s.io/initial-events-end"


class Watch:
    """One watch. A :class:`labrunner.sim.http.Stream`."""

    status = 200
    content_type = "application/json"
    headers: tuple[tuple[str, str], ...] = ()

    def __init__(
        self,
        api: Api,
        rt: ResourceType,
        wanted: Filter,
        query: dict[str, str],
        rendition: Rendition,
        printer: Printer | None = None,
    ) -> None:
        self._api = api
        self._rt = rt
        self._wanted = wanted
        self._rendition = rendition
        self._printer = printer
        self._include = rendering.included(query) if rendition.shape == "table" else ""
        self._bookmarks = flag(query, "allowWatchBookmarks")
        self._initial_events = _initial_events(query)
        self._from = query.get("resourceVersion", "")
        self._seconds = float(listing.number(query, "timeoutSeconds"))
        self._channel: Channel | None = None
        self._pending: list[bytes] = []
        self._flushing = False
        self._columns_sent = False
        self._subscriptions: list[Callable[[], None]] = []
        self._timers: list[Timer] = []
        self._start_version = 0 if self._from in ("", "0") else listing.version_number(self._from)
        if rendition.yaml:
            raise errors.not_acceptable(("application/json",))

    def opened(self, channel: Channel) -> None:
        """Send what is there, follow what comes."""
        self._channel = channel
        api = self._api
        try:
            self._replay()
        except Compacted as compacted:
            message = f"too old resource version: {self._start_version} ({compacted.oldest})"
            self._fail(errors.gone(message))
            return
        self._subscriptions = [
            api.store.subscribe(self._rt.storage_gr, self._changed),
            api.registry.subscribe(self._check_served),
        ]
        if self._bookmarks:
            self._timers.append(api.clock.call_later(BOOKMARK_EVERY, self._bookmark_again))
        seconds = self._seconds or SHORTEST * (1 + random.random())  # noqa: S311
        self._timers.append(api.clock.call_later(seconds, self._expire))
        self._flush()

    def closed(self) -> None:
        """Stop following."""
        self._channel = None
        for unsubscribe in self._subscriptions:
            unsubscribe()
        self._subscriptions.clear()
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    def _check_served(self) -> None:
        """End with the resource: a custom one whose definition is gone."""
        if self._api.registry.by_path(self._rt.group, self._rt.version, self._rt.plural) is None:
            self._expire()

    def _replay(self) -> None:
        if self._initial_events or (self._from in ("", "0") and self._initial_events is None):
            for record in self._api.store.records(self._rt.storage_gr, self._wanted.namespace):
                if self._wanted.everything or self._wanted.accepts(self._converted(record.obj)):
                    self._pending.append(chunk(self._initial(record)))
            if self._initial_events:
                self._pending.append(chunk(self._bookmark({INITIAL_EVENTS_END: "true"})))
        elif self._start_version:
            for change in self._api.store.since(self._rt.storage_gr, self._start_version):
                self._changed(change)

    def _changed(self, change: Change) -> None:
        kind: str = change.type
        if not self._wanted.everything:
            found = self._relative_type(change)
            if found is None:
                return
            kind = found
        elif self._wanted.namespace is not None and not change.key.startswith(f"{self._wanted.namespace}/"):
            return
        if self._rendition.shape == "table":
            frame = chunk(self._table_event(kind, self._converted(_seen(kind, change))))
        else:
            key = kind, self._rt.gv, self._rendition
            frame = change.cached(key, lambda: chunk(self._event(kind, change)))
        self._send(frame)

    def _relative_type(self, change: Change) -> str | None:
        """The change as seen through the filter: objects enter and leave it."""
        accepts = self._wanted.accepts
        was = change.old is not None and accepts(self._converted(change.old))
        now = change.new is not None and accepts(self._converted(change.new))
        if now:
            return "MODIFIED" if was else "ADDED"
        return "DELETED" if was else None

    def _event(self, kind: str, change: Change) -> bytes:
        obj = self._converted(_seen(kind, change))
        if self._rendition.shape != "object":
            return _framed(kind, encode(rendering.partial(obj, self._rendition.version)))
        if change.after is not None and obj is change.after.obj and kind == change.type:
            return _framed(kind, change.after.encoded)
        return _framed(kind, encode(obj))

    def _initial(self, record: Record) -> bytes:
        obj = self._converted(record.obj)
        if self._rendition.shape == "table":
            return self._table_event("ADDED", obj)
        if self._rendition.shape != "object":
            return _framed("ADDED", encode(rendering.partial(obj, self._rendition.version)))
        return _framed("ADDED", record.encoded if obj is record.obj else encode(obj))

    def _table_event(self, kind: str, obj: Obj) -> bytes:
        table = printers.table(
            [obj],
            self._rt,
            now=self._api.clock.now(),
            include_object=self._include,
            list_meta={"resourceVersion": obj["metadata"].get("resourceVersion", "")},
            printer=self._printer,
        )
        table["apiVersion"] = f"meta.k8s.io/{self._rendition.version}"
        if self._columns_sent:
            table["columnDefinitions"] = None
        self._columns_sent = True
        return _framed(kind, encode(table))

    def _bookmark(self, annotations: dict[str, str] | None = None) -> bytes:
        metadata: Obj = {"resourceVersion": str(self._api.store.resource_version)}
        if annotations:
            metadata["annotations"] = annotations
        obj: Obj = {"kind": self._rt.kind, "apiVersion": self._rt.gv, "metadata": metadata}
        if self._rendition.shape == "table":
            obj = {
                "kind": "Table",
                "apiVersion": f"meta.k8s.io/{self._rendition.version}",
                "metadata": {"resourceVersion": metadata["resourceVersion"]},
                "columnDefinitions": None,
                "rows": [{"cells": [], "object": rendering.partial(obj)}],
            }
        elif self._rendition.shape != "object":
            obj = rendering.partial(obj, self._rendition.version)
        return _framed("BOOKMARK", encode(obj))

    def _bookmark_again(self) -> None:
        if self._channel is None:
            return
        self._send(chunk(self._bookmark()))
        self._timers[0] = self._api.clock.call_later(BOOKMARK_EVERY, self._bookmark_again)

    def _converted(self, obj: Obj) -> Obj:
        return self._api.registry.convert(obj, self._rt)

    def _send(self, frame: bytes) -> None:
        self._pending.append(frame)
        if not self._flushing and self._channel is not None:
            self._flushing = True
            self._api.clock.call_later(0, self._flush)

    def _flush(self) -> None:
        self._flushing = False
        if self._channel is not None and self._pending:
            data = self._pending[0] if len(self._pending) == 1 else b"".join(self._pending)
            self._pending.clear()
            self._channel.send(data)

    def _expire(self) -> None:
        channel = self._channel
        if channel is None:
            return
        if self._bookmarks:
            self._pending.append(chunk(self._bookmark()))
        self._flush()
        channel.finish()

    def _fail(self, error: ApiError) -> None:
        channel = self._channel
        if channel is not None:
            channel.send(chunk(_framed("ERROR", encode(error.status()))))
            channel.finish()


def _seen(kind: str, change: Change) -> Obj:
    """The object to show: one that only leaves the selection as it was while it belonged to it."""
    if kind == "DELETED" and change.new is not None and change.old is not None:
        return {**change.old, "metadata": {**change.old["metadata"], "resourceVersion": str(change.rv)}}
    return change.obj


def _framed(kind: str, encoded: bytes) -> bytes:
    return b'{"type":"%s","object":%s}\n' % (kind.encode(), encoded)


def _initial_events(query: dict[str, str]) -> bool | None:
    """The sendInitialEvents parameter. Raises ApiError (422) where it does not go with the others."""
    match = query.get("resourceVersionMatch", "")
    problems = []
    if "sendInitialEvents" in query:
        if match != "NotOlderThan":
            detail = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
            problems.append(errors.forbidden_field("resourceVersionMatch", detail))
        if not flag(query, "allowWatchBookmarks"):
            detail = "sendInitialEvents is forbidden unless allowWatchBookmarks is set"
            problems.append(errors.forbidden_field("sendInitialEvents", detail))
    if match and "sendInitialEvents" not in query:
        detail = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
        problems.append(errors.forbidden_field("resourceVersionMatch", detail))
    if match not in ("", "NotOlderThan"):
        problems.append(errors.not_supported("resourceVersionMatch", match, ("NotOlderThan",)))
    if match and query.get("continue"):
        detail = "resourceVersionMatch is forbidden when continue is provided"
        problems.append(errors.forbidden_field("resourceVersionMatch", detail))
    if problems:
        raise errors.invalid("ListOptions.meta.k8s.io", "", problems)
    return flag(query, "sendInitialEvents") if "sendInitialEvents" in query else None
