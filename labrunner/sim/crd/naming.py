"""Which of the names that a definition asks for it gets, and whether its group is approved of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from labrunner.sim.gotext import quote
from labrunner.sim.objects import Obj, annotations_of, clone
from labrunner.sim.resources import ResourceType

APPROVAL: Final = "api-approved.kubernetes.io"
_PROTECTED: Final = (".k8s.io", ".kubernetes.io")


@dataclass(frozen=True, slots=True)
class Accepted:
    """The names that are free, and of the others reason and message of the last conflict."""

    names: Obj
    conflict: tuple[str, str] | None


def judge(definition: Obj, types: Iterable[ResourceType]) -> Accepted:
    """The names of *definition* against those of other resources in its group. Names once accepted are kept."""
    spec = definition["spec"]
    wanted: Obj = spec["names"]
    before: Obj = (definition.get("status") or {}).get("acceptedNames") or {}
    others = [rt for rt in types if rt.group == spec["group"] and rt.plural != wanted["plural"]]
    resources = {name for rt in others for name in (rt.plural, rt.singular, *rt.short_names)}
    kinds = {name for rt in others for name in (rt.kind, rt.list_kind)}
    names: Obj = {"plural": before.get("plural", ""), "kind": before.get("kind", "")}
    conflict: tuple[str, str] | None = None
    for key, taken in (
        ("plural", resources), ("singular", resources), ("shortNames", resources), ("kind", kinds), ("listKind", kinds)
    ):  # fmt: skip
        value = wanted.get(key)
        asked = value if isinstance(value, list) else [value]
        clashes = [name for name in asked if name in taken]
        if clashes:
            reason = f"{key[0].upper()}{key[1:]}Conflict"
            conflict = reason, ", ".join(f"{quote(name)} is already in use" for name in clashes)
            value = before.get(key)
        if value:
            names[key] = clone(value)
    if wanted.get("categories"):
        names["categories"] = list(wanted["categories"])
    return Accepted(names, conflict)


def protected(group: str) -> bool:
    """Whether *group* belongs to the Kubernetes community."""
    return f".{group}".endswith(_PROTECTED)


def approval(definition: Obj) -> tuple[str, str, str] | None:
    """Status, reason and message of the condition on a protected group; None for any other group."""
    if not protected(definition["spec"]["group"]):
        return None
    given = annotations_of(definition).get(APPROVAL, "")
    if "://" in given:
        return "True", "ApprovedAnnotation", f"approved in {given}"
    if given.startswith("unapproved"):
        return "False", "UnapprovedAnnotation", f"not approved: {quote(given)}"
    missing = f"protected groups must have approval annotation {quote(APPROVAL)}"
    return (
        "False",
        "MissingAnnotation",
        f"{missing}, see https://github.com/kubernetes/enhancements/pull/1111",
    )
