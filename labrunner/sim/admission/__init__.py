"""Admission: what may be created or changed, and what is added on the way in.

The API server calls :func:`mutate` before validation and :func:`validate` after it; both return warnings and
raise ``ApiError`` to refuse.
"""

from __future__ import annotations

from labrunner.sim.admission.chain import admit, mutate, restrict_node, validate
from labrunner.sim.admission.request import Request

__all__ = ["Request", "admit", "mutate", "restrict_node", "validate"]
