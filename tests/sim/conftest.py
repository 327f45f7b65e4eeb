"""What tests of the simulated cluster share: a server process, real kubectl on it, and the API in this process."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from labrunner.sim import process
from labrunner.sim.api import Api
from labrunner.sim.api.server import bootstrap
from labrunner.sim.clock import FakeClock
from labrunner.sim.crd import Definitions
from labrunner.sim.resources import Registry
from labrunner.sim.store import Store


class Kubectl:
    """Real kubectl on one cluster. Call it with arguments; ``ok`` fails the test unless it exits with 0."""

    def __init__(self, binary: str, kubeconfig: Path, home: Path) -> None:
        self._binary = binary
        self._env = {
            **os.environ, "KUBECONFIG": str(kubeconfig), "HOME": str(home), "KUBECACHEDIR": str(home / "cache"),
            "TZ": "UTC", "LC_ALL": "C",
        }  # fmt: skip
        self._cwd = home

    def __call__(self, *args: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self._binary, *args],
            capture_output=True,
            text=True,
            timeout=60,
            env=self._env,
            cwd=self._cwd,
            input=stdin if stdin is not None else "",
        )

    def ok(self, *args: str, stdin: str | None = None) -> str:
        done = self(*args, stdin=stdin)
        assert done.returncode == 0, f"kubectl {' '.join(args)}: {done.stdout}{done.stderr}"
        return done.stdout


def kubectl_binary() -> str:
    """The kubectl of the environment, or the one on PATH."""
    import sys

    beside = Path(sys.executable).with_name("kubectl")
    found = str(beside) if beside.exists() else shutil.which("kubectl")
    if found is None:
        pytest.skip("no kubectl")
    return found


@pytest.fixture(scope="session")
def sim_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[process.Running]:
    """A simulated cluster in a process of its own, for the whole session: use namespaces of your own in it."""
    directory = tmp_path_factory.mktemp("sim")
    running = process.start(directory)
    yield running
    process.stop(directory)


@pytest.fixture
def kubectl(sim_server: process.Running, tmp_path: Path) -> Kubectl:
    """Real kubectl, as administrator, on the session's server."""
    return Kubectl(kubectl_binary(), sim_server.kubeconfig, tmp_path)


@pytest.fixture
def fresh_server(tmp_path: Path) -> Iterator[process.Running]:
    """A server of its own for one test."""
    directory = tmp_path / "cluster"
    yield process.start(directory)
    process.stop(directory)


@pytest.fixture
def clock() -> FakeClock:
    """Time that stands still until the test advances it."""
    return FakeClock()


@pytest.fixture
def api(clock: FakeClock) -> Api:
    """The API in this process on a fake clock, with a new cluster's objects and no controllers."""
    found = Api(Store(), Registry(), clock)
    bootstrap(found)
    Definitions(found).start()
    return found
