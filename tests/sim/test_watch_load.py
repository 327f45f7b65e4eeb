"""Many watches at once, as terminal dashboards hold them: each sees exactly what happens; who never reads is cut."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, suppress
from typing import Any

import pytest

from labrunner.sim import process
from tests.sim.mirrors import JSON, TABLE, Asker, Mirror, connect, follow, versions

KINDS = 40
BYTES = 500_000


@pytest.fixture
def ask(fresh_server: process.Running) -> Iterator[Asker]:
    found = Asker(fresh_server)
    yield found
    found.close()


def collections(ask: Asker) -> list[str]:
    """Paths over all namespaces of everything that can be listed and watched."""
    found = []
    for path in (
        "/api/v1",
        *(f"/apis/{g['preferredVersion']['groupVersion']}" for g in ask.ok("GET", "/apis")["groups"]),
    ):
        found += [
            f"{path}/{each['name']}"
            for each in ask.ok("GET", path)["resources"]
            if {"list", "watch"} <= set(each["verbs"])
        ]
    return found


def deployment(name: str, replicas: int) -> Any:
    labels = {"app": name}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": "nginx"}]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": pod}
    return {"metadata": {"name": name}, "spec": spec}


def churn(ask: Asker) -> None:
    """Make, change, scale and delete things of many kinds."""
    ask.ok("POST", "/api/v1/namespaces", {"metadata": {"name": "churn"}})
    core, apps = "/api/v1/namespaces/churn", "/apis/apps/v1/namespaces/churn/deployments"
    for number in range(4):
        name = f"d-{number}"
        ask.ok("POST", apps, deployment(name, 3))
        port = {"selector": {"app": name}, "ports": [{"port": 80}]}
        ask.ok("POST", f"{core}/services", {"metadata": {"name": name}, "spec": port})
        for each in range(25):
            ask.ok("POST", f"{core}/configmaps", {"metadata": {"name": f"m-{number}-{each}"}})
    for number in range(4):
        ask.ok("PATCH", f"{apps}/d-{number}", {"spec": {"replicas": number}})
        ask.ok("DELETE", f"{core}/configmaps/m-{number}-0")
    ask.ok("DELETE", f"{core}/configmaps?fieldSelector=metadata.name!%3Dm-1-1")
    ask.ok("DELETE", f"{apps}/d-1?propagationPolicy=Foreground")


def test_tables_and_objects_of_every_kind_follow_a_busy_cluster(
    fresh_server: process.Running, ask: Asker
) -> None:
    paths = collections(ask)
    assert len(paths) >= KINDS
    mirrors = [
        Mirror(fresh_server, path, accept, ask.ok("GET", path, accept=accept))
        for path in paths
        for accept in (TABLE, JSON)
    ]
    churn(ask)
    wrong = set(mirrors)

    def all_right() -> bool:
        """Whether every watch knows what a list shows, down to the versions."""
        for mirror in tuple(wrong):
            if mirror.known == versions(ask.ok("GET", mirror.path, accept=mirror.accept)):
                wrong.discard(mirror)
        return not wrong

    def settled() -> bool:
        pods = ask.ok("GET", "/api/v1/namespaces/churn/pods")["items"]
        return len(pods) == 5 and all(pod["status"].get("phase") == "Running" for pod in pods)

    follow(mirrors, settled)
    follow(mirrors, all_right)
    assert not any(mirror.ended for mirror in mirrors)
    counts = {(m.path, m.accept): len(m.events) for m in mirrors}
    for path in ("/api/v1/pods", "/apis/apps/v1/replicasets", "/apis/discovery.k8s.io/v1/endpointslices"):
        assert counts[path, TABLE] == counts[path, JSON] >= 4, path
    for mirror in mirrors:
        mirror.socket.close()


def test_who_never_reads_is_cut_while_the_others_go_on(fresh_server: process.Running, ask: Asker) -> None:
    path = "/api/v1/configmaps"
    reader = Mirror(fresh_server, path, JSON, ask.ok("GET", path))
    with closing(connect(fresh_server, receive_buffer=4096)) as deaf:
        deaf.sendall(f"GET {path}?watch=true HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        heavy = {"text": "x" * BYTES}
        for number in range(30):
            made = {"metadata": {"name": f"m-{number}"}, "data": heavy}
            key = "default", ask.ok("POST", "/api/v1/namespaces/default/configmaps", made)["metadata"]["name"]
            follow([reader], lambda key=key: key in reader.known)
        assert not reader.ended
        heard = 0
        with suppress(ConnectionResetError):
            while piece := deaf.recv(1024 * 1024):  # a TimeoutError fails: then it is still being served
                heard += len(piece)
        assert heard < 30 * BYTES
    reader.socket.close()
