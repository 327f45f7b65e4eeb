"""What a check needs of a cluster by its kind alone, whatever its author declares beside it."""

from __future__ import annotations

from labrunner.content.checks_model import Assertion, ExecCheck, LogsCheck
from labrunner.content.requirements import Requirements

_NOTHING = Requirements()
_CONTAINERS = Requirements(cluster=(("containers", "run"),))


def inferred_needs(assertion: Assertion) -> Requirements:
    """Containers that really run, for what asks them; nothing for what looks at objects."""
    return _CONTAINERS if isinstance(assertion, LogsCheck | ExecCheck) else _NOTHING
