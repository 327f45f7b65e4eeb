"""Names of replica sets as a real kube-controller-manager v1.36.2 gave them: shared/fidelity and shared/podlife."""

from __future__ import annotations

import pytest

from labrunner.sim.controllers.template_dump import dump
from labrunner.sim.objects import Obj, name_of
from tests.sim.life.conftest import Cluster

DEPLOYMENTS = "deployments.apps"
TRAP = ["sh", "-c", "trap 'exit 0' TERM; while true; do sleep 1; done"]
SHOP: Obj = {
    "name": "web",
    "image": "nginx:1.27",
    "ports": [{"containerPort": 80, "name": "http"}],
    "readinessProbe": {"httpGet": {"path": "/", "port": "http"}},
    "resources": {"requests": {"cpu": "50m", "memory": "32Mi"}, "limits": {"memory": "64Mi"}},
}
READY: Obj = {
    "name": "app",
    "image": "busybox:1.36",
    "command": TRAP,
    "readinessProbe": {
        "exec": {"command": ["sh", "-c", "exit 0"]},
        "initialDelaySeconds": 2,
        "periodSeconds": 1,
    },
}


@pytest.mark.parametrize(
    ("name", "container", "extra", "expected"),
    [
        ("web", {"name": "nginx", "image": "nginx:1.25"}, {}, "7b46c4b544"),
        ("shop", SHOP, {}, "7d84d8f4cf"),
        ("shop", {**SHOP, "image": "nginx:1.28"}, {}, "57bfcf4ccb"),
        ("shop", {**SHOP, "image": "nginx:1.29"}, {}, "698f686997"),
        ("web", READY, {"terminationGracePeriodSeconds": 3}, "8455d4b466"),
    ],
)
def test_replica_sets_are_named_as_on_a_real_cluster(
    cluster: Cluster, name: str, container: Obj, extra: Obj, expected: str
) -> None:
    labels = {"app": name}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [container], **extra}}
    cluster.create(DEPLOYMENTS, name, {"selector": {"matchLabels": labels}, "template": pod})
    cluster.clock.advance(1)
    assert cluster.names("replicasets.apps") == [f"{name}-{expected}"]


def test_everything_in_a_template_can_be_printed(cluster: Cluster) -> None:
    volumes = [
        {"name": "a", "emptyDir": {"sizeLimit": "1Gi"}},
        {"name": "b", "configMap": {"name": "c", "items": [{"key": "k", "path": "p", "mode": 256}]}},
        {"name": "c", "projected": {"sources": [{"secret": {"name": "s", "optional": True}}]}},
    ]
    term = {"key": "disk", "operator": "In", "values": ["ssd"]}
    affinity = {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {
                "nodeSelectorTerms": [{"matchExpressions": [term]}]
            }
        }
    }
    env = [
        {"name": "CPU", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "0"}}},
        {"name": "X", "value": "y"},
    ]
    container = {"name": "app", "image": "nginx", "env": env, "securityContext": {"runAsUser": 1000}}
    text = dump({"spec": {"containers": [container], "volumes": volumes, "affinity": affinity}})
    for part in (
        "EmptyDir:(*v1.EmptyDirVolumeSource){Medium:(v1.StorageMedium) SizeLimit:(*resource.Quantity)"
        "{i:(resource.int64Amount){value:(int64)1073741824 scale:(resource.Scale)0}",
        "Items:([]v1.KeyToPath)[{Key:(string)k Path:(string)p Mode:(*int32)256}]",
        "MatchExpressions:([]v1.NodeSelectorRequirement)[{Key:(string)disk Operator:(v1.NodeSelectorOperator)In "
        "Values:([]string)[ssd]}]",
        "Divisor:(resource.Quantity){i:(resource.int64Amount){value:(int64)0 scale:(resource.Scale)0}",
        "RunAsUser:(*int64)1000",
    ):
        assert part in text


def test_daemon_revisions_carry_the_same_hash(cluster: Cluster) -> None:
    labels = {"app": "web"}
    container = {"name": "nginx", "image": "nginx:1.25"}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    cluster.create("daemonsets.apps", "web", {"selector": {"matchLabels": labels}, "template": pod})
    cluster.clock.advance(1)
    (found,) = cluster.api.list("controllerrevisions.apps", "default")
    assert name_of(found) == "web-7b46c4b544"
