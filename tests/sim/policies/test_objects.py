"""Policies, bindings and webhook configurations themselves: what is wrong with them, in the server's words."""

from __future__ import annotations

import pytest

from labrunner.sim.api import Api
from labrunner.sim.errors import ApiError
from labrunner.sim.objects import Obj
from tests.sim.policies.manifests import BINDINGS, GROUP, MUTATING, POLICIES, binding, mutating, policy, rule

HOOKS = f"validatingwebhookconfigurations.{GROUP}"


def said(api: Api, gr: str, obj: Obj) -> list[str]:
    """Complaints, without the quoted rest of long ones."""
    try:
        api.create(gr, obj, dry_run=True)
    except ApiError as error:
        causes = (error.details or {}).get("causes") or []
        return [f"{cause['field']}: {cause['message']}" for cause in causes]
    return []


@pytest.mark.parametrize(
    ("validation", "complaint"),
    [
        (
            {"expression": "object.spec.replicas"},
            'expression: Invalid value: "object.spec.replicas": must evaluate to bool but got dyn',
        ),
        (
            {"expression": "request.foo == 1"},
            'expression: Invalid value: "request.foo == 1": compilation failed: ERROR: <input>:1:8: undefined field '
            "'foo'\n | request.foo == 1\n | .......^",
        ),
        (
            {"expression": "params.x == 1"},
            'expression: Invalid value: "params.x == 1": compilation failed: ERROR: <input>:1:1: undeclared reference '
            "to 'params' (in container '')\n | params.x == 1\n | ^",
        ),
        ({"expression": " "}, "expression: Required value: expression is not specified"),
        (
            {"expression": "true", "messageExpression": "1"},
            'messageExpression: Invalid value: "1": must evaluate to string but got int',
        ),
        (
            {"expression": "true", "reason": "NotFound"},
            'reason: Unsupported value: "NotFound": supported values: "Forbidden", "Invalid", "RequestEntityTooLarge"',
        ),
    ],
)
def test_validations_are_checked(api: Api, validation: Obj, complaint: str) -> None:
    assert said(api, POLICIES, policy(validation)) == [f"spec.validations[0].{complaint}"]


def test_variables_see_those_before_them(api: Api) -> None:
    variables = [{"name": "a", "expression": "1"}, {"name": "b", "expression": "variables.a + variables.c"}]
    assert said(api, POLICIES, policy({"expression": "variables.a == 1"}, variables=variables)) == [
        'spec.variables[1].expression: Invalid value: "variables.a + variables.c": compilation failed: ERROR: '
        "<input>:1:24: undefined field 'c'\n | variables.a + variables.c\n | .......................^"
    ]


def test_empty_policies_and_rules_are_told(api: Api) -> None:
    assert said(api, POLICIES, {"metadata": {"name": "p"}, "spec": {}}) == [
        "spec.matchConstraints: Required value",
        "spec.validations: Required value: validations or auditAnnotations must contain at least one item",
        "spec.auditAnnotations: Required value: validations or auditAnnotations must contain at least one item",
    ]
    wrong = rule(operations=["create"], resources=["*", "pods"], apiVersions=[])
    path = "spec.matchConstraints.resourceRules[0]"
    assert said(api, POLICIES, policy({"expression": "true"}, rules=[wrong])) == [
        f'{path}.operations[0]: Unsupported value: "create": supported values: '
        '"*", "CONNECT", "CREATE", "DELETE", "UPDATE"',
        f"{path}.apiVersions: Required value",
        f'{path}.resources: Invalid value: ["*","pods"]: if \'*\' is present, must not specify other resources '
        "without subresources",
    ]


def test_bindings_are_checked(api: Api) -> None:
    assert said(api, BINDINGS, binding("Deny", "Warn")) == [
        'spec.validationActions: Invalid value: ["Deny","Warn"]: must not contain both Deny and Warn (repeating the '
        "same validation failure information in the API response and headers serves no purpose)"
    ]
    empty = {"metadata": {"name": "b"}, "spec": {"paramRef": {}}}
    assert said(api, BINDINGS, empty) == [
        "spec.policyName: Required value",
        "spec.paramRef: Required value: one of name or selector must be specified",
        "spec.paramRef.parameterNotFoundAction: Required value",
        "spec.validationActions: Required value: at least one validation action is required",
    ]


def test_mutations_are_checked(api: Api) -> None:
    def of(mutation: Obj) -> list[str]:
        return said(api, MUTATING, mutating(mutation))

    path = "spec.mutations[0]"
    assert of({"patchType": "Merge"}) == [
        f'{path}.patchType: Unsupported value: "Merge": supported values: "ApplyConfiguration", "JSONPatch"'
    ]
    assert of({"patchType": "JSONPatch"}) == [
        f"{path}.jsonPatch: Required value: must be specified when patchType is JSONPatch"
    ]
    assert of({"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": "1"}}) == [
        f'{path}.applyConfiguration.expression: Invalid value: "1": must evaluate to Object but got int'
    ]
    assert (
        of({"patchType": "JSONPatch", "jsonPatch": {"expression": "[JSONPatch{op: 'add', path: '/a'}]"}})
        == []
    )


def test_webhooks_are_checked(api: Api) -> None:
    hook = {
        "name": "short",
        "clientConfig": {"url": "http://127.0.0.1/x?y"},
        "rules": [rule(operations=[])],
        "sideEffects": "Some",
        "admissionReviewVersions": ["v2"],
        "timeoutSeconds": 31,
    }
    assert said(api, HOOKS, {"metadata": {"name": "w"}, "webhooks": [hook]}) == [
        'webhooks[0].name: Invalid value: "short": should be a domain with at least three segments separated by dots',
        "webhooks[0].rules[0].operations: Required value",
        'webhooks[0].sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"',
        "webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds",
        "webhooks[0].clientConfig.url: Invalid value: \"http\": 'https' is the only allowed URL scheme; "
        "desired format: https://host[:port]/path",
        'webhooks[0].clientConfig.url: Invalid value: "y": query parameters are not permitted in the URL',
        'webhooks[0].admissionReviewVersions: Invalid value: ["v2"]: must include at least one of v1, v1beta1',
    ]
