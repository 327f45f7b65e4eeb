"""Rows and columns that ``kubectl get`` shows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from labrunner.sim import printers
from labrunner.sim.objects import Obj
from labrunner.sim.printers.text import human_duration, selector_text
from tests.sim.manifests import made, pod, type_of, workload

NOW = datetime(2026, 1, 1, 1, 0, 0, tzinfo=UTC)


def shown(gr: str, obj: Obj, *, wide: bool = False) -> dict[str, Any]:
    """Column title to cell, as ``kubectl get`` (``-o wide``) would show one object."""
    table = printers.table([obj], type_of(gr), now=NOW)
    cells = table["rows"][0]["cells"]
    assert len(cells) == len(table["columnDefinitions"])
    return {
        column["name"]: cell
        for column, cell in zip(table["columnDefinitions"], cells, strict=True)
        if wide or not column["priority"]
    }


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "<invalid>"),
        (-0.5, "0s"),
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (150, "2m30s"),
        (599, "9m59s"),
        (600, "10m"),
        (10799, "179m"),
        (10800, "3h"),
        (11100, "3h5m"),
        (28800, "8h"),
        (172799, "47h"),
        (172800, "2d"),
        (180000, "2d2h"),
        (8 * 86400, "8d"),
        (2 * 365 * 86400 - 1, "729d"),
        (2 * 365 * 86400 + 86400, "2y1d"),
        (9 * 365 * 86400, "9y"),
    ],
)
def test_ages(seconds: float, text: str) -> None:
    assert human_duration(seconds) == text


def waiting(reason: str, **more: Any) -> Obj:
    return {"name": "c", "state": {"waiting": {"reason": reason}}, "ready": False, **more}


def running(ready: bool = True, **more: Any) -> Obj:
    return {"name": "c", "state": {"running": {}}, "ready": ready, **more}


def ended(reason: str = "", code: int = 0, **more: Any) -> Obj:
    state = {"terminated": {"exitCode": code, **({"reason": reason} if reason else {}), **more}}
    return {"name": "c", "state": state, "ready": False}


READY = [{"type": "Ready", "status": "True"}]


@pytest.mark.parametrize(
    ("status", "spec", "meta", "want"),
    [
        ({"phase": "Pending"}, {}, {}, ("0/1", "Pending", "0")),
        ({"phase": "Running", "containerStatuses": [running()]}, {}, {}, ("1/1", "Running", "0")),
        (
            {"phase": "Pending", "containerStatuses": [waiting("ContainerCreating")]},
            {},
            {},
            ("0/1", "ContainerCreating", "0"),
        ),
        (
            {"phase": "Succeeded", "containerStatuses": [ended("Completed")]},
            {},
            {},
            ("0/1", "Completed", "0"),
        ),
        ({"phase": "Failed", "containerStatuses": [ended(code=3)]}, {}, {}, ("0/1", "ExitCode:3", "0")),
        (
            {"phase": "Failed", "containerStatuses": [ended(code=137, signal=9)]},
            {},
            {},
            ("0/1", "Signal:9", "0"),
        ),
        ({"phase": "Failed", "reason": "Evicted"}, {}, {}, ("0/1", "Evicted", "0")),
        (
            {
                "phase": "Running",
                "containerStatuses": [
                    waiting(
                        "CrashLoopBackOff",
                        restartCount=3,
                        lastState={"terminated": {"finishedAt": "2026-01-01T00:59:50Z"}},
                    )
                ],
            },
            {},
            {},
            ("0/1", "CrashLoopBackOff", "3 (10s ago)"),
        ),
        (
            {"phase": "Running", "containerStatuses": [running()]},
            {},
            {"deletionTimestamp": "2026-01-01T00:59:00Z"},
            ("1/1", "Terminating", "0"),
        ),
        (
            {"phase": "Running", "reason": "NodeLost", "containerStatuses": [running()]},
            {},
            {"deletionTimestamp": "2026-01-01T00:59:00Z"},
            ("1/1", "Unknown", "0"),
        ),
        (
            {"phase": "Pending", "conditions": [{"type": "PodScheduled", "reason": "SchedulingGated"}]},
            {},
            {},
            ("0/1", "SchedulingGated", "0"),
        ),
        (
            {
                "phase": "Pending",
                "initContainerStatuses": [{"name": "i", "state": {"waiting": {"reason": "PodInitializing"}}}],
            },
            {"initContainers": [{"name": "i", "image": "b"}]},
            {},
            ("0/1", "Init:0/1", "0"),
        ),
        (
            {
                "phase": "Pending",
                "initContainerStatuses": [
                    {"name": "i", "state": {"terminated": {"exitCode": 1, "reason": "Error"}}}
                ],
            },
            {"initContainers": [{"name": "i", "image": "b"}]},
            {},
            ("0/1", "Init:Error", "0"),
        ),
        (
            {
                "phase": "Running",
                "initContainerStatuses": [
                    {"name": "i", "state": {"running": {}}, "started": True, "ready": True}
                ],
                "containerStatuses": [running()],
            },
            {"initContainers": [{"name": "i", "image": "b", "restartPolicy": "Always"}]},
            {},
            ("2/2", "Running", "0"),
        ),
    ],
)
def test_pod_status(status: Obj, spec: Obj, meta: Obj, want: tuple[str, str, str]) -> None:
    cells = shown("pods", pod(spec, status=status, metadata=meta))
    assert (cells["Ready"], cells["Status"], cells["Restarts"]) == want


@pytest.mark.parametrize(("conditions", "reason"), [(READY, "Running"), ([], "NotReady")])
def test_a_pod_with_one_finished_container(conditions: list[Obj], reason: str) -> None:
    status = {
        "phase": "Running",
        "conditions": conditions,
        "containerStatuses": [ended("Completed"), running()],
    }
    assert shown("pods", pod(status=status))["Status"] == reason


def test_wide_pod() -> None:
    status = {
        "phase": "Running",
        "podIPs": [{"ip": "10.244.1.2"}],
        "conditions": [{"type": "a/b", "status": "True"}],
    }
    found = pod(
        {"nodeName": "n", "readinessGates": [{"conditionType": "a/b"}, {"conditionType": "c/d"}]},
        status=status,
    )
    cells = shown("pods", found, wide=True)
    assert [cells[k] for k in ("IP", "Node", "Nominated Node", "Readiness Gates")] == [
        "10.244.1.2",
        "n",
        "<none>",
        "1/2",
    ]


@pytest.mark.parametrize(
    ("spec", "status", "want"),
    [
        (
            {"clusterIPs": ["10.96.0.9"], "ports": [{"port": 80}]},
            {},
            ("ClusterIP", "10.96.0.9", "<none>", "80/TCP"),
        ),
        (
            {"type": "NodePort", "clusterIPs": ["10.96.0.9"], "ports": [{"port": 8080, "nodePort": 31650}]},
            {},
            ("NodePort", "10.96.0.9", "<none>", "8080:31650/TCP"),
        ),
        (
            {"type": "LoadBalancer", "clusterIPs": ["10.96.0.9"]},
            {},
            ("LoadBalancer", "10.96.0.9", "<pending>", "<none>"),
        ),
        (
            {"type": "LoadBalancer", "clusterIPs": ["10.96.0.9"]},
            {"loadBalancer": {"ingress": [{"ip": "1.2.3.4"}, {"hostname": "a.b"}]}},
            ("LoadBalancer", "10.96.0.9", "1.2.3.4,a.b", "<none>"),
        ),
        (
            {"type": "ExternalName", "externalName": "example.com"},
            {},
            ("ExternalName", "<none>", "example.com", "<none>"),
        ),
        ({"clusterIPs": ["None"]}, {}, ("ClusterIP", "None", "<none>", "<none>")),
    ],
)
def test_services(spec: Obj, status: Obj, want: tuple[str, ...]) -> None:
    cells = shown("services", made("services", spec, status=status))
    assert (cells["Type"], cells["Cluster-IP"], cells["External-IP"], cells["Port(s)"]) == want


def test_endpoints_are_cut_short() -> None:
    addresses = [{"ip": f"10.0.0.{i}"} for i in range(5)]
    found = made("endpoints", subsets=[{"addresses": addresses, "ports": [{"port": 80}]}])
    assert shown("endpoints", found)["Endpoints"] == "10.0.0.0:80,10.0.0.1:80,10.0.0.2:80 + 2 more..."


def test_ingress() -> None:
    rules = [{"host": f"{c}.example.com"} for c in "abcd"]
    cells = shown(
        "ingresses.networking.k8s.io", made("ingresses.networking.k8s.io", {"rules": rules, "tls": [{}]})
    )
    assert cells["Hosts"] == "a.example.com,b.example.com,c.example.com + 1 more..."
    assert (cells["Class"], cells["Ports"], cells["Address"]) == ("<none>", "80, 443", "")


def test_deployment_and_its_wide_columns() -> None:
    found = workload("deployments.apps", {"replicas": 4}, status={"readyReplicas": 2, "updatedReplicas": 3})
    assert shown("deployments.apps", found, wide=True) == {
        "Name": "x",
        "Ready": "2/4",
        "Up-to-date": 3,
        "Available": 0,
        "Age": "60m",
        "Containers": "c",
        "Images": "nginx",
        "Selector": "app=a",
    }


def test_jobs() -> None:
    done = {
        "succeeded": 1,
        "startTime": "2026-01-01T00:00:00Z",
        "completionTime": "2026-01-01T00:00:07Z",
        "conditions": [{"type": "Complete", "status": "True"}],
    }
    cells = shown("jobs.batch", workload("jobs.batch", status=done))
    assert (cells["Status"], cells["Completions"], cells["Duration"]) == ("Complete", "1/1", "7s")
    queue = workload("jobs.batch", {"parallelism": 3}, status={"startTime": "2026-01-01T00:59:55Z"})
    cells = shown("jobs.batch", queue)
    assert (cells["Status"], cells["Completions"], cells["Duration"]) == ("Running", "0/1 of 3", "5s")


def test_autoscaler_without_metrics() -> None:
    target = {"type": "Utilization", "averageUtilization": 60}
    metrics = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    spec = {"maxReplicas": 5, "metrics": metrics, "scaleTargetRef": {"kind": "Deployment", "name": "web"}}
    cells = shown("horizontalpodautoscalers.autoscaling", made("horizontalpodautoscalers.autoscaling", spec))
    assert (cells["Reference"], cells["Targets"], cells["MinPods"]) == (
        "Deployment/web",
        "cpu: <unknown>/60%",
        "1",
    )


def test_node_status_and_roles() -> None:
    found = made(
        "nodes",
        {"unschedulable": True},
        metadata={"labels": {"node-role.kubernetes.io/worker": "", "node-role.kubernetes.io/edge": ""}},
        status={"conditions": [{"type": "Ready", "status": "True"}]},
    )
    cells = shown("nodes", found)
    assert (cells["Status"], cells["Roles"]) == ("Ready,SchedulingDisabled", "edge,worker")


def test_quota_splits_requests_from_limits() -> None:
    status = {"hard": {"pods": "3", "limits.memory": "1Gi"}, "used": {"pods": "1", "limits.memory": "128Mi"}}
    cells = shown("resourcequotas", made("resourcequotas", {}, status=status))
    assert (cells["Request"], cells["Limit"]) == ("pods: 1/3", "limits.memory: 128Mi/1Gi")


def test_claims_show_what_they_are_bound_to() -> None:
    spec = {"accessModes": ["ReadWriteOnce"], "volumeName": "v", "storageClassName": "s"}
    status = {
        "phase": "Bound",
        "capacity": {"storage": "2Gi"},
        "accessModes": ["ReadWriteOnce", "ReadOnlyMany"],
    }
    cells = shown("persistentvolumeclaims", made("persistentvolumeclaims", spec, status=status))
    assert [cells[k] for k in ("Status", "Volume", "Capacity", "Access Modes")] == [
        "Bound",
        "v",
        "2Gi",
        "RWO,ROX",
    ]
    pending = made("persistentvolumeclaims", {"accessModes": ["ReadWriteOnce"]})
    assert shown("persistentvolumeclaims", pending)["Access Modes"] == ""


def test_events() -> None:
    found = made(
        "events",
        involvedObject={"kind": "Pod", "name": "p"},
        reason="Pulled",
        message="done \n",
        type="Normal",
        lastTimestamp=(NOW - timedelta(seconds=90)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        source={"component": "kubelet", "host": "n"},
        count=2,
    )
    cells = shown("events", found, wide=True)
    assert [cells[k] for k in ("Last Seen", "Object", "Message", "Source", "Count")] == [
        "90s",
        "pod/p",
        "done",
        "kubelet, n",
        2,
    ]


def test_selectors_in_their_short_form() -> None:
    expressions = [
        {"key": "tier", "operator": "In", "values": ["b", "a"]},
        {"key": "x", "operator": "DoesNotExist"},
        {"key": "y", "operator": "Exists"},
    ]
    assert (
        selector_text({"matchLabels": {"app": "web"}, "matchExpressions": expressions})
        == "app=web,tier in (a,b),!x,y"
    )
    assert selector_text({}) == "<none>"


def test_rows_carry_what_is_asked_for() -> None:
    found = pod()
    rt = type_of("pods")
    partial = printers.table([found], rt, now=NOW)["rows"][0]["object"]
    assert partial == {
        "kind": "PartialObjectMetadata",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": found["metadata"],
    }
    assert printers.table([found], rt, now=NOW, include_object="Object")["rows"][0]["object"] is found
    assert printers.table([found], rt, now=NOW, include_object="None")["rows"][0]["object"] is None
    assert printers.table([], rt, now=NOW, list_meta={"resourceVersion": "7"})["metadata"] == {
        "resourceVersion": "7"
    }


def test_every_listed_type_has_a_table() -> None:
    from tests.sim.manifests import REGISTRY

    for rt in REGISTRY.storage_types():
        table = printers.table([made(rt.storage_gr)], rt, now=NOW)
        assert len(table["rows"][0]["cells"]) == len(table["columnDefinitions"]), rt.gr
        assert any(column["format"] == "name" for column in table["columnDefinitions"])


def test_custom_columns() -> None:
    declared = [
        {"name": "Spec", "type": "string", "jsonPath": ".spec.cron"},
        {"name": "Replicas", "type": "integer", "jsonPath": ".spec.replicas"},
        {"name": "Ready", "type": "string", "jsonPath": '.status.conditions[?(@.type=="Ready")].status'},
        {"name": "Hosts", "type": "string", "jsonPath": ".spec.hosts[*]"},
        {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
        {
            "name": "Note",
            "type": "string",
            "jsonPath": ".metadata.annotations.example\\.com/note",
            "priority": 1,
        },
    ]
    found = {
        "metadata": {
            "name": "one",
            "creationTimestamp": "2026-01-01T00:59:30Z",
            "annotations": {"example.com/note": "hi"},
        },
        "spec": {"cron": "* * * * *", "replicas": 2},
        "status": {
            "conditions": [{"type": "Synced", "status": "False"}, {"type": "Ready", "status": "True"}]
        },
    }
    printer = printers.custom_printer(declared)
    assert printer.row(found, NOW) == ["one", "* * * * *", 2, "True", None, "30s", "hi"]
    assert [c.name for c in printers.custom_printer(None).columns] == ["Name", "Age"]


def test_wide_admission_binding_names_its_parameter() -> None:
    gr = "validatingadmissionpolicybindings.admissionregistration.k8s.io"
    for reference, want in (
        (None, "<unset>"),
        ({"name": "p"}, "*/p"),
        ({"name": "p", "namespace": "n"}, "n/p"),
        (
            {"selector": {"matchLabels": {"a": "b"}}},
            "&LabelSelector{MatchLabels:map[string]string{a: b,},MatchExpressions:[]LabelSelectorRequirement{},}",
        ),
    ):
        spec = {"policyName": "x", **({"paramRef": reference} if reference else {})}
        assert shown(gr, made(gr, spec))["ParamRef"] == want
