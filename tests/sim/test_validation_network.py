"""What the API server says of services, endpoints, ingresses and network policies that are wrong: one row, one mistake."""

from __future__ import annotations

from typing import Any

import pytest

from labrunner.sim import validation
from labrunner.sim.api import Api
from labrunner.sim.errors import ApiError
from labrunner.sim.objects import Obj, clone
from tests.sim.manifests import made, messages, type_of

INGRESSES = "ingresses.networking.k8s.io"
POLICIES = "networkpolicies.networking.k8s.io"
CLASSES = "ingressclasses.networking.k8s.io"
SLICES = "endpointslices.discovery.k8s.io"
LABEL = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
    "with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
BAD_CIDR = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
BAD_IP = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"


def said(gr: str, spec: Obj | None = None, **top: Any) -> list[str]:
    return messages(validation.create(made(gr, spec, **top), type_of(gr)))


def service(**spec: Any) -> Obj:
    """The spec of a service as it is when validation sees it."""
    found = {"ports": [{"port": 80}], "selector": {"a": "b"}, "clusterIPs": ["10.96.0.7"], **spec}
    if found["clusterIPs"]:
        found.setdefault("clusterIP", found["clusterIPs"][0])
    return found


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        ({}, []),
        ({"ports": []}, ["spec.ports: Required value"]),
        ({"ports": [{}]}, ["spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive",
                           "spec.ports[0].targetPort: Invalid value: 0: must be between 1 and 65535, inclusive"]),
        ({"ports": [{"port": 80}, {"port": 81}]},
         ["spec.ports[0].name: Required value", "spec.ports[1].name: Required value"]),
        ({"ports": [{"port": 80, "name": "a"}, {"port": 81, "name": "a"}]}, ['spec.ports[1].name: Duplicate value: "a"']),
        ({"ports": [{"port": 80, "name": "Web"}]}, [f'spec.ports[0].name: Invalid value: "Web": {LABEL}']),
        ({"ports": [{"port": 80, "protocol": "HTTP"}]},
         ['spec.ports[0].protocol: Unsupported value: "HTTP": supported values: "SCTP", "TCP", "UDP"']),
        ({"ports": [{"port": 80, "nodePort": 30080}]},
         ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"]),
        ({"type": "NodePort", "clusterIPs": ["None"]},
         ["spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for NodePort services"]),
        ({"type": "LoadBalancer", "ports": [{"port": 10250}]},
         ["spec.ports[0]: Invalid value: 10250: may not expose port 10250 externally since it is used by kubelet"]),
        ({"type": "Cluster"},
         ['spec.type: Unsupported value: "Cluster": supported values: "ClusterIP", "ExternalName", "LoadBalancer", '
          '"NodePort"']),
        ({"type": "ExternalName", "clusterIPs": []}, ["spec.externalName: Required value"]),
        ({"sessionAffinity": "Cookie"},
         ['spec.sessionAffinity: Unsupported value: "Cookie": supported values: "ClientIP", "None"']),
        ({"sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 86401}}},
         ["spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 86401: must be greater than 0 and "
          "less than 86400"]),
        ({"externalTrafficPolicy": "Local"},
         ['spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services']),
        ({"type": "NodePort", "externalTrafficPolicy": "Near"},
         ['spec.externalTrafficPolicy: Unsupported value: "Near": supported values: "Cluster", "Local"']),
        ({"internalTrafficPolicy": "Near"},
         ['spec.internalTrafficPolicy: Unsupported value: "Near": supported values: "Cluster", "Local"']),
        ({"healthCheckNodePort": 30001},
         ["spec.healthCheckNodePort: Invalid value: 30001: may only be set when `type` is 'LoadBalancer' and "
          "`externalTrafficPolicy` is 'Local'"]),
        ({"loadBalancerClass": "a/b"},
         ["spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'"]),
        ({"loadBalancerSourceRanges": ["10.0.0.0/8"]},
         ["spec.LoadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer'"]),
        ({"type": "LoadBalancer", "loadBalancerSourceRanges": ["10.0.0.1/8"]},
         ['spec.LoadBalancerSourceRanges[0]: Invalid value: "10.0.0.1/8": must not have bits set beyond the prefix length']),
        ({"externalIPs": ["127.0.0.1"]},
         ['spec.externalIPs[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)']),
        ({"externalIPs": ["010.0.0.1"]}, ['spec.externalIPs[0]: Invalid value: "010.0.0.1": must not have leading 0s']),
        ({"externalIPs": ["::ffff:1.2.3.4"]},
         ['spec.externalIPs[0]: Invalid value: "::ffff:1.2.3.4": must not be an IPv4-mapped IPv6 address']),
        ({"clusterIPs": ["10.96.0.7", "10.96.0.8"]},
         ['spec.clusterIPs: Invalid value: ["10.96.0.7","10.96.0.8"]: may specify no more than one IP for each IP family']),
        ({"trafficDistribution": "Nearest"},
         ['spec.trafficDistribution: Unsupported value: "Nearest": supported values: "PreferClose", "PreferSameNode", '
          '"PreferSameZone"']),
    ],
)  # fmt: skip
def test_services(spec: Obj, wanted: list[str]) -> None:
    assert said("services", service(**spec)) == wanted


