"""What clients see when a snapshot is restored under them: watches, kubectl, the Python client, rights, kinds."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from labrunner.sim import process
from tests.sim.conftest import Kubectl, kubectl_binary
from tests.sim.custom import definition, thing
from tests.sim.mirrors import JSON, TABLE, Asker, Mirror, follow, versions

MAPS = "/api/v1/namespaces/default/configmaps"
PODS = "/api/v1/namespaces/default/pods"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
THINGS = "/apis/example.com/v1/namespaces/default/things"
SNAPSHOT = "/simulated/v1/snapshots/before"


@pytest.fixture
def ask(fresh_server: process.Running) -> Iterator[Asker]:
    found = Asker(fresh_server)
    yield found
    found.close()


@pytest.fixture
def kubectl(fresh_server: process.Running, tmp_path: Path) -> Kubectl:
    return Kubectl(kubectl_binary(), fresh_server.kubeconfig, tmp_path)


def config_map(name: str, value: str = "1") -> Any:
    return {"metadata": {"name": name}, "data": {"v": value}}


def disturb(ask: Asker) -> None:
    """Change one, replace one, remove one, add one."""
    ask.ok("PUT", f"{MAPS}/changed", config_map("changed", "2"))
    ask.ok("DELETE", f"{MAPS}/replaced")
    ask.ok("POST", MAPS, config_map("replaced", "2"))
    ask.ok("DELETE", f"{MAPS}/removed")
    ask.ok("POST", MAPS, config_map("added"))


@pytest.fixture
def saved(ask: Asker) -> None:
    for name in ("changed", "replaced", "removed", "untouched"):
        ask.ok("POST", MAPS, config_map(name))
    pod = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}
    ask.ok("POST", PODS, pod)
    ask.ok("PUT", SNAPSHOT)


@pytest.mark.usefixtures("saved")
def test_watches_follow_with_rising_versions(fresh_server: process.Running, ask: Asker) -> None:
    paths = (MAPS, PODS, "/api/v1/nodes", "/apis/coordination.k8s.io/v1/leases", "/api/v1/secrets")
    mirrors = [
        Mirror(fresh_server, path, accept, ask.ok("GET", path, accept=accept))
        for path in paths
        for accept in (JSON, TABLE)
    ]
    for _ in range(3):
        disturb(ask)
        ask.ok("POST", f"{SNAPSHOT}/restore")
    # Mirrors fail by themselves on versions that fall, or on events that do not fit what they know.
    follow(mirrors, lambda: all(m.known == versions(ask.ok("GET", m.path, accept=m.accept)) for m in mirrors))
    kinds = [kind for kind, _ in mirrors[0].events if kind != "BOOKMARK"]
    once = ["MODIFIED", "DELETED", "ADDED", "DELETED", "ADDED"]
    assert kinds[:5] == once
    assert sorted(kinds[5:10]) == ["ADDED", "ADDED", "DELETED", "DELETED", "MODIFIED"]
    assert len(kinds) == 30
    for mirror in mirrors:
        mirror.socket.close()


@pytest.mark.slow
@pytest.mark.usefixtures("saved")
def test_kubectl_that_watches_is_told(fresh_server: process.Running, ask: Asker, tmp_path: Path) -> None:
    command = [kubectl_binary(), f"--kubeconfig={fresh_server.kubeconfig}", f"--cache-dir={tmp_path}"]
    command += ["get", "configmaps", "-w", "--output-watch-events", "--no-headers"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={"HOME": str(tmp_path)}
    ) as watching:
        assert watching.stdout is not None
        stop = threading.Timer(20, watching.kill)
        stop.start()
        first = [watching.stdout.readline().split()[:2] for _ in range(5)]
        disturb(ask)
        ask.ok("POST", f"{SNAPSHOT}/restore")
        ask.ok("POST", MAPS, config_map("last"))
        told = []
        while not told or told[-1] != ["ADDED", "last"]:
            line = watching.stdout.readline()
            assert line, told
            told.append(line.split()[:2])
        stop.cancel()
        watching.kill()
    assert [kind for kind, _ in first] == ["ADDED"] * 5
    assert told[:5] == [
        ["MODIFIED", "changed"], ["DELETED", "replaced"], ["ADDED", "replaced"], ["DELETED", "removed"],
        ["ADDED", "added"],
    ]  # fmt: skip
    back = told[5:-1]
    assert sorted(map(tuple, back)) == [
        ("ADDED", "removed"), ("ADDED", "replaced"), ("DELETED", "added"), ("DELETED", "replaced"),
        ("MODIFIED", "changed"),
    ]  # fmt: skip
    assert back.index(["DELETED", "replaced"]) < back.index(["ADDED", "replaced"])


@pytest.mark.slow
@pytest.mark.usefixtures("saved")
def test_the_python_client_goes_on_from_where_it_was(fresh_server: process.Running, ask: Asker) -> None:
    kubernetes = pytest.importorskip("kubernetes")
    configuration = kubernetes.client.Configuration()
    kubernetes.config.load_kube_config(
        str(fresh_server.kubeconfig), client_configuration=configuration, persist_config=False
    )
    with kubernetes.client.ApiClient(configuration) as client:
        core = kubernetes.client.CoreV1Api(client)
        listed = core.list_namespaced_config_map("default")
        known = {item.metadata.name: item.metadata.uid for item in listed.items}
        before = dict(known)
        disturb(ask)
        ask.ok("POST", f"{SNAPSHOT}/restore")
        last = int(listed.metadata.resource_version)
        for event in kubernetes.watch.Watch().stream(
            core.list_namespaced_config_map,
            "default",
            resource_version=listed.metadata.resource_version,
            timeout_seconds=1,
        ):
            meta = event["object"].metadata
            assert int(meta.resource_version) > last
            last = int(meta.resource_version)
            if event["type"] == "DELETED":
                assert known.pop(meta.name) == meta.uid
            else:
                assert known.get(meta.name, meta.uid) == meta.uid  # an object never changes its uid
                assert (event["type"] == "MODIFIED") == (meta.name in known)
                known[meta.name] = meta.uid
        assert known == before


def test_kinds_come_and_go_with_their_definitions(fresh_server: process.Running, ask: Asker) -> None:
    ask.ok("PUT", SNAPSHOT)
    ask.ok("POST", DEFINITIONS, definition())
    ask.ok("POST", THINGS, thing({}))
    ask.ok("PUT", "/simulated/v1/snapshots/with")
    mirror = Mirror(fresh_server, THINGS, JSON, ask.ok("GET", THINGS))
    ask.ok("POST", f"{SNAPSHOT}/restore")
    follow([mirror], lambda: mirror.ended)
    assert not mirror.known
    assert ask("GET", THINGS)[0] == 404
    assert "example.com" not in [group["name"] for group in ask.ok("GET", "/apis")["groups"]]
    assert "apis/example.com/v1" not in ask.ok("GET", "/openapi/v3")["paths"]
    ask.ok("POST", "/simulated/v1/snapshots/with/restore")
    assert [item["metadata"]["name"] for item in ask.ok("GET", THINGS)["items"]] == ["one"]
    assert "example.com" in [group["name"] for group in ask.ok("GET", "/apis")["groups"]]
    assert "apis/example.com/v1" in ask.ok("GET", "/openapi/v3")["paths"]
    ask.ok("POST", THINGS, thing({}, "two"))
    mirror.socket.close()


@pytest.mark.slow
def test_rights_follow(ask: Asker, kubectl: Kubectl) -> None:
    def may() -> str:
        return kubectl("auth", "can-i", "list", "pods", "--as=jane").stdout.strip()

    token = kubectl.ok("create", "serviceaccount", "early") and kubectl.ok("create", "token", "early").strip()
    kubectl.ok("create", "rolebinding", "jane", "--clusterrole=view", "--user=jane")
    ask.ok("PUT", SNAPSHOT)
    kubectl.ok("delete", "rolebinding", "jane")
    kubectl.ok("delete", "serviceaccount", "early")
    kubectl.ok("create", "serviceaccount", "late")
    late = kubectl.ok("create", "token", "late").strip()
    assert may() == "no"
    ask.ok("POST", f"{SNAPSHOT}/restore")
    assert may() == "yes"

    def authenticated(shown: str) -> bool:
        review = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": shown}}
        answer = ask.ok("POST", "/apis/authentication.k8s.io/v1/tokenreviews", review)
        return bool(answer["status"].get("authenticated"))

    assert authenticated(token)
    assert not authenticated(late)
