"""``format`` of CEL strings: ``'%s has %d'.format(['a', 1])``."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Final

from labrunner.sim import gotext
from labrunner.sim.crd.cel import kinds
from labrunner.sim.crd.cel.errors import CelError
from labrunner.sim.crd.cel.kinds import Duration, Optional, TypeName

_VERB: Final = re.compile(r"%(?:\.(\d+))?(.)", re.DOTALL)
_STRINGS: Final = (
    "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, "
    "and timestamps"
)
_BASES: Final = {"b": "b", "o": "o", "x": "x", "X": "X"}


def formatted(text: str, values: list[Any]) -> str:
    """*text* with its verbs replaced by *values*. Raises CelError."""
    rest = iter(values)
    used = 0

    def replace(found: re.Match[str]) -> str:
        nonlocal used
        precision, verb = found[1], found[2]
        if verb == "%":
            return "%"
        if verb not in "sdfebxXo":
            raise CelError(f"unrecognized formatting clause {gotext.quote(verb)}")
        if used >= len(values):
            raise CelError(f"index {used} out of range")
        used += 1
        return _clause(verb, next(rest), int(precision) if precision is not None else None)

    return _VERB.sub(replace, text)


def _clause(verb: str, value: Any, precision: int | None) -> str:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if verb == "s":
        return shown(value)
    if verb == "d":
        if not number:
            raise CelError(
                f"error during formatting: decimal clause can only be used on integers, was given {_kind(value)}"
            )
        return str(value)
    if verb in ("f", "e"):
        if not number:
            what = "fixed-point" if verb == "f" else "scientific"
            raise CelError(
                f"error during formatting: {what} clause can only be used on doubles, was given {_kind(value)}"
            )
        return f"{float(value):.{6 if precision is None else precision}{verb}}"
    if verb in ("x", "X") and isinstance(value, str | bytes):
        plain = (value.encode() if isinstance(value, str) else value).hex()
        return plain.upper() if verb == "X" else plain
    if verb == "b" and isinstance(value, bool):
        return "1" if value else "0"
    if not isinstance(value, int):
        names = {
            "b": "only integers and bools can be formatted as binary",
            "o": "octal clause can only be used on integers",
        }
        what = names.get(verb, "only integers, byte buffers, and strings can be formatted as hex")
        raise CelError(f"error during formatting: {what}, was given {_kind(value)}")
    return format(value, _BASES[verb])


def _kind(value: Any) -> str:
    return kinds.type_name(value)


def shown(value: Any) -> str:
    """*value* as ``%s`` shows it."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, int | float):
        return gotext.number(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, Duration):
        return f"{gotext.number(value.nanos / 1_000_000_000)}s"
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, list):
        return f"[{', '.join(map(shown, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(sorted(f"{shown(k)}: {shown(v)}" for k, v in value.items())) + "}"
    if isinstance(value, TypeName):
        return value.name
    if isinstance(value, Optional):
        raise CelError(f"error during formatting: {_STRINGS}, was given optional_type")
    return str(value)
