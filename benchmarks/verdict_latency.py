"""How long after an object changes its check is green: p50 and p95, as ratios to the limit of 100 ms.

    python benchmarks/verdict_latency.py [--rounds 200] [--checks 50] [--json]

A simulated cluster is served in a temporary folder; a ConfigMap is patched through the Python client, and the time
from just before the PATCH is sent until the verifier announces PASS is taken. Besides the measured check, others on
the same kind of object are active. Exits with 1 when the p95 is over the limit.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from labrunner.content.checks_model import CheckSpec, ResourceCheck, Target
from labrunner.content.problems import Place
from labrunner.content.requirements import SIMULATED, Capabilities
from labrunner.verify.context import CellOutcome
from labrunner.verify.engine import Verifier
from labrunner.verify.verdict import CheckState, CheckStatus

LIMIT = 0.1
NAME = "latency"


class Bare:
    """A session in which nothing but the cluster counts."""

    namespace: str | None = "default"
    capabilities: Capabilities = SIMULATED

    def __init__(self, folder: Path, kubeconfig: Path) -> None:
        self.workspace = folder
        self._kubeconfig = kubeconfig

    def environment(self) -> Mapping[str, str]:
        return os.environ

    def kubeconfig(self, cluster: str) -> Path | None:  # noqa: ARG002
        return self._kubeconfig

    def cell_outcome(self, cell_id: str) -> CellOutcome | None:  # noqa: ARG002
        return None

    def answer(self, check_id: str) -> str | None:  # noqa: ARG002
        return None

    def confirmed(self, check_id: str) -> bool:  # noqa: ARG002
        return False

    def quiz_score(self, question_ids: Sequence[str]) -> float | None:  # noqa: ARG002
        return None

    def variant(self, name: str) -> str | None:  # noqa: ARG002
        return None


def serve(folder: Path) -> tuple[subprocess.Popen[str], Path]:
    """A simulated cluster, ready."""
    process = subprocess.Popen(
        [sys.executable, "-m", "labrunner.sim", "serve", "--dir", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    return process, Path(json.loads(process.stdout.readline())["kubeconfig"])


def check(check_id: str, mode: str) -> CheckSpec:
    target = Target(kind="ConfigMap", api_version="v1", name=NAME)
    return CheckSpec(
        check_id, ResourceCheck(target, {"data": {"mode": mode}}), Place(Path("benchmark")), eventually=None
    )


async def measure(kubeconfig: Path, folder: Path, rounds: int, others: int) -> list[float]:
    """Seconds from PATCH to PASS, one per round."""
    client: Any = await asyncio.to_thread(import_module, "kubernetes.client")
    config: Any = await asyncio.to_thread(import_module, "kubernetes.config")
    core = client.CoreV1Api(config.new_client_from_config(config_file=str(kubeconfig)))
    body = {"metadata": {"name": NAME}, "data": {"mode": "off"}}
    await asyncio.to_thread(core.create_namespaced_config_map, "default", body)
    seen = asyncio.Queue[tuple[float, CheckState]]()

    def changed(status: CheckStatus) -> None:
        if status.check_id == "measured":
            seen.put_nowait((time.perf_counter(), status.state))

    verifier = Verifier(Bare(folder, kubeconfig), on_change=changed)
    verifier.activate([check("measured", "on"), *(check(f"other-{n}", "never") for n in range(others))])
    await verifier.verify(["measured"], wait=False)
    times = []
    try:
        for _ in range(rounds):
            begun = await patch(core, "on")
            times.append(await until(seen, passing=True) - begun)
            await patch(core, "off")
            await until(seen, passing=False)
    finally:
        await verifier.close()
    return times


async def patch(core: Any, mode: str) -> float:
    """When the PATCH began."""

    def send() -> float:
        begun = time.perf_counter()
        core.patch_namespaced_config_map(NAME, "default", {"data": {"mode": mode}})
        return begun

    return await asyncio.to_thread(send)


async def until(seen: asyncio.Queue[tuple[float, CheckState]], *, passing: bool) -> float:
    """When the state was announced."""
    while True:
        at, state = await asyncio.wait_for(seen.get(), 30)
        if (state is CheckState.PASS) is passing:
            return at


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--checks", type=int, default=50, help="other checks that are active meanwhile")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        process, kubeconfig = serve(Path(folder) / "cluster")
        try:
            times = asyncio.run(measure(kubeconfig, Path(folder), options.rounds, options.checks))
        finally:
            process.terminate()
            process.wait()
    p50 = statistics.median(times)
    p95 = statistics.quantiles(times, n=20)[-1]
    if options.json:
        numbers = {
            "p50_ms": p50 * 1000,
            "p95_ms": p95 * 1000,
            "p50_ratio": p50 / LIMIT,
            "p95_ratio": p95 / LIMIT,
        }
        print(json.dumps({"benchmark": "verdict_latency", "rounds": len(times), **numbers}))
    else:
        print(f"verdict latency over {len(times)} patches, {options.checks} other checks active")
        print(f"  p50 {p50 * 1000:6.1f} ms   ratio to the {LIMIT * 1000:.0f} ms limit {p50 / LIMIT:.3f}")
        print(f"  p95 {p95 * 1000:6.1f} ms   ratio to the {LIMIT * 1000:.0f} ms limit {p95 / LIMIT:.3f}")
    return 0 if p95 <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
