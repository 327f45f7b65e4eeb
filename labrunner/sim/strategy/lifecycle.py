"""What all kinds share: the generation, and which endpoint may change spec and which status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from labrunner.sim.defaults.canonical import always_written
from labrunner.sim.objects import Obj, annotations_of, clone, meta

if TYPE_CHECKING:
    from labrunner.sim.resources import ResourceType

_ADMISSION: Final = "admissionregistration.k8s.io"

# Kinds whose objects count changes of their spec in metadata.generation.
COUNTED: Final = frozenset(
    (
        "pods",
        "replicationcontrollers",
        "deployments.apps",
        "replicasets.apps",
        "statefulsets.apps",
        "daemonsets.apps",
        "jobs.batch",
        "cronjobs.batch",
        "ingresses.networking.k8s.io",
        "ingressclasses.networking.k8s.io",
        "networkpolicies.networking.k8s.io",
        "poddisruptionbudgets.policy",
        "endpointslices.discovery.k8s.io",
        "deviceclasses.resource.k8s.io",
        "resourceslices.resource.k8s.io",
        "priorityclasses.scheduling.k8s.io",
        "customresourcedefinitions.apiextensions.k8s.io",
        "flowschemas.flowcontrol.apiserver.k8s.io",
        "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io",
        f"validatingwebhookconfigurations.{_ADMISSION}",
        f"mutatingwebhookconfigurations.{_ADMISSION}",
        f"validatingadmissionpolicies.{_ADMISSION}",
        f"validatingadmissionpolicybindings.{_ADMISSION}",
        f"mutatingadmissionpolicies.{_ADMISSION}",
        f"mutatingadmissionpolicybindings.{_ADMISSION}",
    )
)
# Kinds whose changed annotations count as well.
_ANNOTATIONS_COUNT: Final = frozenset(("deployments.apps",))
# Kinds whose creator may set the status.
_STATUS_FROM_CREATOR: Final = frozenset(("nodes", "componentstatuses", "apiservices.apiregistration.k8s.io"))
# Kinds whose status endpoint leaves labels alone.
_LABELS_FROM_SPEC: Final = frozenset(
    ("deployments.apps", "replicasets.apps", "statefulsets.apps", "daemonsets.apps", "jobs.batch")
)
_APART: Final = frozenset(("metadata", "status", "apiVersion", "kind"))


def has_status(rt: ResourceType) -> bool:
    """Whether the status of *rt* is written through its own endpoint."""
    return rt.subresource("status") is not None


def counts_generation(rt: ResourceType) -> bool:
    """Whether objects of *rt* carry a generation."""
    return rt.custom or rt.storage_gr in COUNTED


def begin(obj: Obj, rt: ResourceType) -> None:
    """A new object: no status of its author's making, generation 1."""
    if has_status(rt) and rt.storage_gr not in _STATUS_FROM_CREATOR:
        obj.pop("status", None)
    system = meta(obj)
    if counts_generation(rt):
        system["generation"] = 1
    else:
        system.pop("generation", None)
    if not rt.custom:
        always_written(rt.group, obj)


def keep_status(new: Obj, old: Obj, rt: ResourceType) -> None:
    """An update of the object itself leaves the status as it was."""
    if has_status(rt):
        _carry(new, old, "status")


def keep_all_but_status(new: Obj, old: Obj, rt: ResourceType) -> None:
    """An update of the status leaves the rest as it was."""
    for key in {*new, *old} - _APART:
        _carry(new, old, key)
    if rt.custom:
        fields = meta(new).get("managedFields")
        new["metadata"] = clone(old.get("metadata") or {})
        if fields is not None:
            new["metadata"]["managedFields"] = fields
    elif rt.storage_gr in _LABELS_FROM_SPEC:
        _carry(meta(new), old.get("metadata") or {}, "labels")


def _carry(new: Obj, old: Obj, key: str) -> None:
    if key in old:
        new[key] = clone(old[key])
    else:
        new.pop(key, None)


def keep_identity(new: Obj, old: Obj) -> None:
    """Fill in what only the system sets and a client may leave out."""
    after, before = meta(new), old.get("metadata") or {}
    for key in ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation"):
        if key in before and (key == "generation" or after.get(key) is None):
            after[key] = before[key]
        elif key not in before:
            after.pop(key, None)


def advance(new: Obj, old: Obj, rt: ResourceType) -> None:
    """Count a change of what the object asks for."""
    if not counts_generation(rt):
        return
    changed = intent(new, rt) != intent(old, rt)
    if rt.storage_gr in _ANNOTATIONS_COUNT:
        changed = changed or annotations_of(new) != annotations_of(old)
    if changed:
        meta(new)["generation"] = int((old.get("metadata") or {}).get("generation") or 0) + 1


def intent(obj: Obj, rt: ResourceType) -> dict[str, Any]:
    """The part of an object that is neither metadata nor reported status."""
    ignored = _APART if has_status(rt) else _APART - {"status"}
    return {key: value for key, value in obj.items() if key not in ignored}
