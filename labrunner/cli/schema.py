"""`labrunner schema`: the format for editors."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from labrunner.authoring.json_schema import NAMES, schema
from labrunner.cli import exit_codes


def run(arguments: argparse.Namespace) -> int:
    if arguments.output is None:
        print(_text(arguments.name or "checks"), end="")
        return exit_codes.OK
    arguments.output.mkdir(parents=True, exist_ok=True)
    for name in [arguments.name] if arguments.name else NAMES:
        path: Path = arguments.output / f"{name}.schema.json"
        path.write_text(_text(name), "utf-8")
        print(path)
    return exit_codes.OK


def _text(name: str) -> str:
    return json.dumps(schema(name), indent=2, ensure_ascii=False) + "\n"
