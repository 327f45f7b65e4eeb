"""Warnings about services, endpoint slices, ingresses and network policies that are accepted."""

from __future__ import annotations

from typing import Final

from labrunner.sim.objects import Obj, annotations_of, get_path
from labrunner.sim.strategy.services import is_headless
from labrunner.sim.validation.addresses import cidr_warnings, ip_warnings

_INGRESS_CLASS: Final = "kubernetes.io/ingress.class"


def service(found: Obj) -> list[str]:
    """Fields of a service that are ignored, deprecated or unusual."""
    spec: Obj = found.get("spec") or {}
    out: list[str] = []
    if "service.kubernetes.io/topology-aware-hints" in annotations_of(found):
        text = "please use service.kubernetes.io/topology-mode instead"
        out.append(f"annotation service.kubernetes.io/topology-aware-hints is deprecated, {text}")
    external_name = spec.get("type") == "ExternalName"
    headless = is_headless(spec) and not external_name
    if not headless:
        for i, address in enumerate(spec.get("clusterIPs") or []):
            out += ip_warnings(f"spec.clusterIPs[{i}]", address)
    if headless:
        if spec.get("loadBalancerIP"):
            out.append("spec.loadBalancerIP is ignored for headless services")
        if spec.get("externalIPs"):
            out.append("spec.externalIPs is ignored for headless services")
        if spec.get("sessionAffinity", "None") != "None":
            out.append("spec.SessionAffinity is ignored for headless services")
    out += _addresses(spec)
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


def _addresses(spec: Obj) -> list[str]:
    out: list[str] = []
    for i, address in enumerate(spec.get("externalIPs") or []):
        out += ip_warnings(f"spec.externalIPs[{i}]", address)
    if spec.get("loadBalancerIP"):
        out += ip_warnings("spec.loadBalancerIP", spec["loadBalancerIP"])
    for i, network in enumerate(spec.get("loadBalancerSourceRanges") or []):
        out += cidr_warnings(f"spec.loadBalancerSourceRanges[{i}]", network)
    return out


def endpoint_slice(found: Obj) -> list[str]:
    """Addresses of an endpoint slice that are no longer used, or are written in an unusual way."""
    out: list[str] = []
    if found.get("addressType") == "FQDN":
        out.append("addressType: FQDN endpoints are deprecated")
    for i, endpoint in enumerate(found.get("endpoints") or []):
        for j, address in enumerate(endpoint.get("addresses") or []):
            out += ip_warnings(f"endpoints[{i}].addresses[{j}]", address)
    return out


def endpoints(found: Obj) -> list[str]:
    """Addresses of Endpoints that are written in an unusual way."""
    out: list[str] = []
    for i, subset in enumerate(found.get("subsets") or []):
        for key in ("addresses", "notReadyAddresses"):
            for j, address in enumerate(subset.get(key) or []):
                out += ip_warnings(f"subsets[{i}].{key}[{j}].ip", address.get("ip") or "")
    return out


def ingress(found: Obj, old: Obj | None) -> list[str]:
    """A new ingress that chooses its class by annotation."""
    if old is not None or _INGRESS_CLASS not in annotations_of(found):
        return []
    text = "is deprecated, please use 'spec.ingressClassName' instead"
    return [f'annotation "{_INGRESS_CLASS}" {text}']


def network_policy(found: Obj) -> list[str]:
    """Networks of a policy that are written in an unusual way."""
    out: list[str] = []
    for direction, peers in (("ingress", "from"), ("egress", "to")):
        for i, rule in enumerate(get_path(found, "spec", direction, default=[])):
            for j, peer in enumerate(rule.get(peers) or []):
                block: Obj = peer.get("ipBlock") or {}
                base = f"spec.{direction}[{i}].{peers}[{j}].ipBlock"
                out += cidr_warnings(f"{base}.cidr", block.get("cidr") or "")
                for k, value in enumerate(block.get("except") or []):
                    out += cidr_warnings(f"{base}.except[{k}]", value)
    return out
