"""Events as client-go's recorder makes them: repeated ones are counted, similar ones combined, floods dropped."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from labrunner.sim.api.metadata import ordered
from labrunner.sim.clock import micro_timestamp, parse_timestamp, timestamp
from labrunner.sim.objects import Obj, get_path, meta, name_of, namespace_of, reference_to

if TYPE_CHECKING:
    from labrunner.sim.api.local import Api

TIME_TO_LIVE: Final = 3600.0
SIMILAR_LIMIT: Final = 10
SIMILAR_WINDOW: Final = 600.0
BURST: Final = 25
REFILL_SECONDS: Final = 300.0
SWEEP_EVERY: Final = 300.0


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: datetime


@dataclass(slots=True)
class _Similar:
    messages: set[str] = field(default_factory=set)
    last: datetime | None = None


class Recorder:
    """Writes ``core/v1`` Events about objects on behalf of components."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._names: dict[tuple[str, ...], tuple[str, str]] = {}
        self._similar: dict[tuple[str, ...], _Similar] = {}
        self._buckets: dict[tuple[str, ...], _Bucket] = {}

    def start(self) -> None:
        """Begin to forget events an hour after they were last seen."""
        self._api.clock.call_later(SWEEP_EVERY, self._sweep)

    def forget_floods(self) -> None:
        """A restored snapshot takes back what was told too often: everything may be told again."""
        self._similar.clear()
        self._buckets.clear()

    def record(
        self, about: Obj, kind: str, reason: str, message: str, *,
        component: str, host: str = "", field_path: str | None = None, action: str | None = None,
    ) -> None:  # fmt: skip
        """One observation. With *action* it takes the form of ``events.k8s.io`` (eventTime, no counts)."""
        now = self._api.clock.now()
        source = (component, host)
        subject = (
            about.get("kind", ""), namespace_of(about), name_of(about),
            str(meta(about).get("uid", "")), about.get("apiVersion", ""),
        )  # fmt: skip
        if not self._admit((*source, *subject), now):
            return
        exact = (*source, *subject, field_path or "", kind, reason, message)
        if action is not None:
            self._record_series(about, exact, kind, reason, message, source, action, now)
            return
        message, key = self._combine((*source, *subject, kind, reason), exact, message, now)
        if not self._count(key, message, now):
            event = self._event(about, kind, reason, message, source, field_path, now)
            event["firstTimestamp"] = event["lastTimestamp"] = timestamp(now)
            event["count"] = 1
            event["eventTime"] = None
            self._store(event, key)

    def _admit(self, key: tuple[str, ...], now: datetime) -> bool:
        bucket = self._buckets.setdefault(key, _Bucket(BURST, now))
        bucket.tokens = min(BURST, bucket.tokens + (now - bucket.at).total_seconds() / REFILL_SECONDS)
        bucket.at = now
        if bucket.tokens < 1:
            return False
        bucket.tokens -= 1
        return True

    def _combine(
        self, group: tuple[str, ...], exact: tuple[str, ...], message: str, now: datetime
    ) -> tuple[str, tuple[str, ...]]:
        similar = self._similar.setdefault(group, _Similar())
        if similar.last is not None and (now - similar.last).total_seconds() > SIMILAR_WINDOW:
            similar.messages.clear()
        similar.last = now
        similar.messages.add(message)
        if len(similar.messages) <= SIMILAR_LIMIT:
            return message, exact
        similar.messages.discard(message)
        return f"(combined from similar events): {message}", group

    def _count(self, key: tuple[str, ...], message: str, now: datetime) -> bool:
        found = self._find(key)
        if found is None:
            return False
        event = {**found, "metadata": dict(found["metadata"]), "message": message}
        event["count"] = (found.get("count") or 1) + 1
        event["lastTimestamp"] = timestamp(now)
        self._api.store.put("events", event)
        return True

    def _record_series(
        self, about: Obj, key: tuple[str, ...], kind: str, reason: str, message: str,
        source: tuple[str, str], action: str, now: datetime,
    ) -> None:  # fmt: skip
        found = self._find(key)
        if found is not None:
            count = get_path(found, "series", "count", default=1) + 1
            event = {**found, "metadata": dict(found["metadata"])}
            event["series"] = {"count": count, "lastObservedTime": micro_timestamp(now)}
            self._api.store.put("events", event)
            return
        event = self._event(about, kind, reason, message, source, None, now)
        event["source"] = {}
        event.update(firstTimestamp=None, lastTimestamp=None, eventTime=micro_timestamp(now), action=action)
        event["reportingInstance"] = f"{source[0]}-{source[1] or 'simulated-control-plane'}"
        self._store(event, key)

    def _find(self, key: tuple[str, ...]) -> Obj | None:
        where = self._names.get(key)
        return self._api.store.get("events", *where) if where is not None else None

    def _event(
        self, about: Obj, kind: str, reason: str, message: str,
        source: tuple[str, str], field_path: str | None, now: datetime,
    ) -> Obj:  # fmt: skip
        component, host = source
        return {
            "kind": "Event",
            "apiVersion": "v1",
            "metadata": {
                "name": f"{name_of(about)}.{self._api.unique_nanos(now):x}",
                "namespace": namespace_of(about) or "default",
                "creationTimestamp": timestamp(now),
            },
            "involvedObject": reference_to(about, fieldPath=field_path),
            "reason": reason,
            "message": message[:1024],
            "source": {"component": component, "host": host} if host else {"component": component},
            "type": kind,
            "reportingComponent": component,
            "reportingInstance": host,
        }

    def _store(self, event: Obj, key: tuple[str, ...]) -> None:
        where = event["metadata"]["namespace"], event["metadata"]["name"]
        if not self._api.accepts_events(where[0]):
            return
        event["metadata"]["uid"] = self._api.new_uid()
        self._api.store.put("events", ordered(event))
        self._names[key] = where

    def _sweep(self) -> None:
        now = self._api.clock.now()
        oldest = now - timedelta(seconds=TIME_TO_LIVE)
        for event in self._api.store.list("events"):
            if last_seen(event) < oldest:
                self._api.store.remove("events", namespace_of(event), name_of(event))
        self._names = {k: where for k, where in self._names.items() if self._api.store.get("events", *where)}
        self._similar = {k: s for k, s in self._similar.items() if s.last and s.last >= oldest}
        self._buckets = {k: b for k, b in self._buckets.items() if b.at >= oldest}
        self._api.clock.call_later(SWEEP_EVERY, self._sweep)


def last_seen(event: Obj) -> datetime:
    """When an event was last observed."""
    text = (
        get_path(event, "series", "lastObservedTime")
        or event.get("lastTimestamp")
        or event.get("eventTime")
        or event["metadata"]["creationTimestamp"]
    )
    return parse_timestamp(str(text))
