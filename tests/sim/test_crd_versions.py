"""Several versions of a custom resource: conversion, defaults on reading, and the end of a definition."""

from __future__ import annotations

from typing import Any

import pytest

from labrunner.sim.api import Api
from labrunner.sim.clock import FakeClock
from labrunner.sim.crd.pattern_syntax import problem
from labrunner.sim.errors import ApiError
from labrunner.sim.objects import clone
from tests.sim.custom import DEFINITIONS, THINGS, definition, properties, refusal, thing

COUNT = {"type": "integer", "default": 1}
LOOSE = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
CLIENT = {"service": {"name": "conv", "namespace": "default", "path": "/convert"}}


def versions(spec: dict[str, Any], **old: Any) -> dict[str, Any]:
    """A definition with v1, of that schema, and v1beta1, which takes everything."""
    found = definition(spec)
    found["spec"]["versions"].append(
        {"name": "v1beta1", "served": True, "storage": False, "schema": LOOSE, **old}
    )
    return found


def by_webhook(client: dict[str, Any] | None, *reviews: str) -> dict[str, Any]:
    webhook: dict[str, Any] = {"conversionReviewVersions": list(reviews)}
    if client is not None:
        webhook["clientConfig"] = client
    return {"strategy": "Webhook", "webhook": webhook}


@pytest.mark.parametrize(
    ("conversion", "said"),
    [
        ({"strategy": "Magic"},
         ['spec.conversion.strategy: Unsupported value: "Magic": supported values: "None", "Webhook"']),
        (by_webhook(None), ["spec.conversion.webhookClientConfig: Required value: required when strategy is set to Webhook",
                            "spec.conversion.conversionReviewVersions: Required value"]),
        (by_webhook({"url": "http://x"}, "v9"),
         ['spec.conversion.webhookClientConfig.url: Invalid value: "http": \'https\' is the only allowed URL scheme; '
          "desired format: https://host[:port]/path",
          'spec.conversion.conversionReviewVersions: Invalid value: ["v9"]: must include at least one of v1, v1beta1']),
        (by_webhook({}, "v1"),
         ["spec.conversion.webhookClientConfig: Required value: exactly one of url or service is required"]),
        ({**by_webhook(CLIENT, "v1"), "strategy": "None"},
         ["spec.conversion.webhookClientConfig: Forbidden: should not be set when strategy is not set to Webhook",
          "spec.conversion.conversionReviewVersions: Forbidden: should not be set when strategy is not set to Webhook"]),
    ],
)  # fmt: skip
def test_a_conversion_is_judged(api: Api, conversion: dict[str, Any], said: list[str]) -> None:
    obj = versions(properties(n=COUNT))
    obj["spec"]["conversion"] = conversion
    assert refusal(api, DEFINITIONS, obj) == said


def test_a_warning_is_for_deprecated_versions_only(api: Api) -> None:
    path = "spec.versions[1].deprecationWarning: Invalid value"
    assert refusal(api, DEFINITIONS, versions(properties(n=COUNT), deprecationWarning="x")) == [
        f'{path}: "x": can only be set for deprecated versions'
    ]
    assert refusal(
        api, DEFINITIONS, versions(properties(n=COUNT), deprecated=True, deprecationWarning="")
    ) == [f'{path}: "": must not be an empty string']


def test_every_version_needs_a_schema(api: Api) -> None:
    assert refusal(api, DEFINITIONS, versions(properties(n=COUNT), schema=None, served=False)) == [
        "spec.versions[1].schema.openAPIV3Schema: Required value"
    ]


def test_a_version_other_than_the_stored_one_cannot_be_had_from_a_missing_webhook(api: Api) -> None:
    obj = versions(properties(n=COUNT))
    obj["spec"]["conversion"] = by_webhook(CLIENT, "v1")
    api.create(DEFINITIONS, obj)
    api.create(THINGS, thing({"n": 3}))
    beta, stored = (api.registry.by_path("example.com", v, "things") for v in ("v1beta1", "v1"))
    assert beta is not None
    assert stored is not None
    found = api.stored(stored, "default", "one")
    assert found is not None
    assert found["spec"] == {"n": 3}
    with pytest.raises(ApiError) as refused:
        api.stored(beta, "default", "one")
    assert refused.value.code == 500
    assert refused.value.message == (
        "conversion webhook for example.com/v1, Kind=Thing failed: "
        'Post "https://conv.default.svc:443/convert?timeout=30s": service "conv" not found'
    )


def test_stored_objects_follow_a_changed_schema(api: Api) -> None:
    api.create(DEFINITIONS, definition(properties(a={"type": "string"}, b={"type": "string"})))
    api.create(THINGS, thing({"a": "x", "b": "y"}))
    current = api.get(DEFINITIONS, THINGS)
    assert current is not None
    changed = clone(current)
    spec = changed["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    spec["properties"] = {"a": {"type": "string"}, "c": {"type": "string", "default": "new"}}
    api.update(DEFINITIONS, changed)
    rt = api.registry.storage(THINGS)
    assert rt is not None
    found = api.stored(rt, "default", "one")
    assert found is not None
    assert found["spec"] == {"a": "x", "c": "new"}
    assert found["metadata"]["generation"] == 1


def test_a_definition_says_that_it_is_going_and_takes_nothing_new(api: Api, clock: FakeClock) -> None:
    api.create(DEFINITIONS, definition(properties(a={"type": "string"})))
    held = thing({"a": "x"})
    held["metadata"]["finalizers"] = ["example.com/hold"]
    api.create(THINGS, held)
    api.delete(DEFINITIONS, THINGS)
    current = api.get(DEFINITIONS, THINGS)
    assert current is not None
    last = current["status"]["conditions"][-1]
    assert (last["type"], last["status"], last["reason"], last["message"]) == (
        "Terminating", "True", "InstanceDeletionInProgress", "CustomResource deletion is in progress",
    )  # fmt: skip
    left = clone(api.get(THINGS, "one", "default") or {})
    left["metadata"]["finalizers"] = []
    api.update(THINGS, left)
    clock.advance(1)
    assert api.get(DEFINITIONS, THINGS) is None
    assert api.get(THINGS, "one", "default") is None


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("^[a-z]([-a-z0-9]*[a-z0-9])?$", ""), (r"(?i)^\d+(\.\d+)*?[\w.-]{2,3}$", ""), ("[]a]{a", ""),
        ("(a", "missing closing ): `(a`"), ("a)", "unexpected ): `a)`"), ("x[a", "missing closing ]: `[a`"),
        ("a|*", "missing argument to repetition operator: `*`"), ("(?=a)b", "invalid or unsupported Perl syntax: `(?=`"),
        (r"a\q", r"invalid escape sequence: `\q`"), ("a{2,1}", "invalid repeat count: `{2,1}`"),
        ("a**", "invalid nested repetition operator: `**`"), ("(?<!a)b", "invalid named capture: `(?<!a)b`"),
        ("[b-a]", "invalid character class range: `b-a`"), ("a\\", "trailing backslash at end of expression: ``"),
    ],
)  # fmt: skip
def test_patterns_are_read_as_go_does(pattern: str, said: str) -> None:
    assert problem(pattern) == said
