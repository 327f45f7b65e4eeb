"""JSON patch (RFC 6902), with the extensions of the library that the API server uses: negative indexes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from labrunner.sim import gotext
from labrunner.sim.errors import ApiError, bad_request
from labrunner.sim.objects import clone
from labrunner.sim.schema import jsonbody

MAX_OPERATIONS: Final = 10_000
_KEYS: Final = frozenset(("op", "path", "from", "value"))
_MISSING: Final = object()


class PatchFailedError(Exception):
    """An operation that cannot be done on this object."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One step of a patch."""

    op: str
    path: str
    source: str
    value: Any


def parse(body: bytes) -> tuple[list[Operation], list[str]]:
    """The operations in *body*, and complaints on keys that mean nothing. Raises ApiError (400, 413)."""
    try:
        items, _ = jsonbody.parse(body)
    except jsonbody.BrokenJsonError as error:
        raise bad_request(f"error decoding patch: {error}") from None
    if not isinstance(items, list):
        raise _wrong(items, "[]handlers.jsonPatchOp")
    if len(items) > MAX_OPERATIONS:
        message = f"The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {len(items)}"
        raise ApiError(413, "RequestEntityTooLarge", f"Request entity is too large: {message}")
    problems: list[str] = []
    operations = []
    for index, item in enumerate(items):
        if not isinstance(item, dict):
            raise _wrong(item, "handlers.jsonPatchOp")
        unknown = [gotext.quote(f"[{index}].{key}") for key in item if key not in _KEYS]
        problems.extend(f"json patch unknown field {path}" for path in unknown)
        for key in ("op", "path", "from"):
            if not isinstance(item.get(key, ""), str):
                raise _wrong(item[key], "string", f"struct field jsonPatchOp.{key}")
        value = item.get("value", _MISSING)
        operations.append(Operation(item.get("op", ""), item.get("path", ""), item.get("from", ""), value))
    return operations, problems


def _wrong(value: Any, go_type: str, where: str = "value") -> ApiError:
    names = {dict: "object", list: "array", str: "string", bool: "bool"}
    name = names.get(type(value), "number")
    return bad_request(
        f"error decoding patch: json: cannot unmarshal {name} into Go {where} of type {go_type}"
    )


def apply(document: Any, operations: list[Operation]) -> Any:
    """*document* (taken over) after all *operations*. Raises PatchFailedError."""
    for operation in operations:
        document = _step(document, operation)
    return document


def _step(document: Any, operation: Operation) -> Any:
    op, path = operation.op, operation.path
    if op == "add":
        return _add(document, path, _given(operation))
    if op == "remove":
        _remove(document, path)
        return document
    if op == "replace":
        return _replace(document, path, _given(operation))
    if op == "test":
        _test(document, path, operation.value)
        return document
    if op == "move":
        return _add(document, path, _remove(document, operation.source))
    if op == "copy":
        return _add(document, path, clone(_get(document, operation.source)))
    raise PatchFailedError(f"Unexpected kind: {op}")


def _given(operation: Operation) -> Any:
    if operation.value is _MISSING:
        raise PatchFailedError("missing value")
    return clone(operation.value)


def _tokens(path: str) -> list[str]:
    if not path.startswith("/"):
        raise PatchFailedError(f"invalid path {path!r}")
    return [token.replace("~1", "/").replace("~0", "~") for token in path[1:].split("/")]


def _get(document: Any, path: str) -> Any:
    found = document
    for token in _tokens(path) if path else ():
        found = _child(found, token)
    return found


def _parent(document: Any, path: str) -> tuple[Any, str]:
    *front, last = _tokens(path)
    found = document
    for token in front:
        found = _child(found, token)
    if not isinstance(found, dict | list):
        raise PatchFailedError(f"no container at {path!r}")
    return found, last


def _child(container: Any, token: str) -> Any:
    if isinstance(container, dict):
        if token not in container:
            raise PatchFailedError(f"no key {token!r}")
        return container[token]
    if isinstance(container, list):
        return container[_index(token, len(container))]
    raise PatchFailedError(f"nothing below {token!r}")


def _index(token: str, size: int) -> int:
    try:
        index = int(token)
    except ValueError:
        raise PatchFailedError(f"invalid index {token!r}") from None
    if not -size <= index < size:
        raise PatchFailedError(f"index {index} out of bounds")
    return index


def _add(document: Any, path: str, value: Any) -> Any:
    if not path:
        return value
    container, token = _parent(document, path)
    if isinstance(container, dict):
        container[token] = value
    elif token == "-":  # noqa: S105
        container.append(value)
    else:
        # Adding may go one past the end; a negative index counts from there, too.
        size = len(container) + 1
        index = _index(token, size)
        container.insert(index if index >= 0 else index + size, value)
    return document


def _remove(document: Any, path: str) -> Any:
    container, token = _parent(document, path)
    value = _child(container, token)
    if isinstance(container, dict):
        del container[token]
    else:
        del container[_index(token, len(container))]
    return value


def _replace(document: Any, path: str, value: Any) -> Any:
    if not path:
        return value
    container, token = _parent(document, path)
    _child(container, token)
    if isinstance(container, dict):
        container[token] = value
    else:
        container[_index(token, len(container))] = value
    return document


def _test(document: Any, path: str, wanted: Any) -> None:
    try:
        actual = _get(document, path)
    except PatchFailedError:
        # A missing key equals null, as long as its container is there.
        container, _ = _parent(document, path)
        if not isinstance(container, dict):
            raise
        actual = None
    if not equal(actual, None if wanted is _MISSING else wanted):
        raise PatchFailedError(f"testing value {path} failed")


def equal(left: Any, right: Any) -> bool:
    """Whether two JSON values are the same; unlike in Python, true is not 1."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(equal(v, right[k]) for k, v in left.items())
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(equal, left, right))
    return bool(left == right)
