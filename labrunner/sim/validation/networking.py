"""NetworkPolicies, Ingresses and IngressClasses."""

from __future__ import annotations

from typing import Final

from labrunner.sim import names
from labrunner.sim.errors import forbidden_field, invalid_value, not_supported, required, too_long
from labrunner.sim.objects import Obj, annotations_of
from labrunner.sim.validation import meta
from labrunner.sim.validation.addresses import check_cidr, parse_cidr, parse_ip
from labrunner.sim.validation.syntax import (
    Errors,
    check,
    check_port_number,
    domain_prefixed_path,
    port_name,
    wildcard_subdomain,
)

_PROTOCOLS: Final = ("TCP", "UDP", "SCTP")
_PATH_TYPES: Final = ("Exact", "ImplementationSpecific", "Prefix")


def create_policy(obj: Obj) -> Errors:
    """A NetworkPolicy."""
    return meta.create(obj, True) + _policy(obj.get("spec") or {})


def update_policy(new: Obj, old: Obj) -> Errors:
    """A NetworkPolicy replaced."""
    return meta.update(new, old) + _policy(new.get("spec") or {})


def _policy(spec: Obj) -> Errors:
    out = meta.label_selector(spec.get("podSelector") or {}, "spec.podSelector")
    for direction, peers in (("ingress", "from"), ("egress", "to")):
        for i, rule in enumerate(spec.get(direction) or []):
            here = f"spec.{direction}[{i}]"
            for j, port in enumerate(rule.get("ports") or []):
                out += _policy_port(port, f"{here}.ports[{j}]")
            for j, peer in enumerate(rule.get(peers) or []):
                out += _policy_peer(peer, f"{here}.{peers}[{j}]")
    types = spec.get("policyTypes") or []
    if len(types) > 2:
        text = "may not specify more than two policyTypes"
        return [*out, invalid_value("spec.policyTypes", types, text)]
    for i, kind in enumerate(types):
        if kind not in ("Ingress", "Egress"):
            out.append(not_supported(f"spec.policyTypes[{i}]", kind, ("Ingress", "Egress")))
    return out


def _policy_port(port: Obj, path: str) -> Errors:
    out: Errors = []
    protocol = port.get("protocol")
    if protocol is not None and protocol not in _PROTOCOLS:
        out.append(not_supported(f"{path}.protocol", protocol, _PROTOCOLS))
    number, end = port.get("port"), port.get("endPort")
    if number is None:
        if end is not None:
            text = "may not be specified when `port` is not specified"
            out.append(invalid_value(f"{path}.endPort", end, text))
    elif isinstance(number, str):
        if end is not None:
            text = "may not be specified when `port` is non-numeric"
            out.append(invalid_value(f"{path}.endPort", end, text))
        out += check(f"{path}.port", number, port_name)
    else:
        out += check_port_number(f"{path}.port", number)
        if end is not None:
            if end < number:
                text = "must be greater than or equal to `port`"
                # The server shows the port here, not the end that is wrong.
                out.append(invalid_value(f"{path}.endPort", number, text))
            out += check_port_number(f"{path}.endPort", end)
    return out


def _policy_peer(peer: Obj, path: str) -> Errors:
    out: Errors = []
    for key in ("podSelector", "namespaceSelector"):
        out += meta.label_selector(peer.get(key), f"{path}.{key}")
    block = peer.get("ipBlock")
    if block is not None:
        out += _ip_block(block, f"{path}.ipBlock")
    count = sum(peer.get(key) is not None for key in ("podSelector", "namespaceSelector", "ipBlock"))
    if not count:
        out.append(required(path, "must specify a peer"))
    elif count > 1 and block is not None:
        out.append(forbidden_field(path, "may not specify both ipBlock and another peer"))
    return out


def _ip_block(block: Obj, path: str) -> Errors:
    cidr = block.get("cidr") or ""
    if not cidr:
        return [required(f"{path}.cidr")]
    out = check_cidr(f"{path}.cidr", cidr)
    network = parse_cidr(cidr)
    if network is None:
        return out
    for i, text in enumerate(block.get("except") or []):
        here = f"{path}.except[{i}]"
        out += check_cidr(here, text)
        hole = parse_cidr(text)
        if hole is None:
            continue
        inside = hole.version == network.version and hole.network_address in network
        if not inside or hole.prefixlen <= network.prefixlen:
            out.append(invalid_value(here, text, "must be a strict subset of `cidr`"))
    return out


def create_ingress(obj: Obj) -> Errors:
    """An Ingress."""
    out = meta.create(obj, True) + _ingress(obj.get("spec") or {})
    annotation = annotations_of(obj).get("kubernetes.io/ingress.class")
    named = (obj.get("spec") or {}).get("ingressClassName")
    if annotation is not None and named is not None and annotation != named:
        text = "must match `ingressClassName` when both are specified"
        out.append(invalid_value("annotations.kubernetes.io/ingress.class", annotation, text))
    return out


def update_ingress(new: Obj, old: Obj) -> Errors:
    """An Ingress replaced."""
    return meta.update(new, old) + _ingress(new.get("spec") or {})


