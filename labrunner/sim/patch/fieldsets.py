"""The walks behind server-side apply: the fields of a value, the difference of two, their merge, and removal."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from labrunner.sim.patch.paths import ItemError, Path, PathSet, item_element
from labrunner.sim.patch.shapes import ANY, Shape

ABSENT: Final = object()


@dataclass(slots=True)
class Comparison:
    """The fields in which two values differ; no path is in two of the sets."""

    added: PathSet = field(default_factory=set)
    removed: PathSet = field(default_factory=set)
    modified: PathSet = field(default_factory=set)


def fields_of(value: Any, shape: Shape) -> PathSet:
    """Every field that *value* sets: leaves, atoms, list items, members of maps that are not declared."""
    out: PathSet = set()
    _fields(value, shape, (), out)
    return out


def _fields(value: Any, shape: Shape, path: Path, out: PathSet) -> None:
    form = shape.form_of(value)
    if form == "scalar" or shape.is_atomic(form):
        out.add(path)
    elif form == "map" and isinstance(value, dict):
        for key, item in value.items():
            element = (*path, f"f:{key}")
            _fields(item, shape.child(key) or ANY, element, out)
            if item is None or item == {} or not shape.declares(key):
                out.add(element)
    elif form == "list" and isinstance(value, list) and shape.elem is not None:
        items, _ = _indexed(value, shape)
        for key, found in items.items():
            if len(found) == 1:
                _fields(found[0], shape.elem, (*path, key), out)
            out.add((*path, key))


def _indexed(values: list[Any], shape: Shape) -> tuple[dict[str, list[Any]], list[str]]:
    """Items by path element, and the elements in order. Items without identity are left out."""
    found: dict[str, list[Any]] = {}
    for item in values:
        try:
            found.setdefault(item_element(item, shape), []).append(item)
        except ItemError:
            continue
    return found, list(found)


def compare(old: Any, new: Any, shape: Shape) -> Comparison:
    """What *new* adds to, removes from and changes in *old*."""
    out = Comparison()
    _compare(old, new, shape, (), out)
    return out


def _compare(old: Any, new: Any, shape: Shape, path: Path, out: Comparison) -> None:
    if old is new or (old is not ABSENT and new is not ABSENT and old == new):
        return
    form = shape.form_of(new if new is not ABSENT and new is not None else old)
    other = shape.form_of(old if old is not ABSENT and old is not None else new)
    nothing = not _content(old) and not _content(new) and form != "scalar"
    if form != other or form == "scalar" or shape.is_atomic(form) or nothing:
        _leaf(old, new, path, out)
        return
    if form == "map":
        left = old if isinstance(old, dict) else {}
        right = new if isinstance(new, dict) else {}
        for key in left.keys() | right.keys():
            inner = shape.child(key) or ANY
            _compare(left.get(key, ABSENT), right.get(key, ABSENT), inner, (*path, f"f:{key}"), out)
    elif shape.elem is not None:
        _compare_items(old, new, shape, path, out)
    if old is ABSENT:
        out.added.add(path)
    elif new is ABSENT:
        out.removed.add(path)


def _content(value: Any) -> bool:
    return value is not ABSENT and bool(value)


def _leaf(old: Any, new: Any, path: Path, out: Comparison) -> None:
    if old is ABSENT:
        out.added.add(path)
    elif new is ABSENT:
        out.removed.add(path)
    else:
        out.modified.add(path)


def _compare_items(old: Any, new: Any, shape: Shape, path: Path, out: Comparison) -> None:
    assert shape.elem is not None
    left, _ = _indexed(old if isinstance(old, list) else [], shape)
    right, _ = _indexed(new if isinstance(new, list) else [], shape)
    for key in left.keys() | right.keys():
        mine, theirs = left.get(key, []), right.get(key, [])
        element = (*path, key)
        if len(mine) <= 1 and len(theirs) <= 1:
            first, second = mine[0] if mine else ABSENT, theirs[0] if theirs else ABSENT
            _compare(first, second, shape.elem, element, out)
        elif len(mine) > 1 and len(theirs) > 1:
            if mine != theirs:
                out.modified.add(element)
        elif len(mine) > 1:
            out.removed.add(element)
        else:
            out.added.add(element)


def merge(live: Any, applied: Any, shape: Shape) -> Any:
    """*live* with what *applied* sets; ABSENT when nothing is left. Unchanged parts are shared."""
    form = shape.form_of(applied if applied is not ABSENT and applied is not None else live)
    other = shape.form_of(live if live is not ABSENT and live is not None else applied)
    nothing = not _content(live) and not _content(applied)
    if form != other or form == "scalar" or shape.is_atomic(form) or nothing:
        return live if applied is ABSENT else applied
    if form == "map":
        return _merge_maps(live, applied, shape)
    return _merge_lists(live, applied, shape)


def _merge_maps(live: Any, applied: Any, shape: Shape) -> Any:
    left = live if isinstance(live, dict) else {}
    right = applied if isinstance(applied, dict) else {}
    out = {}
    for key in (*left, *(key for key in right if key not in left)):
        if key in right:
            merged = merge(left.get(key, ABSENT), right[key], shape.child(key) or ANY)
        else:
            merged = left[key]
        if merged is not ABSENT:
            out[key] = merged
    return out or ABSENT


def _merge_lists(live: Any, applied: Any, shape: Shape) -> Any:
    """Applied items in their order; live ones that were not applied stay where they stand among the others."""
    elem = shape.elem or ANY
    left = [(_element(item, shape), item) for item in (live if isinstance(live, list) else [])]
    right = [(_element(item, shape), item) for item in (applied if isinstance(applied, list) else [])]
    counts: dict[str, int] = {}
    for key, _ in left:
        counts[key] = counts.get(key, 0) + 1
    mine = {key: item for key, item in left if counts[key] == 1}
    theirs = dict(right)
    shared = [key for key, _ in right if key in counts]
    out: list[Any] = []
    done: set[str] = set()
    i = j = 0
    while i < len(left) or j < len(right):
        key = left[i][0] if i < len(left) else ""
        following = next((k for k in shared if k not in done), None)
        if i < len(left) and j < len(right):
            if key == right[j][0]:
                out.append(merge(mine.get(key, ABSENT), theirs[key], elem))
                done.add(key)
                i, j = i + 1, j + 1
                continue
            if key in theirs and following is not None and following != key:
                i += 1
                continue
        if i < len(left):
            if key not in theirs:
                out.append(left[i][1])
                i += 1
                continue
            if key in done:
                i += 1
        if j < len(right):
            key = right[j][0]
            out.append(merge(mine.get(key, ABSENT), theirs[key], elem))
            done.add(key)
            j += 1
    kept = [item for item in out if item is not ABSENT]
    return kept or ABSENT


def _element(item: Any, shape: Shape) -> str:
    try:
        return item_element(item, shape)
    except ItemError:
        return f"i:{id(item)}"


Tree = dict[str, Any]


def remove(value: Any, paths: PathSet, shape: Shape) -> Any:
    """*value* without the fields in *paths*; maps and lists that become empty are None."""
    root: Tree = {}
    for path in paths:
        here = root
        for element in path:
            here = here.setdefault(element, {})
        here[""] = True
    return _remove(value, root, shape)


def _remove(value: Any, tree: Tree, shape: Shape) -> Any:
    form = shape.form_of(value)
    if form == "scalar" or not value or shape.is_atomic(form):
        return value
    if form == "map" and isinstance(value, dict):
        out = {}
        for key, item in value.items():
            below = tree.get(f"f:{key}")
            if below is None:
                out[key] = item
            elif "" not in below:
                left = _remove(item, below, shape.child(key) or ANY)
                if left is not None:
                    out[key] = left
        return out or None
    if form == "list" and isinstance(value, list):
        kept = []
        for item in value:
            below = tree.get(_element(item, shape))
            if below is None:
                kept.append(item)
            elif "" not in below:
                kept.append(_remove(item, below, shape.elem or ANY))
        return kept or None
    return value


def with_named(paths: PathSet, shape: Shape) -> PathSet:
    """*paths* and every declared field on the way to one of them."""
    out = set(paths)
    for path in paths:
        here: Shape | None = shape
        for depth, element in enumerate(path[:-1]):
            if here is None:
                break
            if element.startswith("f:"):
                name = element[2:]
                if here.declares(name):
                    out.add(path[: depth + 1])
                here = here.child(name)
            else:
                here = here.elem
    return out
