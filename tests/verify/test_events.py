"""`event`: driven by the watch of events, about an object, in a window of time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labrunner.content.checks_model import EventCheck, Matcher, Target
from labrunner.verify.kinds.events import last_seen, occurrences
from labrunner.verify.store import SourceState

from .fakes import Rig, spec, thing

WEB = Target("Deployment", name="web")
PULL = EventCheck(Target("Pod", name="web-1"), reason=Matcher("equals", "Failed"))


def at(wall: float) -> str:
    return datetime.fromtimestamp(wall, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def report(rig: Rig, name: str, about: str = "Pod/web-1", *, ago: float = 0.0, **rest: Any) -> None:
    """An event that happened `ago` seconds before now."""
    kind, _, of = about.partition("/")
    involved = {"kind": kind, "name": of, "namespace": rest.pop("of_namespace", "shop")}
    body = {"type": "Normal", "reason": "Pulled", "message": "m", "count": 1, **rest}
    body.setdefault("lastTimestamp", at(rig.clock.wall() - ago))
    rig.cluster.put(
        thing("Event", name, namespace=rest.get("namespace", "shop"), involvedObject=involved, **body)
    )


async def test_it_turns_green_as_the_event_comes_and_asks_the_cluster_nothing(rig: Rig) -> None:
    await rig.activate(spec(PULL, message="it said {{actual.message}} {{actual.count}} times"))
    assert rig.state() == "waiting"
    assert "no event, wanted an event with reason Failed" in rig.summary()
    report(rig, "a", reason="Failed", about="Pod/other")
    report(rig, "b", reason="Pulled", message="Successfully pulled")
    await rig.settle()
    assert rig.state() == "waiting"
    assert 'the latest event is Pulled: "Successfully pulled"' in rig.summary()
    report(rig, "c", reason="Failed", message="no such image", count=3)
    await rig.settle()
    assert rig.state() == "pass"
    assert rig.summary() == 'Pod web-1 in namespace shop: Failed: "no such image" (3 times)'
    assert rig.cluster.reviews == 0


async def test_the_message_of_a_failure_is_filled(rig: Rig) -> None:
    report(rig, "a", message="Back-off pulling", reason="BackOff", type="Warning", count=2)
    check = EventCheck(Target("Pod", name="web-1"), type="Normal", reason=Matcher("equals", "Pulled"))
    await rig.activate(spec(check, eventually=1.0, message="it says: {{actual.message}}"))
    await rig.advance(1.0)
    assert rig.state() == "fail"
    assert rig.verifier.status("check").verdict.message == "it says: Back-off pulling"
    assert rig.verifier.status("check").verdict.differences[0].observed == 'BackOff: "Back-off pulling"'


@pytest.mark.parametrize(
    ("check", "state"),
    [
        (EventCheck(reason=Matcher("equals", "Failed")), "pass"),
        (EventCheck(type="Warning"), "pass"),
        (EventCheck(type="Normal"), "waiting"),
        (EventCheck(message=Matcher("contains", "image")), "pass"),
        (EventCheck(message=Matcher("matches", "^image")), "waiting"),
        (EventCheck(Target("Pod", name="web-1"), message=Matcher("contains", "image")), "pass"),
        (EventCheck(Target("Pod", api_version="apps/v1", name="web-1"), type="Warning"), "waiting"),
        (EventCheck(Target("ReplicaSet", name="web-1"), type="Warning"), "waiting"),
        (EventCheck(reason=Matcher("equals", "Failed"), count=Matcher("ge", 4)), "pass"),
        (EventCheck(reason=Matcher("equals", "Failed"), count=Matcher("ge", 5)), "waiting"),
        (EventCheck(reason=Matcher("equals", "Killing"), count=Matcher("equals", 0)), "pass"),
        (EventCheck(Target("Pod", labels="app=web"), type="Warning"), "pass"),
        (EventCheck(Target("Pod", labels="app=api"), type="Warning"), "waiting"),
    ],
)
async def test_which_events_count(rig: Rig, check: EventCheck, state: str) -> None:
    rig.cluster.put(thing("Pod", "web-1", labels={"app": "web"}))
    rig.cluster.put(thing("Pod", "api-1", labels={"app": "api"}))
    report(rig, "a", reason="Failed", type="Warning", message="no such image", count=3)
    report(rig, "b", reason="Failed", type="Warning", message="no such image", count=1)
    await rig.activate(spec(check))
    assert rig.state() == state


async def test_a_pod_that_gets_the_label_later_counts_then(rig: Rig) -> None:
    report(rig, "a", type="Warning")
    rig.cluster.put(thing("Pod", "web-1"))
    await rig.activate(spec(EventCheck(Target("Pod", labels="app=web"), type="Warning")))
    assert rig.state() == "waiting"
    rig.cluster.put(thing("Pod", "web-1", labels={"app": "web"}))
    await rig.settle()
    assert rig.state() == "pass"


async def test_a_window_of_time_moves_on(rig: Rig) -> None:
    report(rig, "a", reason="Failed", ago=30)
    check = EventCheck(reason=Matcher("equals", "Failed"), since=60.0)
    await rig.activate(spec(check), spec(check, id="never", negate=True, eventually=600.0))
    assert (rig.state(), rig.state("never")) == ("pass", "waiting")
    await rig.advance(40.0)
    assert rig.state() == "fail"
    assert "no event in the last 60 s" in rig.summary()
    assert rig.state("never") == "pass"
    report(rig, "a", reason="Failed", count=2)
    await rig.settle()
    assert (rig.state(), rig.state("never")) == ("pass", "fail")


async def test_since_the_step_was_opened(rig: Rig) -> None:
    report(rig, "a", reason="Killing", ago=60)
    await rig.activate(spec(EventCheck(reason=Matcher("equals", "Killing"), since="step")))
    assert rig.state() == "waiting"
    assert "since the step was opened" in rig.summary()
    await rig.advance(5.0)
    report(rig, "b", reason="Killing")
    await rig.settle()
    assert rig.state() == "pass"


async def test_events_about_what_has_no_namespace(rig: Rig) -> None:
    rig.cluster.put(
        thing(
            "Event",
            "n",
            namespace="default",
            reason="NodeReady",
            involvedObject={"kind": "Node", "name": "one"},
        )
    )
    await rig.activate(spec(EventCheck(Target("Node", name="one"), reason=Matcher("equals", "NodeReady"))))
    assert rig.state() == "pass"


@pytest.mark.parametrize("negate", [False, True])
async def test_a_cluster_that_is_away_is_an_error_and_back_by_itself(rig: Rig, negate: bool) -> None:
    report(rig, "a", reason="Failed")
    await rig.activate(spec(PULL, negate=negate, eventually=1.0))
    rig.cluster.away()
    await rig.settle()
    assert rig.state() == "error"
    rig.cluster.back()
    await rig.advance(2.0)
    assert rig.state() == ("fail" if negate else "pass")
    key = next(key for key in rig.cluster.watched if key.kind == "Event")
    assert rig.verifier._store.source(key).state is SourceState.SYNCED


@given(
    st.dictionaries(
        st.sampled_from(["count", "series", "lastTimestamp", "eventTime", "metadata"]),
        st.none() | st.integers() | st.text("2026-01T:.Z", max_size=20),
    )
)
def test_any_event_has_a_count_and_maybe_a_time(rest: dict[str, Any]) -> None:
    event = {
        **rest,
        "series": {"count": rest.get("series")},
        "metadata": {"creationTimestamp": rest.get("metadata")},
    }
    assert occurrences(event) >= 1
    moment = last_seen(event)
    assert moment is None or isinstance(moment, float)


def test_times_of_both_kinds_of_events() -> None:
    old = {"firstTimestamp": "2026-01-01T00:00:00Z", "lastTimestamp": "2026-01-01T00:01:00Z", "count": 4}
    new = {
        "eventTime": "2026-01-01T00:00:00.123456Z",
        "series": {"count": 7, "lastObservedTime": "2026-01-01T00:01:00.5Z"},
    }
    assert occurrences(old) == 4
    assert occurrences(new) == 7
    assert last_seen(old) == datetime(2026, 1, 1, 0, 1, tzinfo=UTC).timestamp()
    assert last_seen(new) == datetime(2026, 1, 1, 0, 1, 0, 500000, tzinfo=UTC).timestamp()
