"""The line above a lab: where the learner is, on which cluster, how long, how far."""

from __future__ import annotations

from dataclasses import dataclass

from rich.text import Text
from textual.widget import Widget

from labrunner.tui.wording import bar, elapsed, percent, planned


@dataclass(frozen=True, slots=True)
class HeaderFacts:
    """What the header shows. `seconds` is active time; `plan` the author's estimate in seconds."""

    module: str
    phase: str
    title: str
    number: int
    done: int
    steps: int
    cluster: str
    simulated: bool
    running: bool
    seconds: float
    plan: float | None


class LabHeader(Widget):
    """One row. The cluster's badge is never cut off."""

    facts: HeaderFacts | None = None

    def show(self, facts: HeaderFacts) -> None:
        """Draw these."""
        if facts != self.facts:
            self.facts = facts
            self.refresh()

    def render(self) -> Text:
        """The row at the present width."""
        return header_text(self.facts, self.size.width) if self.facts else Text("")


def header_text(facts: HeaderFacts, width: int) -> Text:
    """Right part first; the left part gets what remains, shortened from its front."""
    wide = width >= 100
    badge = facts.cluster if facts.running else f"{facts.cluster} (down)"
    clock = elapsed(facts.seconds) + (f" / {planned(facts.plan)}" if facts.plan and wide else "")
    share = f"{percent(facts.done, facts.steps)} %"
    progress = f"{bar(facts.done, facts.steps, 12 if wide else 6)} {share}"
    sign = "●" if facts.running else "○"
    right = Text.assemble(
        (f" {sign} {badge} ", "bold reverse" if facts.simulated else "bold"), f"  {clock}  {progress} "
    )
    here = f"{facts.number}/{facts.steps} {facts.title}"
    room = width - right.cell_len - 2
    paths = [" ▸ ".join(filter(None, (facts.module, facts.phase, here))), f"{facts.phase} ▸ {here}", here]
    left = next((path for path in paths if Text(path).cell_len <= room), here)
    text = Text(f" {left}")
    text.truncate(max(0, room + 1), overflow="ellipsis", pad=True)
    return Text.assemble(text, " ", right)
