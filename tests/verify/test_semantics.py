"""The semantics of checks, one by one, under a clock that only tests move."""

from __future__ import annotations

from typing import Any

import pytest

from labrunner.content.checks_model import (
    AbsentCheck,
    AnswerCheck,
    CanCheck,
    CellCheck,
    CheckSpec,
    ConfirmCheck,
    CountCheck,
    FileCheck,
    GroupCheck,
    JsonPathCheck,
    Matcher,
    QuizCheck,
    ReadyCheck,
    ResourceCheck,
    StateHint,
    Target,
    WaitCheck,
)
from labrunner.content.requirements import Requirements
from labrunner.verify import counts
from labrunner.verify.context import CellOutcome
from labrunner.verify.evaluation import evaluate
from labrunner.verify.store import Changed, SourceKey
from labrunner.verify.verdict import CheckState

from .fakes import Rig, spec, thing

WEB = Target(kind="Deployment", api_version="apps/v1", name="web")
THREE = ResourceCheck(WEB, {"spec": {"replicas": 3}})


def web(replicas: int) -> dict[str, Any]:
    return thing("Deployment", "web", spec={"replicas": replicas})


# 1. Six states, kept apart


async def test_an_unreachable_cluster_is_an_error_and_passes_nothing_not_even_a_negation(rig: Rig) -> None:
    rig.cluster.put(web(3))
    rig.cluster.away()
    await rig.activate(
        spec(THREE, id="is"),
        spec(THREE, id="is-not", negate=True),
        spec(AbsentCheck(WEB), id="absent"),
        spec(CountCheck(Target(kind="Deployment"), Matcher("equals", 0)), id="none-there"),
        spec(GroupCheck("none", (spec(THREE),)), id="none-of"),
        spec(CanCheck("eve", "get", "pods", allowed=False), id="may-not"),
    )
    for check_id in ("is", "is-not", "absent", "none-there", "none-of", "may-not"):
        assert rig.state(check_id) == "error", check_id
        assert "cannot reach the cluster: connection refused" in rig.summary(check_id)
    await rig.advance(60)
    assert rig.state("is-not") == "error"
    rig.cluster.back()
    await rig.settle()
    await rig.advance(60)
    assert {one: rig.state(one) for one in ("is", "is-not", "absent", "may-not")} == {
        "is": "pass",
        "is-not": "fail",
        "absent": "fail",
        "may-not": "pass",
    }


async def test_a_check_that_cannot_be_evaluated_is_an_error_under_not_as_well(rig: Rig) -> None:
    rig.cluster.put(web(3))
    broken = ResourceCheck(WEB, {"spec": {"replicas": Matcher("matches", "(")}})
    await rig.activate(spec(broken, id="a"), spec(broken, id="b", negate=True))
    assert [rig.state("a"), rig.state("b")] == ["error", "error"]
    assert "regular expression" in rig.summary("a")


async def test_a_kind_the_cluster_does_not_know_is_a_failure_until_it_appears(rig: Rig) -> None:
    rig.cluster.kinds = {"Deployment"}
    strict = ResourceCheck(Target(kind="PeerAuthentication", name="default"), {"spec": {"mode": "STRICT"}})
    await rig.activate(spec(strict, eventually=0.0))
    assert rig.state() == "fail"
    assert "knows no kind PeerAuthentication" in rig.summary()
    rig.cluster.kinds = None
    rig.cluster.put(thing("PeerAuthentication", "default", spec={"mode": "STRICT"}), told=False)
    rig.cluster.relist()
    await rig.settle()
    assert rig.state() == "pass"


async def test_a_check_whose_needs_the_cluster_cannot_meet_is_skipped_with_the_reason(rig: Rig) -> None:
    needs = Requirements(cluster=(("containers", "run"), ("identity", "enforced")))
    await rig.activate(spec(THREE, needs=needs), spec(THREE, id="other", when="access=kind"))
    assert rig.state() == "skipped"
    assert "containers run (it gives lifecycle)" in rig.summary()
    assert rig.state("other") == "skipped"
    assert not rig.cluster.watched
    rig.session.variants["access"] = "kind"
    await rig.activate(spec(THREE, id="other", when="access=kind"))
    assert rig.state("other") == "waiting"


async def test_a_confirmation_is_manual_until_it_is_given(rig: Rig) -> None:
    await rig.activate(spec(ConfirmCheck("I have read the policy")))
    assert (rig.state(), rig.summary()) == ("manual", "I have read the policy")
    rig.session.attested.add("check")
    rig.verifier.notify("confirm")
    await rig.settle()
    assert rig.state() == "pass"


