"""Pods and Jobs: quality of service, scheduling gates, generated selectors."""

from __future__ import annotations

from typing import Final

from labrunner.sim.objects import Obj, get_path, meta
from labrunner.sim.quantity import Quantity, QuantityError
from labrunner.sim.strategy import app_armor, label_keys

GATED: Final = "Scheduling is blocked due to non-empty scheduling gates"


def prepare_pod(pod: Obj) -> list[str]:
    """A new pod is pending, in its class of service, with its label keys and old annotations resolved.

    Returns the warnings that this gives rise to.
    """
    status: Obj = {"phase": "Pending", "qosClass": qos_class(pod)}
    if get_path(pod, "spec", "schedulingGates"):
        status["conditions"] = [
            {
                "lastProbeTime": None,
                "lastTransitionTime": None,
                "message": GATED,
                "reason": "SchedulingGated",
                "status": "False",
                "type": "PodScheduled",
            }
        ]
    pod["status"] = status
    label_keys.merge(pod)
    return app_armor.to_fields(pod)


def qos_class(pod: Obj) -> str:
    """Guaranteed, Burstable or BestEffort, from requests and limits of cpu and memory."""
    spec: Obj = pod.get("spec") or {}
    own = spec.get("resources") or {}
    if own.get("requests") or own.get("limits"):
        groups = [own]
    else:
        found = [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]
        groups = [c.get("resources") or {} for c in found]
    guaranteed, any_set = True, False
    for group in groups:
        requests, limits = _compute(group.get("requests")), _compute(group.get("limits"))
        any_set = any_set or bool(requests) or bool(limits)
        if set(limits) != {"cpu", "memory"} or any(requests.get(k, v) != v for k, v in limits.items()):
            guaranteed = False
    if not any_set:
        return "BestEffort"
    return "Guaranteed" if guaranteed else "Burstable"


def _compute(resources: Obj | None) -> dict[str, Quantity]:
    out: dict[str, Quantity] = {}
    for name in ("cpu", "memory"):
        try:
            quantity = Quantity.parse((resources or {}).get(name, "0"))
        except QuantityError:
            continue
        if quantity:
            out[name] = quantity
    return out


def prepare_job(job: Obj) -> None:
    """A new Job selects its pods by labels made from its uid, unless its author selects by hand."""
    spec: Obj = job["spec"]
    if spec.get("manualSelector"):
        return
    system = meta(job)
    uid, name = system.get("uid", ""), system.get("name", "")
    template = spec.setdefault("template", {})
    labels = meta(template).setdefault("labels", {})
    for prefix in ("", "batch.kubernetes.io/"):
        labels.setdefault(f"{prefix}controller-uid", uid)
        labels.setdefault(f"{prefix}job-name", name)
    selector = spec.setdefault("selector", {})
    selector.setdefault("matchLabels", {}).setdefault("batch.kubernetes.io/controller-uid", uid)
    # The real server fills in a Job's labels whenever it reads one, from a template that has the new ones by then.
    if not system.get("labels"):
        system["labels"] = dict(labels)
