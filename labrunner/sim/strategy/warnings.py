"""Warnings that go back with an accepted object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from labrunner.sim import names
from labrunner.sim.objects import Obj, annotations_of, get_path, name_of
from labrunner.sim.strategy.pod_warnings import fractional_bytes, old_volumes, pod_warnings
from labrunner.sim.strategy.services import is_headless
from labrunner.sim.validation.addresses import parse_cidr, parse_ip

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
    elif gr == "services":
        out += _service(new)
    elif gr == "ingresses.networking.k8s.io" and old is None:
        if "kubernetes.io/ingress.class" in annotations_of(new):
            text = "is deprecated, please use 'spec.ingressClassName' instead"
            out.append(f'annotation "kubernetes.io/ingress.class" {text}')
    elif gr == "persistentvolumes":
        out += _volume(new)
    elif gr == "persistentvolumeclaims":
        for section in ("limits", "requests"):
            amounts: Obj = get_path(new, "spec", "resources", section, default={})
            out += fractional_bytes(amounts, f"spec.resources.{section}", "storage")
    elif gr == "networkpolicies.networking.k8s.io":
        out += _network_policy(new)
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


def _service(service: Obj) -> list[str]:
    spec: Obj = service.get("spec") or {}
    out: list[str] = []
    if "service.kubernetes.io/topology-aware-hints" in annotations_of(service):
        text = "please use service.kubernetes.io/topology-mode instead"
        out.append(f"annotation service.kubernetes.io/topology-aware-hints is deprecated, {text}")
    external_name = spec.get("type") == "ExternalName"
    headless = is_headless(spec) and not external_name
    if headless:
        if spec.get("loadBalancerIP"):
            out.append("spec.loadBalancerIP is ignored for headless services")
        if spec.get("externalIPs"):
            out.append("spec.externalIPs is ignored for headless services")
        if spec.get("sessionAffinity", "None") != "None":
            out.append("spec.SessionAffinity is ignored for headless services")
    if spec.get("externalIPs") and not headless:
        if external_name:
            out.append('spec.externalIPs is ignored when spec.type is "ExternalName"')
        else:
            out.append("spec.externalIPs is deprecated and may no longer be implemented in some clusters")
    if not external_name and spec.get("externalName"):
        out.append('spec.externalName is ignored when spec.type is not "ExternalName"')
    if spec.get("trafficDistribution") == "PreferClose":
        out.append('spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"')
    return out


def _volume(volume: Obj) -> list[str]:
    spec: Obj = volume.get("spec") or {}
    out = old_volumes(spec, "spec")
    if spec.get("persistentVolumeReclaimPolicy") == "Recycle":
        text = (
            "The Recycle reclaim policy is deprecated. "
            "Instead, the recommended approach is to use dynamic provisioning."
        )
        out.append(f"spec.persistentVolumeReclaimPolicy: {text}")
    return out


def _network_policy(policy: Obj) -> list[str]:
    out: list[str] = []
    for direction, peers in (("ingress", "from"), ("egress", "to")):
        for i, rule in enumerate(get_path(policy, "spec", direction, default=[])):
            for j, peer in enumerate(rule.get(peers) or []):
                block: Obj = peer.get("ipBlock") or {}
                base = f"spec.{direction}[{i}].{peers}[{j}].ipBlock"
                values = [(f"{base}.cidr", block.get("cidr") or "")]
                values += [(f"{base}.except[{k}]", v) for k, v in enumerate(block.get("except") or [])]
                for path, value in values:
                    out += _ambiguous(path, value)
    return out


def _ambiguous(path: str, value: str) -> list[str]:
    network = parse_cidr(value)
    if network is None or parse_ip(value.partition("/")[0]) == network.network_address:
        return []
    return [f'{path}: CIDR value "{value}" is ambiguous in this context (should be "{network}"?)']
