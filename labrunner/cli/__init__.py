"""The command line: thin commands over the same core as the app."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """The `labrunner` program. Returns its exit code (see `labrunner.cli.exit_codes`)."""
    from labrunner.cli.arguments import parser
    from labrunner.cli.dispatch import run

    return run(parser().parse_args(sys.argv[1:] if arguments is None else list(arguments)))
