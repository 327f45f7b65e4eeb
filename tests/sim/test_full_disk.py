"""A disk without room: clients read why, nothing acknowledged is lost, and work goes on when there is room again."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from labrunner.sim import process
from tests.sim.mirrors import Asker

MAPS = "/api/v1/namespaces/default/configmaps"
APPS = "/apis/apps/v1/namespaces/default/deployments"
PODS = "/api/v1/namespaces/default/pods"


@contextmanager
def no_room(running: process.Running, spare: int = 0) -> Iterator[None]:
    """No file of the server may grow by more than *spare* bytes beyond the size that its journal has."""
    size = (running.kubeconfig.parent / "journal.jsonl").stat().st_size + spare
    forever = resource.RLIM_INFINITY
    resource.prlimit(running.pid, resource.RLIMIT_FSIZE, (size, forever))
    try:
        yield
    finally:
        resource.prlimit(running.pid, resource.RLIMIT_FSIZE, (forever, forever))


def config_map(name: str, size: int = 0) -> Any:
    return {"metadata": {"name": name}, "data": {"text": "x" * size}}


def deployment(replicas: int) -> Any:
    labels = {"app": "web"}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": "nginx"}]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": pod}
    return {"metadata": {"name": "web"}, "spec": spec}


def wait_for(true: Callable[[], bool], seconds: float = 20.0) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "it did not come true in time"
        time.sleep(0.02)


def test_writes_are_refused_and_reads_go_on(fresh_server: process.Running) -> None:
    ask = Asker(fresh_server)
    kept = ask.ok("POST", MAPS, config_map("kept"))
    with no_room(fresh_server):
        for method, path, body in (
            ("POST", MAPS, config_map("more")),
            ("PUT", f"{MAPS}/kept", config_map("kept", 10)),
            ("DELETE", f"{MAPS}/kept", None),
            ("POST", "/simulated/v1/snapshots/none/restore", None),
            ("PUT", "/simulated/v1/snapshots/large", None),
        ):
            status, answer = ask(method, path, body)
            if path.endswith("/restore"):
                assert status == 404
            elif "snapshots" in path:
                assert status in (201, 500)  # a small cluster's snapshot is smaller than its journal
            else:
                assert status == 500, answer
                assert answer["message"] == (
                    "Internal error occurred: the simulated cluster cannot write its journal: File too large"
                )
        assert ask.ok("GET", f"{MAPS}/kept") == kept
        assert ask("GET", f"{MAPS}/more")[0] == 404
    more = ask.ok("POST", MAPS, config_map("more"))
    ask.close()
    process.stop(fresh_server.kubeconfig.parent)
    again = Asker(process.start(fresh_server.kubeconfig.parent))
    assert again.ok("GET", f"{MAPS}/kept") == kept
    assert again.ok("GET", f"{MAPS}/more") == more
    again.close()


@pytest.mark.parametrize("spare", [16_000, 28_000, 31_000])
def test_what_was_under_way_is_finished_when_there_is_room_again(
    fresh_server: process.Running, spare: int
) -> None:
    ask = Asker(fresh_server)
    with no_room(fresh_server, spare):
        ask.ok("POST", APPS, deployment(3))
        wait_for(lambda: ask("POST", MAPS, config_map(f"large-{time.monotonic()}", 40_000))[0] == 500)
        journal = fresh_server.kubeconfig.parent / "journal.jsonl"
        sizes = [0, journal.stat().st_size]
        while sizes[-1] != sizes[-2]:  # until controllers and nodes cannot write any more
            time.sleep(0.3)
            sizes.append(journal.stat().st_size)
    ask.ok("POST", MAPS, config_map("small"))

    def running() -> bool:
        pods = ask.ok("GET", PODS)["items"]
        return len(pods) == 3 and all(pod["status"].get("phase") == "Running" for pod in pods)

    wait_for(running)
    wait_for(lambda: ask.ok("GET", f"{APPS}/web")["status"].get("readyReplicas") == 3)
    ask.close()


def test_a_start_without_room_says_so(tmp_path: Path) -> None:
    script = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000));"
        "from labrunner.sim.command import main; sys.exit(main(sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "serve", "--dir", str(tmp_path / "cluster")],
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert done.returncode == 1
    assert "cannot write its journal: File too large" in done.stdout
    assert "Traceback" not in done.stderr
