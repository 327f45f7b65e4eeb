"""The simulated cluster against recordings of a real API server: the score may rise, never fall."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from labrunner.cluster.kubectl import bundled_kubectl
from labrunner.fidelity.comparison import SIMULATED, compare
from labrunner.fidelity.score import Score
from labrunner.fidelity.sessions import load
from labrunner.sim import process

RECORDINGS = Path(__file__).parents[3] / "shared" / "fidelity"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not RECORDINGS.is_dir(), reason="the recordings of a real API server are not on this machine"
    ),
]

# Folder, outputs that must be equal to the letter. A little below the usual score: a few depend on a rollout's moment.
OUTPUTS = [("basics", 139), ("labs", 240), ("crds", 108)]
CODES_GOAL = 0.99
OUTPUTS_GOAL = 0.97
"""Of the outputs, those that differ only by design counted as equal: fidelity/design.py lists the reasons."""


@pytest.mark.parametrize(("folder", "outputs"), OUTPUTS, ids=[score[0] for score in OUTPUTS])
def test_recorded_sessions_replay_alike(
    folder: str, outputs: int, capsys: pytest.CaptureFixture[str]
) -> None:
    kubectl = bundled_kubectl()
    assert kubectl is not None
    score = compare(load(RECORDINGS / folder), kubectl, None, lambda *_: None).scores[SIMULATED]
    with capsys.disabled():
        print(
            f"\nfidelity {folder}: {score.commands} commands; exit codes equal {score.codes};"
            f" output equal {score.outputs}, without what differs by design {score.faithful}"
        )
    assert score.codes >= CODES_GOAL * score.commands, _differing(score)
    assert score.faithful >= OUTPUTS_GOAL * score.commands, _differing(score)
    assert score.outputs >= outputs, _differing(score)


def test_our_comparison_is_as_strict_as_the_yardstick(tmp_path: Path) -> None:
    """`compare.py` beside the recordings is written apart from ours: both must come to the same score."""
    kubectl = bundled_kubectl()
    assert kubectl is not None
    folder = RECORDINGS / "crds"
    kubeconfig = process.start(tmp_path / "cluster").kubeconfig
    try:
        command = [sys.executable, str(RECORDINGS / "compare.py"), str(folder), str(kubeconfig), str(kubectl)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    finally:
        process.stop(tmp_path / "cluster")
    yardstick = re.search(r"(\d+) commands; rc equal (\d+); output equal (\d+)", done.stdout)
    assert yardstick is not None, done.stdout[-2000:] + done.stderr[-2000:]
    ours = compare(load(folder), kubectl, None, lambda *_: None).scores[SIMULATED]
    assert (ours.commands, ours.codes, ours.outputs) == tuple(map(int, yardstick.groups())), _differing(ours)


def _differing(score: Score) -> str:
    return "\n".join(
        "\n".join([f"{each.number}: {each.command}", *each.difference])
        for each in score.differing
        if not (each.same_code and each.by_design)
    )
