"""Several runs of one module as one report, in which a promise that was only sometimes held stands out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from labrunner.authoring.findings import Finding, ModuleReport, Result

_WORST_FIRST = (Result.FAILED, Result.ERROR, Result.SKIPPED, Result.OK)


def merged(reports: Sequence[ModuleReport]) -> ModuleReport:
    """One report. A promise not held in every run keeps its worst finding, marked as flaky; times are means."""
    if len(reports) == 1:
        return reports[0]
    by_promise: dict[tuple[str, str], list[Finding]] = {}
    for report in reports:
        for finding in report.findings:
            by_promise.setdefault((finding.step, finding.name), []).append(finding)
    findings = tuple(_one(found, len(reports)) for found in by_promise.values())
    seconds = sum(report.seconds for report in reports)
    return replace(reports[0], findings=findings, seconds=seconds, runs=len(reports))


def _one(found: Sequence[Finding], runs: int) -> Finding:
    worst = min(found, key=lambda finding: _WORST_FIRST.index(finding.result))
    mean = sum(finding.seconds for finding in found) / len(found)
    counts = Counter(finding.result for finding in found)
    if len(counts) == 1 and (len(found) == runs or worst.result is not Result.OK):
        return replace(worst, seconds=mean)
    held = f"flaky: ok in {counts[Result.OK]} of {runs} runs"
    # Seen in some runs only, and right in those: what stopped the others says so itself.
    result = worst.result if worst.result in (Result.FAILED, Result.ERROR) else Result.OK
    return replace(worst, result=result, detail=f"{held}\n{worst.detail}".strip(), seconds=mean, flaky=True)
