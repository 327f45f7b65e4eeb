"""The life of definitions: names, schemas that change under stored objects, and the end."""

from __future__ import annotations

from typing import Any

import pytest

from labrunner.sim import strategy
from labrunner.sim.api import Api
from labrunner.sim.clock import FakeClock
from labrunner.sim.errors import ApiError
from labrunner.sim.objects import Obj, clone
from tests.sim.custom import DEFINITIONS, THINGS, definition, properties, thing

STRING = {"type": "string"}


def conditions(api: Api, name: str) -> dict[str, tuple[str, str, str]]:
    found = api.get(DEFINITIONS, name)
    assert found is not None
    return {c["type"]: (c["status"], c["reason"], c["message"]) for c in found["status"]["conditions"]}


def other(plural: str, **names: Any) -> Obj:
    made = definition()
    made["metadata"]["name"] = f"{plural}.example.com"
    made["spec"]["names"] = {"plural": plural, **names}
    return made


def changed(api: Api, **fields: Any) -> None:
    """Give the spec of Thing these fields instead."""
    found = clone(api.get(DEFINITIONS, THINGS))
    found["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"] = properties(**fields)
    api.update(DEFINITIONS, found)


def shown(api: Api, name: str = "one") -> Any:
    rt = api.registry.storage(THINGS)
    assert rt is not None
    found = api.stored(rt, "default", name)
    assert found is not None
    return found["spec"]


def test_names_that_become_free_are_given_to_who_waits(api: Api) -> None:
    first = definition()
    first["spec"]["names"]["shortNames"] = ["th", "tg"]
    api.create(DEFINITIONS, first)
    api.create(DEFINITIONS, other("others", kind="Other", shortNames=["th", "tg"]))
    refused = conditions(api, "others.example.com")
    assert refused["NamesAccepted"] == (
        "False", "ShortNamesConflict", '["th" is already in use, "tg" is already in use]'
    )  # fmt: skip
    assert refused["Established"] == ("False", "NotAccepted", "not all names are accepted")
    assert api.registry.storage("others.example.com") is None
    api.delete(DEFINITIONS, THINGS)
    assert conditions(api, "others.example.com")["Established"][:2] == ("True", "InitialNamesAccepted")
    assert api.registry.storage("others.example.com") is not None


def test_established_definitions_keep_their_names_in_a_conflict(api: Api) -> None:
    api.create(DEFINITIONS, definition())
    made = api.create(DEFINITIONS, other("others", kind="Other", shortNames=["ot"]))
    wanting = clone(api.get(DEFINITIONS, made["metadata"]["name"]))
    wanting["spec"]["names"]["shortNames"] = ["things"]
    api.update(DEFINITIONS, wanting)
    found = conditions(api, "others.example.com")
    assert found["NamesAccepted"] == ("False", "ShortNamesConflict", '"things" is already in use')
    assert found["Established"][0] == "True"
    served = api.registry.storage("others.example.com")
    assert served is not None
    assert served.short_names == ("ot",)


def test_defaults_added_later_are_shown(api: Api) -> None:
    api.create(DEFINITIONS, definition(properties(a=STRING)))
    api.create(THINGS, thing({"a": "x"}))
    changed(api, a=STRING, b={"type": "integer", "default": 7})
    assert shown(api) == {"a": "x", "b": 7}
    stored = api.store.get(THINGS, "default", "one")
    assert stored is not None
    assert stored["spec"] == {"a": "x"}, "reading changes nothing that is stored"


def test_fields_that_a_schema_forgets_are_not_shown(api: Api) -> None:
    api.create(DEFINITIONS, definition(properties(a=STRING, b=STRING)))
    api.create(THINGS, thing({"a": "x", "b": "y"}))
    changed(api, b=STRING)
    assert shown(api) == {"b": "y"}


def test_the_end_waits_for_objects_with_finalizers(api: Api, clock: FakeClock) -> None:
    api.create(DEFINITIONS, definition())
    held = thing({})
    held["metadata"]["finalizers"] = ["example.com/hold"]
    api.create(THINGS, held)
    api.create(THINGS, thing({}, "two"))
    before = api.get(DEFINITIONS, THINGS)
    assert before is not None
    assert "finalizers" not in before["metadata"], "the server adds its finalizer when deletion begins"
    api.delete(DEFINITIONS, THINGS)
    found = api.get(DEFINITIONS, THINGS)
    assert found is not None
    assert found["metadata"]["finalizers"] == ["customresourcecleanup.apiextensions.k8s.io"]
    assert "deletionGracePeriodSeconds" not in found["metadata"]
    assert found["metadata"]["generation"] == before["metadata"]["generation"]
    assert conditions(api, THINGS)["Terminating"] == (
        "True", "InstanceDeletionInProgress", "CustomResource deletion is in progress"
    )  # fmt: skip
    assert [o["metadata"]["name"] for o in api.list(THINGS)] == ["one"]
    with pytest.raises(ApiError) as caught:
        api.create(THINGS, thing({}, "three"))
    refused = caught.value
    assert (refused.code, refused.reason) == (405, "MethodNotAllowed")
    assert refused.message == "create not allowed while custom resource definition is terminating"
    left = clone(api.get(THINGS, "one", "default"))
    del left["metadata"]["finalizers"]
    api.update(THINGS, left)
    clock.advance(5)
    assert api.get(DEFINITIONS, THINGS) is None
    assert api.registry.storage(THINGS) is None


def test_finalizers_of_custom_objects_should_name_their_domain(api: Api) -> None:
    api.create(DEFINITIONS, definition())
    rt = api.registry.storage(THINGS)
    assert rt is not None
    made = thing({})
    made["metadata"]["finalizers"] = ["mine", "example.com/hold", "orphan"]
    told = strategy.warnings(made, None, rt)
    assert told == [
        'metadata.finalizers: "mine": prefer a domain-qualified finalizer name including a path (/) to avoid '
        "accidental conflicts with other finalizer writers"
    ]
    assert strategy.warnings(made, made, rt) == []
