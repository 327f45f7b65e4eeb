"""Strategic merge patch: lists merge by key, and ``$patch``, ``$retainKeys``, ``$setElementOrder/…``,
``$deleteFromPrimitiveList/…`` say what a plain merge cannot.
"""

from __future__ import annotations

from typing import Any, Final

from labrunner.sim.errors import ApiError, bad_request
from labrunner.sim.objects import Obj
from labrunner.sim.schema import gotypes
from labrunner.sim.schema.goprint import plus_v, unstructured_name
from labrunner.sim.schema.gotypes import Field, Struct, Type

_DIRECTIVE: Final = "$patch"
_RETAIN_KEYS: Final = "$retainKeys"
_DELETE_FROM: Final = "$deleteFromPrimitiveList"
_ORDER: Final = "$setElementOrder"

_BAD_PRIMITIVE_LIST: Final = "invalid patch format of primitive list"
_BAD_RETAIN_KEYS: Final = "invalid patch format of retainKeys"
_BAD_ORDER: Final = "invalid patch format of setElementOrder list"
_LIST_OF_LISTS: Final = "lists of lists are not supported"


class StrategicMergeError(Exception):
    """A patch that cannot be merged; the message is the API server's."""

    def api_error(self) -> ApiError:
        """As the server answers it: 400 for malformed directives, 422, or 500 for the rest."""
        text = str(self)
        if text in (_BAD_PRIMITIVE_LIST, _BAD_RETAIN_KEYS, _BAD_ORDER):
            return bad_request(text)
        if text == _LIST_OF_LISTS:
            return ApiError(
                422, "Invalid", "the server rejected our request due to an error in our request", {}
            )
        return ApiError(500, "", text)


def merge(original: Obj, patch: Obj, target: Struct) -> Obj:
    """*original* as changed by *patch* (both taken over). Raises StrategicMergeError."""
    return _merge_map(original, patch, _Shape(target, None))


class _Shape:
    """The Go type of a map at hand: a struct, or a map whose values all have one type; or unknown."""

    __slots__ = ("elem", "struct")

    def __init__(self, struct: Struct | None, elem: Type | None) -> None:
        self.struct = struct
        self.elem = elem

    def field(self, name: str) -> Field | None:
        return self.struct.fields.get(name) if self.struct is not None else None

    def below(self, name: str) -> _Shape:
        """The shape of the value (or of the list's items) called *name*."""
        field = self.field(name)
        found = field.type if field is not None else self.elem
        while found is not None and found.kind == "list":
            found = found.elem
        if found is not None and found.kind == "struct":
            return _Shape(gotypes.struct(found.name), None)
        if found is not None and found.kind == "map":
            return _Shape(None, found.elem)
        return _Shape(None, None)

    def strategy(self, name: str) -> tuple[str, str]:
        """(patch strategy without retainKeys, merge key) of the field *name*."""
        field = self.field(name)
        if field is None:
            return "", ""
        kept = [s for s in field.patch_strategy if s != "retainKeys"]
        return (kept[0] if kept else ""), field.patch_merge_key


def _merge_map(original: Obj, patch: Obj, shape: _Shape) -> Obj:
    if _DIRECTIVE in patch:
        directive = patch[_DIRECTIVE]
        if directive == "replace":
            del patch[_DIRECTIVE]
            return patch
        if directive == "delete":
            return {}
        raise StrategicMergeError(f"unknown patch type: {plus_v(directive)} in map: {plus_v(patch)}")
    _retain_keys(original, patch)
    _merge_ordered(original, patch, shape)
    for key, value in patch.items():
        deleting = key.startswith(_DELETE_FROM)
        name = _plain_key(key, _DELETE_FROM, _BAD_PRIMITIVE_LIST) if deleting else key
        if value is None:
            original.pop(name, None)
            continue
        existing: Any = original.get(name)
        if name not in original or type(existing) is not type(value):
            if not deleting:
                _discard_nulls(value)
                _put(original, name, value)
        elif isinstance(value, dict):
            strategy, _ = shape.strategy(name)
            original[name] = (
                value if strategy == "replace" else _merge_map(existing, value, shape.below(name))
            )
        elif isinstance(value, list):
            original[name] = _merge_list_field(existing, value, name, shape, deleting)
        else:
            original[name] = value
    return original


