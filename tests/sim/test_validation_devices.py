"""What the API server says of device classes and of claims for devices."""

from __future__ import annotations

import pytest

from labrunner.sim import validation
from labrunner.sim.objects import Obj
from tests.sim.manifests import made, messages, type_of

CLAIM = "resourceclaims.resource.k8s.io"
R = "spec.devices.requests[0]"


@pytest.mark.parametrize(
    ("request_", "errors"),
    [
        ({"exactly": {"deviceClassName": "gpu"}}, []),
        (
            {},
            [f"{R}: Required value: exactly one of `exactly` or `firstAvailable` is required"],
        ),
        (
            {"exactly": {"selectors": [{}]}},
            [
                f"{R}.exactly.deviceClassName: Required value",
                f"{R}.exactly.selectors[0].cel: Required value",
            ],
        ),
        (
            {"exactly": {"deviceClassName": "gpu", "allocationMode": "All", "count": 2}},
            [f"{R}.exactly.count: Invalid value: 2: must not be specified when allocationMode is 'All'"],
        ),
        (
            {"exactly": {"deviceClassName": "gpu", "allocationMode": "Some"}},
            [
                f'{R}.exactly.allocationMode: Unsupported value: "Some": supported values: "All", "ExactCount"',
            ],
        ),
    ],
)
def test_claims(request_: Obj, errors: list[str]) -> None:
    claim = made(CLAIM, {"devices": {"requests": [{"name": "r", **request_}]}})
    assert messages(validation.create(claim, type_of(CLAIM))) == errors


def test_constraints_speak_of_requests_that_there_are() -> None:
    devices = {
        "requests": [{"name": "r", "exactly": {"deviceClassName": "gpu"}}],
        "constraints": [{"requests": ["r", "s"], "matchAttribute": "a/b"}],
    }
    assert messages(validation.create(made(CLAIM, {"devices": devices}), type_of(CLAIM))) == [
        'spec.devices.constraints[0].requests[1]: Invalid value: "s": must be the name of a request in the claim or '
        "the name of a request and a subrequest separated by '/'"
    ]


def test_a_claim_keeps_its_spec() -> None:
    def claim(name: str) -> Obj:
        requests = [{"name": "r", "exactly": {"deviceClassName": name}}]
        return made(CLAIM, {"devices": {"requests": requests}}, metadata={"resourceVersion": "1"})

    (error,) = messages(validation.update(claim("b"), claim("a"), type_of(CLAIM)))
    assert error.startswith(
        'spec: Invalid value: {"Devices":{"Requests":[{"Name":"r","Exactly":{"DeviceClassName":"b"'
    )
    assert error.endswith(": field is immutable")


def test_a_class_wants_expressions_in_its_selectors() -> None:
    gr = "deviceclasses.resource.k8s.io"
    found = validation.create(made(gr, {"selectors": [{}]}), type_of(gr))
    assert messages(found) == ["spec.selectors[0].cel: Required value"]