def test_service_names_may_begin_with_a_digit_since_1_36() -> None:
    assert said("services", service(), name="1web") == []
    assert said("services", service(), name="Web") == [f'metadata.name: Invalid value: "Web": {LABEL}']
    assert said("services", service(), name="a.b") == [
        'metadata.name: Invalid value: "a.b": must not contain dots'
    ]


def test_source_ranges_may_stand_in_an_annotation() -> None:
    key = "service.beta.kubernetes.io/load-balancer-source-ranges"
    found = said("services", service(), metadata={"annotations": {key: "10.0.0.0/8, x"}})
    assert found == [
        f"metadata.annotations[{key}]: Forbidden: may only be used when `type` is 'LoadBalancer'",
        f'metadata.annotations[{key}]: Invalid value: "x": {BAD_CIDR}',
    ]


def refused(api: Api, spec: Obj, name: str = "web") -> str:
    with pytest.raises(ApiError) as caught:
        api.create("services", {"metadata": {"name": name, "namespace": "default"}, "spec": spec})
    return caught.value.message


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ({"clusterIP": "10.1.2.3"},
         'spec.clusterIPs: Invalid value: ["10.1.2.3"]: failed to allocate IP 10.1.2.3: the provided network does not '
         "match the current range"),
        ({"clusterIP": "10.96.0.1"},
         'spec.clusterIPs: Invalid value: ["10.96.0.1"]: failed to allocate IP 10.96.0.1: provided IP is already allocated'),
        ({"clusterIP": "10.96"}, f'spec.clusterIPs[0]: Invalid value: "10.96": {BAD_IP}'),
        ({"clusterIP": "fd00::1"}, 'spec.clusterIPs[0]: Invalid value: ["fd00::1"]: IPv6 is not configured on this cluster'),
        ({"ipFamilyPolicy": "RequireDualStack"},
         'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services'),
        ({"ipFamilies": ["IPv6"]}, 'spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster'),
        ({"ipFamilies": ["IPv4", "IPv6"]},
         "spec.ipFamilyPolicy: Invalid value: \"SingleStack\": must be 'RequireDualStack' or 'PreferDualStack' when "
         "multiple IP families are specified"),
        ({"ipFamilies": ["IPv5"]}, 'spec.ipFamilies[0]: Unsupported value: "IPv5": supported values: "IPv4", "IPv6"'),
        ({"type": "NodePort", "ports": [{"port": 80, "nodePort": 80}]},
         "spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is "
         "30000-32767"),
    ],
)  # fmt: skip
def test_allocators_refuse_before_validation_is_asked(api: Api, spec: Obj, why: str) -> None:
    wrong = {"ports": [{"port": 80}], "selector": {"a": "b"}, "sessionAffinity": "Cookie", **spec}
    assert refused(api, wrong) == f'Service "web" is invalid: {why}'


def test_a_node_port_is_given_once(api: Api) -> None:
    spec = {"type": "NodePort", "ports": [{"port": 80, "nodePort": 30080}]}
    api.create("services", {"metadata": {"name": "one", "namespace": "default"}, "spec": clone(spec)})
    assert refused(api, spec) == (
        'Service "web" is invalid: spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated'
    )


def test_the_second_family_of_a_headless_service_is_given_up(api: Api) -> None:
    meta = {"name": "h", "namespace": "default"}
    made_ = api.create("services", {"metadata": meta, "spec": {"clusterIP": "None"}})
    assert made_["spec"]["ipFamilies"] == ["IPv4", "IPv6"]
    single = clone(made_)
    single["spec"]["ipFamilyPolicy"] = "SingleStack"
    assert api.update("services", single)["spec"]["ipFamilies"] == ["IPv4"]


