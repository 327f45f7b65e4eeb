"""A question: an attempt first, then how sure, and only then the answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from string import ascii_lowercase
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static, TextArea
from textual.widgets.option_list import Option

from labrunner.content.questions_model import Question
from labrunner.lab.commands import Answer
from labrunner.lab.events import QuestionAnswered
from labrunner.progress.log import ProgressError
from labrunner.recall.grading import AnswerFormError, grade, is_self_graded
from labrunner.recall.presentation import presented
from labrunner.recall.scheduling import Confidence

CONFIDENCE: dict[str, Confidence] = {"1": "guess", "2": "think so", "3": "sure"}
VERDICTS = {True: "✓ Right.", False: "✗ Not right.", None: "Noted."}
FORMS = {
    "number": "Type a number.",
    "order": "Type the numbers in the right order, such as 2,1,3.",
    "match": "For each letter type a number, such as 2,1,3.",
    "cloze": "Fill the blanks.",
    "command": "Type the command.",
}


def answer_form(question: Question) -> str:
    """What to type, as one sentence."""
    if question.options:
        several = _several(question)
        return (
            "Type the numbers of all that hold, such as 1,3."
            if several
            else "Choose one, or type its number."
        )
    return FORMS.get(question.kind, "Type your answer.")


def _several(question: Question) -> bool:
    return sum(option.correct for option in question.options) > 1


class QuestionDialog(ModalScreen[bool]):
    """`record` stores the attempt; True is returned when there was one. The answer stays locked until then."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "submit", "answer", priority=True),
        Binding("escape", "leave", "leave open"),
    ]

    def __init__(
        self,
        question: Question,
        record: Callable[[Answer], QuestionAnswered],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self.question = question
        self.stage = "attempt"
        self._record = record
        self._clock = clock
        self._began = clock()
        self._seconds = 0.0
        self._attempt = ""
        self._confidence: Confidence = "think so"

    # -- what is asked ---------------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        question = self.question
        heading = "Predict first" if question.kind == "predict" else "Question"
        with Vertical(classes="dialog"):
            yield Static(Text(heading), classes="dialog-title")
            with VerticalScroll(classes="dialog-body", can_focus=False):
                yield Static(Text(question.prompt.strip()))
                yield from self._given()
                with Vertical(id="attempt"):
                    yield from self._fields()
                yield Static(id="reveal", markup=False)
            yield Static(id="question-keys", classes="dialog-keys", markup=False)

    def _given(self) -> ComposeResult:
        question = self.question
        if question.options and not _several(question):
            return
        lines = [f"  {a}) {left}" for a, (left, _) in zip(ascii_lowercase, question.pairs, strict=False)]
        lines += [f"  {number}. {text}" for number, text in enumerate(presented(question), 1)]
        if lines:
            yield Static(Text("\n".join(lines)))

    def _fields(self) -> ComposeResult:
        question = self.question
        if question.options and not _several(question):
            yield OptionList(
                *(Option(Text(f"{n}. {option.text}")) for n, option in enumerate(question.options, 1))
            )
        elif is_self_graded(question):
            yield TextArea(show_line_numbers=False)
        else:
            for number in range(1, max(1, len(question.blanks)) + 1):
                yield Input(
                    placeholder=f"blank {number}" if len(question.blanks) > 1 else answer_form(question)
                )

    def on_mount(self) -> None:
        """Put the cursor where the answer goes."""
        self.query_one("#attempt").children[0].focus()
        key = "ctrl+s" if is_self_graded(self.question) and not self.question.options else "enter"
        self._keys(f"{answer_form(self.question)}  {key} answer · escape leave it open")

    def _keys(self, text: str) -> None:
        self.query_one("#question-keys", Static).update(text)

    # -- the attempt -----------------------------------------------------------------------------------------------

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """One option was chosen."""
        event.stop()
        self._attempted(str(event.option_index + 1))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """To the next blank, or done."""
        event.stop()
        fields = list(self.query(Input))
        later = fields[fields.index(event.input) + 1 :]
        if later:
            later[0].focus()
        else:
            self.action_submit()

    def action_submit(self) -> None:
        """Take what was typed for the attempt."""
        if self.stage != "attempt":
            return
        area = self.query(TextArea)
        typed = [area.first().text] if area else [field.value.strip() for field in self.query(Input)]
        if typed:
            self._attempted("\n".join(typed))

    def _attempted(self, text: str) -> None:
        try:
            grade(self.question, text)
        except AnswerFormError as error:
            self._keys(f"! {error}")
            return
        self._attempt = text
        self._seconds = self._clock() - self._began
        self.stage = "confidence"
        self.query_one("#attempt").disabled = True
        self.set_focus(None)
        self._keys("How sure are you?  1 a guess · 2 I think so · 3 sure")

    # -- after it --------------------------------------------------------------------------------------------------

    def on_key(self, event: events.Key) -> None:
        """The single keys of the later stages, and numbers for options."""
        key = event.key
        if self.stage == "attempt":
            if key.isdigit() and self.query(OptionList) and 1 <= int(key) <= len(self.question.options):
                event.stop()
                self._attempted(key)
        elif self.stage == "confidence" and key in CONFIDENCE:
            event.stop()
            self._confidence = CONFIDENCE[key]
            self._reveal()
        elif self.stage == "grading" and key in ("y", "n"):
            event.stop()
            self._finish(key == "y")
        elif self.stage == "done" and key == "enter":
            event.stop()
            self.dismiss(True)

    def _reveal(self) -> None:
        if not is_self_graded(self.question):
            self._finish(None)
            return
        self.stage = "grading"
        rubric = "".join(f"\n  - {point}" for point in self.question.rubric)
        self._show(f"Model answer\n{self.question.answer or self.question.explain}{rubric}")
        self._keys("Does yours say the same?  y yes · n no")

    def _finish(self, self_correct: bool | None) -> None:
        answer = Answer(self.question.id, self._attempt, self._confidence, self._seconds, self_correct)
        try:
            event = self._record(answer)
        except ProgressError as error:
            self._keys(f"! {error}. {error.remedy} Then press the same key again.")
            return
        self.stage = "done"
        lines = [VERDICTS[event.correct]]
        if is_self_graded(self.question):
            lines.append(self.question.answer)
        else:
            lines.append(grade(self.question, self._attempt).feedback)
        if self.question.explain not in lines:
            lines.append(self.question.explain)
        if event.correct is False and event.confidence == "sure":
            lines.append("You were sure: this one comes back first.")
        self._show("\n".join(filter(None, lines)))
        self._keys("enter go on")

    def _show(self, text: str) -> None:
        self.query_one("#reveal", Static).update(text)
        self.query_one("#reveal").scroll_visible()

    def action_leave(self) -> None:
        """Close; before the reveal the question stays open."""
        if self.stage in ("attempt", "confidence", "grading"):
            self.dismiss(False)
        elif self.stage == "done":
            self.dismiss(True)
