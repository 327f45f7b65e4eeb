"""What is loaded when the first frame is shown: a budget, so that the start stays quick."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from .conftest import PACK

FORBIDDEN = (
    "kubernetes", "pydantic", "httpx", "fsrs", "sqlite3", "yaml", "markdown_it", "pygments.lexers",
    "textual.widgets._markdown", "textual.widgets._tabbed_content", "labrunner.verify", "labrunner.shell",
    "labrunner.lab", "labrunner.tui.screens.lab",
)  # fmt: skip
OURS = 25
"""Modules of labrunner itself that may be loaded by then."""

PROGRAM = """
import json, sys
from pathlib import Path
from labrunner.content.pack import open_pack
from labrunner.tui.app import LabrunnerApp
from labrunner.tui.launch import Launch
from labrunner.tui.screens.catalogue import CatalogueScreen

CatalogueScreen.read = lambda self: self.app.exit(0)  # called after the first refresh
LabrunnerApp(Launch(open_pack(Path(sys.argv[1])))).run(headless=True)
print(json.dumps(sorted(sys.modules)))
"""


def test_the_first_frame_loads_nothing_that_only_a_lab_needs(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(PACK)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env={**os.environ, "LABRUNNER_HOME": str(tmp_path)},
    )
    loaded = json.loads(done.stdout.splitlines()[-1])
    heavy = [name for name in loaded if name.startswith(FORBIDDEN)]
    assert heavy == []
    ours = [name for name in loaded if name.split(".")[0] == "labrunner"]
    assert "labrunner.tui.screens.catalogue" in ours
    assert len(ours) <= OURS, ours
