"""ValidatingAdmissionPolicy: which requests are refused, and in which words."""

from __future__ import annotations

from typing import Any

import pytest

from labrunner.sim.api import Api
from labrunner.sim.auth import User
from labrunner.sim.errors import ApiError
from labrunner.sim.objects import Obj, clone
from tests.sim.policies.manifests import BINDINGS, POLICIES, binding, policy, rule, settings

CONFIG = "configmaps"


def refused(api: Api, obj: Obj, gr: str = CONFIG, **more: Any) -> ApiError:
    with pytest.raises(ApiError) as caught:
        api.create(gr, obj, **more)
    return caught.value


def install(api: Api, made: Obj, *bindings: Obj) -> None:
    api.create(POLICIES, made)
    for bound in bindings or (binding(),):
        api.create(BINDINGS, bound)


def test_a_denied_request_is_invalid_and_names_policy_and_binding(api: Api) -> None:
    install(
        api,
        policy({"expression": "has(object.data) && has(object.data.owner)", "message": "say who owns it"}),
    )
    error = refused(api, settings())
    text = "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: say who owns it"
    assert (error.code, error.reason) == (422, "Invalid")
    assert error.message == f'configmaps "cm" is forbidden: {text}'
    assert error.details == {"name": "cm", "kind": "configmaps", "causes": [{"message": text}]}
    assert api.create(CONFIG, settings(data={"owner": "me"}))["data"] == {"owner": "me"}


def test_a_policy_without_binding_does_nothing_and_a_new_one_works_at_once(api: Api) -> None:
    api.create(POLICIES, policy({"expression": "false"}))
    api.create(CONFIG, settings("one"))
    api.create(BINDINGS, binding())
    assert "failed expression: false" in refused(api, settings("two")).message
    api.delete(BINDINGS, "b")
    api.create(CONFIG, settings("two"))


@pytest.mark.parametrize(("reason", "code"), [("Forbidden", 403), ("RequestEntityTooLarge", 413)])
def test_a_reason_gives_the_code(api: Api, reason: str, code: int) -> None:
    install(api, policy({"expression": "false", "reason": reason}))
    error = refused(api, settings())
    assert (error.code, error.reason) == (code, reason)


def test_message_expressions_speak_and_fall_back(api: Api) -> None:
    install(
        api,
        policy(
            {
                "expression": "object.metadata.name != 'a'",
                "messageExpression": "'not ' + object.metadata.name",
            },
            {
                "expression": "object.metadata.name != 'b'",
                "messageExpression": "string(object.nothing)",
                "message": "no b",
            },
        ),
    )
    assert refused(api, settings("a")).message.endswith("denied request: not a")
    assert refused(api, settings("b")).message.endswith("denied request: no b")


def test_warnings_and_audits_let_pass(api: Api) -> None:
    from labrunner.sim.api.call import Call

    install(api, policy({"expression": "false", "message": "hm"}), binding("Warn", "Audit"))
    call = Call(api.type_of(CONFIG), "default")
    made = {"apiVersion": "v1", "kind": "ConfigMap", **settings()}
    api.writer.create(call, made)
    assert call.warnings == ["Validation failed for ValidatingAdmissionPolicy 'p' with binding 'b': hm"]


def test_errors_follow_the_failure_policy(api: Api) -> None:
    install(api, policy({"expression": "object.spec.x == 1"}))
    said = refused(api, settings()).message
    assert said.endswith(
        "denied request: expression 'object.spec.x == 1' resulted in error: no such key: spec"
    )
    kept = clone(api.get(POLICIES, "p") or {})
    kept["spec"]["failurePolicy"] = "Ignore"
    api.update(POLICIES, kept)
    api.create(CONFIG, settings())


