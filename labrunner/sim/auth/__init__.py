"""Who is asking, and may they?"""

from __future__ import annotations

from labrunner.sim.auth.identity import ANONYMOUS, SYSTEM, User
from labrunner.sim.auth.rbac import Attributes, Decision

__all__ = ["ANONYMOUS", "SYSTEM", "Attributes", "Decision", "User"]
