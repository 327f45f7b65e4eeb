"""Whether a JSON value meets a condition, and if not, the smallest places where it differs.

Maps compare as subsets, lists as unordered one-to-one containment, quantities by value; `exactly` opts out of the
first two. A missing field is no match and never an error. Expected values may hold Matchers at any depth.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from labrunner.content.checks_model import Matcher
from labrunner.content.versions import satisfies
from labrunner.verify.assignment import assign
from labrunner.verify.patterns import found_in
from labrunner.verify.phrasing import MISSING, describe, phrase
from labrunner.verify.quantities import is_number, parse_quantity, same_quantity
from labrunner.verify.verdict import Difference

IDENTITY_KEYS = ("name", "key", "containerPort", "port", "mountPath", "type", "ip", "host")
"""Fields by which list elements are recognised, for saying which element differs."""

_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)")
_PLAIN_KEY = re.compile(r"[A-Za-z_][\w-]*")


class BrokenMatcherError(ValueError):
    """The condition itself makes no sense (its pattern, its constraint, nothing in it)."""


def accepts(expected: Any, value: Any) -> bool:
    """Whether `value` (MISSING where there is none) meets a Matcher or a partial JSON value.

    Raises BrokenMatcherError or PatternError for a condition that cannot be evaluated.
    """
    if isinstance(expected, Matcher):
        test = _TESTS.get(expected.op)
        if test is None:
            raise BrokenMatcherError(f"there is no matcher called {expected.op}")
        return test(expected.operand, value)
    return _contains_partial(expected, value)


def differences(expected: Any, value: Any, path: str = "") -> tuple[Difference, ...]:
    """Every smallest differing place, in the order of `expected`; empty exactly when `accepts` holds."""
    if accepts(expected, value):
        return ()
    if isinstance(expected, Matcher):
        return _matcher_differences(expected, value, path)
    if isinstance(expected, dict) and isinstance(value, dict):
        return tuple(
            found
            for key, part in expected.items()
            for found in differences(part, value.get(key, MISSING), step(path, key))
        )
    if isinstance(expected, list) and isinstance(value, list):
        return _list_differences(expected, value, path)
    return (Difference(path, observed(value), phrase(expected)),)


def observed(value: Any) -> Any:
    """A value for display: nothing at all shows as null does."""
    return None if value is MISSING else value


def step(path: str, key: str) -> str:
    """The path of a field: `spec.replicas`, `metadata.labels["app.kubernetes.io/name"]`."""
    if not _PLAIN_KEY.fullmatch(key):
        return f'{path}["{key}"]'
    return f"{path}.{key}" if path else key


def _contains_partial(expected: Any, value: Any) -> bool:
    if expected is None:
        return value is None or value is MISSING
    if isinstance(expected, dict):
        return isinstance(value, dict) and all(
            accepts(part, value.get(key, MISSING)) for key, part in expected.items()
        )
    if isinstance(expected, list):
        return isinstance(value, list) and None not in _assigned(expected, value)
    return same_scalar(expected, value)


def _assigned(expected: list[Any], value: list[Any]) -> list[int | None]:
    if len(expected) == 1:  # by far the commonest, and needs no bookkeeping
        return [next((at for at, item in enumerate(value) if accepts(expected[0], item)), None)]
    return assign(len(expected), len(value), lambda one, at: accepts(expected[one], value[at]))


def same_scalar(expected: Any, value: Any) -> bool:
    """Equality of two scalars; true is not 1, and amounts compare by value."""
    if isinstance(expected, bool) or isinstance(value, bool):
        return expected is value
    if isinstance(expected, str) and isinstance(value, str) and expected == value:
        return True
    return same_quantity(expected, value)


def identical(expected: Any, value: Any) -> bool:
    """Equality without subsets: the same keys, the same elements in the same order."""
    if isinstance(expected, Matcher):
        return accepts(expected, value)
    if isinstance(expected, dict):
        return (
            isinstance(value, dict)
            and expected.keys() == value.keys()
            and all(identical(part, value[key]) for key, part in expected.items())
        )
    if isinstance(expected, list):
        return (
            isinstance(value, list)
            and len(expected) == len(value)
            and all(identical(one, other) for one, other in zip(expected, value, strict=True))
        )
    return value is None if expected is None else same_scalar(expected, value)


def _matcher_differences(matcher: Matcher, value: Any, path: str) -> tuple[Difference, ...]:
    if matcher.op == "equals":
        return differences(matcher.operand, value, path)
    if matcher.op == "all":
        return tuple(found for part in matcher.operand for found in differences(part, value, path))
    if matcher.op == "exactly":
        return _exact_differences(matcher.operand, value, path)
    return (Difference(path, observed(value), describe(matcher)),)


def _list_differences(expected: list[Any], value: list[Any], path: str) -> tuple[Difference, ...]:
    given = _assigned(expected, value)
    free = [at for at in range(len(value)) if at not in given]
    found: list[Difference] = []
    for one, at in zip(expected, given, strict=True):
        if at is not None:
            continue
        nearest = _nearest(one, value, free)
        if nearest is None:
            found.append(Difference(f"{path}[]", None, f"an element {phrase(one)}"))
        else:
            free.remove(nearest)
            found.extend(differences(one, value[nearest], f"{path}[{nearest}]"))
    return tuple(found)


def _nearest(expected: Any, value: list[Any], free: list[int]) -> int | None:
    """The unassigned element that was most likely meant: same name, else most in common; None if nothing is."""
    if not isinstance(expected, dict):
        return free[0] if len(free) == 1 and not isinstance(value[free[0]], dict | list) else None
    maps = [at for at in free if isinstance(value[at], dict)]
    for key in IDENTITY_KEYS:
        if key in expected:
            return next((at for at in maps if accepts(expected[key], value[at].get(key, MISSING))), None)
    scored = [(len(differences(expected, value[at])), at) for at in maps]
    return min(scored)[1] if scored and min(scored)[0] < _leaves(expected) else None


def _leaves(expected: Any) -> int:
    if isinstance(expected, dict):
        return sum(_leaves(part) for part in expected.values()) or 1
    if isinstance(expected, list):
        return sum(_leaves(part) for part in expected) or 1
    return 1


def _exact_differences(expected: Any, value: Any, path: str) -> tuple[Difference, ...]:
    if identical(expected, value):
        return ()
    if isinstance(expected, dict) and isinstance(value, dict):
        named = [
            found
            for key, part in expected.items()
            for found in _exact_differences(part, value.get(key, MISSING), step(path, key))
        ]
        extra = [Difference(step(path, key), value[key], "nothing") for key in value if key not in expected]
        return tuple(named + extra)
    if isinstance(expected, list) and isinstance(value, list) and len(expected) == len(value):
        return tuple(
            found
            for at, part in enumerate(expected)
            for found in _exact_differences(part, value[at], f"{path}[{at}]")
        )
    return (Difference(path, observed(value), f"exactly {phrase(expected)}"),)


def _in_order(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def test(operand: Any, value: Any) -> bool:
        for read in (parse_quantity, _moment):
            bound = read(operand)
            if bound is not None:
                found = read(value)
                return found is not None and compare(found, bound)
        raise BrokenMatcherError(f"{phrase(operand)} has no order: write a number, a quantity or a timestamp")

    return test


def _moment(value: Any) -> datetime | None:
    """A timestamp as Kubernetes writes them."""
    if not isinstance(value, str) or not _TIMESTAMP.fullmatch(value):
        return None
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None


def _between(operand: Any, value: Any) -> bool:
    low, high = operand
    return bool(_TESTS["ge"](low, value) and _TESTS["le"](high, value))


def _contains(operand: Any, value: Any) -> bool:
    if isinstance(value, list):
        return (
            _contains_partial(operand, value)
            if isinstance(operand, list)
            else _contains_partial([operand], value)
        )
    if isinstance(value, dict):
        return operand in value if isinstance(operand, str) else accepts(operand, value)
    text = _text(value)
    if text is None:
        return False
    wanted = operand if isinstance(operand, list) else [operand]
    return all((part := _text(one)) is not None and part in text for one in wanted)


def _matches(operand: Any, value: Any) -> bool:
    text = _text(value)
    return text is not None and found_in(str(operand), text)


def _text(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if is_number(value) else None


def _len(operand: Any, value: Any) -> bool:
    return isinstance(value, str | list | dict) and accepts(operand, len(value))


def _semver(operand: Any, value: Any) -> bool:
    try:
        return satisfies(value, str(operand))
    except ValueError as problem:
        raise BrokenMatcherError(str(problem)) from None


def _several(holds: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def test(operand: Any, value: Any) -> bool:
        if not operand:
            raise BrokenMatcherError("all, any and none need at least one condition")
        return holds(operand, value)

    return test


_TESTS: Mapping[str, Callable[[Any, Any], bool]] = MappingProxyType(
    {
        "equals": accepts,
        "exactly": identical,
        "not": lambda operand, value: not accepts(operand, value),
        "gt": _in_order(lambda amount, bound: amount > bound),
        "ge": _in_order(lambda amount, bound: amount >= bound),
        "lt": _in_order(lambda amount, bound: amount < bound),
        "le": _in_order(lambda amount, bound: amount <= bound),
        "between": _between,
        "in": lambda operand, value: any(accepts(one, value) for one in operand),
        "contains": _contains,
        "matches": _matches,
        "exists": lambda operand, value: bool(operand) == (value is not None and value is not MISSING),
        "len": _len,
        "semver": _semver,
        "all": _several(lambda parts, value: all(accepts(part, value) for part in parts)),
        "any": _several(lambda parts, value: any(accepts(part, value) for part in parts)),
        "none": _several(lambda parts, value: not any(accepts(part, value) for part in parts)),
    }
)