def path(**entry: Any) -> Obj:
    backend = {"service": {"name": "s", "port": {"number": 80}}}
    return {
        "rules": [{"http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend, **entry}]}}]
    }


HERE = "spec.rules[0].http.paths[0]"


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        (path(), []),
        ({}, ["spec: Invalid value: null: either `defaultBackend` or `rules` must be specified"]),
        ({"rules": [{"http": {}}]}, ["spec.rules[0].http.paths: Required value"]),
        (path(pathType=None), [f"{HERE}.pathType: Required value: pathType must be specified"]),
        (path(pathType="Glob"),
         [f'{HERE}.pathType: Unsupported value: "Glob": supported values: "Exact", "ImplementationSpecific", "Prefix"']),
        (path(path="api"), [f'{HERE}.path: Invalid value: "api": must be an absolute path']),
        (path(path="/a//b/.."), [f"{HERE}.path: Invalid value: \"/a//b/..\": must not contain '//'",
                                f"{HERE}.path: Invalid value: \"/a//b/..\": cannot end with '/..'"]),
        (path(backend={}), [f'{HERE}.backend: Invalid value: "": resource or service backend is required']),
        (path(backend={"service": {"name": "s"}}), [f"{HERE}.backend: Required value: port name or number is required"]),
        (path(backend={"service": {"port": {"number": 80}}}), [f"{HERE}.backend.service.name: Required value"]),
        (path(backend={"service": {"name": "1s", "port": {"number": 99999}}}),
         [f"{HERE}.backend.service.port.number: Invalid value: 99999: must be between 1 and 65535, inclusive"]),
        (path(backend={"service": {"name": "s", "port": {"number": 80, "name": "http"}}}),
         [f'{HERE}.backend: Invalid value: "": cannot set both port name & port number']),
        (path(backend={"resource": {"apiGroup": "a.b"}}),
         [f"{HERE}.backend.resource.kind: Required value: kind is required",
          f"{HERE}.backend.resource.name: Required value: name is required"]),
        ({"rules": [{"host": "1.2.3.4"}]},
         ['spec.rules[0].host: Invalid value: "1.2.3.4": must be a DNS name, not an IP address']),
        ({"defaultBackend": {"service": {"name": "s", "port": {"name": "1"}}}},
         ['spec.defaultBackend.service.port.name: Invalid value: "1": must contain at least one letter (a-z)']),
    ],
)  # fmt: skip
def test_ingresses(spec: Obj, wanted: list[str]) -> None:
    assert said(INGRESSES, spec) == wanted


@pytest.mark.parametrize(
    ("parameters", "wanted"),
    [
        ({"kind": "K", "name": "n"}, []),
        ({"scope": "Cluster"},
         ["spec.parameters.kind: Required value: kind is required",
          "spec.parameters.name: Required value: name is required"]),
        ({"kind": "K", "name": "n", "scope": "Namespace"},
         ["spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'"]),
        ({"kind": "K", "name": "n", "scope": "Namespace", "namespace": "A"},
         [f'spec.parameters.namespace: Invalid value: "A": {LABEL}']),
        ({"kind": "K", "name": "n", "namespace": "a"},
         ["spec.parameters.namespace: Forbidden: `parameters.scope` is set to 'Cluster'"]),
    ],
)  # fmt: skip
def test_ingress_classes(parameters: Obj, wanted: list[str]) -> None:
    assert said(CLASSES, {"controller": "a.b/c", "parameters": parameters}) == wanted


def rule(**entry: Any) -> Obj:
    return {"podSelector": {}, "ingress": [entry]}


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        (rule(ports=[{"port": 80, "endPort": 70}]),
         ["spec.ingress[0].ports[0].endPort: Invalid value: 80: must be greater than or equal to `port`"]),
        (rule(ports=[{"endPort": 70}]),
         ["spec.ingress[0].ports[0].endPort: Invalid value: 70: may not be specified when `port` is not specified"]),
        (rule(ports=[{"port": "http", "endPort": 70}]),
         ["spec.ingress[0].ports[0].endPort: Invalid value: 70: may not be specified when `port` is non-numeric"]),
        (rule(ports=[{"port": 0}]),
         ["spec.ingress[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive"]),
        (rule(ports=[{"port": 80, "protocol": "ICMP"}]),
         ['spec.ingress[0].ports[0].protocol: Unsupported value: "ICMP": supported values: "TCP", "UDP", "SCTP"']),
        (rule(**{"from": [{}]}), ["spec.ingress[0].from[0]: Required value: must specify a peer"]),
        (rule(**{"from": [{"podSelector": {}, "ipBlock": {"cidr": "10.0.0.0/8"}}]}),
         ["spec.ingress[0].from[0]: Forbidden: may not specify both ipBlock and another peer"]),
        (rule(**{"from": [{"ipBlock": {}}]}), ["spec.ingress[0].from[0].ipBlock.cidr: Required value"]),
        (rule(**{"from": [{"ipBlock": {"cidr": "10.0.0.5/24"}}]}),
         ['spec.ingress[0].from[0].ipBlock.cidr: Invalid value: "10.0.0.5/24": must not have bits set beyond the prefix '
          "length"]),
        (rule(**{"from": [{"ipBlock": {"cidr": "10.0.0.0/24", "except": ["10.0.0.0/16"]}}]}),
         ['spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: "10.0.0.0/16": must be a strict subset of `cidr`']),
        (rule(**{"from": [{"ipBlock": {"cidr": "10.0.0.0/024"}}]}),
         ['spec.ingress[0].from[0].ipBlock.cidr: Invalid value: "10.0.0.0/024": must not have leading 0s in IP or prefix '
          "length"]),
        ({"podSelector": {}, "policyTypes": ["Ingress", "Egress", "Both"]},
         ['spec.policyTypes: Invalid value: ["Ingress","Egress","Both"]: may not specify more than two policyTypes']),
    ],
)  # fmt: skip
def test_network_policies(spec: Obj, wanted: list[str]) -> None:
    assert said(POLICIES, spec) == wanted


