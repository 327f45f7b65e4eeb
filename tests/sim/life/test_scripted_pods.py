"""What only a script or the pod's own text can bring about: sandboxes, mounts, evictions, probes that cannot run."""

from __future__ import annotations

import pytest

from labrunner.sim.api.podlogs import LogOptions, check_started
from labrunner.sim.errors import ApiError
from labrunner.sim.node.outcomes import ANNOTATION
from labrunner.sim.objects import Obj, clone
from tests.sim.life.conftest import Cluster


def scripted(text: str) -> Obj:
    return {"annotations": {ANNOTATION: text}}


def test_a_pod_without_a_sandbox(cluster: Cluster) -> None:
    text = 'failed to get sandbox runtime: no runtime for "runsc" is configured'
    cluster.pod("p", image="nginx", metadata=scripted(f"sandbox:{text}"))
    cluster.clock.advance(3)
    assert cluster.state("p") == "ContainerCreating"
    assert set(cluster.events("p", "FailedCreatePodSandBox")) == {
        f"Failed to create pod sandbox: rpc error: code = Unknown desc = {text}"
    }
    assert "podIP" not in cluster.status("pods", "p")


def test_a_volume_that_cannot_be_mounted_until_the_lab_relents(cluster: Cluster) -> None:
    cluster.pod("p", image="nginx", metadata=scripted("mount:no such disk"))
    cluster.clock.advance(3)
    assert set(cluster.events("p", "FailedMount")) == {"no such disk"}
    changed = clone(cluster.get("pods", "p"))
    changed["metadata"]["annotations"] = {}
    cluster.api.update("pods", changed)
    cluster.clock.advance(10)
    assert cluster.state("p") == "running"


def test_a_container_that_cannot_be_created(cluster: Cluster) -> None:
    text = "failed to create containerd container: no space left on device"
    cluster.pod("p", image="nginx", metadata=scripted(f"app/create:{text}"))
    cluster.clock.advance(1)
    assert cluster.state("p") == "CreateContainerError"
    assert cluster.events("p", "Failed") == [f"Error: {text}"]


def test_an_evicted_pod(cluster: Cluster) -> None:
    cluster.pod("p", image="nginx", metadata=scripted("evict@5"))
    cluster.clock.advance(4)
    assert cluster.state("p") == "running"
    cluster.clock.advance(3)
    status = cluster.status("pods", "p")
    assert (status["phase"], status["reason"]) == ("Failed", "Evicted")
    assert status["message"].startswith("The node was low on resource: memory. ")
    assert cluster.events("p", "Evicted") == [status["message"]]
    assert cluster.condition("pods", "p", "DisruptionTarget")["reason"] == "TerminationByKubelet"


def test_a_running_pod_can_be_evicted_by_a_later_script(cluster: Cluster) -> None:
    cluster.pod("p", image="nginx")
    cluster.clock.advance(1)
    changed = clone(cluster.get("pods", "p"))
    changed["metadata"]["annotations"] = {ANNOTATION: "evict:too much on disk"}
    cluster.api.update("pods", changed)
    cluster.clock.advance(1)
    assert cluster.status("pods", "p")["message"] == "too much on disk"


@pytest.mark.parametrize(
    ("probe", "text"),
    [
        (
            {"exec": {"command": ["nosuchcmd"]}},
            "rpc error: code = Unknown desc = failed to exec in container: failed to start exec",
        ),
        ({"httpGet": {"port": "web", "path": "/"}}, 'strconv.Atoi: parsing "web": invalid syntax'),
    ],
)
def test_a_probe_that_cannot_run_neither_passes_nor_fails(cluster: Cluster, probe: Obj, text: str) -> None:
    cluster.pod("live", image="nginx", livenessProbe={**probe, "periodSeconds": 1, "failureThreshold": 1})
    cluster.pod("ready", image="nginx", readinessProbe={**probe, "periodSeconds": 1})
    cluster.clock.advance(5)
    start = "Liveness probe errored and resulted in unknown state: "
    assert all(e.startswith(start + text) for e in cluster.events("live", "Unhealthy"))
    assert cluster.events("live", "Unhealthy")
    assert cluster.status("pods", "live")["containerStatuses"][0]["restartCount"] == 0
    assert cluster.status("pods", "ready")["containerStatuses"][0]["ready"] is False


