"""What the API server says of API services, flow schemas and priority levels that are wrong."""

from __future__ import annotations

import pytest

from labrunner.sim import validation
from labrunner.sim.objects import Obj
from tests.sim.manifests import made, messages, type_of

SERVICES = "apiservices.apiregistration.k8s.io"
SCHEMAS = "flowschemas.flowcontrol.apiserver.k8s.io"
LEVELS = "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io"
SERVED = {"group": "a.b", "version": "v1", "groupPriorityMinimum": 100, "versionPriority": 100}
LEVEL = {"priorityLevelConfiguration": {"name": "system"}}


@pytest.mark.parametrize(
    ("gr", "name", "spec", "wanted"),
    [
        (SERVICES, "v1.a.b", SERVED, []),
        (SERVICES, "x", SERVED, ['metadata.name: Invalid value: "x": must be `spec.version+"."+spec.group`: "v1.a.b"']),
        (SERVICES, "v1.a.b", {**SERVED, "groupPriorityMinimum": 0},
         ["spec.groupPriorityMinimum: Invalid value: 0: must be positive and less than 20000"]),
        (SERVICES, "v1.a.b", {**SERVED, "service": {"name": "s"}}, ["spec.service.namespace: Required value"]),
        (SERVICES, "v1.a.b", {**SERVED, "insecureSkipTLSVerify": True},
         ["spec.insecureSkipTLSVerify: Invalid value: true: local APIServices may not have insecureSkipTLSVerify"]),
        (SCHEMAS, "x", LEVEL, []),
        (SCHEMAS, "x", {}, ["spec.priorityLevelConfiguration.name: Required value: must reference a priority level"]),
        (SCHEMAS, "x", {**LEVEL, "matchingPrecedence": 1},
         ["spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1"]),
        (SCHEMAS, "x", {**LEVEL, "rules": [{}]},
         ["spec.rules[0].subjects: Required value: subjects must contain at least one value",
          "spec.rules[0]: Required value: at least one of resourceRules and nonResourceRules has to be non-empty"]),
        (LEVELS, "x", {"type": "Limited", "limited": {"limitResponse": {"type": "Reject"}}}, []),
        (LEVELS, "x", {"type": "Limited"}, ["spec.limited: Required value: must not be empty when type is Limited"]),
        (LEVELS, "x", {"type": "Some"}, ['spec.type: Unsupported value: "Some": supported values: "Exempt", "Limited"']),
    ],
)  # fmt: skip
def test_what_is_said(gr: str, name: str, spec: Obj, wanted: list[str]) -> None:
    assert messages(validation.create(made(gr, spec, name=name), type_of(gr))) == wanted


def test_defaults() -> None:
    assert "service" not in made(SERVICES, {**SERVED, "service": {}})["spec"]
    assert made(SERVICES, {**SERVED, "service": {"name": "s"}})["spec"]["service"]["port"] == 443
    assert made(SCHEMAS, LEVEL)["spec"]["matchingPrecedence"] == 1000
    limited = {"limitResponse": {"type": "Queue", "queuing": {"queues": 8}}}
    assert made(LEVELS, {"type": "Limited", "limited": limited})["spec"]["limited"] == {
        "limitResponse": {"type": "Queue", "queuing": {"queues": 8, "handSize": 8, "queueLengthLimit": 50}},
        "nominalConcurrencyShares": 30,
        "lendablePercent": 0,
    }
    attachment = made("volumeattachments.storage.k8s.io", {"attacher": "d"})
    assert attachment["status"] == {"attached": False}
