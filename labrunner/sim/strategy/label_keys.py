"""``matchLabelKeys`` and ``mismatchLabelKeys`` of a new pod, turned into selector expressions with its own labels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from labrunner.sim.objects import Obj, labels_of

_OPERATORS: Final = (("matchLabelKeys", "In"), ("mismatchLabelKeys", "NotIn"))


def merge(pod: Obj) -> None:
    """Add to the selectors of affinity terms and spread constraints what their keys stand for, in place."""
    own = labels_of(pod)
    for term in _terms(pod.get("spec") or {}):
        selector = term.get("labelSelector")
        if not isinstance(selector, dict):
            continue  # no selector matches nothing, whatever the keys say
        extra = [
            {"key": key, "operator": operator, "values": [own[key]]}
            for field, operator in _OPERATORS
            for key in term.get(field) or []
            if key in own
        ]
        if extra:
            selector["matchExpressions"] = [*(selector.get("matchExpressions") or []), *extra]


def _terms(spec: Obj) -> Iterator[Obj]:
    affinity: Obj = spec.get("affinity") or {}
    for kind in ("podAffinity", "podAntiAffinity"):
        found: Obj = affinity.get(kind) or {}
        for weighted in found.get("preferredDuringSchedulingIgnoredDuringExecution") or []:
            yield weighted.get("podAffinityTerm") or {}
        yield from found.get("requiredDuringSchedulingIgnoredDuringExecution") or []
    yield from spec.get("topologySpreadConstraints") or []
