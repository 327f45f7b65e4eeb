"""Rows of services, endpoints, ingresses and network policies."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from labrunner.sim.objects import Obj, get_path, name_of
from labrunner.sim.printers.text import NONE, UNSET, Printer, age, columns, labels_text, selector_text, some


def _balancer(obj: Obj) -> list[str]:
    found = get_path(obj, "status", "loadBalancer", "ingress", default=[])
    return [address for entry in found if (address := entry.get("ip") or entry.get("hostname"))]


def _external(obj: Obj) -> str:
    spec: Obj = obj.get("spec") or {}
    kind, given = spec.get("type", ""), spec.get("externalIPs") or []
    if kind in ("ClusterIP", "NodePort"):
        return ",".join(given) or NONE
    if kind == "LoadBalancer":
        return ",".join([*dict.fromkeys(_balancer(obj)), *given]) or "<pending>"
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
    return [name_of(obj), some(_endpoint_texts(obj), 3) or NONE, age(obj, now)]


def _slice(obj: Obj, now: datetime) -> list[Any]:
    ports = [str(p.get("port") or p.get("name") or "*") for p in obj.get("ports") or []]
    addresses = [str(a) for e in obj.get("endpoints") or [] for a in e.get("addresses") or []]
    return [
        name_of(obj),
        obj.get("addressType", ""),
        some(ports, 3) or UNSET,
        some(addresses, 3) or UNSET,
        age(obj, now),
    ]


def _ingress(obj: Obj, now: datetime) -> list[Any]:
    spec: Obj = obj.get("spec") or {}
    hosts = [rule["host"] for rule in spec.get("rules") or [] if rule.get("host")]
    return [
        name_of(obj),
        spec.get("ingressClassName") or NONE,
        some(hosts, 3) or "*",
        ",".join(_balancer(obj)),
        "80, 443" if spec.get("tls") else "80",
        age(obj, now),
    ]


def _ingress_class(obj: Obj, now: datetime) -> list[Any]:
    spec: Obj = obj.get("spec") or {}
    parameters: Obj | None = spec.get("parameters")
    shown = NONE
    if parameters:
        group = f".{parameters['apiGroup']}" if parameters.get("apiGroup") else ""
        shown = f"{parameters.get('kind', '')}{group}/{parameters.get('name', '')}"
    return [name_of(obj), spec.get("controller", ""), shown, age(obj, now)]


def _policy(obj: Obj, now: datetime) -> list[Any]:
    return [name_of(obj), selector_text(get_path(obj, "spec", "podSelector")), age(obj, now)]


def _service_cidr(obj: Obj, now: datetime) -> list[Any]:
    return [name_of(obj), ",".join(get_path(obj, "spec", "cidrs", default=[])), age(obj, now)]


def _ip_address(obj: Obj, now: datetime) -> list[Any]:
    parent: Obj = get_path(obj, "spec", "parentRef", default={})
    parts = (parent.get("resource"), parent.get("group"), parent.get("namespace"), parent.get("name"))
    resource = ".".join(p for p in parts[:2] if p)
    return [name_of(obj), "/".join(p for p in (resource, *parts[2:]) if p), age(obj, now)]


SERVICE = Printer(
    columns("Type", "Cluster-IP", "External-IP", "Port(s)", "Age", wide=("Selector",)), _service
)
ENDPOINTS = Printer(columns("Endpoints", "Age"), _endpoints)
ENDPOINT_SLICE = Printer(columns("AddressType", "Ports", "Endpoints", "Age"), _slice)
INGRESS = Printer(columns("Class", "Hosts", "Address", "Ports", "Age"), _ingress)
INGRESS_CLASS = Printer(columns("Controller", "Parameters", "Age"), _ingress_class)
NETWORK_POLICY = Printer(columns("Pod-Selector", "Age"), _policy)
SERVICE_CIDR = Printer(columns("CIDRs", "Age"), _service_cidr)
IP_ADDRESS = Printer(columns("ParentRef", "Age"), _ip_address)
