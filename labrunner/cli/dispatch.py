"""From parsed arguments to the command's function; every known failure becomes a message and an exit code."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Callable

from labrunner.cli import exit_codes

_COMMANDS = {
    "app": "labrunner.cli.app",
    "run": "labrunner.cli.run",
    "check": "labrunner.cli.check",
    "list": "labrunner.cli.catalogue",
    "show": "labrunner.cli.show",
    "cluster": "labrunner.cli.cluster",
    "sim": "labrunner.cli.sim",
    "lint": "labrunner.cli.lint",
    "new": "labrunner.cli.new",
    "schema": "labrunner.cli.schema",
    "test": "labrunner.cli.test",
    "import": "labrunner.cli.import_",
    "trust": "labrunner.cli.trust",
}
"""Each command's module; its `run(arguments)` returns the exit code."""


class CommandError(Exception):
    """A command cannot go on: what is wrong, the way out, and the exit code."""

    def __init__(self, message: str, remedy: str = "", code: int = exit_codes.TROUBLE) -> None:
        super().__init__(message)
        self.remedy = remedy
        self.code = code


def run(arguments: argparse.Namespace) -> int:
    """Run the chosen command. Only programming errors show a traceback."""
    command: Callable[[argparse.Namespace], int] = importlib.import_module(_COMMANDS[arguments.command]).run
    try:
        code = command(arguments)
        # Here, where a closed pipe is still ours to handle.
        sys.stdout.flush()
        return code
    except CommandError as error:
        return _say(error, error.remedy, error.code)
    except BrokenPipeError:
        # `labrunner list | head`: the reader has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exit_codes.OK
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        remedy = getattr(error, "remedy", None)
        if remedy is None:
            raise
        busy = type(error).__name__ == "LabBusyError"
        return _say(error, str(remedy), exit_codes.BUSY if busy else exit_codes.TROUBLE)


def _say(error: Exception, remedy: str, code: int) -> int:
    print(f"labrunner: {error}", file=sys.stderr)
    if remedy:
        print(f"           {remedy}", file=sys.stderr)
    return code
