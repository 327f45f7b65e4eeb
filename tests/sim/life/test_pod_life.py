from __future__ import annotations

import re

import pytest

from labrunner.sim.objects import clone
from tests.sim.life.conftest import Cluster


def test_a_watch_shows_pending_creating_running(cluster: Cluster) -> None:
    seen: list[tuple[str, str]] = []

    def note(change) -> None:  # type: ignore[no-untyped-def]
        if change.new is not None:
            statuses = change.new["status"].get("containerStatuses") or [{"state": {"none": {}}}]
            seen.append((change.new["status"]["phase"], next(iter(statuses[0]["state"]))))

    cluster.api.store.subscribe("pods", note)
    cluster.pod("web", image="nginx")
    cluster.clock.advance(0.5)
    assert seen == [("Pending", "none"), ("Pending", "none"), ("Pending", "waiting"), ("Running", "running")]
    assert [re.sub(r"\d+ms", "80ms", e) for e in cluster.events("web")] == [
        "Successfully assigned default/web to simulated-node-1",
        'Pulling image "nginx"',
        'Successfully pulled image "nginx" in 80ms (80ms including waiting). Image size: 72527696 bytes.',
        "Container created",
        "Container started",
    ]


def test_status_has_the_fields_of_a_real_one(cluster: Cluster) -> None:
    limits = {"requests": {"memory": "40Mi"}, "limits": {"memory": "40Mi"}}
    cluster.pod("web", image="nginx", resources=limits)
    cluster.clock.advance(0.5)
    status = cluster.status("pods", "web")
    assert [c["type"] for c in status["conditions"]] == [
        "PodReadyToStartContainers",
        "Initialized",
        "Ready",
        "ContainersReady",
        "PodScheduled",
    ]
    assert all(c["status"] == "True" and c["observedGeneration"] == 1 for c in status["conditions"])
    assert status["podIPs"] == [{"ip": status["podIP"]}]
    assert status["podIP"].startswith("10.244.1.")
    assert status["allocatedResources"] == {"memory": "40Mi"}
    (container,) = status["containerStatuses"]
    assert container["containerID"].startswith("simulated://")
    assert container["volumeMounts"][0]["recursiveReadOnly"] == "Disabled"


def test_crash_loop_backs_off_10_20_40_seconds(cluster: Cluster) -> None:
    cluster.pod("crash", "sh", "-c", "echo boom; exit 1")
    cluster.clock.advance(0.5)
    assert cluster.state("crash") == "Error"
    cluster.clock.advance(1.5)
    uid = cluster.get("pods", "crash")["metadata"]["uid"]
    for restarts, delay, text in ((1, 10, "10s"), (2, 20, "20s"), (3, 40, "40s"), (4, 80, "1m20s")):
        status = cluster.status("pods", "crash")["containerStatuses"][0]
        assert status["restartCount"] == restarts
        assert status["state"]["waiting"] == {
            "reason": "CrashLoopBackOff",
            "message": f"back-off {text} restarting failed container=app pod=crash_default({uid})",
        }
        assert status["lastState"]["terminated"]["exitCode"] == 1
        cluster.clock.advance(delay + 1.5)
    assert cluster.phase("crash") == "Running"
    backing_off = f"Back-off restarting failed container app in pod crash_default({uid})"
    assert set(cluster.events("crash", "BackOff")) == {backing_off}


@pytest.mark.parametrize(
    ("policy", "script", "phase", "restarts"),
    [
        ("Never", "exit 0", "Succeeded", 0),
        ("Never", "exit 3", "Failed", 0),
        ("OnFailure", "exit 0", "Succeeded", 0),
        ("OnFailure", "exit 3", "Running", 1),
        ("Always", "exit 0", "Running", 1),
    ],
)
def test_restart_policy(cluster: Cluster, policy: str, script: str, phase: str, restarts: int) -> None:
    cluster.pod("p", "sh", "-c", script, spec={"restartPolicy": policy})
    cluster.clock.advance(3)
    assert cluster.phase("p") == phase
    assert cluster.status("pods", "p")["containerStatuses"][0]["restartCount"] == restarts
    if phase in ("Succeeded", "Failed"):
        reason = {"Succeeded": "PodCompleted", "Failed": "PodFailed"}[phase]
        assert cluster.condition("pods", "p", "Ready")["reason"] == reason


