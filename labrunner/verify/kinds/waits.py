"""`wait`: what `kubectl wait --for` waits for, except that an object that is not there yet is waited for too."""

from __future__ import annotations

import re

from labrunner.content.checks_model import AbsentCheck, Target, WaitCheck
from labrunner.verify.finding import Finding, error, failing, passing
from labrunner.verify.jsonpath import as_text, compile_path
from labrunner.verify.kinds.objects import absent, nothing_there
from labrunner.verify.phrasing import phrase
from labrunner.verify.readiness import condition
from labrunner.verify.store import Obj
from labrunner.verify.verdict import Difference
from labrunner.verify.world import World, name_object, name_target, select

_CONDITION = re.compile(r"condition=([^=\s]+)(?:=(\S+))?", re.IGNORECASE)
_JSONPATH = re.compile(r"jsonpath=(?:'([^']+)'|(\{.*\}|[^=]+))(?:==?(.*))?", re.DOTALL)


def wait(check: WaitCheck, world: World, ident: str) -> Finding:
    wanted = check.condition.strip()
    if wanted == "delete":
        return absent(AbsentCheck(check.target, baseline="present"), world, ident)
    found = select(check.target, world)
    if found.trouble:
        return found.trouble
    if wanted != "create" and not (_CONDITION.fullmatch(wanted) or _JSONPATH.fullmatch(wanted)):
        return error(
            f"'{wanted}' is nothing to wait for: condition=…, jsonpath=…, create or delete", conclusive=True
        )
    if not found.objects:
        return nothing_there(check.target, found, world)
    if wanted == "create":
        return passing(f"{name_object(found.objects[0])} is there", found.objects[0])
    unmet = next((one for obj in found.objects if (one := _unmet(wanted, obj)) is not None), None)
    return unmet or passing(f"{_all_of(check.target, world)} met {wanted}", found.objects[0])


def is_disappearance(check: WaitCheck) -> bool:
    """Whether it waits for objects to go."""
    return check.condition.strip() == "delete"


def _all_of(target: Target, world: World) -> str:
    return name_target(target, world, several=not target.name)


def _unmet(wanted: str, obj: Obj) -> Finding | None:
    by_condition = _CONDITION.fullmatch(wanted)
    if by_condition:
        return _condition_unmet(by_condition[1], by_condition[2] or "True", obj)
    by_path = _JSONPATH.fullmatch(wanted)
    if by_path is None:
        return error(f"'{wanted}' is nothing to wait for", conclusive=True)
    path, value = by_path[1] or by_path[2], by_path[3]
    found = [as_text(one) for one in compile_path(path).select(obj)]
    if (value is None and found) or (value is not None and found == [value.strip("'\"")]):
        return None
    shown = phrase(found[0]) if len(found) == 1 else phrase(found or None)
    want = phrase(value) if value is not None else "anything at all"
    return failing(
        f"{name_object(obj)}: {path} is {shown}, wanted {want}", (Difference(path, found or None, want),), obj
    )


def _condition_unmet(kind: str, status: str, obj: Obj) -> Finding | None:
    names = [str(one.get("type")) for one in (obj.get("status") or {}).get("conditions") or ()]
    exact = next((name for name in names if name.casefold() == kind.casefold()), kind)
    found = condition(obj, exact)
    observed = str(found.get("status")) if found else None
    current = found is None or _is_current(found.get("observedGeneration"), obj)
    if observed is not None and observed.casefold() == status.casefold() and current:
        return None
    stale = "" if current else " (of an earlier generation)"
    said = f": {found['message']}" if found and found.get("message") else ""
    summary = (
        f"{name_object(obj)}: condition {kind} is {observed or 'not there'}{stale}, wanted {status}{said}"
    )
    return failing(summary, (Difference(f"status.conditions[{kind}]", observed, status),), obj)


def _is_current(generation: object, obj: Obj) -> bool:
    """Whether a condition speaks of the object as it is now."""
    wanted = (obj.get("metadata") or {}).get("generation")
    seen = generation if generation is not None else (obj.get("status") or {}).get("observedGeneration")
    return not (isinstance(seen, int) and isinstance(wanted, int)) or seen >= wanted
