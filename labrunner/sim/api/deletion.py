"""Delete: preconditions, grace, finalizers and propagation policies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from labrunner.sim import admission, errors
from labrunner.sim.api.call import Call, write_options
from labrunner.sim.api.writer import finished
from labrunner.sim.clock import parse_timestamp, timestamp
from labrunner.sim.crd.schemas import GR as DEFINITIONS
from labrunner.sim.crd.termination import begin
from labrunner.sim.objects import Obj, clone, get_path, is_terminating, meta, name_of, namespace_of, uid_of

if TYPE_CHECKING:
    from labrunner.sim.api.local import Api
    from labrunner.sim.resources import ResourceType

ORPHAN: Final = "orphan"
FOREGROUND: Final = "foregroundDeletion"

_RETURNED: Final = frozenset(
    (
        "pods", "podtemplates", "resourcequotas", "serviceaccounts", "services", "persistentvolumes",
        "persistentvolumeclaims", "storageclasses.storage.k8s.io", "csidrivers.storage.k8s.io",
        "csinodes.storage.k8s.io", "volumeattachments.storage.k8s.io",
    )
)  # fmt: skip
"""Resources whose deletion answers with the object instead of a Status."""

_JOB_WARNING: Final = (
    "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or "
    "set propagationPolicy=Orphan to suppress this warning"
)


@dataclass(frozen=True, slots=True)
class DeleteOptions:
    """``meta/v1 DeleteOptions``."""

    grace_seconds: int | None = None
    propagation: str | None = None
    orphan_dependents: bool | None = None
    uid: str | None = None
    resource_version: str | None = None
    dry_run: bool = False

    @staticmethod
    def parse(query: dict[str, str], body: Obj | None) -> DeleteOptions:
        """From the request's body, or from its query when there is none. Raises ApiError (400, 422)."""
        given: dict[str, Any] = dict(body) if body else dict(query)
        dry_run, _ = write_options("DeleteOptions", {} if body else query, body)
        preconditions = given.get("preconditions") or {}
        if not isinstance(preconditions, dict):
            preconditions = {}
        grace = given.get("gracePeriodSeconds")
        orphan = given.get("orphanDependents")
        if isinstance(orphan, str):
            orphan = orphan.lower() in ("true", "1", "")
        policy = given.get("propagationPolicy")
        if policy is not None and orphan is not None:
            problem = errors.invalid_value(
                "propagationPolicy", policy, "orphanDependents and deletionPropagation cannot be both set"
            )
            raise errors.invalid("DeleteOptions.meta.k8s.io", "", [problem])
        if policy not in (None, "Background", "Foreground", "Orphan"):
            problem = errors.not_supported(
                "propagationPolicy", policy, ("Foreground", "Background", "Orphan", "nil")
            )
            raise errors.invalid("DeleteOptions.meta.k8s.io", "", [problem])
        try:
            seconds = None if grace in (None, "") else int(grace)
        except (TypeError, ValueError):
            raise errors.bad_request(f'strconv.ParseInt: parsing "{grace}": invalid syntax') from None
        if seconds is not None and seconds < 0:
            seconds = 1
        return DeleteOptions(
            seconds, policy, orphan, preconditions.get("uid"), preconditions.get("resourceVersion"), dry_run
        )


