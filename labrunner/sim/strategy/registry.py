"""Which preparation applies to which kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labrunner.sim.clock import timestamp
from labrunner.sim.objects import Obj, clone
from labrunner.sim.strategy import daemonsets, definitions, lifecycle, pods, services
from labrunner.sim.strategy.gates import drop_disabled
from labrunner.sim.strategy.warnings import warnings

if TYPE_CHECKING:
    from labrunner.sim.api.local import Api
    from labrunner.sim.resources import ResourceType

__all__ = ["prepare_create", "prepare_update", "warnings"]


def prepare_create(obj: Obj, rt: ResourceType, api: Api) -> list[str]:
    """Change a new object in place: drop what only the system sets, allocate addresses, set generation.

    Returns warnings about what was changed.
    """
    lifecycle.begin(obj, rt)
    if rt.custom:
        return []
    gr = rt.storage_gr
    drop_disabled(obj, gr)
    if gr == "pods":
        return pods.prepare_pod(obj)
    if gr == "jobs.batch":
        pods.prepare_job(obj)
    elif gr == "daemonsets.apps":
        daemonsets.prepare_create(obj)
    elif gr == "services":
        services.prepare_create(obj, api)
    elif gr == "namespaces":
        _new_namespace(obj)
    elif gr == definitions.GR:
        definitions.keep_stored_versions(obj)
    elif gr == "persistentvolumes":
        obj["status"] = {"phase": "Pending", "lastPhaseTransitionTime": timestamp(api.clock.now())}
    elif gr == "persistentvolumeclaims":
        obj["status"] = {"phase": "Pending"}
    return []


def _new_namespace(obj: Obj) -> None:
    spec = obj.setdefault("spec", {})
    finalizers = spec.setdefault("finalizers", [])
    if "kubernetes" not in finalizers:
        finalizers.append("kubernetes")
    obj["status"] = {"phase": "Active"}


def prepare_update(new: Obj, old: Obj, rt: ResourceType, api: Api, subresource: str = "") -> None:
    """Change ``new`` in place: keep what this endpoint may not touch from ``old``, advance the generation."""
    lifecycle.keep_identity(new, old)
    if subresource == "status":
        lifecycle.keep_all_but_status(new, old, rt)
        return
    if subresource != "approval":
        lifecycle.keep_status(new, old, rt)
    gr = rt.storage_gr
    drop_disabled(new, gr)
    if gr == "services":
        services.prepare_update(new, old, api)
    elif gr == "daemonsets.apps":
        daemonsets.prepare_update(new, old)
    elif gr == "namespaces" and subresource != "finalize":
        _keep_finalizers(new, old)
    elif gr == definitions.GR:
        definitions.keep_stored_versions(new)
    elif gr == "certificatesigningrequests.certificates.k8s.io":
        _certificate_request(new, old, subresource, timestamp(api.clock.now()))
    elif gr == "pods" and subresource == "ephemeralcontainers":
        _only_ephemeral_containers(new, old)
    elif gr == "pods" and subresource == "resize":
        _only_resources(new, old)
    lifecycle.advance(new, old, rt)


def _keep_finalizers(new: Obj, old: Obj) -> None:
    found = (old.get("spec") or {}).get("finalizers")
    spec = new.setdefault("spec", {})
    if found is None:
        spec.pop("finalizers", None)
    else:
        spec["finalizers"] = list(found)


def _certificate_request(new: Obj, old: Obj, subresource: str, now: str) -> None:
    """The request itself never changes; approval only sets conditions, and is dated."""
    conditions = (new.get("status") or {}).get("conditions") or []
    new["spec"] = clone(old.get("spec") or {})
    if subresource != "approval":
        return
    new["status"] = clone(old.get("status") or {})
    known = {c.get("type"): c for c in (old.get("status") or {}).get("conditions") or []}
    for condition in conditions:
        condition.setdefault("lastUpdateTime", now)
        before = known.get(condition.get("type")) or {}
        same = before.get("status") == condition.get("status") and before.get("lastTransitionTime")
        condition.setdefault("lastTransitionTime", before["lastTransitionTime"] if same else now)
    new["status"].pop("conditions", None)
    if conditions:
        new["status"]["conditions"] = conditions


def _only_ephemeral_containers(new: Obj, old: Obj) -> None:
    wanted = (new.get("spec") or {}).get("ephemeralContainers")
    new["spec"] = clone(old.get("spec") or {})
    if wanted is not None:
        new["spec"]["ephemeralContainers"] = wanted


def _only_resources(new: Obj, old: Obj) -> None:
    """Resizing changes what containers get, and how they take it, but nothing else."""
    wanted = new.get("spec") or {}
    new["spec"] = clone(old.get("spec") or {})
    for key in ("containers", "initContainers"):
        asked = {c.get("name"): c for c in wanted.get(key) or []}
        for container in new["spec"].get(key) or []:
            found = asked.get(container.get("name"), container)
            for field in ("resources", "resizePolicy"):
                if found.get(field) is not None:
                    container[field] = found[field]