async def test_before_the_first_list_nothing_is_known_and_too_long_of_that_is_an_error(rig: Rig) -> None:
    rig.cluster.silent = True
    await rig.activate(spec(AbsentCheck(WEB), eventually=1.0), spec(THREE, id="not", negate=True))
    assert rig.state() == rig.state("not") == "waiting"
    await rig.advance(60)
    assert rig.state() == rig.state("not") == "error"


# 2. eventually, then consistently


async def test_eventually_waits_then_fails_and_may_still_turn_green(rig: Rig) -> None:
    rig.cluster.put(web(1))
    await rig.activate(spec(THREE, eventually=30.0))
    await rig.advance(8)
    status = rig.verifier.status("check")
    assert (status.state, status.waited, status.limit) == (CheckState.WAITING, 8.0, 30.0)
    assert status.verdict.summary == "Deployment web in namespace shop: spec.replicas is 1, wanted 3"
    await rig.advance(22)
    assert rig.state() == "fail"
    assert rig.changes[-1].state is CheckState.FAIL
    rig.cluster.put(web(3))
    await rig.settle()
    assert str(rig.changes[-1].state) == "pass"


async def test_consistently_must_hold_without_a_break(rig: Rig) -> None:
    rig.cluster.put(web(3))
    await rig.activate(spec(THREE, consistently=3.0))
    assert rig.state() == "waiting"
    await rig.advance(2)
    assert "held for 2 s of 3 s" in rig.summary()
    rig.cluster.put(web(2))
    rig.cluster.put(web(3))  # both arrive before the event loop evaluates anything
    await rig.settle()
    await rig.advance(2)
    assert rig.state() == "waiting"
    await rig.advance(1)
    assert rig.state() == "pass"


async def test_a_hold_that_began_in_time_may_end_after_the_deadline(rig: Rig) -> None:
    await rig.activate(spec(THREE, eventually=5.0, consistently=3.0))
    await rig.advance(4)
    rig.cluster.put(web(3))
    await rig.settle()
    await rig.advance(2)
    assert rig.state() == "waiting"
    await rig.advance(1)
    assert rig.state() == "pass"


async def test_an_outage_breaks_a_hold(rig: Rig) -> None:
    await rig.activate(spec(THREE, negate=True, consistently=3.0))
    await rig.advance(2)
    rig.cluster.away()
    await rig.settle()
    assert rig.state() == "error"
    rig.cluster.back()
    await rig.settle()
    await rig.advance(2)
    assert rig.state() == "waiting"
    await rig.advance(1)
    assert rig.state() == "pass"


async def test_a_polled_check_is_looked_at_again_at_the_end_of_its_hold(rig: Rig) -> None:
    note = rig.session.workspace / "note"
    await rig.activate(spec(FileCheck("note", exists=False), consistently=1.5, every=1.0))
    await rig.advance(1.2)
    note.write_text("here")
    await rig.advance(0.3)
    assert rig.state() == "waiting"
    assert rig.verifier.status("check").passed_at is None
    note.unlink()
    await rig.advance(1)
    await rig.advance(1.5)
    assert rig.state() == "pass"


async def test_without_a_deadline_a_check_waits_for_ever(rig: Rig) -> None:
    await rig.activate(spec(THREE, eventually=None))
    await rig.advance(100_000)
    status = rig.verifier.status("check")
    assert (status.state, status.limit) == (CheckState.WAITING, None)


async def test_what_waiting_cannot_mend_fails_before_the_deadline(rig: Rig) -> None:
    waiting = {"reason": "ImagePullBackOff", "message": "no such image nginx:nine"}
    status = {"phase": "Pending", "containerStatuses": [{"name": "web", "state": {"waiting": waiting}}]}
    rig.cluster.put(thing("Pod", "web-1", labels={"app": "web"}, status=status))
    selector = {"selector": {"matchLabels": {"app": "web"}}, "replicas": 1}
    rig.cluster.put(
        thing("Deployment", "web", spec=selector, status={"observedGeneration": 1})
        | {"apiVersion": "apps/v1"}
    )
    await rig.activate(spec(ReadyCheck(WEB), eventually=300.0))
    assert rig.state() == "fail"
    assert "pod web-1, container web: ImagePullBackOff: no such image nginx:nine" in rig.summary()


# 3. edge and level


