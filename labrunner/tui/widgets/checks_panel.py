"""The current step's checks: sign, word and title, and below a failure what was seen against what was wanted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.text import Text
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from labrunner.content.checks_model import AnswerCheck, CheckSpec, ConfirmCheck
from labrunner.tui.wording import clock_time
from labrunner.verify.verdict import CheckState, CheckStatus

SIGNS = {
    CheckState.PASS: "✓ passed",
    CheckState.FAIL: "✗ failed",
    CheckState.WAITING: "◌ waiting",
    CheckState.ERROR: "! cannot tell",
    CheckState.SKIPPED: "- skipped",
    CheckState.MANUAL: "? yours",
}
NOT_YET = "◌ not looked at"
STYLES = {
    CheckState.PASS: "green",
    CheckState.FAIL: "red",
    CheckState.ERROR: "yellow",
    CheckState.MANUAL: "bold",
}


def check_text(spec: CheckSpec, status: CheckStatus | None, passed_at: float | None) -> Text:
    """One check as lines. `passed_at` is the recorded time of its pass in unix seconds."""
    title = spec.title or spec.id
    if status is None:
        if passed_at is not None:
            return Text.assemble((SIGNS[CheckState.PASS], "green"), f"  {title}  {clock_time(passed_at)}")
        return Text(f"{NOT_YET}  {title}")
    state = status.state
    text = Text.assemble((SIGNS[state], STYLES.get(state, "")), f"  {title}")
    if state is CheckState.PASS:
        at = passed_at if passed_at is not None else status.passed_at
        return text.append(f"  {clock_time(at)}" if at is not None else "")
    if state is CheckState.WAITING:
        limit = f"/{status.limit:.0f}" if status.limit is not None else ""
        text.append(f"  {status.waited:.0f}{limit} s")
    for line in observed_lines(spec, status):
        text.append(f"\n    {line}")
    return text


def observed_lines(spec: CheckSpec, status: CheckStatus) -> list[str]:
    """What was observed against what was wanted, the author's message and the hint that fits."""
    verdict, lines = status.verdict, []
    if status.state is CheckState.ERROR:
        lines.append(f"cannot reach the cluster, or the check cannot run: {verdict.summary}")
    elif verdict.message or verdict.summary:
        lines.append(verdict.message or verdict.summary)
    # A difference without a path is about the whole object, which the summary has just said.
    lines += [
        f"{part.path}: is {part.observed!r}, wanted {part.wanted}"
        for part in verdict.differences
        if part.path
    ]
    if verdict.hint and status.state is CheckState.FAIL:
        lines.append(f"hint: {verdict.hint}")
    if status.state is not CheckState.PASS:
        if isinstance(spec.assertion, AnswerCheck):
            lines.append(f"enter: {spec.assertion.prompt}")
        elif isinstance(spec.assertion, ConfirmCheck):
            lines.append(f"enter to attest: {spec.assertion.statement}")
    return lines


class ChecksPanel(OptionList):
    """Lists checks; Enter on one posts `OptionSelected` with the check's id."""

    BORDER_TITLE = "checks"

    def show(
        self,
        checks: Sequence[CheckSpec],
        statuses: Mapping[str, CheckStatus | None],
        passed: Mapping[str, float],
    ) -> None:
        """Draw these checks, keeping the selection while they are the same ones."""
        ids = [check.id for check in checks]
        texts = [check_text(check, statuses.get(check.id), passed.get(check.id)) for check in checks]
        if ids != [option.id for option in self.options] or not checks:
            self.clear_options()
            if not checks:
                self.add_option(Option(Text("This step has no checks."), disabled=True))
            self.add_options([Option(text, id=check) for check, text in zip(ids, texts, strict=True)])
            return
        for option, text in zip(list(self.options), texts, strict=True):
            assert option.id is not None
            if option.prompt != text:
                self.replace_option_prompt(option.id, text)

    def on_focus(self) -> None:
        """Something is always selected."""
        if self.highlighted is None and self.option_count and not self.options[0].disabled:
            self.highlighted = 0
