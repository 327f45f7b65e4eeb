"""Warnings that go back with an accepted object."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from labrunner.sim.gotext import quote
from labrunner.sim.objects import Obj, annotations_of, get_path
from labrunner.sim.strategy import network_warnings, secret_warnings, storage_warnings
from labrunner.sim.strategy.workload_warnings import TEMPLATES, workload

if TYPE_CHECKING:
    from labrunner.sim.resources import ResourceType

_COLLECTOR: Final = frozenset(("orphan", "foregroundDeletion"))
_OTHERS: Final[dict[str, Callable[[Obj], list[str]]]] = {
    "secrets": secret_warnings.secret,
    "services": network_warnings.service,
    "endpoints": network_warnings.endpoints,
    "endpointslices.discovery.k8s.io": network_warnings.endpoint_slice,
    "networkpolicies.networking.k8s.io": network_warnings.network_policy,
    "persistentvolumes": storage_warnings.volume,
    "persistentvolumeclaims": storage_warnings.claim,
    "storageclasses.storage.k8s.io": storage_warnings.storage_class,
}


def warnings(new: Obj, old: Obj | None, rt: ResourceType, subresource: str = "") -> list[str]:
    """Warnings for the client about an object that is accepted (deprecated fields, duplicate names...)."""
    if rt.custom:
        return _finalizers(new, old)
    if subresource or get_path(new, "metadata", "deletionTimestamp") is not None:
        return []
    gr = rt.storage_gr
    out: list[str] = []
    if gr in TEMPLATES:
        out += workload(new, old, gr)
    elif gr in _OTHERS:
        out += _OTHERS[gr](new)
    elif gr == "ingresses.networking.k8s.io":
        out += network_warnings.ingress(new, old)
    elif gr == "serviceaccounts":
        key = "kubernetes.io/enforce-mountable-secrets"
        if annotations_of(new).get(key) and (old is None or key not in annotations_of(old)):
            text = "deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets"
            out.append(f"metadata.annotations[{key}]: {text}")
    return out


def _finalizers(new: Obj, old: Obj | None) -> list[str]:
    """Advice on finalizers that are new on a custom object."""
    before = get_path(old, "metadata", "finalizers", default=[]) if old is not None else []
    added = set(get_path(new, "metadata", "finalizers", default=[])) - set(before) - _COLLECTOR
    advice = (
        "prefer a domain-qualified finalizer name including a path (/) to avoid accidental conflicts with other "
        "finalizer writers"
    )
    return [f"metadata.finalizers: {quote(name)}: {advice}" for name in sorted(added) if "/" not in name]
