"""kubectl's JSONPath: `{.items[*].metadata.name}`, filters, recursion, slices, unions, quoted keys, range and end.

The relaxed form without braces (`.spec.x`, `spec.x`) is accepted. Selecting never fails: what is not there is not
selected. Two things are kinder than kubectl: a quoted key may hold dots (`['app.kubernetes.io/name']`), and an
index out of bounds selects nothing.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from typing import Any

from labrunner.verify.quantities import is_number

MOST_RESULTS = 100_000
"""A path selecting more than this is refused: repeated `..` grows without bound."""


class JsonPathError(ValueError):
    """The path is not kubectl's JSONPath, or selects too much."""


@dataclass(frozen=True, slots=True)
class Field:
    """`.name`, or a quoted key, which may also be a path of several names."""

    name: str
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Every:
    """`.*` and `[*]`."""


@dataclass(frozen=True, slots=True)
class Descend:
    """`..`: the value itself and everything under it."""


@dataclass(frozen=True, slots=True)
class Slice:
    """`[start:stop:step]`; a single index has `single`."""

    start: int | None
    stop: int | None
    step: int = 1
    single: bool = False


@dataclass(frozen=True, slots=True)
class Union:
    """`[a,b]`: what each part selects, one after the other."""

    parts: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Path:
    """Steps from the root (`$`) or from the value at hand."""

    steps: tuple[Step, ...]
    from_root: bool = False


@dataclass(frozen=True, slots=True)
class Filter:
    """`[?(left op right)]`; without `op`, whether `left` is there."""

    left: Path | Literal
    op: str = ""
    right: Path | Literal | None = None


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, text or truth value in a filter, or text of a template."""

    value: Any


@dataclass(frozen=True, slots=True)
class Range:
    """`{range path} body {end}`."""

    path: Path
    body: tuple[Part, ...]


Step = Field | Every | Descend | Slice | Union | Filter
Part = Path | Literal | Range


@dataclass(frozen=True, slots=True)
class JsonPath:
    """A compiled path or template."""

    source: str
    parts: tuple[Part, ...]

    @property
    def path(self) -> Path | None:
        """The path, where there is nothing but one."""
        only = self.parts[0] if len(self.parts) == 1 else None
        return only if isinstance(only, Path) else None

    @property
    def definite(self) -> bool:
        """Whether it can select one value at most."""
        return self.path is not None and all(
            isinstance(step, Field) or (isinstance(step, Slice) and step.single) for step in self.path.steps
        )

    @property
    def plural(self) -> bool:
        """Whether it asks for several values: wildcards, recursion, slices, unions; a filter looks for one."""
        return self.path is None or any(
            isinstance(step, Every | Descend | Union) or (isinstance(step, Slice) and not step.single)
            for step in self.path.steps
        )

    def select(self, document: Any) -> list[Any]:
        """What the path selects; the text, for a template. Raises JsonPathError when it selects too much."""
        if self.path is None:
            return [self.text(document)]
        return evaluate(self.path, document, document)

    def text(self, document: Any) -> str:
        """What kubectl prints for it."""
        return _print(self.parts, document, document)


@functools.lru_cache(maxsize=512)
def compile_path(source: str) -> JsonPath:
    """Raises JsonPathError saying what is wrong and where."""
    from labrunner.verify.jsonpath_parser import parse

    return JsonPath(source, parse(source))


def evaluate(path: Path, here: Any, root: Any) -> list[Any]:
    """The values that a path selects, in document order."""
    values = [root if path.from_root else here]
    for step in path.steps:
        values = [found for value in values for found in _take(step, value, root)]
        if len(values) > MOST_RESULTS:
            raise JsonPathError(f"the path selects more than {MOST_RESULTS} values")
    return values


def _take(step: Step, value: Any, root: Any) -> list[Any]:
    if isinstance(step, Field):
        return _take_field(step, value)
    if isinstance(step, Every):
        return (
            list(value.values())
            if isinstance(value, dict)
            else list(value)
            if isinstance(value, list)
            else []
        )
    if isinstance(step, Descend):
        return _everything(value)
    if isinstance(step, Slice):
        return _take_slice(step, value)
    if isinstance(step, Union):
        return [found for part in step.parts for found in _take(part, value, root)]
    items = value if isinstance(value, list) else list(value.values()) if isinstance(value, dict) else []
    return [item for item in items if _holds(step, item, root)]


def _take_field(step: Field, value: Any) -> list[Any]:
    if not isinstance(value, dict):
        return []
    if step.name in value:
        return [value[step.name]]
    if not step.quoted or "." not in step.name:
        return []
    for name in step.name.split("."):
        if not isinstance(value, dict) or name not in value:
            return []
        value = value[name]
    return [value]


def _everything(value: Any) -> list[Any]:
    found, waiting = [], [value]
    while waiting:
        one = waiting.pop()
        found.append(one)
        if len(found) > MOST_RESULTS:
            raise JsonPathError(f"the path selects more than {MOST_RESULTS} values")
        children = one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
        waiting.extend(reversed(list(children)))
    return found


def _take_slice(step: Slice, value: Any) -> list[Any]:
    if not isinstance(value, list):
        return []
    if step.single:
        at = step.start or 0
        return [value[at]] if -len(value) <= at < len(value) else []
    return value[step.start : step.stop : step.step]


def _holds(step: Filter, item: Any, root: Any) -> bool:
    left = _operand(step.left, item, root)
    if not step.op:
        return bool(left)
    right = _operand(step.right, item, root) if step.right is not None else []
    if not left or not right:
        return False
    return _compare(step.op, left[0], right[0])


def _operand(operand: Path | Literal, item: Any, root: Any) -> list[Any]:
    return [operand.value] if isinstance(operand, Literal) else evaluate(operand, item, root)


def _compare(op: str, left: Any, right: Any) -> bool:
    if op in ("==", "!="):
        same = left == right and isinstance(left, bool) == isinstance(right, bool)
        return same == (op == "==")
    if not (isinstance(left, str) and isinstance(right, str)) and not (is_number(left) and is_number(right)):
        return False
    if op == "<":
        return bool(left < right)
    if op == "<=":
        return bool(left <= right)
    return bool(left > right) if op == ">" else bool(left >= right)


def _print(parts: tuple[Part, ...], here: Any, root: Any) -> str:
    written = []
    for part in parts:
        if isinstance(part, Literal):
            written.append(str(part.value))
        elif isinstance(part, Path):
            written.append(" ".join(as_text(value) for value in evaluate(part, here, root)))
        else:
            written.extend(_print(part.body, item, root) for item in evaluate(part.path, here, root))
    return "".join(written)


def as_text(value: Any) -> str:
    """A value as kubectl prints it: texts bare, maps and lists as JSON, null as nothing."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, separators=(",", ":"), ensure_ascii=False)
