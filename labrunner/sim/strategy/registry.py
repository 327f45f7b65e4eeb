"""Which preparation applies to which kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labrunner.sim.objects import Obj

if TYPE_CHECKING:
    from labrunner.sim.api.local import Api
    from labrunner.sim.resources import ResourceType


def prepare_create(obj: Obj, rt: ResourceType, api: Api) -> None:
    """Change a new object in place: drop what only the system sets, allocate addresses, set the generation."""


def prepare_update(new: Obj, old: Obj, rt: ResourceType, api: Api, subresource: str = "") -> None:
    """Change ``new`` in place: keep what this endpoint may not touch from ``old``, advance the generation."""


def warnings(new: Obj, old: Obj | None, rt: ResourceType, subresource: str = "") -> list[str]:  # noqa: ARG001
    """Warnings for the client about an object that is accepted (deprecated fields, duplicate names...)."""
    return []
