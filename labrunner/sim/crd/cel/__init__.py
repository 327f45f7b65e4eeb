"""A small interpreter of CEL, the expression language of validation rules.

Source: the public specification of the Common Expression Language and the Kubernetes documentation of its libraries.
"""

from __future__ import annotations

from labrunner.sim.crd.cel.checker import check
from labrunner.sim.crd.cel.errors import CelError, CompileError
from labrunner.sim.crd.cel.parser import parse
from labrunner.sim.crd.cel.program import Program, compile_rule

__all__ = ["CelError", "CompileError", "Program", "check", "compile_rule", "parse"]
