"""The widget that shows a step and lets a learner choose what to run, to answer and to unfold."""

from __future__ import annotations

from typing import ClassVar, Final

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from labrunner.content.models import Module, Step
from labrunner.tui.step.marks import CellMark, QuestionState, Target
from labrunner.tui.step.scrolling import StepScroll


class StepView(StepScroll, can_focus=True):
    """Shows one step of a module.

    What is selected is marked by a bar at the left edge. The view runs nothing: it posts what the learner asks for.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter", "activate", "run", tooltip="Run the selected cell, answer the question, fold or unfold"
        ),
        Binding("j,right_square_bracket", "select(1)", "next cell", show=False),
        Binding("k,left_square_bracket", "select(-1)", "previous cell", show=False),
        Binding("y", "copy", "copy cell", show=False),
        Binding("up", "scroll_up", "scroll up", show=False),
        Binding("down", "scroll_down", "scroll down", show=False),
        Binding("pageup", "page_up", "page up", show=False),
        Binding("pagedown", "page_down", "page down", show=False),
        Binding("home", "scroll_home", "to the top", show=False),
        Binding("end", "scroll_end", "to the end", show=False),
    ]

    class CellMessage(Message):
        """Something about a cell."""

        def __init__(self, view: StepView, cell_id: str) -> None:
            super().__init__()
            self.view = view
            self.cell_id = cell_id

        @property
        def control(self) -> StepView:
            """The view it comes from."""
            return self.view

    class RunCell(CellMessage):
        """The learner wants a cell run."""

    class CopyCell(CellMessage):
        """The learner wants the source of a cell."""

    class AskQuestion(Message):
        """The learner wants to answer a question."""

        def __init__(self, view: StepView, question_id: str) -> None:
            super().__init__()
            self.view = view
            self.question_id = question_id

        @property
        def control(self) -> StepView:
            """The view it comes from."""
            return self.view

    # What is shown

    def show(self, module: Module, step: Step) -> None:
        """Show a step from its top, the first cell that is not done selected.

        Showing the step that is there already, after an edit of it, keeps the place and the selection. Marks belong
        to the module shown: showing another one forgets them.
        """
        again = (
            self.module is not None
            and self.step is not None
            and (self.module.id, self.step.id) == (module.id, step.id)
        )
        self.set_step(module, step, keep=again)
        if not again or self.selected not in self.rendered.targets():
            self.selected = self._first_choice()

    def _first_choice(self) -> Target | None:
        targets = self.rendered.targets()
        for kind in _CHOICE:
            for target in targets:
                if target.kind == kind and not self.marks.done(target):
                    return target
        return targets[0] if targets else None

    def mark_cell(self, cell_id: str, mark: CellMark) -> None:
        """Show how a cell fares, of this step or another; only its own rows are drawn anew."""
        if self.marks.cell(cell_id) != mark:
            self.marks.cells[cell_id] = mark
            self.redraw(cell=cell_id)

    def mark_question(self, question_id: str, state: QuestionState) -> None:
        """Show where an answer stands."""
        if self.marks.question(question_id) != state:
            self.marks.questions[question_id] = state
            self.redraw(question=question_id)

    # Keys

    def action_select(self, step: int) -> None:
        """Select the next or the previous block; from a selection out of sight, the nearest one in sight."""
        targets = self.rendered.targets()
        if not targets:
            return
        if self.selected in targets and self.in_sight(self.selected):
            index = min(max(targets.index(self.selected) + step, 0), len(targets) - 1)
        else:
            index = self._nearest(targets, step)
        self.selected = targets[index]
        self.reveal(self.selected)

    def _nearest(self, targets: list[Target], step: int) -> int:
        """The first target in or below the window when going down, the last in or above it when going up."""
        rows = [self.row_of(target) for target in targets]
        top = self.scroll_offset.y
        if step > 0:
            return next((n for n, row in enumerate(rows) if row >= top), len(rows) - 1)
        bottom = top + self.content_size.height
        return next((n for n in range(len(rows) - 1, -1, -1) if rows[n] < bottom), 0)

    def action_activate(self) -> None:
        """Run, ask or fold what is selected. What is out of sight is shown first: nobody runs a cell unseen."""
        target = self.selected
        if target is None or self.rendered.find(target) is None:
            return
        if not self.in_sight(target):
            self.reveal(target)
            return
        self._activate(target)

    def _activate(self, target: Target) -> None:
        if target.kind == "cell":
            self.post_message(self.RunCell(self, target.id))
        elif target.kind == "question":
            self.post_message(self.AskQuestion(self, target.id))
        else:
            self.toggle(target)

    def action_copy(self) -> None:
        """Ask for the source of the selected cell."""
        if self.selected is not None and self.selected.kind == "cell":
            self.post_message(self.CopyCell(self, self.selected.id))

    # Mouse

    def on_click(self, event: events.Click) -> None:
        """A click selects, and folds or unfolds; a double click runs or asks."""
        # Textual's double click selects the whole widget, which here is hundreds of rows.
        event.prevent_default()
        target = self.target_at(event.get_content_offset_capture(self).y)
        if target is None:
            return
        self.selected = target
        if event.chain == (1 if target.kind == "details" else 2):
            self._activate(target)


_CHOICE: Final = ("cell", "question")
"""What is selected first when a step is shown."""
