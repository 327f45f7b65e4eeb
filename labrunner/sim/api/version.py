"""What the server says it is: a simulated one."""

from __future__ import annotations

from typing import Final

from labrunner.sim.objects import Obj

GIT_VERSION: Final = "v1.36.2+simulated"

INFO: Final[Obj] = {
    "major": "1",
    "minor": "36",
    "emulationMajor": "1",
    "emulationMinor": "36",
    "minCompatibilityMajor": "1",
    "minCompatibilityMinor": "35",
    "gitVersion": GIT_VERSION,
    "gitCommit": "simulated-by-labrunner",
    "gitTreeState": "simulated",
    "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": "none (simulated)",
    "compiler": "none",
    "platform": "simulated/simulated",
}
