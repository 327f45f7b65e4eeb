"""`labrunner show`: a module or a step as text."""

from __future__ import annotations

import argparse
import json

from labrunner.cli import exit_codes
from labrunner.cli.packs import chosen_pack, find_target
from labrunner.cli.plain import readable_body
from labrunner.content.models import Module, Step


def run(arguments: argparse.Namespace) -> int:
    module, step = find_target(chosen_pack(arguments.pack), arguments.target)
    steps = (step,) if step else module.steps
    if arguments.json:
        print(json.dumps(_as_json(module, steps), indent=2, ensure_ascii=False))
        return exit_codes.OK
    if step is None:
        _say_module(module)
        return exit_codes.OK
    print(f"{step.title}\n\n{readable_body(module, step.id, everything=arguments.all)}")
    for check_id in step.checks:
        print(f"  check {check_id}: {module.checks[check_id].title or check_id}")
    if arguments.all:
        for role in ("setup", "fault", "solve", "alternative", "superficial", "reset", "cleanup"):
            for cell in module.lifecycle_cells(role, step.id):
                print(f"\n  [{role}] {cell.id}")
                print("\n".join(f"    {line}" for line in cell.source.splitlines()))
    return exit_codes.OK


def _say_module(module: Module) -> None:
    print(f"{module.title}\n{module.summary}\n")
    for phase in module.phases:
        if phase.title:
            print(f"{phase.title}")
        for step in phase.steps:
            print(f"  {step.id:28} {step.title}  ({step.kind}, {len(step.checks)} checks)")
    print(f"\nStart: labrunner run {module.id}    One step: labrunner show {module.id}/{module.steps[0].id}")


def _as_json(module: Module, steps: tuple[Step, ...]) -> dict[str, object]:
    return {
        "id": module.id,
        "title": module.title,
        "steps": [
            {
                "id": step.id,
                "title": step.title,
                "kind": step.kind,
                "body": readable_body(module, step.id),
                "cells": [
                    {"id": cell.id, "source": cell.source} for cell in step.visible_cells if cell.runnable
                ],
                "checks": list(step.checks),
                "questions": list(step.questions),
            }
            for step in steps
        ],
    }
