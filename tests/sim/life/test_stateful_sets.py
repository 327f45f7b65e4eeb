from __future__ import annotations

from labrunner.sim.objects import Obj, name_of
from tests.sim.life.conftest import Cluster, template

SETS = "statefulsets.apps"
CLAIMS = "persistentvolumeclaims"
CLAIM = {
    "metadata": {"name": "data"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "10Mi"}}},
}


def stateful_set(cluster: Cluster, **spec: object) -> None:
    body: Obj = {
        "serviceName": "db",
        "replicas": 2,
        "selector": {"matchLabels": {"app": "db"}},
        "template": template(app="db"),
        **spec,
    }
    cluster.create(SETS, "db", body)


def owners(cluster: Cluster, claim: str) -> list[tuple[str, str]]:
    references = cluster.get(CLAIMS, claim)["metadata"].get("ownerReferences") or []
    return [(r["kind"], r["name"]) for r in references]


def test_revisions_are_named_as_the_real_controller_names_them(cluster: Cluster) -> None:
    # Recorded on Kubernetes 1.36.2: shared/podlife, 14-statefulset-daemonset.
    container: Obj = {
        "name": "app",
        "image": "busybox:1.36",
        "command": ["sh", "-c", "trap 'exit 0' TERM; while true; do sleep 1; done"],
        "readinessProbe": {
            "exec": {"command": ["sh", "-c", "exit 0"]},
            "initialDelaySeconds": 2,
            "periodSeconds": 1,
        },
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
    }
    pod = {
        "metadata": {"labels": {"app": "db"}},
        "spec": {"terminationGracePeriodSeconds": 2, "containers": [container]},
    }
    stateful_set(cluster, template=pod, volumeClaimTemplates=[CLAIM])
    cluster.clock.advance(1)
    assert cluster.names("controllerrevisions.apps") == ["db-86784fb767"]
    assert cluster.get("pods", "db-0")["metadata"]["labels"]["controller-revision-hash"] == "db-86784fb767"


def test_next_pod_waits_until_the_one_before_is_available(cluster: Cluster) -> None:
    stateful_set(cluster, minReadySeconds=10)
    cluster.clock.advance(8)
    assert cluster.names("pods") == ["db-0"]
    status = cluster.status(SETS, "db")
    assert (status["readyReplicas"], status["availableReplicas"]) == (1, 0)
    cluster.clock.advance(5)
    assert cluster.names("pods") == ["db-0", "db-1"]


def test_claims_belong_to_the_set_or_to_the_scaled_down_pod(cluster: Cluster) -> None:
    policy = {"whenDeleted": "Delete", "whenScaled": "Delete"}
    stateful_set(cluster, volumeClaimTemplates=[CLAIM], persistentVolumeClaimRetentionPolicy=policy)
    cluster.clock.advance(3)
    assert owners(cluster, "data-db-1") == [("StatefulSet", "db")]
    cluster.change(SETS, "db", spec__replicas=1)
    cluster.clock.advance(0.01)
    assert owners(cluster, "data-db-1") == [("Pod", "db-1")]
    cluster.clock.advance(5)
    assert cluster.names(CLAIMS) == ["data-db-0"]
    cluster.change(SETS, "db", spec__replicas=2)
    cluster.clock.advance(5)
    assert owners(cluster, "data-db-1") == [("StatefulSet", "db")]
    cluster.delete(SETS, "db", propagation="Background")
    cluster.clock.advance(5)
    assert cluster.names(CLAIMS) == []


def test_changed_retention_policy_changes_the_owners(cluster: Cluster) -> None:
    stateful_set(cluster, volumeClaimTemplates=[CLAIM])
    cluster.clock.advance(3)
    assert owners(cluster, "data-db-0") == []
    policy = {"whenDeleted": "Delete", "whenScaled": "Retain"}
    cluster.change(SETS, "db", spec__persistentVolumeClaimRetentionPolicy=policy)
    cluster.clock.advance(1)
    assert owners(cluster, "data-db-0") == [("StatefulSet", "db")]


