"""Semantic versions, the constraints authors write about them (`>=1.28`, `>=1.2 <2`, `~1.4`, `^2`), and names with one."""

from __future__ import annotations

import re
from dataclasses import dataclass

_VERSION = re.compile(
    r"[vV]?(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.+-]*)?", re.ASCII
)
_CONSTRAINT = re.compile(r"(>=|<=|==|!=|=|>|<|~|\^)?\s*([vV]?[0-9][0-9A-Za-z.+-]*)")
_ANY_PART = re.compile(r"\.[xX](?:\.[xX])*$")
NAME_WITH_RANGE = re.compile(
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9._/-]*)\s*(?P<range>(?:>=|==|<=|>|<)\s*v?\d+(?:\.\d+)*)?"
)
"""A name, maybe with a range of versions: `istioctl>=1.28`."""

Precedence = tuple[tuple[int, int, int], int, tuple[tuple[int, int, str], ...]]


@dataclass(frozen=True, slots=True)
class Version:
    """`given` is how many of major, minor, patch were written; `prerelease` is "" for a release."""

    numbers: tuple[int, int, int]
    given: int
    prerelease: str = ""

    @property
    def precedence(self) -> Precedence:
        """Sorts as semver.org's point 11 says; build metadata plays no part."""
        parts = self.prerelease.split(".") if self.prerelease else []
        ranks = tuple((0, int(p), "") if p.isascii() and p.isdigit() else (1, 0, p) for p in parts)
        return self.numbers, 0 if parts else 1, ranks


def parse_version(text: object) -> Version | None:
    """`v1.29.3+k3s1` and the like; None for anything else. Missing parts count as zero."""
    found = _VERSION.fullmatch(text.strip()) if isinstance(text, str) and len(text) < 200 else None
    if found is None:
        return None
    written = [int(part) for part in found.groups()[:3] if part is not None]
    major, minor, patch = [*written, 0, 0, 0][:3]
    return Version((major, minor, patch), len(written), found[4] or "")


def satisfies(text: object, constraint: str) -> bool:
    """Whether the version meets every part of the constraint. Raises ValueError for a constraint that is none."""
    parts = _CONSTRAINT.findall(constraint)
    if not parts or _CONSTRAINT.sub("", constraint).strip(" ,"):
        raise ValueError(f"{constraint!r} is not a version constraint such as '>=1.28'")
    version = parse_version(text)
    wanted = [(operator or "=", parse_version(_ANY_PART.sub("", bound))) for operator, bound in parts]
    if any(bound is None for _, bound in wanted):
        raise ValueError(f"{constraint!r} names no version such as 1.28")
    return version is not None and all(
        _holds(version, operator, bound) for operator, bound in wanted if bound is not None
    )


def _holds(version: Version, operator: str, bound: Version) -> bool:
    if operator in ("=", "=="):
        return _same_as_far_as_given(version, bound)
    if operator == "!=":
        return not _same_as_far_as_given(version, bound)
    if operator == "~":
        kept = min(2, bound.given)
        return version.precedence >= bound.precedence and version.numbers[:kept] == bound.numbers[:kept]
    if operator == "^":
        kept = next((at + 1 for at, number in enumerate(bound.numbers) if number), bound.given)
        return version.precedence >= bound.precedence and version.numbers[:kept] == bound.numbers[:kept]
    if operator == ">":
        return version.precedence > bound.precedence
    if operator == "<":
        return version.precedence < bound.precedence
    return (
        version.precedence >= bound.precedence if operator == ">=" else version.precedence <= bound.precedence
    )


def _same_as_far_as_given(version: Version, bound: Version) -> bool:
    if bound.given < 3:
        return version.numbers[: bound.given] == bound.numbers[: bound.given]
    return version.precedence == bound.precedence


@dataclass(frozen=True, slots=True)
class VersionedName:
    """A name, and the versions that will do: a range such as `>=1.24`; empty for any."""

    name: str
    range: str = ""

    @classmethod
    def parse(cls, text: str) -> VersionedName:
        """Read `name`, `name>=1.2`. Raises ValueError for anything else (the loader has refused it before)."""
        found = NAME_WITH_RANGE.fullmatch(text.strip())
        if not found:
            raise ValueError(f"{text!r} is not a name with a version, such as istioctl>=1.28")
        return cls(found["name"], (found["range"] or "").replace(" ", ""))

    def allows(self, version: str) -> bool:
        """Whether a version such as `1.30` or `v1.30.3` will do. `==1.30` allows every 1.30 release."""
        return not self.range or satisfies(version, self.range)

    def __str__(self) -> str:
        return self.name + self.range
