"""Semantic versions in CEL."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import total_ordering
from typing import Any, Final

from labrunner.sim.crd.cel.errors import CelError
from labrunner.sim.crd.cel.operators import no_overload

_SEMVER: Final = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z.-]+)?"
)


@total_ordering
@dataclass(frozen=True, slots=True)
class Semver:
    """A version; ``pre`` are the dotted parts of a pre-release."""

    major: int
    minor: int
    patch: int
    pre: tuple[str, ...] = ()

    def _key(self) -> tuple[Any, ...]:
        parts = [(0, int(p), "") if p.isdigit() else (1, 0, p) for p in self.pre]
        return (self.major, self.minor, self.patch, not self.pre, parts)

    def __lt__(self, other: Semver) -> bool:
        return bool(self._key() < other._key())


def semver(text: Any, normalize: bool = False) -> Semver:
    """The version that *text* names; *normalize* takes ``v1.2`` too. Raises CelError."""
    if not isinstance(text, str):
        no_overload()
    found = _SEMVER.fullmatch(_normalized(text) if normalize else text)
    if found is None:
        why = (
            "No Major.Minor.Patch elements found"
            if text.count(".") < 2
            else "Invalid character(s) found in version"
        )
        raise CelError(why)
    pre = tuple(found[4].split(".")) if found[4] else ()
    return Semver(int(found[1]), int(found[2]), int(found[3]), pre)


def is_semver(text: Any, normalize: bool = False) -> bool:
    """Whether *text* is a version."""
    try:
        semver(text, normalize)
    except CelError:
        return False
    return True


def _normalized(text: str) -> str:
    core, mark, rest = re.fullmatch(r"([^-+]*)([-+]?)(.*)", text.removeprefix("v"), re.DOTALL).groups()  # type: ignore[union-attr]
    numbers = [part.lstrip("0") or "0" for part in core.split(".")]
    return ".".join([*numbers, "0", "0"][: max(3, len(numbers))]) + mark + rest