def test_variables_and_the_request_are_seen(api: Api) -> None:
    install(
        api,
        policy(
            {
                "expression": "!variables.busy || request.userInfo.username == 'root'",
                "messageExpression": "request.operation + ' ' + request.resource.resource"
                " + ' in ' + namespaceObject.metadata.name"
                " + ' by ' + request.userInfo.username",
            },
            variables=[
                {"name": "names", "expression": "object.data.map(k, k)"},
                {"name": "busy", "expression": "size(variables.names) > 1"},
            ],
        ),
    )
    busy = settings(data={"a": "1", "b": "2"})
    assert refused(api, busy, user=User("ann")).message.endswith("CREATE configmaps in default by ann")
    api.create(CONFIG, busy, user=User("root"))


def test_the_old_object_is_seen_on_update_and_delete(api: Api) -> None:
    rules = [rule(operations=["UPDATE", "DELETE"])]
    install(
        api,
        policy(
            {
                "expression": "request.operation != 'UPDATE' || object.data == oldObject.data",
                "message": "fixed",
            },
            {
                "expression": "request.operation != 'DELETE' || object == null && oldObject.metadata.name != 'keep'"
            },
            rules=rules,
        ),
    )
    made = clone(api.create(CONFIG, settings("keep", data={"a": "1"})))
    made["data"]["a"] = "2"
    with pytest.raises(ApiError, match="fixed"):
        api.update(CONFIG, made)
    with pytest.raises(ApiError, match=r"failed expression: request\.operation != 'DELETE'"):
        api.delete(CONFIG, "keep", "default")


@pytest.mark.parametrize(
    ("constraints", "hits"),
    [
        ({}, True),
        ({"resourceRules": [rule("secrets")]}, False),
        ({"resourceRules": [rule("*")]}, True),
        ({"resourceRules": [rule("configmaps/status")]}, False),
        ({"resourceRules": [rule("*", "*", apiVersions=["*"], operations=["*"])]}, True),
        ({"resourceRules": [rule(operations=["UPDATE"])]}, False),
        ({"resourceRules": [rule(resourceNames=["other"])]}, False),
        ({"resourceRules": [rule(resourceNames=["cm"])]}, True),
        ({"resourceRules": [rule(scope="Cluster")]}, False),
        ({"excludeResourceRules": [rule("*")]}, False),
        ({"objectSelector": {"matchLabels": {"a": "b"}}}, True),
        ({"objectSelector": {"matchLabels": {"a": "c"}}}, False),
        ({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "default"}}}, True),
        ({"namespaceSelector": {"matchExpressions": [{"key": "team", "operator": "Exists"}]}}, False),
    ],
)
def test_constraints_choose_requests(api: Api, constraints: Obj, hits: bool) -> None:
    made = policy({"expression": "false"})
    made["spec"]["matchConstraints"].update(constraints)
    install(api, made)
    if hits:
        assert refused(api, settings(a="b")).code == 422
    else:
        api.create(CONFIG, settings(a="b"))


def test_an_equivalent_version_is_matched_and_an_exact_one_only_itself(api: Api) -> None:
    scaler = {
        "metadata": {"name": "h", "namespace": "default"},
        "spec": {
            "maxReplicas": 3,
            "scaleTargetRef": {"kind": "Deployment", "name": "d", "apiVersion": "apps/v1"},
        },
    }
    made = policy(
        {"expression": "false", "messageExpression": "object.apiVersion + ' ' + request.requestKind.version"},
        rules=[rule("horizontalpodautoscalers", "autoscaling", apiVersions=["v1"])],
    )
    install(api, made)
    said = refused(api, scaler, "horizontalpodautoscalers.autoscaling").message
    assert said.endswith("denied request: autoscaling/v1 v2")
    kept = clone(api.get(POLICIES, "p") or {})
    kept["spec"]["matchConstraints"]["matchPolicy"] = "Exact"
    api.update(POLICIES, kept)
    api.create("horizontalpodautoscalers.autoscaling", scaler)


def test_match_conditions_spare_requests(api: Api) -> None:
    condition = {"name": "not-admins", "expression": "!('admins' in request.userInfo.groups)"}
    install(api, policy({"expression": "false"}, matchConditions=[condition]))
    api.create(CONFIG, settings(), user=User("a", ("admins",)))
    assert refused(api, settings("x"), user=User("b", ("users",))).code == 422


