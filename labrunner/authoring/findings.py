"""What qualification found: one finding per promise a module makes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Result(StrEnum):
    OK = "ok"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """One promise held or broken: `name` says which (`red before: ns-exists`), `detail` what was seen instead.

    `flaky`: it was held in some of several runs.
    """

    step: str
    name: str
    result: Result
    detail: str = ""
    seconds: float = 0.0
    place: str = ""
    flaky: bool = False


@dataclass(frozen=True, slots=True)
class ModuleReport:
    """Everything found in one module, in `runs` runs. `cluster` is the driver's label."""

    module: str
    cluster: str
    findings: tuple[Finding, ...]
    seconds: float
    runs: int = 1

    @property
    def ok(self) -> bool:
        """Something was tested, and nothing of it failed: a module that was only skipped has shown nothing."""
        return self.count(Result.OK) > 0 and not any(
            finding.result in (Result.FAILED, Result.ERROR) for finding in self.findings
        )

    def count(self, result: Result) -> int:
        return sum(finding.result is result for finding in self.findings)
