from __future__ import annotations

import pytest

from labrunner.sim.controllers import deployment_rules as rules
from labrunner.sim.controllers.podstate import is_finished
from labrunner.sim.objects import Obj, clone, name_of
from tests.sim.life.conftest import Cluster, deployment, template

DEPLOYMENTS = "deployments.apps"
SETS = "replicasets.apps"


def set_image(cluster: Cluster, image: str) -> None:
    changed = clone(cluster.get(DEPLOYMENTS, "web"))
    changed["spec"]["template"]["spec"]["containers"][0]["image"] = image
    cluster.api.update(DEPLOYMENTS, changed)


def sizes(cluster: Cluster) -> dict[str, int]:
    return {
        s["spec"]["template"]["spec"]["containers"][0]["image"]: s["spec"]["replicas"]
        for s in cluster.api.list(SETS, "default")
    }


def test_becomes_available_within_half_a_second(cluster: Cluster) -> None:
    cluster.create(DEPLOYMENTS, "web", deployment())
    cluster.clock.advance(0.5)
    status = cluster.status(DEPLOYMENTS, "web")
    assert {k: v for k, v in status.items() if k != "conditions"} == {
        "observedGeneration": 1,
        "replicas": 3,
        "updatedReplicas": 3,
        "readyReplicas": 3,
        "availableReplicas": 3,
        "terminatingReplicas": 0,
    }
    (owned,) = cluster.names(SETS)
    progressing = cluster.condition(DEPLOYMENTS, "web", "Progressing")
    assert progressing["message"] == f'ReplicaSet "{owned}" has successfully progressed.'
    assert cluster.condition(DEPLOYMENTS, "web", "Available")["reason"] == "MinimumReplicasAvailable"
    assert cluster.events("web") == [f"Scaled up replica set {owned} from 0 to 3"]
    assert cluster.get(DEPLOYMENTS, "web")["metadata"]["generation"] == 1


def test_name_and_labels_carry_the_template_hash(cluster: Cluster) -> None:
    cluster.create(DEPLOYMENTS, "web", deployment(1))
    cluster.clock.advance(0.5)
    (found,) = cluster.api.list(SETS, "default")
    suffix = found["metadata"]["labels"]["pod-template-hash"]
    assert name_of(found) == f"web-{suffix}"
    assert set(suffix) <= set("bcdfghjklmnpqrstvwxz2456789")
    (pod,) = cluster.api.list("pods", "default")
    assert pod["metadata"]["generateName"] == f"web-{suffix}-"
    assert pod["metadata"]["labels"] == {"app": "web", "pod-template-hash": suffix}


def test_rolling_update_keeps_within_surge_and_unavailability(cluster: Cluster) -> None:
    slow = template()
    slow["spec"]["containers"][0]["readinessProbe"] = {
        "exec": {"command": ["true"]},
        "initialDelaySeconds": 2,
    }
    cluster.create(DEPLOYMENTS, "web", deployment(4, template=slow))
    cluster.clock.advance(5)
    seen: list[tuple[int, int]] = []
    cluster.api.store.subscribe(
        SETS,
        lambda _change: seen.append(
            (
                rules.total_replicas(cluster.api.list(SETS, "default")),
                rules.total_status(cluster.api.list(SETS, "default"), "availableReplicas"),
            )
        ),
    )
    set_image(cluster, "nginx:1.26")
    cluster.clock.advance(30)
    assert sizes(cluster) == {"nginx:1.25": 0, "nginx:1.26": 4}
    assert max(wanted for wanted, _ in seen) == 5
    assert min(available for _, available in seen) >= 3


def test_undo_reuses_the_old_replica_set_as_a_new_revision(cluster: Cluster) -> None:
    cluster.create(DEPLOYMENTS, "web", deployment(2))
    cluster.clock.advance(1)
    first = cluster.names(SETS)[0]
    set_image(cluster, "nginx:1.26")
    cluster.clock.advance(5)
    set_image(cluster, "nginx:1.25")
    cluster.clock.advance(5)
    found = cluster.get(SETS, first)
    assert found["spec"]["replicas"] == 2
    notes = found["metadata"]["annotations"]
    assert (notes[rules.REVISION], notes[rules.REVISION_HISTORY]) == ("3", "1")
    assert cluster.get(DEPLOYMENTS, "web")["metadata"]["annotations"][rules.REVISION] == "3"
    assert len(cluster.names(SETS)) == 2


def test_bad_image_stops_at_one_pod_and_times_out(cluster: Cluster) -> None:
    cluster.create(DEPLOYMENTS, "web", deployment(3, progressDeadlineSeconds=60))
    cluster.clock.advance(1)
    set_image(cluster, "nginx:doesnotexist")
    cluster.clock.advance(30)
    assert sizes(cluster) == {"nginx:1.25": 3, "nginx:doesnotexist": 1}
    assert cluster.condition(DEPLOYMENTS, "web", "Progressing")["status"] == "True"
    cluster.clock.advance(60)
    progressing = cluster.condition(DEPLOYMENTS, "web", "Progressing")
    new = next(n for n in cluster.names(SETS) if cluster.get(SETS, n)["spec"]["replicas"] == 1)
    assert progressing["reason"] == "ProgressDeadlineExceeded"
    assert progressing["message"] == f'ReplicaSet "{new}" has timed out progressing.'
    assert cluster.condition(DEPLOYMENTS, "web", "Available")["status"] == "True"


