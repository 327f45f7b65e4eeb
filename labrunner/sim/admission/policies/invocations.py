"""Policies that concern a request: each with the binding and the parameters that bring it to bear."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from labrunner.sim.admission.policies.expressions import PolicyExpressionError, evaluate
from labrunner.sim.admission.policies.matching import GROUP, Match, match
from labrunner.sim.admission.policies.params import ConfigurationError, kind_of_params, params_for
from labrunner.sim.admission.policies.variables import activation
from labrunner.sim.admission.request import Request
from labrunner.sim.objects import Obj, name_of

VALIDATING: Final = "validatingadmissionpolicies"
MUTATING: Final = "mutatingadmissionpolicies"


@dataclass(frozen=True, slots=True)
class Invocation:
    """One policy with one binding and one object of parameters; ``problem`` says why it cannot be applied."""

    policy: Obj
    binding: Obj | None
    match: Match
    params: Obj | None = None
    problem: str = ""

    @property
    def spec(self) -> Obj:
        """The spec of the policy."""
        found: Obj = self.policy.get("spec") or {}
        return found

    @property
    def fails_open(self) -> bool:
        """Whether errors let the request pass."""
        return bool(self.spec.get("failurePolicy") == "Ignore")

    def environment(self) -> dict[str, Any]:
        """The values of the variables of the policy's expressions."""
        return activation(self.match, self.params, self.spec.get("variables") or [])


def invocations(request: Request, resource: str) -> Iterator[Invocation]:
    """All invocations of the policies in *resource* (``validatingadmissionpolicies``), in order of their names."""
    store = request.api.store
    bindings = store.list(f"{resource.removesuffix('policies')}policybindings.{GROUP}")
    for policy in store.list(f"{resource}.{GROUP}") if bindings else ():
        bound = [b for b in bindings if (b.get("spec") or {}).get("policyName") == name_of(policy)]
        found = match(request, (policy.get("spec") or {}).get("matchConstraints")) if bound else None
        if found is not None:
            yield from _of_policy(request, policy, bound, found)


def _of_policy(request: Request, policy: Obj, bound: list[Obj], found: Match) -> Iterator[Invocation]:
    try:
        kind = kind_of_params(request, policy)
    except ConfigurationError as error:
        yield Invocation(policy, None, found, problem=f"failed to configure policy: {error}")
        return
    for binding in bound:
        if match(request, (binding.get("spec") or {}).get("matchResources")) is None:
            continue
        try:
            params = params_for(request, kind, binding)
        except ConfigurationError as error:
            yield Invocation(policy, binding, found, problem=f"failed to configure binding: {error}")
            continue
        for given in params:
            yield Invocation(policy, binding, found, given)


def conditions_hold(conditions: list[Obj], env: dict[str, Any], *, fails_open: bool) -> bool:
    """Whether all match conditions hold. Raises PolicyExpressionError when one fails and none is false."""
    problems: list[str] = []
    for condition in conditions:
        try:
            if evaluate(str(condition.get("expression") or ""), env) is not True:
                return False
        except PolicyExpressionError as error:
            problems.append(str(error))
    if not problems:
        return True
    if fails_open:
        return False
    raise PolicyExpressionError(problems[0] if len(problems) == 1 else f"[{', '.join(problems)}]")
