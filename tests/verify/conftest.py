"""A verifier on a scripted session and cluster, under a clock that stands still."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from labrunner.verify.clock import ManualClock
from labrunner.verify.engine import Verifier
from labrunner.verify.verdict import CheckStatus

from .fakes import FakeCluster, Rig, Session


@pytest.fixture
def session(tmp_path: Path) -> Session:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    return Session(workspace)


@pytest_asyncio.fixture
async def rig(session: Session) -> AsyncIterator[Rig]:
    cluster, clock, changes = FakeCluster(), ManualClock(), list[CheckStatus]()
    verifier = Verifier(session, clock=clock, on_change=changes.append, connect=cluster.connect)
    yield Rig(session, cluster, clock, verifier, changes)
    await verifier.close()
