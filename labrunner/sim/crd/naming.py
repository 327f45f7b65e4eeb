"""Which of the names that a definition asks for it gets, and whether its group is approved of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from labrunner.sim.gotext import quote
from labrunner.sim.objects import Obj, annotations_of, clone

APPROVAL: Final = "api-approved.kubernetes.io"
_JUDGED: Final = (
    ("plural", "resource"),
    ("singular", "resource"),
    ("shortNames", "resource"),
    ("kind", "kind"),
    ("listKind", "kind"),
)
_PROTECTED: Final = (".k8s.io", ".kubernetes.io")


@dataclass(frozen=True, slots=True)
class Accepted:
    """The names that are free, and of the others reason and message of the last conflict."""

    names: Obj
    conflict: tuple[str, str] | None


def judge(definition: Obj, others: Iterable[Obj]) -> Accepted:
    """The names of *definition* against those that *others* of its group got. Names once accepted are kept."""
    wanted: Obj = definition["spec"]["names"]
    before: Obj = (definition.get("status") or {}).get("acceptedNames") or {}
    given = [(other.get("status") or {}).get("acceptedNames") or {} for other in others]
    taken = {
        "resource": {
            n for g in given for n in (g.get("plural"), g.get("singular"), *(g.get("shortNames") or ()))
        },
        "kind": {n for g in given for n in (g.get("kind"), g.get("listKind"))},
    }
    names: Obj = {"plural": before.get("plural", ""), "kind": before.get("kind", "")}
    conflict: tuple[str, str] | None = None
    for key, sort in _JUDGED:
        value, had = wanted.get(key), before.get(key)
        asked = value if isinstance(value, list) else [value]
        kept = had if isinstance(had, list) else [had]
        clashes = [name for name in asked if name and name not in kept and name in taken[sort]]
        if clashes:
            conflict = f"{key[0].upper()}{key[1:]}Conflict", _in_use(clashes)
            value = had
        if value:
            names[key] = clone(value)
    if wanted.get("categories"):
        names["categories"] = list(wanted["categories"])
    return Accepted(names, conflict)


def _in_use(names: list[str]) -> str:
    texts = list(dict.fromkeys(f"{quote(name)} is already in use" for name in names))
    return texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"


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
