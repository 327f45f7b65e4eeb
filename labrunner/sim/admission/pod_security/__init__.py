"""Pod Security admission: the three levels of the Pod Security Standards, set by labels of namespaces."""

from __future__ import annotations

from labrunner.sim.admission.pod_security.levels import Policy, violations
from labrunner.sim.admission.pod_security.plugin import check

__all__ = ["Policy", "check", "violations"]
