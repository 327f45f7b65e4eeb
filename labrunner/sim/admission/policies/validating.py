"""ValidatingAdmissionPolicy: what users of the cluster forbid by expressions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from labrunner.sim.admission.policies.expressions import PolicyExpressionError, evaluate
from labrunner.sim.admission.policies.invocations import VALIDATING, Invocation, conditions_hold, invocations
from labrunner.sim.admission.policies.matching import exempt
from labrunner.sim.admission.request import Request
from labrunner.sim.errors import ApiError
from labrunner.sim.objects import Obj, name_of

_CODES: Final = {"Invalid": 422, "Forbidden": 403, "Unauthorized": 401, "RequestEntityTooLarge": 413}
_LONGEST_MESSAGE: Final = 5 * 1024


@dataclass(frozen=True, slots=True)
class _Denial:
    message: str
    reason: str = "Invalid"


def validate(request: Request) -> list[str]:
    """Apply all policies; returns warnings. Raises ApiError (422, or the code of the validation's reason)."""
    if exempt(request):
        return []
    warnings: list[str] = []
    refused: list[tuple[Invocation, _Denial]] = []
    for invocation in invocations(request, VALIDATING):
        if invocation.problem:
            if not invocation.fails_open:
                refused.append((invocation, _Denial(invocation.problem)))
            continue
        binding: Obj = invocation.binding or {}
        actions = (binding.get("spec") or {}).get("validationActions") or []
        for denial in _judge(invocation):
            if "Deny" in actions:
                refused.append((invocation, denial))
            if "Warn" in actions:
                warnings.append(
                    f"Validation failed for ValidatingAdmissionPolicy '{name_of(invocation.policy)}' "
                    f"with binding '{name_of(binding)}': {denial.message}"
                )
    if refused:
        raise _refusal(request, *refused[0])
    return warnings


def _judge(invocation: Invocation) -> list[_Denial]:
    spec, env, ignore = invocation.spec, invocation.environment(), invocation.fails_open
    try:
        if not conditions_hold(spec.get("matchConditions") or [], env, fails_open=ignore):
            return []
    except PolicyExpressionError as error:
        return [_Denial(str(error), "")]
    out: list[_Denial] = []
    for validation in spec.get("validations") or []:
        try:
            if evaluate(str(validation.get("expression") or ""), env) is True:
                continue
        except PolicyExpressionError as error:
            if not ignore:
                out.append(_Denial(str(error), ""))
            continue
        out.append(_Denial(_message(validation, env), validation.get("reason") or "Invalid"))
    return out


def _message(validation: Obj, env: dict[str, Any]) -> str:
    if validation.get("messageExpression"):
        try:
            made = evaluate(validation["messageExpression"], env)
        except PolicyExpressionError:
            made = None
        text = made.strip() if isinstance(made, str) else ""
        if text and "\n" not in text and len(text.encode()) <= _LONGEST_MESSAGE:
            return text
    said = str(validation.get("message") or "").strip()
    return said or f"failed expression: {str(validation.get('expression') or '').strip()}"


def _refusal(request: Request, invocation: Invocation, denial: _Denial) -> ApiError:
    about = f"ValidatingAdmissionPolicy '{name_of(invocation.policy)}'"
    if invocation.binding is not None:
        about += f" with binding '{name_of(invocation.binding)}'"
    text = f"{about} denied request: {denial.message}"
    refusal = request.forbid(text)
    reason = denial.reason or "Invalid"
    details = {**(refusal.details or {}), "causes": [{"message": text}]}
    return ApiError(_CODES.get(reason, 422), reason, refusal.message, details)
