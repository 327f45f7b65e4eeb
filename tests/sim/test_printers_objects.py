"""Cells that ``kubectl get`` shows for network, storage, device and flow control objects in their rarer states."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from labrunner.sim import printers
from labrunner.sim.objects import Obj
from tests.sim.manifests import made, pod, type_of

NOW = datetime(2026, 1, 1, 1, 0, 0, tzinfo=UTC)
GONE = {"deletionTimestamp": "2026-01-01T00:59:00Z"}
STORAGE = "storage.k8s.io"
FLOW = "flowcontrol.apiserver.k8s.io"


def cells(gr: str, **top: Any) -> dict[str, Any]:
    table = printers.table([made(gr, **top)], type_of(gr), now=NOW)
    names = [column["name"] for column in table["columnDefinitions"]]
    return dict(zip(names, table["rows"][0]["cells"], strict=True))


def balanced(*addresses: str) -> Obj:
    return {
        "loadBalancer": {"ingress": [{"ip": a} if a[0].isdigit() else {"hostname": a} for a in addresses]}
    }


@pytest.mark.parametrize(
    ("gr", "top", "wanted"),
    [
        ("services", {"spec": {"type": "LoadBalancer", "externalIPs": ["9.9.9.9"]}, "status": balanced("b.c", "1.2.3.4")},
         {"External-IP": "1.2.3.4,b.c,9.9.9.9"}),
        ("endpoints", {"subsets": [{"notReadyAddresses": [{"ip": "10.0.0.1"}], "ports": [{"port": 80}]}]},
         {"Endpoints": ""}),
        ("endpoints", {}, {"Endpoints": "<none>"}),
        ("endpoints", {"subsets": [{"addresses": [{"ip": "fd00::1"}], "ports": [{"port": 80}]}]},
         {"Endpoints": "[fd00::1]:80"}),
        ("endpointslices.discovery.k8s.io", {"addressType": "IPv4", "endpoints": [], "ports": [{}]},
         {"Ports": "<unset>", "Endpoints": "<unset>"}),
        ("endpointslices.discovery.k8s.io", {"addressType": "IPv4", "endpoints": [], "ports": [{"name": "web"}]},
         {"Ports": "web"}),
        ("ingresses.networking.k8s.io", {"spec": {"rules": [{"host": c} for c in "abc"] + [{}, {}]}},
         {"Hosts": "a,b,c + 2 more..."}),
        ("ingresses.networking.k8s.io", {"spec": {"rules": [{}]}, "status": balanced("b.c", "1.2.3.4")},
         {"Hosts": "*", "Address": "1.2.3.4,b.c"}),
        ("ingressclasses.networking.k8s.io", {"spec": {"parameters": {"apiGroup": "a.b", "kind": "K", "name": "n"}}},
         {"Parameters": "K.a.b/n"}),
        ("ipaddresses.networking.k8s.io", {"spec": {"parentRef": {"resource": "services", "namespace": "n", "name": "s"}}},
         {"ParentRef": "services/n/s"}),
        ("ipaddresses.networking.k8s.io", {"spec": {}}, {"ParentRef": "<none>"}),
        (f"storageclasses.{STORAGE}",
         {"provisioner": "p", "metadata": {"annotations": {"storageclass.beta.kubernetes.io/is-default-class": "true"}}},
         {"Name": "x (default)", "AllowVolumeExpansion": False}),
        (f"volumeattributesclasses.{STORAGE}", {"driverName": "d"}, {"Name": "x", "DriverName": "d"}),
        (f"csistoragecapacities.{STORAGE}", {"storageClassName": "s", "capacity": "1024Mi"},
         {"StorageClassName": "s", "Capacity": "1Gi"}),
        (f"csistoragecapacities.{STORAGE}", {"storageClassName": "s"}, {"Capacity": "<unset>"}),
        (f"csidrivers.{STORAGE}", {"spec": {"tokenRequests": [{"audience": "a"}, {"audience": "b"}]}},
         {"AttachRequired": True, "TokenRequests": "a,b", "Modes": "Persistent"}),
        ("resourceclaims.resource.k8s.io", {"spec": {}}, {"State": "pending"}),
        ("resourceclaims.resource.k8s.io", {"spec": {}, "status": {"allocation": {}, "reservedFor": [{}]}},
         {"State": "allocated,reserved"}),
        ("resourceclaims.resource.k8s.io", {"spec": {}, "metadata": GONE, "status": {"allocation": {}}},
         {"State": "deleted,allocated"}),
        ("resourceslices.resource.k8s.io", {"spec": {"driver": "d", "nodeName": "n", "pool": {"name": "p"}}},
         {"Node": "n", "Driver": "d", "Pool": "p"}),
        (f"prioritylevelconfigurations.{FLOW}", {"spec": {"type": "Exempt", "exempt": {"nominalConcurrencyShares": 5}}},
         {"NominalConcurrencyShares": "<none>", "Queues": "<none>"}),
        ("events", {"involvedObject": {"kind": "Pod"}, "reportingComponent": "kubelet", "reportingInstance": "n1"},
         {"Source": "kubelet, n1", "Object": "pod", "Count": 1}),
        ("events", {"involvedObject": {}, "source": {"component": "c"}, "reportingInstance": "n1"}, {"Source": "c, n1"}),
        ("resourcequotas", {"spec": {}, "status": {"hard": {"limitsx": "1", "limits.cpu": "2"}}},
         {"Request": "limitsx: 0/1", "Limit": "limits.cpu: 0/2"}),
    ],
)  # fmt: skip
def test_cells(gr: str, top: dict[str, Any], wanted: dict[str, Any]) -> None:
    found = cells(gr, **top)
    assert {key: found[key] for key in wanted} == wanted


def test_columns_are_declared_as_a_real_server_declares_them() -> None:
    def declared(gr: str) -> dict[str, str]:
        found = printers.table([], type_of(gr), now=NOW)["columnDefinitions"]
        return {column["name"]: column["type"] for column in found}

    assert declared("deployments.apps")["Available"] == "string"
    assert declared("replicasets.apps")["Ready"] == "integer"
    assert declared("roles.rbac.authorization.k8s.io")["Created At"] == "date"
    assert declared(f"csidrivers.{STORAGE}")["AttachRequired"] == "boolean"
    assert list(declared("resourceclaimtemplates.resource.k8s.io")) == ["Name", "Age"]


@pytest.mark.parametrize(
    ("phase", "reason"), [("Succeeded", "Succeeded"), ("Failed", "Failed"), ("Running", None)]
)
def test_rows_of_finished_pods_say_so(phase: str, reason: str | None) -> None:
    [row] = printers.table([pod(status={"phase": phase})], type_of("pods"), now=NOW)["rows"]
    assert [c["reason"] for c in row.get("conditions", [])] == ([reason] if reason else [])