@pytest.mark.parametrize(
    ("image", "policy", "reason", "message"),
    [
        (
            "Nginx:Latest!",
            "IfNotPresent",
            "InvalidImageName",
            'Failed to apply default image tag "Nginx:Latest!": couldn\'t parse image name "Nginx:Latest!": invalid '
            "reference format: repository name (library/Nginx) must be lowercase",
        ),
        (
            "nosuch:1",
            "Never",
            "ErrImageNeverPull",
            'Container image "nosuch:1" is not present with pull policy of Never',
        ),
    ],
)
def test_images_that_are_refused_at_once(
    cluster: Cluster, image: str, policy: str, reason: str, message: str
) -> None:
    cluster.pod("p", image=image, imagePullPolicy=policy)
    cluster.clock.advance(0.5)
    waiting = cluster.status("pods", "p")["containerStatuses"][0]["state"]["waiting"]
    assert waiting == {"reason": reason, "message": message}
    assert cluster.events("p", "Failed") == [f"Error: {reason}"]


def test_a_pull_that_fails_backs_off_and_recovers_with_a_new_image(cluster: Cluster) -> None:
    cluster.pod("p", image="nginx:doesnotexist")
    cluster.clock.advance(0.8)
    assert cluster.state("p") == "ErrImagePull"
    cluster.clock.advance(1)
    waiting = cluster.status("pods", "p")["containerStatuses"][0]["state"]["waiting"]
    assert waiting["reason"] == "ImagePullBackOff"
    assert waiting["message"].startswith(
        'Back-off pulling image "nginx:doesnotexist": ErrImagePull: rpc error'
    )
    changed = clone(cluster.get("pods", "p"))
    changed["spec"]["containers"][0]["image"] = "nginx:1.25"
    cluster.api.update("pods", changed)
    cluster.clock.advance(1)
    assert cluster.state("p") == "running"


def test_missing_config_map_blocks_the_container_until_it_is_there(cluster: Cluster) -> None:
    source = {"configMapKeyRef": {"name": "settings", "key": "color"}}
    cluster.pod("p", "sleep", "600", env=[{"name": "COLOR", "valueFrom": source}])
    cluster.clock.advance(0.5)
    assert cluster.state("p") == "CreateContainerConfigError"
    assert cluster.events("p", "Failed") == ['Error: configmap "settings" not found']
    cluster.create("configmaps", "settings", data={"size": "big"})
    cluster.clock.advance(13)
    assert cluster.events("p", "Failed")[-1] == "Error: couldn't find key color in ConfigMap default/settings"
    cluster.change("configmaps", "settings", data={"color": "blue"})
    cluster.clock.advance(1)
    assert cluster.state("p") == "running"


def test_missing_volume_source_is_retried_and_told(cluster: Cluster) -> None:
    cluster.pod(
        "p",
        "sleep",
        "600",
        volumeMounts=[{"name": "v", "mountPath": "/v"}],
        spec={"volumes": [{"name": "v", "secret": {"secretName": "creds"}}]},
    )
    cluster.clock.advance(10)
    text = 'MountVolume.SetUp failed for volume "v" : secret "creds" not found'
    assert cluster.events("p", "FailedMount") == [text]
    assert "podIP" not in cluster.status("pods", "p")
    cluster.create("secrets", "creds", data={"user": "bWU="})
    cluster.clock.advance(1)
    assert cluster.state("p") == "running"


