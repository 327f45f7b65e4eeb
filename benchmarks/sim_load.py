"""Watchers and creates for a while: what the server's memory does, in all and for each object.

    python benchmarks/sim_load.py [--seconds 60]

50 watchers that read, 5 that never do, 200 creates a second; each object is deleted again after two seconds in the
second half, so that memory beyond the objects would show.
"""

from __future__ import annotations

import argparse
import json
import selectors
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.sim_server import MAPS, Client, Served, config_map, memory, serve, show

WATCHERS = 50
DEAF = 5
RATE = 200
#: Memory beyond the objects that history, buffers and the allocator may take, in MB.
MARGIN = 40.0


class Watchers:
    """Connections that follow all ConfigMaps and throw away what they are told."""

    def __init__(self, served: Served, number: int) -> None:
        self.clients = [Client(served) for _ in range(number)]
        self.chooser = selectors.DefaultSelector()
        self.received = 0
        for client in self.clients:
            client.send("GET", f"{MAPS}?watch=true")
            self.chooser.register(client.socket, selectors.EVENT_READ, client)

    def read(self, seconds: float) -> None:
        """Take what comes for that long."""
        until = time.perf_counter() + seconds
        while (left := until - time.perf_counter()) > 0:
            for key, _ in self.chooser.select(left):
                self.received += len(key.data.socket.recv(1024 * 1024))


def load(served: Served, seconds: float) -> tuple[int, float]:
    """Create (and in the second half delete) at the rate; the number of creates and the most memory seen."""
    watchers, deaf, writer = Watchers(served, WATCHERS), Watchers(served, DEAF), Client(served)
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
    for client in (*watchers.clients, *deaf.clients, writer):
        client.socket.close()
    return number, most


def main() -> int:
    """Measure and print; 1 when memory grew beyond the objects."""
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
    return 0 if most <= allowed else 1


if __name__ == "__main__":
    raise SystemExit(main())
