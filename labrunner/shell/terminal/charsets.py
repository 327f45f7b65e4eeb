"""The character sets a program can put in G0 and G1, as translation tables."""

from __future__ import annotations

from typing import Final

LINE_DRAWING: Final = str.maketrans("`abcdefghijklmnopqrstuvwxyz{|}~", "◆▒␉␌␍␊°±␤␋┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·")
BRITISH: Final = str.maketrans("#", "£")

DESIGNATED: Final[dict[str, dict[int, int] | None]] = {
    "B": None,
    "0": LINE_DRAWING,
    "A": BRITISH,
    "1": None,
    "2": LINE_DRAWING,
}
"""What the final character of `ESC ( x` designates; None is ASCII."""
