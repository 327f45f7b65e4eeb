from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from module_bench import Workbench

from labrunner.content.loading import Loaded


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    return Workbench(tmp_path)


@pytest.fixture
def check_of(bench: Workbench) -> Callable[[str], Loaded]:
    """Loads a module with one check `c`, whose YAML is given in flow style."""

    def load(text: str) -> Loaded:
        return bench.load(
            "## One\n<!-- step: {checks: [c]} -->\n\nText.\n\n```bash {id=apply}\ntrue\n```\n",
            f"lab: 1\nchecks:\n  c: {text}\n",
        )

    return load