async def test_edge_keeps_the_first_pass_and_level_must_hold_now(rig: Rig) -> None:
    await rig.activate(spec(THREE, id="edge"), spec(THREE, id="level", mode="level"))
    await rig.advance(5)
    rig.cluster.put(web(3))
    await rig.settle()
    at = rig.clock.wall()
    await rig.advance(5)
    rig.cluster.put(web(1))
    await rig.settle()
    for check_id, counted in (("edge", True), ("level", False)):
        status = rig.verifier.status(check_id)
        assert (status.state, status.passed_at) == (CheckState.FAIL, at)
        mode = spec(THREE, id=check_id, mode=check_id)
        assert counts(mode, status) is counted


async def test_a_resumed_session_keeps_when_a_check_first_passed(rig: Rig) -> None:
    await rig.activate(spec(THREE), passed_at={"check": 123.0})
    assert rig.verifier.status("check").passed_at == 123.0


# 4. A missing field is no match


async def test_a_missing_field_or_null_is_waited_for_and_never_an_error(rig: Rig) -> None:
    rig.cluster.put(thing("Deployment", "web", status=None))
    ready = JsonPathCheck(WEB, "{.status.readyReplicas}", Matcher("ge", 1))
    await rig.activate(spec(ready), spec(ResourceCheck(WEB, {"status": {"readyReplicas": 1}}), id="partial"))
    assert rig.state() == rig.state("partial") == "waiting"
    assert "is nothing, wanted at least 1" in rig.summary()
    assert rig.verifier.status("check").verdict.differences[0].path == "status.readyReplicas"
    rig.cluster.put(thing("Deployment", "web", status={"readyReplicas": 1}))
    await rig.settle()
    assert rig.state() == rig.state("partial") == "pass"


# 5. Subsets, unordered lists, quantities


async def test_partial_objects_match_by_subset_in_any_order_and_by_value(rig: Rig) -> None:
    containers = [
        {"name": "side", "image": "busybox"},
        {"name": "web", "image": "nginx", "resources": {"limits": {"cpu": "500m", "memory": "1Gi"}}},
    ]
    rig.cluster.put(thing("Pod", "web", spec={"containers": containers, "nodeName": "n1"}))
    wanted = [
        {"name": "web", "resources": {"limits": {"cpu": 0.5, "memory": "1024Mi"}}},
        {"image": "busybox"},
    ]
    pod = Target(kind="Pod", name="web")
    await rig.activate(
        spec(ResourceCheck(pod, {"spec": {"containers": wanted}})),
        spec(ResourceCheck(pod, {"spec": {"containers": Matcher("exactly", wanted)}}), id="exactly"),
    )
    assert rig.state() == "pass"
    assert rig.state("exactly") == "waiting"


# 6. Driven by watches


