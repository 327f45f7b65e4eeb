"""`event`: what the cluster has reported about its objects. Answered from the store, which a watch of events feeds."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from labrunner.content.checks_model import EventCheck, Matcher
from labrunner.verify.finding import Finding, failing, passing
from labrunner.verify.matching import accepts
from labrunner.verify.phrasing import amount, describe, phrase, seconds
from labrunner.verify.store import EVERY_NAMESPACE, Obj, SourceKey
from labrunner.verify.verdict import Difference
from labrunner.verify.world import CLUSTER_SCOPED, World, name_target, own_id, select, trouble_of

_HOME_OF_CLUSTER_SCOPED = "default"
"""The namespace in which a cluster reports about objects that have none."""

_RESOLUTION = 1.0
"""Seconds that an event's time may lie back: the server cuts it to whole seconds."""

_MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)")


def event_source(check: EventCheck, world: World) -> SourceKey:
    """Where events about the check's object are reported."""
    namespace = check.namespace or world.context.namespace
    if check.involved is not None and check.involved.kind in CLUSTER_SCOPED and not check.namespace:
        namespace = _HOME_OF_CLUSTER_SCOPED
    return SourceKey(check.cluster, "v1", "Event", namespace)


def is_selected_by_state(check: EventCheck) -> bool:
    """Whether the objects it is about have to be looked up, because labels or conditions choose them."""
    return check.involved is not None and bool(check.involved.labels or check.involved.fields)


def event(check: EventCheck, world: World, ident: str) -> Finding:
    source = world.store.source(event_source(check, world))
    trouble = trouble_of(source)
    if trouble is not None:
        return trouble
    chosen = None
    if check.involved is not None and is_selected_by_state(check):
        found = select(check.involved, world)
        if found.trouble:
            return found.trouble
        chosen = {_identity(obj) for obj in found.objects}
    start = _start(check, world, ident)
    about = [one for one in source.objects.values() if _is_about(check, one, chosen)]
    recent = [one for one in about if start is None or (moment := last_seen(one)) is None or moment >= start]
    fitting = [one for one in recent if _fits(check, one)]
    number = sum(occurrences(one) for one in fitting)
    if accepts(check.count or Matcher("ge", 1), number):
        latest = max(fitting, key=_order, default=None)
        said = _told(latest) if latest is not None else "no such event"
        times = f" ({number} times)" if number > 1 else ""
        return passing(f"{_about(check, world)}: {said}{times}", _actual(latest, number))
    return _not_reported(check, world, recent, fitting, number)


def _not_reported(
    check: EventCheck, world: World, recent: list[Obj], fitting: list[Obj], number: int
) -> Finding:
    wanted = _wanted(check)
    latest = max(fitting or recent, key=_order, default=None)
    if fitting:
        summary = f"{_about(check, world)}: {_told(latest)} ({amount(number, 'time')}), wanted {wanted}"
    elif latest is not None:
        summary = f"{_about(check, world)}: the latest event is {_told(latest)}, wanted {wanted}"
    else:
        when = f" in the last {seconds(check.since)}" if isinstance(check.since, int | float) else ""
        when = " since the step was opened" if check.since == "step" else when
        summary = f"{_about(check, world)}: no event{when}, wanted {wanted}"
    seen = _told(latest) if latest is not None else None
    difference = Difference("count", number, wanted) if fitting else Difference("event", seen, wanted)
    return failing(summary, (difference,), _actual(latest, number))


def _start(check: EventCheck, world: World, ident: str) -> float | None:
    """The unix time from which on events count."""
    if check.since is None:
        return None
    if check.since == "step":
        return world.begun.get(own_id(ident), world.now()) - _RESOLUTION
    return world.now() - float(check.since) - _RESOLUTION


def _identity(obj: Obj) -> tuple[str, str]:
    meta = obj.get("metadata") or {}
    return str(meta.get("namespace") or ""), str(meta.get("name") or "")


def _is_about(check: EventCheck, one: Obj, chosen: set[tuple[str, str]] | None) -> bool:
    target = check.involved
    if target is None:
        return True
    involved = one.get("involvedObject") or {}
    if str(involved.get("kind", "")).casefold() != target.kind.casefold():
        return False
    if target.name and involved.get("name") != target.name:
        return False
    group = target.api_version.rpartition("/")[0]
    if target.api_version and str(involved.get("apiVersion") or "").rpartition("/")[0] != group:
        return False
    return chosen is None or (str(involved.get("namespace") or ""), str(involved.get("name") or "")) in chosen


def _fits(check: EventCheck, one: Obj) -> bool:
    if check.type is not None and one.get("type") != check.type:
        return False
    if check.reason is not None and not accepts(check.reason, str(one.get("reason") or "")):
        return False
    return check.message is None or accepts(check.message, str(one.get("message") or ""))


def occurrences(one: Obj) -> int:
    """How often an event happened: of either way to count them, at least once."""
    series = one.get("series") or {}
    counts = [value for value in (one.get("count"), series.get("count")) if isinstance(value, int)]
    return max(1, *counts) if counts else 1


def last_seen(one: Obj) -> float | None:
    """The unix time at which an event happened last; None when it does not say."""
    series, meta = one.get("series") or {}, one.get("metadata") or {}
    known = (series.get("lastObservedTime"), one.get("lastTimestamp"), one.get("eventTime"))
    times = [_unix(time) for time in (*known, one.get("firstTimestamp"))]
    told = [time for time in times if time is not None]
    return max(told) if told else _unix(meta.get("creationTimestamp"))


def _unix(text: Any) -> float | None:
    found = _MOMENT.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        return None
    fraction = (found[2] or "")[:7]
    try:
        return (
            datetime.fromisoformat(f"{found[1]}{fraction}{found[3]}".replace("Z", "+00:00"))
            .astimezone(UTC)
            .timestamp()
        )
    except (ValueError, OverflowError):
        return None


def _order(one: Obj) -> tuple[float, str]:
    return last_seen(one) or 0.0, str((one.get("metadata") or {}).get("name"))


def _about(check: EventCheck, world: World) -> str:
    if check.involved is not None:
        return name_target(check.involved, world, several=not check.involved.name)
    namespace = check.namespace or world.context.namespace
    return f"namespace {namespace}" if namespace and namespace != EVERY_NAMESPACE else "the cluster"


def _told(one: Obj | None) -> str:
    if one is None:
        return "nothing"
    return f"{one.get('reason') or 'an event without a reason'}: {phrase(str(one.get('message') or ''))}"


def _wanted(check: EventCheck) -> str:
    parts = ["an event" if check.type is None else f"a {check.type} event"]
    if check.reason is not None:
        parts.append(f"with reason {describe(check.reason)}")
    if check.message is not None:
        parts.append(f"with message {describe(check.message)}")
    if check.count is not None:
        parts.append(f"that happened {describe(check.count)} times")
    return " ".join(parts)


def _actual(one: Obj | None, number: int) -> dict[str, Any]:
    """For `{{actual…}}`: the latest event and, as `count`, how often all fitting ones happened."""
    return {**(one or {}), "count": number}
