"""How tables write ages, selectors, containers and lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from labrunner.sim.objects import Obj, get_path
from labrunner.sim.quantity import QuantityError, canonical

NONE: Final = "<none>"
UNSET: Final = "<unset>"
UNKNOWN: Final = "<unknown>"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its title, its OpenAPI type and format, and 0 (always) or 1 (only ``-o wide``)."""

    name: str
    type: str = "string"
    priority: int = 0
    format: str = ""

    def definition(self) -> Obj:
        """A TableColumnDefinition."""
        return {
            "name": self.name,
            "type": self.type,
            "format": self.format,
            "description": self.name,
            "priority": self.priority,
        }


Row = Callable[[Obj, datetime], list[Any]]


@dataclass(frozen=True, slots=True)
class Printer:
    """The columns of a kind and the function that fills a row of them."""

    columns: tuple[Column, ...]
    row: Row


def columns(
    *names: str,
    wide: Iterable[str] = (),
    integers: Iterable[str] = (),
    booleans: Iterable[str] = (),
    dates: Iterable[str] = (),
) -> tuple[Column, ...]:
    """``Name`` and *names*, then *wide* ones; the other arguments name the columns declared as something else.

    What a real server declares is not always what its cells hold: deployments declare their counts as strings.
    """
    declared = {
        name: kind
        for kind, those in (("integer", integers), ("boolean", booleans), ("date", dates))
        for name in those
    }
    shown = [Column("Name", format="name")]
    shown += [Column(name, declared.get(name, "string")) for name in names]
    shown += [Column(name, "string", 1) for name in wide]
    return tuple(shown)


def parse_time(text: Any) -> datetime | None:
    """An RFC 3339 time, or None."""
    if not isinstance(text, str) or not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def human_duration(seconds: float) -> str:
    """A duration as kubectl writes ages: ``95s``, ``2m5s``, ``3h10m``, ``5d4h``, ``2y10d``."""
    whole = int(seconds)
    if whole < -1:
        return "<invalid>"
    if whole < 0:
        return "0s"
    if whole < 120:
        return f"{whole}s"
    minutes = whole // 60
    if minutes < 10:
        return _pair(minutes, "m", whole % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    hours = minutes // 60
    if hours < 8:
        return _pair(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    if hours < 192:
        return _pair(hours // 24, "d", hours % 24, "h")
    if hours < 24 * 365 * 2:
        return f"{hours // 24}d"
    if hours < 24 * 365 * 8:
        return _pair(hours // 24 // 365, "y", hours // 24 % 365, "d")
    return f"{hours // 24 // 365}y"


def _pair(first: int, unit: str, second: int, smaller: str) -> str:
    return f"{first}{unit}{second}{smaller}" if second else f"{first}{unit}"


def since(text: Any, now: datetime) -> str:
    """The time passed since a timestamp, ``<unknown>`` without one."""
    then = parse_time(text)
    return UNKNOWN if then is None else human_duration((now - then).total_seconds())


def age(obj: Obj, now: datetime) -> str:
    """The time passed since an object was created."""
    return since(get_path(obj, "metadata", "creationTimestamp"), now)


def created_at(obj: Obj) -> str:
    """The creation time itself, as RBAC objects show it."""
    return str(get_path(obj, "metadata", "creationTimestamp", default=""))


def labels_text(found: dict[str, str] | None) -> str:
    """``a=1,b=2`` or ``<none>``."""
    return ",".join(f"{k}={v}" for k, v in sorted((found or {}).items())) or NONE


def selector_text(selector: Obj | None) -> str:
    """A LabelSelector in the syntax of ``-l``, ``<none>`` when it selects everything."""
    if selector is None:
        return NONE
    terms = [(k, f"{k}={v}") for k, v in (selector.get("matchLabels") or {}).items()]
    expressions = selector.get("matchExpressions") or []
    terms += [(expression.get("key", ""), _expression(expression)) for expression in expressions]
    return ",".join(text for _, text in sorted(terms)) or NONE


def _expression(expression: Obj) -> str:
    key, operator = expression.get("key", ""), expression.get("operator")
    if operator == "Exists":
        return str(key)
    if operator == "DoesNotExist":
        return f"!{key}"
    values = ",".join(sorted(expression.get("values") or []))
    return f"{key} {'in' if operator == 'In' else 'notin'} ({values})"


def containers_text(pod_spec: Obj | None) -> tuple[str, str]:
    """Names and images of containers, each joined by commas."""
    found = (pod_spec or {}).get("containers") or []
    return ",".join(c.get("name", "") for c in found), ",".join(c.get("image", "") for c in found)


def some(items: list[str], limit: int, joiner: str = ",") -> str:
    """The first *limit* items and how many more there are."""
    shown = joiner.join(items[:limit])
    return f"{shown} + {len(items) - limit} more..." if len(items) > limit else shown


_MODES: Final = (
    ("ReadWriteOnce", "RWO"),
    ("ReadOnlyMany", "ROX"),
    ("ReadWriteMany", "RWX"),
    ("ReadWriteOncePod", "RWOP"),
)


def access_modes(found: list[str] | None) -> str:
    """Access modes of volumes in their short form."""
    return ",".join(short for mode, short in _MODES if mode in (found or []))


def amount(value: Any) -> str:
    """A quantity in its canonical form."""
    try:
        return canonical(value)
    except QuantityError:
        return str(value)
