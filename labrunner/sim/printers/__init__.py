"""Server-side tables: the columns and rows that ``kubectl get`` shows."""

from __future__ import annotations

from labrunner.sim.printers.custom import printer as custom_printer
from labrunner.sim.printers.table import printer_for, table

__all__ = ["custom_printer", "printer_for", "table"]
