"""Checks on API objects: resource, absent, ready, wait, jsonpath, count. Answered from the store, never by asking."""

from __future__ import annotations

from typing import Any

from labrunner.content.checks_model import (
    AbsentCheck,
    CountCheck,
    JsonPathCheck,
    ReadyCheck,
    ResourceCheck,
    Target,
)
from labrunner.verify.finding import Finding, failing, passing
from labrunner.verify.jsonpath import compile_path
from labrunner.verify.matching import accepts, differences, observed
from labrunner.verify.phrasing import describe, phrase, plural
from labrunner.verify.readiness import POD_OWNERS, Readiness, Stage, assess
from labrunner.verify.store import Obj, SourceKey
from labrunner.verify.verdict import Difference
from labrunner.verify.world import Selection, World, name_object, name_target, pick, select, source_key

MOST_DIFFERENCES = 5
"""Differences told of one failure; the first are the ones to mend first."""

MOST_COMPARED = 20
"""Objects among which the one nearest to what is wanted is looked for, to tell of its differences."""


def resource(check: ResourceCheck, world: World) -> Finding:
    found = select(check.target, world)
    if found.trouble:
        return found.trouble
    if check.quantifier == "none":
        return _no_match(check, found, world)
    if not found.objects:
        return nothing_there(check.target, found, world)
    if check.quantifier == "all":
        wrong = next((obj for obj in found.objects if not accepts(check.expected, obj)), None)
        if wrong is None:
            return passing(f"every {name_target(check.target, world)} is as wanted", found.objects[0])
        return _differs(wrong, differences(check.expected, wrong))
    match = next((obj for obj in found.objects if accepts(check.expected, obj)), None)
    if match is not None:
        return passing(f"{name_object(match)} is as wanted", match)
    compared = [(obj, differences(check.expected, obj)) for obj in found.objects[:MOST_COMPARED]]
    return _differs(*min(compared, key=lambda one: len(one[1])))


def _differs(obj: Obj, found: tuple[Difference, ...]) -> Finding:
    first = found[0]
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    summary = (
        f"{name_object(obj)}: {first.path or 'it'} is {phrase(first.observed)}, wanted {first.wanted}{more}"
    )
    return failing(summary, found[:MOST_DIFFERENCES], obj)


def _no_match(check: ResourceCheck, found: Selection, world: World) -> Finding:
    match = next((obj for obj in found.objects if accepts(check.expected, obj)), None)
    if match is None:
        return passing(f"no {name_target(check.target, world)} is like that")
    summary = f"{name_object(match)} is what must not be there"
    return failing(summary, (Difference("", name_object(match), "no such object"),), match)


def nothing_there(target: Target, found: Selection, world: World) -> Finding:
    """The failure of a check whose object does not exist."""
    summary = found.note or f"there is no {name_target(target, world)}"
    return failing(summary, (Difference("", None, name_target(target, world)),))


def absent(check: AbsentCheck, world: World, ident: str) -> Finding:
    found = select(check.target, world)
    if found.trouble:
        return found.trouble
    words = name_target(check.target, world)
    if found.objects:
        first = found.objects[0]
        leaving = (first.get("metadata") or {}).get("deletionTimestamp")
        summary = f"{name_object(first)} is still {'being deleted' if leaving else 'there'}, wanted it gone"
        return failing(summary, (Difference("", name_object(first), "nothing"),), first)
    if check.baseline == "present" and ident not in world.seen:
        words = f"{words} has not been there yet, so it cannot have been removed"
        return failing(words, awaits_learner=True)
    return passing(found.note or f"there is no {words}")


def ready(check: ReadyCheck, world: World) -> Finding:
    found = select(check.target, world)
    if found.trouble:
        return found.trouble
    if not found.objects:
        return nothing_there(check.target, found, world)
    pods = _pods_near(check.target, world)
    assessed = [(obj, assess(obj, pods)) for obj in found.objects]
    late = [(obj, one) for obj, one in assessed if one.stage is not Stage.READY]
    if not late:
        kind = check.target.kind
        many = f"all {len(assessed)} {plural(kind)} are ready"
        return passing(
            f"{name_object(assessed[0][0])} is ready" if len(assessed) == 1 else many, assessed[0][0]
        )
    obj, worst = next((one for one in late if one[1].stage is Stage.FAILED), late[0])
    return _not_ready(obj, worst)


def _not_ready(obj: Obj, found: Readiness) -> Finding:
    gave_up = found.stage is Stage.FAILED
    state = "failed" if gave_up else "is not ready"
    summary = f"{name_object(obj)} {state}: {found.reason}"
    return failing(summary, (Difference("status", found.reason, "ready"),), obj, conclusive=gave_up)


def _pods_near(target: Target, world: World) -> list[Obj]:
    key = pods_source(target, world)
    return list(world.store.source(key).objects.values()) if key else []


def pods_source(target: Target, world: World) -> SourceKey | None:
    """The source of the pods in which a workload's trouble shows."""
    if target.kind not in POD_OWNERS:
        return None
    own = source_key(target, world.context)
    return SourceKey(own.cluster, "v1", "Pod", own.namespace)


def jsonpath(check: JsonPathCheck, world: World) -> Finding:
    found = select(check.target, world)
    if found.trouble:
        return found.trouble
    document: Any = {"apiVersion": "v1", "kind": "List", "items": list(found.objects)}
    words = name_target(check.target, world, several=True)
    if check.target.name:
        if not found.objects:
            return nothing_there(check.target, found, world)
        document, words = found.objects[0], name_object(found.objects[0])
    value = pick(compile_path(check.path), document, check.matcher)
    if accepts(check.matcher, value):
        return passing(f"{words}: {check.path} is {phrase(value)}", document)
    diffs = differences(check.matcher, value)
    summary = f"{words}: {check.path} is {phrase(value)}, wanted {describe(check.matcher)}"
    return failing(summary, _under(check.path, diffs)[:MOST_DIFFERENCES], document)


def _under(path: str, found: tuple[Difference, ...]) -> tuple[Difference, ...]:
    """Differences of a selected value, with where it was selected: `spec.replicas`."""
    root = path.strip().removeprefix("{").removesuffix("}").lstrip("$.")
    return tuple(Difference(_join(root, one.path), observed(one.observed), one.wanted) for one in found)


def _join(root: str, path: str) -> str:
    return root + path if path.startswith("[") else f"{root}.{path}".strip(".")


def count(check: CountCheck, world: World) -> Finding:
    found = select(check.target, world)
    if found.trouble:
        return found.trouble
    number = len(found.objects)
    words = name_target(check.target, world, several=number != 1)
    observation = f"there {'is' if number == 1 else 'are'} {number or 'no'} {words}"
    if accepts(check.matcher, number):
        return passing(observation, number)
    wanted = describe(check.matcher)
    summary = f"{found.note or observation}, wanted {wanted}"
    return failing(summary, (Difference("count", number, wanted),), number)
