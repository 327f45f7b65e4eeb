"""The order in which admission plugins run."""

from __future__ import annotations

from labrunner.sim.admission.request import Request


def mutate(request: Request) -> list[str]:  # noqa: ARG001
    """Run the plugins that change ``request.object``; returns warnings, raises ApiError to refuse."""
    return []


def validate(request: Request) -> list[str]:  # noqa: ARG001
    """Run the plugins that only judge (and charge quota); returns warnings, raises ApiError to refuse."""
    return []


def admit(request: Request) -> list[str]:
    """Both phases at once, for requests without validation in between (DELETE, CONNECT)."""
    return [*mutate(request), *validate(request)]