def _ingress(spec: Obj) -> Errors:
    rules, backend = spec.get("rules") or [], spec.get("defaultBackend")
    out: Errors = []
    if not rules and backend is None:
        text = "either `defaultBackend` or `rules` must be specified"
        out.append(invalid_value("spec", spec.get("rules"), text))
    if backend is not None:
        out += _backend(backend, "spec.defaultBackend")
    for i, rule in enumerate(rules):
        out += _rule(rule, f"spec.rules[{i}]")
    for i, entry in enumerate(spec.get("tls") or []):
        here = f"spec.tls[{i}]"
        for j, host in enumerate(entry.get("hosts") or []):
            out += check(
                f"{here}.hosts[{j}]", host, wildcard_subdomain if "*" in host else names.dns_subdomain
            )
        if entry.get("secretName"):
            out += check(f"{here}.secretName", entry["secretName"], names.dns_subdomain)
    if spec.get("ingressClassName") is not None:
        out += check("spec.ingressClassName", spec["ingressClassName"], names.dns_subdomain)
    return out


def _rule(rule: Obj, path: str) -> Errors:
    out: Errors = []
    host = rule.get("host") or ""
    if host:
        if parse_ip(host) is not None:
            out.append(invalid_value(f"{path}.host", host, "must be a DNS name, not an IP address"))
        out += check(f"{path}.host", host, wildcard_subdomain if "*" in host else names.dns_subdomain)
    http = rule.get("http")
    if http is None:
        return out
    if not http.get("paths"):
        out.append(required(f"{path}.http.paths"))
    for i, entry in enumerate(http.get("paths") or []):
        out += _path(entry, f"{path}.http.paths[{i}]")
    return out


def _path(entry: Obj, path: str) -> Errors:
    kind, where = entry.get("pathType"), entry.get("path") or ""
    if kind is None:
        return [required(f"{path}.pathType", "pathType must be specified")]
    out: Errors = []
    if kind in ("Exact", "Prefix"):
        if not where.startswith("/"):
            out.append(invalid_value(f"{path}.path", where, "must be an absolute path"))
        for part in ("//", "/./", "/../", "%2f", "%2F"):
            if part in where:
                out.append(invalid_value(f"{path}.path", where, f"must not contain '{part}'"))
        for end in ("/..", "/."):
            if where.endswith(end):
                out.append(invalid_value(f"{path}.path", where, f"cannot end with '{end}'"))
    elif kind == "ImplementationSpecific":
        if where and not where.startswith("/"):
            out.append(invalid_value(f"{path}.path", where, "must be an absolute path"))
    else:
        out.append(not_supported(f"{path}.pathType", kind, _PATH_TYPES))
    return out + _backend(entry.get("backend") or {}, f"{path}.backend")


def _backend(backend: Obj, path: str) -> Errors:
    resource, service = backend.get("resource"), backend.get("service")
    if resource is not None and service is not None:
        return [invalid_value(path, "", "cannot set both resource and service backends")]
    if resource is not None:
        return _reference(resource, f"{path}.resource")
    if service is None:
        return [invalid_value(path, "", "resource or service backend is required")]
    name = service.get("name") or ""
    here = f"{path}.service"
    out = check(f"{here}.name", name, names.dns_label) if name else [required(f"{here}.name")]
    port: Obj = service.get("port") or {}
    if port.get("name") and port.get("number"):
        out.append(invalid_value(path, "", "cannot set both port name & port number"))
    elif port.get("name"):
        out += check(f"{here}.port.name", port["name"], port_name)
    elif port.get("number"):
        out += check_port_number(f"{here}.port.number", port["number"])
    else:
        out.append(required(path, "port name or number is required"))
    return out


def _reference(reference: Obj, path: str) -> Errors:
    out: Errors = []
    if reference.get("apiGroup") is not None:
        out += check(f"{path}.apiGroup", reference["apiGroup"], names.dns_subdomain)
    for key in ("kind", "name"):
        value = reference.get(key) or ""
        here = f"{path}.{key}"
        out += check(here, value, names.path_segment) if value else [required(here, f"{key} is required")]
    return out


def create_class(obj: Obj) -> Errors:
    """An IngressClass."""
    return meta.create(obj, False) + _class(obj.get("spec") or {})


def update_class(new: Obj, old: Obj) -> Errors:
    """An IngressClass keeps its controller."""
    after, before = new.get("spec") or {}, old.get("spec") or {}
    out = meta.update(new, old)
    out += meta.immutable("spec.controller", after.get("controller"), before.get("controller"))
    return out + _class(after)


def _class(spec: Obj) -> Errors:
    controller = spec.get("controller") or ""
    out: Errors = [] if len(controller) <= 250 else [too_long("spec.controller", 250)]
    out += domain_prefixed_path("spec.controller", controller)
    parameters = spec.get("parameters")
    if parameters is None:
        return out
    path = "spec.parameters"
    out += _reference(parameters, path)
    scope, namespace = parameters.get("scope"), parameters.get("namespace")
    if scope is None:
        return [*out, required(f"{path}.scope")]
    if scope not in ("Cluster", "Namespace"):
        out.append(not_supported(f"{path}.scope", scope, ("Cluster", "Namespace")))
    elif scope == "Namespace" and namespace is None:
        out.append(required(f"{path}.namespace", "`parameters.scope` is set to 'Namespace'"))
    elif scope == "Namespace":
        out += check(f"{path}.namespace", namespace, names.dns_label)
    elif scope == "Cluster" and namespace is not None:
        out.append(forbidden_field(f"{path}.namespace", "`parameters.scope` is set to 'Cluster'"))
    return out
