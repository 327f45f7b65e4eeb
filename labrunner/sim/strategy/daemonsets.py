"""DaemonSets count the changes of their pod template in an annotation, which clients cannot take away."""

from __future__ import annotations

from typing import Final

from labrunner.sim.objects import Obj, annotations_of, get_path, meta

GENERATION: Final = "deprecated.daemonset.template.generation"


def _number(obj: Obj) -> int:
    text = annotations_of(obj).get(GENERATION, "")
    return int(text) if text.isdigit() else 0


def prepare_create(obj: Obj) -> None:
    """A new DaemonSet starts at 1, or where its author wants it to."""
    _annotations(obj)[GENERATION] = str(max(1, _number(obj)))


def prepare_update(new: Obj, old: Obj) -> None:
    """Another template is the next generation."""
    changed = get_path(new, "spec", "template") != get_path(old, "spec", "template")
    _annotations(new)[GENERATION] = str(_number(old) + changed)


def _annotations(obj: Obj) -> dict[str, str]:
    system = meta(obj)
    if not system.get("annotations"):
        system["annotations"] = {}
    found: dict[str, str] = system["annotations"]
    return found
