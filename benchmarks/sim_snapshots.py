"""Saving, comparing and restoring a simulated cluster of 2,000 objects more, over HTTP: figures beside the limit of 50 ms.

python benchmarks/sim_snapshots.py
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.sim_server import MAPS, Client, config_map, serve, show

OBJECTS = 2000
LIMIT = 0.050
SNAPSHOT = "/simulated/v1/snapshots/bench"


class Clock:
    """Times requests of one client and remembers the slowest."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.slowest = 0.0

    def __call__(self, name: str, method: str, path: str) -> int:
        """Do and show it; how many ConfigMaps it reports as different (nodes renew their leases meanwhile)."""
        began = time.perf_counter()
        answer = self._client.ask(method, path)
        took = time.perf_counter() - began
        self.slowest = max(self.slowest, took)
        show(name, f"{took * 1000:.1f} ms", LIMIT / took)
        return sum(each["resource"] == "configmaps" for each in json.loads(answer).get("changes", ()))


def main() -> int:
    """Measure and print; 1 when one of them took longer than the limit."""
    print(f"{f'cluster of {OBJECTS} objects':<44} {'measured':>14}   ratio to the limit (≥ 1 keeps it)")
    with tempfile.TemporaryDirectory() as name, serve(Path(name), plain=True) as served:
        client = Client(served)
        timed = Clock(client)
        for number in range(OBJECTS):
            client.ask("POST", MAPS, config_map(f"m-{number}"))
        timed("save", "PUT", SNAPSHOT)
        for number in range(0, OBJECTS, 20):
            client.ask("PUT", f"{MAPS}/m-{number}", config_map(f"m-{number}").replace(b"bench", b"other"))
        assert timed("diff of 100 changed", "GET", f"{SNAPSHOT}/diff") == OBJECTS // 20
        timed("restore after 100 changed", "POST", f"{SNAPSHOT}/restore")
        for number in range(OBJECTS):
            client.ask("PUT", f"{MAPS}/m-{number}", config_map(f"m-{number}").replace(b"bench", b"other"))
        assert timed("diff of all changed", "GET", f"{SNAPSHOT}/diff") == OBJECTS
        timed("restore after all changed", "POST", f"{SNAPSHOT}/restore")
        client.ask("DELETE", MAPS)
        assert timed("diff of all deleted", "GET", f"{SNAPSHOT}/diff") >= OBJECTS
        timed("restore after all were deleted", "POST", f"{SNAPSHOT}/restore")
        assert timed("diff after that", "GET", f"{SNAPSHOT}/diff") == 0
    return 0 if timed.slowest <= LIMIT else 1


if __name__ == "__main__":
    raise SystemExit(main())
