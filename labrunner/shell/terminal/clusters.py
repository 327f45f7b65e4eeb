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
NARROW: Final = (
    " -~\xa0-\u02ff\u0370-\u0482\u048a-\u0590\u1e00-\u200a\u2010-\u2027\u202f-\u205f\u2070-\u20cf"
    "\u20f1-\u2319\u232b-\u23e8\u23f4-\u25fc\u25ff-\u2613\u270c-\u2727\u2758-\u2794\u27c0-\u2b1a"
)
"""Ranges of characters one cell wide: common text is decided without looking at each character."""

WIDE: Final = "\u3000-\u3029\u3041-\u3096\u309b-\u30ff\u4e00-\u9fff\uac00-\ud7a3\uff01-\uff60"
"""Ranges of characters two cells wide."""

_NARROW: Final = re.compile(f"[{NARROW}]*")
_RUNS: Final = re.compile(f"([{NARROW}]++)|([{WIDE}]++)|(.)", re.DOTALL)

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
        for run in _RUNS.finditer(text):
            kind = run.lastindex
            if kind == 1:
                cells.append(run[1])
            elif kind == 2:
                cells.append(FILLER.join(run[2]) + FILLER)
            else:
                self._single(run[3], leading, cells)
        return "".join(leading), "".join(cells)

    def _single(self, character: str, leading: list[str], cells: list[str]) -> None:
        """Add one character of any kind to the cells, or to the last of them."""
        width = get_character_cell_size(character)
        if width:
            cell = self._intern(character, width) if character >= "\U00100000" else character
            cells.append(cell + FILLER if width == 2 else cell)
        elif cells:
            last = cells.pop()
            end = len(last) - 1 if last[-1] == FILLER else len(last)
            cells.append(last[: end - 1] + self.combine(last[end - 1], character) + last[end:])
        else:
            leading.append(character)

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
