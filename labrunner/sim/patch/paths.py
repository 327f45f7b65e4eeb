"""Paths to fields as managedFields writes them, and sets of them.

A path is a tuple of elements: ``f:name`` a field, ``k:{"name":"web"}`` an item by its keys, ``v:"x"`` an item by its
value, ``i:0`` an item by its place.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

from labrunner.sim.objects import Obj
from labrunner.sim.patch.shapes import Shape

Path = tuple[str, ...]
PathSet = set[Path]
_RANK: Final = {"f": 0, "k": 1, "v": 2, "i": 3}


class ItemError(ValueError):
    """A list item that has no identity; the message is the API server's."""


def item_element(item: Any, shape: Shape) -> str:
    """The path element of *item* of an associative list. Raises ItemError."""
    if not shape.keys:
        if isinstance(item, dict):
            raise ItemError("associative list without keys has an element that's a map type")
        if isinstance(item, list):
            raise ItemError("not supported: associative list with lists as elements")
        if item is None:
            raise ItemError("associative list without keys has an element that's an explicit null")
        return "v:" + _json(item)
    if item is None:
        raise ItemError("associative list with keys may not have a null element")
    if not isinstance(item, dict):
        raise ItemError("associative list with keys may not have non-map elements")
    found = {}
    for key in shape.keys:
        value = item.get(key)
        if value is None and shape.elem is not None and key not in item:
            value = shape.elem.key_default(key)
            if value is None:
                continue
        found[key] = value
    if not found:
        keys = "[" + " ".join(_json(key) for key in shape.keys) + "]"
        raise ItemError(
            f"associative list with keys has an element that omits all key fields {keys} "
            "(and doesn't have default values for any key fields)"
        )
    return "k:" + _json(dict(sorted(found.items())))


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def shown(path: Iterable[str]) -> str:
    """A path as messages show it: ``.spec.containers[name="web"].image``."""
    return "".join(map(_shown_element, path))


def _shown_element(element: str) -> str:
    kind, _, text = element.partition(":")
    if kind == "f":
        return f".{text}"
    if kind == "i":
        return f"[{text}]"
    if kind == "v":
        return f"[={_quoted(json.loads(text))}]"
    return "[" + ",".join(f"{key}={_quoted(value)}" for key, value in json.loads(text).items()) + "]"


def _quoted(value: Any) -> str:
    return _json(value)


def order(element: str) -> tuple[int, Any]:
    """Sort key of an element among its siblings."""
    kind, _, text = element.partition(":")
    if kind == "f":
        return 0, text
    if kind == "i":
        return 3, int(text)
    value = json.loads(text)
    items = sorted(value.items()) if kind == "k" else [("", value)]
    return _RANK.get(kind, 4), [(key, isinstance(v, str), str(v)) for key, v in items]


def decode(fields: Obj) -> PathSet:
    """The set that a ``fieldsV1`` object describes."""
    out: PathSet = set()
    _decode(fields, (), out)
    return out


def _decode(fields: Obj, path: Path, out: PathSet) -> None:
    if not fields:
        if path:
            out.add(path)
        return
    for key, inner in fields.items():
        if key == ".":
            out.add(path)
        elif isinstance(inner, dict):
            _decode(inner, (*path, key), out)


def encode(paths: PathSet) -> Obj:
    """The ``fieldsV1`` object of a set."""
    root: Obj = {}
    for path in sorted(paths, key=len):
        here = root
        for element in path:
            here = here.setdefault(element, {})
    return _marked(root, (), paths)


def _marked(node: Obj, path: Path, paths: PathSet) -> Obj:
    if not node:
        return {}
    marked: Obj = {".": {}} if path in paths else {}
    for element in sorted(node, key=order) if len(node) > 1 else node:
        marked[element] = _marked(node[element], (*path, element), paths)
    return marked


def in_order(paths: PathSet) -> Iterator[Path]:
    """The paths as the server lists them: at each level the members, then what lies below."""
    yield from _walk(paths, ())


def _walk(paths: Iterable[Path], prefix: Path) -> Iterator[Path]:
    depth = len(prefix)
    below: dict[str, list[Path]] = {}
    members = []
    for path in paths:
        if len(path) == depth + 1:
            members.append(path)
        elif len(path) > depth + 1:
            below.setdefault(path[depth], []).append(path)
    yield from sorted(members, key=lambda path: order(path[-1]))
    for element in sorted(below, key=order):
        yield from _walk(below[element], (*prefix, element))
