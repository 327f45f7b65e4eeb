"""A Job's rules for failed pods, for success and for the replacement of pods."""

from __future__ import annotations

import re
from typing import Final

from labrunner.sim import gotext
from labrunner.sim.errors import OMIT, duplicate, invalid_value, not_supported, required, too_long, too_many
from labrunner.sim.names import qualified_name
from labrunner.sim.objects import Obj
from labrunner.sim.validation.internal_form import render
from labrunner.sim.validation.syntax import Errors, check, non_negative

_ACTIONS: Final = ("Count", "FailIndex", "FailJob", "Ignore")
_OPERATORS: Final = ("In", "NotIn")
_STATUSES: Final = ("False", "True", "Unknown")
_REPLACEMENTS: Final = ("Failed", "TerminatingOrFailed")
_MOST_RULES: Final = 20
_MOST_CODES: Final = 255
_MOST_CONDITIONS: Final = 20
_LONGEST_INDEXES: Final = 64 * 1024
_INDEXED_ONLY: Final = "requires indexed completion mode"


def _choice(path: str, value: str, options: tuple[str, ...]) -> Errors:
    """An enumeration whose options are named even when nothing was chosen."""
    if not value:
        return [required(path, f"valid values: [{' '.join(gotext.quote(option) for option in options)}]")]
    return [] if value in options else [not_supported(path, value, options)]


def failure_policy(spec: Obj, path: str) -> Errors:
    """``podFailurePolicy``."""
    if spec.get("podFailurePolicy") is None:
        return []
    rules = spec["podFailurePolicy"].get("rules") or []
    out: Errors = [too_many(f"{path}.rules", len(rules), _MOST_RULES)] if len(rules) > _MOST_RULES else []
    pod: Obj = (spec.get("template") or {}).get("spec") or {}
    names = {c.get("name") for key in ("containers", "initContainers") for c in pod.get(key) or []}
    for i, rule in enumerate(rules):
        out += _failure_rule(spec, rule, f"{path}.rules[{i}]", names)
    return out


def _failure_rule(spec: Obj, rule: Obj, path: str, names: set[str]) -> Errors:
    action = rule.get("action") or ""
    out = _choice(f"{path}.action", action, _ACTIONS)
    if action == "FailIndex" and spec.get("backoffLimitPerIndex") is None:
        text = "requires the backoffLimitPerIndex to be set"
        out.append(invalid_value(f"{path}.action", action, text))
    codes, conditions = rule.get("onExitCodes"), rule.get("onPodConditions") or []
    if codes is not None:
        out += _exit_codes(codes, f"{path}.onExitCodes", names)
    if len(conditions) > _MOST_CONDITIONS:
        out.append(too_many(f"{path}.onPodConditions", len(conditions), _MOST_CONDITIONS))
    for i, pattern in enumerate(conditions):
        here = f"{path}.onPodConditions[{i}]"
        out += check(f"{here}.type", pattern.get("type") or "", qualified_name)
        out += _choice(f"{here}.status", pattern.get("status") or "", _STATUSES)
    if codes is not None and conditions:
        text = "specifying both OnExitCodes and OnPodConditions is not supported"
        out.append(invalid_value(path, OMIT, text))
    elif codes is None and not conditions:
        text = "specifying one of OnExitCodes and OnPodConditions is required"
        out.append(invalid_value(path, OMIT, text))
    return out


def _exit_codes(codes: Obj, path: str, names: set[str]) -> Errors:
    operator, values = codes.get("operator") or "", codes.get("values") or []
    out = _choice(f"{path}.operator", operator, _OPERATORS)
    container = codes.get("containerName")
    if container is not None and container not in names:
        text = "must be one of the container or initContainer names in the pod template"
        out.append(invalid_value(f"{path}.containerName", container, text))
    here = f"{path}.values"
    if not values:
        out.append(invalid_value(here, codes.get("values"), "at least one value is required"))
    elif len(values) > _MOST_CODES:
        out.append(too_many(here, len(values), _MOST_CODES))
    for i, value in enumerate(values):
        if operator == "In" and value == 0:
            out.append(invalid_value(f"{here}[{i}]", value, "must not be 0 for the In operator"))
        if value in values[:i]:
            out.append(duplicate(f"{here}[{i}]", value))
    if values != sorted(values):
        out.append(invalid_value(here, values, "must be ordered"))
    return out


