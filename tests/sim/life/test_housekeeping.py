"""Garbage collection, namespaces, endpoints, storage, budgets, quotas, autoscalers, nodes, certificates."""

from __future__ import annotations

import base64

import pytest

from labrunner.sim import controllers
from labrunner.sim.objects import Obj, clone, get_path, name_of
from tests.sim.life.conftest import Cluster, deployment, template

DEPLOYMENTS = "deployments.apps"
SETS = "replicasets.apps"
SLICES = "endpointslices.discovery.k8s.io"
CLAIMS = "persistentvolumeclaims"
VOLUMES = "persistentvolumes"
BUDGETS = "poddisruptionbudgets.policy"
SCALERS = "horizontalpodautoscalers.autoscaling"
REQUESTS = "certificatesigningrequests.certificates.k8s.io"


def web(cluster: Cluster, replicas: int = 2, **spec: object) -> None:
    cluster.create(DEPLOYMENTS, "web", deployment(replicas, **spec))
    cluster.clock.advance(1)


def service(cluster: Cluster, **spec: object) -> None:
    cluster.create("services", "web", {"selector": {"app": "web"}, "ports": [{"port": 80}], **spec})
    cluster.clock.advance(0.2)


def web_slice(cluster: Cluster) -> Obj:
    (found,) = [s for s in cluster.api.list(SLICES, "default") if name_of(s) != "kubernetes"]
    return found


# garbage collection


def test_background_deletion_takes_all_descendants(cluster: Cluster) -> None:
    web(cluster)
    cluster.delete(DEPLOYMENTS, "web", propagation="Background")
    assert cluster.names(DEPLOYMENTS) == []
    cluster.clock.advance(3)
    assert (cluster.names(SETS), cluster.names("pods")) == ([], [])


def test_foreground_deletion_keeps_the_owner_until_the_last_descendant_is_gone(cluster: Cluster) -> None:
    web(cluster)
    cluster.delete(DEPLOYMENTS, "web", propagation="Foreground")
    seen = []
    for _ in range(60):
        cluster.clock.advance(0.05)
        kept = (bool(cluster.names("pods")), bool(cluster.names(SETS)), bool(cluster.names(DEPLOYMENTS)))
        if kept not in seen:
            seen.append(kept)
    assert seen[0] == (True, True, True)
    assert seen[-1] == (False, False, False)
    assert all(owner or not (pods or sets) for pods, sets, owner in seen)


def test_orphaning_deletion_lets_the_dependents_live(cluster: Cluster) -> None:
    web(cluster)
    cluster.delete(DEPLOYMENTS, "web", propagation="Orphan")
    cluster.clock.advance(3)
    assert cluster.names(DEPLOYMENTS) == []
    (found,) = cluster.api.list(SETS, "default")
    assert "ownerReferences" not in found["metadata"]
    assert len(cluster.names("pods")) == 2


def test_an_orphaned_replica_set_is_adopted_by_a_new_deployment(cluster: Cluster) -> None:
    web(cluster)
    before = cluster.names(SETS)
    cluster.delete(DEPLOYMENTS, "web", propagation="Orphan")
    cluster.clock.advance(1)
    web(cluster)
    assert cluster.names(SETS) == before
    assert cluster.get(SETS, before[0])["metadata"]["ownerReferences"][0]["kind"] == "Deployment"


def test_an_owner_that_never_was_counts_as_gone(cluster: Cluster) -> None:
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "absent", "uid": "no-such-uid"}
    cluster.create("configmaps", "child", metadata={"ownerReferences": [owner]})
    cluster.clock.advance(1)
    assert "child" not in cluster.names("configmaps")


def test_a_relabelled_pod_is_released_and_replaced(cluster: Cluster) -> None:
    web(cluster)
    loose = cluster.names("pods")[0]
    cluster.change("pods", loose, metadata__labels={"app": "debug"})
    cluster.clock.advance(1)
    assert "ownerReferences" not in cluster.get("pods", loose)["metadata"]
    assert len(cluster.names("pods")) == 3


# namespaces