def test_init_containers_run_in_order_before_the_app(cluster: Cluster) -> None:
    init = [
        {"name": n, "image": "busybox:1.36", "command": ["sh", "-c", "sleep 3"]} for n in ("first", "second")
    ]
    cluster.pod("p", "sleep", "600", spec={"initContainers": init})
    cluster.clock.advance(1)
    assert cluster.state("p") == "PodInitializing"
    initialized = cluster.condition("pods", "p", "Initialized")
    assert initialized["message"] == "containers with incomplete status: [first second]"
    cluster.clock.advance(4)
    assert cluster.condition("pods", "p", "Initialized")["message"] == (
        "containers with incomplete status: [second]"
    )
    cluster.clock.advance(4)
    assert cluster.state("p") == "running"


def test_sidecar_starts_first_and_ends_last(cluster: Cluster) -> None:
    sidecar = {
        "name": "helper",
        "image": "busybox:1.36",
        "command": ["sh", "-c", "sleep 600"],
        "restartPolicy": "Always",
    }
    cluster.pod("p", "sleep", "4", spec={"initContainers": [sidecar], "restartPolicy": "Never"})
    cluster.clock.advance(1)
    status = cluster.status("pods", "p")
    assert status["initContainerStatuses"][0]["started"] is True
    assert cluster.phase("p") == "Running"
    cluster.clock.advance(6)
    assert cluster.phase("p") == "Succeeded"
    assert cluster.events("p", "Killing") == ["Stopping container helper"]
    ended = cluster.status("pods", "p")["initContainerStatuses"][0]["state"]["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (137, "Error")


def test_readiness_follows_the_files_of_the_container(cluster: Cluster) -> None:
    probe = {"exec": {"command": ["cat", "/tmp/ready"]}, "periodSeconds": 2}
    script = "sleep 5; touch /tmp/ready; sleep 20; rm /tmp/ready; sleep 600"
    cluster.pod("p", "sh", "-c", script, readinessProbe=probe)
    cluster.clock.advance(3)
    assert cluster.condition("pods", "p", "Ready")["message"] == "containers with unready status: [app]"
    text = "Readiness probe failed: cat: can't open '/tmp/ready': No such file or directory"
    assert cluster.events("p", "Unhealthy") == [text]
    cluster.clock.advance(5)
    assert cluster.condition("pods", "p", "Ready")["status"] == "True"
    cluster.clock.advance(30)
    assert cluster.condition("pods", "p", "Ready")["status"] == "False"
    assert cluster.status("pods", "p")["containerStatuses"][0]["restartCount"] == 0


@pytest.mark.parametrize(
    ("probe", "message"),
    [
        ({"httpGet": {"path": "/nope", "port": 80}}, "HTTP probe failed with statuscode: 404"),
        (
            {"httpGet": {"path": "/", "port": 81}},
            'Get "http://{ip}:81/": dial tcp {ip}:81: connect: connection refused',
        ),
        ({"tcpSocket": {"port": 5432}}, "dial tcp {ip}:5432: connect: connection refused"),
        ({"httpGet": {"path": "/", "port": 80}}, ""),
    ],
)
def test_network_probes_know_what_nginx_serves(cluster: Cluster, probe: dict, message: str) -> None:
    cluster.pod("p", image="nginx:1.25", readinessProbe={**probe, "periodSeconds": 2})
    cluster.clock.advance(5)
    told = cluster.events("p", "Unhealthy")
    address = cluster.status("pods", "p")["podIP"]
    assert told == ([f"Readiness probe failed: {message.format(ip=address)}"] if message else [])
    assert cluster.condition("pods", "p", "Ready")["status"] == ("False" if message else "True")


def test_failed_liveness_restarts_the_container(cluster: Cluster) -> None:
    probe = {"exec": {"command": ["cat", "/tmp/healthy"]}, "periodSeconds": 2, "failureThreshold": 3}
    script = "touch /tmp/healthy; sleep 6; rm /tmp/healthy; sleep 600"
    cluster.pod("p", "sh", "-c", script, livenessProbe=probe)
    cluster.clock.advance(5)
    assert cluster.status("pods", "p")["containerStatuses"][0]["restartCount"] == 0
    cluster.clock.advance(10)
    status = cluster.status("pods", "p")["containerStatuses"][0]
    assert status["restartCount"] == 1
    assert status["lastState"]["terminated"]["exitCode"] == 137
    assert cluster.events("p", "Killing") == ["Container app failed liveness probe, will be restarted"]


def test_deletion_tells_terminates_and_removes(cluster: Cluster) -> None:
    cluster.pod("p", "sh", "-c", "trap '' TERM; while true; do sleep 1; done")
    cluster.clock.advance(0.5)
    cluster.delete("pods", "p")
    cluster.clock.advance(0.2)
    assert cluster.get("pods", "p")["metadata"]["deletionGracePeriodSeconds"] == 30
    assert cluster.events("p", "Killing") == ["Stopping container app"]
    cluster.clock.advance(0.81)
    assert cluster.status("pods", "p")["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 137
    cluster.clock.advance(0.5)
    assert cluster.api.get("pods", "p", "default") is None


def test_finalizer_keeps_a_stopped_pod(cluster: Cluster) -> None:
    cluster.pod("p", image="nginx", metadata={"finalizers": ["example.com/hold"]})
    cluster.clock.advance(0.5)
    cluster.delete("pods", "p")
    cluster.clock.advance(5)
    assert cluster.phase("p") == "Succeeded"
    changed = clone(cluster.get("pods", "p"))
    del changed["metadata"]["finalizers"]
    cluster.api.update("pods", changed)
    assert cluster.api.get("pods", "p", "default") is None


def test_unknown_command_is_a_start_error(cluster: Cluster) -> None:
    cluster.pod("p", "nosuchcmd", spec={"restartPolicy": "Never"})
    cluster.clock.advance(2)
    ended = cluster.status("pods", "p")["containerStatuses"][0]["state"]["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (128, "StartError")
    assert ended["message"].endswith('exec: "nosuchcmd": executable file not found in $PATH')
    assert cluster.phase("p") == "Failed"


def test_root_image_may_not_run_as_non_root(cluster: Cluster) -> None:
    cluster.pod("p", image="nginx", securityContext={"runAsNonRoot": True})
    cluster.clock.advance(1)
    uid = cluster.get("pods", "p")["metadata"]["uid"]
    text = f'container has runAsNonRoot and image will run as root (pod: "p_default({uid})", container: app)'
    assert cluster.events("p", "Failed") == [f"Error: {text}"]


def test_pods_are_taken_over_after_a_restart(cluster: Cluster) -> None:
    from labrunner.sim import controllers

    cluster.pod("run", image="nginx")
    cluster.pod("crash", "sh", "-c", "exit 1")
    cluster.pod("done", "sleep", "30", spec={"restartPolicy": "Never"})
    cluster.clock.advance(3)
    started = cluster.status("pods", "run")["containerStatuses"][0]["state"]
    cluster.controllers.stop()
    cluster.controllers = controllers.start(cluster.api)
    cluster.clock.advance(60)
    assert cluster.status("pods", "run")["containerStatuses"][0]["state"] == started
    assert cluster.phase("done") == "Succeeded"
    assert cluster.status("pods", "crash")["containerStatuses"][0]["restartCount"] >= 2


def test_a_restored_snapshot_turns_pods_back(cluster: Cluster) -> None:
    cluster.pod("p", "sleep", "5", spec={"restartPolicy": "Never"})
    cluster.clock.advance(1)
    before = cluster.api.store.snapshot()
    cluster.delete("pods", "p")
    cluster.pod("q", image="nginx")
    cluster.clock.advance(5)
    cluster.api.store.restore(before)
    cluster.clock.advance(1)
    assert cluster.names("pods") == ["p"]
    cluster.clock.advance(5)
    assert cluster.phase("p") == "Succeeded"
