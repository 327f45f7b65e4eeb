"""Where the time of a test goes: step by step, cells apart from checks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from labrunner.authoring.findings import ModuleReport


@dataclass(frozen=True, slots=True)
class StepTimes:
    """Seconds that a step's cells took, and the longest that its checks were waited for, one look after another."""

    module: str
    step: str
    cells: float
    checks: float

    @property
    def total(self) -> float:
        return self.cells + self.checks


def timetable(reports: Sequence[ModuleReport]) -> list[StepTimes]:
    """Every step's times, the slowest first."""
    times = []
    for report in reports:
        for step in dict.fromkeys(finding.step for finding in report.findings):
            cells, waits = 0.0, dict[str, float]()
            for finding in report.findings:
                if finding.step != step:
                    continue
                if finding.name.startswith("cell "):
                    cells += finding.seconds
                else:
                    # All checks of one look carry the same seconds: they were waited for together.
                    look = finding.name.rpartition(": ")[0]
                    waits[look] = max(waits.get(look, 0.0), finding.seconds)
            times.append(StepTimes(report.module, step, cells, sum(waits.values())))
    return sorted(times, key=lambda each: each.total, reverse=True)


def as_text(times: Sequence[StepTimes], most: int = 15) -> str:
    """The slowest steps as a table in plain text."""
    lines = [f"{'cells':>8} {'checks':>8} {'total':>8}  step"]
    lines += [
        f"{each.cells:7.1f}s {each.checks:7.1f}s {each.total:7.1f}s  {each.module}/{each.step}"
        for each in times[:most]
    ]
    return "\n".join(lines)