def test_a_namespace_goes_with_everything_in_it(cluster: Cluster) -> None:
    cluster.api.create("namespaces", {"metadata": {"name": "lab"}})
    cluster.clock.advance(0.2)
    assert cluster.api.get("serviceaccounts", "default", "lab") is not None
    root = cluster.api.get("configmaps", "kube-root-ca.crt", "lab") or {}
    assert root["data"] == {"ca.crt": "CERTIFICATE"}
    body = {"metadata": {"name": "web", "namespace": "lab"}, "spec": deployment(2)}
    cluster.api.create(DEPLOYMENTS, body)
    cluster.clock.advance(1)
    cluster.api.delete("namespaces", "lab")
    cluster.clock.advance(0.05)
    assert get_path(cluster.api.get("namespaces", "lab"), "status", "phase") == "Terminating"
    cluster.clock.advance(3)
    assert len(list(cluster.api.list("pods", "lab"))) == 2  # the content stays for five seconds
    assert "conditions" not in (cluster.api.get("namespaces", "lab") or {})["status"]
    cluster.clock.advance(5)
    assert cluster.api.get("namespaces", "lab") is None
    assert [
        o for gr in ("pods", DEPLOYMENTS, "configmaps", "events") for o in cluster.api.list(gr, "lab")
    ] == []


def test_a_finalizer_inside_holds_the_namespace_and_says_so(cluster: Cluster) -> None:
    cluster.api.create("namespaces", {"metadata": {"name": "lab"}})
    held = {"metadata": {"name": "cm", "namespace": "lab", "finalizers": ["example.com/hold"]}}
    cluster.api.create("configmaps", held)
    cluster.api.delete("namespaces", "lab")
    cluster.clock.advance(6)
    conditions = get_path(cluster.api.get("namespaces", "lab"), "status", "conditions")
    told = {c["type"]: c["message"] for c in conditions if c["status"] == "True"}
    assert told == {
        "NamespaceContentRemaining": "Some resources are remaining: configmaps. has 1 resource instances",
        "NamespaceFinalizersRemaining": (
            "Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances"
        ),
    }
    changed = clone(cluster.api.get("configmaps", "cm", "lab"))
    del changed["metadata"]["finalizers"]
    cluster.api.update("configmaps", changed)
    cluster.clock.advance(1)
    assert cluster.api.get("namespaces", "lab") is None


def test_the_default_account_comes_back(cluster: Cluster) -> None:
    cluster.delete("serviceaccounts", "default")
    cluster.clock.advance(0.1)
    assert cluster.names("serviceaccounts") == ["default"]


# endpoints


def test_endpoints_follow_the_pods(cluster: Cluster) -> None:
    service(cluster)
    found = web_slice(cluster)
    assert found.get("endpoints") in ([], None)
    web(cluster)
    found = web_slice(cluster)
    addresses = {p["status"]["podIP"] for p in cluster.api.list("pods", "default")}
    assert {e["addresses"][0] for e in found["endpoints"]} == addresses
    assert all(e["conditions"]["ready"] for e in found["endpoints"])
    assert found["ports"] == [{"name": "", "port": 80, "protocol": "TCP"}]
    (subset,) = cluster.get("endpoints", "web")["subsets"]
    assert {a["ip"] for a in subset["addresses"]} == addresses
    cluster.change(DEPLOYMENTS, "web", spec__replicas=0)
    cluster.clock.advance(3)
    assert cluster.get("endpoints", "web").get("subsets") is None


def test_named_ports_and_pods_that_are_not_ready(cluster: Cluster) -> None:
    pod = template()
    pod["spec"]["containers"][0].update(
        ports=[{"name": "http", "containerPort": 8080}],
        readinessProbe={"exec": {"command": ["false"]}},
    )
    service(cluster, ports=[{"port": 80, "targetPort": "http"}])
    web(cluster, 1, template=pod)
    found = web_slice(cluster)
    assert found["ports"][0]["port"] == 8080
    assert found["endpoints"][0]["conditions"] == {"ready": False, "serving": False, "terminating": False}
    assert "notReadyAddresses" in cluster.get("endpoints", "web")["subsets"][0]


def test_a_service_takes_its_slices_along(cluster: Cluster) -> None:
    service(cluster)
    web(cluster, 1)
    cluster.delete("services", "web")
    cluster.clock.advance(0.5)
    assert (cluster.names(SLICES), cluster.names("endpoints")) == (["kubernetes"], ["kubernetes"])


# storage


def claim(cluster: Cluster, name: str, size: str = "1Gi", storage_class: str | None = None) -> None:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}}
    if storage_class is not None:
        spec["storageClassName"] = storage_class
    cluster.create(CLAIMS, name, spec)
    cluster.clock.advance(0.1)


def volume(cluster: Cluster, name: str, size: str, policy: str = "Retain") -> None:
    spec = {
        "capacity": {"storage": size},
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "manual",
        "persistentVolumeReclaimPolicy": policy,
        "hostPath": {"path": f"/mnt/{name}"},
    }
    cluster.api.create(VOLUMES, {"metadata": {"name": name}, "spec": spec})
    cluster.clock.advance(0.1)


