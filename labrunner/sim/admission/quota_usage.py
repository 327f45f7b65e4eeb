"""What an object counts for against a ResourceQuota, and which quotas look at it."""

from __future__ import annotations

from typing import Any, Final

from labrunner.sim.admission.limit_ranger import pod_total
from labrunner.sim.objects import Obj, annotations_of, get_path
from labrunner.sim.quantity import Quantity, QuantityError

Usage = dict[str, Quantity]
ONE: Final = Quantity.of(1)

COUNTED_BY_NAME: Final = frozenset(
    (
        "configmaps",
        "secrets",
        "services",
        "persistentvolumeclaims",
        "replicationcontrollers",
        "resourcequotas",
        "pods",
    )
)
_COMPUTE: Final = ("cpu", "memory", "ephemeral-storage")
REQUIRED_ON_PODS: Final = frozenset(
    ("cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory")
)


def amounts(values: dict[str, Any] | None) -> Usage:
    """Quantities of a map; unreadable ones are left out."""
    out: Usage = {}
    for name, value in (values or {}).items():
        try:
            out[name] = Quantity.parse(value)
        except QuantityError:
            continue
    return out


def usage(obj: Obj, gr: str) -> Usage:
    """Everything *obj* of group-resource *gr* counts for, by quota resource name."""
    out: Usage = {f"count/{gr}": ONE}
    if gr == "pods":
        if get_path(obj, "status", "phase") in ("Succeeded", "Failed"):
            return out
        out["pods"] = ONE
        out |= _pod(obj.get("spec") or {})
    elif gr == "services":
        out["services"] = ONE
        out |= _service(obj.get("spec") or {})
    elif gr == "persistentvolumeclaims":
        out["persistentvolumeclaims"] = ONE
        out |= _claim(obj)
    elif gr in COUNTED_BY_NAME:
        out[gr] = ONE
    return out


def _pod(spec: Obj) -> Usage:
    out: Usage = {}
    for name, value in pod_total(spec, "requests").items():
        out[f"requests.{name}"] = value
        if name in _COMPUTE or name.startswith("hugepages-"):
            out[name] = value
    for name, value in pod_total(spec, "limits").items():
        if name in _COMPUTE:
            out[f"limits.{name}"] = value
    return out


def _service(spec: Obj) -> Usage:
    ports = len(spec.get("ports") or [])
    kind = spec.get("type")
    if kind == "NodePort":
        return {"services.nodeports": Quantity.of(ports), "services.loadbalancers": Quantity(0)}
    if kind == "LoadBalancer":
        open_ports = ports
        if spec.get("allocateLoadBalancerNodePorts") is False:
            open_ports = sum(bool(p.get("nodePort")) for p in spec.get("ports") or [])
        return {"services.nodeports": Quantity.of(open_ports), "services.loadbalancers": ONE}
    return {"services.nodeports": Quantity(0), "services.loadbalancers": Quantity(0)}


def _claim(obj: Obj) -> Usage:
    out: Usage = {}
    spec: Obj = obj.get("spec") or {}
    storage_class = spec.get("storageClassName") or annotations_of(obj).get(
        "volume.beta.kubernetes.io/storage-class"
    )
    suffix = f"{storage_class}.storageclass.storage.k8s.io/" if storage_class else ""
    if suffix:
        out[f"{suffix}persistentvolumeclaims"] = ONE
    storage = amounts(get_path(spec, "resources", "requests")).get("storage")
    if storage is not None:
        out["requests.storage"] = storage
        if suffix:
            out[f"{suffix}requests.storage"] = storage
    return out


def scopes_match(quota: Obj, obj: Obj, gr: str) -> bool:
    """Whether the scopes of a quota take in this object; without scopes every quota does."""
    spec: Obj = quota.get("spec") or {}
    selectors: list[Obj] = [{"scopeName": s, "operator": "Exists"} for s in spec.get("scopes") or []]
    selectors += get_path(spec, "scopeSelector", "matchExpressions", default=[])
    if not selectors:
        return True
    if gr == "persistentvolumeclaims":
        return all(_claim_in_scope(selector, obj) for selector in selectors)
    return gr == "pods" and all(_in_scope(selector, obj) for selector in selectors)


def _claim_in_scope(selector: Obj, claim: Obj) -> bool:
    if selector.get("scopeName") != "VolumeAttributesClass":
        return False
    named = (
        get_path(claim, "spec", "volumeAttributesClassName"),
        get_path(claim, "status", "currentVolumeAttributesClassName"),
        get_path(claim, "status", "modifyVolumeStatus", "targetVolumeAttributesClassName"),
    )
    names = {name for name in named if name}
    values = selector.get("values") or []
    return {
        "Exists": bool(names),
        "DoesNotExist": not names,
        "In": any(name in values for name in names),
        "NotIn": not names or any(name not in values for name in names),
    }.get(selector.get("operator", ""), False)


def _in_scope(selector: Obj, pod: Obj) -> bool:
    scope, spec = selector.get("scopeName"), pod.get("spec") or {}
    if scope in ("Terminating", "NotTerminating"):
        ends: bool = spec.get("activeDeadlineSeconds") is not None
        return bool(ends == (scope == "Terminating"))
    if scope in ("BestEffort", "NotBestEffort"):
        return bool(_best_effort(spec) == (scope == "BestEffort"))
    if scope == "PriorityClass":
        name, values = spec.get("priorityClassName") or "", selector.get("values") or []
        return {
            "Exists": bool(name),
            "DoesNotExist": not name,
            "In": name in values,
            "NotIn": name not in values,
        }.get(selector.get("operator", ""), False)
    if scope == "CrossNamespacePodAffinity":
        affinity: Obj = spec.get("affinity") or {}
        return "namespaces" in str(affinity) or "namespaceSelector" in str(affinity)
    return False


def _best_effort(spec: Obj) -> bool:
    totals = {**pod_total(spec, "requests"), **pod_total(spec, "limits")}
    return not any(totals.get(name) for name in ("cpu", "memory"))


def missing_on_containers(pod: Obj, hard: Usage) -> list[str]:
    """``limits.memory for: web`` for every compute resource a quota needs and a container does not state."""
    spec: Obj = pod.get("spec") or {}
    if get_path(spec, "resources", "requests") or get_path(spec, "resources", "limits"):
        totals = {f"requests.{k}" for k in pod_total(spec, "requests")}
        totals |= {f"limits.{k}" for k in pod_total(spec, "limits")}
    else:
        totals = set()
    wanted = sorted(REQUIRED_ON_PODS & set(hard))
    found: dict[str, set[str]] = {}
    for container in [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]:
        resources: Obj = container.get("resources") or {}
        stated = set(resources.get("requests") or {})
        stated |= {f"requests.{k}" for k in resources.get("requests") or {}}
        stated |= {f"limits.{k}" for k in resources.get("limits") or {}}
        for name in wanted:
            full = name if "." in name else f"requests.{name}"
            if name not in stated and full not in totals:
                found.setdefault(name, set()).add(container.get("name", ""))
    return [f"{name} for: {','.join(sorted(found[name]))}" for name in sorted(found)]
