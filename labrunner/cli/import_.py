"""`labrunner import`: a foreign lab becomes a pack."""

from __future__ import annotations

import argparse
import json
import sys

from labrunner.cli import exit_codes
from labrunner.cli.dispatch import CommandError


def run(arguments: argparse.Namespace) -> int:
    from labrunner.importing.account import ImportRefusedError
    from labrunner.importing.recognition import import_source

    try:
        account = import_source(arguments.source, arguments.output, force=arguments.force)
    except ImportRefusedError as error:
        code = exit_codes.USAGE if error.usage else exit_codes.FAILED
        raise CommandError(str(error), error.remedy, code) from None
    except OSError as error:
        remedy = "See that the source can be read and the folder of --output be written."
        raise CommandError(f"the import stopped: {error}", remedy) from None
    if arguments.json:
        json.dump(account.as_json(arguments.output), sys.stdout, ensure_ascii=False, indent=1)
        sys.stdout.write("\n")
    else:
        sys.stdout.write(account.as_text(arguments.output))
    return exit_codes.OK
