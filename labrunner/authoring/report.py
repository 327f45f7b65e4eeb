"""Qualification reports: for people, for programs, for CI."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from labrunner.authoring.findings import Finding, ModuleReport, Result

NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
SIGNS = {Result.OK: "✓", Result.FAILED: "✗", Result.ERROR: "!", Result.SKIPPED: "-"}


def finding_text(finding: Finding) -> str:
    """One finding, with what was seen indented below where it is not as promised."""
    line = f"  {SIGNS[finding.result]} {finding.step}: {finding.name}"
    if finding.result is Result.OK and not finding.flaky:
        return f"{line}  {finding.seconds:.1f} s" if finding.seconds >= 0.05 else line
    place = [f"at {finding.place}"] if finding.place and finding.result is not Result.SKIPPED else []
    return "\n".join([line, *(f"      {text}" for text in [*finding.detail.splitlines(), *place])])


def summary_line(report: ModuleReport) -> str:
    """One module's result in a line."""
    counts = ", ".join(f"{report.count(result)} {result.value}" for result in Result if report.count(result))
    verdict = "qualified" if report.ok else "NOT qualified"
    flaky = sum(finding.flaky for finding in report.findings)
    counts += f"; {flaky} flaky" if flaky else ""
    runs = f" in {report.runs} runs" if report.runs > 1 else ""
    return f"{report.module}: {verdict} on {report.cluster}{runs} ({counts}) in {report.seconds:.1f} s"


def as_json(reports: Sequence[ModuleReport]) -> list[dict[str, Any]]:
    return [{**dataclasses.asdict(report), "ok": report.ok} for report in reports]


def write_junit(reports: Sequence[ModuleReport], path: Path) -> None:
    """JUnit XML: a suite per module, a case per finding."""
    root = ElementTree.Element("testsuites", name="labrunner")
    for report in reports:
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            name=report.module,
            tests=str(len(report.findings)),
            failures=str(report.count(Result.FAILED)),
            errors=str(report.count(Result.ERROR)),
            skipped=str(report.count(Result.SKIPPED)),
            time=f"{report.seconds:.3f}",
        )
        for finding in report.findings:
            case = ElementTree.SubElement(
                suite,
                "testcase",
                classname=f"{report.module}.{finding.step}",
                name=finding.name,
                time=f"{finding.seconds:.3f}",
            )
            tag = {Result.FAILED: "failure", Result.ERROR: "error", Result.SKIPPED: "skipped"}.get(
                finding.result
            )
            if tag:
                detail = ElementTree.SubElement(
                    case, tag, message=_printable(finding.detail.partition("\n")[0])
                )
                detail.text = _printable("\n".join(filter(None, [finding.detail, finding.place])))
    path.parent.mkdir(parents=True, exist_ok=True)
    ElementTree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def _printable(text: str) -> str:
    """XML 1.0 has no place for most control characters, and terminal output is full of them."""
    return NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", text)
