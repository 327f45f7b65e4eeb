"""What may differ between two clusters is set aside; everything else still counts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labrunner.fidelity.comparable import comparable
from labrunner.fidelity.design import reasons
from labrunner.fidelity.score import score
from labrunner.fidelity.sessions import Answer


@pytest.mark.parametrize(
    ("command", "one", "other"),
    [
        ("kubectl get pods", "NAME  AGE\nweb-5d9-abc 3s", "NAME AGE\nweb-5d9-abc    2m10s"),
        ("kubectl get pods", "web-6b7f9c4d5f-x2x4z 1/1", "web-7c8b6d5f4c-9k8l7 1/1".replace("l", "z")),
        ("kubectl get svc", "web NodePort 10.96.1.2 80:30001/TCP", "web NodePort 10.96.77.3 80:31999/TCP"),
        ("kubectl get cm x -o yaml", 'resourceVersion: "12"', 'resourceVersion: "99"'),
        (
            "kubectl get cm x -o yaml",
            "uid: 0a1b2c3d-0000-4000-8000-000000000000",
            "uid: ffffffff-0000-4000-8000-000000000001",
        ),
        ("kubectl rollout status x", "Waiting for deployment x\ndone", "done"),
        (
            "kubectl get pods -o name",
            "pod/web-x2x4z\npod/web-bbbbb",
            "pod/web-ccccc\npod/web-ddddd",
        ),
    ],
)
def test_names_addresses_and_times_do_not_count(command: str, one: str, other: str) -> None:
    assert comparable(one, command) == comparable(other, command)


@pytest.mark.parametrize(
    ("command", "one", "other"),
    [
        ("kubectl get pods", "web 1/1 Running", "web 0/1 Running"),
        ("kubectl get pods", "no resources", "No resources"),
        ("kubectl get deploy x -o yaml", "cpu: 50m", "cpu: 60m"),
        ("kubectl get cm -o name", "configmap/a\nconfigmap/b", "configmap/b\nconfigmap/a"),
        ("kubectl get svc", "web 80/TCP", "web 81/TCP"),
    ],
)
def test_everything_else_counts(command: str, one: str, other: str) -> None:
    assert comparable(one, command) != comparable(other, command)


def test_node_names_are_set_aside_even_where_one_begins_another() -> None:
    said = comparable("kind-worker kind-worker2", "kubectl get pods", ("kind-worker", "kind-worker2"))
    assert said == "<node> <node>"


@given(st.text(max_size=300))
def test_any_text_is_comparable_with_itself(text: str) -> None:
    assert comparable(text, "kubectl get pods") == comparable(text, "kubectl get pods")


def test_a_difference_by_design_is_counted_apart_and_says_why() -> None:
    true = Answer(0, "Server Version: v1.36.2\n", "")
    result = score(["kubectl version"], [true], [Answer(0, "Server Version: v1.36.2+simulated\n", "")])
    assert (result.codes, result.outputs, result.faithful) == (1, 0, 1)
    assert result.outcomes[0].by_design == ("the server's version ends in +simulated",)


def test_a_real_difference_is_not_excused_by_one_beside_it() -> None:
    true = Answer(0, "Server Version: v1.36.2\nready\n", "")
    result = score(
        ["kubectl version"], [true], [Answer(0, "Server Version: v1.36.2+simulated\nbroken\n", "")]
    )
    assert (result.outputs, result.faithful) == (0, 0)
    assert result.outcomes[0].difference == (
        "- Server Version: v1.36.2",
        "- ready",
        "+ Server Version: v1.36.2+simulated",
        "+ broken",
    )


def test_an_exit_code_counts_though_the_words_are_equal() -> None:
    result = score(["kubectl x"], [Answer(1, "", "no")], [Answer(None, "", "no")])
    assert (result.codes, result.outputs) == (0, 1)
    assert result.differing[0].difference == ("- exit code 1", "+ exit code none: it did not end")


def test_equal_texts_need_no_reason() -> None:
    assert reasons("same", "same") == ()
