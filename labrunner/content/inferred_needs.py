"""What a check needs of a cluster by its kind alone, whatever its author declares beside it."""

from __future__ import annotations

from labrunner.content.checks_model import Assertion, DnsCheck, ExecCheck, HttpCheck, LogsCheck, TcpCheck
from labrunner.content.requirements import Requirements

_NOTHING = Requirements()
_CONTAINERS = Requirements(cluster=(("containers", "run"),))


def inferred_needs(assertion: Assertion) -> Requirements:
    """Containers that really run, for what asks them; nothing for what looks at objects."""
    if isinstance(assertion, LogsCheck | ExecCheck):
        return _CONTAINERS
    if isinstance(assertion, HttpCheck) and assertion.endpoint is not None:
        return _CONTAINERS
    inside = isinstance(assertion, HttpCheck | TcpCheck | DnsCheck) and assertion.source is not None
    return _CONTAINERS if inside else _NOTHING
