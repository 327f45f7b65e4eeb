"""Objects that differ from a valid one: in one place and mostly wrong, or as the table of mistakes says."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.sim.mesh import FOLDER, Object, examples, read

Path = tuple[str | int, ...]
_INSTEAD: tuple[Any, ...] = (
    None, True, -1, 0, 1.5, 70000, 2**40, "", "x", "*", "a/b//c", "UPPER lower", "y" * 400, [], [{}], {}, {"x": "y"},
)  # fmt: skip


@dataclass(frozen=True)
class Mistake:
    """A wrong object, the field that is complained about, and how that complaint ends."""

    set_name: str
    name: str
    wrong: Object
    field: str
    says: str


@cache
def mistakes() -> list[Mistake]:
    """The table ``mistakes.yaml``."""
    return [
        Mistake(each["set"], f"{row['of']}: {says[-60:]}", _mistaken(each["set"], row), field, says)
        for each in read(FOLDER / "mistakes.yaml")
        for row in each["mistakes"]
        for field, says in row["says"].items()
    ]


def variations(obj: Object) -> Iterator[tuple[str, Object]]:
    """With a description: each value of the spec left out, put twice in its list, replaced; a field nobody knows."""
    for path in list(_paths(obj["spec"], ("spec",))):
        where = ".".join(map(str, path))
        yield f"without {where}", changed(obj, path, remove=True)
        if isinstance(path[-1], int):
            yield f"{where} twice", _doubled(obj, path)
        for value in _INSTEAD:
            yield f"{where} = {value!r}", changed(obj, path, value)
        if isinstance(_at(obj, path), dict):
            yield f"more in {where}", changed(obj, (*path, "nobodys"), 1)


def changed(obj: Object, path: Path, value: Any = None, *, remove: bool = False) -> Object:
    """A copy of *obj* with *value* at *path*, or without what is there."""
    fresh = copy.deepcopy(obj)
    parent = _at(fresh, path[:-1])
    if remove:
        del parent[path[-1]]
    else:
        parent[path[-1]] = value
    return fresh


def _mistaken(set_name: str, row: Any) -> Object:
    [obj] = [each for each in examples(set_name) if f"{each['kind']}/{each['metadata']['name']}" == row["of"]]
    for path, value in row.get("change", {}).items():
        obj = changed(obj, _path(path), value)
    for path in row.get("without", ()):
        obj = changed(obj, _path(path), remove=True)
    if path := row.get("long-keys"):
        obj = changed(obj, _path(path), {".".join(["a" * 63] * 4) + "/name": "value"})
    return obj


def _path(text: str) -> Path:
    return tuple(int(part) if part.isdecimal() else part for part in text.split("."))


def _paths(value: Any, path: Path) -> Iterator[Path]:
    yield path
    children = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, each in children:
        yield from _paths(each, (*path, key))


def _at(obj: Any, path: Path) -> Any:
    for key in path:
        obj = obj[key]
    return obj


def _doubled(obj: Object, path: Path) -> Object:
    fresh = copy.deepcopy(obj)
    _at(fresh, path[:-1]).append(copy.deepcopy(_at(fresh, path)))
    return fresh