def _put(original: Obj, name: str, value: Any) -> None:
    kept, cleaned = _without_directives(value)
    if kept:
        original[name] = cleaned
    else:
        original.pop(name, None)


def _plain_key(key: str, prefix: str, complaint: str) -> str:
    found, slash, name = key.partition("/")
    if found != prefix or not slash:
        raise StrategicMergeError(complaint)
    return name


def _retain_keys(original: Obj, patch: Obj) -> None:
    if _RETAIN_KEYS not in patch:
        return
    retained = patch.pop(_RETAIN_KEYS)
    if not isinstance(retained, list):
        raise StrategicMergeError(_BAD_RETAIN_KEYS)
    for key, value in patch.items():
        if value is not None and not key.startswith((_DELETE_FROM, _ORDER)) and key not in retained:
            raise StrategicMergeError(_BAD_RETAIN_KEYS)
    for key in [key for key in original if key not in retained]:
        del original[key]


def _merge_ordered(original: Obj, patch: Obj, shape: _Shape) -> None:
    """Merge the lists that come with a ``$setElementOrder``, and take them out of *patch*."""
    for key in [key for key in patch if key.startswith(_ORDER)]:
        order = patch.pop(key)
        name = _plain_key(key, _ORDER, _BAD_ORDER)
        if not isinstance(order, list):
            raise _wrong_type("[]interface {}", order)
        here, given = original.get(name), patch.get(name)
        for value, present in ((here, name in original), (given, name in patch)):
            if present and not isinstance(value, list):
                raise _wrong_type("[]interface {}", value)
        strategy, merge_key = shape.strategy(name)
        _check_order(given or [], order, merge_key)
        if given is None and here is None:
            continue
        if given is None:
            merged = list(here or ())
        elif here is None:
            merged = _without_directives(given)[1]
        elif strategy == "merge":
            merged = _merge_list(list(here), given, shape.below(name), merge_key, deleting=False)
        else:
            merged = given
        original[name] = _ordered(merged, order, here or [], merge_key)
        patch.pop(name, None)


def _check_order(given: list[Any], order: list[Any], merge_key: str) -> None:
    if not order or not given:
        return
    position = 0
    wanted = [v for v in given if not (isinstance(v, dict) and _DIRECTIVE in v)] if merge_key else given
    for item in order:
        if position < len(wanted) and _key_of(wanted[position], merge_key) == _key_of(item, merge_key):
            position += 1
    if position < len(wanted):
        raise StrategicMergeError(
            f"The order in patch list:\n{plus_v(given)}\n doesn't match {_ORDER} list:\n{plus_v(order)}\n"
        )


def _key_of(item: Any, merge_key: str) -> Any:
    if not merge_key:
        return item
    if not isinstance(item, dict):
        raise _wrong_type("map[string]interface {}", item)
    if merge_key not in item:
        raise _no_merge_key(item, merge_key)
    return item[merge_key]


def _merge_list_field(
    existing: list[Any], given: list[Any], name: str, shape: _Shape, deleting: bool
) -> list[Any]:
    strategy, merge_key = shape.strategy(name)
    if strategy == "merge" or deleting:
        return _merge_list(existing, given, shape.below(name), merge_key, deleting=deleting)
    return given


