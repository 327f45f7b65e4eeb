"""Smaller plugins for pods and nodes: priority, tolerations, runtime class, condition taints."""

from __future__ import annotations

from typing import Any, Final

from labrunner.sim.admission.request import CREATE, UPDATE, Request
from labrunner.sim.objects import Obj, clone, get_path, name_of
from labrunner.sim.quantity import Quantity, QuantityError

_SECONDS: Final = 300
_CONDITION_TAINTS: Final = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")


def priority(request: Request) -> None:
    """Priority: the number behind the class. Raises ApiError 403."""
    if request.creates("priorityclasses.scheduling.k8s.io"):
        _only_one_default(request)
    pod = request.object
    if pod is None or not request.creates("pods"):
        return
    spec: Obj = pod.setdefault("spec", {})
    name = spec.get("priorityClassName") or ""
    if name:
        found = request.api.store.get("priorityclasses.scheduling.k8s.io", "", name)
        if found is None:
            raise request.forbid(f"no PriorityClass with name {name} was found")
    else:
        found = _default_class(request)
        if found is not None:
            spec["priorityClassName"] = name_of(found)
    value = int((found or {}).get("value", 0))
    given = spec.get("priority")
    if given is not None and given != value:
        raise request.forbid(
            f"the integer value of priority ({given}) must not be provided in pod spec; "
            f"priority admission controller computed {value} from the given PriorityClass name"
        )
    spec["priority"] = value
    policy = (found or {}).get("preemptionPolicy") or "PreemptLowerPriority"
    wanted = spec.get("preemptionPolicy")
    if wanted is not None and wanted != policy:
        raise request.forbid(
            f"the string value of PreemptionPolicy ({wanted}) must not be provided in pod spec; "
            f"priority admission controller computed {policy} from the given PriorityClass name"
        )
    spec["preemptionPolicy"] = policy


def _default_class(request: Request) -> Obj | None:
    found = request.api.store.list("priorityclasses.scheduling.k8s.io")
    defaults = [c for c in found if c.get("globalDefault")]
    return min(defaults, key=lambda c: c.get("value", 0)) if defaults else None


def _only_one_default(request: Request) -> None:
    existing = _default_class(request)
    if request.object is not None and request.object.get("globalDefault") and existing is not None:
        text = f"PriorityClass {name_of(existing)} is already marked as default. Only one default can exist"
        raise request.forbid(text)


def default_tolerations(request: Request) -> None:
    """DefaultTolerationSeconds: pods stay five minutes on a node that goes away."""
    pod = request.object
    if pod is None or request.gr != "pods" or request.subresource:
        return
    if request.operation not in (CREATE, UPDATE):
        return
    spec: Obj = pod.setdefault("spec", {})
    present = spec.get("tolerations") or []
    for key in _CONDITION_TAINTS:
        if not any(_covers(toleration, key) for toleration in present):
            spec.setdefault("tolerations", []).append(
                {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": _SECONDS}
            )


def _covers(toleration: Obj, key: str) -> bool:
    same_key = toleration.get("key") == key or not toleration.get("key")
    return same_key and toleration.get("effect") in (None, "", "NoExecute")


def runtime_class(request: Request) -> None:
    """RuntimeClass: overhead and scheduling rules of the pod's runtime. Raises ApiError 403."""
    pod = request.object
    if pod is None or not request.creates("pods"):
        return
    spec: Obj = pod.get("spec") or {}
    name = spec.get("runtimeClassName")
    if not name:
        return
    found = request.api.store.get("runtimeclasses.node.k8s.io", "", name)
    if found is None:
        raise request.forbid(f'pod rejected: RuntimeClass "{name}" not found')
    overhead = (found.get("overhead") or {}).get("podFixed")
    if overhead:
        given = spec.get("overhead")
        if given and not _same_resources(given, overhead):
            text = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead"
            raise request.forbid(text)
        spec["overhead"] = clone(overhead)
    scheduling: Obj = found.get("scheduling") or {}
    for key, value in (scheduling.get("nodeSelector") or {}).items():
        chosen = spec.setdefault("nodeSelector", {})
        if chosen.get(key, value) != value:
            text = f"conflict: runtimeClass.scheduling.nodeSelector[{key}] = {value}"
            raise request.forbid(f"{text}; pod.spec.nodeSelector[{key}] = {chosen[key]}")
        chosen[key] = value
    for toleration in scheduling.get("tolerations") or []:
        if toleration not in (spec.get("tolerations") or []):
            spec.setdefault("tolerations", []).append(clone(toleration))


def overhead(request: Request) -> None:
    """RuntimeClass, once all is filled in: overhead comes from a runtime class. Raises ApiError 403."""
    pod = request.object
    if pod is None or not request.creates("pods") or not get_path(pod, "spec", "overhead"):
        return
    name = get_path(pod, "spec", "runtimeClassName")
    found = request.api.store.get("runtimeclasses.node.k8s.io", "", name) if name else None
    if not get_path(found, "overhead", "podFixed"):
        text = "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead"
        raise request.forbid(text)


def _same_resources(left: dict[str, Any], right: dict[str, Any]) -> bool:
    try:
        return {k: Quantity.parse(v) for k, v in left.items()} == {
            k: Quantity.parse(v) for k, v in right.items()
        }
    except QuantityError:
        return False


def taint_new_node(request: Request) -> None:
    """TaintNodesByCondition: a new node takes no pods until it is ready."""
    node = request.object
    if node is None or not request.creates("nodes"):
        return
    taint = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}
    taints = node.setdefault("spec", {}).setdefault("taints", [])
    if not any(t.get("key") == taint["key"] and t.get("effect") == taint["effect"] for t in taints):
        taints.append(taint)