def success_policy(spec: Obj, path: str) -> Errors:
    """``successPolicy``, which only indexed jobs may have."""
    policy: Obj | None = spec.get("successPolicy")
    if policy is None:
        return []
    if spec.get("completionMode") != "Indexed":
        return [invalid_value(path, render(policy, "JobSuccessPolicy"), _INDEXED_ONLY)]
    rules = policy.get("rules") or []
    out: Errors = []
    if not rules:
        text = "at least one rules must be specified when the successPolicy is specified"
        out.append(required(f"{path}.rules", text))
    if len(rules) > _MOST_RULES:
        out.append(too_many(f"{path}.rules", len(rules), _MOST_RULES))
    for i, rule in enumerate(rules):
        out += _success_rule(rule, spec.get("completions") or 0, f"{path}.rules[{i}]")
    return out


def _success_rule(rule: Obj, completions: int, path: str) -> Errors:
    count, indexes = rule.get("succeededCount"), rule.get("succeededIndexes")
    out: Errors = []
    if count is None and indexes is None:
        text = "at least one of succeededCount or succeededIndexes must be specified"
        out.append(required(path, text))
    total = 0
    if indexes is not None:
        here = f"{path}.succeededIndexes"
        if len(indexes) > _LONGEST_INDEXES:
            out.append(too_long(here, _LONGEST_INDEXES))
        try:
            total = count_indexes(indexes, completions)
        except ValueError as error:
            out.append(invalid_value(here, indexes, f"error parsing succeededIndexes: {error}"))
    if count is None:
        return out
    here = f"{path}.succeededCount"
    out += non_negative(here, count)
    if count > completions:
        text = f"must be less than or equal to {completions} (the number of specified completions)"
        out.append(invalid_value(here, count, text))
    if indexes is not None and count > total:
        text = (
            f"must be less than or equal to {total} "
            "(the number of indexes in the specified succeededIndexes field)"
        )
        out.append(invalid_value(here, count, text))
    return out


def overlap(one: str, other: str, completions: int) -> int | None:
    """The first index that both lists of intervals hold; intervals that cannot be read are passed over."""
    left, right = _intervals(one, completions), _intervals(other, completions)
    common = [max(a, c) for a, b in left for c, d in right if a <= d and c <= b]
    return min(common, default=None)


def _intervals(text: str, completions: int) -> list[tuple[int, int]]:
    out: list[tuple[int, int]] = []
    for part in text.split(",") if text else []:
        try:
            out.append(_interval(part, completions))
        except ValueError:
            continue
    return out


def count_indexes(text: str, completions: int) -> int:
    """How many indexes the intervals of *text* hold.

    Raises:
        ValueError: in the server's words, when they cannot be read.
    """
    total, last = 0, -1
    for i, part in enumerate(text.split(",") if text else []):
        first, end = _interval(part, completions)
        if i and last >= first:
            raise ValueError(f"non-increasing order, previous: {last}, current: {first}")
        total += end - first + 1
        last = end
    return total


def _interval(text: str, completions: int) -> tuple[int, int]:
    ends = text.split("-")
    if len(ends) > 2:
        raise ValueError(
            f"the fragment {gotext.quote(text)} violates the requirement that an index interval can have "
            "at most two parts separated by '-'"
        )
    found: list[int] = []
    for end in ends:
        if re.fullmatch(r"[+-]?[0-9]+", end) is None:
            raise ValueError(f"cannot convert string to integer for index: {gotext.quote(end)}")
        if int(end) >= completions:
            raise ValueError(f"too large index: {gotext.quote(end)}")
        found.append(int(end))
    if len(found) == 2 and found[0] >= found[1]:
        raise ValueError(f"non-increasing order, previous: {found[0]}, current: {found[1]}")
    return found[0], found[-1]


def replacement_policy(spec: Obj, path: str) -> Errors:
    """``podReplacementPolicy``."""
    policy = spec.get("podReplacementPolicy")
    allowed = _REPLACEMENTS if spec.get("podFailurePolicy") is None else _REPLACEMENTS[:1]
    return [] if policy is None or policy in allowed else [not_supported(path, policy, allowed)]
