"""What the API server sets of its own accord."""

from __future__ import annotations

import pytest

from labrunner.sim import defaults, strategy
from labrunner.sim.api import Api
from labrunner.sim.errors import ApiError
from labrunner.sim.objects import Obj, clone
from labrunner.sim.strategy.pods import qos_class
from tests.sim.manifests import made, pod, type_of, workload


def service(api: Api, spec: Obj, name: str = "web") -> Obj:
    return api.create("services", {"metadata": {"name": name, "namespace": "default"}, "spec": spec})


def changed(api: Api, obj: Obj, **spec: object) -> Obj:
    new = clone(obj)
    new["spec"] |= spec
    return api.update("services", new)


def test_generation_counts_changes_of_intent(api: Api) -> None:
    rt = type_of("deployments.apps")
    old = workload("deployments.apps", status={"replicas": 9})
    strategy.prepare_create(old, rt, api)
    assert old["metadata"]["generation"] == 1
    assert old["status"] == {}
    same = clone(old)
    same["metadata"]["labels"] = {"a": "b"}
    strategy.prepare_update(same, old, rt, api)
    assert same["metadata"]["generation"] == 1
    scaled = clone(old)
    scaled["spec"]["replicas"] = 3
    strategy.prepare_update(scaled, old, rt, api)
    assert scaled["metadata"]["generation"] == 2


def test_status_and_spec_are_written_apart(api: Api) -> None:
    rt = type_of("deployments.apps")
    old = workload("deployments.apps", status={"replicas": 1})
    through_spec = clone(old)
    through_spec["status"] = {"replicas": 7}
    strategy.prepare_update(through_spec, old, rt, api)
    assert through_spec["status"] == {"replicas": 1}
    through_status = clone(old)
    through_status["spec"]["replicas"] = 7
    through_status["status"] = {"replicas": 7}
    strategy.prepare_update(through_status, old, rt, api, "status")
    assert (through_status["spec"]["replicas"], through_status["status"]) == (1, {"replicas": 7})


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ({}, "BestEffort"),
        ({"requests": {"cpu": "1"}}, "Burstable"),
        (
            {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "1000m", "memory": "1Gi"}},
            "Guaranteed",
        ),
        (
            {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "500m", "memory": "1Gi"}},
            "Burstable",
        ),
        ({"limits": {"ephemeral-storage": "1Gi"}}, "BestEffort"),
    ],
)
def test_quality_of_service(resources: Obj, expected: str) -> None:
    assert qos_class(pod(container={"resources": resources})) == expected


def test_jobs_select_by_their_own_uid(api: Api) -> None:
    job = workload("jobs.batch")
    del job["spec"]["selector"]
    strategy.prepare_create(job, type_of("jobs.batch"), api)
    assert job["spec"]["selector"] == {"matchLabels": {"batch.kubernetes.io/controller-uid": "u-1"}}
    assert job["spec"]["template"]["metadata"]["labels"] == {
        "app": "a",
        "controller-uid": "u-1",
        "job-name": "x",
        "batch.kubernetes.io/controller-uid": "u-1",
        "batch.kubernetes.io/job-name": "x",
    }


def test_services_get_free_addresses_and_the_same_ones_again(api: Api) -> None:
    first = service(api, {"ports": [{"port": 80}]}, "one")
    second = service(api, {"ports": [{"port": 80}], "type": "NodePort"}, "two")
    addresses = {first["spec"]["clusterIP"], second["spec"]["clusterIP"]}
    assert len(addresses) == 2
    assert all(address.startswith("10.96.") for address in addresses)
    assert 30000 <= second["spec"]["ports"][0]["nodePort"] <= 32767
    api.delete("services", "one", "default")
    again = service(api, {"ports": [{"port": 80}]}, "one")
    assert again["spec"]["clusterIP"] == first["spec"]["clusterIP"]


def test_changing_the_type_keeps_and_releases(api: Api) -> None:
    old = service(api, {"ports": [{"port": 80}], "type": "NodePort"})
    plain = changed(api, old, type="ClusterIP")
    assert plain["spec"]["clusterIP"] == old["spec"]["clusterIP"]
    assert "nodePort" not in plain["spec"]["ports"][0]
    assert "externalTrafficPolicy" not in plain["spec"]
    named = changed(api, plain, type="ExternalName", externalName="example.com")
    assert {"clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"}.isdisjoint(named["spec"])


