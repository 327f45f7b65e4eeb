"""Events about objects: counted, combined, limited, forgotten."""

from __future__ import annotations

from typing import Any

from labrunner.sim.api import Api
from labrunner.sim.api.events import BURST, SIMILAR_LIMIT, TIME_TO_LIVE
from labrunner.sim.clock import FakeClock


def about(api: Api, name: str = "x") -> dict[str, Any]:
    return api.create("configmaps", {"metadata": {"name": name, "namespace": "default"}})


def test_equal_events_are_counted(api: Api, clock: FakeClock) -> None:
    subject = about(api)
    for _ in range(3):
        api.event(
            subject,
            "Warning",
            "BackOff",
            "Back-off restarting",
            component="kubelet",
            host="n",
            field_path="spec.c",
        )
        clock.advance(10)
    (event,) = api.list("events", "default")
    assert event["count"] == 3
    assert event["firstTimestamp"] < event["lastTimestamp"]
    assert event["source"] == {"component": "kubelet", "host": "n"}
    assert event["involvedObject"]["fieldPath"] == "spec.c"
    assert event["involvedObject"]["uid"] == subject["metadata"]["uid"]


def test_many_similar_events_are_combined(api: Api) -> None:
    subject = about(api)
    for number in range(SIMILAR_LIMIT + 4):
        api.event(subject, "Warning", "FailedCreate", f"pod {number} refused", component="rs")
    messages = [e["message"] for e in api.list("events", "default")]
    combined = [m for m in messages if m.startswith("(combined from similar events): ")]
    assert len(messages) == SIMILAR_LIMIT + 1
    assert combined == [f"(combined from similar events): pod {SIMILAR_LIMIT + 3} refused"]


def test_a_flood_is_cut_off_and_the_allowance_comes_back(api: Api, clock: FakeClock) -> None:
    subject = about(api)
    for _ in range(BURST + 20):
        api.event(subject, "Normal", "Tick", "tick", component="c")
    (event,) = api.list("events", "default")
    assert event["count"] == BURST
    clock.advance(301)
    api.event(subject, "Normal", "Tick", "tick", component="c")
    assert api.list("events", "default")[0]["count"] == BURST + 1


def test_events_with_an_action_have_the_new_form(api: Api) -> None:
    subject = about(api)
    for _ in range(2):
        api.event(subject, "Normal", "Scheduled", "assigned", component="default-scheduler", action="Binding")
    (event,) = api.list("events", "default")
    assert event["eventTime"]
    assert event["series"]["count"] == 2
    assert event["firstTimestamp"] is None
    new = api.registry.by_path("events.k8s.io", "v1", "events")
    assert new is not None
    shown = api.registry.convert(event, new)
    assert (shown["note"], shown["regarding"]["name"], shown["reportingController"]) == (
        "assigned",
        "x",
        "default-scheduler",
    )
    assert api.registry.convert(shown, api.type_of("events"))["message"] == "assigned"


def test_events_are_forgotten_after_an_hour_and_not_made_in_dying_namespaces(
    api: Api, clock: FakeClock
) -> None:
    api.recorder.start()
    api.event(about(api), "Normal", "Old", "old", component="c")
    clock.advance(TIME_TO_LIVE - 600)
    assert len(api.list("events")) == 1
    clock.advance(1200)
    assert api.list("events") == []
    api.create("namespaces", {"metadata": {"name": "dying"}})
    subject = api.create("configmaps", {"metadata": {"name": "y", "namespace": "dying"}})
    api.delete("namespaces", "dying")
    api.event(subject, "Normal", "Late", "late", component="c")
    assert api.list("events", "dying") == []
