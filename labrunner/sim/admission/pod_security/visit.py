"""Walking the containers of a pod, and how Pod Security words lists of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from labrunner.sim import gotext
from labrunner.sim.objects import Obj


@dataclass(frozen=True, slots=True)
class Violation:
    """A control that is not met: why in short, and by what."""

    reason: str
    detail: str = ""

    def text(self) -> str:
        """``reason (detail)``."""
        return f"{self.reason} ({self.detail})" if self.detail else self.reason


def containers(spec: Obj) -> Iterator[Obj]:
    """Init containers, containers and ephemeral containers, in this order."""
    for key in ("initContainers", "containers", "ephemeralContainers"):
        yield from spec.get(key) or []


def context(holder: Obj) -> Obj:
    """The securityContext, possibly empty."""
    return holder.get("securityContext") or {}


def quoted(names: Iterable[str]) -> str:
    """``"a", "b"``."""
    return ", ".join(gotext.quote(name) for name in names)


def plural(one: str, many: str, count: int) -> str:
    """The word for *count* things."""
    return one if count == 1 else many


def named(names: list[str], one: str = "container", many: str = "containers") -> str:
    """``container "a"`` or ``containers "a", "b"``."""
    return f"{plural(one, many, len(names))} {quoted(names)}"


def is_windows(spec: Obj) -> bool:
    """Whether the pod says it runs on Windows, where Linux controls do not apply."""
    return bool((spec.get("os") or {}).get("name") == "windows")
