"""MutatingAdmissionPolicy: merged configurations and JSON patches by expressions."""

from __future__ import annotations

import pytest

from labrunner.sim.api import Api
from labrunner.sim.errors import ApiError
from labrunner.sim.objects import Obj
from tests.sim.policies.manifests import MUTATING, MUTATING_BINDINGS, mutating, rule, settings

BINDING = {"metadata": {"name": "mb"}, "spec": {"policyName": "m"}}


def applied(expression: str) -> Obj:
    return {"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": expression}}


def patched(expression: str) -> Obj:
    return {"patchType": "JSONPatch", "jsonPatch": {"expression": expression}}


def install(api: Api, policy: Obj) -> None:
    api.create(MUTATING, policy)
    api.create(MUTATING_BINDINGS, BINDING)


def pod() -> Obj:
    return {
        "metadata": {"name": "p", "namespace": "default"},
        "spec": {"containers": [{"name": "c", "image": "nginx"}]},
    }


def test_configurations_are_merged_and_defaulted(api: Api) -> None:
    api.create("serviceaccounts", {"metadata": {"name": "default", "namespace": "default"}})
    sidecar = (
        "Object{metadata: Object.metadata{labels: {'by': 'policy'}}, "
        "spec: Object.spec{containers: [Object.spec.containers{name: 'proxy', image: 'mesh:1'}]}}"
    )
    install(api, mutating(applied(sidecar), rules=[rule("pods")]))
    made = api.create("pods", pod())
    assert made["metadata"]["labels"] == {"by": "policy"}
    assert [c["name"] for c in made["spec"]["containers"]] == ["c", "proxy"]
    proxy = made["spec"]["containers"][1]
    assert proxy["imagePullPolicy"] == "IfNotPresent"
    assert proxy["volumeMounts"][0]["name"].startswith("kube-api-access-"), "the other plugins see it, too"


def test_json_patches_add_and_replace(api: Api) -> None:
    expression = (
        "[JSONPatch{op: 'test', path: '/data/a', value: '1'}, "
        "JSONPatch{op: 'add', path: '/metadata/labels/' + jsonpatch.escapeKey('x/y'), value: 'z'}]"
    )
    install(api, mutating(patched(expression)))
    made = api.create("configmaps", settings("one", data={"a": "1"}, old="l"))
    assert made["metadata"]["labels"] == {"old": "l", "x/y": "z"}
    assert api.create("configmaps", settings("two", data={"a": "2"}, old="l"))["metadata"]["labels"] == {
        "old": "l"
    }


@pytest.mark.parametrize(
    ("mutation", "said"),
    [
        (
            applied("Object{data: Object.spec{a: 'b'}}"),
            'type mismatch: unexpected type name "Object.spec", expected "Object.data", which matches field name path '
            "from root Object type",
        ),
        (
            patched("[JSONPatch{op: 'add', path: '/data/x', value: object.nothing}]"),
            "expression '[JSONPatch{op: 'add', path: '/data/x', value: object.nothing}]' resulted in error: "
            "no such key: nothing",
        ),
    ],
)
def test_what_cannot_be_applied_is_refused(api: Api, mutation: Obj, said: str) -> None:
    install(api, mutating(mutation))
    with pytest.raises(ApiError) as caught:
        api.create("configmaps", settings())
    assert caught.value.message == f"policy 'm' with binding 'mb' denied request: {said}"


def test_whole_lists_are_not_merged(api: Api) -> None:
    api.create("serviceaccounts", {"metadata": {"name": "default", "namespace": "default"}})
    install(api, mutating(applied("Object{spec: Object.spec{tolerations: []}}"), rules=[rule("pods")]))
    with pytest.raises(ApiError, match=r"may not mutate atomic arrays, maps or structs: \.spec\.tolerations"):
        api.create("pods", pod())


def test_match_conditions_and_ignored_failures_leave_things_alone(api: Api) -> None:
    condition = {"name": "never", "expression": "object.metadata.name == 'x'"}
    install(
        api, mutating(applied("Object{data: Object.data{k: string(object.gone)}}"), failurePolicy="Ignore")
    )
    assert "data" not in api.create("configmaps", settings("one")) or api.get("configmaps", "one", "default")
    api.delete(MUTATING, "m")
    api.create(MUTATING, mutating(applied("Object{data: {'k': 'v'}}"), matchConditions=[condition]))
    assert api.create("configmaps", settings("two")).get("data") in (None, {})
    assert api.create("configmaps", settings("x"))["data"] == {"k": "v"}


def test_fields_that_the_kind_has_not_are_told(api: Api) -> None:
    install(api, mutating(applied("Object{datax: Object.datax{a: 'b'}}")))
    with pytest.raises(ApiError, match=r"typed object: \.datax: field not declared in schema"):
        api.create("configmaps", settings())
