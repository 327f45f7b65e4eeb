"""What may change in a Pod that exists."""

from __future__ import annotations

from difflib import unified_diff
from typing import Any, Final

from labrunner.sim.errors import forbidden_field, invalid_value, required
from labrunner.sim.objects import Obj, annotations_of, clone
from labrunner.sim.quantity import QuantityError, canonical
from labrunner.sim.strategy.pods import qos_class
from labrunner.sim.validation import meta, pod, scheduling
from labrunner.sim.validation.internal_form import indented, render
from labrunner.sim.validation.syntax import Errors, out_of_range

_CHANGEABLE: Final = (
    "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
    "`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` "
    "(allow it to be set to 1 if it was previously negative)"
)
_MIRROR: Final = "kubernetes.io/config.mirror"
_INT32: Final = 2**31 - 1


def update(new: Obj, old: Obj) -> Errors:
    """A Pod replaced through its main endpoint."""
    out = meta.update(new, old) + pod.metadata_and_spec(new)
    out += _annotations(new, old)
    after, before = new.get("spec") or {}, old.get("spec") or {}
    for key in ("containers", "initContainers"):
        problems, stop = _same_containers(after.get(key) or [], before.get(key) or [], f"spec.{key}")
        out += problems
        if stop:
            return out
    problems, stop = _deadline(after.get("activeDeadlineSeconds"), before.get("activeDeadlineSeconds"))
    out += problems
    if stop:
        return out
    out += _tolerations(after.get("tolerations") or [], before.get("tolerations") or [])
    out += _gates(after.get("schedulingGates") or [], before.get("schedulingGates") or [])
    if same(after, before):
        return out
    munged = _munged(after, before)
    if before.get("schedulingGates"):
        out += _gated(munged, before)
    if not same(munged, before):
        text = f"pod updates may not change fields other than {_CHANGEABLE}"
        out.append(forbidden_field("spec", f"{text}\n{spec_diff(before, munged)}"))
    return out


def same(left: Any, right: Any) -> bool:
    """Semantic equality: nothing, null and empty are one, quantities compare by value."""
    return bool(_normal(left) == _normal(right))