def test_an_update_that_leaves_addresses_out_keeps_them(api: Api) -> None:
    old = service(api, {"ports": [{"port": 80}], "type": "NodePort"})
    new = clone(old)
    new["spec"] = {"ports": [{"port": 80}], "type": "NodePort", "selector": {"a": "b"}}
    defaults.apply(new, type_of("services"))
    kept = api.update("services", new)
    assert kept["spec"]["clusterIP"] == old["spec"]["clusterIP"]
    assert kept["spec"]["ports"] == old["spec"]["ports"]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            {"ports": [{"port": 80}], "clusterIP": "10.96.0.1"},
            'spec.clusterIPs: Invalid value: ["10.96.0.1"]: failed to allocate IP 10.96.0.1: '
            "provided IP is already allocated",
        ),
        (
            {"ports": [{"port": 80}], "clusterIP": "192.0.2.1"},
            'spec.clusterIPs: Invalid value: ["192.0.2.1"]: failed to allocate IP 192.0.2.1: '
            "the provided network does not match the current range",
        ),
        (
            {"ports": [{"port": 80, "nodePort": 80}], "type": "NodePort"},
            "spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. "
            "The range of valid ports is 30000-32767",
        ),
        (
            {"ports": [{"port": 80}], "ipFamilyPolicy": "RequireDualStack"},
            'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": '
            "this cluster is not configured for dual-stack services",
        ),
    ],
)
def test_addresses_that_cannot_be_had(api: Api, spec: Obj, message: str) -> None:
    if api.get("services", "kubernetes", "default") is None:
        service(api, {"ports": [{"port": 443}], "clusterIP": "10.96.0.1"}, "taken")
    with pytest.raises(ApiError) as caught:
        service(api, spec)
    assert caught.value.code == 422
    assert message in caught.value.message


def test_one_node_port_serves_two_protocols(api: Api) -> None:
    ports = [{"name": "a", "port": 53, "protocol": "TCP"}, {"name": "b", "port": 53, "protocol": "UDP"}]
    found = service(api, {"type": "NodePort", "ports": ports})
    numbers = {port["nodePort"] for port in found["spec"]["ports"]}
    assert len(numbers) == 1


def test_headless_services_without_selector_take_both_families(api: Api) -> None:
    found = service(api, {"clusterIP": "None"})
    assert found["spec"]["ipFamilies"] == ["IPv4", "IPv6"]
    assert found["spec"]["ipFamilyPolicy"] == "RequireDualStack"


@pytest.mark.parametrize(
    ("obj", "gr", "warning"),
    [
        (
            pod(container={"env": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]}),
            "pods",
            'spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply',
        ),
        (
            pod({"nodeSelector": {"beta.kubernetes.io/os": "linux"}}),
            "pods",
            'spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead',
        ),
        (
            pod(name="a.b"),
            "pods",
            "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; "
            "a DNS label is recommended: [must not contain dots]",
        ),
        (
            made("services", {"clusterIPs": ["None"], "sessionAffinity": "ClientIP"}),
            "services",
            "spec.SessionAffinity is ignored for headless services",
        ),
        (
            made(
                "ingresses.networking.k8s.io",
                {},
                metadata={"annotations": {"kubernetes.io/ingress.class": "x"}},
            ),
            "ingresses.networking.k8s.io",
            "annotation \"kubernetes.io/ingress.class\" is deprecated, please use 'spec.ingressClassName' instead",
        ),
        (
            pod(container={"resources": {"requests": {"memory": "100m"}}}),
            "pods",
            'spec.containers[0].resources.requests[memory]: fractional byte value "100m" is invalid, must be an integer',
        ),
        (
            pod(container={"ports": [{"containerPort": 80}, {"containerPort": 80, "hostPort": 8080}]}),
            "pods",
            "spec.containers[0].ports[1]: overlapping port definition with spec.containers[0].ports[0]",
        ),
        (
            pod({"topologySpreadConstraints": [{"topologyKey": "zone"}]}),
            "pods",
            "spec.topologySpreadConstraints[0].labelSelector: a null labelSelector results in matching no pod",
        ),
        (
            pod(
                {
                    "volumes": [
                        {"name": "v", "configMap": {"name": "n", "items": [{"path": "a"}, {"path": "a/b"}]}}
                    ]
                }
            ),
            "pods",
            'volume "v" (ConfigMap "n"): overlapping paths: "a/b" with "a"',
        ),
        (
            made("services", {"type": "ClusterIP", "externalIPs": ["1.2.3.4"]}),
            "services",
            "spec.externalIPs is deprecated and may no longer be implemented in some clusters",
        ),
    ],
)
def test_warnings(obj: Obj, gr: str, warning: str) -> None:
    assert warning in strategy.warnings(obj, None, type_of(gr))


def test_no_warnings_for_ordinary_objects() -> None:
    assert strategy.warnings(pod(), None, type_of("pods")) == []
    assert strategy.warnings(workload("deployments.apps"), None, type_of("deployments.apps")) == []