def test_the_smallest_fitting_volume_is_bound_and_kept(cluster: Cluster) -> None:
    for name, size in (("big", "10Gi"), ("fit", "2Gi"), ("small", "500Mi")):
        volume(cluster, name, size)
    claim(cluster, "data", "1Gi", "manual")
    assert cluster.get(CLAIMS, "data")["spec"]["volumeName"] == "fit"
    cluster.delete(CLAIMS, "data")
    cluster.clock.advance(1)
    phases = {name_of(v): v["status"]["phase"] for v in cluster.api.list(VOLUMES)}
    assert phases == {"big": "Available", "fit": "Released", "small": "Available"}


@pytest.mark.parametrize(
    ("storage_class", "reason", "message"),
    [
        ("nosuch", "ProvisioningFailed", 'storageclass.storage.k8s.io "nosuch" not found'),
        ("", "FailedBinding", "no persistent volumes available for this claim and no storage class is set"),
        ("slow", "WaitForFirstConsumer", "waiting for first consumer to be created before binding"),
    ],
)
def test_a_pending_claim_says_what_it_waits_for(
    cluster: Cluster, storage_class: str, reason: str, message: str
) -> None:
    slow = {"metadata": {"name": "slow"}, "volumeBindingMode": "WaitForFirstConsumer"}
    cluster.api.create(
        "storageclasses.storage.k8s.io", {**slow, "provisioner": "kubernetes.io/no-provisioner"}
    )
    claim(cluster, "data", storage_class=storage_class)
    assert cluster.status(CLAIMS, "data")["phase"] == "Pending"
    assert cluster.events("data", reason) == [message]


def test_a_claim_in_use_is_protected(cluster: Cluster) -> None:
    claim(cluster, "data")
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]
    cluster.pod("p", image="nginx", spec={"volumes": volumes})
    cluster.clock.advance(1)
    cluster.delete(CLAIMS, "data")
    cluster.clock.advance(1)
    assert cluster.names(CLAIMS) == ["data"]
    cluster.delete("pods", "p")
    cluster.clock.advance(2)
    assert cluster.names(CLAIMS) == []


# budgets, quotas, autoscalers


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"minAvailable": 2}, (3, 2, 1)),
        ({"minAvailable": "50%"}, (3, 2, 1)),
        ({"maxUnavailable": 1}, (3, 2, 1)),
        ({"maxUnavailable": "100%"}, (3, 0, 3)),
        ({"minAvailable": 5}, (3, 5, 0)),
    ],
)
def test_budget_arithmetic(cluster: Cluster, spec: dict, expected: tuple[int, int, int]) -> None:
    web(cluster, 3)
    cluster.create(BUDGETS, "web", {"selector": {"matchLabels": {"app": "web"}}, **spec})
    cluster.clock.advance(0.2)
    status = cluster.status(BUDGETS, "web")
    assert (status["currentHealthy"], status["desiredHealthy"], status["disruptionsAllowed"]) == expected
    assert status["expectedPods"] == 3


def test_quota_is_recounted_when_things_go(cluster: Cluster) -> None:
    cluster.create("resourcequotas", "q", {"hard": {"pods": "5", "configmaps": "10"}})
    cluster.clock.advance(0.1)
    assert cluster.status("resourcequotas", "q")["used"] == {"pods": "0", "configmaps": "1"}
    cluster.pod("p", image="nginx")
    cluster.create("configmaps", "cm")
    cluster.clock.advance(1)
    assert cluster.status("resourcequotas", "q")["used"] == {"pods": "1", "configmaps": "2"}
    cluster.delete("pods", "p")
    cluster.delete("configmaps", "cm")
    cluster.clock.advance(2)
    assert cluster.status("resourcequotas", "q")["used"] == {"pods": "0", "configmaps": "1"}


def test_a_full_quota_is_told_by_the_replica_set(cluster: Cluster) -> None:
    cluster.create("resourcequotas", "q", {"hard": {"pods": "1"}})
    web(cluster, 2)
    (owner,) = cluster.names(SETS)
    message = cluster.events(owner, "FailedCreate")[0]
    assert message.endswith(
        "is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1"
    )
    assert cluster.condition(SETS, owner, "ReplicaFailure")["reason"] == "FailedCreate"
    assert cluster.condition(DEPLOYMENTS, "web", "ReplicaFailure")["status"] == "True"


