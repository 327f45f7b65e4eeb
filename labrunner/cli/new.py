"""`labrunner new`: a module to start from. Asks in a terminal for what was not said."""

from __future__ import annotations

import argparse
import sys

from labrunner.authoring.new_module import SUMMARY, NewModule, create
from labrunner.cli import exit_codes


def run(arguments: argparse.Namespace) -> int:
    title = arguments.title or _asked("Title", arguments.id.replace("-", " ").capitalize())
    summary = arguments.summary or _asked("One line for the catalogue", SUMMARY)
    module = NewModule(arguments.id, title, summary, arguments.level, arguments.duration)
    for path in create(module, arguments.output)[:2]:
        print(path)
    pack = arguments.output
    print(f"See it:   labrunner --pack {pack} run {module.id}", file=sys.stderr)
    print(f"Prove it: labrunner lint {pack} && labrunner --pack {pack} test {module.id}", file=sys.stderr)
    return exit_codes.OK


def _asked(what: str, default: str) -> str:
    if not sys.stdin.isatty():
        return default
    print(f"{what} [{default}]: ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip() or default