def _merge_list(
    original: list[Any], patch: list[Any], shape: _Shape, merge_key: str, *, deleting: bool
) -> list[Any]:
    if not original and not patch:
        return original
    kinds = {_element_kind(value) for value in (*original, *patch)}
    if "list" in kinds:
        raise StrategicMergeError(_LIST_OF_LISTS)
    if len(kinds) > 1:
        raise StrategicMergeError(f"list element types are not identical: {plus_v([original, patch])}")
    if kinds != {"map"}:
        if deleting:
            return [value for value in original if value not in patch]
        merged = list(dict.fromkeys([*original, *patch]))
        return _ordered(merged, patch, original, "")
    if not merge_key:
        about = shape.struct.go.rpartition(".")[2] if shape.struct is not None else ""
        raise StrategicMergeError(f"cannot merge lists without merge key for {about}")
    before = list(original)
    original, patch = _special_elements(original, patch, merge_key)
    for item in patch:
        key = _key_of(item, merge_key)
        for index, existing in enumerate(original):
            if existing.get(merge_key) == key:
                original[index] = _merge_map(existing, item, shape)
                break
        else:
            original.append(item)
    return _ordered(original, patch, before, merge_key)


def _special_elements(original: list[Any], patch: list[Any], merge_key: str) -> tuple[list[Any], list[Any]]:
    """Carry out the ``$patch`` directives among the items; returns what is left of both lists."""
    plain = []
    replace = False
    for item in patch:
        directive = item.get(_DIRECTIVE)
        if directive is None:
            plain.append(item)
        elif directive == "delete":
            key = _key_of(item, merge_key)
            original = [existing for existing in original if existing.get(merge_key) != key]
        elif directive == "replace":
            replace = True
        elif directive == "merge":
            raise StrategicMergeError("merging lists cannot yet be specified in the patch")
        else:
            raise StrategicMergeError(f"unknown patch type: {plus_v(directive)} in map: {plus_v(item)}")
    return (plain, []) if replace else (original, plain)


def _ordered(merged: list[Any], patch_order: list[Any], server_order: list[Any], merge_key: str) -> list[Any]:
    """Items of the patch in its order, the server's own in theirs, woven together by the server's order."""

    def positions(items: list[Any]) -> dict[Any, int]:
        found: dict[Any, int] = {}
        for index, item in enumerate(items):
            found.setdefault(_hashable(_key_of(item, merge_key)), index)
        return found

    in_patch, in_server = positions(patch_order), positions(server_order)

    def key(item: Any) -> Any:
        return _hashable(_key_of(item, merge_key))

    left = sorted((v for v in merged if key(v) not in in_patch), key=lambda v: in_server.get(key(v), 1 << 30))
    right = sorted((v for v in merged if key(v) in in_patch), key=lambda v: in_patch[key(v)])
    out: list[Any] = []
    while left and right:
        mine, theirs = in_server.get(key(left[0])), in_server.get(key(right[0]))
        first = mine is not None and theirs is not None and mine < theirs
        out.append((left if first else right).pop(0))
    return out + left + right


def _hashable(value: Any) -> Any:
    return plus_v(value) if isinstance(value, dict | list) else (type(value).__name__, value)


def _discard_nulls(value: Any) -> None:
    if isinstance(value, dict):
        for key in [key for key, item in value.items() if item is None]:
            del value[key]
        for item in value.values():
            _discard_nulls(item)
    elif isinstance(value, list):
        for item in value:
            _discard_nulls(item)


def _without_directives(value: Any) -> tuple[bool, Any]:
    """(Whether to keep it, *value* without directives); changes *value*."""
    if isinstance(value, dict):
        if _DIRECTIVE in value:
            return False, None
        cleaned = {key: _without_directives(item) for key, item in value.items()}
        return True, {key: item for key, (kept, item) in cleaned.items() if kept}
    if isinstance(value, list):
        return True, [item for kept, item in map(_without_directives, value) if kept]
    return True, value


def _element_kind(value: Any) -> str:
    return "map" if isinstance(value, dict) else "list" if isinstance(value, list) else type(value).__name__


def _no_merge_key(item: Obj, merge_key: str) -> StrategicMergeError:
    return StrategicMergeError(f"map: {plus_v(item)} does not contain declared merge key: {merge_key}")


def _wrong_type(expected: str, value: Any) -> StrategicMergeError:
    return StrategicMergeError(f"expected a {expected}, but received a {unstructured_name(value)}")
