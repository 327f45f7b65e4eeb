"""Watchers and creates for a while: what the server's memory does, in all and for each object; and a busy dashboard.

    python benchmarks/sim_load.py [--seconds 60]

50 watchers that read, 5 that never do, 200 creates a second; each object is deleted again after two seconds in the
second half, so that memory beyond the objects would show. Then, on a cluster of its own, what terminal dashboards do:
every kind listed again and again and watched all the time, as a table and as objects, while deployments scale.
"""

from __future__ import annotations

import argparse
import itertools
import json
import selectors
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.sim_server import MAPS, Client, Served, config_map, memory, serve, show

WATCHERS = 50
DEAF = 5
RATE = 200
#: Memory beyond the objects that history, buffers and the allocator may take, in MB.
MARGIN = 40.0
DEPLOYMENTS = 8
APPS = "/apis/apps/v1/namespaces/default/deployments"
JSON = "application/json"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
#: Seconds that the slowest in a hundred lists may take on a busy cluster: what a person does not notice.
SLOWEST_LIST = 0.1


class Watchers:
    """Connections that follow collections, (path, media type) each, and throw away what they are told."""

    def __init__(self, served: Served, wanted: Iterable[tuple[str, str]]) -> None:
        self.clients: list[Client] = []
        self.chooser = selectors.DefaultSelector()
        self.received = 0
        for path, accept in wanted:
            client = Client(served)
            client.send("GET", f"{path}?watch=true", accept=accept)
            self.chooser.register(client.socket, selectors.EVENT_READ, client)
            self.clients.append(client)

    def close(self) -> None:
        """End all."""
        for client in self.clients:
            client.socket.close()

    def read(self, seconds: float) -> None:
        """Take what comes for that long."""
        until = time.perf_counter() + seconds
        while (left := until - time.perf_counter()) > 0:
            for key, _ in self.chooser.select(left):
                self.received += len(key.data.socket.recv(1024 * 1024))


def load(served: Served, seconds: float) -> tuple[int, float]:
    """Create (and in the second half delete) at the rate; the number of creates and the most memory seen."""
    watchers, deaf = Watchers(served, [(MAPS, JSON)] * WATCHERS), Watchers(served, [(MAPS, JSON)] * DEAF)
    writer = Client(served)
    began = time.perf_counter()
    number, gone, most = 0, 0, 0.0
    while (elapsed := time.perf_counter() - began) < seconds:
        while number < elapsed * RATE:
            writer.ask("POST", MAPS, config_map(f"load-{number}"))
            number += 1
            if elapsed > seconds / 2 and gone < number - 2 * RATE:
                writer.ask("DELETE", f"{MAPS}/load-{gone}")
                gone += 1
        watchers.read(0.02)
        most = max(most, memory(served.pid))
    show("told to watchers", f"{watchers.received / 1e6:.0f} MB", None)
    watchers.close()
    deaf.close()
    writer.socket.close()
    return number, most


def collections(client: Client) -> list[str]:
    """The paths of everything that can be listed and watched."""
    groups = json.loads(client.ask("GET", "/apis"))["groups"]
    found = []
    for path in ("/api/v1", *(f"/apis/{group['preferredVersion']['groupVersion']}" for group in groups)):
        found += [
            f"{path}/{each['name']}"
            for each in json.loads(client.ask("GET", path))["resources"]
            if {"list", "watch"} <= set(each["verbs"])
        ]
    return found


def deployment(name: str, replicas: int) -> bytes:
    """A body to create or replace."""
    labels = {"app": name}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": "nginx"}]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": pod}
    return json.dumps({"metadata": {"name": name}, "spec": spec}).encode()


def dashboards(served: Served, seconds: float) -> bool:
    """Tables and objects of every kind under churn; whether the slowest list keeps to its limit."""
    client = Client(served)
    wanted = [(path, accept) for path in collections(client) for accept in (TABLE, JSON)]
    before = memory(served.pid)
    watchers = Watchers(served, wanted)
    for number in range(DEPLOYMENTS):
        client.ask("POST", APPS, deployment(f"d-{number}", 5))
    took: list[float] = []
    began = time.perf_counter()
    for turn, (path, accept) in enumerate(itertools.cycle(wanted)):
        if time.perf_counter() - began > seconds:
            break
        if turn % 20 == 0:
            name = f"d-{turn // 20 % DEPLOYMENTS}"
            client.ask("PUT", f"{APPS}/{name}", deployment(name, 1 + turn // 20 % 7))
        asked = time.perf_counter()
        client.ask("GET", path, accept=accept)
        took.append(time.perf_counter() - asked)
        watchers.read(0.001)
    watchers.close()
    slow = statistics.quantiles(took, n=100)[98]
    show(f"lists a second beside {len(wanted)} watches", f"{len(took) / seconds:.0f} /s", None)
    show("a list (p50)", f"{statistics.median(took) * 1000:.2f} ms", None)
    show("a list (p99)", f"{slow * 1000:.1f} ms", SLOWEST_LIST / slow)
    show("told to watchers", f"{watchers.received / 1e6:.1f} MB", None)
    show("memory grew by", f"{memory(served.pid) - before:.1f} MB", None)
    return slow <= SLOWEST_LIST


def main() -> int:
    """Measure and print; 1 when memory grew beyond the objects or lists became slow."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=8.0, help="how long the load lasts")
    seconds = parser.parse_args().seconds
    print(
        f"{f'{WATCHERS} watchers, {RATE} creates a second':<44} {'measured':>14}   ratio to the limit (≥ 1 keeps it)"
    )
    with tempfile.TemporaryDirectory() as name, serve(Path(name), plain=True) as served:
        before = memory(served.pid)
        show("memory before", f"{before:.1f} MB", None)
        created, most = load(served, seconds)
        show("creates", f"{created / seconds:.0f} /s", created / seconds / RATE)
        objects = json.loads(Client(served).ask("GET", "/simulated/v1"))["objects"]["configmaps"]
        after = memory(served.pid)
        share = (after - before) * 1024 / max(1, objects)
        show("memory after", f"{after:.1f} MB", None)
        show(f"a live object ({objects})", f"{share:.1f} KB", None)
        allowed = before + MARGIN + created * 4 / 1024
        show("memory at most", f"{most:.1f} MB", allowed / most)
    with tempfile.TemporaryDirectory() as name, serve(Path(name), plain=True) as served:
        brisk = dashboards(served, seconds)
    return 0 if most <= allowed and brisk else 1


if __name__ == "__main__":
    raise SystemExit(main())
