from __future__ import annotations

from labrunner.sim.controllers.slice_filling import distribute
from labrunner.sim.objects import Obj, name_of
from tests.sim.life.conftest import Cluster, deployment

SLICES = "endpointslices.discovery.k8s.io"
DEPLOYMENTS = "deployments.apps"
PORTS = [{"name": "", "port": 80, "protocol": "TCP"}]


def endpoints(first: int, last: int) -> list[Obj]:
    return [
        {"addresses": [f"10.0.{n // 200}.{n % 200}"], "conditions": {"ready": True}}
        for n in range(first, last)
    ]


def found(name: str, members: list[Obj]) -> Obj:
    return {"metadata": {"name": name}, "ports": PORTS, "endpoints": members}


def web_slices(cluster: Cluster) -> list[Obj]:
    return [s for s in cluster.api.list(SLICES, "default") if name_of(s) != "kubernetes"]


def test_slice_keeps_its_name_when_all_endpoints_go_and_come_back(cluster: Cluster) -> None:
    cluster.create(DEPLOYMENTS, "web", deployment(2))
    cluster.create("services", "web", {"selector": {"app": "web"}, "ports": [{"port": 80}]})
    cluster.clock.advance(2)
    (before,) = web_slices(cluster)
    for replicas, expected in ((0, 0), (3, 3)):
        cluster.change(DEPLOYMENTS, "web", spec__replicas=replicas)
        cluster.clock.advance(5)
        (after,) = web_slices(cluster)
        assert name_of(after) == name_of(before)
        assert len(after.get("endpoints") or []) == expected


def test_near_endpoints_are_hinted_at(cluster: Cluster) -> None:
    cluster.create(DEPLOYMENTS, "web", deployment(1))
    spec = {"selector": {"app": "web"}, "ports": [{"port": 80}], "trafficDistribution": "PreferSameNode"}
    cluster.create("services", "web", spec)
    cluster.clock.advance(2)
    (slice_,) = web_slices(cluster)
    (endpoint,) = slice_["endpoints"]
    assert endpoint["hints"]["forNodes"] == [{"name": endpoint["nodeName"]}]


def test_no_slice_holds_more_than_a_hundred() -> None:
    fillings, surplus = distribute([], [(PORTS, endpoints(0, 230))])
    assert [len(f.endpoints) for f in fillings] == [100, 100, 30]
    assert surplus == []


def test_one_more_endpoint_changes_one_slice() -> None:
    slices = [found("a", endpoints(0, 100)), found("b", endpoints(100, 150))]
    fillings, _ = distribute(slices, [(PORTS, endpoints(0, 151))])
    assert [(f.slice or {})["metadata"]["name"] for f in fillings] == ["a", "b"]
    assert [len(f.endpoints) for f in fillings] == [100, 51]


def test_place_of_a_lost_endpoint_is_filled_first() -> None:
    slices = [found("a", endpoints(0, 100)), found("b", endpoints(100, 150))]
    fillings, _ = distribute(slices, [(PORTS, [*endpoints(1, 150), *endpoints(300, 301)])])
    assert [len(f.endpoints) for f in fillings] == [100, 50]


def test_emptied_slices_go() -> None:
    slices = [found("a", endpoints(0, 100)), found("b", endpoints(100, 150))]
    fillings, surplus = distribute(slices, [(PORTS, endpoints(0, 100))])
    assert [len(f.endpoints) for f in fillings] == [100]
    assert [name_of(s) for s in surplus] == ["b"]
