"""Objects that the API server keeps by itself: addresses of services, its groups, flow control."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from labrunner.sim import controllers, printers
from labrunner.sim.api import Api
from labrunner.sim.clock import FakeClock
from labrunner.sim.objects import name_of, uid_of
from tests.sim.custom import definition
from tests.sim.manifests import type_of

ADDRESSES = "ipaddresses.networking.k8s.io"
SERVICES = "apiservices.apiregistration.k8s.io"


@pytest.fixture
def settle(api: Api, clock: FakeClock) -> Callable[[float], None]:
    """Run the controllers for so many seconds."""
    controllers.start(api)
    return clock.advance


def test_a_new_cluster_has_its_network_groups_and_levels(api: Api) -> None:
    cidr = api.get("servicecidrs.networking.k8s.io", "kubernetes")
    assert cidr is not None
    assert cidr["spec"]["cidrs"] == ["10.96.0.0/16"]
    names = [name_of(found) for found in api.list(SERVICES)]
    assert names[0] == "v1."
    assert "v2.autoscaling" in names
    assert "v1.apiregistration.k8s.io" not in names
    table = printers.table(
        api.list("flowschemas.flowcontrol.apiserver.k8s.io"),
        type_of("flowschemas.flowcontrol.apiserver.k8s.io"),
        now=api.clock.now(),
    )
    shown = [row["cells"][:4] for row in table["rows"]]
    assert shown[:3] == [
        ["exempt", "exempt", 1, "<none>"],
        ["probes", "exempt", 2, "<none>"],
        ["system-leader-election", "leader-election", 100, "ByUser"],
    ]
    assert shown[-1] == ["catch-all", "catch-all", 10000, "ByUser"]
    assert len(api.list("prioritylevelconfigurations.flowcontrol.apiserver.k8s.io")) == 8


def test_cluster_ips_have_an_address_object(api: Api, settle: Callable[[float], None]) -> None:
    made = api.create(
        "services",
        {"metadata": {"name": "web", "namespace": "default"}, "spec": {"ports": [{"port": 80}]}},
    )
    settle(1)
    address = made["spec"]["clusterIP"]
    found = api.get(ADDRESSES, address)
    assert found is not None
    assert found["spec"]["parentRef"] == {"resource": "services", "namespace": "default", "name": "web"}
    api.delete("services", "web", "default")
    settle(1)
    assert api.get(ADDRESSES, address) is None
    assert [name_of(o) for o in api.list(ADDRESSES)] == ["10.96.0.1"]


def test_a_definition_brings_an_api_service(api: Api, settle: Callable[[float], None]) -> None:
    api.create("customresourcedefinitions.apiextensions.k8s.io", definition())
    settle(1)
    found = [o for o in api.list(SERVICES) if o["spec"]["groupPriorityMinimum"] == 1000]
    assert [o["spec"]["version"] for o in found] == ["v1"]


def test_the_service_kubernetes_comes_back(api: Api, settle: Callable[[float], None]) -> None:
    settle(1)
    api.delete("services", "kubernetes", "default")
    settle(1)
    assert api.get("services", "kubernetes", "default") is None
    settle(15)
    found = api.get("services", "kubernetes", "default")
    assert found is not None
    assert found["spec"]["clusterIP"] == "10.96.0.1"


def test_a_second_service_network(api: Api, settle: Callable[[float], None]) -> None:
    cidrs = "servicecidrs.networking.k8s.io"
    api.create(cidrs, {"metadata": {"name": "more"}, "spec": {"cidrs": ["10.97.0.0/24"]}})
    settle(1)
    more = api.get(cidrs, "more")
    assert more is not None
    assert [c["message"] for c in more["status"]["conditions"]] == ["Kubernetes Service CIDR is ready"]
    spec = {"clusterIP": "10.97.0.9", "ports": [{"port": 80}]}
    api.create("services", {"metadata": {"name": "web", "namespace": "default"}, "spec": spec})
    settle(1)
    api.delete(cidrs, "more")
    settle(1)
    more = api.get(cidrs, "more")
    assert more is not None
    assert more["status"]["conditions"][0]["reason"] == "Terminating"
    api.delete("services", "web", "default")
    settle(1)
    assert api.get(cidrs, "more") is None


def test_flow_schemas_know_whether_their_level_exists(api: Api, settle: Callable[[float], None]) -> None:
    schemas, levels = (
        "flowschemas.flowcontrol.apiserver.k8s.io",
        "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io",
    )
    spec = {"priorityLevelConfiguration": {"name": "slow"}, "matchingPrecedence": 500}
    api.create(schemas, {"metadata": {"name": "mine"}, "spec": spec})
    settle(1)

    def told() -> tuple[str, str, str]:
        found = api.get(schemas, "mine")
        assert found is not None
        condition = found["status"]["conditions"][0]
        return condition["status"], condition["reason"], condition["message"]

    about = 'This FlowSchema references the PriorityLevelConfiguration object named "slow" '
    assert told() == ("True", "NotFound", about + "but there is no such object")
    limits = {"limitResponse": {"type": "Reject"}}
    api.create(levels, {"metadata": {"name": "slow"}, "spec": {"type": "Limited", "limited": limits}})
    settle(1)
    assert told() == ("False", "Found", about + "and it exists")


def test_the_lease_of_a_node_goes_with_the_node(api: Api, settle: Callable[[float], None]) -> None:
    node = api.get("nodes", "simulated-node-1")
    lease = api.get("leases.coordination.k8s.io", "simulated-node-1", "kube-node-lease")
    assert node is not None
    assert lease is not None
    assert [owner["uid"] for owner in lease["metadata"]["ownerReferences"]] == [uid_of(node)]
    api.delete("nodes", "simulated-node-1")
    settle(5)
    assert api.get("leases.coordination.k8s.io", "simulated-node-1", "kube-node-lease") is None
    assert api.get("leases.coordination.k8s.io", "simulated-control-plane", "kube-node-lease") is not None
