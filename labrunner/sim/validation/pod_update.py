"""What may change in a Pod that exists."""

from __future__ import annotations

from typing import Any, Final

from labrunner.sim.errors import forbidden_field, invalid_value, required
from labrunner.sim.objects import Obj, annotations_of, clone
from labrunner.sim.quantity import QuantityError, canonical
from labrunner.sim.validation import meta, pod, scheduling
from labrunner.sim.validation.internal_form import indented, render
from labrunner.sim.validation.pod_annotations import APP_ARMOR, MIRROR, annotation_rules
from labrunner.sim.validation.syntax import Errors, out_of_range

_CHANGEABLE: Final = (
    "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
    "`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` "
    "(allow it to be set to 1 if it was previously negative)"
)
_INT32: Final = 2**31 - 1


def update(new: Obj, old: Obj) -> Errors:
    """A Pod replaced through its main endpoint."""
    out = meta.update(new, old) + pod.metadata_and_spec(new)
    out += changed_annotations(new, old)
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
    from difflib import unified_diff

    before = indented(render(old, kind)).split("\n")
    after = indented(render(new, kind)).split("\n")
    lines = list(unified_diff(before, after, n=3, lineterm=""))[2:]
    return "\n".join(lines) + "\n"


def changed_annotations(new: Obj, old: Obj) -> Errors:
    """Annotations that bind a pod for life; the new ones are checked too."""
    after, before = annotations_of(new), annotations_of(old)
    out: Errors = []
    for key in sorted(before):
        if after.get(key) == before[key]:
            continue
        if key.startswith(APP_ARMOR):
            text = "may not remove or update AppArmor annotations"
            out.append(forbidden_field(f"metadata.annotations[{key}]", text))
        elif key == MIRROR:
            text = "may not remove or update mirror pod annotation"
            out.append(forbidden_field(f"metadata.annotations[{key}]", text))
    for key in sorted(set(after) - set(before)):
        if key.startswith(APP_ARMOR):
            out.append(forbidden_field(f"metadata.annotations[{key}]", "may not add AppArmor annotations"))
        elif key == MIRROR:
            out.append(forbidden_field(f"metadata.annotations[{key}]", "may not add mirror pod annotation"))
    return out + annotation_rules(new, "metadata.annotations")


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
    """Pods behind a scheduling gate may narrow where they go. Takes back, in *munged*, what is judged here."""
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
    old_affinity: Obj | None = before.get("affinity")
    old_node: Obj | None = (old_affinity or {}).get("nodeAffinity")
    new_node: Obj | None = (munged.get("affinity") or {}).get("nodeAffinity")
    if same(old_node, new_node):
        return out
    out += _narrowed(new_node, old_node)
    rest = {k: v for k, v in (munged.get("affinity") or {}).items() if k != "nodeAffinity"}
    if old_node is not None:
        munged["affinity"] = {"nodeAffinity": clone(old_node), **rest}
    elif rest or old_affinity is not None:
        munged["affinity"] = rest
    else:
        munged.pop("affinity", None)
    return out


def _narrowed(new: Obj | None, old: Obj | None) -> Errors:
    """Required node affinity: the terms stay, requirements are only added."""
    required_terms = "requiredDuringSchedulingIgnoredDuringExecution"
    known = ((old or {}).get(required_terms) or {}).get("nodeSelectorTerms") or []
    terms = ((new or {}).get(required_terms) or {}).get("nodeSelectorTerms") or []
    path = f"spec.affinity.nodeAffinity.{required_terms}.nodeSelectorTerms"
    if known and len(known) != len(terms):
        text = "no additions/deletions to non-empty NodeSelectorTerms list are allowed"
        shown = [render(term, "NodeTerm") for term in terms] or None
        return [invalid_value(path, shown, text)]
    text = "only additions are allowed (no mutations or deletions)"
    return [
        invalid_value(f"{path}[{i}]", render(term, "NodeTerm"), text)
        for i, (term, before) in enumerate(zip(terms, known, strict=False))
        if not _only_more(term, before)
    ]


def _only_more(new: Obj, old: Obj) -> bool:
    keys = ("matchExpressions", "matchFields")
    if not any(old.get(key) for key in keys):
        return not any(new.get(key) for key in keys)
    return all(same((new.get(key) or [])[: len(old.get(key) or [])], old.get(key) or []) for key in keys)