@pytest.mark.parametrize(
    ("top", "wanted"),
    [
        ({"addressType": "IPv4", "endpoints": [{"addresses": ["10.0.0.1"]}]}, []),
        ({"addressType": "IP"}, ['addressType: Unsupported value: "IP": supported values: "FQDN", "IPv4", "IPv6"']),
        ({}, ["addressType: Required value"]),
        ({"addressType": "IPv4", "endpoints": [{"addresses": []}]},
         ["endpoints[0].addresses: Required value: must contain at least 1 address"]),
        ({"addressType": "IPv4", "endpoints": [{"addresses": ["127.0.0.1"]}]},
         ['endpoints[0].addresses[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)']),
        ({"addressType": "FQDN", "endpoints": [{"addresses": ["host"]}]},
         ['endpoints[0].addresses[0]: Invalid value: "host": should be a domain with at least two segments separated by '
          "dots"]),
        ({"addressType": "IPv4", "ports": [{"name": "a"}, {"name": "a"}]}, ['ports[1].name: Duplicate value: "a"']),
        ({"addressType": "IPv4", "endpoints": [{"addresses": ["10.0.0.1"], "hints": {"forZones": [{"name": "-"}]}}]},
         ["endpoints[0].hints.forZones[0].name: Invalid value: \"-\": a valid label must be an empty string or consist of "
          "alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. "
          "'MyValue',  or 'my_value',  or '12345', regex used for validation is "
          "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"]),
    ],
)  # fmt: skip
def test_endpoint_slices(top: Obj, wanted: list[str]) -> None:
    top.setdefault("endpoints", [])
    assert said(SLICES, **top) == wanted


@pytest.mark.parametrize(
    ("gr", "spec", "name", "wanted"),
    [
        ("servicecidrs.networking.k8s.io", {"cidrs": ["10.0.0.0/24"]}, "x", []),
        ("servicecidrs.networking.k8s.io", {}, "x", ["spec.cidrs: Required value: at least one CIDR required"]),
        ("servicecidrs.networking.k8s.io", {"cidrs": ["10.0.0.0/24", "10.1.0.0/24"]}, "x",
         ['spec.cidrs: Invalid value: {"CIDRs":["10.0.0.0/24","10.1.0.0/24"]}: may specify no more than one IP for each IP '
          "family, i.e 192.168.0.0/24 and 2001:db8::/64"]),
        ("servicecidrs.networking.k8s.io", {"cidrs": ["10.0.0.1/24"]}, "x",
         ['spec.cidrs[0]: Invalid value: "10.0.0.1/24": must not have bits set beyond the prefix length']),
        ("ipaddresses.networking.k8s.io", {}, "10.96.0.9", ["spec.parentRef: Required value"]),
        ("ipaddresses.networking.k8s.io", {"parentRef": {"resource": "services", "name": "s"}}, "x",
         [f'metadata.name: Invalid value: "x": {BAD_IP}']),
        ("ipaddresses.networking.k8s.io", {"parentRef": {}}, "fd00:0::1",
         ['metadata.name: Invalid value: "fd00:0::1": must be in canonical form ("fd00::1")',
          "spec.parentRef.resource: Required value", "spec.parentRef.name: Required value"]),
    ],
)  # fmt: skip
def test_service_networks(gr: str, spec: Obj, name: str, wanted: list[str]) -> None:
    assert said(gr, spec, name=name) == wanted
