"""Rows of services, endpoints, ingresses and network policies."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from labrunner.sim.objects import Obj, get_path, name_of
from labrunner.sim.printers.text import NONE, UNSET, Printer, age, columns, labels_text, selector_text, some


def _balancer(obj: Obj) -> list[str]:
    found = get_path(obj, "status", "loadBalancer", "ingress", default=[])
    return sorted({address for entry in found if (address := entry.get("ip") or entry.get("hostname"))})


def _external(obj: Obj) -> str:
    spec: Obj = obj.get("spec") or {}
    kind, given = spec.get("type", ""), spec.get("externalIPs") or []
    if kind in ("ClusterIP", "NodePort"):
        return ",".join(given) or NONE
    if kind == "LoadBalancer":
        return ",".join([*_balancer(obj), *given]) or "<pending>"
    return str(spec.get("externalName", "")) if kind == "ExternalName" else "<unknown>"


def _service_ports(ports: list[Obj]) -> str:
    texts = []
    for port in ports:
        node = f":{port['nodePort']}" if port.get("nodePort") else ""
        texts.append(f"{port.get('port', 0)}{node}/{port.get('protocol', '')}")
    return ",".join(texts) or NONE


def _service(obj: Obj, now: datetime) -> list[Any]:
    spec: Obj = obj.get("spec") or {}
    internal = spec.get("clusterIPs") or [spec.get("clusterIP") or NONE]
    ports = _service_ports(spec.get("ports") or [])
    selector = labels_text(spec.get("selector"))
    return [name_of(obj), spec.get("type", ""), internal[0], _external(obj), ports, age(obj, now), selector]


def _endpoint_texts(obj: Obj) -> list[str]:
    texts: list[str] = []
    for subset in obj.get("subsets") or []:
        addresses = [a.get("ip", "") for a in subset.get("addresses") or []]
        ports = subset.get("ports") or []
        if not ports:
            texts += addresses
        for port in ports:
            texts += [_host_port(address, port.get("port", 0)) for address in addresses]
    return texts


def _host_port(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _endpoints(obj: Obj, now: datetime) -> list[Any]:
    # Subsets without a ready address leave the cell empty.
    shown = some(_endpoint_texts(obj), 3) if obj.get("subsets") else NONE
    return [name_of(obj), shown, age(obj, now)]


def _slice_port(port: Obj) -> str:
    if port.get("port") is not None:
        return str(port["port"])
    return "*" if port.get("name") is None else str(port["name"])


def _slice(obj: Obj, now: datetime) -> list[Any]:
    ports = [_slice_port(port) for port in obj.get("ports") or []]
    addresses = [str(a) for e in obj.get("endpoints") or [] for a in e.get("addresses") or []]
    return [
        name_of(obj),
        obj.get("addressType", ""),
        some(ports, 3) or UNSET,
        some(addresses, 3) or UNSET,
        age(obj, now),
    ]


def _hosts(rules: list[Obj]) -> str:
    """Up to three hosts; a rule that follows them counts as one more whether or not it names a host."""
    hosts: list[str] = []
    for rule in rules:
        if len(hosts) == 3:
            return f"{','.join(hosts)} + {len(rules) - 3} more..."
        if rule.get("host"):
            hosts.append(rule["host"])
    return ",".join(hosts) or "*"


def _ingress(obj: Obj, now: datetime) -> list[Any]:
    spec: Obj = obj.get("spec") or {}
    return [
        name_of(obj),
        spec.get("ingressClassName") or NONE,
        _hosts(spec.get("rules") or []),
        ",".join(_balancer(obj)),
        "80, 443" if spec.get("tls") else "80",
        age(obj, now),
    ]


def _ingress_class(obj: Obj, now: datetime) -> list[Any]:
    spec: Obj = obj.get("spec") or {}
    parameters: Obj | None = spec.get("parameters")
    shown = NONE
    if parameters:
        group = "" if parameters.get("apiGroup") is None else f".{parameters['apiGroup']}"
        shown = f"{parameters.get('kind', '')}{group}/{parameters.get('name', '')}"
    return [name_of(obj), spec.get("controller", ""), shown, age(obj, now)]


def _policy(obj: Obj, now: datetime) -> list[Any]:
    return [name_of(obj), selector_text(get_path(obj, "spec", "podSelector")), age(obj, now)]


def _service_cidr(obj: Obj, now: datetime) -> list[Any]:
    return [name_of(obj), ",".join(get_path(obj, "spec", "cidrs", default=[])), age(obj, now)]


def _ip_address(obj: Obj, now: datetime) -> list[Any]:
    del now
    parent: Obj | None = get_path(obj, "spec", "parentRef")
    if parent is None:
        return [name_of(obj), NONE]
    resource = ".".join(p for p in (parent.get("resource"), parent.get("group")) if p).lower()
    namespace = f"/{parent['namespace']}" if parent.get("namespace") else ""
    return [name_of(obj), f"{resource}{namespace}/{parent.get('name', '')}"]


SERVICE = Printer(
    columns("Type", "Cluster-IP", "External-IP", "Port(s)", "Age", wide=("Selector",)), _service
)
ENDPOINTS = Printer(columns("Endpoints", "Age"), _endpoints)
ENDPOINT_SLICE = Printer(columns("AddressType", "Ports", "Endpoints", "Age"), _slice)
INGRESS = Printer(columns("Class", "Hosts", "Address", "Ports", "Age"), _ingress)
INGRESS_CLASS = Printer(columns("Controller", "Parameters", "Age"), _ingress_class)
NETWORK_POLICY = Printer(columns("Pod-Selector", "Age"), _policy)
SERVICE_CIDR = Printer(columns("CIDRs", "Age"), _service_cidr)
IP_ADDRESS = Printer(columns("ParentRef"), _ip_address)
