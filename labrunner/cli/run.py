"""`labrunner run`: a lab in the app, or with --plain in line mode."""

from __future__ import annotations

import argparse
import asyncio
import sys

from labrunner.cli import exit_codes
from labrunner.cli.packs import chosen_pack, find_target


def run(arguments: argparse.Namespace) -> int:
    pack = chosen_pack(arguments.pack)
    wanted = f"{arguments.module}/{arguments.step}" if arguments.step else arguments.module
    module, _ = find_target(pack, wanted)
    if not arguments.plain:
        from labrunner.cli import app

        return app.run(arguments)
    from labrunner.cli.plain import PlainLab
    from labrunner.lab.trust import is_trusted
    from labrunner.paths import home

    lab = PlainLab(
        module,
        cluster=arguments.cluster,
        trusted=arguments.trust or is_trusted(pack.path, home().data),
        out=sys.stdout,
    )
    finished = asyncio.run(lab.run(sys.stdin, fresh=arguments.fresh, step=arguments.step))
    if lab.interrupted:
        raise KeyboardInterrupt
    return exit_codes.OK if finished else exit_codes.FAILED
