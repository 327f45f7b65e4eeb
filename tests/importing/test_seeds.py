"""The documents this project exists to run."""

from __future__ import annotations

from pathlib import Path

import pytest

from .sources import proven

SEEDS = Path(__file__).parents[3] / "shared" / "seeds"
FOUND = sorted(SEEDS.glob("*.txt")) if SEEDS.is_dir() else []


@pytest.mark.skipif(not FOUND, reason="../shared/seeds is not on this machine")
@pytest.mark.parametrize("seed", FOUND, ids=lambda path: path.name[:3])
def test_a_seed_is_imported_whole(seed: Path, tmp_path: Path) -> None:
    result = proven(seed, tmp_path / "out")
    module = result.module()
    assert len(module.steps) >= 5
    bodies = "\n".join(step.body for step in module.steps)
    original = seed.read_text()
    # What the source says is still there, but for what moved to checks, questions and front matter.
    assert len(bodies) > len(original.encode("utf-8").decode()) * 0.75
    assert "‚Ä" not in bodies and "üîí" not in bodies
    source_fences = original.count("\n```") // 2
    assert sum(len(step.cells) for step in module.steps) >= source_fences * 0.7


@pytest.mark.skipif(not FOUND, reason="../shared/seeds is not on this machine")
def test_the_long_lab_keeps_its_elements(tmp_path: Path) -> None:
    seed = next(path for path in FOUND if path.name.startswith("003"))
    result = proven(seed, tmp_path / "out")
    module = result.module()
    kinds = [question.kind for question in module.questions.values()]
    assert kinds.count("recall") == 12
    assert kinds.count("predict") >= 20
    confirmed = list(module.checks.values())
    assert len(confirmed) == 128
    assert sum(1 for cell in module.cells() if cell.expected) >= 40
    assert sum(1 for phase in module.phases if "Phase" in phase.title) == 8
