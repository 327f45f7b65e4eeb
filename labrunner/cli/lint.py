"""`labrunner lint`: mistakes in modules, with file, line, column and remedy."""

from __future__ import annotations

import argparse
import sys

from labrunner.authoring.lint import run as lint
from labrunner.cli.packs import chosen_pack


def run(arguments: argparse.Namespace) -> int:
    paths = arguments.paths or [chosen_pack(arguments.pack).path]
    return lint(paths, form="json" if arguments.json else arguments.format, out=sys.stdout)
