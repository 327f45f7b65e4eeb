"""Eviction: deletion of a pod that respects its disruption budget."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from labrunner.sim import errors
from labrunner.sim.api.call import Call
from labrunner.sim.api.deletion import DeleteOptions
from labrunner.sim.clock import timestamp
from labrunner.sim.errors import ApiError
from labrunner.sim.objects import Obj, clone, get_path, is_terminating, labels_of, name_of, namespace_of
from labrunner.sim.selectors import from_label_selector

if TYPE_CHECKING:
    from labrunner.sim.api.local import Api

BUDGETS: Final = "poddisruptionbudgets.policy"
REFUSED: Final = "Cannot evict pod as it would violate the pod's disruption budget."


def evict(api: Api, call: Call, name: str, eviction: Obj, options: DeleteOptions) -> None:
    """Evict a pod. Raises ApiError: 404, 429 when its budget allows none, 500 when it has several budgets."""
    if (eviction.get("metadata") or {}).get("name") not in (None, "", name):
        raise errors.bad_request("name in URL does not match name in Eviction object")
    pod = api.store.get("pods", call.namespace, name)
    if pod is None:
        raise errors.not_found(call.rt, name)
    dry_run = options.dry_run or call.dry_run
    if not _may_go_anyway(pod):
        _charge_budget(api, pod, dry_run=dry_run)
    plain = Call(call.rt, call.namespace, "", call.user, call.manager, dry_run)
    api.deleter.delete(plain, name, options)


def _may_go_anyway(pod: Obj) -> bool:
    phase = get_path(pod, "status", "phase")
    return phase in ("Pending", "Succeeded", "Failed") or is_terminating(pod)


def _ready(pod: Obj) -> bool:
    conditions = get_path(pod, "status", "conditions", default=[])
    return any(c.get("type") == "Ready" and c.get("status") == "True" for c in conditions)


def _charge_budget(api: Api, pod: Obj, *, dry_run: bool) -> None:
    labels = labels_of(pod)
    budgets = [
        budget
        for budget in api.store.list(BUDGETS, namespace_of(pod))
        if from_label_selector(get_path(budget, "spec", "selector")).matches(labels)
    ]
    if not budgets:
        return
    if len(budgets) > 1:
        message = (
            "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
        )
        raise errors.internal(message)
    budget = budgets[0]
    status = budget.get("status") or {}
    if not _ready(pod):
        if get_path(budget, "spec", "unhealthyPodEvictionPolicy") == "AlwaysAllow":
            return
        healthy, desired = status.get("currentHealthy") or 0, status.get("desiredHealthy") or 0
        if healthy >= desired > 0:
            return
    _check_allowance(budget, status)
    if dry_run:
        return
    changed = clone(budget)
    changed["status"]["disruptionsAllowed"] -= 1
    disrupted = changed["status"].setdefault("disruptedPods", {})
    disrupted[name_of(pod)] = timestamp(api.clock.now())
    api.update_status(BUDGETS, changed)


def _check_allowance(budget: Obj, status: Obj) -> None:
    name = name_of(budget)
    if (status.get("observedGeneration") or 0) < (budget["metadata"].get("generation") or 0):
        raise _refusal(f"The disruption budget {name} is still being processed by the server.", 10)
    if (status.get("disruptionsAllowed") or 0) <= 0:
        needed, present = status.get("desiredHealthy") or 0, status.get("currentHealthy") or 0
        raise _refusal(
            f"The disruption budget {name} needs {needed} healthy pods and has {present} currently", 0
        )


def _refusal(cause: str, retry_after: int) -> ApiError:
    return errors.too_many_requests(REFUSED, retry_after, [{"reason": "DisruptionBudget", "message": cause}])
