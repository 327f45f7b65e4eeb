"""Grading every kind of question, on questions written as an author writes them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lab.rig import authored

from labrunner.authoring.answers import right_answer
from labrunner.content.questions_model import Question
from labrunner.recall.grading import AnswerFormError, accepts, grade, is_self_graded
from labrunner.recall.presentation import presented, right_numbers

QUESTIONS = """\
- {id: choice, kind: choice, prompt: p, options: [{text: a, correct: true}, {text: b, why: "b is not it"}, c]}
- {id: several, kind: choice, prompt: p, options: [{text: a, correct: true}, b, {text: c, correct: true}]}
- {id: short, kind: short, prompt: p, accept: [Rolling Update, "/roll(ing|s)-?update/"]}
- {id: number, kind: number, prompt: p, value: 2.5, tolerance: 0.1}
- {id: order, kind: order, prompt: p, items: [first, second, third]}
- {id: match, kind: match, prompt: p, pairs: {Deployment: pods, Service: addresses, Secret: keys}}
- {id: cloze, kind: cloze, prompt: "a ___ has ___", blanks: [pod, [containers, container]]}
- {id: command, kind: command, prompt: p, accept: ["kubectl get pods -n shop -l app=web"]}
- {id: predict, kind: predict, prompt: p, answer: it fails}
- {id: predict-options, kind: predict, prompt: p, options: [{text: a, correct: true}, b]}
- {id: recall, kind: recall, prompt: p, answer: model, rubric: [one, two]}
- {id: rate, kind: rate, prompt: p, rubric: [one]}
- {id: teachback, kind: teachback, prompt: p, rubric: [one], seconds: 60}
"""


@pytest.fixture(scope="module")
def questions(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Question]:
    folder: Path = tmp_path_factory.mktemp("pack")
    return dict(authored(folder, f"## One\n\nText.\n\n```quiz\n{QUESTIONS}```\n").questions)


@pytest.mark.parametrize(
    ("name", "answer", "correct"),
    [
        ("choice", "1", True),
        ("choice", " 2 ", False),
        ("choice", "1,2", False),
        ("several", "3 1", True),
        ("several", "1", False),
        ("several", "1,2,3", False),
        ("short", "  rolling   UPDATE ", True),
        ("short", "rolls-update", True),
        ("short", "rolling updates", False),
        ("number", "2.6", True),
        ("number", "2.41", True),
        ("number", "2.7", False),
        ("number", "-2.5", False),
        ("cloze", "Pod\ncontainer", True),
        ("cloze", "pod\nnodes", False),
        ("command", "k get po --selector=app=web --namespace shop", True),
        ("command", "kubectl -n shop get pods -l app=web", True),
        ("command", "kubectl get pods -n shop", False),
        ("command", "kubectl get pods -n prod -l app=web", False),
        ("command", "kubectl get 'pods", False),
        ("predict", "anything", None),
        ("predict-options", "1", True),
        ("predict-options", "2", False),
        ("recall", "words", None),
        ("rate", "words", None),
        ("teachback", "words", None),
    ],
)
def test_grades(questions: dict[str, Question], name: str, answer: str, correct: bool | None) -> None:
    assert grade(questions[name], answer).correct is correct


@pytest.mark.parametrize("name", ["order", "match"])
def test_only_the_right_placing_is_right(questions: dict[str, Question], name: str) -> None:
    right = right_numbers(questions[name])
    assert grade(questions[name], ",".join(map(str, right))).correct
    assert grade(questions[name], " ".join(map(str, reversed(right)))).correct is False
    assert sorted(right) == [1, 2, 3]
    assert presented(questions["order"]) != questions["order"].items, "the layout gives nothing away"


def test_every_right_answer_is_graded_right_or_left_to_the_learner(questions: dict[str, Question]) -> None:
    for question in questions.values():
        answer = right_answer(question)
        assert answer
        assert grade(question, answer).correct is (None if is_self_graded(question) else True), question.id


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("choice", "0"),
        ("choice", "4"),
        ("choice", "a"),
        ("choice", "²"),
        ("number", "many"),
        ("number", "nan"),
        ("number", "inf"),
        ("order", "1,2"),
        ("order", "1,2,9"),
        ("cloze", "pod"),
        ("short", "   "),
        ("recall", ""),
    ],
)
def test_an_answer_of_the_wrong_form_is_asked_again_not_graded(
    questions: dict[str, Question], name: str, answer: str
) -> None:
    with pytest.raises(AnswerFormError) as caught:
        grade(questions[name], answer)
    assert str(caught.value)


def test_the_reason_of_the_chosen_option_is_told(questions: dict[str, Question]) -> None:
    assert grade(questions["choice"], "2").feedback == "b is not it"
    assert "blank 2: containers" in grade(questions["cloze"], "pod\nx").feedback


@given(st.text())
def test_nothing_typed_crashes(text: str) -> None:
    for question in LOOSE:
        try:
            graded = grade(question, text)
        except AnswerFormError:
            continue
        assert graded.correct in (True, False, None)


def _loose() -> list[Question]:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        return list(
            authored(Path(folder), f"## One\n\nText.\n\n```quiz\n{QUESTIONS}```\n").questions.values()
        )


LOOSE = _loose()


def test_a_regex_matches_the_whole_answer() -> None:
    assert accepts("/web-[0-9]+/", "WEB-12")
    assert not accepts("/web-[0-9]+/", "my web-12")
