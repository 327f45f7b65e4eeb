"""`labrunner test`: qualify modules."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from typing import TextIO

from labrunner.authoring.campaign import Assignment, campaign, conduct
from labrunner.authoring.findings import Finding, ModuleReport
from labrunner.authoring.report import as_json, finding_text, summary_line, write_junit
from labrunner.authoring.timetable import as_text, timetable
from labrunner.cli import exit_codes
from labrunner.cli.dispatch import CommandError
from labrunner.cli.packs import BrokenModuleError, cache_folder, chosen_pack, find_module
from labrunner.content.pack import Pack


def run(arguments: argparse.Namespace) -> int:
    pack = chosen_pack(arguments.pack)
    names = arguments.modules or [entry.id for entry in pack.catalogue(cache_folder())]
    assignments = [_assignment(pack, name, arguments) for name in names]
    # JSON is for a program: what a person follows goes to stderr then.
    out = sys.stderr if arguments.json else sys.stdout
    reports = list(_reports(assignments, arguments, out))
    if arguments.times:
        print(as_text(timetable(reports)), file=out)
    if arguments.junit:
        write_junit(reports, arguments.junit)
    if arguments.json:
        print(json.dumps(as_json(reports), indent=2))
    return exit_codes.OK if all(report.ok for report in reports) else exit_codes.FAILED


def _assignment(pack: Pack, name: str, arguments: argparse.Namespace) -> Assignment:
    only = tuple(arguments.only)
    try:
        module = find_module(pack, name)
    except BrokenModuleError:  # a finding of its own, beside what the others give
        return Assignment(
            f"{name}: it has mistakes", pack.path / "modules" / name, pack.path, arguments.cluster, only
        )
    steps = [step.id for step in module.steps]
    heading = f"{name}: {len(steps)} steps, {len(module.checks)} checks"
    if unknown := [step for step in only if step not in steps]:
        raise CommandError(
            f"{name} has no step {', '.join(unknown)}", f"It has: {', '.join(steps)}.", exit_codes.USAGE
        )
    return Assignment(heading, module.folder, pack.path, arguments.cluster, only)


def _reports(
    assignments: Sequence[Assignment], arguments: argparse.Namespace, out: TextIO
) -> Iterator[ModuleReport]:
    """Each module's report, told as it goes on where one runs alone, else when it is done."""

    def tell(finding: Finding) -> None:
        print(finding_text(finding), file=out, flush=True)

    runs = len(assignments) * arguments.repeat
    jobs = min(runs, arguments.jobs or _jobs(arguments.cluster))
    if runs == 1 or (jobs == 1 and arguments.repeat == 1):
        for assignment in assignments:
            print(assignment.heading, file=out, flush=True)
            report = conduct(assignment, tell)
            print(summary_line(report), file=out, flush=True)
            yield report
        return
    print(f"{runs} runs, {jobs} at a time…", file=sys.stderr, flush=True)
    reports = campaign(assignments, jobs=jobs, repeat=arguments.repeat)
    for assignment, report in zip(assignments, reports, strict=True):
        print(assignment.heading, file=out)
        for finding in report.findings:
            tell(finding)
        print(summary_line(report), file=out, flush=True)
        yield report


def _jobs(cluster: str) -> int:
    """Simulated clusters are small and apart; a real one is tested on by one module at a time."""
    return (os.cpu_count() or 1) if cluster == "sim" else 1
