"""Scripted outcomes: how a lab makes simulated containers fail, or be well, without running anything.

The annotation ``simulated.labrunner.dev/outcome`` on a pod (put it into a workload's pod template) holds entries
separated by ``;`` or line ends, each ``[CONTAINER/]VERB[:ARGUMENT][@SECONDS]``; SECONDS count from the container's
start, and without CONTAINER an entry speaks of all of them. The verbs:

- ``run``: the process runs on, whatever its command says.
- ``exit:CODE``: it ends with CODE (``complete`` is short for ``exit:0``, ``crash`` for ``exit:1``).
- ``oom``: it is killed for want of memory (OOMKilled, exit code 137).
- ``pull:ok`` or ``pull:not-found|denied|refused|timeout|no-such-host``: how pulling its image goes.
- ``ready``, ``not-ready``: what its readiness probe finds. ``ready@10`` fails for ten seconds first.
- ``live``, ``not-live`` and ``started``, ``not-started``: the same for the liveness and the startup probe.
- ``config:TEXT``: it cannot be configured, with TEXT as the error (CreateContainerConfigError).
- ``create:TEXT``: it cannot be created, with TEXT as the error (CreateContainerError).

These speak of the whole pod:

- ``sandbox:TEXT``: no sandbox can be made for it (FailedCreatePodSandBox).
- ``mount:TEXT``: a volume cannot be mounted, with TEXT as the whole message (FailedMount).
- ``evict:TEXT@SECONDS``: its node evicts it (Evicted), SECONDS after it began to run; without TEXT for want of memory.

The same entries can be given from outside by a ConfigMap named ``simulated-outcomes`` in the pod's namespace: each line
of each of its values is ``image:GLOB ENTRIES`` or ``pod:GLOB ENTRIES``. The annotation comes first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from labrunner.sim.objects import Obj, annotations_of, name_of, namespace_of

if TYPE_CHECKING:
    from labrunner.sim.api.local import Api

ANNOTATION: Final = "simulated.labrunner.dev/outcome"
CONFIG_MAP: Final = "simulated-outcomes"
_ENTRY: Final = re.compile(
    r"(?:(?P<container>[a-z0-9-]+)/)?(?P<verb>[a-z-]+)(?::(?P<argument>.*?))?(?:@(?P<after>\d+(?:\.\d+)?)s?)?"
)
_SHORT: Final = {"complete": ("exit", "0"), "crash": ("exit", "1")}


@dataclass(frozen=True, slots=True)
class Outcome:
    """One entry. ``container`` is empty for all; ``after`` is None when no time was given."""

    verb: str
    argument: str = ""
    after: float | None = None
    container: str = ""


def parse(text: str) -> list[Outcome]:
    """The entries of *text*; ones that cannot be read are left out."""
    found: list[Outcome] = []
    for part in re.split(r"[;\n]", text):
        match = _ENTRY.fullmatch(part.strip())
        if not match:
            continue
        verb, argument = _SHORT.get(match["verb"], (match["verb"], match["argument"] or ""))
        after = float(match["after"]) if match["after"] else None
        found.append(Outcome(verb, argument, after, match["container"] or ""))
    return found


class Outcomes:
    """The rules that hold for one pod."""

    def __init__(self, api: Api, pod: Obj) -> None:
        self._own = parse(annotations_of(pod).get(ANNOTATION, ""))
        self._by_image: list[tuple[str, Outcome]] = []
        rules = api.store.get("configmaps", namespace_of(pod), CONFIG_MAP)
        for text in ((rules or {}).get("data") or {}).values():
            for line in text.splitlines():
                target, _, entries = line.strip().partition(" ")
                kind, _, glob = target.partition(":")
                if kind == "pod" and fnmatchcase(name_of(pod), glob):
                    self._own += parse(entries)
                elif kind == "image":
                    self._by_image += [(glob, outcome) for outcome in parse(entries)]

    def find(self, container: Obj, *verbs: str) -> Outcome | None:
        """The first entry about *container* with one of *verbs*."""
        image = container.get("image") or ""
        candidates = [*self._own, *(o for glob, o in self._by_image if fnmatchcase(image, glob))]
        for outcome in candidates:
            if outcome.verb in verbs and outcome.container in ("", container.get("name")):
                return outcome
        return None
