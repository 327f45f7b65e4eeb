"""`labrunner` alone: the app."""

from __future__ import annotations

import argparse
import sys

from labrunner.cli import exit_codes
from labrunner.cli.dispatch import CommandError
from labrunner.cli.packs import chosen_pack


def run(arguments: argparse.Namespace) -> int:
    """Open the app, on the catalogue or, with `arguments.module`, on that module's lab."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise CommandError(
            "the app needs a terminal, and this is not one",
            "Use line mode: `labrunner list`, `labrunner run MODULE --plain`.",
            exit_codes.USAGE,
        )
    from labrunner.tui.app import LabrunnerApp
    from labrunner.tui.launch import Launch

    launch = Launch(
        pack=chosen_pack(arguments.pack),
        module=arguments.module,
        cluster=getattr(arguments, "cluster", None),
        step=getattr(arguments, "step", None),
        fresh=getattr(arguments, "fresh", False),
        trust=getattr(arguments, "trust", False),
    )
    return LabrunnerApp(launch).run() or exit_codes.OK
