"""MutatingAdmissionPolicy: what users of the cluster change by expressions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from labrunner.sim import crd, defaults
from labrunner.sim.admission.policies.expressions import PolicyExpressionError, evaluate
from labrunner.sim.admission.policies.invocations import MUTATING, Invocation, conditions_hold, invocations
from labrunner.sim.admission.policies.matching import Match, exempt
from labrunner.sim.admission.request import Request
from labrunner.sim.crd.cel.messages import misnamed, plain
from labrunner.sim.errors import ApiError
from labrunner.sim.objects import Obj, clone, name_of
from labrunner.sim.patch import fieldsets, jsonpatch, shapes

if TYPE_CHECKING:
    from labrunner.sim.resources import ResourceType


def mutate(request: Request) -> bool:
    """Apply all policies to ``request.object``; returns whether it changed. Raises ApiError (403)."""
    if exempt(request) or request.object is None:
        return False
    before = clone(request.object)
    again: list[str] = []
    _pass(request, again, None)
    if again and request.object != before:
        _pass(request, [], frozenset(again))
    return bool(request.object != before)


def _pass(request: Request, again: list[str], only: frozenset[str] | None) -> None:
    """One round over the policies; *again* collects those to be invoked once more, *only* names those to invoke."""
    for invocation in invocations(request, MUTATING):
        name = name_of(invocation.policy)
        if only is not None and name not in only:
            continue
        try:
            if invocation.problem:
                raise PolicyExpressionError(invocation.problem)
            _apply(request, invocation)
        except PolicyExpressionError as error:
            if not invocation.fails_open:
                raise _refusal(request, invocation, str(error)) from None
        if invocation.spec.get("reinvocationPolicy") == "IfNeeded":
            again.append(name)


def _apply(request: Request, invocation: Invocation) -> None:
    spec, env = invocation.spec, invocation.environment()
    conditions = spec.get("matchConditions") or []
    if not conditions_hold(conditions, env, fails_open=invocation.fails_open):
        return
    rt = invocation.match.rt
    for mutation in spec.get("mutations") or []:
        seen = Match(request, rt).object or {}
        env = invocation.environment()
        if mutation.get("patchType") == "JSONPatch":
            made = _json_patched(seen, str((mutation.get("jsonPatch") or {}).get("expression") or ""), env)
        else:
            source = str((mutation.get("applyConfiguration") or {}).get("expression") or "")
            made = _merged(request, rt, seen, source, env)
        if rt.custom:
            crd.complete(made, rt, request.api)
        else:
            defaults.apply(made, rt)
        request.object = request.api.registry.convert(made, request.rt)


def _merged(request: Request, rt: ResourceType, seen: Obj, source: str, env: dict[str, Any]) -> Obj:
    value = evaluate(source, env)
    wrong = misnamed(value)
    if wrong:
        raise PolicyExpressionError(f"type mismatch: {wrong}")
    patch = {**plain(value), "apiVersion": rt.gv, "kind": rt.kind}
    shape = shapes.of_kind(rt, crd.schema_of(rt, request.api.store))
    unknown = _undeclared(patch, shape, "")
    if unknown:
        text = f"failed to convert patch object to typed object: {unknown}: field not declared in schema"
        raise PolicyExpressionError(f"error applying patch: {text}")
    atoms = _atoms(patch, shape, "")
    if atoms:
        text = f"may not mutate atomic arrays, maps or structs: {', '.join(atoms)}"
        raise PolicyExpressionError(f"error applying patch: invalid ApplyConfiguration: {text}")
    merged: Obj = clone(fieldsets.merge(seen, patch, shape))
    return merged


def _undeclared(value: Any, shape: shapes.Shape, path: str) -> str:
    """The path of the first field that the type has no place for; empty when there is none."""
    if isinstance(value, dict):
        for key, item in value.items():
            below = shape.child(key)
            found = f"{path}.{key}" if below is None else _undeclared(item, below, f"{path}.{key}")
            if found:
                return found
    elif isinstance(value, list) and shape.elem is not None:
        for index, item in enumerate(value):
            found = _undeclared(item, shape.elem, f"{path}[{index}]")
            if found:
                return found
    return ""


def _atoms(value: Any, shape: shapes.Shape, path: str) -> list[str]:
    """The paths of everything in *value* that can only be replaced as a whole."""
    form = shape.form_of(value)
    out: list[str] = []
    if isinstance(value, dict | list) and shape.is_atomic(form) and form != "scalar":
        out.append(path)
    if isinstance(value, dict):
        for key, item in value.items():
            below = shape.child(key)
            if below is not None and shape.declares(key):
                out += _atoms(item, below, f"{path}.{key}")
    elif isinstance(value, list) and shape.elem is not None:
        for index, item in enumerate(value):
            out += _atoms(item, shape.elem, f"{path}[{index}]")
    return out


def _json_patched(seen: Obj, source: str, env: dict[str, Any]) -> Obj:
    value = evaluate(source, env)
    operations, _ = jsonpatch.parse(json.dumps(plain(value)).encode())
    try:
        patched: Obj = jsonpatch.apply(clone(seen), operations)
    except jsonpatch.PatchFailedError as error:
        if str(error).startswith("testing value"):
            return seen  # a patch whose test fails is not applied
        raise PolicyExpressionError(f"JSONPath: {error}") from None
    return patched


def _refusal(request: Request, invocation: Invocation, why: str) -> ApiError:
    name = name_of(invocation.policy)
    if invocation.binding is not None:
        text = f"policy '{name}' with binding '{name_of(invocation.binding)}' denied request: {why}"
    else:
        text = f'policy "{name}" denied request: {why}'
    details = {**(request.forbid("").details or {}), "causes": [{"message": text}]}
    return ApiError(403, "Forbidden" if invocation.problem else "Invalid", text, details)