def _normal(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        amounts = key in ("requests", "limits", "overhead", "capacity", "hard")
        found = {k: _quantity(v) if amounts else _normal(v, k) for k, v in value.items()}
        return {k: v for k, v in found.items() if v not in (None, [], {})} or None
    if isinstance(value, list):
        return [_normal(v) for v in value] or None
    return value if value != "" else None


def _quantity(value: Any) -> Any:
    try:
        return canonical(value)
    except QuantityError:
        return value


def spec_diff(old: Obj, new: Obj, kind: str = "PodSpec") -> str:
    """The difference of two specs as the server shows it: its own types, indented, as a unified diff."""
    before = indented(render(old, kind)).split("\n")
    after = indented(render(new, kind)).split("\n")
    lines = list(unified_diff(before, after, n=3, lineterm=""))[2:]
    return "\n".join(lines) + "\n"


def _annotations(new: Obj, old: Obj) -> Errors:
    after, before = annotations_of(new), annotations_of(old)
    key = _MIRROR
    here = f"metadata.annotations[{key}]"
    if key in before and after.get(key) != before[key]:
        return [forbidden_field(here, "may not remove or update mirror pod annotation")]
    if key in after and key not in before:
        return [forbidden_field(here, "may not add mirror pod annotation")]
    return []


def _same_containers(after: list[Obj], before: list[Obj], path: str) -> tuple[Errors, bool]:
    if len(after) != len(before):
        return [forbidden_field(path, "pod updates may not add or remove containers")], True
    out: Errors = []
    for i, container in enumerate(after):
        image = container.get("image") or ""
        if not image:
            out.append(required(f"{path}[{i}].image"))
        elif image != image.strip():
            text = "must not have leading or trailing whitespace"
            out.append(invalid_value(f"{path}[{i}].image", image, text))
    return out, False


def _deadline(after: int | None, before: int | None) -> tuple[Errors, bool]:
    path = "spec.activeDeadlineSeconds"
    if after is None:
        text = "must not update from a positive integer to nil value"
        return ([invalid_value(path, None, text)] if before is not None else []), False
    if not 0 <= after <= _INT32:
        return [invalid_value(path, after, out_of_range(0, _INT32))], True
    if before is not None and before < after:
        return [invalid_value(path, after, "must be less than or equal to previous value")], True
    return [], False


def _tolerations(after: list[Obj], before: list[Obj]) -> Errors:
    def key(toleration: Obj) -> Any:
        return _normal({k: v for k, v in toleration.items() if k != "tolerationSeconds"})

    kept = [key(t) for t in after]
    if any(key(t) not in kept for t in before):
        text = "existing toleration can not be modified except its tolerationSeconds"
        return [forbidden_field("spec.tolerations", text)]
    return scheduling.tolerations(after, "spec.tolerations")


def _gates(after: list[Obj], before: list[Obj]) -> Errors:
    known = {gate.get("name") for gate in before}
    return [
        forbidden_field(
            f"spec.schedulingGates[{i}].name",
            f"only deletion is allowed, but found new scheduling gate '{gate.get('name')}'",
        )
        for i, gate in enumerate(after)
        if gate.get("name") not in known
    ]


def _munged(after: Obj, before: Obj) -> Obj:
    """*after* with everything that may change taken from *before*."""
    out: Obj = clone(after)
    for key in ("containers", "initContainers"):
        for container, known in zip(out.get(key) or [], before.get(key) or [], strict=False):
            container["image"] = known.get("image")
    for key in ("activeDeadlineSeconds", "schedulingGates", "tolerations"):
        if key in before:
            out[key] = clone(before[key])
        else:
            out.pop(key, None)
    grace = before.get("terminationGracePeriodSeconds")
    if isinstance(grace, int) and grace < 0 and out.get("terminationGracePeriodSeconds") == 1:
        out["terminationGracePeriodSeconds"] = grace
    return out


def _gated(munged: Obj, before: Obj) -> Errors:
    """Pods behind a scheduling gate may narrow where they go."""
    out: Errors = []
    after, known = munged.get("nodeSelector") or {}, before.get("nodeSelector") or {}
    if after != known:
        if any(after.get(key) != value for key, value in known.items()):
            text = "only additions to spec.nodeSelector are allowed (no mutations or deletions)"
            out.append(invalid_value("spec.nodeSelector", after, text))
        if known:
            munged["nodeSelector"] = clone(known)
        else:
            munged.pop("nodeSelector", None)
    node = (before.get("affinity") or {}).get("nodeAffinity")
    if node is None and (munged.get("affinity") or {}).get("nodeAffinity") is not None:
        rest = {k: v for k, v in munged["affinity"].items() if k != "nodeAffinity"}
        if rest:
            munged["affinity"] = rest
        else:
            munged.pop("affinity")
    return out


def ephemeral_containers(new: Obj, old: Obj) -> Errors:
    """A Pod replaced through ``ephemeralcontainers``."""
    out = meta.update(new, old) + pod.metadata_and_spec(new)
    after = {c.get("name"): c for c in (new.get("spec") or {}).get("ephemeralContainers") or []}
    for container in (old.get("spec") or {}).get("ephemeralContainers") or []:
        name = container.get("name")
        path = "spec.ephemeralContainers"
        if name not in after:
            text = f'existing ephemeral containers "{name}" may not be removed\n'
            out.append(forbidden_field(path, text))
        elif not same(after[name], container):
            diff = spec_diff(container, after[name], "Container")
            text = f'existing ephemeral containers "{name}" may not be changed\n{diff}'
            out.append(forbidden_field(path, text))
    return out


def resize(new: Obj, old: Obj) -> Errors:
    """A Pod replaced through ``resize``: cpu and memory of its containers only."""
    out = meta.update(new, old) + pod.metadata_and_spec(new)
    after, before = new.get("spec") or {}, old.get("spec") or {}
    if _MIRROR in annotations_of(old):
        return [forbidden_field("", "static pods cannot be resized")]
    if (before.get("os") or {}).get("name") == "windows":
        return [forbidden_field("", "windows pods cannot be resized")]
    quality = qos_class(new)
    if (old.get("status") or {}).get("qosClass", quality) != quality:
        text = "Pod QOS Class may not change as a result of resizing"
        out.append(invalid_value("spec", (old.get("status") or {}).get("qosClass"), text))
    for i, (container, known) in enumerate(_pairs(after, before, "initContainers")):
        if container.get("restartPolicy") == "Always":
            out += _resized(container, known, f"spec.initContainers[{i}].resources")
        elif not same(container, known):
            text = "resources for non-sidecar init containers are immutable"
            out.append(forbidden_field("spec", text))
    for i, (container, known) in enumerate(_pairs(after, before, "containers")):
        out += _resized(container, known, f"spec.containers[{i}].resources")
    return out


def _pairs(after: Obj, before: Obj, key: str) -> list[tuple[Obj, Obj]]:
    return list(zip(after.get(key) or [], before.get(key) or [], strict=False))


def _resized(container: Obj, known: Obj, path: str) -> Errors:
    out: Errors = []
    after, before = container.get("resources") or {}, known.get("resources") or {}
    for section, noun in (("requests", "requests"), ("limits", "limits")):
        if set(before.get(section) or {}) - set(after.get(section) or {}):
            out.append(forbidden_field(f"{path}.{section}", f"resource {noun} cannot be removed"))
    others = ({k: v for k, v in (r.get(s) or {}).items() if k not in ("cpu", "memory")}
              for r in (after, before) for s in ("requests", "limits"))  # fmt: skip
    new_requests, new_limits, old_requests, old_limits = others
    if not same(
        {"requests": new_requests, "limits": new_limits}, {"requests": old_requests, "limits": old_limits}
    ):
        out.append(forbidden_field("spec", "only cpu and memory resources are mutable"))
    return out
