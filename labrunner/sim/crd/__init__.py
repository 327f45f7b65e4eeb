"""Custom resources: their definitions become resource types, their objects are prepared and checked here."""

from __future__ import annotations

from labrunner.sim.crd.objects import (
    complete,
    prepare_create,
    prepare_update,
    validate_create,
    validate_update,
)
from labrunner.sim.crd.registration import Definitions
from labrunner.sim.crd.schemas import schema_of
from labrunner.sim.crd.termination import check_creation

__all__ = [
    "Definitions",
    "check_creation",
    "complete",
    "prepare_create",
    "prepare_update",
    "schema_of",
    "validate_create",
    "validate_update",
]
