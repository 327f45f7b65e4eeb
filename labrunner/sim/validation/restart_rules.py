"""Restart policies of single containers."""

from __future__ import annotations

from typing import Final

from labrunner.sim.errors import not_supported, required, too_many
from labrunner.sim.objects import Obj
from labrunner.sim.validation.syntax import Errors

_POLICIES: Final = ("Always", "Never", "OnFailure")
_ACTIONS: Final = ("Restart", "RestartAllContainers")
_MOST_RULES: Final = 20
_MOST_CODES: Final = 255


def restart_policy(container: Obj, path: str) -> Errors:
    """``restartPolicy`` and ``restartPolicyRules`` of a container."""
    policy, rules = container.get("restartPolicy"), container.get("restartPolicyRules") or []
    out: Errors = []
    if policy is None:
        if rules:
            text = "must specify restartPolicy when restart rules are used"
            out.append(required(f"{path}.restartPolicy", text))
    elif policy not in _POLICIES:
        out.append(not_supported(f"{path}.restartPolicy", policy, _POLICIES))
    if len(rules) > _MOST_RULES:
        out.append(too_many(f"{path}.restartPolicyRules", len(rules), _MOST_RULES))
    for i, rule in enumerate(rules):
        out += _rule(rule, f"{path}.restartPolicyRules[{i}]")
    return out


def _rule(rule: Obj, path: str) -> Errors:
    out: Errors = []
    action, codes = rule.get("action") or "", rule.get("exitCodes")
    if action not in _ACTIONS:
        out.append(not_supported(f"{path}.action", action, _ACTIONS))
    if codes is None:
        return [*out, required(f"{path}.exitCodes", "must be specified")]
    operator, values = codes.get("operator") or "", codes.get("values") or []
    if operator not in ("In", "NotIn"):
        out.append(not_supported(f"{path}.exitCodes.operator", operator, ("In", "NotIn")))
    if len(values) > _MOST_CODES:
        out.append(too_many(f"{path}.exitCodes.values", len(values), _MOST_CODES))
    return out
