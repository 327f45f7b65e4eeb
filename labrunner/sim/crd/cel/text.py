"""CEL functions on text: search, change, regular expressions. A method takes its target as the first argument."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from labrunner.sim import gotext
from labrunner.sim.crd.cel.errors import CelError
from labrunner.sim.crd.cel.operators import equal, no_overload
from labrunner.sim.crd.patterns import compiled


def strings(*values: Any) -> None:
    """Raises CelError unless all *values* are strings."""
    if not all(isinstance(value, str) for value in values):
        no_overload()


def _matches(text: Any, pattern: Any) -> bool:
    strings(text, pattern)
    expression = compiled(pattern)
    if expression is None:
        raise CelError(f"error parsing regexp: {pattern}")
    return expression.search(text) is not None


def _find(text: Any, pattern: Any) -> str:
    strings(text, pattern)
    expression = compiled(pattern)
    found = expression.search(text) if expression is not None else None
    return found[0] if found is not None else ""


def _find_all(text: Any, pattern: Any, limit: int = -1) -> list[str]:
    strings(text, pattern)
    expression = compiled(pattern)
    found = [m[0] for m in expression.finditer(text)] if expression is not None else []
    return found if limit < 0 else found[:limit]


def _within(text: str, position: int) -> int:
    if not 0 <= position <= len(text):
        raise CelError(f"index out of range: {position}")
    return position


def _char_at(text: Any, position: int) -> str:
    strings(text)
    return str(text[_within(text, position) : position + 1])


def _substring(text: Any, start: int, end: int | None = None) -> str:
    strings(text)
    last = len(text) if end is None else _within(text, end)
    if _within(text, start) > last:
        raise CelError(f"invalid substring range. start: {start}, end: {last}")
    return str(text[start:last])


def _index_of(value: Any, wanted: Any, start: int = 0) -> int:
    if isinstance(value, list):
        return next((i for i, item in enumerate(value) if equal(item, wanted)), -1)
    strings(value, wanted)
    return int(value.find(wanted, _within(value, start)))


def _last_index_of(value: Any, wanted: Any, end: int | None = None) -> int:
    if isinstance(value, list):
        return next((i for i in range(len(value) - 1, -1, -1) if equal(value[i], wanted)), -1)
    strings(value, wanted)
    return int(value.rfind(wanted) if end is None else value.rfind(wanted, 0, end + len(wanted)))


def _split(text: Any, separator: Any, limit: int = -1) -> list[str]:
    strings(text, separator)
    if limit == 0:
        return []
    if not separator:
        return list(text) if limit < 0 else [*text[: limit - 1], text[limit - 1 :]]
    return list(text.split(separator, limit - 1 if limit > 0 else -1))


def _replace(text: Any, old: Any, new: Any, limit: int = -1) -> str:
    strings(text, old, new)
    return str(text.replace(old, new, limit))


def _join(values: Any, separator: str = "") -> str:
    strings(*values)
    return separator.join(values)


def _string_test(test: Callable[[str, str], bool]) -> Callable[[Any, Any], bool]:
    def run(text: Any, other: Any) -> bool:
        strings(text, other)
        return test(text, other)

    return run


def _string_change(change: Callable[[str], str]) -> Callable[[Any], str]:
    def run(text: Any) -> str:
        strings(text)
        return change(text)

    return run


_ASCII_UPPER: Final = {ord(c): c.upper() for c in "abcdefghijklmnopqrstuvwxyz"}
_ASCII_LOWER: Final = {ord(c): c.lower() for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}

TEXT: Final[dict[str, Callable[..., Any]]] = {
    "matches": _matches,
    "find": _find,
    "findAll": _find_all,
    "startsWith": _string_test(str.startswith),
    "endsWith": _string_test(str.endswith),
    "contains": _string_test(lambda text, other: other in text),
    "charAt": _char_at,
    "substring": _substring,
    "indexOf": _index_of,
    "lastIndexOf": _last_index_of,
    "split": _split,
    "replace": _replace,
    "join": _join,
    "trim": _string_change(str.strip),
    "lowerAscii": _string_change(lambda text: text.translate(_ASCII_LOWER)),
    "upperAscii": _string_change(lambda text: text.translate(_ASCII_UPPER)),
    "strings.quote": lambda text: gotext.quote(text),
}