class Deleter:
    """The deleting verbs on one :class:`Api`."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def delete(self, call: Call, name: str, options: DeleteOptions) -> tuple[Obj, bool]:
        """Delete or begin to delete; returns the last state and whether it is gone. Raises ApiError."""
        api, rt = self._api, call.rt
        current = api.stored(rt, call.namespace, name)
        if current is None:
            raise errors.not_found(rt, name)
        _check_preconditions(rt, current, options)
        request = api.writer.request(call, "DELETE", name, None, current)
        call.warn(admission.admit(request))
        if rt.gr == "jobs.batch" and options.propagation is None and options.orphan_dependents is None:
            call.warn([_JOB_WARNING])
        obj = clone(current)
        grace = self._grace(rt, obj, options)
        if grace is None and is_terminating(current) and not options.propagation:
            return current, False
        self._mark(rt, obj, options, grace or 0)
        if finished(obj, rt):
            if not options.dry_run and not call.dry_run:
                api.store.remove(rt.storage_gr, namespace_of(current), name)
            return current if rt.gr != "pods" else obj, True
        if not options.dry_run and not call.dry_run and obj != current:
            stored = api.registry.storage(rt.storage_gr) or rt
            obj = api.store.put(rt.storage_gr, api.registry.convert(obj, stored))
        return obj, False

    def _mark(self, rt: ResourceType, obj: Obj, options: DeleteOptions, grace: int) -> None:
        """Set the deletion fields and the garbage collector's finalizers on *obj*, in place."""
        if rt.gr == DEFINITIONS and not is_terminating(obj):
            begin(obj, self._api.clock.now())
            return
        system = meta(obj)
        finalizers = [f for f in system.get("finalizers") or [] if f not in (ORPHAN, FOREGROUND)]
        finalizers += _collector_finalizers(rt, obj, options)
        if finalizers:
            system["finalizers"] = finalizers
        else:
            system.pop("finalizers", None)
        first = not is_terminating(obj)
        if first or grace < (system.get("deletionGracePeriodSeconds") or 0):
            began = self._api.clock.now()
            if not first:
                began = parse_timestamp(system["deletionTimestamp"]) - timedelta(
                    seconds=system.get("deletionGracePeriodSeconds") or 0
                )
            system["deletionTimestamp"] = timestamp(began + timedelta(seconds=grace))
            system["deletionGracePeriodSeconds"] = grace
            if first and system.get("generation"):
                system["generation"] += 1
        if rt.gr == "namespaces":
            system.pop("deletionGracePeriodSeconds", None)
            obj["status"] = {**(obj.get("status") or {}), "phase": "Terminating"}

    def _grace(self, rt: ResourceType, obj: Obj, options: DeleteOptions) -> int | None:
        """Seconds of grace; None when the object is under deletion already and this adds nothing."""
        wanted = _grace_of(rt, obj, options)
        if not is_terminating(obj):
            return wanted
        running = meta(obj).get("deletionGracePeriodSeconds") or 0
        if options.grace_seconds is None or wanted >= running:
            return None if running or not finished(obj, rt) else 0
        return wanted

    def collection(self, call: Call, objects: list[Obj], options: DeleteOptions) -> list[Obj]:
        """Delete each of *objects*; returns their last states. Ones that vanish meanwhile are skipped."""
        deleted: list[Obj] = []
        for obj in objects:
            one = Call(
                call.rt, namespace_of(obj), "", call.user, call.manager, call.dry_run, options=call.options
            )
            try:
                last, _ = self.delete(one, name_of(obj), options)
            except errors.ApiError as error:
                if error.code != 404:
                    raise
                continue
            deleted.append(last)
            call.warn(one.warnings)
        return deleted

    def finalize(self, rt: ResourceType, namespace: str, name: str) -> None:
        """Remove a pod for real: what the kubelet's last deletion with grace 0 does. Finalizers still hold it."""
        current = self._api.stored(rt, namespace, name)
        if current is None:
            return
        obj = clone(current)
        if is_terminating(obj):
            meta(obj)["deletionGracePeriodSeconds"] = 0
        if meta(obj).get("finalizers"):
            if obj != current:
                self._api.store.put(rt.storage_gr, obj)
            return
        self._api.store.remove(rt.storage_gr, namespace, name)


def _grace_of(rt: ResourceType, obj: Obj, options: DeleteOptions) -> int:
    if rt.gr != "pods":
        return 0
    if not get_path(obj, "spec", "nodeName") or get_path(obj, "status", "phase") in ("Failed", "Succeeded"):
        return 0
    if options.grace_seconds is not None:
        return max(1, options.grace_seconds) if options.grace_seconds else 0
    seconds = int(get_path(obj, "spec", "terminationGracePeriodSeconds", default=30))
    return 1 if seconds < 0 else seconds


def _collector_finalizers(rt: ResourceType, obj: Obj, options: DeleteOptions) -> list[str]:
    present = [f for f in meta(obj).get("finalizers") or [] if f in (ORPHAN, FOREGROUND)]
    if options.orphan_dependents is not None:
        return [ORPHAN] if options.orphan_dependents else [f for f in present if f != ORPHAN]
    if options.propagation == "Orphan":
        return [ORPHAN]
    if options.propagation == "Foreground":
        return [FOREGROUND]
    if options.propagation == "Background":
        return []
    if present:
        return present
    return [ORPHAN] if rt.gr == "jobs.batch" else []


def _check_preconditions(rt: ResourceType, obj: Obj, options: DeleteOptions) -> None:
    uid, version = uid_of(obj), meta(obj).get("resourceVersion")
    whole = rt.gr in ("namespaces", DEFINITIONS)  # whose storage words this itself
    if options.uid is not None and options.uid != uid:
        why = (
            f"Precondition failed: UID in precondition: {options.uid}, UID in object meta: {uid}"
            if whole
            else f"the UID in the precondition ({options.uid}) does not match the UID in record ({uid}). "
            "The object might have been deleted and then recreated"
        )
        raise errors.conflict(rt, name_of(obj), why, by_kind=not whole)
    wanted = options.resource_version
    if wanted is not None and wanted != version:
        why = (
            f"Precondition failed: ResourceVersion in precondition: {wanted}, "
            f"ResourceVersion in object meta: {version}"
            if whole
            else f"the ResourceVersion in the precondition ({wanted}) does not match the ResourceVersion in record "
            f"({version}). The object might have been modified"
        )
        raise errors.conflict(rt, name_of(obj), why, by_kind=not whole)


def outcome(rt: ResourceType, obj: Obj, gone: bool) -> Obj:
    """The body that answers a deletion: the object, or a Status when it is gone and the kind is not returned."""
    if not gone or rt.gr in _RETURNED:
        return obj
    details: Obj = {"name": name_of(obj)}
    if rt.group:
        details["group"] = rt.group
    details["kind"] = rt.plural
    details["uid"] = uid_of(obj)
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
