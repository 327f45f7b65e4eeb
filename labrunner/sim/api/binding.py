"""Binding: a scheduler's word on which node a pod goes to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labrunner.sim import errors
from labrunner.sim.api.call import Call
from labrunner.sim.clock import timestamp
from labrunner.sim.objects import Obj, clone, get_path, is_terminating, name_of

if TYPE_CHECKING:
    from labrunner.sim.api.local import Api


def bind(api: Api, call: Call, name: str, binding: Obj) -> None:
    """Assign a pod to the node that *binding* targets. Raises ApiError: 404, 409 when it is assigned already."""
    if name_of(binding) not in ("", name):
        raise errors.bad_request("name in URL does not match name in Binding object")
    target = binding.get("target") or {}
    if target.get("kind") not in (None, "", "Node"):
        problem = errors.not_supported("target.kind", target.get("kind"), ("Node", "<empty>"))
        raise errors.invalid("Binding", name, [problem])
    if not target.get("name"):
        raise errors.invalid("Binding", name, [errors.required("target.name")])
    pod = api.store.get("pods", call.namespace, name)
    if pod is None:
        raise errors.not_found(call.rt, name)
    if is_terminating(pod):
        raise errors.conflict(call.rt, name, f"pod {name} is being deleted, cannot be assigned to a host")
    assigned = get_path(pod, "spec", "nodeName")
    if assigned:
        raise errors.conflict(call.rt, name, f'pod {name} is already assigned to node "{assigned}"')
    if call.dry_run:
        return
    changed = clone(pod)
    changed["spec"]["nodeName"] = target["name"]
    status = changed.setdefault("status", {})
    others = [c for c in status.get("conditions") or () if c.get("type") != "PodScheduled"]
    moment = timestamp(api.clock.now())
    condition = {
        "type": "PodScheduled",
        "status": "True",
        "lastProbeTime": None,
        "lastTransitionTime": moment,
    }
    status["conditions"] = [*others, condition]
    api.store.put("pods", changed)
