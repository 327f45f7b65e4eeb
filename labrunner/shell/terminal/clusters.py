"""Characters as cells: how wide each is, and clusters of several code points as one cell.

A base character with combining marks is interned as a single character of the last private-use plane, so
that a row stays a plain string. Widths are `rich.cells`', because that is what measures the drawn screen.
"""

from __future__ import annotations

import re
from typing import Final

from rich.cells import cell_len, get_character_cell_size

from labrunner.shell.terminal.row import FILLER

_FIRST: Final = 0x100000
_LAST: Final = 0x10FFFD
_INTERNED: Final = re.compile(f"[{chr(_FIRST)}-\U0010ffff]")
_NARROW: Final = re.compile("[ -~\xa0-\xac\xae-\u02ff\u0370-\u0482\u2500-\u25fc\u2800-\u28ff]*")
"""Characters known to be one cell wide: the common case is decided without looking at each."""

MAX_CLUSTER: Final = 16
"""Code points kept of one cluster; further marks are dropped."""

_ZWJ: Final = "\u200d"


class ClusterTable:
    """Interns clusters; bounded, so that marks are dropped once the plane is used up."""

    def __init__(self) -> None:
        self._ids: dict[str, str] = {}
        self._clusters: dict[int, str] = {}
        self._shown: dict[int, str] = {}

    def cells(self, text: str) -> tuple[str, str]:
        """Turn printable text into cells.

        Returns:
            The marks that belong to the character before the text, and the cells.
        """
        if _NARROW.fullmatch(text):
            return "", text
        leading: list[str] = []
        cells: list[str] = []
        for character in text:
            width = get_character_cell_size(character)
            if not width:
                if cells:
                    index = -2 if cells[-1] == FILLER else -1
                    cells[index] = self.combine(cells[index], character)
                else:
                    leading.append(character)
                continue
            cells.append(self._intern(character, width) if character >= "\U00100000" else character)
            if width == 2:
                cells.append(FILLER)
        return "".join(leading), "".join(cells)

    def combine(self, base: str, marks: str) -> str:
        """The one-character cell of `base` (itself maybe interned) with `marks` after it."""
        old = self._clusters.get(ord(base), base)
        if len(old) + len(marks) > MAX_CLUSTER:
            return base
        return self._intern(old + marks, get_character_cell_size(old[0]), base)

    def _intern(self, cluster: str, width: int, otherwise: str = "\ufffd") -> str:
        identifier = self._ids.get(cluster)
        if identifier is None:
            number = _FIRST + len(self._ids)
            if number > _LAST:
                return otherwise
            identifier = self._ids[cluster] = chr(number)
            self._clusters[number] = cluster
            # What is drawn must measure what the cell takes, or everything after it shifts.
            fits = not cluster.endswith(_ZWJ) and cell_len(cluster) == width
            self._shown[number] = cluster if fits else cluster[0]
        return identifier

    def shown(self, cells: str) -> str:
        """The cells as text to draw: no fillers, every cluster as wide as its cells."""
        return self._expand(cells, self._shown)

    def plain(self, cells: str) -> str:
        """The cells as the program wrote them, for copying."""
        return self._expand(cells, self._clusters)

    @staticmethod
    def _expand(cells: str, table: dict[int, str]) -> str:
        if cells.isascii():
            return cells.replace(FILLER, "") if FILLER in cells else cells
        text = cells.replace(FILLER, "")
        return text.translate(table) if _INTERNED.search(text) else text
