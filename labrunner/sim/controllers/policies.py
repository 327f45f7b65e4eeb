"""The status of ValidatingAdmissionPolicies: what their expressions would stumble over, kind by kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from labrunner.sim.controllers.runner import Controller, Key, Mapper, itself
from labrunner.sim.objects import Obj, clone, get_path, is_terminating, meta

if TYPE_CHECKING:
    from labrunner.sim.crd.cel.types import Type
    from labrunner.sim.resources import ResourceType

POLICIES: Final = "validatingadmissionpolicies.admissionregistration.k8s.io"
_MOST_KINDS: Final = 10


class PolicyStatusController(Controller):
    """Type-checks new generations of policies."""

    name = "validatingadmissionpolicy-status"

    def watches(self) -> Mapping[str, Mapper]:
        return {POLICIES: itself}

    def reconcile(self, key: Key) -> float | None:
        policy = self.api.store.get(POLICIES, *key)
        if policy is None or is_terminating(policy):
            return None
        generation = meta(policy).get("generation")
        if get_path(policy, "status", "observedGeneration") == generation:
            return None
        changed = clone(policy)
        warnings = self._warnings(policy.get("spec") or {})
        checked: Obj = {"expressionWarnings": warnings} if warnings else {}
        changed["status"] = {
            **(changed.get("status") or {}),
            "observedGeneration": generation,
            "typeChecking": checked,
        }
        self.api.update_status(POLICIES, changed)
        return None

    def _warnings(self, spec: Obj) -> list[Obj]:
        kinds = [(rt, found) for rt in self._kinds(spec) if (found := self._type_of(rt)) is not None]
        params = self._params(spec)
        out: list[Obj] = []
        for index, validation in enumerate(spec.get("validations") or []):
            for field in ("expression", "messageExpression"):
                source = str(validation.get(field) or "")
                said = [
                    text
                    for rt, found in kinds
                    if source and (text := self._said(spec, source, rt, found, params))
                ]
                if said:
                    out.append({"fieldRef": f"spec.validations[{index}].{field}", "warning": "\n".join(said)})
        return out

    def _said(self, spec: Obj, source: str, rt: ResourceType, found: Type, params: Type | None) -> str:
        from labrunner.sim.admission.policies import expressions
        from labrunner.sim.crd.cel.types import DYN

        variables: dict[str, Type] = {}
        for variable in spec.get("variables") or []:
            seen = expressions.scope(params=params, object_type=found, variables=variables)
            kind, wrong = expressions.examine(str(variable.get("expression") or ""), seen)
            variables[str(variable.get("name") or "")] = DYN if wrong else kind
        seen = expressions.scope(params=params, object_type=found, variables=variables)
        _, wrong = expressions.examine(source, seen)
        gv = rt.gv if rt.group else f"/{rt.version}"
        return f"{gv}, Kind={rt.kind}: {wrong}\n" if wrong else ""

    def _kinds(self, spec: Obj) -> list[ResourceType]:
        found: dict[tuple[str, str, str], ResourceType] = {}
        for rule in get_path(spec, "matchConstraints", "resourceRules", default=[]):
            for rt in self._named(rule):
                found[rt.gvk] = rt
                if len(found) == _MOST_KINDS:
                    break
        return [found[key] for key in sorted(found)]

    def _named(self, rule: Obj) -> Iterator[ResourceType]:
        groups, versions = rule.get("apiGroups") or [], rule.get("apiVersions") or []
        if any("*" in text for text in (*groups, *versions)):
            return
        for group in sorted(groups):
            for version in sorted(versions):
                for resource in sorted(rule.get("resources") or []):
                    rt = self.api.registry.by_path(group, version, resource)
                    if rt is not None:
                        yield rt

    def _params(self, spec: Obj) -> Type | None:
        wanted = spec.get("paramKind")
        if not wanted:
            return None
        rt = self.api.registry.by_api_version(str(wanted.get("apiVersion")), str(wanted.get("kind")))
        return self._type_of(rt) if rt is not None else None

    def _type_of(self, rt: ResourceType) -> Type | None:
        from labrunner.sim import crd
        from labrunner.sim.crd.schema_types import type_of
        from labrunner.sim.schema import gotypes, openapi

        if rt.custom:
            schema = crd.schema_of(rt, self.api.store)
            return type_of(schema, rt.kind, root=True) if schema is not None else None
        name = gotypes.definition_name(rt.group, rt.version, rt.kind)
        if name is None:
            return None
        known = openapi.with_references([name])
        try:
            return type_of(known.get(name), rt.kind, root=True, resolve=known.get)
        except RecursionError:  # a type that holds itself
            return None
