"""What checking a value against a schema brings up: complaints without repetition, and how far the value matched."""

from __future__ import annotations

from labrunner.sim.errors import FieldError


class Findings:
    """Complaints in order, each once. ``matched`` counts checks done, by which alternatives are compared."""

    __slots__ = ("_seen", "errors", "matched")

    def __init__(self) -> None:
        self.errors: list[FieldError] = []
        self.matched = 0
        self._seen: set[str] = set()

    def add(self, error: FieldError) -> None:
        """Add a complaint unless it has been made."""
        text = error.message()
        if text not in self._seen:
            self._seen.add(text)
            self.errors.append(error)

    def merge(self, other: Findings) -> None:
        """Take over the complaints and the count of *other*."""
        for error in other.errors:
            self.add(error)
        self.matched += other.matched
