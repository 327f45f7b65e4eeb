"""Fixtures every test with a cluster of its own needs: an empty HOME, a labrunner home, no process left."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from labrunner.content.models import Module
from labrunner.paths import Home
from labrunner.sim import process

from .rig import Lab, await_end, processes_of, sample


@pytest.fixture
def user_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The learner's own home: empty, and not labrunner's."""
    folder = tmp_path / "user"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("LABRUNNER_HOME", str(tmp_path / "lr"))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    return folder


@pytest.fixture
def home(tmp_path: Path, user_home: Path) -> Iterator[Home]:
    """labrunner's home. Afterwards its clusters are stopped, and no process that names it may live on."""
    root = tmp_path / "lr"
    yield Home(root / "data", root / "cache")
    clusters = root / "data" / "clusters"
    for folder in clusters.iterdir() if clusters.is_dir() else ():
        process.stop(folder)
    # A server lets go of its lock a moment before it ends.
    left = {pid: line for pid, line in processes_of(tmp_path).items() if not await_end(pid)}
    assert left == {}, left


@pytest_asyncio.fixture
async def make_lab(home: Home) -> AsyncIterator[Callable[..., Lab]]:
    labs: list[Lab] = []

    def make(module: Module | str = "tiny", **options: bool) -> Lab:
        labs.append(Lab(sample(module) if isinstance(module, str) else module, home, **options))
        return labs[-1]

    yield make
    for lab in labs:
        await lab.close()
    for lab in labs:
        assert not (await lab.cluster.status()).running, "closing a session suspends its cluster"


@pytest.fixture
def clean_environment(user_home: Path, tmp_path: Path) -> dict[str, str]:
    """What a labrunner subprocess gets: nothing of this machine's but PATH."""
    return {
        "HOME": str(user_home),
        "LABRUNNER_HOME": str(tmp_path / "lr"),
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
    }
