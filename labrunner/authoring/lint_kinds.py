"""Sets of custom kinds that a module asks for and the simulated cluster does not have."""

from __future__ import annotations

from collections.abc import Iterator

from labrunner.content.findings import suggestion
from labrunner.content.models import Module
from labrunner.content.problems import Problem
from labrunner.content.versions import VersionedName
from labrunner.sim import kindsets


def missing_kinds(module: Module) -> Iterator[Problem]:
    """A warning for each: the module cannot start on the simulated cluster."""
    for step in (None, *module.steps):
        needs, place = (step.requires, step.place) if step else (module.requires, module.place)
        for wanted in map(VersionedName.parse, needs.crds if needs else ()):
            if wanted.name not in kindsets.names():
                remedy = suggestion(
                    wanted.name, kindsets.names(), "bring the definitions along in the module's files/"
                )
                message = (
                    f"the simulated cluster has no kinds called '{wanted.name}', so the lab cannot run on it"
                )
            elif not wanted.allows(version := kindsets.load(wanted.name).version):
                message = f"the simulated cluster's kinds are those of {wanted.name} {version}, not {wanted}"
                remedy = f"ask for {wanted.name}>={version} or less"
            else:
                continue
            yield Problem(place, "unknown-kinds", message, remedy, "warning")
