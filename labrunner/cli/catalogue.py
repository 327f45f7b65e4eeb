"""`labrunner list`: the modules of a pack, one line each."""

from __future__ import annotations

import argparse
import json
import sys

from labrunner.cli import exit_codes
from labrunner.cli.packs import cache_folder, chosen_pack
from labrunner.lab.attempt import load_progress
from labrunner.paths import home
from labrunner.progress.log import EventLog


def run(arguments: argparse.Namespace) -> int:
    entries = chosen_pack(arguments.pack).catalogue(cache_folder())
    if arguments.json:
        listed = [
            {
                "id": entry.id,
                "title": entry.title,
                "summary": entry.summary,
                "level": entry.level,
                "duration": entry.duration,
                "steps": entry.steps,
                "checks": entry.checks,
                "questions": entry.questions,
                "problems": [str(problem) for problem in entry.problems],
            }
            for entry in entries
        ]
        print(json.dumps(listed, indent=2, ensure_ascii=False))
        return exit_codes.OK
    log = EventLog(home().progress_file)
    width = max((len(entry.id) for entry in entries), default=0)
    for entry in entries:
        errors = [problem for problem in entry.problems if problem.severity == "error"]
        if errors:
            print(f"{entry.id:{width}}  cannot be opened: {errors[0]}", file=sys.stderr)
            continue
        _, progress = load_progress(log, entry.id)
        done = sum(step.completed for step in progress.steps.values())
        minutes = f"{entry.duration / 60:.0f} min" if entry.duration else ""
        state = "done" if progress.finished_at else f"{done}/{entry.steps} steps"
        print(f"{entry.id:{width}}  {entry.level:12}  {minutes:>7}  {state:>12}  {entry.title}")
    log.close()
    return exit_codes.OK
