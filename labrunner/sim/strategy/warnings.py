"""Warnings that go back with an accepted object."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from labrunner.sim import names
from labrunner.sim.objects import Obj, annotations_of, get_path, name_of
from labrunner.sim.strategy import network_warnings, storage_warnings
from labrunner.sim.strategy.pod_warnings import pod_warnings

if TYPE_CHECKING:
    from labrunner.sim.resources import ResourceType

_TEMPLATES: Final[dict[str, tuple[str, ...]]] = {
    "pods": (),
    "podtemplates": ("template",),
    "replicationcontrollers": ("spec", "template"),
    "deployments.apps": ("spec", "template"),
    "replicasets.apps": ("spec", "template"),
    "statefulsets.apps": ("spec", "template"),
    "daemonsets.apps": ("spec", "template"),
    "jobs.batch": ("spec", "template"),
    "cronjobs.batch": ("spec", "jobTemplate", "spec", "template"),
}


_OTHERS: Final[dict[str, Callable[[Obj], list[str]]]] = {
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
    if rt.custom or subresource or get_path(new, "metadata", "deletionTimestamp") is not None:
        return []
    gr = rt.storage_gr
    out: list[str] = []
    if gr in _TEMPLATES and (old is None or new.get("spec") != old.get("spec")):
        if old is None:
            out += _hostname(name_of(new), gr)
        path = _TEMPLATES[gr]
        holder: Obj = get_path(new, *path, default={}) if path else new
        out += pod_warnings(holder, ".".join(path))
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


def _hostname(name: str, gr: str) -> list[str]:
    problems = names.dns_label(name) if name else []
    if not problems or gr == "podtemplates":
        return []
    use = "the Pod's hostname" if gr == "pods" else "Pod names and hostnames"
    shown = " ".join(problems)
    text = f"this is used in {use}, which can result in surprising behavior; a DNS label is recommended"
    return [f"metadata.name: {text}: [{shown}]"]