def test_recreate_waits_for_the_old_pods_to_be_gone(cluster: Cluster) -> None:
    cluster.create(DEPLOYMENTS, "web", deployment(2, strategy={"type": "Recreate"}))
    cluster.clock.advance(1)
    set_image(cluster, "nginx:1.26")
    together = []
    for _ in range(40):
        cluster.clock.advance(0.05)
        live = [p for p in cluster.api.list("pods", "default") if not is_finished(p)]
        images = {p["spec"]["containers"][0]["image"] for p in live}
        together.append(len(images))
    assert max(together) == 1
    assert sizes(cluster) == {"nginx:1.25": 0, "nginx:1.26": 2}


def test_paused_deployment_scales_but_does_not_roll(cluster: Cluster) -> None:
    cluster.create(DEPLOYMENTS, "web", deployment(2))
    cluster.clock.advance(1)
    cluster.change(DEPLOYMENTS, "web", spec__paused=True)
    cluster.clock.advance(0.1)
    assert cluster.condition(DEPLOYMENTS, "web", "Progressing")["reason"] == "DeploymentPaused"
    set_image(cluster, "nginx:1.26")
    cluster.change(DEPLOYMENTS, "web", spec__replicas=4)
    cluster.clock.advance(5)
    assert sizes(cluster) == {"nginx:1.25": 4}
    cluster.change(DEPLOYMENTS, "web", spec__paused=False)
    cluster.clock.advance(5)
    assert sizes(cluster) == {"nginx:1.25": 0, "nginx:1.26": 4}


def test_history_is_cut_to_its_limit(cluster: Cluster) -> None:
    cluster.create(DEPLOYMENTS, "web", deployment(1, revisionHistoryLimit=1))
    for minor in range(26, 30):
        cluster.clock.advance(3)
        set_image(cluster, f"nginx:1.{minor}")
    cluster.clock.advance(3)
    assert sizes(cluster) == {"nginx:1.28": 0, "nginx:1.29": 1}


def test_min_ready_seconds_delay_availability(cluster: Cluster) -> None:
    cluster.create(DEPLOYMENTS, "web", deployment(1, minReadySeconds=10))
    cluster.clock.advance(5)
    status = cluster.status(DEPLOYMENTS, "web")
    assert (status["readyReplicas"], status.get("availableReplicas", 0)) == (1, 0)
    cluster.clock.advance(10)
    assert cluster.status(DEPLOYMENTS, "web")["availableReplicas"] == 1


def test_change_cause_is_copied_to_the_revision(cluster: Cluster) -> None:
    cause = {"kubernetes.io/change-cause": "first"}
    cluster.create(DEPLOYMENTS, "web", deployment(1), metadata={"annotations": cause})
    cluster.clock.advance(1)
    (found,) = cluster.api.list(SETS, "default")
    assert found["metadata"]["annotations"]["kubernetes.io/change-cause"] == "first"


def sized(name: str, replicas: int, maximum: int, age: int) -> Obj:
    return {
        "metadata": {
            "name": name,
            "creationTimestamp": f"2026-01-01T00:00:{age:02d}Z",
            "annotations": {rules.MAXIMUM: str(maximum)},
        },
        "spec": {"replicas": replicas},
    }


def scaling(replicas: int, surge: int) -> Obj:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": surge, "maxUnavailable": 2}}
    return {"spec": {"replicas": replicas, "strategy": strategy}}


@pytest.mark.parametrize(
    ("deployment_spec", "sets", "expected"),
    [
        (scaling(15, 3), [("old", 8, 13), ("new", 5, 13)], {"old": 11, "new": 7}),
        (scaling(5, 0), [("old", 5, 10), ("new", 5, 10)], {"old": 2, "new": 3}),
        (scaling(0, 3), [("old", 8, 13), ("new", 5, 13)], {"old": 0, "new": 0}),
    ],
)
def test_scaling_mid_rollout_is_proportional(
    deployment_spec: Obj, sets: list[tuple[str, int, int]], expected: dict[str, int]
) -> None:
    found = [sized(name, size, maximum, age) for age, (name, size, maximum) in enumerate(sets)]
    assert rules.proportional_sizes(deployment_spec, found) == expected


@pytest.mark.parametrize(
    ("surge", "unavailable", "replicas", "expected"),
    [("25%", "25%", 3, (1, 0)), ("25%", "25%", 10, (3, 2)), (0, 0, 3, (0, 1)), (1, "100%", 2, (1, 2))],
)
def test_percentages_round_as_upstream(
    surge: object, unavailable: object, replicas: int, expected: tuple[int, int]
) -> None:
    rolling = {"maxSurge": surge, "maxUnavailable": unavailable}
    found = {"spec": {"replicas": replicas, "strategy": {"type": "RollingUpdate", "rollingUpdate": rolling}}}
    assert (rules.max_surge(found), rules.max_unavailable(found)) == expected
