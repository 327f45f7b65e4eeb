"""Server-side tables: the columns and rows that ``kubectl get`` shows."""

from __future__ import annotations

from labrunner.sim.printers.table import table

__all__ = ["table"]
