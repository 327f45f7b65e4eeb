"""Names with a version asked of them: `istio>=1.24`, `kubectl==1.37`, `helm`."""

from __future__ import annotations

import re
from dataclasses import dataclass

FORM = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._/-]*)\s*(?P<range>(?:>=|==|<=|>|<)\s*v?\d+(?:\.\d+)*)?")
"""A name, maybe with a range of versions."""


@dataclass(frozen=True, slots=True)
class VersionedName:
    """A name, and the versions that will do: a range such as `>=1.24`; empty for any."""

    name: str
    range: str = ""

    @classmethod
    def parse(cls, text: str) -> VersionedName:
        """Read `name`, `name>=1.2`. Raises ValueError for anything else (the loader has refused it before)."""
        found = FORM.fullmatch(text.strip())
        if not found:
            raise ValueError(f"{text!r} is not a name with a version, such as istioctl>=1.28")
        return cls(found["name"], (found["range"] or "").replace(" ", ""))

    def allows(self, version: str) -> bool:
        """Whether a version such as `1.30` or `v1.30.3` will do. `==1.30` allows every 1.30 release."""
        # Costs 20 ms, and most labs ask for no version.
        from packaging.specifiers import SpecifierSet

        wanted = f"{self.range}.*" if self.range.startswith("==") else self.range
        return SpecifierSet(wanted).contains(version.removeprefix("v"), prereleases=True)

    def __str__(self) -> str:
        return self.name + self.range