def test_parameters_come_from_the_binding(api: Api) -> None:
    parameters = {"apiVersion": "v1", "kind": "ConfigMap"}
    checked = policy(
        {
            "expression": "size(object.data) <= int(params.data.most)",
            "messageExpression": "'at most ' + params.data.most",
        },
        rules=[rule("secrets")],
        paramKind=parameters,
    )
    checked["spec"]["validations"][0]["expression"] = (
        "!has(object.data) || size(object.data) <= int(params.data.most)"
    )
    reference = {"name": "limits", "namespace": "default", "parameterNotFoundAction": "Deny"}
    install(api, checked, binding(paramRef=reference))
    secret = {"metadata": {"name": "s", "namespace": "default"}, "data": {"a": "YQ==", "b": "YQ=="}}
    said = refused(api, secret, "secrets").message
    assert said.endswith(
        "denied request: failed to configure binding: no params found for policy binding with `Deny` "
        "parameterNotFoundAction"
    )
    api.create(CONFIG, settings("limits", data={"most": "1"}))
    assert refused(api, secret, "secrets").message.endswith("denied request: at most 1")
    bound = clone(api.get(BINDINGS, "b") or {})
    bound["spec"]["paramRef"] = {"selector": {"matchLabels": {"x": "y"}}, "parameterNotFoundAction": "Allow"}
    api.update(BINDINGS, bound)
    api.create("secrets", secret)


def test_an_unknown_kind_of_parameters_is_told(api: Api) -> None:
    parameters = {"apiVersion": "rules.example.com/v1", "kind": "Limit"}
    install(api, policy({"expression": "true"}, paramKind=parameters))
    assert refused(api, settings()).message == (
        "configmaps \"cm\" is forbidden: ValidatingAdmissionPolicy 'p' denied request: failed to configure policy: "
        "failed to find resource referenced by paramKind: 'rules.example.com/v1, Kind=Limit'"
    )


def test_the_authorizer_is_asked(api: Api) -> None:
    expression = "authorizer.group('').resource('secrets').namespace('default').check('get').allowed()"
    install(api, policy({"expression": expression, "message": "only who may read secrets"}))
    assert refused(api, settings(), user=User("nobody")).message.endswith("only who may read secrets")
    api.create(CONFIG, settings(), user=User("boss", ("system:masters",)))


def test_subresources_are_judged_when_rules_name_them(api: Api) -> None:
    rules = [rule("deployments/status", "apps", operations=["UPDATE"])]
    install(api, policy({"expression": "false", "message": "no status"}, rules=rules))
    labels = {"app": "d"}
    made = api.create(
        "deployments.apps",
        {
            "metadata": {"name": "d", "namespace": "default"},
            "spec": {
                "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {"containers": [{"name": "c", "image": "nginx"}]},
                },
            },
        },
    )
    changed = clone(made)
    changed["status"] = {"replicas": 1}
    with pytest.raises(ApiError, match="no status"):
        api.update_status("deployments.apps", changed)


def test_policies_are_not_applied_to_policies(api: Api) -> None:
    everything = [rule("*", "*", apiVersions=["*"], operations=["*"])]
    install(api, policy({"expression": "false"}, rules=everything))
    api.delete(BINDINGS, "b")
    api.delete(POLICIES, "p")


def test_a_scale_is_seen_as_a_scale(api: Api) -> None:
    from labrunner.sim.admission.policies.matching import Match
    from labrunner.sim.admission.request import Request

    rt = api.type_of("deployments.apps")
    obj = {"metadata": {"name": "d", "namespace": "default"}, "spec": {"replicas": 4}}
    request = Request(api, "UPDATE", rt, "d", "default", obj, obj, "scale")
    found = Match(request, rt)
    assert found.kind == {"group": "autoscaling", "version": "v1", "kind": "Scale"}
    assert (found.object or {})["spec"] == {"replicas": 4}
