"""Webhooks that match a request: nothing can answer them here, and the words are those of a real server."""

from __future__ import annotations

import socket

import pytest

from labrunner.sim.api import Api
from labrunner.sim.errors import ApiError
from labrunner.sim.objects import Obj
from tests.sim.policies.manifests import GROUP, rule, settings

VALIDATING = f"validatingwebhookconfigurations.{GROUP}"
MUTATING = f"mutatingwebhookconfigurations.{GROUP}"


def hook(client: Obj, **more: object) -> Obj:
    found = {
        "name": "check.example.com",
        "clientConfig": client,
        "rules": [rule()],
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        **more,
    }
    return {"metadata": {"name": "w"}, "webhooks": [found]}


def refusal(api: Api) -> str:
    with pytest.raises(ApiError) as caught:
        api.create("configmaps", settings())
    assert (caught.value.code, caught.value.reason) == (500, "InternalError")
    return caught.value.message


FAILED = 'Internal error occurred: failed calling webhook "check.example.com": failed to call webhook: Post '


@pytest.mark.parametrize("gr", [VALIDATING, MUTATING])
def test_a_missing_service_is_told(api: Api, gr: str) -> None:
    api.create(gr, hook({"service": {"name": "guard", "namespace": "default", "path": "/v"}}))
    assert refusal(api) == FAILED + '"https://guard.default.svc:443/v?timeout=10s": service "guard" not found'


def test_a_service_refuses_connections(api: Api) -> None:
    ports = [{"port": 443}]
    made = api.create(
        "services", {"metadata": {"name": "guard", "namespace": "default"}, "spec": {"ports": ports}}
    )
    api.create(VALIDATING, hook({"service": {"name": "guard", "namespace": "default"}}, timeoutSeconds=5))
    address = made["spec"]["clusterIP"]
    url = "https://guard.default.svc:443/?timeout=5s"
    assert refusal(api) == FAILED + f'"{url}": dial tcp {address}:443: connect: connection refused'
    api.delete("services", "guard", "default")


def test_a_url_refuses_or_does_not_answer_in_time(api: Api) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        api.create(VALIDATING, hook({"url": f"https://127.0.0.1:{port}/v"}))
        url = f"https://127.0.0.1:{port}/v?timeout=10s"
        assert refusal(api) == FAILED + f'"{url}": context deadline exceeded'
    assert refusal(api) == FAILED + f'"{url}": dial tcp 127.0.0.1:{port}: connect: connection refused'


def test_ignored_failures_and_other_requests_pass(api: Api) -> None:
    client = {"service": {"name": "guard", "namespace": "default"}}
    api.create(VALIDATING, hook(client, failurePolicy="Ignore"))
    api.create("configmaps", settings("one"))
    api.delete(VALIDATING, "w")
    never = [{"name": "never", "expression": "object.metadata.name == 'x'"}]
    api.create(VALIDATING, hook(client, matchConditions=never))
    api.create("configmaps", settings("two"))
    api.create("secrets", {"metadata": {"name": "x", "namespace": "default"}})
    api.delete(VALIDATING, "w")
