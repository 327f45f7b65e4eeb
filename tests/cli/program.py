"""The real `labrunner` program as a subprocess."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lab.rig import PACK


@dataclass(frozen=True)
class Program:
    """Runs labrunner with an environment of its own."""

    environment: Mapping[str, str]
    pack: Path = PACK

    def command(self, *arguments: object) -> list[str]:
        return [
            str(Path(sys.executable).parent / "labrunner"),
            "--pack",
            str(self.pack),
            *map(str, arguments),
        ]

    def run(
        self, *arguments: object, typed: str = "", code: int | None = 0, seconds: float = 60, **more: str
    ) -> subprocess.CompletedProcess[str]:
        """Run it to its end; the exit code must be `code` and nothing may show a traceback."""
        done = subprocess.run(
            self.command(*arguments),
            input=typed,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
            env={**self.environment, **more},
        )
        assert "Traceback" not in done.stderr, done.stderr
        assert code is None or done.returncode == code, (done.returncode, done.stdout, done.stderr)
        return done

    def open(self, *arguments: object, **more: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*arguments),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**self.environment, **more},
        )


def read_until(process: subprocess.Popen[str], wanted: str) -> str:
    """What the program says up to `wanted`, which it must say before its end."""
    assert process.stdout is not None
    said = ""
    while wanted not in said:
        piece = process.stdout.read(1)
        assert piece, f"it ended before saying {wanted!r}: {said}"
        said += piece
    return said