def test_parallel_pods_start_and_stop_together(cluster: Cluster) -> None:
    stateful_set(cluster, replicas=3, podManagementPolicy="Parallel", ordinals={"start": 5})
    cluster.clock.advance(0.01)
    assert cluster.names("pods") == ["db-5", "db-6", "db-7"]
    cluster.clock.advance(2)
    cluster.change(SETS, "db", spec__replicas=1)
    cluster.clock.advance(0.01)
    ending = [name_of(p) for p in cluster.api.list("pods", "default") if "deletionTimestamp" in p["metadata"]]
    assert ending == ["db-6", "db-7"]


def test_on_delete_replaces_only_what_is_deleted(cluster: Cluster) -> None:
    stateful_set(cluster, updateStrategy={"type": "OnDelete"})
    cluster.clock.advance(3)
    cluster.change(SETS, "db", spec__template=template(image="nginx:1.26", app="db"))
    cluster.clock.advance(3)
    cluster.delete("pods", "db-1")
    cluster.clock.advance(3)
    images = [cluster.get("pods", f"db-{n}")["spec"]["containers"][0]["image"] for n in range(2)]
    assert images == ["nginx:1.25", "nginx:1.26"]
    assert cluster.status(SETS, "db")["updatedReplicas"] == 1


def test_broken_revision_blocks_until_its_pod_is_deleted_by_hand(cluster: Cluster) -> None:
    stateful_set(cluster)
    cluster.clock.advance(3)
    cluster.change(SETS, "db", spec__template=template(image="nginx:doesnotexist", app="db"))
    cluster.clock.advance(10)
    cluster.change(SETS, "db", spec__template=template(image="nginx:1.26", app="db"))
    cluster.clock.advance(30)
    assert cluster.get("pods", "db-1")["spec"]["containers"][0]["image"] == "nginx:doesnotexist"
    cluster.delete("pods", "db-1")
    cluster.clock.advance(10)
    images = [cluster.get("pods", f"db-{n}")["spec"]["containers"][0]["image"] for n in range(2)]
    assert images == ["nginx:1.26", "nginx:1.26"]


def test_failed_pod_is_replaced_under_its_name(cluster: Cluster) -> None:
    stateful_set(cluster, replicas=1)
    cluster.clock.advance(2)
    pod = cluster.get("pods", "db-0")
    cluster.api.update_status("pods", {**pod, "status": {**pod["status"], "phase": "Failed"}})
    cluster.clock.advance(3)
    assert cluster.get("pods", "db-0")["metadata"]["uid"] != pod["metadata"]["uid"]
    assert cluster.events("db") == [
        "Delete Pod db-0 in StatefulSet db successful",
        "Create Pod db-0 in StatefulSet db successful",
    ]


def test_refused_claim_and_pod_are_told_apart(cluster: Cluster) -> None:
    cluster.create("resourcequotas", "none", {"hard": {"persistentvolumeclaims": "0"}})
    stateful_set(cluster, volumeClaimTemplates=[CLAIM])
    cluster.clock.advance(0.5)
    why = (
        'persistentvolumeclaims "data-db-0" is forbidden: exceeded quota: none, requested: '
        "persistentvolumeclaims=1, used: persistentvolumeclaims=0, limited: persistentvolumeclaims=0"
    )
    told = cluster.events("db", "FailedCreate")
    assert f"Create Claim data-db-0 for Pod db-0 in StatefulSet db failed error: {why}" in told
    assert f"Create Pod db-0 in StatefulSet db failed error: failed to create PVC data-db-0: {why}" in told


def test_field_of_a_feature_that_is_off_is_dropped(cluster: Cluster) -> None:
    rolling = {"partition": 0, "maxUnavailable": 2}
    stateful_set(cluster, updateStrategy={"type": "RollingUpdate", "rollingUpdate": rolling})
    assert cluster.get(SETS, "db")["spec"]["updateStrategy"]["rollingUpdate"] == {"partition": 0}