def scaler(cluster: Cluster, least: int, most: int) -> None:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    metric = {"resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}}
    spec = {"minReplicas": least, "maxReplicas": most, "scaleTargetRef": target}
    cluster.create(SCALERS, "web", {**spec, "metrics": [{"type": "Resource", **metric}]})
    cluster.clock.advance(16)


def test_an_autoscaler_without_metrics_says_why(cluster: Cluster) -> None:
    web(cluster, 1)
    scaler(cluster, 1, 3)
    active = cluster.condition(SCALERS, "web", "ScalingActive")
    error = (
        "failed to get cpu utilization: unable to get metrics for resource cpu: unable to fetch metrics from resource "
        "metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)"
    )
    assert active["reason"] == "FailedGetResourceMetric"
    assert active["message"] == f"the HPA was unable to compute the replica count: {error}"
    assert cluster.events("web", "FailedComputeMetricsReplicas") == [
        f"invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: {error}"
    ]


def test_an_autoscaler_keeps_its_bounds(cluster: Cluster) -> None:
    web(cluster, 1)
    scaler(cluster, 2, 5)
    assert cluster.get(DEPLOYMENTS, "web")["spec"]["replicas"] == 2
    assert cluster.events("web", "SuccessfulRescale") == [
        "New size: 2; reason: Current number of replicas below Spec.MinReplicas"
    ]


# nodes, tokens, certificates


def test_nodes_say_that_they_are_simulated(cluster: Cluster) -> None:
    for node in cluster.api.list("nodes"):
        info = node["status"]["nodeInfo"]
        assert name_of(node).startswith("simulated-")
        assert info["containerRuntimeVersion"].startswith("simulated://")
        assert info["kubeletVersion"] == "v1.36.2", "as the column VERSION of a real cluster reads"
        assert "Simulated" in info["osImage"]
    assert cluster.api.list("pods", "kube-system") == []


def test_leases_are_renewed(cluster: Cluster) -> None:
    lease = cluster.api.get("leases.coordination.k8s.io", "simulated-node-1", "kube-node-lease") or {}
    cluster.clock.advance(60)
    renewed = cluster.api.get("leases.coordination.k8s.io", "simulated-node-1", "kube-node-lease") or {}
    assert renewed["spec"]["renewTime"] > lease["spec"]["renewTime"]


def test_token_secrets_and_approved_requests_are_served(cluster: Cluster) -> None:
    cluster.controllers.stop()
    cluster.controllers = controllers.start(
        cluster.api,
        root_ca="CA",
        make_token=lambda account, secret: f"token-of-{name_of(account)}-{name_of(secret)}",
        sign=lambda request, days: request + f" signed for {days} days".encode(),
    )
    cluster.create(
        "secrets",
        "token",
        type="kubernetes.io/service-account-token",
        metadata={"annotations": {"kubernetes.io/service-account.name": "default"}},
    )
    cluster.clock.advance(0.2)
    data = cluster.get("secrets", "token")["data"]
    assert base64.b64decode(data["token"]) == b"token-of-default-token"
    assert base64.b64decode(data["namespace"]) == b"default"


def test_a_made_up_node_is_found_to_have_no_kubelet(cluster: Cluster) -> None:
    cluster.api.create("nodes", {"metadata": {"name": "paper"}})
    cluster.clock.advance(70)
    node = cluster.api.get("nodes", "paper") or {}
    ready = next(c for c in node["status"]["conditions"] if c["type"] == "Ready")
    assert (ready["status"], ready["message"]) == ("Unknown", "Kubelet never posted node status.")
    keys = {(t["key"], t["effect"]) for t in node["spec"]["taints"]}
    assert ("node.kubernetes.io/unreachable", "NoExecute") in keys


def test_pods_of_a_deleted_node_are_replaced(cluster: Cluster) -> None:
    web(cluster, 1, template=template(tolerations=[{"operator": "Exists"}]))
    (pod,) = cluster.api.list("pods", "default")
    cluster.api.delete("nodes", pod["spec"]["nodeName"])
    cluster.clock.advance(45)
    (other,) = cluster.api.list("pods", "default")
    assert other["spec"]["nodeName"] != pod["spec"]["nodeName"]
    assert cluster.state(name_of(other)) == "running"


def test_endpoints_made_by_hand_are_mirrored(cluster: Cluster) -> None:
    cluster.create("services", "legacy", {"ports": [{"port": 80}]})
    subset = {"addresses": [{"ip": "192.0.2.50"}], "ports": [{"port": 8080}]}
    cluster.create("endpoints", "legacy", subsets=[subset])
    cluster.clock.advance(0.2)
    (found,) = [s for s in cluster.api.list(SLICES, "default") if name_of(s).startswith("legacy-")]
    assert found["endpoints"] == [{"addresses": ["192.0.2.50"], "conditions": {"ready": True}}]
    assert found["metadata"]["labels"]["kubernetes.io/service-name"] == "legacy"
    cluster.delete("endpoints", "legacy")
    cluster.clock.advance(0.5)
    assert cluster.names(SLICES) == ["kubernetes"]
