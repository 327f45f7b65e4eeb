"""The importer of the tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from .sources import Imported, Importer, Tree, proven, write_tree


@pytest.fixture
def importing(tmp_path: Path) -> Importer:
    """Imports a folder of files, or one markdown text."""

    def run(source: Tree | str) -> Imported:
        folder = tmp_path / "source"
        if isinstance(source, str):
            write_tree(folder, {"lab.md": source})
            return proven(folder / "lab.md", tmp_path / "out")
        write_tree(folder, source)
        return proven(folder, tmp_path / "out")

    return run
