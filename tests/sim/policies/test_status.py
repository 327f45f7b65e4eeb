"""The status of policies: which expressions do not fit the kinds they are for."""

from __future__ import annotations

from labrunner.sim.api import Api
from labrunner.sim.controllers.policies import PolicyStatusController
from labrunner.sim.objects import Obj, get_path
from tests.sim.policies.manifests import POLICIES, policy, rule


def status_of(api: Api, made: Obj) -> Obj:
    api.create(POLICIES, made)
    assert PolicyStatusController(api).reconcile(("", "p")) is None
    found: Obj = get_path(api.get(POLICIES, "p"), "status")
    return found


def test_a_sound_policy_has_an_empty_check(api: Api) -> None:
    rules = [rule("deployments", "apps"), rule("pods")]
    made = policy({"expression": "object.metadata.name != 'x' && has(object.spec)"}, rules=rules)
    assert status_of(api, made) == {"observedGeneration": 1, "typeChecking": {}}


def test_fields_that_a_kind_has_not_are_told(api: Api) -> None:
    made = policy(
        {"expression": "object.spec.replicas > 1 && object.spec.foo == 1"},
        rules=[rule("deployments", "apps"), rule("configmaps")],
    )
    (warning,) = status_of(api, made)["typeChecking"]["expressionWarnings"]
    assert warning["fieldRef"] == "spec.validations[0].expression"
    source = "object.spec.replicas > 1 && object.spec.foo == 1"
    assert warning["warning"] == (
        f"/v1, Kind=ConfigMap: ERROR: <input>:1:7: undefined field 'spec'\n | {source}\n | ......^\n"
        f"ERROR: <input>:1:35: undefined field 'spec'\n | {source}\n | {'.' * 34}^\n\n"
        f"apps/v1, Kind=Deployment: ERROR: <input>:1:40: undefined field 'foo'\n | {source}\n | {'.' * 39}^\n"
    )


def test_every_field_of_pods_is_known(api: Api) -> None:
    expression = (
        "object.spec.containers.all(c, has(c.resources.limits) && quantity(string(c.resources.limits['memory'])) != null"
        " && (!has(c.ports) || c.ports.all(p, p.containerPort > 1024)) && c.image.contains('@'))"
    )
    made = policy({"expression": expression}, rules=[rule("pods")])
    assert status_of(api, made)["typeChecking"] == {}
