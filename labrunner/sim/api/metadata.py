"""Object metadata on the way in: namespace agreement, system fields, owner references."""

from __future__ import annotations

from typing import Final

from labrunner.sim import errors
from labrunner.sim.api.call import Call
from labrunner.sim.errors import ApiError
from labrunner.sim.objects import Obj, meta, name_of, namespace_of

CREATE_ON_UPDATE: Final = frozenset(
    (
        "endpoints", "events", "limitranges", "services", "leases.coordination.k8s.io", "events.events.k8s.io",
        "clusterroles.rbac.authorization.k8s.io", "clusterrolebindings.rbac.authorization.k8s.io",
        "roles.rbac.authorization.k8s.io", "rolebindings.rbac.authorization.k8s.io",
    )
)  # fmt: skip
"""Resources whose PUT creates what is missing."""

CONDITIONAL_UPDATE: Final = frozenset(
    (
        "leases.coordination.k8s.io", "endpointslices.discovery.k8s.io", "ipaddresses.networking.k8s.io",
        "poddisruptionbudgets.policy", "customresourcedefinitions.apiextensions.k8s.io",
        "apiservices.apiregistration.k8s.io", "resourceslices.resource.k8s.io",
    )
)  # fmt: skip
"""Resources (beside custom ones) whose PUT must carry a resourceVersion."""


def settle_namespace(obj: Obj, call: Call) -> None:
    """Give *obj* the request's namespace. Raises ApiError (400) when it names another one."""
    if not call.rt.namespaced:
        meta(obj).pop("namespace", None)
        return
    given = namespace_of(obj)
    if not given:
        meta(obj)["namespace"] = call.namespace
    elif given != call.namespace:
        raise errors.bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )


def same_name(obj: Obj, name: str) -> None:
    """Raises ApiError (400) unless *obj* is called *name*."""
    given = name_of(obj)
    if not given:
        raise errors.bad_request(
            f"the name of the object ({name} based on URL) was undeterminable: name must be provided"
        )
    if given != name:
        raise errors.bad_request(
            f"the name of the object ({given}) does not match the name on the URL ({name})"
        )


def other_uid(call: Call, name: str, uid: str, actual: str = "") -> ApiError:
    """409: the object is not the one that the request speaks of; *actual* is empty when there is none."""
    rt = call.rt
    places = ("/registry", rt.group if rt.custom else "", rt.plural, call.namespace, name)
    why = (
        f"StorageError: invalid object, Code: 4, Key: {'/'.join(p for p in places if p)}, ResourceVersion: 0, "
        f"AdditionalErrorMsg: Precondition failed: UID in precondition: {uid}, UID in object meta: {actual}"
    )
    return errors.conflict(rt, name, why)


def dedup_owners(obj: Obj) -> list[str]:
    """Drop owner references that occur twice; returns the server's warning about it."""
    owners = meta(obj).get("ownerReferences")
    if not owners or len(owners) < 2:
        return []
    kept: list[Obj] = []
    twice: list[str] = []
    for owner in owners:
        if owner in kept:
            twice.append(str(owner.get("uid", "")))
        else:
            kept.append(owner)
    if not twice:
        return []
    meta(obj)["ownerReferences"] = kept
    return [
        ".metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and "
        f"may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: {', '.join(twice)}"
    ]


def check_version(call: Call, current: Obj, obj: Obj) -> None:
    """Optimistic lock: the resourceVersion and uid that *obj* states must be those of *current*."""
    rt, name = call.rt, name_of(current)
    version = meta(obj).get("resourceVersion") or ""
    if version in ("", "0"):
        if (rt.custom or rt.gr in CONDITIONAL_UPDATE) and not call.trusted:
            problem = errors.invalid_value("metadata.resourceVersion", 0, "must be specified for an update")
            raise errors.invalid(rt.gr, name, [problem])
    elif version != current["metadata"].get("resourceVersion"):
        raise errors.conflict(rt, name)
    uid, actual = meta(obj).get("uid"), current["metadata"].get("uid", "")
    if uid and uid != actual:
        raise other_uid(call, name, uid, actual)


def carry_over(obj: Obj, current: Obj) -> None:
    """System fields of *current* that an update may leave out or may not touch."""
    new, old = meta(obj), current["metadata"]
    new["resourceVersion"] = old.get("resourceVersion", "")
    for key in ("uid", "creationTimestamp"):
        if not new.get(key) and key in old:
            new[key] = old[key]
    for key in ("deletionTimestamp", "deletionGracePeriodSeconds", "generation"):
        if key in old:
            new[key] = old[key]
        else:
            new.pop(key, None)
    new.pop("selfLink", None)


def unchanged(obj: Obj, current: Obj) -> bool:
    """Whether writing *obj* over *current* would change nothing but times in managedFields."""
    if obj == current:
        return True
    new, old = obj.get("metadata") or {}, current["metadata"]
    if not _same_managers(new.get("managedFields"), old.get("managedFields")):
        return False
    return {**obj, "metadata": {**new, "managedFields": None}} == {
        **current,
        "metadata": {**old, "managedFields": None},
    }


def _same_managers(new: list[Obj] | None, old: list[Obj] | None) -> bool:
    if new == old:
        return True
    return [{**m, "time": None} for m in new or ()] == [{**m, "time": None} for m in old or ()]


def without_deletion(obj: Obj) -> None:
    """A new object cannot be under deletion already; the system sets these."""
    for key in ("deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"):
        meta(obj).pop(key, None)


_ORDER: Final = (
    "name", "generateName", "namespace", "selfLink", "uid", "resourceVersion", "generation", "creationTimestamp",
    "deletionTimestamp", "deletionGracePeriodSeconds", "labels", "annotations", "ownerReferences", "finalizers",
    "managedFields",
)  # fmt: skip
_TOP: Final = ("kind", "apiVersion", "metadata")


def ordered(obj: Obj) -> Obj:
    """*obj* with its fields in the order in which the API server writes them; shares its parts but metadata."""
    found = obj["metadata"]
    system = {key: found.get(key, "") for key in _ORDER if key in found or key == "resourceVersion"}
    if len(system) < len(found):
        system.update(found)
    rest = {key: value for key, value in obj.items() if key not in _TOP}
    return {"kind": obj["kind"], "apiVersion": obj["apiVersion"], "metadata": system, **rest}
