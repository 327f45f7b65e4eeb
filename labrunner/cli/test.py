"""`labrunner test`: qualify modules."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path

from labrunner.authoring.findings import Finding, ModuleReport, Result
from labrunner.authoring.qualify import qualify
from labrunner.authoring.report import as_json, finding_text, summary_line, write_junit
from labrunner.cli import exit_codes
from labrunner.cli.packs import BrokenModuleError, cache_folder, chosen_pack, find_module


def run(arguments: argparse.Namespace) -> int:
    pack = chosen_pack(arguments.pack)
    names = arguments.modules or [entry.id for entry in pack.catalogue(cache_folder())]
    # JSON is for a program: what a person follows goes to stderr then.
    out = sys.stderr if arguments.json else sys.stdout

    def tell(finding: Finding) -> None:
        print(finding_text(finding), file=out, flush=True)

    reports: list[ModuleReport] = []
    for name in names:
        try:
            module = find_module(pack, name)
        except BrokenModuleError as error:
            mistakes = Finding("module", "it loads", Result.ERROR, str(error))
            reports.append(ModuleReport(name, "no cluster", (mistakes,), 0.0))
            tell(mistakes)
            print(summary_line(reports[-1]), file=out, flush=True)
            continue
        print(f"{name}: {len(module.steps)} steps, {len(module.checks)} checks", file=out, flush=True)
        with tempfile.TemporaryDirectory(prefix="labrunner-test-") as folder:
            report = asyncio.run(qualify(module, arguments.cluster, Path(folder), tell))
        print(summary_line(report), file=out, flush=True)
        reports.append(report)
    if arguments.junit:
        write_junit(reports, arguments.junit)
    if arguments.json:
        print(json.dumps(as_json(reports), indent=2))
    return exit_codes.OK if all(report.ok for report in reports) else exit_codes.FAILED