async def test_only_the_checks_that_an_object_can_change_are_evaluated(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks = [spec(ResourceCheck(Target(kind="ConfigMap", name=f"c{n}"), {}), id=f"c{n}") for n in range(20)]
    red = CountCheck(Target(kind="ConfigMap", labels="color=red"), Matcher("equals", 1))
    await rig.activate(
        *checks,
        spec(CountCheck(Target(kind="ConfigMap"), Matcher("ge", 1)), id="count"),
        spec(red, id="red"),
    )
    evaluated: list[str] = []

    def noted(check: CheckSpec, *rest: Any) -> Any:
        evaluated.append(check.id)
        return evaluate(check, *rest)

    monkeypatch.setattr("labrunner.verify.engine.evaluate", noted)
    rig.cluster.put(thing("ConfigMap", "c7"))
    rig.cluster.put(thing("Secret", "c8"))
    await rig.settle()
    assert sorted(evaluated) == ["c7", "count"]
    assert rig.state("c7") == "pass"
    assert rig.changes[-1].state is CheckState.PASS
    rig.cluster.put(thing("ConfigMap", "other", labels={"color": "red"}))
    await rig.settle()
    assert rig.state("red") == "pass"
    rig.cluster.put(thing("ConfigMap", "other", labels={"color": "blue"}))  # left the selection
    await rig.settle()
    assert rig.state("red") == "fail"


async def test_no_time_passes_between_a_change_and_its_verdict(rig: Rig) -> None:
    await rig.activate(spec(THREE))
    before = rig.clock.monotonic()
    rig.cluster.put(web(3))
    await rig.settle()
    assert rig.changes[-1].state is CheckState.PASS
    assert rig.clock.monotonic() == before


async def test_a_report_older_than_what_is_known_changes_nothing(rig: Rig) -> None:
    rig.cluster.put(web(1))
    await rig.activate(spec(THREE))
    rig.cluster.put(web(3))
    await rig.settle()
    stale = {**web(1), "metadata": {**web(1)["metadata"], "resourceVersion": "1"}}
    rig.cluster.tell(SourceKey("main", "apps/v1", "Deployment", "shop"), Changed(stale))
    await rig.settle()
    assert rig.state() == "pass"


# Pitfalls of other formats


async def test_a_disappearance_does_not_pass_before_the_object_ever_existed(rig: Rig) -> None:
    await rig.activate(
        spec(AbsentCheck(WEB, baseline="present")),
        spec(WaitCheck(WEB, "delete"), id="wait"),
        spec(AbsentCheck(WEB), id="plain"),
    )
    assert rig.state("plain") == "pass"
    assert rig.state() == rig.state("wait") == "waiting"
    assert "has not been there yet" in rig.summary()
    rig.cluster.put(web(1))
    rig.cluster.remove("Deployment", "web")  # gone again before anything was evaluated
    await rig.settle()
    assert rig.state() == rig.state("wait") == "pass"
    assert rig.verifier.status("check").baseline_seen


async def test_a_resumed_session_remembers_that_the_object_had_existed(rig: Rig) -> None:
    await rig.activate(spec(AbsentCheck(WEB, baseline="present")), baseline_seen=["check"])
    assert rig.state() == "pass"


async def test_a_negative_check_needs_to_hold_so_the_first_look_proves_nothing(rig: Rig) -> None:
    await rig.activate(spec(THREE, negate=True, consistently=3.0))
    assert rig.state() == "waiting"
    rig.cluster.put(web(3))
    await rig.settle()
    assert rig.state() == "waiting"
    await rig.advance(30)
    assert rig.state() == "fail"
    assert rig.summary().startswith("this should not hold, but does")


async def test_waiting_for_a_condition_begins_before_the_object_exists(rig: Rig) -> None:
    await rig.activate(spec(WaitCheck(WEB, "condition=Available")))
    assert rig.state() == "waiting"
    assert rig.summary() == "there is no Deployment web in namespace shop"
    condition = {"type": "Available", "status": "False", "message": "0 of 1"}
    rig.cluster.put(thing("Deployment", "web", status={"conditions": [condition]}))
    await rig.settle()
    assert "condition Available is False, wanted True: 0 of 1" in rig.summary()
    rig.cluster.put(thing("Deployment", "web", status={"conditions": [{**condition, "status": "True"}]}))
    await rig.settle()
    assert rig.state() == "pass"


@pytest.mark.parametrize(
    "assertion",
    [
        GroupCheck("all", ()),
        GroupCheck("none", ()),
        QuizCheck(()),
        AnswerCheck("What?"),
        ResourceCheck(WEB, {"spec": Matcher("all", ())}),
        WaitCheck(WEB, "whenever"),
    ],
)
async def test_an_assertion_that_asserts_nothing_never_passes(rig: Rig, assertion: Any) -> None:
    rig.cluster.put(web(3))
    rig.session.answers["check"] = "anything"
    await rig.activate(spec(assertion), spec(assertion, id="negated", negate=True))
    assert rig.state() == rig.state("negated") == "error"


async def test_all_of_nothing_is_no_pass(rig: Rig) -> None:
    every = ResourceCheck(Target(kind="Pod", labels="app=web"), {"spec": {"x": 1}}, quantifier="all")
    await rig.activate(spec(every), spec(ReadyCheck(Target(kind="Pod", labels="app=web")), id="ready"))
    assert rig.state() == rig.state("ready") == "waiting"
    assert rig.summary() == "there is no Pod labelled app=web in namespace shop"


# Session facts


async def test_what_the_learner_has_not_done_yet_is_no_failure_until_a_verdict_is_asked_for(rig: Rig) -> None:
    checks = (
        spec(AnswerCheck("Which?", accept=("ClusterIP", "/node ?port/")), id="answer", eventually=1.0),
        spec(CellCheck("apply"), id="cell"),
        spec(QuizCheck(("q1", "q2"), 0.5), id="quiz"),
        spec(CellCheck("apply"), id="negated", negate=True),
    )
    await rig.activate(*checks)
    await rig.advance(100)
    ids = ["answer", "cell", "quiz", "negated"]
    assert [rig.state(one) for one in ids] == ["waiting"] * 4
    assert rig.verifier.status("answer").limit is None
    found = await rig.verifier.verify(ids, wait=True)
    assert [str(found[one].state) for one in ids] == ["fail"] * 4
    rig.session.answers["answer"] = " clusterip "
    rig.session.cells["apply"] = CellOutcome(ran=True, exit_code=0, output="created")
    rig.session.scores.update(q1=True, q2=False)
    rig.verifier.notify("answer")
    await rig.settle()
    assert [rig.state(one) for one in ids] == ["pass", "pass", "pass", "waiting"]


@pytest.mark.parametrize(
    ("check", "outcome", "state"),
    [
        (CellCheck("c"), CellOutcome(ran=True, exit_code=1), "fail"),
        (CellCheck("c"), CellOutcome(ran=True, exit_code=3, expected_exit=3), "pass"),
        (CellCheck("c", exit=Matcher("in", (1, 2))), CellOutcome(ran=True, exit_code=2), "pass"),
        (CellCheck("c", output="expected"), CellOutcome(True, 0, "x", output_matches=False), "fail"),
        (CellCheck("c", output="expected"), CellOutcome(True, 0, "x", output_matches=True), "pass"),
        (CellCheck("c", output="expected"), CellOutcome(True, 0, "x"), "error"),
        (CellCheck("c", output=Matcher("contains", "x")), CellOutcome(True, 0, "axb"), "pass"),
        (CellCheck("c", background="alive"), CellOutcome(True, None, alive=True), "pass"),
        (CellCheck("c", background="alive"), CellOutcome(True, 137, alive=False), "fail"),
        (CellCheck("c"), CellOutcome(True, None), "waiting"),
    ],
)
async def test_cells(rig: Rig, check: CellCheck, outcome: CellOutcome, state: str) -> None:
    rig.session.cells["c"] = outcome
    await rig.activate(spec(check, eventually=0.0))
    assert rig.state() == state


# Groups


@pytest.mark.parametrize(
    ("op", "parts", "state"),
    [
        ("all", "pp", "pass"),
        ("all", "pf", "fail"),
        ("all", "pe", "error"),
        ("all", "fe", "fail"),
        ("all", "pm", "manual"),
        ("all", "ps", "pass"),
        ("all", "ss", "skipped"),
        ("any", "fp", "pass"),
        ("any", "ff", "fail"),
        ("any", "fe", "error"),
        ("any", "pe", "pass"),
        ("any", "fm", "manual"),
        ("none", "ff", "pass"),
        ("none", "fp", "fail"),
        ("none", "fe", "error"),
        ("none", "pe", "fail"),
    ],
)
async def test_groups_know_three_values(rig: Rig, op: Any, parts: str, state: str) -> None:
    (rig.session.workspace / "there").write_text("x")
    kinds: dict[str, CheckSpec] = {
        "p": spec(FileCheck("there")),
        "f": spec(FileCheck("not-there")),
        "e": spec(FileCheck("../outside")),
        "m": spec(ConfirmCheck("sure")),
        "s": spec(FileCheck("there"), when="access=cloud"),
    }
    await rig.activate(spec(GroupCheck(op, tuple(kinds[one] for one in parts)), eventually=0.0))
    assert rig.state() == state


# Words


async def test_the_authors_message_shows_what_was_observed(rig: Rig) -> None:
    message = "replicas is {{actual.spec.replicas}}, paused is {{ actual.spec.paused }}, first is {{actual.spec.l[0]}}"
    rig.cluster.put(thing("Deployment", "web", spec={"replicas": 1, "l": ["x"]}))
    count = CountCheck(Target(kind="Deployment"), Matcher("equals", 4))
    await rig.activate(spec(THREE, message=message), spec(count, id="count", message="{{actual}} of 4"))
    verdict = rig.verifier.status("check").verdict
    assert verdict.message == "replicas is 1, paused is nothing, first is x"
    assert [(one.path, one.observed, one.wanted) for one in verdict.differences] == [
        ("spec.replicas", 1, "3")
    ]
    assert rig.verifier.status("count").verdict.message == "1 of 4"


async def test_the_first_hint_that_fits_the_state_is_given(rig: Rig) -> None:
    hints = (
        StateHint(spec(AbsentCheck(WEB), id="part"), "There is no Deployment yet."),
        StateHint(
            spec(ResourceCheck(Target(kind="Service", name="web"), {}), id="part"), "Look at the Service."
        ),
    )
    await rig.activate(spec(THREE, when_failed=hints))
    assert rig.verifier.status("check").verdict.hint == "There is no Deployment yet."
    rig.cluster.put(web(1))
    await rig.settle()
    assert rig.verifier.status("check").verdict.hint == ""
    rig.cluster.put(thing("Service", "web"))
    await rig.settle()
    assert rig.verifier.status("check").verdict.hint == "Look at the Service."
    rig.cluster.put(web(3))
    await rig.settle()
    assert rig.verifier.status("check").verdict.hint == ""