def test_a_grpc_probe_of_a_server_that_speaks_none(cluster: Cluster) -> None:
    cluster.pod("p", image="nginx", readinessProbe={"grpc": {"port": 9000}})
    cluster.clock.advance(2)
    address = cluster.status("pods", "p")["podIP"]
    assert cluster.events("p", "Unhealthy") == [
        f'Readiness probe failed: timeout: failed to connect service "{address}:9000" within 1s: '
        "context deadline exceeded"
    ]


@pytest.mark.parametrize(
    ("volume", "text"),
    [
        (
            {"hostPath": {"path": "/no/such", "type": "Directory"}},
            'MountVolume.SetUp failed for volume "v" : hostPath type check failed: /no/such is not a directory',
        ),
        (
            {"hostPath": {"path": "/etc/nosuch.conf", "type": "File"}},
            'MountVolume.SetUp failed for volume "v" : hostPath type check failed: /etc/nosuch.conf is not a file',
        ),
        (
            {"csi": {"driver": "secrets-store.csi.k8s.io"}},
            'MountVolume.SetUp failed for volume "v" : kubernetes.io/csi: mounter.SetUpAt failed to get CSI client: '
            "driver name secrets-store.csi.k8s.io not found in the list of registered CSI drivers",
        ),
    ],
)
def test_volumes_that_no_node_has(cluster: Cluster, volume: Obj, text: str) -> None:
    cluster.pod("p", image="nginx", spec={"volumes": [{"name": "v", **volume}]})
    cluster.clock.advance(1)
    assert set(cluster.events("p", "FailedMount")) == {text}
    assert cluster.state("p") == "ContainerCreating"


def test_host_paths_that_every_node_has_or_makes(cluster: Cluster) -> None:
    volumes = [
        {"name": "log", "hostPath": {"path": "/var/log/", "type": "Directory"}},
        {"name": "hosts", "hostPath": {"path": "/etc/hosts", "type": "File"}},
        {"name": "new", "hostPath": {"path": "/data/new", "type": "DirectoryOrCreate"}},
        {"name": "any", "hostPath": {"path": "/data/any"}},
    ]
    cluster.pod("p", image="nginx", spec={"volumes": volumes})
    cluster.clock.advance(1)
    assert cluster.state("p") == "running"


def test_a_pod_on_a_named_node_needs_its_claims_too(cluster: Cluster) -> None:
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": "absent"}}]
    cluster.pod("p", image="nginx", spec={"volumes": volumes, "nodeName": "simulated-node-1"})
    cluster.clock.advance(1)
    assert set(cluster.events("p", "FailedMount")) == {
        "Unable to attach or mount volumes: unmounted volumes=[v], unattached volumes=[], failed to process "
        "volumes=[v]: error processing PVC default/absent: failed to fetch PVC from API server: "
        'persistentvolumeclaims "absent" not found'
    }


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        ("ErrImagePull", "image can't be pulled"),
        ("ImagePullBackOff", "trying and failing to pull image"),
        ("InvalidImageName", "InvalidImageName"),
        ("PodInitializing", "PodInitializing"),
    ],
)
def test_logs_of_a_container_that_waits(reason: str, text: str) -> None:
    pod: Obj = {
        "metadata": {"name": "p", "namespace": "default"},
        "spec": {"nodeName": "n", "containers": [{"name": "app"}]},
        "status": {"containerStatuses": [{"name": "app", "state": {"waiting": {"reason": reason}}}]},
    }
    with pytest.raises(ApiError) as caught:
        check_started(pod, "app", LogOptions())
    assert caught.value.message == f'container "app" in pod "p" is waiting to start: {text}'


def test_logs_of_a_pod_without_a_node_are_empty(cluster: Cluster) -> None:
    cluster.pod("p", image="nginx", spec={"nodeSelector": {"disk": "ssd"}})
    cluster.clock.advance(0.5)
    check_started(cluster.get("pods", "p"), "app", LogOptions(previous=True))


def test_missing_pull_secrets_are_told_of_and_do_no_harm(cluster: Cluster) -> None:
    cluster.create("secrets", "there", type="Opaque")
    secrets = {"imagePullSecrets": [{"name": "regcred"}, {"name": "there"}]}
    cluster.pod("p", image="nginx", spec=secrets)
    cluster.clock.advance(1)
    assert cluster.events("p", "FailedToRetrieveImagePullSecret") == [
        "Unable to retrieve some image pull secrets (regcred); attempting to pull the image may not succeed."
    ]
    assert cluster.state("p") == "running"
