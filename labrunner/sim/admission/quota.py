"""ResourceQuota: what a namespace may hold; charged as objects are admitted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labrunner.sim.admission.quota_usage import Usage, amounts, missing_on_containers, scopes_match, usage
from labrunner.sim.admission.request import CREATE, UPDATE, Request
from labrunner.sim.objects import Obj, clone, get_path, is_terminating, name_of
from labrunner.sim.quantity import Quantity

if TYPE_CHECKING:
    from labrunner.sim.api.local import Api

_UPDATABLE = (("services", ""), ("persistentvolumeclaims", ""), ("pods", "resize"))


def charge(request: Request) -> None:
    """Refuse what exceeds a quota, and charge what does not. Raises ApiError 403."""
    obj = request.object
    if obj is None or not request.namespace:
        return
    updates = request.operation == UPDATE and (request.gr, request.subresource) in _UPDATABLE
    if not updates and (request.operation != CREATE or request.subresource):
        return
    found = request.api.store.list("resourcequotas", request.namespace)
    quotas = [quota for quota in found if scopes_match(quota, obj, request.gr)]
    if not quotas:
        return
    if request.gr == "pods":
        _check_stated(request, quotas, obj)
    asked = usage(obj, request.gr)
    if request.old is not None:
        before = usage(request.old, request.gr)
        asked = {k: v - before[k] if k in before else v for k, v in asked.items()}
        asked = {k: v for k, v in asked.items() if v > Quantity(0)}
    charges = [(q, c) for q in quotas if (c := _admit(request, q, asked)) is not None]
    if not request.dry_run:
        for quota, used in charges:
            _record(request.api, quota, used)


def _check_stated(request: Request, quotas: list[Obj], pod: Obj) -> None:
    """Pods state what any of the quotas counts, before anything is counted. Raises ApiError 403."""
    for quota in quotas:
        missing = missing_on_containers(pod, amounts(get_path(quota, "spec", "hard")))
        if missing:
            raise request.forbid(f"failed quota: {name_of(quota)}: must specify {'; '.join(missing)}")


def _admit(request: Request, quota: Obj, asked: Usage) -> Usage | None:
    """The new usage of *quota*, None when it is not concerned. Raises ApiError 403."""
    status: Obj = quota.get("status") or {}
    declared = amounts(get_path(quota, "spec", "hard"))
    name = name_of(quota)
    concerned = {k: v for k, v in asked.items() if k in declared}
    if not concerned:
        return None
    hard, used = amounts(status.get("hard")), amounts(status.get("used"))
    if not all(k in hard and k in used for k in concerned):
        hard, used = declared, measure(request.api, quota)
    total = {k: used.get(k, Quantity(0)) + v for k, v in concerned.items()}
    exceeded = sorted(k for k, v in total.items() if k in hard and v > hard[k])
    if exceeded:
        raise request.forbid(
            f"exceeded quota: {name}, requested: {_pairs(concerned, exceeded)}, "
            f"used: {_pairs(used, exceeded)}, limited: {_pairs(hard, exceeded)}"
        )
    return {**{k: v for k, v in used.items() if k in declared}, **total}


def _pairs(values: Usage, names: list[str]) -> str:
    return ",".join(f"{name}={values.get(name, Quantity(0))}" for name in names)


def _record(api: Api, quota: Obj, used: Usage) -> None:
    current = api.store.get("resourcequotas", quota["metadata"]["namespace"], name_of(quota))
    if current is None:
        return
    changed: Obj = clone(current)
    status: Obj = changed.setdefault("status", {})
    status["hard"] = clone(get_path(changed, "spec", "hard", default={}))
    status["used"] = {name: str(value) for name, value in sorted(used.items())}
    if changed != current:
        api.store.put("resourcequotas", changed)


def measure(api: Api, quota: Obj) -> Usage:
    """What the namespace of *quota* uses of everything the quota limits, counted afresh."""
    namespace = quota["metadata"]["namespace"]
    hard = amounts(get_path(quota, "spec", "hard"))
    used: Usage = dict.fromkeys(hard, Quantity(0))
    for gr in _resources_of(api, hard):
        for obj in api.store.list(gr, namespace):
            if gr == "pods" and is_terminating(obj) and _past_grace(obj):
                continue
            if not scopes_match(quota, obj, gr):
                continue
            for name, value in usage(obj, gr).items():
                if name in used:
                    used[name] = used[name] + value if used[name] else value
    return used


def _past_grace(pod: Obj) -> bool:
    return bool(get_path(pod, "metadata", "deletionGracePeriodSeconds", default=1) == 0)


def _resources_of(api: Api, hard: Usage) -> list[str]:
    """The group-resources that a quota with these limits has to count."""
    found: set[str] = set()
    for name in hard:
        if name.startswith("count/"):
            found.add(name.removeprefix("count/"))
        elif "storage" in name and name != "ephemeral-storage" and "ephemeral" not in name:
            found.add("persistentvolumeclaims")
        elif name.startswith("services"):
            found.add("services")
        elif api.registry.storage(name) is not None:
            found.add(name)
        else:
            found.add("pods")
    if any(name.endswith("persistentvolumeclaims") for name in hard):
        found.add("persistentvolumeclaims")
    return sorted(found)
